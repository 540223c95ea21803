// node:module.

import native from 'cfemu:native/module'
import { absent } from 'node:internal/absent'
import { codes } from 'node:internal/errors'
import { validateString } from 'node:internal/validators'

export const builtinModules = native.names()

export function isBuiltin(name) {
  return native.has(String(name))
}

/** A require function for modules of Node.js: files there are none. */
export function createRequire(filename) {
  if (!(filename instanceof URL) && typeof filename !== 'string') {
    throw new codes.ERR_INVALID_ARG_VALUE('filename', filename, 'must be a file URL object, file URL string, or absolute path string')
  }
  const require = id => {
    validateString(id, 'id')
    const found = native.load(id)
    if (found === undefined) {
      throw Object.assign(new Error(`No such module "${id}".`), { code: 'MODULE_NOT_FOUND' })
    }
    return found.default
  }
  require.resolve = id => id
  require.cache = Object.create(null)
  require.main = undefined
  require.extensions = Object.create(null)
  return require
}

export function findSourceMap() {
  return undefined
}

export function syncBuiltinESMExports() {}

export const SourceMap = absent('module', 'SourceMap')
export const register = absent('module', 'register')
export const runMain = absent('module', 'runMain')
export const enableCompileCache = absent('module', 'enableCompileCache')
export const stripTypeScriptTypes = absent('module', 'stripTypeScriptTypes')
export const globalPaths = []
export const _cache = Object.create(null)
export const _extensions = { '.js': absent('module', '.js'), '.json': absent('module', '.json'), '.node': absent('module', '.node') }
export const _load = absent('module', '_load')
export const _resolveFilename = absent('module', '_resolveFilename')

export const Module = absent('module', 'Module')

export default Object.assign(Module, {
  Module, SourceMap, _cache, _extensions, _load, _resolveFilename, builtinModules, createRequire, enableCompileCache, findSourceMap,
  globalPaths, isBuiltin, register, runMain, stripTypeScriptTypes, syncBuiltinESMExports,
})

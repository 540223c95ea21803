// Paths, by the rules of POSIX or of Windows.

import { validateObject, validateString } from 'node:internal/validators'

/** Where relative paths begin. */
const here = '/bundle'

const posix = {
  sep: '/',
  delimiter: ':',
  isSep: c => c === '/',
  /** The root that a path begins with. */
  root: path => (path[0] === '/' ? '/' : ''),
  absolute: root => root !== '',
}

const windows = {
  sep: '\\',
  delimiter: ';',
  isSep: c => c === '/' || c === '\\',
  root: path => /^(?:[\\/]{2}[^\\/]+[\\/]+[^\\/]+(?:[\\/]|$)|[a-zA-Z]:[\\/]?|[\\/])/.exec(path)?.[0] ?? '',
  absolute: root => root !== '' && !/^[a-zA-Z]:$/.test(root),
}

/** The parts of what follows the root, without . and, as far as that can be known, without .. */
function tail(rules, text, absolute) {
  const parts = []
  for (const part of rules === posix ? text.split('/') : text.split(/[\\/]/)) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  return parts.join(rules.sep)
}

/** A root as it is written in a normal path. */
function normalRoot(rules, root) {
  if (rules === posix || root === '') return root
  const share = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)/.exec(root)
  if (share) return `\\\\${share[1]}\\${share[2]}\\`
  return root.replace('/', '\\')
}

/** A root without what says that it is absolute. */
const device = root => (/^[\\/]{2}/.test(root) ? normalRoot(windows, root).slice(0, -1) : /^[a-zA-Z]:/.exec(root)?.[0] ?? '')

function extension(base) {
  const dot = base.lastIndexOf('.')
  return dot <= 0 || base === '..' ? '' : base.slice(dot)
}

function lastSep(rules, path, from) {
  while (from >= 0 && !rules.isSep(path[from])) from--
  return from
}

/** @param {typeof posix} rules */
export function make(rules) {
  const { sep, isSep } = rules

  /** Where the last part of a path begins and ends. */
  function last(path, root = rules.root(path).length) {
    let end = path.length
    while (end > root && isSep(path[end - 1])) end--
    return { root, start: Math.max(lastSep(rules, path, end - 1) + 1, Math.min(root, end)), end }
  }

  function normalize(path) {
    validateString(path, 'path')
    if (path === '') return '.'
    const root = rules.root(path), absolute = rules.absolute(root)
    const end = isSep(path[path.length - 1])
    let rest = tail(rules, path.slice(root.length), absolute)
    if (rest === '' && !absolute) rest = '.'
    if (rest !== '' && end && path.length > root.length) rest += sep
    return normalRoot(rules, root) + rest
  }

  function join(...paths) {
    let joined
    for (const path of paths) {
      validateString(path, 'path')
      if (path !== '') joined = joined === undefined ? path : joined + sep + path
    }
    if (joined === undefined) return '.'
    if (rules === windows) {
      // Two slashes begin a share only where the first part has them itself.
      const first = paths.find(p => p !== '')
      if (!/^[\\/]{2}[^\\/]/.test(first)) joined = joined.replace(/^[\\/]{2,}/, '\\')
    }
    return normalize(joined)
  }

  function resolve(...paths) {
    let text = '', root = '', absolute = false
    for (let i = paths.length - 1; i >= -1 && !(absolute && (rules === posix || device(root))); i--) {
      let path = i >= 0 ? paths[i] : here
      if (i >= 0) validateString(path, `paths[${i}]`)
      if (path === '') continue
      const found = rules.root(path)
      if (rules === windows) {
        const mine = device(root), theirs = device(found)
        if (mine && theirs && mine.toLowerCase() !== theirs.toLowerCase()) continue
        if (!mine) root = theirs
        if (absolute) continue
      }
      path = path.slice(found.length)
      text = path + sep + text
      absolute = rules.absolute(found)
      if (rules === posix && absolute) root = '/'
    }
    const rest = tail(rules, text, absolute)
    if (rules === posix) return absolute ? '/' + rest : rest || '.'
    return root + (absolute ? '\\' : '') + rest || '.'
  }

  function isAbsolute(path) {
    validateString(path, 'path')
    return rules.absolute(rules.root(path))
  }

  function relative(from, to) {
    validateString(from, 'from')
    validateString(to, 'to')
    if (from === to) return ''
    from = resolve(from)
    to = resolve(to)
    const same = rules === posix ? (a, b) => a === b : (a, b) => a.toLowerCase() === b.toLowerCase()
    if (same(from, to)) return ''
    if (rules === windows && !same(device(rules.root(from)), device(rules.root(to)))) return to
    const split = path => path.slice(rules.root(path).length).split(sep).filter(Boolean)
    const a = split(from), b = split(to)
    let common = 0
    while (common < a.length && common < b.length && same(a[common], b[common])) common++
    return [...a.slice(common).map(() => '..'), ...b.slice(common)].join(sep)
  }

  function dirname(path) {
    validateString(path, 'path')
    if (path === '') return '.'
    const { root, start } = last(path)
    if (start <= root) return root > 0 ? path.slice(0, root) : '.'
    if (rules === posix && root === 1 && start === 2) return '//'
    return path.slice(0, start - 1)
  }

  function basename(path, suffix) {
    if (suffix !== undefined) validateString(suffix, 'suffix')
    validateString(path, 'path')
    if (suffix !== undefined && suffix !== '' && suffix === path) return ''
    const { start, end } = last(path, rules === windows && /^[a-zA-Z]:/.test(path) ? 2 : 0) // a share is no root here
    const base = path.slice(start, end)
    return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base
  }

  function extname(path) {
    validateString(path, 'path')
    return extension(basename(path))
  }

  function parse(path) {
    validateString(path, 'path')
    const { root, start, end } = last(path)
    const base = path.slice(start, end), ext = extension(base)
    return {
      root: path.slice(0, root),
      dir: start > root ? path.slice(0, start - 1) : path.slice(0, root),
      base,
      ext,
      name: base.slice(0, base.length - ext.length),
    }
  }

  function format(pathObject) {
    validateObject(pathObject, 'pathObject')
    const { root, ext } = pathObject
    const dir = pathObject.dir || root
    const base = pathObject.base || `${pathObject.name || ''}${ext ? (ext[0] === '.' ? '' : '.') + ext : ''}`
    if (!dir) return base
    return dir === root ? dir + base : dir + sep + base
  }

  function toNamespacedPath(path) {
    if (rules === posix || typeof path !== 'string' || path.length === 0) return path
    const resolved = resolve(path)
    if (/^\\\\[^?.]/.test(resolved)) return `\\\\?\\UNC\\${resolved.slice(2)}`
    return /^[a-zA-Z]:\\/.test(resolved) ? `\\\\?\\${resolved}` : path
  }

  return {
    resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse,
    sep, delimiter: rules.delimiter, win32: null, posix: null, _makeLong: toNamespacedPath,
  }
}

const both = { posix: make(posix), win32: make(windows) }
Object.assign(both.posix, both)
Object.assign(both.win32, both)

export default both

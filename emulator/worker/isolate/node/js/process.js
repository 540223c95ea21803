// node:process, as workerd has it: there is no process, and what is said of it is made up.

import native from 'cfemu:native/process'
import modules from 'cfemu:native/module'
import { EventEmitter } from 'node:events'
import { codes } from 'node:internal/errors'
import { validateFunction, validateObject } from 'node:internal/validators'
import { setWarningSink } from 'node:internal/warning'

/** As in Node.js, all values are strings. */
export const env = new Proxy(native.env(), {
  set(target, name, value) {
    if (typeof name === 'symbol' || typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
    return Reflect.set(target, name, `${value}`)
  },
  defineProperty(target, name, descriptor) {
    validateObject(descriptor, 'descriptor')
    const refuse = (key, reason) => {
      throw new codes.ERR_INVALID_ARG_VALUE(key ? `descriptor.${key}` : 'descriptor', descriptor, `process.env value must ${reason}`)
    }
    if ('get' in descriptor || 'set' in descriptor) refuse('', 'not have getter/setter')
    for (const key of ['configurable', 'enumerable', 'writable']) {
      if (!descriptor[key]) refuse(key, `be ${key}`)
    }
    if (!('value' in descriptor)) refuse('value', 'be specified explicitly')
    if (typeof name === 'symbol' || typeof descriptor.value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
    return Reflect.defineProperty(target, name, { ...descriptor, value: `${descriptor.value}` })
  },
})

// Receipt: https://github.com/cloudflare/workerd/blob/main/src/node/internal/process.ts
export const version = 'v22.19.0'
export const versions = { node: '22.19.0' }
export const title = 'workerd'
export const argv = ['workerd']
export const argv0 = 'workerd'
export const execArgv = []
export const execPath = ''
export const arch = 'x64'
export const platform = 'linux'
export const pid = 1
export const ppid = 0
export const config = { target_defaults: {}, variables: {} }
export const release = { name: 'node', lts: true }
export const features = Object.freeze({ cached_builtins: true, debug: false, inspector: false, require_module: false, tls: true })
export const allowedNodeEnvironmentFlags = new Set()
export const exitCode = undefined
export const debugPort = 0
export const report = undefined

export function nextTick(callback, ...args) {
  validateFunction(callback, 'callback')
  queueMicrotask(() => callback(...args))
}

export function cwd() {
  return '/bundle'
}

export function chdir(directory) {
  const error = new Error(`ENOENT: no such file or directory, chdir '${directory}'`)
  throw Object.assign(error, { code: 'ENOENT', syscall: 'chdir' })
}

export function umask() {
  return 0o22
}

export function uptime() {
  return 0
}

export function getuid() {
  return 0
}

export const geteuid = getuid
export const getgid = getuid
export const getegid = getuid

export function getgroups() {
  return [0]
}

export function hrtime(before) {
  const now = Date.now()
  let seconds = Math.floor(now / 1000), nanos = now % 1000 * 1e6
  if (before !== undefined) {
    if (!Array.isArray(before)) throw new codes.ERR_INVALID_ARG_TYPE('time', 'Array', before)
    if (before.length !== 2) throw new codes.ERR_OUT_OF_RANGE('time', 2, before.length)
    seconds -= before[0]
    nanos -= before[1]
    if (nanos < 0) {
      seconds--
      nanos += 1e9
    }
  }
  return [seconds, nanos]
}

hrtime.bigint = function bigint() {
  return BigInt(Date.now()) * 1000000n
}

export function memoryUsage() {
  return { arrayBuffers: 0, external: 0, heapTotal: 0, heapUsed: 0, rss: 0 }
}
memoryUsage.rss = () => 0

export function cpuUsage() {
  return { user: 0, system: 0 }
}

export function resourceUsage() {
  return {
    userCPUTime: 0, systemCPUTime: 0, maxRSS: 0, sharedMemorySize: 0, unsharedDataSize: 0, unsharedStackSize: 0, minorPageFault: 0,
    majorPageFault: 0, swappedOut: 0, fsRead: 0, fsWrite: 0, ipcSent: 0, ipcReceived: 0, signalsCount: 0,
    voluntaryContextSwitches: 0, involuntaryContextSwitches: 0,
  }
}

export function constrainedMemory() {
  return 0
}

export function availableMemory() {
  return 0
}

export function getActiveResourcesInfo() {
  return []
}

/** Takes the request away, as in production; nothing ends. */
export function exit(code) {
  native.exit(code ?? process.exitCode ?? 0)
}

export const reallyExit = exit

export function abort() {
  native.exit(1)
}

export function kill() {
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED('process.kill')
}

export function binding(name) {
  throw new Error(`No such module: ${name}`)
}

export function getBuiltinModule(name) {
  return modules.load(String(name))?.default
}

export function setSourceMapsEnabled() {}

export function setUncaughtExceptionCaptureCallback() {}

export function hasUncaughtExceptionCaptureCallback() {
  return false
}

export function emitWarning(warning, options, codeOrClass, classOrNothing) {
  let { type, code, detail, ctor } = {}
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    ({ type, code, detail, ctor } = options)
  } else if (typeof options === 'function') {
    ctor = options
  } else if (options !== undefined) {
    if (typeof options !== 'string') throw new codes.ERR_INVALID_ARG_TYPE('type', ['string', 'Object'], options)
    type = options
    if (typeof codeOrClass === 'function') ctor = codeOrClass
    else code = codeOrClass
    ctor ??= classOrNothing
  }
  let error = warning
  if (typeof warning === 'string') {
    error = new (ctor ?? Error)(warning)
    error.name = type ?? 'Warning'
  } else if (!(warning instanceof Error)) {
    throw new codes.ERR_INVALID_ARG_TYPE('warning', ['string', 'Error'], warning)
  } else if (type) {
    error.name = type
  }
  if (code) error.code = code
  if (detail) error.detail = detail
  queueMicrotask(() => process.emit('warning', error))
}

setWarningSink(emitWarning)

/** A standard stream: what is written to it is a line of the console. */
function output(fd, print) {
  const { Writable } = modules.load('stream')
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      print((typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)).replace(/\n$/, ''))
      done()
    },
  })
  return Object.assign(stream, { fd, isTTY: false })
}

function lazy(name, make) {
  let value
  Object.defineProperty(process, name, {
    configurable: true, enumerable: true,
    get: () => value ??= make(),
    set(v) {
      value = v
    },
  })
}

const process = Object.create(Object.create(EventEmitter.prototype, {
  constructor: { value: function process() {}, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: 'process', configurable: true },
}))
EventEmitter.call(process)
Object.assign(process, {
  abort, allowedNodeEnvironmentFlags, arch, argv, argv0, availableMemory, binding, chdir, config, constrainedMemory, cpuUsage, cwd,
  debugPort, emitWarning, env, execArgv, execPath, exit, exitCode, features, getActiveResourcesInfo, getBuiltinModule, getegid, geteuid, getgid, getgroups, getuid,
  hasUncaughtExceptionCaptureCallback, hrtime, kill, memoryUsage, nextTick, pid, platform, ppid, reallyExit, release, report,
  resourceUsage, setSourceMapsEnabled, setUncaughtExceptionCaptureCallback, title, umask, uptime, version, versions,
})
for (const key of ['_events', '_eventsCount', '_maxListeners']) Object.defineProperty(process, key, { enumerable: false })
lazy('stdout', () => output(1, text => console.log(text)))
lazy('stderr', () => output(2, text => console.error(text)))
lazy('stdin', () => {
  const { Readable } = modules.load('stream')
  return Object.assign(new Readable({ read() { this.push(null) } }), { fd: 0, isTTY: false })
})

const method = name => (...args) => process[name](...args)

export const on = method('on')
export const once = method('once')
export const off = method('off')
export const emit = method('emit')
export const addListener = method('addListener')
export const removeListener = method('removeListener')
export const removeAllListeners = method('removeAllListeners')
export const prependListener = method('prependListener')
export const prependOnceListener = method('prependOnceListener')
export const listeners = method('listeners')
export const listenerCount = method('listenerCount')
export const eventNames = method('eventNames')
export const setMaxListeners = method('setMaxListeners')
export const getMaxListeners = method('getMaxListeners')

export default process

// node:events.

import util from 'cfemu:native/util'
import { AsyncResource } from 'node:async_hooks'
import { AbortError, codes } from 'node:internal/errors'
import { validateAbortSignal, validateBoolean, validateFunction, validateNumber, validateObject } from 'node:internal/validators'
import { warn } from 'node:internal/warning'

export const errorMonitor = Symbol('events.errorMonitor')
export const captureRejectionSymbol = Symbol.for('nodejs.rejection')
export const usingDomains = false

const capture = Symbol('kCapture')
const targetLimit = Symbol('events.maxEventTargetListeners')

let defaultMaxListeners = 10
let captureByDefault = false

/**
 * @constructor
 * @param {{captureRejections?: boolean}} [options]
 */
export function EventEmitter(options) {
  EventEmitter.init.call(this, options)
}

EventEmitter.prototype._events = undefined
EventEmitter.prototype._eventsCount = 0
EventEmitter.prototype._maxListeners = undefined

EventEmitter.init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null)
    this._eventsCount = 0
  }
  this._maxListeners ||= undefined
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, 'options.captureRejections')
    setHidden(this, capture, true)
  } else if (captureByDefault) {
    setHidden(this, capture, true)
  }
}

function setHidden(object, key, value) {
  Object.defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false })
}

/** @param {Record<string | symbol, Function>} all */
function methods(all) {
  for (const [name, value] of Object.entries(all)) EventEmitter.prototype[name] = value
}

methods({
  setMaxListeners(n) {
    validateNumber(n, 'setMaxListeners', 0)
    this._maxListeners = n
    return this
  },

  getMaxListeners() {
    return limitOf(this)
  },

  emit(type, ...args) {
    const events = this._events
    if (type === 'error') {
      if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args)
      if (events?.error === undefined) throw unhandled(args[0])
    }
    const handler = events?.[type]
    if (handler === undefined) return false
    const captures = this[capture]
    if (typeof handler === 'function') {
      const result = args.length === 0 ? handler.call(this) : args.length === 1 ? handler.call(this, args[0]) : handler.apply(this, args)
      if (captures && result != null) addCatch(this, result, type, args)
      return true
    }
    for (const listener of handler.slice()) {
      const result = listener.apply(this, args)
      if (captures && result != null) addCatch(this, result, type, args)
    }
    return true
  },

  addListener(type, listener) {
    return add(this, type, listener, false)
  },

  prependListener(type, listener) {
    return add(this, type, listener, true)
  },

  once(type, listener) {
    validateFunction(listener, 'listener')
    return this.on(type, wrapOnce(this, type, listener)) // subclasses have an on of their own
  },

  prependOnceListener(type, listener) {
    validateFunction(listener, 'listener')
    return this.prependListener(type, wrapOnce(this, type, listener))
  },

  removeListener(type, listener) {
    validateFunction(listener, 'listener')
    const list = this._events?.[type]
    if (list === undefined) return this
    if (list === listener || list.listener === listener) {
      drop(this, type)
      if (this._events.removeListener) this.emit('removeListener', type, list.listener || listener)
    } else if (typeof list !== 'function') {
      let at = list.length - 1
      while (at >= 0 && list[at] !== listener && list[at].listener !== listener) at--
      if (at < 0) return this
      list.splice(at, 1)
      if (list.length === 1) this._events[type] = list[0]
      if (this._events.removeListener !== undefined) this.emit('removeListener', type, listener)
    }
    return this
  },

  removeAllListeners(type) {
    const events = this._events
    if (events === undefined) return this
    if (events.removeListener === undefined) {
      if (arguments.length === 0) {
        this._events = Object.create(null)
        this._eventsCount = 0
      } else if (events[type] !== undefined) {
        drop(this, type)
      }
      return this
    }
    if (arguments.length === 0) {
      for (const key of Reflect.ownKeys(events)) {
        if (key !== 'removeListener') this.removeAllListeners(key)
      }
      this.removeAllListeners('removeListener')
      this._events = Object.create(null)
      this._eventsCount = 0
      return this
    }
    const listeners = events[type]
    if (typeof listeners === 'function') {
      this.removeListener(type, listeners)
    } else if (listeners !== undefined) {
      for (let i = listeners.length - 1; i >= 0; i--) this.removeListener(type, listeners[i])
    }
    return this
  },

  listeners(type) {
    return listOf(this, type).map(l => l.listener || l)
  },

  rawListeners(type) {
    return listOf(this, type).slice()
  },

  listenerCount(type, listener) {
    const list = listOf(this, type)
    return listener == null ? list.length : list.filter(l => l === listener || l.listener === listener).length
  },

  eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : []
  },
})

EventEmitter.prototype.on = EventEmitter.prototype.addListener
EventEmitter.prototype.off = EventEmitter.prototype.removeListener

function limitOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMaxListeners : emitter._maxListeners
}

function listOf(emitter, type) {
  const list = emitter._events?.[type]
  return list === undefined ? [] : typeof list === 'function' ? [list] : list
}

function drop(emitter, type) {
  if (--emitter._eventsCount === 0) emitter._events = Object.create(null)
  else delete emitter._events[type]
}

function add(emitter, type, listener, first) {
  validateFunction(listener, 'listener')
  let events = emitter._events
  if (events === undefined) {
    events = emitter._events = Object.create(null)
    emitter._eventsCount = 0
  } else if (events.newListener !== undefined) {
    emitter.emit('newListener', type, listener.listener ?? listener)
    events = emitter._events
  }
  const list = events[type]
  if (list === undefined) {
    events[type] = listener
    emitter._eventsCount++
    return emitter
  }
  let all = list
  if (typeof list === 'function') all = events[type] = first ? [listener, list] : [list, listener]
  else if (first) list.unshift(listener)
  else list.push(listener)
  const limit = limitOf(emitter)
  if (limit > 0 && all.length > limit && !all.warned) {
    all.warned = true
    warn(tooMany(emitter, type, all.length, limit))
  }
  return emitter
}

function tooMany(target, type, count, limit) {
  const warning = new Error(`Possible EventEmitter memory leak detected. ${count} ${String(type)} listeners ` +
    `added to ${util.inspect(target, { depth: -1 })}. MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`)
  return Object.assign(warning, { name: 'MaxListenersExceededWarning', emitter: target, type, count })
}

function wrapOnce(emitter, type, listener) {
  let fired = false
  const wrapped = function (...args) {
    if (fired) return
    fired = true
    emitter.removeListener(type, wrapped)
    return listener.apply(emitter, args)
  }
  wrapped.listener = listener
  return wrapped
}

function unhandled(error) {
  if (error instanceof Error) return error
  let text
  try {
    text = util.inspect(error)
  } catch {
    text = error
  }
  const made = new codes.ERR_UNHANDLED_ERROR(text)
  made.context = error
  return made
}

function addCatch(emitter, promise, type, args) {
  try {
    promise.then?.call(promise, undefined, error => {
      queueMicrotask(() => {
        if (typeof emitter[captureRejectionSymbol] === 'function') {
          emitter[captureRejectionSymbol](error, type, ...args)
          return
        }
        // A listener for errors that fails must not call itself for ever.
        const before = emitter[capture]
        try {
          setHidden(emitter, capture, false)
          emitter.emit('error', error)
        } finally {
          setHidden(emitter, capture, before)
        }
      })
    })
  } catch (error) {
    emitter.emit('error', error)
  }
}

/** The next event of that name, as a promise of its arguments. */
export async function once(emitter, name, options = {}) {
  validateObject(options, 'options')
  const { signal } = options
  validateAbortSignal(signal, 'options.signal')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  return new Promise((resolve, reject) => {
    const failed = error => {
      off(emitter, name, resolver)
      signal?.removeEventListener('abort', aborted)
      reject(error)
    }
    const resolver = (...args) => {
      off(emitter, 'error', failed)
      signal?.removeEventListener('abort', aborted)
      resolve(args)
    }
    const aborted = () => {
      off(emitter, name, resolver)
      off(emitter, 'error', failed)
      reject(new AbortError(undefined, { cause: signal.reason }))
    }
    listen(emitter, name, resolver, true)
    if (name !== 'error' && typeof emitter.once === 'function') emitter.once('error', failed)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

function listen(emitter, name, listener, once) {
  if (typeof emitter.on === 'function') {
    if (once) emitter.once(name, listener)
    else emitter.on(name, listener)
  } else if (typeof emitter.addEventListener === 'function') {
    emitter.addEventListener(name, listener, { once })
  } else {
    throw new codes.ERR_INVALID_ARG_TYPE('emitter', 'EventEmitter', emitter)
  }
}

function off(emitter, name, listener) {
  if (typeof emitter.removeListener === 'function') emitter.removeListener(name, listener)
  else emitter.removeEventListener(name, listener)
}

/** The events of that name, as an async iterator of their arguments. */
export function on(emitter, name, options = {}) {
  validateObject(options, 'options')
  const { signal, close = [] } = options
  validateAbortSignal(signal, 'options.signal')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  const arrived = [], waiting = []
  let failure = null, finished = false

  const handler = (...args) => {
    const next = waiting.shift()
    if (next) next.resolve({ value: args, done: false })
    else arrived.push(args)
  }
  const failed = error => {
    const next = waiting.shift()
    if (next) next.reject(error)
    else failure = error
    iterator.return()
  }
  const aborted = () => failed(new AbortError(undefined, { cause: signal.reason }))
  const closed = () => {
    off(emitter, name, handler)
    off(emitter, 'error', failed)
    for (const event of close) off(emitter, event, closed)
    signal?.removeEventListener('abort', aborted)
    finished = true
    for (const next of waiting.splice(0)) next.resolve({ value: undefined, done: true })
    return Promise.resolve({ value: undefined, done: true })
  }
  const iterator = Object.setPrototypeOf({
    next() {
      if (arrived.length > 0) return Promise.resolve({ value: arrived.shift(), done: false })
      if (failure) {
        const error = failure
        failure = null
        return Promise.reject(error)
      }
      if (finished) return closed()
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    return: closed,
    throw(error) {
      if (!(error instanceof Error)) throw new codes.ERR_INVALID_ARG_TYPE('EventEmitter.AsyncIterator', 'Error', error)
      failed(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }, {})
  listen(emitter, name, handler, false)
  if (name !== 'error' && typeof emitter.on === 'function') emitter.on('error', failed)
  for (const event of close) listen(emitter, event, closed, false)
  signal?.addEventListener('abort', aborted, { once: true })
  return iterator
}

export function listenerCount(emitter, type) {
  if (typeof emitter.listenerCount === 'function') return emitter.listenerCount(type)
  return EventEmitter.prototype.listenerCount.call(emitter, type)
}

export function getEventListeners(target, type) {
  if (typeof target.listeners === 'function') return target.listeners(type)
  if (target instanceof EventTarget) return util.eventListeners(target, String(type))
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target)
}

export function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === 'function') return limitOf(target)
  if (target instanceof EventTarget) return target[targetLimit] ?? defaultMaxListeners
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target)
}

export function setMaxListeners(n = defaultMaxListeners, ...targets) {
  validateNumber(n, 'setMaxListeners', 0)
  if (targets.length === 0) defaultMaxListeners = n
  for (const target of targets) {
    if (target instanceof EventTarget) setHidden(target, targetLimit, n)
    else if (typeof target.setMaxListeners === 'function') target.setMaxListeners(n)
    else throw new codes.ERR_INVALID_ARG_TYPE('eventTargets', ['EventEmitter', 'EventTarget'], target)
  }
}

export function addAbortListener(signal, listener) {
  if (signal === undefined) throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal)
  validateAbortSignal(signal, 'signal')
  validateFunction(listener, 'listener')
  let remove = () => signal.removeEventListener('abort', listener)
  if (signal.aborted) {
    queueMicrotask(() => listener())
    remove = () => {}
  } else {
    signal.addEventListener('abort', listener, { once: true })
  }
  return { [Symbol.dispose ?? Symbol.for('nodejs.dispose')]: remove }
}

/** An EventEmitter whose listeners run in the async context that it was made in. */
export class EventEmitterAsyncResource extends EventEmitter {
  #resource

  constructor(options) {
    let name
    if (typeof options === 'string') {
      name = options
      options = undefined
    } else {
      name = options?.name || new.target.name
    }
    super(options)
    this.#resource = new EventEmitterReferencingAsyncResource(this, name, options)
  }

  emit(event, ...args) {
    return this.#resource.runInAsyncScope(super.emit, this, event, ...args)
  }

  emitDestroy() {
    this.#resource.emitDestroy()
  }

  get asyncId() {
    return this.#resource.asyncId()
  }

  get triggerAsyncId() {
    return this.#resource.triggerAsyncId()
  }

  get asyncResource() {
    return this.#resource
  }
}

class EventEmitterReferencingAsyncResource extends AsyncResource {
  #emitter

  constructor(emitter, type, options) {
    super(type, options)
    this.#emitter = emitter
  }

  get eventEmitter() {
    return this.#emitter
  }
}

Object.assign(EventEmitter, {
  EventEmitter, EventEmitterAsyncResource, addAbortListener, captureRejectionSymbol, errorMonitor, getEventListeners,
  getMaxListeners, listenerCount, on, once, setMaxListeners, usingDomains,
})
Object.defineProperties(EventEmitter, {
  defaultMaxListeners: {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
      validateNumber(n, 'defaultMaxListeners', 0)
      defaultMaxListeners = n
    },
  },
  captureRejections: {
    enumerable: true,
    get: () => captureByDefault,
    set(value) {
      validateBoolean(value, 'EventEmitter.captureRejections')
      captureByDefault = value
    },
  },
})

export { defaultMaxListeners }
export default EventEmitter

// node:async_hooks, as workerd has it: AsyncLocalStorage and AsyncResource, and hooks that do nothing.

import native from 'cfemu:native/async'
import { codes } from 'node:internal/errors'
import { validateFunction, validateString } from 'node:internal/validators'

export class AsyncLocalStorage {
  #default
  #name

  /** @param {{defaultValue?: unknown, name?: string}} [options] */
  constructor(options = {}) {
    this.#default = options.defaultValue
    this.#name = options.name === undefined ? '' : String(options.name)
  }

  get name() {
    return this.#name
  }

  getStore() {
    const store = native.getStore(this)
    return store === undefined ? this.#default : store
  }

  run(store, callback, ...args) {
    return native.run(this, store, callback, args)
  }

  exit(callback, ...args) {
    return native.run(this, undefined, callback, args)
  }

  // Receipt: https://developers.cloudflare.com/workers/runtime-apis/nodejs/asynclocalstorage/#caveats
  enterWith() {
    throw new Error('asyncLocalStorage.enterWith() is not implemented')
  }

  disable() {
    throw new Error('asyncLocalStorage.disable() is not implemented')
  }

  static bind(fn) {
    validateFunction(fn, 'fn')
    return bindTo(native.capture(), fn)
  }

  static snapshot() {
    const frame = native.capture()
    return function (fn, ...args) {
      return native.within(frame, fn, this, args)
    }
  }
}

function bindTo(frame, fn, thisArg) {
  const bound = thisArg === undefined
    ? function (...args) {
      return native.within(frame, fn, this, args)
    }
    : (...args) => native.within(frame, fn, thisArg, args)
  Object.defineProperty(bound, 'length', { value: fn.length, configurable: true })
  return bound
}

export class AsyncResource {
  #frame

  constructor(type, options) {
    validateString(type, 'type')
    const trigger = typeof options === 'object' ? options?.triggerAsyncId : options
    if (trigger !== undefined && (!Number.isSafeInteger(trigger) || trigger < -1)) {
      throw new codes.ERR_INVALID_ASYNC_ID('triggerAsyncId', trigger)
    }
    this.#frame = native.capture()
  }

  runInAsyncScope(fn, thisArg, ...args) {
    return native.within(this.#frame, fn, thisArg, args)
  }

  bind(fn, thisArg) {
    validateFunction(fn, 'fn')
    return bindTo(this.#frame, fn, thisArg)
  }

  asyncId() {
    return 0
  }

  triggerAsyncId() {
    return 0
  }

  emitDestroy() {
    return this
  }

  static bind(fn, type, thisArg) {
    return new AsyncResource(type || fn.name || 'bound-anonymous-fn').bind(fn, thisArg)
  }
}

class AsyncHook {
  enable() {
    return this
  }

  disable() {
    return this
  }
}

export const asyncWrapProviders = { NONE: 0 }

export function createHook() {
  return new AsyncHook()
}

export function executionAsyncId() {
  return 0
}

export function executionAsyncResource() {
  return Object.create(null)
}

export function triggerAsyncId() {
  return 0
}

export default {
  AsyncLocalStorage, AsyncResource, asyncWrapProviders, createHook, executionAsyncId, executionAsyncResource, triggerAsyncId,
}

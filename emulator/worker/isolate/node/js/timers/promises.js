// node:timers/promises.

import native from 'cfemu:native/timers'
import { AbortError, codes } from 'node:internal/errors'
import { validateAbortSignal, validateBoolean, validateObject } from 'node:internal/validators'

function check(options) {
  validateObject(options, 'options')
  validateAbortSignal(options.signal, 'options.signal')
  if (options.ref !== undefined) validateBoolean(options.ref, 'options.ref')
  return options.signal
}

function later(delay, value, options = {}) {
  let signal
  try {
    signal = check(options)
  } catch (error) {
    return Promise.reject(error)
  }
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }))
  return new Promise((resolve, reject) => {
    const id = native.setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve(value)
    }, delay)
    const aborted = () => {
      native.clearTimeout(id)
      reject(new AbortError(undefined, { cause: signal.reason }))
    }
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

export function setTimeout(delay, value, options) {
  return later(delay, value, options)
}

export function setImmediate(value, options) {
  return later(0, value, options)
}

/** An async iterator that yields value each time. */
export async function* setInterval(delay, value, options = {}) {
  const signal = check(options)
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  let due = 0, wake, failure
  const id = native.setInterval(() => {
    due++
    wake?.()
  }, delay)
  const aborted = () => {
    failure = new AbortError(undefined, { cause: signal.reason })
    wake?.()
  }
  signal?.addEventListener('abort', aborted, { once: true })
  try {
    for (;;) {
      if (due === 0 && !failure) await new Promise(resolve => { wake = resolve })
      wake = undefined
      for (; due > 0; due--) yield value
      if (failure) throw failure
    }
  } finally {
    native.clearTimeout(id)
    signal?.removeEventListener('abort', aborted)
  }
}

class Scheduler {
  constructor() {
    throw new codes.ERR_ILLEGAL_CONSTRUCTOR()
  }

  yield() {
    return later(0)
  }

  wait(delay, options) {
    return later(delay, undefined, options)
  }
}

export const scheduler = Object.create(Scheduler.prototype)

export default { scheduler, setImmediate, setInterval, setTimeout }

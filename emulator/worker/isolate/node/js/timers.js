// node:timers. Its timers are objects; to keep a Worker alive or not is not theirs to say.

import native from 'cfemu:native/timers'
import promises from 'node:timers/promises'
import { Immediate, Timeout } from 'node:internal/timers'
import { validateFunction } from 'node:internal/validators'

export function setTimeout(callback, delay, ...args) {
  validateFunction(callback, 'callback')
  return new Timeout(native.setTimeout, callback, delay, args)
}

export function setInterval(callback, delay, ...args) {
  validateFunction(callback, 'callback')
  return new Timeout(native.setInterval, callback, delay, args)
}

export function clearTimeout(timer) {
  if (timer instanceof Timeout) timer.close()
  else if (typeof timer === 'number' || typeof timer === 'string') native.clearTimeout(timer)
}

export function clearInterval(timer) {
  clearTimeout(timer)
}

export function setImmediate(callback, ...args) {
  validateFunction(callback, 'callback')
  return new Immediate(callback, args)
}

export function clearImmediate(immediate) {
  if (immediate instanceof Immediate) immediate[Symbol.for('cfemu.clear')]()
}

/** @deprecated as in Node.js */
export function active(timer) {
  if (timer instanceof Timeout) timer.refresh()
}

/** @deprecated as in Node.js */
export function unenroll(timer) {
  clearTimeout(timer)
}

/** @deprecated as in Node.js */
export function enroll() {
  throw new Error('Not implemented. Please use setTimeout() instead.')
}

const custom = Symbol.for('nodejs.util.promisify.custom')
Object.defineProperty(setTimeout, custom, { enumerable: true, get: () => promises.setTimeout })
Object.defineProperty(setImmediate, custom, { enumerable: true, get: () => promises.setImmediate })

export { promises }
export default {
  _unrefActive: active, active, clearImmediate, clearInterval, clearTimeout, enroll, promises, setImmediate, setInterval, setTimeout, unenroll,
}

// node:assert.

import util from 'cfemu:native/util'
import { AssertionError } from 'node:internal/assertionerror'
import { isDeepEqual } from 'node:internal/comparisons'
import { codes } from 'node:internal/errors'
import types from 'node:internal/types'
import { validateFunction } from 'node:internal/validators'
import { absent } from 'node:internal/absent'

export { AssertionError }

function fails(options) {
  if (options.message instanceof Error) throw options.message
  throw new AssertionError(options)
}

function ok2(fn, count, value, message) {
  if (value) return
  let generated = false
  if (count === 0) {
    generated = true
    message = 'No value argument passed to `assert.ok()`'
  } else if (message == null) {
    generated = true
    message = 'The expression evaluated to a falsy value'
  } else if (message instanceof Error) {
    throw message
  }
  const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: fn })
  error.generatedMessage = generated
  throw error
}

/** assert(value, message) itself. */
function assert(...args) {
  ok2(assert, args.length, ...args)
}

export function ok(...args) {
  ok2(ok, args.length, ...args)
}

export function fail(message = 'Failed', ...old) {
  if (old.length > 0) {
    const [expected, text, operator = '!='] = old
    throw new AssertionError({ actual: message, expected, message: text, operator: old.length < 3 ? '!=' : operator })
  }
  if (message instanceof Error) throw message
  const generated = arguments.length === 0
  const error = new AssertionError({ message, operator: 'fail', stackStartFn: fail })
  error.generatedMessage = generated
  throw error
}

function need(count, ...names) {
  if (count < names.length) throw new codes.ERR_MISSING_ARGS(...names)
}

/** A comparison as a function of Node.js's: it fails with what was compared. */
function comparison(operator, test) {
  const f = function (actual, expected, message) {
    need(arguments.length, 'actual', 'expected')
    if (!test(actual, expected)) fails({ actual, expected, message, operator, stackStartFn: f })
  }
  return f
}

/* eslint-disable eqeqeq */
export const equal = comparison('==', (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b)))
export const notEqual = comparison('!=', (a, b) => !(a == b || (Number.isNaN(a) && Number.isNaN(b))))
export const strictEqual = comparison('strictEqual', Object.is)
export const notStrictEqual = comparison('notStrictEqual', (a, b) => !Object.is(a, b))
export const deepEqual = comparison('deepEqual', (a, b) => isDeepEqual(a, b, false))
export const notDeepEqual = comparison('notDeepEqual', (a, b) => !isDeepEqual(a, b, false))
export const deepStrictEqual = comparison('deepStrictEqual', (a, b) => isDeepEqual(a, b, true))
export const notDeepStrictEqual = comparison('notDeepStrictEqual', (a, b) => !isDeepEqual(a, b, true))

const named = {
  equal, notEqual, strictEqual, notStrictEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual,
}
for (const [name, f] of Object.entries(named)) Object.defineProperty(f, 'name', { value: name })

const nothing = Symbol('nothing')

function caught(fn) {
  validateFunction(fn, 'fn')
  try {
    fn()
  } catch (error) {
    return error
  }
  return nothing
}

async function caughtLater(promiseOrFn) {
  let promise = promiseOrFn
  if (typeof promiseOrFn === 'function') {
    promise = promiseOrFn()
    if (typeof promise?.then !== 'function') throw new codes.ERR_INVALID_RETURN_VALUE('instance of Promise', 'promiseFn', promise)
  } else if (typeof promiseOrFn?.then !== 'function' || typeof promiseOrFn.catch !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('promiseFn', ['Function', 'Promise'], promiseOrFn)
  }
  try {
    await promise
  } catch (error) {
    return error
  }
  return nothing
}

function expectsError(fn, actual, error, message) {
  if (typeof error === 'string') {
    if (message !== undefined) throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error)
    const thrown = typeof actual === 'object' && actual !== null ? actual.message : actual
    if (thrown === error) {
      throw new codes.ERR_AMBIGUOUS_ARGUMENT('error/message',
        typeof actual === 'object' && actual !== null
          ? `The error message "${actual.message}" is identical to the message.`
          : `The error "${actual}" is identical to the message.`)
    }
    message = error
    error = undefined
  } else if (error != null && typeof error !== 'object' && typeof error !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error)
  }
  if (actual === nothing) {
    let details = error?.name ? ` (${error.name})` : ''
    details += message ? `: ${message}` : '.'
    const kind = fn === rejects ? 'rejection' : 'exception'
    fails({ actual: undefined, expected: error, operator: fn.name, message: `Missing expected ${kind}${details}`, stackStartFn: fn })
  }
  if (error != null) checkError(fn, actual, error, message)
}

function checkError(fn, actual, expected, message) {
  let generated = false
  const refuse = text => {
    generated = !message
    const failure = new AssertionError({ actual, expected, message: message || text, operator: fn.name, stackStartFn: fn })
    failure.generatedMessage = generated
    throw failure
  }
  if (message instanceof Error) {
    if (!matchesError(actual, expected, () => { throw message })) throw message
    return
  }
  matchesError(actual, expected, refuse, fn)
}

function matchesError(actual, expected, refuse, fn) {
  if (typeof expected !== 'function') {
    if (types.isRegExp(expected)) {
      if (expected.test(String(actual))) return true
      refuse(`The input did not match the regular expression ${util.inspect(expected)}. Input:\n\n${util.inspect(String(actual))}\n`)
      return false
    }
    if (typeof actual !== 'object' || actual === null) {
      const failure = new AssertionError({ actual, expected, operator: 'deepStrictEqual', stackStartFn: fn })
      failure.operator = fn.name
      throw failure
    }
    const keys = Object.keys(expected)
    if (expected instanceof Error) keys.push('name', 'message')
    else if (keys.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('error', expected, 'may not be an empty object')
    for (const key of keys) {
      if (typeof actual[key] === 'string' && types.isRegExp(expected[key]) && expected[key].test(actual[key])) continue
      if (!(key in actual) || !isDeepEqual(actual[key], expected[key], true)) {
        const pick = from => Object.fromEntries(keys.filter(k => k in from).map(k => [k, k in actual && types.isRegExp(expected[k]) && typeof actual[k] === 'string' && expected[k].test(actual[k]) ? actual[k] : from[k]]))
        const compared = new AssertionError({ actual: comparisonOf(pick(actual)), expected: comparisonOf(pick(expected)), operator: 'deepStrictEqual', stackStartFn: fn })
        refuse(compared.message)
        return false
      }
    }
    return true
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true
  if (Object.prototype.isPrototypeOf.call(Error, expected) || expected === Error) {
    let text = `The error is expected to be an instance of "${expected.name}". Received `
    if (types.isNativeError(actual)) text += `"${actual.name}"`
    else text += `"${util.inspect(actual, { depth: -1 })}"`
    text += `\n\nError message:\n\n${actual?.message ?? actual}`
    refuse(text)
    return false
  }
  const result = Reflect.apply(expected, {}, [actual])
  if (result === true) return true
  const name = expected.name ? `"${expected.name}" ` : ''
  refuse(`The ${name}validation function is expected to return "true". Received ${util.inspect(result)}` +
    (types.isNativeError(actual) ? `\n\nCaught error:\n\n${actual}` : ''))
  return false
}

class Comparison {}

const comparisonOf = properties => Object.assign(new Comparison(), properties)

function expectsNoError(fn, actual, error, message) {
  if (actual === nothing) return
  if (typeof error === 'string') {
    message = error
    error = undefined
  }
  if (!error || hasMatched(actual, error)) {
    const details = message ? `: ${message}` : '.'
    const kind = fn === doesNotReject ? 'rejection' : 'exception'
    fails({ actual, expected: error, operator: fn.name, stackStartFn: fn, message: `Got unwanted ${kind}${details}\nActual message: "${actual?.message}"` })
  }
  throw actual
}

function hasMatched(actual, expected) {
  if (typeof expected !== 'function') {
    if (types.isRegExp(expected)) return expected.test(String(actual))
    throw new codes.ERR_INVALID_ARG_TYPE('expected', ['Function', 'RegExp'], expected)
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true
  if (Object.prototype.isPrototypeOf.call(Error, expected)) return false
  return Reflect.apply(expected, {}, [actual]) === true
}

export function throws(fn, error, message) {
  expectsError(throws, caught(fn), error, message)
}

export async function rejects(promiseOrFn, error, message) {
  expectsError(rejects, await caughtLater(promiseOrFn), error, message)
}

export function doesNotThrow(fn, error, message) {
  expectsNoError(doesNotThrow, caught(fn), error, message)
}

export async function doesNotReject(promiseOrFn, error, message) {
  expectsNoError(doesNotReject, await caughtLater(promiseOrFn), error, message)
}

export function ifError(value) {
  if (value == null) return
  let message = 'ifError got unwanted exception: '
  if (typeof value === 'object' && typeof value.message === 'string') {
    message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message
  } else {
    message += util.inspect(value)
  }
  throw new AssertionError({ actual: value, expected: null, operator: 'ifError', message, stackStartFn: ifError })
}

function matching(fn, wanted) {
  return (text, regexp, message) => {
    if (!types.isRegExp(regexp)) throw new codes.ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp)
    if (typeof text === 'string' && regexp.test(text) === wanted) return
    if (message instanceof Error) throw message
    const generated = !message
    message ||= typeof text !== 'string'
      ? `The "string" argument must be of type string. Received type ${typeof text} (${util.inspect(text)})`
      : (wanted ? 'The input did not match the regular expression ' : 'The input was expected to not match the regular expression ') +
        `${util.inspect(regexp)}. Input:\n\n${util.inspect(text)}\n`
    const error = new AssertionError({ actual: text, expected: regexp, message, operator: fn, stackStartFn: assert })
    error.generatedMessage = generated
    throw error
  }
}

export const match = matching('match', true)
export const doesNotMatch = matching('doesNotMatch', false)

export const CallTracker = absent('assert', 'CallTracker')

const all = {
  fail, ok, throws, rejects, doesNotThrow, doesNotReject, ifError, match, doesNotMatch, AssertionError, CallTracker, ...named,
}

/** The same with the strict comparisons under the short names. */
export function strict(...args) {
  ok2(strict, args.length, ...args)
}
Object.assign(strict, all, { equal: strictEqual, deepEqual: deepStrictEqual, notEqual: notStrictEqual, notDeepEqual: notDeepStrictEqual, strict })
Object.assign(assert, all, { strict })

export default assert

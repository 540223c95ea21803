// node:util.

import native from 'cfemu:native/util'
import { absent } from 'node:internal/absent'
import { isDeepEqual } from 'node:internal/comparisons'
import { codes } from 'node:internal/errors'
import { MIMEParams, MIMEType } from 'node:internal/mime'
import { parseArgs } from 'node:internal/parseargs'
import { parseEnv } from 'node:internal/parseenv'
import types from 'node:internal/types'
import { validateAbortSignal, validateFunction, validateObject, validateOneOf, validateString } from 'node:internal/validators'
import { warn } from 'node:internal/warning'

export const inspect = native.inspect
export const { format, formatWithOptions } = native

const color = (on, off) => [on, off]
Object.assign(inspect, {
  custom: Symbol.for('nodejs.util.inspect.custom'),
  defaultOptions: {
    showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000,
    breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
  },
  styles: Object.assign(Object.create(null), {
    special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold', string: 'green',
    symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
  }),
  colors: Object.assign(Object.create(null), {
    reset: color(0, 0), bold: color(1, 22), dim: color(2, 22), italic: color(3, 23), underline: color(4, 24), blink: color(5, 25),
    inverse: color(7, 27), hidden: color(8, 28), strikethrough: color(9, 29), doubleunderline: color(21, 24), black: color(30, 39),
    red: color(31, 39), green: color(32, 39), yellow: color(33, 39), blue: color(34, 39), magenta: color(35, 39), cyan: color(36, 39),
    white: color(37, 39), bgBlack: color(40, 49), bgRed: color(41, 49), bgGreen: color(42, 49), bgYellow: color(43, 49),
    bgBlue: color(44, 49), bgMagenta: color(45, 49), bgCyan: color(46, 49), bgWhite: color(47, 49), framed: color(51, 54),
    overlined: color(53, 55), gray: color(90, 39), grey: color(90, 39), redBright: color(91, 39), greenBright: color(92, 39),
    yellowBright: color(93, 39), blueBright: color(94, 39), magentaBright: color(95, 39), cyanBright: color(96, 39),
    whiteBright: color(97, 39), bgGray: color(100, 49), bgRedBright: color(101, 49), bgGreenBright: color(102, 49),
    bgYellowBright: color(103, 49), bgBlueBright: color(104, 49), bgMagentaBright: color(105, 49), bgCyanBright: color(106, 49),
    bgWhiteBright: color(107, 49),
  }),
})

/** A function that returns a promise in place of taking a callback as its last argument. */
export function promisify(original) {
  validateFunction(original, 'original')
  const own = original[promisify.custom]
  if (own) {
    validateFunction(own, 'The "util.promisify.custom" property')
    return Object.defineProperty(own, promisify.custom, { value: own, configurable: true })
  }
  const names = original[customArgs]
  function f(...args) {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error, ...values) => {
        if (error) reject(error)
        else if (names !== undefined && values.length > 1) resolve(Object.fromEntries(names.map((name, i) => [name, values[i]])))
        else resolve(values[0])
      })
    })
  }
  Object.setPrototypeOf(f, Object.getPrototypeOf(original))
  Object.defineProperty(f, promisify.custom, { value: f, configurable: true })
  return Object.defineProperties(f, Object.getOwnPropertyDescriptors(original))
}
promisify.custom = Symbol.for('nodejs.util.promisify.custom')
const customArgs = Symbol.for('nodejs.util.promisify.customArgs')

/** The reverse of promisify. */
export function callbackify(original) {
  validateFunction(original, 'original')
  function f(...args) {
    const callback = args.pop()
    validateFunction(callback, 'last argument')
    const settled = callback.bind(this)
    original.apply(this, args).then(
      value => queueMicrotask(() => settled(null, value)),
      reason => queueMicrotask(() => {
        if (!reason) {
          const error = new codes.ERR_FALSY_VALUE_REJECTION()
          error.reason = reason
          reason = error
        }
        settled(reason)
      }),
    )
  }
  const properties = Object.getOwnPropertyDescriptors(original)
  if (typeof properties.length.value === 'number') properties.length.value++
  if (typeof properties.name.value === 'string') properties.name.value += 'Callbackified'
  return Object.defineProperties(f, properties)
}

export function inherits(ctor, superCtor) {
  if (ctor == null) throw new codes.ERR_INVALID_ARG_TYPE('ctor', 'Function', ctor)
  if (superCtor == null) throw new codes.ERR_INVALID_ARG_TYPE('superCtor', 'Function', superCtor)
  if (superCtor.prototype === undefined) throw new codes.ERR_INVALID_ARG_TYPE('superCtor.prototype', 'Object', superCtor.prototype)
  Object.defineProperty(ctor, 'super_', { value: superCtor, writable: true, configurable: true })
  Object.setPrototypeOf(ctor.prototype, superCtor.prototype)
}

/** A function that warns when it is first called. */
export function deprecate(fn, message, code) {
  if (code !== undefined) validateString(code, 'code')
  let warned = false
  function deprecated(...args) {
    if (!warned) {
      warned = true
      warn(Object.assign(new Error(message), { name: 'DeprecationWarning' }, code === undefined ? {} : { code }))
    }
    return new.target ? Reflect.construct(fn, args, new.target) : fn.apply(this, args)
  }
  Object.setPrototypeOf(deprecated, fn)
  if (fn.prototype) deprecated.prototype = fn.prototype
  return deprecated
}

export function isDeepStrictEqual(a, b) {
  return isDeepEqual(a, b, true)
}

/** A logger that prints nothing: NODE_DEBUG is not heeded. */
export function debuglog() {
  const log = () => {}
  log.enabled = false
  return log
}
export const debug = debuglog

export function stripVTControlCharacters(text) {
  validateString(text, 'str')
  return text.replace(escapes, '')
}
// Escape sequences: of strings such as titles and links, and of control codes such as colours.
const escapes = /[\u001B\u009B][[\]()#;?]*(?:(?:(?:[a-zA-Z\d]*(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?(?:\u0007|\u001B\u005C|\u009C))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]))/g

export function styleText(style, text) {
  validateString(text, 'text')
  let begin = '', end = ''
  for (const name of Array.isArray(style) ? style : [style]) {
    const codesOf = inspect.colors[name]
    if (codesOf === undefined) validateOneOf(name, 'format', Object.keys(inspect.colors))
    begin += `\u001b[${codesOf[0]}m`
    end = `\u001b[${codesOf[1]}m` + end
  }
  return begin + text + end
}

export function toUSVString(text) {
  return String(text).toWellFormed()
}

/** A promise for the abort of signal. */
export async function aborted(signal, resource) {
  if (signal === undefined) throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal)
  validateAbortSignal(signal, 'signal')
  validateObject(resource, 'resource', { allowArray: true, allowFunction: true })
  if (signal.aborted) return undefined
  return new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}

/** @deprecated as in Node.js */
export function _extend(target, source) {
  return source === null || typeof source !== 'object' ? target : Object.assign(target, source)
}

export function log(...args) {
  console.log(...args)
}

export const getSystemErrorName = absent('util', 'getSystemErrorName')
export const getSystemErrorMap = absent('util', 'getSystemErrorMap')
export const getSystemErrorMessage = absent('util', 'getSystemErrorMessage')
export const getCallSites = absent('util', 'getCallSites')
export const transferableAbortController = absent('util', 'transferableAbortController')
export const transferableAbortSignal = absent('util', 'transferableAbortSignal')

export const isArray = Array.isArray
export const isBoolean = value => typeof value === 'boolean'
export const isBuffer = value => value?.constructor?.name === 'Buffer' && value instanceof Uint8Array
export const isDate = types.isDate
export const isError = value => value instanceof Error || types.isNativeError(value)
export const isFunction = value => typeof value === 'function'
export const isNull = value => value === null
export const isNullOrUndefined = value => value == null
export const isNumber = value => typeof value === 'number'
export const isObject = value => value !== null && typeof value === 'object'
export const isPrimitive = value => value === null || (typeof value !== 'object' && typeof value !== 'function')
export const isRegExp = types.isRegExp
export const isString = value => typeof value === 'string'
export const isSymbol = value => typeof value === 'symbol'
export const isUndefined = value => value === undefined

export const { TextDecoder, TextEncoder } = globalThis
export { MIMEParams, MIMEType, parseArgs, parseEnv, types }

export default {
  MIMEParams, MIMEType, TextDecoder, TextEncoder, _extend, aborted, callbackify, debug, debuglog, deprecate, format, formatWithOptions,
  getCallSites, getSystemErrorMap, getSystemErrorMessage, getSystemErrorName, inherits, inspect, isArray, isBoolean, isBuffer, isDate,
  isDeepStrictEqual, isError, isFunction, isNull, isNullOrUndefined, isNumber, isObject, isPrimitive, isRegExp, isString, isSymbol,
  isUndefined, log, parseArgs, parseEnv, promisify, stripVTControlCharacters, styleText, toUSVString, transferableAbortController,
  transferableAbortSignal, types,
}

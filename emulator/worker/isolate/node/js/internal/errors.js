// The errors that Node.js's functions throw: ordinary ones with a code.

import native from 'cfemu:native/util'

/** @param {number} [depth] */
const inspect = (value, depth) => native.inspect(value, { depth: depth ?? 2 })

/**
 * @param {string} code
 * @param {ErrorConstructor} Base
 * @param {(...args) => string} message
 */
function define(code, Base, message) {
  const key = code
  codes[code] = class extends Base {
    constructor(...args) {
      super(message(...args))
      this.code = key
      hide(this)
    }
    toString() {
      return `${this.name} [${key}]: ${this.message}`
    }
  }
  Object.defineProperty(codes[code], 'name', { value: Base.name, configurable: true })
}

function hide(error) {
  const stack = error.stack
  if (typeof stack !== 'string') return
  const head = `${error.name}: `
  if (stack.startsWith(head)) {
    Object.defineProperty(error, 'stack', {
      value: `${error.name} [${error.code}]: ${stack.slice(head.length)}`, writable: true, configurable: true,
    })
  }
}

/** The classes of errors by code: new codes.ERR_OUT_OF_RANGE('size', '>= 0', -1). */
export const codes = {}

define('ERR_AMBIGUOUS_ARGUMENT', TypeError, (name, reason) => `The "${name}" argument is ambiguous. ${reason}`)
define('ERR_ARG_NOT_ITERABLE', TypeError, what => `${what} must be iterable`)
define('ERR_ASYNC_CALLBACK', TypeError, name => `${name} must be a function`)
define('ERR_BUFFER_OUT_OF_BOUNDS', RangeError, name =>
  name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds')
define('ERR_EVENT_RECURSION', Error, type => `The event "${type}" is already being dispatched`)
define('ERR_FALSY_VALUE_REJECTION', Error, () => 'Promise was rejected with falsy value')
define('ERR_ILLEGAL_CONSTRUCTOR', TypeError, () => 'Illegal constructor')
define('ERR_INVALID_ARG_TYPE', TypeError, argTypeText)
define('ERR_INVALID_ARG_VALUE', TypeError, (name, value, reason = 'is invalid') => {
  let text = inspect(value)
  if (text.length > 128) text = text.slice(0, 128) + '...'
  return `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${text}`
})
define('ERR_INVALID_ASYNC_ID', RangeError, (name, value) => `Invalid ${name} value: ${value}`)
define('ERR_INVALID_BUFFER_SIZE', RangeError, size => `Buffer size must be a multiple of ${size}`)
define('ERR_INVALID_CALLBACK', TypeError, value => `Callback must be a function. Received ${inspect(value)}`)
define('ERR_INVALID_FILE_URL_HOST', TypeError, platform => `File URL host must be "localhost" or empty on ${platform}`)
define('ERR_INVALID_FILE_URL_PATH', TypeError, reason => `File URL path ${reason}`)
define('ERR_INVALID_MIME_SYNTAX', TypeError, (production, text, index) =>
  `The MIME syntax for a ${production} in ${JSON.stringify(text)} is invalid` + (index >= 0 ? ` at ${index}` : ''))
define('ERR_INVALID_RETURN_VALUE', TypeError, (expected, name, value) =>
  `Expected ${expected} to be returned from the "${name}" function but got ${received(value, true)}.`)
define('ERR_INVALID_THIS', TypeError, type => `Value of "this" must be of type ${type}`)
define('ERR_INVALID_URI', URIError, () => 'URI malformed')
define('ERR_INVALID_URL', TypeError, () => 'Invalid URL')
define('ERR_INVALID_URL_SCHEME', TypeError, expected => `The URL must be of scheme ${expected}`)
define('ERR_METHOD_NOT_IMPLEMENTED', Error, name => `The ${name} method is not implemented`)
define('ERR_MISSING_ARGS', TypeError, (...names) => {
  const quoted = names.map(n => Array.isArray(n) ? n.map(a => `"${a}"`).join(' or ') : `"${n}"`)
  return `The ${list(quoted, 'and')} argument${names.length > 1 ? 's' : ''} must be specified`
})
define('ERR_MULTIPLE_CALLBACK', Error, () => 'Callback called multiple times')
define('ERR_OPERATION_FAILED', Error, reason => `Operation failed: ${reason}`)
define('ERR_OUT_OF_RANGE', RangeError, (name, range, value) =>
  `The value of "${name}" is out of range. It must be ${range}. Received ${numberText(value)}`)
define('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', TypeError, message => message)
define('ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', TypeError, arg =>
  `Unexpected argument '${arg}'. This command does not take positional arguments`)
define('ERR_PARSE_ARGS_UNKNOWN_OPTION', TypeError, (option, allowPositionals) => `Unknown option '${option}'` +
  (allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${option}"` : ''))
define('ERR_STREAM_ALREADY_FINISHED', Error, name => `Cannot call ${name} after a stream was finished`)
define('ERR_STREAM_CANNOT_PIPE', Error, () => 'Cannot pipe, not readable')
define('ERR_STREAM_DESTROYED', Error, name => `Cannot call ${name} after a stream was destroyed`)
define('ERR_STREAM_NULL_VALUES', TypeError, () => 'May not write null values to stream')
define('ERR_STREAM_PREMATURE_CLOSE', Error, () => 'Premature close')
define('ERR_STREAM_PUSH_AFTER_EOF', Error, () => 'stream.push() after EOF')
define('ERR_STREAM_UNABLE_TO_PIPE', Error, () => 'Cannot pipe to a closed or destroyed stream')
define('ERR_STREAM_UNSHIFT_AFTER_END_EVENT', Error, () => 'stream.unshift() after end event')
define('ERR_STREAM_WRITE_AFTER_END', Error, () => 'write after end')
define('ERR_UNAVAILABLE_DURING_EXIT', Error, () => 'Cannot call function in process exit handler')
define('ERR_UNHANDLED_ERROR', Error, value => 'Unhandled error.' + (value === undefined ? '' : ` (${value})`))
define('ERR_UNKNOWN_ENCODING', TypeError, name => `Unknown encoding: ${name}`)
define('ERR_UNKNOWN_SIGNAL', TypeError, name => `Unknown signal: ${name}`)

/** An abort as functions that take a signal throw it. */
export class AbortError extends Error {
  constructor(message = 'The operation was aborted', options) {
    super(message, options)
    this.code = 'ABORT_ERR'
    this.name = 'AbortError'
  }
}

const types = ['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol']

function argTypeText(name, expected, actual) {
  const ofType = [], ofClass = [], others = []
  for (const e of Array.isArray(expected) ? expected : [expected]) {
    if (types.includes(e)) ofType.push(e.toLowerCase())
    else if (/^([A-Z][a-z0-9]*)+$/.test(e)) ofClass.push(e)
    else others.push(e)
  }
  const at = ofType.indexOf('object')
  if (ofClass.length > 0 && at >= 0) {
    ofType.splice(at, 1)
    ofClass.push('Object')
  }
  const parts = []
  if (ofType.length > 0) parts.push(`${ofType.length > 1 ? 'one of type' : 'of type'} ${list(ofType, 'or')}`)
  if (ofClass.length > 0) parts.push(`an instance of ${list(ofClass, 'or')}`)
  if (others.length > 1) parts.push(`one of ${list(others, 'or')}`)
  if (others.length === 1) parts.push(others[0].toLowerCase() === others[0] ? others[0] : `an ${others[0]}`)
  const subject = name.endsWith(' argument') ? name : `"${name}" ${name.includes('.') ? 'property' : 'argument'}`
  return `The ${subject} must be ${parts.join(' or ')}. Received ${received(actual)}`
}

/** a or b; a, b, or c */
function list(words, last) {
  if (words.length < 3) return words.join(` ${last} `)
  return `${words.slice(0, -1).join(', ')}, ${last} ${words[words.length - 1]}`
}

function received(value, short) {
  if (value == null) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') {
    if (value.constructor?.name) return `an instance of ${value.constructor.name}`
    return inspect(value, -1)
  }
  if (short && typeof value !== 'string') return `type ${typeof value} (${inspect(value)})`
  let text = inspect(value)
  if (text.length > 28) text = text.slice(0, 25) + '...'
  return `type ${typeof value} (${text})`
}

function numberText(value) {
  if (typeof value === 'bigint') {
    const text = String(value)
    return (value > 2n ** 32n || value < -(2n ** 32n) ? grouped(text) : text) + 'n'
  }
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) return grouped(String(value))
  return inspect(value)
}

function grouped(digits) {
  const sign = digits[0] === '-' ? '-' : ''
  return sign + digits.slice(sign.length).replace(/(\d)(?=(\d{3})+$)/g, '$1_')
}

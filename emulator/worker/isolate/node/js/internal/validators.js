// The checks that Node.js's functions do of their arguments.

import { codes } from 'node:internal/errors'

export function validateFunction(value, name) {
  if (typeof value !== 'function') throw new codes.ERR_INVALID_ARG_TYPE(name, 'Function', value)
}

export function validateString(value, name) {
  if (typeof value !== 'string') throw new codes.ERR_INVALID_ARG_TYPE(name, 'string', value)
}

export function validateBoolean(value, name) {
  if (typeof value !== 'boolean') throw new codes.ERR_INVALID_ARG_TYPE(name, 'boolean', value)
}

export function validateArray(value, name, minLength = 0) {
  if (!Array.isArray(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, 'Array', value)
  if (value.length < minLength) throw new codes.ERR_INVALID_ARG_VALUE(name, value, `must be longer than ${minLength}`)
}

export function validateStringArray(value, name) {
  validateArray(value, name)
  value.forEach((v, i) => validateString(v, `${name}[${i}]`))
}

/** @param {{nullable?: boolean, allowArray?: boolean, allowFunction?: boolean}} [options] */
export function validateObject(value, name, options = {}) {
  if ((value === null && !options.nullable) ||
      (Array.isArray(value) && !options.allowArray) ||
      (typeof value !== 'object' && !(options.allowFunction && typeof value === 'function'))) {
    throw new codes.ERR_INVALID_ARG_TYPE(name, 'Object', value)
  }
}

export function validateNumber(value, name, min, max) {
  if (typeof value !== 'number') throw new codes.ERR_INVALID_ARG_TYPE(name, 'number', value)
  if ((min != null && value < min) || (max != null && value > max) ||
      ((min != null || max != null) && Number.isNaN(value))) {
    const range = (min != null ? `>= ${min}` : '') + (min != null && max != null ? ' && ' : '') + (max != null ? `<= ${max}` : '')
    throw new codes.ERR_OUT_OF_RANGE(name, range, value)
  }
}

export function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw new codes.ERR_INVALID_ARG_TYPE(name, 'number', value)
  if (!Number.isInteger(value)) throw new codes.ERR_OUT_OF_RANGE(name, 'an integer', value)
  if (value < min || value > max) throw new codes.ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value)
}

export function validateInt32(value, name, min = -2147483648, max = 2147483647) {
  validateInteger(value, name, min, max)
}

export function validateUint32(value, name, positive = false) {
  validateInteger(value, name, positive ? 1 : 0, 4294967295)
}

export function validateOneOf(value, name, oneOf) {
  if (oneOf.includes(value)) return
  const allowed = oneOf.map(v => typeof v === 'string' ? `'${v}'` : String(v)).join(', ')
  throw new codes.ERR_INVALID_ARG_VALUE(name, value, 'must be one of: ' + allowed)
}

export function validateAbortSignal(signal, name) {
  if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
    throw new codes.ERR_INVALID_ARG_TYPE(name, 'AbortSignal', signal)
  }
}

export function validateBuffer(value, name = 'buffer') {
  if (!ArrayBuffer.isView(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, ['Buffer', 'TypedArray', 'DataView'], value)
}

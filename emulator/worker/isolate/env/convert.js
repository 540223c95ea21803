// How the arguments of bindings become what the runtime's own code works on. Receipt: workerd's src/workerd/jsg.

/** A string of anything. */
export function string(value) {
  if (typeof value === 'string') return value
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
  if (typeof value === 'object' && value !== null) needPrimitive(value)
  return String(value)
}

/** Refuses in V8's words what no conversion can make a primitive of. */
function needPrimitive(object) {
  if (object[Symbol.toPrimitive] == null && typeof object.toString !== 'function' && typeof object.valueOf !== 'function') {
    throw new TypeError('Cannot convert object to primitive value')
  }
}

/** A number of anything. */
export function number(value) {
  if (typeof value === 'symbol' || typeof value === 'bigint') {
    throw new TypeError(`Cannot convert a ${typeof value === 'symbol' ? 'Symbol' : 'BigInt'} value to a number`)
  }
  if (typeof value === 'object' && value !== null) needPrimitive(value)
  return Number(value)
}

const maxInt = 2 ** 31 - 1

/** An integer of 32 bits; what is no number is 0. */
export function int(value) {
  const n = number(value)
  if (!Number.isFinite(n)) return 0
  if (Math.trunc(n) > maxInt || Math.trunc(n) < -maxInt - 1) {
    throw new TypeError(`Value out of range. Must be between ${-maxInt - 1} and ${maxInt} (inclusive).`)
  }
  return Math.trunc(n) + 0
}

/** Whether a value is an object to the runtime, functions included. */
export const isObject = value => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** Refuses a field of a record in the runtime's words. */
export function wrongField(field, record, type) {
  throw new TypeError(`Incorrect type for the '${field}' field on '${record}': the provided value is not of type '${type}'.`)
}

/** A string that is one already. */
export function text(value, field, record) {
  return typeof value === 'string' ? value : wrongField(field, record, 'string')
}

/** What a string is once it has been UTF-8: a surrogate without its other half was three bytes that are none. */
export const wellFormed = value => (value.isWellFormed() ? value : value.replace(/\p{Surrogate}/gu, '\ufffd\ufffd\ufffd'))

/** The nanoseconds of a time have 63 bits. */
const maxTime = 2 ** 63 / 1e6

/** The milliseconds of a Date, or of the number that stands for one. */
export function date(value, field, record) {
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time !== 'number') wrongField(field, record, 'date')
  if (!Number.isFinite(time)) throw new TypeError('The value cannot be converted because it is not a valid Date.')
  if (time >= maxTime) throw new TypeError("This API doesn't support dates after 2189.")
  if (time <= -maxTime) throw new TypeError("This API doesn't support dates before 1687.")
  return Math.trunc(time)
}

/** The milliseconds of a date in a header; what is none is the beginning of time. */
export const headerDate = value => new Date(value).getTime() || 0

/** The bytes of an ArrayBuffer or a view, undefined of anything else. */
export function bytesOf(value) {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

/**
 * A record of optional fields, each made by its function in shape from what is given, the name of the field and that of
 * the record. Fields that are undefined are left out. They are read in the order of shape.
 */
export function record(value, shape, name) {
  const made = {}
  if (value == null) return made
  for (const field of Object.keys(shape)) {
    const given = value[field]
    if (given !== undefined) made[field] = shape[field](given, field, name)
  }
  return made
}

/** The same of a method's argument, which must be an object if it is given. */
export function argument(value, shape, name, method, position) {
  if (value != null && !isObject(value)) throw new TypeError(`Failed to execute ${method}: parameter ${position} is not of type '${name}'.`)
  return record(value, shape, name)
}

/** A list, each of its elements made by a function. */
export function list(values, make) {
  return Array.from(values, value => make(value))
}

/** null as what is not given, anything else by a function. */
export const orNull = make => value => (value === null ? undefined : make(value))

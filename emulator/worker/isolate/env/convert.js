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

/**
 * A record of optional fields, each made by its function in shape; those that are undefined are left out. They are
 * read in the order of shape.
 */
export function record(value, shape) {
  const made = {}
  if (value == null) return made
  for (const field of Object.keys(shape)) {
    const given = value[field]
    if (given !== undefined) made[field] = shape[field](given, field)
  }
  return made
}

/** The same of an argument, which must be an object if it is given. */
export function argument(value, shape, refusal) {
  if (value != null && !isObject(value)) throw new TypeError(refusal)
  return record(value, shape)
}

/** A list of what an iterable or array has, each made by a function. */
export function list(values, make) {
  return Array.from(values, value => make(value))
}

/** null as what is not given, anything else by a function. */
export const orNull = make => value => (value === null ? undefined : make(value))

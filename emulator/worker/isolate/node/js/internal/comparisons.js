// Whether two values are deeply equal, strictly or as == has it.

import native from 'cfemu:native/util'
import types from 'node:internal/types'

const loose = (a, b) => (typeof a !== 'object' || a === null) && (typeof b !== 'object' || b === null)

/**
 * @param {unknown} a
 * @param {unknown} b
 * @param {boolean} strict
 */
export function isDeepEqual(a, b, strict) {
  return equal(a, b, strict, undefined)
}

function equal(a, b, strict, memo) {
  if (a === b) return a !== 0 || !strict || Object.is(a, b)
  if (strict) {
    if (typeof a !== 'object') return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b)
    if (typeof b !== 'object' || a === null || b === null) return false
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  } else {
    if (a === null || typeof a !== 'object') {
      // eslint-disable-next-line eqeqeq
      return (b === null || typeof b !== 'object') && (a == b || (Number.isNaN(a) && Number.isNaN(b)))
    }
    if (b === null || typeof b !== 'object') return false
  }
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false
  const same = sameKind(a, b, strict)
  if (same !== undefined && !same) return false
  return membersEqual(a, b, strict, memo)
}

/** What is inside, apart from properties and members; undefined where there is no such thing. */
function sameKind(a, b, strict) {
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a)) return a.length === b.length
  const kind = native.kind(a)
  if (kind !== native.kind(b)) return false
  switch (kind) {
    case 'Date':
      return Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b))
    case 'RegExp':
      return a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex
    case 'Error':
      return a.message === b.message && a.name === b.name
    case 'ArrayBuffer':
      return native.sameBytes(new Uint8Array(a), new Uint8Array(b))
    case 'Promise':
      return false
  }
  if (ArrayBuffer.isView(a)) {
    if (!ArrayBuffer.isView(b) || a.byteLength !== b.byteLength) return false
    if (!strict && (types.isFloat32Array(a) || types.isFloat64Array(a))) return a.every((v, i) => v === b[i])
    return native.sameBytes(bytes(a), bytes(b))
  }
  if (types.isBoxedPrimitive(a)) {
    return types.isBoxedPrimitive(b) && Object.is(a.valueOf(), b.valueOf())
  }
  if (types.isSet(a) || types.isMap(a)) return types.isSet(a) === types.isSet(b) && types.isMap(a) === types.isMap(b) && a.size === b.size
  if (types.isWeakMap(a) || types.isWeakSet(a)) return false
  return undefined
}

const bytes = view => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

function keysOf(value, strict) {
  let keys = Object.keys(value)
  if (ArrayBuffer.isView(value)) keys = keys.filter(k => !/^\d+$/.test(k))
  if (strict) {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) keys.push(symbol)
    }
  }
  return keys
}

function membersEqual(a, b, strict, memo) {
  const keys = keysOf(a, strict)
  if (keys.length !== keysOf(b, strict).length) return false
  for (const key of keys) {
    if (!Object.prototype.propertyIsEnumerable.call(b, key)) return false
  }
  // A pair that is being compared already is taken for equal: circular structures end there.
  if (memo === undefined) {
    memo = new Map()
  } else if (memo.has(a)) {
    if (memo.get(a) === b) return true
  }
  const before = memo.get(a)
  memo.set(a, b)
  const result = (!types.isSet(a) || setEqual(a, b, strict, memo)) && (!types.isMap(a) || mapEqual(a, b, strict, memo)) &&
    keys.every(key => equal(a[key], b[key], strict, memo))
  if (before === undefined) memo.delete(a)
  else memo.set(a, before)
  return result
}

function setEqual(a, b, strict, memo) {
  const rest = []
  for (const value of a) {
    if (b.has(value)) continue
    if (strict && (typeof value !== 'object' || value === null)) return false
    rest.push(value)
  }
  const others = [...b].filter(value => !a.has(value))
  return rest.every(value => {
    const at = others.findIndex(other => equal(value, other, strict, memo))
    if (at >= 0) others.splice(at, 1)
    return at >= 0
  })
}

function mapEqual(a, b, strict, memo) {
  const rest = []
  for (const [key, value] of a) {
    if (b.has(key) && equal(value, b.get(key), strict, memo)) continue
    if (strict && (typeof key !== 'object' || key === null)) return false
    rest.push([key, value])
  }
  const others = [...b].filter(([key]) => !a.has(key) || (!strict && loose(key, key)))
  return rest.every(([key, value]) => {
    const at = others.findIndex(([otherKey, other]) => equal(key, otherKey, strict, memo) && equal(value, other, strict, memo))
    if (at >= 0) others.splice(at, 1)
    return at >= 0
  })
}

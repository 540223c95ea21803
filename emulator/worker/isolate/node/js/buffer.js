// node:buffer. The methods of Buffers are in buffer*.go.

import native from 'cfemu:native/buffer'
import util from 'cfemu:native/util'
import { codes } from 'node:internal/errors'
import { validateArray, validateInteger, validateNumber, validateString } from 'node:internal/validators'

// As in workerd.
export const kMaxLength = 2147483647
export const kStringMaxLength = 536870888
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength }
export const INSPECT_MAX_BYTES = 50

const make = native.make
const Uint8ArrayOf = Object.getPrototypeOf(Uint8Array)

class FastBuffer extends Uint8Array {}

/** Buffer(…) with and without new, as old code has it. */
export function Buffer(value, encodingOrOffset, length) {
  if (typeof value === 'number') {
    if (typeof encodingOrOffset === 'string') throw new codes.ERR_INVALID_ARG_TYPE('string', 'string', value)
    return Buffer.alloc(value)
  }
  return Buffer.from(value, encodingOrOffset, length)
}

Object.defineProperty(Buffer, 'name', { value: 'Buffer', configurable: true }) // esbuild renames it
Buffer.prototype = FastBuffer.prototype
Object.setPrototypeOf(Buffer, Uint8Array)
Object.defineProperty(Buffer, Symbol.species, { configurable: true, get: () => FastBuffer })
Object.defineProperty(FastBuffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true })
native.install(FastBuffer.prototype)
Object.defineProperties(FastBuffer.prototype, {
  parent: { enumerable: true, get() { return this instanceof Buffer ? this.buffer : undefined } },
  offset: { enumerable: true, get() { return this instanceof Buffer ? this.byteOffset : undefined } },
  [Symbol.for('nodejs.util.inspect.custom')]: { writable: true, configurable: true, value: inspect },
  inspect: { writable: true, configurable: true, enumerable: true, value: inspect },
})

function inspect(recurse, options) {
  const shown = Math.min(INSPECT_MAX_BYTES, this.length)
  const more = this.length - shown
  let text = this.hexSlice(0, shown).replace(/(.{2})(?=.)/g, '$1 ')
  if (more > 0) text += ` ... ${more} more byte${more > 1 ? 's' : ''}`
  const extra = Object.keys(this).filter(k => !/^\d+$/.test(k))
  if (extra.length > 0) {
    const properties = Object.fromEntries(extra.map(k => [k, this[k]]))
    const inner = util.inspect(properties, options)
    text += (this.length > 0 ? ', ' : '') + inner.replace(/^\{ ?|\s?\}$/g, '')
  }
  return `<${this.constructor.name} ${text}>`
}

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') {
    return native.fromString(value, typeof encodingOrOffset === 'string' ? encodingOrOffset : undefined)
  }
  if (typeof value === 'object' && value !== null) {
    if (value instanceof ArrayBuffer) return fromArrayBuffer(value, encodingOrOffset, length)
    const primitive = value.valueOf?.()
    if (primitive != null && primitive !== value && (typeof primitive === 'string' || typeof primitive === 'object')) {
      return from(primitive, encodingOrOffset, length)
    }
    const made = fromObject(value)
    if (made) return made
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const text = value[Symbol.toPrimitive]('string')
      if (typeof text === 'string') return native.fromString(text, encodingOrOffset)
    }
  }
  throw new codes.ERR_INVALID_ARG_TYPE('first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value)
}

function fromArrayBuffer(buffer, byteOffset, length) {
  byteOffset = +byteOffset || 0
  const most = buffer.byteLength - byteOffset
  if (most < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset')
  if (length === undefined) return make(buffer, byteOffset, most)
  length = +length
  if (!(length > 0)) return make(buffer, byteOffset, 0)
  if (length > most) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('length')
  return make(buffer, byteOffset, length)
}

function fromObject(value) {
  if (value.length !== undefined || value.buffer instanceof ArrayBuffer) {
    if (typeof value.length !== 'number') return make(0)
    return fromList(value)
  }
  if (value.type === 'Buffer' && Array.isArray(value.data)) return fromList(value.data)
}

function fromList(list) {
  return list.length > 0 ? make(list) : make(0)
}

function checkSize(size) {
  validateNumber(size, 'size', 0, kMaxLength)
}

Buffer.alloc = function alloc(size, fill, encoding) {
  checkSize(size)
  const b = make(size)
  if (fill !== undefined && fill !== 0 && size > 0) {
    if (encoding !== undefined) validateString(encoding, 'encoding')
    return b.fill(fill, encoding)
  }
  return b
}

Buffer.allocUnsafe = function allocUnsafe(size) {
  checkSize(size)
  return make(size)
}

Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  checkSize(size)
  return make(size)
}

/** @deprecated as in Node.js */
export function SlowBuffer(size) {
  return Buffer.allocUnsafeSlow(size)
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype)
Object.setPrototypeOf(SlowBuffer, Uint8Array)

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!(view instanceof Uint8ArrayOf)) throw new codes.ERR_INVALID_ARG_TYPE('view', ['TypedArray'], view)
  if (view.length === 0) return make(0)
  let end = view.length
  if (offset === undefined) {
    offset = 0
  } else {
    validateInteger(offset, 'offset', 0)
    if (offset >= view.length) return make(0)
  }
  if (length !== undefined) {
    validateInteger(length, 'length', 0)
    end = Math.min(offset + length, view.length)
  }
  return make(view.slice(offset, end).buffer)
}

Buffer.of = function of(...items) {
  return make(items)
}

Buffer.isBuffer = function isBuffer(value) {
  return value instanceof Buffer
}

Buffer.isEncoding = function isEncoding(name) {
  return typeof name === 'string' && name.length !== 0 && native.encodingName(name) !== undefined
}

Buffer.byteLength = function byteLength(value, encoding) {
  if (typeof value === 'string') return native.byteLength(value, encoding)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength
  throw new codes.ERR_INVALID_ARG_TYPE('string', ['string', 'Buffer', 'ArrayBuffer'], value)
}

Buffer.compare = function compare(a, b) {
  if (!native.is(a)) throw new codes.ERR_INVALID_ARG_TYPE('buf1', ['Buffer', 'Uint8Array'], a)
  if (!native.is(b)) throw new codes.ERR_INVALID_ARG_TYPE('buf2', ['Buffer', 'Uint8Array'], b)
  return native.compare(a, b)
}

Buffer.concat = function concat(list, length) {
  validateArray(list, 'list')
  if (list.length === 0) return make(0)
  let total = 0
  for (let i = 0; i < list.length; i++) total += list[i]?.length || 0
  if (length !== undefined) validateInteger(length, 'length', 0, kMaxLength)
  for (let i = 0; i < list.length; i++) {
    if (!native.is(list[i])) throw new codes.ERR_INVALID_ARG_TYPE(`list[${i}]`, ['Buffer', 'Uint8Array'], list[i])
  }
  return native.join(list, length ?? total)
}

Buffer.poolSize = 8192

/** Writes bytes in another encoding. */
export function transcode(source, from, to) {
  if (!native.is(source)) throw new codes.ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], source)
  if (source.length === 0) return make(0)
  const encodings = [from, to].map(name => native.encodingName(name))
  if (!encodings.every(name => ['utf8', 'utf16le', 'latin1', 'ascii'].includes(name))) {
    const error = new Error('Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]')
    error.code = 'U_ILLEGAL_ARGUMENT_ERROR'
    error.errno = 1
    throw error
  }
  return native.transcode(source, ...encodings)
}

function bytes(input) {
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  if (input instanceof ArrayBuffer) return new Uint8Array(input)
  throw new codes.ERR_INVALID_ARG_TYPE('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input)
}

export function isUtf8(input) {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes(input))
    return true
  } catch (error) {
    if (error.code) throw error
    return false
  }
}

export function isAscii(input) {
  return bytes(input).every(b => b < 128)
}

export function resolveObjectURL() {
  return undefined
}

export const { atob, btoa, Blob, File } = globalThis

export default {
  Blob, File, Buffer, INSPECT_MAX_BYTES, SlowBuffer, atob, btoa, constants, isAscii, isUtf8, kMaxLength, kStringMaxLength,
  resolveObjectURL, transcode,
}

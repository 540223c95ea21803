// node:string_decoder: text from bytes that come in pieces.

import { Buffer } from 'node:buffer'
import { codes } from 'node:internal/errors'

/** How many bytes at the end of b begin a character that is not whole, in UTF-8. */
function unfinished(b) {
  for (let back = 1; back <= Math.min(3, b.length); back++) {
    const c = b[b.length - back]
    if (c < 0x80) return 0
    if (c < 0xc0) continue
    const need = c >= 0xf8 ? 0 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2
    if (need <= back) return 0
    return back
  }
  return 0
}

/** What must be held back of b until more comes. */
function held(encoding, b) {
  switch (encoding) {
    case 'utf8':
      return unfinished(b)
    case 'utf16le': {
      const odd = b.length % 2
      const last = b.length - odd
      return last >= 2 && b[last - 1] >= 0xd8 && b[last - 1] <= 0xdb ? odd + 2 : odd
    }
    case 'base64':
    case 'base64url':
      return b.length % 3
  }
  return 0
}

const names = {
  'utf8': 'utf8', 'utf-8': 'utf8', 'ucs2': 'utf16le', 'ucs-2': 'utf16le', 'utf16le': 'utf16le', 'utf-16le': 'utf16le',
  'latin1': 'latin1', 'binary': 'latin1', 'ascii': 'ascii', 'hex': 'hex', 'base64': 'base64', 'base64url': 'base64url',
}

/**
 * @constructor
 * @param {string} [encoding]
 */
export function StringDecoder(encoding) {
  const name = names[encoding == null || encoding === '' ? 'utf8' : `${encoding}`.toLowerCase()]
  if (name === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
  this.encoding = name
  Object.defineProperty(this, 'rest', { value: Buffer.alloc(0), writable: true })
}

StringDecoder.prototype.write = function write(chunk) {
  if (typeof chunk === 'string') return chunk
  if (!ArrayBuffer.isView(chunk)) throw new codes.ERR_INVALID_ARG_TYPE('buf', ['Buffer', 'TypedArray', 'DataView'], chunk)
  let b = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (this.rest.length > 0) b = Buffer.concat([this.rest, b])
  const whole = b.length - held(this.encoding, b)
  this.rest = Buffer.from(b.subarray(whole))
  return b.toString(this.encoding, 0, whole)
}

StringDecoder.prototype.end = function end(chunk) {
  const text = chunk === undefined ? '' : this.write(chunk)
  const rest = this.rest
  this.rest = Buffer.alloc(0)
  return rest.length > 0 ? text + rest.toString(this.encoding) : text
}

StringDecoder.prototype.text = function text(chunk, offset) {
  this.rest = Buffer.alloc(0)
  return this.write(chunk.slice(offset))
}

Object.defineProperties(StringDecoder.prototype, {
  lastChar: { configurable: true, enumerable: true, get() { return this.rest } },
  lastNeed: { configurable: true, enumerable: true, get() { return this.rest.length && need(this.encoding, this.rest) } },
  lastTotal: { configurable: true, enumerable: true, get() { return this.rest.length && this.rest.length + need(this.encoding, this.rest) } },
})

/** How many bytes the character that rest begins still needs. */
function need(encoding, rest) {
  if (encoding === 'utf8') return (rest[0] >= 0xf0 ? 4 : rest[0] >= 0xe0 ? 3 : 2) - rest.length
  if (encoding === 'utf16le') return (rest.length > 2 ? 4 : 2 * Math.ceil(rest.length / 2) + (rest.length === 2 ? 2 : 0)) - rest.length
  return 3 - rest.length
}

export default { StringDecoder }

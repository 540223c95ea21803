// node:querystring.

import { Buffer } from 'node:buffer'
import { codes } from 'node:internal/errors'

const plain = /^[A-Za-z0-9\-_.!~*'()]*$/

/** Writes text so that it can stand in a query. */
export function escape(text) {
  if (typeof text !== 'string') text = typeof text === 'object' ? String(text) : text + ''
  if (plain.test(text)) return text
  try {
    return encodeURIComponent(text)
  } catch {
    throw new codes.ERR_INVALID_URI()
  }
}

const digit = c => (c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1)

export function unescapeBuffer(text, decodeSpaces) {
  const out = Buffer.allocUnsafe(text.length)
  let n = 0
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i)
    if (c === 43 && decodeSpaces) {
      c = 32
    } else if (c === 37 && i + 2 < text.length) {
      const high = digit(text.charCodeAt(i + 1)), low = digit(text.charCodeAt(i + 2))
      if (high >= 0 && low >= 0) {
        c = high * 16 + low
        i += 2
      }
    }
    out[n++] = c
  }
  return n === out.length ? out : out.slice(0, n)
}

export function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text)
  } catch {
    return unescapeBuffer(text, decodeSpaces).toString()
  }
}

function primitive(value) {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`
  return ''
}

/** @param {{encodeURIComponent?: (text: string) => string}} [options] */
export function stringify(object, sep, eq, options) {
  sep ||= '&'
  eq ||= '='
  const custom = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : module.escape
  const encode = value => custom(primitive(value))
  if (object === null || typeof object !== 'object') return ''
  const fields = []
  for (const key of Object.keys(object)) {
    const value = object[key], name = encode(key)
    for (const item of Array.isArray(value) ? value : [value]) fields.push(name + eq + encode(item))
  }
  return fields.join(sep)
}

/** @param {{maxKeys?: number, decodeURIComponent?: (text: string) => string}} [options] */
export function parse(text, sep, eq, options) {
  const object = Object.create(null)
  if (typeof text !== 'string' || text.length === 0) return object
  sep = sep ? String(sep) : '&'
  eq = eq ? String(eq) : '='
  const most = typeof options?.maxKeys === 'number' ? options.maxKeys : 1000
  const custom = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : module.unescape
  const decode = part => {
    part = part.replaceAll('+', custom === unescape ? ' ' : '%20')
    if (custom === unescape && !part.includes('%')) return part
    try {
      return custom(part)
    } catch {
      return unescape(part, true)
    }
  }
  const fields = text.split(sep)
  let count = 0
  for (const field of fields) {
    if (field === '') continue
    if (most > 0 && count++ >= most) break
    const at = field.indexOf(eq)
    const key = decode(at < 0 ? field : field.slice(0, at))
    const value = at < 0 ? '' : decode(field.slice(at + eq.length))
    if (!(key in object)) object[key] = value
    else if (Array.isArray(object[key])) object[key].push(value)
    else object[key] = [object[key], value]
  }
  return object
}

export const encode = stringify
export const decode = parse

// Code may replace escape and unescape on it.
const module = { decode, encode, escape, parse, stringify, unescape, unescapeBuffer }
export default module

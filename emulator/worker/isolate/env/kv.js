// env.KV: a Workers KV namespace.

import { argument, int, isObject, list, orNull, record, string } from './convert.js'
import { native } from './tag.js'

/** @typedef {import('./d1.js').Wire} Wire */

const maxKeyBytes = 512
const encoder = new TextEncoder()

export class KvNamespace {
  #wire

  /** @param {Wire} wire */
  constructor(wire) {
    this.#wire = wire
  }

  get(key, options) {
    if (Array.isArray(key)) return this.#bulk(list(key, string), getOptions(options), false)
    return this.#value(string(key), getOptions(options))
  }

  getWithMetadata(key, options) {
    if (Array.isArray(key)) return this.#bulk(list(key, string), getOptions(options), true)
    return this.#get(string(key), getOptions(options))
  }

  async #value(key, options) {
    return (await this.#get(key, options)).value
  }

  async #get(key, { type = 'text', cacheTtl }) {
    const path = keyPath('GET', key)
    const query = cacheTtl === undefined ? '' : `&cache_ttl=${cacheTtl}`
    const reply = await this.#wire.call('GET', `${path}?urlencoded=true${query}`, null, undefined, valueKinds[type] ?? 'none')
    const cacheStatus = reply.header('CF-Cache-Status')
    if (reply.status === 404 || reply.status === 410) return { value: null, metadata: null, cacheStatus }
    check('GET', reply)
    if (valueKinds[type] === undefined) {
      throw new TypeError(`Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".`)
    }
    const metadata = reply.header('CF-KV-Metadata')
    return {
      value: valueOf(reply, type),
      metadata: metadata === null ? null : JSON.parse(metadata),
      cacheStatus,
    }
  }

  async #bulk(keys, { type, cacheTtl }, withMetadata) {
    const body = { keys }
    if (type) body.type = type
    if (withMetadata) body.withMetadata = true
    if (cacheTtl !== undefined) body.cacheTtl = String(cacheTtl)
    const reply = await this.#wire.call('POST', '/bulk/get', null, JSON.stringify(body), 'text')
    check('GET_BULK', reply)
    // As in production: of keys that look like indexes of an array nothing is told.
    return new Map(Object.entries(JSON.parse(reply.body)).filter(([key]) => !isIndex(key)))
  }

  async put(key, value, options) {
    key = string(key)
    const given = isObject(value) ? value : string(value)
    const { expiration, expirationTtl, metadata } = argument(options, putOptions, 'PutOptions', `'put' on 'KvNamespace'`, 3)
    const path = keyPath('PUT', key)
    let query = ''
    if (expiration !== undefined) query += `&expiration=${expiration}`
    if (expirationTtl !== undefined) query += `&expiration_ttl=${expirationTtl}`
    const headers = []
    if (metadata !== undefined) headers.push('CF-KV-Metadata', String(JSON.stringify(metadata)))
    if (typeof given === 'string') {
      headers.push('Content-Type', 'text/plain;charset=UTF-8')
    } else if (!(given instanceof ArrayBuffer || ArrayBuffer.isView(given) || given instanceof ReadableStream)) {
      throw new TypeError('KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.')
    } else if (given instanceof ReadableStream && given.locked) {
      throw new TypeError('The ReadableStream has been locked to a reader.')
    }
    check('PUT', await this.#wire.call('PUT', `${path}?urlencoded=true${query}`, headers, given, 'none'))
  }

  async delete(key) {
    check('DELETE', await this.#wire.call('DELETE', `${keyPath('DELETE', string(key))}?urlencoded=true`, null, undefined, 'none'))
  }

  async list(options) {
    const { limit, prefix, cursor } = argument(options, listOptions, 'ListOptions', `'list' on 'KvNamespace'`, 1)
    const query = []
    if (limit > 0) query.push(`key_count_limit=${limit}`)
    if (prefix !== undefined) query.push(`prefix=${formEncode(prefix)}`)
    if (cursor !== undefined) query.push(`cursor=${formEncode(cursor)}`)
    const reply = await this.#wire.call('GET', query.length > 0 ? `/?${query.join('&')}` : '/', null, undefined, 'text')
    check('GET', reply)
    const page = JSON.parse(reply.body)
    for (const key of page.keys) {
      if (typeof key.metadata === 'string') key.metadata = JSON.parse(key.metadata)
    }
    page.cacheStatus = reply.header('CF-Cache-Status')
    return page
  }
}

const putOptions = { expiration: int, expirationTtl: int, metadata: orNull(value => value) }
const listOptions = { limit: int, prefix: orNull(string), cursor: orNull(string) }

/** The options of a get: those, or a type alone. */
const getOptions = options => (options == null || isObject(options) ? record(options, { type: string, cacheTtl: int }) : { type: string(options) })

/** How the wire shall hand over a value of each type. JSON is parsed here: a value that is none throws a SyntaxError. */
const valueKinds = { __proto__: null, text: 'text', json: 'text', arrayBuffer: 'bytes', stream: 'response' }

function valueOf(reply, type) {
  switch (type) {
    case 'json':
      return JSON.parse(reply.body)
    case 'stream':
      return reply.body.body ?? new Response('').body
  }
  return reply.body
}

function check(operation, { status, reason }) {
  if (status < 200 || status >= 300) throw new Error(`KV ${operation} failed: ${status} ${reason}`)
}

function keyPath(operation, key) {
  if (key === '') throw new TypeError('Key name cannot be empty.')
  if (key === '.' || key === '..') throw new TypeError(`"${key}" is not allowed as a key name.`)
  const length = key.length * 3 > maxKeyBytes ? encoder.encode(key).length : 0
  if (length > maxKeyBytes) {
    throw new Error(`KV ${operation} failed: 414 UTF-8 encoded length of ${length} exceeds key length limit of ${maxKeyBytes}.`)
  }
  return '/' + percentEncode(key)
}

/** encodeURIComponent, which refuses what a lone surrogate becomes here: bytes that are no UTF-8. */
function percentEncode(text) {
  if (text.isWellFormed()) return encodeURIComponent(text)
  let encoded = ''
  for (const c of text) {
    const code = c.codePointAt(0)
    if (c.isWellFormed()) encoded += encodeURIComponent(c)
    else for (const byte of [0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f]) encoded += `%${byte.toString(16)}`
  }
  return encoded
}

/** Form encoding, as query strings of this wire have it. */
function formEncode(text) {
  return percentEncode(text).replaceAll('%20', '+')
}

const maxIndex = 2 ** 32 - 2

const isIndex = key => /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) <= maxIndex

native(KvNamespace, 'KvNamespace', {
  get: ['string or Array'], getWithMetadata: ['Array or string'], put: ['string', 'string or Object'], delete: ['string'],
}, ['get', 'getWithMetadata'])

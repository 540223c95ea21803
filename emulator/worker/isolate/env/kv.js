// env.KV: a Workers KV namespace.

import { tag } from './tag.js'

/** @typedef {import('./d1.js').Wire} Wire */

const maxKeyBytes = 512
const encoder = new TextEncoder()

export class KvNamespace {
  #wire

  /** @param {Wire} wire */
  constructor(wire) {
    this.#wire = wire
  }

  async get(key, options) {
    if (Array.isArray(key)) return await this.#bulk(key, options, false)
    return (await this.#get(key, options)).value
  }

  async getWithMetadata(key, options) {
    if (Array.isArray(key)) return await this.#bulk(key, options, true)
    return await this.#get(key, options)
  }

  async #get(key, options) {
    const { type = 'text', cacheTtl } = typeof options === 'string' ? { type: options } : options ?? {}
    const path = keyPath('GET', key)
    const as = valueKinds[type]
    if (as === undefined) {
      throw new TypeError(`Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".`)
    }
    const query = cacheTtl === undefined ? '' : `&cache_ttl=${Math.trunc(cacheTtl)}`
    const reply = await this.#wire.call('GET', `${path}?urlencoded=true${query}`, null, undefined, as)
    const cacheStatus = reply.header('CF-Cache-Status')
    if (reply.status === 404 || reply.status === 410) return { value: null, metadata: null, cacheStatus }
    check('GET', reply)
    const metadata = reply.header('CF-KV-Metadata')
    return {
      value: valueOf(reply, type),
      metadata: metadata === null ? null : JSON.parse(metadata),
      cacheStatus,
    }
  }

  async #bulk(keys, options, withMetadata) {
    const { type, cacheTtl } = typeof options === 'string' ? { type: options } : options ?? {}
    const body = { keys: keys.map(String) }
    if (type !== undefined) body.type = type
    if (withMetadata) body.withMetadata = true
    if (cacheTtl !== undefined) body.cacheTtl = String(cacheTtl)
    const reply = await this.#wire.call('POST', '/bulk/get', null, JSON.stringify(body), 'text')
    check('GET_BULK', reply)
    return new Map(Object.entries(JSON.parse(reply.body)))
  }

  async put(key, value, options) {
    const path = keyPath('PUT', key)
    const { expiration, expirationTtl, metadata } = options ?? {}
    let query = ''
    if (expiration != null) query += `&expiration=${Math.trunc(expiration)}`
    if (expirationTtl != null) query += `&expiration_ttl=${Math.trunc(expirationTtl)}`
    const headers = []
    if (metadata != null) headers.push('CF-KV-Metadata', JSON.stringify(metadata))
    if (typeof value !== 'object' || value === null) {
      value = String(value)
      headers.push('Content-Type', 'text/plain;charset=UTF-8')
    } else if (!(value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof ReadableStream)) {
      throw new TypeError('KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.')
    }
    check('PUT', await this.#wire.call('PUT', `${path}?urlencoded=true${query}`, headers, value, 'none'))
  }

  async delete(key) {
    check('DELETE', await this.#wire.call('DELETE', `${keyPath('DELETE', key)}?urlencoded=true`, null, undefined, 'none'))
  }

  async list(options) {
    const { limit, prefix, cursor } = options ?? {}
    const query = []
    if (limit > 0) query.push(`key_count_limit=${Math.trunc(limit)}`)
    if (prefix != null) query.push(`prefix=${formEncode(prefix)}`)
    if (cursor != null) query.push(`cursor=${formEncode(cursor)}`)
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
  key = String(key)
  if (key === '') throw new TypeError('Key name cannot be empty.')
  if (key === '.' || key === '..') throw new TypeError(`"${key}" is not allowed as a key name.`)
  const length = key.length * 3 > maxKeyBytes ? encoder.encode(key).length : 0
  if (length > maxKeyBytes) {
    throw new Error(`KV ${operation} failed: 414 UTF-8 encoded length of ${length} exceeds key length limit of ${maxKeyBytes}.`)
  }
  return '/' + encodeURIComponent(key)
}

/** Form encoding, as query strings of this wire have it. */
function formEncode(text) {
  return encodeURIComponent(String(text)).replaceAll('%20', '+')
}

tag(KvNamespace, 'KvNamespace')

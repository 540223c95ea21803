// What R2 answers: objects, and their checksums.

import { define, native, needOwn, own } from './tag.js'

const httpHeaders = [
  ['contentType', 'content-type'], ['contentLanguage', 'content-language'], ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'], ['cacheControl', 'cache-control'], ['cacheExpiry', 'expires'],
]

/** HTTP metadata as code sees it: every field there, given or not. cacheExpiry is in milliseconds before. */
export function httpMetadata({ contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl, cacheExpiry }) {
  if (cacheExpiry !== undefined) cacheExpiry = new Date(Number(cacheExpiry))
  return { contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl, cacheExpiry }
}

/** Custom metadata as code sees it. As in production, a key __proto__ is lost. */
export function customMetadata(fields) {
  const made = {}
  for (const { k, v } of fields) made[k] = v
  return made
}

/** An object without its body. */
export class HeadResult {
  /**
   * @param {symbol} key
   * @param {any} meta of the wire
   * @param {{http: object, custom: object}} [sent] the metadata that a put has sent
   * @param {number[]} [include] the kinds of metadata that were asked for
   */
  constructor(key, meta, sent, include = [0, 1]) {
    needOwn(key)
    const { range, httpFields, customFields } = meta
    define(this, {
      ssecKeyMd5: meta.ssec?.keyMd5,
      storageClass: meta.storageClass ?? '',
      range: range && { offset: Number(range.offset), length: Number(range.length), suffix: undefined },
      customMetadata: sent?.custom ?? (customFields || include.includes(1) ? customMetadata(customFields ?? []) : undefined),
      httpMetadata: sent?.http ?? (httpFields || include.includes(0) ? httpMetadata(httpFields ?? {}) : undefined),
      uploaded: new Date(Number(meta.uploaded)),
      checksums: new Checksums(own, meta.checksums),
      httpEtag: `"${meta.etag}"`,
      etag: meta.etag,
      size: Number(meta.size),
      version: meta.version,
      key: meta.name,
    })
  }

  writeHttpMetadata(headers) {
    if (!(headers instanceof Headers)) {
      throw new TypeError("Failed to execute 'writeHttpMetadata' on 'HeadResult': parameter 1 is not of type 'Headers'.")
    }
    const { httpMetadata } = this
    if (httpMetadata === undefined) {
      throw new TypeError(`HTTP metadata unknown for key \`${this.key}\`. Did you forget to add 'httpMetadata' to \`include\` when listing?`)
    }
    for (const [field, header] of httpHeaders) {
      const value = httpMetadata[field]
      if (value !== undefined) headers.set(header, value instanceof Date ? value.toUTCString() : value)
    }
  }
}

/** An object with its body. */
export class GetResult extends HeadResult {
  #response

  constructor(key, meta, response) {
    super(key, meta)
    this.#response = response
  }

  get body() {
    return this.#response.body
  }

  get bodyUsed() {
    return this.#response.bodyUsed
  }

  async arrayBuffer() {
    return await this.#response.arrayBuffer()
  }

  async bytes() {
    return await this.#response.bytes()
  }

  async text() {
    return await this.#response.text()
  }

  async json() {
    return await this.#response.json()
  }

  async blob() {
    const blob = await this.#response.blob()
    const type = this.httpMetadata.contentType
    return type === undefined ? blob : new Blob([blob], { type })
  }
}

/** The hashes of an object as ArrayBuffers, and as hex in JSON. */
class Checksums {
  #hex

  /**
   * @param {symbol} key
   * @param {Record<number, string>} [hex] by the wire's numbers of the hashes
   */
  constructor(key, hex = {}) {
    needOwn(key)
    this.#hex = hex
    define(this, { sha512: bytesOfHex(hex[4]), sha384: bytesOfHex(hex[3]), sha256: bytesOfHex(hex[2]), sha1: bytesOfHex(hex[1]), md5: bytesOfHex(hex[0]) })
  }

  toJSON() {
    const hex = this.#hex
    return { md5: hex[0], sha1: hex[1], sha256: hex[2], sha384: hex[3], sha512: hex[4] }
  }
}

const bytesOfHex = hex => (hex === undefined ? undefined : Uint8Array.fromHex(hex).buffer)

native(HeadResult, 'HeadResult', { writeHttpMetadata: ['Headers'] }, ['writeHttpMetadata'])
native(GetResult, 'GetResult', {})
native(Checksums, 'Checksums', {}, ['toJSON'])

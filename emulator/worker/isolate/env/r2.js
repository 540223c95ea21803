// env.BUCKET: an R2 bucket.

import { tag } from './tag.js'

/** @typedef {import('./d1.js').Wire} Wire */

const hashes = ['md5', 'sha1', 'sha256', 'sha384', 'sha512']
const httpFields = ['contentType', 'contentLanguage', 'contentDisposition', 'contentEncoding', 'cacheControl', 'cacheExpiry']
const httpHeaders = ['content-type', 'content-language', 'content-disposition', 'content-encoding', 'cache-control', 'expires']

/** Before this date a list always included both kinds of metadata. */
const includeDate = '2022-08-04'

const notFound = 10007
const preconditionFailed = [10031, 10032]

export class R2Bucket {
  #wire
  #includeAlways

  /**
   * @param {Wire} wire
   * @param {{date: string}} compat
   */
  constructor(wire, { date }) {
    this.#wire = wire
    this.#includeAlways = date < includeDate
  }

  async head(key) {
    const reply = await this.#read('head', { object: name(key) })
    return reply === null ? null : new R2Object(reply.meta, true)
  }

  async get(key, options) {
    const request = { object: name(key) }
    setRange(request, options?.range)
    if (options?.onlyIf != null) request.onlyIf = condition(options.onlyIf)
    setKey(request, options)
    const reply = await this.#read('get', request)
    if (reply === null) return null
    return reply.status === 412 ? new R2Object(reply.meta, true) : new R2ObjectBody(reply.meta, reply.body)
  }

  async put(key, value, options) {
    const request = { object: name(key) }
    setMetadata(request, options)
    if (options?.onlyIf != null) request.onlyIf = condition(options.onlyIf)
    setHash(request, options)
    const reply = await this.#write('put', request, bodyValue(value))
    if (reply === null) return null
    const object = new R2Object(reply.body, true)
    if (options?.httpMetadata != null) object.httpMetadata = httpMetadata(options.httpMetadata)
    if (options?.customMetadata != null) object.customMetadata = { ...options.customMetadata }
    return object
  }

  async delete(keys) {
    await this.#write('delete', Array.isArray(keys) ? { objects: keys.map(name) } : { object: name(keys) })
  }

  async list(options) {
    const request = {}
    const { limit, prefix, cursor, delimiter, startAfter, include } = options ?? {}
    if (limit != null && limit !== -1) request.limit = Math.trunc(limit)
    Object.assign(request, present({ prefix, cursor, delimiter, startAfter }))
    if (this.#includeAlways) request.include = [0, 1]
    else if (include != null) request.include = include.map(includeCode)
    else if (options != null) request.include = []
    request.newRuntime = true
    const { meta } = await this.#read('list', request)
    const objects = meta.objects.map(object => new R2Object(object, false))
    return {
      objects,
      truncated: meta.truncated,
      ...(meta.truncated && { cursor: meta.cursor }),
      delimitedPrefixes: meta.delimitedPrefixes ?? [],
    }
  }

  async createMultipartUpload(key, options) {
    const request = { object: name(key) }
    setMetadata(request, options)
    const { body } = await this.#write('createMultipartUpload', request)
    return new R2MultipartUpload((...args) => this.#write(...args), String(key), body.uploadId)
  }

  resumeMultipartUpload(key, uploadId) {
    return new R2MultipartUpload((...args) => this.#write(...args), String(key), String(uploadId))
  }

  /** @returns {Promise<import('./d1.js').Reply | null>} null when there is no such object */
  async #read(method, request) {
    const header = JSON.stringify({ version: 1, method, ...request })
    return checked(method, await this.#wire.call('GET', '/', ['CF-R2-Request', header], undefined, 'r2'))
  }

  async #write(method, request, value) {
    return checked(method, await this.#wire.put(JSON.stringify({ version: 1, method, ...request }), value))
  }
}

/** null for what is not there, or not as the caller's conditions want it. */
function checked(method, reply) {
  if (reply.status < 400) return reply
  const header = reply.header('CF-R2-Error')
  const { v4code = 0, message = 'Unspecified error' } = header === null ? {} : JSON.parse(header)
  if (reply.status === 404 && v4code === notFound && ['head', 'get', 'delete', 'abortMultipartUpload'].includes(method)) return null
  if (reply.status === 412 && preconditionFailed.includes(v4code)) {
    if (method === 'put') return null
    if (method === 'get' && reply.meta !== undefined) return reply
  }
  throw new Error(`${method}: ${message} (${v4code})`)
}

class R2Object {
  constructor(meta, whole) {
    this.key = meta.name
    this.version = meta.version
    this.size = Number(meta.size)
    this.etag = meta.etag
    this.httpEtag = `"${meta.etag}"`
    this.uploaded = new Date(Number(meta.uploaded))
    this.checksums = new R2Checksums(meta.checksums)
    this.storageClass = meta.storageClass ?? ''
    if (meta.httpFields || whole) this.httpMetadata = storedHttpMetadata(meta.httpFields ?? {})
    if (meta.customFields || whole) this.customMetadata = Object.fromEntries((meta.customFields ?? []).map(({ k, v }) => [k, v]))
    if (meta.range) this.range = { offset: Number(meta.range.offset), length: Number(meta.range.length) }
    if (meta.ssec) this.ssecKeyMd5 = meta.ssec.keyMd5
  }

  writeHttpMetadata(headers) {
    if (this.httpMetadata === undefined) {
      throw new TypeError('HTTP metadata unknown for key `' + this.key + '`. Did you forget to add `httpMetadata` to `include` when listing?')
    }
    httpFields.forEach((field, n) => {
      const value = this.httpMetadata[field]
      if (value !== undefined) headers.set(httpHeaders[n], value instanceof Date ? value.toUTCString() : value)
    })
  }
}

class R2ObjectBody extends R2Object {
  #response

  constructor(meta, response) {
    super(meta, true)
    this.#response = response
  }

  get body() {
    return this.#response.body
  }

  get bodyUsed() {
    return this.#response.bodyUsed
  }

  async arrayBuffer() {
    return this.#response.arrayBuffer()
  }

  async bytes() {
    return new Uint8Array(await this.#response.arrayBuffer())
  }

  async text() {
    return this.#response.text()
  }

  async json() {
    return this.#response.json()
  }

  async blob() {
    const blob = await this.#response.blob()
    const type = this.httpMetadata.contentType
    return type === undefined ? blob : new Blob([blob], { type })
  }
}

/** The hashes of an object as ArrayBuffers, and as hex in JSON. */
class R2Checksums {
  #hex

  constructor(byNumber = {}) {
    this.#hex = {}
    hashes.forEach((hash, n) => {
      const hex = byNumber[n]
      if (hex === undefined) return
      this.#hex[hash] = hex
      this[hash] = Uint8Array.fromHex(hex).buffer
    })
  }

  toJSON() {
    return { ...this.#hex }
  }
}

class R2MultipartUpload {
  #write

  constructor(write, key, uploadId) {
    this.#write = write
    this.key = key
    this.uploadId = uploadId
  }

  async uploadPart(partNumber, value, options) {
    if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10000) {
      throw new TypeError(`Part number must be between 1 and 10000 (inclusive). Actual value was: ${partNumber}`)
    }
    const request = { object: this.key, uploadId: this.uploadId, partNumber }
    setKey(request, options)
    const { body } = await this.#write('uploadPart', request, bodyValue(value))
    return { partNumber, etag: body.etag }
  }

  async complete(parts) {
    const request = {
      object: this.key,
      uploadId: this.uploadId,
      parts: parts.map(({ etag, partNumber }) => ({ etag, part: partNumber })),
    }
    const { body } = await this.#write('completeMultipartUpload', request)
    return new R2Object(body, true)
  }

  async abort() {
    await this.#write('abortMultipartUpload', { object: this.key, uploadId: this.uploadId })
  }
}

const name = key => String(key)

/** Without the properties that are undefined. */
function present(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value != null).map(([key, value]) => [key, String(value)]))
}

/** null stands for an empty object. */
function bodyValue(value) {
  if (value === null) return ''
  const known = typeof value === 'string' || value instanceof ArrayBuffer || ArrayBuffer.isView(value) ||
    value instanceof ReadableStream || value instanceof Blob
  if (!known) {
    throw new TypeError("Failed to execute 'put' on 'R2Bucket': parameter 2 is not of type 'ReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'.")
  }
  return value
}

function setMetadata(request, options) {
  if (options == null) return
  const { httpMetadata: http, customMetadata: custom, storageClass } = options
  request.customFields = Object.entries(custom ?? {}).map(([k, v]) => ({ k, v: String(v) }))
  request.httpFields = {}
  for (const [field, value] of Object.entries(http == null ? {} : httpMetadata(http))) {
    request.httpFields[field] = value instanceof Date ? String(value.getTime()) : value
  }
  if (storageClass != null) request.storageClass = String(storageClass)
  setKey(request, options)
}

/** HTTP metadata as an object, from one or from Headers. */
function httpMetadata(from) {
  const fields = {}
  httpFields.forEach((field, n) => {
    const value = from instanceof Headers ? from.get(httpHeaders[n]) : from[field]
    if (value == null) return
    fields[field] = field === 'cacheExpiry' ? new Date(value) : String(value)
  })
  return fields
}

function storedHttpMetadata(fields) {
  const { cacheExpiry, ...rest } = fields
  return cacheExpiry === undefined ? rest : { ...rest, cacheExpiry: new Date(Number(cacheExpiry)) }
}

function setHash(request, options) {
  const given = hashes.filter(hash => options?.[hash] != null)
  if (given.length > 1) throw new TypeError('You cannot specify multiple hashing algorithms.')
  for (const hash of given) {
    const bytes = hashBytes(hash, options[hash])
    request[hash] = hash === 'md5' ? bytes.toBase64() : bytes.toHex()
  }
}

const hashSizes = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

function hashBytes(hash, value) {
  let bytes
  if (typeof value === 'string') {
    if (!/^([0-9a-f]{2})*$/i.test(value)) throw new TypeError(`Provided ${hash} wasn't a valid hex string`)
    bytes = Uint8Array.fromHex(value)
  } else {
    bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (bytes.length !== hashSizes[hash]) {
    throw new TypeError(`${hash.toUpperCase()} is ${hashSizes[hash]} bytes, not ${bytes.length}`)
  }
  return bytes
}

function setKey(request, options) {
  const key = options?.ssecKey
  if (key == null) return
  const hex = typeof key === 'string' ? key : new Uint8Array(key).toHex()
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new Error('SSE-C Key must be 32 bytes in length.')
  request.ssec = { key: hex }
}

function setRange(request, range) {
  if (range == null) return
  if (range instanceof Headers) {
    const header = range.get('range')
    if (header !== null) request.rangeHeader = header
    return
  }
  const { offset, length, suffix } = range
  if (suffix != null && (offset != null || length != null)) {
    throw new TypeError(`Suffix is incompatible with ${offset != null ? 'offset' : 'length'}.`)
  }
  request.range = present({ offset: whole(offset, 'offset'), length: whole(length, 'length'), suffix: whole(suffix, 'suffix') })
}

function whole(value, field) {
  if (value == null) return undefined
  if (value < 0) throw new RangeError(`Invalid range. ${field[0].toUpperCase()}${field.slice(1)} (${value}) must be greater than or equal to 0.`)
  return Math.trunc(value)
}

/** Conditions on the wire, from an R2Conditional or from a request's Headers. */
function condition(onlyIf) {
  const wire = {}
  if (onlyIf instanceof Headers) {
    const match = onlyIf.get('if-match')
    const noneMatch = onlyIf.get('if-none-match')
    if (match !== null) wire.etagMatches = headerEtags(match)
    if (noneMatch !== null) wire.etagDoesNotMatch = headerEtags(noneMatch)
    setTime(wire, 'uploadedAfter', onlyIf.get('if-modified-since'))
    setTime(wire, 'uploadedBefore', onlyIf.get('if-unmodified-since'))
    wire.secondsGranularity = true
    return wire
  }
  if (onlyIf.etagMatches != null) wire.etagMatches = etags(onlyIf.etagMatches)
  if (onlyIf.etagDoesNotMatch != null) wire.etagDoesNotMatch = etags(onlyIf.etagDoesNotMatch)
  setTime(wire, 'uploadedBefore', onlyIf.uploadedBefore)
  setTime(wire, 'uploadedAfter', onlyIf.uploadedAfter)
  if (onlyIf.secondsGranularity) wire.secondsGranularity = true
  return wire
}

function setTime(wire, field, value) {
  if (value == null) return
  const time = new Date(value).getTime()
  if (!Number.isNaN(time)) wire[field] = String(time)
}

function etags(value) {
  return (Array.isArray(value) ? value : [value]).map(etag => {
    etag = String(etag)
    if (etag === '*') return { type: 'wildcard' }
    if (/^(W\/)?".*"$/.test(etag)) throw new TypeError(`Conditional ETag should not be wrapped in quotes (${etag}).`)
    return { value: etag, type: 'strong' }
  })
}

function headerEtags(header) {
  if (header.trim() === '*') return [{ type: 'wildcard' }]
  const list = []
  for (const [, weak, value] of header.matchAll(/(W\/)?"([^"]*)"/g)) list.push({ value, type: weak ? 'weak' : 'strong' })
  return list
}

function includeCode(field) {
  switch (field) {
    case 'httpMetadata':
      return 0
    case 'customMetadata':
      return 1
  }
  throw new RangeError(`Unsupported include value ${field}`)
}

tag(R2Bucket, 'R2Bucket')
tag(R2Object, 'HeadResult')
tag(R2ObjectBody, 'GetResult')
tag(R2Checksums, 'Checksums')
tag(R2MultipartUpload, 'R2MultipartUpload')

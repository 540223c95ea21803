// env.BUCKET: an R2 bucket.

import { argument, int, isObject, list, string, wellFormed } from './convert.js'
import { HeadResult, GetResult, customMetadata, httpMetadata } from './r2object.js'
import { condition, getOptions, listOptions, multipartOptions, putOptions, setHash, setKey, setMetadata, setRange, uploadPartOptions } from './r2options.js'
import { define, native, needOwn, own } from './tag.js'

/** @typedef {import('./d1.js').Wire} Wire */

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
    return reply === null ? null : new HeadResult(own, reply.meta)
  }

  async get(key, options) {
    const request = { object: name(key) }
    const given = argument(options, getOptions, 'GetOptions', `'get' on 'R2Bucket'`, 2)
    const onlyIf = condition(given.onlyIf)
    setRange(request, given.range)
    request.onlyIf = onlyIf
    setKey(request, given.ssecKey)
    const reply = await this.#read('get', request)
    if (reply === null) return null
    return reply.status === 412 ? new HeadResult(own, reply.meta) : new GetResult(own, reply.meta, reply.body)
  }

  async put(key, value, options) {
    const request = { object: name(key) }
    const body = value == null ? '' : bodyOf(value, `'put' on 'R2Bucket'`)
    const given = argument(options, putOptions, 'PutOptions', `'put' on 'R2Bucket'`, 3)
    const onlyIf = condition(given.onlyIf)
    setMetadata(request, given)
    request.onlyIf = onlyIf
    setHash(request, given)
    setKey(request, given.ssecKey)
    const reply = await this.#write('put', request, body)
    if (reply === null) return null
    return new HeadResult(own, reply.body, { http: httpMetadata(given.httpMetadata ?? {}), custom: customMetadata(given.customMetadata ?? []) })
  }

  async delete(keys) {
    await this.#write('delete', Array.isArray(keys) ? { objects: list(keys, name) } : { object: name(keys) })
  }

  async list(options) {
    const request = argument(options, listOptions, 'ListOptions', `'list' on 'R2Bucket'`, 1)
    if (request.limit === -1) delete request.limit
    if (this.#includeAlways) request.include = [0, 1]
    else if (options != null) request.include = (request.include ?? []).map(includeCode)
    request.newRuntime = true
    const { meta } = await this.#read('list', request)
    const { include = [0, 1] } = request
    return {
      objects: meta.objects.map(object => new HeadResult(own, object, undefined, include)),
      truncated: meta.truncated,
      cursor: meta.cursor,
      delimitedPrefixes: meta.delimitedPrefixes ?? [],
    }
  }

  async createMultipartUpload(key, options) {
    const request = { object: name(key) }
    const given = argument(options, multipartOptions, 'MultipartOptions', `'createMultipartUpload' on 'R2Bucket'`, 2)
    setMetadata(request, given)
    setKey(request, given.ssecKey)
    const { body } = await this.#write('createMultipartUpload', request)
    return this.#upload(request.object, body.uploadId)
  }

  resumeMultipartUpload(key, uploadId) {
    return this.#upload(name(key), name(uploadId))
  }

  #upload(key, uploadId) {
    return new R2MultipartUpload(own, key, uploadId, (...args) => this.#write(...args))
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

class R2MultipartUpload {
  #write

  constructor(key, object, uploadId, write) {
    needOwn(key)
    this.#write = write
    define(this, { uploadId, key: object })
  }

  async uploadPart(partNumber, value, options) {
    const number = int(partNumber)
    const body = bodyOf(value, `'uploadPart' on 'R2MultipartUpload'`)
    const { ssecKey } = argument(options, uploadPartOptions, 'UploadPartOptions', `'uploadPart' on 'R2MultipartUpload'`, 3)
    const request = { object: this.key, uploadId: this.uploadId, partNumber: partNumberOf(number) }
    setKey(request, ssecKey)
    const { body: { etag } } = await this.#write('uploadPart', request, body)
    return { partNumber: number, etag }
  }

  async complete(parts) {
    if (!Array.isArray(parts)) throw new TypeError(wrongParts)
    const given = Array.from(parts, uploadedPart)
    const request = {
      object: this.key,
      uploadId: this.uploadId,
      parts: given.map(({ etag, partNumber }) => ({ etag, part: partNumberOf(partNumber) })),
    }
    const { body } = await this.#write('completeMultipartUpload', request)
    return new HeadResult(own, body)
  }

  async abort() {
    await this.#write('abortMultipartUpload', { object: this.key, uploadId: this.uploadId })
  }
}

const wrongParts = "Failed to execute 'complete' on 'R2MultipartUpload': parameter 1 is not of type 'Array'."

function uploadedPart(part, n) {
  if (part != null && !isObject(part)) throw new TypeError(`Incorrect type for array element ${n}: the provided value is not of type 'UploadedPart'.`)
  if (part == null) throw new TypeError('Cannot initialize an UploadedPart with required members from an undefined or null value.')
  return { partNumber: int(part.partNumber), etag: name(part.etag) }
}

function partNumberOf(number) {
  if (number < 1 || number > 10000) throw new TypeError(`Part number must be between 1 and 10000 (inclusive). Actual value was: ${number}`)
  return number
}

const name = key => wellFormed(string(key))

const bodyTypes = 'JsReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'

/** A value as the wire takes it. */
function bodyOf(value, method) {
  const known = typeof value === 'string' || value instanceof ArrayBuffer || ArrayBuffer.isView(value) ||
    value instanceof ReadableStream || value instanceof Blob
  if (!known) throw new TypeError(`Failed to execute ${method}: parameter 2 is not of type '${bodyTypes}'.`)
  if (value instanceof ReadableStream && value.locked) throw new TypeError('The ReadableStream has been locked to a reader.')
  return value
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

native(R2Bucket, 'R2Bucket', {
  head: ['string'], get: ['string'], put: ['string', bodyTypes], delete: ['string or Array'],
  createMultipartUpload: ['string'], resumeMultipartUpload: ['string', 'string'],
}, ['resumeMultipartUpload'])
native(R2MultipartUpload, 'R2MultipartUpload', { uploadPart: ['integer', bodyTypes], complete: ['Array'] })

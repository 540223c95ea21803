// The options of R2's methods: what they may be, and what becomes of them on the wire.

import { bytesOf, date, headerDate, int, isObject, number, record, string, text, wellFormed, wrongField } from './convert.js'

/** A field that is bytes or a string, of which forms must be one already. */
const bytesOr = (types, make) => (value, field, name) => bytesOf(value) ?? make(value, field, () => wrongField(field, name, types))

const hash = bytesOr('BufferSource or string', (value, _, refuse) => (typeof value === 'string' ? value : refuse()))
const key = bytesOr('', value => string(value))

const conditional = { etagMatches: text, etagDoesNotMatch: text, uploadedBefore: date, uploadedAfter: date, secondsGranularity: Boolean }
const http = {
  contentType: metadataText, contentLanguage: metadataText, contentDisposition: metadataText, contentEncoding: metadataText, cacheControl: metadataText,
  cacheExpiry: date,
}

function metadataText(value) {
  return wellFormed(string(value))
}

/** A field that is a record or Headers. */
const recordOrHeaders = (shape, type, fromHeaders) => (value, field, name) => {
  if (value instanceof Headers) return fromHeaders(value)
  if (value !== null && !isObject(value)) wrongField(field, name, `${type} or Headers`)
  return record(value, shape, type)
}

const onlyIf = recordOrHeaders(conditional, 'Conditional', headers => ({ headers }))
const range = recordOrHeaders({ offset: number, length: number, suffix: number }, 'Range', headers => ({ headers }))
const httpMetadata = recordOrHeaders(http, 'HttpMetadata', fromHeaders)

function fromHeaders(headers) {
  const fields = {}
  for (const [field, header] of headersOfFields) {
    const value = headers.get(header)
    if (value !== null) fields[field] = field === 'cacheExpiry' ? headerDate(value) : value
  }
  return fields
}

const headersOfFields = [
  ['contentType', 'content-type'], ['contentEncoding', 'content-encoding'], ['contentDisposition', 'content-disposition'],
  ['contentLanguage', 'content-language'], ['cacheControl', 'cache-control'], ['cacheExpiry', 'expires'],
]

/** The wire's form of an object of strings. */
function customMetadata(value, field, name) {
  if (!isObject(value) || Array.isArray(value)) wrongField(field, name, 'object')
  return Object.entries(value).map(([k, v]) => ({ k: wellFormed(k), v: metadataText(v) }))
}

function include(value, field, name) {
  if (!Array.isArray(value)) wrongField(field, name, 'Array')
  value.forEach((element, n) => {
    if (typeof element !== 'string') throw new TypeError(`Incorrect type for array element ${n}: the provided value is not of type 'string'.`)
  })
  return value
}

export const getOptions = { onlyIf, range, ssecKey: key }
export const putOptions = {
  onlyIf, httpMetadata, customMetadata, md5: hash, sha1: hash, sha256: hash, sha384: hash, sha512: hash, storageClass: metadataText, ssecKey: key,
}
export const multipartOptions = { httpMetadata, customMetadata, storageClass: metadataText, ssecKey: key }
export const uploadPartOptions = { ssecKey: key }
export const listOptions = { limit: int, prefix: text, cursor: text, delimiter: text, startAfter: text, include }

export function setMetadata(request, { httpMetadata, customMetadata, storageClass }) {
  if (customMetadata !== undefined) request.customFields = customMetadata
  if (httpMetadata !== undefined) request.httpFields = { ...httpMetadata, ...present({ cacheExpiry: httpMetadata.cacheExpiry }) }
  if (storageClass !== undefined) request.storageClass = storageClass
}

/** On the wire 64 bits of ones stand for what is not given, and that is what -1 becomes. */
const present = fields => Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, value === undefined || value === -1 ? undefined : String(value)]))

const hashNames = { md5: ['MD5', 16], sha1: ['SHA-1', 20], sha256: ['SHA-256', 32], sha384: ['SHA-384', 48], sha512: ['SHA-512', 64] }

export function setHash(request, options) {
  let given = false
  for (const [field, [name, size]] of Object.entries(hashNames)) {
    const value = options[field]
    if (value === undefined) continue
    if (given) throw new TypeError('You cannot specify multiple hashing algorithms.')
    given = true
    const bytes = hashBytes(value, name, size)
    request[field] = field === 'md5' ? bytes.toBase64() : bytes.toHex()
  }
}

function hashBytes(value, name, size) {
  if (typeof value !== 'string') {
    if (value.length !== size) throw new TypeError(`${name} is ${size} bytes, not ${value.length}`)
    return value
  }
  if (value.length !== 2 * size) throw new TypeError(`${name} is ${2 * size} hex characters, not ${value.length}`)
  if (!/^[0-9a-f]*$/i.test(value)) throw new TypeError(`Provided ${name} wasn't a valid hex string`)
  return Uint8Array.fromHex(value)
}

export function setKey(request, key) {
  if (key === undefined) return
  if (typeof key === 'string' && !/^[0-9a-f]+$/.test(key)) throw new Error('SSE-C Key has invalid format')
  if (key.length !== (typeof key === 'string' ? 64 : 32)) throw new Error('SSE-C Key must be 32 bytes in length')
  request.ssec = { key: typeof key === 'string' ? key : key.toHex() }
}

export function setRange(request, range) {
  if (range === undefined) return
  if (range.headers) {
    const header = range.headers.get('range')
    if (header !== null) request.rangeHeader = header
    return
  }
  const { offset, length, suffix } = range
  if (offset !== undefined) needWhole(offset, 'Starting offset', 'range')
  if (length !== undefined) needWhole(length, 'Length', 'range')
  if (suffix !== undefined) {
    if (offset !== undefined) throw new TypeError('Suffix is incompatible with offset.')
    if (length !== undefined) throw new TypeError('Suffix is incompatible with length.')
    needWhole(suffix, 'Suffix', 'suffix')
  }
  request.range = { offset: position(offset), length: position(length), suffix: position(suffix) }
}

function needWhole(value, what, kind) {
  const said = `${what} (${Number.isNaN(value) ? 'nan' : value})`
  if (!(value >= 0)) throw new RangeError(`Invalid ${kind}. ${said} must be greater than or equal to 0.`)
  if (value !== Infinity && !Number.isInteger(value)) throw new RangeError(`Invalid range. ${said} must be an integer, not floating point.`)
}

const farthest = 2n ** 63n - 1n

/** A position in an object on the wire. None is farther than 63 bits reach. */
const position = value => (value === undefined ? undefined : String(value < 2 ** 63 ? BigInt(value) : farthest))

/** Conditions on the wire, from a record or from a request's Headers. */
export function condition(onlyIf) {
  if (onlyIf === undefined) return undefined
  const given = onlyIf.headers ? conditionOfHeaders(onlyIf.headers) : conditionOfRecord(onlyIf)
  const { etagMatches, etagDoesNotMatch, secondsGranularity, ...times } = given
  return { etagMatches, etagDoesNotMatch, ...present(times), secondsGranularity }
}

function conditionOfRecord({ etagMatches, etagDoesNotMatch, ...rest }) {
  return { etagMatches: oneEtag(etagMatches), etagDoesNotMatch: oneEtag(etagDoesNotMatch), ...rest }
}

function conditionOfHeaders(headers) {
  const condition = { secondsGranularity: true }
  for (const [field, header] of [['etagMatches', 'if-match'], ['etagDoesNotMatch', 'if-none-match']]) {
    const value = headers.get(header)
    if (value === null) continue
    condition[field] = headerEtags(value)
    if (condition[field].length === 0) throw new Error(`Invalid ETag in ${header} header`)
  }
  for (const [field, header] of [['uploadedAfter', 'if-modified-since'], ['uploadedBefore', 'if-unmodified-since']]) {
    const value = headers.get(header)
    if (value !== null) condition[field] = headerDate(value)
  }
  return condition
}

function oneEtag(etag) {
  if (etag === undefined) return undefined
  if (etag.startsWith('"') && etag.endsWith('"')) throw new TypeError(`Conditional ETag should not be wrapped in quotes (${etag}).`)
  return etag === '*' ? [{ type: 'wildcard' }] : [{ value: etag, type: 'strong' }]
}

const unexpected = {
  '*': "Encountered a wildcard character '*' instead.",
  '"': `Encountered a double quote character '"' instead. This would otherwise indicate the start of a new strong etag.`,
  W: "Encountered a weak quotation character 'W' instead. This would otherwise indicate the start of a new weak etag.",
}

/** The etags of a header, up to where something else stands. */
function headerEtags(rest) {
  const etags = []
  let apart = true // from the one before, by a comma
  while (/["*]/.test(rest)) {
    const at = rest.search(/[,*"W]/)
    const mark = rest[at]
    if (rest.slice(0, at).trim() !== '') break
    if (mark === ',') {
      rest = rest.slice(at + 1)
      apart = true
      continue
    }
    if (!apart) throw new Error(`Comma was expected to separate etags. ${unexpected[mark]}`)
    const quote = rest.search(/["*]/)
    if (rest[quote] === '*') return [{ type: 'wildcard' }]
    const end = rest.indexOf('"', quote + 1)
    if (end < 0) throw new Error('Unclosed double quote for Etag')
    if (mark === 'W' && rest.slice(at, quote) !== 'W/') throw new Error('Weak etags must start with W/ and their value must be quoted')
    etags.push({ value: rest.slice(quote + 1, end), type: mark === 'W' ? 'weak' : 'strong' })
    rest = rest.slice(end + 1)
    apart = false
  }
  return etags
}

// node:url.

import native from 'cfemu:native/url'
import { codes } from 'node:internal/errors'
import { parse as parseQuery, stringify as stringifyQuery } from 'node:querystring'
import { validateObject, validateString } from 'node:internal/validators'

export const { URL, URLSearchParams } = globalThis

export function domainToASCII(domain) {
  if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain')
  return native.toASCII(`${domain}`)
}

export function domainToUnicode(domain) {
  if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain')
  return native.toUnicode(`${domain}`)
}

/** The options of http.request that a URL stands for. */
export function urlToHttpOptions(url) {
  validateObject(url, 'url', { allowArray: true, allowFunction: true })
  const { hostname, pathname, port, username, password, search } = url
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname && hostname[0] === '[' ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  }
  if (port !== '') options.port = Number(port)
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return options
}

/** @param {string | URL} path a file: URL */
export function fileURLToPath(path, options) {
  const windows = options?.windows
  if (typeof path === 'string') path = new URL(path)
  else if (!(path instanceof URL)) throw new codes.ERR_INVALID_ARG_TYPE('path', ['string', 'URL'], path)
  if (path.protocol !== 'file:') throw new codes.ERR_INVALID_URL_SCHEME('file')
  let name = path.pathname
  if (/%2f/i.test(name) || (windows && /%5c/i.test(name))) {
    throw new codes.ERR_INVALID_FILE_URL_PATH(windows ? 'must not include encoded \\ or / characters' : 'must not include encoded / characters')
  }
  if (!windows) {
    if (path.hostname !== '') throw new codes.ERR_INVALID_FILE_URL_HOST('linux')
    return decodeURIComponent(name)
  }
  name = decodeURIComponent(name.replaceAll('/', '\\'))
  if (path.hostname !== '') return `\\\\${domainToUnicode(path.hostname)}${name}`
  if (!/^\\[a-zA-Z]:/.test(name)) throw new codes.ERR_INVALID_FILE_URL_PATH('must be absolute')
  return name.slice(1)
}

export function pathToFileURL(path, options) {
  validateString(path, 'path')
  const url = new URL('file://')
  if (options?.windows) {
    path = path.replaceAll('\\', '/')
    if (!path.startsWith('/')) path = '/' + path
  } else {
    const trailing = path.endsWith('/') && path.length > 1
    const parts = []
    for (const part of (path.startsWith('/') ? path : `/bundle/${path}`).split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '' && part !== '.') parts.push(part)
    }
    path = '/' + parts.join('/') + (trailing && parts.length > 0 ? '/' : '')
  }
  const escapes = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' }
  url.pathname = path.replace(/[%\\\n\r\t?#]/g, c => escapes[c])
  return url
}

/** What url.parse returns. @constructor */
export function Url() {
  for (const key of ['protocol', 'slashes', 'auth', 'host', 'port', 'hostname', 'hash', 'search', 'query', 'pathname', 'path', 'href']) {
    this[key] = null
  }
}

const slashed = new Set(['http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss'])
const bare = protocol => protocol.replace(/:$/, '')

/** @deprecated as in Node.js */
export function parse(url, parseQueryString, slashesDenoteHost) {
  if (url instanceof Url) return url
  const made = new Url()
  made.parse(url, parseQueryString, slashesDenoteHost)
  return made
}

const escaped = {
  '\t': '%09', '\n': '%0A', '\r': '%0D', ' ': '%20', '"': '%22', '\'': '%27', '<': '%3C', '>': '%3E', '\\': '%5C', '^': '%5E',
  '`': '%60', '{': '%7B', '|': '%7C', '}': '%7D',
}

Url.prototype.parse = function (url, parseQueryString, slashesDenoteHost) {
  validateString(url, 'url')
  let rest = url.replace(/^[\s\u00a0\ufeff]+|[\s\u00a0\ufeff]+$/g, '')
  // Backslashes are slashes up to the query.
  const at = rest.search(/[?#]/)
  rest = at < 0 ? rest.replaceAll('\\', '/') : rest.slice(0, at).replaceAll('\\', '/') + rest.slice(at)

  const scheme = /^[a-z0-9.+-]+:/i.exec(rest)?.[0]
  const protocol = scheme?.toLowerCase()
  if (scheme) {
    this.protocol = protocol
    rest = rest.slice(scheme.length)
  }
  const script = protocol === 'javascript:'
  let slashes = false
  if ((slashesDenoteHost || scheme || /^\/\/[^@/]+@[^@/]+/.test(rest)) && rest.startsWith('//') && !script) {
    slashes = true
    this.slashes = true
    rest = rest.slice(2)
  }
  if (slashes || (protocol && !script && !slashed.has(bare(protocol)))) rest = takeHost(this, rest, url)
  if (!script) rest = rest.replace(/[\t\n\r "'<>\\^`{|}]/g, c => escaped[c])

  const hash = rest.indexOf('#')
  if (hash >= 0) {
    this.hash = rest.slice(hash)
    rest = rest.slice(0, hash)
  }
  const question = rest.indexOf('?')
  if (question >= 0) {
    this.search = rest.slice(question)
    this.query = rest.slice(question + 1)
    rest = rest.slice(0, question)
    if (parseQueryString) this.query = parseQuery(this.query)
  } else if (parseQueryString) {
    this.search = null
    this.query = Object.create(null)
  }
  if (rest) this.pathname = rest
  if (protocol && slashed.has(bare(protocol)) && this.hostname && !this.pathname) this.pathname = '/'
  if (this.pathname || this.search) this.path = (this.pathname || '') + (this.search || '')
  this.href = this.format()
  return this
}

/** Takes user, host and port off the beginning of rest. */
function takeHost(made, rest, url) {
  const end = rest.search(/[/?#]/)
  let authority = end < 0 ? rest : rest.slice(0, end)
  rest = end < 0 ? '' : rest.slice(end)
  const user = authority.lastIndexOf('@')
  if (user >= 0) {
    made.auth = decodeURIComponent(authority.slice(0, user))
    authority = authority.slice(user + 1)
  }
  // What no host can hold ends it.
  const odd = authority.search(/[\t\n\r "%'<>\\^`{|};]/)
  if (odd >= 0) {
    rest = authority.slice(odd) + rest
    authority = authority.slice(0, odd)
  }
  const port = /:(\d*)$/.exec(authority)
  if (port) {
    if (port[1] !== '') made.port = port[1]
    authority = authority.slice(0, -port[0].length)
  }
  const colon = authority[0] === '[' ? -1 : authority.indexOf(':')
  if (colon >= 0) {
    rest = '/' + authority.slice(colon) + rest
    authority = authority.slice(0, colon)
  }
  const ip6 = authority.startsWith('[') && authority.endsWith(']')
  let hostname = authority.length > 255 ? '' : authority.toLowerCase()
  if (!ip6 && hostname !== '') {
    const invalid = /[\0\t\n\r #%/:<>?@[\\\]^|]/.test(hostname)
    hostname = invalid ? '' : native.toASCII(hostname)
    if (hostname === '') {
      const error = new codes.ERR_INVALID_URL()
      error.input = url
      throw error
    }
  }
  made.host = hostname + (made.port ? ':' + made.port : '')
  made.hostname = ip6 ? hostname.slice(1, -1) : hostname
  return rest
}

Url.prototype.format = function () {
  let auth = this.auth || ''
  if (auth) auth = encodeURIComponent(auth).replace(/%3A/i, ':') + '@'
  let protocol = this.protocol || '', pathname = this.pathname || '', hash = this.hash || '', host = ''
  if (this.host) {
    host = auth + this.host
  } else if (this.hostname) {
    host = auth + (this.hostname.includes(':') && !this.hostname.startsWith('[') ? `[${this.hostname}]` : this.hostname)
    if (this.port) host += ':' + this.port
  }
  const query = this.query !== null && typeof this.query === 'object' ? stringifyQuery(this.query) : ''
  let search = this.search || (query && `?${query}`) || ''
  if (protocol && !protocol.endsWith(':')) protocol += ':'
  pathname = pathname.replace(/[#?]/g, c => (c === '#' ? '%23' : '%3F'))
  if (this.slashes || slashed.has(bare(protocol))) {
    if (this.slashes || host) {
      if (pathname && !pathname.startsWith('/')) pathname = '/' + pathname
      host = '//' + host
    } else if (protocol === 'file:') {
      host = '//'
    }
  }
  search = search.replaceAll('#', '%23')
  if (hash && !hash.startsWith('#')) hash = '#' + hash
  if (search && !search.startsWith('?')) search = '?' + search
  return protocol + host + pathname + search + hash
}

/** @param {string | URL | Url} value */
export function format(value, options) {
  if (typeof value === 'string') return parse(value).format()
  if (typeof value !== 'object' || value === null) throw new codes.ERR_INVALID_ARG_TYPE('urlObject', ['Object', 'string'], value)
  if (!(value instanceof URL)) return Url.prototype.format.call(value)
  if (options != null) validateObject(options, 'options')
  const { fragment = true, unicode = false, search = true, auth = true } = options ?? {}
  let host = unicode ? domainToUnicode(value.hostname) : value.hostname
  if (value.port) host += ':' + value.port
  const user = auth && (value.username || value.password) ? value.username + (value.password && ':' + value.password) + '@' : ''
  const slashes = value.host || value.protocol === 'file:' ? '//' : ''
  return value.protocol + slashes + user + host + value.pathname + (search ? value.search : '') + (fragment ? value.hash : '')
}

/** @deprecated as in Node.js */
export function resolve(from, to) {
  return parse(from, false, true).resolve(to)
}

export function resolveObject(from, to) {
  return from ? parse(from, false, true).resolveObject(to) : to
}

Url.prototype.resolve = function (relative) {
  return this.resolveObject(parse(relative, false, true)).format()
}

Url.prototype.resolveObject = function (relative) {
  if (typeof relative === 'string') relative = parse(relative, false, true)
  const result = Object.assign(new Url(), this)
  result.hash = relative.hash
  if (relative.href === '') {
    result.href = result.format()
    return result
  }
  if (relative.slashes && !relative.protocol) {
    const { protocol } = result
    Object.assign(result, relative, { protocol })
    if (slashed.has(bare(protocol || '')) && result.hostname && !result.pathname) result.path = result.pathname = '/'
    result.href = result.format()
    return result
  }
  if (relative.protocol && relative.protocol !== result.protocol) {
    Object.assign(result, relative)
    if (slashed.has(bare(relative.protocol)) && !relative.host && relative.protocol !== 'file:') {
      const parts = (relative.pathname || '').split('/')
      while (parts.length > 0 && !(relative.host = parts.shift()));
      result.host = relative.host || ''
      result.hostname = relative.hostname || result.host
      result.pathname = '/' + parts.join('/').replace(/^\/+/, '')
      result.slashes ||= relative.slashes
    }
    result.path = (result.pathname || '') + (result.search || '')
    result.href = result.format()
    return result
  }
  resolvePath(result, relative)
  result.href = result.format()
  return result
}

function resolvePath(result, relative) {
  const relativeAbsolute = relative.host || (relative.pathname && relative.pathname[0] === '/')
  const baseAbsolute = result.pathname && result.pathname[0] === '/'
  const absolute = relativeAbsolute || baseAbsolute || (result.host && relative.pathname)
  let parts = (result.pathname && result.pathname.split('/')) || []
  const wanted = (relative.pathname && relative.pathname.split('/')) || []
  if (relativeAbsolute) {
    if (relative.host || relative.host === '') {
      if (result.host !== relative.host) result.auth = null
      result.host = relative.host
      result.port = relative.port
    }
    if (relative.hostname || relative.hostname === '') {
      if (result.hostname !== relative.hostname) result.auth = null
      result.hostname = relative.hostname
    }
    result.search = relative.search
    result.query = relative.query
    parts = wanted
  } else if (wanted.length > 0) {
    parts = parts.slice(0, -1).concat(wanted)
    result.search = relative.search
    result.query = relative.query
  } else if (relative.search !== null && relative.search !== undefined) {
    result.search = relative.search
    result.query = relative.query
    if (result.pathname !== null || result.search !== null) result.path = (result.pathname || '') + (result.search || '')
    return
  }
  if (parts.length === 0) {
    result.pathname = null
    result.path = result.search ? '/' + result.search : null
    return
  }
  result.pathname = joined(parts, absolute, result.host || relative.host)
  if (result.pathname !== null || result.search !== null) result.path = (result.pathname || '') + (result.search || '')
  result.auth = relative.auth || result.auth
  result.slashes ||= relative.slashes
}

/** Parts as a path without . and .. */
function joined(parts, absolute, host) {
  const last = parts[parts.length - 1]
  const trailing = ((host || parts.length > 1) && (last === '.' || last === '..')) || last === ''
  let up = 0
  for (let i = parts.length - 1; i >= 0; i--) {
    if (parts[i] === '.') {
      parts.splice(i, 1)
    } else if (parts[i] === '..') {
      parts.splice(i, 1)
      up++
    } else if (up > 0) {
      parts.splice(i, 1)
      up--
    }
  }
  if (!absolute) {
    while (up-- > 0) parts.unshift('..')
  }
  if (absolute && parts[0] !== '' && (!parts[0] || parts[0][0] !== '/')) parts.unshift('')
  if (trailing && parts.join('/').slice(-1) !== '/') parts.push('')
  if (absolute && parts[0] !== '' && parts[0]?.[0] !== '/') parts.unshift('')
  return parts.length > 0 ? parts.join('/') : null
}

export default {
  URL, URLSearchParams, Url, domainToASCII, domainToUnicode, fileURLToPath, format, parse, pathToFileURL, resolve, resolveObject,
  urlToHttpOptions,
}

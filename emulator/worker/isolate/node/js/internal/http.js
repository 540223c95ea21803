// What node:http and node:https share.

import { EventEmitter } from 'node:events'
import { unsupported } from 'node:internal/absent'
import { METHODS, STATUS_CODES } from 'node:internal/httpconstants'

export { METHODS, STATUS_CODES }

/** Packages make agents when they load; connections there are none to keep. */
export class Agent extends EventEmitter {
  constructor(options = {}) {
    super()
    this.options = { path: null, ...options }
    this.keepAlive = options.keepAlive || false
    this.keepAliveMsecs = options.keepAliveMsecs || 1000
    this.maxSockets = options.maxSockets || Infinity
    this.maxFreeSockets = options.maxFreeSockets || 256
    this.maxTotalSockets = options.maxTotalSockets || Infinity
    this.scheduling = options.scheduling || 'lifo'
    this.requests = {}
    this.sockets = {}
    this.freeSockets = {}
  }

  destroy() {}

  createConnection() {
    throw unsupported('http', 'Agent.createConnection')
  }

  getName(options = {}) {
    return `${options.host || 'localhost'}:${options.port ?? ''}:${options.localAddress ?? ''}`
  }
}

export function validateHeaderName(name, label) {
  if (typeof name !== 'string' || !/^[\^`\-\w!#$%&'*+.|~]+$/.test(name)) {
    const error = new TypeError(`${label || 'Header name'} must be a valid HTTP token ["${name}"]`)
    throw Object.assign(error, { code: 'ERR_INVALID_HTTP_TOKEN' })
  }
}

export function validateHeaderValue(name, value) {
  if (value === undefined) {
    throw Object.assign(new TypeError(`Invalid value "${value}" for header "${name}"`), { code: 'ERR_HTTP_INVALID_HEADER_VALUE' })
  }
  if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
    throw Object.assign(new TypeError(`Invalid character in header content ["${name}"]`), { code: 'ERR_INVALID_CHAR' })
  }
}

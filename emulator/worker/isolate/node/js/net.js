// node:net: addresses; there are no sockets.

import native from 'cfemu:native/url'
import { absent } from 'node:internal/absent'

export function isIPv4(text) {
  return native.ipVersion(`${text}`) === 4
}

export function isIPv6(text) {
  return native.ipVersion(`${text}`) === 6
}

export function isIP(text) {
  return native.ipVersion(`${text}`)
}

let autoSelectFamily = true, autoSelectFamilyTimeout = 250

export function getDefaultAutoSelectFamily() {
  return autoSelectFamily
}

export function setDefaultAutoSelectFamily(value) {
  autoSelectFamily = value
}

export function getDefaultAutoSelectFamilyAttemptTimeout() {
  return autoSelectFamilyTimeout
}

export function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  autoSelectFamilyTimeout = value
}

export const BlockList = absent('net', 'BlockList')
export const Server = absent('net', 'Server')
export const Socket = absent('net', 'Socket')
export const SocketAddress = absent('net', 'SocketAddress')
export const Stream = Socket
export const connect = absent('net', 'connect')
export const createConnection = absent('net', 'createConnection')
export const createServer = absent('net', 'createServer')

export default {
  BlockList, Server, Socket, SocketAddress, Stream, connect, createConnection, createServer, getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout, isIP, isIPv4, isIPv6, setDefaultAutoSelectFamily, setDefaultAutoSelectFamilyAttemptTimeout,
}

// node:http: its names and constants. Requests are made with fetch.

import { absent } from 'node:internal/absent'
import { Agent, METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:internal/http'

const missing = name => absent('http', name)

export { Agent, METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue }
export const globalAgent = new Agent()
export const maxHeaderSize = 16384
export const ClientRequest = missing('ClientRequest')
export const IncomingMessage = missing('IncomingMessage')
export const OutgoingMessage = missing('OutgoingMessage')
export const Server = missing('Server')
export const ServerResponse = missing('ServerResponse')
export const createServer = missing('createServer')
export const get = missing('get')
export const request = missing('request')

export function setMaxIdleHTTPParsers() {}

export const { WebSocket, CloseEvent, MessageEvent } = globalThis

export default {
  Agent, ClientRequest, CloseEvent, IncomingMessage, METHODS, MessageEvent, OutgoingMessage, STATUS_CODES, Server, ServerResponse,
  WebSocket, createServer, get, globalAgent, maxHeaderSize, request, setMaxIdleHTTPParsers, validateHeaderName, validateHeaderValue,
}

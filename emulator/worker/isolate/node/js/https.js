// node:https: its names and constants. Requests are made with fetch.

import { absent } from 'node:internal/absent'
import { Agent } from 'node:internal/http'

const missing = name => absent('https', name)

export { Agent }
export const globalAgent = new Agent()
export const Server = missing('Server')
export const createServer = missing('createServer')
export const get = missing('get')
export const request = missing('request')

export default { Agent, Server, createServer, get, globalAgent, request }

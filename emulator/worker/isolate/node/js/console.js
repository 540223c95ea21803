// node:console: the global one.

import { absent } from 'node:internal/absent'

const console = globalThis.console

export const Console = absent('console', 'Console')
export const profile = absent('console', 'profile')
export const profileEnd = absent('console', 'profileEnd')
export const context = absent('console', 'context')
export const createTask = absent('console', 'createTask')
export const {
  assert, clear = () => {}, count, countReset, debug, dir, dirxml, error, group, groupCollapsed, groupEnd, info, log, table, time,
  timeEnd, timeLog, timeStamp, trace, warn,
} = console

export default Object.defineProperties(console, {
  Console: { value: Console, writable: true, configurable: true },
})

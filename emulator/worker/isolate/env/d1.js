// env.DB: D1. Shape and argument checks only; the database is at the other end of the wire.

/**
 * @typedef {{status: number, reason: string, header: (name: string) => string | null, body?: any, text?: string, meta?: any}} Reply
 * @typedef {{call: (method: string, target: string, headers: string[] | null, body: unknown, as: string) => Promise<Reply>, put: (meta: string, value: unknown) => Promise<Reply>}} Wire
 * @typedef {{success: boolean, error?: string, meta: Record<string, any>, results?: any}} D1Answer
 */

import { tag } from './tag.js'

const tokenHeader = 'x-cf-d1-session-commit-token'
const rows = '/query?resultsFormat=ROWS_AND_COLUMNS'
const none = '/execute?resultsFormat=NONE'
const constraints = ['first-primary', 'first-unconstrained']

export class D1Database {
  #wire
  #line
  #session

  /** @param {Wire} wire */
  constructor(wire) {
    this.#wire = wire
    this.#line = lineOf(wire, null)
    this.#session = new D1DatabaseSession(this.#line)
  }

  prepare(query) {
    return this.#session.prepare(query)
  }

  async batch(statements) {
    return await this.#session.batch(statements)
  }

  async exec(query) {
    const lines = query.trim().split('\n')
    const answers = listOf(await this.#line.send(none, lines.map(sql => ({ sql })), 'd1'))
    const failed = answers.findIndex(answer => answer.error)
    if (failed >= 0) {
      const message = `Error in line ${failed + 1}: ${lines[failed]}: ${answers[failed].error}`
      throw new Error(`D1_EXEC_ERROR: ${message}`, { cause: new Error(message) })
    }
    let duration = 0
    for (const answer of answers) duration += answer.meta.duration
    return { count: answers.length, duration }
  }

  withSession(constraintOrBookmark) {
    return new D1DatabaseSession(lineOf(this.#wire, constraintOrBookmark?.trim() || 'first-unconstrained'))
  }

  async query() {
    throw new Error('D1_ERROR: D1Database.query() requires the d1_binding_jsrpc compatibility flag. Enable d1_binding_jsrpc before calling query().')
  }

  /** @deprecated */
  async dump() {
    const reply = await this.#wire.call('POST', '/dump', null, undefined, 'bytes')
    if (reply.status !== 200) {
      throw new Error(`D1_DUMP_ERROR: Status + ${reply.status}`, { cause: new Error(`Status ${reply.status}`) })
    }
    return reply.body
  }
}

tag(D1Database, 'WrappedBinding')
Object.defineProperty(D1Database, 'name', { value: 'D1Database', configurable: true })

class D1DatabaseSession {
  #line

  constructor(line) {
    this.#line = line
  }

  prepare(query) {
    return statementOf(this.#line.send, query, [])
  }

  async batch(statements) {
    const queries = statements.map(statement => ({ sql: statement.statement, params: statement.params }))
    const answers = succeeded(await this.#line.send(rows, queries, 'd1'))
    return listOf(answers).map(answer => resultOf(answer))
  }

  getBookmark() {
    const { position } = this.#line
    return position === null || constraints.includes(position) ? null : position
  }
}

class D1PreparedStatement {
  #run

  constructor(run, statement, params) {
    this.#run = run
    this.statement = statement
    this.params = params
  }

  bind(...values) {
    return statementOf(this.#run, this.statement, values.map(parameter))
  }

  async first(column) {
    const { results } = await this.all()
    if (results.length === 0) return null
    const row = results[0]
    if (column === undefined) return row
    if (row[column] === undefined) {
      throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${column})`, { cause: new Error('Column not found') })
    }
    return row[column]
  }

  async run() {
    const { success, meta, results } = firstOf(succeeded(await this.#send(none, 'd1')))
    return results === undefined ? { success, meta } : { success, meta, results }
  }

  async all() {
    return resultOf(firstOf(succeeded(await this.#send(rows, 'd1'))))
  }

  async raw(options) {
    const { results } = firstOf(succeeded(await this.#send(rows, 'json')))
    if (results === undefined) return []
    return options?.columnNames ? [results.columns, ...results.rows] : results.rows
  }

  #send(target, as) {
    return this.#run(target, { sql: this.statement, params: this.params }, as)
  }
}

// Outside of the class, which esbuild would rename if it named itself.
const statementOf = (run, statement, params) => new D1PreparedStatement(run, statement, params)

/**
 * The requests of a session, each at its position and with the news of it: null on the database itself, a
 * constraint before the first query, a bookmark after it.
 */
function lineOf(wire, position) {
  const line = { position, send }
  async function send(target, body, as) {
    const headers = ['Content-Type', 'application/json']
    if (line.position !== null) headers.push(tokenHeader, line.position)
    // With await, and so in all that call this, the caller's lines stay on the stack of an error.
    const reply = await wire.call('POST', target, headers, JSON.stringify(body), as)
    const token = line.position === null ? null : reply.header(tokenHeader)
    if (token !== null && (constraints.includes(line.position) || token > line.position)) line.position = token
    if (reply.body === undefined) throw failure(`Failed to parse body as JSON, got: ${reply.text}`)
    return reply.body
  }
  return line
}

/** What a bound value is on the wire. */
function parameter(value) {
  switch (typeof value) {
    case 'number':
    case 'string':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'object':
      if (value === null) return value
      if (Array.isArray(value) && value.every(isByte)) return value
      if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value))
      // As in production: the elements, whatever their size. A DataView has none.
      if (ArrayBuffer.isView(value)) return Array.from(value)
  }
  const message = `Type '${typeof value}' not supported for value '${value}'`
  throw new Error(`D1_TYPE_ERROR: ${message}`, { cause: new Error(message) })
}

const isByte = value => typeof value === 'number' && value >= 0 && value < 256

const listOf = answer => (Array.isArray(answer) ? answer : [answer])
const firstOf = answer => (Array.isArray(answer) ? answer[0] : answer)

/** Throws the error of an answer, which only ever stands in its first element. */
function succeeded(answer) {
  const { error } = firstOf(answer)
  if (error) throw failure(error)
  return answer
}

const failure = message => new Error(`D1_ERROR: ${message}`, { cause: new Error(message) })

function resultOf({ success, meta, results = [] }) {
  return { success, meta, results }
}

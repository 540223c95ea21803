// env.DB: D1. Shape and argument checks only; the database is at the other end of the wire.

/**
 * @typedef {{status: number, reason: string, header: (name: string) => string | null, body?: any, text?: string, meta?: any}} Reply
 * @typedef {{call: (method: string, target: string, headers: string[] | null, body: unknown, as: string) => Promise<Reply>, put: (meta: string, value: unknown) => Promise<Reply>}} Wire
 * @typedef {{success: boolean, error?: string, meta: Record<string, any>, results?: any}} D1Answer
 */

const tokenHeader = 'x-cf-d1-session-commit-token'
const rows = '/query?resultsFormat=ROWS_AND_COLUMNS'
const none = '/execute?resultsFormat=NONE'
const constraints = ['first-primary', 'first-unconstrained']

export class D1Database {
  #wire
  #session

  /** @param {Wire} wire */
  constructor(wire) {
    this.#wire = wire
    this.#session = new D1DatabaseSession(wire, null)
  }

  prepare(query) {
    return this.#session.prepare(query)
  }

  async batch(statements) {
    return await this.#session.batch(statements)
  }

  async exec(query) {
    const lines = String(query).trim().split('\n')
    const answers = listOf(await this.#session.send(none, lines.map(sql => ({ sql })), 'd1'))
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
    const given = typeof constraintOrBookmark === 'string' ? constraintOrBookmark.trim() : constraintOrBookmark
    return new D1DatabaseSession(this.#wire, given == null || given === '' ? 'first-unconstrained' : given)
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

class D1DatabaseSession {
  #wire
  /** null on the database itself: a constraint before the first query, a bookmark after it. */
  #position

  constructor(wire, position) {
    this.#wire = wire
    this.#position = position
  }

  prepare(query) {
    return new D1PreparedStatement(this, query)
  }

  async batch(statements) {
    const queries = statements.map(statement => ({ sql: statement.statement, params: statement.params }))
    const answers = succeeded(await this.send(rows, queries, 'd1'))
    return listOf(answers).map(answer => resultOf(answer))
  }

  getBookmark() {
    return this.#position === null || constraints.includes(this.#position) ? null : this.#position
  }

  /** Not for users: runs one request, at the bookmark and with the news of it. */
  async send(target, body, as) {
    const headers = ['Content-Type', 'application/json']
    if (this.#position !== null) headers.push(tokenHeader, this.#position)
    // With await, here and below, the caller's lines stay on the stack of an error.
    const reply = await this.#wire.call('POST', target, headers, JSON.stringify(body), as)
    const token = reply.header(tokenHeader)
    if (token !== null && this.#position !== null && (this.getBookmark() === null || token > this.#position)) this.#position = token
    if (reply.body === undefined) throw failure(`Failed to parse body as JSON, got: ${reply.text}`)
    return reply.body
  }
}

class D1PreparedStatement {
  #session

  constructor(session, statement, params = []) {
    this.#session = session
    this.statement = statement
    this.params = params
  }

  bind(...values) {
    return new D1PreparedStatement(this.#session, this.statement, values.map(parameter))
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
    return firstOf(succeeded(await this.#send(none, 'd1')))
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
    return this.#session.send(target, { sql: this.statement, params: this.params }, as)
  }
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
      if (ArrayBuffer.isView(value)) return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }
  const message = `Type '${typeof value}' not supported for value '${String(value)}'`
  throw new Error(`D1_TYPE_ERROR: ${message}`, { cause: new Error(message) })
}

const isByte = value => Number.isInteger(value) && value >= 0 && value <= 255

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

// What the clauses of the suite are written with. It knows no engine and uses only plain ECMAScript.

/** What test() and workers() have collected. */
export const clauses = []

/** A clause that any implementation of the standard satisfies. */
export function test(name, run) {
  clauses.push({ name, run, standard: true })
}

/** A clause that Workers satisfy, by Cloudflare's documentation or against the letter of a standard. */
export function workers(name, run) {
  clauses.push({ name, run, standard: false })
}

/** The longest that one clause may take, in milliseconds. */
const patience = 3000

async function verdict({ name, run }, given) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${patience} ms`)), patience)
  })
  try {
    await Promise.race([run(given), late])
    return { name }
  } catch (e) {
    return { name, error: describe(e) || 'it threw' }
  } finally {
    clearTimeout(timer)
  }
}

function describe(e) {
  if (e instanceof Failure) return e.message
  return e instanceof Error || typeof e?.stack === 'string' ? `${e.name}: ${e.message}\n${e.stack}` : `threw ${show(e)}`
}

/** Runs clauses one after the other. Everything that a clause may use of the event is in given. */
export async function runAll(list, given) {
  const out = []
  for (const clause of list) out.push(await verdict(clause, given))
  return out
}

/** The handler that each case exports as its default. */
export const handler = {
  async fetch(request, env, ctx) {
    return new Response(JSON.stringify(await runAll(clauses, { request, env, ctx })))
  },
}

class Failure extends Error {}

export function fail(message) {
  throw new Failure(message)
}

export function ok(value, what = 'it') {
  if (!value) fail(`${what}: got ${show(value)}, want something true`)
}

/** Fails unless both values are the same: Object.is for primitives, by content for data. */
export function eq(got, want, what = '') {
  if (!same(got, want)) fail(`${what && what + ': '}got ${show(got)}, want ${show(want)}`)
}

/** Fails unless run throws; see thrown for want and message. Returns what was thrown. */
export function throws(want, run, message) {
  let result
  try {
    result = run()
  } catch (e) {
    return thrown(e, want, message)
  }
  if (typeof result?.then === 'function') result.then(() => {}, () => {})
  fail(`got ${show(result)}, want ${label(want)} thrown`)
}

/** Fails unless the promise (or the promise that the function returns) is rejected, and not thrown. */
export async function rejects(want, promise, message) {
  if (typeof promise === 'function') promise = promise()
  if (typeof promise?.then !== 'function') fail(`got ${show(promise)}, want a promise`)
  let result
  try {
    result = await promise
  } catch (e) {
    return thrown(e, want, message)
  }
  fail(`got ${show(result)}, want it rejected with ${label(want)}`)
}

// want is a class of errors, the name of a DOMException, or { value } for that very value.
function thrown(e, want, message) {
  if (typeof want === 'string') {
    if (!(e instanceof DOMException) || e.name !== want) fail(`threw ${inShort(e)}, want a DOMException called ${want}`)
  } else if (typeof want === 'function') {
    if (!(e instanceof want) || e.name !== want.name) fail(`threw ${inShort(e)}, want a ${want.name}`)
  } else if (!Object.is(e, want.value)) fail(`threw ${inShort(e)}, want ${show(want.value)}`)
  if (message instanceof RegExp ? !message.test(e.message) : message !== undefined && e.message !== message) {
    fail(`the message is ${show(e.message)}, want ${show(message)}`)
  }
  return e
}

const inShort = (e) => (e instanceof Error ? `${e.name}: ${e.message}` : show(e))
const label = (want) => (typeof want === 'string' ? want : typeof want === 'function' ? want.name : show(want.value))

const isView = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer

export function bytesOf(v) {
  return v instanceof ArrayBuffer ? [...new Uint8Array(v)] : [...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)]
}

function same(a, b) {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (isView(a) || isView(b)) {
    return isView(a) && isView(b) && a.constructor === b.constructor && same(bytesOf(a), bytesOf(b))
  }
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && Object.is(+a, +b)
  if (a instanceof Map || b instanceof Map) return a instanceof Map && b instanceof Map && same([...a], [...b])
  if (a instanceof Set || b instanceof Set) return a instanceof Set && b instanceof Set && same([...a], [...b])
  if (Array.isArray(a)) {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false
    return true
  }
  const proto = Object.getPrototypeOf(b)
  if (proto !== Object.prototype && proto !== null) return false
  const keys = Object.keys(b)
  if (Object.keys(a).length !== keys.length) return false
  for (const key of keys) if (!Object.hasOwn(a, key) || !same(a[key], b[key])) return false
  return true
}

/** A value as text, for messages. */
export function show(v, depth = 0) {
  if (typeof v === 'string') return JSON.stringify(v.length > 300 ? v.slice(0, 300) + '…' : v)
  if (typeof v === 'bigint') return `${v}n`
  if (Object.is(v, -0)) return '-0'
  if (typeof v === 'function') return `function ${v.name}`
  if (typeof v !== 'object' || v === null) return String(v)
  if (v instanceof Error) return `${v.name}: ${v.message}`
  if (v instanceof Date) return `Date(${Number.isNaN(+v) ? 'NaN' : v.toISOString()})`
  if (depth > 3) return '…'
  const inner = (list) => list.slice(0, 40).map((x) => show(x, depth + 1)).join(', ')
  if (isView(v)) return `${v.constructor.name}[${inner(bytesOf(v))}]`
  if (Array.isArray(v)) return `[${inner(v)}]`
  if (v instanceof Map || v instanceof Set) return `${v.constructor.name}{${inner([...v])}}`
  const name = v.constructor?.name
  const fields = Object.keys(v).slice(0, 40).map((k) => `${k}: ${show(v[k], depth + 1)}`)
  return `${name && name !== 'Object' ? name + ' ' : ''}{${fields.join(', ')}}`
}

/** A promise's state after all microtasks of now have run: pending, fulfilled or rejected. */
export async function stateOf(promise) {
  let state = 'pending'
  promise.then(() => { state = 'fulfilled' }, () => { state = 'rejected' })
  await turn()
  return state
}

/** Resolves in a later task, after all microtasks. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 0))

export const utf8 = (s) => new TextEncoder().encode(s)
export const text = (bytes) => new TextDecoder().decode(bytes)
export const hex = (bytes) => bytesOf(bytes).map((b) => b.toString(16).padStart(2, '0')).join('')
export const unhex = (s) => new Uint8Array((s.match(/../g) ?? []).map((h) => parseInt(h, 16)))

/** All chunks of a stream. */
export async function drain(stream) {
  const reader = stream.getReader()
  const out = []
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return out
    out.push(value)
  }
}

/** A stream that gives these chunks. */
export const streamOf = (...chunks) => new ReadableStream({
  start(c) {
    for (const chunk of chunks) c.enqueue(chunk)
    c.close()
  },
})

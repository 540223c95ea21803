// env.QUEUE: the sending side of a queue.

import { tag } from './tag.js'

/** @typedef {import('./d1.js').Wire} Wire */

const encoder = new TextEncoder()

/** Since this date messages are JSON unless they say otherwise, and errors carry their cause. */
const jsonDate = '2024-03-18'
const causeDate = '2026-03-12'

export class Queue {
  #wire
  #defaultType
  #causes

  /**
   * @param {Wire} wire
   * @param {{date: string, flags: string[]}} compat
   */
  constructor(wire, { date, flags }) {
    this.#wire = wire
    const json = flags.includes('queues_json_messages') || (date >= jsonDate && !flags.includes('no_queues_json_messages'))
    this.#defaultType = json ? 'json' : 'v8'
    this.#causes = date >= causeDate
  }

  async send(body, options) {
    const message = serialize(body, options?.contentType ?? this.#defaultType)
    const headers = ['Content-Type', 'application/octet-stream', 'X-Msg-Fmt', message.contentType]
    if (options?.delaySeconds != null) headers.push('X-Msg-Delay-Secs', String(Math.trunc(options.delaySeconds)))
    const reply = await this.#wire.call('POST', '/message', headers, message.body, 'text')
    return this.#read('send', reply)
  }

  async sendBatch(messages, options) {
    const list = []
    let bytes = 0
    let largest = 0
    for (const { body, contentType, delaySeconds } of messages) {
      const message = serialize(body, contentType ?? this.#defaultType)
      bytes += message.body.length
      largest = Math.max(largest, message.body.length)
      list.push({
        body: message.body.toBase64(),
        contentType: message.contentType,
        ...(delaySeconds != null && { delaySecs: Math.trunc(delaySeconds) }),
      })
    }
    if (list.length === 0) throw new TypeError('sendBatch() requires at least one message')
    const headers = [
      'Content-Type', 'application/json',
      'CF-Queue-Batch-Count', String(list.length),
      'CF-Queue-Batch-Bytes', String(bytes),
      'CF-Queue-Largest-Msg', String(largest),
    ]
    if (options?.delaySeconds != null) headers.push('X-Msg-Delay-Secs', String(Math.trunc(options.delaySeconds)))
    const reply = await this.#wire.call('POST', '/batch', headers, JSON.stringify({ messages: list }), 'text')
    return this.#read('sendBatch', reply)
  }

  async metrics() {
    const reply = await this.#wire.call('GET', '/metrics', null, undefined, 'text')
    return withDates(this.#read('metrics', reply, false))
  }

  #read(operation, reply, nested = true) {
    if (reply.status !== 200) {
      if (!this.#causes) throw new Error(`Queue ${operation} failed: ${reply.reason}`)
      const cause = reply.header('CF-Queues-Error-Cause') ?? 'Unknown Internal Error'
      throw new Error(`${cause} (${reply.header('CF-Queues-Error-Code') ?? '15000'})`)
    }
    const answer = JSON.parse(reply.body)
    if (nested && answer.metadata?.metrics) withDates(answer.metadata.metrics)
    return answer
  }
}

function withDates(metrics) {
  const oldest = metrics.oldestMessageTimestamp
  if (oldest) metrics.oldestMessageTimestamp = new Date(oldest)
  else delete metrics.oldestMessageTimestamp
  return metrics
}

/** A message's body as bytes. */
function serialize(body, contentType) {
  if (body === undefined) throw new TypeError('Message body cannot be undefined')
  switch (contentType) {
    case 'json': {
      const text = JSON.stringify(body)
      if (text === undefined) throw new TypeError(`Message body of type ${typeof body} cannot be serialized as JSON`)
      return { contentType, body: encoder.encode(text) }
    }
    case 'text':
      if (typeof body !== 'string') throw mismatch(contentType, 'string', body)
      return { contentType, body: encoder.encode(body) }
    case 'bytes':
      if (body instanceof ArrayBuffer) return { contentType, body: new Uint8Array(body) }
      if (ArrayBuffer.isView(body)) {
        return { contentType, body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) }
      }
      throw mismatch(contentType, 'ArrayBuffer or ArrayBufferView', body)
    case 'v8':
      throw new TypeError('The embedded engine cannot send queue messages of content type "v8" yet: ' +
        'send them as "json", "text" or "bytes".')
  }
  throw new TypeError(`Unsupported queue message content type: ${contentType}`)
}

function mismatch(contentType, wanted, body) {
  return new TypeError(`Content Type "${contentType}" requires a value of type ${wanted}, but received: ${typeof body}`)
}

tag(Queue, 'WorkerQueue')

// env.AI: Workers AI.

/** @typedef {import('./d1.js').Wire} Wire */

/** The error of a run: its name is what the service says, its message begins with the service's code. */
export class InferenceUpstreamError extends Error {
  constructor(message, name = 'InferenceUpstreamError') {
    super(message)
    this.name = name
  }
}

export class Ai {
  #wire

  /** The log id of the last run that went through a gateway. */
  aiGatewayLogId = null
  lastRequestId = null

  /** @param {Wire} wire */
  constructor(wire) {
    this.#wire = wire
  }

  async run(model, inputs, options) {
    const { prefix, extraHeaders, sessionOptions, signal, websocket, ...rest } = options ?? {}
    if (websocket) throw new Error('env.AI.run() with a WebSocket is not supported by the embedded engine yet.')
    signal?.throwIfAborted()
    const headers = [
      'Content-Type', 'application/json',
      'cf-consn-sdk-version', '2.0.0',
      'cf-consn-model-id', prefix ? `${prefix}:${model}` : model,
    ]
    for (const [name, value] of Object.entries({ ...sessionOptions?.extraHeaders, ...extraHeaders })) headers.push(name, String(value))
    const { target, body } = request(inputs, rest, headers)
    const reply = await this.#wire.call('POST', target, headers, body, 'response')
    const response = reply.body
    this.lastRequestId = reply.header('cf-ai-req-id')
    this.aiGatewayLogId = reply.header('cf-aig-log-id')
    if (options?.returnRawResponse) return response
    if (!response.ok || response.body === null) throw await runError(response)
    // The type alone, without parameters, means an answer that is complete.
    if (reply.header('content-type') === 'application/json') return response.json()
    return response.body
  }

  async models(params) {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(params ?? {})) query.append(name, String(value))
    const answer = await this.#json('GET', `/ai-api/models/search?${query}`)
    return answer.result
  }

  toMarkdown() {
    throw new Error('env.AI.toMarkdown() is not supported by the embedded engine yet.')
  }

  gateway() {
    throw new Error('env.AI.gateway() is not supported by the embedded engine yet.')
  }

  autorag() {
    throw new Error('env.AI.autorag() is not supported by the embedded engine yet.')
  }

  async #json(method, target) {
    const reply = await this.#wire.call(method, target, null, undefined, 'text')
    if (reply.status !== 200) {
      throw new InferenceUpstreamError(JSON.parse(reply.body).errors?.[0]?.message ?? reply.body)
    }
    return JSON.parse(reply.body)
  }
}

/** Where a run goes and with what: a stream among the inputs is the body, and the others go into the URL. */
function request(inputs, options, headers) {
  for (const [name, value] of Object.entries(inputs ?? {})) {
    if (!(value?.body instanceof ReadableStream)) continue
    if (options.gateway) throw new Error('AI Gateway does not support ReadableStream inputs.')
    const { [name]: stream, ...others } = inputs
    const query = new URLSearchParams({ version: '3', userInputs: JSON.stringify({ ...others }) })
    for (const [key, option] of Object.entries(options)) query.append(key, typeof option === 'string' ? option : JSON.stringify(option))
    headers[1] = stream.contentType
    return { target: `/run?${query}`, body: stream.body }
  }
  const target = options.gateway?.id ? '/ai-gateway/run?version=3' : '/run?version=3'
  return { target, body: JSON.stringify({ inputs, options }) }
}

async function runError(response) {
  const text = await response.text()
  let answer
  try {
    answer = JSON.parse(text)
  } catch {
    return new InferenceUpstreamError(text)
  }
  if (answer?.internalCode !== undefined) {
    return new InferenceUpstreamError(`${answer.internalCode}: ${answer.description}`, answer.name)
  }
  const first = answer?.errors?.[0]
  if (first) return new InferenceUpstreamError(`${first.code}: ${first.message}`)
  return new InferenceUpstreamError(text)
}

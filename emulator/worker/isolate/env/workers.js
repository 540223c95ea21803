// What the "cloudflare:" modules export.

/** The base of Workers written as classes: one instance for each event. */
export class WorkerEntrypoint {
  constructor(ctx, env) {
    this.ctx = ctx
    this.env = env
  }
}

function unsupported(name) {
  return class {
    static { Object.defineProperty(this, 'name', { value: name, configurable: true }) }
    constructor() {
      throw new Error(`${name} is not supported by the embedded engine yet.`)
    }
  }
}

// Classes that extend these can be declared, so that a Worker that exports one beside its handlers
// loads; they cannot be constructed.
export const DurableObject = unsupported('DurableObject')
export const WorkflowEntrypoint = unsupported('WorkflowEntrypoint')
export const RpcStub = unsupported('RpcStub')
export const RpcPromise = unsupported('RpcPromise')
export const RpcProperty = unsupported('RpcProperty')
export const ServiceStub = unsupported('ServiceStub')

/** A marker for objects that may be passed by reference. */
export class RpcTarget {}

/**
 * An object that stands for the one that current() returns at the time.
 * @param {() => object} current
 */
export function following(current) {
  return new Proxy({}, {
    get: (_, key) => Reflect.get(current(), key),
    set: (_, key, value) => Reflect.set(current(), key, value),
    has: (_, key) => Reflect.has(current(), key),
    ownKeys: () => Reflect.ownKeys(current()),
    deleteProperty: (_, key) => Reflect.deleteProperty(current(), key),
    defineProperty: (_, key, attributes) => Reflect.defineProperty(current(), key, { ...attributes, configurable: true }),
    getOwnPropertyDescriptor: (_, key) => {
      const found = Reflect.getOwnPropertyDescriptor(current(), key)
      return found && { ...found, configurable: true } // the target has none, so that no other is legal
    },
  })
}

/** Of "cloudflare:sockets". */
export function connect() {
  throw new Error('connect() of cloudflare:sockets is not supported by the embedded engine yet.')
}

/** Of "cloudflare:email". It can be made; there is nothing yet that sends it. */
export class EmailMessage {
  #from
  #to
  #raw

  /**
   * @param {string} from
   * @param {string} to
   * @param {string | ReadableStream} raw
   */
  constructor(from, to, raw) {
    if (arguments.length < 3) {
      throw new TypeError(`Failed to construct 'EmailMessage': 3 arguments required, but only ${arguments.length} present.`)
    }
    this.#from = String(from)
    this.#to = String(to)
    this.#raw = raw
  }

  get from() { return this.#from }
  get to() { return this.#to }
  get raw() { return this.#raw }
}

/** Of "cloudflare:workflows". */
export class NonRetryableError extends Error {
  constructor(message, name = 'NonRetryableError') {
    super(message)
    this.name = name
  }
}

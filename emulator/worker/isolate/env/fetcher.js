// Bindings that are another HTTP service: Workers by name, and the static assets.

export class Fetcher {
  #fetch

  /** @param {typeof fetch} fetch */
  constructor(fetch) {
    this.#fetch = fetch
  }

  fetch(input, init) {
    return this.#fetch(input, init)
  }

  connect() {
    throw new Error('connect() on a binding is not supported by the embedded engine yet.')
  }
}

/** A binding of a type that this engine does not know: using it says so, having it does no harm. */
export function unsupported(name, type) {
  const refuse = () => {
    throw new Error(`The binding ${name} has type "${type}", which the embedded engine does not support yet.`)
  }
  // What code asks of any object before it uses it, when it prints or awaits env.
  const harmless = ['then', 'toJSON', 'constructor', 'toString', 'valueOf']
  return new Proxy({}, {
    get: (target, property) => (typeof property === 'symbol' || harmless.includes(property) ? target[property] : refuse()),
    set: refuse,
  })
}

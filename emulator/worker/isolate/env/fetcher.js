// Bindings that are another HTTP service: Workers by name, and the static assets.

import { tag } from './tag.js'

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

// What code asks of any object before it uses it, when it prints, copies or awaits it.
const harmless = ['then', 'toJSON', 'constructor', 'toString', 'valueOf']

/**
 * A service binding. In production any other name is a method of the other Worker.
 * @param {string} name
 * @param {typeof fetch} fetch
 */
export function service(name, fetch) {
  const own = new Fetcher(fetch)
  const bound = { fetch: own.fetch.bind(own), connect: own.connect }
  return new Proxy(own, {
    get(target, property) {
      if (Object.hasOwn(bound, property)) return bound[property]
      if (typeof property === 'symbol' || harmless.includes(property)) return Reflect.get(target, property)
      return () => Promise.reject(new Error(`RPC is not supported by the embedded engine yet: ${name}.${property}() was called on a service binding.`))
    },
  })
}

/** What production has, under that name, and this engine has not: using it says so, having it does no harm. */
function refusing(text) {
  const refuse = () => {
    throw new Error(text)
  }
  return new Proxy({}, {
    get: (target, property) => (typeof property === 'symbol' || harmless.includes(property) ? target[property] : refuse()),
    set: refuse,
  })
}

/** A binding of a type that this engine does not know. */
export function unsupported(name, type) {
  return refusing(`The binding ${name} has type "${type}", which the embedded engine does not support yet.`)
}

/** ctx.exports, and the exports of cloudflare:workers. */
export function ownExports() {
  return refusing('ctx.exports is not supported by the embedded engine yet.')
}

tag(Fetcher, 'Fetcher')

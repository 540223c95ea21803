// What production's own classes say they are.

/** The text of the error for a method that is called on the wrong object. */
let illegalInvocation = ''

/** @param {string} text */
export function setIllegalInvocation(text) {
  illegalInvocation = text
}

/**
 * Gives a class the name by which production's printers and String() know it.
 * @param {Function} ctor
 * @param {string} name
 */
export function tag(ctor, name) {
  Object.defineProperty(ctor, 'name', { value: name, configurable: true })
  Object.defineProperty(ctor.prototype, Symbol.toStringTag, { value: name, configurable: true })
}

/**
 * Makes a class look as production's own do, which are not written in JavaScript: beside the tag, methods
 * that can be enumerated, count no parameters and refuse an object that is not of the class. required has how
 * many arguments a method must be given, by the name of each one's type. All of them reject, except those
 * in throwing.
 * @param {Function} ctor
 * @param {string} name
 * @param {Record<string, string[]>} required
 * @param {string[]} [throwing]
 */
export function native(ctor, name, required, throwing = []) {
  tag(ctor, name)
  for (const method of Object.getOwnPropertyNames(ctor.prototype)) {
    const { value: run } = Object.getOwnPropertyDescriptor(ctor.prototype, method)
    if (method === 'constructor' || typeof run !== 'function') continue
    const types = required[method] ?? []
    const refusal = (receiver, given) => {
      if (!(receiver instanceof ctor)) return illegalInvocation
      if (given < types.length) return `Failed to execute '${method}' on '${name}': parameter ${given + 1} is not of type '${types[given]}'.`
    }
    const value = {
      [method](...args) {
        const text = refusal(this, args.length)
        if (text === undefined) return run.apply(this, args)
        const error = new TypeError(text)
        if (throwing.includes(method)) throw error
        return Promise.reject(error)
      },
    }[method]
    Object.defineProperty(ctor.prototype, method, { value, writable: true, enumerable: true, configurable: true })
  }
}

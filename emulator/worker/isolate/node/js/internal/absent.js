// What stands in for functions and classes that this engine does not have.

/**
 * A function that can be imported, extended and passed about, and throws when it is called.
 * @param {string} module without "node:"
 * @param {string} name
 */
export function absent(module, name) {
  const f = function () {
    throw unsupported(module, name)
  }
  Object.defineProperty(f, 'name', { value: name, configurable: true })
  return f
}

/** The error for what is missing. */
export function unsupported(module, name) {
  const error = new Error(`node:${module} ${name} is not supported by the embedded engine`)
  error.code = 'ERR_METHOD_NOT_IMPLEMENTED'
  return error
}

// Globals of production that this engine lacks. To ask whether they are there does no harm; to use one
// says what is missing.

/** @param {string} name */
export function absent(name) {
  if (name === 'WebAssembly') return webAssembly()
  const refuse = () => new Error(`${name} is not supported by the embedded engine yet.`)
  const stub = class {
    constructor() {
      throw refuse()
    }
  }
  Object.defineProperty(stub, 'name', { value: name, configurable: true })
  Object.defineProperty(stub.prototype, Symbol.toStringTag, { value: name, configurable: true })
  if (name === 'EventSource') {
    Object.defineProperty(stub, 'from', { value: function from() { throw refuse() }, writable: true, configurable: true, enumerable: true })
  }
  if (name === 'WebSocket') {
    // Both the standard's names and Cloudflare's older ones.
    ;['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((state, value) => {
      for (const key of [state, `READY_STATE_${state}`]) {
        Object.defineProperty(stub, key, { value, enumerable: true })
        Object.defineProperty(stub.prototype, key, { value, enumerable: true })
      }
    })
  }
  return stub
}

/** Production compiles no WebAssembly at run time either, and says so by CompileError. */
function webAssembly() {
  const text = 'WebAssembly is not supported by the embedded engine yet.'
  const wasm = {}
  Object.defineProperty(wasm, Symbol.toStringTag, { value: 'WebAssembly', configurable: true })
  const define = (name, value) => Object.defineProperty(wasm, name, { value, writable: true, configurable: true })
  for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
    const kind = class extends Error {}
    Object.defineProperty(kind, 'name', { value: name, configurable: true })
    Object.defineProperty(kind.prototype, 'name', { value: name, writable: true, configurable: true })
    define(name, kind)
  }
  const refuse = () => new wasm.CompileError(text)
  for (const name of ['Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'Exception']) {
    const stub = class {
      constructor() {
        throw refuse()
      }
    }
    Object.defineProperty(stub, 'name', { value: name, configurable: true })
    define(name, stub)
  }
  for (const name of ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming']) {
    define(name, { [name]: () => Promise.reject(refuse()) }[name])
  }
  define('validate', () => false)
  return wasm
}

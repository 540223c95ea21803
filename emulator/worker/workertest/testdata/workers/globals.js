// Cloudflare's documentation of the runtime: what is there, what is not; and rules of Web IDL.
import { test, workers, eq, ok, throws, handler } from '../workertest.js'

for (const name of ['AbortController', 'AbortSignal', 'Blob', 'ByteLengthQueuingStrategy', 'Cache', 'CacheStorage', 'CloseEvent', 'CompressionStream', 'CountQueuingStrategy',
  'Crypto', 'CryptoKey', 'CustomEvent', 'DOMException', 'DecompressionStream', 'ErrorEvent', 'Event', 'EventSource', 'EventTarget', 'ExtendableEvent', 'FetchEvent', 'File',
  'FixedLengthStream', 'FormData', 'HTMLRewriter', 'Headers', 'IdentityTransformStream', 'MessageChannel', 'MessageEvent', 'MessagePort', 'Navigator', 'PromiseRejectionEvent',
  'ReadableByteStreamController', 'ReadableStream', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableStreamDefaultController',
  'ReadableStreamDefaultReader', 'Request', 'Response', 'ScheduledEvent', 'ServiceWorkerGlobalScope', 'SubtleCrypto', 'TextDecoder', 'TextDecoderStream',
  'TextEncoder', 'TextEncoderStream', 'TransformStream', 'TransformStreamDefaultController', 'URL', 'URLPattern', 'URLSearchParams', 'WebSocket', 'WebSocketPair',
  'WorkerGlobalScope', 'WritableStream', 'WritableStreamDefaultController', 'WritableStreamDefaultWriter']) {
  workers(`there is a class ${name}`, () => {
    eq([typeof globalThis[name], globalThis[name]?.name], ['function', name])
  })
}
for (const name of ['addEventListener', 'atob', 'btoa', 'clearInterval', 'clearTimeout', 'dispatchEvent', 'fetch', 'queueMicrotask', 'removeEventListener', 'reportError', 'setInterval', 'setTimeout', 'structuredClone']) {
  workers(`there is a function ${name}`, () => eq(typeof globalThis[name], 'function'))
}
for (const name of ['window', 'document', 'XMLHttpRequest', 'localStorage', 'Worker', 'importScripts', 'alert', 'require', 'module', 'exports', 'process', 'Buffer', 'global', '__dirname', 'Deno', 'Bun']) {
  workers(`there is no ${name}`, () => eq(typeof globalThis[name], 'undefined'))
}
workers('self is the global object', () => eq([self === globalThis, Object.prototype.toString.call(self), self instanceof ServiceWorkerGlobalScope], [true, '[object ServiceWorkerGlobalScope]', true]))
workers('navigator', () => eq([navigator.userAgent, navigator.language, navigator.hardwareConcurrency, navigator instanceof Navigator], ['Cloudflare-Workers', 'en', 1, true]))
workers('origin is "null"', () => eq(origin, 'null'))
workers('caches.default and caches.open', async () => { ok(caches instanceof CacheStorage && caches.default instanceof Cache); ok(await caches.open('x') instanceof Cache) })
workers('the time zone is UTC', () => eq([new Date(0).getTimezoneOffset(), new Date(0).getHours(), Intl.DateTimeFormat().resolvedOptions().timeZone], [0, 0, 'UTC']))
workers('WebAssembly cannot be compiled from bytes', () => throws(WebAssembly.CompileError, () => new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))))
workers('Cloudflare.compatibilityFlags', () => eq(typeof Cloudflare.compatibilityFlags, 'object'))
workers('globals may be overwritten', () => { const before = globalThis.fetch; globalThis.fetch = 1; eq(fetch, 1); globalThis.fetch = before })

const instances = {
  Headers: () => new Headers(), Request: () => new Request('https://a.test'), Response: () => new Response(), URL: () => new URL('https://a.test'), URLSearchParams: () => new URLSearchParams(),
  Blob: () => new Blob(), FormData: () => new FormData(), TextEncoder: () => new TextEncoder(), TextDecoder: () => new TextDecoder(), AbortController: () => new AbortController(),
  ReadableStream: () => new ReadableStream(), WritableStream: () => new WritableStream(), TransformStream: () => new TransformStream(), Event: () => new Event('x'), EventTarget: () => new EventTarget(),
}
for (const [name, make] of Object.entries(instances)) {
  test(`Web IDL: ${name}`, () => {
    const C = globalThis[name]
    const o = make()
    ok(o instanceof C && Object.getPrototypeOf(o) === C.prototype, 'instanceof')
    eq([o.constructor === C, C.prototype.constructor === C, Object.keys(o), C.prototype[Symbol.toStringTag]], [true, true, [], name])
    for (const [key, d] of Object.entries(Object.getOwnPropertyDescriptors(C.prototype))) {
      if (key === 'constructor') continue
      if (d.get) {
        eq(d.enumerable, true, key)
        throws(TypeError, () => d.get.call({}))
      } else if (typeof d.value === 'function') {
        eq([d.enumerable, d.writable, d.configurable], [true, true, true], key)
        throws(TypeError, () => { throw new d.value() })
      }
    }
  })
}
workers('a getter with a wrong receiver says Illegal invocation', () => {
  for (const [C, key] of [[Headers, 'get'], [URL, null]]) if (key) throws(TypeError, () => C.prototype[key].call(1, 'a'), /^Illegal invocation/)
  throws(TypeError, () => Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.call({}), /^Illegal invocation/)
  const { getRandomValues } = crypto
  throws(TypeError, () => getRandomValues(new Uint8Array(1)), 'Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.')
})
workers('messages of arguments that are missing or wrong', async () => {
  throws(TypeError, () => queueMicrotask(), "Failed to execute 'queueMicrotask' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.")
  throws(TypeError, () => setTimeout('1', 0), "Failed to execute 'setTimeout' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.")
  throws(TypeError, () => new Headers(1), /^Failed to construct 'Headers': constructor parameter 1 is not of type/)
  throws(TypeError, () => new Blob('x'), "Failed to construct 'Blob': constructor parameter 1 is not of type 'Array'.")
})

export default handler

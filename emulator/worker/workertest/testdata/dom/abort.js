// DOM Standard §3: AbortController and AbortSignal; Web IDL §2.8: DOMException.
import { test, workers, eq, ok, throws, handler } from '../workertest.js'

test('a controller and its signal', () => {
  const c = new AbortController()
  ok(c.signal instanceof AbortSignal && c.signal === c.signal)
  eq([c.signal.aborted, c.signal.reason, c.signal.onabort], [false, undefined, null])
})
test('abort', () => {
  const c = new AbortController()
  let n = 0
  c.signal.addEventListener('abort', (e) => { n++; eq([e.type, e.target === c.signal], ['abort', true]) })
  eq(c.abort(), undefined)
  c.abort()
  eq([n, c.signal.aborted, c.signal.reason instanceof DOMException, c.signal.reason.name], [1, true, true, 'AbortError'])
})
test('a reason', () => { const c = new AbortController(); const why = {}; c.abort(why); ok(c.signal.reason === why) })
test('undefined as the reason is none', () => { const c = new AbortController(); c.abort(undefined); eq(c.signal.reason.name, 'AbortError') })
test('null is a reason', () => { const c = new AbortController(); c.abort(null); eq(c.signal.reason, null) })
test('the first reason stays', () => { const c = new AbortController(); c.abort(1); c.abort(2); eq(c.signal.reason, 1) })
test('onabort', () => { const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; c.abort(); eq(n, 1) })
test('throwIfAborted', () => { const c = new AbortController(); c.signal.throwIfAborted(); const why = {}; c.abort(why); throws({ value: why }, () => c.signal.throwIfAborted()) })
test('AbortSignal.abort', () => { const s = AbortSignal.abort(); eq([s.aborted, s.reason.name, AbortSignal.abort(5).reason], [true, 'AbortError', 5]) })
test('AbortSignal.timeout', async () => {
  const s = AbortSignal.timeout(5)
  eq(s.aborted, false)
  await new Promise((r) => s.addEventListener('abort', r))
  eq([s.aborted, s.reason instanceof DOMException, s.reason.name], [true, true, 'TimeoutError'])
})
test('AbortSignal.any follows the first', () => {
  const a = new AbortController()
  const b = new AbortController()
  const s = AbortSignal.any([a.signal, b.signal])
  let n = 0
  s.addEventListener('abort', () => n++)
  b.abort('b')
  a.abort('a')
  eq([s.aborted, s.reason, n], [true, 'b', 1])
})
test('AbortSignal.any of an aborted one', () => eq([AbortSignal.any([new AbortController().signal, AbortSignal.abort(3)]).reason], [3]))
test('AbortSignal.any of none never aborts', () => eq(AbortSignal.any([]).aborted, false))
test('AbortSignal.any of AbortSignal.any', () => { const c = new AbortController(); const s = AbortSignal.any([AbortSignal.any([c.signal])]); c.abort(1); eq(s.reason, 1) })
test('AbortSignal.any of something else is a TypeError', () => { throws(TypeError, () => AbortSignal.any([{}])); throws(TypeError, () => AbortSignal.any(1)) })
test('AbortSignal has no constructor', () => throws(TypeError, () => new AbortSignal()))
test('AbortSignal is an EventTarget', () => ok(AbortSignal.abort() instanceof EventTarget))
test('Symbol.toStringTag', () => { const c = new AbortController(); eq([c, c.signal].map((x) => Object.prototype.toString.call(x)), ['[object AbortController]', '[object AbortSignal]']) })
test('brands', () => { throws(TypeError, () => AbortSignal.prototype.aborted); throws(TypeError, () => AbortController.prototype.abort.call({})) })
workers('the messages', async () => {
  eq(AbortSignal.abort().reason.message, 'The operation was aborted')
  const s = AbortSignal.timeout(1)
  await new Promise((r) => { s.onabort = r })
  eq(s.reason.message, 'The operation was aborted due to timeout')
})

test('DOMException', () => {
  const e = new DOMException('m', 'DataCloneError')
  eq([e.message, e.name, e.code, e instanceof Error, String(e)], ['m', 'DataCloneError', 25, true, 'DataCloneError: m'])
})
test('DOMException has defaults', () => { const e = new DOMException(); eq([e.message, e.name, e.code], ['', 'Error', 0]) })
test('DOMException constants', () => eq([DOMException.ABORT_ERR, new DOMException().INDEX_SIZE_ERR, DOMException.DATA_CLONE_ERR], [20, 1, 25]))
test('codes of names', () => eq(['NotFoundError', 'NotSupportedError', 'InvalidStateError', 'SyntaxError', 'AbortError', 'TimeoutError', 'QuotaExceededError', 'OperationError'].map((n) => new DOMException('', n).code), [8, 9, 11, 12, 20, 23, 22, 0]))
test('a DOMException has a stack', () => eq(typeof new DOMException('m').stack, 'string'))
test('Symbol.toStringTag of a DOMException', () => eq(Object.prototype.toString.call(new DOMException()), '[object DOMException]'))

export default handler

// DOM Standard §2: Event, CustomEvent, EventTarget.
import { test, workers, eq, ok, throws, handler } from '../workertest.js'

test('an event', () => {
  const e = new Event('x')
  eq([e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.eventPhase, e.isTrusted, e.returnValue], ['x', false, false, false, false, 0, false, true])
})
test('init', () => { const e = new Event('x', { bubbles: true, cancelable: true, composed: true }); eq([e.bubbles, e.cancelable, e.composed], [true, true, true]) })
test('a type is needed and made a string', () => { throws(TypeError, () => new Event()); eq(new Event(null).type, 'null') })
test('constants', () => eq([Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE], [0, 1, 2, 3]))
test('timeStamp is a number', () => eq(typeof new Event('x').timeStamp, 'number'))
test('preventDefault needs cancelable', () => {
  const a = new Event('x')
  a.preventDefault()
  const b = new Event('x', { cancelable: true })
  b.preventDefault()
  eq([a.defaultPrevented, b.defaultPrevented, b.returnValue], [false, true, false])
})
test('CustomEvent', () => {
  const d = {}
  const e = new CustomEvent('x', { detail: d, cancelable: true })
  eq([e.detail === d, e.cancelable, e instanceof Event], [true, true, true])
})
test('Symbol.toStringTag', () => eq([new Event('x'), new CustomEvent('x'), new EventTarget()].map((x) => Object.prototype.toString.call(x)), ['[object Event]', '[object CustomEvent]', '[object EventTarget]']))

test('listeners run in order, with the event and the target as receiver', () => {
  const t = new EventTarget()
  const log = []
  t.addEventListener('x', function (e) { log.push(1, this === t, e.target === t, e.currentTarget === t, e.eventPhase) })
  t.addEventListener('x', () => log.push(2))
  eq(t.dispatchEvent(new Event('x')), true)
  eq(log, [1, true, true, true, 2, 2])
})
test('other types do not run', () => { const t = new EventTarget(); t.addEventListener('x', () => { throw new Error('ran') }); eq(t.dispatchEvent(new Event('y')), true) })
test('a listener is added once', () => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener('x', f); t.addEventListener('x', f); t.dispatchEvent(new Event('x')); eq(n, 1) })
test('removeEventListener', () => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener('x', f); t.removeEventListener('x', f); t.removeEventListener('x', () => {}); t.dispatchEvent(new Event('x')); eq(n, 0) })
test('removing a listener under way', () => {
  const t = new EventTarget()
  const log = []
  const second = () => log.push(2)
  t.addEventListener('x', () => { log.push(1); t.removeEventListener('x', second) })
  t.addEventListener('x', second)
  t.dispatchEvent(new Event('x'))
  eq(log, [1])
})
test('a listener added under way does not run yet', () => {
  const t = new EventTarget()
  let n = 0
  t.addEventListener('x', () => t.addEventListener('x', () => n++))
  t.dispatchEvent(new Event('x'))
  eq(n, 0)
})
test('once', () => { const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); eq(n, 1) })
test('a signal removes the listener', () => {
  const t = new EventTarget()
  const c = new AbortController()
  let n = 0
  t.addEventListener('x', () => n++, { signal: c.signal })
  t.dispatchEvent(new Event('x'))
  c.abort()
  t.dispatchEvent(new Event('x'))
  t.addEventListener('x', () => n++, { signal: c.signal })
  t.dispatchEvent(new Event('x'))
  eq(n, 1)
})
test('passive listeners cannot prevent the default', () => {
  const t = new EventTarget()
  t.addEventListener('x', (e) => e.preventDefault(), { passive: true })
  eq(t.dispatchEvent(new Event('x', { cancelable: true })), true)
})
test('an object with handleEvent', () => {
  const t = new EventTarget()
  const log = []
  const listener = { handleEvent(e) { log.push(this === listener, e.type) } }
  t.addEventListener('x', listener)
  t.dispatchEvent(new Event('x'))
  eq(log, [true, 'x'])
})
test('dispatchEvent tells whether the default was prevented', () => {
  const t = new EventTarget()
  t.addEventListener('x', (e) => e.preventDefault())
  eq([t.dispatchEvent(new Event('x', { cancelable: true })), t.dispatchEvent(new Event('y', { cancelable: true }))], [false, true])
})
test('stopImmediatePropagation', () => {
  const t = new EventTarget()
  const log = []
  t.addEventListener('x', (e) => { log.push(1); e.stopImmediatePropagation() })
  t.addEventListener('x', () => log.push(2))
  t.dispatchEvent(new Event('x'))
  eq(log, [1])
})
test('stopPropagation lets the others of the target run', () => {
  const t = new EventTarget()
  const log = []
  t.addEventListener('x', (e) => { log.push(1); e.stopPropagation() })
  t.addEventListener('x', () => log.push(2))
  t.dispatchEvent(new Event('x'))
  eq(log, [1, 2])
})
test('an event may be dispatched again', () => { const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++); const e = new Event('x'); t.dispatchEvent(e); t.dispatchEvent(e); eq([n, e.target === t], [2, true]) })
test('an event under way is an InvalidStateError', () => {
  const t = new EventTarget()
  let error
  t.addEventListener('x', (e) => { try { t.dispatchEvent(e) } catch (x) { error = x } })
  t.dispatchEvent(new Event('x'))
  eq([error instanceof DOMException, error?.name], [true, 'InvalidStateError'])
})
test('dispatchEvent of no event is a TypeError', () => { for (const v of [{}, null, 'x', undefined]) throws(TypeError, () => new EventTarget().dispatchEvent(v)) })
test('composedPath', () => { const t = new EventTarget(); let path; t.addEventListener('x', (e) => { path = e.composedPath() }); const e = new Event('x'); eq(e.composedPath(), []); t.dispatchEvent(e); ok(path.length === 1 && path[0] === t) })
test('a class can extend EventTarget', () => {
  class Bus extends EventTarget { emit(x) { return this.dispatchEvent(new CustomEvent('x', { detail: x })) } }
  const b = new Bus()
  let got
  b.addEventListener('x', (e) => { got = e.detail })
  b.emit(5)
  eq(got, 5)
})
test('a class can extend Event', () => { class Mine extends Event { constructor() { super('mine'); this.more = 1 } } const e = new Mine(); eq([e.type, e.more, e instanceof Event], ['mine', 1, true]) })
test('brands', () => { throws(TypeError, () => Event.prototype.type); throws(TypeError, () => EventTarget.prototype.addEventListener.call({}, 'x', () => {})) })
test('Event and EventTarget need new', () => { throws(TypeError, () => Event('x')); throws(TypeError, () => EventTarget()) })
workers('an error of a listener is thrown by dispatchEvent', () => {
  const t = new EventTarget()
  const e = new Error('x')
  t.addEventListener('x', () => { throw e })
  throws({ value: e }, () => t.dispatchEvent(new Event('x')))
})

export default handler

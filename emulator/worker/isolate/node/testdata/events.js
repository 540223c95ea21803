import EventEmitter, { once, on, errorMonitor, getEventListeners, captureRejectionSymbol, listenerCount, setMaxListeners, getMaxListeners, EventEmitterAsyncResource, addAbortListener, EventEmitter as Named } from 'node:events'
import events from 'events'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })
const log = () => { const seen = []; seen.add = (...a) => { seen.push(a.join(' ')) }; return seen }

export default {
  'every name is the one class': () => [Named === EventEmitter, EventEmitter.EventEmitter === EventEmitter, events === EventEmitter, EventEmitter.once === once, EventEmitter.name],
  'listeners run in order with this and arguments': () => {
    const seen = log(), e = new EventEmitter()
    e.on('x', function (...a) { seen.add('1', this === e, ...a) }).on('x', () => seen.add('2'))
    e.prependListener('x', () => seen.add('0'))
    return [e.emit('x', 1, 2, 3), e.emit('y'), e.emit('x'), ...seen]
  },
  'once listeners run once': () => {
    const seen = log(), e = new EventEmitter()
    e.once('x', a => { seen.add('once', a); e.emit('x', 'inner') })
    e.prependOnceListener('x', a => seen.add('first', a))
    e.emit('x', 1)
    e.emit('x', 2)
    return [...seen, e.listenerCount('x'), e._eventsCount]
  },
  'removal': () => {
    const e = new EventEmitter(), f = () => {}, g = () => {}
    e.on('x', f).on('x', g).on('x', f).once('y', f)
    e.removeListener('x', f)
    const after = e.listeners('x').map(l => l === f ? 'f' : 'g')
    e.off('y', f)
    e.removeListener('nope', f)
    return [after, e.listenerCount('x'), e.listenerCount('x', f), e.eventNames(), e.removeAllListeners('x') === e, e.eventNames()]
  },
  'a listener removed while emitting still runs': () => {
    const seen = log(), e = new EventEmitter()
    const b = () => seen.add('b')
    e.on('x', () => { seen.add('a'); e.off('x', b) }).on('x', b)
    e.emit('x')
    e.emit('x')
    return seen
  },
  'newListener and removeListener are told': () => {
    const seen = log(), e = new EventEmitter(), f = () => {}
    e.on('newListener', (n, l) => seen.add('new', String(n), l === f))
    e.on('removeListener', (n, l) => seen.add('gone', String(n), l === f))
    e.on('x', f)
    e.once('y', f)
    e.emit('y')
    e.off('x', f)
    e.on(Symbol('s'), f)
    e.removeAllListeners()
    return seen
  },
  'raw listeners show the wrapper of once': () => {
    const e = new EventEmitter(), f = () => {}
    e.once('x', f)
    return [e.rawListeners('x')[0] === f, e.rawListeners('x')[0].listener === f, e.listeners('x')[0] === f, e.rawListeners('nope')]
  },
  'an error without listener throws': () => each([new TypeError('mine'), 'text', undefined, { a: 1 }, null, 5], v => new EventEmitter().emit('error', v)),
  'the context of an unhandled error': () => { try { new EventEmitter().emit('error', { a: 1 }) } catch (e) { return e.context } },
  'an error with a listener does not': () => { const seen = log(), e = new EventEmitter(); e.on('error', x => seen.add(x.message)); return [e.emit('error', new Error('x')), ...seen] },
  'the error monitor sees and does not handle': () => {
    const seen = log(), e = new EventEmitter()
    e.on(errorMonitor, x => seen.add('seen', x.message))
    return [...each([0], () => e.emit('error', new Error('boom'))), ...seen, errorMonitor.toString()]
  },
  'wrong listeners': () => each([undefined, null, 'x', {}], l => new EventEmitter().on('x', l)),
  'wrong listeners of once and off': () => each(['once', 'off', 'prependListener'], m => new EventEmitter()[m]('x', 1)),
  'the limit': () => {
    const e = new EventEmitter()
    return [e.getMaxListeners(), e.setMaxListeners(3).getMaxListeners(), EventEmitter.defaultMaxListeners, getMaxListeners(e), ...each([-1, '1', NaN], n => e.setMaxListeners(n)),
      ...each([-1], n => { EventEmitter.defaultMaxListeners = n }), ...each([-1], n => setMaxListeners(n))]
  },
  'setMaxListeners of emitters and targets': () => { const e = new EventEmitter(), t = new EventTarget(); setMaxListeners(7, e, t); return [e.getMaxListeners(), getMaxListeners(t), ...each([{}], x => setMaxListeners(1, x))] },
  'inheritance by class, by prototype and by call': () => {
    class A extends EventEmitter { constructor() { super(); this.a = 1 } }
    function B() { EventEmitter.call(this) }
    Object.setPrototypeOf(B.prototype, EventEmitter.prototype)
    Object.setPrototypeOf(B, EventEmitter)
    const c = Object.assign({}, EventEmitter.prototype)
    const seen = log()
    for (const e of [new A(), new B(), c]) { e.on('x', () => seen.add('x')); e.emit('x') }
    return [...seen, new A() instanceof EventEmitter, new B() instanceof EventEmitter, Object.keys(new A())]
  },
  'once is a promise of the arguments': async () => { const e = new EventEmitter(); setTimeout(() => e.emit('x', 1, 2)); return [await once(e, 'x'), e.listenerCount('error')] },
  'once rejects with an error': async () => { const e = new EventEmitter(); setTimeout(() => e.emit('error', new Error('nope'))); return once(e, 'x') },
  'once resolves with an error that is asked for': async () => { const e = new EventEmitter(); setTimeout(() => e.emit('error', 5)); return once(e, 'error') },
  'once of an event target': async () => { const t = new EventTarget(); setTimeout(() => t.dispatchEvent(new Event('x'))); return (await once(t, 'x')).map(e => e.type) },
  'once is aborted': async () => { const e = new EventEmitter(), c = new AbortController(); setTimeout(() => c.abort('why')); try { await once(e, 'x', { signal: c.signal }) } catch (x) { return [x.name, x.code, x.message, x.cause, e.listenerCount('x')] } },
  'once of an aborted signal': async () => once(new EventEmitter(), 'x', { signal: AbortSignal.abort() }),
  'once of nonsense': async () => once({}, 'x'),
  'on iterates over events': async () => {
    const e = new EventEmitter(), seen = []
    setTimeout(() => { e.emit('x', 1); e.emit('x', 2, 'b'); e.emit('end') })
    for await (const a of on(e, 'x', { close: ['end'] })) seen.push(a)
    return [seen, e.listenerCount('x'), e.listenerCount('error')]
  },
  'on ends with an error': async () => {
    const e = new EventEmitter(), seen = []
    setTimeout(() => { e.emit('x', 1); e.emit('error', new Error('stop')) })
    try { for await (const a of on(e, 'x')) seen.push(a) } catch (x) { seen.push(x.message) }
    return seen
  },
  'on is aborted': async () => { const c = new AbortController(); setTimeout(() => c.abort()); try { for await (const a of on(new EventEmitter(), 'x', { signal: c.signal })); } catch (x) { return [x.name, x.code] } },
  'on stops when broken out of': async () => {
    const e = new EventEmitter()
    setTimeout(() => { e.emit('x', 1); e.emit('x', 2) })
    for await (const a of on(e, 'x')) break
    return e.listenerCount('x')
  },
  'getEventListeners': () => { const e = new EventEmitter(), f = () => {}; e.once('x', f); return [getEventListeners(e, 'x')[0] === f, listenerCount(e, 'x'), ...each([{}], v => getEventListeners(v, 'x'))] },
  'getEventListeners of an event target': () => { const t = new EventTarget(), f = () => {}; t.addEventListener('x', f); return [getEventListeners(t, 'x').map(l => l === f), getEventListeners(t, 'y')] },
  'rejections are captured': async () => {
    const e = new EventEmitter({ captureRejections: true })
    e.on('x', async () => { throw new Error('async') })
    const failed = new Promise(resolve => e.on('error', x => resolve(x.message)))
    e.emit('x')
    return failed
  },
  'rejections are captured by a method': async () => {
    const e = new EventEmitter({ captureRejections: true })
    e.on('x', async () => { throw new Error('async') })
    const failed = new Promise(resolve => { e[captureRejectionSymbol] = (x, ...rest) => resolve([x.message, ...rest]) })
    e.emit('x', 42)
    return failed
  },
  'captureRejections is a boolean': () => each([1], v => new EventEmitter({ captureRejections: v })),
  'an async resource that emits': () => {
    const e = new EventEmitterAsyncResource({ name: 'Q' }), seen = log()
    e.on('x', function (a) { seen.add(this === e, a) })
    return [e.emit('x', 1), ...seen, e.asyncResource.eventEmitter === e, typeof e.asyncId, e instanceof EventEmitter]
  },
  'addAbortListener': async () => { const c = new AbortController(), seen = log(); addAbortListener(c.signal, () => seen.add('a')); c.abort(); addAbortListener(c.signal, () => seen.add('b')); await null; await null; return [...seen, ...each([1, undefined], s => addAbortListener(s, () => {}))] },
  'names are in order, symbols too': () => { const e = new EventEmitter(), s = Symbol('s'); e.on('b', () => {}).on(s, () => {}).on('a', () => {}); return e.eventNames().map(String) },
  'a name like a prototype\'s': () => { const e = new EventEmitter(), seen = log(); e.on('__proto__', () => seen.add('p')); e.on('toString', () => seen.add('t')); return [e.emit('__proto__'), e.emit('toString'), e.emit('constructor'), ...seen] },
}

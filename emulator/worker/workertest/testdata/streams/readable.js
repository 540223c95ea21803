// Streams Standard §4: ReadableStream with its default controller and reader.
import { test, eq, ok, throws, rejects, handler, drain, streamOf, stateOf, turn } from '../workertest.js'

test('chunks arrive in order and then the end', async () => eq(await drain(streamOf(1, 'b', null, undefined, { x: 1 })), [1, 'b', null, undefined, { x: 1 }]))
test('read gives { value, done }', async () => {
  const r = streamOf('a').getReader()
  eq([await r.read(), await r.read(), await r.read()], [{ value: 'a', done: false }, { value: undefined, done: true }, { value: undefined, done: true }])
})
test('start runs at once, pull after it', async () => {
  const log = []
  new ReadableStream({ start() { log.push('start') }, pull() { log.push('pull') } })
  log.push('made')
  await turn()
  eq(log, ['start', 'made', 'pull'])
})
test('the source is the receiver and gets the controller', () => {
  let me
  let controller
  const source = { start(c) { me = this; controller = c } }
  new ReadableStream(source)
  ok(me === source && controller instanceof ReadableStreamDefaultController)
})
test('pull waits for start', async () => {
  let go
  const log = []
  new ReadableStream({ start: () => new Promise((r) => { go = r }), pull() { log.push('pull') } })
  await turn()
  eq(log, [])
  go()
  await turn()
  eq(log, ['pull'])
})
test('pull runs until the queue is full', async () => {
  let n = 0
  new ReadableStream({ pull(c) { c.enqueue(n++) } }, { highWaterMark: 3 })
  await turn()
  eq(n, 3)
})
test('a high-water mark of 0 pulls on demand only', async () => {
  let n = 0
  const s = new ReadableStream({ pull(c) { c.enqueue(n++) } }, { highWaterMark: 0 })
  await turn()
  eq(n, 0)
  const r = s.getReader()
  eq([(await r.read()).value, n], [0, 1])
})
test('pull is not called again before its promise is settled', async () => {
  let n = 0
  let go
  const s = new ReadableStream({ pull() { n++; return new Promise((r) => { go = r }) } }, { highWaterMark: 5 })
  await turn()
  eq(n, 1)
  go()
  await turn()
  eq(n, 1)
  s.getReader().read()
  await turn()
  eq(n, 2)
})
test('desiredSize after close and after error', () => {
  let c
  new ReadableStream({ start(x) { c = x } })
  c.close()
  eq(c.desiredSize, 0)
  new ReadableStream({ start(x) { c = x } })
  c.error(1)
  eq(c.desiredSize, null)
})
test('a size function', () => {
  let c
  new ReadableStream({ start(x) { c = x } }, { highWaterMark: 10, size: (chunk) => chunk.length })
  c.enqueue('abc')
  eq(c.desiredSize, 7)
})
test('CountQueuingStrategy and ByteLengthQueuingStrategy', () => {
  const count = new CountQueuingStrategy({ highWaterMark: 4 })
  const bytes = new ByteLengthQueuingStrategy({ highWaterMark: 5 })
  eq([count.highWaterMark, count.size('abc'), bytes.highWaterMark, bytes.size(new Uint8Array(3))], [4, 1, 5, 3])
  throws(TypeError, () => new CountQueuingStrategy())
})
test('enqueue after close is a TypeError', () => {
  let c
  new ReadableStream({ start(x) { c = x } })
  c.close()
  throws(TypeError, () => c.enqueue(1))
  throws(TypeError, () => c.close())
})
test('close with chunks in the queue waits for them', async () => {
  const r = streamOf('a').getReader()
  eq(await stateOf(r.closed), 'pending')
  await r.read()
  await r.closed
})
test('error drops the queue', async () => {
  const e = new Error('x')
  let c
  const r = new ReadableStream({ start(x) { c = x } }).getReader()
  c.enqueue('a')
  c.error(e)
  await rejects({ value: e }, r.read())
  await rejects({ value: e }, r.closed)
})
test('start that is rejected errors the stream', async () => { const e = new Error('x'); await rejects({ value: e }, new ReadableStream({ start: () => Promise.reject(e) }).getReader().read()) })
test('pull that throws or is rejected errors the stream', async () => {
  const e = new Error('x')
  await rejects({ value: e }, new ReadableStream({ pull() { throw e } }).getReader().read())
  await rejects({ value: e }, new ReadableStream({ pull: () => Promise.reject(e) }).getReader().read())
})
test('cancel reaches the source with its reason', async () => {
  const log = []
  const s = new ReadableStream({ cancel(reason) { log.push(reason) } })
  eq(await s.cancel('why'), undefined)
  eq(log, ['why'])
})
test('cancel of a closed stream does nothing, of an errored one is rejected', async () => {
  let n = 0
  let c
  const closed = new ReadableStream({ start(x) { x.close() }, cancel() { n++ } })
  await closed.cancel()
  const e = new Error('x')
  const errored = new ReadableStream({ start(x) { c = x }, cancel() { n++ } })
  c.error(e)
  await rejects({ value: e }, errored.cancel())
  eq(n, 0)
})
test('cancel that throws rejects', async () => { const e = new Error('x'); await rejects({ value: e }, new ReadableStream({ cancel() { throw e } }).cancel()) })
test('cancel of a locked stream is a TypeError', async () => { const s = streamOf(1); s.getReader(); await rejects(TypeError, s.cancel()) })
test('cancel by the reader closes', async () => {
  const s = new ReadableStream({ pull(c) { c.enqueue(1) } })
  const r = s.getReader()
  await r.cancel()
  eq(await r.read(), { value: undefined, done: true })
  await r.closed
})
test('locked', () => {
  const s = streamOf(1)
  eq(s.locked, false)
  const r = s.getReader()
  eq(s.locked, true)
  r.releaseLock()
  eq(s.locked, false)
})
test('a second reader is a TypeError', () => { const s = streamOf(1); s.getReader(); throws(TypeError, () => s.getReader()) })
test('releaseLock rejects pending reads with a TypeError', async () => {
  const s = new ReadableStream()
  const r = s.getReader()
  const p = r.read()
  r.releaseLock()
  await rejects(TypeError, p)
  await rejects(TypeError, r.read())
  await rejects(TypeError, r.closed)
  ok(s.getReader())
})
test('releaseLock twice is harmless', () => { const r = streamOf(1).getReader(); r.releaseLock(); r.releaseLock() })
test('cancel by a released reader is a TypeError', async () => { const r = streamOf(1).getReader(); r.releaseLock(); await rejects(TypeError, r.cancel()) })
test('many reads at once are answered in order', async () => {
  let c
  const r = new ReadableStream({ start(x) { c = x } }).getReader()
  const all = Promise.all([r.read(), r.read(), r.read()])
  c.enqueue('a')
  c.enqueue('b')
  c.close()
  eq((await all).map((x) => x.value), ['a', 'b', undefined])
})
test('new ReadableStreamDefaultReader', async () => {
  const r = new ReadableStreamDefaultReader(streamOf(7))
  eq((await r.read()).value, 7)
  throws(TypeError, () => new ReadableStreamDefaultReader({}))
})
test('getReader with an unknown mode is a TypeError', () => throws(TypeError, () => streamOf().getReader({ mode: 'x' })))
test('an unknown type of source is a TypeError', () => throws(TypeError, () => new ReadableStream({ type: 'x' })))
test('the controllers have no constructor', () => {
  throws(TypeError, () => new ReadableStreamDefaultController())
  throws(TypeError, () => new ReadableByteStreamController())
})
test('brands', async () => {
  throws(TypeError, () => ReadableStream.prototype.locked)
  throws(TypeError, () => ReadableStream.prototype.getReader.call({}))
  throws(TypeError, () => ReadableStream.prototype.tee.call({}))
})
test('Symbol.toStringTag', () => {
  const s = streamOf()
  eq([s, s.getReader()].map((x) => Object.prototype.toString.call(x)), ['[object ReadableStream]', '[object ReadableStreamDefaultReader]'])
})

test('for await reads all', async () => {
  const out = []
  for await (const x of streamOf(1, 2, 3)) out.push(x)
  eq(out, [1, 2, 3])
})
test('leaving for await cancels and unlocks', async () => {
  let why = 'never'
  const s = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel(r) { why = r } })
  for await (const x of s) { ok(x); break }
  eq([why, s.locked], [undefined, false])
})
test('throwing in for await cancels', async () => {
  let cancelled = false
  const s = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel() { cancelled = true } })
  const e = new Error('x')
  await rejects({ value: e }, (async () => { for await (const x of s) { ok(x); throw e } })())
  eq(cancelled, true)
})
test('values({ preventCancel: true }) leaves the stream open', async () => {
  let cancelled = false
  const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close() }, cancel() { cancelled = true } })
  for await (const x of s.values({ preventCancel: true })) { ok(x); break }
  eq([cancelled, s.locked, await drain(s)], [false, false, [2]])
})
test('an error in the source rejects the iteration', async () => {
  const e = new Error('x')
  await rejects({ value: e }, (async () => { for await (const x of new ReadableStream({ pull(c) { c.error(e) } })) ok(x) })())
})
test('the iterator locks', () => { const s = streamOf(1); s[Symbol.asyncIterator](); eq(s.locked, true) })
test('return() of the iterator', async () => {
  const it = streamOf(1, 2)[Symbol.asyncIterator]()
  eq([await it.next(), await it.return('r'), await it.next()], [{ value: 1, done: false }, { value: 'r', done: true }, { value: undefined, done: true }])
})

test('ReadableStream.from an array, a generator, a promise list', async () => {
  eq(await drain(ReadableStream.from([1, 2])), [1, 2])
  eq(await drain(ReadableStream.from((function* () { yield 'a'; yield 'b' })())), ['a', 'b'])
  eq(await drain(ReadableStream.from((async function* () { yield 'a' })())), ['a'])
})
test('ReadableStream.from a stream', async () => eq(await drain(ReadableStream.from(streamOf(1))), [1]))
test('ReadableStream.from what is not iterable is a TypeError', () => { for (const v of [null, undefined, 1, {}]) throws(TypeError, () => ReadableStream.from(v)) })
test('cancelling ReadableStream.from calls return', async () => {
  let ended = false
  const s = ReadableStream.from((function* () { try { yield 1; yield 2 } finally { ended = true } })())
  const r = s.getReader()
  await r.read()
  await r.cancel()
  eq(ended, true)
})

test('tee gives both branches all chunks', async () => {
  const [a, b] = streamOf(1, 2).tee()
  eq([await drain(a), await drain(b)], [[1, 2], [1, 2]])
})
test('tee locks the stream', () => { const s = streamOf(1); s.tee(); eq(s.locked, true) })
test('tee of a locked stream is a TypeError', () => { const s = streamOf(1); s.getReader(); throws(TypeError, () => s.tee()) })
test('tee: the branches share chunks', async () => {
  const o = {}
  const [a, b] = streamOf(o).tee()
  ok((await a.getReader().read()).value === (await b.getReader().read()).value)
})
test('tee: one branch may be cancelled', async () => {
  let cancelled = false
  const s = new ReadableStream({ start(c) { c.enqueue(1); c.close() }, cancel() { cancelled = true } })
  const [a, b] = s.tee()
  a.cancel()
  eq([await drain(b), cancelled], [[1], false])
})
test('tee: an error reaches both', async () => {
  const e = new Error('x')
  const [a, b] = new ReadableStream({ pull(c) { c.error(e) } }).tee()
  await rejects({ value: e }, a.getReader().read())
  await rejects({ value: e }, b.getReader().read())
})

export default handler

// Streams Standard §4.5 to §4.8: byte streams, BYOB readers and requests.
import { test, eq, ok, throws, rejects, handler, drain, turn, utf8, text } from '../workertest.js'

const byteStream = (source, strategy) => new ReadableStream({ type: 'bytes', ...source }, strategy)
const of = (...chunks) => byteStream({ start(c) { for (const x of chunks) c.enqueue(x); c.close() } })

test('a byte stream read by a default reader', async () => eq((await drain(of(utf8('ab'), utf8('c')))).map(text).join(''), 'abc'))
test('its controller is a ReadableByteStreamController', () => { let c; byteStream({ start(x) { c = x } }); ok(c instanceof ReadableByteStreamController) })
test('the default high-water mark is 0', async () => { let n = 0; byteStream({ pull() { n++ } }); await turn(); eq(n, 0) })
test('enqueue transfers the buffer', () => {
  let c
  byteStream({ start(x) { c = x } })
  const chunk = new Uint8Array(4)
  c.enqueue(chunk)
  eq([chunk.byteLength, chunk.buffer.byteLength], [0, 0])
})
test('desiredSize counts bytes', () => {
  let c
  byteStream({ start(x) { c = x } }, { highWaterMark: 10 })
  c.enqueue(new Uint8Array(4))
  eq(c.desiredSize, 6)
})
test('getReader({ mode: "byob" })', () => ok(of().getReader({ mode: 'byob' }) instanceof ReadableStreamBYOBReader))
test('read fills the view and transfers its buffer', async () => {
  const r = of(utf8('abc')).getReader({ mode: 'byob' })
  const mine = new Uint8Array(10)
  const { value, done } = await r.read(mine)
  eq([text(value), done, value.byteLength, value.buffer.byteLength, mine.byteLength], ['abc', false, 3, 10, 0])
})
test('read into a part of a buffer', async () => {
  const r = of(utf8('abc')).getReader({ mode: 'byob' })
  const { value } = await r.read(new Uint8Array(new ArrayBuffer(10), 4, 2))
  eq([text(value), value.byteOffset, value.buffer.byteLength], ['ab', 4, 10])
})
test('what does not fit comes next', async () => {
  const r = of(utf8('abcd')).getReader({ mode: 'byob' })
  eq([text((await r.read(new Uint8Array(3))).value), text((await r.read(new Uint8Array(3))).value)], ['abc', 'd'])
})
test('read joins several chunks', async () => eq(text((await of(utf8('a'), utf8('b'), utf8('c')).getReader({ mode: 'byob' }).read(new Uint8Array(8))).value), 'abc'))
test('the value has the type of the view', async () => {
  const r = of(new Uint8Array([1, 0, 2, 0])).getReader({ mode: 'byob' })
  const { value } = await r.read(new Uint16Array(2))
  eq([value instanceof Uint16Array, [...value]], [true, [1, 2]])
})
test('a DataView', async () => { const { value } = await of(utf8('a')).getReader({ mode: 'byob' }).read(new DataView(new ArrayBuffer(2))); ok(value instanceof DataView); eq(value.byteLength, 1) })
test('the end gives an empty view', async () => {
  const { value, done } = await of().getReader({ mode: 'byob' }).read(new Uint8Array(4))
  eq([value instanceof Uint8Array, value.byteLength, value.buffer.byteLength, done], [true, 0, 4, true])
})
test('an empty view is a TypeError', async () => {
  const r = of(utf8('a')).getReader({ mode: 'byob' })
  await rejects(TypeError, r.read(new Uint8Array(0)))
  await rejects(TypeError, r.read('x'))
  await rejects(TypeError, r.read())
})
test('min waits for that many', async () => {
  let c
  const r = byteStream({ start(x) { c = x } }).getReader({ mode: 'byob' })
  const p = r.read(new Uint8Array(8), { min: 3 })
  c.enqueue(utf8('a'))
  await turn()
  c.enqueue(utf8('b'))
  c.enqueue(utf8('cd'))
  eq(text((await p).value), 'abcd')
})
test('byobRequest is the view to fill', async () => {
  const s = byteStream({ pull(c) {
    const { view } = c.byobRequest
    new Uint8Array(view.buffer, view.byteOffset)[0] = 42
    c.byobRequest.respond(1)
  } })
  const { value } = await s.getReader({ mode: 'byob' }).read(new Uint8Array(3))
  eq([...value], [42])
})
test('respondWithNewView', async () => {
  const s = byteStream({ pull(c) {
    const { view } = c.byobRequest
    const mine = new Uint8Array(view.buffer, view.byteOffset, 2)
    mine.set([7, 8])
    c.byobRequest.respondWithNewView(mine)
  } })
  eq([...(await s.getReader({ mode: 'byob' }).read(new Uint8Array(3))).value], [7, 8])
})
test('autoAllocateChunkSize gives one to default readers', async () => {
  const r = byteStream({ autoAllocateChunkSize: 16, pull(c) {
    const { view } = c.byobRequest
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength)[0] = view.byteLength
    c.byobRequest.respond(1)
  } }).getReader()
  eq([...(await r.read()).value], [16])
})
test('autoAllocateChunkSize of 0 is a TypeError', () => throws(TypeError, () => byteStream({ autoAllocateChunkSize: 0 })))
test('respond(0) on an open stream is a TypeError', async () => {
  let error
  const r = byteStream({ pull(c) { try { c.byobRequest.respond(0) } catch (e) { error = e; c.enqueue(utf8('a')) } } }).getReader({ mode: 'byob' })
  await r.read(new Uint8Array(1))
  ok(error instanceof TypeError)
})
test('respond beyond the view is a RangeError', async () => {
  let error
  const r = byteStream({ pull(c) { try { c.byobRequest.respond(9) } catch (e) { error = e; c.enqueue(utf8('a')) } } }).getReader({ mode: 'byob' })
  await r.read(new Uint8Array(1))
  ok(error instanceof RangeError)
})
test('errors reach a BYOB reader', async () => { const e = new Error('x'); await rejects({ value: e }, byteStream({ pull(c) { c.error(e) } }).getReader({ mode: 'byob' }).read(new Uint8Array(1))) })
test('cancel by a BYOB reader', async () => {
  let why
  await byteStream({ cancel(r) { why = r } }).getReader({ mode: 'byob' }).cancel('enough')
  eq(why, 'enough')
})
test('tee of a byte stream gives copies', async () => {
  const [a, b] = of(utf8('ab')).tee()
  const x = (await a.getReader().read()).value
  const y = (await b.getReader().read()).value
  ok(x.buffer !== y.buffer)
  eq([text(x), text(y)], ['ab', 'ab'])
})
test('the branches of a tee are byte streams', async () => {
  const [a] = of(utf8('ab')).tee()
  eq(text((await a.getReader({ mode: 'byob' }).read(new Uint8Array(1))).value), 'a')
})
test('new ReadableStreamBYOBReader of another stream is a TypeError', () => throws(TypeError, () => new ReadableStreamBYOBReader(new ReadableStream())))
test('Symbol.toStringTag', () => {
  let c
  const s = byteStream({ start(x) { c = x } })
  eq([c, s.getReader({ mode: 'byob' })].map((x) => Object.prototype.toString.call(x)), ['[object ReadableByteStreamController]', '[object ReadableStreamBYOBReader]'])
})

export default handler

// Streams Standard §6: TransformStream, and Cloudflare's IdentityTransformStream and FixedLengthStream.
import { test, workers, eq, ok, throws, rejects, handler, drain, streamOf, turn, utf8, text } from '../workertest.js'

test('without a transformer chunks pass', async () => eq(await drain(streamOf(1, 'a', null).pipeThrough(new TransformStream())), [1, 'a', null]))
test('transform may give several chunks or none', async () => {
  const t = new TransformStream({ transform(x, c) { for (let i = 0; i < x; i++) c.enqueue(x) } })
  eq(await drain(streamOf(2, 0, 1).pipeThrough(t)), [2, 2, 1])
})
test('start and flush', async () => {
  const t = new TransformStream({ start(c) { c.enqueue('first') }, flush(c) { c.enqueue('last') } })
  eq(await drain(streamOf('x').pipeThrough(t)), ['first', 'x', 'last'])
})
test('transform may be async', async () => {
  const t = new TransformStream({ async transform(x, c) { await turn(); c.enqueue(x * 2) } })
  eq(await drain(streamOf(1, 2).pipeThrough(t)), [2, 4])
})
test('terminate ends the readable side', async () => {
  const t = new TransformStream({ transform(x, c) { c.enqueue(x); c.terminate() } })
  const w = t.writable.getWriter()
  w.write(1).catch(() => {})
  eq(await drain(t.readable), [1])
  await rejects(TypeError, w.write(2))
})
test('error reaches both sides', async () => {
  const e = new Error('x')
  const t = new TransformStream({ start(c) { c.error(e) } })
  await rejects({ value: e }, t.readable.getReader().read())
  await rejects({ value: e }, t.writable.getWriter().closed)
})
test('a transform that throws', async () => {
  const e = new Error('x')
  const t = new TransformStream({ transform() { throw e } })
  const read = t.readable.getReader().read()
  await rejects({ value: e }, t.writable.getWriter().write(1))
  await rejects({ value: e }, read)
})
test('a flush that throws', async () => {
  const e = new Error('x')
  const t = new TransformStream({ flush() { throw e } })
  t.readable.getReader().closed.catch(() => {})
  await rejects({ value: e }, t.writable.getWriter().close())
})
test('cancelling the readable side errors the writable one', async () => {
  const t = new TransformStream()
  const e = new Error('x')
  await t.readable.cancel(e)
  await rejects({ value: e }, t.writable.getWriter().closed)
})
test('cancel of the transformer', async () => {
  let why
  const t = new TransformStream({ cancel(r) { why = r } })
  await t.readable.cancel('x')
  eq(why, 'x')
})
test('aborting the writable side errors the readable one', async () => {
  const t = new TransformStream()
  const e = new Error('x')
  t.writable.abort(e)
  await rejects({ value: e }, t.readable.getReader().read())
})
test('backpressure', async () => {
  const t = new TransformStream()
  const w = t.writable.getWriter()
  eq(w.desiredSize, 1)
  const p = w.write(1)
  eq(w.desiredSize, 0)
  const r = t.readable.getReader()
  eq((await r.read()).value, 1)
  await p
})
test('strategies of both sides', () => {
  let c
  const t = new TransformStream({ start(x) { c = x } }, { highWaterMark: 3 }, { highWaterMark: 5 })
  eq([t.writable.getWriter().desiredSize, c.desiredSize], [3, 5])
})
test('readable and writable are the same objects each time', () => { const t = new TransformStream(); ok(t.readable === t.readable && t.writable === t.writable) })
test('the controller has no constructor', () => throws(TypeError, () => new TransformStreamDefaultController()))
test('Symbol.toStringTag', () => eq(Object.prototype.toString.call(new TransformStream()), '[object TransformStream]'))

workers('IdentityTransformStream passes bytes', async () => {
  const t = new IdentityTransformStream()
  const w = t.writable.getWriter()
  w.write(utf8('ab')).then(() => w.close())
  eq(await new Response(t.readable).text(), 'ab')
})
workers('IdentityTransformStream refuses what are no bytes', async () => {
  const w = new IdentityTransformStream().writable.getWriter()
  await rejects(TypeError, w.write(5))
})
workers('IdentityTransformStream has a BYOB reader', async () => {
  const t = new IdentityTransformStream()
  const w = t.writable.getWriter()
  w.write(utf8('abc'))
  const r = t.readable.getReader({ mode: 'byob' })
  eq(text((await r.read(new Uint8Array(2))).value), 'ab')
})
workers('a write to an IdentityTransformStream waits for its reader', async () => {
  const t = new IdentityTransformStream()
  const w = t.writable.getWriter()
  let written = false
  w.write(utf8('a')).then(() => { written = true })
  await turn()
  eq(written, false)
  await t.readable.getReader().read()
  await turn()
  eq(written, true)
})
workers('FixedLengthStream', async () => {
  const t = new FixedLengthStream(3)
  ok(t instanceof IdentityTransformStream)
  const w = t.writable.getWriter()
  w.write(utf8('abc')).then(() => w.close())
  eq(await new Response(t.readable).text(), 'abc')
})
workers('FixedLengthStream takes a bigint', () => { new FixedLengthStream(10n) })
workers('FixedLengthStream refuses too much', async () => {
  const { readable, writable } = new FixedLengthStream(2)
  writable.getWriter().write(utf8('abc')).catch(() => {})
  await rejects(TypeError, new Response(readable).text(), 'Attempt to write too many bytes through a FixedLengthStream.')
})
workers('FixedLengthStream refuses too little', async () => {
  const { readable, writable } = new FixedLengthStream(2)
  const w = writable.getWriter()
  w.write(utf8('a')).then(() => w.close()).catch(() => {})
  await rejects(TypeError, new Response(readable).text(), 'FixedLengthStream did not see all expected bytes before close().')
})

export default handler

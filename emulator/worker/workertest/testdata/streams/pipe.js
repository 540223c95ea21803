// Streams Standard §4.2.4 and §4.9: pipeTo and pipeThrough, with all options.
import { test, eq, ok, throws, rejects, handler, drain, streamOf, turn } from '../workertest.js'

const sink = (more = {}) => {
  const log = []
  const s = new WritableStream({ write(x) { log.push(x) }, close() { log.push('closed') }, abort(r) { log.push(['aborted', r]) }, ...more })
  return { s, log }
}
const failing = (e, after = 0) => new ReadableStream({ pull(c) { after-- > 0 ? c.enqueue(1) : c.error(e) } })

test('pipeTo moves all and closes', async () => {
  const { s, log } = sink()
  eq(await streamOf(1, 2).pipeTo(s), undefined)
  eq(log, [1, 2, 'closed'])
})
test('pipeTo unlocks both at the end', async () => {
  const { s } = sink()
  const r = streamOf(1)
  const p = r.pipeTo(s)
  eq([r.locked, s.locked], [true, true])
  await p
  eq([r.locked, s.locked], [false, false])
})
test('preventClose', async () => {
  const { s, log } = sink()
  await streamOf(1).pipeTo(s, { preventClose: true })
  eq(log, [1])
  await s.getWriter().write(2)
  eq(log, [1, 2])
})
test('an error of the source aborts the sink', async () => {
  const e = new Error('x')
  const { s, log } = sink()
  await rejects({ value: e }, failing(e, 1).pipeTo(s))
  eq(log, [1, ['aborted', e]])
})
test('preventAbort', async () => {
  const e = new Error('x')
  const { s, log } = sink()
  await rejects({ value: e }, failing(e).pipeTo(s, { preventAbort: true }))
  eq(log, [])
  await s.getWriter().write(2)
  eq(log, [2])
})
test('an error of the sink cancels the source', async () => {
  const e = new Error('x')
  let why
  const source = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel(r) { why = r } })
  await rejects({ value: e }, source.pipeTo(new WritableStream({ write() { throw e } })))
  ok(why === e)
})
test('preventCancel', async () => {
  const e = new Error('x')
  let cancelled = false
  const source = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel() { cancelled = true } })
  await rejects({ value: e }, source.pipeTo(new WritableStream({ write() { throw e } }), { preventCancel: true }))
  eq([cancelled, source.locked], [false, false])
})
test('a sink that is closed already cancels the source', async () => {
  let cancelled = false
  const source = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel() { cancelled = true } })
  const { s } = sink()
  await s.close()
  await rejects(TypeError, source.pipeTo(s))
  eq(cancelled, true)
})
test('a signal', async () => {
  const c = new AbortController()
  const { s, log } = sink()
  const p = new ReadableStream({ async pull(c) { await turn(); c.enqueue(1) } }).pipeTo(s, { signal: c.signal })
  const e = new Error('x')
  setTimeout(() => c.abort(e), 5)
  await rejects({ value: e }, p)
  eq(log.at(-1), ['aborted', e])
})
test('preventClose through a transform', async () => {
  const t = new TransformStream()
  await Promise.all([streamOf(1).pipeTo(t.writable, { preventClose: true }), t.readable.getReader().read()])
  eq(t.writable.locked, false)
})
test('a signal that is aborted already', async () => {
  const { s, log } = sink()
  let pulled = 0
  const source = new ReadableStream({ pull() { pulled++ } }, { highWaterMark: 0 })
  await rejects('AbortError', source.pipeTo(s, { signal: AbortSignal.abort() }))
  eq([log.length, pulled], [1, 0])
})
test('a signal with all prevented', async () => {
  const { s, log } = sink()
  let cancelled = false
  const source = new ReadableStream({ cancel() { cancelled = true } })
  await rejects('AbortError', source.pipeTo(s, { signal: AbortSignal.abort(), preventAbort: true, preventCancel: true }))
  eq([log, cancelled, source.locked, s.locked], [[], false, false, false])
})
test('a signal that is none is a TypeError', async () => { await rejects(TypeError, streamOf().pipeTo(sink().s, { signal: {} })) })
test('pipeTo of a locked stream, or to one, is a TypeError', async () => {
  const r = streamOf(1)
  r.getReader()
  await rejects(TypeError, r.pipeTo(sink().s))
  const { s } = sink()
  s.getWriter()
  await rejects(TypeError, streamOf(1).pipeTo(s))
})
test('pipeTo something else is rejected', async () => { await rejects(TypeError, streamOf(1).pipeTo({})) })
test('pipeTo respects backpressure', async () => {
  let pulled = 0
  const source = new ReadableStream({ pull(c) { c.enqueue(pulled++) } }, { highWaterMark: 0 })
  let go
  source.pipeTo(new WritableStream({ write: () => new Promise((r) => { go = r }) }, { highWaterMark: 1 })).catch(() => {})
  await turn()
  await turn()
  ok(pulled <= 2, `pulled ${pulled}`)
  go()
})
test('a slow sink gets everything', async () => {
  const log = []
  await streamOf(1, 2, 3).pipeTo(new WritableStream({ async write(x) { await turn(); log.push(x) } }))
  eq(log, [1, 2, 3])
})
test('pipeThrough gives the readable side', async () => {
  const t = new TransformStream({ transform(x, c) { c.enqueue(x + 1) } })
  const out = streamOf(1, 2).pipeThrough(t)
  ok(out === t.readable)
  eq(await drain(out), [2, 3])
})
test('pipeThrough takes any pair of streams', async () => {
  const { readable, writable } = new TransformStream()
  eq(await drain(streamOf('a').pipeThrough({ readable, writable })), ['a'])
})
test('a chain', async () => {
  const plus = () => new TransformStream({ transform(x, c) { c.enqueue(x + 1) } })
  eq(await drain(streamOf(1).pipeThrough(plus()).pipeThrough(plus()).pipeThrough(plus())), [4])
})
test('pipeThrough of a locked stream is a TypeError', () => { const r = streamOf(1); r.getReader(); throws(TypeError, () => r.pipeThrough(new TransformStream())) })
test('pipeThrough without a pair is a TypeError', () => { throws(TypeError, () => streamOf().pipeThrough({})); throws(TypeError, () => streamOf().pipeThrough()) })
test('an error travels down a chain', async () => {
  const e = new Error('x')
  await rejects({ value: e }, drain(failing(e).pipeThrough(new TransformStream()).pipeThrough(new TransformStream())))
})
test('a cancel travels up a chain', async () => {
  let why
  const out = new ReadableStream({ cancel(r) { why = r } }).pipeThrough(new TransformStream())
  await out.cancel('enough')
  await turn()
  eq(why, 'enough')
})

export default handler

// Streams Standard §5: WritableStream.
import { test, eq, ok, throws, rejects, handler, stateOf, turn } from '../workertest.js'

const recording = (sink = {}, strategy) => {
  const log = []
  const s = new WritableStream({
    write(chunk) { log.push(chunk) },
    close() { log.push('closed') },
    abort(reason) { log.push(['aborted', reason]) },
    ...sink,
  }, strategy)
  return { s, log }
}

test('writes arrive in order and then the close', async () => {
  const { s, log } = recording()
  const w = s.getWriter()
  w.write(1)
  w.write(2)
  await w.close()
  eq(log, [1, 2, 'closed'])
})
test('one write at a time', async () => {
  let running = 0
  let most = 0
  const s = new WritableStream({ async write() { most = Math.max(most, ++running); await turn(); running-- } })
  const w = s.getWriter()
  w.write(1)
  w.write(2)
  await w.close()
  eq(most, 1)
})
test('the sink gets the controller', () => { let c; new WritableStream({ start(x) { c = x } }); ok(c instanceof WritableStreamDefaultController && c.signal instanceof AbortSignal) })
test('desiredSize and ready', async () => {
  let go
  const s = new WritableStream({ write: () => new Promise((r) => { go = r }) }, { highWaterMark: 1 })
  const w = s.getWriter()
  eq(w.desiredSize, 1)
  await w.ready
  w.write('a')
  eq([w.desiredSize, await stateOf(w.ready)], [0, 'pending'])
  go()
  await w.ready
  eq(w.desiredSize, 1)
})
test('locked, and a second writer is a TypeError', () => {
  const s = new WritableStream()
  const w = s.getWriter()
  eq(s.locked, true)
  throws(TypeError, () => s.getWriter())
  w.releaseLock()
  eq(s.locked, false)
})
test('close and abort of a locked stream are TypeErrors', async () => {
  const s = new WritableStream()
  s.getWriter()
  await rejects(TypeError, s.close())
  await rejects(TypeError, s.abort())
})
test('a released writer', async () => {
  const w = new WritableStream().getWriter()
  w.releaseLock()
  await rejects(TypeError, w.write(1))
  await rejects(TypeError, w.close())
  await rejects(TypeError, w.closed)
  throws(TypeError, () => w.desiredSize)
})
test('close by the stream', async () => { const { s, log } = recording(); await s.close(); eq(log, ['closed']) })
test('write after close is a TypeError', async () => { const w = new WritableStream().getWriter(); w.close(); await rejects(TypeError, w.write(1)) })
test('close twice is a TypeError', async () => { const w = new WritableStream().getWriter(); w.close(); await rejects(TypeError, w.close()) })
test('closed is fulfilled at the end', async () => { const w = new WritableStream().getWriter(); eq(await stateOf(w.closed), 'pending'); await w.close(); eq(await w.closed, undefined) })
test('abort reaches the sink and rejects what waits', async () => {
  const { s, log } = recording({ write: () => turn() })
  const w = s.getWriter()
  await turn()
  const first = w.write(1)
  const second = w.write(2)
  const e = new Error('x')
  const aborted = w.abort(e)
  await first
  await rejects({ value: e }, second)
  await aborted
  await rejects({ value: e }, w.closed)
  eq(log, [['aborted', e]])
})
test('abort aborts the signal of the controller', async () => {
  let c
  const s = new WritableStream({ start(x) { c = x } })
  s.abort('why')
  eq([c.signal.aborted, c.signal.reason], [true, 'why'])
})
test('write after abort is rejected with the reason', async () => { const e = new Error('x'); const w = new WritableStream().getWriter(); w.abort(e); await rejects({ value: e }, w.write(1)) })
test('abort of a closed stream does nothing', async () => { const { s, log } = recording(); await s.close(); await s.abort(); eq(log, ['closed']) })
test('a write that throws errors the stream', async () => {
  const e = new Error('x')
  const w = new WritableStream({ write() { throw e } }).getWriter()
  await rejects({ value: e }, w.write(1))
  await rejects({ value: e }, w.write(2))
  await rejects({ value: e }, w.closed)
  eq(w.desiredSize, null)
})
test('a start that is rejected', async () => { const e = new Error('x'); await rejects({ value: e }, new WritableStream({ start: () => Promise.reject(e) }).getWriter().write(1)) })
test('a close that throws', async () => { const e = new Error('x'); await rejects({ value: e }, new WritableStream({ close() { throw e } }).getWriter().close()) })
test('controller.error', async () => {
  const e = new Error('x')
  let c
  const w = new WritableStream({ start(x) { c = x } }).getWriter()
  c.error(e)
  await rejects({ value: e }, w.closed)
  await rejects({ value: e }, w.write(1))
})
test('writes wait for start', async () => {
  let go
  const { s, log } = recording({ start: () => new Promise((r) => { go = r }) })
  s.getWriter().write(1)
  await turn()
  eq(log, [])
  go()
  await turn()
  eq(log, [1])
})
test('new WritableStreamDefaultWriter', () => { ok(new WritableStreamDefaultWriter(new WritableStream())); throws(TypeError, () => new WritableStreamDefaultWriter({})) })
test('the controller has no constructor', () => throws(TypeError, () => new WritableStreamDefaultController()))
test('Symbol.toStringTag', () => { const s = new WritableStream(); eq([s, s.getWriter()].map((x) => Object.prototype.toString.call(x)), ['[object WritableStream]', '[object WritableStreamDefaultWriter]']) })

export default handler

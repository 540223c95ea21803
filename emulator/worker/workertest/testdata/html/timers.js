// HTML Standard §8.6 and §8.7: timers and microtasks; scheduler.wait of Workers.
import { test, workers, eq, ok, throws, rejects, handler, turn } from '../workertest.js'

const log = () => { const l = []; const add = (x) => l.push(x); return [l, add] }

test('setTimeout runs later, with its arguments', async () => {
  const [l, add] = log()
  const p = new Promise((r) => setTimeout((...a) => { add(a); r() }, 0, 1, 'b'))
  add('now')
  await p
  eq(l, ['now', [1, 'b']])
})
test('timers of one delay run in the order of their calls', async () => { const [l, add] = log(); for (const x of [1, 2, 3]) setTimeout(add, 2, x); await new Promise((r) => setTimeout(r, 10)); eq(l, [1, 2, 3]) })
test('shorter delays run first', async () => { const [l, add] = log(); setTimeout(add, 20, 'b'); setTimeout(add, 1, 'a'); await new Promise((r) => setTimeout(r, 30)); eq(l, ['a', 'b']) })
test('clearTimeout', async () => { const [l, add] = log(); clearTimeout(setTimeout(add, 0, 1)); await new Promise((r) => setTimeout(r, 5)); eq(l, []) })
test('clearing nothing is harmless', () => { clearTimeout(undefined); clearTimeout(123456); clearInterval(99) })
test('setInterval repeats until it is cleared', async () => {
  let n = 0
  await new Promise((r) => { const t = setInterval(() => { if (++n === 3) { clearInterval(t); r() } }, 1) })
  await new Promise((r) => setTimeout(r, 10))
  eq(n, 3)
})
test('clearTimeout and clearInterval are the same', async () => { let n = 0; const t = setInterval(() => n++, 1); clearTimeout(t); await new Promise((r) => setTimeout(r, 5)); eq(n, 0) })
test('a negative, missing or foolish delay is 0', async () => { const [l, add] = log(); setTimeout(add, -5, 1); setTimeout(() => add(2)); setTimeout(add, NaN, 3); setTimeout(add, 'x', 4); await new Promise((r) => setTimeout(r, 10)); eq(l.sort(), [1, 2, 3, 4]) })
workers('setTimeout gives a number above 0', () => { const t = setTimeout(() => {}, 0); eq([typeof t, t > 0], ['number', true]) })
workers('setTimeout of a string is a TypeError', () => throws(TypeError, () => setTimeout('x', 0)))
test('setTimeout without arguments is a TypeError', () => { throws(TypeError, () => setTimeout()); throws(TypeError, () => setInterval()) })
test('timers can be made by timers', async () => { const [l, add] = log(); await new Promise((r) => setTimeout(() => { add(1); setTimeout(() => { add(2); r() }, 0) }, 0)); eq(l, [1, 2]) })

test('microtasks run before timers, in order', async () => {
  const [l, add] = log()
  setTimeout(add, 0, 'timer')
  queueMicrotask(() => { add('a'); queueMicrotask(() => add('c')) })
  Promise.resolve().then(() => add('b'))
  add('now')
  await turn()
  await turn()
  eq(l, ['now', 'a', 'b', 'c', 'timer'])
})
test('microtasks run between two timers', async () => {
  const [l, add] = log()
  setTimeout(() => { add(1); Promise.resolve().then(() => add('m')) }, 1)
  setTimeout(() => add(2), 1)
  await new Promise((r) => setTimeout(r, 10))
  eq(l, [1, 'm', 2])
})
test('queueMicrotask of no function is a TypeError', () => { throws(TypeError, () => queueMicrotask()); throws(TypeError, () => queueMicrotask('x')); throws(TypeError, () => queueMicrotask({})) })
test('await takes a turn of microtasks', async () => {
  const [l, add] = log()
  const f = async () => { add(1); await null; add(3) }
  const p = f()
  add(2)
  await p
  eq(l, [1, 2, 3])
})
test('the order of awaits and thens', async () => {
  const [l, add] = log()
  const a = async () => { add('a1'); await 0; add('a2'); await 0; add('a3') }
  const p = a()
  Promise.resolve().then(() => add('b1')).then(() => add('b2'))
  await p
  await null
  eq(l, ['a1', 'a2', 'b1', 'a3', 'b2'])
})
test('a thenable takes one more turn', async () => {
  const [l, add] = log()
  Promise.resolve({ then(r) { add('then'); r() } }).then(() => add('after'))
  Promise.resolve().then(() => add('x')).then(() => add('y'))
  await turn()
  eq(l, ['then', 'x', 'after', 'y'])
})

workers('scheduler.wait', async () => eq(await scheduler.wait(1), undefined))
workers('scheduler.wait with a signal', async () => {
  const c = new AbortController()
  const p = scheduler.wait(1000, { signal: c.signal })
  c.abort()
  await rejects('AbortError', p)
})
workers('scheduler.wait with an aborted signal', async () => { await rejects('AbortError', scheduler.wait(1, { signal: AbortSignal.abort() })) })
workers('setImmediate is not there without nodejs_compat', () => eq(typeof setImmediate, 'undefined'))
workers('time stands still while code runs', () => {
  const start = Date.now()
  for (let i = 0; i < 2e4; i++) Math.sqrt(i)
  eq(Date.now(), start)
})
workers('performance.now is as Date.now, in whole milliseconds', () => { ok(Number.isInteger(performance.now())); eq(performance.timeOrigin, 0) })

export default handler

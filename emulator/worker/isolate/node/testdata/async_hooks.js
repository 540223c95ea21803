import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'

const als = new AsyncLocalStorage()
const other = new AsyncLocalStorage()
const get = () => als.getStore()
const tick = () => new Promise(resolve => setTimeout(resolve))

export default {
  'nothing outside of run': () => [get()],
  'run returns what the callback does, and passes arguments': () => [als.run(1, (a, b) => [a, b, get()], 'a', 'b'), get()],
  'run throws what the callback throws, and ends': () => { try { als.run(1, () => { throw new Error('x') }) } catch (e) { return [e.message, get()] } },
  'nested runs': () => als.run(1, () => [get(), als.run(2, () => [get(), als.run(3, get)]), get()]),
  'two storages': () => als.run(1, () => other.run(2, () => [get(), other.getStore(), als.run(3, () => [get(), other.getStore()]), als.exit(() => [get(), other.getStore()])])),
  'exit': () => als.run(1, () => [als.exit(get), get(), als.exit((a, b) => a + b, 1, 2)]),
  'await': () => als.run('a', async () => { await null; const x = get(); await tick(); return [x, get(), await Promise.resolve().then(get)] }),
  'a promise made outside': async () => { const p = tick(); return als.run('in', () => p.then(get)) },
  'after run is over': async () => { const p = als.run('in', async () => { await tick(); return get() }); return [get(), await p, get()] },
  'concurrent runs': () => Promise.all([1, 2, 3].map(n => als.run(n, async () => { const seen = []; for (let i = 0; i < 3; i++) { await tick(); seen.push(get()) } return seen.join('') }))),
  'await within run leaves the caller alone': async () => { const p = als.run(1, async () => { await null; return get() }); await null; const mine = get(); return [await p, mine, get()] },
  'timers': () => new Promise(resolve => als.run('t', () => setTimeout(() => resolve([get()]), 1))),
  'intervals': () => new Promise(resolve => { const seen = []; als.run('i', () => { const id = setInterval(() => { seen.push(get()); if (seen.length === 2) { clearInterval(id); resolve(seen) } }, 1) }) }),
  'setImmediate': () => new Promise(resolve => als.run('im', () => setImmediate(() => resolve([get()])))),
  'queueMicrotask': () => new Promise(resolve => als.run('q', () => queueMicrotask(() => resolve([get()])))),
  'process.nextTick': () => new Promise(resolve => als.run('n', () => process.nextTick(() => resolve([get()])))),
  'catch and finally': () => als.run('c', () => Promise.reject(new Error('x')).catch(() => get()).finally(() => get()).then(v => [v, get()])),
  'async generators': () => als.run('g', async () => { async function* gen() { yield get(); await tick(); yield get() } const out = []; for await (const v of gen()) out.push(v); return out }),
  'generators see the store of who calls': () => { function* gen() { yield get(); yield get() } const g = als.run(1, gen); return [als.run(2, () => g.next().value), als.run(3, () => g.next().value)] },
  'thenables': () => als.run('th', async () => { const t = { then(resolve) { tick().then(() => resolve(get())) } }; return [await { then(resolve) { resolve(get()) } }, await t, await Promise.all([t, t]), get()] }),
  'thenables of concurrent runs': () => Promise.all([1, 2, 3].map(n => als.run(n, async () => { const seen = []; for (let i = 0; i < 4; i++) { if (i % n === 0) await tick(); seen.push(await { then(resolve) { resolve(get()) } }) } return seen.join('') }))),
  'thenables outside': async () => { als.run(1, async () => { await { then(r) { r() } } }); return [await { then(resolve) { resolve(get()) } }] },
  'thenables within thenables': () => als.run('d', async () => [await { then(resolve) { resolve({ then(r) { r(get()) } }) } }]),
  'a store that changes inside': () => als.run({ n: 1 }, async () => { get().n++; await tick(); get().n++; return get() }),
  'undefined and null as stores': () => [als.run(undefined, get), als.run(null, get), als.run(0, get)],
  'an emitter runs listeners in the store of who emits': () => { const e = new EventEmitter(); const seen = []; als.run(1, () => e.on('x', () => seen.push(get()))); als.run(2, () => e.emit('x')); e.emit('x'); return seen },
  'an event target too': () => { const t = new EventTarget(); const seen = []; als.run(1, () => t.addEventListener('x', () => seen.push(get()))); als.run(2, () => t.dispatchEvent(new Event('x'))); return seen },
  'bind': () => { const f = als.run(1, () => AsyncLocalStorage.bind((a, b) => [get(), a, b])); return [f('a', 'b'), als.run(2, () => f()), f.length] },
  'bind keeps this': () => { const o = { f: als.run(1, () => AsyncLocalStorage.bind(function () { return [this === o, get()] })) }; return o.f() },
  'snapshot': () => { const run = als.run(1, () => AsyncLocalStorage.snapshot()); return [run(get), als.run(2, () => run((a, b) => [get(), a, b], 'x', 'y'))] },
  'AsyncResource runs in the scope it was made in': () => { const r = als.run(1, () => new AsyncResource('R')); return [r.runInAsyncScope(get), als.run(2, () => r.runInAsyncScope(function (a) { return [this.me, a, get()] }, { me: 'x' }, 'arg')), r.emitDestroy() === r] },
  'AsyncResource.bind': () => { const r = als.run(1, () => new AsyncResource('R')); return [r.bind(get)(), als.run(3, () => AsyncResource.bind(get))(), r.bind(function () { return this }, 'me')() == 'me'] },
  'AsyncResource needs a type': () => { try { new AsyncResource(1) } catch (e) { return [e.code] } },
  'many storages': () => { const all = Array.from({ length: 20 }, () => new AsyncLocalStorage()); const nest = n => n === all.length ? all.map(s => s.getStore()) : all[n].run(n, () => nest(n + 1)); return nest(0) },
  'stores do not leak into later code': async () => { als.run(1, () => { tick().then(() => {}) }); await tick(); return [get()] },
  'streams of promises': () => als.run('p', async () => [await Promise.all([1, 2].map(async n => { await tick(); return get() + n })), await Promise.race([tick().then(get)]), await Promise.allSettled([tick().then(get)]), await Promise.any([tick().then(get)])]),
}

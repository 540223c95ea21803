import process, { nextTick, env } from 'node:process'
import timers, { setTimeout as nodeTimeout } from 'node:timers'
import { setTimeout as later, setImmediate as soon, setInterval as every, scheduler } from 'node:timers/promises'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })

export default {
  'env holds strings': () => { env.A_B = 5; env.C_D = undefined; const seen = [env.A_B, env.C_D, 'A_B' in env, delete env.A_B, env.A_B, Object.keys(env).includes('C_D')]; delete env.C_D; return [...seen, ...each([() => { env.x = Symbol('s') }], f => f()).map(t => t.slice(0, 40))] },
  'nextTick passes arguments': () => new Promise(resolve => nextTick((a, b) => resolve([a, b]), 1, 2)),
  'nextTick of nonsense': () => each([1, undefined], v => nextTick(v)),
  'hrtime': () => { const t = process.hrtime(), d = process.hrtime(t); return [t.length, d[0] >= 0, typeof process.hrtime.bigint(), ...each([1, [1]], v => process.hrtime(v)).map(t => t.slice(0, 60))] },
  'it emits': () => { let seen; process.once('x', v => { seen = v }); return [process.emit('x', 3), seen, process.listenerCount('x')] },
  'warnings are emitted': () => new Promise(resolve => { process.once('warning', w => resolve([w.name, w.message, w.code])); process.emitWarning('careful', 'Mine', 'C1') }),
  'what kind of process': () => [process.platform, process.version[0], Object.prototype.toString.call(process), typeof process.pid, Array.isArray(process.argv), typeof process.memoryUsage().rss, process.getBuiltinModule('node:path') === process.getBuiltinModule('path'), process.getBuiltinModule('nope')],
  'timers are objects': () => { const t = nodeTimeout(() => {}, 5); const out = [typeof t, t.hasRef(), t.unref() === t, t.hasRef(), t.ref().hasRef(), typeof +t, t.constructor.name, t.refresh() === t]; clearTimeout(t); return out },
  'a cleared timer does not fire': () => new Promise(resolve => { const seen = []; const a = nodeTimeout(() => seen.push('a'), 1), b = timers.setInterval(() => seen.push('b'), 1), c = timers.setImmediate(() => seen.push('c')); timers.clearTimeout(a); timers.clearInterval(b); timers.clearImmediate(c); setTimeout(() => resolve(seen), 10) }),
  'a timer is cleared by its number': () => new Promise(resolve => { const seen = []; const t = nodeTimeout(() => seen.push('a'), 1); timers.clearTimeout(+t); setTimeout(() => resolve(seen), 5) }),
  'timers pass arguments': () => new Promise(resolve => nodeTimeout((...a) => resolve(a), 1, 'x', 'y')),
  'setImmediate passes arguments': () => new Promise(resolve => setImmediate((...a) => resolve(a), 'x', 'y')),
  'timers of nonsense': () => each([1, 'x'], v => timers.setTimeout(v)),
  'promises of timers': async () => [await later(1, 'v'), await soon('w'), await scheduler.wait(1)],
  'promises of timers are aborted': async () => { const c = new AbortController(); setTimeout(() => c.abort('why')); return later(1000, 'v', { signal: c.signal }).catch(e => [e.name, e.code, e.message, e.cause]) },
  'promises of timers refuse nonsense': async () => [await later(1, 2, { signal: 5 }).catch(e => e.message), await later(1, 2, 'x').catch(e => e.code)],
  'setInterval iterates': async () => { const seen = []; for await (const v of every(1, 'tick')) { seen.push(v); if (seen.length === 3) break } return seen },
  'order of what waits': async () => { const seen = []; await new Promise(resolve => { setTimeout(() => { seen.push('timeout'); resolve() }, 5); setImmediate(() => seen.push('immediate')); queueMicrotask(() => seen.push('microtask')); seen.push('now') }); return seen },
}

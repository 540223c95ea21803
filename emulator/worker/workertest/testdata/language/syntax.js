// ECMAScript: syntax up to ES2024, decorators and using excepted (their cases are .txtar files, since
// V8 does not parse all of it yet).
import { test, eq, ok, throws, rejects, handler } from '../workertest.js'

test('async generators and for await', async () => {
  async function* gen() { yield 1; yield Promise.resolve(2); try { yield 3 } finally { seen.push('end') } }
  const seen = []
  for await (const x of gen()) { seen.push(x); if (x === 3) break }
  eq(seen, [1, 2, 3, 'end'])
})
test('for await over promises and sync iterables', async () => { const out = []; for await (const x of [Promise.resolve('a'), 'b']) out.push(x); eq(out, ['a', 'b']) })
test('yield* in an async generator', async () => {
  async function* inner() { yield 1; return 'r' }
  async function* outer() { const r = yield* inner(); yield r; yield* [2, Promise.resolve(3)] }
  const out = []
  for await (const x of outer()) out.push(x)
  eq(out, [1, 'r', 2, 3])
})
test('async generator methods: next, throw, return', async () => {
  async function* g() { try { const x = yield 1; yield x } catch (e) { yield 'caught ' + e } }
  const a = g()
  eq(await a.next(), { value: 1, done: false })
  eq(await a.next('in'), { value: 'in', done: false })
  eq(await a.throw('e'), { value: 'caught e', done: false })
  eq(await a.return('bye'), { value: 'bye', done: true })
  eq(await a.next(), { value: undefined, done: true })
})
test('requests to an async generator queue up', async () => {
  async function* g() { yield 1; yield 2 }
  const a = g()
  eq((await Promise.all([a.next(), a.next(), a.next()])).map((x) => x.value), [1, 2, undefined])
})
test('for await awaits return of the iterator', async () => {
  let returned = false
  const it = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: async () => { returned = true; return {} } }) }
  for await (const x of it) { ok(x); break }
  eq(returned, true)
})
test('class fields, public and static', () => {
  class A { a = 1; 'b c' = 2; [`d${1}`] = 3; static s = 4; static t = A.s + 1; f = () => this.a }
  const o = new A()
  eq([o.a, o['b c'], o.d1, A.s, A.t, o.f.call(null)], [1, 2, 3, 4, 5, 1])
})
test('class fields called get, set, async, static', () => {
  class A { get = 1; set = 2; async = 3; static = 4; static get = 5; static async = 6 }
  const o = new A()
  eq([o.get, o.set, o.async, o.static, A.get, A.async], [1, 2, 3, 4, 5, 6])
})
test('class fields called get and set without a value', () => { class A { get; set; static async } eq(Object.keys(new A()), ['get', 'set']); ok('async' in A) })
test('private fields, methods, accessors and static ones', () => {
  class A {
    #x = 1
    static #n = 0
    #m() { return this.#x }
    get #g() { return this.#x * 10 }
    set #g(v) { this.#x = v }
    run() { this.#g = 5; A.#n++; return [this.#m(), this.#g, A.#n] }
    static has(o) { return #x in o }
  }
  eq([new A().run(), A.has(new A()), A.has({})], [[5, 50, 1], true, false])
  throws(TypeError, () => A.prototype.run.call({}))
})
test('static blocks', () => { class A { static v; static { this.v = 7 } } eq(A.v, 7) })
test('fields are initialised before the rest of a derived constructor', () => {
  const log = []
  class A { constructor() { log.push('A') } }
  class B extends A { f = log.push('f'); constructor() { super(); log.push('B') } }
  new B()
  eq(log, ['A', 'f', 'B'])
})
test('arguments in an arrow function are those of the function around it', () => {
  function f() { const g = () => arguments[0]; return g() }
  function h() { return [1].map(() => arguments.length) }
  function n() { return (() => (() => arguments[1])())() }
  eq([f('a'), h(1, 2, 3), n(1, 2)], ['a', [3], 2])
})
test('arguments in an async arrow function', async () => { function f() { return (async () => { await 0; return arguments[0] })() } eq(await f(9), 9) })
test('super in arrows, object methods and static methods', () => {
  class A { m() { return 'a' } static s() { return 's' } }
  class B extends A { m() { return (() => super.m() + 'b')() } static s() { return super.s() + '!' } p = () => super.m() }
  eq([new B().m(), B.s(), new B().p()], ['ab', 's!', 'a'])
  const o = { __proto__: { m() { return 1 } }, m() { return super.m() + 1 } }
  eq(o.m(), 2)
})
test('new.target', () => { function F() { return new.target } eq([F(), new F() === F], [undefined, true]); class A { constructor() { this.t = new.target } } class B extends A {} ok(new B().t === B) })
test('optional chaining and nullish coalescing', () => {
  const o = { a: { f() { return this.v }, v: 1 } }
  eq([o?.a?.v, o.b?.c.d.e, o.a?.f(), o.a.g?.(), o?.['a']['v'], null ?? 1, 0 ?? 1, delete o?.z], [1, undefined, 1, undefined, 1, 1, 0, true])
})
test('logical assignment', () => { let a = null; let b = 1; let c = 0; a ??= 5; b &&= 6; c ||= 7; eq([a, b, c], [5, 6, 7]); const o = { get x() { return 1 } }; o.x ??= 2 })
test('destructuring', () => {
  const { a, b: { c = 5, ...rest } = {}, ['d' + 1]: e, ...others } = { a: 1, b: { x: 2, y: 3 }, d1: 4, z: 6 }
  const [x, , y = 9, ...more] = [1, 2, undefined, 4, 5]
  eq([a, c, rest, e, others, x, y, more], [1, 5, { x: 2, y: 3 }, 4, { z: 6 }, 1, 9, [4, 5]])
})
test('spread', () => eq([Math.max(...[1, 3], 2), [...'aé😀'], { ...{ a: 1 }, ...null, ...'x' }], [3, ['a', 'é', '😀'], { a: 1, 0: 'x' }]))
test('tagged templates', () => {
  const tag = (s, ...v) => [s.raw.join('|'), s.join('|'), v, Object.isFrozen(s)]
  eq(tag`a\n${1}b`, ['a\\n|b', 'a\n|b', [1], true])
  eq(((s) => s[0])`\unicode`, undefined)
})
test('a template object is the same each time', () => { const f = () => ((s) => s)`x`; ok(f() === f()) })
test('getters, setters, computed and shorthand names', () => { let v = 0; const k = 'dyn'; const o = { get x() { return v }, set x(n) { v = n }, [k + 1]() { return 1 }, k, async *g() {}, async m() {} }; o.x = 4; eq([o.x, o.dyn1(), o.k], [4, 1, 'dyn']) })
test('generators', () => { function* g() { const x = yield 1; try { yield x } finally { yield 'f' } } const i = g(); eq([i.next().value, i.next(5).value, i.return(9), i.next()], [1, 5, { value: 'f', done: false }, { value: 9, done: true }]) })
test('labels, continue and break', () => { const out = []; outer: for (const a of [1, 2]) { for (const b of [1, 2]) { if (b === 2) continue outer; out.push(a * 10 + b) } } eq(out, [11, 21]) })
test('let in loops makes a binding for each turn', () => { const f = []; for (let i = 0; i < 3; i++) f.push(() => i); eq(f.map((x) => x()), [0, 1, 2]) })
test('the temporal dead zone', () => throws(ReferenceError, () => { x; let x = 1; return x }))
test('exponents, numeric separators, bigints, binary and octal', () => eq([2 ** 3 ** 2, (-2) ** 2, 1_000, 0b101, 0o17, 2n ** 64n, BigInt.asUintN(8, 257n), -7n / 2n, typeof 1n], [512, 4, 1000, 5, 15, 18446744073709551616n, 1n, -3n, 'bigint']))
test('catch without a binding, finally', () => { const log = []; const f = () => { try { throw 1 } catch { log.push('c'); return 'r' } finally { log.push('f') } }; eq([f(), log], ['r', ['c', 'f']]) })
test('default parameters have a scope of their own', () => { const f = (a, b = () => a) => { a = 2; return b() }; eq(f(1), 2); function g(x, y = x) { var x = 5; return [x, y] } eq(g(1), [5, 1]) })
test('functions have names', () => { const f = () => {}; const o = { m() {}, ['a b']: function () {}, get g() { return 1 } }; class C { static s() {} } eq([f.name, o.m.name, o['a b'].name, Object.getOwnPropertyDescriptor(o, 'g').get.name, C.name, C.s.name], ['f', 'm', 'a b', 'get g', 'C', 's']) })
test('a named function or class expression keeps its name', () => { const f = function f() {}; const C = class C {}; eq([f.name, C.name], ['f', 'C']) })
test('modules are strict', () => { eq((function () { return this })(), undefined); throws(TypeError, () => { Object.freeze([]).push(1) }); throws(ReferenceError, () => { undeclared = 1 }) })
test('import.meta is an object', () => eq(typeof import.meta, 'object'))
test('Proxy and Reflect', () => {
  const log = []
  const p = new Proxy({ a: 1 }, { get(t, k, r) { log.push(k); return Reflect.get(t, k, r) }, has: () => true, ownKeys: () => ['a', 'z'], deleteProperty: () => true })
  eq([p.a, 'q' in p, Reflect.ownKeys(p), delete p.a, log], [1, true, ['a', 'z'], true, ['a']])
})
test('Symbol.species, toPrimitive, hasInstance, isConcatSpreadable', () => {
  eq([`${{ [Symbol.toPrimitive]: (h) => h }}`, +{ [Symbol.toPrimitive]: () => 5 }, 5 instanceof { [Symbol.hasInstance]: () => true }, [].concat({ length: 1, 0: 'x', [Symbol.isConcatSpreadable]: true })], ['string', 5, true, ['x']])
})
test('extending Array, Error, Map, Promise', async () => {
  class L extends Array { last() { return this[this.length - 1] } }
  class E extends Error { constructor(m) { super(m); this.name = 'E' } }
  class M extends Map { get(k) { return super.get(k) ?? 'none' } }
  class P extends Promise {}
  const l = L.from([1, 2])
  eq([l.last(), l.map((x) => x) instanceof L, l.length, new E('x') instanceof E, String(new E('x')), new M([[1, 2]]).get(3), P.resolve(1) instanceof P], [2, true, 2, true, 'E: x', 'none', true])
})
test('error.cause and AggregateError', () => { const e = new Error('a', { cause: 'c' }); const g = new AggregateError([1, 2], 'm'); eq([e.cause, 'cause' in new Error('a'), g.errors, g.message], ['c', false, [1, 2], 'm']) })
test('error.stack names the functions', () => { function culprit() { return new Error('x').stack } ok(/culprit/.test(culprit())) })
test('Error.captureStackTrace', () => { const o = {}; Error.captureStackTrace(o); eq(typeof o.stack, 'string') })
test('unhandled rejections do not end the Worker', async () => { Promise.reject(new Error('nobody')); await new Promise((r) => setTimeout(r, 0)) })
test('await of a rejected promise throws', async () => { const e = new Error('x'); await rejects({ value: e }, (async () => { await Promise.reject(e) })()) })
test('WeakRef and FinalizationRegistry', () => { const o = {}; const r = new FinalizationRegistry(() => {}); r.register(o, 1); eq([new WeakRef(o).deref() === o, r.unregister(o)], [true, false]) })
test('a very long expression and deep nesting', () => { let s = 0; for (let i = 0; i < 1000; i++) s += i; eq(JSON.parse('['.repeat(500) + ']'.repeat(500)).length, 1); eq(s, 499500) })

export default handler

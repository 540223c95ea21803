// HTML Standard §2.7: structuredClone.
import { test, workers, eq, ok, throws, handler, bytesOf } from '../workertest.js'

for (const [name, value] of Object.entries({
  undefined: undefined, null: null, true: true, 'a number': 1.5, NaN: NaN, '-0': -0, Infinity: -Infinity, 'a string': 'a\u0000ü\ud800', 'a bigint': 2n ** 70n,
  'an array': [1, [2, [3]]], 'an object': { a: 1, b: { c: [] } }, 'a Date': new Date(1234), 'an invalid Date': new Date(NaN),
  'a Map': new Map([[1, { a: 1 }], ['k', new Set([2])]]), 'a Set': new Set([1, 'a', null]), 'an ArrayBuffer': new Uint8Array([1, 2]).buffer,
  'a Uint8Array': new Uint8Array([1, 2, 3]), 'a Float64Array': new Float64Array([1.5]), 'a BigInt64Array': new BigInt64Array([1n]), 'a DataView': new DataView(new ArrayBuffer(3), 1),
})) {
  test(`a copy of ${name}`, () => {
    const copy = structuredClone(value)
    eq(copy, value)
    if (typeof value === 'object' && value !== null) ok(copy !== value)
  })
}
test('wrapper objects', () => {
  const [n, s, b, g] = structuredClone([Object(1), Object('s'), Object(false), Object(5n)])
  eq([typeof n, n + 0, String(s), b.valueOf(), g.valueOf()], ['object', 1, 's', false, 5n])
  ok(n instanceof Number && s instanceof String && b instanceof Boolean)
})
test('a RegExp, without lastIndex', () => { const r = /a(b)/gi; r.lastIndex = 3; const c = structuredClone(r); eq([c.source, c.flags, c.lastIndex, c instanceof RegExp], ['a(b)', 'gi', 0, true]) })
test('errors', () => {
  for (const C of [Error, TypeError, RangeError, SyntaxError, EvalError, ReferenceError, URIError]) {
    const c = structuredClone(new C('m', { cause: { a: 1 } }))
    eq([c instanceof C, c.name, c.message], [true, C.name, 'm'])
  }
})
test('the cause of an error', () => eq(structuredClone(new Error('m', { cause: { a: 1 } })).cause, { a: 1 }))
test('holes stay holes', () => { const c = structuredClone([1, , 3]); eq([c.length, 1 in c, c[2]], [3, false, 3]) })
test('further properties of an array', () => { const a = [1]; a.x = 2; eq(structuredClone(a).x, 2) })
test('circles', () => { const o = { a: [] }; o.a.push(o); const c = structuredClone(o); ok(c.a[0] === c && c !== o) })
test('the same object twice stays the same', () => { const x = {}; const [a, b] = structuredClone([x, x]); ok(a === b && a !== x) })
test('views of one buffer share their copy', () => { const b = new ArrayBuffer(4); const [x, y] = structuredClone([new Uint8Array(b), new Uint8Array(b, 1)]); ok(x.buffer === y.buffer && x.buffer !== b); x[1] = 9; eq(y[0], 9) })
test('a part of a buffer keeps its place', () => { const c = structuredClone(new Uint8Array(new ArrayBuffer(8), 2, 3)); eq([c.byteOffset, c.length, c.buffer.byteLength], [2, 3, 8]) })
test('prototypes, accessors and symbols are lost', () => {
  class P { constructor() { this.a = 1 } get b() { return 2 } }
  const c = structuredClone(new P())
  eq([c, Object.getPrototypeOf(c) === Object.prototype], [{ a: 1 }, true])
  eq(structuredClone({ get x() { return 5 } }), { x: 5 })
  eq(Object.getOwnPropertySymbols(structuredClone({ [Symbol('s')]: 1 })), [])
})
test('only enumerable properties of its own', () => eq(structuredClone(Object.create({ a: 1 }, { b: { value: 2, enumerable: true }, c: { value: 3 } })), { b: 2 }))
test('a frozen object becomes a usual one', () => eq(Object.isFrozen(structuredClone(Object.freeze({ a: 1 }))), false))
for (const [name, make] of Object.entries({
  'a function': () => () => {}, 'a symbol': () => Symbol('s'), 'a WeakMap': () => new WeakMap(), 'a WeakSet': () => new WeakSet(), 'a promise': () => Promise.resolve(),
  'an object with a function': () => ({ a: { f() {} } }), 'an array with a symbol': () => [Symbol('s')],
})) test(`${name} is a DataCloneError`, () => throws('DataCloneError', () => structuredClone(make())))
test('a getter that throws passes its error on', () => { const e = new Error('x'); throws({ value: e }, () => structuredClone({ get a() { throw e } })) })
test('transfer', () => {
  const b = new Uint8Array([1, 2]).buffer
  const c = structuredClone({ b }, { transfer: [b] })
  eq([b.byteLength, bytesOf(c.b)], [0, [1, 2]])
})
test('a view of a transferred buffer', () => { const v = new Uint8Array([1, 2]); const c = structuredClone(v, { transfer: [v.buffer] }); eq([v.length, [...c]], [0, [1, 2]]) })
test('it needs an argument', () => throws(TypeError, () => structuredClone()))
test('a DOMException', () => { const c = structuredClone(new DOMException('m', 'AbortError')); eq([c instanceof DOMException, c.name, c.message, c.code], [true, 'AbortError', 'm', 20]) })
test('a deep structure', () => { let o = {}; const top = o; for (let i = 0; i < 500; i++) o = o.o = {}; ok(structuredClone(top).o.o.o) })
workers('a Headers', () => eq([...structuredClone(new Headers({ a: '1' }))], [['a', '1']]))
workers('a URL is a DataCloneError', () => throws('DataCloneError', () => structuredClone(new URL('http://a.test'))))

export default handler

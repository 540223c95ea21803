// ECMAScript: the library up to ES2025.
import { test, workers, eq, ok, throws, rejects, handler } from '../workertest.js'

test('Set methods', () => {
  const a = new Set([1, 2, 3])
  const b = new Set([3, 4])
  eq([[...a.union(b)], [...a.intersection(b)], [...a.difference(b)], [...a.symmetricDifference(b)], a.isSubsetOf(b), a.isSupersetOf(new Set([1])), a.isDisjointFrom(new Set([9]))], [[1, 2, 3, 4], [3], [1, 2], [1, 2, 4], false, true, true])
})
test('Set methods take a Map', () => eq([...new Set([1, 2]).intersection(new Map([[2, 'x']]))], [2]))
test('Object.groupBy and Map.groupBy', () => {
  const g = Object.groupBy([1, 2, 3], (x) => (x % 2 ? 'odd' : 'even'))
  eq([{ ...g }, Object.getPrototypeOf(g), [...Map.groupBy([1, 2, 3], (x) => x % 2)]], [{ odd: [1, 3], even: [2] }, null, [[1, [1, 3]], [0, [2]]]])
})
test('iterator helpers', () => {
  const it = () => [1, 2, 3, 4].values()
  eq([it().map((x) => x * 2).toArray(), it().filter((x) => x > 2).toArray(), it().take(2).toArray(), it().drop(2).toArray(), it().flatMap((x) => [x, x]).take(3).toArray(), it().reduce((a, b) => a + b), it().some((x) => x > 3), it().every((x) => x > 3), it().find((x) => x > 1)], [[2, 4, 6, 8], [3, 4], [1, 2], [3, 4], [1, 1, 2], 10, true, false, 2])
})
test('iterator helpers on a generator close it', () => { let closed = false; function* g() { try { yield 1; yield 2 } finally { closed = true } } eq(g().take(1).toArray(), [1]); eq(closed, true) })
test('Iterator.from and Iterator', () => { eq(Iterator.from({ next() { return { done: this.n > 1, value: this.n++ } }, n: 0 }).toArray(), [0, 1]); throws(TypeError, () => new Iterator()); ok([].values() instanceof Iterator) })
test('Promise.withResolvers and Promise.try', async () => {
  const { promise, resolve } = Promise.withResolvers()
  resolve(5)
  eq([await promise, await Promise.try((a) => a + 1, 1)], [5, 2])
  await rejects(RangeError, Promise.try(() => { throw new RangeError('x') }))
})
test('Promise.any, allSettled, race, finally', async () => {
  eq(await Promise.any([Promise.reject(1), 2]), 2)
  eq(await Promise.allSettled([1, Promise.reject(2)]), [{ status: 'fulfilled', value: 1 }, { status: 'rejected', reason: 2 }])
  await rejects(AggregateError, Promise.any([Promise.reject(1)]))
  let f = 0
  eq([await Promise.race([1, 2]), await Promise.resolve(3).finally(() => { f = 1 }), f], [1, 3, 1])
})
test('Array: at, findLast, flat, with, toSorted, toReversed, toSpliced', () => {
  const a = [3, 1, [2, [4]]]
  eq([a.at(-1), [1, 2, 3].findLast((x) => x < 3), [1, 2].findLastIndex((x) => x > 5), a.flat(), a.flat(Infinity), [1, 2].with(-1, 9), [2, 1].toSorted(), [1, 2].toReversed(), [1, 2, 3].toSpliced(1, 1, 'x', 'y')], [[2, [4]], 2, -1, [3, 1, 2, [4]], [3, 1, 2, 4], [1, 9], [1, 2], [2, 1], [1, 'x', 'y', 3]])
})
test('Array.fromAsync', async () => eq([await Array.fromAsync([Promise.resolve(1), 2], (x) => x * 2), await Array.fromAsync((async function* () { yield 1 })())], [[2, 4], [1]]))
test('Array.from with a length and a map', () => eq(Array.from({ length: 3 }, (_, i) => i * i), [0, 1, 4]))
test('sort is stable and puts undefined last', () => eq([[{ k: 1, n: 'a' }, { k: 0, n: 'b' }, { k: 1, n: 'c' }, { k: 0, n: 'd' }].sort((x, y) => x.k - y.k).map((x) => x.n).join(''), [undefined, 3, 10, 2].sort()], ['bdac', [10, 2, 3, undefined]]))
test('copyWithin, fill, includes with NaN', () => eq([[1, 2, 3, 4].copyWithin(0, 2), new Array(2).fill(7), [NaN].includes(NaN), [NaN].indexOf(NaN)], [[3, 4, 3, 4], [7, 7], true, -1]))
test('Object.hasOwn, fromEntries, entries, getOwnPropertyDescriptors', () => eq([Object.hasOwn({ a: 1 }, 'a'), Object.fromEntries([['a', 1]]), Object.entries({ b: 2 }), Object.keys(Object.getOwnPropertyDescriptors({ a: 1 }).a).sort()], [true, { a: 1 }, [['b', 2]], ['configurable', 'enumerable', 'value', 'writable']]))
test('integer keys come first, in order', () => eq(Object.keys({ b: 1, 2: 1, a: 1, 1: 1 }), ['1', '2', 'b', 'a']))
test('String: at, replaceAll, matchAll, padStart, trimEnd, codePointAt, normalize', () => {
  eq(['abc'.at(-1), 'a.a'.replaceAll('.', '$&$&'), [...'a1b2'.matchAll(/[a-z](\d)/g)].map((m) => m[1]), '5'.padStart(3, '0'), 'x '.trimEnd(), '😀'.codePointAt(0), 'e\u0301'.normalize('NFC'), 'ab'.repeat(2)], ['c', 'a..a', ['1', '2'], '005', 'x', 0x1f600, 'é', 'abab'])
  throws(TypeError, () => 'a'.replaceAll(/a/, 'b'))
})
test('isWellFormed and toWellFormed', () => eq(['a\ud800'.isWellFormed(), 'a😀'.isWellFormed(), 'a\ud800b'.toWellFormed()], [false, true, 'a\ufffdb']))
test('String.raw and fromCodePoint', () => eq([String.raw`\n${1}`, String.fromCodePoint(0x1f600)], ['\\n1', '😀']))
test('toUpperCase and toLowerCase beyond ASCII', () => eq(['straße'.toUpperCase(), 'İ'.toLowerCase().length, 'ΑΣ'.toLowerCase()], ['STRASSE', 2, 'ας']))
test('localeCompare', () => { eq(['ä', 'z', 'a', 'B'].sort((x, y) => x.localeCompare(y)), ['a', 'ä', 'B', 'z']) })
test('ArrayBuffer.transfer', () => { const a = new Uint8Array([1, 2]).buffer; const b = a.transfer(4); eq([a.byteLength, a.detached, b.byteLength, [...new Uint8Array(b)]], [0, true, 4, [1, 2, 0, 0]]) })
test('resizable ArrayBuffer', () => { const b = new ArrayBuffer(2, { maxByteLength: 4 }); b.resize(4); eq([b.byteLength, b.resizable], [4, true]) })
test('typed arrays: from, of, set, subarray, toSorted, findLast, at, with', () => {
  const a = Uint8Array.of(3, 1, 2)
  eq([[...a.toSorted()], a.at(-1), a.findLast((x) => x < 3), [...a.with(0, 9)], [...Uint8Array.from('123', Number)], [...a.subarray(1)], [...new Uint8ClampedArray([300, -5, 1.5])]], [[1, 2, 3], 2, 2, [9, 1, 2], [1, 2, 3], [1, 2], [255, 0, 2]])
})
test('DataView with all getters', () => { const d = new DataView(new ArrayBuffer(16)); d.setFloat64(0, Math.PI); d.setBigInt64(8, -5n, true); d.setInt16(0, -2); eq([d.getInt16(0), d.getBigInt64(8, true), d.getUint8(1)], [-2, -5n, 254]) })
test('Float16Array and Math.f16round', () => eq([new Float16Array([1.1])[0], Math.f16round(1.1)], [1.099609375, 1.099609375]))
test('Uint8Array base64 and hex', () => eq([Uint8Array.fromBase64('aGk=').toHex(), new Uint8Array([1, 255]).toBase64(), [...Uint8Array.fromHex('01ff')]], ['6869', 'Af8=', [1, 255]]))
test('Map, WeakMap, WeakSet', () => { const k = {}; const w = new WeakMap([[k, 1]]); const s = new WeakSet([k]); eq([w.get(k), s.has(k), [...new Map([['a', 1]]).entries()], new Map([[NaN, 1]]).get(NaN), new Map([[0, 1]]).get(-0)], [1, true, [['a', 1]], 1, 1]) })
test('symbols as WeakMap keys', () => { const s = Symbol('x'); eq(new WeakMap([[s, 1]]).get(s), 1) })
test('Map keeps its order under change', () => { const m = new Map([[1, 1], [2, 2]]); const seen = []; for (const [k] of m) { seen.push(k); if (k === 1) { m.delete(2); m.set(3, 3) } } eq(seen, [1, 3]) })
test('Symbol.description and the registry', () => eq([Symbol('d').description, Symbol.keyFor(Symbol.for('k')), Symbol.for('k') === Symbol.for('k')], ['d', 'k', true]))
test('Math', () => eq([Math.trunc(-1.5), Math.sign(-3), Math.cbrt(27), Math.hypot(3, 4), Math.clz32(1), Math.imul(3, 4), Math.fround(5.5), Math.log2(8), Math.expm1(0)], [-1, -1, 3, 5, 31, 12, 5.5, 3, 0]))
test('Number', () => eq([(0.1 + 0.2).toFixed(2), (1e21).toString(), (255).toString(16), (0.000001234).toString(), (1234.5678).toExponential(2), (0.5).toString(2), Number('0x1f'), Number(' 12 '), Number('1_0'), parseInt('12px'), parseFloat('.5e1x'), Number.isSafeInteger(2 ** 53), (25).toString(36), (1.005).toFixed(2), (123.456).toPrecision(4)], ['0.30', '1e+21', 'ff', '0.000001234', '1.23e+3', '0.1', 31, 12, NaN, 12, 5, false, 'p', '1.00', '123.5']))
test('BigInt', () => eq([BigInt('0x10'), BigInt(5), (2n ** 64n).toString(16), BigInt.asIntN(8, 255n), 5n > 4, 2n == 2, -(-3n), 7n % 3n, 5n & 3n, 1n << 65n], [16n, 5n, '10000000000000000', -1n, true, true, 3n, 1n, 1n, 36893488147419103232n]))
test('Date: parsing and printing', () => {
  eq([Date.parse('2026-01-02T03:04:05.006Z'), Date.parse('2026-01-02'), Date.parse('2026-01-02T00:00'), Date.parse('Fri, 02 Jan 2026 00:00:00 GMT'), Date.UTC(2026, 0, 2)], [1767323045006, 1767312000000, 1767312000000, 1767312000000, 1767312000000])
  const d = new Date(1767323045006)
  eq([d.toISOString(), d.toJSON(), d.toUTCString(), d.toString(), d.getTimezoneOffset(), d.getDay(), new Date(2026, 1, 31).getDate()], ['2026-01-02T03:04:05.006Z', '2026-01-02T03:04:05.006Z', 'Fri, 02 Jan 2026 03:04:05 GMT', 'Fri Jan 02 2026 03:04:05 GMT+0000 (Coordinated Universal Time)', 0, 5, 3])
  throws(RangeError, () => new Date(NaN).toISOString())
})
test('JSON', () => {
  eq([JSON.stringify({ a: [1, undefined, () => {}], b: undefined, c: NaN, d: new Date(0), e: '\u2028\ud800"\\', f: Infinity, g: -0 }), JSON.stringify([1], null, 2), JSON.stringify({ a: 1, b: 2 }, ['b']), JSON.stringify({ a: 1 }, (k, v) => (k ? v + 1 : v)), JSON.stringify('\u{1f600}'), JSON.stringify(undefined), JSON.stringify({ a: Object(1), s: Object('x') })],
    ['{"a":[1,null,null],"c":null,"d":"1970-01-01T00:00:00.000Z","e":"\u2028\\ud800\\"\\\\","f":null,"g":0}', '[\n  1\n]', '{"b":2}', '{"a":2}', '"😀"', undefined, '{"a":1,"s":"x"}'])
  throws(TypeError, () => JSON.stringify(1n))
})
test('JSON.parse', () => {
  eq([JSON.parse('{"__proto__":1,"a":[1e400,-0,"\\ud800"],"a":2}').a, JSON.parse('1e400'), JSON.parse('"\\ud800"'), JSON.parse(' [1 , 2 ] '), JSON.parse('{"a":1}', (k, v) => (k === 'a' ? v + 1 : v)), Object.is(JSON.parse('-0'), -0)], [2, Infinity, '\ud800', [1, 2], { a: 2 }, true])
  for (const s of ['', '{', "{'a':1}", '[1,]', '01', '+1', '"\n"', 'NaN', '{"a":1}x', '\ufeff1']) throws(SyntaxError, () => JSON.parse(s))
})
test('JSON.parse makes properties of its own, __proto__ too', () => { const o = JSON.parse('{"__proto__":{"x":1}}'); eq([Object.hasOwn(o, '__proto__'), o.x], [true, undefined]) })
test('JSON.rawJSON and the source of numbers', () => { eq(JSON.stringify({ a: JSON.rawJSON('1e1000') }), '{"a":1e1000}'); let s; JSON.parse('123', (k, v, c) => { s = c.source; return v }); eq(s, '123') })
test('Error.isError and RegExp.escape', () => { eq([Error.isError(new TypeError()), Error.isError({})], [true, false]); ok(new RegExp('^' + RegExp.escape('a.b*(c)') + '$').test('a.b*(c)')) })
test('encodeURIComponent and its kin', () => { eq([encodeURIComponent("ü &'()"), encodeURI('http://a/ü?b#c'), decodeURIComponent('%C3%BC'), escape('ü'), unescape('%FC')], ["%C3%BC%20%26'()", 'http://a/%C3%BC?b#c', 'ü', '%FC', 'ü']); throws(URIError, () => decodeURIComponent('%')); throws(URIError, () => encodeURIComponent('\ud800')) })
test('globalThis and its names', () => eq([typeof globalThis, globalThis.globalThis === globalThis], ['object', true]))
test('Atomics and SharedArrayBuffer', () => { const a = new Int32Array(new SharedArrayBuffer(8)); eq([Atomics.add(a, 0, 5), Atomics.load(a, 0)], [0, 5]) })
workers('eval and new Function are an EvalError', () => {
  throws(EvalError, () => eval('1'), 'Code generation from strings disallowed for this context')
  throws(EvalError, () => new Function('return 1'), 'Code generation from strings disallowed for this context')
})

export default handler

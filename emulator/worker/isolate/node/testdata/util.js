import util, { inspect, promisify, callbackify, inherits, deprecate, types, isDeepStrictEqual, parseArgs, styleText, stripVTControlCharacters, MIMEType, toUSVString, aborted, format, formatWithOptions } from 'node:util'
import typesToo from 'node:util/types'
import { Buffer } from 'node:buffer'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })
class Foo { constructor() { this.x = 1 } get y() { return 2 } }
class Bar extends Foo { static s = 1 }
const nested = { a: { b: { c: { d: { e: 1 } } } } }
const circular = { name: 'c', list: [] }
circular.self = circular
circular.list.push(circular)

export default {
  'inspect primitives': () => [undefined, null, true, 5, -0, 5n, 'a\'b', 'a"\'b', 'x\ny', Symbol('s'), '', NaN].map(v => inspect(v)),
  'inspect objects': () => [{}, [], { a: 1, 'b-c': 'd', 3: [1, 2, [3]] }, new Foo(), new Bar(), Object.create(null), Object.create({ a: 1 }), { f() {}, g: () => {}, h: class {}, i: class A extends Foo {} }, [1, , 3], [undefined, null]].map(v => inspect(v)),
  'inspect built-ins': () => [new Map([['a', { b: 1 }]]), new Set([1, 'x']), new Date(0), new Date(NaN), /re/g, new Error('boom').message, new Uint8Array(3), new Float64Array([1.5]), new ArrayBuffer(2), Promise.resolve(5), new WeakMap(), Buffer.from('hi'), new Number(3), new String('abc'), new Boolean(false)].map(v => inspect(v)),
  'inspect deep': () => [inspect(nested), inspect(nested, { depth: 0 }), inspect(nested, { depth: null }), inspect(nested, false, 1), inspect([[[[1]]]]), inspect(nested, { depth: Infinity })],
  'inspect circular': () => inspect(circular),
  'inspect long arrays': () => [inspect(Array.from({ length: 120 }, (_, i) => i)), inspect(Array.from({ length: 5 }, (_, i) => i), { maxArrayLength: 2 }), inspect(['apple', 'banana', 'cherry', 'dates', 'elderberry', 'fig', 'grape', 'honeydew'])],
  'inspect long objects': () => [inspect({ aaaaaaaaaaaaaaaaaaaa: 'bbbbbbbbbbbbbbbbbbbbbbbbb', cccccccccccccccccccc: 'dddddddddddddd', e: 1 }), inspect({ a: 1, b: 2 }, { compact: false }), inspect({ a: 1, b: { c: 2 } }, { breakLength: 10 }), inspect({ a: [1, 2, 3], b: 'x'.repeat(60), c: 'y' }, { breakLength: Infinity })],
  'inspect long strings': () => [inspect('a'.repeat(30), { maxStringLength: 10 }), inspect({ s: 'line one of the text\nline two of the text, which is longer\nline three of the text' })],
  'inspect with colours': () => inspect({ a: 1, b: 'x', c: null, d: undefined, e: true, f: Symbol('s'), g: 5n, h: new Date(0), i: /r/, j: () => {}, 'k-l': [1] }, { colors: true }),
  'inspect sorted': () => [inspect({ b: 1, a: 2 }, { sorted: true }), inspect({ b: 1, a: 2 }, { sorted: (x, y) => (x < y ? 1 : -1) })],
  'inspect getters': () => [inspect({ get a() { return 1 }, set b(v) {}, get c() { return 2 }, set c(v) {} }), inspect({ get a() { return { x: 1 } }, get b() { return 5 } }, { getters: true })],
  'inspect hidden': () => [inspect([1, 2], { showHidden: true }), inspect(Object.defineProperty({ a: 1 }, 'h', { value: 2 }), { showHidden: true })],
  'inspect custom': () => {
    const own = { [inspect.custom](depth, options, i) { return `<${depth} ${typeof options.stylize} ${i === inspect} ${i({ a: 1 }, options)}>` } }
    return [inspect(own), inspect({ own }), inspect({ own }, { customInspect: false }).includes('nodejs.util.inspect.custom'), inspect({ [inspect.custom]: () => ({ other: 1 }) }), inspect({ a: { [inspect.custom]: () => 'two\nlines' } })]
  },
  'inspect separators': () => [inspect(1234567.891, { numericSeparator: true }), inspect([123456n, -1234], { numericSeparator: true })],
  'inspect symbols and tags': () => [inspect({ [Symbol('k')]: 1 }), inspect(new (class Q { get [Symbol.toStringTag]() { return 'T' } })())],
  'format': () => [format('%s %d %i %f %j %o %O %%', 'a', 1.5, 1.9, '2.5', { a: 1 }, [1], { b: 2 }), format('a', 'b', { c: 1 }), format('%s', null, undefined), format('%d', '0x10'), format(1, 2), format('%s', { a: 1 }), format('%c x', 'css'), format('100%'), format('%s', Symbol('s')), format('%d', 5n), format('%x', 1), format('%s', -0), format()],
  'formatWithOptions': () => [formatWithOptions({ colors: true }, '%O', { a: 1 }), formatWithOptions({ compact: false }, { a: 1 })],
  'promisify': async () => [await promisify((a, cb) => cb(null, a + 1))(1), await promisify((cb) => cb(new Error('x')))().catch(e => e.message), await promisify(function (cb) { cb(null, this.me) }).call({ me: 5 })],
  'promisify custom': async () => { const f = () => {}; f[promisify.custom] = async () => 'own'; return [await promisify(f)(), promisify(f) === f[promisify.custom], promisify.custom.toString()] },
  'promisify of a timer': async () => [await promisify(setTimeout)(1, 'v')],
  'promisify of nonsense': () => each([1, undefined], v => promisify(v)),
  'callbackify': () => Promise.all([async a => a, async () => { throw new Error('x') }, async () => { throw null }].map(f => new Promise(r => callbackify(f)(1, (e, v) => r([e && e.message, e && e.code, v]))))),
  'callbackify of nonsense': () => [...each([1], v => callbackify(v)), ...each([1], v => callbackify(async () => {})(v)), callbackify(async function named(a, b) {}).name, callbackify(async (a, b) => {}).length],
  'inherits': () => { function A() {} A.prototype.hi = () => 'hi'; function B() {} inherits(B, A); return [new B().hi(), B.super_ === A, new B() instanceof A, ...each([[null, A], [A, null], [A, {}]], a => inherits(...a))] },
  'deprecate keeps what it wraps': () => { const f = deprecate(function (a) { return [this?.x, a] }, 'old', 'DEP0'); class C { constructor(v) { this.v = v } } return [f.call({ x: 1 }, 2), new (deprecate(C, 'old'))(3).v] },
  'isDeepStrictEqual': () => [[1, 1], [1, '1'], [NaN, NaN], [0, -0], [{ a: 1 }, { a: 1 }], [{ a: 1 }, { a: 2 }], [{ a: undefined }, {}], [[1, 2], [1, 2]], [[1, , 3], [1, undefined, 3]], [new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])], [new Set([{ a: 1 }]), new Set([{ a: 1 }])], [new Set([1]), new Set(['1'])],
    [new Date(0), new Date(0)], [new Date(0), new Date(1)], [/a/g, /a/g], [/a/g, /a/i], [new Foo(), { x: 1 }], [new Foo(), new Foo()], [Buffer.from('a'), Buffer.from('a')], [Buffer.from('a'), new Uint8Array([97])], [new Error('a'), new Error('a')], [new Error('a'), new TypeError('a')],
    [new Number(1), new Number(1)], [new Number(1), new Number(2)], [Symbol.iterator, Symbol.iterator], [() => {}, () => {}], [null, undefined], [null, {}], [[], {}], [circular, circular], [new Float32Array([NaN]), new Float32Array([NaN])], [{ [Symbol.iterator]: 1 }, {}], [new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])], [new Map([[1, 2]]), new Map([[1, 3]])]]
    .map(([a, b]) => isDeepStrictEqual(a, b)),
  'circular structures are equal': () => { const a = { x: {} }, b = { x: {} }; a.x.a = a; b.x.a = b; const c = { x: {} }; c.x.a = c.x; return [isDeepStrictEqual(a, b), isDeepStrictEqual([a], [b])] },
  'types': () => {
    const values = [new Date(), /a/, new Map(), new Set(), new WeakMap(), new WeakSet(), Promise.resolve(), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new Uint8Array(1), Buffer.alloc(1), new Error('x'), async () => {}, function* () {}, (function* () {})(), new Proxy({}, {}), new Number(1), Object(1n), Object(Symbol('s')), new String(''), new Boolean(true), new Map().entries(), new Set().values(), (function () { return arguments })(), {}, [], null, 1, 'x', undefined, Object.create(Date.prototype)]
    return ['isDate', 'isRegExp', 'isMap', 'isSet', 'isWeakMap', 'isWeakSet', 'isPromise', 'isArrayBuffer', 'isAnyArrayBuffer', 'isDataView', 'isUint8Array', 'isTypedArray', 'isArrayBufferView', 'isNativeError', 'isAsyncFunction', 'isGeneratorFunction', 'isGeneratorObject', 'isProxy', 'isNumberObject', 'isBigIntObject', 'isSymbolObject', 'isStringObject', 'isBooleanObject', 'isBoxedPrimitive', 'isMapIterator', 'isSetIterator', 'isArgumentsObject', 'isFloat32Array']
      .map(name => name + ' ' + values.map((v, i) => (types[name](v) ? i : '')).filter(x => x !== '').join(','))
  },
  'types are a module too': () => [typesToo === types, typesToo.isDate.name],
  'styleText': () => [styleText(['red', 'bold', 'underline'], 'x'), ...each([['nope', 'x'], ['red', 1]], a => styleText(...a)).map(t => t.slice(0, 80))],
  'stripVTControlCharacters': () => [stripVTControlCharacters('\u001b[31mred\u001b[39m'), stripVTControlCharacters('\u001B]8;;http://x\u0007link\u001B]8;;\u0007'), ...each([1], v => stripVTControlCharacters(v))],
  'parseArgs': () => [
    parseArgs({ args: ['-f', '--bar', 'b'], options: { foo: { type: 'boolean', short: 'f' }, bar: { type: 'string' } } }),
    parseArgs({ args: ['--x=1', '--x', '2', 'pos', '--', '--y'], options: { x: { type: 'string', multiple: true } }, allowPositionals: true }),
    parseArgs({ args: ['-abc'], options: { a: { type: 'boolean', short: 'a' }, b: { type: 'boolean', short: 'b' }, c: { type: 'boolean', short: 'c' } } }),
    parseArgs({ args: ['-abvalue'], options: { a: { type: 'boolean', short: 'a' }, b: { type: 'string', short: 'b' } } }),
    parseArgs({ args: ['--unknown', 'x', '-z'], strict: false }),
    parseArgs({ args: [], options: { d: { type: 'string', default: 'dd' }, m: { type: 'boolean', multiple: true, default: [true] } } }),
    parseArgs({ args: ['--a', 'p', '--', 'q'], options: { a: { type: 'boolean' } }, allowPositionals: true, tokens: true }).tokens,
  ],
  'parseArgs refuses': () => each([{ args: ['--nope'] }, { args: ['pos'] }, { args: ['--a'], options: { a: { type: 'string' } } }, { args: ['--a=1'], options: { a: { type: 'boolean' } } }, { args: ['--a', '-b'], options: { a: { type: 'string', short: 'a' }, b: { type: 'boolean', short: 'b' } } }, { args: ['-x'], allowPositionals: true }, { options: { a: { type: 'x' } } }, { options: { a: { type: 'string', short: 'ab' } } }, { args: 1 }], c => parseArgs(c)),
  'MIMEType': () => ['text/html', 'TEXT/HTML; Charset=UTF-8', 'a/b;x="q\\"x";y=', ' a/b ;c=d; c=e', 'a/b;x="y z"'].map(t => { const m = new MIMEType(t); return [String(m), m.type, m.subtype, m.essence, [...m.params]] }),
  'MIMEType refuses': () => each(['', 'a', 'a/', '/b', 'a b/c', 'a/b c'], t => String(new MIMEType(t))),
  'MIMEType changes': () => { const m = new MIMEType('text/plain;a=1'); m.type = 'X'; m.subtype = 'y'; m.params.set('b', 'c d'); m.params.delete('a'); return [String(m), JSON.stringify({ m }), m.params.get('b'), m.params.get('a'), m.params.has('b')] },
  'toUSVString': () => [toUSVString('a\ud800b'), toUSVString(5)],
  'aborted': async () => { const c = new AbortController(); setTimeout(() => c.abort()); return [typeof await aborted(c.signal, {}), await aborted(AbortSignal.abort(), {}), await aborted().catch(e => e.code)] },
  'parseEnv': () => util.parseEnv('A=1\n#c\nB="x y"\nC=\'z\' # c\nexport D=e # f\n E = g \n'),
  'old names': () => [util.isArray([]), util.inspect === inspect, typeof util.TextEncoder, util._extend({ a: 1 }, { b: 2 }), util.debuglog('x').enabled, util.types === types],
}

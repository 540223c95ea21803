// Fetch Standard §2.2 and §5.1: Headers.
import { test, workers, eq, ok, throws, handler } from '../workertest.js'

const list = (init) => [...new Headers(init)]

test('made of nothing', () => eq([list(), list(undefined), list({}), list([])], [[], [], [], []]))
test('made of a record', () => eq(list({ B: '2', a: 1 }), [['a', '1'], ['b', '2']]))
test('made of pairs', () => eq(list([['a', '1'], ['A', '2']]), [['a', '1, 2']]))
test('made of another', () => {
  const a = new Headers({ x: '1' })
  const b = new Headers(a)
  b.set('x', '2')
  eq([a.get('x'), b.get('x')], ['1', '2'])
})
test('made of a Map', () => eq(list(new Map([['a', 'b']])), [['a', 'b']]))
test('made of null, a string or a number is a TypeError', () => {
  for (const v of [null, 'a', 1, true]) throws(TypeError, () => new Headers(v))
})
test('pairs of another length are a TypeError', () => {
  throws(TypeError, () => new Headers([['a']]))
  throws(TypeError, () => new Headers([['a', 'b', 'c']]))
})
test('a record with a value that is no string', () => eq(list({ a: undefined, b: null, c: {} }), [['a', 'undefined'], ['b', 'null'], ['c', '[object Object]']]))
test('names are compared without case', () => eq(new Headers({ 'X-A': '1' }).get('x-a'), '1'))
test('iteration is sorted by name and lower-case', () => eq(list([['B', '1'], ['a', '2'], ['C', '3']]).map((e) => e[0]), ['a', 'b', 'c']))
test('values are combined with comma and space', () => {
  const h = new Headers([['a', '1'], ['a', ''], ['a', '2']])
  eq(h.get('a'), '1, , 2')
})
test('whitespace around values goes away', () => eq(new Headers({ a: ' \t\r\nb c\n ' }).get('a'), 'b c'))
test('whitespace inside values stays', () => eq(new Headers({ a: 'b \t c' }).get('a'), 'b \t c'))
for (const bad of ['a b', 'a:', 'a\n', '(', 'a,b', '{', '"']) {
  test(`the name ${JSON.stringify(bad)} is a TypeError`, () => {
    const h = new Headers()
    for (const f of ['get', 'has', 'delete']) throws(TypeError, () => h[f](bad))
    for (const f of ['append', 'set']) throws(TypeError, () => h[f](bad, 'x'))
  })
}
test('all token characters are names', () => eq(new Headers({ "!#$%&'*+-.^_`|~09azAZ": 'x' }).get("!#$%&'*+-.^_`|~09AZaz"), 'x'))
for (const bad of ['a\nb', 'a\rb', 'a\0b']) test(`the value ${JSON.stringify(bad)} is a TypeError`, () => throws(TypeError, () => new Headers({ a: bad })))
test('append', () => { const h = new Headers({ a: '1' }); h.append('a', '2'); eq(h.get('a'), '1, 2') })
test('set', () => { const h = new Headers([['a', '1'], ['a', '2']]); h.set('A', '3'); eq(h.get('a'), '3') })
test('delete', () => { const h = new Headers({ a: '1' }); h.delete('A'); h.delete('b'); eq([...h], []) })
test('has', () => eq([new Headers({ a: '' }).has('A'), new Headers().has('a')], [true, false]))
test('get gives null for what is not there', () => eq(new Headers().get('a'), null))
test('methods give undefined', () => { const h = new Headers(); eq([h.append('a', '1'), h.set('a', '1'), h.delete('a')], [undefined, undefined, undefined]) })
test('Set-Cookie is not combined in iteration', () => eq(list([['set-cookie', 'a=1'], ['x', 'y'], ['Set-Cookie', 'b=2']]), [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x', 'y']]))
test('getSetCookie', () => eq([new Headers([['set-cookie', 'a=1, 2'], ['set-cookie', 'b']]).getSetCookie(), new Headers().getSetCookie()], [['a=1, 2', 'b'], []]))
test('set of Set-Cookie replaces all', () => { const h = new Headers([['set-cookie', 'a'], ['set-cookie', 'b']]); h.set('set-cookie', 'c'); eq(h.getSetCookie(), ['c']) })
test('get of Set-Cookie is combined', () => eq(new Headers([['set-cookie', 'a'], ['set-cookie', 'b']]).get('set-cookie'), 'a, b'))
test('a copy keeps cookies apart', () => eq(new Headers(new Headers([['set-cookie', 'a'], ['set-cookie', 'b']])).getSetCookie(), ['a', 'b']))
workers('getAll of Set-Cookie', () => eq(new Headers([['set-cookie', 'a'], ['set-cookie', 'b']]).getAll('Set-Cookie'), ['a', 'b']))
workers('getAll of another name is a TypeError', () => throws(TypeError, () => new Headers().getAll('a'), 'getAll() can only be used with the header name "Set-Cookie".'))
test('keys, values, entries', () => {
  const h = new Headers({ b: '2', a: '1' })
  eq([[...h.keys()], [...h.values()], [...h.entries()]], [['a', 'b'], ['1', '2'], [['a', '1'], ['b', '2']]])
})
test('forEach gives value, name, headers', () => {
  const h = new Headers({ a: '1' })
  const seen = []
  h.forEach(function (...args) { seen.push(args[0], args[1], args[2] === h, this.me) }, { me: 5 })
  eq(seen, ['1', 'a', true, 5])
  throws(TypeError, () => h.forEach())
})
test('Object.fromEntries of headers', () => eq(Object.fromEntries(new Headers({ A: '1', B: '2' })), { a: '1', b: '2' }))
test('missing arguments are a TypeError', () => {
  const h = new Headers()
  for (const f of ['get', 'has', 'delete']) throws(TypeError, () => h[f]())
  for (const f of ['append', 'set']) throws(TypeError, () => h[f]('a'))
})
test('arguments become strings', () => { const h = new Headers(); h.set(1, 2); eq(h.get('1'), '2') })
test('a Symbol is a TypeError', () => throws(TypeError, () => new Headers().set('a', Symbol('x'))))
test('methods have a brand', () => {
  throws(TypeError, () => Headers.prototype.get.call({}, 'a'))
  throws(TypeError, () => Headers.prototype.get('a'))
})
workers('the brand error says Illegal invocation', () => throws(TypeError, () => Headers.prototype.get.call({}, 'a'), /^Illegal invocation/))
test('methods are enumerable, on the prototype', () => {
  const d = Object.getOwnPropertyDescriptor(Headers.prototype, 'get')
  eq([d.enumerable, d.writable, d.configurable, Object.keys(new Headers({ a: '1' }))], [true, true, true, []])
})
test('Symbol.toStringTag', () => eq(Object.prototype.toString.call(new Headers()), '[object Headers]'))
test('Headers needs new', () => throws(TypeError, () => Headers()))
test('a class can extend Headers', () => {
  class Mine extends Headers { two() { return this.get('a') + '!' } }
  const m = new Mine({ a: '1' })
  eq([m.two(), m instanceof Headers, m instanceof Mine], ['1!', true, true])
})
test('the order of getters in a record is that of its keys', () => {
  const seen = []
  const record = { get b() { seen.push('b'); return '1' }, get a() { seen.push('a'); return '2' } }
  new Headers(record)
  eq(seen, ['b', 'a'])
})
workers('values outside of Latin-1 pass', () => eq(new Headers({ a: '€' }).get('a'), '€'))

export default handler

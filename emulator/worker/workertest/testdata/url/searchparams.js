// URL Standard §5 and §6.2: URLSearchParams and the application/x-www-form-urlencoded format.
import { test, eq, throws, handler } from '../workertest.js'

const text = (init) => String(new URLSearchParams(init))
const list = (init) => [...new URLSearchParams(init)]

test('made of nothing', () => eq([text(), text(undefined), text('')], ['', '', '']))
test('made of a string', () => eq(list('a=1&b=2&a=3'), [['a', '1'], ['b', '2'], ['a', '3']]))
test('one leading ? is dropped', () => eq([list('?a=1'), list('??a=1')], [[['a', '1']], [['?a', '1']]]))
test('pieces without =, without a name, empty pieces', () => eq(list('a&=b&&c='), [['a', ''], ['', 'b'], ['c', '']]))
test('only the first = counts', () => eq(list('a=b=c'), [['a', 'b=c']]))
test('plus is a space', () => eq(list('a+b=c+d'), [['a b', 'c d']]))
test('percent-encoded UTF-8 is decoded', () => eq(list('%C3%BC=%F0%9F%98%80'), [['ü', '😀']]))
test('broken percent-encoding stays', () => eq(list('%zz=%4'), [['%zz', '%4']]))
test('invalid UTF-8 becomes U+FFFD', () => eq(list('a=%ff'), [['a', '\ufffd']]))
test('a BOM is kept', () => eq(list('%EF%BB%BFa=1'), [['\ufeffa', '1']]))
test('made of pairs', () => eq(list([['a', 1], ['b', null]]), [['a', '1'], ['b', 'null']]))
test('made of any iterable of pairs', () => eq(list(new Map([['a', 'b']])), [['a', 'b']]))
test('a pair may be any iterable object', () => eq(list([new Set(['a', 'b'])]), [['a', 'b']]))
test('a string is no pair', () => throws(TypeError, () => new URLSearchParams(['ab'])))
test('a pair of another length is a TypeError', () => {
  throws(TypeError, () => new URLSearchParams([['a']]))
  throws(TypeError, () => new URLSearchParams([['a', 'b', 'c']]))
  throws(TypeError, () => new URLSearchParams([1]))
})
test('made of a record', () => eq(list({ b: 2, a: undefined, 1: true }), [['1', 'true'], ['b', '2'], ['a', 'undefined']]))
test('a record has no inherited properties', () => eq(list(Object.create({ a: 1 }, { b: { value: 2, enumerable: true } })), [['b', '2']]))
test('made of another', () => {
  const a = new URLSearchParams('a=1')
  const b = new URLSearchParams(a)
  a.append('b', '2')
  eq([String(a), String(b)], ['a=1&b=2', 'a=1'])
})
test('null is the string "null"', () => eq(text(null), 'null='))
test('serialising', () => eq(text([['a b', "~!'()*-._"], ['ü', '&=+%']]), 'a+b=%7E%21%27%28%29*-._&%C3%BC=%26%3D%2B%25'))
test('a lone surrogate becomes U+FFFD', () => eq(text([['\ud800', 'x']]), '%EF%BF%BD=x'))

const p = () => new URLSearchParams('a=1&b=2&a=3')
test('append', () => { const q = p(); q.append('c', 4); eq(String(q), 'a=1&b=2&a=3&c=4') })
test('set replaces the first and drops the rest', () => { const q = p(); q.set('a', 'x'); eq(String(q), 'a=x&b=2') })
test('set appends what is not there', () => { const q = p(); q.set('c', 'x'); eq(String(q), 'a=1&b=2&a=3&c=x') })
test('get gives the first or null', () => eq([p().get('a'), p().get('z')], ['1', null]))
test('getAll', () => eq([p().getAll('a'), p().getAll('z')], [['1', '3'], []]))
test('has', () => eq([p().has('a'), p().has('z')], [true, false]))
test('has with a value', () => eq([p().has('a', '3'), p().has('a', '2'), p().has('a', undefined)], [true, false, true]))
test('delete', () => { const q = p(); q.delete('a'); eq(String(q), 'b=2') })
test('delete with a value', () => { const q = p(); q.delete('a', '3'); q.delete('b', '9'); eq(String(q), 'a=1&b=2') })
test('delete with undefined deletes all of the name', () => { const q = p(); q.delete('a', undefined); eq(String(q), 'b=2') })
test('size', () => eq([p().size, new URLSearchParams().size], [3, 0]))
test('sort is stable and by UTF-16 code units', () => {
  const q = new URLSearchParams('z=1&\ufffd=2&\u{1f600}=3&a=4&z=0')
  q.sort()
  eq([...q.keys()], ['a', 'z', 'z', '\u{1f600}', '\ufffd'])
  eq(q.getAll('z'), ['1', '0'])
})
test('iteration', () => {
  eq([[...p().entries()], [...p().keys()], [...p().values()]], [[['a', '1'], ['b', '2'], ['a', '3']], ['a', 'b', 'a'], ['1', '2', '3']])
  eq([...p()], [...p().entries()])
})
test('iteration is live', () => {
  const q = new URLSearchParams('a=1&b=2&c=3')
  const seen = []
  for (const [k] of q) { seen.push(k); if (k === 'a') q.delete('a') }
  eq(seen, ['a', 'c'])
})
test('forEach', () => {
  const seen = []
  const q = p()
  q.forEach(function (v, k, all) { seen.push([k, v, all === q, this.me]) }, { me: 7 })
  eq(seen[1], ['b', '2', true, 7])
  throws(TypeError, () => q.forEach())
  throws(TypeError, () => q.forEach(1))
})
test('iterators have a prototype of their own', () => {
  const it = p().keys()
  eq([typeof it.next, it[Symbol.iterator]() === it, Object.hasOwn(it, 'next')], ['function', true, false])
})
test('missing arguments', () => {
  for (const f of ['append', 'set']) throws(TypeError, () => p()[f]('a'), undefined)
  for (const f of ['get', 'getAll', 'has', 'delete']) throws(TypeError, () => p()[f]())
})
test('brands', () => {
  throws(TypeError, () => URLSearchParams.prototype.get.call({}, 'a'))
  throws(TypeError, () => URLSearchParams.prototype.toString.call(new URL('http://a.test')))
})
test('URLSearchParams needs new', () => throws(TypeError, () => URLSearchParams('a')))
test('Symbol.toStringTag', () => eq(Object.prototype.toString.call(p()), '[object URLSearchParams]'))

export default handler

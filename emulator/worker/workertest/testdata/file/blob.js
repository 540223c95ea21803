// File API: Blob and File.
import { test, eq, ok, throws, handler, utf8, text, drain } from '../workertest.js'

test('made of nothing', async () => { const b = new Blob(); eq([b.size, b.type, await b.text()], [0, '', '']) })
test('made of strings, bytes, buffers, views and blobs', async () => {
  const b = new Blob(['ä', utf8('b'), utf8('cd').buffer, new DataView(utf8('xey').buffer, 1, 1), new Blob(['f'])])
  eq([b.size, await b.text()], [7, 'äbcdef'])
})
test('other parts become strings', async () => eq(await new Blob([1, null, undefined, {}, true]).text(), '1nullundefined[object Object]true'))
test('a string is no list of parts', () => throws(TypeError, () => new Blob('abc')))
test('null and numbers are none either', () => { for (const v of [null, 1, true, {}]) throws(TypeError, () => new Blob(v)) })
test('undefined is no parts', () => eq(new Blob(undefined).size, 0))
test('parts are copied', async () => { const p = utf8('abc'); const b = new Blob([p]); p[0] = 0; eq(await b.text(), 'abc') })
test('the type becomes lower case', () => eq(new Blob([], { type: 'Text/HTML; Charset=X' }).type, 'text/html; charset=x'))
test('a type outside of ASCII is none', () => eq([new Blob([], { type: 'té/x' }).type, new Blob([], { type: 'a\u0000b' }).type], ['', '']))
test('a type is made a string', () => eq(new Blob([], { type: null }).type, 'null'))
test('arrayBuffer and bytes', async () => {
  const b = new Blob(['abc'])
  ok(await b.arrayBuffer() instanceof ArrayBuffer)
  eq([...await b.bytes()], [97, 98, 99])
})
test('text of invalid UTF-8', async () => eq(await new Blob([new Uint8Array([0x61, 0xff])]).text(), 'a\ufffd'))
test('a blob can be read many times', async () => { const b = new Blob(['x']); eq([await b.text(), await b.text()], ['x', 'x']) })
test('stream', async () => {
  const s = new Blob(['abc']).stream()
  ok(s instanceof ReadableStream)
  const chunks = await drain(s)
  eq(text(new Uint8Array(chunks.flatMap((c) => [...c]))), 'abc')
})
test('stream gives a new one each time', () => { const b = new Blob(['x']); ok(b.stream() !== b.stream()) })
test('stream has a BYOB reader', async () => {
  const r = new Blob(['abc']).stream().getReader({ mode: 'byob' })
  const { value, done } = await r.read(new Uint8Array(2))
  eq([text(value), done], ['ab', false])
})
const cut = async (...args) => new Blob(['hello']).slice(...args).text()
test('slice', async () => eq([await cut(), await cut(1), await cut(1, 3), await cut(-2), await cut(-4, -2), await cut(3, 1), await cut(9), await cut(0, 99)], ['hello', 'ello', 'el', 'lo', 'el', '', '', 'hello']))
test('slice of a slice', async () => eq(await new Blob(['hello']).slice(1).slice(1, 3).text(), 'll'))
test('slice sets the type', () => eq([new Blob(['x'], { type: 'a/b' }).slice().type, new Blob(['x'], { type: 'a/b' }).slice(0, 1, 'C/D').type], ['', 'c/d']))
test('slice through several parts', async () => eq(await new Blob(['ab', 'cd', 'ef']).slice(1, 5).text(), 'bcde'))
test('Blob needs new', () => throws(TypeError, () => Blob()))
test('Blob has a brand and a tag', () => {
  throws(TypeError, () => Blob.prototype.size)
  eq(Object.prototype.toString.call(new Blob()), '[object Blob]')
})

test('a File', async () => {
  const f = new File(['x', 'y'], 'n.txt', { type: 'T/U', lastModified: 1234 })
  eq([f.name, f.type, f.lastModified, f.size, await f.text(), f instanceof Blob], ['n.txt', 't/u', 1234, 2, 'xy', true])
})
test('lastModified is now by default', () => {
  const before = Date.now()
  const f = new File([], 'x')
  ok(f.lastModified >= before && f.lastModified <= Date.now() + 1000)
})
test('File needs two arguments', () => { throws(TypeError, () => new File([])); throws(TypeError, () => new File()) })
test('a name is made a string and kept as it is', () => eq([new File([], 1).name, new File([], 'a/b').name], ['1', 'a/b']))
test('a slice of a File is a Blob', () => ok(!(new File(['x'], 'n').slice() instanceof File)))
test('Symbol.toStringTag of a File', () => eq(Object.prototype.toString.call(new File([], 'x')), '[object File]'))
test('attributes are enumerable and on the prototype', () => {
  eq(Object.keys(new File([], 'x')), [])
  eq([Object.getOwnPropertyDescriptor(Blob.prototype, 'size').enumerable, Object.getOwnPropertyDescriptor(File.prototype, 'name').enumerable], [true, true])
})

export default handler

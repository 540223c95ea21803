// Fetch Standard §5.2: the body of requests and responses, from every source to every method.
import { test, workers, eq, ok, throws, rejects, handler, streamOf, drain, utf8, text, bytesOf } from '../workertest.js'

const form = () => { const f = new FormData(); f.append('k', 'v'); return f }
const sources = {
  'a string': () => 'häl lo',
  'a Uint8Array': () => utf8('häl lo'),
  'a view in a larger buffer': () => utf8('xhäl loy').subarray(1, 8),
  'a DataView': () => new DataView(utf8('häl lo').buffer.slice(0, 7)),
  'an ArrayBuffer': () => utf8('häl lo').buffer.slice(0, 7),
  'a Blob': () => new Blob(['häl', ' lo']),
  'a File': () => new File(['häl lo'], 'n'),
  'a stream': () => streamOf(utf8('hä'), utf8('l lo')),
  'a stream that cuts a character': () => streamOf(new Uint8Array([0x68, 0xc3]), new Uint8Array([0xa4]), utf8('l lo')),
  'an object with toString': () => ({ toString: () => 'häl lo' }),
}
for (const [name, make] of Object.entries(sources)) {
  test(`${name}: text, arrayBuffer, bytes, blob`, async () => {
    eq(await new Response(make()).text(), 'häl lo')
    const buffer = await new Response(make()).arrayBuffer()
    ok(buffer instanceof ArrayBuffer)
    eq(bytesOf(buffer), bytesOf(utf8('häl lo')))
    const bytes = await new Response(make()).bytes()
    ok(bytes instanceof Uint8Array)
    eq(text(bytes), 'häl lo')
    const blob = await new Response(make()).blob()
    eq([blob instanceof Blob, blob.size, await blob.text()], [true, 7, 'häl lo'])
  })
  test(`${name}: as a stream`, async () => {
    const chunks = await drain(new Response(make()).body)
    ok(chunks.every((c) => c instanceof Uint8Array))
    eq(text(new Uint8Array(chunks.flatMap((c) => [...c]))), 'häl lo')
  })
  test(`${name}: in a request`, async () => eq(await new Request('https://a.test', { method: 'POST', body: make(), duplex: 'half' }).text(), 'häl lo'))
}
test('other values become strings', async () => eq([await new Response(12).text(), await new Response({}).text(), await new Response(true).text()], ['12', '[object Object]', 'true']))
test('an array of bytes is copied when it is given', async () => {
  const b = utf8('abc')
  const r = new Response(b)
  b[0] = 0x78
  eq(await r.text(), 'abc')
})
test('URLSearchParams', async () => eq(await new Response(new URLSearchParams({ a: 'ü b' })).text(), 'a=%C3%BC+b'))
test('json', async () => eq(await new Response('{"a":[1,{"b":null}]}').json(), { a: [1, { b: null }] }))
test('json with a BOM', async () => eq(await new Response('\ufeff{"a":1}').json(), { a: 1 }))
test('broken json is a SyntaxError', async () => { for (const s of ['', '{', '{a:1}', "{'a':1}", 'undefined', '[1,]']) await rejects(SyntaxError, new Response(s).json()) })
test('text drops a BOM', async () => eq(await new Response('\ufeffa').text(), 'a'))
test('text of invalid UTF-8', async () => eq(await new Response(new Uint8Array([0x61, 0xff])).text(), 'a\ufffd'))
test('no body at all', async () => {
  eq([await new Response().text(), (await new Response().arrayBuffer()).byteLength, (await new Response().blob()).size, (await new Response().bytes()).length], ['', 0, 0, 0])
  await rejects(SyntaxError, new Response().json())
  const r = new Response()
  await r.text()
  eq([r.bodyUsed, await r.text()], [false, ''])
})
test('an empty string is a body', async () => { const r = new Response(''); ok(r.body instanceof ReadableStream); await r.text(); eq(r.bodyUsed, true) })
test('a body can be read once', async () => {
  for (const f of ['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData']) {
    const r = new Response('1')
    await r.text()
    await rejects(TypeError, r[f]())
  }
})
workers('reading twice has this message', async () => {
  const r = new Response('1')
  await r.text()
  await rejects(TypeError, r.text(), 'Body has already been used. It can only be used once. Use tee() first if you need to read it twice.')
})
test('bodyUsed turns at the call, not at the end', () => { const r = new Response('x'); r.text(); eq(r.bodyUsed, true) })
test('bodyUsed turns at the first read of the stream', async () => {
  const r = new Response('x')
  const reader = r.body.getReader()
  eq(r.bodyUsed, false)
  await reader.read()
  eq(r.bodyUsed, true)
})
test('a locked body cannot be read by a method', async () => { const r = new Response('x'); r.body.getReader(); await rejects(TypeError, r.text()) })
test('body is the same stream each time', () => { const r = new Response('x'); ok(r.body === r.body) })
test('body is the stream that was given', () => { const s = streamOf(); ok(new Response(s).body === s) })
test('the blob of a body has its type', async () => eq((await new Response('x', { headers: { 'content-type': 'Text/HTML' } }).blob()).type.toLowerCase(), 'text/html'))
test('a stream of strings is a TypeError when it is read', async () => { await rejects(TypeError, new Response(streamOf('x')).text()) })
test('a stream that fails passes its error on', async () => {
  const e = new RangeError('mine')
  await rejects({ value: e }, new Response(new ReadableStream({ pull(c) { c.error(e) } })).text())
})
test('cancelling the body cancels the source', async () => {
  let why
  const r = new Response(new ReadableStream({ cancel(reason) { why = reason } }))
  await r.body.cancel('enough')
  eq(why, 'enough')
})
test('large bodies pass whole', async () => {
  const big = new Uint8Array(1 << 20)
  for (let i = 0; i < big.length; i += 4097) big[i] = i
  const got = new Uint8Array(await new Response(new Blob([big.subarray(0, 70000), big.subarray(70000)])).arrayBuffer())
  eq(got.length, big.length)
  ok(got[4097] === big[4097] && got[4097 * 200] === big[4097 * 200])
})
test('a stream of many chunks', async () => {
  let n = 0
  const s = new ReadableStream({ pull(c) { n < 100 ? c.enqueue(utf8(`${n++},`)) : c.close() } })
  eq((await new Response(s).text()).split(',').length, 101)
})
test('async iteration of a body', async () => {
  let got = ''
  for await (const chunk of new Response(streamOf(utf8('a'), utf8('b'))).body) got += text(chunk)
  eq(got, 'ab')
})
test('piping a body', async () => {
  const out = new Response('abc').body.pipeThrough(new TransformStream({ transform(chunk, c) { c.enqueue(chunk.map((b) => b - 32)) } }))
  eq(await new Response(out).text(), 'ABC')
})
test('the body methods are enumerable', () => eq(['text', 'json', 'arrayBuffer', 'blob', 'formData'].map((f) => Object.getOwnPropertyDescriptor(Response.prototype, f)?.enumerable ?? Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Response.prototype), f).enumerable), [true, true, true, true, true]))
test('body methods return promises even for errors', () => {
  const p = Response.prototype.text.call(new Response('x'))
  ok(p instanceof Promise)
})

test('formData of a multipart body', async () => {
  const f = await new Response(form()).formData()
  eq([...f], [['k', 'v']])
})
test('formData of a urlencoded body', async () => {
  const f = await new Response('a=1&b=x+y&a=%C3%BC', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }).formData()
  eq([...f], [['a', '1'], ['b', 'x y'], ['a', 'ü']])
})
test('formData of URLSearchParams', async () => eq([...await new Response(new URLSearchParams('a=1')).formData()], [['a', '1']]))
test('formData of another type is a TypeError', async () => {
  await rejects(TypeError, new Response('a=1').formData())
  await rejects(TypeError, new Response('a=1', { headers: { 'content-type': 'text/plain' } }).formData())
})

export default handler

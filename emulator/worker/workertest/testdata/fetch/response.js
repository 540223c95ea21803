// Fetch Standard §5.5: Response.
import { test, workers, eq, ok, throws, rejects, handler, streamOf, utf8 } from '../workertest.js'

test('the default', async () => {
  const r = new Response()
  eq([r.status, r.statusText, r.ok, r.redirected, r.url, r.body, [...r.headers], r.bodyUsed, await r.text()], [200, '', true, false, '', null, [], false, ''])
})
workers('the default status text is that of the status', () => eq([new Response(null, { status: 404 }).statusText], ['']))
test('status and text', () => { const r = new Response(null, { status: 404, statusText: 'Nope' }); eq([r.status, r.statusText, r.ok], [404, 'Nope', false]) })
test('ok is 200 to 299', () => eq([200, 299, 300, 404].map((status) => new Response(null, { status }).ok), [true, true, false, false]))
test('a status out of range is a RangeError', () => { for (const status of [0, 99, 199, 600, 1000]) throws(RangeError, () => new Response(null, { status })) })
workers('status 101 without a WebSocket is a RangeError', () => throws(RangeError, () => new Response(null, { status: 101 })))
test('a status is converted', () => eq([new Response(null, { status: '404' }).status, new Response(null, { status: 404.9 }).status, new Response(null, { status: undefined }).status], [404, 404, 200]))
test('a status text with a newline is a TypeError', () => throws(TypeError, () => new Response(null, { statusText: 'a\nb' })))
for (const status of [204, 205, 304]) {
  test(`${status} cannot have a body`, () => {
    throws(TypeError, () => new Response('x', { status }))
    throws(TypeError, () => new Response(streamOf(), { status }))
    eq(new Response(null, { status }).status, status)
    eq(new Response(undefined, { status }).status, status)
  })
}
workers('204 with an empty string passes', () => eq(new Response('', { status: 204 }).status, 204))
test('headers', () => eq([...new Response(null, { headers: [['B', '1'], ['a', '2']] }).headers], [['a', '2'], ['b', '1']]))
test('init may be another response', () => {
  const a = new Response('x', { status: 201, statusText: 'Made', headers: { x: '1' } })
  const b = new Response('y', a)
  eq([b.status, b.statusText, b.headers.get('x')], [201, 'Made', '1'])
  b.headers.set('x', '2')
  eq(a.headers.get('x'), '1')
})
test('init that is no object is a TypeError', () => { for (const v of [1, 'x', true]) throws(TypeError, () => new Response('', v)) })
test('the types of bodies', () => {
  const type = (body, init) => new Response(body, init).headers.get('content-type')
  eq([type('x'), type(''), type(new URLSearchParams()), type(new Blob(['x'], { type: 'a/b' })), type(utf8('x')), type(null), type(streamOf()), type('x', { headers: { 'content-type': 'q/r' } })],
    ['text/plain;charset=UTF-8', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded;charset=UTF-8', 'a/b', null, null, null, 'q/r'])
})

test('Response.json', async () => {
  const r = Response.json({ a: [1, 'ü'] }, { status: 201, headers: { x: 'y' } })
  eq([r.status, r.headers.get('content-type'), r.headers.get('x'), await r.text()], [201, 'application/json', 'y', '{"a":[1,"ü"]}'])
})
test('Response.json keeps a type that is given', () => eq(Response.json(1, { headers: { 'content-type': 'a/b' } }).headers.get('content-type'), 'a/b'))
test('Response.json of what JSON does not know is a TypeError', () => {
  throws(TypeError, () => Response.json(1n))
  const circle = {}
  circle.circle = circle
  throws(TypeError, () => Response.json(circle))
})
test('Response.json passes on what toJSON throws', () => {
  const e = new RangeError('mine')
  throws({ value: e }, () => Response.json({ toJSON() { throw e } }))
})
test('Response.json of primitives', async () => eq([await Response.json(null).text(), await Response.json('x').text(), await Response.json(1).text(), await Response.json(false).text()], ['null', '"x"', '1', 'false']))
test('Response.json calls toJSON and drops undefined', async () => eq(await Response.json({ d: new Date(0), u: undefined, f() {} }).text(), '{"d":"1970-01-01T00:00:00.000Z"}'))
test('Response.json cannot be 204', () => throws(TypeError, () => Response.json({}, { status: 204 })))

test('Response.redirect', () => {
  const r = Response.redirect('https://a.test/x')
  eq([r.status, r.headers.get('location'), r.body], [302, 'https://a.test/x', null])
})
test('Response.redirect normalises the URL', () => eq(Response.redirect('https://a.test').headers.get('location'), 'https://a.test/'))
test('the statuses of Response.redirect', () => {
  eq([301, 302, 303, 307, 308].map((s) => Response.redirect('https://a.test/', s).status), [301, 302, 303, 307, 308])
  for (const s of [200, 300, 304, 400]) throws(RangeError, () => Response.redirect('https://a.test/', s))
})
workers('Response.redirect of a relative URL is a TypeError', () => throws(TypeError, () => Response.redirect('/x'), 'Unable to parse URL: /x'))
test('the headers of a redirect cannot be changed', () => throws(TypeError, () => Response.redirect('https://a.test/').headers.set('a', 'b')))
test('Response.error', () => {
  const r = Response.error()
  eq([r.type, r.status, r.statusText, [...r.headers], r.body], ['error', 0, '', [], null])
})
workers('the type of a response is "default"', () => eq(new Response().type, 'default'))

test('clone', async () => {
  const a = new Response('x', { status: 201, headers: { h: '1' } })
  const b = a.clone()
  b.headers.set('h', '2')
  eq([a.headers.get('h'), b.status, await a.text(), await b.text(), a.bodyUsed, b.bodyUsed], ['1', 201, 'x', 'x', true, true])
})
test('clone of a stream', async () => {
  const a = new Response(streamOf(utf8('a'), utf8('b')))
  const b = a.clone()
  eq([await a.text(), await b.text()], ['ab', 'ab'])
})
test('clone without a body', () => eq(new Response().clone().body, null))
test('clone of a used body is a TypeError', async () => {
  const r = new Response('x')
  await r.text()
  throws(TypeError, () => r.clone())
})
test('clone of a locked body is a TypeError', () => {
  const r = new Response('x')
  r.body.getReader()
  throws(TypeError, () => r.clone())
})
test('a response of a locked or used stream is a TypeError', async () => {
  const locked = streamOf(utf8('x'))
  locked.getReader()
  throws(TypeError, () => new Response(locked))
  const used = streamOf(utf8('x'))
  const reader = used.getReader()
  await reader.read()
  reader.releaseLock()
  throws(TypeError, () => new Response(used))
})
test('attributes are enumerable and on the prototype', () => {
  eq(Object.keys(new Response()), [])
  eq(Object.getOwnPropertyDescriptor(Response.prototype, 'status').enumerable, true)
})
test('attributes are read-only', () => throws(TypeError, () => { new Response().status = 1 }))
test('brands', () => {
  throws(TypeError, () => Response.prototype.status)
  throws(TypeError, () => Response.prototype.clone.call(new Request('https://a.test')))
})
test('Symbol.toStringTag', () => eq(Object.prototype.toString.call(new Response()), '[object Response]'))
test('Response needs new', () => throws(TypeError, () => Response('x')))
test('static methods are not on instances', () => eq([typeof Response.json, typeof new Response().redirect], ['function', 'undefined']))
test('a class can extend Response', async () => {
  class Html extends Response { constructor(b) { super(b, { headers: { 'content-type': 'text/html' } }) } }
  const r = new Html('<p>')
  eq([r.headers.get('content-type'), await r.text(), r instanceof Html], ['text/html', '<p>', true])
})
workers('cf and webSocket', () => eq([new Response(null, { cf: { a: 1 } }).cf, new Response().webSocket], [{ a: 1 }, null]))
workers('encodeBody takes automatic and manual', () => {
  new Response('x', { encodeBody: 'manual' })
  new Response('x', { encodeBody: 'automatic' })
  throws(TypeError, () => new Response('x', { encodeBody: 'x' }), /^encodeBody: unexpected value: x/)
})

export default handler

let count = 0

const utf8 = (s) => new TextEncoder().encode(s)

const routes = {
  '/text': () => new Response('hi ü'),
  '/status': () => new Response('x', { status: 299, statusText: 'All Mine' }),
  '/json': () => Response.json({ a: 1 }),
  '/bytes': () => new Response(new Uint8Array([0, 255, 128])),
  '/null': () => new Response(null),
  '/204': () => new Response(null, { status: 204, headers: { 'x-a': '1' } }),
  '/304': () => new Response(null, { status: 304, headers: { etag: '"x"' } }),
  '/404': () => new Response('nope', { status: 404 }),
  '/500': () => new Response('own', { status: 500 }),
  '/redirect': () => Response.redirect('https://a.test/x'),
  '/cookies': () => new Response(null, { headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }),
  '/repeated': () => new Response(null, { headers: [['x-a', '1'], ['X-A', '2']] }),
  '/stream': () => new Response(ReadableStream.from([utf8('one '), utf8('two')])),
  '/fixed': () => {
    const { readable, writable } = new FixedLengthStream(3)
    const w = writable.getWriter()
    w.write(utf8('abc')).then(() => w.close())
    return new Response(readable)
  },
  '/blob': () => new Response(new Blob(['bl', 'ob'], { type: 'a/b' })),
  '/form': () => new Response(new URLSearchParams({ a: 'b c' })),
  '/through': () => fetch('http://origin.test/status/201'),
  '/copied': async () => {
    const r = await fetch('http://origin.test/status/201')
    const copy = new Response(r.body, r)
    copy.headers.set('x-mine', '1')
    return copy
  },
  '/headers': (request) => new Response([...request.headers].filter(([n]) => n.startsWith('x-a') || n.startsWith('x-b')).map(([n, v]) => `${n}: ${v}\n`).join('')),
  '/readjson': async (request) => {
    try {
      return Response.json((await request.json()).a)
    } catch (e) {
      return new Response(e.name, { status: 400 })
    }
  },
  '/readform': async (request) => Response.json([...await request.formData()]),
  '/count': () => new Response(String(++count)),
  '/waituntil': (request, env, ctx) => {
    ctx.waitUntil(new Promise((r) => setTimeout(r, 50)))
    return new Response('at once')
  },
  '/promise': () => new Promise((r) => setTimeout(() => r(new Response('later')), 1)),
  '/gzip': () => new Response('compressed text', { headers: { 'content-encoding': 'gzip' } }),
  '/gzipped': () => new Response(new Response('compressed text').body.pipeThrough(new CompressionStream('gzip')), { headers: { 'content-encoding': 'gzip' }, encodeBody: 'manual' }),
  '/cf': (request) => new Response(JSON.stringify(request.cf) + ' ' + request.headers.has('cf-blob')),
}

export default {
  async fetch(request, env, ctx) {
    const route = routes[new URL(request.url).pathname]
    if (route) return route(request, env, ctx)
    return new Response(`${request.method} ${request.url.replace(/#.*/, '')} ${await request.text()}`)
  },
}

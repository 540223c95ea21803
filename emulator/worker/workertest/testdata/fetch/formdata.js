// XMLHttpRequest Standard §4 (FormData) and the multipart/form-data format both ways.
import { test, workers, eq, ok, throws, rejects, handler, utf8, bytesOf } from '../workertest.js'

const made = (...pairs) => { const f = new FormData(); for (const p of pairs) f.append(...p); return f }

test('append and get', () => {
  const f = made(['a', '1'], ['a', 2], ['b', 'x'])
  eq([f.get('a'), f.getAll('a'), f.get('z'), f.getAll('z'), f.has('b'), f.has('z')], ['1', ['1', '2'], null, [], true, false])
})
test('set replaces in place', () => { const f = made(['a', '1'], ['b', '2'], ['a', '3']); f.set('a', 'x'); eq([...f], [['a', 'x'], ['b', '2']]) })
test('set appends what is not there', () => { const f = made(); f.set('a', 'x'); eq([...f], [['a', 'x']]) })
test('delete', () => { const f = made(['a', '1'], ['b', '2'], ['a', '3']); f.delete('a'); eq([...f], [['b', '2']]) })
test('keys, values, entries, forEach', () => {
  const f = made(['a', '1'], ['b', '2'])
  const seen = []
  f.forEach((v, k, all) => seen.push(k + v + (all === f)))
  eq([[...f.keys()], [...f.values()], [...f.entries()], seen], [['a', 'b'], ['1', '2'], [['a', '1'], ['b', '2']], ['a1true', 'b2true']])
})
test('a Blob becomes a File', () => {
  const v = made(['a', new Blob(['x'], { type: 't/u' })]).get('a')
  eq([v instanceof File, v.type, v.size], [true, 't/u', 1])
})
workers('a Blob without a name is called like its field', () => eq(made(['a', new Blob(['x'])]).get('a').name, 'a'))
test('a Blob with a name', () => eq(made(['a', new Blob(['x']), 'n.txt']).get('a').name, 'n.txt'))
test('a File keeps its name unless another is given', () => {
  const file = new File(['x'], 'a.txt', { type: 't/u', lastModified: 5 })
  eq([made(['f', file]).get('f').name, made(['f', file, 'b.txt']).get('f').name, made(['f', file]).get('f').lastModified], ['a.txt', 'b.txt', 5])
})
test('missing arguments are a TypeError', () => {
  throws(TypeError, () => made(['a']))
  throws(TypeError, () => new FormData().get())
})
test('values become strings', () => eq([...made(['a', null], ['b', undefined], ['c', {}])], [['a', 'null'], ['b', 'undefined'], ['c', '[object Object]']]))
test('FormData needs new', () => throws(TypeError, () => FormData()))
test('Symbol.toStringTag and brand', () => {
  eq(Object.prototype.toString.call(new FormData()), '[object FormData]')
  throws(TypeError, () => FormData.prototype.get.call({}, 'a'))
})

const round = async (f) => new Response(f).formData()
test('text makes the round trip', async () => eq([...await round(made(['a', 'ü "x"\\'], ['b', ''], ['a', '€😀']))], [['a', 'ü "x"\\'], ['b', ''], ['a', '€😀']]))
workers('newlines in values stay as they are', async () => eq((await round(made(['a', 'x\ny\rz\r\nw']))).get('a'), 'x\ny\rz\r\nw'))
test('all bytes of a file make the round trip', async () => {
  const all = new Uint8Array(256)
  for (let i = 0; i < 256; i++) all[i] = i
  const f = (await round(made(['f', new File([all, all], 'b.bin', { type: 'application/octet-stream' })]))).get('f')
  eq([f instanceof File, f.name, f.type, f.size], [true, 'b.bin', 'application/octet-stream', 512])
  eq(bytesOf(await f.arrayBuffer()), [...all, ...all])
})
test('a file that holds what looks like a boundary', async () => {
  const text = '\r\n--x\r\nContent-Disposition: form-data; name="y"\r\n\r\nz\r\n--x--\r\n'
  const f = (await round(made(['f', new Blob([text])]))).get('f')
  eq(await f.text(), text)
})
test('a file without a type is application/octet-stream', async () => eq((await round(made(['f', new Blob(['x'])]))).get('f').type, 'application/octet-stream'))
test('a quote in a name is written as %22', async () => {
  const written = await new Response(made(['a"b', '1'], ['c', new File(['x'], 'd"e.txt')])).text()
  eq([written.includes('name="a%22b"'), written.includes('filename="d%22e.txt"')], [true, true])
})
test('an empty file makes the round trip', async () => { const f = (await round(made(['f', new File([], 'e')]))).get('f'); eq([f.size, f.name], [0, 'e']) })
test('the order stays', async () => eq([...(await round(made(['b', '1'], ['a', '2'], ['b', '3']))).keys()], ['b', 'a', 'b']))

const body = (...lines) => new Response(lines.join('\r\n'), { headers: { 'content-type': 'multipart/form-data; boundary=B' } })
test('parsing: fields and files', async () => {
  const f = await body('--B', 'Content-Disposition: form-data; name="a"', '', '1', '--B',
    'Content-Disposition: form-data; name="f"; filename="x.txt"', 'Content-Type: text/x', '', 'hi', '--B--', '').formData()
  eq([f.get('a'), f.get('f').name, f.get('f').type, await f.get('f').text()], ['1', 'x.txt', 'text/x', 'hi'])
})
test('parsing: header names in any case', async () => eq((await body('--B', 'content-disposition: form-data; name="a"', '', '1', '--B--').formData()).get('a'), '1'))
test('parsing: other headers are ignored', async () => eq((await body('--B', 'X-Y: z', 'Content-Disposition: form-data; name="a"', '', '1', '--B--').formData()).get('a'), '1'))
test('parsing: an empty value', async () => eq((await body('--B', 'Content-Disposition: form-data; name="a"', '', '', '--B--').formData()).get('a'), ''))
test('parsing: newlines inside', async () => eq((await body('--B', 'Content-Disposition: form-data; name="a"', '', '1', '2', '', '--B--').formData()).get('a'), '1\r\n2\r\n'))
test('parsing: a quoted boundary', async () => {
  const r = new Response('--B C\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B C--', { headers: { 'content-type': 'multipart/form-data; boundary="B C"' } })
  eq((await r.formData()).get('a'), '1')
})
test('parsing: no boundary in the type is a TypeError', async () => { await rejects(TypeError, new Response('x', { headers: { 'content-type': 'multipart/form-data' } }).formData()) })
test('parsing: a body without parts is a TypeError', async () => { await rejects(TypeError, body('nothing').formData()) })
test('parsing: a body that is cut off is a TypeError', async () => { await rejects(TypeError, body('--B', 'Content-Disposition: form-data; name="a"', '', '1').formData()) })
test('parsing: a part without a name is a TypeError', async () => { await rejects(TypeError, body('--B', 'X: y', '', '1', '--B--').formData()) })

test('the written form', async () => {
  const r = new Response(made(['a', '1'], ['f', new File(['x'], 'n.txt', { type: 't/u' })]))
  const b = /boundary="?([^"]+)"?$/.exec(r.headers.get('content-type'))[1]
  const want = [`--${b}`, 'content-disposition: form-data; name="a"', '', '1', `--${b}`,
    'content-disposition: form-data; name="f"; filename="n.txt"', 'content-type: t/u', '', 'x', `--${b}--`].join('\r\n')
  const got = (await r.text()).replace(/^Content-(Disposition|Type):/gim, (h) => h.toLowerCase()).replace(/\r\n$/, '')
  eq(got, want)
})

export default handler

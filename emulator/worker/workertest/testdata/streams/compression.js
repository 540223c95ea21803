// Compression Streams.
import { test, eq, ok, throws, rejects, handler, streamOf, drain, utf8, unhex } from '../workertest.js'

const through = async (stream, ...chunks) => new Response(streamOf(...chunks).pipeThrough(stream)).bytes()
const round = async (format, ...chunks) => new TextDecoder().decode(await through(new DecompressionStream(format), await through(new CompressionStream(format), ...chunks)))

for (const format of ['gzip', 'deflate', 'deflate-raw']) {
  test(`${format}: round trip`, async () => eq(await round(format, utf8('hello '), utf8('wörld')), 'hello wörld'))
  test(`${format}: nothing`, async () => eq(await round(format), ''))
  test(`${format}: repetition shrinks`, async () => ok((await through(new CompressionStream(format), utf8('a'.repeat(10000)))).length < 200))
  test(`${format}: a large text`, async () => { const s = Array.from({ length: 20000 }, (_, i) => i).join(); ok(await round(format, utf8(s)) === s) })
  test(`${format}: broken input is a TypeError`, async () => { await rejects(TypeError, through(new DecompressionStream(format), unhex('ffffffffffffff'))) })
  test(`${format}: input that is cut off is a TypeError`, async () => {
    const whole = await through(new CompressionStream(format), utf8('hello hello hello'))
    await rejects(TypeError, through(new DecompressionStream(format), whole.slice(0, -3)))
  })
  test(`${format}: input after the end is a TypeError`, async () => {
    const whole = await through(new CompressionStream(format), utf8('hello'))
    await rejects(TypeError, through(new DecompressionStream(format), new Uint8Array([...whole, 0])))
  })
  test(`${format}: byte by byte`, async () => {
    const whole = await through(new CompressionStream(format), utf8('hello'))
    eq(new TextDecoder().decode(await through(new DecompressionStream(format), ...[...whole].map((b) => new Uint8Array([b])))), 'hello')
  })
}
test('gzip of others', async () => eq(new TextDecoder().decode(await through(new DecompressionStream('gzip'), unhex('1f8b0800000000000003cb48cdc9c9070086a6103605000000'))), 'hello'))
test('zlib of others', async () => eq(new TextDecoder().decode(await through(new DecompressionStream('deflate'), unhex('789ccb48cdc9c90700062c0215'))), 'hello'))
test('a wrong checksum is a TypeError', async () => { await rejects(TypeError, through(new DecompressionStream('gzip'), unhex('1f8b0800000000000003cb48cdc9c9070087a6103605000000'))) })
test('gzip begins with its magic', async () => eq([...(await through(new CompressionStream('gzip'), utf8('x'))).slice(0, 3)], [0x1f, 0x8b, 8]))
test('other formats are a TypeError', () => { for (const f of ['br', 'GZIP', '', 'zip']) { throws(TypeError, () => new CompressionStream(f)); throws(TypeError, () => new DecompressionStream(f)) } })
test('a format is needed', () => { throws(TypeError, () => new CompressionStream()); throws(TypeError, () => new DecompressionStream()) })
test('buffers and views pass', async () => eq(await round('gzip', utf8('ab').buffer.slice(0, 2), new DataView(utf8('xc').buffer, 1, 1)), 'abc'))
test('readable and writable', () => { const c = new CompressionStream('gzip'); ok(c.readable instanceof ReadableStream && c.writable instanceof WritableStream) })
test('Symbol.toStringTag', () => eq([new CompressionStream('gzip'), new DecompressionStream('gzip')].map((x) => Object.prototype.toString.call(x)), ['[object CompressionStream]', '[object DecompressionStream]']))

export default handler

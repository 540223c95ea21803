// Encoding Standard: TextEncoder and the two streams.
import { test, eq, ok, throws, rejects, handler, drain, streamOf, utf8 } from '../workertest.js'

test('the encoding is utf-8', () => eq(new TextEncoder().encoding, 'utf-8'))
test('encode', () => eq(new TextEncoder().encode('$¢€𐍈'), new Uint8Array([0x24, 0xc2, 0xa2, 0xe2, 0x82, 0xac, 0xf0, 0x90, 0x8d, 0x88])))
test('encode gives a Uint8Array with a buffer of its own', () => {
  const b = new TextEncoder().encode('abc')
  ok(b instanceof Uint8Array && b.buffer instanceof ArrayBuffer)
})
test('encode of nothing is empty', () => eq([new TextEncoder().encode().length, new TextEncoder().encode(undefined).length], [0, 0]))
test('encode makes strings', () => eq(new TextEncoder().encode(null), utf8('null')))
test('lone surrogates become U+FFFD', () => {
  eq(new TextEncoder().encode('a\ud800b\udc00'), new Uint8Array([0x61, 0xef, 0xbf, 0xbd, 0x62, 0xef, 0xbf, 0xbd]))
})
test('encodeInto writes whole characters only', () => {
  const into = new Uint8Array(5)
  eq(new TextEncoder().encodeInto('a€€', into), { read: 2, written: 4 })
  eq(into, new Uint8Array([0x61, 0xe2, 0x82, 0xac, 0]))
})
test('encodeInto counts UTF-16 units', () => eq(new TextEncoder().encodeInto('😀x', new Uint8Array(10)), { read: 3, written: 5 }))
test('encodeInto a view in the middle of a buffer', () => {
  const all = new Uint8Array(4)
  new TextEncoder().encodeInto('xyz', all.subarray(1, 3))
  eq(all, new Uint8Array([0, 0x78, 0x79, 0]))
})
test('encodeInto an empty array', () => eq(new TextEncoder().encodeInto('a', new Uint8Array(0)), { read: 0, written: 0 }))
test('encodeInto takes a Uint8Array only', () => {
  throws(TypeError, () => new TextEncoder().encodeInto('a', new Uint16Array(2)))
  throws(TypeError, () => new TextEncoder().encodeInto('a', new ArrayBuffer(2)))
  throws(TypeError, () => new TextEncoder().encodeInto('a'))
})
test('TextEncoder needs new', () => throws(TypeError, () => TextEncoder()))
test('TextEncoder has a brand', () => {
  throws(TypeError, () => TextEncoder.prototype.encode.call({}, 'a'))
})
test('toStringTag', () => eq(Object.prototype.toString.call(new TextEncoder()), '[object TextEncoder]'))

test('TextEncoderStream', async () => {
  const out = await drain(streamOf('a', '€').pipeThrough(new TextEncoderStream()))
  eq(out.map((c) => [...c]), [[0x61], [0xe2, 0x82, 0xac]])
  ok(out[0] instanceof Uint8Array)
})
test('TextEncoderStream joins surrogates over chunks', async () => {
  const out = await drain(streamOf('a\ud83d', '\ude00b').pipeThrough(new TextEncoderStream()))
  eq([].concat(...out.map((c) => [...c])), [0x61, 0xf0, 0x9f, 0x98, 0x80, 0x62])
})
test('TextEncoderStream ends with a lone surrogate', async () => {
  const out = await drain(streamOf('\ud83d').pipeThrough(new TextEncoderStream()))
  eq([].concat(...out.map((c) => [...c])), [0xef, 0xbf, 0xbd])
})
test('TextDecoderStream', async () => {
  const out = await drain(streamOf(new Uint8Array([0x61, 0xe2]), new Uint8Array([0x82, 0xac])).pipeThrough(new TextDecoderStream()))
  eq(out.join('|'), 'a|€')
})
test('TextDecoderStream of a label', async () => eq((await drain(streamOf(new Uint8Array([0x80])).pipeThrough(new TextDecoderStream('latin1')))).join(''), '€'))
test('TextDecoderStream ends in the middle', async () => eq((await drain(streamOf(new Uint8Array([0xe2])).pipeThrough(new TextDecoderStream()))).join(''), '\ufffd'))
test('TextDecoderStream, fatal', async () => {
  await rejects(TypeError, drain(streamOf(new Uint8Array([0xff])).pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))))
})
test('TextDecoderStream takes buffers and views', async () => eq((await drain(streamOf(utf8('a').buffer.slice(0), new DataView(utf8('b').buffer)).pipeThrough(new TextDecoderStream()))).join(''), 'ab'))
test('the attributes of the streams', () => {
  const d = new TextDecoderStream('utf-16', { fatal: true, ignoreBOM: true })
  eq([d.encoding, d.fatal, d.ignoreBOM, new TextEncoderStream().encoding], ['utf-16le', true, true, 'utf-8'])
  ok(d.readable instanceof ReadableStream && d.writable instanceof WritableStream)
})
test('an unknown label for a stream is a RangeError', () => throws(RangeError, () => new TextDecoderStream('x')))

export default handler

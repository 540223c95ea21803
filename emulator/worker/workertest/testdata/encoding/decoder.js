// Encoding Standard: TextDecoder.
import { test, eq, ok, throws, handler } from '../workertest.js'

const decode = (bytes, label, options) => new TextDecoder(label, options).decode(new Uint8Array(bytes))

test('the default is utf-8', () => {
  const d = new TextDecoder()
  eq([d.encoding, d.fatal, d.ignoreBOM], ['utf-8', false, false])
})
const labels = {
  'utf-8': ['utf8', 'UTF-8', ' unicode-1-1-utf-8\n', 'x-unicode20utf8'],
  'windows-1252': ['ascii', 'latin1', 'iso-8859-1', 'us-ascii', 'l1', 'cp1252', 'iso88591', 'x-cp1252'],
  'iso-8859-2': ['latin2', 'l2', 'csisolatin2'],
  'iso-8859-15': ['l9', 'iso_8859-15', 'csisolatin9'],
  'iso-8859-8-i': ['logical'],
  'koi8-r': ['koi8', 'koi'],
  'koi8-u': ['koi8-ru'],
  'macintosh': ['mac', 'x-mac-roman'],
  'windows-1251': ['cp1251'],
  'windows-1254': ['latin5', 'iso-8859-9'],
  'windows-874': ['tis-620', 'iso-8859-11'],
  'x-mac-cyrillic': ['x-mac-ukrainian'],
  gbk: ['gb2312', 'chinese', 'gb_2312-80'],
  gb18030: ['gb18030'],
  big5: ['big5-hkscs', 'cn-big5'],
  'euc-jp': ['x-euc-jp'],
  'iso-2022-jp': ['csiso2022jp'],
  shift_jis: ['sjis', 'ms_kanji', 'windows-31j'],
  'euc-kr': ['korean', 'ks_c_5601-1987', 'windows-949'],
  'utf-16be': ['unicodefffe'],
  'utf-16le': ['utf-16', 'ucs-2', 'unicode', 'iso-10646-ucs-2'],
}
for (const [encoding, names] of Object.entries(labels)) {
  test(`labels of ${encoding}`, () => eq(names.map((n) => new TextDecoder(n).encoding), names.map(() => encoding)))
}
test('x-user-defined', () => eq(decode([0x41, 0x80, 0xff], 'x-user-defined'), 'A\uf780\uf7ff'))
test('an unknown label is a RangeError', () => {
  for (const label of ['', 'utf-7', 'utf-32', 'nonsense', 'utf-8\u00a0']) throws(RangeError, () => new TextDecoder(label))
})
test('the label "replacement" and its kin are a RangeError', () => {
  for (const label of ['replacement', 'hz-gb-2312', 'iso-2022-kr']) throws(RangeError, () => new TextDecoder(label))
})
test('windows-1252', () => eq(decode([0x80, 0x85, 0xe9, 0x81], 'latin1'), '€…é\u0081'))
test('iso-8859-2', () => eq(decode([0xb1, 0xe8], 'iso-8859-2'), 'ąč'))
test('windows-1251', () => eq(decode([0xcf, 0xf0, 0xe8], 'windows-1251'), 'При'))
test('koi8-r', () => eq(decode([0xf0, 0xd2, 0xc9], 'koi8-r'), 'При'))
test('macintosh', () => eq(decode([0x8e, 0xd0], 'macintosh'), 'é–'))
test('shift_jis', () => eq(decode([0x93, 0xfa, 0x96, 0x7b, 0xb1], 'shift_jis'), '日本ｱ'))
test('euc-jp', () => eq(decode([0xc6, 0xfc, 0xcb, 0xdc], 'euc-jp'), '日本'))
test('iso-2022-jp', () => eq(decode([0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0x41], 'iso-2022-jp'), '日A'))
test('euc-kr', () => eq(decode([0xc7, 0xd1], 'euc-kr'), '한'))
test('gbk', () => eq(decode([0xd6, 0xd0, 0x80], 'gbk'), '中€'))
test('gb18030 with four bytes', () => eq(decode([0x81, 0x30, 0x81, 0x30], 'gb18030'), '\u0080'))
test('big5', () => eq(decode([0xa4, 0xa4], 'big5'), '中'))
test('utf-16le', () => eq(decode([0x3d, 0xd8, 0x00, 0xde, 0x41, 0x00], 'utf-16'), '😀A'))
test('utf-16be', () => eq(decode([0xd8, 0x3d, 0xde, 0x00, 0x00, 0x41], 'utf-16be'), '😀A'))
test('utf-16 with a lone surrogate', () => eq(decode([0x3d, 0xd8, 0x41, 0x00], 'utf-16le'), '\ufffdA'))
test('utf-16 that ends in the middle', () => eq(decode([0x41, 0x00, 0x42], 'utf-16le'), 'A\ufffd'))

test('utf-8 of all lengths', () => eq(decode([0x24, 0xc2, 0xa2, 0xe2, 0x82, 0xac, 0xf0, 0x90, 0x8d, 0x88]), '$¢€𐍈'))
const broken = {
  'a lone continuation byte': [[0x80, 0x41], '\ufffdA'],
  'an overlong form': [[0xc0, 0xaf], '\ufffd\ufffd'],
  'a surrogate': [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
  'above U+10FFFF': [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
  'a sequence cut by ASCII is one error': [[0xe2, 0x82, 0x41], '\ufffdA'],
  'a sequence cut by the end is one error': [[0xf0, 0x9f, 0x98], '\ufffd'],
  'a byte that never occurs': [[0xff, 0xfe], '\ufffd\ufffd'],
}
for (const [name, [bytes, want]] of Object.entries(broken)) {
  test(`broken utf-8: ${name}`, () => eq(decode(bytes), want))
  test(`fatal: ${name}`, () => throws(TypeError, () => decode(bytes, 'utf-8', { fatal: true })))
}
test('a BOM is dropped', () => eq(decode([0xef, 0xbb, 0xbf, 0x41]), 'A'))
test('only the first BOM is', () => eq(decode([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x41]), '\ufeffA'))
test('ignoreBOM keeps it', () => eq(decode([0xef, 0xbb, 0xbf, 0x41], 'utf-8', { ignoreBOM: true }), '\ufeffA'))
test('a utf-16 BOM is dropped', () => eq(decode([0xff, 0xfe, 0x41, 0], 'utf-16le'), 'A'))
test('stream keeps what is not whole', () => {
  const d = new TextDecoder()
  eq([d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }), d.decode(new Uint8Array([0xac]), { stream: true }), d.decode()], ['', '€', ''])
})
test('the end of a stream flushes', () => {
  const d = new TextDecoder()
  d.decode(new Uint8Array([0xe2, 0x82]), { stream: true })
  eq(d.decode(), '\ufffd')
})
test('a BOM in pieces is dropped', () => {
  const d = new TextDecoder()
  eq(d.decode(new Uint8Array([0xef]), { stream: true }) + d.decode(new Uint8Array([0xbb, 0xbf, 0x41])), 'A')
})
test('after the end the decoder is as new', () => {
  const d = new TextDecoder()
  d.decode(new Uint8Array([0x41]))
  eq(d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x42])), 'B')
})
test('a fatal decoder can be used again after an error', () => {
  const d = new TextDecoder('utf-8', { fatal: true })
  throws(TypeError, () => d.decode(new Uint8Array([0xff])))
  eq(d.decode(new Uint8Array([0x41])), 'A')
})
test('fatal: a stream that ends in the middle', () => {
  const d = new TextDecoder('utf-8', { fatal: true })
  eq(d.decode(new Uint8Array([0xe2]), { stream: true }), '')
  throws(TypeError, () => d.decode())
})
test('decode takes buffers and all views', () => {
  const b = new Uint8Array([0x41, 0x42, 0x43, 0x44])
  eq([new TextDecoder().decode(b.buffer), new TextDecoder().decode(b.subarray(1, 3)), new TextDecoder().decode(new DataView(b.buffer, 2)), new TextDecoder().decode(new Uint16Array(b.buffer)), new TextDecoder().decode()], ['ABCD', 'BC', 'CD', 'ABCD', ''])
})
test('decode of something else is a TypeError', () => {
  for (const v of ['x', 1, {}, [65]]) throws(TypeError, () => new TextDecoder().decode(v))
})
test('TextDecoder needs new', () => throws(TypeError, () => TextDecoder()))
test('TextDecoder has a brand', () => {
  throws(TypeError, () => TextDecoder.prototype.decode.call({}))
})
test('Symbol.toStringTag', () => eq(Object.prototype.toString.call(new TextDecoder()), '[object TextDecoder]'))
test('a long text is decoded whole', () => {
  const s = 'aé€😀'.repeat(5000)
  ok(new TextDecoder().decode(new TextEncoder().encode(s)) === s)
})

export default handler

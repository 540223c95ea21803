import { StringDecoder } from 'node:string_decoder'
import { Buffer } from 'node:buffer'

const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })
const cut = (encoding, hex, sizes) => {
  const d = new StringDecoder(encoding), b = Buffer.from(hex, 'hex'), out = []
  let at = 0
  for (const n of sizes) { out.push(d.write(b.subarray(at, at + n))); at += n }
  out.push(d.end(b.subarray(at)))
  return out
}

export default {
  'utf-8 cut everywhere': () => [[1], [2], [3], [1, 1, 1], [4], [5], [1, 2, 3], [1, 1, 1, 1, 1, 1, 1]].map(s => cut('utf8', 'e282ac61f09f9880', s)),
  'invalid utf-8': () => ['ff61', 'e261', 'c3', 'e282', 'f09f98', 'e28261', 'c0', 'eda080', 'f4908080', '80', 'e0809f'].map(h => [cut('utf8', h, [1]), cut('utf8', h, [2]), cut('utf8', h, [])]),
  'utf-16 keeps surrogates together': () => [[1], [2], [3], [1, 1, 1], [4]].map(s => cut('utf16le', '61003dd800de6200', s)),
  'utf-16 that ends early': () => [cut('utf16le', '3dd8', [1]), cut('utf16le', '6100ff', []), cut('ucs2', '3dd800', [2])],
  'base64 in threes': () => [[1], [2], [3], [4], [1, 1]].map(s => [cut('base64', '6162636465', s), cut('base64url', 'fffefdfc', s)]),
  'one byte each': () => ['latin1', 'ascii', 'hex', 'binary'].map(e => cut(e, '61e9ff', [1])),
  'strings pass': () => new StringDecoder('utf8').write('abc'),
  'it can be used again': () => { const d = new StringDecoder(); return [d.write(Buffer.from([0xe2])), d.end(), d.write(Buffer.from([0x82])), d.end(), d.encoding] },
  'encodings': () => each(['UTF-8', 'Ucs2', 'LATIN1', '', null, undefined, 'nope', 5], e => new StringDecoder(e).encoding),
  'wrong input': () => each([null, 5, {}], v => new StringDecoder().write(v)),
}

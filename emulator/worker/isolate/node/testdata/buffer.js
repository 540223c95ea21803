import { Buffer, transcode, isUtf8, isAscii, btoa, atob } from 'node:buffer'
import buffer from 'buffer'

const hex = text => Buffer.from(text, 'hex')
const euro = Buffer.from('a€😀')
const each = (values, f) => values.map(v => { try { return f(v) } catch (e) { return `${e.name} ${e.code}: ${e.message}` } })

export default {
  'from a string in every encoding': () => ['utf8', 'UTF-8', 'ucs2', 'utf16le', 'latin1', 'binary', 'ascii', 'hex', 'base64', 'base64url', undefined, null]
    .map(e => Buffer.from('68656cé', e)),
  'from an unknown encoding': () => Buffer.from('x', 'utf9'),
  'hex stops at what is none': () => ['abc', 'abxx12', 'zz', ''].map(s => Buffer.from(s, 'hex')),
  'base64 is lenient': () => ['YQ', 'YQ==', 'YW I=', 'YW-_', 'YW+/', 'Y!Q', 'YQ==YQ==', 'Y', '=', 'YWJj\nZGVm'].map(s => Buffer.from(s, 'base64')),
  'a lone surrogate is replaced': () => Buffer.from('a\ud800b'),
  'from an array': () => [Buffer.from([1, 256, -1, 1.9, '3', 'x']), Buffer.from(new Uint16Array([1, 257])), Buffer.from([])],
  'from an array buffer shares it': () => {
    const ab = new ArrayBuffer(4), b = Buffer.from(ab, 1, 2)
    b[0] = 7
    return [Array.from(new Uint8Array(ab)), b.byteOffset, b.length, b.buffer === ab]
  },
  'from an array buffer out of bounds': () => each([[5], [0, 9]], a => Buffer.from(new ArrayBuffer(4), ...a)),
  'from objects': () => [Buffer.from({ length: 2, 0: 5, 1: 6 }), Buffer.from({ type: 'Buffer', data: [1, 2] }), Buffer.from(new String('hi')),
    Buffer.from({ [Symbol.toPrimitive]: () => 'prim' }), Buffer.from({ length: 'x' })],
  'from nonsense': () => each([1, null, undefined, {}, true, Symbol('s'), () => {}], v => Buffer.from(v)),
  'from copies a buffer': () => { const a = Buffer.from('abc'), b = Buffer.from(a); b[0] = 0; return a },
  'alloc': () => [Buffer.alloc(3), Buffer.alloc(5, 'ab'), Buffer.alloc(3, 1), Buffer.alloc(4, 'YQ==', 'base64'), Buffer.alloc(3, Buffer.from('xy')), Buffer.allocUnsafe(2).length],
  'alloc of a wrong size': () => each(['1', null], v => Buffer.alloc(v)),
  'alloc with a wrong fill': () => each([['', 'hex'], ['zz', 'hex'], ['a', 'nope'], ['a', 1]], a => Buffer.alloc(2, ...a)),
  'the old constructor': () => [Buffer('ab'), new Buffer([1]), Buffer(2), new Buffer('6162', 'hex')],
  'toString in every encoding': () => ['utf8', 'ucs2', 'latin1', 'ascii', 'hex', 'base64', 'base64url'].map(e => euro.toString(e)),
  'toString of a range': () => [[0, 1], [1], [1, 4], [-3, 2], [3, 1], [0, 99], [99], ['1', '4'], [1, NaN], [0, -1]].map(r => euro.toString('utf8', ...r)),
  'toString of invalid UTF-8': () => ['ff', 'c3', 'e282', 'e28261', 'f09f98', 'c080', 'eda080', 'f4908080'].map(h => hex(h).toString()),
  'toString in an unknown encoding': () => euro.toString('nope'),
  'write': () => {
    const b = Buffer.alloc(8)
    return [b.write('abc'), b.write('xy', 6), b.write('€€', 3, 4), b.write('6162', 0, 'hex'), b.write('é', 'latin1'), b.write('abc', 6, 1), b]
  },
  'write keeps characters whole': () => { const b = Buffer.alloc(4); return [b.write('€€'), b.write('ab', 1, 'ucs2'), b] },
  'write of wrong arguments': () => each([[1], ['a', -1], ['a', 9], ['a', 0, 9], ['a', 1.5], ['a', 0, 1, 'nope'], ['a', {}]], a => Buffer.alloc(8).write(...a)),
  'the slices and writes by encoding': () => [euro.hexSlice(0, 2), euro.utf8Slice(0, 1), euro.latin1Slice(1, 3), Buffer.alloc(2).utf8Write('abc', 0, 2), Buffer.alloc(4).hexWrite('abcd')],
  'fill': () => [['ab'], [0x101], [257.9], ['é', 'latin1'], ['61', 'hex'], ['x', 1], ['x', 1, 3], [Buffer.from('qr'), 2], [true], [''], [-1], ['ab', 0, 3, 'utf8']].map(a => Buffer.alloc(5, 9).fill(...a)),
  'fill of wrong arguments': () => each([['a', 0, 9], ['a', 0, 1, 'nope'], [Buffer.alloc(0)], ['zz', 'hex'], ['a', '1'], [1, '0']], a => Buffer.alloc(5).fill(...a)),
  'equals and compare': () => [Buffer.from('a').equals(Buffer.from('a')), Buffer.from('a').equals(new Uint8Array([97])), Buffer.compare(Buffer.from('a'), Buffer.from('b')),
    Buffer.from('abc').compare(Buffer.from('xbc'), 1), Buffer.from('abc').compare(Buffer.from('bc'), 0, 2, 1, 3), Buffer.from('abc').compare(Buffer.from('b'), 0, 1, 3),
    [Buffer.from('b'), Buffer.from('a'), Buffer.from('')].sort(Buffer.compare)],
  'equals and compare of nonsense': () => each([b => b.equals('a'), b => b.compare('a'), b => Buffer.compare(b, 1), b => Buffer.compare('a', b), b => b.compare(b, 0, 99), b => b.compare(b, 0, 1, 0, 99)],
    f => f(Buffer.from('a'))),
  'indexOf': () => {
    const b = Buffer.from('this is a buffer, this is')
    return [b.indexOf('is'), b.indexOf('is', 3), b.indexOf('is', -2), b.indexOf('is', -99), b.indexOf(Buffer.from('buffer')), b.indexOf(97), b.indexOf(97 + 256),
      b.indexOf('nope'), b.indexOf(''), b.indexOf('', 5), b.indexOf('', 99), b.indexOf('74686973', 'hex'), b.indexOf('is', 99), b.indexOf('is', undefined), b.indexOf('is', null),
      b.indexOf('is', {}), b.indexOf('is', '3'), b.includes('buffer'), b.includes('nope'), b.indexOf(new Uint8Array([105, 115]))]
  },
  'lastIndexOf': () => {
    const b = Buffer.from('this is a buffer, this is')
    return [b.lastIndexOf('is'), b.lastIndexOf('is', 22), b.lastIndexOf('is', 5), b.lastIndexOf('is', -5), b.lastIndexOf('is', -99), b.lastIndexOf('this', 0), b.lastIndexOf('is', undefined),
      b.lastIndexOf('is', null), b.lastIndexOf('is', NaN), b.lastIndexOf(''), b.lastIndexOf('', 3), b.lastIndexOf(115), b.lastIndexOf('zz', 'hex'), b.lastIndexOf('is', 99)]
  },
  'indexOf in UTF-16 is aligned': () => {
    const b = Buffer.from('\u6100\u0061\u6161', 'ucs2')
    return [b.indexOf('a', 'ucs2'), b.indexOf('a', 0, 'ucs2'), b.lastIndexOf('a', undefined, 'ucs2'), b.indexOf('\u6161', 'ucs2')]
  },
  'indexOf of nonsense': () => each([{}, null, undefined, true], v => Buffer.from('a').indexOf(v)),
  'slices share memory': () => {
    const a = Buffer.from('abcdef'), s = a.slice(1, 3), t = a.subarray(-2)
    s[0] = 120
    return [a.toString(), s.toString(), t.toString(), s.buffer === a.buffer, a.slice().length, a.slice(9).length, a.slice(3, 1).length, a.slice('1', '2').toString(), a.subarray(NaN, 2).toString(), t instanceof Buffer]
  },
  'copy': () => {
    const a = Buffer.from('abcdef'), b = Buffer.alloc(6, '.')
    return [a.copy(b), a.copy(b, 4), a.copy(b, 0, 4), a.copy(b, 1, 2, 3), a.copy(b, 9), a.copy(b, 0, 3, 1), a.copy(a, 1, 0, 3), a.toString(), b.toString()]
  },
  'copy of wrong arguments': () => each([['x'], [Buffer.alloc(1), -1], [Buffer.alloc(1), 0, 9], [Buffer.alloc(1), 0, -1], [Buffer.alloc(1), 0, 0, -1]], a => Buffer.from('abc').copy(...a)),
  'concat': () => [Buffer.concat([Buffer.from('a'), new Uint8Array([98])]), Buffer.concat([]), Buffer.concat([Buffer.from('abc')], 2), Buffer.concat([Buffer.from('a')], 3), Buffer.concat([Buffer.from('a')], 0)],
  'concat of nonsense': () => each([['x'], [['x']], [[1]], [undefined], [[[1, 2]]]], a => Buffer.concat(...a)),
  'byteLength': () => [['a€'], ['abcd', 'hex'], ['abc', 'hex'], ['YQ==', 'base64'], ['YWI', 'base64url'], ['ab', 'ucs2'], ['é', 'latin1'], ['é', 'nope'], [new ArrayBuffer(3)], [new Uint16Array(2)], [new DataView(new ArrayBuffer(5))]].map(a => Buffer.byteLength(...a)),
  'byteLength of nonsense': () => each([1, {}, undefined], v => Buffer.byteLength(v)),
  'isBuffer and isEncoding': () => [Buffer.isBuffer(Buffer.alloc(1)), Buffer.isBuffer(new Uint8Array(1)), Buffer.isBuffer(null), ...['utf8', 'UTF-8', 'hex', 'nope', '', 1, null, 'Binary'].map(e => Buffer.isEncoding(e))],
  'swap': () => [hex('0102').swap16(), hex('01020304').swap32(), hex('0102030405060708').swap64()],
  'swap of an odd length': () => each(['swap16', 'swap32', 'swap64'], m => hex('010203')[m]()),
  'toJSON': () => [JSON.stringify(Buffer.from('hi')), JSON.stringify({ b: Buffer.alloc(0) })],
  'read integers': () => {
    const b = hex('80ff017f0203fe0405')
    return ['readUInt8', 'readInt8', 'readUInt16LE', 'readUint16BE', 'readInt16LE', 'readInt16BE', 'readUInt32LE', 'readUInt32BE', 'readInt32LE', 'readInt32BE',
      'readBigUInt64LE', 'readBigUint64BE', 'readBigInt64LE', 'readBigInt64BE'].map(m => [b[m](), b[m](1)])
  },
  'read integers of any size': () => {
    const b = hex('80ff017f0203fe')
    return [1, 2, 3, 4, 5, 6].map(n => [b.readUIntLE(0, n), b.readUIntBE(1, n), b.readIntLE(0, n), b.readIntBE(1, n)])
  },
  'read floats': () => [hex('0000c03f').readFloatLE(), hex('3fc00000').readFloatBE(0), hex('3ff8000000000000').readDoubleBE(), hex('000000000000f87f').readDoubleLE()],
  'read out of bounds': () => each([b => b.readUInt8(4), b => b.readUInt8(-1), b => b.readUInt16LE(3), b => b.readInt32BE(1), b => b.readBigInt64LE(), b => b.readUInt8(1.5), b => b.readUInt8('1'),
    b => b.readUInt32LE(null), b => b.readUIntBE(0, 7), b => b.readUIntBE(0, 0), b => b.readIntLE(), b => b.readIntLE(0), b => b.readIntLE(0, '2'), b => b.readUIntLE(2, 3), b => b.readDoubleLE(0), b => b.readFloatBE(1), b => b.readUInt8(NaN)],
  f => f(Buffer.alloc(4))),
  'write integers': () => [['writeUInt8', 255], ['writeInt8', -128], ['writeUInt16LE', 0x1234], ['writeUInt16BE', 0x1234], ['writeInt16LE', -2], ['writeUint32LE', 0xdeadbeef], ['writeUInt32BE', 0xdeadbeef],
    ['writeInt32BE', -5], ['writeBigUInt64LE', 0xfedcba9876543210n], ['writeBigInt64BE', -2n], ['writeFloatLE', 1.1], ['writeFloatBE', -0.5], ['writeDoubleLE', Math.PI], ['writeDoubleBE', NaN], ['writeUInt8', 1.9], ['writeInt16BE', '7'], ['writeUInt8', undefined]]
    .map(([m, v]) => { const b = Buffer.alloc(9); return [b[m](v, 1), b] }),
  'write integers of any size': () => [['writeUIntLE', 0x123456, 0, 3], ['writeUIntBE', 0x123456789a, 1, 5], ['writeIntLE', -2, 0, 6], ['writeIntBE', -129, 2, 2]].map(([m, ...a]) => { const b = Buffer.alloc(8); return [b[m](...a), b] }),
  'write out of range': () => each([b => b.writeUInt8(256), b => b.writeUInt8(-1), b => b.writeInt8(128), b => b.writeUInt16LE(65536), b => b.writeInt16BE(-32769), b => b.writeUInt32LE(2 ** 32), b => b.writeInt32LE(2 ** 31),
    b => b.writeUIntLE(2 ** 40, 0, 5), b => b.writeIntLE(2 ** 47, 0, 6), b => b.writeUIntBE(2 ** 24, 0, 3), b => b.writeBigUInt64LE(2n ** 64n), b => b.writeBigUInt64LE(-1n), b => b.writeBigInt64LE(2n ** 63n), b => b.writeBigInt64LE(1),
    b => b.writeUInt8(1, 8), b => b.writeUInt32LE(1, 6), b => b.writeUInt8(1, '0'), b => b.writeDoubleLE(1, 1), b => b.writeUIntLE(1, 0, 9), b => b.writeUIntLE(1, 0), b => b.writeUIntLE(1)],
  f => f(Buffer.alloc(8))),
  'iteration and array methods': () => [[...Buffer.from('ab')], [...Buffer.from('ab').entries()], Buffer.from('abc').map(b => b + 1), Buffer.from('cab').sort(), Buffer.from('abc').filter(b => b > 97) instanceof Buffer, Buffer.of(1, 2)],
  'is a Uint8Array': () => [Buffer.alloc(1) instanceof Uint8Array, Buffer.alloc(1).constructor === Buffer, Buffer.name, Object.prototype.toString.call(Buffer.alloc(1)), Buffer.poolSize],
  'copyBytesFrom': () => [Buffer.copyBytesFrom(new Uint16Array([1, 2, 3])), Buffer.copyBytesFrom(new Uint16Array([1, 2, 3]), 1, 1), Buffer.copyBytesFrom(new Uint8Array(0)), ...each([[1], [new Uint8Array(2), -1], [new Uint8Array(2), 0, 'x']], a => Buffer.copyBytesFrom(...a))],
  'transcode': () => [transcode(Buffer.from('a€'), 'utf8', 'ascii'), transcode(Buffer.from('aé€'), 'utf8', 'latin1'), transcode(Buffer.from('é'), 'utf8', 'ucs2'), transcode(Buffer.from('\xe9', 'latin1'), 'latin1', 'utf8'), ...each([['a'], [Buffer.from('a'), 'utf8', 'hex']], a => transcode(...a))],
  'isUtf8 and isAscii': () => [isUtf8(euro), isUtf8(hex('ff')), isAscii(euro), isAscii(Buffer.from('a'))],
  'base64 of the web': () => [btoa('hi'), atob('aGk=')],
  'the default export is the module': () => [buffer.Buffer === Buffer, typeof buffer.kMaxLength, Object.keys(buffer.constants)],
}

// Web Cryptography §10 and §14: random values, digests; Cloudflare's DigestStream and timingSafeEqual.
import { test, workers, eq, ok, throws, rejects, handler, utf8, hex } from '../workertest.js'

const vectors = {
  'SHA-1': ['da39a3ee5e6b4b0d3255bfef95601890afd80709', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  'SHA-256': ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  'SHA-384': ['38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
  'SHA-512': ['cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e', 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f'],
}
for (const [name, [empty, abc]] of Object.entries(vectors)) {
  test(`${name} of nothing and of abc`, async () => {
    eq(hex(await crypto.subtle.digest(name, new Uint8Array())), empty)
    const d = await crypto.subtle.digest({ name }, utf8('abc'))
    eq([d instanceof ArrayBuffer, hex(d)], [true, abc])
  })
}
workers('MD5', async () => eq(hex(await crypto.subtle.digest('MD5', utf8('abc'))), '900150983cd24fb0d6963f7d28e17f72'))
test('names are compared without case', async () => eq(hex(await crypto.subtle.digest('sha-1', utf8('abc'))), vectors['SHA-1'][1]))
test('digest of a view in a buffer', async () => eq(hex(await crypto.subtle.digest('SHA-1', utf8('xabcx').subarray(1, 4))), vectors['SHA-1'][1]))
test('digest of a DataView and of a buffer', async () => {
  eq(hex(await crypto.subtle.digest('SHA-1', new DataView(utf8('abc').buffer.slice(0, 3)))), vectors['SHA-1'][1])
  eq(hex(await crypto.subtle.digest('SHA-1', utf8('abc').buffer.slice(0, 3))), vectors['SHA-1'][1])
})
test('an unknown digest is a NotSupportedError', async () => { await rejects('NotSupportedError', crypto.subtle.digest('SHA-3', utf8('x'))) })
test('digest of a string is a TypeError', async () => { await rejects(TypeError, async () => crypto.subtle.digest('SHA-1', 'abc')) })
test('the data is taken when digest is called', async () => { const b = utf8('abc'); const p = crypto.subtle.digest('SHA-1', b); b.fill(0); eq(hex(await p), vectors['SHA-1'][1]) })

test('getRandomValues fills and gives back the array', () => {
  const a = new Uint8Array(64)
  ok(crypto.getRandomValues(a) === a)
  ok(a.some((b) => b !== 0))
})
test('getRandomValues of all integer arrays', () => { for (const T of [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array]) ok(crypto.getRandomValues(new T(4)) instanceof T) })
test('getRandomValues of a part leaves the rest', () => { const a = new Uint8Array(100); crypto.getRandomValues(a.subarray(10, 90)); eq([a.slice(0, 10), a.slice(90)], [new Uint8Array(10), new Uint8Array(10)]) })
test('getRandomValues of floats is a TypeMismatchError', () => throws('TypeMismatchError', () => crypto.getRandomValues(new Float32Array(1))))
workers('getRandomValues of more than 65536 bytes is a QuotaExceededError', () => { crypto.getRandomValues(new Uint8Array(65536)); throws('QuotaExceededError', () => crypto.getRandomValues(new Uint8Array(65537))) })
test('getRandomValues of nothing is a TypeError', () => throws(TypeError, () => crypto.getRandomValues()))
test('randomUUID', () => { const u = crypto.randomUUID(); ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u), u); ok(u !== crypto.randomUUID()) })
test('brands', () => { const { getRandomValues } = crypto; throws(TypeError, () => getRandomValues(new Uint8Array(1))) })
test('Symbol.toStringTag', () => eq([crypto, crypto.subtle].map((x) => Object.prototype.toString.call(x)), ['[object Crypto]', '[object SubtleCrypto]']))
test('the classes have no constructor', () => { throws(TypeError, () => new Crypto()); throws(TypeError, () => new SubtleCrypto()); throws(TypeError, () => new CryptoKey()) })

workers('DigestStream', async () => {
  const d = new crypto.DigestStream('SHA-256')
  const w = d.getWriter()
  await w.write(utf8('a'))
  await w.write(utf8('bc'))
  await w.close()
  eq(hex(await d.digest), vectors['SHA-256'][1])
})
workers('a body piped to a DigestStream', async () => { const d = new crypto.DigestStream('MD5'); await new Response('abc').body.pipeTo(d); eq([hex(await d.digest), Number(d.bytesWritten)], ['900150983cd24fb0d6963f7d28e17f72', 3]) })
workers('an aborted DigestStream', async () => { const d = new crypto.DigestStream('SHA-1'); d.digest.catch(() => {}); const e = new Error('x'); await d.abort(e); await rejects({ value: e }, d.digest) })
workers('timingSafeEqual', () => {
  const { subtle } = crypto
  eq([subtle.timingSafeEqual(utf8('abc'), utf8('abc')), subtle.timingSafeEqual(utf8('abc'), utf8('abd')), subtle.timingSafeEqual(utf8('a').buffer, utf8('a').buffer)], [true, false, true])
  throws(TypeError, () => subtle.timingSafeEqual(utf8('a'), utf8('ab')), 'Input buffers must have the same byte length.')
})

export default handler

// Web Cryptography: secret keys (HMAC, AES), derivation (PBKDF2, HKDF), by known answers.
import { test, workers, eq, rejects, handler, utf8, hex, unhex, text } from '../workertest.js'

const { subtle } = crypto
const key = (algorithm, bytes, usages, extractable = true) => subtle.importKey('raw', bytes, algorithm, extractable, usages)

// RFC 4231, test case 2, and RFC 2202.
const hmac = {
  'SHA-1': 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  'SHA-256': '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  'SHA-384': 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  'SHA-512': '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
}
for (const [hash, want] of Object.entries(hmac)) {
  test(`HMAC with ${hash}`, async () => {
    const k = await key({ name: 'HMAC', hash }, utf8('Jefe'), ['sign', 'verify'])
    const data = utf8('what do ya want for nothing?')
    eq(hex(await subtle.sign('HMAC', k, data)), want)
    eq([await subtle.verify('HMAC', k, unhex(want), data), await subtle.verify('HMAC', k, unhex(want), utf8('x')), await subtle.verify('HMAC', k, unhex('00'), data)], [true, false, false])
  })
}
test('a key tells what it is', async () => {
  const k = await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('Jefe'), ['verify', 'sign'])
  eq([k instanceof CryptoKey, k.type, k.extractable, k.algorithm.name, k.algorithm.hash.name, k.algorithm.length, [...k.usages].sort()], [true, 'secret', true, 'HMAC', 'SHA-256', 32, ['sign', 'verify']])
  eq(Object.prototype.toString.call(k), '[object CryptoKey]')
})
test('HMAC: raw and jwk', async () => {
  const k = await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('Jefe'), ['sign'])
  eq(text(new Uint8Array(await subtle.exportKey('raw', k))), 'Jefe')
  const jwk = await subtle.exportKey('jwk', k)
  eq([jwk.kty, jwk.k, jwk.alg, jwk.ext, jwk.key_ops], ['oct', 'SmVmZQ', 'HS256', true, ['sign']])
  const back = await subtle.importKey('jwk', jwk, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  eq(hex(await subtle.sign('HMAC', back, utf8('what do ya want for nothing?'))), hmac['SHA-256'])
})
test('HMAC: generateKey', async () => {
  const k = await subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
  eq([k.algorithm.length, (await subtle.exportKey('raw', k)).byteLength], [512, 64])
})
test('a key that may not be exported is an InvalidAccessError', async () => { await rejects('InvalidAccessError', subtle.exportKey('raw', await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('k'), ['sign'], false))) })
test('a use that a key is not for is an InvalidAccessError', async () => { await rejects('InvalidAccessError', subtle.verify('HMAC', await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('k'), ['sign']), utf8('x'), utf8('y'))) })
test('a key of another algorithm is an InvalidAccessError', async () => { await rejects('InvalidAccessError', subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('k'), ['sign']), utf8('x'))) })
test('usages that an algorithm has not are a SyntaxError', async () => { await rejects('SyntaxError', key({ name: 'HMAC', hash: 'SHA-256' }, utf8('k'), ['encrypt'])) })
test('a secret key without usages is a SyntaxError', async () => { await rejects('SyntaxError', key({ name: 'HMAC', hash: 'SHA-256' }, utf8('k'), [])) })
test('an unknown algorithm is a NotSupportedError', async () => { await rejects('NotSupportedError', key('ROT13', utf8('k'), ['encrypt'])) })
workers('an unknown format is a NotSupportedError', async () => {
  await rejects('NotSupportedError', async () => subtle.importKey('odd', utf8('k'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']))
})

// NIST SP 800-38A (CBC, CTR) and the GCM specification's test case 4.
const k128 = unhex('2b7e151628aed2a6abf7158809cf4f3c')
const block = unhex('6bc1bee22e409f96e93d7e117393172a')
test('AES-CBC 128', async () => {
  const k = await key('AES-CBC', k128, ['encrypt', 'decrypt'])
  const iv = unhex('000102030405060708090a0b0c0d0e0f')
  const c = await subtle.encrypt({ name: 'AES-CBC', iv }, k, block)
  eq([hex(c).slice(0, 32), c.byteLength, hex(await subtle.decrypt({ name: 'AES-CBC', iv }, k, c))], ['7649abac8119b246cee98e9b12e9197d', 32, hex(block)])
})
test('AES-CBC 256', async () => {
  const k = await key('AES-CBC', unhex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'), ['encrypt'])
  eq(hex(await subtle.encrypt({ name: 'AES-CBC', iv: unhex('000102030405060708090a0b0c0d0e0f') }, k, block)).slice(0, 32), 'f58c4c04d6e5f1ba779eabfb5f7bfbd6')
})
test('AES-CBC: broken padding is an OperationError', async () => { await rejects('OperationError', subtle.decrypt({ name: 'AES-CBC', iv: new Uint8Array(16) }, await key('AES-CBC', k128, ['decrypt']), new Uint8Array(16))) })
test('AES-CBC: an iv of another length is an OperationError', async () => { await rejects('OperationError', subtle.encrypt({ name: 'AES-CBC', iv: new Uint8Array(12) }, await key('AES-CBC', k128, ['encrypt']), block)) })
test('AES-CTR', async () => {
  const k = await key('AES-CTR', k128, ['encrypt', 'decrypt'])
  const counter = unhex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
  const c = await subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, k, block)
  eq([hex(c), hex(await subtle.decrypt({ name: 'AES-CTR', counter, length: 64 }, k, c))], ['874d6191b620e3261bef6864990db6ce', hex(block)])
})
test('AES-CTR of bytes that are no whole block', async () => eq((await subtle.encrypt({ name: 'AES-CTR', counter: new Uint8Array(16), length: 32 }, await key('AES-CTR', k128, ['encrypt']), utf8('abc'))).byteLength, 3))
const gcm = {
  key: 'feffe9928665731c6d6a8f9467308308', iv: 'cafebabefacedbaddecaf888', aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  plain: 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  cipher: '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091', tag: '5bc94fbc3221a5db94fae95ae7121a47',
}
test('AES-GCM with additional data', async () => {
  const k = await key('AES-GCM', unhex(gcm.key), ['encrypt', 'decrypt'])
  const params = { name: 'AES-GCM', iv: unhex(gcm.iv), additionalData: unhex(gcm.aad) }
  const c = await subtle.encrypt(params, k, unhex(gcm.plain))
  eq([hex(c), hex(await subtle.decrypt(params, k, c))], [gcm.cipher + gcm.tag, gcm.plain])
})
test('AES-GCM with shorter tags', async () => {
  const k = await key('AES-GCM', unhex(gcm.key), ['encrypt', 'decrypt'])
  for (const tagLength of [96, 104, 112, 120]) {
    const params = { name: 'AES-GCM', iv: unhex(gcm.iv), additionalData: unhex(gcm.aad), tagLength }
    const c = await subtle.encrypt(params, k, unhex(gcm.plain))
    eq([hex(c), hex(await subtle.decrypt(params, k, c))], [gcm.cipher + gcm.tag.slice(0, tagLength / 4), gcm.plain])
  }
})
test('AES-GCM: a changed message, tag, iv or additional data is an OperationError', async () => {
  const k = await key('AES-GCM', unhex(gcm.key), ['encrypt', 'decrypt'])
  const params = { name: 'AES-GCM', iv: unhex(gcm.iv), additionalData: unhex(gcm.aad) }
  const c = unhex(gcm.cipher + gcm.tag)
  for (const at of [0, c.length - 1]) { const bad = c.slice(); bad[at] ^= 1; await rejects('OperationError', subtle.decrypt(params, k, bad)) }
  await rejects('OperationError', subtle.decrypt({ ...params, iv: new Uint8Array(12) }, k, c))
  await rejects('OperationError', subtle.decrypt({ ...params, additionalData: utf8('x') }, k, c))
})
test('AES-GCM: a tag length that there is not is an OperationError', async () => { await rejects('OperationError', subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 100 }, await key('AES-GCM', k128, ['encrypt']), block)) })
test('AES-GCM with an iv of another length', async () => {
  const k = await key('AES-GCM', k128, ['encrypt', 'decrypt'])
  const params = { name: 'AES-GCM', iv: new Uint8Array(16) }
  eq(hex(await subtle.decrypt(params, k, await subtle.encrypt(params, k, block))), hex(block))
})
// RFC 3394 §4.1
test('AES-KW', async () => {
  const kek = await key('AES-KW', unhex('000102030405060708090a0b0c0d0e0f'), ['wrapKey', 'unwrapKey'])
  const k = await key('AES-CBC', unhex('00112233445566778899aabbccddeeff'), ['encrypt'])
  const wrapped = await subtle.wrapKey('raw', k, kek, 'AES-KW')
  eq(hex(wrapped), '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5')
  const back = await subtle.unwrapKey('raw', wrapped, kek, 'AES-KW', 'AES-CBC', true, ['encrypt'])
  eq(hex(await subtle.exportKey('raw', back)), '00112233445566778899aabbccddeeff')
})
test('wrapKey with AES-GCM as jwk', async () => {
  const kek = await key('AES-GCM', k128, ['wrapKey', 'unwrapKey'])
  const k = await key({ name: 'HMAC', hash: 'SHA-256' }, utf8('secret'), ['sign'])
  const params = { name: 'AES-GCM', iv: new Uint8Array(12) }
  const back = await subtle.unwrapKey('jwk', await subtle.wrapKey('jwk', k, kek, params), kek, params, { name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
  eq(text(new Uint8Array(await subtle.exportKey('raw', back))), 'secret')
})
for (const name of ['AES-GCM', 'AES-CBC', 'AES-CTR']) {
  test(`${name}: generateKey and jwk`, async () => {
    const alg = { 128: 'A128', 256: 'A256' }
    for (const length of [128, 256]) {
      const k = await subtle.generateKey({ name, length }, true, ['encrypt', 'decrypt'])
      eq([k.type, k.algorithm.name, k.algorithm.length], ['secret', name, length])
      const jwk = await subtle.exportKey('jwk', k)
      eq([jwk.kty, jwk.alg, jwk.k.length], ['oct', alg[length] + name.slice(4), length === 128 ? 22 : 43])
      eq(hex(await subtle.exportKey('raw', await subtle.importKey('jwk', jwk, name, true, ['encrypt']))), hex(await subtle.exportKey('raw', k)))
    }
  })
}
test('AES keys of odd lengths', async () => {
  await rejects('DataError', key('AES-GCM', new Uint8Array(15), ['encrypt']))
  await rejects('OperationError', subtle.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt']))
})
test('a jwk of another algorithm is a DataError', async () => { await rejects('DataError', subtle.importKey('jwk', { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA', alg: 'A128CBC' }, 'AES-GCM', true, ['encrypt'])) })
test('a jwk of another kind is a DataError', async () => { await rejects('DataError', subtle.importKey('jwk', { kty: 'RSA' }, 'AES-GCM', true, ['encrypt'])) })

// RFC 6070 and RFC 7914's PBKDF2 vectors.
test('PBKDF2 with SHA-1', async () => {
  const k = await key('PBKDF2', utf8('password'), ['deriveBits'], false)
  eq(hex(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: utf8('salt'), iterations: 2 }, k, 160)), 'ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957')
})
test('PBKDF2 with SHA-256', async () => {
  const k = await key('PBKDF2', utf8('passwd'), ['deriveBits'], false)
  eq(hex(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: utf8('salt'), iterations: 1 }, k, 512)), '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783')
})
test('PBKDF2: deriveKey', async () => {
  const k = await key('PBKDF2', utf8('password'), ['deriveKey'], false)
  const d = await subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt: utf8('salt'), iterations: 10 }, k, { name: 'AES-GCM', length: 256 }, true, ['encrypt'])
  eq([d.algorithm.name, d.algorithm.length, d.usages], ['AES-GCM', 256, ['encrypt']])
})
test('PBKDF2 keys cannot be extractable', async () => { await rejects('SyntaxError', key('PBKDF2', utf8('x'), ['deriveBits'], true)) })
workers('PBKDF2 takes at most 100000 iterations', async () => { await rejects('NotSupportedError', subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: utf8('s'), iterations: 100001 }, await key('PBKDF2', utf8('p'), ['deriveBits'], false), 256)) })
// RFC 5869, test case 1.
test('HKDF', async () => {
  const k = await key('HKDF', unhex('0b'.repeat(22)), ['deriveBits'], false)
  eq(hex(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: unhex('000102030405060708090a0b0c'), info: unhex('f0f1f2f3f4f5f6f7f8f9') }, k, 336)), '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
})
test('HKDF: too many bits is an OperationError', async () => { await rejects('OperationError', subtle.deriveBits({ name: 'HKDF', hash: 'SHA-1', salt: new Uint8Array(), info: new Uint8Array() }, await key('HKDF', utf8('x'), ['deriveBits'], false), 8 * 256 * 20)) })
test('bits that are no whole bytes are an OperationError', async () => { await rejects('OperationError', subtle.deriveBits({ name: 'HKDF', hash: 'SHA-1', salt: new Uint8Array(), info: new Uint8Array() }, await key('HKDF', utf8('x'), ['deriveBits'], false), 9)) })
test('the plain text is taken when encrypt is called', async () => {
  const k = await key('AES-CTR', k128, ['encrypt'])
  const data = block.slice()
  const p = subtle.encrypt({ name: 'AES-CTR', counter: unhex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'), length: 64 }, k, data)
  data.fill(0)
  eq(hex(await p), '874d6191b620e3261bef6864990db6ce')
})
export default handler

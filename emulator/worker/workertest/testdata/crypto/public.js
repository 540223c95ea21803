// Web Cryptography: key pairs. Signatures by known answers where the algorithm is deterministic, and
// keys of others in every format.
import { test, workers, eq, ok, rejects, handler, utf8, hex, unhex } from '../workertest.js'

const { subtle } = crypto
const data = utf8('hello')
const unbase64 = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0))
const ALL = ['sign', 'verify']

// RFC 8032 §7.1, test 2.
const ed = {
  seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', public: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', message: '72',
  signature: '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
}
const edPrivate = () => subtle.importKey('pkcs8', unhex('302e020100300506032b657004220420' + ed.seed), 'Ed25519', true, ['sign'])
test('Ed25519: sign', async () => eq(hex(await subtle.sign('Ed25519', await edPrivate(), unhex(ed.message))), ed.signature))
test('Ed25519: verify with a raw key', async () => {
  const k = await subtle.importKey('raw', unhex(ed.public), 'Ed25519', true, ['verify'])
  eq([k.type, await subtle.verify('Ed25519', k, unhex(ed.signature), unhex(ed.message)), await subtle.verify('Ed25519', k, unhex(ed.signature), data)], ['public', true, false])
})
test('Ed25519: spki', async () => {
  const spki = '302a300506032b6570032100' + ed.public
  const k = await subtle.importKey('spki', unhex(spki), 'Ed25519', true, ['verify'])
  eq([hex(await subtle.exportKey('spki', k)), hex(await subtle.exportKey('raw', k))], [spki, ed.public])
})
test('Ed25519: jwk', async () => {
  const jwk = await subtle.exportKey('jwk', await edPrivate())
  eq([jwk.kty, jwk.crv, jwk.d, jwk.x], ['OKP', 'Ed25519', 'TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs', 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw'])
  const back = await subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
  eq(hex(await subtle.sign('Ed25519', back, unhex(ed.message))), ed.signature)
})
test('Ed25519: generateKey', async () => {
  const { publicKey, privateKey } = await subtle.generateKey('Ed25519', false, ALL)
  eq([publicKey.type, publicKey.extractable, privateKey.type, privateKey.extractable, publicKey.usages, privateKey.usages], ['public', true, 'private', false, ['verify'], ['sign']])
  ok(await subtle.verify('Ed25519', publicKey, await subtle.sign('Ed25519', privateKey, data), data))
})
// What OpenSSL derives of the same keys.
test('X25519: deriveBits', async () => {
  const a = await subtle.importKey('pkcs8', unhex('302e020100300506032b656e0422042077076d0a7318a57d3c16c17251b26645df4c2f92ebc092ca9db9ae9c5f6a1b2c'), 'X25519', false, ['deriveBits'])
  const b = await subtle.importKey('raw', unhex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'), 'X25519', true, [])
  eq(hex(await subtle.deriveBits({ name: 'X25519', public: b }, a, 256)), 'a9cabd0a7a4e6ac62bbc68bc4600f2e37226b79e3f8dd3692c24a53879b9ca2a')
})

for (const [namedCurve, hash, size] of [['P-256', 'SHA-256', 64], ['P-384', 'SHA-384', 96], ['P-521', 'SHA-512', 132]]) {
  const algorithm = { name: 'ECDSA', namedCurve }
  test(`ECDSA ${namedCurve}: sign and verify`, async () => {
    const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, ALL)
    const s = await subtle.sign({ name: 'ECDSA', hash }, privateKey, data)
    eq([s.byteLength, await subtle.verify({ name: 'ECDSA', hash }, publicKey, s, data), await subtle.verify({ name: 'ECDSA', hash }, publicKey, s, utf8('x')), await subtle.verify({ name: 'ECDSA', hash: 'SHA-1' }, publicKey, s, data)], [size, true, false, false])
  })
  test(`ECDSA ${namedCurve}: all formats`, async () => {
    const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, ALL)
    const s = await subtle.sign({ name: 'ECDSA', hash }, privateKey, data)
    for (const format of ['raw', 'spki', 'jwk']) {
      const k = await subtle.importKey(format, await subtle.exportKey(format, publicKey), algorithm, true, ['verify'])
      ok(await subtle.verify({ name: 'ECDSA', hash }, k, s, data), format)
    }
    for (const format of ['pkcs8', 'jwk']) {
      const k = await subtle.importKey(format, await subtle.exportKey(format, privateKey), algorithm, true, ['sign'])
      ok(await subtle.verify({ name: 'ECDSA', hash }, publicKey, await subtle.sign({ name: 'ECDSA', hash }, k, data), data), format)
    }
  })
  test(`ECDH ${namedCurve}: both sides derive the same`, async () => {
    const a = await subtle.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits', 'deriveKey'])
    const b = await subtle.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits', 'deriveKey'])
    const bits = (k, p) => subtle.deriveBits({ name: 'ECDH', public: p.publicKey }, k.privateKey, 256)
    eq(hex(await bits(a, b)), hex(await bits(b, a)))
    const k = await subtle.deriveKey({ name: 'ECDH', public: b.publicKey }, a.privateKey, { name: 'AES-GCM', length: 256 }, true, ['encrypt'])
    eq(hex(await subtle.exportKey('raw', k)), hex(await bits(a, b)))
  })
}
// RFC 6979 §A.2.5: the signature over "sample".
test('ECDSA: a known signature', async () => {
  const k = await subtle.importKey('raw', unhex('0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])
  const s = unhex('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8')
  eq(await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, k, s, utf8('sample')), true)
  eq((await subtle.exportKey('jwk', k)).x, 'YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y')
})
test('ECDSA: a point that is not on the curve is a DataError', async () => { await rejects('DataError', subtle.importKey('raw', new Uint8Array(65).fill(4), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])) })
test('ECDSA: an unknown curve is a NotSupportedError', async () => { await rejects('NotSupportedError', subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-1' }, true, ALL)) })
test('ECDSA: a signature of another length does not verify', async () => { const { publicKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ALL); eq(await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, new Uint8Array(10), data), false) })
test('ECDSA: a pair needs a usage for its private key', async () => { await rejects('SyntaxError', subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])) })

const rsaPrivate = unbase64(
  'MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCfGBpzU28WHmu46WYWvlJvawpfJjz/q1XP6RyKWcNZUSSi/ICbJcA79yD2VvgLETN985+Q' +
  'VFKN1gwFWg5bdY6r4N3JtnB/RHr2yfVRXYcVaEQ3sCCFUSgNYl1cVt0cXYBYNnXr2VAbw3+Hi3/F9m8xM5Ysk4E5VeKwjgKtsg+IqqixHC2itQbmLN015Vl0' +
  '3M17QjqZQd6AgjCLTEb7ovzpq627UzxrOl6N9nWfOfw+qL4kkHstu99HxdjRNmu7J29M0tNasm53Pa25GNDX8RKAVGuyzJr21hOqHixPcldnVluR5lxqTgrS' +
  'CwFaKUMjZmA+TbtCzYu05O6scbwMJitfAgMBAAECggEAA/0LtLZzw38xvioDyDAvSuHJGceQoew+s36pm4JSlmulWnywELOqlRZF+kcF4ukkfFTePDUQ+MNT' +
  '+9JdJ8fTstVpWgQ738TsvEEl6EtK9qttgmPk/NKjCWrc4lK/KlXhwNRksmv5SSjmipRhuKnL8dTUP/vWsoRHsZttz8L2BrwOZ5lLYS/sMc5mUdipfyAXbtYa' +
  'gFXfDKLmEvT3Hg6JtlH87bvkcw0dQ7Z5IvDvnO0GDM4vfO4TvuZA1v2J0pXX4ew/2MMe5aWiM4w/5bULG/Ga0ah9m3PwznGvRp3/DJF+kM+z66mopvmzuU+z' +
  'fpVcPtgWKBpKdrAEs4FM/RnjIQKBgQDYsOozvrRMc+7KeYF/C7hUF+pAjhOvfNLBWzhA82hO04way4kTAGAKdIKUO/ZnOOu3wCobkpkqJh1c45EaLGTg918v' +
  'VRJ0HlVarSd7CzrCx/fh1cWbkkjAMOImpL63nbKaaGARnEEwkyVtYQQl+kb+lZNKQdRPTQ1cvcJ3+U6C0QKBgQC79GZ9An64nmaQmBasKuGzDMi7fpRWMzdZ' +
  'Fb1hVbjEs4psLsQOeHn8ty0CWv6gaxK5wlFy6KRk5ESmHZO9rBrULJu4bn3odw1ucP6qaZ/nLATaYKQD645gWJfW4EI+oONOH/pqEPWWXlDS614EB80jnSV8' +
  'CXk5wpsN4KlEol13LwKBgHbjUgwD5L5RmUFDuxXuYzrYSDEVAp302Vk26D1Sjvc4wBTveQyQ1yDFXeNgpsdphoKxjyjDnP9wHAob3T/D/bEkZ/f7L/2/qsru' +
  'V8v9lEbMGiew9xNtBjdUWrAjEXSCtDxdaeAfn/C7uvwxD2qaz5rcjAxg49CCkQNCJdFXWokRAoGAFyKvVuXuuUTuNRAzgj/JBmQldUbQdYfaYUHWzNtjYfsD' +
  'p+tdwLY9tcjKZobS3uYvKORtaCqQycZ7WMM9Q1Si/Mj85gfbwbid06FfB5T21NrLQiIxLjZZkSx2jEGQhesB78Tp6xJpWHgFlODZ8r8PFjoqugjkfiKhOWUV' +
  'ENi3josCgYA/bY8HZgaAz2BUAO74m4bb3Ba4jlQqK9HRHF/a9fGwLbh6CGyLgQj5QGbrVSAhgKtsda5bysFIGkT9QIjR3O9IywCc6TafmvClD+6vAGf1H1P3' +
  'M2drNaPzo1DGk9ODG9W1KhiQo9R7W7l29nh3o/EO+vXHHUofqGujgOvqq8RZmQ==')
const rsaSignature = '9e8574acf52424bb80fe6c47c9bd44ed0dcfe08cc6ebf77b76a65ff9146d189289d8edbe29246602307f5d6e82728e067bbe211a3f61972960028f4f' +
  'fb515a43f660174bc08382845a329c1dd0c38755f1850c1d8511786803a326db03962e25f0052269220b20c0a883a161f03943956d257d836cca5dea' +
  'be5e3e9ba5e42718615e275fcc04c7f861ce505e5fd56957c3f04cdad5906e58d3d9e14c33af14c04010b5b93ec4720bd0d1c081f104b199fd9c1012' +
  '17710af1747161671b99bf3d67a70e6bb4d06dcf856663fbbda754ee9131404c23bb8a9d7c6e95ff3adc86b1a326a9c0be117f474ef5b8628e1c8b95' +
  'f7816534be79cf3cc977580a3eb79e4a'
for (const name of ['RSASSA-PKCS1-v1_5']) {
  test(`${name}: a known signature`, async () => {
    const k = await subtle.importKey('pkcs8', rsaPrivate, { name, hash: 'SHA-256' }, true, ['sign'])
    eq([k.algorithm.modulusLength, [...k.algorithm.publicExponent], k.algorithm.hash.name], [2048, [1, 0, 1], 'SHA-256'])
    eq(hex(await subtle.sign(name, k, data)), rsaSignature)
  })
}
const publicOf = async (privateKey, algorithm, usages) => {
  const { kty, n, e } = await subtle.exportKey('jwk', privateKey)
  return subtle.importKey('jwk', { kty, n, e }, algorithm, true, usages)
}
for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
  test(`RSASSA-PKCS1-v1_5 with ${hash}: sign and verify`, async () => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
    const priv = await subtle.importKey('pkcs8', rsaPrivate, algorithm, true, ['sign'])
    const pub = await publicOf(priv, algorithm, ['verify'])
    const s = await subtle.sign(algorithm.name, priv, data)
    eq([await subtle.verify(algorithm.name, pub, s, data), await subtle.verify(algorithm.name, pub, s, utf8('x'))], [true, false])
  })
  test(`RSA-PSS with ${hash}: sign and verify`, async () => {
    const algorithm = { name: 'RSA-PSS', hash }
    const priv = await subtle.importKey('pkcs8', rsaPrivate, algorithm, true, ['sign'])
    const pub = await publicOf(priv, algorithm, ['verify'])
    for (const saltLength of [0, 20, 32]) {
      const s = await subtle.sign({ name: 'RSA-PSS', saltLength }, priv, data)
      eq([await subtle.verify({ name: 'RSA-PSS', saltLength }, pub, s, data), await subtle.verify({ name: 'RSA-PSS', saltLength }, pub, s, utf8('x'))], [true, false])
    }
  })
  test(`RSA-OAEP with ${hash}: encrypt and decrypt`, async () => {
    const algorithm = { name: 'RSA-OAEP', hash }
    const priv = await subtle.importKey('pkcs8', rsaPrivate, algorithm, true, ['decrypt', 'unwrapKey'])
    const pub = await publicOf(priv, algorithm, ['encrypt', 'wrapKey'])
    eq(new TextDecoder().decode(await subtle.decrypt('RSA-OAEP', priv, await subtle.encrypt('RSA-OAEP', pub, data))), 'hello')
    const label = utf8('label')
    const c = await subtle.encrypt({ name: 'RSA-OAEP', label }, pub, data)
    eq(new TextDecoder().decode(await subtle.decrypt({ name: 'RSA-OAEP', label }, priv, c)), 'hello')
    await rejects('OperationError', subtle.decrypt('RSA-OAEP', priv, c))
  })
}
test('RSA: spki and pkcs8 make the round trip', async () => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const priv = await subtle.importKey('pkcs8', rsaPrivate, algorithm, true, ['sign'])
  eq(hex(await subtle.exportKey('pkcs8', priv)), hex(rsaPrivate))
  const pub = await publicOf(priv, algorithm, ['verify'])
  const again = await subtle.importKey('spki', await subtle.exportKey('spki', pub), algorithm, true, ['verify'])
  ok(await subtle.verify(algorithm.name, again, unhex(rsaSignature), data))
})
test('RSA: a private jwk makes the round trip', async () => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const jwk = await subtle.exportKey('jwk', await subtle.importKey('pkcs8', rsaPrivate, algorithm, true, ['sign']))
  eq(Object.keys(jwk).filter((name) => jwk[name] !== undefined).sort(), ['alg', 'd', 'dp', 'dq', 'e', 'ext', 'key_ops', 'kty', 'n', 'p', 'q', 'qi'])
  eq([jwk.kty, jwk.alg, jwk.e], ['RSA', 'RS256', 'AQAB'])
  eq(hex(await subtle.sign(algorithm.name, await subtle.importKey('jwk', jwk, algorithm, false, ['sign']), data)), rsaSignature)
})
test('RSA: generateKey', async () => {
  const { publicKey, privateKey } = await subtle.generateKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }, true, ALL)
  ok(await subtle.verify('RSASSA-PKCS1-v1_5', publicKey, await subtle.sign('RSASSA-PKCS1-v1_5', privateKey, data), data))
})
test('RSA: broken pkcs8 and spki are DataErrors', async () => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  await rejects('DataError', subtle.importKey('pkcs8', new Uint8Array(10), algorithm, true, ['sign']))
  await rejects('DataError', subtle.importKey('spki', new Uint8Array(10), algorithm, true, ['verify']))
})
test('a key of another kind in spki is a DataError', async () => { await rejects('DataError', subtle.importKey('spki', unhex('302a300506032b6570032100' + ed.public), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])) })
workers('exporting a private key as raw is an InvalidAccessError', async () => { await rejects('InvalidAccessError', subtle.exportKey('raw', (await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ALL)).privateKey)) })

export default handler

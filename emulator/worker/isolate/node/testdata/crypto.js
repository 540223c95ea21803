// What node:crypto computes, and its errors.
import crypto from 'node:crypto'
import { Readable, Transform, pipeline } from 'node:stream'
import { promisify } from 'node:util'
import { Buffer } from 'node:buffer'

// Keys, and what Node.js 20 has made with them.
const rsaPEM = `-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAL0fLTuYnkkCzj9M
iyx297X+uDwZoZHxQziwYUInhN5ZZfOCC1y4ysyHaWfbjUgMSwATW6aeomzWWGJ/
qUkaZZcogB9RYz/N6x4IVb5uL0Upsbmvu7RiUwiZIvJ59Hn2KVD7/3AZCRx3Ug0+
MZ2FWrDdDZ7sJC7JYL5vSrmAdf0bAgMBAAECgYBRaX5bTVO2MlL+xMCUn5H68m/0
z0PSQ32gha0YgVKdNPbCYJTrkVEbwp8JamXjQgd3PN4TV+6r04mwvSvuoEJilJi+
sP9XGTfNuiIifk8674QGIKTX8tEP/fFtXIWPQOn9WUU74MmlN4kRb2RyvKu02ccv
5ZAZLg1/IpZo/gENAQJBAPtjpfxdlxC3PkaZTsQFI4SHg/IBlxdgi34y3dvNgbWJ
Z6Heb6aS/AjVnijz9vQSDyfRl58Qpleg3gDpQwoFpjsCQQDAlym3xEm+6yUstBUQ
eBXS6HY78I3QujQV4TSKhopuyFyZu8KUT/X0Lprs01rXtpi6rbsI++EGXB9w+uRw
CDahAkEAs0txGTtPARcQjZ3ONbRMjrtweex0bLHpC4sP/TLnbiigByz0iOOQamSh
Nyg5W/59XLL55vMjEKCldhToQX+h/QJAUAW/WNMfjUupW6TL59btwn/CuO8gDe2A
vOKhcTmsBZINH/erRvLekIJY7zR215DQbyjGwVnfS0Q18DzfdEmFYQJAM2qgHLzf
4UtrbuCx4WiFjSVnCKIMeQumQq2vtMA0NJ4FM2IBtdQ0LQ449C5a8NUz2fBsMtYu
AYHC1GBA4/Vi+A==
-----END PRIVATE KEY-----`
const ecPEM = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0CSt9BGOuuRCwdgg
EuZoKfeWZALkDmccscbJbkZUclihRANCAAQhIgRql4DVS4rNErtLDkaSIOmso1xs
1fMeQ22QlBa+q6eo7yDRlk4sLMJuMKTi8fmn20NV1j2k744DtrtF7rQV
-----END PRIVATE KEY-----`
const edPEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBPls98HcgZjIBklB7vEtC3FhkLnHl/WS7NcWq2oHdyg
-----END PRIVATE KEY-----`
const xPEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIEDj1gvGjBvvhzF+jAUBTHdTJ/yCBd0El9184fUqJwRo
-----END PRIVATE KEY-----`
const xOtherPEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIIj9wHQOA65V5UqJ/7uR+RPGdfQ0NNcfL0NFWZ1R5QFW
-----END PRIVATE KEY-----`
const ecEncrypted = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg5yqyG8jZl+AICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDkV+edE09nQuTAq/EdNljEEgZBf
MgzFOCzuUJ/XOiZqlmrCQ3Xh+JNL4SsUP/5BDu0LBwTxkKH/JOyuPG6XilgEUUs0
LrlvAyOIQ9fjpla55u8XIhPQbIocu6k+CAg0bU2DYJeqDIHtbofsnmBo1qwLQbHx
S6xrb9trOMOsZa01Ki67akWnaMqSFXa/t2Y5CVMLMe8yEaMqIKGv9++aVY2lUO4=
-----END ENCRYPTED PRIVATE KEY-----`
const ecOldEncrypted = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,4C94552835F5E92679520578DD7F6B32

ujgVtuLkpcnUId81V0SuwtpU1NbsGNYzgZ1mwuAO304JrHSsxAP26Nuijptr378P
X7XnU9nYHbvD0FXIXDf9pl+wapehknJVJ1Qu4EzpMIeSWPNCkFQ/wdQeHj2Mw6gd
bJJS4vN/wmrHELsWbKRKIik7nEum5ipcZA5I99+S8NM=
-----END EC PRIVATE KEY-----`
const ecdsaDER = 'MEQCIAFzC0tq78JnmRdjohhMXHD7pnCz3D2Vwtuo+2cQ5kHCAiAHKGpVFWyt0bLHkuqfTZ+JO+q9JyJWzyT/PFm+JwKqHw=='
const ecdsaP1363 = '8HrABswLVkCjuIR0UkFQhqh4EHaImsOiyIvdsUK/41HRpXykGyq4s7r1KQS5qzmZnDfd5FjryrQ3im5OFI+KEQ=='
const pssMax = 'jcEIJHikqhMs5pKVGH6ISJ+pvwltvuYMmaHARNk6ZTAp1BMNdnnn4DNhbG7TuOLkuppg8eF0oAkh5IXNK8UjO/suyJcXElfSqEiOgpkl3GVNb2Pd6/ZjZ8vAkVrbu2h0AUxRDrku0UJZhn+qZUxefOTW2621UMtgBTySKYrmXtg='
const pssDigest = 'Z1xllvia1TYJX0b/6vInjN/A2CjKTkSYvgqG3MsiGWUG0uNeplGhwUu3JXfl9Y7TsA+1sLniFgGyyzGwNIZakIbOEmKPOqFk9QnT5VhnGsZqQjy1vjNFETlYF8CAFFwUZXusyJg35FcvD3mjnkyLVMScV1n9Dh62cKM7CCSxsNA='
const oaep = 'rElBj3xPbBDjxGmSsbgn4shbBxSfQC0+m6+ym9XjhxnQuHbtCMD1siUaUuBF6cckwvbOI9YYU/LU1ZyBQlsDU4E+aRd3VPYdgOoOl4uUSB+h1eOSNMZtIWsDGH3qwN+zbMpXh9OX0Jdz35zZMook7OMNNDJNUQvRsJ5tU19HW3U='
const oaep256 = 'KYEmLy7XhrRfMDUM2pz8KWyRHjxda9rxhD6jXBdtPQWxQ6noKeEeruf66DwUaDSKV80We0RRqxMCwXayiwXxHN6psd1eZmF5tRMugD19I/SQGvauebdwutbDbjTAtnPXqbiAahPRlP+xpwPMJWMiinnRiLh5x4KFZbtq9ArPEmQ='
const pkcs1 = 'SsIL+g6YrCaFHywsqYwjt3nZcYcXXhmc+buG3IbQl1g6NNSs6GVtIJro6+ecRC2/hX8XZX+ArHQ68qVmgAGDAekxTKk7hcnnbsFunnLjEpJem1byqPMi03O8wFfMnjHDSfoblnVPv7aEKHjWnzcZqW6EWIfVS/X8mXnBbrXoAJc='
const privateEncrypted = 'WiFtvdatmT/mni/MDEbQgf/ZoJwX6NyT9FB2K4DCvw1etrzGl6EQeTvxbcE69DO+Hi9Zuj6s7srKvnMpFCnkXRrlXJxGpDV3byF5pBNvg+UtbhaPSvAc9TAxUnNLT+G/BERYEPWg45IdlifKbapMRI/H5wkiLNtk6KNKt81JbuY='
const certificate = `-----BEGIN CERTIFICATE-----
MIICBTCCAaugAwIBAgIUL+HbkhzazgFeUjk8BbBeGCPvmH4wCgYIKoZIzj0EAwIw
OTELMAkGA1UEBhMCREUxFDASBgNVBAoMC0V4YW1wbGUgT3JnMRQwEgYDVQQDDAtl
eGFtcGxlLmNvbTAeFw0yNjExMzAxOTM0NDlaFw0zNjExMjcxOTM0NDlaMDkxCzAJ
BgNVBAYTAkRFMRQwEgYDVQQKDAtFeGFtcGxlIE9yZzEUMBIGA1UEAwwLZXhhbXBs
ZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARfR26g4zxgN9o1rRYxbm+F
UP3by7avVFnJwM1MHVZjd85x6H8z3/MfaieTczMs380jHXHQmV0iNw8X6+vLW3cu
o4GQMIGNMB0GA1UdDgQWBBReF10ODh5BY+JN5KxCv8Tn9ytseDAfBgNVHSMEGDAW
gBReF10ODh5BY+JN5KxCv8Tn9ytseDAPBgNVHRMBAf8EBTADAQH/MDoGA1UdEQQz
MDGCC2V4YW1wbGUuY29tgg0qLmV4YW1wbGUub3JnhwR/AAABgQ1hQGV4YW1wbGUu
Y29tMAoGCCqGSM49BAMCA0gAMEUCIQCJ67DIPjsmbZVHjwiXTz5ZS93k2p+qt+ff
lS7R0znPUgIgLnV7gf65/KcuyVOkXaJP+NvZOWv9PWegH6jUioDskOc=
-----END CERTIFICATE-----`
const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgubVC0tPJkfAj543q
VueUPm0bYt+vu4LJ2ixVFzsmT3ahRANCAARfR26g4zxgN9o1rRYxbm+FUP3by7av
VFnJwM1MHVZjd85x6H8z3/MfaieTczMs380jHXHQmV0iNw8X6+vLW3cu
-----END PRIVATE KEY-----`

const hex = b => Buffer.from(b).toString('hex')
const said = f => { try { const v = f(); return Buffer.isBuffer(v) ? hex(v) : v } catch (e) { return `${e.name} ${e.code ?? ''} ${e.message}` } }
const key = n => Buffer.alloc(n, 7)
const b64 = s => Buffer.from(s, 'base64')
const data = Buffer.from('some data')
const done = (f, ...args) => new Promise((resolve, reject) => f(...args, (err, ...values) => err ? reject(err) : resolve(values.length > 1 ? values : values[0])))

/** Encrypts in pieces and decrypts again. */
function roundTrip(name, keySize, ivSize, options) {
  const iv = ivSize ? Buffer.alloc(ivSize, 3) : null
  const c = crypto.createCipheriv(name, key(keySize), iv, options)
  const aead = /gcm|poly/i.test(name)
  if (aead) c.setAAD(Buffer.from('extra'))
  const text = 'a text of more than one block of sixteen'
  const parts = [c.update(text.slice(0, 5), 'utf8', 'hex'), c.update(text.slice(5), 'utf8', 'hex'), c.final('hex')]
  const tag = aead ? c.getAuthTag() : null
  const d = crypto.createDecipheriv(name, key(keySize), iv, options)
  if (aead) d.setAAD(Buffer.from('extra')).setAuthTag(tag)
  const plain = d.update(parts.join(''), 'hex', 'utf8') + d.final('utf8')
  return [parts, tag && hex(tag), plain === text]
}

export default {
  'hashes': () => ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-224', 'sha512-256', 'RSA-SHA256', 'sha3-224', 'sha3-256',
    'sha3-384', 'sha3-512', 'ripemd160', 'rmd160', 'blake2b512', 'blake2s256', 'shake128', 'shake256', 'SHA-256'].map(n => `${n} ${crypto.createHash(n).update('abc').digest('hex')}`),
  'a hash in pieces, encodings, copy': () => {
    const h = crypto.createHash('sha256').update('a').update(Buffer.from('b'))
    const c = h.copy()
    return [h.update('63', 'hex').digest('base64'), c.update('x').digest('latin1').length, crypto.createHash('md5').update(new Uint16Array([1, 2])).digest('base64url'),
      hex(crypto.createHash('sha1').update('ü', 'latin1').digest()), crypto.createHash('sha3-256').update('a').copy().digest('hex')]
  },
  'lengths of shake': () => [crypto.createHash('shake256', { outputLength: 5 }).update('').digest('hex'), crypto.createHash('shake128', { outputLength: 0 }).digest('hex'),
    said(() => crypto.createHash('md5', { outputLength: 5 })), crypto.createHash('sha256', { outputLength: 32 }).digest('hex')],
  'hash in one go': () => crypto.hash ? [crypto.hash('sha1', 'abc'), crypto.hash('md5', data, 'base64')] : null,
  'hash errors': () => [() => crypto.createHash('nope'), () => { const h = crypto.createHash('md5'); h.digest(); h.update('x') }, () => { const h = crypto.createHash('md5'); h.digest(); h.digest() },
    () => { const h = crypto.createHash('md5'); h.digest(); h.copy() }, () => crypto.createHash('md5').update(5), () => crypto.createHash(5), () => crypto.createHmac('nope', 'k'),
    () => crypto.createHmac('md5'), () => { const h = crypto.createHmac('md5', 'k'); h.digest(); return h.digest('hex') }].map(said),
  'hmac': () => [crypto.createHmac('sha256', 'key').update('data').digest('hex'), crypto.createHmac('md5', Buffer.alloc(100, 1)).update('a').update('b').digest('base64'),
    crypto.createHmac('sha512', crypto.createSecretKey(Buffer.from('key'))).update('data').digest('hex').slice(0, 20), crypto.createHmac('sha3-256', 'k').update('').digest('hex'),
    crypto.createHmac('sha1', new Uint8Array(4).buffer).digest('hex')],
  'hashes as streams': async () => {
    const h = crypto.createHash('sha256')
    h.setEncoding('hex')
    const result = new Promise(resolve => h.on('readable', () => { const d = h.read(); if (d) resolve(d) }))
    h.write('ab')
    h.end('c')
    const piped = []
    await new Promise((resolve, reject) => pipeline(Readable.from([Buffer.from('abc')]), crypto.createHmac('md5', 'k'), async function (src) { for await (const c of src) piped.push(hex(c)) }, err => err ? reject(err) : resolve()))
    return [await result, piped, crypto.createHash('md5') instanceof Transform]
  },
  'pbkdf2': async () => [hex(crypto.pbkdf2Sync('password', 'salt', 1000, 32, 'sha256')), hex(await done(crypto.pbkdf2, 'password', Buffer.from('salt'), 10, 20, 'sha1')),
    hex(crypto.pbkdf2Sync('p', 's', 1, 0, 'md5')), hex(await promisify(crypto.pbkdf2)('p', 's', 3, 8, 'SHA512')), said(() => crypto.pbkdf2Sync('a', 'b', 1, 10, 'nope')), said(() => crypto.pbkdf2Sync('a', 'b', 0, 10, 'md5')),
    said(() => crypto.pbkdf2Sync(5, 'b', 1, 10, 'md5')), said(() => crypto.pbkdf2('a', 'b', 1, 10, 'md5'))],
  'scrypt': async () => [hex(crypto.scryptSync('password', 'NaCl', 32, { N: 1024, r: 8, p: 2 })), hex(await done(crypto.scrypt, 'p', 's', 16, { cost: 16 })), hex(await done(crypto.scrypt, 'p', 's', 8)),
    said(() => crypto.scryptSync('a', 'b', 10, { N: 15 })), said(() => crypto.scryptSync('a', 'b', 10, { N: 2 ** 20 }))],
  'hkdf': async () => [hex(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 42)), crypto.hkdfSync('sha256', 'key', 'salt', 'info', 4).constructor.name, hex(await done(crypto.hkdf, 'sha512', 'key', Buffer.alloc(0), '', 20)),
    said(() => crypto.hkdfSync('nope', 'a', 'b', 'c', 10)), said(() => crypto.hkdfSync('md5', 'a', 'b', 'c', 100000))],
  'random': async () => {
    const b = Buffer.alloc(8)
    const view = new Uint32Array(4)
    crypto.randomFillSync(b, 4, 2)
    crypto.randomFillSync(view, 1, 2)
    const n = crypto.randomInt(5, 7)
    return [crypto.randomBytes(5).length, (await done(crypto.randomBytes, 3)).length, /^[0-9a-f-]{36}$/.test(crypto.randomUUID()), n >= 5 && n < 7, (await done(crypto.randomFill, Buffer.alloc(3))).length,
      b.subarray(0, 4).equals(Buffer.alloc(4)), b.subarray(6).equals(Buffer.alloc(2)), view[0], view[3], crypto.randomInt(1), typeof await done(crypto.randomInt, 10),
      ...[() => crypto.randomInt(5, 2), () => crypto.randomInt(2 ** 50), () => crypto.randomBytes(-1), () => crypto.randomBytes('x'), () => crypto.randomFillSync('x'), () => crypto.randomFillSync(b, 9), () => crypto.randomInt('x')].map(said)]
  },
  'timingSafeEqual': () => [crypto.timingSafeEqual(Buffer.from('ab'), new Uint8Array([97, 98])), crypto.timingSafeEqual(Buffer.from('ab'), Buffer.from('ac')),
    said(() => crypto.timingSafeEqual(Buffer.alloc(1), Buffer.alloc(2))), said(() => crypto.timingSafeEqual('a', Buffer.alloc(1))).slice(0, 60)],
  'ciphers': () => [['aes-128-cbc', 16, 16], ['aes-192-cbc', 24, 16], ['aes-256-cbc', 32, 16], ['AES256', 32, 16], ['aes-128-ctr', 16, 16], ['aes-256-ctr', 32, 16], ['aes-128-ecb', 16, 0], ['aes-256-ecb', 32, 0], ['des-ede3-cbc', 24, 8],
    ['aes-128-gcm', 16, 12], ['aes-192-gcm', 24, 12], ['aes-256-gcm', 32, 12], ['id-aes256-GCM', 32, 12], ['aes-256-gcm', 32, 16], ['aes-256-gcm', 32, 1], ['aes-256-gcm', 32, 33], ['aes-128-gcm', 16, 12, { authTagLength: 4 }],
    ['chacha20-poly1305', 32, 12, { authTagLength: 16 }]].map(args => [args[0], ...roundTrip(...args)]),
  'padding of every length': () => {
    const out = []
    for (let n = 0; n <= 33; n++) {
      const c = crypto.createCipheriv('aes-128-cbc', key(16), key(16))
      const sealed = Buffer.concat([c.update(Buffer.alloc(n, 1)), c.final()])
      const d = crypto.createDecipheriv('aes-128-cbc', key(16), key(16))
      const parts = []
      for (let i = 0; i < sealed.length; i += 5) parts.push(d.update(sealed.subarray(i, i + 5)))
      out.push(sealed.length, Buffer.concat([...parts, d.final()]).equals(Buffer.alloc(n, 1)))
    }
    return out.join()
  },
  'without padding': () => {
    const c = crypto.createCipheriv('aes-128-cbc', key(16), key(16))
    c.setAutoPadding(false)
    const sealed = Buffer.concat([c.update(Buffer.alloc(32)), c.final()])
    const d = crypto.createDecipheriv('aes-128-cbc', key(16), key(16)).setAutoPadding(false)
    return [sealed.length, hex(Buffer.concat([d.update(sealed), d.final()]))]
  },
  'ciphers as streams': async () => {
    const out = []
    const c = crypto.createCipheriv('aes-256-cbc', key(32), key(16))
    for await (const chunk of Readable.from([Buffer.from('abc'), Buffer.from('def')]).pipe(c)) out.push(chunk)
    const d = crypto.createDecipheriv('aes-256-cbc', key(32), key(16))
    let text = ''
    d.on('data', chunk => { text += chunk })
    d.end(Buffer.concat(out))
    await new Promise(resolve => d.on('end', resolve))
    const bad = crypto.createDecipheriv('aes-256-cbc', key(32), key(16))
    const failed = new Promise(resolve => bad.on('error', e => resolve(e.code)))
    bad.end(Buffer.alloc(16))
    return [hex(Buffer.concat(out)), text, await failed]
  },
  'cipher errors': () => [() => crypto.createCipheriv('nope', key(16), key(16)), () => crypto.createCipheriv('aes-128-cbc', key(15), key(16)), () => crypto.createCipheriv('aes-128-cbc', key(16), key(15)),
    () => crypto.createCipheriv('aes-128-cbc', key(16), null), () => crypto.createCipheriv('aes-128-gcm', key(16), key(0)), () => crypto.createCipheriv('chacha20-poly1305', key(32), key(15)), () => crypto.createCipheriv('chacha20-poly1305', key(32), key(8)),
    () => { const d = crypto.createDecipheriv('aes-128-cbc', key(16), key(16)); d.update(key(16)); d.final() }, () => { const d = crypto.createDecipheriv('aes-128-cbc', key(16), key(16)); d.update(key(15)); d.final() },
    () => { const d = crypto.createCipheriv('aes-128-cbc', key(16), key(16)); d.setAutoPadding(false); d.update(key(15)); d.final() }, () => { const d = crypto.createCipheriv('aes-128-cbc', key(16), key(16)); d.final(); d.final() },
    () => { const d = crypto.createCipheriv('aes-128-cbc', key(16), key(16)); d.final(); d.update('x') }, () => { const d = crypto.createDecipheriv('aes-128-gcm', key(16), key(12)); d.setAuthTag(key(16)); d.update(key(15)); d.final() },
    () => { const d = crypto.createDecipheriv('aes-128-gcm', key(16), key(12)); d.update(key(15)); d.final() }, () => crypto.createDecipheriv('aes-128-gcm', key(16), key(12)).setAuthTag(key(3)),
    () => crypto.createDecipheriv('aes-128-gcm', key(16), key(12), { authTagLength: 12 }).setAuthTag(key(16)), () => crypto.createDecipheriv('aes-128-gcm', key(16), key(12), { authTagLength: 3 }),
    () => crypto.createCipheriv('aes-128-gcm', key(16), key(12)).getAuthTag(), () => { const x = crypto.createCipheriv('aes-128-cbc', key(16), key(16)); x.final(); x.getAuthTag() },
    () => { const x = crypto.createDecipheriv('aes-128-gcm', key(16), key(12)); x.setAuthTag(key(16)); x.setAuthTag(key(16)) }, () => crypto.createCipheriv('aes-128-cbc', key(16), key(16)).setAAD(key(16)),
    () => { const x = crypto.createCipheriv('aes-128-gcm', key(16), key(12)); x.final(); x.setAAD(key(1)) }, () => { const x = crypto.createCipheriv('aes-128-gcm', key(16), key(12)); x.final(); x.setAutoPadding() },
    () => crypto.createCipheriv('aes-128-cbc', 5, key(16))].map(said),
  'getCipherInfo': () => ['aes-128-cbc', 'aes-192-cbc', 'aes-256-gcm', 'aes-192-gcm', 'chacha20-poly1305', 'aes-192-ctr', 'aes-128-ecb', 'aes-256-ecb', 'des-ede3-cbc', 'nope', 419].map(n => crypto.getCipherInfo(n) ?? null),
  'sign and verify with RSA': () => {
    const k = crypto.createPrivateKey(rsaPEM)
    const p = crypto.createPublicKey(rsaPEM)
    return [hex(crypto.sign('sha256', data, k)), crypto.createSign('RSA-SHA1').update('some ').update('data').sign(rsaPEM, 'base64'), crypto.createVerify('sha1').update(data).verify(p, crypto.createSign('sha1').update(data).sign(k)),
      crypto.verify('sha256', data, p, crypto.sign('sha256', data, k)), crypto.verify('sha512', data, p, crypto.sign('sha256', data, k)),
      crypto.verify('sha256', data, { key: p, padding: 6 }, b64(pssMax)), crypto.verify('sha256', data, { key: p, padding: 6, saltLength: -1 }, b64(pssDigest)), crypto.verify('sha256', data, { key: p, padding: 6, saltLength: 32 }, b64(pssMax)),
      crypto.verify('sha256', data, { key: p, padding: 6 }, crypto.sign('sha256', data, { key: k, padding: 6, saltLength: 0 })), crypto.verify('sha256', data, { key: p, padding: 6, saltLength: 94 }, crypto.sign('sha256', data, { key: k, padding: 6 }))]
  },
  'sign and verify with EC': async () => {
    const p = crypto.createPublicKey(ecPEM)
    return [crypto.verify('sha256', data, p, b64(ecdsaDER)), crypto.verify('sha256', data, { key: p, dsaEncoding: 'ieee-p1363' }, b64(ecdsaP1363)), crypto.verify('sha256', data, p, b64(ecdsaP1363)), crypto.verify(null, data, p, b64(ecdsaDER)),
      crypto.verify('sha256', data, ecPEM, crypto.sign('sha256', data, ecPEM)), crypto.sign('sha384', data, { key: ecPEM, dsaEncoding: 'ieee-p1363' }).length, await done(crypto.verify, 'sha256', data, p, b64(ecdsaDER)),
      await done(crypto.verify, 'sha1', data, p, await done(crypto.sign, 'sha1', data, ecPEM)), crypto.createVerify('sha256').update(data).verify(p, ecdsaDER, 'base64')]
  },
  'sign and verify with Ed25519': () => [hex(crypto.sign(null, data, edPEM)), crypto.verify(null, data, edPEM, crypto.sign(null, data, crypto.createPrivateKey(edPEM))), crypto.verify(null, data, edPEM, Buffer.alloc(64)), said(() => crypto.sign('sha256', data, edPEM)).slice(0, 30)],
  'signing errors': () => [() => crypto.createSign('nope'), () => crypto.createSign('sha256').sign(), () => crypto.sign('nope', data, rsaPEM), () => crypto.createSign('sha256').update('x').sign(crypto.createPublicKey(rsaPEM)),
    () => crypto.sign('sha256', 'text', rsaPEM), () => crypto.createSign('sha256').update('x').sign({ key: rsaPEM, padding: 'x' }), () => crypto.createSign('sha256').update('x').sign({ key: ecPEM, dsaEncoding: 'x' }),
    () => crypto.sign('sha256', data, crypto.createSecretKey(key(3)))].map(said),
  'RSA encryption': () => {
    const k = crypto.createPrivateKey(rsaPEM)
    return [String(crypto.privateDecrypt(k, b64(oaep))), String(crypto.privateDecrypt({ key: k, oaepHash: 'sha256', oaepLabel: Buffer.from('label') }, b64(oaep256))), String(crypto.publicDecrypt(k, b64(privateEncrypted))),
      crypto.privateEncrypt(k, data).toString('base64') === privateEncrypted, String(crypto.privateDecrypt(k, crypto.publicEncrypt(crypto.createPublicKey(k), data))), crypto.publicEncrypt({ key: k, padding: 1 }, data).length,
      said(() => crypto.privateDecrypt(k, Buffer.alloc(128))), hex(crypto.privateDecrypt({ key: k, padding: 3 }, crypto.publicEncrypt({ key: k, padding: 3 }, Buffer.alloc(128, 1)))).slice(0, 8),
      said(() => crypto.publicEncrypt(k, Buffer.alloc(200)))]
  },
  'keys tell of themselves': () => [rsaPEM, ecPEM, edPEM, xPEM].flatMap(pem => [crypto.createPrivateKey(pem), crypto.createPublicKey(pem)].map(k => {
    const { publicExponent, ...details } = k.asymmetricKeyDetails
    return [k.type, k.asymmetricKeyType, details, String(publicExponent), Object.prototype.toString.call(k), k instanceof crypto.KeyObject, k.symmetricKeySize ?? null]
  })),
  'keys are written in every form': () => [rsaPEM, ecPEM, edPEM, xPEM].map(pem => {
    const k = crypto.createPrivateKey(pem)
    const p = crypto.createPublicKey(k)
    const hash = v => crypto.createHash('md5').update(v).digest('hex')
    return [k.export({ type: 'pkcs8', format: 'pem' }).trim() === pem, hash(k.export({ type: 'pkcs8', format: 'der' })), p.export({ type: 'spki', format: 'pem' }), hash(p.export({ type: 'spki', format: 'der' })),
      ...['pkcs1', 'sec1'].map(type => said(() => hash(k.export({ type, format: 'pem' })))), said(() => p.export({ type: 'pkcs1', format: 'pem' })), k.export({ format: 'jwk' }), p.export({ format: 'jwk' })]
  }),
  'keys are read in every form': () => [rsaPEM, ecPEM, edPEM, xPEM].map(pem => {
    const k = crypto.createPrivateKey({ key: pem })
    const p = crypto.createPublicKey({ key: pem, format: 'pem' })
    return [crypto.createPrivateKey({ key: k.export({ format: 'jwk' }), format: 'jwk' }).equals(k), crypto.createPublicKey({ key: p.export({ format: 'jwk' }), format: 'jwk' }).equals(p),
      crypto.createPublicKey({ key: k.export({ format: 'jwk' }), format: 'jwk' }).equals(p), crypto.createPrivateKey({ key: k.export({ type: 'pkcs8', format: 'der' }), format: 'der', type: 'pkcs8' }).equals(k),
      crypto.createPublicKey({ key: p.export({ type: 'spki', format: 'der' }), format: 'der', type: 'spki' }).equals(p), crypto.createPublicKey(p.export({ type: 'spki', format: 'pem' })).equals(p), p.equals(k), k.equals(k)]
  }),
  'pkcs1 and sec1 are read': () => {
    const r = crypto.createPrivateKey(rsaPEM)
    const e = crypto.createPrivateKey(ecPEM)
    return [crypto.createPrivateKey(r.export({ type: 'pkcs1', format: 'pem' })).equals(r), crypto.createPublicKey(crypto.createPublicKey(r).export({ type: 'pkcs1', format: 'pem' })).equals(crypto.createPublicKey(r)),
      crypto.createPrivateKey(e.export({ type: 'sec1', format: 'pem' })).equals(e), crypto.createPrivateKey({ key: e.export({ type: 'sec1', format: 'der' }), format: 'der', type: 'sec1' }).equals(e)]
  },
  'keys under a passphrase': () => {
    const e = crypto.createPrivateKey(ecPEM)
    const opens = pem => crypto.createPrivateKey({ key: pem, passphrase: 'secret' }).equals(e)
    return [opens(ecEncrypted), opens(ecOldEncrypted), said(() => crypto.createPrivateKey({ key: ecEncrypted, passphrase: 'wrong' })),
      opens(e.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })), opens(e.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })),
      crypto.createPrivateKey({ key: e.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'secret' }), format: 'der', type: 'pkcs8', passphrase: Buffer.from('secret') }).equals(e),
      String(crypto.privateDecrypt({ key: crypto.createPrivateKey(rsaPEM).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }), passphrase: 'x' }, b64(oaep)))]
  },
  'secret keys': () => {
    const k = crypto.createSecretKey(Buffer.from('secret'))
    return [k.type, k.symmetricKeySize, String(k.export()), k.export({ format: 'jwk' }), k.equals(crypto.createSecretKey('736563726574', 'hex')), crypto.createSecretKey('x').equals(k), crypto.generateKeySync('aes', { length: 192 }).symmetricKeySize,
      crypto.generateKeySync('hmac', { length: 100 }).symmetricKeySize, said(() => crypto.generateKeySync('aes', { length: 3 })), said(() => crypto.generateKeySync('hmac', { length: 3 })), said(() => crypto.generateKeySync('des', { length: 3 }))]
  },
  'key errors': () => [() => crypto.createPublicKey('nope'), () => crypto.createPrivateKey({ key: Buffer.alloc(5), format: 'der' }),
    () => crypto.createPublicKey(crypto.createPublicKey(rsaPEM)), () => crypto.createPublicKey(crypto.createSecretKey(key(2))), () => crypto.createPublicKey({ key: rsaPEM, format: 'x' }),
    () => crypto.createPublicKey(rsaPEM).export({ type: 'pkcs8', format: 'pem' }), () => crypto.createPublicKey(ecPEM).export({ type: 'pkcs1', format: 'pem' }), () => crypto.createPublicKey(ecPEM).export(),
    () => crypto.createPublicKey(ecPEM).export({ type: 'spki', format: 'x' }), () => crypto.createPublicKey({ key: { kty: 'nope' }, format: 'jwk' }).type].map(said).map(s => s.replace(/Unsupported JWK.*/, '')).map(s => s.startsWith('TypeError ERR_INVALID_ARG_TYPE') ? s.slice(0, 60) : s),
  'key pairs': async () => {
    const r = crypto.generateKeyPairSync('rsa', { modulusLength: 1024, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
    const e = await promisify(crypto.generateKeyPair)('ec', { namedCurve: 'secp384r1' })
    const ed = await done(crypto.generateKeyPair, 'ed25519', { publicKeyEncoding: { format: 'jwk' } })
    return [r.publicKey.slice(0, 26), r.privateKey.slice(0, 27), crypto.verify('sha256', data, r.publicKey, crypto.sign('sha256', data, r.privateKey)), e.publicKey.asymmetricKeyDetails, crypto.verify('sha256', data, e.publicKey, crypto.sign('sha256', data, e.privateKey)),
      ed[0].crv, ed[1].asymmetricKeyType, crypto.generateKeyPairSync('x25519').publicKey.asymmetricKeyType,
      ...[() => crypto.generateKeyPairSync('nope'), () => crypto.generateKeyPairSync('rsa'), () => crypto.generateKeyPairSync('ec', { namedCurve: 'x' }), () => crypto.generateKeyPairSync('rsa', {})].map(said)]
  },
  'key agreement': () => {
    const [a, b] = [crypto.createPrivateKey(xPEM), crypto.createPrivateKey(xOtherPEM)]
    const e = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const s = crypto.diffieHellman({ privateKey: crypto.createPrivateKey(ecPEM), publicKey: e.publicKey })
    return [hex(crypto.diffieHellman({ privateKey: a, publicKey: crypto.createPublicKey(b) })), hex(crypto.diffieHellman({ privateKey: b, publicKey: crypto.createPublicKey(a) })),
      s.equals(crypto.diffieHellman({ privateKey: e.privateKey, publicKey: crypto.createPublicKey(ecPEM) })), said(() => crypto.diffieHellman({ privateKey: a, publicKey: e.publicKey }))]
  },
  'ECDH': () => {
    const out = []
    for (const curve of ['prime256v1', 'secp384r1', 'secp521r1']) {
      const [a, b] = [crypto.createECDH(curve), crypto.createECDH(curve)]
      a.setPrivateKey(Buffer.alloc(curve === 'prime256v1' ? 32 : 48, 5))
      b.setPrivateKey(Buffer.from([9]))
      out.push(a.getPublicKey('hex'), a.getPublicKey('hex', 'compressed'), a.getPublicKey('base64', 'hybrid'), hex(a.computeSecret(b.getPublicKey())), a.computeSecret(b.getPublicKey('hex', 'compressed'), 'hex', 'hex') === b.computeSecret(a.getPublicKey(), null, 'hex'))
    }
    const g = crypto.createECDH('prime256v1')
    out.push(g.generateKeys().length, g.generateKeys('hex', 'compressed').length, g.getPrivateKey().length, crypto.ECDH.convertKey(g.getPublicKey(), 'prime256v1', null, 'hex', 'compressed') === g.getPublicKey('hex', 'compressed'),
      ...[() => crypto.createECDH('nope'), () => g.computeSecret(Buffer.alloc(3)), () => crypto.createECDH('prime256v1').getPublicKey()].map(said))
    return out
  },
  'Diffie-Hellman': () => {
    const groups = ['modp1', 'modp2', 'modp5', 'modp14', 'modp15', 'modp16', 'modp17', 'modp18'].map(g => crypto.createHash('md5').update(crypto.getDiffieHellman(g).getPrime()).digest('hex'))
    const a = crypto.createDiffieHellman(Buffer.from('ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a3620ffffffffffffffff', 'hex'))
    a.setPrivateKey(Buffer.from('1234', 'hex'))
    const b = crypto.createDiffieHellmanGroup('modp1')
    b.generateKeys()
    a.generateKeys()
    return [groups, a.getPublicKey('hex'), a.computeSecret(b.getPublicKey()).equals(b.computeSecret(a.getPublicKey())), a.getGenerator('hex'), said(() => crypto.getDiffieHellman('nope'))]
  },
  'X509Certificate': () => {
    const c = new crypto.X509Certificate(certificate)
    return [c.subject, c.issuer, c.subjectAltName, c.validFrom, c.validTo, c.fingerprint, c.fingerprint256, c.fingerprint512.length, c.serialNumber, c.ca, c.raw.length, c.publicKey.asymmetricKeyType, c.toString() === certificate + '\n', c.toJSON() === c.toString(),
      c.checkHost('example.com'), c.checkHost('a.example.org'), c.checkHost('nope.com') ?? null, c.checkEmail('a@example.com'), c.checkIP('127.0.0.1'), c.checkIP('8.8.8.8') ?? null, c.checkPrivateKey(crypto.createPrivateKey(certificateKey)), c.checkPrivateKey(crypto.createPrivateKey(ecPEM)),
      c.verify(c.publicKey), c.verify(crypto.createPublicKey(ecPEM)), c.checkIssued(c), crypto.createPublicKey(certificate).equals(c.publicKey), c.toLegacyObject().subject, said(() => new crypto.X509Certificate('nope'))]
  },
  'Web Crypto': async () => [crypto.webcrypto.subtle === crypto.subtle, typeof crypto.getRandomValues, hex(await crypto.subtle.digest('SHA-256', data)), crypto.getRandomValues(new Uint8Array(4)).length,
    String(crypto.KeyObject.from(await crypto.subtle.importKey('raw', Buffer.from('secret'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])).export())],
  'primes': async () => [crypto.checkPrimeSync(97n), crypto.checkPrimeSync(Buffer.from([9])), await done(crypto.checkPrime, 7919n), crypto.checkPrimeSync(crypto.generatePrimeSync(64, { bigint: true })), (await done(crypto.generatePrime, 48)).byteLength,
    crypto.checkPrimeSync((crypto.generatePrimeSync(32, { safe: true, bigint: true }) - 1n) / 2n)],
  'what is there': () => [crypto.getHashes().includes('sha256'), crypto.getCiphers().includes('aes-256-gcm'), crypto.getCurves().includes('prime256v1'), crypto.getFips(), crypto.constants.RSA_PKCS1_PSS_PADDING, crypto.createHash('md5') instanceof crypto.Hash,
    crypto.createHmac('md5', 'k') instanceof crypto.Hmac, crypto.createSign('sha1') instanceof crypto.Sign, crypto.Hash('md5').update('a').digest('hex')],
}

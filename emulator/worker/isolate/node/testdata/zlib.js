// What node:zlib reads and writes. Compressed bytes are zlib's own and are compared only by what they
// decompress to; those of Node.js are below.
import zlib from 'node:zlib'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Buffer } from 'node:buffer'

const text = 'The quick brown fox jumps over the lazy dog. '.repeat(20)
const noise = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 7919 + (i >> 3)) & 255))
const fromNode = {
  deflate: 'eJwLyUhVKCzNTM5WSCrKL89TSMuvUMgqzS0oVsgvSy1SKMlIVchJrKpUSMlP11MIGVU8qnhUMbUVAwBHpUMc', deflateRaw: 'C8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUijJSFXISayqVEjJT9dTCBlVPKp4VDG1FQMA', gzip: 'H4sIAAAAAAAAAwvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoyUhVyEmsqlRIyU/XUwgZVTyqeFQxtRUDAOZKZrCEAwAA', brotli: 'G4MDiCwOeNPQlV2XELsXK6nK0JLMjK1BXObyNsgZnp4Ke4MNOHBIIG8kvkGnFc4cHieqKTjCibhPgwE=', dictionary: 'eLtFLgcUC8EUUsgqzS0oVsgvSy1SKMlIVchJrKpUSMlP11MYVTyqeFQx1RUDAEelQxw=',
}
const b64 = s => Buffer.from(s, 'base64')
const said = f => { try { const v = f(); return Buffer.isBuffer(v) ? String(v) : v } catch (e) { return `${e.name} ${e.code ?? ''} ${e.errno ?? ''} ${e.message}` } }
const done = (f, ...args) => new Promise((resolve, reject) => f(...args, (err, v) => err ? reject(err) : resolve(v)))
const kinds = [['deflate', 'inflate'], ['gzip', 'gunzip'], ['deflateRaw', 'inflateRaw'], ['brotliCompress', 'brotliDecompress'], ['deflate', 'unzip'], ['gzip', 'unzip']]
const upper = s => s[0].toUpperCase() + s.slice(1)
const all = async stream => {
  const chunks = []
  for await (const c of stream) chunks.push(c)
  return Buffer.concat(chunks)
}

export default {
  'what Node.js has compressed': () => [zlib.inflateSync(b64(fromNode.deflate)), zlib.inflateRawSync(b64(fromNode.deflateRaw)), zlib.gunzipSync(b64(fromNode.gzip)), zlib.unzipSync(b64(fromNode.gzip)),
    zlib.unzipSync(b64(fromNode.deflate)), zlib.brotliDecompressSync(b64(fromNode.brotli))].map(b => String(b) === text),
  'there and back at once': () => kinds.map(([there, back]) => [text, noise, Buffer.alloc(0), new Uint16Array([1, 2, 3]), new Uint8Array([1, 2]).buffer].map(input => {
    const out = zlib[back + 'Sync'](zlib[there + 'Sync'](input))
    return [Buffer.isBuffer(out), out.length, out.equals(typeof input === 'string' ? Buffer.from(input) : Buffer.from(input.buffer ?? input, input.byteOffset ?? 0, input.byteLength))]
  })),
  'there and back with callbacks': async () => {
    const out = []
    for (const [there, back] of kinds) out.push(String(await done(zlib[back], await promisify(zlib[there])(text, {}))) === text)
    return out
  },
  'there and back as streams': async () => {
    const out = []
    for (const [there, back] of kinds) {
      const c = zlib['create' + upper(there)]()
      const d = zlib['create' + upper(back)]({ chunkSize: 64 })
      out.push((await all(Readable.from([text.slice(0, 7), text.slice(7, 500), noise, text.slice(500)].map(x => Buffer.from(x))).pipe(c).pipe(d))).equals(Buffer.concat([Buffer.from(text.slice(0, 500)), noise, Buffer.from(text.slice(500))])))
    }
    return out
  },
  'input in single bytes': async () => {
    const out = []
    for (const [there, back] of kinds) {
      const z = zlib['create' + upper(back)]()
      const result = all(z)
      for (const byte of zlib[there + 'Sync'](text)) z.write(Buffer.from([byte]))
      z.end()
      out.push(String(await result) === text, z.bytesWritten === zlib[there + 'Sync'](text).length)
    }
    return out
  },
  'levels': () => [-1, 0, 1, 5, 6, 9].map(level => {
    const c = zlib.deflateSync(text, { level })
    return [c.subarray(0, 2).toString('hex'), c.length > text.length, String(zlib.inflateSync(c)) === text]
  }),
  'the header of gzip': () => zlib.gzipSync('a').subarray(0, 9).toString('hex').replace(/^(.{18}).*/, '$1'),
  'flush brings out what is there': async () => {
    const out = []
    for (const [there, back] of kinds) {
      const c = zlib['create' + upper(there)]()
      const d = zlib['create' + upper(back)]()
      c.on('data', chunk => d.write(chunk))
      let got = ''
      d.on('data', chunk => { got += chunk })
      c.write('first')
      await new Promise(resolve => c.flush(resolve))
      await new Promise(resolve => setTimeout(resolve, 20))
      out.push(got)
      c.end(' second')
      await new Promise(resolve => c.on('end', resolve))
      await new Promise(resolve => setTimeout(resolve, 20))
      out.push(got)
    }
    return out
  },
  'params changes the level': async () => {
    const c = zlib.createDeflate({ level: 0 })
    const result = all(c)
    c.write(text)
    await new Promise(resolve => c.params(9, zlib.constants.Z_DEFAULT_STRATEGY, resolve))
    c.end(text)
    const b = await result
    return [b.length > 900 && b.length < 1100, String(zlib.inflateSync(b)) === text + text]
  },
  'reset': async () => {
    const c = zlib.createDeflateRaw()
    const chunks = []
    c.on('data', chunk => chunks.push(chunk))
    await new Promise(resolve => c.write('lost', resolve))
    c.reset()
    c.end('kept')
    await new Promise(resolve => c.on('end', resolve))
    return String(zlib.inflateRawSync(Buffer.concat(chunks)))
  },
  'dictionaries': () => {
    const dictionary = Buffer.from('The quick brown fox')
    const raw = zlib.deflateRawSync(text, { dictionary })
    return [String(zlib.inflateSync(b64(fromNode.dictionary), { dictionary })) === text, String(zlib.inflateSync(zlib.deflateSync(text, { dictionary }), { dictionary })) === text,
      String(zlib.inflateRawSync(raw, { dictionary })) === text, said(() => zlib.inflateSync(b64(fromNode.dictionary))), said(() => zlib.inflateSync(b64(fromNode.dictionary), { dictionary: Buffer.from('x') }))]
  },
  'broken data': () => {
    const flip = (b, at) => { b = Buffer.from(b); b[b.length + at] ^= 1; return b }
    return [() => zlib.inflateSync('nope'), () => zlib.gunzipSync('nope'), () => zlib.unzipSync('nope'), () => zlib.inflateSync(zlib.deflateSync('hello').subarray(0, 8)), () => zlib.gunzipSync(zlib.gzipSync(text).subarray(0, 20)),
      () => zlib.gunzipSync(flip(zlib.gzipSync('hello'), -5)), () => zlib.gunzipSync(flip(zlib.gzipSync('hello'), -1)), () => zlib.inflateSync(flip(zlib.deflateSync('hello'), -1)), () => zlib.inflateSync(''), () => zlib.inflateRawSync(''),
      () => zlib.brotliDecompressSync(zlib.brotliCompressSync('hello world').subarray(0, 5)), () => zlib.inflateSync(Buffer.from([0x79, 0x9c, 1])), () => zlib.inflateSync(Buffer.from([0x77, 0x85, 1]))].map(said)
  },
  'corrupt data, by its code': () => [() => zlib.inflateRawSync(Buffer.from([255, 255, 255])), () => zlib.brotliDecompressSync('nope')].map(f => { try { f() } catch (e) { return [e.code.slice(0, 11), e instanceof Error] } }),
  'what follows the data': () => [zlib.gunzipSync(Buffer.concat([zlib.gzipSync('a'), zlib.gzipSync('b')])), zlib.gunzipSync(Buffer.concat([zlib.gzipSync('a'), Buffer.alloc(4)])), zlib.inflateSync(Buffer.concat([zlib.deflateSync('a'), Buffer.from('xx')])),
    said(() => zlib.gunzipSync(Buffer.concat([zlib.gzipSync('a'), Buffer.from('xx')])))].map(String),
  'the end may be missing when asked for': () => [String(zlib.gunzipSync(zlib.gzipSync(text).subarray(0, -8), { finishFlush: zlib.constants.Z_SYNC_FLUSH })) === text,
    String(zlib.inflateSync(zlib.deflateSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH }), { finishFlush: zlib.constants.Z_SYNC_FLUSH })) === text, zlib.inflateSync('', { finishFlush: zlib.constants.Z_SYNC_FLUSH }).length],
  'maxOutputLength': async () => [said(() => zlib.inflateSync(zlib.deflateSync(text), { maxOutputLength: 10 })), said(() => zlib.inflateSync(zlib.deflateSync(text), { maxOutputLength: 900 }).length),
    await done(zlib.gunzip, zlib.gzipSync(text), { maxOutputLength: 10 }).catch(e => e.code), said(() => zlib.brotliDecompressSync(zlib.brotliCompressSync(text), { maxOutputLength: 10 }))],
  'errors of streams': async () => {
    const z = zlib.createGunzip()
    const log = []
    z.on('error', e => log.push(`error ${e.code} ${e.message}`)).on('close', () => log.push('close')).on('end', () => log.push('end'))
    z.write('nope nope nope')
    await new Promise(resolve => setTimeout(resolve, 5))
    const cut = zlib.createInflate()
    cut.end(zlib.deflateSync(text).subarray(0, 10))
    const err = await all(cut).catch(e => e)
    return [log, z.destroyed, err.code, await pipeline(Readable.from([Buffer.from('x')]), zlib.createInflate(), async src => { for await (const c of src); }).catch(e => e.code), await done(zlib.inflate, 'nope').catch(e => [e.code, e.errno])]
  },
  'close': async () => {
    const z = zlib.createGzip()
    const log = []
    z.on('close', () => log.push('close'))
    z.close(() => log.push('callback'))
    await new Promise(resolve => setTimeout(resolve, 5))
    return [log, z.destroyed]
  },
  'bad options': () => [() => zlib.deflateSync('x', { level: 10 }), () => zlib.deflateSync('x', { windowBits: 7 }), () => zlib.deflateSync(5), () => zlib.createGzip({ chunkSize: 1 }), () => zlib.createGzip({ level: 'x' }), () => zlib.createGzip({ flush: 9 }),
    () => zlib.createGzip({ dictionary: 5 }), () => zlib.createGzip({ windowBits: 8 }), () => zlib.createInflate({ windowBits: 0 }) instanceof zlib.Inflate, () => zlib.brotliCompressSync('a', { params: { 999: 1 } }), () => zlib.gzip('a'), () => zlib.createGzip({ memLevel: 10 }),
    () => zlib.createGzip({ strategy: 5 })].map(said),
  'Brotli by quality': () => [1, 5, 11].map(q => String(zlib.brotliDecompressSync(zlib.brotliCompressSync(text, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: q, [zlib.constants.BROTLI_PARAM_LGWIN]: 16 } }))) === text),
  'crc32': () => zlib.crc32 ? [zlib.crc32('hello'), zlib.crc32(Buffer.from('lo'), zlib.crc32('hel')), zlib.crc32(''), said(() => zlib.crc32(5))] : null,
  'classes': () => [zlib.Gzip() instanceof zlib.Gzip, new zlib.Inflate() instanceof Transform, zlib.createUnzip() instanceof zlib.Unzip, zlib.Gzip.name, Object.keys(zlib.gzipSync('a', { info: true })), zlib.codes.Z_BUF_ERROR, zlib.codes[-3],
    zlib.constants.Z_BEST_COMPRESSION, zlib.Z_BEST_SPEED, zlib.constants.BROTLI_PARAM_QUALITY, Object.keys(zlib.constants).length, Object.keys(zlib.codes).length],
}

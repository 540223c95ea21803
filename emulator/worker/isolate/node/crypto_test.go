package node_test

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// answer is what the body of a fetch handler returns in a Worker that has imported a few modules.
func answer(t *testing.T, body string) string {
	t.Helper()
	return runWorker(t, worker.Spec{Modules: []worker.Module{{Name: "index.js", Type: worker.ESModule, Content: []byte(`
		import crypto from 'node:crypto'
		import zlib from 'node:zlib'
		import stream, { Readable, Transform } from 'node:stream'
		import * as web from 'node:stream/web'
		import { pipeline } from 'node:stream/promises'
		import { AsyncLocalStorage } from 'node:async_hooks'
		import { Buffer } from 'node:buffer'
		const said = f => { try { f(); return 'nothing thrown' } catch (e) { return e.code + ' ' + e.message } }
		export default { async fetch(request) { ` + body + ` } }`)}}})
}

func TestWhatIsMissingSaysSo(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"zstd":                {`zlib.zstdCompressSync('x')`, "ERR_METHOD_NOT_IMPLEMENTED node:zlib zstdCompressSync is not supported by the embedded engine"},
		"a class of zstd":     {`new zlib.ZstdCompress()`, "ERR_METHOD_NOT_IMPLEMENTED node:zlib ZstdCompress is not supported by the embedded engine"},
		"createCipher":        {`crypto.createCipher('aes-128-cbc', 'x')`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto createCipher is not supported by the embedded engine"},
		"SPKAC":               {`crypto.Certificate.verifySpkac('x')`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto Certificate.verifySpkac is not supported by the embedded engine"},
		"a curve":             {`crypto.createECDH('secp256k1')`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto the curve secp256k1 is not supported by the embedded engine"},
		"a curve of keys":     {`crypto.generateKeyPairSync('ec', {namedCurve: 'secp256k1'})`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto the curve secp256k1 is not supported by the embedded engine"},
		"a kind of key":       {`crypto.generateKeyPairSync('dsa', {})`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto generateKeyPair of type dsa is not supported by the embedded engine"},
		"small RSA keys":      {`crypto.generateKeyPairSync('rsa', {modulusLength: 512})`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto generateKeyPair of less than 1024 bits is not supported by the embedded engine"},
		"a cipher":            {`crypto.createCipheriv('aes-128-ccm', Buffer.alloc(16), Buffer.alloc(12))`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto the cipher aes-128-ccm is not supported by the embedded engine"},
		"a hash":              {`crypto.createHash('sm3')`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto the hash sm3 is not supported by the embedded engine"},
		"toCryptoKey":         {`crypto.createSecretKey('x').toCryptoKey()`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto KeyObject.toCryptoKey is not supported by the embedded engine"},
		"primes by remainder": {`crypto.generatePrimeSync(32, { add: 4n })`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto generatePrime with add or rem is not supported by the embedded engine"},
		"copy of ripemd160":   {`crypto.createHash('ripemd160').copy()`, "ERR_METHOD_NOT_IMPLEMENTED node:crypto copy() of a ripemd160 hash is not supported by the embedded engine"},
		"finished of the web": {`stream.finished(new ReadableStream(), () => {})`, "ERR_METHOD_NOT_IMPLEMENTED node:stream finished() of a Web stream is not supported by the embedded engine"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answer(t, `return new Response(said(() => { `+tt.code+` }))`); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestCallbacksRunInTheContextOfTheCall(t *testing.T) {
	got := answer(t, `
		const als = new AsyncLocalStorage()
		const seen = []
		const done = f => new Promise(resolve => f((...args) => { seen.push(als.getStore()); resolve(args) }))
		await als.run('pbkdf2', () => done(cb => crypto.pbkdf2('p', 's', 1, 8, 'sha1', cb)))
		await als.run('pair', () => done(cb => crypto.generateKeyPair('ed25519', cb)))
		await als.run('gzip', () => done(cb => zlib.gzip('x', cb)))
		await als.run('finished', () => done(cb => stream.finished(Readable.from([1]).resume(), cb)))
		await als.run('random', () => done(cb => crypto.randomBytes(4, cb)))
		return Response.json(seen)`)
	if want := `["pbkdf2","pair","gzip","finished","random"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStreamsMeetTheWebApis(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"a Readable is a response": {`return new Response(Readable.toWeb(Readable.from(['a', 'b']).map(s => Buffer.from(s.toUpperCase()))))`, "AB"},
		"a body runs through zlib": {`
			const zipped = new Response('text').body.pipeThrough(new CompressionStream('gzip'))
			return new Response(Readable.toWeb(Readable.fromWeb(zipped).pipe(zlib.createGunzip())))`, "text"},
		"a response in a pipeline": {`
			const hash = crypto.createHash('sha256')
			await pipeline(new Response('abc').body, hash)
			return new Response(hash.read().toString('hex').slice(0, 8))`, "ba7816bf"},
		"the classes are the globals": {`return Response.json([web.ReadableStream === ReadableStream, web.CompressionStream === CompressionStream])`, "[true,true]"},
		"one Transform after another, a lot of data": {`
			let n = 0
			const count = new Transform({ transform(chunk, encoding, cb) { n += chunk.length; cb(null, chunk) } })
			await pipeline(function* () { for (let i = 0; i < 50; i++) yield Buffer.alloc(50000, i) }, zlib.createDeflate(), zlib.createInflate(), count, async src => { for await (const c of src); })
			return new Response(String(n))`, "2500000"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answer(t, tt.body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Receipt: workerd src/workerd/api/node/crypto.c++, getPbkdf
func TestPBKDF2HasProductionsLimit(t *testing.T) {
	got := answer(t, `
		const later = await new Promise(resolve => crypto.pbkdf2('p', 's', 100001, 8, 'sha1', err => resolve(err.name + ': ' + err.message)))
		return Response.json([said(() => crypto.pbkdf2Sync('p', 's', 100001, 8, 'sha1')), later])`)
	const text = "Pbkdf2 failed: iteration counts above 100000 are not supported (requested 100001)."
	if want := `["9 ` + text + `","NotSupportedError: ` + text + `"]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

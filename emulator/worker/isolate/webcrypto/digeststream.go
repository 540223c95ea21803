package webcrypto

import (
	"hash"
	"hash/crc32"
	"hash/crc64"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// installDigestStream defines Workers' DigestStream, also as crypto.DigestStream. It extends
// WritableStream, which another package installs, so the class is made when it is first asked for.
func (a *api) installDigestStream(class *idl.Class[*cryptoState]) {
	var made goja.Value
	get := func(goja.FunctionCall) goja.Value {
		if made == nil {
			made = a.newDigestStream()
		}
		return made
	}
	getter := a.realm.Function("get DigestStream", 0, get)
	must(a.rt.GlobalObject().DefineAccessorProperty("DigestStream", getter, nil, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(class.Prototype.DefineAccessorProperty("DigestStream", getter, nil, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// digestStreamSource is the class; native makes the digest that its chunks go into.
const digestStreamSource = `(native) => class DigestStream extends WritableStream {
	#digest;
	#bytes = 0;
	constructor(algorithm) {
		const state = native(algorithm);
		const done = {};
		const promise = new Promise((resolve, reject) => { done.resolve = resolve; done.reject = reject; });
		promise.catch(() => {});
		super({
			write: (chunk) => {
				try {
					this.#bytes += state.write(chunk);
				} catch (e) {
					done.reject(e);
					throw e;
				}
			},
			close() { done.resolve(state.sum()); },
			abort(reason) { done.reject(reason); },
		});
		this.#digest = promise;
	}
	get digest() { return this.#digest; }
	get bytesWritten() { return BigInt(this.#bytes); }
}`

func (a *api) newDigestStream() goja.Value {
	v, err := a.rt.RunScript("cfemu:digeststream.js", digestStreamSource)
	must(err)
	f, _ := goja.AssertFunction(v)
	class, err := f(goja.Undefined(), a.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		d := a.streamDigest(a.params(call.Argument(0), "algorithm").name)
		state := a.rt.NewObject()
		must(state.Set("write", func(call goja.FunctionCall) goja.Value { return a.rt.ToValue(a.writeDigest(d, call.Argument(0))) }))
		must(state.Set("sum", func(goja.FunctionCall) goja.Value { return a.realm.ArrayBuffer(d.Sum(nil)) }))
		return state
	}))
	if err != nil {
		panic(err)
	}
	return class
}

// streamDigest is the digest of that name, to which streams add checksums.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/crypto.c++
func (a *api) streamDigest(name string) hash.Hash {
	switch name {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(nvmePolynomial))
	}
	h, err := lookupHash(name)
	if err != nil {
		panic(a.errorObject(err))
	}
	return h.New()
}

// nvmePolynomial is that of CRC-64/NVME, reflected as Go wants it.
const nvmePolynomial = 0x9A6C9329AC4BC9B5

// writeDigest adds a chunk, bytes or a string, and tells how many bytes it has.
func (a *api) writeDigest(d hash.Hash, chunk goja.Value) int {
	if goja.IsString(chunk) {
		n, _ := d.Write([]byte(chunk.String()))
		return n
	}
	b, ok := a.realm.Bytes(chunk)
	if !ok {
		a.realm.TypeError("DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/string type on its writable side.")
	}
	n, _ := d.Write(b)
	return n
}

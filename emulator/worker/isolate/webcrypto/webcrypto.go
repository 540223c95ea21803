// Package webcrypto gives a goja runtime the Web Crypto API: the global crypto with random values,
// the classes CryptoKey and SubtleCrypto, and Workers' extensions timingSafeEqual and DigestStream.
// The work is done by Go's own cryptography.
//
// Arguments are read and copied on the event loop; what takes long (PBKDF2, RSA, key generation,
// large inputs) then runs in a goroutine of its own, the rest at once. webcore must be installed
// before, for DOMException; DigestStream looks for WritableStream when it is first used.
package webcrypto

import (
	"crypto/rand"
	"encoding/hex"
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// api is the package's state in one runtime.
type api struct {
	host  host.Host
	rt    *goja.Runtime
	realm *idl.Realm
	keys  *idl.Class[*key]
}

type cryptoState struct{ subtle *goja.Object }

// Install defines crypto, its classes and DigestStream in h's runtime.
func Install(h host.Host) {
	a := &api{host: h, rt: h.Runtime(), realm: h.Realm()}
	a.installKeys()
	subtle := a.installSubtle()

	class := idl.Define[*cryptoState](a.realm, "Crypto", 0, nil)
	class.Getter("subtle", func(c *cryptoState) goja.Value { return c.subtle })
	class.Method("getRandomValues", 1, func(_ *cryptoState, call goja.FunctionCall) goja.Value {
		return a.getRandomValues(call.Argument(0))
	})
	class.Method("randomUUID", 0, func(*cryptoState, goja.FunctionCall) goja.Value {
		a.host.NeedEvent()
		return a.rt.ToValue(randomUUID())
	})
	crypto := class.New(&cryptoState{subtle})
	a.installDigestStream(class)
	must(a.rt.GlobalObject().DefineDataProperty("crypto", crypto, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// maxRandom is how many bytes one call of getRandomValues fills.
const maxRandom = 65536

// integerViews are the classes of views that getRandomValues takes.
var integerViews = []string{"Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
	"Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array"}

func (a *api) getRandomValues(v goja.Value) goja.Value {
	b, ok := a.realm.Bytes(v)
	if !ok {
		a.realm.TypeError("Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type 'ArrayBufferView'.")
	}
	tag := v.(*goja.Object).GetSymbol(goja.SymToStringTag)
	if tag == nil || !slices.Contains(integerViews, tag.String()) {
		a.throw("TypeMismatchError", "ArrayBufferView argument to getRandomValues() must be an integer-typed view.")
	}
	if len(b) > maxRandom {
		a.throw("QuotaExceededError", "getRandomValues() only accepts buffers of size <= 64K but provided %d bytes.", len(b))
	}
	a.host.NeedEvent()
	random(b)
	return v
}

func randomUUID() string {
	var b [16]byte
	random(b[:])
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// random fills b. crypto/rand never fails: it ends the program when the system has no randomness.
func random(b []byte) { _, _ = rand.Read(b) }

// must is for definitions on objects that we have just made: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

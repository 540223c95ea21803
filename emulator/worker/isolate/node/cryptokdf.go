package node

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"slices"

	"github.com/dop251/goja"
	"golang.org/x/crypto/scrypt"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcrypto"
)

func invalidDigest(name string) error {
	return &fault{class: "TypeError", code: "ERR_CRYPTO_INVALID_DIGEST", message: "Invalid digest: " + name}
}

// keyedDigest finds a hash function that HMAC can be built on.
func keyedDigest(name string) (digest, error) {
	d, ok := digestOf(name)
	if !ok || d.make == nil {
		return d, invalidDigest(name)
	}
	return d, nil
}

// kdfNatives derive keys. Their last argument says whether at once or, by a promise, later.
func (r *Registry) kdfNatives(n *natives) {
	n.value("maxIterations", r.rt.ToValue(webcrypto.MaxIterations))
	n.function("pbkdf2", func(call goja.FunctionCall) goja.Value {
		password, salt := slices.Clone(r.bytes(call.Argument(0))), slices.Clone(r.bytes(call.Argument(1)))
		iterations, size := int(call.Argument(2).ToInteger()), int(call.Argument(3).ToInteger())
		d, err := keyedDigest(call.Argument(4).String())
		r.throw(err)
		return r.bytesLater(call.Argument(5).ToBoolean(), func() ([]byte, error) {
			if size == 0 {
				return nil, nil
			}
			return pbkdf2.Key(d.make, string(password), salt, iterations, size)
		})
	})
	n.function("hkdf", func(call goja.FunctionCall) goja.Value {
		d, err := keyedDigest(call.Argument(0).String())
		r.throw(err)
		key, salt := slices.Clone(r.bytes(call.Argument(1))), slices.Clone(r.bytes(call.Argument(2)))
		info, size := string(r.bytes(call.Argument(3))), int(call.Argument(4).ToInteger())
		if size > 255*d.make().Size() {
			r.throw(&fault{class: "RangeError", code: "ERR_CRYPTO_INVALID_KEYLEN", message: "Invalid key length"})
		}
		return r.bytesLater(call.Argument(5).ToBoolean(), func() ([]byte, error) {
			return hkdf.Key(d.make, key, salt, info, size)
		})
	})
	n.function("scrypt", func(call goja.FunctionCall) goja.Value {
		password, salt := slices.Clone(r.bytes(call.Argument(0))), slices.Clone(r.bytes(call.Argument(1)))
		size, cost := int(call.Argument(2).ToInteger()), call.Argument(3).ToInteger()
		block, parallel, memory := call.Argument(4).ToInteger(), call.Argument(5).ToInteger(), call.Argument(6).ToInteger()
		r.throw(checkScrypt(cost, block, parallel, memory))
		return r.bytesLater(call.Argument(7).ToBoolean(), func() ([]byte, error) {
			if size == 0 {
				return nil, nil
			}
			return scrypt.Key(password, salt, int(cost), int(block), int(parallel), size)
		})
	})
}

// checkScrypt has OpenSSL's rules for the parameters.
// Receipt: https://docs.openssl.org/3.0/man3/EVP_PBE_scrypt/
func checkScrypt(n, r, p, memory int64) error {
	invalid := &fault{class: "RangeError", code: "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", message: "Invalid scrypt params"}
	const most = 1<<30 - 1
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || r > most || p > most/r || r < 4 && n >= 1<<(16*r) {
		return invalid
	}
	// Factors first: their product may not fit.
	if n > memory/r/128 || 128*r*p+32*r*4+128*r*n > memory {
		invalid.message += ": error:030000AC:digital envelope routines::memory limit exceeded"
		return invalid
	}
	return nil
}

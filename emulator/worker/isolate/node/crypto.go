package node

import (
	"crypto/rand"
	"crypto/subtle"
	"math/big"

	"github.com/dop251/goja"
)

// cryptoNatives is what node:crypto does in Go. The modules check arguments and turn strings into
// bytes; what comes here is right in type.
func cryptoNatives(r *Registry, n *natives) {
	r.hashNatives(n)
	r.kdfNatives(n)
	r.cipherNatives(n)
	r.keyNatives(n)
	r.signNatives(n)
	r.encryptNatives(n)
	r.dhNatives(n)
	r.x509Natives(n)
	n.function("random", func(call goja.FunctionCall) goja.Value {
		r.i.NeedEvent()
		_, _ = rand.Read(r.bytes(call.Argument(0))) // it never fails
		return goja.Undefined()
	})
	n.function("randomBelow", func(call goja.FunctionCall) goja.Value {
		r.i.NeedEvent()
		v, err := rand.Int(rand.Reader, big.NewInt(call.Argument(0).ToInteger()))
		must(err)
		return r.rt.ToValue(v.Int64())
	})
	n.function("equal", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(subtle.ConstantTimeCompare(r.bytes(call.Argument(0)), r.bytes(call.Argument(1))) == 1)
	})
	n.function("prime", r.prime)
	n.function("isPrime", func(call goja.FunctionCall) goja.Value {
		p, checks := new(big.Int).SetBytes(r.bytes(call.Argument(0))), int(call.Argument(1).ToInteger())
		test := func() (any, error) { return p.ProbablyPrime(max(checks, 20)), nil }
		if call.Argument(2).ToBoolean() {
			v, _ := test()
			return r.rt.ToValue(v)
		}
		return r.later(test, func(v any) goja.Value { return r.rt.ToValue(v) })
	})
}

// prime makes a prime of size bits, which is safe when asked for: half of it is a prime too.
func (r *Registry) prime(call goja.FunctionCall) goja.Value {
	size, safe, sync := int(call.Argument(0).ToInteger()), call.Argument(1).ToBoolean(), call.Argument(2).ToBoolean()
	return r.bytesLater(sync, func() ([]byte, error) {
		for {
			if !safe {
				p, err := rand.Prime(rand.Reader, size)
				if err != nil {
					return nil, err
				}
				return p.Bytes(), nil
			}
			q, err := rand.Prime(rand.Reader, size-1)
			if err != nil {
				return nil, err
			}
			p := new(big.Int).Add(new(big.Int).Lsh(q, 1), big.NewInt(1))
			if p.ProbablyPrime(20) {
				return p.Bytes(), nil
			}
		}
	})
}

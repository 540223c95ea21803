package node

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"slices"

	"github.com/dop251/goja"
)

var (
	errECDHKey   = &fault{class: "Error", code: "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", message: "Public key is not valid for specified curve"}
	errECDHOwn   = &fault{class: "Error", code: "ERR_CRYPTO_INVALID_KEYPAIR", message: "Private key is not valid for specified curve."}
	errDHDiffers = &fault{class: "Error", code: "ERR_OSSL_MISMATCHING_DOMAIN_PARAMETERS",
		message: "error:03000099:digital envelope routines::different parameters"}
)

// agree is what two keys of one kind agree on. That they are of one kind has been checked.
func agree(private, public *keyHandle) ([]byte, error) {
	var a *ecdh.PrivateKey
	var b *ecdh.PublicKey
	var err error
	switch m := private.material.(type) {
	case *ecdh.PrivateKey:
		a, b = m, public.material.(*ecdh.PublicKey)
	case *ecdsa.PrivateKey:
		other := public.material.(*ecdsa.PublicKey)
		if other.Curve != m.Curve {
			return nil, errDHDiffers
		}
		if a, err = m.ECDH(); err != nil {
			return nil, err
		}
		if b, err = other.ECDH(); err != nil {
			return nil, err
		}
	default:
		return nil, errKeyUse()
	}
	return a.ECDH(b)
}

// point reads a point in any of its three writings.
func point(curve elliptic.Curve, b []byte) (*ecdsa.PublicKey, error) {
	if len(b) > 0 {
		switch b[0] {
		case 2, 3:
			x, y := elliptic.UnmarshalCompressed(curve, b)
			if x == nil {
				return nil, errECDHKey
			}
			n := (curve.Params().BitSize + 7) / 8
			b = slices.Concat([]byte{4}, x.FillBytes(make([]byte, n)), y.FillBytes(make([]byte, n)))
		case 6, 7:
			b = append([]byte{4}, b[1:]...)
		}
	}
	k, err := ecdsa.ParseUncompressedPublicKey(curve, b)
	if err != nil {
		return nil, errECDHKey
	}
	return k, nil
}

// written writes a point: compressed, hybrid or, else, uncompressed.
func written(k *ecdsa.PublicKey, form string) []byte {
	b, err := k.Bytes()
	must(err)
	n := len(b) / 2
	sign := b[len(b)-1] & 1
	switch form {
	case "compressed":
		return append([]byte{2 + sign}, b[1:1+n]...)
	case "hybrid":
		return append([]byte{6 + sign}, b[1:]...)
	}
	return b
}

func (r *Registry) dhNatives(n *natives) {
	curve := func(v goja.Value) elliptic.Curve {
		c, _ := curveOf(v.String())
		return c
	}
	n.function("agree", func(call goja.FunctionCall) goja.Value {
		b, err := agree(handleOf(call.Argument(0)), handleOf(call.Argument(1)))
		r.throw(err)
		return r.buffer(b)
	})
	n.function("ecdhGenerate", func(call goja.FunctionCall) goja.Value {
		r.i.NeedEvent()
		k, err := ecdsa.GenerateKey(curve(call.Argument(0)), rand.Reader)
		must(err)
		b, err := k.Bytes()
		must(err)
		return r.buffer(b)
	})
	n.function("ecdhPublic", func(call goja.FunctionCall) goja.Value {
		c := curve(call.Argument(0))
		k, err := ecdsa.ParseRawPrivateKey(c, padded(r.bytes(call.Argument(1)), c))
		if err != nil {
			r.throw(errECDHOwn)
		}
		return r.buffer(written(&k.PublicKey, "uncompressed"))
	})
	n.function("ecdhConvert", func(call goja.FunctionCall) goja.Value {
		k, err := point(curve(call.Argument(0)), r.bytes(call.Argument(1)))
		r.throw(err)
		return r.buffer(written(k, call.Argument(2).String()))
	})
	n.function("ecdhCompute", func(call goja.FunctionCall) goja.Value {
		c := curve(call.Argument(0))
		private, err := ecdsa.ParseRawPrivateKey(c, padded(r.bytes(call.Argument(1)), c))
		if err != nil {
			r.throw(errECDHOwn)
		}
		public, err := point(c, r.bytes(call.Argument(2)))
		r.throw(err)
		b, err := agree(&keyHandle{"private", private}, &keyHandle{"public", public})
		r.throw(err)
		return r.buffer(b)
	})
	n.function("power", func(call goja.FunctionCall) goja.Value {
		number := func(i int) *big.Int { return new(big.Int).SetBytes(r.bytes(call.Argument(i))) }
		base, exponent, modulus := number(0), number(1), number(2)
		return r.buffer(new(big.Int).Exp(base, exponent, modulus).FillBytes(make([]byte, (modulus.BitLen()+7)/8)))
	})
	n.function("groupPrime", func(call goja.FunctionCall) goja.Value { return r.buffer(groupPrime(call.Argument(0).String())) })
}

// padded is a private number with as many bytes as the curve's.
func padded(b []byte, c elliptic.Curve) []byte {
	n := (c.Params().BitSize + 7) / 8
	k := new(big.Int).SetBytes(b)
	if k.BitLen() > 8*n {
		return b
	}
	return k.FillBytes(make([]byte, n))
}

// groupPrime is the prime of a named group, nil for a name that is not known. All of them are
// 2^n - 2^(n-64) - 1 + 2^64 * (⌊2^(n-130) π⌋ + k).
// Receipt: https://www.rfc-editor.org/rfc/rfc3526 and https://www.rfc-editor.org/rfc/rfc2409#section-6
func groupPrime(name string) []byte {
	group, ok := map[string]struct {
		bits uint
		k    int64
	}{
		"modp1": {768, 149686}, "modp2": {1024, 129093}, "modp5": {1536, 741804}, "modp14": {2048, 124476}, "modp15": {3072, 1690314},
		"modp16": {4096, 240904}, "modp17": {6144, 929484}, "modp18": {8192, 4743158},
	}[name]
	if !ok {
		return nil
	}
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	p := new(big.Int).Sub(power(group.bits), power(group.bits-64))
	p.Sub(p, big.NewInt(1))
	middle := new(big.Int).Add(piTimes(group.bits-130), big.NewInt(group.k))
	return p.Add(p, middle.Lsh(middle, 64)).Bytes()
}

// piTimes is ⌊2^n π⌋, by Machin's formula: π = 16 atan(1/5) - 4 atan(1/239).
func piTimes(n uint) *big.Int {
	const guard = 64 // bits for what rounding loses
	arctan := func(x int64) *big.Int {
		square := big.NewInt(x * x)
		term := new(big.Int).Lsh(big.NewInt(1), n+guard)
		term.Div(term, big.NewInt(x))
		sum := new(big.Int).Set(term)
		for i := int64(3); term.Sign() != 0; i += 2 {
			term.Div(term, square)
			part := new(big.Int).Div(term, big.NewInt(i))
			if i%4 == 3 {
				sum.Sub(sum, part)
			} else {
				sum.Add(sum, part)
			}
		}
		return sum
	}
	pi := new(big.Int).Mul(arctan(5), big.NewInt(16))
	pi.Sub(pi, new(big.Int).Mul(arctan(239), big.NewInt(4)))
	return pi.Rsh(pi, guard)
}

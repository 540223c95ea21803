package node

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/dop251/goja"
)

var errJWK = &fault{class: "Error", code: "ERR_CRYPTO_INVALID_JWK", message: "Invalid JWK data"}

// jwkReader reads the members of a JSON Web Key, and remembers whether one was wrong.
type jwkReader struct {
	o      *goja.Object
	failed bool
}

func (j *jwkReader) bytes(name string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(memberText(j.o, name), "="))
	if err != nil || len(b) == 0 {
		j.failed = true
	}
	return b
}

func (j *jwkReader) integer(name string) *big.Int { return new(big.Int).SetBytes(j.bytes(name)) }

// parseJWK reads a key: private when it has the member d.
func parseJWK(o *goja.Object) (*keyHandle, error) {
	j := &jwkReader{o: o}
	var m any
	var err error
	switch memberText(o, "kty") {
	case "oct":
		m = j.bytes("k")
	case "RSA":
		m, err = j.rsa()
	case "EC":
		m, err = j.ec()
	case "OKP":
		m, err = j.octets()
	default:
		return nil, errJWK
	}
	if err != nil || j.failed {
		return nil, errJWK
	}
	switch m.(type) {
	case []byte:
		return &keyHandle{"secret", m}, nil
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, *ecdh.PrivateKey:
		return &keyHandle{"private", m}, nil
	}
	return &keyHandle{"public", m}, nil
}

func (j *jwkReader) rsa() (any, error) {
	e := j.integer("e")
	public := rsa.PublicKey{N: j.integer("n"), E: int(e.Int64())}
	if !e.IsInt64() || e.Int64() > 1<<31-1 || e.Int64() < 3 || public.N.Sign() == 0 {
		return nil, errJWK
	}
	if member(j.o, "d") == nil {
		return &public, nil
	}
	private := &rsa.PrivateKey{PublicKey: public, D: j.integer("d"), Primes: []*big.Int{j.integer("p"), j.integer("q")}}
	if j.failed {
		return nil, errJWK
	}
	private.Precompute()
	return private, private.Validate()
}

func (j *jwkReader) ec() (any, error) {
	curve, ok := curveOf(memberText(j.o, "crv"))
	if !ok {
		return nil, errJWK
	}
	n := (curve.Params().BitSize + 7) / 8
	x, y := j.integer("x"), j.integer("y")
	if x.BitLen() > 8*n || y.BitLen() > 8*n {
		return nil, errJWK
	}
	point := append([]byte{4}, x.FillBytes(make([]byte, n))...)
	public, err := ecdsa.ParseUncompressedPublicKey(curve, append(point, y.FillBytes(make([]byte, n))...))
	if err != nil || member(j.o, "d") == nil {
		return public, err
	}
	d := j.integer("d")
	if d.BitLen() > 8*n {
		return nil, errJWK
	}
	return ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, n)))
}

func (j *jwkReader) octets() (any, error) {
	name, b := "x", []byte(nil)
	if member(j.o, "d") != nil {
		name = "d"
	}
	if b = j.bytes(name); len(b) != 32 {
		return nil, errJWK
	}
	switch memberText(j.o, "crv") + name {
	case "Ed25519x":
		return ed25519.PublicKey(b), nil
	case "Ed25519d":
		return ed25519.NewKeyFromSeed(b), nil
	case "X25519x":
		return ecdh.X25519().NewPublicKey(b)
	case "X25519d":
		return ecdh.X25519().NewPrivateKey(b)
	}
	return nil, errJWK
}

// jwk writes a key as a JSON Web Key, its members in the order in which Node.js has them.
func (r *Registry) jwk(k *keyHandle) (*goja.Object, error) {
	o := r.rt.NewObject()
	text := func(name, value string) { must(o.Set(name, value)) }
	octets := func(name string, b []byte) { text(name, base64.RawURLEncoding.EncodeToString(b)) }
	switch m := k.material.(type) {
	case []byte:
		text("kty", "oct")
		octets("k", m)
	case *rsa.PublicKey:
		text("kty", "RSA")
		octets("n", m.N.Bytes())
		octets("e", big.NewInt(int64(m.E)).Bytes())
	case *rsa.PrivateKey:
		text("kty", "RSA")
		pre := m.Precomputed
		for _, p := range []struct {
			name string
			n    *big.Int
		}{{"n", m.N}, {"e", big.NewInt(int64(m.E))}, {"d", m.D}, {"p", m.Primes[0]}, {"q", m.Primes[1]},
			{"dp", pre.Dp}, {"dq", pre.Dq}, {"qi", pre.Qinv}} {
			octets(p.name, p.n.Bytes())
		}
	case *ecdsa.PublicKey, *ecdsa.PrivateKey:
		public := k.public().material.(*ecdsa.PublicKey)
		point, err := public.Bytes()
		if err != nil {
			return nil, err
		}
		n := len(point) / 2
		text("kty", "EC")
		octets("x", point[1:1+n])
		octets("y", point[1+n:])
		text("crv", public.Params().Name)
		if private, ok := m.(*ecdsa.PrivateKey); ok {
			d, err := private.Bytes()
			if err != nil {
				return nil, err
			}
			octets("d", d)
		}
	default:
		r.octetJWK(k, text, octets)
	}
	return o, nil
}

// octetJWK writes the keys of Curve25519.
func (r *Registry) octetJWK(k *keyHandle, text func(name, value string), octets func(name string, b []byte)) {
	crv := "Ed25519"
	var public, private []byte
	switch m := k.material.(type) {
	case ed25519.PublicKey:
		public = m
	case ed25519.PrivateKey:
		public, private = m.Public().(ed25519.PublicKey), m.Seed()
	case *ecdh.PublicKey:
		crv, public = "X25519", m.Bytes()
	case *ecdh.PrivateKey:
		crv, public, private = "X25519", m.PublicKey().Bytes(), m.Bytes()
	}
	text("crv", crv)
	if private != nil {
		octets("d", private)
	}
	octets("x", public)
	text("kty", "OKP")
}

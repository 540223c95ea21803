package webcrypto

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
)

// namedCurve is a NIST curve by its Web Crypto name.
func namedCurve(name string) (elliptic.Curve, error) {
	switch name {
	case "P-256":
		return elliptic.P256(), nil
	case "P-384":
		return elliptic.P384(), nil
	case "P-521":
		return elliptic.P521(), nil
	}
	return nil, fail("NotSupportedError", "Unrecognized or unimplemented EC curve \"%s\" requested.", name)
}

// size is the length of a coordinate in bytes.
func size(curve elliptic.Curve) int { return (curve.Params().BitSize + 7) / 8 }

func ecdsaProvider() provider {
	p := ellipticProvider("ECDSA", useSign, useVerify)
	p.sign = func(k *key, p params, data []byte) task {
		h := p.hash()
		return task{k.slowCurve() || len(data) > inlineBytes, func() (any, error) {
			private, ok := k.material.(*ecdsa.PrivateKey)
			if !ok {
				return nil, fail("InvalidAccessError", "Asymmetric signing requires a private key.")
			}
			r, s, err := ecdsa.Sign(rand.Reader, private, h.sum(data))
			if err != nil {
				return nil, fail("OperationError", "ECDSA: %v", err)
			}
			n := size(private.Curve)
			return append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...), nil
		}}
	}
	p.verify = func(k *key, p params, signature, data []byte) task {
		h := p.hash()
		return task{k.slowCurve() || len(data) > inlineBytes, func() (any, error) {
			public, ok := k.material.(*ecdsa.PublicKey)
			if !ok {
				return nil, fail("InvalidAccessError", "Asymmetric verification requires a public key.")
			}
			n := size(public.Curve)
			if len(signature) != 2*n {
				return false, nil
			}
			r, s := new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:])
			return ecdsa.Verify(public, h.sum(data), r, s), nil
		}}
	}
	return p
}

func ecdhProvider() provider {
	p := ellipticProvider("ECDH", useDeriveKey|useDeriveBits, 0)
	p.derive = func(k *key, p params, bits int, given bool) task {
		peer := p.peer(k)
		return task{k.slowCurve(), func() (any, error) {
			private, err := k.material.(*ecdsa.PrivateKey).ECDH()
			if err != nil {
				return nil, fail("OperationError", "ECDH: %v", err)
			}
			public, err := peer.material.(*ecdsa.PublicKey).ECDH()
			if err != nil {
				return nil, fail("OperationError", "ECDH: %v", err)
			}
			return sharedBits(private, public, bits, given)
		}}
	}
	return p
}

// peer reads the member public of a key agreement and checks that it fits k.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/ec.c++
func (p params) peer(k *key) *key {
	if k.kind != "private" {
		p.api.throw("InvalidAccessError", "The deriveBits operation is only valid for a private key, not \"%s\".", k.kind)
	}
	// workers-types writes $public, because public is a reserved word.
	v := p.get("public")
	if v == nil {
		v = p.get("$public")
	}
	if v == nil {
		p.api.realm.TypeError("Missing field \"public\" in \"derivedKeyParams\".")
	}
	peer := p.api.needKey(v, "deriveBits")
	switch {
	case peer.kind != "public":
		p.api.throw("InvalidAccessError", "The provided key has type \"%s\", not \"public\"", peer.kind)
	case peer.algorithm.name != k.algorithm.name:
		p.api.throw("InvalidAccessError", "Private key for derivation is using \"%s\" while public key is using \"%s\".", k.algorithm.name, peer.algorithm.name)
	case peer.algorithm.curve != k.algorithm.curve:
		p.api.throw("InvalidAccessError", "Private key for derivation is using curve \"%s\" while public key is using curve \"%s\".", k.algorithm.curve, peer.algorithm.curve)
	}
	return peer
}

// sharedBits is the beginning of what two keys agree on.
func sharedBits(private *ecdh.PrivateKey, public *ecdh.PublicKey, bits int, given bool) (any, error) {
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, fail("OperationError", "Failed to generate shared secret: %v", err)
	}
	if !given {
		return secret, nil
	}
	if bits > len(secret)*8 {
		return nil, fail("OperationError", "Derived key length (%d bits) is too long (should be at most %d bits).", bits, len(secret)*8)
	}
	secret = secret[:(bits+7)/8]
	clearTail(secret, bits)
	return secret, nil
}

// slowCurve reports whether one operation with k takes more than a fraction of a millisecond: only
// P-256 is in assembly.
func (k *key) slowCurve() bool { return k.algorithm.curve != "P-256" }

// ellipticProvider has what ECDSA and ECDH share.
func ellipticProvider(name string, private, public usages) provider {
	return provider{
		generate: func(p params, names []string, extractable bool) task {
			curve, err := namedCurve(p.text("namedCurve"))
			return task{err == nil && curve != elliptic.P256(), func() (any, error) {
				if err != nil {
					return nil, err
				}
				return generateElliptic(name, curve, names, extractable, private, public)
			}}
		},
		importer: func(p params) importer {
			curve, err := namedCurve(p.text("namedCurve"))
			return func(in keyInput) (*key, error) {
				if err != nil {
					return nil, err
				}
				return importElliptic(name, curve, in, private, public)
			}
		},
		export: exportElliptic,
	}
}

func generateElliptic(name string, curve elliptic.Curve, names []string, extractable bool, private, public usages) (any, error) {
	set, err := checkUsages("generate", name, names, private|public)
	if err != nil {
		return nil, err
	}
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, fail("OperationError", "%s: %v", name, err)
	}
	alg := algorithm{name: name, curve: curve.Params().Name}
	return &keyPair{
		public:  &key{kind: "public", algorithm: alg, extractable: true, usages: set & public, material: &k.PublicKey},
		private: &key{kind: "private", algorithm: alg, extractable: extractable, usages: set & private, material: k},
	}, nil
}

func importElliptic(name string, curve elliptic.Curve, in keyInput, private, public usages) (*key, error) {
	k := &key{kind: "public", algorithm: algorithm{name: name, curve: curve.Params().Name}, extractable: in.extractable}
	allowed, what := public, "import public"
	if in.format == "pkcs8" || in.jwk != nil && in.jwk.d != nil {
		k.kind, allowed, what = "private", private, "import private"
	}
	var err error
	if k.usages, err = checkUsages(what, name, in.usages, allowed); err != nil {
		return nil, err
	}
	switch in.format {
	case "raw":
		k.material, err = parsePoint(curve, in.raw)
	case "spki":
		k.material, err = parseSPKI[*ecdsa.PublicKey](in.raw, name)
	case "pkcs8":
		k.material, err = parsePKCS8[*ecdsa.PrivateKey](in.raw, name)
	case "jwk":
		k.material, err = importEllipticJWK(name, curve, in)
	}
	if err != nil {
		return nil, err
	}
	var have elliptic.Curve
	switch m := k.material.(type) {
	case *ecdsa.PublicKey:
		have = m.Curve
	case *ecdsa.PrivateKey:
		have = m.Curve
	}
	if have != curve {
		return nil, fail("DataError", "\"%s\" key is on another curve than the requested \"%s\".", name, curve.Params().Name)
	}
	return k, nil
}

// parsePoint reads a point as X9.62 writes them, compressed or not.
func parsePoint(curve elliptic.Curve, b []byte) (*ecdsa.PublicKey, error) {
	if len(b) > 0 && (b[0] == 2 || b[0] == 3) {
		if x, y := elliptic.UnmarshalCompressed(curve, b); x != nil {
			n := size(curve)
			b = append([]byte{4}, append(x.FillBytes(make([]byte, n)), y.FillBytes(make([]byte, n))...)...)
		}
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, b)
	if err != nil {
		return nil, fail("DataError", "Failed to import raw EC key data: %v", err)
	}
	return public, nil
}

func parseSPKI[T any](b []byte, name string) (T, error) {
	v, err := x509.ParsePKIXPublicKey(b)
	k, ok := v.(T)
	if err != nil || !ok {
		return k, fail("DataError", "Invalid \"spki\" input for %s key.", name)
	}
	return k, nil
}

func parsePKCS8[T any](b []byte, name string) (T, error) {
	v, err := x509.ParsePKCS8PrivateKey(b)
	k, ok := v.(T)
	if err != nil || !ok {
		return k, fail("DataError", "Invalid \"pkcs8\" input for %s key.", name)
	}
	return k, nil
}

func importEllipticJWK(name string, curve elliptic.Curve, in keyInput) (any, error) {
	j, use, alg := in.jwk, "sig", "ES"+map[string]string{"P-256": "256", "P-384": "384", "P-521": "512"}[curve.Params().Name]
	if name == "ECDH" {
		use, alg = "enc", ""
	}
	if err := j.check(name, "EC", alg, use, in.usages); err != nil {
		return nil, err
	}
	if deref(j.crv) != curve.Params().Name {
		return nil, fail("DataError", "Elliptic curve \"%s\" is not the requested \"%s\".", deref(j.crv), curve.Params().Name)
	}
	n := size(curve)
	point := []byte{4}
	for _, c := range []struct {
		name string
		s    *string
	}{{"x", j.x}, {"y", j.y}} {
		b, err := base64URL(c.s, name, c.name)
		if err != nil {
			return nil, err
		}
		if len(b) != n {
			return nil, fail("DataError", "Invalid elliptic curve coordinate \"%s\": %d bytes instead of %d.", c.name, len(b), n)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil, fail("DataError", "Invalid elliptic curve point: %v", err)
	}
	if j.d == nil {
		return public, nil
	}
	d, err := base64URL(j.d, name, "d")
	if err != nil {
		return nil, err
	}
	private, err := ecdsa.ParseRawPrivateKey(curve, d)
	if err != nil || !private.PublicKey.Equal(public) {
		return nil, fail("DataError", "Invalid elliptic curve private key.")
	}
	return private, nil
}

func exportElliptic(k *key, format string) (any, error) {
	private, _ := k.material.(*ecdsa.PrivateKey)
	public, _ := k.material.(*ecdsa.PublicKey)
	if private != nil {
		public = &private.PublicKey
	}
	if format != "raw" && format != "jwk" {
		return exportDER(k, format)
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, fail("OperationError", "Public key export failed: %v", err)
	}
	if format == "raw" {
		if private != nil {
			return nil, fail("InvalidAccessError", "Raw export of elliptic curve keys requires a public key.")
		}
		return point, nil
	}
	j, n := k.exported("EC"), size(public.Curve)
	j.crv, j.x, j.y = &k.algorithm.curve, encode(point[1:1+n]), encode(point[1+n:])
	if private != nil {
		d, err := private.Bytes()
		if err != nil {
			return nil, fail("OperationError", "Private key export failed: %v", err)
		}
		j.d = encode(d)
	}
	return j, nil
}

// exportDER exports as spki and pkcs8, which are the same for all kinds of keys.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/keys.c++
func exportDER(k *key, format string) (any, error) {
	switch format {
	case "spki":
		if k.kind != "public" {
			return nil, fail("InvalidAccessError", "Asymmetric spki export requires public key (not \"%s\").", k.kind)
		}
		b, err := x509.MarshalPKIXPublicKey(k.material)
		if err != nil {
			return nil, fail("OperationError", "Public key export failed.")
		}
		return b, nil
	case "pkcs8":
		if k.kind != "private" {
			return nil, fail("InvalidAccessError", "Asymmetric pkcs8 export requires private key (not \"%s\").", k.kind)
		}
		b, err := x509.MarshalPKCS8PrivateKey(k.material)
		if err != nil {
			return nil, fail("OperationError", "Private key export failed.")
		}
		return b, nil
	}
	return nil, fail("InvalidAccessError", "Cannot export \"%s\" in \"%s\" format.", k.algorithm.name, format)
}

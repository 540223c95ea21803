package webcrypto

import (
	"crypto/ecdh"
	"crypto/ed25519"
)

// ed25519Provider and x25519Provider are the two uses of Curve25519, which share JWK's key type OKP.
func ed25519Provider() provider {
	p := octetPairProvider("Ed25519", useSign, useVerify)
	p.sign = func(k *key, _ params, data []byte) task {
		return task{len(data) > inlineBytes, func() (any, error) {
			private, ok := k.material.(ed25519.PrivateKey)
			if !ok {
				return nil, fail("InvalidAccessError", "Asymmetric signing requires a private key.")
			}
			return ed25519.Sign(private, data), nil
		}}
	}
	p.verify = func(k *key, _ params, signature, data []byte) task {
		return task{len(data) > inlineBytes, func() (any, error) {
			public, ok := k.material.(ed25519.PublicKey)
			if !ok {
				return nil, fail("InvalidAccessError", "Asymmetric verification requires a public key.")
			}
			if len(signature) != ed25519.SignatureSize {
				return nil, fail("OperationError", "Invalid Ed25519 signature length %d", len(signature))
			}
			return ed25519.Verify(public, data, signature), nil
		}}
	}
	return p
}

func x25519Provider() provider {
	p := octetPairProvider("X25519", useDeriveKey|useDeriveBits, 0)
	p.derive = func(k *key, p params, bits int, given bool) task {
		peer := p.peer(k)
		return task{run: func() (any, error) {
			return sharedBits(k.material.(*ecdh.PrivateKey), peer.material.(*ecdh.PublicKey), bits, given)
		}}
	}
	return p
}

func octetPairProvider(name string, private, public usages) provider {
	return provider{
		generate: func(_ params, names []string, extractable bool) task {
			return task{run: func() (any, error) {
				set, err := checkUsages("generate", name, names, private|public)
				if err != nil {
					return nil, err
				}
				seed := make([]byte, 32)
				random(seed)
				alg := algorithm{name: name}
				priv, pub := fromSeed(name, seed)
				return &keyPair{
					public:  &key{kind: "public", algorithm: alg, extractable: true, usages: set & public, material: pub},
					private: &key{kind: "private", algorithm: alg, extractable: extractable, usages: set & private, material: priv},
				}, nil
			}}
		},
		importer: func(params) importer {
			return func(in keyInput) (*key, error) { return importOctetPair(name, in, private, public) }
		},
		export: exportOctetPair,
	}
}

// fromSeed makes a key pair of 32 bytes.
func fromSeed(name string, seed []byte) (private, public any) {
	if name == "Ed25519" {
		k := ed25519.NewKeyFromSeed(seed)
		return k, k.Public()
	}
	k, err := ecdh.X25519().NewPrivateKey(seed)
	must(err)
	return k, k.PublicKey()
}

// fromPoint makes a public key of 32 bytes.
func fromPoint(name string, b []byte) any {
	if name == "Ed25519" {
		return ed25519.PublicKey(b)
	}
	k, err := ecdh.X25519().NewPublicKey(b)
	must(err)
	return k
}

func importOctetPair(name string, in keyInput, private, public usages) (*key, error) {
	k := &key{kind: "public", algorithm: algorithm{name: name}, extractable: in.extractable}
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
		if len(in.raw) != 32 {
			return nil, fail("DataError", "Raw %s public keys must be exactly 32 bytes, but the provided key is %d bytes.", name, len(in.raw))
		}
		k.material = fromPoint(name, in.raw)
	case "spki":
		if name == "Ed25519" {
			k.material, err = parseSPKI[ed25519.PublicKey](in.raw, name)
		} else {
			k.material, err = parseSPKI[*ecdh.PublicKey](in.raw, name)
		}
	case "pkcs8":
		if name == "Ed25519" {
			k.material, err = parsePKCS8[ed25519.PrivateKey](in.raw, name)
		} else {
			k.material, err = parsePKCS8[*ecdh.PrivateKey](in.raw, name)
		}
	case "jwk":
		k.material, err = importOctetPairJWK(name, in)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

func importOctetPairJWK(name string, in keyInput) (any, error) {
	j, use, alg := in.jwk, "sig", ""
	if name == "X25519" {
		use = "enc"
	} else if j.alg != nil && *j.alg != "EdDSA" {
		alg = "Ed25519" // the name since RFC 9864
	}
	if err := j.check(name, "OKP", alg, use, in.usages); err != nil {
		return nil, err
	}
	if deref(j.crv) != name {
		return nil, fail("DataError", "\"crv\" (\"%s\") is not the requested \"%s\".", deref(j.crv), name)
	}
	x, err := base64URL(j.x, name, "x")
	if err != nil {
		return nil, err
	}
	if len(x) != 32 {
		return nil, fail("DataError", "Invalid length of %s key: %d bytes instead of 32.", name, len(x))
	}
	if j.d == nil {
		return fromPoint(name, x), nil
	}
	d, err := base64URL(j.d, name, "d")
	if err != nil {
		return nil, err
	}
	if len(d) != 32 {
		return nil, fail("DataError", "Invalid length of %s private key: %d bytes instead of 32.", name, len(d))
	}
	private, public := fromSeed(name, d)
	if !equalBytes(octets(public), x) {
		return nil, fail("DataError", "The public and private parts of the %s key do not belong together.", name)
	}
	return private, nil
}

// octets is a key's 32 bytes; a private key's are its seed.
func octets(k any) []byte {
	switch k := k.(type) {
	case ed25519.PublicKey:
		return append([]byte(nil), k...)
	case ed25519.PrivateKey:
		return k.Seed()
	case *ecdh.PublicKey:
		return k.Bytes()
	case *ecdh.PrivateKey:
		return k.Bytes()
	}
	return nil
}

func exportOctetPair(k *key, format string) (any, error) {
	switch format {
	case "raw":
		if k.kind != "public" {
			return nil, fail("InvalidAccessError", "Raw export of %s keys requires a public key.", k.algorithm.name)
		}
		return octets(k.material), nil
	case "jwk":
		j := k.exported("OKP")
		j.crv = &k.algorithm.name
		if k.algorithm.name == "Ed25519" {
			alg := "EdDSA"
			j.alg = &alg
		}
		public := k.material
		switch m := k.material.(type) {
		case ed25519.PrivateKey:
			j.d, public = encode(octets(m)), m.Public()
		case *ecdh.PrivateKey:
			j.d, public = encode(octets(m)), m.PublicKey()
		}
		j.x = encode(octets(public))
		return j, nil
	}
	return exportDER(k, format)
}

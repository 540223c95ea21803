package webcrypto

import (
	"crypto/hmac"
)

func hmacProvider() provider {
	return provider{
		generate: generateHMAC,
		importer: importHMAC,
		export:   exportHMAC,
		sign: func(k *key, _ params, data []byte) task {
			return task{len(data) > inlineBytes, func() (any, error) { return k.mac(data), nil }}
		},
		verify: func(k *key, _ params, signature, data []byte) task {
			return task{len(data) > inlineBytes, func() (any, error) { return hmac.Equal(signature, k.mac(data)), nil }}
		},
		keyLength: func(p params) (int, bool) {
			if n, ok := p.optionalInteger("length"); ok {
				if n == 0 {
					p.api.throw("TypeError", "HMAC key length must be a non-zero unsigned long integer.")
				}
				return n, true
			}
			return p.hash().New().BlockSize() * 8, true
		},
	}
}

func (k *key) mac(data []byte) []byte {
	h, _ := lookupHash(k.algorithm.hash)
	return h.mac(k.secret(), data)
}

func generateHMAC(p params, names []string, extractable bool) task {
	h := p.hash()
	length, given := p.optionalInteger("length")
	return task{run: func() (any, error) {
		set, err := checkUsages("generate", "HMAC", names, useSign|useVerify)
		if err != nil {
			return nil, err
		}
		if !given {
			length = h.New().BlockSize() * 8
		}
		if length == 0 {
			return nil, fail("OperationError", "HMAC key length must be a non-zero unsigned long integer (requested 0).")
		}
		if length > maxBits {
			return nil, fail("OperationError", "HMAC keys of %d bits cannot be generated.", length)
		}
		b := make([]byte, (length+7)/8)
		random(b)
		clearTail(b, length)
		return &key{kind: "secret", algorithm: algorithm{name: "HMAC", hash: h.name, length: length},
			extractable: extractable, usages: set, material: b}, nil
	}}
}

// clearTail zeroes the bits of b after the first length ones.
func clearTail(b []byte, length int) {
	if extra := len(b)*8 - length; extra > 0 && extra < 8 {
		b[len(b)-1] &= 0xFF << extra
	}
}

func importHMAC(p params) importer {
	h := p.hash()
	wanted, given := p.optionalInteger("length")
	return func(in keyInput) (*key, error) {
		set, err := checkUsages("import secret", "HMAC", in.usages, useSign|useVerify)
		if err != nil {
			return nil, err
		}
		b := in.raw
		switch in.format {
		case "raw":
		case "jwk":
			alg := "HS" + h.jwkNumber()
			if b, err = in.jwk.octets("HMAC", alg, "sig", in.usages); err != nil {
				return nil, err
			}
		default:
			return nil, fail("NotSupportedError", "Unrecognized key import format \"%s\".", in.format)
		}
		bits, length := len(b)*8, wanted
		if !given {
			length = bits
		}
		if length == 0 || length > bits || length <= bits-8 {
			return nil, fail("DataError", "Imported HMAC key length (%d) must be a non-zero value up to 7 bits less than, and no greater than, the bit length of the raw key data (%d).", length, bits)
		}
		clearTail(b, length)
		return &key{kind: "secret", algorithm: algorithm{name: "HMAC", hash: h.name, length: length},
			extractable: in.extractable, usages: set, material: b}, nil
	}
}

func exportHMAC(k *key, format string) (any, error) {
	switch format {
	case "raw":
		return append([]byte(nil), k.secret()...), nil
	case "jwk":
		h, _ := lookupHash(k.algorithm.hash)
		if h.name == "MD5" {
			return nil, fail("NotSupportedError", "Unimplemented JWK key export format for key algorithm \"MD5\".")
		}
		return k.octetJWK("HS" + h.jwkNumber()), nil
	}
	return nil, fail("NotSupportedError", "Unimplemented key export format \"%s\".", format)
}

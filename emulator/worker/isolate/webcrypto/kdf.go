package webcrypto

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
)

// maxIterations is how many iterations of PBKDF2 Workers run in production.
// Receipt: the error as projects report it from production; workerd on one's own machine has no such limit.
const maxIterations = 100000

func pbkdf2Provider() provider {
	return provider{
		importer:  func(p params) importer { return importSource("PBKDF2") },
		derive:    derivePBKDF2,
		keyLength: noKeyLength,
	}
}

func hkdfProvider() provider {
	return provider{
		importer:  func(p params) importer { return importSource("HKDF") },
		derive:    deriveHKDF,
		keyLength: noKeyLength,
	}
}

func noKeyLength(params) (int, bool) { return 0, false }

// importSource imports what keys are derived from.
func importSource(name string) importer {
	return func(in keyInput) (*key, error) {
		set, err := checkUsages("import secret", name, in.usages, useDeriveKey|useDeriveBits)
		if err != nil {
			return nil, err
		}
		if in.extractable {
			return nil, fail("SyntaxError", "%s key cannot be extractable.", name)
		}
		if in.format != "raw" {
			return nil, fail("NotSupportedError", "%s key must be imported in \"raw\" format (requested \"%s\").", name, in.format)
		}
		return &key{kind: "secret", algorithm: algorithm{name: name}, usages: set, material: in.raw}, nil
	}
}

func (p params) derivedBytes(name string, bits int, given bool) int {
	if !given {
		p.api.throw("OperationError", "%s cannot derive a key with null length.", name)
	}
	if bits%8 != 0 {
		p.api.throw("OperationError", "%s requires a derived key length that is a multiple of eight (requested %d).", name, bits)
	}
	if bits > maxBits {
		p.api.throw("OperationError", "%s cannot derive %d bits.", name, bits)
	}
	return bits / 8
}

func derivePBKDF2(k *key, p params, bits int, given bool) task {
	h, salt, iterations := p.hash(), p.bytes("salt"), p.integer("iterations")
	n := p.derivedBytes("PBKDF2", bits, given)
	if iterations == 0 {
		p.api.throw("OperationError", "PBKDF2 requires a positive iteration count (requested 0).")
	}
	if iterations > maxIterations {
		p.api.throw("NotSupportedError", "Pbkdf2 failed: iteration counts above %d are not supported (requested %d).", maxIterations, iterations)
	}
	return task{true, func() (any, error) {
		if n == 0 {
			return []byte{}, nil
		}
		return pbkdf2.Key(h.New, string(k.secret()), salt, iterations, n)
	}}
}

func deriveHKDF(k *key, p params, bits int, given bool) task {
	h, salt, info := p.hash(), p.bytes("salt"), p.bytes("info")
	n := p.derivedBytes("HKDF", bits, given)
	return task{n > inlineBytes, func() (any, error) {
		b, err := hkdf.Key(h.New, k.secret(), salt, string(info), n)
		if err != nil {
			return nil, fail("OperationError", "HKDF deriveBits failed.")
		}
		return b, nil
	}}
}

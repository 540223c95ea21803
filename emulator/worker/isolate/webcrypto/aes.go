package webcrypto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// aesProvider serves the four modes of AES; crypt is nil for AES-KW, which wraps only.
func aesProvider(name string) provider {
	p := provider{
		generate: func(p params, names []string, extractable bool) task { return generateAES(name, p, names, extractable) },
		importer: func(params) importer { return importAES(name) },
		export:   exportAES,
		keyLength: func(p params) (int, bool) {
			length := p.integer("length")
			if !isAESLength(length) {
				p.api.throw("OperationError", "Derived AES key must be 128, 192, or 256 bits in length but provided %d.", length)
			}
			return length, true
		},
	}
	switch name {
	case "AES-GCM":
		p.encrypt, p.decrypt = encryptGCM, decryptGCM
	case "AES-CBC":
		p.encrypt, p.decrypt = encryptCBC, decryptCBC
	case "AES-CTR":
		p.encrypt, p.decrypt = cryptCTR, cryptCTR
	case "AES-KW":
		p.wrap, p.unwrap = wrapKW, unwrapKW
	}
	return p
}

func isAESLength(bits int) bool { return bits == 128 || bits == 192 || bits == 256 }

func aesUsages(name string) usages {
	if name == "AES-KW" {
		return useWrapKey | useUnwrapKey
	}
	return useEncrypt | useDecrypt | useWrapKey | useUnwrapKey
}

func generateAES(name string, p params, names []string, extractable bool) task {
	length := p.integer("length")
	return task{run: func() (any, error) {
		set, err := checkUsages("generate", name, names, aesUsages(name))
		if err != nil {
			return nil, err
		}
		if !isAESLength(length) {
			return nil, fail("OperationError", "Generated AES key length must be 128, 192, or 256 bits but requested %d.", length)
		}
		b := make([]byte, length/8)
		random(b)
		return &key{kind: "secret", algorithm: algorithm{name: name, length: length}, extractable: extractable, usages: set, material: b}, nil
	}}
}

func importAES(name string) importer {
	return func(in keyInput) (*key, error) {
		set, err := checkUsages("import secret", name, in.usages, aesUsages(name))
		if err != nil {
			return nil, err
		}
		b := in.raw
		switch in.format {
		case "raw":
		case "jwk":
			if b, err = in.jwk.octets("AES", "", "enc", in.usages); err != nil {
				return nil, err
			}
			alg := "A" + strconv.Itoa(len(b)*8) + strings.TrimPrefix(name, "AES-")
			if in.jwk.alg != nil && *in.jwk.alg != alg {
				return nil, fail("DataError", "AES \"jwk\" key import requires a JSON Web Key with Algorithm parameter \"alg\" (\"%s\") equal to \"%s\".", *in.jwk.alg, alg)
			}
		default:
			return nil, fail("NotSupportedError", "Unsupported import format \"%s\" for AES key.", in.format)
		}
		if !isAESLength(len(b) * 8) {
			return nil, fail("DataError", "Imported AES key length must be 128, 192, or 256 bits but provided %d.", len(b)*8)
		}
		return &key{kind: "secret", algorithm: algorithm{name: name, length: len(b) * 8}, extractable: in.extractable, usages: set, material: b}, nil
	}
}

func exportAES(k *key, format string) (any, error) {
	switch format {
	case "raw":
		return slices.Clone(k.secret()), nil
	case "jwk":
		return k.octetJWK("A" + strconv.Itoa(k.algorithm.length) + strings.TrimPrefix(k.algorithm.name, "AES-")), nil
	}
	return nil, fail("NotSupportedError", "%s key only supports exporting \"raw\" & \"jwk\", not \"%s\".", k.algorithm.name, format)
}

// block is the key's cipher; its length was checked when the key was made.
func (k *key) block() cipher.Block {
	b, err := aes.NewCipher(k.secret())
	must(err)
	return b
}

func decryptionFailed(k *key, in int) error {
	return fail("OperationError", "Decryption failed. This could be due to a ciphertext authentication failure, bad padding, incorrect CryptoKey, or another algorithm-specific reason. Input length was %d for %s", in, k.algorithm.name)
}

// gcmParams are the parameters of one use of AES-GCM.
type gcmParams struct {
	iv, extra []byte
	tag       int // bytes
}

func readGCM(p params) gcmParams {
	g := gcmParams{iv: p.bytes("iv"), extra: p.optionalBytes("additionalData"), tag: 16}
	if len(g.iv) == 0 {
		p.api.throw("OperationError", "AES-GCM IV must not be empty.")
	}
	if bits, ok := p.optionalInteger("tagLength"); ok {
		if !slices.Contains([]int{32, 64, 96, 104, 112, 120, 128}, bits) {
			p.api.throw("OperationError", "Invalid AES-GCM tag length %d.", bits)
		}
		g.tag = bits / 8
	}
	return g
}

func (g gcmParams) seal(k *key, data []byte) ([]byte, error) {
	aead, err := cipher.NewGCMWithNonceSize(k.block(), len(g.iv))
	if err != nil {
		return nil, fail("OperationError", "AES-GCM: %v", err)
	}
	return aead.Seal(nil, g.iv, data, g.extra), nil
}

func encryptGCM(k *key, p params, data []byte) task {
	g := readGCM(p)
	return task{len(data) > inlineBytes, func() (any, error) {
		b, err := g.seal(k, data)
		if err != nil {
			return nil, err
		}
		return b[:len(data)+g.tag], nil // a short tag is the beginning of the whole one
	}}
}

// decryptGCM opens whole tags as usual. Go knows no short ones: there the stream cipher is undone by
// applying it once more, and the tag compared with that of sealing the result.
func decryptGCM(k *key, p params, data []byte) task {
	g := readGCM(p)
	if len(data) < g.tag {
		p.api.throw("OperationError", "Ciphertext length of %d bits must be greater than or equal to the size of the AES-GCM tag length of %d bits.", len(data)*8, g.tag*8)
	}
	return task{len(data) > inlineBytes, func() (any, error) {
		if g.tag == 16 {
			aead, err := cipher.NewGCMWithNonceSize(k.block(), len(g.iv))
			if err != nil {
				return nil, fail("OperationError", "AES-GCM: %v", err)
			}
			plain, err := aead.Open([]byte{}, g.iv, data, g.extra)
			if err != nil {
				return nil, decryptionFailed(k, len(data))
			}
			return plain, nil
		}
		n := len(data) - g.tag
		undone, err := g.seal(k, data[:n])
		if err != nil {
			return nil, err
		}
		plain := undone[:n:n]
		sealed, err := g.seal(k, plain)
		if err != nil {
			return nil, err
		}
		if !equalBytes(sealed[n:n+g.tag], data[n:]) {
			return nil, decryptionFailed(k, len(data))
		}
		return plain, nil
	}}
}

func readCBC(p params) []byte {
	iv := p.bytes("iv")
	if len(iv) != aes.BlockSize {
		p.api.throw("OperationError", "AES-CBC IV must be 16 bytes long (provided %d bytes).", len(iv))
	}
	return iv
}

func encryptCBC(k *key, p params, data []byte) task {
	iv := readCBC(p)
	return task{len(data) > inlineBytes, func() (any, error) {
		pad := aes.BlockSize - len(data)%aes.BlockSize
		out := append(data, bytes.Repeat([]byte{byte(pad)}, pad)...)
		cipher.NewCBCEncrypter(k.block(), iv).CryptBlocks(out, out)
		return out, nil
	}}
}

func decryptCBC(k *key, p params, data []byte) task {
	iv := readCBC(p)
	return task{len(data) > inlineBytes, func() (any, error) {
		if len(data) == 0 || len(data)%aes.BlockSize != 0 {
			return nil, decryptionFailed(k, len(data))
		}
		cipher.NewCBCDecrypter(k.block(), iv).CryptBlocks(data, data)
		pad := int(data[len(data)-1])
		if pad == 0 || pad > aes.BlockSize {
			return nil, decryptionFailed(k, len(data))
		}
		for _, b := range data[len(data)-pad:] {
			if int(b) != pad {
				return nil, decryptionFailed(k, len(data))
			}
		}
		return data[: len(data)-pad : len(data)-pad], nil
	}}
}

// cryptCTR encrypts and decrypts. Only the last bits of the counter block count, and wrap; Go's CTR
// counts with all of them, so the data is cut where the wrap happens.
func cryptCTR(k *key, p params, data []byte) task {
	counter, length := p.bytes("counter"), p.integer("length")
	if len(counter) != aes.BlockSize {
		p.api.throw("OperationError", "Counter must have length of 16 bytes (provided %d).", len(counter))
	}
	if length == 0 || length > 128 {
		p.api.throw("OperationError", "Invalid counter of %d bits length provided.", length)
	}
	return task{len(data) > inlineBytes, func() (any, error) {
		blocks := big.NewInt(int64((len(data) + aes.BlockSize - 1) / aes.BlockSize))
		values := new(big.Int).Lsh(big.NewInt(1), uint(length))
		if blocks.Cmp(values) > 0 {
			return nil, fail("OperationError", "Counter is too small for the %d bytes of input.", len(data))
		}
		mask := new(big.Int).Sub(values, big.NewInt(1))
		start := new(big.Int).SetBytes(counter)
		beforeWrap := new(big.Int).Sub(values, new(big.Int).And(start, mask))
		first := len(data)
		if beforeWrap.Cmp(blocks) < 0 {
			first = int(beforeWrap.Int64()) * aes.BlockSize
		}
		cipher.NewCTR(k.block(), counter).XORKeyStream(data[:first], data[:first])
		if first < len(data) {
			wrapped := new(big.Int).AndNot(start, mask).FillBytes(make([]byte, aes.BlockSize))
			cipher.NewCTR(k.block(), wrapped).XORKeyStream(data[first:], data[first:])
		}
		return data, nil
	}}
}

// kwCheck is the initial value of RFC 3394, which tells a right key from a wrong one.
var kwCheck = [8]byte{0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6}

// wrapKW wraps by RFC 3394.
func wrapKW(k *key, _ params, data []byte) task {
	return task{run: func() (any, error) {
		if len(data) < 16 || len(data)%8 != 0 {
			return nil, fail("OperationError", "Unsupported input length to AES-KW wrapKey (%d bytes): a multiple of 8, at least 16, is needed.", len(data))
		}
		block := k.block()
		out := append(kwCheck[:], data...)
		n := len(data) / 8
		var b [16]byte
		for j := range 6 {
			for i := 1; i <= n; i++ {
				copy(b[:8], out[:8])
				copy(b[8:], out[8*i:8*i+8])
				block.Encrypt(b[:], b[:])
				t := binary.BigEndian.Uint64(b[:8]) ^ uint64(n*j+i)
				binary.BigEndian.PutUint64(out[:8], t)
				copy(out[8*i:], b[8:])
			}
		}
		return out, nil
	}}
}

func unwrapKW(k *key, _ params, data []byte) task {
	return task{run: func() (any, error) {
		if len(data) < 24 || len(data)%8 != 0 {
			return nil, fail("OperationError", "Unsupported input length to AES-KW unwrapKey (%d bytes): a multiple of 8, at least 24, is needed.", len(data))
		}
		block := k.block()
		n := len(data)/8 - 1
		var b [16]byte
		for j := 5; j >= 0; j-- {
			for i := n; i >= 1; i-- {
				t := binary.BigEndian.Uint64(data[:8]) ^ uint64(n*j+i)
				binary.BigEndian.PutUint64(b[:8], t)
				copy(b[8:], data[8*i:8*i+8])
				block.Decrypt(b[:], b[:])
				copy(data[:8], b[:8])
				copy(data[8*i:], b[8:])
			}
		}
		if !equalBytes(data[:8], kwCheck[:]) {
			return nil, decryptionFailed(k, len(data))
		}
		return data[8:len(data):len(data)], nil
	}}
}

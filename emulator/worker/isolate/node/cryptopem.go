package node

import (
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"hash"
	"slices"
)

// Private keys under a passphrase: PBES2 of RFC 8018 in PKCS #8, and the older PEM of OpenSSL.

type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct{ KDF, Cipher pkix.AlgorithmIdentifier }

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

func oid(last ...int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier(last) }

func oidPBES2() asn1.ObjectIdentifier  { return oid(1, 2, 840, 113549, 1, 5, 13) }
func oidPBKDF2() asn1.ObjectIdentifier { return oid(1, 2, 840, 113549, 1, 5, 12) }
func oidHMAC(n int) asn1.ObjectIdentifier {
	return oid(1, 2, 840, 113549, 2, n) // 7: SHA-1, 9: SHA-256, 11: SHA-512
}

// pemCiphers are the ciphers of PBES2 by OpenSSL's names.
func pemCiphers() map[string]asn1.ObjectIdentifier {
	return map[string]asn1.ObjectIdentifier{
		"aes-128-cbc": oid(2, 16, 840, 1, 101, 3, 4, 1, 2), "aes-192-cbc": oid(2, 16, 840, 1, 101, 3, 4, 1, 22),
		"aes-256-cbc": oid(2, 16, 840, 1, 101, 3, 4, 1, 42), "des-ede3-cbc": oid(1, 2, 840, 113549, 3, 7),
	}
}

var errPassphrase = &fault{class: "TypeError", code: "ERR_MISSING_PASSPHRASE", message: "Passphrase required for encrypted key"}

func isEncryptedPKCS8(der []byte) bool {
	var k encryptedKey
	rest, err := asn1.Unmarshal(der, &k)
	return err == nil && len(rest) == 0
}

func decryptPKCS8(der, passphrase []byte) ([]byte, error) {
	if passphrase == nil {
		return nil, errPassphrase
	}
	var k encryptedKey
	var p pbes2Params
	var kdf pbkdf2Params
	if _, err := asn1.Unmarshal(der, &k); err != nil || !k.Algorithm.Algorithm.Equal(oidPBES2()) {
		return nil, errUnsupportedKey
	}
	if _, err := asn1.Unmarshal(k.Algorithm.Parameters.FullBytes, &p); err != nil || !p.KDF.Algorithm.Equal(oidPBKDF2()) {
		return nil, errUnsupportedKey
	}
	if _, err := asn1.Unmarshal(p.KDF.Parameters.FullBytes, &kdf); err != nil {
		return nil, errUnsupportedKey
	}
	var iv []byte
	if _, err := asn1.Unmarshal(p.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, errUnsupportedKey
	}
	prf := map[string]func() hash.Hash{"": sha1.New, oidHMAC(7).String(): sha1.New, oidHMAC(9).String(): sha256.New,
		oidHMAC(11).String(): sha512.New}[kdf.PRF.Algorithm.String()]
	for name, id := range pemCiphers() {
		kind, _ := cipherOf(name)
		if !p.Cipher.Algorithm.Equal(id) || prf == nil || len(iv) != kind.iv {
			continue
		}
		key, err := pbkdf2.Key(prf, string(passphrase), kdf.Salt, kdf.Iterations, kind.key)
		if err != nil {
			return nil, errUnsupportedKey
		}
		block, err := kind.make(key)
		if err != nil || len(k.Data) == 0 || len(k.Data)%kind.iv != 0 {
			return nil, errBadDecrypt
		}
		plain := make([]byte, len(k.Data))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, k.Data)
		last, err := unpad(plain[len(plain)-kind.iv:])
		return plain[:len(plain)-kind.iv+len(last)], err
	}
	return nil, errUnsupportedKey
}

const pemIterations = 2048 // as OpenSSL has it

func encryptPKCS8(der []byte, name string, passphrase []byte) (*pem.Block, error) {
	kind, ok := cipherOf(name)
	id := pemCiphers()[kind.name]
	if !ok || id == nil {
		return nil, errUnknownCipher
	}
	salt, iv := make([]byte, 16), make([]byte, kind.iv)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(iv)
	key, err := pbkdf2.Key(sha256.New, string(passphrase), salt, pemIterations, kind.key)
	if err != nil {
		return nil, err
	}
	c, err := newCryptor(kind.name, true, key, iv, -1)
	if err != nil {
		return nil, err
	}
	data, _ := c.update(der) // neither fails when encrypting with padding
	last, _ := c.final()
	marshal := func(v any) asn1.RawValue {
		b, merr := asn1.Marshal(v)
		must(merr)
		return asn1.RawValue{FullBytes: b}
	}
	kdf := pbkdf2Params{Salt: salt, Iterations: pemIterations,
		PRF: pkix.AlgorithmIdentifier{Algorithm: oidHMAC(9), Parameters: asn1.NullRawValue}}
	params := pbes2Params{KDF: pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2(), Parameters: marshal(kdf)},
		Cipher: pkix.AlgorithmIdentifier{Algorithm: id, Parameters: marshal(iv)}}
	out, err := asn1.Marshal(encryptedKey{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2(), Parameters: marshal(params)},
		Data:      slices.Concat(data, last)})
	return &pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: out}, err
}

// decryptOldPEM reads what OpenSSL wrote before PKCS #8. It is weak, and what old keys are in.
func decryptOldPEM(block *pem.Block, passphrase []byte) ([]byte, error) {
	if passphrase == nil {
		return nil, errPassphrase
	}
	//lint:ignore SA1019 old keys are in it.
	der, err := x509.DecryptPEMBlock(block, passphrase)
	if err != nil {
		return nil, errBadDecrypt
	}
	return der, nil
}

func encryptOldPEM(block *pem.Block, name string, passphrase []byte) (*pem.Block, error) {
	kind, _ := cipherOf(name)
	c, ok := map[string]x509.PEMCipher{"aes-128-cbc": x509.PEMCipherAES128, "aes-192-cbc": x509.PEMCipherAES192,
		"aes-256-cbc": x509.PEMCipherAES256, "des-ede3-cbc": x509.PEMCipher3DES}[kind.name]
	if !ok {
		return nil, errUnknownCipher
	}
	//lint:ignore SA1019 old keys are in it.
	return x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, passphrase, c)
}

package webcrypto

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/md5"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"strings"
)

// hashAlgorithm is a digest by its Web Crypto name.
type hashAlgorithm struct {
	name string
	crypto.Hash
}

// hashes are the digests of the standard, and MD5, which Workers add.
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#supported-algorithms
var hashes = []hashAlgorithm{
	{"SHA-1", crypto.SHA1},
	{"SHA-256", crypto.SHA256},
	{"SHA-384", crypto.SHA384},
	{"SHA-512", crypto.SHA512},
	{"MD5", crypto.MD5},
}

func lookupHash(name string) (hashAlgorithm, error) {
	for _, h := range hashes {
		if strings.EqualFold(h.name, name) {
			return h, nil
		}
	}
	return hashAlgorithm{}, fail("NotSupportedError", "Unrecognized or unimplemented digest algorithm requested.")
}

// sum is the digest of b.
func (h hashAlgorithm) sum(b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// jwkNumber is how JSON Web Algorithms call the hash: 256 for SHA-256.
func (h hashAlgorithm) jwkNumber() string { return strings.TrimPrefix(h.name, "SHA-") }

func (h hashAlgorithm) mac(key, data []byte) []byte {
	m := hmac.New(h.New, key)
	m.Write(data)
	return m.Sum(nil)
}

package webcrypto

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// SignPSS signs a digest by RSA-PSS with a salt of exactly salt bytes, which may be 0.
func SignPSS(private *rsa.PrivateKey, h crypto.Hash, sum []byte, salt int) ([]byte, error) {
	if salt == 0 {
		return signSaltless(private, hashAlgorithm{Hash: h}, sum)
	}
	return rsa.SignPSS(rand.Reader, private, h, sum, &rsa.PSSOptions{SaltLength: salt})
}

// VerifyPSS reports whether a signature by RSA-PSS with a salt of exactly salt bytes is right.
func VerifyPSS(public *rsa.PublicKey, h crypto.Hash, sum, signature []byte, salt int) bool {
	if salt == 0 {
		return verifySaltless(public, hashAlgorithm{Hash: h}, sum, signature)
	}
	return rsa.VerifyPSS(public, h, sum, signature, &rsa.PSSOptions{SaltLength: salt}) == nil
}

// MaxIterations is how many iterations of PBKDF2 production runs.
const MaxIterations = maxIterations

// Material returns what the CryptoKey v holds: its kind (secret, public or private) and bytes or Go's
// type of key. ok is false when v is no CryptoKey.
func Material(r *idl.Realm, v goja.Value) (kind string, material any, extractable, ok bool) {
	k, ok := idl.As[*key](r, v)
	if !ok {
		return "", nil, false, false
	}
	return k.kind, k.material, k.extractable, true
}

package node

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcrypto"
)

// The paddings and salt lengths of RSA by OpenSSL's numbers.
const (
	paddingPKCS1  = 1
	paddingNone   = 3
	paddingOAEP   = 4
	paddingPSS    = 6
	saltDigest    = -1
	saltMax       = -2 // for signing; for verifying it means any
	noSaltGiven   = -3
	defaultDigest = "sha256" // of keys that sign digests, when none is named
)

// A signing is one use of a key to sign or verify.
type signing struct {
	key     *keyHandle
	digest  digest
	sum     []byte // of the data; for Ed25519 the data itself
	padding int
	salt    int
	p1363   bool
}

func errPadding() error {
	return opensslFault("ERR_OSSL_RSA_ILLEGAL_OR_UNSUPPORTED_PADDING_MODE", "1C8000A5", "Provider routines", "illegal or unsupported padding mode")
}

func (s *signing) sign() ([]byte, error) {
	switch m := s.key.material.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(m, s.sum), nil
	case *ecdsa.PrivateKey:
		der, err := ecdsa.SignASN1(rand.Reader, m, s.sum)
		if err != nil || !s.p1363 {
			return der, err
		}
		return fixedSignature(der, (m.Params().BitSize+7)/8), nil
	case *rsa.PrivateKey:
		switch s.padding {
		case paddingPKCS1:
			return rsa.SignPKCS1v15(nil, m, s.digest.id, s.sum)
		case paddingPSS:
			salt := s.salt
			switch salt {
			case saltDigest:
				salt = len(s.sum)
			case saltMax, noSaltGiven:
				salt = (m.N.BitLen()+6)/8 - len(s.sum) - 2
			}
			return webcrypto.SignPSS(m, s.digest.id, s.sum, salt)
		}
		return nil, errPadding()
	}
	return nil, errKeyUse()
}

func errKeyUse() error {
	return opensslFault("ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE", "03000096", "digital envelope routines",
		"operation not supported for this keytype")
}

func (s *signing) verify(signature []byte) (bool, error) {
	switch m := s.key.public().material.(type) {
	case ed25519.PublicKey:
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(m, s.sum, signature), nil
	case *ecdsa.PublicKey:
		if s.p1363 {
			n := (m.Params().BitSize + 7) / 8
			if len(signature) != 2*n {
				return false, nil
			}
			return ecdsa.Verify(m, s.sum, new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:])), nil
		}
		return ecdsa.VerifyASN1(m, s.sum, signature), nil
	case *rsa.PublicKey:
		switch s.padding {
		case paddingPKCS1:
			return rsa.VerifyPKCS1v15(m, s.digest.id, s.sum, signature) == nil, nil
		case paddingPSS:
			switch s.salt {
			case saltDigest:
				return webcrypto.VerifyPSS(m, s.digest.id, s.sum, signature, len(s.sum)), nil
			case saltMax, noSaltGiven:
				any := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}
				return rsa.VerifyPSS(m, s.digest.id, s.sum, signature, &any) == nil, nil
			}
			return webcrypto.VerifyPSS(m, s.digest.id, s.sum, signature, s.salt), nil
		}
		return false, errPadding()
	}
	return false, errKeyUse()
}

// fixedSignature is a signature of ECDSA as two numbers of n bytes.
func fixedSignature(der []byte, n int) []byte {
	var pair struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(der, &pair)
	must(err)
	return slices.Concat(pair.R.FillBytes(make([]byte, n)), pair.S.FillBytes(make([]byte, n)))
}

// signingOf reads the arguments key, options, algorithm, data: data is hashed unless hashed already.
func (r *Registry) signingOf(key, options, algorithm, data goja.Value, hashed bool) *signing {
	s := &signing{key: handleOf(key), sum: slices.Clone(r.bytes(data)), padding: memberNumber(options, "padding", paddingPKCS1),
		salt: memberNumber(options, "saltLength", noSaltGiven), p1363: memberText(options, "dsaEncoding") == "ieee-p1363"}
	name := defaultDigest
	if !goja.IsUndefined(algorithm) && !goja.IsNull(algorithm) {
		name = algorithm.String()
	}
	if s.key.kindOfKey() == "ed25519" {
		if !goja.IsUndefined(algorithm) && !goja.IsNull(algorithm) {
			r.throw(opensslFault("ERR_OSSL_INVALID_DIGEST", "1C80007A", "Provider routines", "invalid digest"))
		}
		return s
	}
	d, ok := digestOf(name)
	if !ok || d.make == nil {
		r.throw(invalidDigest(name))
	}
	s.digest = d
	if s.key.kindOfKey() == "rsa" && d.id == 0 {
		r.throw(invalidDigest(name))
	}
	if !hashed {
		h := d.make()
		h.Write(s.sum)
		s.sum = h.Sum(nil)
	}
	return s
}

// signNatives sign and verify: (key, options, algorithm, data, hashed, sync) and, before sync, the
// signature.
func (r *Registry) signNatives(n *natives) {
	n.function("sign", func(call goja.FunctionCall) goja.Value {
		s := r.signingOf(call.Argument(0), call.Argument(1), call.Argument(2), call.Argument(3), call.Argument(4).ToBoolean())
		return r.bytesLater(call.Argument(5).ToBoolean(), s.sign)
	})
	n.function("verify", func(call goja.FunctionCall) goja.Value {
		s := r.signingOf(call.Argument(0), call.Argument(1), call.Argument(2), call.Argument(3), call.Argument(4).ToBoolean())
		signature := slices.Clone(r.bytes(call.Argument(5)))
		if call.Argument(6).ToBoolean() {
			ok, err := s.verify(signature)
			r.throw(err)
			return r.rt.ToValue(ok)
		}
		return r.later(func() (any, error) { return s.verify(signature) }, func(v any) goja.Value { return r.rt.ToValue(v) })
	})
}

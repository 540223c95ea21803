package node

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"

	"github.com/dop251/goja"
)

func rsaFault(number, reason string) error {
	codes := map[string]string{"oaep decoding error": "ERR_OSSL_RSA_OAEP_DECODING_ERROR", "padding check failed": "ERR_OSSL_RSA_PADDING_CHECK_FAILED",
		"data too large for key size": "ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE", "data too small": "ERR_OSSL_RSA_DATA_TOO_SMALL",
		"pkcs decoding error": "ERR_OSSL_RSA_PKCS_DECODING_ERROR"}
	return opensslFault(codes[reason], number, "rsa routines", reason)
}

// encryptNatives use RSA to encrypt: (operation, key, options, data).
func (r *Registry) encryptNatives(n *natives) {
	n.function("rsa", func(call goja.FunctionCall) goja.Value {
		k, options, data := handleOf(call.Argument(1)), call.Argument(2), r.bytes(call.Argument(3))
		private, _ := k.material.(*rsa.PrivateKey)
		public, ok := k.public().material.(*rsa.PublicKey)
		if !ok {
			r.throw(errKeyUse())
		}
		op := rsaOperation{public, private, memberNumber(options, "padding", 0), memberText(options, "oaepHash"), r.memberBytes(options, "oaepLabel")}
		var out []byte
		var err error
		switch call.Argument(0).String() {
		case "publicEncrypt":
			out, err = op.encrypt(data)
		case "privateDecrypt":
			out, err = op.decrypt(data)
		case "privateEncrypt":
			out, err = op.sign(data)
		default:
			out, err = op.open(data)
		}
		r.throw(err)
		return r.buffer(out)
	})
}

type rsaOperation struct {
	public  *rsa.PublicKey
	private *rsa.PrivateKey // nil for operations with the public key
	padding int
	hash    string
	label   []byte
}

func (o rsaOperation) encrypt(data []byte) ([]byte, error) {
	switch o.padding {
	case paddingPKCS1:
		//lint:ignore SA1019 it is what the caller has asked for.
		out, err := rsa.EncryptPKCS1v15(rand.Reader, o.public, data)
		if err != nil {
			return nil, rsaFault("0200006E", "data too large for key size")
		}
		return out, nil
	case paddingNone:
		return raw(data, big.NewInt(int64(o.public.E)), o.public)
	case paddingOAEP, 0:
		d, err := o.digest()
		if err != nil {
			return nil, err
		}
		out, err := rsa.EncryptOAEP(d.make(), rand.Reader, o.public, data, o.label)
		if err != nil {
			return nil, rsaFault("0200006E", "data too large for key size")
		}
		return out, nil
	}
	return nil, errPadding()
}

func (o rsaOperation) digest() (digest, error) {
	if o.hash == "" {
		o.hash = "sha1"
	}
	d, ok := digestOf(o.hash)
	if !ok || d.make == nil {
		return d, invalidDigest(o.hash)
	}
	return d, nil
}

func (o rsaOperation) decrypt(data []byte) ([]byte, error) {
	switch o.padding {
	case paddingPKCS1:
		//lint:ignore SA1019 it is what the caller has asked for.
		out, err := rsa.DecryptPKCS1v15(nil, o.private, data)
		if err != nil {
			return nil, rsaFault("0200009F", "pkcs decoding error")
		}
		return out, nil
	case paddingNone:
		return raw(data, o.private.D, o.public)
	case paddingOAEP, 0:
		d, err := o.digest()
		if err != nil {
			return nil, err
		}
		out, err := rsa.DecryptOAEP(d.make(), nil, o.private, data, o.label)
		if err != nil {
			return nil, rsaFault("02000079", "oaep decoding error")
		}
		return out, nil
	}
	return nil, errPadding()
}

// sign is privateEncrypt: what signing does with a digest whose name it does not write.
func (o rsaOperation) sign(data []byte) ([]byte, error) {
	switch o.padding {
	case paddingPKCS1, 0:
		out, err := rsa.SignPKCS1v15(nil, o.private, 0, data)
		if err != nil {
			return nil, rsaFault("0200006E", "data too large for key size")
		}
		return out, nil
	case paddingNone:
		return raw(data, o.private.D, o.public)
	}
	return nil, errPadding()
}

// open is publicDecrypt: it takes the padding 00 01 FF … FF 00 off.
func (o rsaOperation) open(data []byte) ([]byte, error) {
	m, err := raw(data, big.NewInt(int64(o.public.E)), o.public)
	if err != nil || o.padding == paddingNone {
		return m, err
	}
	if o.padding != paddingPKCS1 && o.padding != 0 {
		return nil, errPadding()
	}
	failed := rsaFault("02000072", "padding check failed")
	if m[0] != 0 || m[1] != 1 {
		return nil, failed
	}
	for i := 2; i < len(m); i++ {
		switch {
		case m[i] == 0 && i >= 10:
			return m[i+1:], nil
		case m[i] != 0xFF:
			return nil, failed
		}
	}
	return nil, failed
}

// raw raises data, as long as the key, to an exponent.
func raw(data []byte, exponent *big.Int, k *rsa.PublicKey) ([]byte, error) {
	m := new(big.Int).SetBytes(data)
	switch {
	case len(data) < k.Size():
		return nil, rsaFault("0200007A", "data too small")
	case len(data) > k.Size() || m.Cmp(k.N) >= 0:
		return nil, rsaFault("0200006E", "data too large for key size")
	}
	return m.Exp(m, exponent, k.N).FillBytes(make([]byte, k.Size())), nil
}

package node

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcrypto"
)

// A keyHandle is what is behind a KeyObject. It does not change.
type keyHandle struct {
	kind     string // secret, public or private
	material any    // []byte, or Go's type of key
}

var errUnsupportedKey = opensslFault("ERR_OSSL_UNSUPPORTED", "1E08010C", "DECODER routines", "unsupported")

func incompatible(message string) error {
	return &fault{class: "Error", code: "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message: message}
}

// kindOfKey is Node.js's asymmetricKeyType.
func (k *keyHandle) kindOfKey() string {
	switch k.material.(type) {
	case *rsa.PrivateKey, *rsa.PublicKey:
		return "rsa"
	case *ecdsa.PrivateKey, *ecdsa.PublicKey:
		return "ec"
	case ed25519.PrivateKey, ed25519.PublicKey:
		return "ed25519"
	case *ecdh.PrivateKey, *ecdh.PublicKey:
		return "x25519"
	}
	return ""
}

// public is the public half of k.
func (k *keyHandle) public() *keyHandle {
	if k.kind != "private" {
		return k
	}
	var public any
	switch m := k.material.(type) {
	case *rsa.PrivateKey:
		public = &m.PublicKey
	case *ecdsa.PrivateKey:
		public = &m.PublicKey
	case ed25519.PrivateKey:
		public = m.Public()
	case *ecdh.PrivateKey:
		public = m.PublicKey()
	}
	return &keyHandle{"public", public}
}

// curveOf finds a curve by OpenSSL's name or by that of the standards.
func curveOf(name string) (elliptic.Curve, bool) {
	switch strings.ToLower(name) {
	case "prime256v1", "p-256", "secp256r1":
		return elliptic.P256(), true
	case "secp384r1", "p-384":
		return elliptic.P384(), true
	case "secp521r1", "p-521":
		return elliptic.P521(), true
	case "secp224r1", "p-224":
		return elliptic.P224(), true
	}
	return nil, false
}

func opensslCurve(c elliptic.Curve) string {
	if name := c.Params().Name; name != "P-256" {
		return "secp" + strings.TrimPrefix(name, "P-") + "r1"
	}
	return "prime256v1"
}

// keyText is a key as it is written, with what is known of how.
type keyText struct {
	data       []byte
	pem        bool
	form       string // pkcs1, pkcs8, sec1 or spki; for DER only
	passphrase []byte // nil: none
}

// parsePrivate reads a private key.
func parsePrivate(t keyText) (*keyHandle, error) {
	der, form := t.data, t.form
	if t.pem {
		block := findPEM(t.data, "PRIVATE KEY")
		if block == nil {
			return nil, errUnsupportedKey
		}
		der = block.Bytes
		switch block.Type {
		case "RSA PRIVATE KEY":
			form = "pkcs1"
		case "EC PRIVATE KEY":
			form = "sec1"
		case "ENCRYPTED PRIVATE KEY":
			form = "encrypted"
		default:
			form = "pkcs8"
		}
		if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			var err error
			if der, err = decryptOldPEM(block, t.passphrase); err != nil {
				return nil, err
			}
		}
	}
	m, err := parsePrivateDER(der, form, t.passphrase)
	if err != nil {
		return nil, err
	}
	return &keyHandle{"private", m}, nil
}

func parsePrivateDER(der []byte, form string, passphrase []byte) (any, error) {
	var m any
	var err error
	switch form {
	case "pkcs1":
		m, err = x509.ParsePKCS1PrivateKey(der)
	case "sec1":
		m, err = x509.ParseECPrivateKey(der)
	default:
		if form == "encrypted" || isEncryptedPKCS8(der) {
			if der, err = decryptPKCS8(der, passphrase); err != nil {
				return nil, err
			}
		}
		m, err = x509.ParsePKCS8PrivateKey(der)
	}
	if err != nil {
		return nil, errUnsupportedKey
	}
	return m, nil
}

// findPEM is the first block whose type ends so.
func findPEM(data []byte, suffixes ...string) *pem.Block {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil
		}
		for _, s := range suffixes {
			if strings.HasSuffix(block.Type, s) {
				return block
			}
		}
		data = rest
	}
}

// parsePublic reads a public key, of which there is one in a private key and in a certificate too.
func parsePublic(t keyText) (*keyHandle, error) {
	der, form := t.data, t.form
	if t.pem {
		block := findPEM(t.data, "PUBLIC KEY", "PRIVATE KEY", "CERTIFICATE")
		if block == nil {
			return nil, errUnsupportedKey
		}
		der = block.Bytes
		switch block.Type {
		case "RSA PUBLIC KEY":
			form = "pkcs1"
		case "PUBLIC KEY":
			form = "spki"
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, errUnsupportedKey
			}
			return &keyHandle{"public", c.PublicKey}, nil
		default:
			k, err := parsePrivate(t)
			if err != nil {
				return nil, err
			}
			return k.public(), nil
		}
	}
	var m any
	var err error
	if form == "pkcs1" {
		m, err = x509.ParsePKCS1PublicKey(der)
	} else {
		m, err = x509.ParsePKIXPublicKey(der)
	}
	if err == nil {
		return &keyHandle{"public", m}, nil
	}
	if k, err := parsePrivate(t); !t.pem && err == nil {
		return k.public(), nil
	}
	return nil, errUnsupportedKey
}

// exportDER writes a key in a form, and says what PEM calls it.
func (k *keyHandle) exportDER(form string) (der []byte, label string, err error) {
	switch form {
	case "pkcs1":
		switch m := k.material.(type) {
		case *rsa.PrivateKey:
			return x509.MarshalPKCS1PrivateKey(m), "RSA PRIVATE KEY", nil
		case *rsa.PublicKey:
			return x509.MarshalPKCS1PublicKey(m), "RSA PUBLIC KEY", nil
		}
		return nil, "", incompatible("The selected key encoding pkcs1 can only be used for RSA keys.")
	case "sec1":
		m, ok := k.material.(*ecdsa.PrivateKey)
		if !ok {
			return nil, "", incompatible("The selected key encoding sec1 can only be used for EC keys.")
		}
		der, err = x509.MarshalECPrivateKey(m)
		return der, "EC PRIVATE KEY", err
	case "pkcs8":
		der, err = x509.MarshalPKCS8PrivateKey(k.material)
		return der, "PRIVATE KEY", err
	}
	der, err = x509.MarshalPKIXPublicKey(k.material)
	return der, "PUBLIC KEY", err
}

func (k *keyHandle) equal(other *keyHandle) bool {
	if k.kind != other.kind {
		return false
	}
	switch m := k.material.(type) {
	case []byte:
		return bytes.Equal(m, other.material.([]byte))
	case interface{ Equal(crypto.PrivateKey) bool }:
		return m.Equal(other.material)
	case interface{ Equal(crypto.PublicKey) bool }:
		return m.Equal(other.material)
	}
	return false
}

// generateKeyPair makes a private key.
func generateKeyPair(kind string, bits int, curve string) (*keyHandle, error) {
	var m any
	var err error
	switch kind {
	case "rsa":
		m, err = rsa.GenerateKey(rand.Reader, bits)
	case "ec":
		c, _ := curveOf(curve)
		m, err = ecdsa.GenerateKey(c, rand.Reader)
	case "ed25519":
		_, m, err = ed25519.GenerateKey(rand.Reader)
	case "x25519":
		m, err = ecdh.X25519().GenerateKey(rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	return &keyHandle{"private", m}, nil
}

func handleOf(v goja.Value) *keyHandle { return v.Export().(*keyHandle) }

func (r *Registry) keyNatives(n *natives) {
	give := func(k *keyHandle, err error) goja.Value {
		r.throw(err)
		return r.rt.ToValue(k)
	}
	n.function("keySecret", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(&keyHandle{"secret", slices.Clone(r.bytes(call.Argument(0)))})
	})
	n.function("keyParse", func(call goja.FunctionCall) goja.Value {
		t := keyText{data: r.bytes(call.Argument(1)), pem: call.Argument(2).String() == "pem"}
		if v := call.Argument(3); !goja.IsUndefined(v) {
			t.form = v.String()
		}
		t.passphrase = r.bytes(call.Argument(4))
		if call.Argument(0).String() == "private" {
			return give(parsePrivate(t))
		}
		return give(parsePublic(t))
	})
	n.function("keyFromJWK", func(call goja.FunctionCall) goja.Value {
		k, err := parseJWK(call.Argument(0).(*goja.Object))
		if err == nil && call.Argument(1).String() == "public" {
			k = k.public()
		}
		return give(k, err)
	})
	n.function("keyFromCrypto", func(call goja.FunctionCall) goja.Value {
		kind, material, _, ok := webcrypto.Material(r.i.Realm(), call.Argument(0))
		if !ok {
			return goja.Undefined()
		}
		return r.rt.ToValue(&keyHandle{kind, material})
	})
	n.function("keyInfo", func(call goja.FunctionCall) goja.Value { return r.keyInfo(handleOf(call.Argument(0))) })
	n.function("keyPublic", func(call goja.FunctionCall) goja.Value { return r.rt.ToValue(handleOf(call.Argument(0)).public()) })
	n.function("keyRaw", func(call goja.FunctionCall) goja.Value {
		return r.buffer(slices.Clone(handleOf(call.Argument(0)).material.([]byte)))
	})
	n.function("keyJWK", func(call goja.FunctionCall) goja.Value {
		o, err := r.jwk(handleOf(call.Argument(0)))
		r.throw(err)
		return o
	})
	n.function("keyEqual", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(handleOf(call.Argument(0)).equal(handleOf(call.Argument(1))))
	})
	n.function("keyExport", func(call goja.FunctionCall) goja.Value {
		return r.exportKey(handleOf(call.Argument(0)), call.Argument(1))
	})
	n.function("keyGenerate", func(call goja.FunctionCall) goja.Value {
		kind, o := call.Argument(0).String(), call.Argument(1)
		bits, curve := memberNumber(o, "modulusLength", 0), memberText(o, "namedCurve")
		if _, ok := curveOf(curve); !ok && kind == "ec" {
			r.throw(&fault{class: "TypeError", code: "ERR_CRYPTO_INVALID_CURVE", message: "Invalid EC curve name"})
		}
		r.i.NeedEvent()
		work := func() (any, error) { return generateKeyPair(kind, bits, curve) }
		if call.Argument(2).ToBoolean() {
			k, err := generateKeyPair(kind, bits, curve)
			return give(k, err)
		}
		return r.later(work, func(v any) goja.Value { return r.rt.ToValue(v) })
	})
	n.function("isCurve", func(call goja.FunctionCall) goja.Value {
		_, ok := curveOf(call.Argument(0).String())
		return r.rt.ToValue(ok)
	})
}

// exportKey gives an ArrayBuffer for der, a string for pem.
func (r *Registry) exportKey(k *keyHandle, options goja.Value) goja.Value {
	der, label, err := k.exportDER(memberText(options, "type"))
	r.throw(err)
	pemWanted := memberText(options, "format") == "pem"
	block := &pem.Block{Type: label, Bytes: der}
	if name := memberText(options, "cipher"); name != "" {
		pass := r.memberBytes(options, "passphrase")
		if label == "PRIVATE KEY" {
			block, err = encryptPKCS8(der, name, pass)
		} else {
			block, err = encryptOldPEM(block, name, pass)
		}
		r.throw(err)
	}
	if pemWanted {
		return r.rt.ToValue(string(pem.EncodeToMemory(block)))
	}
	return r.buffer(block.Bytes)
}

// keyInfo is what KeyObject tells.
func (r *Registry) keyInfo(k *keyHandle) goja.Value {
	o := r.rt.NewObject()
	must(o.Set("kind", k.kind))
	if secret, ok := k.material.([]byte); ok {
		must(o.Set("size", len(secret)))
		return o
	}
	must(o.Set("type", k.kindOfKey()))
	switch m := k.public().material.(type) {
	case *rsa.PublicKey:
		must(o.Set("modulusLength", m.N.BitLen()))
		must(o.Set("publicExponent", m.E))
	case *ecdsa.PublicKey:
		must(o.Set("namedCurve", opensslCurve(m.Curve)))
	}
	return o
}

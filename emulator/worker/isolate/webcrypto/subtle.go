package webcrypto

import (
	"encoding/json"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A provider is one algorithm; operations that it has not are nil. All of them are called on the
// loop, where they may read parameters and throw; what they return does the work.
type provider struct {
	generate func(p params, usages []string, extractable bool) task
	importer func(p params) importer
	export   func(k *key, format string) (any, error)

	encrypt, decrypt func(k *key, p params, data []byte) task
	wrap, unwrap     func(k *key, p params, data []byte) task // nil: encrypt and decrypt
	sign             func(k *key, p params, data []byte) task
	verify           func(k *key, p params, signature, data []byte) task

	// derive makes bits from a key; without given, as many as there are.
	derive func(k *key, p params, bits int, given bool) task
	// keyLength is how many bits a key to be derived has; false when it is any number.
	keyLength func(p params) (int, bool)
}

// An importer makes a key of in. It touches no JavaScript.
type importer func(in keyInput) (*key, error)

// keyInput is a key in one of the formats in which keys come.
type keyInput struct {
	format      string // raw, pkcs8, spki or jwk
	raw         []byte
	jwk         *jwk
	extractable bool
	usages      []string
}

// providerOf returns the algorithm of that name, in whatever case, and the name as it should be.
func providerOf(name string) (provider, string, bool) {
	for _, known := range []string{"AES-GCM", "AES-CBC", "AES-CTR", "AES-KW"} {
		if strings.EqualFold(name, known) {
			return aesProvider(known), known, true
		}
	}
	for _, known := range []string{"RSASSA-PKCS1-v1_5", "RSA-PSS", "RSA-OAEP"} {
		if strings.EqualFold(name, known) {
			return rsaProvider(known), known, true
		}
	}
	for known, p := range map[string]func() provider{
		"HMAC": hmacProvider, "PBKDF2": pbkdf2Provider, "HKDF": hkdfProvider, "ECDSA": ecdsaProvider,
		"ECDH": ecdhProvider, "Ed25519": ed25519Provider, "X25519": x25519Provider,
	} {
		if strings.EqualFold(name, known) {
			return p(), known, true
		}
	}
	return provider{}, "", false
}

// provider is k's algorithm, which was known when k was made.
func (k *key) provider() provider {
	p, _, _ := providerOf(k.algorithm.name)
	return p
}

type subtleState struct{}

func (a *api) installSubtle() *goja.Object {
	class := idl.Define[*subtleState](a.realm, "SubtleCrypto", 0, nil)
	method := func(name string, length int, f func(call goja.FunctionCall) goja.Value) {
		class.AsyncMethod(name, length, func(_ *subtleState, call goja.FunctionCall) goja.Value { return f(call) })
	}
	method("encrypt", 3, func(call goja.FunctionCall) goja.Value {
		return a.crypt(call, "encrypt", useEncrypt, func(p provider) func(*key, params, []byte) task { return p.encrypt })
	})
	method("decrypt", 3, func(call goja.FunctionCall) goja.Value {
		return a.crypt(call, "decrypt", useDecrypt, func(p provider) func(*key, params, []byte) task { return p.decrypt })
	})
	method("sign", 3, func(call goja.FunctionCall) goja.Value {
		return a.crypt(call, "sign", useSign, func(p provider) func(*key, params, []byte) task { return p.sign })
	})
	method("verify", 4, a.verify)
	method("digest", 2, a.digest)
	method("generateKey", 3, a.generateKey)
	method("deriveKey", 5, a.deriveKey)
	method("deriveBits", 2, a.deriveBits)
	method("importKey", 5, a.importKey)
	method("exportKey", 2, a.exportKey)
	method("wrapKey", 4, a.wrapKey)
	method("unwrapKey", 7, a.unwrapKey)
	class.Method("timingSafeEqual", 2, func(_ *subtleState, call goja.FunctionCall) goja.Value {
		x, y := a.bytes(call.Argument(0), "a"), a.bytes(call.Argument(1), "b")
		if len(x) != len(y) {
			a.realm.TypeError("Input buffers must have the same byte length.")
		}
		return a.rt.ToValue(equalBytes(x, y))
	})
	return class.New(&subtleState{})
}

// crypt is encrypt, decrypt and sign, which take the same arguments.
func (a *api) crypt(call goja.FunctionCall, name string, u usages, pick func(p provider) func(*key, params, []byte) task) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	k := a.needKey(call.Argument(1), name)
	data := a.bytes(call.Argument(2), "data")
	a.needUse(k, p.name, u)
	f := pick(k.provider())
	if f == nil {
		a.notImplemented(name, k.algorithm.name)
	}
	return a.start(f(k, p, data))
}

func (a *api) verify(call goja.FunctionCall) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	k := a.needKey(call.Argument(1), "verify")
	signature, data := a.bytes(call.Argument(2), "signature"), a.bytes(call.Argument(3), "data")
	a.needUse(k, p.name, useVerify)
	f := k.provider().verify
	if f == nil {
		a.notImplemented("verify", k.algorithm.name)
	}
	return a.start(f(k, p, signature, data))
}

// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/crypto.h
func (a *api) notImplemented(operation, algorithm string) {
	a.throw("NotSupportedError", "The %s operation is not implemented for \"%s\".", operation, algorithm)
}

func (a *api) digest(call goja.FunctionCall) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	data := a.bytes(call.Argument(1), "data")
	h, err := lookupHash(p.name)
	if err != nil {
		panic(a.errorObject(err))
	}
	return a.start(task{len(data) > inlineBytes, func() (any, error) { return h.sum(data), nil }})
}

func (a *api) generateKey(call goja.FunctionCall) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	extractable, names := call.Argument(1).ToBoolean(), a.strings(call.Argument(2), "keyUsages")
	pr, _, ok := providerOf(p.name)
	if !ok || pr.generate == nil {
		a.throw("NotSupportedError", "Unrecognized key generation algorithm \"%s\" requested.", p.name)
	}
	a.host.NeedEvent()
	t := pr.generate(p, names, extractable)
	return a.start(task{t.slow, func() (any, error) {
		v, err := t.run()
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case *key:
			return v, needUsages(v)
		case *keyPair:
			if v.private.usages == 0 {
				return nil, fail("SyntaxError", "Attempt to generate asymmetric keys with no valid private key usages.")
			}
		}
		return v, nil
	}})
}

// needUsages refuses keys that could do nothing.
func needUsages(k *key) error {
	if k.usages == 0 && k.kind != "public" {
		return fail("SyntaxError", "Secret/private CryptoKeys must have at least one usage.")
	}
	return nil
}

// importerFor finds the algorithm by which p imports and reads its parameters.
func (a *api) importerFor(p params) importer {
	pr, _, ok := providerOf(p.name)
	if !ok || pr.importer == nil {
		a.throw("NotSupportedError", "Unrecognized key import algorithm \"%s\" requested.", p.name)
	}
	f := pr.importer(p)
	return func(in keyInput) (*key, error) {
		if in.jwk != nil && in.jwk.ext != nil && !*in.jwk.ext && in.extractable {
			return nil, fail("DataError", "JWK ext field for \"%s\" is set to false but extractable is true", p.name)
		}
		k, err := f(in)
		if err != nil {
			return nil, err
		}
		return k, needUsages(k)
	}
}

func (a *api) importKey(call goja.FunctionCall) goja.Value {
	in := keyInput{format: a.realm.String(call.Argument(0))}
	switch in.format {
	case "raw", "pkcs8", "spki":
		if _, ok := a.realm.Bytes(call.Argument(1)); !ok {
			a.realm.TypeError("Import data provided for \"raw\", \"pkcs8\", or \"spki\" import formats must be a buffer source.")
		}
		in.raw = a.bytes(call.Argument(1), "keyData")
	case "jwk":
		o, ok := call.Argument(1).(*goja.Object)
		if _, isBytes := a.realm.Bytes(call.Argument(1)); !ok || isBytes {
			a.realm.TypeError("Import data provided for \"jwk\" import format must be a JsonWebKey.")
		}
		in.jwk = a.readJWK(o)
	default:
		a.throw("NotSupportedError", "Unrecognized key import format \"%s\".", in.format)
	}
	p := a.params(call.Argument(2), "algorithm")
	in.extractable, in.usages = call.Argument(3).ToBoolean(), a.strings(call.Argument(4), "keyUsages")
	f := a.importerFor(p)
	// Checking a private RSA key takes about as long as using it.
	slow := in.format == "pkcs8" && len(in.raw) > 300 || in.jwk != nil && in.jwk.p != nil
	return a.start(task{slow, func() (any, error) { return orNothing(f(in)) }})
}

// orNothing keeps a nil *key from becoming a non-nil any.
func orNothing(k *key, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return k, nil
}

// exportTask exports k, or throws when that is not allowed.
func (a *api) exportTask(k *key, format string) task {
	pr := k.provider()
	if pr.export == nil {
		a.notImplemented("exportKey", k.algorithm.name)
	}
	if !k.extractable {
		a.throw("InvalidAccessError", "Attempt to export non-extractable %s key.", k.algorithm.name)
	}
	return task{run: func() (any, error) { return pr.export(k, format) }}
}

func (a *api) exportKey(call goja.FunctionCall) goja.Value {
	format := a.realm.String(call.Argument(0))
	return a.start(a.exportTask(a.needKey(call.Argument(1), "exportKey"), format))
}

// readLength reads deriveBits' length: null and undefined are all there is.
func (a *api) readLength(v goja.Value) (int, bool) {
	if goja.IsNull(v) || goja.IsUndefined(v) {
		return 0, false
	}
	return a.integer(v, "length"), true
}

func (a *api) deriveBits(call goja.FunctionCall) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	k := a.needKey(call.Argument(1), "deriveBits")
	bits, given := a.readLength(call.Argument(2))
	a.needUse(k, p.name, useDeriveBits)
	return a.start(a.deriver(k, "deriveBits")(k, p, bits, given))
}

func (a *api) deriver(k *key, operation string) func(k *key, p params, bits int, given bool) task {
	f := k.provider().derive
	if f == nil {
		a.notImplemented(operation, k.algorithm.name)
	}
	return f
}

func (a *api) deriveKey(call goja.FunctionCall) goja.Value {
	p := a.params(call.Argument(0), "algorithm")
	k := a.needKey(call.Argument(1), "deriveKey")
	derived := a.params(call.Argument(2), "derivedKeyParams")
	in := keyInput{format: "raw", extractable: call.Argument(3).ToBoolean(), usages: a.strings(call.Argument(4), "keyUsages")}
	a.needUse(k, p.name, useDeriveKey)
	pr, _, ok := providerOf(derived.name)
	if !ok || pr.keyLength == nil {
		a.throw("NotSupportedError", "Unrecognized derived key type \"%s\" requested.", derived.name)
	}
	bits, given := pr.keyLength(derived)
	f := a.importerFor(derived)
	t := a.deriver(k, "deriveKey")(k, p, bits, given)
	return a.start(task{t.slow, func() (any, error) {
		v, err := t.run()
		if err != nil {
			return nil, err
		}
		in := in
		in.raw = v.([]byte)
		return orNothing(f(in))
	}})
}

func (a *api) wrapKey(call goja.FunctionCall) goja.Value {
	format := a.realm.String(call.Argument(0))
	k, wrapping := a.needKey(call.Argument(1), "wrapKey"), a.needKey(call.Argument(2), "wrapKey")
	p := a.params(call.Argument(3), "algorithm")
	a.needUse(wrapping, p.name, useWrapKey)
	exported, err := a.exportTask(k, format).run()
	if err != nil {
		panic(a.errorObject(err))
	}
	data, ok := exported.([]byte)
	if !ok {
		text, err := a.stringify(exported.(*jwk).object(a.rt))
		if err != nil {
			panic(err)
		}
		data = []byte(text)
	}
	pr := wrapping.provider()
	f := pr.wrap
	if f == nil {
		f = pr.encrypt
	}
	if f == nil {
		a.notImplemented("wrapKey", wrapping.algorithm.name)
	}
	return a.start(f(wrapping, p, data))
}

func (a *api) stringify(o *goja.Object) (string, error) {
	f, _ := goja.AssertFunction(a.rt.Get("JSON").(*goja.Object).Get("stringify"))
	v, err := f(goja.Undefined(), o)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

func (a *api) unwrapKey(call goja.FunctionCall) goja.Value {
	in := keyInput{format: a.realm.String(call.Argument(0))}
	data := a.bytes(call.Argument(1), "wrappedKey")
	k := a.needKey(call.Argument(2), "unwrapKey")
	p := a.params(call.Argument(3), "algorithm")
	unwrapped := a.params(call.Argument(4), "unwrappedKeyAlgorithm")
	in.extractable, in.usages = call.Argument(5).ToBoolean(), a.strings(call.Argument(6), "keyUsages")
	a.needUse(k, p.name, useUnwrapKey)
	imp := a.importerFor(unwrapped)
	pr := k.provider()
	f := pr.unwrap
	if f == nil {
		f = pr.decrypt
	}
	if f == nil {
		a.notImplemented("unwrapKey", k.algorithm.name)
	}
	t := f(k, p, data)
	return a.start(task{true, func() (any, error) {
		v, err := t.run()
		if err != nil {
			return nil, err
		}
		in := in
		in.raw = v.([]byte)
		switch in.format {
		case "raw", "pkcs8", "spki":
		case "jwk":
			if in.jwk, err = parseJWK(in.raw); err != nil {
				return nil, err
			}
		default:
			return nil, fail("NotSupportedError", "Unrecognized key import format \"%s\".", in.format)
		}
		return orNothing(imp(in))
	}})
}

// parseJWK reads the JSON of a JWK that was wrapped.
func parseJWK(b []byte) (*jwk, error) {
	corrupt := fail("DataError", "Missing \"kty\" field or corrupt JSON unwrapping key?")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, corrupt
	}
	j := &jwk{}
	for _, m := range j.members() {
		if raw, ok := fields[m.name]; ok {
			if err := json.Unmarshal(raw, m.at); err != nil {
				return nil, corrupt
			}
		}
	}
	if raw, ok := fields["ext"]; ok {
		if err := json.Unmarshal(raw, &j.ext); err != nil {
			return nil, corrupt
		}
	}
	if raw, ok := fields["key_ops"]; ok {
		if err := json.Unmarshal(raw, &j.keyOps); err != nil {
			return nil, corrupt
		}
		j.hasOps = true
	}
	if j.kty == nil {
		return nil, corrupt
	}
	_, j.hasOth = fields["oth"]
	return j, nil
}

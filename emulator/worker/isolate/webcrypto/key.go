package webcrypto

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A key is the state behind a CryptoKey. Nothing of it changes once it is made, save the objects
// that its attributes return, which belong to the loop.
type key struct {
	kind        string // secret, public or private
	algorithm   algorithm
	extractable bool
	usages      usages
	material    any // []byte for secrets, else Go's type of key

	// The rest belongs to the loop: the objects that the attributes return, and who made the CryptoKey.
	algorithmObject, usagesObject *goja.Object
	api                           *api
}

type keyPair struct{ public, private *key }

// An algorithm is what a key says of itself; parts that its kind of key has not are zero.
type algorithm struct {
	name     string
	hash     string
	curve    string
	length   int // bits
	exponent []byte
}

// usages is a set of key usages.
type usages uint16

const (
	useEncrypt usages = 1 << iota
	useDecrypt
	useSign
	useVerify
	useDeriveKey
	useDeriveBits
	useWrapKey
	useUnwrapKey
)

// usageNames are the names of the usages in the order of their bits, which is the order of the
// usages attribute too.
var usageNames = []string{"encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"}

func (u usages) names() []string {
	names := []string{}
	for i, name := range usageNames {
		if u&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// checkUsages makes a set of names, all of which must be in allowed. what says what is being done.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/crypto.c++
func checkUsages(what, algorithm string, names []string, allowed usages) (usages, error) {
	var set usages
	for _, name := range names {
		var u usages
		for i, known := range usageNames {
			if known == name {
				u = 1 << i
			}
		}
		if u&allowed == 0 {
			return 0, fail("SyntaxError", "Attempt to %s %s key with invalid usage \"%s\".", what, algorithm, name)
		}
		set |= u
	}
	return set, nil
}

func (a *api) installKeys() {
	rt := a.rt
	class := idl.Define[*key](a.realm, "CryptoKey", 0, nil)
	class.Getter("type", func(k *key) goja.Value { return rt.ToValue(k.kind) })
	class.Getter("extractable", func(k *key) goja.Value { return rt.ToValue(k.extractable) })
	class.Getter("algorithm", func(k *key) goja.Value {
		if k.algorithmObject == nil {
			k.algorithmObject = a.algorithmObject(k.algorithm)
		}
		return k.algorithmObject
	})
	class.Getter("usages", func(k *key) goja.Value {
		if k.usagesObject == nil {
			k.usagesObject = stringArray(rt, k.usages.names())
		}
		return k.usagesObject
	})
	a.keys = class
}

func (a *api) algorithmObject(alg algorithm) *goja.Object {
	o := a.rt.NewObject()
	must(o.Set("name", alg.name))
	if alg.exponent != nil {
		must(o.Set("modulusLength", alg.length))
		must(o.Set("publicExponent", a.realm.Uint8Array(append([]byte(nil), alg.exponent...))))
	}
	if alg.hash != "" {
		hash := a.rt.NewObject()
		must(hash.Set("name", alg.hash))
		must(o.Set("hash", hash))
	}
	if alg.exponent == nil && alg.length != 0 {
		must(o.Set("length", alg.length))
	}
	if alg.curve != "" {
		must(o.Set("namedCurve", alg.curve))
	}
	return o
}

// Clone makes structuredClone work on CryptoKeys.
func (k *key) Clone(host.Host) goja.Value {
	copied := *k
	copied.algorithmObject, copied.usagesObject = nil, nil
	return k.api.value(&copied)
}

// secret is the key's bytes; only keys of kind secret have them so.
func (k *key) secret() []byte { return k.material.([]byte) }

// needKey is v as a CryptoKey, or throws.
func (a *api) needKey(v goja.Value, method string) *key {
	k, ok := idl.As[*key](a.realm, v)
	if !ok {
		a.realm.TypeError("Failed to execute '%s' on 'SubtleCrypto': parameter is not of type 'CryptoKey'.", method)
	}
	return k
}

// needUse throws unless k is for the algorithm and has the usage.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/crypto/crypto.c++
func (a *api) needUse(k *key, requested string, u usages) {
	if !strings.EqualFold(requested, k.algorithm.name) {
		a.throw("InvalidAccessError", "Requested algorithm \"%s\" does not match this CryptoKey's algorithm \"%s\".", requested, k.algorithm.name)
	}
	if k.usages&u == 0 {
		a.throw("InvalidAccessError", "Requested key usage \"%s\" does not match any usage listed in this CryptoKey.", u.names()[0])
	}
}

func stringArray(rt *goja.Runtime, list []string) *goja.Object {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = s
	}
	return rt.NewArray(items...)
}

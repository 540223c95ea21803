package webcrypto

import (
	"crypto/subtle"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// A jwk is a JSON Web Key; nil members are missing.
type jwk struct {
	kty, use, alg, crv     *string
	ext                    *bool
	keyOps                 []string
	hasOps, hasOth         bool
	k, x, y, d             *string
	n, e, p, q, dp, dq, qi *string
}

// members are jwk's strings by their names, in the order in which they are exported.
func (j *jwk) members() []struct {
	name string
	at   **string
} {
	return []struct {
		name string
		at   **string
	}{
		{"kty", &j.kty}, {"crv", &j.crv}, {"alg", &j.alg}, {"use", &j.use}, {"k", &j.k},
		{"n", &j.n}, {"e", &j.e}, {"x", &j.x}, {"y", &j.y}, {"d", &j.d},
		{"p", &j.p}, {"q", &j.q}, {"dp", &j.dp}, {"dq", &j.dq}, {"qi", &j.qi},
	}
}

// readJWK reads a JsonWebKey dictionary.
func (a *api) readJWK(o *goja.Object) *jwk {
	j := &jwk{}
	get := func(name string) goja.Value {
		if v := o.Get(name); v != nil && !goja.IsUndefined(v) {
			return v
		}
		return nil
	}
	for _, m := range j.members() {
		if v := get(m.name); v != nil {
			s := a.realm.String(v)
			*m.at = &s
		}
	}
	if v := get("ext"); v != nil {
		ext := v.ToBoolean()
		j.ext = &ext
	}
	if v := get("key_ops"); v != nil {
		j.keyOps, j.hasOps = a.strings(v, "key_ops"), true
	}
	j.hasOth = get("oth") != nil
	return j
}

func (j *jwk) object(rt *goja.Runtime) *goja.Object {
	o := rt.NewObject()
	for _, m := range j.members() {
		if *m.at != nil {
			must(o.Set(m.name, **m.at))
		}
	}
	if j.hasOps {
		must(o.Set("key_ops", stringArray(rt, j.keyOps)))
	}
	if j.ext != nil {
		must(o.Set("ext", *j.ext))
	}
	return o
}

// check checks what all kinds of JWKs have in common. use is the legal value of use; an empty alg
// is any.
func (j *jwk) check(what, kty, alg, use string, in []string) error {
	if j.kty == nil || *j.kty != kty {
		return fail("DataError", "%s \"jwk\" key import requires a JSON Web Key with Key Type parameter (\"kty\") equal to \"%s\" (encountered \"%s\").", what, kty, deref(j.kty))
	}
	if alg != "" && j.alg != nil && *j.alg != alg {
		return fail("DataError", "%s \"jwk\" key import specifies \"alg\" that is incompatible with the algorithm (encountered \"%s\", expected \"%s\").", what, *j.alg, alg)
	}
	if j.use != nil && len(in) > 0 && *j.use != use {
		return fail("DataError", "%s \"jwk\" key import requires a JSON Web Key with Public Key Use parameter (\"use\") equal to \"%s\" (encountered \"%s\").", what, use, *j.use)
	}
	if !j.hasOps {
		return nil
	}
	ops := slices.Clone(j.keyOps)
	slices.Sort(ops)
	if len(slices.Compact(ops)) != len(j.keyOps) {
		return fail("DataError", "A JSON Web Key's Key Operations parameter (\"key_ops\") must not contain duplicates.")
	}
	for _, usage := range in {
		if !slices.Contains(j.keyOps, usage) {
			return fail("DataError", "All specified key usages must be present in the JSON Web Key's Key Operations parameter (\"key_ops\").")
		}
	}
	return nil
}

// octets is the key of a JWK of kind oct.
func (j *jwk) octets(what, alg, use string, in []string) ([]byte, error) {
	if err := j.check(what, "oct", alg, use, in); err != nil {
		return nil, err
	}
	return base64URL(j.k, what, "k")
}

func base64URL(s *string, what, member string) ([]byte, error) {
	if s != nil {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(*s, "="))
		if err == nil {
			return b, nil
		}
	}
	return nil, fail("DataError", "%s \"jwk\" key import requires a base64Url encoding of \"%s\".", what, member)
}

// integer is a member that holds a big-endian number.
func (j *jwk) integer(s *string, what, member string) (*big.Int, error) {
	b, err := base64URL(s, what, member)
	if err != nil {
		return nil, err
	}
	return new(big.Int).SetBytes(b), nil
}

func encode(b []byte) *string {
	s := base64.RawURLEncoding.EncodeToString(b)
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// exported makes the JWK of k with what all exported JWKs have.
func (k *key) exported(kty string) *jwk {
	ext := true
	return &jwk{kty: &kty, keyOps: k.usages.names(), hasOps: true, ext: &ext}
}

func (k *key) octetJWK(alg string) *jwk {
	j := k.exported("oct")
	j.alg, j.k = &alg, encode(k.secret())
	return j
}

// equalBytes compares in constant time.
func equalBytes(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

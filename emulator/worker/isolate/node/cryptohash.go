package node

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding"
	"hash"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	//lint:ignore SA1019 Node.js has it, for what is old.
	"golang.org/x/crypto/ripemd160"
)

// A digest is a hash function by the name that OpenSSL has for it.
type digest struct {
	name    string
	make    func() hash.Hash
	id      crypto.Hash // zero: not one that RSA signs
	xof     func() *sha3.SHAKE
	xofSize int // bytes when nobody asks for others
}

func blake(make func([]byte) (hash.Hash, error)) func() hash.Hash {
	return func() hash.Hash {
		h, err := make(nil)
		must(err) // keys only can be wrong
		return h
	}
}

func sha3Of[T hash.Hash](make func() T) func() hash.Hash { return func() hash.Hash { return make() } }

// digests are all hash functions.
func digests() []digest {
	return []digest{
		{name: "blake2b512", make: blake(blake2b.New512)},
		{name: "blake2s256", make: blake(blake2s.New256)},
		{name: "md5", make: md5.New, id: crypto.MD5},
		{name: "ripemd160", make: ripemd160.New, id: crypto.RIPEMD160},
		{name: "sha1", make: sha1.New, id: crypto.SHA1},
		{name: "sha224", make: sha256.New224, id: crypto.SHA224},
		{name: "sha256", make: sha256.New, id: crypto.SHA256},
		{name: "sha3-224", make: sha3Of(sha3.New224), id: crypto.SHA3_224},
		{name: "sha3-256", make: sha3Of(sha3.New256), id: crypto.SHA3_256},
		{name: "sha3-384", make: sha3Of(sha3.New384), id: crypto.SHA3_384},
		{name: "sha3-512", make: sha3Of(sha3.New512), id: crypto.SHA3_512},
		{name: "sha384", make: sha512.New384, id: crypto.SHA384},
		{name: "sha512", make: sha512.New, id: crypto.SHA512},
		{name: "sha512-224", make: sha512.New512_224, id: crypto.SHA512_224},
		{name: "sha512-256", make: sha512.New512_256, id: crypto.SHA512_256},
		{name: "shake128", xof: sha3.NewSHAKE128, xofSize: 16},
		{name: "shake256", xof: sha3.NewSHAKE256, xofSize: 32},
	}
}

// hashNames are what getHashes lists.
func hashNames() []string {
	names := []string{"RSA-MD5", "RSA-RIPEMD160", "RSA-SHA1", "RSA-SHA224", "RSA-SHA256", "RSA-SHA384", "RSA-SHA512"}
	for _, d := range digests() {
		names = append(names, d.name)
	}
	return names
}

// digestOf finds a hash function by one of its names.
func digestOf(name string) (digest, bool) {
	name = strings.ToLower(name)
	switch name {
	case "rmd160", "ripemd", "ripemd-160", "rsa-ripemd160", "ripemd160withrsa":
		name = "ripemd160"
	case "rsa-sha1-2":
		name = "sha1"
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "rsa-"), "withrsaencryption")
	name = strings.ReplaceAll(name, "/", "-")
	if rest, ok := strings.CutPrefix(name, "sha-"); ok {
		name = "sha" + rest
	}
	all := digests()
	at := slices.IndexFunc(all, func(d digest) bool { return d.name == name })
	if at < 0 {
		return digest{}, false
	}
	return all[at], true
}

// A hasher is a Hash or Hmac of JavaScript.
type hasher struct {
	hash.Hash
	xof  *sha3.SHAKE
	size int
}

var errHashName = &fault{class: "Error", message: "Digest method not supported"}

func newHasher(name string, size int) (*hasher, error) {
	d, ok := digestOf(name)
	switch {
	case ok:
	case slices.Contains([]string{"sm3", "md4", "mdc2", "md5-sha1", "whirlpool"}, strings.TrimPrefix(strings.ToLower(name), "rsa-")):
		return nil, absentFault("the hash " + name)
	default:
		return nil, errHashName
	}
	if d.xof != nil {
		if size < 0 {
			size = d.xofSize
		}
		return &hasher{xof: d.xof(), size: size}, nil
	}
	h := d.make()
	if size >= 0 && size != h.Size() {
		return nil, opensslFault("ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH", "030000B2", "digital envelope routines", "not XOF or invalid length")
	}
	return &hasher{Hash: h}, nil
}

func (h *hasher) update(b []byte) {
	if h.xof != nil {
		_, _ = h.xof.Write(b)
		return
	}
	h.Write(b)
}

func (h *hasher) digest() []byte {
	if h.xof == nil {
		return h.Sum(nil)
	}
	out := make([]byte, h.size)
	_, _ = h.xof.Read(out)
	return out
}

// copyTo gives to, made for the same function, h's state.
func (h *hasher) copyTo(to *hasher) error {
	var from, into any = h.Hash, to.Hash
	if h.xof != nil {
		from, into = h.xof, to.xof
	}
	if c, ok := from.(hash.Cloner); ok && h.xof == nil {
		clone, err := c.Clone()
		to.Hash = clone
		return err
	}
	m, marshals := from.(encoding.BinaryMarshaler)
	u, unmarshals := into.(encoding.BinaryUnmarshaler)
	if !marshals || !unmarshals {
		// Deviation: a Hash of ripemd160 cannot be copied, as its state cannot be read.
		return absentFault("copy() of a ripemd160 hash")
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	return u.UnmarshalBinary(state)
}

func (r *Registry) hashNatives(n *natives) {
	handle := func(v goja.Value) *hasher { return v.Export().(*hasher) }
	n.function("hash", func(call goja.FunctionCall) goja.Value {
		h, err := newHasher(call.Argument(0).String(), int(call.Argument(1).ToInteger()))
		r.throw(err)
		return r.rt.ToValue(h)
	})
	n.function("hmac", func(call goja.FunctionCall) goja.Value {
		name := call.Argument(0).String()
		d, ok := digestOf(name)
		if !ok || d.make == nil {
			r.throw(&fault{class: "TypeError", code: "ERR_CRYPTO_INVALID_DIGEST", message: "Invalid digest: " + name})
		}
		return r.rt.ToValue(&hasher{Hash: hmac.New(d.make, r.bytes(call.Argument(1)))})
	})
	n.function("update", func(call goja.FunctionCall) goja.Value {
		handle(call.Argument(0)).update(r.bytes(call.Argument(1)))
		return goja.Undefined()
	})
	n.function("digest", func(call goja.FunctionCall) goja.Value { return r.buffer(handle(call.Argument(0)).digest()) })
	n.function("copy", func(call goja.FunctionCall) goja.Value {
		to, err := newHasher(call.Argument(1).String(), int(call.Argument(2).ToInteger()))
		r.throw(err)
		r.throw(handle(call.Argument(0)).copyTo(to))
		return r.rt.ToValue(to)
	})
	n.value("hashes", r.rt.ToValue(hashNames()))
}

package node

import (
	"crypto/cipher"
	"encoding/binary"
	"strconv"

	"github.com/dop251/goja"
)

// A gcmStream is the key stream of GCM, whose counter is the last 32 bits of the block.
type gcmStream struct {
	block   cipher.Block
	counter [16]byte
	keys    [16]byte
	used    int // of keys
}

func newGCMStream(block cipher.Block, iv []byte) *gcmStream {
	s := &gcmStream{block: block, used: 16}
	if len(iv) == 12 {
		copy(s.counter[:], iv)
		s.counter[15] = 1
	} else {
		s.counter = gcmStart(block, iv)
	}
	return s
}

func (s *gcmStream) XORKeyStream(dst, src []byte) {
	for i, b := range src {
		if s.used == len(s.keys) {
			binary.BigEndian.PutUint32(s.counter[12:], binary.BigEndian.Uint32(s.counter[12:])+1)
			s.block.Encrypt(s.keys[:], s.counter[:])
			s.used = 0
		}
		dst[i] = b ^ s.keys[s.used]
		s.used++
	}
}

// gcmStart is the first counter block for an iv that has not 12 bytes: GHASH of it and its length.
// Receipt: NIST SP 800-38D, 7.1
func gcmStart(block cipher.Block, iv []byte) (y [16]byte) {
	var h [16]byte
	block.Encrypt(h[:], h[:])
	padded := append(append([]byte(nil), iv...), make([]byte, (16-len(iv)%16)%16+8)...)
	padded = binary.BigEndian.AppendUint64(padded, uint64(len(iv))*8)
	for ; len(padded) > 0; padded = padded[16:] {
		for i := range y {
			y[i] ^= padded[i]
		}
		y = gcmTimes(y, h)
	}
	return y
}

// gcmTimes multiplies in the field of GCM, bit by bit: it is for a few blocks only.
// Receipt: NIST SP 800-38D, 6.3
func gcmTimes(x, y [16]byte) (z [16]byte) {
	for i := range 128 {
		if x[i/8]>>(7-i%8)&1 == 1 {
			for j := range z {
				z[j] ^= y[j]
			}
		}
		carry := y[15] & 1
		for j := 15; j > 0; j-- {
			y[j] = y[j]>>1 | y[j-1]<<7
		}
		y[0] >>= 1
		if carry == 1 {
			y[0] ^= 0xE1
		}
	}
	return z
}

func invalidTag(n int) error {
	return &fault{class: "TypeError", code: "ERR_CRYPTO_INVALID_AUTH_TAG", message: "Invalid authentication tag length: " + strconv.Itoa(n)}
}

func invalidState(operation string) error {
	return &fault{class: "Error", code: "ERR_CRYPTO_INVALID_STATE", message: "Invalid state for operation " + operation}
}

func (c *cryptor) setTag(tag []byte) error {
	if c.aead == nil || c.encrypt || c.ended || c.tag != nil {
		return invalidState("setAuthTag")
	}
	if !c.tagLengthRight(len(tag)) || c.tagLen >= 0 && c.tagLen != len(tag) {
		return invalidTag(len(tag))
	}
	c.tag = append([]byte{}, tag...)
	return nil
}

func (c *cryptor) addExtra(data []byte) error {
	if c.aead == nil || c.ended || c.began {
		return invalidState("setAAD")
	}
	c.extra = append(c.extra, data...)
	return nil
}

func (r *Registry) cipherNatives(n *natives) {
	handle := func(v goja.Value) *cryptor { return v.Export().(*cryptor) }
	result := func(b []byte, err error) goja.Value {
		r.throw(err)
		return r.buffer(b)
	}
	n.function("cipher", func(call goja.FunctionCall) goja.Value {
		c, err := newCryptor(call.Argument(0).String(), call.Argument(1).ToBoolean(),
			r.bytes(call.Argument(2)), r.bytes(call.Argument(3)), int(call.Argument(4).ToInteger()))
		r.throw(err)
		return r.rt.ToValue(c)
	})
	n.function("cipherUpdate", func(call goja.FunctionCall) goja.Value {
		return result(handle(call.Argument(0)).update(r.bytes(call.Argument(1))))
	})
	n.function("cipherFinal", func(call goja.FunctionCall) goja.Value { return result(handle(call.Argument(0)).final()) })
	n.function("cipherTag", func(call goja.FunctionCall) goja.Value {
		c := handle(call.Argument(0))
		if !c.ended || !c.encrypt || c.tag == nil {
			r.throw(invalidState("getAuthTag"))
		}
		return r.buffer(append([]byte{}, c.tag...))
	})
	n.function("cipherSetTag", func(call goja.FunctionCall) goja.Value {
		r.throw(handle(call.Argument(0)).setTag(r.bytes(call.Argument(1))))
		return goja.Undefined()
	})
	n.function("cipherExtra", func(call goja.FunctionCall) goja.Value {
		r.throw(handle(call.Argument(0)).addExtra(r.bytes(call.Argument(1))))
		return goja.Undefined()
	})
	n.function("cipherPadding", func(call goja.FunctionCall) goja.Value {
		c := handle(call.Argument(0))
		if c.ended {
			r.throw(invalidState("setAutoPadding"))
		}
		c.padding = call.Argument(1).ToBoolean()
		return goja.Undefined()
	})
	n.function("cipherInfo", func(call goja.FunctionCall) goja.Value { return r.cipherInfo(call.Argument(0).String()) })
	names := []string{}
	for _, k := range cipherKinds() {
		names = append(names, k.name)
	}
	n.value("ciphers", r.rt.ToValue(names))
}

func (r *Registry) cipherInfo(name string) goja.Value {
	k, ok := cipherOf(name)
	if !ok {
		return goja.Undefined()
	}
	shown := k.name
	if k.mode == "gcm" {
		shown = "id-aes" + strconv.Itoa(k.key*8) + "-gcm"
	}
	o := r.rt.NewObject()
	must(o.Set("mode", k.mode))
	must(o.Set("name", shown))
	must(o.Set("nid", k.nid))
	for _, p := range []struct {
		name string
		n    int
	}{{"blockSize", k.blockLen}, {"ivLength", k.iv}, {"keyLength", k.key}} {
		if p.n > 0 {
			must(o.Set(p.name, p.n))
		}
	}
	return o
}

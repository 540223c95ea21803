package node

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/chacha20poly1305"
)

// A cipherKind is a cipher by OpenSSL's name.
type cipherKind struct {
	name     string
	mode     string // cbc, ecb, ctr, gcm, or stream for chacha20-poly1305
	key, iv  int    // bytes; iv is the usual one where others are allowed
	blockLen int
	nid      int // OpenSSL's number
	make     func(key []byte) (cipher.Block, error)
}

func (k cipherKind) aead() bool { return k.mode == "gcm" || k.mode == "stream" }

func cipherKinds() []cipherKind {
	kinds := []cipherKind{
		{"chacha20-poly1305", "stream", 32, 12, 0, 1018, nil},
		{"des-ede3", "ecb", 24, 0, 8, 33, des.NewTripleDESCipher},
		{"des-ede3-cbc", "cbc", 24, 8, 8, 44, des.NewTripleDESCipher},
	}
	for i, bits := range []string{"128", "192", "256"} {
		size := 16 + 8*i
		kinds = append(kinds,
			cipherKind{"aes-" + bits + "-cbc", "cbc", size, 16, 16, 419 + 4*i, aes.NewCipher},
			cipherKind{"aes-" + bits + "-ctr", "ctr", size, 16, 1, 904 + i, aes.NewCipher},
			cipherKind{"aes-" + bits + "-ecb", "ecb", size, 0, 16, 418 + 4*i, aes.NewCipher},
			cipherKind{"aes-" + bits + "-gcm", "gcm", size, 12, 1, 895 + 3*i, aes.NewCipher})
	}
	slices.SortFunc(kinds, func(a, b cipherKind) int { return strings.Compare(a.name, b.name) })
	return kinds
}

func cipherOf(name string) (cipherKind, bool) {
	name = strings.ToLower(name)
	if size, ok := strings.CutPrefix(name, "id-aes"); ok {
		name = "aes-" + strings.ToLower(size)
	}
	if slices.Contains([]string{"aes128", "aes192", "aes256"}, name) {
		name = "aes-" + name[3:] + "-cbc"
	}
	if name == "des3" {
		name = "des-ede3-cbc"
	}
	all := cipherKinds()
	at := slices.IndexFunc(all, func(k cipherKind) bool { return k.name == name })
	if at < 0 {
		return cipherKind{}, false
	}
	return all[at], true
}

// A cryptor is a Cipheriv or Decipheriv.
type cryptor struct {
	kind    cipherKind
	encrypt bool
	padding bool
	ended   bool

	blocks cipher.BlockMode // cbc and ecb
	rest   []byte           // input that fills no block yet, or that may be the padding

	stream cipher.Stream // the others
	aead   cipher.AEAD
	iv     []byte
	extra  []byte // the additional data
	plain  []byte // all of it, for the tag
	began  bool   // something has been encrypted or decrypted
	tag    []byte // as it came out, or as it must be
	tagLen int
}

var (
	errUnknownCipher = &fault{class: "Error", code: "ERR_CRYPTO_UNKNOWN_CIPHER", message: "Unknown cipher"}
	errKeyLength     = &fault{class: "RangeError", code: "ERR_CRYPTO_INVALID_KEYLEN", message: "Invalid key length"}
	errIV            = &fault{class: "TypeError", code: "ERR_CRYPTO_INVALID_IV", message: "Invalid initialization vector"}
	errFinalState    = &fault{class: "Error", code: "ERR_CRYPTO_INVALID_STATE", message: "Invalid state"}
	errAuthenticate  = &fault{class: "Error", message: "Unsupported state or unable to authenticate data"}
	errUpdateState   = &fault{class: "Error", message: "Trying to add data in unsupported state"}
)

// unknownCipher is the error for a cipher that nobody has, or that only OpenSSL has.
func unknownCipher(name string) error {
	for _, family := range []string{"aes", "id-aes", "aria", "bf", "camellia", "cast", "chacha20", "des", "idea", "rc2", "rc4", "seed", "sm4"} {
		if strings.HasPrefix(strings.ToLower(name), family) {
			return absentFault("the cipher " + name)
		}
	}
	return errUnknownCipher
}

// newCryptor makes a cipher; tagLen is negative when none was asked for.
func newCryptor(name string, encrypt bool, key, iv []byte, tagLen int) (*cryptor, error) {
	kind, ok := cipherOf(name)
	if !ok {
		return nil, unknownCipher(name)
	}
	if len(key) != kind.key {
		return nil, errKeyLength
	}
	ivRight := len(iv) == kind.iv
	if kind.mode == "gcm" {
		ivRight = len(iv) > 0
	}
	if !ivRight {
		return nil, errIV
	}
	c := &cryptor{kind: kind, encrypt: encrypt, padding: true, iv: slices.Clone(iv), tagLen: tagLen}
	if kind.aead() && tagLen >= 0 && !c.tagLengthRight(tagLen) {
		return nil, invalidTag(tagLen)
	}
	if kind.mode == "stream" {
		return c, c.useChaCha(key)
	}
	block, err := kind.make(slices.Clone(key))
	if err != nil {
		return nil, err
	}
	switch kind.mode {
	case "cbc":
		if encrypt {
			c.blocks = cipher.NewCBCEncrypter(block, iv)
		} else {
			c.blocks = cipher.NewCBCDecrypter(block, iv)
		}
	case "ecb":
		c.blocks = &codebook{block, encrypt}
	case "ctr":
		c.stream = cipher.NewCTR(block, iv)
	case "gcm":
		c.stream = newGCMStream(block, iv)
		c.aead, err = cipher.NewGCMWithNonceSize(block, len(iv))
	}
	return c, err
}

// useChaCha sets the stream after the block that makes the key of the tag.
func (c *cryptor) useChaCha(key []byte) error {
	s, err := chacha20.NewUnauthenticatedCipher(key, c.iv)
	if err != nil {
		return err
	}
	s.SetCounter(1)
	c.stream = s
	c.aead, err = chacha20poly1305.New(slices.Clone(key))
	return err
}

func (c *cryptor) tagLengthRight(n int) bool {
	if c.kind.mode == "gcm" {
		return n == 4 || n == 8 || n >= 12 && n <= 16
	}
	return n >= 1 && n <= 16
}

// codebook is the mode ECB, which Go has not.
type codebook struct {
	block   cipher.Block
	encrypt bool
}

func (e *codebook) BlockSize() int { return e.block.BlockSize() }

func (e *codebook) CryptBlocks(dst, src []byte) {
	f := e.block.Decrypt
	if e.encrypt {
		f = e.block.Encrypt
	}
	for n := e.BlockSize(); len(src) >= n; dst, src = dst[n:], src[n:] {
		f(dst, src)
	}
}

func (c *cryptor) update(data []byte) ([]byte, error) {
	if c.ended {
		return nil, errUpdateState
	}
	if c.stream != nil {
		return c.updateStream(data), nil
	}
	in := append(c.rest, data...)
	whole := len(in) / c.blocks.BlockSize() * c.blocks.BlockSize()
	if !c.encrypt && c.padding && whole == len(in) && whole > 0 {
		whole -= c.blocks.BlockSize() // it may hold the padding
	}
	c.rest = slices.Clone(in[whole:])
	out := make([]byte, whole)
	c.blocks.CryptBlocks(out, in[:whole])
	return out, nil
}

func (c *cryptor) updateStream(data []byte) []byte {
	out := make([]byte, len(data))
	c.stream.XORKeyStream(out, data)
	if c.aead != nil {
		c.began = true
		if c.encrypt {
			c.plain = append(c.plain, data...)
		} else {
			c.plain = append(c.plain, out...)
		}
	}
	return out
}

func (c *cryptor) final() ([]byte, error) {
	if c.ended {
		return nil, errFinalState
	}
	c.ended = true
	if c.aead != nil {
		return nil, c.finalTag()
	}
	if c.blocks == nil {
		return nil, nil
	}
	size := c.blocks.BlockSize()
	wrongLength := opensslFault("ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH", "1C80006B", "Provider routines", "wrong final block length")
	if !c.padding {
		if len(c.rest) > 0 {
			return nil, wrongLength
		}
		return nil, nil
	}
	if c.encrypt {
		pad := size - len(c.rest)
		for range pad {
			c.rest = append(c.rest, byte(pad))
		}
		c.blocks.CryptBlocks(c.rest, c.rest)
		return c.rest, nil
	}
	if len(c.rest) != size {
		return nil, wrongLength
	}
	c.blocks.CryptBlocks(c.rest, c.rest)
	return unpad(c.rest)
}

var errBadDecrypt = opensslFault("ERR_OSSL_BAD_DECRYPT", "1C800064", "Provider routines", "bad decrypt")

// unpad takes the padding of PKCS #7 off the last block.
func unpad(block []byte) ([]byte, error) {
	pad := int(block[len(block)-1])
	if pad == 0 || pad > len(block) {
		return nil, errBadDecrypt
	}
	for _, b := range block[len(block)-pad:] {
		if int(b) != pad {
			return nil, errBadDecrypt
		}
	}
	return block[:len(block)-pad], nil
}

// finalTag makes the tag, or compares it. Go seals in one go only: so all is sealed once more.
func (c *cryptor) finalTag() error {
	sealed := c.aead.Seal(nil, c.iv, c.plain, c.extra)
	full := sealed[len(c.plain):]
	if c.encrypt {
		n := c.tagLen
		if n < 0 {
			n = 16
		}
		c.tag = full[:n]
		return nil
	}
	if c.tag == nil || subtle.ConstantTimeCompare(full[:len(c.tag)], c.tag) != 1 {
		return errAuthenticate
	}
	return nil
}

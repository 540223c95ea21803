package node

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// A charset is a way of Buffer's to read bytes as text.
type charset byte

const (
	charsetUnknown charset = iota
	charsetUTF8
	charsetUTF16
	charsetLatin1
	charsetASCII
	charsetHex
	charsetBase64
	charsetBase64URL
)

// charsetOf knows the encodings by all their names.
func charsetOf(name string) charset {
	switch strings.ToLower(name) {
	case "utf8", "utf-8", "":
		return charsetUTF8
	case "ucs2", "ucs-2", "utf16le", "utf-16le":
		return charsetUTF16
	case "latin1", "binary":
		return charsetLatin1
	case "ascii":
		return charsetASCII
	case "hex":
		return charsetHex
	case "base64":
		return charsetBase64
	case "base64url":
		return charsetBase64URL
	}
	return charsetUnknown
}

// name is the one that Node.js itself uses.
func (e charset) name() string {
	return [...]string{"", "utf8", "utf16le", "latin1", "ascii", "hex", "base64", "base64url"}[e]
}

// bytes reads text.
func (e charset) bytes(s goja.String) []byte {
	switch e {
	case charsetUTF8:
		return []byte(s.String())
	case charsetLatin1, charsetASCII:
		b := make([]byte, s.Length())
		for n := range b {
			b[n] = byte(s.CharAt(n))
		}
		return b
	case charsetUTF16:
		b := make([]byte, 2*s.Length())
		for n := range s.Length() {
			binary.LittleEndian.PutUint16(b[2*n:], s.CharAt(n))
		}
		return b
	case charsetHex:
		return hexBytes(s.String())
	}
	return base64Bytes(s.String())
}

// hexBytes reads pairs of digits up to the first that is none.
func hexBytes(s string) []byte {
	b := make([]byte, len(s)/2)
	n, _ := hex.Decode(b, []byte(s[:len(s)/2*2]))
	return b[:n]
}

// base64Bytes reads either alphabet, and passes over what belongs to neither.
func base64Bytes(s string) []byte {
	plain := strings.TrimRight(s, "=")
	if b, err := base64.RawStdEncoding.DecodeString(plain); err == nil && !strings.ContainsAny(plain, "\r\n") {
		return b
	}
	out := make([]byte, 0, len(s)*3/4)
	var bits uint32
	have := 0
	for _, c := range []byte(s) {
		v := sextets[c]
		if v < 0 {
			if c == '=' {
				break
			}
			continue
		}
		bits, have = bits<<6|uint32(v), have+6
		if have >= 8 {
			have -= 8
			out = append(out, byte(bits>>have))
		}
	}
	return out
}

// sextets is what the characters of both alphabets stand for; -1 for all others.
var sextets = func() (table [256]int8) {
	for n := range table {
		table[n] = -1
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for n, c := range []byte(alphabet) {
		table[c] = int8(n)
	}
	table['+'], table['-'], table['/'], table['_'] = 62, 62, 63, 63
	return table
}()

// text writes bytes.
func (e charset) text(b []byte) goja.Value {
	switch e {
	case charsetUTF8:
		return stringValue(webcore.DecodeUTF8(b))
	case charsetUTF16:
		units := make([]uint16, len(b)/2)
		for n := range units {
			units[n] = binary.LittleEndian.Uint16(b[2*n:])
		}
		return goja.StringFromUTF16(units)
	case charsetLatin1:
		return latin1Value(b)
	case charsetASCII:
		low := make([]byte, len(b))
		for n, c := range b {
			low[n] = c & 0x7F
		}
		return stringValue(string(low))
	case charsetHex:
		return stringValue(hex.EncodeToString(b))
	case charsetBase64:
		return stringValue(base64.StdEncoding.EncodeToString(b))
	}
	return stringValue(base64.RawURLEncoding.EncodeToString(b))
}

func latin1Value(b []byte) goja.Value {
	ascii := true
	for _, c := range b {
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return stringValue(string(b))
	}
	units := make([]uint16, len(b))
	for n, c := range b {
		units[n] = uint16(c)
	}
	return goja.StringFromUTF16(units)
}

// stringValue makes a JavaScript string of valid UTF-8. It belongs to no runtime.
func stringValue(s string) goja.Value {
	var none *goja.Runtime
	return none.ToValue(s)
}

// length is how many bytes text takes. That of base64 is an estimate, as Node.js's is.
func (e charset) length(s goja.String) int {
	switch e {
	case charsetUTF16:
		return 2 * s.Length()
	case charsetLatin1, charsetASCII:
		return s.Length()
	case charsetHex:
		return s.Length() / 2
	case charsetBase64, charsetBase64URL:
		n := s.Length()
		for range 2 {
			if n > 1 && s.CharAt(n-1) == '=' {
				n--
			}
		}
		return n * 3 / 4
	}
	return len(s.String())
}

// write puts as much of text into b as fits in whole characters, and returns how many bytes that is.
func (e charset) write(b []byte, s goja.String) int {
	from := e.bytes(s)
	n := min(len(from), len(b))
	switch e {
	case charsetUTF8:
		for n > 0 && n < len(from) && !utf8.RuneStart(from[n]) {
			n--
		}
	case charsetUTF16:
		n -= n % 2
	}
	return copy(b, from[:n])
}

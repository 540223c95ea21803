package webcore

import "unicode/utf8"

// A utf8Decoder decodes UTF-8 piece by piece as the Encoding Standard does: each longest invalid
// prefix of a character becomes one U+FFFD. (Go's own conversions make one of every byte.)
type utf8Decoder struct {
	held [3]byte // the beginning of a character whose rest is still to come
	n    int
}

// decode appends the text of b to dst. With flush, b is the end of the input. It reports false when
// the input was not valid.
func (d *utf8Decoder) decode(dst, b []byte, flush bool) ([]byte, bool) {
	if d.n > 0 {
		b = append(append(make([]byte, 0, d.n+len(b)), d.held[:d.n]...), b...)
		d.n = 0
	}
	valid := true
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			dst = append(dst, b[0])
			b = b[1:]
			continue
		}
		n, whole, ok := sequence(b)
		switch {
		case ok && whole:
			dst = append(dst, b[:n]...)
		case ok && !flush:
			d.n = copy(d.held[:], b)
			return dst, valid
		default:
			dst = append(dst, "\uFFFD"...)
			valid = false
		}
		b = b[n:]
	}
	return dst, valid
}

// sequence measures the character that b, which does not begin with ASCII, begins with: how many
// bytes belong together, whether that is a whole character, and whether they are valid so far.
func sequence(b []byte) (n int, whole, ok bool) {
	need, low, high := 0, byte(0x80), byte(0xBF)
	switch c := b[0]; {
	case 0xC2 <= c && c <= 0xDF:
		need = 1
	case c == 0xE0:
		need, low = 2, 0xA0
	case c == 0xED:
		need, high = 2, 0x9F // no surrogates
	case 0xE1 <= c && c <= 0xEF:
		need = 2
	case c == 0xF0:
		need, low = 3, 0x90
	case 0xF1 <= c && c <= 0xF3:
		need = 3
	case c == 0xF4:
		need, high = 3, 0x8F // nothing above U+10FFFF
	default:
		return 1, false, false
	}
	for n = 1; n <= need; n++ {
		if n == len(b) {
			return n, false, true
		}
		if b[n] < low || b[n] > high {
			return n, false, false
		}
		low, high = 0x80, 0xBF
	}
	return n, true, true
}

// DecodeUTF8 decodes b whole, with U+FFFD for what is invalid.
func DecodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var d utf8Decoder
	text, _ := d.decode(make([]byte, 0, len(b)+8), b, true)
	return string(text)
}

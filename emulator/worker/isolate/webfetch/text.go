package webfetch

import (
	"strings"
	"unicode/utf8"
)

// decodeUTF8 decodes b as the Encoding Standard does: without its byte order mark, and with one
// U+FFFD for each longest run of bytes that could have begun a character.
func decodeUTF8(b []byte) string {
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		b = b[3:]
	}
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b) + 16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = badPrefix(b)
			out.WriteString("\ufffd")
		} else {
			out.Write(b[:n])
		}
		b = b[n:]
	}
	return out.String()
}

// badPrefix is the length of the ill-formed sequence at the start of b, by the maximal subpart rule.
func badPrefix(b []byte) int {
	low, high, need := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		need = 1
	case c == 0xE0:
		low, need = 0xA0, 2
	case c == 0xED:
		high, need = 0x9F, 2
	case c >= 0xE1 && c <= 0xEF:
		need = 2
	case c == 0xF0:
		low, need = 0x90, 3
	case c == 0xF4:
		high, need = 0x8F, 3
	case c >= 0xF1 && c <= 0xF3:
		need = 3
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}

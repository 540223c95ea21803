package d1

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// appendArrays appends the rows as arrays: [[1,"a"],[2,"b"]].
func (r Rows) appendArrays(b []byte) []byte {
	b = append(b, '[')
	rest := r.packed
	for i := range r.n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for j := range r.Columns {
			if j > 0 {
				b = append(b, ',')
			}
			var v value
			v, rest = unpack(rest)
			b = appendValue(b, v)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}

// appendObjects appends the rows as objects: [{"id":1}]. Of columns with the same name the last one
// counts and stands where the first one stood, as in a JavaScript object.
func (r Rows) appendObjects(b []byte) []byte {
	keys := make([][]byte, len(r.Columns))
	last := make([]int, len(r.Columns)) // the column whose value column j shows; -1: none
	seen := make(map[string]int, len(r.Columns))
	for j, name := range r.Columns {
		keys[j] = append(appendString(nil, name), ':')
		if first, twice := seen[name]; twice {
			last[first], last[j] = j, -1
			continue
		}
		seen[name], last[j] = j, j
	}
	b = append(b, '[')
	rest := r.packed
	values := make([]value, len(r.Columns))
	for i := range r.n {
		if i > 0 {
			b = append(b, ',')
		}
		for j := range values {
			values[j], rest = unpack(rest)
		}
		b = append(b, '{')
		empty := true
		for j, from := range last {
			if from < 0 {
				continue
			}
			if !empty {
				b = append(b, ',')
			}
			empty = false
			b = append(b, keys[j]...)
			b = appendValue(b, values[from])
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendValue appends v as JSON.stringify would show what D1 makes of it: numbers are doubles, those
// that JSON does not have are null, a blob is an array of its bytes.
func appendValue(b []byte, v value) []byte {
	switch v.kind {
	case packedInteger:
		return appendInteger(b, int64(v.bits))
	case packedReal:
		return appendReal(b, math.Float64frombits(v.bits))
	case packedText:
		return appendString(b, unsafeString(v.bytes))
	case packedBlob:
		b = append(b, '[')
		for i, c := range v.bytes {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, uint64(c), 10)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

// maxSafeInteger is the largest integer up to which doubles tell all integers apart.
const maxSafeInteger = 1<<53 - 1

func appendInteger(b []byte, i int64) []byte {
	if -maxSafeInteger <= i && i <= maxSafeInteger {
		return strconv.AppendInt(b, i, 10)
	}
	return appendReal(b, float64(i))
}

// appendReal writes f as JavaScript does.
func appendReal(b []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case f == 0: // -0 too
		return append(b, '0')
	case abs == math.Trunc(abs) && abs <= maxSafeInteger:
		return strconv.AppendInt(b, int64(f), 10)
	case 1e-6 <= abs && abs < 1e21:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// Go writes at least two digits of exponent, JavaScript one.
	if n := len(b); b[n-2] == '0' && (b[n-3] == '-' || b[n-3] == '+') {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

const hexDigits = "0123456789abcdef"

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				size = broken(s[i:])
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + size
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// broken returns how many bytes at the start of s, which is no UTF-8, one U+FFFD stands for: those
// that could have begun a character, as https://encoding.spec.whatwg.org/#utf-8-decoder has it.
func broken(s string) int {
	low, high, more := byte(0x80), byte(0xbf), 0
	switch c := s[0]; {
	case 0xc2 <= c && c <= 0xdf:
		more = 1
	case 0xe0 <= c && c <= 0xef:
		more = 2
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case 0xf0 <= c && c <= 0xf4:
		more = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for ; n <= more && n < len(s) && low <= s[n] && s[n] <= high; n++ {
		low, high = 0x80, 0xbf
	}
	return n
}

package node

import (
	"errors"
	"math"
	"slices"
	"strings"
)

// Parameters of the encoding.
// Receipt: https://www.rfc-editor.org/rfc/rfc3492#section-5
const (
	punyBase, punyLow, punyHigh = 36, 1, 26
	punySkew, punyDamp          = 38, 700
	punyBias, punyFirst         = 72, 128
)

var errPunycode = errors.New("invalid input")

// punycodeEncode writes text by RFC 3492, without the prefix of domain names.
func punycodeEncode(text string) (string, error) {
	runes := []rune(text)
	var out strings.Builder
	for _, r := range runes {
		if r < punyFirst {
			out.WriteRune(r)
		}
	}
	done := out.Len()
	basic := done
	if basic > 0 {
		out.WriteByte('-')
	}
	n, delta, bias := rune(punyFirst), 0, punyBias
	for done < len(runes) {
		next := rune(math.MaxInt32)
		for _, r := range runes {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			punyNumber(&out, delta, bias)
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return out.String(), nil
}

// punyNumber writes an integer of variable length.
func punyNumber(out *strings.Builder, q, bias int) {
	for k := punyBase; ; k += punyBase {
		t := punyThreshold(k, bias)
		if q < t {
			out.WriteByte(punyDigit(q))
			return
		}
		out.WriteByte(punyDigit(t + (q-t)%(punyBase-t)))
		q = (q - t) / (punyBase - t)
	}
}

func punyThreshold(k, bias int) int { return max(punyLow, min(punyHigh, k-bias)) }

func punyDigit(n int) byte {
	if n < 26 {
		return byte('a' + n)
	}
	return byte('0' + n - 26)
}

func punyAdapt(delta, count int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / count
	k := 0
	for ; delta > (punyBase-punyLow)*punyHigh/2; k += punyBase {
		delta /= punyBase - punyLow
	}
	return k + (punyBase-punyLow+1)*delta/(delta+punySkew)
}

// punycodeDecode is the reverse of punycodeEncode.
func punycodeDecode(text string) (string, error) {
	var out []rune
	rest := text
	if at := strings.LastIndexByte(text, '-'); at >= 0 {
		out = []rune(text[:at])
		rest = text[at+1:]
	}
	n, i, bias := punyFirst, 0, punyBias
	for len(rest) > 0 {
		before, weight := i, 1
		for k := punyBase; ; k += punyBase {
			if rest == "" {
				return "", errPunycode
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", rest[0]|0x20*(rest[0]>>6&1))
			rest = rest[1:]
			if digit < 0 || digit > (math.MaxInt32-i)/weight {
				return "", errPunycode
			}
			i += digit * weight
			t := punyThreshold(k, bias)
			if digit < t {
				break
			}
			weight *= punyBase - t
		}
		bias = punyAdapt(i-before, len(out)+1, before == 0)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > 0x10FFFF {
			return "", errPunycode
		}
		out = slices.Insert(out, i, rune(n))
		i++
	}
	return string(out), nil
}

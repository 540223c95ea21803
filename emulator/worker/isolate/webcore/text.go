package webcore

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// isWellFormed reports whether a string has no lone surrogates.
func (c *Core) isWellFormed(call goja.FunctionCall) goja.Value {
	s := call.Argument(0).ToString()
	return c.rt.ToValue(!hasLoneSurrogate(s.(goja.String)))
}

func hasLoneSurrogate(s goja.String) bool {
	for i := 0; i < s.Length(); i++ {
		switch u := s.CharAt(i); {
		case isLead(u) && i+1 < s.Length() && isTrail(s.CharAt(i+1)):
			i++
		case isLead(u), isTrail(u):
			return true
		}
	}
	return false
}

func isLead(u uint16) bool  { return 0xD800 <= u && u < 0xDC00 }
func isTrail(u uint16) bool { return 0xDC00 <= u && u < 0xE000 }

// toWellFormed replaces lone surrogates by U+FFFD, which Go strings do by themselves.
func (c *Core) toWellFormed(call goja.FunctionCall) goja.Value {
	return c.rt.ToValue(call.Argument(0).String())
}

// escapeRegExp makes a pattern that matches the text, wherever it is put.
func (c *Core) escapeRegExp(call goja.FunctionCall) goja.Value {
	s := call.Argument(0).ToString().(goja.String)
	var out []uint16
	write := func(text string) {
		for _, r := range text {
			out = append(out, uint16(r))
		}
	}
	for i := 0; i < s.Length(); i++ {
		u := s.CharAt(i)
		if isLead(u) && i+1 < s.Length() && isTrail(s.CharAt(i+1)) {
			i++
			out = append(out, u, s.CharAt(i))
			continue
		}
		switch {
		case i == 0 && isAlphanumeric(u):
			write(fmt.Sprintf(`\x%02x`, u)) // might continue an escape before it
		case u < 0x80 && strings.ContainsRune(`^$\.*+?()[]{}|/`, rune(u)):
			out = append(out, '\\', u)
		case u == '\t':
			write(`\t`)
		case u == '\n':
			write(`\n`)
		case u == '\v':
			write(`\v`)
		case u == '\f':
			write(`\f`)
		case u == '\r':
			write(`\r`)
		case u < 0x100 && strings.ContainsRune(",-=<>#&!%:;@~'`\" \u00a0", rune(u)):
			write(fmt.Sprintf(`\x%02x`, u))
		case isSpace(u), isLead(u), isTrail(u):
			write(fmt.Sprintf(`\u%04x`, u))
		default:
			out = append(out, u)
		}
	}
	return goja.StringFromUTF16(out)
}

func isAlphanumeric(u uint16) bool {
	return '0' <= u && u <= '9' || 'a' <= u && u <= 'z' || 'A' <= u && u <= 'Z'
}

// isSpace covers JavaScript's white space and line terminators beyond Latin-1.
func isSpace(u uint16) bool {
	switch {
	case u == 0x1680, 0x2000 <= u && u <= 0x200A, u == 0x2028, u == 0x2029, u == 0x202F, u == 0x205F, u == 0x3000, u == 0xFEFF:
		return true
	}
	return false
}

// EscapeLone returns the text of s with lone surrogates, which no Go string can hold, as escapes.
func EscapeLone(s goja.String) string {
	text := s.String()
	if !strings.ContainsRune(text, '\uFFFD') {
		return text
	}
	var b strings.Builder
	for i := 0; i < s.Length(); i++ {
		u := s.CharAt(i)
		switch {
		case isLead(u) && i+1 < s.Length() && isTrail(s.CharAt(i+1)):
			i++
			b.WriteRune(utf16.DecodeRune(rune(u), rune(s.CharAt(i))))
		case isLead(u), isTrail(u):
			fmt.Fprintf(&b, `\u%04x`, u)
		default:
			b.WriteRune(rune(u))
		}
	}
	return b.String()
}

// StringOf is ToString.
func (c *Core) StringOf(v goja.Value) goja.String {
	if s, ok := v.(goja.String); ok {
		return s
	}
	return c.rt.ToValue(c.realm.String(v)).(goja.String)
}

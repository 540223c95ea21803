package isolate

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// A jsonFault finds what is wrong with a text that is no JSON, and says it in V8's words.
// Receipt: what node's JSON.parse throws; TestJSONParse has some of it.
type jsonFault struct {
	text []uint16
	at   int
	// found is the message, once there is one. It quotes the text, lone surrogates and all.
	found []uint16
}

// jsonMessage is the message of the SyntaxError for text.
func jsonMessage(text []uint16) []uint16 {
	f := &jsonFault{text: text}
	if f.value(0) {
		if f.space(); f.at < len(f.text) {
			f.here("Unexpected non-whitespace character after JSON")
		}
	}
	return f.found
}

// here is a fault at the current place.
func (f *jsonFault) here(message string) bool {
	line, column := 1, 1
	for n := 0; n < f.at && n < len(f.text); n++ {
		column++
		if c := f.text[n]; c == '\n' || c == '\r' {
			if c == '\r' && n+1 < len(f.text) && f.text[n+1] == '\n' {
				continue
			}
			line, column = line+1, 1
		}
	}
	if message == "Unexpected non-whitespace character after JSON" {
		message += fmt.Sprintf(" at position %d (line %d column %d)", f.at, line, column)
	} else {
		message += fmt.Sprintf(" in JSON at position %d (line %d column %d)", f.at, line, column)
	}
	f.found = units(message)
	return false
}

// unexpected is a fault for which V8 names the token.
func (f *jsonFault) unexpected() bool {
	c, ok := f.peek()
	switch {
	case !ok:
		f.found = units("Unexpected end of JSON input")
		return false
	case c == '"':
		return f.here("Unexpected string")
	case c == '-', '0' <= c && c <= '9':
		return f.here("Unexpected number")
	}
	switch all := string(utf16.Decode(f.text)); all {
	case "[object Object]", "NaN", "Infinity", "undefined":
		f.found = units("\"" + all + "\" is not valid JSON")
		return false
	}
	const context = 10
	from, to, before, after := 0, len(f.text), "", ""
	if len(f.text) > 2*context {
		if f.at >= context {
			from, before = f.at-context, "..."
		}
		if f.at < context || f.at < len(f.text)-context {
			to, after = min(f.at+context, len(f.text)), "..."
		}
	}
	f.found = slices.Concat(units("Unexpected token '"), []uint16{c}, units("', "+before+"\""), f.text[from:to],
		units("\""+after+" is not valid JSON"))
	return false
}

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

func (f *jsonFault) space() {
	for f.at < len(f.text) && strings.IndexByte(" \t\n\r", byte(f.text[f.at])) >= 0 && f.text[f.at] < 0x80 {
		f.at++
	}
}

func (f *jsonFault) peek() (uint16, bool) {
	if f.at >= len(f.text) {
		return 0, false
	}
	return f.text[f.at], true
}

// next passes over white space and c, if c comes next.
func (f *jsonFault) next(c uint16) bool {
	f.space()
	if d, ok := f.peek(); !ok || d != c {
		return false
	}
	f.at++
	return true
}

// value passes over a value; false means that a fault was found.
func (f *jsonFault) value(depth int) bool {
	if depth > maxParseDepth {
		return f.here("Too deep a nesting")
	}
	f.space()
	c, ok := f.peek()
	if !ok {
		return f.unexpected()
	}
	switch {
	case c == '{':
		return f.object(depth)
	case c == '[':
		return f.array(depth)
	case c == '"':
		return f.string()
	case c == 't':
		return f.word("true")
	case c == 'f':
		return f.word("false")
	case c == 'n':
		return f.word("null")
	case c == '-', isDigit(c):
		return f.number()
	}
	return f.unexpected()
}

func isDigit(c uint16) bool { return '0' <= c && c <= '9' }

func (f *jsonFault) object(depth int) bool {
	f.at++
	if f.next('}') {
		return true
	}
	expected := "Expected property name or '}'"
	for {
		f.space()
		if c, ok := f.peek(); !ok || c != '"' {
			return f.here(expected)
		}
		if !f.string() {
			return false
		}
		if !f.next(':') {
			return f.here("Expected ':' after property name")
		}
		if !f.value(depth + 1) {
			return false
		}
		if f.next('}') {
			return true
		}
		if !f.next(',') {
			return f.here("Expected ',' or '}' after property value")
		}
		expected = "Expected double-quoted property name"
	}
}

func (f *jsonFault) array(depth int) bool {
	f.at++
	if f.next(']') {
		return true
	}
	for {
		if !f.value(depth + 1) {
			return false
		}
		if f.next(']') {
			return true
		}
		if !f.next(',') {
			return f.here("Expected ',' or ']' after array element")
		}
	}
}

func (f *jsonFault) word(word string) bool {
	for n := range len(word) {
		if c, ok := f.peek(); !ok || c != uint16(word[n]) {
			return f.unexpected()
		}
		f.at++
	}
	return true
}

func (f *jsonFault) string() bool {
	f.at++
	for {
		c, ok := f.peek()
		switch {
		case !ok:
			return f.here("Unterminated string")
		case c == '"':
			f.at++
			return true
		case c < ' ':
			return f.here("Bad control character in string literal")
		}
		f.at++
		if c == '\\' && !f.escape() {
			return false
		}
	}
}

func (f *jsonFault) escape() bool {
	c, ok := f.peek()
	switch {
	case !ok:
		return f.here("Unterminated string")
	case c == 'u':
		f.at++
		for range 4 {
			c, ok := f.peek()
			if !ok || c > 0x7f || !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
				return f.here("Bad Unicode escape")
			}
			f.at++
		}
		return true
	case c > 0x7f || !strings.ContainsRune(`"\/bfnrt`, rune(c)):
		return f.here("Bad escaped character")
	}
	f.at++
	return true
}

func (f *jsonFault) digits() bool {
	start := f.at
	for f.at < len(f.text) && isDigit(f.text[f.at]) {
		f.at++
	}
	return f.at > start
}

func (f *jsonFault) number() bool {
	if f.text[f.at] == '-' {
		f.at++
		if c, ok := f.peek(); !ok || !isDigit(c) {
			return f.here("No number after minus sign")
		}
	}
	if f.text[f.at] == '0' {
		f.at++
		if c, ok := f.peek(); ok && isDigit(c) {
			return f.unexpected()
		}
	} else {
		f.digits()
	}
	if c, ok := f.peek(); ok && c == '.' {
		f.at++
		if !f.digits() {
			return f.here("Unterminated fractional number")
		}
	}
	if c, ok := f.peek(); ok && (c == 'e' || c == 'E') {
		f.at++
		if c, ok := f.peek(); ok && (c == '+' || c == '-') {
			f.at++
		}
		if !f.digits() {
			return f.here("Exponent part is missing a number")
		}
	}
	return true
}

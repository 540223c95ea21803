package wrangler

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// kind is what a value is, in the words of JSON.
type kind int

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
	kindDate // TOML only
)

// String is the kind as messages name it.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object", "a date"}[k]
}

// A value is a value of a configuration file that knows its place. Both formats are parsed into it.
type value struct {
	kind    kind
	at      int // offset in the file
	text    string
	number  float64
	truth   bool
	items   []*value
	members []*member
	secret  bool // no message repeats it
}

// A member is a key of an object with its value.
type member struct {
	key   string
	at    int // offset of the key
	value *value
}

func (v *value) member(key string) *member {
	if v == nil || v.kind != kindObject {
		return nil
	}
	for _, m := range v.members {
		if m.key == key {
			return m
		}
	}
	return nil
}

// describe is the value as a message repeats it.
func (v *value) describe() string {
	const longest = 40
	if v.secret {
		return v.kind.String()
	}
	switch v.kind {
	case kindNull, kindArray, kindObject:
		return v.kind.String()
	case kindBool:
		return fmt.Sprintf("the boolean %t", v.truth)
	case kindDate:
		return "the date " + v.text
	}
	text := v.json()
	if len([]rune(text)) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	if v.kind == kindNumber {
		return "the number " + text
	}
	return "the string " + text
}

// json is the value as JSON text, as JavaScript's JSON.stringify writes what it has read.
func (v *value) json() string {
	var b strings.Builder
	v.writeJSON(&b)
	return b.String()
}

func (v *value) writeJSON(b *strings.Builder) {
	switch v.kind {
	case kindNull:
		b.WriteString("null")
	case kindBool:
		b.WriteString(strconv.FormatBool(v.truth))
	case kindNumber:
		text, err := json.Marshal(v.number)
		if err != nil {
			text = []byte("null") // JSON has no infinity
		}
		b.Write(text)
	case kindString, kindDate:
		b.WriteString(quoteJSON(v.text))
	case kindArray:
		b.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.writeJSON(b)
		}
		b.WriteByte(']')
	case kindObject:
		b.WriteByte('{')
		for i, m := range v.members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteJSON(m.key))
			b.WriteByte(':')
			m.value.writeJSON(b)
		}
		b.WriteByte('}')
	}
}

func quoteJSON(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

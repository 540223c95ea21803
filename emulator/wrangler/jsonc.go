package wrangler

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// parseJSONC parses JSON with comments and trailing commas. Doubled keys are reported; the last one
// counts, as everywhere in JSON.
func parseJSONC(src source, report func(*Error)) (*value, error) {
	tree, err := hujson.Parse([]byte(src.text))
	if err != nil {
		return nil, jsonSyntaxError(src, err)
	}
	p := jsonParser{src: src, report: report}
	return p.value(&tree), nil
}

// jsonSyntaxError puts hujson's error at its place. The place is in the text only.
func jsonSyntaxError(src source, err error) *Error {
	message := err.Error()
	if inner := errors.Unwrap(err); inner != nil {
		message = inner.Error()
	}
	e := &Error{File: src.name, Message: "this is not JSON: " + message}
	var line, column int
	if _, scan := fmt.Sscanf(err.Error(), "hujson: line %d, column %d:", &line, &column); scan == nil {
		offset := src.offset(line, column)
		e = src.at(offset, "this is not JSON: "+message, "")
	}
	e.Hint = jsonHint(src, e)
	return e
}

// jsonHint looks at what stands where the parser gave up.
func jsonHint(src source, e *Error) string {
	if strings.TrimSpace(src.text) == "" {
		return `the file is empty; it must hold an object such as {"name": "my-worker", "main": "src/index.ts"}`
	}
	if e.Line == 0 {
		return ""
	}
	at := src.offset(e.Line, 1) + columnBytes(e.SourceLine, e.Column)
	if at >= len(src.text) {
		return "the file ends too early: a closing } or ] or a quote is missing"
	}
	before := lastToken(src.text[:at])
	switch c := src.text[at]; {
	case c == '#':
		return "comments begin with // in JSON"
	case before == 0 && (c == '[' || isWordByte(c)) && strings.Contains(e.SourceLine, "="):
		return "this looks like TOML: rename the file to wrangler.toml"
	case c == '\'':
		return `strings stand in double quotes: "`
	case c == '"' && (before == '"' || before == '}' || before == ']' || isWordByte(before)):
		return "a comma is missing before this"
	case c == '=':
		return `keys and values are joined by a colon in JSON: "key": value`
	case isWordByte(c) && (before == '{' || before == ','):
		return `keys stand in double quotes: "key"`
	case c == '\n' || c == '\r':
		return "the line before ends too early"
	}
	return ""
}

// lastToken is the last byte that is no white space; 0 when there is none.
func lastToken(text string) byte {
	text = strings.TrimRight(text, " \t\r\n")
	if text == "" {
		return 0
	}
	return text[len(text)-1]
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

type jsonParser struct {
	src    source
	report func(*Error)
}

func (p jsonParser) value(v *hujson.Value) *value {
	out := &value{at: v.StartOffset}
	switch x := v.Value.(type) {
	case hujson.Literal:
		switch x.Kind() {
		case 'n':
			out.kind = kindNull
		case 't', 'f':
			out.kind, out.truth = kindBool, x.Bool()
		case '"':
			out.kind, out.text = kindString, x.String()
		default:
			out.kind, out.number, out.text = kindNumber, x.Float(), string(x)
		}
	case *hujson.Array:
		out.kind = kindArray
		for i := range x.Elements {
			out.items = append(out.items, p.value(&x.Elements[i]))
		}
	case *hujson.Object:
		out.kind = kindObject
		for i := range x.Members {
			p.member(out, &x.Members[i])
		}
	}
	return out
}

func (p jsonParser) member(into *value, m *hujson.ObjectMember) {
	name, _ := m.Name.Value.(hujson.Literal)
	next := &member{key: name.String(), at: m.Name.StartOffset, value: p.value(&m.Value)}
	if old := into.member(next.key); old != nil {
		line, _, _ := p.src.position(old.at)
		p.report(p.src.at(next.at, fmt.Sprintf("%q is set twice in the same object, and only this one counts", next.key),
			fmt.Sprintf("remove one of them; the other is in line %d", line)))
		*old = *next
		return
	}
	into.members = append(into.members, next)
}

package wrangler

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML parses a TOML document into the same tree as parseJSONC.
func parseTOML(src source) (*value, error) {
	data := []byte(src.text)
	// The decoder checks the whole document, keys defined twice included; the parser below it, which
	// knows places, only reads expression by expression.
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		return nil, tomlSyntaxError(src, err)
	}
	b := tomlBuilder{root: &value{kind: kindObject}}
	b.parser.Reset(data)
	b.table = b.root
	for b.parser.NextExpression() {
		if err := b.expression(b.parser.Expression()); err != nil {
			return nil, src.at(b.at, err.Error(), "")
		}
	}
	if err := b.parser.Error(); err != nil {
		return nil, tomlSyntaxError(src, err)
	}
	return b.root, nil
}

func tomlSyntaxError(src source, err error) *Error {
	message := strings.TrimPrefix(err.Error(), "toml: ")
	var decode *toml.DecodeError
	if !errors.As(err, &decode) {
		return &Error{File: src.name, Message: "this is not TOML: " + message}
	}
	line, column := decode.Position()
	e := src.at(src.offset(line, column), "this is not TOML: "+message, "")
	trimmed := strings.TrimSpace(e.SourceLine)
	switch {
	case strings.HasPrefix(strings.TrimSpace(src.text), "{"):
		e.Hint = "this looks like JSON: rename the file to wrangler.jsonc"
	case strings.Contains(message, "already"):
		e.Hint = "each key and table may be defined once; lists of tables are written [[name]]"
	case strings.Contains(message, "expected newline"):
		e.Hint = "each key stands on a line of its own"
	case strings.Contains(trimmed, ":") && !strings.Contains(trimmed, "="):
		e.Hint = `keys and values are joined by = in TOML: key = "value"`
	case strings.HasPrefix(trimmed, "//"):
		e.Hint = "comments begin with # in TOML"
	case strings.Contains(trimmed, "=") && !strings.ContainsAny(trimmed, `"'`):
		e.Hint = `strings stand in quotes: key = "value"`
	}
	return e
}

// tomlBuilder makes the tree from the document's expressions.
type tomlBuilder struct {
	parser unstable.Parser
	root   *value
	table  *value // where key = value lines go
	at     int    // of what is being read, for errors
}

func (b *tomlBuilder) expression(n *unstable.Node) error {
	switch n.Kind {
	case unstable.Table, unstable.ArrayTable:
		keys := b.keys(n)
		last := keys[len(keys)-1]
		parent, err := b.descend(b.root, keys[:len(keys)-1])
		if err != nil {
			return err
		}
		if n.Kind == unstable.Table {
			b.table, err = b.descend(parent, keys[len(keys)-1:])
			return err
		}
		list := parent.member(last.key)
		if list == nil {
			list = &member{key: last.key, at: last.at, value: &value{kind: kindArray, at: last.at}}
			parent.members = append(parent.members, list)
		}
		b.table = &value{kind: kindObject, at: last.at}
		list.value.items = append(list.value.items, b.table)
	case unstable.KeyValue:
		return b.keyValue(b.table, n)
	}
	return nil
}

func (b *tomlBuilder) keyValue(into *value, n *unstable.Node) error {
	keys := b.keys(n)
	into, err := b.descend(into, keys[:len(keys)-1])
	if err != nil {
		return err
	}
	last := keys[len(keys)-1]
	v, err := b.value(n.Value(), last.at)
	if err != nil {
		return err
	}
	last.value = v
	into.members = append(into.members, last)
	return nil
}

func (b *tomlBuilder) keys(n *unstable.Node) []*member {
	var keys []*member
	for it := n.Key(); it.Next(); {
		k := it.Node()
		b.at = int(k.Raw.Offset)
		keys = append(keys, &member{key: string(k.Data), at: b.at})
	}
	return keys
}

// descend finds the object that keys lead to, and makes it where it is missing. A list of tables
// stands for its last one.
func (b *tomlBuilder) descend(from *value, keys []*member) (*value, error) {
	for _, k := range keys {
		next := from.member(k.key)
		if next == nil {
			next = &member{key: k.key, at: k.at, value: &value{kind: kindObject, at: k.at}}
			from.members = append(from.members, next)
		}
		from = next.value
		if from.kind == kindArray && len(from.items) > 0 {
			from = from.items[len(from.items)-1]
		}
		if from.kind != kindObject {
			return nil, fmt.Errorf("%q is %s already and cannot hold keys", k.key, from.kind)
		}
	}
	return from, nil
}

// value makes the tree of one value. Where the parser keeps no place, the key's is the best known.
func (b *tomlBuilder) value(n *unstable.Node, keyAt int) (*value, error) {
	out := &value{at: keyAt}
	if n.Raw.Length > 0 {
		out.at = int(n.Raw.Offset)
		b.at = out.at
	}
	text := string(n.Data)
	out.text = text
	switch n.Kind {
	case unstable.String:
		out.kind = kindString
	case unstable.Bool:
		out.kind, out.truth = kindBool, text == "true"
	case unstable.Integer:
		i, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", text)
		}
		out.kind, out.number = kindNumber, float64(i)
	case unstable.Float:
		f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", text)
		}
		out.kind, out.number = kindNumber, f
	case unstable.Array:
		out.kind = kindArray
		for it := n.Children(); it.Next(); {
			item, err := b.value(it.Node(), out.at)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, item)
		}
	case unstable.InlineTable:
		out.kind = kindObject
		for it := n.Children(); it.Next(); {
			if err := b.keyValue(out, it.Node()); err != nil {
				return nil, err
			}
		}
	default:
		out.kind = kindDate
	}
	return out, nil
}

package urlpattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type partType int

const (
	partText partType = iota
	partRegexp
	partSegment // matches up to the next delimiter
	partFull    // matches all
)

// A part is one piece of a parsed pattern. modifier is "", "?", "*" or "+".
type part struct {
	kind           partType
	value          string // the text, or the regular expression
	modifier       string
	name           string
	prefix, suffix string
}

// options tell how a component's segments are divided. Empty strings stand for none.
type options struct {
	delimiter, prefix string
	ignoreCase        bool
}

const fullWildcard = ".*"

func (o options) segmentWildcard() string {
	return "[^" + escapeRegexp(o.delimiter) + "]+?"
}

// A partParser makes parts of tokens. encode canonicalises fixed text.
type partParser struct {
	tokens  []token
	index   int
	options options
	encode  func(string) (string, error)
	parts   []part
	pending strings.Builder
	names   map[string]bool
	next    int // the name of the next group without one
}

func parseParts(input string, o options, encode func(string) (string, error)) ([]part, error) {
	tokens, err := tokenize(input, false)
	if err != nil {
		return nil, err
	}
	p := &partParser{tokens: tokens, options: o, encode: encode, names: map[string]bool{}}
	for p.index < len(p.tokens) {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	return p.parts, nil
}

// step consumes one part, or one piece of fixed text.
func (p *partParser) step() error {
	char := p.take(tokenChar)
	name := p.take(tokenName)
	if group := p.group(name); name != nil || group != nil {
		prefix := ""
		if char != nil {
			prefix = char.value
		}
		if prefix != "" && prefix != p.options.prefix {
			p.pending.WriteString(prefix)
			prefix = ""
		}
		if err := p.flush(); err != nil {
			return err
		}
		return p.add(prefix, name, group, "", p.modifier())
	}
	fixed := char
	if fixed == nil {
		fixed = p.take(tokenEscaped)
	}
	if fixed != nil {
		p.pending.WriteString(fixed.value)
		return nil
	}
	if p.take(tokenOpen) != nil {
		prefix := p.text()
		name := p.take(tokenName)
		group := p.group(name)
		suffix := p.text()
		if p.take(tokenClose) == nil {
			return errToken
		}
		return p.add(prefix, name, group, suffix, p.modifier())
	}
	if err := p.flush(); err != nil {
		return err
	}
	if p.take(tokenEnd) == nil {
		return errToken
	}
	return nil
}

// take consumes the next token when it is of that type.
func (p *partParser) take(kind tokenType) *token {
	if p.index >= len(p.tokens) || p.tokens[p.index].kind != kind {
		return nil
	}
	p.index++
	return &p.tokens[p.index-1]
}

func (p *partParser) group(name *token) *token {
	if t := p.take(tokenRegexp); t != nil || name != nil {
		return t
	}
	return p.take(tokenAsterisk)
}

func (p *partParser) modifier() string {
	t := p.take(tokenModifier)
	if t == nil {
		t = p.take(tokenAsterisk)
	}
	if t == nil {
		return ""
	}
	return t.value
}

// text consumes fixed text within braces.
func (p *partParser) text() string {
	var b strings.Builder
	for {
		t := p.take(tokenChar)
		if t == nil {
			t = p.take(tokenEscaped)
		}
		if t == nil {
			return b.String()
		}
		b.WriteString(t.value)
	}
}

// flush makes a part of the fixed text that has come together.
func (p *partParser) flush() error {
	if p.pending.Len() == 0 {
		return nil
	}
	text, err := p.encode(p.pending.String())
	p.pending.Reset()
	p.parts = append(p.parts, part{kind: partText, value: text})
	return err
}

func (p *partParser) add(prefix string, name, group *token, suffix, modifier string) error {
	if name == nil && group == nil && modifier == "" {
		p.pending.WriteString(prefix)
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	if name == nil && group == nil {
		if prefix == "" {
			return nil
		}
		text, err := p.encode(prefix)
		p.parts = append(p.parts, part{kind: partText, value: text, modifier: modifier})
		return err
	}
	part := part{modifier: modifier}
	switch {
	case group == nil:
		part.kind = partSegment
	case group.kind == tokenAsterisk || group.value == fullWildcard:
		part.kind = partFull
	case group.value == p.options.segmentWildcard():
		part.kind = partSegment
	default:
		part.kind, part.value = partRegexp, group.value
	}
	if name != nil {
		part.name = name.value
	} else {
		part.name = strconv.Itoa(p.next)
		p.next++
	}
	if p.names[part.name] {
		return fmt.Errorf("the group %q is there twice", part.name)
	}
	p.names[part.name] = true
	var errs [2]error
	part.prefix, errs[0] = p.encode(prefix)
	part.suffix, errs[1] = p.encode(suffix)
	p.parts = append(p.parts, part)
	return errors.Join(errs[:]...)
}

// expression is the regular expression for parts, and the names of its groups in order.
func expression(parts []part, o options) (source string, names []string) {
	var b strings.Builder
	b.WriteByte('^')
	for _, p := range parts {
		if p.kind == partText {
			if p.modifier == "" {
				b.WriteString(escapeRegexp(p.value))
			} else {
				b.WriteString("(?:" + escapeRegexp(p.value) + ")" + p.modifier)
			}
			continue
		}
		names = append(names, p.name)
		value := p.value
		switch p.kind {
		case partSegment:
			value = o.segmentWildcard()
		case partFull:
			value = fullWildcard
		}
		prefix, suffix := escapeRegexp(p.prefix), escapeRegexp(p.suffix)
		once := p.modifier == "" || p.modifier == "?"
		switch {
		case prefix == "" && suffix == "" && once:
			b.WriteString("(" + value + ")" + p.modifier)
		case prefix == "" && suffix == "":
			b.WriteString("((?:" + value + ")" + p.modifier + ")")
		case once:
			b.WriteString("(?:" + prefix + "(" + value + ")" + suffix + ")" + p.modifier)
		default:
			b.WriteString("(?:" + prefix + "((?:" + value + ")(?:" + suffix + prefix + "(?:" + value + "))*)" + suffix + ")")
			if p.modifier == "*" {
				b.WriteByte('?')
			}
		}
	}
	b.WriteByte('$')
	return b.String(), names
}

// pattern writes parts as a pattern again, in its shortest form.
func pattern(parts []part, o options) string {
	var b strings.Builder
	for n, p := range parts {
		if p.kind == partText {
			if p.modifier == "" {
				b.WriteString(escapePattern(p.value))
			} else {
				b.WriteString("{" + escapePattern(p.value) + "}" + p.modifier)
			}
			continue
		}
		named := p.name[0] < '0' || p.name[0] > '9'
		braces := needsBraces(parts, n, named, o)
		if braces {
			b.WriteByte('{')
		}
		b.WriteString(escapePattern(p.prefix))
		if named {
			b.WriteString(":" + p.name)
		}
		switch {
		case p.kind == partRegexp:
			b.WriteString("(" + p.value + ")")
		case p.kind == partSegment && !named:
			b.WriteString("(" + o.segmentWildcard() + ")")
		case p.kind == partFull && !named && (n == 0 || parts[n-1].kind == partText || parts[n-1].modifier != "" || braces || p.prefix != ""):
			b.WriteByte('*')
		case p.kind == partFull:
			b.WriteString("(" + fullWildcard + ")")
		}
		if p.kind == partSegment && named && p.suffix != "" {
			if c, _ := utf8.DecodeRuneInString(p.suffix); nameRune(c, false) {
				b.WriteByte('\\')
			}
		}
		b.WriteString(escapePattern(p.suffix))
		if braces {
			b.WriteByte('}')
		}
		b.WriteString(p.modifier)
	}
	return b.String()
}

// needsBraces reports whether part n would be read differently without braces around it.
func needsBraces(parts []part, n int, named bool, o options) bool {
	p := parts[n]
	if p.suffix != "" || p.prefix != "" && p.prefix != o.prefix {
		return true
	}
	if named && p.kind == partSegment && p.modifier == "" && n+1 < len(parts) {
		next := parts[n+1]
		if next.prefix == "" && next.suffix == "" {
			if next.kind == partText {
				c, _ := utf8.DecodeRuneInString(next.value)
				if nameRune(c, false) {
					return true
				}
			} else if '0' <= next.name[0] && next.name[0] <= '9' {
				return true
			}
		}
	}
	return p.prefix == "" && n > 0 && parts[n-1].kind == partText && o.prefix != "" && strings.HasSuffix(parts[n-1].value, o.prefix)
}

func escapeRegexp(s string) string { return escape(s, `.+*?^${}()[]|/\`) }

func escapePattern(s string) string { return escape(s, `+*?:{}()\`) }

func escape(s, special string) string {
	if !strings.ContainsAny(s, special) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

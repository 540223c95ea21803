package jsregexp

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A value is what a class stands for: code points and, with the v flag, strings.
type value struct {
	set     set
	strings []string
	may     bool // it may contain strings, by the looks of it, and so cannot be negated
}

// property reads \p{…} or \P{…}.
func (p *parser) property(inClass bool) (value, error) {
	invalid := syntaxError("Invalid property name")
	if inClass {
		invalid = "Invalid property name in character class"
	}
	negated := p.src[p.at+1] == 'P'
	text, ok := strings.CutPrefix(p.src[p.at+2:], "{")
	name, _, closed := strings.Cut(text, "}")
	if !ok || !closed {
		return value{}, invalid
	}
	s, ok := lookUp(name)
	if !ok {
		if p.sets && stringProperties[name] {
			return value{}, fmt.Errorf("the property %s is not supported by cfemu's embedded engine", name)
		}
		return value{}, invalid
	}
	p.at += len(`\p{}`) + len(name)
	if p.ignore && (p.sets || p.expand) {
		s = s.folded(true)
	}
	if negated {
		s = s.complement()
	}
	return value{set: s}, nil
}

// class reads a class outside of any other.
func (p *parser) class() error {
	switch {
	case p.sets:
		v, err := p.nested()
		if err != nil {
			return err
		}
		p.writeValue(v)
	case p.expand:
		s, err := p.plainSet()
		if err != nil {
			return err
		}
		p.writeSet(s)
	case p.unicode:
		return p.copyClass()
	default:
		end := p.at + 1
		for end < len(p.src) && p.src[end] != ']' {
			if p.src[end] == '\\' {
				end++
			}
			end++
		}
		p.copy(min(end+1, len(p.src)) - p.at)
	}
	return nil
}

// copyClass copies a class of the u flag, but for the properties in it.
func (p *parser) copyClass() error {
	p.copy(1)
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == ']':
			p.copy(1)
			return nil
		case c != '\\' || p.at+1 == len(p.src):
			p.copy(1)
		case p.src[p.at+1] == 'p' || p.src[p.at+1] == 'P':
			v, err := p.property(true)
			if err != nil {
				return err
			}
			p.writeSpans(v.set)
		case p.src[p.at+1] == 'S': // this way goja can do it in linear time
			p.at += 2
			p.writeSpans(space.complement())
		default:
			p.copy(2)
		}
	}
	return syntaxError("Unterminated character class")
}

// plainSet reads a class of the u flag or of none as a set.
func (p *parser) plainSet() (set, error) {
	p.at++
	negated := strings.HasPrefix(p.src[p.at:], "^")
	if negated {
		p.at++
	}
	var parts []set
	for p.at < len(p.src) && p.src[p.at] != ']' {
		s, err := p.classRange()
		if err != nil {
			return nil, err
		}
		parts = append(parts, s)
	}
	if p.at == len(p.src) {
		return nil, syntaxError("Unterminated character class")
	}
	p.at++
	s := union(parts...)
	if p.ignore {
		s = s.folded(p.unicode)
	}
	if negated {
		s = s.complement()
	}
	return s, nil
}

// classRange reads one member of a class: an escape for many, a code point, or a range of them.
func (p *parser) classRange() (set, error) {
	if s, ok, err := p.classEscape(); ok || err != nil {
		return s, err
	}
	lo, err := p.classChar()
	if err != nil {
		return nil, err
	}
	rest := p.src[p.at:]
	if !strings.HasPrefix(rest, "-") || len(rest) < 2 || rest[1] == ']' || p.sets && rest[1] == '-' {
		return set{{lo, lo}}, nil
	}
	p.at++
	if s, ok, err := p.classEscape(); ok || err != nil {
		return union(s, set{{lo, lo}, {'-', '-'}}), err
	}
	hi, err := p.classChar()
	if err != nil {
		return nil, err
	}
	if hi < lo {
		return nil, syntaxError("Range out of order in character class")
	}
	return set{{lo, hi}}, nil
}

// classEscape reads an escape that stands for many code points, if there is one.
func (p *parser) classEscape() (set, bool, error) {
	rest := p.src[p.at:]
	if len(rest) < 2 || rest[0] != '\\' {
		return nil, false, nil
	}
	var s set
	switch rest[1] {
	case 'd', 'D':
		s = digit
	case 's', 'S':
		s = space
	case 'w', 'W':
		s = word
		if p.unicode && p.ignore {
			s = s.folded(true)
		}
	case 'p', 'P':
		if !p.unicode {
			return nil, false, nil
		}
		v, err := p.property(true)
		return v.set, true, err
	default:
		return nil, false, nil
	}
	p.at += 2
	if unicode.IsUpper(rune(rest[1])) {
		s = s.complement()
	}
	return s, true, nil
}

func (p *parser) classChar() (rune, error) {
	if p.at == len(p.src) {
		return 0, syntaxError("Unterminated character class")
	}
	if p.src[p.at] == '\\' && p.at+1 < len(p.src) {
		return p.character()
	}
	r, size := utf8.DecodeRuneInString(p.src[p.at:])
	p.at += size
	return r, nil
}

// nested reads a class of the v flag.
func (p *parser) nested() (value, error) {
	p.at++
	negated := strings.HasPrefix(p.src[p.at:], "^")
	if negated {
		p.at++
	}
	var v value
	for first := true; ; first = false {
		rest := p.src[p.at:]
		if rest == "" {
			return v, syntaxError("Unterminated character class")
		}
		if rest[0] == ']' {
			p.at++
			break
		}
		minus, both := !first && strings.HasPrefix(rest, "--"), !first && strings.HasPrefix(rest, "&&")
		if minus || both {
			p.at += 2
			if rest[2:] == "" || both && rest[2] == '&' {
				return v, syntaxError("Invalid character in character class")
			}
		}
		w, err := p.operand()
		if err != nil {
			return v, err
		}
		v = p.combine(v, w, minus, both)
	}
	if negated {
		if v.may {
			return v, syntaxError("Negated character class may contain strings")
		}
		v.set = v.set.complement()
	}
	return v, nil
}

// combine applies an operator of classes: - or & or, with neither, union.
func (p *parser) combine(v, w value, minus, both bool) value {
	in := func(s string) bool {
		return slices.ContainsFunc(w.strings, func(t string) bool { return p.key(s) == p.key(t) })
	}
	switch {
	case minus:
		return value{v.set.minus(w.set), slices.DeleteFunc(v.strings, in), v.may}
	case both:
		return value{v.set.intersect(w.set), slices.DeleteFunc(v.strings, func(s string) bool { return !in(s) }), v.may && w.may}
	}
	return value{union(v.set, w.set), append(v.strings, w.strings...), v.may || w.may}
}

// key is s as it is compared.
func (p *parser) key(s string) string {
	if !p.ignore {
		return s
	}
	return strings.Map(func(r rune) rune { return set{{r, r}}.folded(true)[0].lo }, s)
}

// operand reads a nested class, \q{…} or a member of a class.
func (p *parser) operand() (value, error) {
	rest := p.src[p.at:]
	if rest[0] == '[' {
		return p.nested()
	}
	if strings.HasPrefix(rest, `\q{`) {
		return p.quoted()
	}
	if strings.IndexByte("()[]{}/-|", rest[0]) >= 0 {
		return value{}, syntaxError("Invalid character in character class")
	}
	if len(rest) > 1 && rest[0] == rest[1] && strings.IndexByte("&!#$%*+,.:;<=>?@^`~", rest[0]) >= 0 {
		return value{}, syntaxError("Invalid set operation in character class")
	}
	s, err := p.classRange()
	if err == nil && p.ignore {
		s = s.folded(true)
	}
	return value{set: s}, err
}

// quoted reads \q{a|bc}.
func (p *parser) quoted() (value, error) {
	p.at += len(`\q{`)
	var v value
	var current []rune
	end := func() {
		if len(current) == 1 {
			v.set = union(v.set, set{{current[0], current[0]}})
		} else {
			v.strings, v.may = append(v.strings, string(current)), true
		}
		current = nil
	}
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case '}':
			p.at++
			end()
			if p.ignore {
				v.set = v.set.folded(true)
			}
			return v, nil
		case '|':
			p.at++
			end()
		default:
			r, err := p.classChar()
			if err != nil {
				return v, err
			}
			current = append(current, r)
		}
	}
	return v, syntaxError("Invalid escape")
}

// writeValue writes what stands for a class: longer strings are tried first.
func (p *parser) writeValue(v value) {
	if len(v.strings) == 0 {
		p.writeSet(v.set)
		return
	}
	slices.SortStableFunc(v.strings, func(a, b string) int {
		return utf8.RuneCountInString(b) - utf8.RuneCountInString(a)
	})
	p.out.WriteString("(?:")
	written := false
	for n, s := range v.strings {
		if s == "" && !written {
			p.writeSet(v.set) // before the empty string, which is the last
			p.out.WriteByte('|')
			written = true
		}
		for _, r := range s {
			p.writeChar(r)
		}
		if n < len(v.strings)-1 {
			p.out.WriteByte('|')
		}
	}
	if !written && len(v.set) > 0 {
		p.out.WriteByte('|')
		p.writeSet(v.set)
	}
	p.out.WriteByte(')')
}

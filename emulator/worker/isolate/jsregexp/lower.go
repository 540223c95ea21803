package jsregexp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Lowered is a regular expression that goja compiles.
type Lowered struct {
	Pattern, Flags string
	// Names are the names of the groups, from group 1 on, "" for those without. It is nil unless the
	// pattern had several groups of one name: then it has none of the names any more.
	Names []string
}

// Needed reports whether goja may lack something that the regular expression uses. It is cheap, and
// true for some that need nothing.
func Needed(pattern, flags string) bool {
	if strings.ContainsAny(flags, "vd") {
		return true
	}
	if strings.Contains(flags, "u") && (strings.Contains(pattern, `\p`) || strings.Contains(pattern, `\P`)) {
		return true
	}
	whole, named := pattern, false
	for {
		at := strings.Index(pattern, "(?")
		if at < 0 || at+2 == len(pattern) {
			break
		}
		switch c := pattern[at+2]; c {
		case ':', '=', '!':
		case '<':
			if at+3 < len(pattern) && pattern[at+3] != '=' && pattern[at+3] != '!' {
				named = true
			}
		default:
			return true
		}
		pattern = pattern[at+2:]
	}
	// goja forgets names where it matches code points in linear time.
	return named && (strings.Contains(flags, "u") || hasDuplicates(GroupNames(whole)))
}

// Lower rewrites a pattern. Its error is the end of V8's message, such as "Invalid property name".
func Lower(pattern, flags string) (Lowered, error) {
	p := &parser{src: pattern, sets: strings.Contains(flags, "v")}
	p.unicode = p.sets || strings.Contains(flags, "u")
	p.modes = modes{ignore: strings.Contains(flags, "i"), multi: strings.Contains(flags, "m"), all: strings.Contains(flags, "s")}
	p.flags = p.modes
	p.names = GroupNames(pattern)
	p.nameless = hasDuplicates(p.names)
	if p.nameless && meet(pattern) {
		return Lowered{}, syntaxError("Duplicate capture group name")
	}
	p.expand = changesCase(pattern)
	if err := p.run(); err != nil {
		return Lowered{}, err
	}
	low := Lowered{Pattern: p.out.String()}
	if p.nameless {
		low.Names = p.names
	}
	for _, f := range flags {
		switch {
		case f == 'd', f == 'i' && p.expand:
		case f == 'v':
			low.Flags += "u"
		default:
			low.Flags += string(f)
		}
	}
	return low, nil
}

type syntaxError string

func (e syntaxError) Error() string { return string(e) }

// modes are what modifiers change.
type modes struct{ ignore, multi, all bool }

type parser struct {
	modes
	src           string
	at            int
	out           strings.Builder
	unicode, sets bool
	flags         modes // what the flags say
	expand        bool  // the flag i is worked out here
	nameless      bool
	names         []string
	outer         []modes // of the groups around
}

func (p *parser) run() error {
	for p.at < len(p.src) {
		if err := p.term(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) term() error {
	switch c := p.src[p.at]; c {
	case '\\':
		return p.escape()
	case '[':
		return p.class()
	case '(':
		return p.group()
	case ')':
		if n := len(p.outer); n > 0 {
			p.modes, p.outer = p.outer[n-1], p.outer[:n-1]
		}
		p.copy(1)
	case '.':
		p.at++
		switch {
		case p.all == p.flags.all:
			p.out.WriteByte('.')
		case p.all:
			p.writeSet(any_)
		default:
			p.writeSet(lineEnd.complement())
		}
	case '^', '$':
		p.at++
		p.assertion(c)
	case '*', '+', '?', '|', ']', '}':
		p.copy(1)
	case '{':
		p.copy(max(strings.IndexByte(p.src[p.at:], '}')+1, 1))
	default:
		r, size := utf8.DecodeRuneInString(p.src[p.at:])
		if !p.expand || !p.ignore {
			p.copy(size)
			return nil
		}
		p.at += size
		p.writeChar(r)
	}
	return nil
}

func (p *parser) copy(n int) {
	p.out.WriteString(p.src[p.at : p.at+n])
	p.at += n
}

// assertion writes ^ or $ where a modifier has changed the flag m.
func (p *parser) assertion(c byte) {
	if p.multi == p.flags.multi {
		p.out.WriteByte(c)
		return
	}
	if c == '^' {
		p.out.WriteString("(?<!")
	} else {
		p.out.WriteString("(?!")
	}
	if p.multi {
		p.writeSet(lineEnd.complement())
	} else {
		p.writeSet(any_)
	}
	p.out.WriteByte(')')
}

// group reads what begins a group.
func (p *parser) group() error {
	p.outer = append(p.outer, p.modes)
	rest := p.src[p.at:]
	if !strings.HasPrefix(rest, "(?") || len(rest) < 3 {
		p.copy(1)
		return nil
	}
	switch rest[2] {
	case ':', '=', '!':
		p.copy(3)
		return nil
	case '<':
		if strings.HasPrefix(rest, "(?<=") || strings.HasPrefix(rest, "(?<!") {
			p.copy(4)
			return nil
		}
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return syntaxError("Invalid capture group name")
		}
		if p.nameless {
			p.out.WriteByte('(')
			p.at += end + 1
			return nil
		}
		p.copy(end + 1)
		return nil
	}
	end := strings.IndexByte(rest, ':')
	if end < 0 || !p.modify(rest[2:end]) {
		return syntaxError("Invalid group")
	}
	p.out.WriteString("(?:")
	p.at += end + 1
	return nil
}

// modify applies modifiers such as i-m.
func (p *parser) modify(text string) bool {
	on, off, both := strings.Cut(text, "-")
	if on+off == "" || both && strings.Contains(off, "-") {
		return false
	}
	for n, c := range on + off {
		if strings.IndexRune(on+off, c) != n {
			return false
		}
		switch value := n < len(on); c {
		case 'i':
			p.ignore = value
		case 'm':
			p.multi = value
		case 's':
			p.all = value
		default:
			return false
		}
	}
	return true
}

// changesCase reports whether a modifier in the pattern is about i.
func changesCase(pattern string) bool {
	for {
		at := strings.Index(pattern, "(?")
		if at < 0 {
			return false
		}
		pattern = pattern[at+2:]
		if end := strings.IndexByte(pattern, ':'); end > 0 && strings.Trim(pattern[:end], "ims-") == "" && strings.Contains(pattern[:end], "i") {
			return true
		}
	}
}

// GroupNames returns the names of the groups of a pattern from group 1 on, "" for those without.
func GroupNames(pattern string) []string {
	var names []string
	inClass := false
	for n := 0; n < len(pattern); n++ {
		switch pattern[n] {
		case '\\':
			n++
		case '[':
			inClass = true
		case ']':
			inClass = false
		case '(':
			rest := pattern[n+1:]
			if inClass || strings.HasPrefix(rest, "?") && !strings.HasPrefix(rest, "?<") ||
				strings.HasPrefix(rest, "?<=") || strings.HasPrefix(rest, "?<!") {
				continue
			}
			name := ""
			if named, ok := strings.CutPrefix(rest, "?<"); ok {
				name, _, _ = strings.Cut(named, ">")
			}
			names = append(names, name)
		}
	}
	return names
}

// meet reports whether two groups of one name can both take part in a match: they are in no two
// alternatives of one group.
func meet(pattern string) bool {
	type level struct{ now, all []string } // the names in the alternative being read, and in all
	levels := make([]level, 1)
	conflict, inClass := false, false
	add := func(names []string) {
		now := &levels[len(levels)-1].now
		for _, name := range names {
			conflict = conflict || slices.Contains(*now, name)
			*now = append(*now, name)
		}
	}
	end := func() {
		top := &levels[len(levels)-1]
		top.all, top.now = append(top.all, top.now...), nil
	}
	for n := 0; n < len(pattern); n++ {
		switch c := pattern[n]; {
		case c == '\\':
			n++
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c == '(':
			if named, ok := strings.CutPrefix(pattern[n:], "(?<"); ok && named != "" && named[0] != '=' && named[0] != '!' {
				name, _, _ := strings.Cut(named, ">")
				add([]string{name})
			}
			levels = append(levels, level{})
		case c == '|':
			end()
		case c == ')' && len(levels) > 1:
			end()
			inner := levels[len(levels)-1].all
			slices.Sort(inner) // names that its own alternatives share count once
			levels = levels[:len(levels)-1]
			add(slices.Compact(inner))
		}
	}
	return conflict
}

func hasDuplicates(names []string) bool {
	for n, name := range names {
		if name != "" && slices.Contains(names[:n], name) {
			return true
		}
	}
	return false
}

// escape reads a backslash and what follows, outside classes.
func (p *parser) escape() error {
	if p.at+1 == len(p.src) {
		return syntaxError(`\ at end of pattern`)
	}
	switch c := p.src[p.at+1]; {
	case (c == 'p' || c == 'P') && p.unicode:
		v, err := p.property(false)
		if err != nil {
			return err
		}
		p.writeValue(v)
		return nil
	case c == 'k' && p.nameless:
		return p.namedReference()
	case !p.expand || !p.ignore:
		_, size := utf8.DecodeRuneInString(p.src[p.at+1:])
		p.copy(1 + size)
		return nil
	case '1' <= c && c <= '9':
		return fmt.Errorf(`\%c where a modifier ignores case is not supported by cfemu's embedded engine`, c)
	case strings.IndexByte("bBdDsSwWk", c) >= 0:
		if c == 'w' && p.unicode {
			p.at += 2
			p.writeSet(word.folded(true))
			return nil
		}
		p.copy(2)
		return nil
	}
	r, err := p.character()
	if err != nil {
		return err
	}
	p.writeChar(r)
	return nil
}

// namedReference writes \k<name> by the numbers of the groups of that name: at most one of them has
// taken part, and a reference to one that has not matches nothing.
func (p *parser) namedReference() error {
	name, _, ok := strings.Cut(strings.TrimPrefix(p.src[p.at:], `\k<`), ">")
	if !ok || !slices.Contains(p.names, name) {
		return syntaxError("Invalid named capture referenced")
	}
	p.out.WriteString("(?:")
	for n, other := range p.names {
		if other == name {
			fmt.Fprintf(&p.out, `(?:\%d)`, n+1)
		}
	}
	p.out.WriteByte(')')
	p.at += len(`\k<>`) + len(name)
	return nil
}

// character reads an escape that stands for one code point.
func (p *parser) character() (rune, error) {
	c, size := utf8.DecodeRuneInString(p.src[p.at+1:])
	p.at += 1 + size
	switch c {
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'f':
		return '\f', nil
	case 'v':
		return '\v', nil
	case 'b': // in classes only
		return '\b', nil
	case '0':
		return 0, nil
	case 'c':
		if p.at < len(p.src) {
			letter := p.src[p.at]
			p.at++
			return rune(letter & 31), nil
		}
	case 'x':
		if r, ok := p.hex(2); ok {
			return r, nil
		}
		return 'x', p.inUnicode("Invalid escape")
	case 'u':
		return p.unicodeEscape()
	}
	return c, nil
}

// inUnicode is an error with the u or v flag only.
func (p *parser) inUnicode(text string) error {
	if p.unicode {
		return syntaxError(text)
	}
	return nil
}

func (p *parser) hex(digits int) (rune, bool) {
	if p.at+digits > len(p.src) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.src[p.at:p.at+digits], 16, 32)
	if err != nil || n > maxRune {
		return 0, false
	}
	p.at += digits
	return rune(n), true
}

func (p *parser) unicodeEscape() (rune, error) {
	if rest := p.src[p.at:]; p.unicode && strings.HasPrefix(rest, "{") {
		if end := strings.IndexByte(rest, '}'); end > 1 {
			p.at++
			if r, ok := p.hex(end - 1); ok {
				p.at++
				return r, nil
			}
		}
		return 0, syntaxError("Invalid Unicode escape")
	}
	r, ok := p.hex(4)
	if !ok {
		return 'u', p.inUnicode("Invalid Unicode escape")
	}
	if p.unicode && 0xd800 <= r && r < 0xdc00 && strings.HasPrefix(p.src[p.at:], `\u`) {
		back := p.at
		p.at += 2
		if low, ok := p.hex(4); ok && 0xdc00 <= low && low < 0xe000 {
			return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), nil
		}
		p.at = back
	}
	return r, nil
}

// writeChar writes a code point, with those that equal it when case is ignored.
func (p *parser) writeChar(r rune) {
	s := set{{r, r}}
	if p.ignore && p.expand {
		s = s.folded(p.unicode)
	}
	if len(s) > 1 || s[0].lo != s[0].hi {
		p.writeSet(s)
		return
	}
	p.writeRune(r)
}

// writeRune writes a code point so that it means itself anywhere.
func (p *parser) writeRune(r rune) {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		p.out.WriteRune(r)
	case p.unicode:
		fmt.Fprintf(&p.out, `\u{%X}`, r)
	case r > 0xffff:
		p.out.WriteRune(r)
	default:
		fmt.Fprintf(&p.out, `\u%04X`, r)
	}
}

func (p *parser) writeSet(s set) {
	if !p.unicode {
		s = s.intersect(set{{0, 0xffff}})
	}
	if len(s) == 0 {
		p.out.WriteString("[^")
		s = any_
		if !p.unicode {
			s = set{{0, 0xffff}}
		}
	} else {
		p.out.WriteByte('[')
	}
	p.writeSpans(s)
	p.out.WriteByte(']')
}

func (p *parser) writeSpans(s set) {
	for _, sp := range s {
		p.writeRune(sp.lo)
		if sp.hi > sp.lo {
			if sp.hi > sp.lo+1 {
				p.out.WriteByte('-')
			}
			p.writeRune(sp.hi)
		}
	}
}

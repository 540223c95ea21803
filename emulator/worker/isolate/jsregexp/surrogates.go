package jsregexp

import (
	"fmt"
	"strconv"
	"strings"
)

// The backtracking matcher keeps the classes and the texts of a pattern in tables, by keys in which
// every surrogate is U+FFFD: of two that differ in surrogates only, it takes the second for the first.
// Tell gives each a mark to tell it by. Without the flag u a text is matched unit by unit, and a mark is
// a range of code points beyond 16 bits, which never comes up. It is wide, so that the matcher does not
// list the characters of a class to search for them, which is wrong for surrogates too.

const (
	markWidth  = 0x100
	firstMark  = 0x10000                               // of single surrogates, by their value
	classMark  = firstMark + (0xe000-0xd800)*markWidth // of classes, with a gap between them
	classMarks = (maxRune - classMark) / (2 * markWidth)
	uniqueMark = 0x10f000 // with the flag u, where a mark is one private code point that is ruled out
)

// HasSurrogates reports whether Tell may change a pattern. It is cheap, and true for some that stay.
func HasSurrogates(pattern string) bool {
	for {
		at := strings.Index(pattern, `\u`)
		if at < 0 || at+2 == len(pattern) {
			return false
		}
		pattern = pattern[at+2:]
		if c := pattern[0]; c == 'd' || c == 'D' || c == '{' {
			return true
		}
	}
}

// Tell rewrites a pattern of the backtracking matcher so that it tells surrogates apart.
func Tell(pattern string, unicode bool) string {
	if !HasSurrogates(pattern) {
		return pattern
	}
	t := teller{unicode: unicode, src: pattern, marks: map[string]int{}}
	for t.at < len(t.src) {
		switch t.src[t.at] {
		case '\\':
			size, surrogate := t.escape(t.at)
			text := t.src[t.at : t.at+size]
			t.at += size
			if surrogate < 0 || unicode {
				t.out.WriteString(text)
				continue
			}
			fmt.Fprintf(&t.out, "[%s%s]", wide(firstMark+(surrogate-0xd800)*markWidth), text)
		case '[':
			t.class()
		default:
			t.out.WriteByte(t.src[t.at])
			t.at++
		}
	}
	return t.out.String()
}

type teller struct {
	unicode bool
	src     string
	at      int
	out     strings.Builder
	marks   map[string]int // the numbers of classes by their texts
}

func wide(mark rune) string { return string(mark) + "-" + string(mark+markWidth-1) }

// escape returns the length of the escape at a place, and the surrogate it stands for, else -1.
func (t *teller) escape(at int) (size int, surrogate rune) {
	rest := t.src[at:]
	digits, size := "", min(2, len(rest))
	if strings.HasPrefix(rest, `\u{`) && t.unicode {
		digits, _, _ = strings.Cut(rest[3:], "}")
		size = min(len(`\u{}`)+len(digits), len(rest))
	} else if strings.HasPrefix(rest, `\u`) && len(rest) >= 6 {
		digits, size = rest[2:6], 6
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return min(2, len(rest)), -1
	}
	if n < 0xd800 || n > 0xdfff {
		return size, -1
	}
	return size, rune(n)
}

// class copies a class, with a mark when a surrogate is named in it.
func (t *teller) class() {
	end, marked := t.at+1, false
	for end < len(t.src) && t.src[end] != ']' {
		if t.src[end] != '\\' {
			end++
			continue
		}
		size, surrogate := t.escape(end)
		end += size
		marked = marked || surrogate >= 0
	}
	text := t.src[t.at:min(end+1, len(t.src))]
	t.at += len(text)
	n, known := t.marks[text]
	if !known {
		n = len(t.marks)
	}
	if !marked || n >= classMarks {
		t.out.WriteString(text)
		return
	}
	t.marks[text] = n
	inner, negated := strings.CutPrefix(text[1:], "^")
	switch mark := string(rune(uniqueMark + n)); {
	case !t.unicode && negated:
		t.out.WriteString("[^" + wide(rune(classMark+2*n*markWidth)) + inner)
	case !t.unicode:
		t.out.WriteString("[" + wide(rune(classMark+2*n*markWidth)) + inner)
	case negated:
		t.out.WriteString("(?:[^" + mark + inner + "|" + mark + ")")
	default:
		t.out.WriteString("(?:(?!" + mark + ")[" + mark + inner + ")")
	}
}

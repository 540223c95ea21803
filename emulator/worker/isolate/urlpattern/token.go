package urlpattern

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

type tokenType int

const (
	tokenOpen tokenType = iota
	tokenClose
	tokenRegexp
	tokenName
	tokenChar
	tokenEscaped
	tokenModifier // ? or +
	tokenAsterisk
	tokenEnd
	tokenInvalid
)

// A token is a piece of a pattern. index is where it begins in the pattern, in bytes; value leaves
// out what only marks its type.
type token struct {
	kind  tokenType
	index int
	value string
}

var errToken = errors.New("the pattern is not well formed")

// A tokenizer divides a pattern into tokens. The lenient one turns what is wrong into tokenInvalid.
type tokenizer struct {
	input   string
	lenient bool
	tokens  []token
	index   int
	err     error
}

func tokenize(input string, lenient bool) ([]token, error) {
	t := &tokenizer{input: input, lenient: lenient}
	for t.index < len(input) && t.err == nil {
		c, size := utf8.DecodeRuneInString(input[t.index:])
		next := t.index + size
		switch c {
		case '*':
			t.add(tokenAsterisk, next, t.index, next)
		case '+', '?':
			t.add(tokenModifier, next, t.index, next)
		case '\\':
			if next == len(input) {
				t.fail(next, t.index)
				continue
			}
			_, size := utf8.DecodeRuneInString(input[next:])
			t.add(tokenEscaped, next+size, next, next+size)
		case '{':
			t.add(tokenOpen, next, t.index, next)
		case '}':
			t.add(tokenClose, next, t.index, next)
		case ':':
			t.name(next)
		case '(':
			t.regexp(next)
		default:
			t.add(tokenChar, next, t.index, next)
		}
	}
	t.add(tokenEnd, t.index, t.index, t.index)
	return t.tokens, t.err
}

// add takes in a token whose value is input[from:to] and goes on at next.
func (t *tokenizer) add(kind tokenType, next, from, to int) {
	t.tokens = append(t.tokens, token{kind, t.index, t.input[from:to]})
	t.index = next
}

func (t *tokenizer) fail(next, from int) {
	if !t.lenient {
		t.err = errToken
	}
	t.add(tokenInvalid, next, from, next)
}

func (t *tokenizer) name(start int) {
	at := start
	for at < len(t.input) {
		c, size := utf8.DecodeRuneInString(t.input[at:])
		if !nameRune(c, at == start) {
			break
		}
		at += size
	}
	if at == start {
		t.fail(start, t.index)
		return
	}
	t.add(tokenName, at, start, at)
}

func (t *tokenizer) regexp(start int) {
	end, ok := regexpEnd(t.input, start)
	if !ok || end == start {
		t.fail(start, t.index)
		return
	}
	t.add(tokenRegexp, end+1, start, end)
}

// regexpEnd finds the parenthesis that closes a regular expression. Groups in it must not capture, and
// all of it must be ASCII.
func regexpEnd(s string, start int) (int, bool) {
	depth := 1
	for at := start; at < len(s); at++ {
		c := s[at]
		switch {
		case c >= utf8.RuneSelf, at == start && c == '?':
			return 0, false
		case c == '\\':
			at++
			if at == len(s) || s[at] >= utf8.RuneSelf {
				return 0, false
			}
		case c == ')':
			if depth--; depth == 0 {
				return at, true
			}
		case c == '(':
			depth++
			if at+1 == len(s) || s[at+1] != '?' {
				return 0, false
			}
		}
	}
	return 0, false
}

// nameRune reports whether c may stand in a group's name, first in it or not.
func nameRune(c rune, first bool) bool {
	start := c == '$' || c == '_' || unicode.In(c, unicode.L, unicode.Nl, unicode.Other_ID_Start)
	part := start || !first && (c == '\u200c' || c == '\u200d' ||
		unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue))
	return part && !unicode.In(c, unicode.Pattern_Syntax, unicode.Pattern_White_Space) || c == '$'
}

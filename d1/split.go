package d1

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A piece is one statement of a script.
type piece struct {
	text  string // without leading blanks and comments, with its semicolon
	start int    // where it begins in the script
}

// split takes a script apart into its statements. What is only blanks and comments is none.
func split(script string) []piece {
	var pieces []piece
	for at := 0; at < len(script); {
		start, end := statement(script, at)
		if start < end {
			pieces = append(pieces, piece{text: script[start:end], start: start})
		}
		at = end
	}
	return pieces
}

// statement finds the statement that begins at or after at: its first token and the byte after its
// semicolon. start == end says that there is none. Only the body of a trigger has semicolons inside;
// it ends with "; END ;", which nothing else in it can look like.
func statement(script string, at int) (start, end int) {
	start = -1
	var words []string // the first tokens, to recognise CREATE TRIGGER
	trigger := false
	before, last := "", "" // the two tokens that came before
	for at < len(script) {
		token, kind := nextToken(script, at)
		at += len(token)
		if kind == blank {
			continue
		}
		if kind == semicolon {
			if start < 0 {
				continue // a semicolon without statement
			}
			if !trigger || (before == ";" && strings.EqualFold(last, "END")) {
				return start, at
			}
		} else if start < 0 {
			start = at - len(token)
		}
		if kind == word && len(words) < 6 && !trigger {
			words = append(words, strings.ToUpper(token))
			trigger = isTrigger(words)
		}
		before, last = last, token
	}
	if start < 0 {
		return at, at
	}
	return start, at
}

func isTrigger(words []string) bool {
	if len(words) > 0 && words[0] == "EXPLAIN" {
		words = words[1:]
		if len(words) > 1 && words[0] == "QUERY" && words[1] == "PLAN" {
			words = words[2:]
		}
	}
	if len(words) < 2 || words[0] != "CREATE" {
		return false
	}
	if words[1] == "TEMP" || words[1] == "TEMPORARY" {
		return len(words) == 3 && words[2] == "TRIGGER"
	}
	return words[1] == "TRIGGER"
}

type tokenKind int

const (
	blank tokenKind = iota // space or comment
	semicolon
	word
	other
)

func nextToken(s string, at int) (string, tokenKind) {
	rest := s[at:]
	switch c := rest[0]; {
	case c == ';':
		return rest[:1], semicolon
	case isSpace(c):
		n := 1
		for n < len(rest) && isSpace(rest[n]) {
			n++
		}
		return rest[:n], blank
	case strings.HasPrefix(rest, "--"):
		return upTo(rest, 2, "\n"), blank
	case strings.HasPrefix(rest, "/*"):
		return upTo(rest, 2, "*/"), blank
	case c == '\'' || c == '"' || c == '`':
		return upTo(rest, 1, string(c)), other // a doubled quote is two quoted tokens, which is as good
	case c == '[':
		return upTo(rest, 1, "]"), other
	case isWordByte(c):
		n := 1
		for n < len(rest) && isWordByte(rest[n]) {
			n++
		}
		return rest[:n], word
	}
	return rest[:1], other
}

// upTo returns s up to and with the first end at or after from, or all of s.
func upTo(s string, from int, end string) string {
	if i := strings.Index(s[from:], end); i >= 0 {
		return s[:from+i+len(end)]
	}
	return s
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

func isBlank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// lineComment is a comment that has its line for itself. D1 takes such comments out before it looks
// whether a query is empty.
//
// Receipt: the D1 simulator of Cloudflare's workers-sdk.
var lineComment = regexp.MustCompile(`(?m)^\s*--.*`)

// isDropped reports whether D1 leaves a query out without running it.
func isDropped(sql string) bool {
	trimmed := strings.TrimLeft(sql, " \t\r\n\v\f")
	if trimmed == "" {
		return true
	}
	return trimmed[0] == '-' && isBlank(lineComment.ReplaceAllString(sql, ""))
}

// renamesToReserved reports whether an ALTER TABLE gives a table a name of the platform's own. SQLite
// does not tell its authorizer the new name.
func renamesToReserved(sql string) bool {
	var tokens []string
	for at := 0; at < len(sql); {
		token, kind := nextToken(sql, at)
		at += len(token)
		if kind == word || kind == other {
			tokens = append(tokens, token)
		}
	}
	n := len(tokens)
	if n < 3 || !strings.EqualFold(tokens[n-3], "RENAME") || !strings.EqualFold(tokens[n-2], "TO") {
		return false
	}
	name := strings.ToLower(strings.Trim(tokens[n-1], "\"'`[]"))
	return strings.HasPrefix(name, "_cf_")
}

// looksReadOnly guesses by the first word that sql only reads. SQLite is asked before it is believed.
func looksReadOnly(sql string) bool {
	start, end := statement(sql, 0)
	if start == end {
		return false
	}
	token, _ := nextToken(sql, start)
	switch strings.ToUpper(token) {
	case "SELECT", "WITH", "VALUES", "EXPLAIN":
		return true
	}
	return false
}

// position turns an offset into line and column, both from 1.
func position(script string, offset int) (line, column int) {
	before := script[:min(offset, len(script))]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

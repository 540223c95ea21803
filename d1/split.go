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
	shape uint64 // the same for statements that differ in literals only; 0: not known to be so
}

// split takes a script apart into its statements. What is only blanks and comments is none.
func split(script string) []piece {
	var pieces []piece
	for at := 0; at < len(script); {
		f := find(script, at)
		if f.start < f.end {
			pieces = append(pieces, piece{text: script[f.start:f.end], start: f.start, shape: f.shape})
		}
		at = f.end
	}
	return pieces
}

// statement finds the statement that begins at or after at: its first token and the byte after its
// semicolon. start == end says that there is none.
func statement(script string, at int) (start, end int) {
	f := find(script, at)
	return f.start, f.end
}

// A found is a statement in a text, or what there is of it.
type found struct {
	start, end int    // start == end: there is none
	closed     bool   // its semicolon is there: more text would not make it longer
	comment    int    // no statement, and a comment without end begins here; else -1
	shape      uint64 // as in a piece
}

// find is statement, with all that it comes to know. Only the body of a trigger has semicolons inside;
// it ends with "; END ;", which nothing else in it can look like.
func find(script string, at int) found {
	start := -1
	var h head
	shape := shaper{hash: hashStart}
	before, last := "", "" // in a trigger, the two tokens that came before
	for at < len(script) {
		token, kind := nextToken(script, at)
		if kind == blank {
			if start < 0 && isOpenComment(token, at+len(token) == len(script)) {
				return found{start: len(script), end: len(script), comment: at}
			}
			at += len(token)
			continue
		}
		at += len(token)
		if kind == semicolon {
			if start < 0 {
				continue // a semicolon without statement
			}
			if h != headTrigger || (before == ";" && strings.EqualFold(last, "END")) {
				return found{start: start, end: at, closed: true, comment: -1, shape: shape.sum()}
			}
		} else if start < 0 {
			start = at - len(token)
		}
		if h != headTrigger {
			h = h.after(token, kind)
			shape.add(token, kind)
			continue
		}
		before, last = last, token
	}
	if start < 0 {
		return found{start: at, end: at, comment: -1}
	}
	return found{start: start, end: at, comment: -1, shape: shape.sum()}
}

// isOpenComment reports whether token is a comment that more text could make longer.
func isOpenComment(token string, last bool) bool {
	switch {
	case !last || len(token) < 2:
		return false
	case token[0] == '-':
		return token[len(token)-1] != '\n'
	case token[0] == '/':
		return len(token) < 4 || !strings.HasSuffix(token, "*/")
	}
	return false
}

// A head says how far the first words have come towards CREATE TRIGGER.
type head int

const (
	headStart   head = iota
	headExplain      // EXPLAIN
	headQuery        // EXPLAIN QUERY
	headPlan         // EXPLAIN QUERY PLAN
	headCreate       // CREATE
	headTemp         // CREATE TEMP
	headTrigger      // CREATE TRIGGER
	headOther        // no trigger
)

// after is the head once one more token has come.
func (h head) after(token string, kind tokenKind) head {
	if h == headOther {
		return h
	}
	is := func(w string) bool { return kind == word && strings.EqualFold(token, w) }
	switch {
	case h == headStart && is("EXPLAIN"):
		return headExplain
	case h == headExplain && is("QUERY"):
		return headQuery
	case h == headQuery && is("PLAN"):
		return headPlan
	case h <= headPlan && h != headQuery && is("CREATE"):
		return headCreate
	case h == headCreate && (is("TEMP") || is("TEMPORARY")):
		return headTemp
	case (h == headCreate || h == headTemp) && is("TRIGGER"):
		return headTrigger
	}
	return headOther
}

// A shaper gives INSERT statements that differ in nothing but the values behind VALUES the same number,
// so that what has been found out about one holds for all. Dumps have them by the hundred thousand.
type shaper struct {
	hash   uint64
	tokens int
	insert bool // INSERT or REPLACE, and nothing that could read other tables
	values bool // VALUES has come: literals are left out
}

// FNV-1a.
const (
	hashStart uint64 = 14695981039346656037
	hashPrime uint64 = 1099511628211
)

func (s *shaper) add(token string, kind tokenKind) {
	s.tokens++
	if s.tokens == 1 {
		s.insert = kind == word && (strings.EqualFold(token, "INSERT") || strings.EqualFold(token, "REPLACE"))
	}
	if !s.insert {
		return
	}
	if s.values && (token[0] == '\'' || '0' <= token[0] && token[0] <= '9') {
		token = token[:0]
	}
	h := s.hash
	for i := range len(token) {
		h = (h ^ uint64(token[i])) * hashPrime
	}
	s.hash = (h ^ 0xff) * hashPrime // no byte of UTF-8: it parts the tokens
	if kind != word {
		return
	}
	switch len(token) {
	case 2:
		s.insert = !strings.EqualFold(token, "ON")
	case 4:
		s.insert = !strings.EqualFold(token, "WITH")
	case 6:
		s.insert = s.tokens == 1 || !strings.EqualFold(token, "SELECT")
		s.values = s.values || strings.EqualFold(token, "VALUES")
	case 9:
		s.insert = !strings.EqualFold(token, "RETURNING")
	}
}

func (s *shaper) sum() uint64 {
	if !s.insert || !s.values {
		return 0
	}
	return max(s.hash, 1)
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
	case isWordByte(c):
		if c == byteOrderMark[0] && strings.HasPrefix(rest, byteOrderMark) {
			return rest[:len(byteOrderMark)], blank // as SQLite has it, anywhere
		}
		n := 1
		for n < len(rest) && isWordByte(rest[n]) {
			n++
		}
		return rest[:n], word
	case isSpace(c):
		n := 1
		for n < len(rest) && isSpace(rest[n]) {
			n++
		}
		return rest[:n], blank
	case c == '\'' || c == '"' || c == '`':
		return quoted(rest, c), other // a doubled quote is two quoted tokens, which is as good
	case c == ';':
		return rest[:1], semicolon
	case c == '[':
		return quoted(rest, ']'), other
	case c == '-' && strings.HasPrefix(rest, "--"):
		return upTo(rest, 2, "\n"), blank
	case c == '/' && strings.HasPrefix(rest, "/*"):
		return upTo(rest, 2, "*/"), blank
	}
	return rest[:1], other
}

const byteOrderMark = "\ufeff"

// quoted returns s up to and with the first end behind its first byte, or all of s.
func quoted(s string, end byte) string {
	if i := strings.IndexByte(s[1:], end); i >= 0 {
		return s[:i+2]
	}
	return s
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

// wordBytes tells the bytes of words: letters, digits, _, $ and all that is not ASCII.
var wordBytes = func() (table [256]bool) {
	for c := range table {
		table[c] = c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
	}
	return table
}()

func isWordByte(c byte) bool { return wordBytes[c] }
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

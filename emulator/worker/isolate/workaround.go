package isolate

import (
	"strings"
)

// An edit inserts text into the bundle at a byte offset. It holds no line break.
type edit struct {
	at     int
	insert string
}

func apply(code string, edits []edit) string {
	var b strings.Builder
	last := 0
	for _, e := range edits {
		b.WriteString(code[last:e.at])
		b.WriteString(e.insert)
		last = e.at
	}
	b.WriteString(code[last:])
	return b.String()
}

// workarounds finds where the bundle must be edited because of two bugs of goja:
//
//   - a class field named get, set or async with an initialiser does not parse; quoted it does;
//   - an arrow function that uses the arguments of the function around it reads wrong values, unless
//     that function has mentioned arguments itself before.
//
// It knows JavaScript's tokens, and as much of its grammar as it takes to tell a class body and a
// function body from other braces. The code is esbuild's output: one statement a line, every one
// ended by a semicolon, no operator at the start of a line.
func workarounds(code string) []edit {
	if !strings.Contains(code, "arguments") && !mayHaveOddField(code) {
		return nil
	}
	s := &scanner{code: code, prev: ";"}
	s.run()
	return s.sorted()
}

func mayHaveOddField(code string) bool {
	for _, name := range oddFields {
		if strings.Contains(code, " "+name+" = ") {
			return true
		}
	}
	return false
}

var oddFields = [...]string{"get", "set", "async"}

type scopeKind byte

const (
	parenScope    scopeKind = '('
	bracketScope  scopeKind = '['
	blockScope    scopeKind = '{' // or an object literal, or an arrow function's body
	classScope    scopeKind = 'c'
	functionScope scopeKind = 'f'
	templateScope scopeKind = '`' // ${ … } in a template
)

type scope struct {
	kind   scopeKind
	before string // the token before a paren
	class  bool   // a class keyword is waiting for its body within this scope
	// Of a function's body: where a statement can be put, and whether only directives were seen yet.
	insertAt  int
	prologue  bool
	directive bool
	edited    bool
}

type scanner struct {
	code  string
	at    int
	stack []scope
	outer scope  // the scope around all
	prev  string // the last token: a word, a punctuator, or one of "0", `"` and "/" for literals
	prev2 string
	// parenWord is the token that stood before the paren that was closed last.
	parenWord string
	newline   bool // a line break lies before the token being read
	edits     []edit
}

func (s *scanner) top() *scope {
	if len(s.stack) == 0 {
		return &s.outer
	}
	return &s.stack[len(s.stack)-1]
}

func (s *scanner) run() {
	for s.at < len(s.code) {
		c := s.code[s.at]
		switch {
		case c == '\n':
			s.newline = true
			s.at++
			continue
		case c == ' ' || c == '\t' || c == '\r':
			s.at++
			continue
		case c == '/' && s.comment():
			continue
		}
		s.token(c)
		s.newline = false
	}
}

func (s *scanner) token(c byte) {
	switch {
	case isWord(c):
		s.word()
	case c == '"' || c == '\'':
		s.quoted(c)
	case c == '`':
		s.at++
		s.template()
	case c == '/' && s.regexpMayStart():
		s.regexp()
	default:
		s.punctuator(c)
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c == '\\' || c >= 0x80 ||
		'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func (s *scanner) seen(token string) { s.prev2, s.prev = s.prev, token }

// comment passes over a comment, if there is one.
func (s *scanner) comment() bool {
	rest := s.code[s.at:]
	var end int
	switch {
	case strings.HasPrefix(rest, "//"):
		end = strings.IndexByte(rest, '\n')
	case strings.HasPrefix(rest, "/*"):
		end = strings.Index(rest, "*/")
		if end >= 0 {
			end += 2
		}
	default:
		return false
	}
	if end < 0 {
		end = len(rest)
	}
	s.at += end
	return true
}

func (s *scanner) word() {
	start := s.at
	for s.at < len(s.code) && isWord(s.code[s.at]) {
		s.at++
	}
	w := s.code[start:s.at]
	top := s.top()
	afterDot := s.prev == "." || s.prev == "?."
	switch {
	case afterDot:
		w = "0" // a property, whatever its name
	case top.kind == classScope && s.memberStart() && s.fieldFollows() && isOddField(w):
		s.edits = append(s.edits, edit{start, "'"}, edit{s.at, "'"})
	case w == "class" && s.classFollows():
		top.class = true
	case w == "arguments" && !s.isKey():
		s.usesArguments()
	}
	top.prologue = false
	s.seen(w)
}

func isOddField(w string) bool {
	for _, name := range oddFields {
		if w == name {
			return true
		}
	}
	return false
}

// memberStart reports whether the token being read begins a member of a class, after static or not.
func (s *scanner) memberStart() bool {
	before := s.prev
	if before == "static" {
		before = s.prev2
	}
	return before == "{" || before == ";" || before == "}"
}

func (s *scanner) fieldFollows() bool {
	rest := strings.TrimLeft(s.code[s.at:], " ")
	return strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "==") && !strings.HasPrefix(rest, "=>")
}

func (s *scanner) classFollows() bool {
	rest := strings.TrimLeft(s.code[s.at:], " \n")
	return rest != "" && !strings.ContainsRune(":(=,};", rune(rest[0]))
}

// isKey reports whether the word just read is a property's name.
func (s *scanner) isKey() bool { return s.at < len(s.code) && s.code[s.at] == ':' }

// usesArguments notes the function that arguments belongs to.
func (s *scanner) usesArguments() {
	for n := len(s.stack) - 1; n >= 0; n-- {
		sc := &s.stack[n]
		if sc.kind != functionScope {
			continue
		}
		if !sc.edited {
			sc.edited = true
			s.edits = append(s.edits, edit{sc.insertAt, " arguments;"})
		}
		return
	}
}

func (s *scanner) quoted(quote byte) {
	for s.at++; s.at < len(s.code) && s.code[s.at] != quote; s.at++ {
		if s.code[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	top := s.top()
	top.directive = top.prologue && (s.prev == "{" || s.prev == ";")
	top.prologue = top.directive
	s.seen(`"`)
}

// template reads on in a template until it ends or a substitution begins.
func (s *scanner) template() {
	for ; s.at < len(s.code); s.at++ {
		switch s.code[s.at] {
		case '\\':
			s.at++
		case '`':
			s.at++
			s.top().prologue = false
			s.seen(`"`)
			return
		case '$':
			if strings.HasPrefix(s.code[s.at:], "${") {
				s.at += 2
				s.stack = append(s.stack, scope{kind: templateScope})
				s.seen("(")
				return
			}
		}
	}
}

// regexpMayStart tells a regular expression from a division by the token before it.
func (s *scanner) regexpMayStart() bool {
	switch s.prev {
	case `"`, "0", "/re/":
		return false
	case ")", "]", "}":
		return s.newline // esbuild puts a division on its operand's line
	case "return", "typeof", "case", "in", "of", "instanceof", "new", "delete", "void", "throw", "do", "else", "yield", "await", "default":
		return true
	}
	return !isWord(s.prev[0])
}

func (s *scanner) regexp() {
	inClass := false
	for s.at++; s.at < len(s.code); s.at++ {
		switch c := s.code[s.at]; {
		case c == '\\':
			s.at++
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '/' && !inClass, c == '\n':
			s.at++
			for s.at < len(s.code) && isWord(s.code[s.at]) {
				s.at++
			}
			s.top().prologue = false
			s.seen("/re/")
			return
		}
	}
}

func (s *scanner) punctuator(c byte) {
	switch c {
	case '(':
		s.stack = append(s.stack, scope{kind: parenScope, before: s.prev})
		s.at++
		s.seen("(")
	case '[':
		s.stack = append(s.stack, scope{kind: bracketScope})
		s.at++
		s.seen("[")
	case '{':
		s.openBrace()
	case ')', ']', '}':
		s.close(c)
	case ';':
		s.at++
		if top := s.top(); top.kind == functionScope && top.directive {
			top.insertAt, top.directive = s.at, false
		}
		s.seen(";")
	default:
		s.top().prologue = false
		for _, long := range [...]string{"=>", "?.", "...", "++", "--"} {
			if strings.HasPrefix(s.code[s.at:], long) {
				s.at += len(long)
				s.seen(long)
				return
			}
		}
		s.at++
		s.seen(string(c))
	}
}

func (s *scanner) openBrace() {
	top := s.top()
	inner := scope{kind: blockScope}
	switch {
	case top.class:
		top.class = false
		inner.kind = classScope
	case s.prev == ")" && (top.kind == classScope || !isControl(s.parenWord)):
		inner.kind = functionScope
		inner.insertAt, inner.prologue = s.at+1, true
	}
	top.prologue = false
	s.stack = append(s.stack, inner)
	s.at++
	s.seen("{")
}

func isControl(word string) bool {
	switch word {
	case "if", "for", "while", "switch", "with", "catch", "await":
		return true
	}
	return false
}

func (s *scanner) close(c byte) {
	s.at++
	if len(s.stack) == 0 {
		return
	}
	sc := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	if sc.kind == templateScope && c == '}' {
		s.template()
		return
	}
	if sc.kind == parenScope {
		s.parenWord = sc.before
	}
	s.top().prologue = false
	s.seen(string(c))
}

// sorted returns the edits by offset; one that was noted late may lie before others.
func (s *scanner) sorted() []edit {
	for n := 1; n < len(s.edits); n++ {
		for k := n; k > 0 && s.edits[k].at < s.edits[k-1].at; k-- {
			s.edits[k], s.edits[k-1] = s.edits[k-1], s.edits[k]
		}
	}
	return s.edits
}

package isolate

import (
	"slices"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker/isolate/jsregexp"
)

// An edit puts text in the place of the bundle's bytes from at to end. It holds no line break, and
// neither do they.
type edit struct {
	at, end int
	text    string
}

func insert(at int, text string) edit { return edit{at, at, text} }

func apply(code string, edits []edit) string {
	var b strings.Builder
	last := 0
	for _, e := range edits {
		b.WriteString(code[last:e.at])
		b.WriteString(e.text)
		last = e.end
	}
	b.WriteString(code[last:])
	return b.String()
}

// A refusal is a place in the bundle that the engine cannot do, whatever is edited.
type refusal struct {
	at            int
	message, hint string
}

// workarounds finds where the bundle must be edited, and what cannot be helped. importer says which
// module a place in the bundle comes from. The reasons are what goja gets wrong or lacks:
//
//   - a class field named get, set or async with an initialiser does not parse; quoted it does;
//   - an arrow function that uses the arguments of the function around it reads wrong values, unless
//     that function has mentioned arguments itself before;
//   - await in an arrow function without braces in the parameters of another function does not parse,
//     see concise.go;
//   - regular expressions with \p{…}, flags v and d and the like, see package jsregexp;
//   - import(x) of a name that is not known before;
//   - s += x copies all of s, see concat.go.
//
// It knows JavaScript's tokens, and as much of its grammar as it takes to tell a class body and a
// function body from other braces. The code is esbuild's output: one statement a line, every one
// ended by a semicolon, no operator at the start of a line.
func workarounds(code string, importer func(at int) string) ([]edit, []refusal) {
	s := &scanner{code: code, prev: ";", texts: map[string]bool{}, importer: importer}
	s.run()
	slices.SortStableFunc(s.edits, func(a, b edit) int { return a.at - b.at })
	return s.edits, s.refusals
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
	from   int    // of a call of import: the edit for it
	// arrow says that an arrow function's body is being read, inner that one has used arguments at that
	// place, plus one: both matter where the paren turns out to hold a function's parameters.
	arrow  bool
	inner  int
	braces []edit // see concise.go
	class  bool   // a class keyword is waiting for its body within this scope
	// Of a function's body: where a statement can be put, and whether only directives were seen yet.
	insertAt  int
	prologue  bool
	directive bool
	edited    bool
}

type scanner struct {
	code string
	// importer names the module that a place comes from.
	importer func(at int) string
	at       int
	stack    []scope
	outer    scope  // the scope around all
	prev     string // the last token: a word, a punctuator, or one of "0", `"` and "/" for literals
	prev2    string
	// parenWord is the token that stood before the paren that was closed last.
	parenWord string
	newline   bool // a line break lies before the token being read
	edits     []edit
	refusals  []refusal
	concise   []concise       // arrow functions without braces
	sums      []sum           // += whose right side is being read
	texts     map[string]bool // whether a variable was last given a text
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
		s.seen("`")
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

func (s *scanner) seen(token string) {
	s.prev2, s.prev = s.prev, token
	s.inArrow(token)
	if n := len(s.sums); n > 0 && s.sums[n-1].depth == len(s.stack) {
		s.sums[n-1].token(token)
	}
}

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
		s.edits = append(s.edits, insert(start, "'"), insert(s.at, "'"))
	case w == "class" && s.classFollows():
		top.class = true
	case w == "arguments" && !s.isKey():
		s.usesArguments(start)
	case w == "import" && strings.HasPrefix(s.code[s.at:], "("):
		s.edits = append(s.edits, edit{start, s.at + 1, "__cfemu.import(" + jsonText(s.importer(start)) + ", "})
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
func (s *scanner) usesArguments(at int) {
	arrow := s.outer.arrow
	for n := len(s.stack) - 1; n >= 0; n-- {
		sc := &s.stack[n]
		arrow = arrow || sc.arrow
		if sc.kind == parenScope && arrow {
			sc.inner = at + 1
		}
		if sc.kind != functionScope {
			continue
		}
		if !sc.edited {
			sc.edited = true
			s.edits = append(s.edits, insert(sc.insertAt, " arguments;"))
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
	start := s.at
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
			body := s.at
			s.at++
			for s.at < len(s.code) && isWord(s.code[s.at]) {
				s.at++
			}
			s.literal(start, s.code[start+1:body], s.code[body+1:s.at])
			s.top().prologue = false
			s.seen("/re/")
			return
		}
	}
}

func (s *scanner) punctuator(c byte) {
	switch c {
	case '(':
		s.stack = append(s.stack, scope{kind: parenScope, before: s.prev, from: len(s.edits)})
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
		s.ends(s.at - 1)
		s.arrowsEnd(s.at - 1)
		s.top().arrow = false
		s.seen(";")
	case ',':
		s.ends(s.at)
		s.arrowsEnd(s.at)
		s.top().arrow = false
		s.at++
		s.seen(",")
	default:
		s.top().prologue = false
		s.operator(c)
	}
}

// operators are those of several characters that must not be taken for others.
var operators = [...]string{"=>", "===", "!==", "==", "!=", "<=", ">=", "??=", "??", "?.", "...", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}

func (s *scanner) operator(c byte) {
	token := string(c)
	for _, long := range operators {
		if strings.HasPrefix(s.code[s.at:], long) {
			token = long
			break
		}
	}
	if token == ":" {
		if s.ternaryEnds() {
			s.ends(s.at)
		}
		if s.elseEnds() {
			s.arrowsEnd(s.at)
		}
	}
	at := s.at
	s.at += len(token)
	switch token {
	case "=>":
		s.top().arrow = true
		s.arrow()
	case "=":
		if isWord(s.prev[0]) {
			rest := strings.TrimLeft(s.code[s.at:], " ")
			s.texts[s.prev] = rest != "" && strings.IndexByte("'\"`", rest[0]) >= 0
		}
	}
	s.seen(token)
	if token == "+=" {
		s.begins(at)
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
	s.ends(s.at)
	s.arrowsEnd(s.at)
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
		s.closedParen(sc)
	}
	s.top().prologue = false
	s.seen(string(c))
}

// closedParen looks at what follows a paren, which tells what it was.
func (s *scanner) closedParen(sc scope) {
	rest := strings.TrimLeft(s.code[s.at:], " ")
	body := strings.HasPrefix(rest, "{") && (s.top().kind == classScope || !isControl(sc.before))
	if sc.before == "import" && body { // a method of that name
		s.edits = slices.Delete(s.edits, sc.from-1, sc.from)
		return
	}
	if body || strings.HasPrefix(rest, "=>") {
		s.edits = append(s.edits, sc.braces...)
	} else {
		s.wait(sc.braces...)
	}
	if body && sc.inner > 0 {
		s.refusals = append(s.refusals, refusal{sc.inner - 1,
			"An arrow function in a default parameter uses the arguments of the function that the parameter belongs to.",
			"the embedded engine gets such arguments wrong; use a rest parameter, or read arguments in the function's body"})
	}
}

// literal lowers a regular expression that goja has not all of.
func (s *scanner) literal(at int, pattern, flags string) {
	if !jsregexp.Needed(pattern, flags) {
		return
	}
	if _, err := jsregexp.Lower(pattern, flags); err != nil {
		s.refusals = append(s.refusals, refusal{at, "Invalid regular expression: /" + pattern + "/" + flags + ": " + err.Error(), ""})
		return
	}
	s.edits = append(s.edits, edit{at, s.at, "__cfemu.regexp(" + jsonText(pattern) + ", \"" + flags + "\")"})
}

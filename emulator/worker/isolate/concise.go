package isolate

import "strings"

// goja refuses await in an arrow function without braces that stands in the parameters of another
// function, which it takes to be that function's own. With braces it does not.

// A concise is an arrow function without braces whose body is being read.
type concise struct {
	depth      int // of the scanner's stack
	at         int // where its body begins
	conditions int // ? whose : is to come
	awaits     bool
}

// arrow notes the function whose => has just been read.
func (s *scanner) arrow() {
	if !strings.HasPrefix(strings.TrimLeft(s.code[s.at:], " \n"), "{") {
		s.concise = append(s.concise, concise{depth: len(s.stack), at: s.at})
	}
}

// inArrow has the innermost such function see a token.
func (s *scanner) inArrow(token string) {
	n := len(s.concise)
	if n == 0 {
		return
	}
	c := &s.concise[n-1]
	switch {
	case token == "await":
		c.awaits = true
	case token == "?" && c.depth == len(s.stack):
		c.conditions++
	}
}

// elseEnds reports whether a : ends an arrow function, and not a condition within it.
func (s *scanner) elseEnds() bool {
	n := len(s.concise)
	if n == 0 || s.concise[n-1].depth != len(s.stack) {
		return false
	}
	s.concise[n-1].conditions--
	return s.concise[n-1].conditions < 0
}

// arrowsEnd ends the functions whose bodies reach to a place. What braces would take waits in the paren
// around until it is known to be one of parameters.
func (s *scanner) arrowsEnd(at int) {
	for n := len(s.concise); n > 0 && s.concise[n-1].depth >= len(s.stack); n-- {
		c := s.concise[n-1]
		s.concise = s.concise[:n-1]
		if c.awaits {
			s.wait(insert(c.at, " { return ("), insert(at, "); }"))
		}
	}
}

// wait leaves edits to the innermost paren within the function being read.
func (s *scanner) wait(edits ...edit) {
	for n := len(s.stack) - 1; n >= 0 && s.stack[n].kind != functionScope; n-- {
		if s.stack[n].kind == parenScope {
			s.stack[n].braces = append(s.stack[n].braces, edits...)
			return
		}
	}
}

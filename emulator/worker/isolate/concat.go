package isolate

import (
	"strings"
)

// goja copies both sides of every +, so that code which builds a page by html += row copies the page
// for each row. Where the left side is a plain variable or a property of one, and is likely a text,
// the bundle gets html = add(html, row) instead. add (see appender) is the operator + for whatever
// values, and appends in place where that cannot be seen. So a wrong guess costs a call, never a result.

// A sum is a += whose right side is being read.
type sum struct {
	depth      int // of the scanner's stack
	at, op     int // where the left side and the operator begin
	target     string
	text       bool // the target was last given a text
	conditions int  // of ? whose : is to come
	last       string
	binary     bool // last is a + between two operands
	candidate  bool // last is a text that is an operand by itself
	sure       bool // the sum is a text
	other      bool // an operator that binds less than + has been seen
}

// begins looks at the left side of the += at op, which has just been read.
func (s *scanner) begins(op int) {
	end := op
	for end > 0 && s.code[end-1] == ' ' {
		end--
	}
	start := end
	for start > 0 && (isWord(s.code[start-1]) || s.code[start-1] == '.') {
		start--
	}
	target := s.code[start:end]
	first, property, _ := strings.Cut(target, ".")
	if first == "" || '0' <= first[0] && first[0] <= '9' || first[0] == '#' || strings.ContainsAny(property, ".") ||
		strings.HasSuffix(target, ".") {
		return
	}
	s.sums = append(s.sums, sum{depth: len(s.stack), at: start, op: op, target: target, text: property == "" && s.texts[first]})
}

// token notes a token of the right side, at its own depth.
func (p *sum) token(token string) {
	switch {
	case token == "`":
		p.candidate = p.startsOperand()
	case token == `"` && p.last == "`": // the template's end
	case token == `"`:
		p.candidate = p.startsOperand()
	case token == "+" && p.operandEnded():
		p.sure = p.sure || p.candidate
		p.candidate, p.binary = false, true
		p.last = token
		return
	case token == "?":
		p.conditions++
		p.other = true
	case token == ":":
		p.conditions--
	case token == "*" || token == "/" || token == "%": // bind more than +
		p.candidate = false
	case token == "." || token == "?." || token == ")" || token == "]" || token == "}" || token == "/re/" || token == "(":
		p.candidate = false
	case isWord(token[0]):
		p.candidate = false
		switch token {
		case "in", "instanceof", "yield", "function", "class", "async":
			p.other = true
		}
	default:
		p.other = true
	}
	p.last, p.binary = token, false
}

func (p *sum) startsOperand() bool { return p.last == "" || p.last == "+" && p.binary }

func (p *sum) operandEnded() bool {
	switch p.last {
	case `"`, ")", "]", "}", "/re/":
		return true
	}
	return p.last != "" && isWord(p.last[0])
}

// ternaryEnds reports whether a colon belongs to a ternary around the sum being read.
func (s *scanner) ternaryEnds() bool {
	n := len(s.sums)
	return n > 0 && s.sums[n-1].depth == len(s.stack) && s.sums[n-1].conditions == 0
}

// ends is told where an expression at the stack's depth ends.
func (s *scanner) ends(at int) {
	for n := len(s.sums); n > 0 && s.sums[n-1].depth == len(s.stack); n-- {
		p := s.sums[n-1]
		s.sums = s.sums[:n-1]
		if p.text || !p.other && (p.sure || p.candidate) {
			s.edits = append(s.edits, edit{p.op, p.op + 2, "= __cfemuAdd(" + p.target + ","}, insert(at, ")"))
		}
	}
}

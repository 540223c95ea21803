package wrangler

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An Error is a mistake in a configuration file, with its place and a hint how to mend it.
type Error struct {
	File         string // relative to the project's folder
	Line, Column int    // from 1; 0 when the mistake has no place, as something that is missing
	SourceLine   string
	Message      string
	Hint         string
}

func (e *Error) Error() string {
	return format(e.File, e.Line, e.Column, e.SourceLine, e.Message, e.Hint)
}

// Errors are all mistakes that were found, in the order of their places.
type Errors []*Error

func (es Errors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the mistakes one by one.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// A Warning is something suspicious that does not keep the project from running.
type Warning Error

// String is the warning as a terminal shows it.
func (w Warning) String() string {
	return format(w.File, w.Line, w.Column, w.SourceLine, w.Message, w.Hint)
}

func format(file string, line, column int, source, message, hint string) string {
	var b strings.Builder
	if file != "" {
		b.WriteString(file)
		if line > 0 {
			fmt.Fprintf(&b, ":%d:%d", line, column)
		}
		b.WriteString(": ")
	}
	b.WriteString(message)
	if source != "" {
		b.WriteString("\n    " + strings.ReplaceAll(source, "\t", " "))
		if column > 0 {
			b.WriteString("\n    " + strings.Repeat(" ", column-1) + "^")
		}
	}
	if hint != "" {
		b.WriteString("\n  hint: " + hint)
	}
	return b.String()
}

// A source is a file's text, able to say where an offset is.
type source struct {
	name string // as messages show it
	text string
}

func (s source) position(offset int) (line, column int, sourceLine string) {
	offset = max(0, min(offset, len(s.text)))
	start := strings.LastIndexByte(s.text[:offset], '\n') + 1
	end := len(s.text)
	if i := strings.IndexByte(s.text[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	sourceLine = strings.TrimRight(s.text[start:end], "\r")
	return strings.Count(s.text[:start], "\n") + 1, utf8.RuneCountInString(s.text[start:offset]) + 1, sourceLine
}

// offset is where a line and a column, both from 1 and the column in bytes, begin.
func (s source) offset(line, column int) int {
	offset := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(s.text[offset:], '\n')
		if i < 0 {
			break
		}
		offset += i + 1
	}
	return min(offset+max(column-1, 0), len(s.text))
}

// columnBytes is how many bytes of line stand before a column that counts characters from 1.
func columnBytes(line string, column int) int {
	n := 0
	for i := range line {
		if n == column-1 {
			return i
		}
		n++
	}
	return len(line)
}

func (s source) at(offset int, message, hint string) *Error {
	e := &Error{File: s.name, Message: message, Hint: hint}
	if offset >= 0 {
		e.Line, e.Column, e.SourceLine = s.position(offset)
	}
	return e
}

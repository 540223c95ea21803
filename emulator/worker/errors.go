package worker

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoHandler is returned for an event that the Worker exports no handler for.
var ErrNoHandler = errors.New("worker has no such handler")

// The outcomes of an invocation that failed, spelled as in Cloudflare's tail events.
const (
	OutcomeException      = "exception"
	OutcomeExceededCPU    = "exceededCpu"
	OutcomeExceededMemory = "exceededMemory"
)

// An Exception is an error that the user's code threw and did not catch, or a limit it passed.
type Exception struct {
	Outcome string // one of the Outcome constants
	Name    string // TypeError, …; empty when what was thrown is no Error
	Message string
	Stack   []Frame
	Cause   *Exception
}

func (e *Exception) Error() string {
	var b strings.Builder
	if e.Name != "" {
		b.WriteString(e.Name)
		if e.Message != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Message)
	if len(e.Stack) > 0 {
		fmt.Fprintf(&b, " (%s)", e.Stack[0].Position())
	}
	return b.String()
}

// A Frame is one line of a stack, in the user's own source file where a source map knows it.
type Frame struct {
	Function     string
	File         string // relative to the project's folder
	Line, Column int    // from 1
}

// Position is the frame as file:line:column.
func (f Frame) Position() string { return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column) }

// A BuildError says why code cannot be run or bundled, where, and what to do.
type BuildError struct {
	File         string // relative to the project's folder; empty when there is none
	Line, Column int    // from 1; 0 when unknown
	SourceLine   string // the text of the line; empty when unknown
	Message      string
	Hint         string // empty when there is none
}

func (e *BuildError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.SourceLine != "" {
		b.WriteString("\n    " + strings.ReplaceAll(e.SourceLine, "\t", " "))
		if e.Column > 0 {
			b.WriteString("\n    " + strings.Repeat(" ", e.Column-1) + "^")
		}
	}
	if e.Hint != "" {
		b.WriteString("\n  hint: " + e.Hint)
	}
	return b.String()
}

// A Rejection is an incoming email that the handler refused with setReject.
type Rejection struct{ Reason string }

func (r *Rejection) Error() string { return "email rejected: " + r.Reason }

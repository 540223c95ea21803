package cfapi

import (
	"fmt"
	"net/http"
)

// A Fault is an error as the API shows it. Of a Fault in a Chain or Beside another one, the status
// counts for nothing.
type Fault struct {
	Status           int     `json:"-"`
	Code             int     `json:"code,omitempty"`
	Message          string  `json:"message"`
	DocumentationURL string  `json:"documentation_url,omitempty"`
	Source           *Source `json:"source,omitempty"`
	Chain            []Fault `json:"error_chain,omitempty"` // what led to it; wrangler prints these below it
	Beside           []Fault `json:"-"`                     // further errors of the same answer
}

// A Source is the part of a request that an error is about.
type Source struct {
	Pointer string `json:"pointer"` // a JSON pointer into the body, as /batch/0/sql
}

// A Faulter is an error with a form for the caller. Every product's error type is one.
type Faulter interface {
	error
	Fault() Fault
}

// An Error is a Fault that belongs to no product: unknown routes, malformed bodies.
type Error struct{ F Fault }

func (e *Error) Error() string { return e.F.Message }

// Fault returns the form for the caller.
func (e *Error) Fault() Fault { return e.F }

// New returns an *Error of status, code and message.
func New(status, code int, message string) *Error {
	return &Error{Fault{Status: status, Code: code, Message: message}}
}

// codeUnknown is Cloudflare's number for errors of its own. Clients take 10000, which would seem to
// fit as well, for a refused token.
const codeUnknown = 10013

// NotFound is the answer for a path that no route knows.
//
// Receipt: Cloudflare's API documentation and its answers as users report them; the pair of codes is
// the gateway's.
func NotFound(path string) *Error {
	return &Error{Fault{
		Status: http.StatusNotFound, Code: 7003,
		Message: "Could not route to " + path + ", perhaps your object identifier is invalid?",
		Beside:  []Fault{{Code: 7000, Message: "No route for that URI"}},
	}}
}

// MethodNotAllowed is the answer for a method that a path does not have, OPTIONS among them.
//
// Receipt: the API gateway's answers as users report them, OPTIONS included. The number 10405 of some
// products is kept for methods that the kind of token forbids, and clients take it for that.
func MethodNotAllowed(method string) *Error {
	return New(http.StatusMethodNotAllowed, 7001, fmt.Sprintf("Method %s not available for that URI.", method))
}

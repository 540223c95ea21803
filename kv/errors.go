package kv

import (
	"fmt"
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Code says what kind of failure an Error is.
type Code string

// The kinds of failure.
const (
	CodeNamespaceNotFound Code = "namespace_not_found"
	CodeIDInvalid         Code = "id_invalid"
	CodeKeyNotFound       Code = "key_not_found"
	CodeTitleTaken        Code = "title_taken"
	CodeTitleInvalid      Code = "title_invalid"
	CodeTooManyNamespaces Code = "too_many_namespaces"
	CodeInvalid           Code = "invalid"
	CodeKeyTooLong        Code = "key_too_long"
	CodeTooLarge          Code = "too_large"
	CodeExpiration        Code = "expiration"
	CodeNoKeys            Code = "no_keys"
	CodeUnknownRoute      Code = "unknown_route"
)

// statuses holds, for every Code, the HTTP status that both faces give and the number that client/v4
// adds.
//
// Receipt: KV validator texts and statuses of workerd and miniflare, August 2026; client/v4 numbers
// 10009, 10011, 10013, 10014, 10019, 10029 and 10034 from wrangler's tests. The numbers of CodeTooManyNamespaces,
// CodeKeyTooLong and CodeTooLarge are assumed.
var statuses = map[Code]struct{ status, api int }{
	CodeNamespaceNotFound: {http.StatusNotFound, 10013},
	CodeIDInvalid:         {http.StatusBadRequest, 10011},
	CodeKeyNotFound:       {http.StatusNotFound, 10009},
	CodeTitleTaken:        {http.StatusBadRequest, 10014},
	CodeTitleInvalid:      {http.StatusBadRequest, 10019},
	CodeTooManyNamespaces: {http.StatusBadRequest, 10008},
	CodeInvalid:           {http.StatusBadRequest, 10012},
	CodeKeyTooLong:        {http.StatusRequestURITooLong, 10020},
	CodeTooLarge:          {http.StatusRequestEntityTooLarge, 10021},
	CodeExpiration:        {http.StatusBadRequest, 10034},
	CodeNoKeys:            {http.StatusBadRequest, 10029},
	CodeUnknownRoute:      {http.StatusNotFound, 7003},
}

// An Error is a failure that the caller of an operation is told of.
type Error struct {
	Code    Code
	Message string // for the caller, in Cloudflare's wording
	Err     error  // for us; nil when there is nothing more to say
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Fault returns the form for the caller.
func (e *Error) Fault() cfapi.Fault {
	row := statuses[e.Code]
	return cfapi.Fault{Status: row.status, Code: row.api, Message: e.Message}
}

func newError(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func namespaceNotFound() *Error { return newError(CodeNamespaceNotFound, "namespace not found") }

func keyNotFound() *Error { return newError(CodeKeyNotFound, "get: 'key not found'") }

package ai

import (
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Code is Workers AI's own number for a kind of error.
type Code int

// The codes that this package answers with.
//
// Receipt: https://developers.cloudflare.com/workers-ai/platform/errors/, and for 5006 the messages
// that users quote (see schemaError).
const (
	CodeIncomplete  Code = 3003
	CodeTooLarge    Code = 3006
	CodeSchema      Code = 5006
	CodeNoSuchModel Code = 5007
	CodeNoRoute     Code = 7000
)

var statuses = map[Code]int{
	CodeIncomplete:  http.StatusBadRequest,
	CodeTooLarge:    http.StatusRequestEntityTooLarge,
	CodeSchema:      http.StatusBadRequest,
	CodeNoSuchModel: http.StatusBadRequest,
	CodeNoRoute:     http.StatusNotFound,
}

// An Error is a refusal that the caller shall see. Err is the cause for our log, and is never sent.
type Error struct {
	Code    Code
	Message string
	Err     error
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
	return cfapi.Fault{Status: statuses[e.Code], Code: int(e.Code), Message: e.Message}
}

// noSuchModel refuses a model that nobody knows.
//
// Receipt: production's text, as quoted by users in 2026: "5007: No such model @cf/… or task".
func noSuchModel(model string) *Error {
	return &Error{Code: CodeNoSuchModel, Message: "No such model " + model + " or task"}
}

// notEmulated refuses what Cloudflare has and we do not. It has the code of an unknown model,
// because for a Worker it is one: it will not work when tried again, and another model may.
func notEmulated(what string) *Error {
	return &Error{Code: CodeNoSuchModel, Message: "cfemu does not emulate " + what + " yet"}
}

// schemaError refuses inputs of the wrong shape.
//
// Receipt: production's texts as quoted by users, "5006: Error: oneOf at '/' not met, 0 matches:
// required properties at '/' are 'prompt', required properties at '/' are 'messages'" and "Type
// mismatch of '/messages/0/content', 'array' not in 'string'". Details of other mistakes are ours.
func schemaError(detail string) *Error {
	return &Error{Code: CodeSchema, Message: "Error: " + detail}
}

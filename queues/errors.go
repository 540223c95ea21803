package queues

import (
	"errors"
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Code is the number that Cloudflare gives to a kind of error.
type Code int

// The codes that this package answers with.
//
// Receipt: https://developers.cloudflare.com/queues/reference/error-codes/ (21 April 2026) for the
// data plane; 11xxx as rendered in the tests of wrangler, cloudflare/workers-sdk f830836.
const (
	CodeQueueNotFound    Code = 10104
	CodeMessageMetadata  Code = 10203 // content type or delay
	CodeMessageSize      Code = 10204
	CodeBatchSize        Code = 10205
	CodeBatchCount       Code = 10206
	CodeBodySchema       Code = 10207
	CodeBodyMalformed    Code = 10208
	CodeStorageLimit     Code = 10251
	CodeInvalidName      Code = 11003
	CodeConsumerExists   Code = 11004
	CodeNameTaken        Code = 11009
	CodeConsumerSettings Code = 10026
	CodeInternal         Code = 15000
)

var statuses = map[Code]int{
	CodeQueueNotFound:    http.StatusNotFound,
	CodeMessageMetadata:  http.StatusBadRequest,
	CodeMessageSize:      http.StatusRequestEntityTooLarge,
	CodeBatchSize:        http.StatusRequestEntityTooLarge,
	CodeBatchCount:       http.StatusRequestEntityTooLarge,
	CodeBodySchema:       http.StatusBadRequest,
	CodeBodyMalformed:    http.StatusBadRequest,
	CodeStorageLimit:     http.StatusTooManyRequests,
	CodeInvalidName:      http.StatusBadRequest,
	CodeConsumerExists:   http.StatusBadRequest,
	CodeNameTaken:        http.StatusConflict,
	CodeConsumerSettings: http.StatusBadRequest,
	CodeInternal:         http.StatusInternalServerError,
}

// An Error is a refusal that the caller shall see. Message is in Cloudflare's wording; Err is the
// cause for our log, and is never sent.
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

// ErrClosed is returned once the Service is closed.
var ErrClosed = errors.New("queues: closed")

// ErrNoConsumer says that messages are due in a queue that nobody consumes.
var ErrNoConsumer = errors.New("queue has messages that are due and no consumer")

func notFound() *Error { return &Error{Code: CodeQueueNotFound, Message: "Queue does not exist"} }

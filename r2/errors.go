package r2

import (
	"fmt"
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Code is R2's number for a kind of failure, the same on all its faces.
type Code int

// The kinds of failure.
const (
	CodeInternal           Code = 10001
	CodeBucketExists       Code = 10004
	CodeInvalidBucketName  Code = 10005
	CodeNoSuchBucket       Code = 10006
	CodeNoSuchKey          Code = 10007
	CodeBucketNotEmpty     Code = 10008
	CodeTooManyBuckets     Code = 10009
	CodeEntityTooSmall     Code = 10011
	CodeMetadataTooLarge   Code = 10012
	CodeIncompleteBody     Code = 10013
	CodeInvalidDigest      Code = 10014
	CodeInvalidObjectName  Code = 10020
	CodeInvalidMaxKeys     Code = 10022
	CodeNoSuchUpload       Code = 10024
	CodeInvalidPart        Code = 10025
	CodeInvalidArgument    Code = 10029
	CodePreconditionFailed Code = 10031
	CodeBadDigest          Code = 10037
	CodeInvalidRange       Code = 10039
	CodeUnequalParts       Code = 10048
	CodeEntityTooLarge     Code = 100100
)

// faults holds the status and the wording of every Code.
//
// Receipt: https://developers.cloudflare.com/r2/api/error-codes/ and the texts of workerd's local R2,
// August 2026. The texts of CodeIncompleteBody, CodeInvalidDigest, CodeBucketNotEmpty and
// CodeTooManyBuckets are assumed.
var faults = map[Code]struct {
	status  int
	message string
}{
	CodeInternal:           {http.StatusInternalServerError, "We encountered an internal error. Please try again."},
	CodeBucketExists:       {http.StatusConflict, "The bucket you tried to create already exists, and you own it."},
	CodeInvalidBucketName:  {http.StatusBadRequest, "The specified bucket name is not valid."},
	CodeNoSuchBucket:       {http.StatusNotFound, "The specified bucket does not exist."},
	CodeNoSuchKey:          {http.StatusNotFound, "The specified key does not exist."},
	CodeBucketNotEmpty:     {http.StatusConflict, "The bucket you tried to delete is not empty."},
	CodeTooManyBuckets:     {http.StatusBadRequest, "You have attempted to create more buckets than allowed."},
	CodeEntityTooSmall:     {http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed object size."},
	CodeMetadataTooLarge:   {http.StatusBadRequest, "Your metadata headers exceed the maximum allowed metadata size."},
	CodeIncompleteBody:     {http.StatusBadRequest, "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	CodeInvalidDigest:      {http.StatusBadRequest, "The checksum you specified is not valid."},
	CodeInvalidObjectName:  {http.StatusBadRequest, "The specified object name is not valid."},
	CodeInvalidMaxKeys:     {http.StatusBadRequest, "MaxKeys params must be positive integer <= 1000."},
	CodeNoSuchUpload:       {http.StatusNotFound, "The specified multipart upload does not exist."},
	CodeInvalidPart:        {http.StatusBadRequest, "One or more of the specified parts could not be found."},
	CodeInvalidArgument:    {http.StatusBadRequest, "Metadata missing or invalid"},
	CodePreconditionFailed: {http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold."},
	CodeBadDigest:          {http.StatusBadRequest, "The checksum you specified did not match what we received."},
	CodeInvalidRange:       {http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable"},
	CodeUnequalParts:       {http.StatusBadRequest, "There was a problem with the multipart upload."},
	CodeEntityTooLarge:     {http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed object size."},
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
	return cfapi.Fault{Status: faults[e.Code].status, Code: int(e.Code), Message: e.Message}
}

// newError returns an error with its code's own wording.
func newError(code Code) *Error { return &Error{Code: code, Message: faults[code].message} }

func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidArgument, Message: fmt.Sprintf(format, args...)}
}

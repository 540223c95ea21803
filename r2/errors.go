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
	CodeMalformedJSON      Code = 10040
	CodeUnequalParts       Code = 10048
	CodeNoCORS             Code = 10059
	CodeObjectLocked       Code = 10069
	CodeNoSuchDomain       Code = 10404 // the number is ours
	CodeDomainTaken        Code = 10409 // the number is ours
	CodeEntityTooLarge     Code = 100100
)

// faults holds the status, S3's name and the wording of every Code.
//
// Receipt: https://developers.cloudflare.com/r2/api/error-codes/ and the texts of workerd's local R2,
// August 2026. The texts of CodeIncompleteBody, CodeInvalidDigest, CodeBucketNotEmpty and
// CodeTooManyBuckets are assumed, and so is that of CodeObjectLocked.
var faults = map[Code]struct {
	status  int
	s3      string
	message string
}{
	CodeInternal:           {http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."},
	CodeBucketExists:       {http.StatusConflict, "BucketAlreadyOwnedByYou", "The bucket you tried to create already exists, and you own it."},
	CodeInvalidBucketName:  {http.StatusBadRequest, "InvalidBucketName", "The specified bucket name is not valid."},
	CodeNoSuchBucket:       {http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist."},
	CodeNoSuchKey:          {http.StatusNotFound, "NoSuchKey", "The specified key does not exist."},
	CodeBucketNotEmpty:     {http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty."},
	CodeTooManyBuckets:     {http.StatusBadRequest, "TooManyBuckets", "You have attempted to create more buckets than allowed."},
	CodeEntityTooSmall:     {http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."},
	CodeMetadataTooLarge:   {http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size."},
	CodeIncompleteBody:     {http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	CodeInvalidDigest:      {http.StatusBadRequest, "InvalidDigest", "The checksum you specified is not valid."},
	CodeInvalidObjectName:  {http.StatusBadRequest, "InvalidObjectName", "The specified object name is not valid."},
	CodeInvalidMaxKeys:     {http.StatusBadRequest, "InvalidMaxKeys", "MaxKeys params must be positive integer <= 1000."},
	CodeNoSuchUpload:       {http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist."},
	CodeInvalidPart:        {http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found."},
	CodeInvalidArgument:    {http.StatusBadRequest, "InvalidArgument", "Metadata missing or invalid"},
	CodePreconditionFailed: {http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold."},
	CodeBadDigest:          {http.StatusBadRequest, "BadDigest", "The checksum you specified did not match what we received."},
	CodeInvalidRange:       {http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable"},
	CodeMalformedJSON:      {http.StatusBadRequest, "MalformedXML", "The JSON you provided was not well formed."},
	CodeNoCORS:             {http.StatusNotFound, "NoSuchCORSConfiguration", "The CORS configuration does not exist."},
	CodeObjectLocked:       {http.StatusForbidden, "ObjectLockedByBucketPolicy", "The object is locked by a bucket lock rule and cannot be overwritten or deleted."},
	CodeNoSuchDomain:       {http.StatusNotFound, "NoSuchDomain", "The custom domain is not attached to this bucket."},
	CodeDomainTaken:        {http.StatusConflict, "DomainTaken", "The custom domain is attached to another bucket."},
	CodeUnequalParts:       {http.StatusBadRequest, "InvalidPart", "There was a problem with the multipart upload."},
	CodeEntityTooLarge:     {http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size."},
}

// An Error is a failure that the caller of an operation is told of.
type Error struct {
	Code    Code
	Message string // for the caller, in Cloudflare's wording
	Detail  string // for the caller, in ours; empty when there is nothing more to say
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
	f := cfapi.Fault{Status: faults[e.Code].status, Code: int(e.Code), Message: e.Message}
	if e.Detail != "" {
		f.Chain = []cfapi.Fault{{Message: e.Detail}}
	}
	return f
}

// S3 returns the name that the S3 API has for the failure.
func (c Code) S3() string { return faults[c].s3 }

// newError returns an error with its code's own wording.
func newError(code Code) *Error { return &Error{Code: code, Message: faults[code].message} }

func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidArgument, Message: fmt.Sprintf(format, args...)}
}

// malformed refuses a setting that is not what it should be. Production says no more than its code's text.
func malformed(format string, args ...any) *Error {
	e := newError(CodeMalformedJSON)
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

package s3

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cfemu/cfemu/r2"
)

// An Error is a failure that an S3 client is told of.
type Error struct {
	Status  int    // HTTP
	Code    string // S3's name of the kind of failure, as NoSuchKey
	Message string
	Extra   []Element // what the document says beside Code and Message, in its order
}

// An Element is one more element of an error document.
type Element struct{ Name, Text string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func newError(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func notImplemented(format string, args ...any) *Error {
	return newError(http.StatusNotImplemented, "NotImplemented", format, args...)
}

// errorOf is how S3 says err: an *Error as it is, a failure of r2 under its S3 name, anything else as an
// internal error.
func errorOf(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var domain *r2.Error
	if errors.As(err, &domain) {
		return newError(domain.Fault().Status, domain.Code.S3(), "%s", domain.Message)
	}
	return newError(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}

// document is the error as XML. It has no namespace, unlike the documents of a success.
func (e *Error) document() string {
	d := &document{open: []string{"Error"}}
	d.b.WriteString(xmlHeader + "<Error>")
	d.text("Code", e.Code)
	d.text("Message", e.Message)
	for _, x := range e.Extra {
		d.text(x.Name, x.Text)
	}
	return d.finish()
}

// Package cfapi is the dialect of Cloudflare's client/v4 API: the envelope around every answer, its
// errors, and a handler type that returns its error, so that one place writes it.
package cfapi

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
)

// A Fault is an error as the API shows it.
type Fault struct {
	Status  int
	Code    int
	Message string
}

// A Faulter is an error with a form for the caller. Every product's error type is one. An error
// that is none is a bug of ours: the caller learns nothing of it, the log everything.
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

// NotFound is the answer for a path that no route knows.
func NotFound(path string) *Error {
	return New(http.StatusNotFound, 7003, "Could not route to "+path+", perhaps your object identifier is invalid?")
}

type envelope struct {
	Success    bool       `json:"success"`
	Errors     []apiError `json:"errors"`
	Messages   []string   `json:"messages"`
	Result     any        `json:"result"`
	ResultInfo any        `json:"result_info,omitempty"`
}

type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// PageInfo is the result_info of a list that is read page by page.
type PageInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// WriteResult writes result in a successful envelope.
func WriteResult(w http.ResponseWriter, result any) error { return WritePage(w, result, nil) }

// WritePage writes result in a successful envelope with its result_info.
func WritePage(w http.ResponseWriter, result, info any) error {
	return write(w, http.StatusOK, envelope{Success: true, Result: result, ResultInfo: info})
}

func write(w http.ResponseWriter, status int, e envelope) error {
	if e.Errors == nil {
		e.Errors = []apiError{}
	}
	e.Messages = []string{}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

// A Handler is an HTTP handler that returns its error.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls h and renders its error as an envelope. Nothing must have been written when h
// returns an error that is to be seen.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		WriteError(w, r, err)
	}
}

// WriteError renders err as a failed envelope.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	fault := Fault{Status: http.StatusInternalServerError, Code: 10000, Message: "internal error"}
	var f Faulter
	if errors.As(err, &f) {
		fault = f.Fault()
	} else {
		slog.Error("api", "method", r.Method, "path", r.URL.EscapedPath(), "err", err)
	}
	// The client is gone when this fails; there is nobody left to tell.
	_ = write(w, fault.Status, envelope{Errors: []apiError{{fault.Code, fault.Message}}})
}

// Unescape decodes a route variable. Routers run with UseEncodedPath, so that a key may contain
// "/" and ".."; this is the one place where the escaping ends.
func Unescape(v string) (string, error) {
	s, err := url.PathUnescape(v)
	if err != nil {
		return "", New(http.StatusBadRequest, 7003, "malformed percent-encoding in path")
	}
	return s, nil
}

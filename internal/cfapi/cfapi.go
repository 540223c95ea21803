// Package cfapi is the dialect of Cloudflare's client/v4 API: the envelope around every answer, its
// errors, its lists, and handlers that return their error, so that one place writes it.
package cfapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
)

// MaxBody is how large a request body may be, in bytes, where an Endpoint does not say otherwise: what
// Cloudflare's edge lets through to its API.
const MaxBody = 100 << 20

// A Handler is an HTTP handler that returns its error.
type Handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls h and renders its error as an envelope. Nothing must have been written when h
// returns an error that is to be seen.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	Endpoint{Handler: h}.ServeHTTP(w, r)
}

// An Endpoint is a Handler with rules of its own.
type Endpoint struct {
	Handler Handler
	MaxBody int64 // bytes; 0: the package's MaxBody
	// Signed says that the URL itself carries what allows its use, as an upload URL does: the front
	// desk asks for no token.
	Signed bool
}

// ServeHTTP is Handler's.
func (e Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.MaxBody == 0 {
		e.MaxBody = MaxBody
	}
	if r.ContentLength > e.MaxBody {
		WriteError(w, r, &http.MaxBytesError{Limit: e.MaxBody})
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		copied := *r // the server looks at its own request to see whether the body was read
		copied.Body = http.MaxBytesReader(w, r.Body, e.MaxBody)
		r = &copied
	}
	if err := e.Handler(w, r); err != nil {
		WriteError(w, r, err)
	}
}

// WriteError renders err as a failed envelope. An error that is no Faulter is a bug of ours: the
// caller learns nothing of it, the log everything.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	fault := Fault{Status: http.StatusInternalServerError, Code: codeUnknown, Message: "internal error"}
	f, isFault := errors.AsType[Faulter](err)
	large, isLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isLarge: // whatever a product makes of a body that broke off
		fault = Fault{Status: http.StatusRequestEntityTooLarge, Code: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("Request entity too large: this endpoint takes %d bytes", large.Limit)}
	case isFault:
		fault = f.Fault()
	default:
		slog.Error("api", "method", r.Method, "path", r.URL.EscapedPath(), "err", err)
	}
	if hopeless(fault.Status) {
		w.Header().Set("X-Should-Retry", "false")
	}
	faults := append([]Fault{fault}, fault.Beside...)
	// The client is gone when this fails; there is nobody left to tell.
	_ = write(w, fault.Status, envelope{Errors: faults})
}

// hopeless says that the same request would fail again, though Cloudflare's SDKs repeat those with
// this status twice unless they are told. A 503 is meant to be repeated.
func hopeless(status int) bool {
	return status == http.StatusConflict || status >= 500 && status != http.StatusServiceUnavailable
}

// DecodeJSON reads the request's body, JSON of at most limit bytes, into v, whatever its content type
// is: clients call JSON text/plain, or nothing at all.
func DecodeJSON(r *http.Request, v any, limit int64) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, limit))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more than one JSON value")
		}
		return err
	}
	return nil
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

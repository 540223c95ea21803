package emulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// Published limits of what a client may send: https://developers.cloudflare.com/workers/platform/limits/
const (
	maxURLBytes    = 16 << 10
	maxHeaderBytes = 128 << 10
	maxBodyBytes   = 100 << 20 // of the free and pro plans of zones
)

// serveWorker is the Worker door: every request is the Worker's, but for the paths that Cloudflare
// keeps for itself.
func (e *Emulator) serveWorker(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, handlerPrefix) {
		e.serveHandler(w, r)
		return
	}
	if len(r.RequestURI) > maxURLBytes {
		http.Error(w, "URI Too Long", http.StatusRequestURITooLong)
		return
	}
	took := clock.Stopwatch()
	ray := newRay()
	e.ops.begin(ray)
	ev := Event{Type: EventRequest, Worker: e.name(), Method: r.Method, Path: told(r.URL.RequestURI()), Ray: ray}
	ctx := probe.WithRay(r.Context(), ray)
	w.Header()["Cf-Ray"] = []string{ray}

	status, err := e.dispatch(ctx, w, r, ray)
	ev.Status, ev.Took, ev.Ops = status, took(), e.ops.end(ray)
	if err != nil {
		ev.Error = errorText(err)
		ev.Detail = e.explain(err)
	}
	e.report(ev)
	if _, ok := errors.AsType[*brokenBody](err); ok {
		panic(http.ErrAbortHandler) // the header is out: breaking the connection is all that tells the client
	}
}

// A brokenBody is the error of a body that ended before its time.
type brokenBody struct{ error }

func (b *brokenBody) Unwrap() error { return b.error }

// dispatch lets the live version answer and returns the status that was sent. The error is the
// Worker's, or why there is none.
func (e *Emulator) dispatch(ctx context.Context, w http.ResponseWriter, r *http.Request, ray string) (int, error) {
	body, fits := e.limitBody(w, r)
	if !fits {
		return e.tooLarge(w)
	}
	if r.ContentLength != 0 {
		// A Worker may answer with the body it is being sent. An error says that the protocol is not HTTP/1,
		// and that both directions flow anyway.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	e.lookForChanges()
	v, release, err := e.slot.take(ctx)
	if err != nil && r.Context().Err() != nil {
		return statusClientGone, nil
	}
	if err != nil {
		return e.failPage(w, r, ray, err), err
	}
	defer release()
	// A person who looks at the page after a save wants to see why it did not take; a program goes
	// on with the version that works.
	if failed := e.slot.failure(); failed != nil && wantsHTML(r) {
		return e.failPage(w, r, ray, failed), nil
	}
	host := e.upstreamHost()
	res, err := v.RoundTrip(e.incoming(ctx, r, ray, host))
	if leftUnread(r) {
		// With both directions open, net/http reads the rest of a body when it listens for the next request
		// already, and takes the one for the other.
		w.Header().Set("Connection", "close")
	}
	if err != nil {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return statusClientGone, nil
		}
		if body.passed() {
			return e.tooLarge(w)
		}
		return e.failPage(w, r, ray, err), err
	}
	defer res.Body.Close()
	if host != "" {
		replaceHost(res.Header, host, r.Host)
	}
	return res.StatusCode, copyResponse(w, r, res)
}

// statusClientGone is shown for a request whose client went away before the answer, as nginx does.
const statusClientGone = 499

// buffers are for copying bodies.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// copyResponse writes res to w. A body of unknown length is a stream: each piece goes out as it
// comes. An error is the Worker's body breaking; a client that goes away is none.
func copyResponse(w http.ResponseWriter, r *http.Request, res *http.Response) error {
	header := w.Header()
	ours := header["Connection"] // the guard's, which ends it
	for name, values := range res.Header {
		header[name] = values
	}
	for _, name := range hopHeaders {
		delete(header, name)
	}
	if ours != nil {
		header["Connection"] = ours
	}
	if res.ContentLength >= 0 && header.Get("Content-Length") == "" && r.Method != http.MethodHead && bodyAllowed(res.StatusCode) {
		header.Set("Content-Length", strconv.FormatInt(res.ContentLength, 10))
	}
	if _, typed := header["Content-Type"]; !typed {
		header["Content-Type"] = nil // the Worker gave none: no sniffing
	}
	w.WriteHeader(res.StatusCode)
	stream := res.ContentLength < 0
	if stream {
		flush(w)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := res.Body.Read(*buf)
		if n > 0 {
			if _, werr := w.Write((*buf)[:n]); werr != nil {
				return nil // the client is gone
			}
			if stream {
				flush(w)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && r.Context().Err() != nil:
			return nil // the client is gone
		case err != nil:
			return &brokenBody{err}
		}
	}
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func wantsHTML(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

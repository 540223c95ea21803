package emulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// limitBody holds the body of r, which is the guard's copy, to what the zone takes. It reports false for
// one that is announced to be larger; a body whose length nobody knows breaks off when it gets there.
func (e *Emulator) limitBody(w http.ResponseWriter, r *http.Request) (body *limitedBody, fits bool) {
	limit := e.opts.MaxBody
	switch {
	case limit < 0 || r.ContentLength >= 0 && r.ContentLength <= limit:
		return nil, true
	case r.ContentLength > limit:
		// Reading past a limit is how net/http learns not to cut the connection off at once, which could
		// take the answer from a client that still sends.
		_, _ = http.MaxBytesReader(w, r.Body, 0).Read(make([]byte, 1))
		return nil, false
	}
	body = &limitedBody{ReadCloser: http.MaxBytesReader(w, r.Body, limit)}
	r.Body = body
	return body, true
}

// A limitedBody remembers that it was too large. What the Worker makes of a body that breaks off is its own
// business, unless it fails of it.
type limitedBody struct {
	io.ReadCloser
	over atomic.Bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		b.over.Store(true)
		err = fmt.Errorf("the request body is larger than %d bytes", large.Limit)
	}
	return n, err
}

// passed reports whether more came than there may be.
func (b *limitedBody) passed() bool { return b != nil && b.over.Load() }

// tooLargePage is what Cloudflare's edge answers.
//
// Receipt: answers of Cloudflare in front of sites, as users quote them.
const tooLargePage = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n" +
	"<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"

// tooLarge answers a request whose body is too large for the zone. The error is for the terminal.
func (e *Emulator) tooLarge(w http.ResponseWriter) (int, error) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	_, _ = io.WriteString(w, tooLargePage) // the client is gone when this fails
	return http.StatusRequestEntityTooLarge, fmt.Errorf("the request body is larger than the %d MiB that Cloudflare takes on free and pro plans: --max-body sets another limit", e.opts.MaxBody>>20)
}

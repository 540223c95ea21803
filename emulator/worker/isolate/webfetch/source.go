package webfetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// chunkSize is how much a stream over a Go reader hands to JavaScript at once.
const chunkSize = 64 << 10

// A source is a body's bytes as a Go reader. It decodes what came with a Content-Encoding only when
// somebody reads the content; passed on whole, the encoded bytes go as they came.
type source struct {
	raw      io.ReadCloser
	length   int64  // of raw, -1 when unknown
	encoding string // "", "gzip" or "br"
	memory   bool   // reading never blocks
	// owner is the context of the invocation that the bytes came to; nil: anybody may read them.
	owner context.Context

	decoded io.Reader
}

func newSource(raw io.ReadCloser, length int64) *source { return &source{raw: raw, length: length} }

// ownSource is the source of what has come from outside for the invocation whose code runs.
func (a *API) ownSource(raw io.ReadCloser, length int64) *source {
	return &source{raw: raw, length: length, owner: a.h.Context()}
}

// needOwner refuses to read src for another invocation than it came to.
// Receipt: https://developers.cloudflare.com/workers/observability/errors/#cannot-perform-io-on-behalf-of-a-different-request
func (a *API) needOwner(src *source) error {
	if src.owner == nil || src.owner == a.h.Context() {
		return nil
	}
	return a.plainError("Cannot perform I/O on behalf of a different request. I/O objects (such as streams, request/response bodies, and others) " +
		"created in the context of one request handler cannot be accessed from a different request's handler. " +
		"This is a limitation of Cloudflare Workers which allows us to improve overall performance. (I/O type: ReadableStreamSource)")
}

// memorySource reads from b.
func memorySource(b []byte) *source {
	return &source{raw: io.NopCloser(bytes.NewReader(b)), length: int64(len(b)), memory: true}
}

// size is the length of the content, -1 when unknown.
func (s *source) size() int64 {
	if s.encoding != "" {
		return -1
	}
	return s.length
}

// Read reads the content.
func (s *source) Read(p []byte) (int, error) {
	if s.encoding == "" {
		return s.raw.Read(p)
	}
	if s.decoded == nil {
		d, err := decoder(s.encoding, s.raw)
		if err != nil {
			return 0, err
		}
		s.decoded = d
	}
	return s.decoded.Read(p)
}

// Close frees what the bytes come from.
func (s *source) Close() error { return s.raw.Close() }

// decoder undoes a Content-Encoding. No bytes at all decode to none.
func decoder(encoding string, raw io.Reader) (io.Reader, error) {
	in := bufio.NewReader(raw)
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		return in, nil
	}
	if encoding == "br" {
		return brotli.NewReader(in), nil
	}
	d, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("decode gzip: %w", err)
	}
	return d, nil
}

// contentCoding is the coding that the platform decodes, "" when there is none or it passes as is.
func contentCoding(h *headers) string {
	switch v, _ := h.get("content-encoding"); lower(strings.TrimSpace(v)) {
	case "gzip":
		return "gzip"
	case "br":
		return "br"
	}
	return ""
}

// guarded reads from rc and closes it when ctx ends, so that a read that blocks comes back.
func guarded(ctx context.Context, rc io.ReadCloser, p []byte) (int, error) {
	stop := context.AfterFunc(ctx, func() { _ = rc.Close() })
	n, err := rc.Read(p)
	if !stop() && n == 0 && ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return n, err
}

// readAll reads s to its end, up to the platform's limit, and closes it.
func (s *source) readAll(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	defer s.Close()
	if s.size() > bufferLimit {
		return nil, errTooLarge
	}
	var buf bytes.Buffer
	if n := s.size(); n > 0 {
		buf.Grow(int(n) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(s, bufferLimit+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case n > bufferLimit:
		return nil, errTooLarge
	}
	return buf.Bytes(), nil
}

// Receipt: workerd src/workerd/api/streams/internal.c++, AllReader
var errTooLarge = errors.New("Memory limit would be exceeded before EOF.")

// tee makes two sources of one. What only one of them has read waits in memory for the other, as
// long as that one is open.
func (s *source) tee() (*source, *source) {
	t := &tee{raw: s.raw}
	t.turn.L = &t.mu
	left, right := *s, *s
	left.raw, right.raw = &branch{t: t, i: 0}, &branch{t: t, i: 1}
	left.decoded, right.decoded = nil, nil
	return &left, &right
}

type tee struct {
	mu      sync.Mutex
	turn    sync.Cond // reading has become false
	raw     io.ReadCloser
	reading bool
	err     error
	waiting [2][]byte
	closed  [2]bool
}

type branch struct {
	t *tee
	i int
}

var errClosed = errors.New("read from a body that was cancelled")

func (b *branch) Read(p []byte) (int, error) {
	t := b.t
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		switch {
		case t.closed[b.i]:
			return 0, errClosed
		case len(t.waiting[b.i]) > 0:
			n := copy(p, t.waiting[b.i])
			t.waiting[b.i] = t.waiting[b.i][n:]
			return n, nil
		case t.err != nil:
			return 0, t.err
		case !t.reading:
			return t.read(b.i, p)
		}
		t.turn.Wait()
	}
}

// read reads for branch i, with mu held, which it lets go of meanwhile.
func (t *tee) read(i int, p []byte) (int, error) {
	t.reading = true
	t.mu.Unlock()
	n, err := t.raw.Read(p)
	t.mu.Lock()
	t.reading = false
	t.err = err
	if other := 1 - i; n > 0 && !t.closed[other] {
		t.waiting[other] = append(t.waiting[other], p[:n]...)
	}
	t.turn.Broadcast()
	if n > 0 {
		return n, nil
	}
	return n, err
}

func (b *branch) Close() error {
	t := b.t
	t.mu.Lock()
	if t.closed[b.i] {
		t.mu.Unlock()
		return nil
	}
	t.closed[b.i] = true
	t.waiting[b.i] = nil
	both := t.closed[0] && t.closed[1]
	t.turn.Broadcast()
	t.mu.Unlock()
	if both {
		return t.raw.Close()
	}
	return nil
}

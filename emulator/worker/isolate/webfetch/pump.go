package webfetch

import (
	"context"
	"io"
	"sync"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// A pump is a JavaScript stream as a Go reader: each Read that finds nothing asks the loop for one
// more chunk, so that the stream is pulled no faster than Go reads.
type pump struct {
	a      *API
	ctx    context.Context
	next   goja.Callable // reads one chunk
	cancel goja.Callable

	chunks chan chunk // of one: what the loop answers to an ask
	rest   []byte     // of the last chunk; the reader's

	mu     sync.Mutex
	token  func(f func()) // how to get onto the loop; nil while it is being used or when all is over
	closed bool
	reason error
	err    error // how the stream has ended
	stop   func() bool
}

type chunk struct {
	data []byte
	err  error // io.EOF at the end
}

// pump locks o and returns a reader of its bytes.
func (s *streams) pump(o *goja.Object) io.ReadCloser {
	p := &pump{a: s.a, ctx: s.a.h.Context(), chunks: make(chan chunk, 1)}
	handle := s.call("pump", o, s.a.rt.ToValue(p.take), s.a.rt.ToValue(p.finish)).(*goja.Object)
	p.next, p.cancel = callable(handle.Get("next")), callable(handle.Get("cancel"))
	p.token = s.a.h.Hold()
	p.stop = context.AfterFunc(p.ctx, func() { p.end(context.Cause(p.ctx)) })
	return p
}

// Receipt: workerd of November 2026.
const notConvertible = "Draining read encountered a value that cannot be converted to bytes"

// take is called by the script with a chunk. A string stands for its UTF-8.
func (p *pump) take(call goja.FunctionCall) goja.Value {
	if text, ok := call.Argument(0).(goja.String); ok {
		p.chunks <- chunk{data: []byte(text.String())}
		return goja.Undefined()
	}
	data, ok := p.a.chunkBytes(call.Argument(0))
	if !ok {
		e := p.a.rt.NewTypeError(notConvertible)
		p.over(chunk{err: host.Throw(e)})
		return e // the script cancels the stream with it
	}
	p.chunks <- chunk{data: append([]byte(nil), data...)}
	return goja.Undefined()
}

// finish is called by the script at the end of the stream.
func (p *pump) finish(call goja.FunctionCall) goja.Value {
	if call.Argument(0).ToBoolean() {
		p.over(chunk{err: &StreamError{Value: call.Argument(1), text: describe(call.Argument(1))}})
	} else {
		p.over(chunk{err: io.EOF})
	}
	return goja.Undefined()
}

// over answers the ask that is open with the end and gives back the hold on the invocation.
func (p *pump) over(c chunk) {
	p.mu.Lock()
	token := p.token
	p.token = nil
	p.mu.Unlock()
	select {
	case p.chunks <- c:
	default: // nobody has asked; cannot be, the script answers asks only
	}
	if token != nil {
		token(func() {})
	}
}

// ask runs on the loop.
func (p *pump) ask() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.over(chunk{err: p.reason}) // whoever has asked may still be waiting
		p.abandon()
		return
	}
	p.token = p.a.h.Hold()
	p.mu.Unlock()
	if _, err := p.next(goja.Undefined()); err != nil {
		panic(err)
	}
}

// abandon cancels the stream, on the loop.
func (p *pump) abandon() {
	if _, err := p.cancel(goja.Undefined(), p.a.reason(p.reason)); err != nil {
		panic(err)
	}
}

// Read returns what the stream gives next. An error of the stream is a *StreamError.
func (p *pump) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for len(p.rest) == 0 {
		if err := p.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// fetch asks the loop for a chunk and waits for it.
func (p *pump) fetch() error {
	p.mu.Lock()
	token, err := p.token, p.err
	if p.closed && err == nil {
		err = p.reason
	}
	if err == nil {
		p.token = nil
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	token(p.ask)
	var c chunk
	select {
	case c = <-p.chunks:
	case <-p.ctx.Done():
		c.err = context.Cause(p.ctx)
	}
	p.mu.Lock()
	if p.closed { // while it was waiting: a stream that is cancelled has not come to its end
		c = chunk{err: p.reason}
	}
	p.err = c.err
	p.mu.Unlock()
	if c.err != nil {
		p.stop()
		return c.err
	}
	p.rest = c.data
	return nil
}

// Close cancels the stream, unless it has ended.
func (p *pump) Close() error {
	p.stop()
	p.end(errClosed)
	return nil
}

// drop cancels a stream that nobody has read from yet, at once. It is called on the loop.
func (p *pump) drop(reason error) {
	p.stop()
	p.mu.Lock()
	token := p.token
	p.token, p.closed, p.reason = nil, true, reason
	p.mu.Unlock()
	token(func() {}) // it was held for a reader
	p.abandon()
}

func (p *pump) end(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed, p.reason = true, reason
	if token := p.token; token != nil && p.err == nil {
		p.token = nil
		token(p.abandon)
	}
}

// A StreamError is how reading fails from a stream that JavaScript has put into error.
type StreamError struct {
	Value goja.Value // what it was put into error with; for the loop's goroutine only
	text  string
}

func (e *StreamError) Error() string { return e.text }

// describe is a thrown value's text. It must be made on the loop.
func describe(v goja.Value) string {
	if v == nil {
		return "undefined"
	}
	return v.String()
}

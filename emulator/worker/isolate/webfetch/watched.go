package webfetch

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/dop251/goja"
)

// A watched source tells the loop once how it has ended. It is how a pipe between two native ends,
// which Go alone carries out, settles its promise.
type watched struct {
	*source
	left int64 // of the declared length; a reader that knows it may never ask for the end
	mu   sync.Mutex
	tell func(err error) // nil once told
	stop func() bool
}

// watch(source, f) returns a source in its place; f(failed, error) is called when it ends.
func (a *API) watch(call goja.FunctionCall) goja.Value {
	src, _ := call.Argument(0).Export().(*source)
	f := callable(call.Argument(1))
	done := a.h.Hold()
	w := &watched{source: src, left: src.size()}
	w.tell = func(err error) {
		done(func() {
			failed, reason := err != nil, goja.Undefined()
			if failed {
				reason = a.reason(err)
			}
			if _, err := f(goja.Undefined(), a.rt.ToValue(failed), reason); err != nil {
				panic(err)
			}
		})
	}
	ctx := a.h.Context()
	w.mu.Lock()
	w.stop = context.AfterFunc(ctx, func() { w.end(context.Cause(ctx)) })
	w.mu.Unlock()
	return a.rt.ToValue(&source{raw: w, length: src.size(), memory: src.memory})
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.source.Read(p)
	counted := w.left > 0
	w.left -= int64(n)
	switch {
	case counted && w.left == 0 && err == nil:
		w.end(nil)
	case errors.Is(err, io.EOF):
		w.end(nil)
	case err != nil:
		w.end(err)
	}
	return n, err
}

func (w *watched) Close() error {
	w.end(errClosed)
	return w.source.Close()
}

func (w *watched) end(err error) {
	w.mu.Lock()
	tell := w.tell
	w.tell = nil
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
	if tell != nil {
		tell(err)
	}
}

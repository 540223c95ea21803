package webfetch

import (
	"context"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A signal is the state of an AbortSignal as far as this package needs it.
type signal interface {
	Aborted() bool
	Reason() goja.Value
	// OnAbort calls f on the loop when the signal is aborted, until remove is called.
	OnAbort(f func()) (remove func())
}

// A watcher is a host that can run f on the loop when ctx ends, without keeping the invocation
// waiting for that: the signal of an incoming request aborts when its client goes. The isolate is
// one; hosts of tests need not be.
type watcher interface {
	Watch(ctx context.Context, f func())
}

func (a *API) signalOf(v goja.Value) (signal, bool) { return idl.As[signal](a.realm, v) }

func (a *API) initSignal(r *request, v goja.Value) error {
	switch {
	case missing(v):
	case goja.IsNull(v):
		r.signal = nil
	default:
		if _, ok := a.signalOf(v); !ok {
			return a.typeError("Failed to construct 'Request': member signal is not of type AbortSignal.")
		}
		r.signal = v.(*goja.Object)
	}
	return nil
}

// requestSignal is the signal that code sees: the one it gave, that of the incoming request, or one
// that never aborts.
func (a *API) requestSignal(r *request) goja.Value {
	if r.signal != nil {
		return r.signal
	}
	controller, err := a.rt.New(a.rt.Get("AbortController"))
	if err != nil {
		panic(err)
	}
	r.signal = controller.Get("signal").(*goja.Object)
	if r.incoming != nil {
		a.abortWith(r.incoming, controller)
	}
	return r.signal
}

// abortWith aborts controller when ctx ends.
func (a *API) abortWith(ctx context.Context, controller *goja.Object) {
	w, ok := a.h.(watcher)
	if !ok {
		return
	}
	abort := callable(controller.Get("abort"))
	w.Watch(ctx, func() {
		if _, err := abort(controller); err != nil {
			panic(err)
		}
	})
}

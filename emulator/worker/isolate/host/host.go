// Package host says what the Web API packages need of the isolate they are installed in, so that
// they can be written and tested without it.
package host

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/internal/clock"
)

// A Host is an isolate as seen from its Web APIs. Its methods are called on the event loop's
// goroutine only.
type Host interface {
	Runtime() *goja.Runtime
	Realm() *idl.Realm
	// Context belongs to the invocation whose code is running: it carries its Ray ID and ends when
	// the client has gone or the isolate closes.
	Context() context.Context
	// Clock is the emulator's clock, which users can move.
	Clock() clock.Clock
	// Now is the time as code sees it: it stands still while code runs, and at the Unix epoch while
	// top-level code does.
	Now() time.Time
	// NeedEvent throws what top-level code gets for what production allows in handlers only.
	NeedEvent()
	// Outbound is where global fetch goes.
	Outbound() http.RoundTripper
	// Cache is behind the Cache API.
	Cache() http.RoundTripper
	// Enabled reports whether the Worker's compatibility date and flags turn f on.
	Enabled(f Flag) bool
	// Hold announces one callback from outside the loop and keeps the invocation waiting for it.
	// The func that it returns may be called from any goroutine, exactly once: it runs f on the
	// loop, in the invocation that called Hold, and then the microtasks.
	Hold() (done func(f func()))
}

// Async runs work in a goroutine of its own and returns a promise for what settle, which it runs
// on the loop, returns. Work must end when its context does. A settle error that is a *goja.Object
// wrapped by Throw rejects with that object; any other becomes a JavaScript Error with its text.
func Async(h Host, work func(ctx context.Context) (settle func() (any, error))) goja.Value {
	rt, ctx := h.Runtime(), h.Context()
	p, resolve, reject := rt.NewPromise()
	done := h.Hold()
	go func() {
		settle := guarded(ctx, work)
		done(func() {
			v, err := settle()
			if err == nil {
				_ = resolve(v) // an error here is a throw of the user's thenable, which rejects p
				return
			}
			_ = reject(Reason(rt, err))
		})
	}()
	return rt.ToValue(p)
}

// guarded runs work. A panic in it is a bug of ours that must not end the process, nor leave the
// promise waiting: it rejects.
func guarded(ctx context.Context, work func(context.Context) func() (any, error)) (settle func() (any, error)) {
	defer func() {
		if r := recover(); r != nil {
			settle = func() (any, error) { return nil, fmt.Errorf("internal error: %v", r) }
		}
	}()
	return work(ctx)
}

// Throw makes an error that rejects or throws with the JavaScript value v.
func Throw(v goja.Value) error { return &thrown{v} }

type thrown struct{ value goja.Value }

func (t *thrown) Error() string { return t.value.String() }

// Reason is the JavaScript value for err: what Throw wrapped, what JavaScript threw, or a new Error.
func Reason(rt *goja.Runtime, err error) goja.Value {
	switch e := err.(type) {
	case *thrown:
		return e.value
	case *goja.Exception:
		return e.Value()
	}
	o, nerr := rt.New(rt.Get("Error"), rt.ToValue(err.Error()))
	if nerr != nil {
		panic(nerr)
	}
	return o
}

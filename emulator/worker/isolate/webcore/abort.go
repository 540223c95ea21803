package webcore

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A Signal is the state behind a JavaScript AbortSignal.
type Signal struct {
	Target
	core    *Core
	object  *goja.Object
	aborted bool
	reason  goja.Value
	onabort goja.Value

	// A dependent signal, made by AbortSignal.any, follows sources, none of which is dependent itself.
	dependent bool
	sources   []*Signal
	followers []*Signal

	algorithms []*algorithm
}

// An algorithm is what native code does on abort, before any event.
type algorithm struct{ run func() }

type controller struct{ signal *Signal }

func (c *Core) installAbort() {
	rt := c.rt
	class := idl.Define[*Signal](c.realm, "AbortSignal", 0, nil).Extends(c.target.Constructor)
	c.signal = class
	class.Getter("aborted", func(s *Signal) goja.Value { return rt.ToValue(s.aborted) })
	class.Getter("reason", func(s *Signal) goja.Value { return s.Reason() })
	class.Method("throwIfAborted", 0, func(s *Signal, _ goja.FunctionCall) goja.Value {
		if s.aborted {
			panic(s.reason)
		}
		return goja.Undefined()
	})
	class.Attribute("onabort", func(s *Signal) goja.Value { return s.onabort }, func(s *Signal, v goja.Value) {
		if _, ok := v.(*goja.Object); !ok {
			v = goja.Null()
		}
		s.onabort = v
	})
	class.Static("abort", 0, func(call goja.FunctionCall) goja.Value {
		s := c.NewSignal()
		s.aborted, s.reason = true, c.abortReason(call.Argument(0))
		return s.object
	})
	class.Static("timeout", 1, c.abortTimeout)
	class.Static("any", 1, c.abortAny)

	ctl := idl.Define(c.realm, "AbortController", 0, func(goja.ConstructorCall) *controller {
		return &controller{c.NewSignal()}
	})
	ctl.Getter("signal", func(a *controller) goja.Value { return a.signal.object })
	ctl.Method("abort", 0, func(a *controller, call goja.FunctionCall) goja.Value {
		a.signal.Abort(call.Argument(0))
		return goja.Undefined()
	})
}

// NewSignal returns the state of a new AbortSignal that has not been aborted.
func (c *Core) NewSignal() *Signal {
	s := &Signal{core: c, reason: goja.Undefined(), onabort: goja.Null()}
	s.object = c.signal.New(s)
	return s
}

// SignalOf returns the state of v when it is an AbortSignal.
func (c *Core) SignalOf(v goja.Value) (*Signal, bool) { return idl.As[*Signal](c.realm, v) }

// Object returns the AbortSignal.
func (s *Signal) Object() *goja.Object { return s.object }

// Aborted reports whether the signal has been aborted.
func (s *Signal) Aborted() bool { return s.aborted }

// Reason returns why the signal was aborted, undefined while it is not.
func (s *Signal) Reason() goja.Value { return s.reason }

// OnAbort calls f on the loop when the signal is aborted, before its event is dispatched. It returns
// a func that ends this, to be called once the operation is over. On an aborted signal f is never
// called: look at Aborted first.
func (s *Signal) OnAbort(f func()) (remove func()) {
	a := &algorithm{f}
	s.algorithms = append(s.algorithms, a)
	return func() {
		for i, other := range s.algorithms {
			if other == a {
				s.algorithms = append(s.algorithms[:i:i], s.algorithms[i+1:]...)
				return
			}
		}
	}
}

// Abort aborts the signal, unless it is aborted already. An undefined reason becomes an AbortError.
// It must be called on the loop; it runs the user's listeners and throws what they throw.
func (s *Signal) Abort(reason goja.Value) {
	if s.aborted {
		return
	}
	s.aborted, s.reason = true, s.core.abortReason(reason)
	// All dependents change state before any code runs, so that no listener sees a half-aborted graph.
	var followers []*Signal
	for _, f := range s.followers {
		if !f.aborted {
			f.aborted, f.reason = true, s.reason
			followers = append(followers, f)
		}
	}
	s.announce()
	for _, f := range followers {
		f.announce()
	}
}

func (s *Signal) announce() {
	algorithms := s.algorithms
	s.algorithms, s.followers, s.sources = nil, nil, nil
	for _, a := range algorithms {
		a.run()
	}
	s.core.Dispatch(s.object, s.core.NewEvent("abort"))
}

func (c *Core) abortReason(v goja.Value) goja.Value {
	if v == nil || goja.IsUndefined(v) {
		return c.NewException("AbortError", "The operation was aborted")
	}
	return v
}

func (c *Core) abortAny(call goja.FunctionCall) goja.Value {
	c.realm.NeedArguments("AbortSignal", "any", 1, call)
	var signals []*Signal
	c.sequence(call.Argument(0), "Failed to execute 'any' on 'AbortSignal'", func(v goja.Value) {
		s, ok := c.SignalOf(v)
		if !ok {
			c.typeError("Failed to execute 'any' on 'AbortSignal': Failed to convert value to 'AbortSignal'.")
		}
		signals = append(signals, s)
	})
	result := c.NewSignal()
	for _, s := range signals {
		if s.aborted {
			result.aborted, result.reason = true, s.reason
			return result.object
		}
	}
	result.dependent = true
	for _, s := range signals {
		if s.dependent {
			for _, source := range s.sources {
				result.follow(source)
			}
			continue
		}
		result.follow(s)
	}
	return result.object
}

func (s *Signal) follow(source *Signal) {
	for _, have := range s.sources {
		if have == source {
			return
		}
	}
	s.sources = append(s.sources, source)
	source.followers = append(source.followers, s)
}

// abortTimeout makes a signal that aborts by the emulator's clock. The wait ends with the invocation:
// nobody is left then whom the signal could tell.
func (c *Core) abortTimeout(call goja.FunctionCall) goja.Value {
	c.realm.NeedArguments("AbortSignal", "timeout", 1, call)
	ms := call.Argument(0).ToFloat()
	if math.IsNaN(ms) || math.IsInf(ms, 0) || ms <= -1 || ms > 1<<53-1 {
		c.typeError("Failed to execute 'timeout' on 'AbortSignal': Value is outside the 'unsigned long long' value range.")
	}
	wait := time.Duration(math.MaxInt64)
	if ms < float64(wait/time.Millisecond) {
		wait = time.Duration(math.Trunc(ms)) * time.Millisecond
	}
	s := c.NewSignal()
	done := c.host.Hold()
	var once sync.Once
	fire := func(f func()) { once.Do(func() { done(f) }) }
	var forget func() bool
	timer := c.host.Clock().AfterFunc(wait, func() {
		fire(func() {
			forget() // on the loop, where it was set long before
			s.Abort(c.NewException("TimeoutError", "The operation was aborted due to timeout"))
		})
	})
	forget = context.AfterFunc(c.host.Context(), func() {
		timer.Stop()
		fire(func() {})
	})
	return s.object
}

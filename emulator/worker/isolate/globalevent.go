package isolate

import (
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// An extendable is the state behind an ExtendableEvent and its subclasses, which service-worker syntax
// gets in the place of a handler's arguments.
type extendable struct {
	webcore.Event
	inv       *invocation
	detail    *goja.Object // what a handler would get: a Request, a controller, a batch, a message
	responded bool
	over      bool // the dispatch has ended
}

// eventClasses are the classes of those events. QueueEvent and EmailEvent are no globals, as in
// production.
type eventClasses struct {
	extendable, fetch, scheduled, queue, email *idl.Class[*extendable]
}

// installEvents defines them for when code first names one, and puts the bindings where service-worker
// syntax looks for them.
func (i *isolate) installEvents() {
	for _, name := range []string{"ExtendableEvent", "FetchEvent", "ScheduledEvent"} {
		i.realm.Lazy(name, goja.FLAG_FALSE, func() goja.Value {
			i.eventClasses()
			return i.rt.Get(name)
		})
	}
	// In service-worker syntax the bindings are globals.
	for _, b := range i.spec.Bindings {
		if g := i.rt.GlobalObject(); g.Get(b.Name) == nil {
			i.define(g, b.Name, i.env.Get(b.Name))
			i.main.globals = append(i.main.globals, b.Name)
		}
	}
}

// dropGlobals takes the bindings out of the global scope again when the entry has turned out to be no
// service-worker syntax.
func (i *isolate) dropGlobals() {
	if slices.ContainsFunc(handlerNames[:], i.listens) {
		return
	}
	for _, name := range i.main.globals {
		if err := i.rt.GlobalObject().Delete(name); err != nil {
			panic(err) // they are ours, and configurable
		}
	}
}

func (i *isolate) eventClasses() *eventClasses {
	if i.events != nil {
		return i.events
	}
	event := i.rt.Get("Event").(*goja.Object)
	c := &eventClasses{extendable: idl.Define[*extendable](i.realm, "ExtendableEvent", 0, nil).Extends(event)}
	i.events = c
	c.extendable.Method("waitUntil", 1, func(e *extendable, call goja.FunctionCall) goja.Value {
		e.inv.waitUntil(call.Argument(0))
		return goja.Undefined()
	})
	sub := func(name string) *idl.Class[*extendable] {
		return idl.Define[*extendable](i.realm, name, 0, nil).Extends(c.extendable.Constructor)
	}
	c.fetch = sub("FetchEvent")
	c.fetch.Getter("request", func(e *extendable) goja.Value { return e.detail })
	c.fetch.Method("respondWith", 1, func(e *extendable, call goja.FunctionCall) goja.Value {
		i.respondWith(e, call.Argument(0))
		return goja.Undefined()
	})
	c.fetch.Method("passThroughOnException", 0, func(*extendable, goja.FunctionCall) goja.Value { return goja.Undefined() })
	members := func(class *idl.Class[*extendable], getters, methods []string) {
		for _, name := range getters {
			class.Getter(name, func(e *extendable) goja.Value { return e.detail.Get(name) })
		}
		for _, name := range methods {
			class.Method(name, 0, func(e *extendable, call goja.FunctionCall) goja.Value {
				f, _ := goja.AssertFunction(e.detail.Get(name))
				return i.must(f(e.detail, call.Arguments...))
			})
		}
	}
	c.scheduled = sub("ScheduledEvent")
	members(c.scheduled, []string{"scheduledTime", "cron"}, []string{"noRetry"})
	c.queue = sub("QueueEvent")
	members(c.queue, []string{"messages", "queue", "metadata"}, []string{"ackAll", "retryAll"})
	c.email = sub("EmailEvent")
	c.email.Getter("message", func(e *extendable) goja.Value { return e.detail })
	for _, hidden := range []string{"QueueEvent", "EmailEvent"} {
		if err := i.rt.GlobalObject().Delete(hidden); err != nil {
			panic(err) // we have just defined it
		}
	}
	return c
}

// Receipt for the texts: workerd src/workerd/api/http.c++, FetchEvent::respondWith
func (i *isolate) respondWith(e *extendable, response goja.Value) {
	switch {
	case e.responded:
		panic(i.realm.DOMException("InvalidStateError", "FetchEvent.respondWith() has already been called; it can only be called once."))
	case e.over:
		panic(i.realm.DOMException("InvalidStateError", "Too late to call FetchEvent.respondWith(). It must be called synchronously in the event handler."))
	}
	e.responded = true
	e.StopImmediatePropagation()
	e.inv.await(response)
}

// listens reports whether code of service-worker syntax handles that event.
func (i *isolate) listens(handler string) bool { return i.core.Scope().HasListeners(handler) }

// dispatchEvent gives an event of that type to the listeners of service-worker syntax.
func (i *isolate) dispatchEvent(inv *invocation, handler string, detail *goja.Object) {
	classes := i.eventClasses()
	class := map[string]*idl.Class[*extendable]{
		"fetch": classes.fetch, "scheduled": classes.scheduled, "queue": classes.queue, "email": classes.email,
	}[handler]
	e := &extendable{Event: i.core.TrustedEvent(handler, handler == "fetch"), inv: inv, detail: detail}
	ex := i.rt.Try(func() { i.core.Dispatch(i.rt.GlobalObject(), class.New(e)) })
	e.over = true
	switch {
	case ex != nil:
		inv.fail(i.exceptionAt(ex))
	case handler != "fetch":
		inv.await(goja.Undefined())
	case !e.responded:
		inv.fail(&Exception{Outcome: outcomeException, Name: "Error",
			Message: "No event handler called respondWith(), and there is no origin to pass the request on to."})
	}
}

package isolate

import (
	"github.com/dop251/goja"
)

// installListeners defines the global addEventListener, which service-worker syntax gives its
// handlers to. Events of the global scope itself go to the EventTarget of webcore.
func (i *isolate) installListeners() {
	next, chained := goja.AssertFunction(i.rt.Get("addEventListener"))
	i.realm.Global("addEventListener", 2, func(call goja.FunctionCall) goja.Value {
		event := call.Argument(0).String()
		for _, name := range handlerNames {
			if name != event {
				continue
			}
			fn, ok := goja.AssertFunction(call.Argument(1))
			if !ok {
				i.realm.TypeError("Failed to execute 'addEventListener' on 'ServiceWorkerGlobalScope': parameter 2 is not of type 'Function'.")
			}
			i.main.listeners[name] = append(i.main.listeners[name], fn)
			return goja.Undefined()
		}
		if chained {
			return i.must(next(goja.Undefined(), call.Arguments...))
		}
		return goja.Undefined()
	})
	// In service-worker syntax the bindings are globals.
	for _, b := range i.spec.Bindings {
		if g := i.rt.GlobalObject(); g.Get(b.Name) == nil {
			i.define(g, b.Name, i.env.Get(b.Name))
		}
	}
}

// dispatchFetch gives the request to the listeners for "fetch" until one of them responds.
func (i *isolate) dispatchFetch(inv *invocation, request *goja.Object) {
	responded := false
	event := i.rt.NewObject()
	i.define(event, "type", i.rt.ToValue("fetch"))
	i.define(event, "waitUntil", i.waitUntilFunction(inv))
	i.define(event, "request", request)
	i.define(event, "passThroughOnException", i.rt.ToValue(func(goja.FunctionCall) goja.Value { return goja.Undefined() }))
	i.define(event, "respondWith", i.realm.Function("respondWith", 1, func(call goja.FunctionCall) goja.Value {
		if responded {
			panic(i.realm.DOMException("InvalidStateError", "FetchEvent.respondWith() has already been called."))
		}
		responded = true
		inv.await(call.Argument(0))
		return goja.Undefined()
	}))
	for _, listener := range i.main.listeners["fetch"] {
		if _, err := listener(goja.Undefined(), event); err != nil {
			i.failOrRethrow(inv, err)
			return
		}
		if responded {
			return
		}
	}
	inv.fail(&Exception{Outcome: outcomeException, Name: "Error",
		Message: "No event handler called respondWith(), and there is no origin to pass the request on to."})
}

// failOrRethrow fails inv with what its code threw, and throws on what no code can catch.
func (i *isolate) failOrRethrow(inv *invocation, err error) {
	thrown, ok := err.(*goja.Exception)
	if !ok {
		i.rethrow(err)
	}
	inv.fail(i.exceptionAt(thrown))
}

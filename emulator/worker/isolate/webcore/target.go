package webcore

import (
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A Target is the state behind a JavaScript EventTarget. States of subclasses embed it. Its zero
// value is ready.
type Target struct {
	listeners map[string][]*listener
}

// targetState is a Target or the state of a subclass, which embeds one.
type targetState interface{ eventTarget() *Target }

func (t *Target) eventTarget() *Target { return t }

type listener struct {
	object  *goja.Object // what code passed: a function or an object with handleEvent
	native  func(event *goja.Object)
	once    bool
	passive bool // cannot prevent the default
	removed bool
}

func (c *Core) installTarget() {
	class := idl.Define(c.realm, "EventTarget", 0, func(goja.ConstructorCall) targetState { return &Target{} })
	c.target = class
	class.Method("addEventListener", 2, func(t targetState, call goja.FunctionCall) goja.Value {
		c.addListener(t.eventTarget(), call)
		return goja.Undefined()
	})
	class.Method("removeEventListener", 2, func(t targetState, call goja.FunctionCall) goja.Value {
		typ := c.realm.String(call.Argument(0))
		c.refuseCapture("removeEventListener", call.Argument(2))
		if object := c.listenerObject("removeEventListener", call.Argument(1)); object != nil {
			t.eventTarget().remove(typ, object)
		}
		return goja.Undefined()
	})
	// dispatchEvent needs the receiver's object too, which Method does not give.
	fn := c.realm.Function("dispatchEvent", 1, func(call goja.FunctionCall) goja.Value {
		class.This(call.This)
		c.realm.NeedArguments("EventTarget", "dispatchEvent", 1, call)
		event, ok := idl.As[eventState](c.realm, call.Argument(0))
		if !ok {
			c.typeError("Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'.")
		}
		event.baseEvent().trusted = false
		return c.rt.ToValue(c.Dispatch(class.Receiver(call.This).(*goja.Object), call.Argument(0).(*goja.Object)))
	})
	must(class.Prototype.DefineDataProperty("dispatchEvent", fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

func (c *Core) addListener(t *Target, call goja.FunctionCall) {
	typ := c.realm.String(call.Argument(0))
	options := c.refuseCapture("addEventListener", call.Argument(2))
	l := &listener{}
	var signal *Signal
	if options != nil {
		l.passive = truthy(options, "passive")
		l.once = truthy(options, "once")
		if v := options.Get("signal"); v != nil && !goja.IsUndefined(v) {
			s, ok := c.SignalOf(v)
			if !ok {
				c.typeError("Failed to execute 'addEventListener' on 'EventTarget': member signal is not of type 'AbortSignal'.")
			}
			signal = s
		}
	}
	if l.object = c.listenerObject("addEventListener", call.Argument(1)); l.object == nil {
		return
	}
	if signal != nil && signal.Aborted() {
		return
	}
	if !t.add(typ, l) {
		return
	}
	if signal != nil {
		signal.OnAbort(func() { t.remove(typ, l.object) })
	}
}

// refuseCapture refuses capturing listeners, as Workers do, and returns the options object if v is one.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/basics.c++
func (c *Core) refuseCapture(method string, v goja.Value) *goja.Object {
	o, ok := v.(*goja.Object)
	if !ok {
		if v.ToBoolean() {
			c.typeError("%s(): useCapture must be false.", method)
		}
		return nil
	}
	if truthy(o, "capture") {
		c.typeError("%s(): options.capture must be false.", method)
	}
	return o
}

// listenerObject is v as an event listener; nil for null and undefined, which are legal and do nothing.
func (c *Core) listenerObject(method string, v goja.Value) *goja.Object {
	if goja.IsNull(v) || goja.IsUndefined(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		c.typeError("Failed to execute '%s' on 'EventTarget': parameter 2 is not of type 'Object'.", method)
	}
	return o
}

// add appends l and reports false when the same listener is there already.
func (t *Target) add(typ string, l *listener) bool {
	for _, old := range t.listeners[typ] {
		if old.object != nil && old.object == l.object {
			return false
		}
	}
	if t.listeners == nil {
		t.listeners = map[string][]*listener{}
	}
	t.listeners[typ] = append(t.listeners[typ], l)
	return true
}

func (t *Target) remove(typ string, object *goja.Object) {
	t.removeWhere(typ, func(l *listener) bool { return l.object == object })
}

// removeWhere marks listeners too, because a dispatch in progress walks a copy of the list.
func (t *Target) removeWhere(typ string, match func(l *listener) bool) {
	t.listeners[typ] = slices.DeleteFunc(slices.Clone(t.listeners[typ]), func(l *listener) bool {
		if match(l) {
			l.removed = true
			return true
		}
		return false
	})
	if len(t.listeners[typ]) == 0 {
		delete(t.listeners, typ)
	}
}

// HasListeners reports whether somebody listens for events of type typ by addEventListener.
func (t *Target) HasListeners(typ string) bool { return len(t.listeners[typ]) > 0 }

// Listen calls f on the loop for each event of type typ that is dispatched at t. It returns a func
// that ends this.
func (t *Target) Listen(typ string, f func(event *goja.Object)) (remove func()) {
	l := &listener{native: f}
	t.add(typ, l)
	return func() { t.removeWhere(typ, func(o *listener) bool { return o == l }) }
}

// Dispatch sends event, an instance of Event or a subclass, to target, an instance of EventTarget or
// a subclass, and reports false when a listener has prevented its default. As in Workers, and unlike
// in browsers, a listener's exception ends the dispatch and is thrown on.
func (c *Core) Dispatch(target, event *goja.Object) bool {
	t := c.target.This(target).eventTarget()
	e := c.event.This(event).baseEvent()
	if e.dispatching {
		c.throw("InvalidStateError", "The event is already being dispatched.")
	}
	e.dispatching, e.target, e.current, e.phase = true, target, target, phaseAtTarget
	defer func() {
		e.dispatching, e.passive, e.stopped, e.propagationStopped, e.current, e.phase = false, false, false, false, nil, phaseNone
	}()

	// The property comes first, whenever it was set.
	// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/basics.c++
	if on, ok := goja.AssertFunction(target.Get("on" + e.Type)); ok {
		c.callListener(on, target, event, e)
	}
	for _, l := range slices.Clone(t.listeners[e.Type]) {
		if e.stopped {
			break
		}
		if l.removed {
			continue
		}
		if l.once {
			t.removeWhere(e.Type, func(o *listener) bool { return o == l })
		}
		if l.native != nil {
			l.native(event)
			continue
		}
		e.passive = l.passive
		if f, ok := goja.AssertFunction(l.object); ok {
			c.callListener(f, target, event, e)
			continue
		}
		f, ok := goja.AssertFunction(l.object.Get("handleEvent"))
		if !ok {
			c.typeError("handleEvent is not a function")
		}
		c.callListener(f, l.object, event, e)
	}
	return !e.canceled
}

// flagListenerThis gives listeners their target for a receiver.
var flagListenerThis = host.Flag{Name: "set_event_target_this", Off: "no_set_event_target_this", Since: "2025-08-01"}

func (c *Core) callListener(f goja.Callable, this goja.Value, event *goja.Object, e *Event) {
	if this == e.target && !c.host.Enabled(flagListenerThis) {
		this = goja.Undefined()
	}
	v, err := f(this, event)
	if err != nil {
		panic(err)
	}
	if v.StrictEquals(c.rt.ToValue(true)) {
		e.cancel()
	}
}

// Listeners are what code has put on an event target for one type of event; nil when v is none.
func (c *Core) Listeners(v goja.Value, typ string) []goja.Value {
	t, ok := idl.As[targetState](c.realm, v)
	if !ok {
		return nil
	}
	var found []goja.Value
	for _, l := range t.eventTarget().listeners[typ] {
		if l.object != nil && !l.removed {
			found = append(found, l.object)
		}
	}
	return found
}

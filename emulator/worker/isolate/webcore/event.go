package webcore

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// An Event is the state behind a JavaScript Event. States of subclasses embed it.
type Event struct {
	Type string

	bubbles, cancelable, composed bool
	trusted, dispatching, passive bool
	canceled, stopped             bool
	propagationStopped            bool // which nothing here but cancelBubble shows
	phase                         int
	target, current               *goja.Object // nil: null
	stamp                         float64
}

// eventState is an Event or the state of a subclass, which embeds one.
type eventState interface{ baseEvent() *Event }

func (e *Event) baseEvent() *Event { return e }

type customEvent struct {
	Event
	detail goja.Value
}

// Phases of a dispatch. Nothing here is a tree, so an event is at its target or nowhere.
const (
	phaseNone     = 0
	phaseAtTarget = 2
)

func (c *Core) installEvents() {
	rt := c.rt
	class := idl.Define(c.realm, "Event", 1, func(call goja.ConstructorCall) eventState {
		e, _ := c.ReadEvent("Event", call)
		return &e
	})
	c.event = class
	class.Getter("type", func(e eventState) goja.Value { return rt.ToValue(e.baseEvent().Type) })
	flag := func(name string, f func(e *Event) bool) {
		class.Getter(name, func(e eventState) goja.Value { return rt.ToValue(f(e.baseEvent())) })
	}
	flag("bubbles", func(e *Event) bool { return e.bubbles })
	flag("cancelable", func(e *Event) bool { return e.cancelable })
	flag("composed", func(e *Event) bool { return e.composed })
	flag("defaultPrevented", func(e *Event) bool { return e.canceled })
	class.Attribute("returnValue", func(e eventState) goja.Value { return rt.ToValue(!e.baseEvent().canceled) },
		func(e eventState, v goja.Value) {
			if !v.ToBoolean() {
				e.baseEvent().cancel()
			}
		})
	class.Attribute("cancelBubble", func(e eventState) goja.Value { return rt.ToValue(e.baseEvent().propagationStopped) },
		func(e eventState, v goja.Value) {
			if v.ToBoolean() {
				e.baseEvent().propagationStopped = true
			}
		})
	object := func(name string, f func(e *Event) *goja.Object) {
		class.Getter(name, func(e eventState) goja.Value { return orNull(f(e.baseEvent())) })
	}
	object("target", func(e *Event) *goja.Object { return e.target })
	object("srcElement", func(e *Event) *goja.Object { return e.target })
	object("currentTarget", func(e *Event) *goja.Object { return e.current })
	class.Getter("eventPhase", func(e eventState) goja.Value { return rt.ToValue(e.baseEvent().phase) })
	class.Getter("timeStamp", func(e eventState) goja.Value { return rt.ToValue(e.baseEvent().stamp) })
	class.Method("composedPath", 0, func(e eventState, _ goja.FunctionCall) goja.Value {
		if cur := e.baseEvent().current; cur != nil {
			return rt.NewArray(cur)
		}
		return rt.NewArray()
	})
	class.Method("preventDefault", 0, func(e eventState, _ goja.FunctionCall) goja.Value {
		e.baseEvent().cancel()
		return goja.Undefined()
	})
	class.Method("stopPropagation", 0, func(e eventState, _ goja.FunctionCall) goja.Value {
		e.baseEvent().propagationStopped = true // there is nowhere to propagate to
		return goja.Undefined()
	})
	class.Method("stopImmediatePropagation", 0, func(e eventState, _ goja.FunctionCall) goja.Value {
		e.baseEvent().StopImmediatePropagation()
		return goja.Undefined()
	})
	class.Getter("isTrusted", func(e eventState) goja.Value { return rt.ToValue(e.baseEvent().trusted) })
	for phase, name := range []string{"NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"} {
		for _, o := range []*goja.Object{class.Constructor, class.Prototype} {
			must(o.DefineDataProperty(name, rt.ToValue(phase), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE))
		}
	}
	c.installCustomEvent()
	c.installTarget()
}

func (c *Core) installCustomEvent() {
	c.customEvent = idl.Define(c.realm, "CustomEvent", 1, func(call goja.ConstructorCall) *customEvent {
		base, init := c.ReadEvent("CustomEvent", call)
		e := &customEvent{Event: base, detail: goja.Null()}
		if init != nil {
			if v := init.Get("detail"); v != nil && !goja.IsUndefined(v) {
				e.detail = v
			}
		}
		return e
	}).Extends(c.event.Constructor)
	c.customEvent.Getter("detail", func(e *customEvent) goja.Value { return e.detail })
}

// ReadEvent reads the arguments of the constructor of class, Event or a subclass: the type, and what
// all events take from their options, which it returns too, nil when there are none.
func (c *Core) ReadEvent(class string, call goja.ConstructorCall) (Event, *goja.Object) {
	e := Event{Type: c.realm.String(call.Argument(0)), stamp: c.now()}
	init := c.dictionary(call.Argument(1), "Failed to construct '"+class+"'")
	if init != nil {
		e.bubbles = truthy(init, "bubbles")
		e.cancelable = truthy(init, "cancelable")
		e.composed = truthy(init, "composed")
	}
	return e, init
}

// TrustedEvent returns the state of an event of the runtime's own, for subclasses to embed.
func (c *Core) TrustedEvent(typ string, cancelable bool) Event {
	return Event{Type: typ, cancelable: cancelable, trusted: true, stamp: c.now()}
}

func (e *Event) cancel() {
	if e.cancelable && !e.passive {
		e.canceled = true
	}
}

// NewEvent returns a trusted Event of the given type, as the runtime itself sends.
func (c *Core) NewEvent(typ string) *goja.Object {
	e := c.TrustedEvent(typ, false)
	return c.event.New(&e)
}

// dictionary is v as a WebIDL dictionary: nil for undefined and null, an object for an object.
func (c *Core) dictionary(v goja.Value, context string) *goja.Object {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		c.typeError("%s: The provided value is not of type 'Object'.", context)
	}
	return o
}

func truthy(o *goja.Object, name string) bool {
	v := o.Get(name)
	return v != nil && v.ToBoolean()
}

func orNull(o *goja.Object) goja.Value {
	if o == nil {
		return goja.Null()
	}
	return o
}

// StopImmediatePropagation keeps the event from listeners that have not had it yet.
func (e *Event) StopImmediatePropagation() { e.stopped, e.propagationStopped = true, true }

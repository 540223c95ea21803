package webcore

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// eventClasses are those that are defined when code first names them or the runtime sends one.
type eventClasses struct {
	error     *idl.Class[*errorEvent]
	rejection *idl.Class[*rejectionEvent]
	message   *idl.Class[*messageEvent]
}

type errorEvent struct {
	Event
	message, filename string
	line, column      int
	error             goja.Value
}

type rejectionEvent struct {
	Event
	promise, reason goja.Value
}

type messageEvent struct {
	Event
	data, source, ports goja.Value
	origin, lastEventID string
}

type closeEvent struct {
	Event
	code   uint16
	reason string
	clean  bool
}

// installMoreEvents defines the classes of events that few Workers name.
func (c *Core) installMoreEvents() {
	for _, name := range []string{"ErrorEvent", "PromiseRejectionEvent", "MessageEvent", "CloseEvent"} {
		c.realm.Lazy(name, goja.FLAG_FALSE, func() goja.Value {
			c.moreEvents()
			return c.rt.Get(name)
		})
	}
}

func (c *Core) moreEvents() *eventClasses {
	if c.events == nil {
		c.events = &eventClasses{error: c.defineErrorEvent(), rejection: c.defineRejectionEvent(), message: c.defineMessageEvent()}
		c.defineCloseEvent()
	}
	return c.events
}

// member is a dictionary's member, nil when it is missing.
func member(o *goja.Object, name string) goja.Value {
	if o == nil {
		return nil
	}
	if v := o.Get(name); v != nil && !goja.IsUndefined(v) {
		return v
	}
	return nil
}

func (c *Core) memberString(o *goja.Object, name string) string {
	if v := member(o, name); v != nil {
		return c.realm.String(v)
	}
	return ""
}

func (c *Core) defineErrorEvent() *idl.Class[*errorEvent] {
	rt := c.rt
	class := idl.Define(c.realm, "ErrorEvent", 1, func(call goja.ConstructorCall) *errorEvent {
		base, init := c.ReadEvent("ErrorEvent", call)
		e := &errorEvent{Event: base, error: goja.Undefined()}
		e.message, e.filename = c.memberString(init, "message"), c.memberString(init, "filename")
		if v := member(init, "lineno"); v != nil {
			e.line = int(uint32(v.ToInteger()))
		}
		if v := member(init, "colno"); v != nil {
			e.column = int(uint32(v.ToInteger()))
		}
		if v := member(init, "error"); v != nil {
			e.error = v
		}
		return e
	}).Extends(c.event.Constructor)
	class.Getter("message", func(e *errorEvent) goja.Value { return rt.ToValue(e.message) })
	class.Getter("filename", func(e *errorEvent) goja.Value { return rt.ToValue(e.filename) })
	class.Getter("lineno", func(e *errorEvent) goja.Value { return rt.ToValue(e.line) })
	class.Getter("colno", func(e *errorEvent) goja.Value { return rt.ToValue(e.column) })
	class.Getter("error", func(e *errorEvent) goja.Value { return e.error })
	return class
}

// A PromiseRejectionEvent cannot be constructed in Workers.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/global-scope.h
func (c *Core) defineRejectionEvent() *idl.Class[*rejectionEvent] {
	class := idl.Define[*rejectionEvent](c.realm, "PromiseRejectionEvent", 0, nil).Extends(c.event.Constructor)
	class.Getter("promise", func(e *rejectionEvent) goja.Value { return e.promise })
	class.Getter("reason", func(e *rejectionEvent) goja.Value { return e.reason })
	return class
}

func (c *Core) defineMessageEvent() *idl.Class[*messageEvent] {
	rt := c.rt
	class := idl.Define(c.realm, "MessageEvent", 1, func(call goja.ConstructorCall) *messageEvent {
		base, init := c.ReadEvent("MessageEvent", call)
		e := &messageEvent{Event: base, data: goja.Null(), source: goja.Null()}
		if v := member(init, "data"); v != nil {
			e.data = v
		}
		if v := member(init, "source"); v != nil {
			e.source = v
		}
		e.origin, e.lastEventID = c.memberString(init, "origin"), c.memberString(init, "lastEventId")
		var ports []any
		if v := member(init, "ports"); v != nil {
			c.sequence(v, "Failed to construct 'MessageEvent'", func(v goja.Value) { ports = append(ports, v) })
		}
		e.ports = rt.NewArray(ports...)
		return e
	}).Extends(c.event.Constructor)
	class.Getter("data", func(e *messageEvent) goja.Value { return e.data })
	class.Getter("origin", func(e *messageEvent) goja.Value { return rt.ToValue(e.origin) })
	class.Getter("lastEventId", func(e *messageEvent) goja.Value { return rt.ToValue(e.lastEventID) })
	class.Getter("source", func(e *messageEvent) goja.Value { return e.source })
	class.Getter("ports", func(e *messageEvent) goja.Value { return e.ports })
	return class
}

func (c *Core) defineCloseEvent() {
	rt := c.rt
	class := idl.Define(c.realm, "CloseEvent", 1, func(call goja.ConstructorCall) *closeEvent {
		base, init := c.ReadEvent("CloseEvent", call)
		e := &closeEvent{Event: base, reason: c.memberString(init, "reason")}
		if v := member(init, "code"); v != nil {
			e.code = uint16(v.ToInteger())
		}
		e.clean = init != nil && truthy(init, "wasClean")
		return e
	}).Extends(c.event.Constructor)
	class.Getter("wasClean", func(e *closeEvent) goja.Value { return rt.ToValue(e.clean) })
	class.Getter("code", func(e *closeEvent) goja.Value { return rt.ToValue(e.code) })
	class.Getter("reason", func(e *closeEvent) goja.Value { return rt.ToValue(e.reason) })
}

// An ErrorPlace is where an uncaught error comes from.
type ErrorPlace struct {
	File         string
	Line, Column int
}

// TellError dispatches an error event at the global object and reports whether a listener has
// prevented its default, which is to log it.
func (c *Core) TellError(message string, at ErrorPlace, value goja.Value) (prevented bool) {
	e := &errorEvent{Event: c.TrustedEvent("error", true), message: message, filename: at.File, line: at.Line, column: at.Column, error: value}
	return !c.Dispatch(c.rt.GlobalObject(), c.moreEvents().error.New(e))
}

// TellRejection dispatches an event about a promise at the global object: unhandledrejection, whose
// default is to log it, or rejectionhandled.
func (c *Core) TellRejection(typ string, promise, reason goja.Value) (prevented bool) {
	e := &rejectionEvent{Event: c.TrustedEvent(typ, typ == "unhandledrejection"), promise: promise, reason: reason}
	return !c.Dispatch(c.rt.GlobalObject(), c.moreEvents().rejection.New(e))
}

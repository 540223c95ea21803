package webcore

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A port is the state behind a MessagePort: one end of a channel within this isolate.
type port struct {
	Target
	object    *goja.Object
	other     *port // nil once either end is closed
	onmessage goja.Value
	started   bool
	waiting   []goja.Value // messages that came before the port was started
}

// installMessageChannel defines MessageChannel and MessagePort for when code first names them.
func (c *Core) installMessageChannel() {
	var class *idl.Class[*port]
	load := func(name string) func() goja.Value {
		return func() goja.Value {
			if class == nil {
				class = c.definePort()
				c.defineChannel(class)
			}
			return c.rt.Get(name)
		}
	}
	for _, name := range []string{"MessageChannel", "MessagePort"} {
		c.realm.Lazy(name, goja.FLAG_FALSE, load(name))
	}
}

func (c *Core) defineChannel(ports *idl.Class[*port]) {
	type channel struct{ one, two *port }
	class := idl.Define(c.realm, "MessageChannel", 0, func(goja.ConstructorCall) *channel {
		ch := &channel{&port{onmessage: goja.Null()}, &port{onmessage: goja.Null()}}
		ch.one.object, ch.two.object = ports.New(ch.one), ports.New(ch.two)
		ch.one.other, ch.two.other = ch.two, ch.one
		return ch
	})
	class.Getter("port1", func(ch *channel) goja.Value { return ch.one.object })
	class.Getter("port2", func(ch *channel) goja.Value { return ch.two.object })
}

func (c *Core) definePort() *idl.Class[*port] {
	class := idl.Define[*port](c.realm, "MessagePort", 0, nil).Extends(c.target.Constructor)
	class.Method("postMessage", 1, func(p *port, call goja.FunctionCall) goja.Value {
		c.postMessage(p, call)
		return goja.Undefined()
	})
	class.Method("start", 0, func(p *port, _ goja.FunctionCall) goja.Value {
		c.startPort(p)
		return goja.Undefined()
	})
	class.Method("close", 0, func(p *port, _ goja.FunctionCall) goja.Value {
		if other := p.other; other != nil {
			p.other, other.other = nil, nil
			c.later(func() { c.Dispatch(other.object, c.NewEvent("close")) })
		}
		return goja.Undefined()
	})
	class.Attribute("onmessage", func(p *port) goja.Value { return p.onmessage }, func(p *port, v goja.Value) {
		if _, ok := v.(*goja.Object); !ok {
			v = goja.Null()
		}
		p.onmessage = v
		c.startPort(p) // to set it is to start the port, by the standard
	})
	return class
}

// postMessage sends a copy of the message to the other end.
func (c *Core) postMessage(p *port, call goja.FunctionCall) {
	var transfer []goja.Value
	if v := call.Argument(1); !goja.IsUndefined(v) && !goja.IsNull(v) {
		o, ok := v.(*goja.Object)
		if !ok {
			c.typeError("Failed to execute 'postMessage' on 'MessagePort': parameter 2 is not of type 'Object'.")
		}
		list := goja.Value(o)
		if o.GetSymbol(goja.SymIterator) == nil {
			list = member(o, "transfer")
		}
		if list != nil {
			c.sequence(list, "Failed to execute 'postMessage' on 'MessagePort'", func(v goja.Value) { transfer = append(transfer, v) })
		}
	}
	data := c.StructuredClone(call.Argument(0), transfer)
	to := p.other
	if to == nil {
		return
	}
	if !to.started {
		to.waiting = append(to.waiting, data)
		return
	}
	c.deliver(to, data)
}

func (c *Core) startPort(p *port) {
	if p.started {
		return
	}
	p.started = true
	for _, data := range p.waiting {
		c.deliver(p, data)
	}
	p.waiting = nil
}

// deliver dispatches a message in a turn of its own.
func (c *Core) deliver(p *port, data goja.Value) {
	c.later(func() {
		e := &messageEvent{Event: c.TrustedEvent("message", false), data: data, source: goja.Null(), ports: c.rt.NewArray()}
		c.Dispatch(p.object, c.moreEvents().message.New(e))
	})
}

// later runs f in a turn of its own, in the invocation whose code is running.
func (c *Core) later(f func()) { c.host.Hold()(f) }

package webcore

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// installScope makes the global object an EventTarget of the class ServiceWorkerGlobalScope.
func (c *Core) installScope() {
	global := c.rt.GlobalObject()
	outer := idl.Define[targetState](c.realm, "WorkerGlobalScope", 0, nil).Extends(c.target.Constructor)
	scope := idl.Define[targetState](c.realm, "ServiceWorkerGlobalScope", 0, nil).Extends(outer.Constructor)
	c.scope = &Target{}
	scope.Attach(global, c.scope)
	must(global.SetPrototype(scope.Prototype))
	must(global.DeleteSymbol(goja.SymToStringTag)) // goja's own, which would hide the class's
	c.target.Implicit = global
	// There is no origin that could be known.
	must(global.DefineDataProperty("origin", c.rt.ToValue("null"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	must(global.DefineDataProperty("self", global, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// Scope is the global object as an event target.
func (c *Core) Scope() *Target { return c.scope }

// Hears reports whether anybody would hear an event of type typ at the global object.
func (c *Core) Hears(typ string) bool {
	if c.scope.HasListeners(typ) {
		return true
	}
	_, ok := goja.AssertFunction(c.rt.GlobalObject().Get("on" + typ))
	return ok
}

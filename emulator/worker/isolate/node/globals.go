package node

import "github.com/dop251/goja"

// InstallGlobals defines what Node.js has on the global object. Each is a getter until code names it,
// so that it costs nothing at boot.
func (r *Registry) InstallGlobals() {
	if r.mode < V2 {
		return
	}
	global := r.rt.GlobalObject()
	must(global.DefineDataProperty("global", global, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	r.lazyGlobal("Buffer", "buffer", "Buffer")
	r.lazyGlobal("process", "process", "default")
	r.lazyGlobal("setImmediate", "timers", "setImmediate")
	r.lazyGlobal("clearImmediate", "timers", "clearImmediate")
}

// lazyGlobal defines a global that is an export of a module.
func (r *Registry) lazyGlobal(name, module, export string) {
	global := r.rt.GlobalObject()
	define := func(v goja.Value) {
		must(global.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	get := r.rt.ToValue(func(goja.FunctionCall) goja.Value {
		v := r.Require(module).Get(export)
		define(v)
		return v
	})
	set := r.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		define(call.Argument(0))
		return goja.Undefined()
	})
	must(global.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

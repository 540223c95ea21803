package node

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// InstallGlobals defines what Node.js has on the global object. Each is a getter until code names it,
// so that it costs nothing at boot.
func (r *Registry) InstallGlobals() {
	global := r.rt.GlobalObject()
	r.timers = map[string]goja.Value{}
	for _, name := range []string{"setTimeout", "clearTimeout", "setInterval", "clearInterval"} {
		timer, _ := goja.AssertFunction(global.Get(name))
		// The modules call it as a method of their own object; the global one refuses that.
		r.timers[name] = r.rt.ToValue(func(call goja.FunctionCall) goja.Value {
			v, err := timer(goja.Undefined(), call.Arguments...)
			if err != nil {
				panic(err)
			}
			return v
		})
	}
	if r.mode >= V1 && r.flag("enable_nodejs_global_timers", "no_nodejs_global_timers", "2026-02-10") {
		for name := range r.timers {
			r.lazyGlobal(name, "timers", name, goja.FLAG_TRUE)
		}
	}
	if r.mode < V2 {
		return
	}
	must(global.DefineDataProperty("global", global, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	r.lazyGlobal("Buffer", "buffer", "Buffer", goja.FLAG_FALSE)
	r.lazyGlobal("process", "process", "default", goja.FLAG_FALSE)
	r.lazyGlobal("setImmediate", "timers", "setImmediate", goja.FLAG_TRUE)
	r.lazyGlobal("clearImmediate", "timers", "clearImmediate", goja.FLAG_TRUE)
}

// lazyGlobal defines a global that is an export of a module.
func (r *Registry) lazyGlobal(name, module, export string, enumerable goja.Flag) {
	global := r.rt.GlobalObject()
	define := func(v goja.Value) {
		must(global.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, enumerable))
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
	must(global.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, enumerable))
}

// publicNames are the modules that a Worker can import, without "node:".
func publicNames() []string {
	var names []string
	for name := range modules() {
		if !strings.HasPrefix(name, internalPrefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

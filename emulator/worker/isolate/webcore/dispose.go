package webcore

import (
	_ "embed"
	"sync"

	"github.com/dop251/goja"
)

//go:embed dispose.js
var disposeSource string

var disposeProgram = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile("cfemu:dispose.js", disposeSource, true)
})

// installDispose defines the disposable stacks: accessors that put the classes in their own place.
func (c *Core) installDispose() {
	g := c.rt.GlobalObject()
	for _, name := range [...]string{"DisposableStack", "AsyncDisposableStack"} {
		if g.Get(name) != nil {
			continue
		}
		get := c.realm.Function(name, 0, func(goja.FunctionCall) goja.Value {
			program, err := disposeProgram()
			must(err)
			v, err := c.rt.RunProgram(program)
			must(err)
			run, _ := goja.AssertFunction(v)
			_, err = run(goja.Undefined())
			must(err)
			return g.Get(name)
		})
		set := c.realm.Function(name, 1, func(call goja.FunctionCall) goja.Value {
			must(g.DefineDataProperty(name, call.Argument(0), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
			return goja.Undefined()
		})
		must(g.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
}

package webcore

import (
	_ "embed"
	"sync"

	"github.com/dop251/goja"
)

//go:embed prelude.js
var preludeSource string

// compiled is the prelude's program, compiled when the first runtime wants it. Programs are immutable
// and serve all runtimes.
var compiled = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile("cfemu:prelude.js", preludeSource, true)
})

// Program returns the compiled prelude. Install runs it; callers that want the cost of compiling it
// elsewhere than in the first Install call Program beforehand.
func Program() (*goja.Program, error) { return compiled() }

// installPrelude runs the prelude, whose value is a function of what it needs from Go.
func (c *Core) installPrelude() {
	program, err := Program()
	must(err)
	v, err := c.rt.RunProgram(program)
	must(err)
	run, _ := goja.AssertFunction(v)
	native := c.rt.NewObject()
	for name, f := range map[string]func(goja.FunctionCall) goja.Value{
		"define":       defineMethods,
		"transfer":     c.transferBuffer,
		"detached":     c.bufferDetached,
		"isWellFormed": c.isWellFormed,
		"toWellFormed": c.toWellFormed,
		"escapeRegExp": c.escapeRegExp,
	} {
		must(native.Set(name, f))
	}
	_, err = run(goja.Undefined(), native)
	must(err)
}

// defineMethods puts the properties of an object literal on a target, as methods of the language are:
// not enumerable. What the target has already stays.
func defineMethods(call goja.FunctionCall) goja.Value {
	target, methods := call.Argument(0).(*goja.Object), call.Argument(1).(*goja.Object)
	for _, name := range methods.Keys() {
		if target.Get(name) == nil {
			must(target.DefineDataProperty(name, methods.Get(name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
		}
	}
	return goja.Undefined()
}

// transferBuffer moves the bytes of an ArrayBuffer into a new one of the given length, undefined for
// the same, and detaches the old one.
func (c *Core) transferBuffer(call goja.FunctionCall) goja.Value {
	ab := c.bufferOf(call.Argument(0))
	size := int64(-1)
	if v := call.Argument(1); !goja.IsUndefined(v) {
		if size = v.ToInteger(); size < 0 || size > maxBuffer {
			c.rangeError("Invalid array buffer length")
		}
	}
	if ab.Detached() {
		c.typeError("Cannot perform ArrayBuffer.prototype.transfer on a detached ArrayBuffer")
	}
	b := ab.Bytes()
	ab.Detach()
	switch {
	case size < 0 || size == int64(len(b)):
	case size < int64(len(b)):
		b = b[:size:size]
	default:
		b = append(make([]byte, 0, size), b...)[:size]
	}
	return c.realm.ArrayBuffer(b)
}

// maxBuffer is the most that one ArrayBuffer may hold: a Worker has 128 MB in all.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
const maxBuffer = 128 << 20

func (c *Core) bufferDetached(call goja.FunctionCall) goja.Value {
	return c.rt.ToValue(c.bufferOf(call.Argument(0)).Detached())
}

func (c *Core) bufferOf(v goja.Value) goja.ArrayBuffer {
	if o, ok := v.(*goja.Object); ok {
		if ab, ok := o.Export().(goja.ArrayBuffer); ok {
			return ab
		}
	}
	c.typeError("Receiver is not an ArrayBuffer")
	return goja.ArrayBuffer{}
}

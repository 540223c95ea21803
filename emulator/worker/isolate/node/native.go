package node

import (
	"fmt"

	"github.com/dop251/goja"
)

// An area puts the functions that Go has for one module, or several, on what modules import as
// "cfemu:native/AREA".
type area func(r *Registry, n *natives)

// areaOf finds an area by its name.
func areaOf(name string) area {
	switch name {
	case "async":
		return asyncNatives
	case "buffer":
		return bufferNatives
	case "crypto":
		return cryptoNatives
	case "zlib":
		return (*Registry).zlibNatives
	case "module":
		return moduleNatives
	case "process":
		return processNatives
	case "timers":
		return timersNatives
	case "url":
		return urlNatives
	case "util":
		return utilNatives
	}
	return nil
}

// natives is the object of an area while it is made.
type natives struct {
	r *Registry
	o *goja.Object
}

// function defines a function. Its arguments are what modules of ours give it: it need not check them.
func (n *natives) function(name string, f func(call goja.FunctionCall) goja.Value) {
	n.value(name, n.r.rt.ToValue(f))
}

func (n *natives) value(name string, v goja.Value) { must(n.o.Set(name, v)) }

// native returns the module of an area, made when it is first asked for.
func (r *Registry) native(name string) *goja.Object {
	if m, ok := r.natives[name]; ok {
		return m
	}
	of := areaOf(name)
	if of == nil {
		panic(r.rt.NewGoError(fmt.Errorf("there are no natives for %s", name)))
	}
	n := &natives{r: r, o: r.rt.NewObject()}
	of(r, n)
	m := r.rt.NewObject()
	must(m.Set("default", n.o))
	r.natives[name] = m
	return m
}

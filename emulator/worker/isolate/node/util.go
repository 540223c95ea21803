package node

import (
	"math"

	"github.com/dop251/goja"
)

// InspectOptions are those of util.inspect that are plain values. The zero value is not the default.
type InspectOptions struct {
	Depth int // levels that are written out; negative: none
}

// DefaultInspect are the options of util.inspect when it is given none.
func DefaultInspect() InspectOptions { return InspectOptions{Depth: 2} }

func utilNatives(r *Registry, n *natives) {
	n.function("inspect", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(r.i.Inspect(call.Argument(0), r.inspectOptions(call.Argument(1))))
	})
}

// inspectOptions reads an object with all options that differ from the default.
func (r *Registry) inspectOptions(v goja.Value) InspectOptions {
	o := DefaultInspect()
	given, ok := v.(*goja.Object)
	if !ok {
		return o
	}
	if v := given.Get("depth"); v != nil && !goja.IsUndefined(v) {
		o.Depth = levels(v)
	}
	return o
}

// levels reads a depth, of which null means all.
func levels(v goja.Value) int {
	if goja.IsNull(v) {
		return math.MaxInt
	}
	f := v.ToFloat()
	if math.IsInf(f, 1) || f > math.MaxInt32 {
		return math.MaxInt
	}
	return int(f)
}

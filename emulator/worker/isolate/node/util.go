package node

import (
	"bytes"
	"math"
	"reflect"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// InspectOptions are those of util.inspect. The zero value is not the default.
type InspectOptions struct {
	Depth           int // levels that are written out; negative: none
	BreakLength     int // columns
	Compact         int // how many inner levels may share a line
	MaxArrayLength  int // items of arrays, typed arrays, maps and sets
	MaxStringLength int // UTF-16 units, as all lengths of strings
	Colors          bool
	ShowHidden      bool
	ShowProxy       bool
	CustomInspect   bool // methods named by Symbol.for('nodejs.util.inspect.custom') have their say
	NumericSep      bool
	Sorted          bool
	SortBy          goja.Callable // nil: by code units
	Getters         Getters
	Stylize         goja.Value // the function of that name given with the options; nil: none
}

// Getters says which getters are called.
type Getters byte

// The values of the option getters.
const (
	GettersNamed Getters = iota // none
	GettersAll
	GettersAlone // those without a setter
	GettersSet   // those with one
)

// DefaultInspect are the options of util.inspect when it is given none.
func DefaultInspect() InspectOptions {
	return InspectOptions{Depth: 2, BreakLength: 80, Compact: 3, MaxArrayLength: 100, MaxStringLength: 10000, CustomInspect: true}
}

func utilNatives(r *Registry, n *natives) {
	n.value("inspect", r.Inspector())
	n.function("eventListeners", func(call goja.FunctionCall) goja.Value {
		found := webcore.Of(r.i).Listeners(call.Argument(0), call.Argument(1).String())
		return r.rt.ToValue(r.rt.NewArray(anys(found)...))
	})
	n.function("kind", func(call goja.FunctionCall) goja.Value { return r.rt.ToValue(kindOf(call.Argument(0).(*goja.Object))) })
	n.function("sameBytes", func(call goja.FunctionCall) goja.Value {
		a, _ := bytesOf(call.Argument(0))
		b, _ := bytesOf(call.Argument(1))
		return r.rt.ToValue(bytes.Equal(a, b))
	})
	n.function("format", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(r.i.Format(call.Arguments, DefaultInspect()))
	})
	n.function("formatWithOptions", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(r.i.Format(call.Arguments[1:], r.inspectOptions(call.Argument(0))))
	})
}

// Inspector is util.inspect without the properties that it has there.
func (r *Registry) Inspector() *goja.Object {
	if r.inspector == nil {
		r.inspector = r.i.Realm().Function("inspect", 2, func(call goja.FunctionCall) goja.Value {
			options := call.Argument(1)
			o := r.inspectOptions(options)
			if shown, old := options.Export().(bool); old { // inspect(value, showHidden, depth, colors)
				o.ShowHidden = shown
				if v := call.Argument(2); !goja.IsUndefined(v) {
					o.Depth = levels(v)
				}
				o.Colors = call.Argument(3).ToBoolean()
			}
			return r.rt.ToValue(r.i.Inspect(call.Argument(0), o))
		})
	}
	return r.inspector
}

// inspectOptions reads an object with the options that differ from the default.
func (r *Registry) inspectOptions(v goja.Value) InspectOptions {
	o := DefaultInspect()
	given, ok := v.(*goja.Object)
	if !ok {
		return o
	}
	get := func(name string, set func(v goja.Value)) {
		if v := given.Get(name); v != nil && !goja.IsUndefined(v) {
			set(v)
		}
	}
	number := func(name string, into *int) { get(name, func(v goja.Value) { *into = levels(v) }) }
	truth := func(name string, into *bool) { get(name, func(v goja.Value) { *into = v.ToBoolean() }) }
	number("depth", &o.Depth)
	number("breakLength", &o.BreakLength)
	number("maxArrayLength", &o.MaxArrayLength)
	number("maxStringLength", &o.MaxStringLength)
	get("compact", func(v goja.Value) {
		switch c := v.Export().(type) {
		case bool:
			if !c {
				o.Compact = 0
			}
		default:
			o.Compact = levels(v)
		}
	})
	truth("colors", &o.Colors)
	truth("showHidden", &o.ShowHidden)
	truth("showProxy", &o.ShowProxy)
	truth("customInspect", &o.CustomInspect)
	truth("numericSeparator", &o.NumericSep)
	truth("sorted", &o.Sorted)
	get("sorted", func(v goja.Value) { o.SortBy, _ = goja.AssertFunction(v) })
	get("getters", func(v goja.Value) {
		switch {
		case v.String() == "get":
			o.Getters = GettersAlone
		case v.String() == "set":
			o.Getters = GettersSet
		case v.ToBoolean():
			o.Getters = GettersAll
		}
	})
	get("stylize", func(v goja.Value) { o.Stylize = v })
	return o
}

// levels reads a number of which null and Infinity mean all.
func levels(v goja.Value) int {
	if goja.IsNull(v) {
		return math.MaxInt32
	}
	f := v.ToFloat()
	if f > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(f)
}

func anys(values []goja.Value) []any {
	out := make([]any, len(values))
	for n, v := range values {
		out[n] = v
	}
	return out
}

// kindOf is the class of a built-in object, whatever code has made of its prototype and its tag.
func kindOf(o *goja.Object) string {
	switch o.ExportType() {
	case reflect.TypeFor[*goja.Promise]():
		return "Promise"
	case reflect.TypeFor[goja.Proxy]():
		return "Proxy"
	case reflect.TypeFor[goja.ArrayBuffer]():
		return "ArrayBuffer"
	}
	return o.ClassName()
}

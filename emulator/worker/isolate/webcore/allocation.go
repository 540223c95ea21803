package webcore

import (
	"math"
	"strconv"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// The watchdog sees the memory that code takes bit by bit, and what runs long. What a single call of
// the language's own would take at once is refused here, before it is taken: goja cannot be stopped
// within one, and would make a gigabyte without being asked twice.

// maxElements is how long an array may be that one call makes or fills: goja takes 16 bytes for each
// element. Deviation: an array of more than 8 388 608 elements cannot be made or filled at once.
const maxElements = maxBuffer / 16

// maxArguments is about what fits on V8's stack, times eight.
const maxArguments = 1 << 20

// elementSizes are the typed arrays.
var elementSizes = map[string]float64{"Int8Array": 1, "Uint8Array": 1, "Uint8ClampedArray": 1, "Int16Array": 2, "Uint16Array": 2,
	"Int32Array": 4, "Uint32Array": 4, "Float32Array": 4, "Float64Array": 8, "BigInt64Array": 8, "BigUint64Array": 8}

// wholeArray are the methods of arrays that walk over all of one, or make a new one as long.
var wholeArray = [...]string{"fill", "map", "slice", "splice", "concat", "toSorted", "toReversed", "toSpliced", "with", "flat",
	"flatMap", "reverse", "sort", "copyWithin"}

func (c *Core) guardAllocations() {
	c.guardBuffers()
	arrays := c.rt.Get("Array").(*goja.Object)
	proto := arrays.Get("prototype").(*goja.Object)
	for _, name := range wholeArray {
		c.guard(proto.Get(name), func(call goja.FunctionCall) {
			size := lengthOf(call.This)
			if name == "concat" {
				for _, v := range call.Arguments {
					size += lengthOf(v)
				}
			}
			if size > maxElements {
				c.rangeError("Invalid array length")
			}
		})
	}
	c.guard(proto.Get("join"), c.guardJoin)
	c.guard(arrays.Get("from"), func(call goja.FunctionCall) {
		if lengthOf(call.Argument(0)) > maxElements {
			c.rangeError("Invalid array length")
		}
	})
	function := c.rt.Get("Function").(*goja.Object).Get("prototype").(*goja.Object)
	c.guard(function.Get("apply"), func(call goja.FunctionCall) {
		if lengthOf(call.Argument(1)) > maxArguments {
			c.rangeError("Maximum call stack size exceeded")
		}
	})
	c.guardStrings()
}

// guard runs check before the built-in.
func (c *Core) guard(builtIn goja.Value, check func(goja.FunctionCall)) {
	must(patch.Call(builtIn, func(next patch.Function) patch.Function {
		return func(call goja.FunctionCall) goja.Value {
			check(call)
			return next(call)
		}
	}))
}

// lengthOf is the length of an array, or of what looks like one; 0 for all else, and for what would
// run code to say it.
func lengthOf(v goja.Value) float64 {
	o, ok := v.(*goja.Object)
	if !ok {
		return 0
	}
	if n, ok := patch.Length(o); ok {
		return float64(n)
	}
	switch o.ClassName() {
	case "Array", "Object", "Arguments":
		if n := numberOf(o.Get("length")); n > 0 {
			return n
		}
	}
	return 0
}

// numberOf is v when it is one, else NaN.
func numberOf(v goja.Value) float64 {
	switch v.(type) {
	case nil, *goja.Object, *goja.Symbol, goja.String:
		return math.NaN()
	}
	switch n := v.Export().(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return math.NaN()
}

func (c *Core) guardBuffers() {
	must(patch.Construct(c.rt.Get("ArrayBuffer"), func(next patch.Constructor) patch.Constructor {
		return func(args []goja.Value, newTarget *goja.Object) *goja.Object {
			if len(args) > 0 && numberOf(args[0]) > maxBuffer {
				c.rangeError("Array buffer allocation failed")
			}
			if len(args) > 1 {
				if o, ok := args[1].(*goja.Object); ok {
					if v := o.Get("maxByteLength"); v != nil && !goja.IsUndefined(v) {
						c.typeError("Resizable ArrayBuffers are not supported by cfemu's embedded engine (docs/COMPATIBILITY.md)")
					}
				}
			}
			return next(args, newTarget)
		}
	}))
	for name, size := range elementSizes {
		must(patch.Construct(c.rt.Get(name), func(next patch.Constructor) patch.Constructor {
			return func(args []goja.Value, newTarget *goja.Object) *goja.Object {
				if len(args) > 0 {
					n := numberOf(args[0])
					if math.IsNaN(n) {
						n = lengthOf(args[0])
					}
					if n*size > maxBuffer {
						c.rangeError("Invalid typed array length: " + strconv.FormatFloat(n, 'f', -1, 64))
					}
				}
				return next(args, newTarget)
			}
		}))
	}
}

func (c *Core) guardStrings() {
	proto := c.rt.Get("String").(*goja.Object).Get("prototype").(*goja.Object)
	refuse := func(length float64) {
		if length > maxBuffer {
			c.rangeError("Invalid string length")
		}
	}
	c.guard(proto.Get("repeat"), func(call goja.FunctionCall) {
		if s, ok := call.This.(goja.String); ok && s.Length() > 0 {
			// A count below zero or without end is goja's to refuse.
			if n := numberOf(call.Argument(0)); !math.IsInf(n, 0) {
				refuse(float64(s.Length()) * n)
			}
		}
	})
	for _, name := range [...]string{"padStart", "padEnd"} {
		c.guard(proto.Get(name), func(call goja.FunctionCall) { refuse(numberOf(call.Argument(0))) })
	}
	c.guard(proto.Get("concat"), func(call goja.FunctionCall) {
		size := stringLength(call.This)
		for _, v := range call.Arguments {
			size += stringLength(v)
		}
		refuse(size)
	})
}

func stringLength(v goja.Value) float64 {
	if s, ok := v.(goja.String); ok {
		return float64(s.Length())
	}
	return 0
}

// guardJoin adds up what join would make, as far as it is texts.
func (c *Core) guardJoin(call goja.FunctionCall) {
	count := lengthOf(call.This)
	if count < 2 {
		return
	}
	size := 1.0
	if v := call.Argument(0); !goja.IsUndefined(v) {
		size = stringLength(v)
	}
	size *= count - 1
	if elements, ok := patch.Elements(call.This.(*goja.Object)); ok {
		for _, v := range elements {
			size += stringLength(v)
		}
	} else if count > maxElements {
		c.rangeError("Invalid array length")
	}
	if size > maxBuffer {
		c.rangeError("Invalid string length")
	}
}

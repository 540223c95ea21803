package webcore

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A Cloneable is the state of a platform object that structuredClone copies.
type Cloneable interface {
	// Clone returns a new platform object with the same contents.
	Clone(h host.Host) goja.Value
}

// clonePrimordials are the built-ins by which a clone looks into objects, fetched once so that
// patched prototypes do not mislead it.
type clonePrimordials struct {
	typedArrayTag, regexpSource, regexpFlags                 goja.Callable
	numberValue, stringValue, booleanValue, bigIntValue, age goja.Callable
	mapForEach, mapSet, setForEach, setAdd                   goja.Callable
	viewBuffer, viewOffset, viewLength                       goja.Callable
	objectPrototype                                          *goja.Object
}

func (c *Core) installClone() {
	c.realm.Global("structuredClone", 1, func(call goja.FunctionCall) goja.Value {
		c.realm.NeedArguments("ServiceWorkerGlobalScope", "structuredClone", 1, call)
		var transfer []goja.Value
		if options := c.dictionary(call.Argument(1), "Failed to execute 'structuredClone'"); options != nil {
			if v := options.Get("transfer"); v != nil && !goja.IsUndefined(v) {
				c.sequence(v, "Failed to execute 'structuredClone'", func(v goja.Value) { transfer = append(transfer, v) })
			}
		}
		return c.StructuredClone(call.Argument(0), transfer)
	})
}

// StructuredClone returns a copy of v by the structured clone algorithm, and throws a DataCloneError
// for what has none. The ArrayBuffers in transfer move into the copy instead.
func (c *Core) StructuredClone(v goja.Value, transfer []goja.Value) goja.Value {
	if c.cloning == nil {
		c.cloning = c.newClonePrimordials()
	}
	cl := &cloner{Core: c, p: c.cloning, seen: map[*goja.Object]*goja.Object{}}
	var buffers []*goja.Object
	for _, t := range transfer {
		o, ok := t.(*goja.Object)
		ab, isBuffer := goja.ArrayBuffer{}, false
		if ok {
			ab, isBuffer = o.Export().(goja.ArrayBuffer)
		}
		if !isBuffer {
			c.throw("DataCloneError", "Value not transferable: %s.", cl.describe(t))
		}
		if slices.Contains(buffers, o) {
			c.throw("DataCloneError", "ArrayBuffer occurs in the transfer list more than once.")
		}
		if ab.Detached() {
			c.throw("DataCloneError", "An ArrayBuffer is detached and could not be cloned.")
		}
		buffers = append(buffers, o)
		// The copy shares the bytes until the original is detached, once nothing can fail any more.
		cl.seen[o] = c.realm.ArrayBuffer(ab.Bytes()).(*goja.Object)
	}
	result := cl.clone(v)
	for _, o := range buffers {
		o.Export().(goja.ArrayBuffer).Detach()
	}
	return result
}

type cloner struct {
	*Core
	p     *clonePrimordials
	seen  map[*goja.Object]*goja.Object
	depth int
}

// maxCloneDepth is about where V8 runs out of stack.
const maxCloneDepth = 10000

func (cl *cloner) clone(v goja.Value) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		if _, ok := v.(*goja.Symbol); ok {
			cl.refuse(v)
		}
		return v
	}
	if copied, ok := cl.seen[o]; ok {
		return copied
	}
	if cl.depth++; cl.depth > maxCloneDepth {
		cl.rangeError("Maximum call stack size exceeded")
	}
	defer func() { cl.depth-- }()

	if state := cl.realm.Native(o); state != nil {
		if s, ok := state.(idl.StandIn); ok {
			cl.seen[o] = cl.clone(s.Target()).(*goja.Object)
			return cl.seen[o]
		}
		return cl.platformObject(o, state)
	}
	switch o.ClassName() {
	case "Array":
		return cl.array(o)
	case "Error":
		return cl.error(o)
	case "Function", "Arguments":
		cl.refuse(o)
	case "Date":
		return cl.remember(o, cl.construct("Date", cl.call(cl.p.age, o)))
	case "RegExp":
		return cl.remember(o, cl.construct("RegExp", cl.call(cl.p.regexpSource, o), cl.call(cl.p.regexpFlags, o)))
	case "Number":
		return cl.remember(o, cl.call(cl.p.numberValue, o).ToObject(cl.rt))
	case "String":
		return cl.remember(o, cl.call(cl.p.stringValue, o).ToObject(cl.rt))
	case "Boolean":
		return cl.remember(o, cl.call(cl.p.booleanValue, o).ToObject(cl.rt))
	}
	return cl.exotic(o)
}

// platformObject clones an object of a class of ours.
func (cl *cloner) platformObject(o *goja.Object, state any) goja.Value {
	switch s := state.(type) {
	case Cloneable:
		return cl.remember(o, s.Clone(cl.host).(*goja.Object))
	case *domException:
		copied := cl.NewException(s.name, s.message)
		if stack := o.Get("stack"); stack != nil {
			must(copied.Set("stack", stack))
		}
		return cl.remember(o, copied)
	}
	cl.refuse(o)
	return nil
}

// exotic clones the objects that goja gives no class name of their own.
func (cl *cloner) exotic(o *goja.Object) goja.Value {
	switch o.ExportType().String() {
	case "goja.ArrayBuffer":
		return cl.buffer(o)
	case "[][2]interface {}":
		return cl.mapOf(o)
	case "[]interface {}":
		return cl.setOf(o)
	case "*big.Int":
		return cl.remember(o, cl.call(cl.p.bigIntValue, o).ToObject(cl.rt))
	case "map[string]interface {}":
		return cl.plain(o)
	}
	if name := cl.call(cl.p.typedArrayTag, o); !goja.IsUndefined(name) {
		return cl.view(o, name.String())
	}
	cl.refuse(o) // promises, proxies, symbols in objects
	return nil
}

// uncloneable are the built-in objects that look like plain ones to goja, by their tags.
var uncloneable = []string{"WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Generator", "Array Iterator", "Map Iterator",
	"Set Iterator", "String Iterator", "RegExp String Iterator", "Iterator Helper", "AsyncGenerator", "URLSearchParams Iterator"}

func (cl *cloner) plain(o *goja.Object) goja.Value {
	if proto := o.Prototype(); proto != nil && proto != cl.p.objectPrototype {
		if _, err := cl.p.viewLength(o); err == nil {
			return cl.view(o, "DataView")
		}
		if tag := o.GetSymbol(goja.SymToStringTag); tag != nil && slices.Contains(uncloneable, tag.String()) {
			cl.refuse(o)
		}
	}
	copied := cl.remember(o, cl.rt.NewObject())
	cl.properties(copied, o)
	return copied
}

func (cl *cloner) properties(to, from *goja.Object) {
	for _, key := range from.Keys() {
		v := from.Get(key)
		if v == nil {
			continue // a getter that ran before has deleted it
		}
		must(to.DefineDataProperty(key, cl.clone(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	}
}

func (cl *cloner) array(o *goja.Object) goja.Value {
	copied := cl.remember(o, cl.rt.NewArray())
	must(copied.Set("length", o.Get("length")))
	cl.properties(copied, o)
	return copied
}

// errorNames are the names whose errors keep their class; all others become plain Errors.
var errorNames = []string{"Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"}

func (cl *cloner) error(o *goja.Object) goja.Value {
	name := "Error"
	if v := o.Get("name"); v != nil && slices.Contains(errorNames, v.String()) {
		name = v.String()
	}
	var args []goja.Value
	if slices.Contains(o.GetOwnPropertyNames(), "message") {
		args = append(args, o.Get("message").ToString())
	}
	copied := cl.remember(o, cl.construct(name, args...))
	if stack := o.Get("stack"); stack != nil && goja.IsString(stack) {
		must(copied.DefineDataProperty("stack", stack, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	if slices.Contains(o.GetOwnPropertyNames(), "cause") {
		must(copied.DefineDataProperty("cause", cl.clone(o.Get("cause")), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return copied
}

func (cl *cloner) buffer(o *goja.Object) goja.Value {
	ab := o.Export().(goja.ArrayBuffer)
	if ab.Detached() {
		cl.throw("DataCloneError", "An ArrayBuffer is detached and could not be cloned.")
	}
	return cl.remember(o, cl.realm.ArrayBuffer(slices.Clone(ab.Bytes())).(*goja.Object))
}

// view clones a typed array or a DataView, over a clone of its whole buffer.
func (cl *cloner) view(o *goja.Object, class string) goja.Value {
	buffer, offset, length := o.Get("buffer"), o.Get("byteOffset"), o.Get("length")
	if class == "DataView" {
		buffer, offset, length = cl.call(cl.p.viewBuffer, o), cl.call(cl.p.viewOffset, o), cl.call(cl.p.viewLength, o)
	}
	if ab, ok := buffer.Export().(goja.ArrayBuffer); ok && ab.Detached() {
		cl.throw("DataCloneError", "An ArrayBuffer is detached and could not be cloned.")
	}
	return cl.remember(o, cl.construct(class, cl.clone(buffer), offset, length))
}

func (cl *cloner) mapOf(o *goja.Object) goja.Value {
	copied := cl.remember(o, cl.construct("Map"))
	var entries [][2]goja.Value // as they were before any getter ran
	cl.call(cl.p.mapForEach, o, cl.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		entries = append(entries, [2]goja.Value{call.Argument(1), call.Argument(0)})
		return goja.Undefined()
	}))
	for _, e := range entries {
		cl.call(cl.p.mapSet, copied, cl.clone(e[0]), cl.clone(e[1]))
	}
	return copied
}

func (cl *cloner) setOf(o *goja.Object) goja.Value {
	copied := cl.remember(o, cl.construct("Set"))
	var values []goja.Value
	cl.call(cl.p.setForEach, o, cl.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		values = append(values, call.Argument(0))
		return goja.Undefined()
	}))
	for _, v := range values {
		cl.call(cl.p.setAdd, copied, cl.clone(v))
	}
	return copied
}

func (cl *cloner) remember(o, copied *goja.Object) *goja.Object {
	cl.seen[o] = copied
	return copied
}

func (cl *cloner) refuse(v goja.Value) {
	cl.throw("DataCloneError", "%s could not be cloned.", cl.describe(v))
}

// describe names v as V8 does in errors.
func (cl *cloner) describe(v goja.Value) string {
	switch v := v.(type) {
	case *goja.Symbol:
		return fmt.Sprintf("Symbol(%s)", v.String())
	case *goja.Object:
		if v.ClassName() == "Function" {
			return v.String()
		}
		if ctor, ok := v.Get("constructor").(*goja.Object); ok {
			if name := ctor.Get("name"); name != nil && name.String() != "" {
				return "#<" + name.String() + ">"
			}
		}
		return "#<Object>"
	}
	return v.String()
}

func (cl *cloner) call(f goja.Callable, this goja.Value, args ...goja.Value) goja.Value {
	v, err := f(this, args...)
	if err != nil {
		panic(err)
	}
	return v
}

func (cl *cloner) construct(class string, args ...goja.Value) *goja.Object {
	o, err := cl.rt.New(cl.rt.Get(class), args...)
	if err != nil {
		panic(err)
	}
	return o
}

// typedArrayTag returns the getter of %TypedArray%.prototype[@@toStringTag].
func (c *Core) typedArrayTag() goja.Callable {
	proto := c.rt.Get("Uint8Array").(*goja.Object).Get("prototype").(*goja.Object).Prototype()
	describe, _ := goja.AssertFunction(c.rt.Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor"))
	d, err := describe(goja.Undefined(), proto, goja.SymToStringTag)
	must(err)
	f, _ := goja.AssertFunction(d.(*goja.Object).Get("get"))
	return f
}

func (c *Core) newClonePrimordials() *clonePrimordials {
	proto := func(class string) *goja.Object { return c.rt.Get(class).(*goja.Object).Get("prototype").(*goja.Object) }
	method := func(class, name string) goja.Callable {
		f, _ := goja.AssertFunction(proto(class).Get(name))
		return f
	}
	describe, _ := goja.AssertFunction(c.rt.Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor"))
	getter := func(o *goja.Object, key goja.Value) goja.Callable {
		d, err := describe(goja.Undefined(), o, key)
		must(err)
		f, _ := goja.AssertFunction(d.(*goja.Object).Get("get"))
		return f
	}
	named := func(class, name string) goja.Callable { return getter(proto(class), c.rt.ToValue(name)) }
	return &clonePrimordials{
		typedArrayTag:   c.typedArrayTag(),
		regexpSource:    named("RegExp", "source"),
		regexpFlags:     named("RegExp", "flags"),
		numberValue:     method("Number", "valueOf"),
		stringValue:     method("String", "valueOf"),
		booleanValue:    method("Boolean", "valueOf"),
		bigIntValue:     method("BigInt", "valueOf"),
		age:             method("Date", "getTime"),
		mapForEach:      method("Map", "forEach"),
		mapSet:          method("Map", "set"),
		setForEach:      method("Set", "forEach"),
		setAdd:          method("Set", "add"),
		viewBuffer:      named("DataView", "buffer"),
		viewOffset:      named("DataView", "byteOffset"),
		viewLength:      named("DataView", "byteLength"),
		objectPrototype: proto("Object"),
	}
}

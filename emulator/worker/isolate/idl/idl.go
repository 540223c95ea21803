// Package idl defines JavaScript classes whose state is a Go value, by WebIDL's rules: methods and
// attributes sit on the prototype and are enumerable there, calling one on a foreign object throws
// "Illegal invocation", constructors need new, and the objects stay ordinary ones that code may
// extend, subclass and hang properties on.
//
// The Go value hangs where code cannot see it (package patch), or, on the few objects of another make,
// on a symbol property that no enumeration shows. (Go reflection objects, goja's other way, refuse
// properties of their own, which routers like to set on a Request.)
package idl

import (
	"fmt"
	"reflect"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// A Realm is what all classes of one runtime share.
type Realm struct {
	Runtime *goja.Runtime
	hider   *patch.Hider
	native  *goja.Symbol
}

// NewRealm returns the realm of rt. There must be one per runtime only.
func NewRealm(rt *goja.Runtime) *Realm {
	return &Realm{Runtime: rt, hider: patch.NewHider(), native: goja.NewSymbol("native")}
}

// Native returns the Go value behind v, or nil when v is not an object of one of this realm's classes.
func (r *Realm) Native(v goja.Value) any {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	if state, ordinary := r.hider.Hidden(o); ordinary {
		return state
	}
	h, ok := o.GetSymbol(r.native).(*holder)
	if !ok {
		return nil
	}
	return h.state
}

// A StandIn is the state behind a Proxy that to code is its target: printing and cloning look at that.
type StandIn interface{ Target() *goja.Object }

// A holder is the value of the symbol property: to JavaScript undefined, to us the state. goja's own
// wrapper of a Go value costs a tenth of a small request, and shows its methods to code.
type holder struct {
	goja.Value
	state any
}

// Marker is what the realm's symbol property of an object with that state holds.
func (r *Realm) Marker(state any) goja.Value { return &holder{goja.Undefined(), state} }

// IsNative reports whether sym is the realm's own symbol, which copies and printers must pass over.
func (r *Realm) IsNative(sym *goja.Symbol) bool { return sym == r.native }

// As returns the Go value behind v when it is a T.
func As[T any](r *Realm, v goja.Value) (T, bool) {
	t, ok := r.Native(v).(T)
	return t, ok
}

// TypeError panics with a JavaScript TypeError, which goja throws.
func (r *Realm) TypeError(format string, args ...any) {
	panic(r.Runtime.NewTypeError(fmt.Sprintf(format, args...)))
}

// IllegalInvocation is what a call with a foreign receiver throws.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/resource.h (kIllegalInvocation)
const IllegalInvocation = "Illegal invocation: function called with incorrect `this` reference. " +
	"See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details."

// IllegalInvocation throws it.
func (r *Realm) IllegalInvocation() { r.TypeError("%s", IllegalInvocation) }

// A Class is a JavaScript class whose instances hold a T, usually a pointer.
type Class[T any] struct {
	Name        string
	Constructor *goja.Object
	Prototype   *goja.Object
	// Implicit is the receiver of methods that are called without one, as those of the global object
	// are. Nil: there is none.
	Implicit *goja.Object
	realm    *Realm
}

// Define makes a class and sets it on the global object. construct makes the state of a new instance
// from the arguments of `new`; nil means that code cannot construct it ("Illegal constructor").
// length is the number of required arguments.
func Define[T any](r *Realm, name string, length int, construct func(call goja.ConstructorCall) T) *Class[T] {
	c := &Class[T]{Name: name, realm: r}
	rt := r.Runtime
	c.Constructor = rt.ToValue(func(call goja.ConstructorCall) *goja.Object {
		if construct == nil {
			r.TypeError("Illegal constructor")
		}
		r.need(name, "", length, call.Arguments)
		c.attach(call.This, construct(call))
		return nil
	}).(*goja.Object)
	must(patch.Call(c.Constructor, func(patch.Function) patch.Function {
		return func(goja.FunctionCall) goja.Value {
			if construct == nil {
				r.TypeError("Illegal constructor")
			}
			r.TypeError("%s", NeedsNew(name))
			return nil
		}
	}))
	c.Prototype = c.Constructor.Get("prototype").(*goja.Object)
	label(rt, c.Constructor, name, length)
	must(c.Constructor.DefineDataProperty("prototype", c.Prototype, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	must(c.Prototype.DefineDataProperty("constructor", c.Constructor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(c.Prototype.DefineDataPropertySymbol(goja.SymToStringTag, rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(rt.GlobalObject().DefineDataProperty(name, c.Constructor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return c
}

// NeedsNew is what the constructor of a class throws when it is called without new.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/resource.c%2B%2B
func NeedsNew(class string) string {
	return "Failed to construct '" + class + "': Please use the 'new' operator, this object constructor cannot be called as a function."
}

// New returns an instance that holds state, without calling the constructor.
func (c *Class[T]) New(state T) *goja.Object {
	o := c.realm.Runtime.CreateObject(c.Prototype)
	c.attach(o, state)
	return o
}

// Extends makes the class a subclass of parent's prototype and constructor.
func (c *Class[T]) Extends(parentConstructor *goja.Object) *Class[T] {
	must(c.Constructor.SetPrototype(parentConstructor))
	must(c.Prototype.SetPrototype(parentConstructor.Get("prototype").(*goja.Object)))
	return c
}

// Attach makes o, which has the class's prototype by other ways, hold state.
func (c *Class[T]) Attach(o *goja.Object, state T) { c.attach(o, state) }

func (c *Class[T]) attach(o *goja.Object, state T) { c.realm.Attach(o, state) }

// This returns the state behind a method's receiver, or throws IllegalInvocation.
func (c *Class[T]) This(v goja.Value) T {
	t, ok := As[T](c.realm, c.Receiver(v))
	if !ok {
		c.realm.IllegalInvocation()
	}
	return t
}

// Receiver is v, or Implicit for a call without a receiver.
func (c *Class[T]) Receiver(v goja.Value) goja.Value {
	if c.Implicit != nil && (goja.IsUndefined(v) || goja.IsNull(v)) {
		return c.Implicit
	}
	return v
}

// Method defines a method with the given number of required arguments.
func (c *Class[T]) Method(name string, length int, f func(this T, call goja.FunctionCall) goja.Value) *Class[T] {
	fn := c.realm.Function(name, length, func(call goja.FunctionCall) goja.Value {
		this := c.This(call.This)
		c.realm.need(c.Name, name, length, call.Arguments)
		return f(this, call)
	})
	must(c.Prototype.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	return c
}

// AsyncMethod is Method for operations that return a promise: whatever they throw, the receiver's
// brand check included, rejects it.
func (c *Class[T]) AsyncMethod(name string, length int, f func(this T, call goja.FunctionCall) goja.Value) *Class[T] {
	rt := c.realm.Runtime
	fn := c.realm.Function(name, length, func(call goja.FunctionCall) (v goja.Value) {
		ex := rt.Try(func() {
			this := c.This(call.This)
			c.realm.need(c.Name, name, length, call.Arguments)
			v = f(this, call)
		})
		if ex != nil {
			p, _, reject := rt.NewPromise()
			must(reject(ex.Value()))
			return rt.ToValue(p)
		}
		return v
	})
	must(c.Prototype.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	return c
}

// Getter defines a read-only attribute.
func (c *Class[T]) Getter(name string, get func(this T) goja.Value) *Class[T] {
	return c.Attribute(name, get, nil)
}

// Attribute defines an attribute; a nil set makes it read-only.
func (c *Class[T]) Attribute(name string, get func(this T) goja.Value, set func(this T, v goja.Value)) *Class[T] {
	getter := c.realm.Function("get "+name, 0, func(call goja.FunctionCall) goja.Value { return get(c.This(call.This)) })
	var setter goja.Value
	if set != nil {
		setter = c.realm.Function("set "+name, 1, func(call goja.FunctionCall) goja.Value {
			set(c.This(call.This), call.Argument(0))
			return goja.Undefined()
		})
	}
	must(c.Prototype.DefineAccessorProperty(name, getter, setter, goja.FLAG_TRUE, goja.FLAG_TRUE))
	return c
}

// Static defines a static method.
func (c *Class[T]) Static(name string, length int, f func(call goja.FunctionCall) goja.Value) *Class[T] {
	must(c.Constructor.DefineDataProperty(name, c.realm.Function(name, length, f), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	return c
}

// Function makes a JavaScript function with a name and a length.
func (r *Realm) Function(name string, length int, f func(call goja.FunctionCall) goja.Value) *goja.Object {
	fn := r.Runtime.ToValue(f).(*goja.Object)
	label(r.Runtime, fn, name, length)
	return fn
}

// Global defines a global function. Its receiver must be the global object, or none.
func (r *Realm) Global(name string, length int, f func(call goja.FunctionCall) goja.Value) {
	global := r.Runtime.GlobalObject()
	fn := r.Function(name, length, func(call goja.FunctionCall) goja.Value {
		if this := call.This; this != nil && !goja.IsUndefined(this) && !goja.IsNull(this) && !this.SameAs(global) {
			r.IllegalInvocation()
		}
		return f(call)
	})
	must(global.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
}

// Lazy defines a property of the global object whose value make makes when code first asks for it:
// what few Workers use costs the others next to nothing. Code may put a value of its own in its place.
func (r *Realm) Lazy(name string, enumerable goja.Flag, make func() goja.Value) {
	global := r.Runtime.GlobalObject()
	settle := func(v goja.Value) {
		must(global.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, enumerable))
	}
	get := r.Function("get "+name, 0, func(goja.FunctionCall) goja.Value {
		v := make()
		settle(v)
		return v
	})
	set := r.Function("set "+name, 1, func(call goja.FunctionCall) goja.Value {
		settle(call.Argument(0))
		return goja.Undefined()
	})
	must(global.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, enumerable))
}

// Resolved returns a promise that is fulfilled with v.
func (r *Realm) Resolved(v any) goja.Value {
	p, resolve, _ := r.Runtime.NewPromise()
	must(resolve(v))
	return r.Runtime.ToValue(p)
}

// Rejected returns a promise that is rejected with reason.
func (r *Realm) Rejected(reason any) goja.Value {
	p, _, reject := r.Runtime.NewPromise()
	must(reject(reason))
	return r.Runtime.ToValue(p)
}

// DOMException returns a new DOMException; the class must have been installed as a global.
func (r *Realm) DOMException(name, message string) *goja.Object {
	o, err := r.Runtime.New(r.Runtime.Get("DOMException"), r.Runtime.ToValue(message), r.Runtime.ToValue(name))
	if err != nil {
		panic(err)
	}
	return o
}

// String converts v as WebIDL's USVString: throws for symbols, lone surrogates become U+FFFD.
func (r *Realm) String(v goja.Value) string {
	if _, ok := v.(*goja.Symbol); ok {
		r.TypeError("Cannot convert a Symbol value to a string")
	}
	return v.String()
}

// Bytes returns the bytes of an ArrayBuffer or of the view v, without copying, and false for any
// other value.
func (r *Realm) Bytes(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	if ab, ok := arrayBuffer(o); ok {
		return ab.Bytes(), true
	}
	buffer, ok := o.Get("buffer").(*goja.Object)
	if !ok {
		return nil, false
	}
	ab, ok := arrayBuffer(buffer)
	if !ok {
		return nil, false
	}
	offset, length := o.Get("byteOffset"), o.Get("byteLength")
	if offset == nil || length == nil {
		return nil, false
	}
	b := ab.Bytes()
	from, n := offset.ToInteger(), length.ToInteger()
	if from < 0 || n < 0 || from+n > int64(len(b)) {
		return nil, false
	}
	return b[from : from+n], true
}

// arrayBuffer looks at the type first: to export any other object is to copy it, getters included.
func arrayBuffer(o *goja.Object) (goja.ArrayBuffer, bool) {
	if o.ExportType() != reflect.TypeFor[goja.ArrayBuffer]() {
		return goja.ArrayBuffer{}, false
	}
	ab, ok := o.Export().(goja.ArrayBuffer)
	return ab, ok
}

// ArrayBuffer returns an ArrayBuffer that owns b.
func (r *Realm) ArrayBuffer(b []byte) goja.Value {
	return r.Runtime.ToValue(r.Runtime.NewArrayBuffer(b))
}

// Uint8Array returns a Uint8Array that owns b.
func (r *Realm) Uint8Array(b []byte) *goja.Object {
	o, err := r.Runtime.New(r.Runtime.Get("Uint8Array"), r.ArrayBuffer(b))
	if err != nil {
		panic(err)
	}
	return o
}

func label(rt *goja.Runtime, fn *goja.Object, name string, length int) {
	must(fn.DefineDataProperty("name", rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	must(fn.DefineDataProperty("length", rt.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// must is for definitions on objects that we have just made: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

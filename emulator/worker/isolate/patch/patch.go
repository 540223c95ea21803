// Package patch puts functions of ours in the place of goja's own built-ins where those are wrong or
// dangerous, and leaves the JavaScript objects as they are: their identity, names, prototypes and
// subclasses. goja has no API for it, so this reaches into its objects; an error says that goja has
// changed. A patch belongs to one runtime.
package patch

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

type (
	// A Function is what calling a built-in runs.
	Function = func(goja.FunctionCall) goja.Value
	// A Constructor is what new runs. newTarget is nil when it is the built-in itself.
	Constructor = func(args []goja.Value, newTarget *goja.Object) *goja.Object
)

// self is the implementation behind an object.
func self(o *goja.Object) (reflect.Value, error) {
	f := reflect.ValueOf(o).Elem().FieldByName("self")
	if !f.IsValid() || f.Kind() != reflect.Interface || f.IsNil() {
		return f, fmt.Errorf("goja's objects have no implementation")
	}
	impl := f.Elem()
	if impl.Kind() != reflect.Pointer || impl.Elem().Kind() != reflect.Struct {
		return impl, fmt.Errorf("goja's objects are no structs")
	}
	return impl.Elem(), nil
}

// native is where in goja's built-in functions their two Go functions are.
type native struct {
	kind
	function        reflect.Type
	call, construct uintptr
}

// layout is found once, by the built-in that o is.
var layout = sync.OnceValues(func() (native, error) {
	o, ok := goja.New().Get("RegExp").(*goja.Object)
	if !ok {
		return native{}, fmt.Errorf("goja has no RegExp")
	}
	o.Get("length") // built-ins are made when first looked at
	impl, err := self(o)
	if err != nil {
		return native{}, err
	}
	n := native{kind: kindOf(o, nil), function: impl.Type()}
	for name, at := range map[string]*uintptr{"f": &n.call, "construct": &n.construct} {
		f, ok := n.function.FieldByName(name)
		if !ok || f.Type.Kind() != reflect.Func {
			return native{}, fmt.Errorf("goja's built-in functions have no %s", name)
		}
		*at = f.Offset
	}
	if f, _ := n.function.FieldByName("f"); f.Type != reflect.TypeFor[Function]() {
		return native{}, fmt.Errorf("goja's built-in functions are of type %s", f.Type)
	}
	if f, _ := n.function.FieldByName("construct"); f.Type != reflect.TypeFor[Constructor]() {
		return native{}, fmt.Errorf("goja's built-in constructors are of type %s", f.Type)
	}
	return n, nil
})

// builtIn returns the address of the implementation of a built-in function.
func builtIn(v goja.Value) (unsafe.Pointer, native, error) {
	n, err := layout()
	if err != nil {
		return nil, n, err
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, n, fmt.Errorf("no such built-in")
	}
	at, ok := n.of(o)
	if !ok {
		o.Get("length") // it may not be made yet
		if at, ok = n.of(o); !ok {
			impl, err := self(o)
			if err == nil {
				err = fmt.Errorf("not a built-in function but a %s", impl.Type().Name())
			}
			return nil, n, err
		}
	}
	return at, n, nil
}

// Call replaces what calling the built-in v runs by what wrap makes of it.
func Call(v goja.Value, wrap func(Function) Function) error {
	impl, n, err := builtIn(v)
	if err != nil {
		return err
	}
	f := (*Function)(unsafe.Add(impl, n.call))
	*f = wrap(*f)
	return nil
}

// Construct replaces what new runs for the built-in v by what wrap makes of it.
func Construct(v goja.Value, wrap func(Constructor) Constructor) error {
	impl, n, err := builtIn(v)
	if err != nil {
		return err
	}
	f := (*Constructor)(unsafe.Add(impl, n.construct))
	*f = wrap(*f)
	return nil
}

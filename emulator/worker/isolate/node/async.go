package node

import "github.com/dop251/goja"

// A Frame is what the AsyncLocalStorages hold at one moment: an immutable list. Nil is the empty one.
type Frame struct {
	storage *goja.Object
	store   goja.Value
	rest    *Frame
}

// get is the store of a storage, nil when it has none.
func (f *Frame) get(storage *goja.Object) goja.Value {
	for ; f != nil; f = f.rest {
		if f.storage == storage {
			return f.store
		}
	}
	return nil
}

// with is f with another store for a storage.
func (f *Frame) with(storage *goja.Object, store goja.Value) *Frame {
	return &Frame{storage, store, f.without(storage)}
}

func (f *Frame) without(storage *goja.Object) *Frame {
	switch {
	case f.get(storage) == nil:
		return f
	case f.storage == storage:
		return f.rest
	}
	return &Frame{f.storage, f.store, f.rest.without(storage)}
}

// asyncNatives are:
//
//	getStore(storage)            → the store, undefined when there is none
//	run(storage, store, f, args) → what f returns, called with that store
//	capture()                    → the frame, for within
//	within(frame, f, this, args) → what f returns, called in that frame
func asyncNatives(r *Registry, n *natives) {
	n.function("getStore", func(call goja.FunctionCall) goja.Value {
		if v := r.i.Frame().get(call.Argument(0).(*goja.Object)); v != nil {
			return v
		}
		return goja.Undefined()
	})
	n.function("run", func(call goja.FunctionCall) goja.Value {
		f := r.i.Frame().with(call.Argument(0).(*goja.Object), call.Argument(1))
		return r.within(f, call.Argument(2), goja.Undefined(), call.Argument(3))
	})
	n.function("capture", func(goja.FunctionCall) goja.Value { return r.rt.ToValue(&captured{r.i.Frame()}) })
	n.function("within", func(call goja.FunctionCall) goja.Value {
		c, _ := call.Argument(0).Export().(*captured)
		return r.within(c.frame, call.Argument(1), call.Argument(2), call.Argument(3))
	})
}

// A captured frame hides it from JavaScript, to which goja shows exported fields and methods only.
type captured struct{ frame *Frame }

// within calls a function in a frame, and throws what it throws.
func (r *Registry) within(f *Frame, function, this, args goja.Value) goja.Value {
	call, ok := goja.AssertFunction(function)
	if !ok {
		r.i.Realm().TypeError("The callback is not a function")
	}
	var values []goja.Value
	must(r.rt.ExportTo(args, &values))
	before := r.i.Frame()
	r.i.SetFrame(f)
	defer r.i.SetFrame(before)
	v, err := call(this, values...)
	if err != nil {
		panic(err)
	}
	return v
}

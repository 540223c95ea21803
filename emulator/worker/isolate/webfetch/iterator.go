package webfetch

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// An iteratorClass makes the iterators of one class of pairs.
type iteratorClass = idl.Class[*iteration]

// An iteration walks over pairs by index, so that it sees changes made meanwhile, as WebIDL has it.
type iteration struct {
	at    func(i int) (key, value goja.Value, ok bool)
	index int
	kind  byte // 'k', 'v' or 'e'
}

// defineIterator gives class c the methods of a pair iterable: entries, keys, values, forEach.
func defineIterator[T any](a *API, c *idl.Class[T], at func(this T, i int) (key, value goja.Value, ok bool)) *iteratorClass {
	name := c.Name + " Iterator"
	it := idl.Define[*iteration](a.realm, name, 0, nil)
	must(a.rt.GlobalObject().Delete(name))
	must(it.Prototype.Delete("constructor"))
	must(it.Prototype.SetPrototype(a.iteratorPrototype()))
	it.Method("next", 0, func(this *iteration, call goja.FunctionCall) goja.Value { return a.step(this) })

	start := func(kind byte) func(T, goja.FunctionCall) goja.Value {
		return func(this T, call goja.FunctionCall) goja.Value {
			return it.New(&iteration{kind: kind, at: func(i int) (goja.Value, goja.Value, bool) { return at(this, i) }})
		}
	}
	c.Method("entries", 0, start('e'))
	c.Method("keys", 0, start('k'))
	c.Method("values", 0, start('v'))
	c.Method("forEach", 1, func(this T, call goja.FunctionCall) goja.Value {
		f, ok := goja.AssertFunction(call.Argument(0))
		if !ok {
			a.realm.TypeError("Failed to execute 'forEach' on '%s': parameter 1 is not of type 'function'.", c.Name)
		}
		for i := 0; ; i++ {
			key, value, ok := at(this, i)
			if !ok {
				return goja.Undefined()
			}
			if _, err := f(call.Argument(1), value, key, call.This); err != nil {
				panic(err)
			}
		}
	})
	must(c.Prototype.DefineDataPropertySymbol(goja.SymIterator, c.Prototype.Get("entries"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return it
}

func (a *API) step(it *iteration) goja.Value {
	result := a.rt.NewObject()
	if it.at != nil {
		if key, value, ok := it.at(it.index); ok {
			it.index++
			must(result.Set("value", it.pick(a.rt, key, value)))
			must(result.Set("done", false))
			return result
		}
		it.at = nil
	}
	must(result.Set("value", goja.Undefined()))
	must(result.Set("done", true))
	return result
}

func (it *iteration) pick(rt *goja.Runtime, key, value goja.Value) goja.Value {
	switch it.kind {
	case 'k':
		return key
	case 'v':
		return value
	}
	return rt.NewArray(key, value)
}

// iteratorPrototype is %IteratorPrototype%.
func (a *API) iteratorPrototype() *goja.Object {
	array := a.rt.NewArray()
	values := callable(array.Get("values"))
	it, err := values(array)
	must(err)
	return it.(*goja.Object).Prototype().Prototype()
}

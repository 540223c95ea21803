package isolate

import "github.com/dop251/goja"

// withEnv calls a function with another env behind the env of cloudflare:workers, which follows it
// through promises.
func (i *isolate) withEnv(call goja.FunctionCall) goja.Value {
	fn, ok := goja.AssertFunction(call.Argument(1))
	if !ok {
		i.realm.TypeError("Failed to execute 'withEnv': parameter 2 is not of type 'Function'.")
	}
	before := i.scoped
	i.scoped = &scopedEnv{call.Argument(0)}
	defer func() { i.scoped = before }()
	return i.must(fn(goja.Undefined()))
}

// currentEnv is what the env of cloudflare:workers stands for.
func (i *isolate) currentEnv(goja.FunctionCall) goja.Value {
	switch {
	case i.scoped != nil:
		return i.scoped.value
	case i.Enabled(flagNoImportableEnv):
		return i.rt.NewObject()
	}
	return i.env
}

// A scopedEnv is the env of a call of withEnv.
type scopedEnv struct{ value goja.Value }

package isolate

import (
	"sync"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// Calls that go through Go and back nest on Go's stack. goja's own limit ends them by a panic that is
// caught and thrown again at each of them, on top of all the others: that takes seconds for some
// thousands, and generators that delegate pass it by until Go's stack is full, which ends the process.
// So the functions of the language that call back count how deep they are, and throw what V8 throws.

// maxNesting is how deep such calls may nest. goja's limit comes to about as many.
const maxNesting = 1000

// callers makes a list of the functions that call back.
var callers = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile(ours+"nesting.js", `[[JSON, "stringify parse"],
		[Reflect, "apply construct get set has ownKeys deleteProperty defineProperty getPrototypeOf"],
		[Object, "assign entries values keys fromEntries"], [Array, "from"], [Function.prototype, "call apply"],
		[Array.prototype, "forEach map filter some every find findIndex findLast findLastIndex reduce reduceRight sort toSorted flatMap join toString toLocaleString"],
		[Map.prototype, "forEach"], [Set.prototype, "forEach"], [String.prototype, "replace replaceAll match split"],
		[Object.getPrototypeOf(function* () {}).prototype, "next return throw"],
	].flatMap(([o, names]) => names.split(" ").map(name => o[name]))`, true)
})

// limitNesting puts the limit on all that calls back.
func (i *isolate) limitNesting() error {
	program, err := callers()
	if err != nil {
		return err
	}
	list, err := i.rt.RunProgram(program)
	if err != nil {
		return err
	}
	functions, _ := patch.Elements(list.(*goja.Object))
	for _, f := range functions {
		if err := patch.Call(f, i.nested); err != nil {
			return err
		}
	}
	return nil
}

// nested counts the calls of next.
func (i *isolate) nested(next patch.Function) patch.Function {
	return func(call goja.FunctionCall) goja.Value {
		if i.nesting >= maxNesting {
			i.tooDeep()
		}
		i.nesting++
		defer func() { i.nesting-- }()
		return next(call)
	}
}

func (i *isolate) tooDeep() {
	e, err := i.rt.New(i.rt.Get("RangeError"), i.rt.ToValue("Maximum call stack size exceeded"))
	if err != nil {
		panic(err)
	}
	panic(e)
}

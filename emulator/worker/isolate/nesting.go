package isolate

import (
	"fmt"
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

// callers are the functions that call back, by the global object or the class whose prototype has them.
var callers = map[string][]string{
	"JSON":    {"stringify", "parse"},
	"Reflect": {"apply", "construct", "get", "set"},
	"Array": {"forEach", "map", "filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce",
		"reduceRight", "sort", "toSorted", "flatMap", "join", "toString"},
	"Function": {"call", "apply"},
	"Map":      {"forEach"},
	"Set":      {"forEach"},
	"String":   {"replace", "replaceAll"},
}

var generators = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile(ours+"nesting.js", "Object.getPrototypeOf(function* () {}).prototype", true)
})

// limitNesting puts the limit on all that calls back.
func (i *isolate) limitNesting() error {
	limit := func(o *goja.Object, names ...string) error {
		for _, name := range names {
			if err := patch.Call(o.Get(name), i.nested); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	for name, methods := range callers {
		o := i.rt.Get(name).(*goja.Object)
		if proto, ok := o.Get("prototype").(*goja.Object); ok {
			o = proto
		}
		if err := limit(o, methods...); err != nil {
			return err
		}
	}
	program, err := generators()
	if err != nil {
		return err
	}
	generator, err := i.rt.RunProgram(program)
	if err != nil {
		return err
	}
	return limit(generator.(*goja.Object), "next", "return", "throw")
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

// Package node has the modules of Node.js that a Worker may import under nodejs_compat.
//
// A module is an ES module in js/NAME.js. It imports others as "node:NAME" (those in js/internal are
// out of a Worker's sight) and what Go does for it as "cfemu:native/AREA", whose default export is an
// object of functions. Each module is compiled when a Worker in this process first asks for it, and
// runs when an isolate first asks for it: a Worker that imports none pays nothing.
//
// A Registry belongs to one runtime and is used on its event loop's goroutine only.
package node

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// An Isolate is what the modules need beyond what the Web APIs do.
type Isolate interface {
	host.Host
	Compat() worker.Compat
	// Bindings are what env has.
	Bindings() []worker.Binding
	// Inspect writes a value as util.inspect does, and Format what util.format makes of its arguments.
	Inspect(v goja.Value, o InspectOptions) string
	Format(args []goja.Value, o InspectOptions) string
	// Frame is the async context of the code that runs. The isolate carries it along: code that waits
	// for something goes on in the frame that it waited in.
	Frame() *Frame
	SetFrame(f *Frame)
	// Exit takes the invocation whose code runs away, as process.exit does in production.
	Exit(code int)
}

// A Registry holds the modules that have run in one runtime.
type Registry struct {
	i         Isolate
	rt        *goja.Runtime
	mode      Mode
	ran       map[string]*goja.Object // exports by name
	natives   map[string]*goja.Object // by area
	require   goja.Value              // what modules import each other by
	buffers   buffers
	timers    map[string]goja.Value // the functions of the web's timers, by name
	inspector *goja.Object          // util.inspect, nil until asked for
}

// New returns a registry in which nothing has run.
func New(i Isolate) *Registry {
	return &Registry{i: i, rt: i.Runtime(), mode: ModeOf(i.Compat()),
		ran: map[string]*goja.Object{}, natives: map[string]*goja.Object{}}
}

// Mode is what the Worker may use.
func (r *Registry) Mode() Mode { return r.mode }

// Require returns the exports of the module of that name, without "node:". It panics with what the
// module throws, and when there is no such module. The exports of a module that is still running, as
// in a cycle, are there already and get their values when it comes to them.
func (r *Registry) Require(name string) *goja.Object {
	if exports, ok := r.ran[name]; ok {
		return exports
	}
	of, ok := modules()[name]
	if !ok {
		panic(r.rt.NewGoError(fmt.Errorf("there is no module node:%s", name)))
	}
	m, err := of()
	if err != nil {
		panic(r.rt.NewGoError(err))
	}
	if r.require == nil {
		r.require = r.rt.ToValue(r.requireFrom)
	}
	wrapper, err := r.rt.RunProgram(m.program)
	must(err)
	run, _ := goja.AssertFunction(wrapper)
	exports := r.rt.NewObject()
	r.ran[name] = exports
	if _, err := run(goja.Undefined(), exports, r.require); err != nil {
		delete(r.ran, name)
		panic(err)
	}
	return exports
}

// requireFrom is the require function of modules.
func (r *Registry) requireFrom(call goja.FunctionCall) goja.Value {
	specifier := call.Argument(0).String()
	if name, ok := strings.CutPrefix(specifier, "node:"); ok {
		return r.Require(name)
	}
	if area, ok := strings.CutPrefix(specifier, "cfemu:native/"); ok {
		return r.native(area)
	}
	panic(r.rt.NewGoError(fmt.Errorf("there is no module %s", specifier)))
}

// must is for definitions on objects that we have just made: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// newError makes an error of a class of js/internal/errors.js.
func (r *Registry) newError(code string, args ...any) *goja.Object {
	codes := r.Require("internal/errors").Get("codes").(*goja.Object)
	values := make([]goja.Value, len(args))
	for n, a := range args {
		values[n] = r.rt.ToValue(a)
	}
	o, err := r.rt.New(codes.Get(code), values...)
	if err != nil {
		panic(err)
	}
	return o
}

// fail throws one.
func (r *Registry) fail(code string, args ...any) { panic(r.newError(code, args...)) }

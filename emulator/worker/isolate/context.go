package isolate

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

//go:embed env/*.js
var shimFiles embed.FS

// compileShims makes one program of env/*.js. Running it yields a function that is called with a
// CommonJS module and leaves in its exports what env/index.js exports.
func compileShims() (*goja.Program, error) {
	index, err := shimFiles.ReadFile("env/index.js")
	if err != nil {
		return nil, fmt.Errorf("shims: %w", err)
	}
	result := api.Build(api.BuildOptions{
		Stdin:  &api.StdinOptions{Contents: string(index), Sourcefile: "index.js"},
		Bundle: true, Outfile: "env.js", Format: api.FormatCommonJS, Platform: api.PlatformNeutral,
		Target: api.ESNext, Supported: node.Lowered(), LogLevel: api.LogLevelSilent,
		Plugins: []api.Plugin{{Name: "shims", Setup: func(build api.PluginBuild) {
			build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: strings.TrimPrefix(a.Path, "./"), Namespace: "env"}, nil
			})
			build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "env"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				text, err := shimFiles.ReadFile("env/" + a.Path)
				contents := string(text)
				return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, err
			})
		}}},
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("shims: %s: %v", result.Errors[0].Text, result.Errors[0].Location)
	}
	program, err := goja.Compile(ours+"env.js", "(function (module) {\n"+string(result.OutputFiles[0].Contents)+"\n})", true)
	if err != nil {
		return nil, fmt.Errorf("shims: %w", err)
	}
	return program, nil
}

// installContext defines ExecutionContext, the ctx that handlers get.
func (i *isolate) installContext() {
	c := idl.Define[*invocation](i.realm, "ExecutionContext", 0, nil)
	c.Method("waitUntil", 1, func(inv *invocation, call goja.FunctionCall) goja.Value {
		inv.waitUntil(call.Argument(0))
		return goja.Undefined()
	})
	// Deviation: passThroughOnException is accepted and has no effect, there being no origin behind a Worker here.
	c.Method("passThroughOnException", 0, func(*invocation, goja.FunctionCall) goja.Value { return goja.Undefined() })
	// Empty, since no binding that reaches this Worker can set them yet.
	c.Getter("props", func(inv *invocation) goja.Value {
		if inv.props == nil {
			inv.props = i.rt.NewObject()
		}
		return inv.props
	})
	if i.Enabled(flagExports) {
		c.Getter("exports", func(*invocation) goja.Value { return i.must(i.construct("ownExports")) })
	}
	i.contexts = c
}

// installShims runs the shims and builds env.
func (i *isolate) installShims(program *goja.Program) error {
	wrapper, err := i.rt.RunProgram(program)
	if err != nil {
		return fmt.Errorf("shims: %w", err)
	}
	run, _ := goja.AssertFunction(wrapper)
	module := i.rt.NewObject()
	i.define(module, "exports", i.rt.NewObject())
	if _, err := run(goja.Undefined(), module); err != nil {
		return fmt.Errorf("shims: %w", err)
	}
	i.shims = module.Get("exports").(*goja.Object)
	install, _ := goja.AssertFunction(i.shims.Get("install"))
	natives := i.rt.NewObject()
	i.define(natives, "reportError", i.realm.Function("reportError", 1, func(call goja.FunctionCall) goja.Value {
		i.reportUncaught("Uncaught", call.Argument(0))
		return goja.Undefined()
	}))
	i.define(natives, "illegalInvocation", i.rt.ToValue(idl.IllegalInvocation))
	i.define(natives, "define", i.realm.Function("define", 2, i.defineReadOnly))
	if _, err := install(goja.Undefined(), natives); err != nil {
		return fmt.Errorf("shims: %w", err)
	}
	i.env = i.rt.NewObject()
	for _, b := range i.spec.Bindings {
		v, err := i.bind(b)
		if err != nil {
			return err
		}
		i.define(i.env, b.Name, v)
	}
	return nil
}

// defineReadOnly gives its first argument the properties of the second, as the objects of bindings have them:
// each its own, and not to be written. (In JavaScript it would take ten times as long.)
func (i *isolate) defineReadOnly(call goja.FunctionCall) goja.Value {
	to, properties := call.Argument(0).(*goja.Object), call.Argument(1).(*goja.Object)
	for _, name := range properties.Keys() {
		err := to.DefineDataProperty(name, properties.Get(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		if err != nil {
			panic(err)
		}
	}
	return goja.Undefined()
}

// workersExports is what the "cloudflare:" modules export.
func (i *isolate) workersExports() *goja.Object {
	o := i.shims.Get("workers").(*goja.Object)
	i.define(o, "env", i.must(i.construct("following", i.realm.Function("env", 0, i.currentEnv))))
	i.define(o, "withEnv", i.realm.Function("withEnv", 2, i.withEnv))
	i.define(o, "exports", i.must(i.construct("ownExports")))
	i.define(o, "waitUntil", i.realm.Function("waitUntil", 1, func(call goja.FunctionCall) goja.Value {
		i.NeedEvent()
		i.current.waitUntil(call.Argument(0))
		return goja.Undefined()
	}))
	return o
}

// evaluate runs the modules' top-level code and finds the handlers.
func (i *isolate) evaluate(s *script) error {
	host := i.rt.NewObject()
	var main *goja.Object
	i.define(host, "main", i.realm.Function("main", 1, func(call goja.FunctionCall) goja.Value {
		main = call.Argument(0).(*goja.Object)
		return goja.Undefined()
	}))
	i.define(host, "data", i.realm.Function("data", 1, func(call goja.FunctionCall) goja.Value {
		return i.realm.ArrayBuffer(append([]byte(nil), s.data[call.Argument(0).String()]...))
	}))
	i.define(host, "workers", i.workersExports())
	i.define(host, "node", i.realm.Function("node", 1, func(call goja.FunctionCall) goja.Value {
		return i.node.Require(call.Argument(0).String())
	}))
	if err := i.defineBundle(host); err != nil {
		return err
	}
	i.installEvents()

	var promise *goja.Promise
	ex := i.startUp(func() {
		wrapper, err := i.rt.RunProgram(s.program)
		if err != nil {
			i.rethrow(err)
		}
		run, _ := goja.AssertFunction(wrapper)
		started := i.must(run(goja.Undefined(), host))
		promise, _ = started.Export().(*goja.Promise)
		// Load tells of a rejection: it is not one that nobody hears.
		i.whenSettled(started, func(goja.Value) {}, func(goja.Value) {})
	})
	switch {
	case ex != nil:
		return ex
	case promise.State() == goja.PromiseStateRejected:
		return i.exception(promise.Result())
	case promise.State() == goja.PromiseStatePending:
		return &Exception{Outcome: outcomeException, Name: "Error", Message: "Top-level await in module is unresolved."}
	}
	return i.adopt(main)
}

// startUp runs f and its microtasks as top-level code: within the CPU time of a start-up, with no
// invocation to wait in.
func (i *isolate) startUp(f func()) *Exception {
	inv := i.newInvocation(i.ctx)
	inv.budget = i.budget
	if i.spec.Limits.CPU == 0 {
		inv.budget = i.budgetOf(startupCPU)
	}
	inv.drained = func() {}
	var ex *Exception
	inv.settle = func(_ goja.Value, failed *Exception) { ex = failed }
	i.turn(inv, func() {
		i.base, i.current = nil, nil // so that whatever waits is refused
		i.now = time.Unix(0, 0)
		if thrown := i.rt.Try(f); thrown != nil {
			ex = i.exceptionAt(thrown)
		}
	})
	if ex != nil && ex.Outcome == worker.OutcomeExceededCPU {
		ex.Message = "Script startup exceeded CPU time limit."
	}
	return ex
}

// adopt takes the entry module's exports.
func (i *isolate) adopt(main *goja.Object) error {
	value := main.Get("default")
	if value == nil || goja.IsUndefined(value) {
		if i.handlers = i.findHandlers(); len(i.handlers) == 0 {
			return &worker.BuildError{File: i.spec.Modules[0].Name, Message: "the entry module has no default export",
				Hint: "export default { async fetch(request, env, ctx) { … } }"}
		}
		return nil
	}
	i.dropGlobals()
	i.main.value = value
	base, _ := i.shims.Get("workers").(*goja.Object).Get("WorkerEntrypoint").(*goja.Object)
	if o, ok := value.(*goja.Object); ok {
		if proto, ok := o.Get("prototype").(*goja.Object); ok && base != nil {
			i.main.class = i.rt.InstanceOf(proto, base)
		}
	}
	i.handlers = i.findHandlers()
	if len(i.handlers) == 0 && !i.main.class && len(main.Keys()) <= 1 {
		// Receipt: https://developers.cloudflare.com/workers/observability/errors/ (10068 at upload).
		// An editor that empties a file before it writes it makes such a Worker, for a moment.
		return &worker.BuildError{File: i.spec.Modules[0].Name, Message: "No event handlers were registered. This script does nothing.",
			Hint: "export default { async fetch(request, env, ctx) { … } }"}
	}
	return nil
}

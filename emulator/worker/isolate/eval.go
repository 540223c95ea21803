package isolate

import (
	"slices"
	"strconv"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// evalAtStartup is from which compatibility date on top-level code may make code of texts.
// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#enable-eval-during-startup
const evalAtStartup = "2025-06-01"

// limitEval forbids code made of texts: in handlers always, in top-level code by the compatibility date.
func (i *isolate) limitEval() error {
	flags := i.spec.Compat.Flags
	i.mayEval = !slices.Contains(flags, "disallow_eval_during_startup") &&
		(i.spec.Compat.Date >= evalAtStartup || slices.Contains(flags, "allow_eval_during_startup"))
	functions, err := i.rt.RunScript("cfemu:functions", "[Function, (async () => {}).constructor, (function* () {}).constructor]")
	if err != nil {
		return err
	}
	for n := range 3 {
		function := functions.(*goja.Object).Get(strconv.Itoa(n))
		if err := patch.Call(function, func(next patch.Function) patch.Function {
			return func(call goja.FunctionCall) goja.Value {
				i.refuseEval()
				return next(call)
			}
		}); err != nil {
			return err
		}
		if err := patch.Construct(function, func(next patch.Constructor) patch.Constructor {
			return func(args []goja.Value, newTarget *goja.Object) *goja.Object {
				i.refuseEval()
				return next(args, newTarget)
			}
		}); err != nil {
			return err
		}
	}
	if !i.mayEval {
		return i.endEval()
	}
	return nil
}

// endEval is the end of start-up. goja takes a call of its own eval, whatever that would do, for one
// that sees the variables around it, so it makes place for another.
func (i *isolate) endEval() error {
	i.mayEval = false
	if err := patch.Call(i.rt.Get("eval"), func(patch.Function) patch.Function { return i.eval }); err != nil {
		return err
	}
	return i.rt.GlobalObject().DefineDataProperty("eval", i.realm.Function("eval", 1, i.eval), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (i *isolate) eval(call goja.FunctionCall) goja.Value {
	if _, ok := call.Argument(0).(goja.String); ok {
		i.refuseEval()
	}
	return call.Argument(0)
}

func (i *isolate) refuseEval() {
	if !i.mayEval {
		panic(i.newError("EvalError", "Code generation from strings disallowed for this context"))
	}
}

package isolate

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

// The methods of node.Isolate.

func (i *isolate) Compat() worker.Compat      { return i.spec.Compat }
func (i *isolate) Bindings() []worker.Binding { return i.spec.Bindings }
func (i *isolate) Frame() *node.Frame         { return i.frame }

func (i *isolate) SetFrame(f *node.Frame) {
	i.jobs.used = true
	i.claim()
	i.frame = f
}

func (i *isolate) Inspect(v goja.Value, o node.InspectOptions) string {
	p := &printer{isolate: i, options: o}
	return p.value(v, 0, true)
}

func (i *isolate) Format(args []goja.Value, o node.InspectOptions) string {
	return i.formatWith(args, o)
}

// An exited is what process.exit unwinds the stack with. No code of the user's can catch it.
type exited struct{ code int }

// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/node/process.c++
func (e exited) exception() *Exception {
	return &Exception{Outcome: outcomeException, Name: "Error",
		Message: fmt.Sprintf("The Node.js process.exit(%d) API was called. Canceling the request.", e.code)}
}

func (i *isolate) Exit(code int) {
	i.NeedEvent()
	panic(exited{code})
}

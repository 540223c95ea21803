package isolate

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

// The methods of node.Isolate.

func (i *isolate) Compat() worker.Compat      { return i.spec.Compat }
func (i *isolate) Bindings() []worker.Binding { return i.spec.Bindings }
func (i *isolate) Frame() *node.Frame         { return i.frame }
func (i *isolate) SetFrame(f *node.Frame)     { i.frame = f }

func (i *isolate) Inspect(v goja.Value, o node.InspectOptions) string {
	p := &printer{isolate: i, options: o}
	return p.value(v, 0, true)
}

func (i *isolate) Format(args []goja.Value, o node.InspectOptions) string {
	return i.formatWith(args, o)
}

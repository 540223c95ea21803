package isolate

import "github.com/cfemu/cfemu/emulator/worker"

// The methods of node.Isolate.

func (i *isolate) Compat() worker.Compat      { return i.spec.Compat }
func (i *isolate) Bindings() []worker.Binding { return i.spec.Bindings }

package isolate

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
)

// A restState is a runtime's machine as it is between two turns.
//
// When an interrupt or a stack overflow ends code that was resumed after an await, goja leaves frames
// of the async function on its stacks. From then on it takes every call from Go for a nested one and
// never again runs a promise reaction, so that the whole Worker would hang for the sake of one request.
// Nothing in goja's API clears those stacks; putting the machine's own fields back does.
type restState struct {
	fields, values []reflect.Value
}

// machineFields are those of goja's vm that a turn changes. Not among them: the interrupt flag and
// what SetMaxCallStackSize sets.
var machineFields = [...]string{"prg", "pc", "stack", "sp", "sb", "args", "stash", "privEnv",
	"callStack", "iterStack", "refStack", "tryStack", "newTarget", "result", "curAsyncRunner"}

// restOf takes the state of a runtime that runs nothing. Its error says that goja has changed.
func restOf(rt *goja.Runtime) (*restState, error) {
	machine := reflect.ValueOf(rt).Elem().FieldByName("vm")
	if machine.Kind() != reflect.Pointer || machine.IsNil() {
		return nil, fmt.Errorf("goja's runtime has no vm")
	}
	r := &restState{}
	for _, name := range machineFields {
		f := machine.Elem().FieldByName(name)
		if !f.IsValid() {
			return nil, fmt.Errorf("goja's vm has no %s", name)
		}
		f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
		value := reflect.New(f.Type()).Elem()
		if f.Kind() != reflect.Slice { // the stacks are empty
			value.Set(f)
		}
		r.fields, r.values = append(r.fields, f), append(r.values, value)
	}
	return r, nil
}

// restore puts the machine back. Nothing may be running.
func (r *restState) restore() {
	for n, f := range r.fields {
		f.Set(r.values[n])
	}
}

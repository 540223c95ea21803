package webcrypto

import (
	"context"
	"errors"
	"fmt"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// A task is an operation whose arguments have been read. Run touches no JavaScript; it returns
// []byte, bool, *key, *keyPair or *jwk.
type task struct {
	slow bool // takes more than a fraction of a millisecond
	run  func() (any, error)
}

// inlineBytes is how much data an operation handles at once; more goes to a goroutine.
const inlineBytes = 64 << 10

// A failure is an error that JavaScript sees, as a DOMException or a TypeError.
type failure struct{ name, message string }

func (f *failure) Error() string { return f.name + ": " + f.message }

func fail(name, format string, args ...any) error {
	return &failure{name, fmt.Sprintf(format, args...)}
}

// throw throws an error by its name, which is TypeError or a DOMException's.
func (a *api) throw(name, format string, args ...any) {
	panic(a.errorObject(&failure{name, fmt.Sprintf(format, args...)}))
}

func (a *api) errorObject(err error) goja.Value {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{"OperationError", err.Error()}
	}
	if f.name == "TypeError" {
		return a.rt.NewTypeError(f.message)
	}
	return a.realm.DOMException(f.name, f.message)
}

// start runs t and returns the promise of its result.
func (a *api) start(t task) goja.Value {
	if !t.slow {
		v, err := t.run()
		if err != nil {
			return a.realm.Rejected(a.errorObject(err))
		}
		return a.realm.Resolved(a.value(v))
	}
	return host.Async(a.host, func(context.Context) func() (any, error) {
		v, err := t.run()
		return func() (any, error) {
			if err != nil {
				return nil, host.Throw(a.errorObject(err))
			}
			return a.value(v), nil
		}
	})
}

// value is a task's result in JavaScript.
func (a *api) value(v any) goja.Value {
	switch v := v.(type) {
	case []byte:
		return a.realm.ArrayBuffer(v)
	case bool:
		return a.rt.ToValue(v)
	case *key:
		v.api = a
		return a.keys.New(v)
	case *keyPair:
		o := a.rt.NewObject()
		must(o.Set("publicKey", a.value(v.public)))
		must(o.Set("privateKey", a.value(v.private)))
		return o
	case *jwk:
		return v.object(a.rt)
	}
	panic(fmt.Sprintf("webcrypto: a task returned %T", v))
}

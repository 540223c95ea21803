package node

import (
	"context"
	"errors"
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
)

// A fault is an error that JavaScript sees with the class and the code that Node.js gives it.
type fault struct {
	class, code, message string
	library, reason      string // for errors that in Node.js come from OpenSSL
}

func (f *fault) Error() string { return f.message }

// opensslFault is an error as Node.js makes of one of OpenSSL's: number is OpenSSL's for it.
func opensslFault(code, number, library, reason string) error {
	return &fault{"Error", code, "error:" + number + ":" + library + "::" + reason, library, reason}
}

// absentFault is the error for what node:crypto has in Node.js only.
func absentFault(what string) error {
	return &fault{class: "Error", code: "ERR_METHOD_NOT_IMPLEMENTED",
		message: "node:crypto " + what + " is not supported by the embedded engine"}
}

// errorObject is err in JavaScript.
func (r *Registry) errorObject(err error) goja.Value {
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{class: "Error", code: "ERR_CRYPTO_OPERATION_FAILED", message: err.Error()}
	}
	o, nerr := r.rt.New(r.rt.Get(f.class), r.rt.ToValue(f.message))
	must(nerr)
	for _, p := range [][2]string{{"library", f.library}, {"reason", f.reason}, {"code", f.code}} {
		if p[1] != "" {
			must(o.Set(p[0], p[1]))
		}
	}
	return o
}

// throw throws err when there is one.
func (r *Registry) throw(err error) {
	if err != nil {
		panic(r.errorObject(err))
	}
}

// bytes are those of a view or buffer, not copied, and nil for all else.
func (r *Registry) bytes(v goja.Value) []byte {
	b, _ := r.i.Realm().Bytes(v)
	return b
}

// buffer is an ArrayBuffer that owns b; modules make a Buffer of it.
func (r *Registry) buffer(b []byte) goja.Value {
	if b == nil {
		b = []byte{}
	}
	return r.i.Realm().ArrayBuffer(b)
}

// later runs work beside the loop and returns a promise of what it gives in JavaScript. Work sees
// no JavaScript.
func (r *Registry) later(work func() (any, error), value func(any) goja.Value) goja.Value {
	return host.Async(r.i, func(context.Context) func() (any, error) {
		v, err := work()
		return func() (any, error) {
			if err != nil {
				return nil, host.Throw(r.errorObject(err))
			}
			return value(v), nil
		}
	})
}

// bytesLater is later for work that gives bytes, and now when sync.
func (r *Registry) bytesLater(sync bool, work func() ([]byte, error)) goja.Value {
	if sync {
		b, err := work()
		r.throw(err)
		return r.buffer(b)
	}
	return r.later(func() (any, error) { return work() }, func(v any) goja.Value { return r.buffer(v.([]byte)) })
}

// member is a property of an options object, nil when there is none.
func member(v goja.Value, name string) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	m := o.Get(name)
	if m == nil || goja.IsUndefined(m) || goja.IsNull(m) {
		return nil
	}
	return m
}

func memberText(v goja.Value, name string) string {
	if m := member(v, name); m != nil {
		return m.String()
	}
	return ""
}

// memberNumber is a property that is a number, otherwise when there is none.
func memberNumber(v goja.Value, name string, otherwise int) int {
	if m := member(v, name); m != nil {
		return int(m.ToInteger())
	}
	return otherwise
}

// memberBytes copies a property that is a view or buffer.
func (r *Registry) memberBytes(v goja.Value, name string) []byte {
	if m := member(v, name); m != nil {
		return slices.Clone(r.bytes(m))
	}
	return nil
}

package webfetch

import (
	"slices"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A formData is an entry list.
type formData struct {
	entries []entry
}

// An entry's value is text, or a File when file is set.
type entry struct {
	name   string
	text   string
	file   *blob
	object *goja.Object // the File that code put in or has seen
}

func (a *API) defineFormData() {
	c := idl.Define(a.realm, "FormData", 0, func(call goja.ConstructorCall) *formData {
		if !goja.IsUndefined(call.Argument(0)) {
			a.realm.TypeError("Failed to construct 'FormData': parameter 1 is not of type 'HTMLFormElement'.")
		}
		return &formData{}
	})
	a.form = c
	c.Method("append", 2, func(f *formData, call goja.FunctionCall) goja.Value {
		f.entries = append(f.entries, a.formEntry("append", call))
		return goja.Undefined()
	})
	c.Method("set", 2, func(f *formData, call goja.FunctionCall) goja.Value {
		f.set(a.formEntry("set", call))
		return goja.Undefined()
	})
	c.Method("delete", 1, func(f *formData, call goja.FunctionCall) goja.Value {
		name := a.realm.String(call.Argument(0))
		f.entries = slices.DeleteFunc(f.entries, func(e entry) bool { return e.name == name })
		return goja.Undefined()
	})
	c.Method("get", 1, func(f *formData, call goja.FunctionCall) goja.Value {
		name := a.realm.String(call.Argument(0))
		for i := range f.entries {
			if f.entries[i].name == name {
				return a.entryValue(&f.entries[i])
			}
		}
		return goja.Null()
	})
	c.Method("getAll", 1, func(f *formData, call goja.FunctionCall) goja.Value {
		name := a.realm.String(call.Argument(0))
		var items []any
		for i := range f.entries {
			if f.entries[i].name == name {
				items = append(items, a.entryValue(&f.entries[i]))
			}
		}
		return a.rt.NewArray(items...)
	})
	c.Method("has", 1, func(f *formData, call goja.FunctionCall) goja.Value {
		name := a.realm.String(call.Argument(0))
		return a.rt.ToValue(slices.ContainsFunc(f.entries, func(e entry) bool { return e.name == name }))
	})
	a.formIterator = defineIterator(a, c, func(f *formData, i int) (goja.Value, goja.Value, bool) {
		if i >= len(f.entries) {
			return nil, nil, false
		}
		return a.rt.ToValue(f.entries[i].name), a.entryValue(&f.entries[i]), true
	})
}

// set puts e in the place of the first entry of its name and drops the others.
func (f *formData) set(e entry) {
	at := slices.IndexFunc(f.entries, func(o entry) bool { return o.name == e.name })
	if at < 0 {
		f.entries = append(f.entries, e)
		return
	}
	rest := slices.DeleteFunc(slices.Clone(f.entries[at+1:]), func(o entry) bool { return o.name == e.name })
	f.entries = append(append(f.entries[:at:at], e), rest...)
}

// formEntry makes an entry of the arguments of append and set. A Blob becomes a File, which is called
// like the field unless it has a name: browsers call it "blob".
func (a *API) formEntry(method string, call goja.FunctionCall) entry {
	e := entry{name: a.realm.String(call.Argument(0))}
	b, ok := idl.As[*blob](a.realm, call.Argument(1))
	if !ok {
		if len(call.Arguments) > 2 {
			a.realm.TypeError("Failed to execute '%s' on 'FormData': parameter 2 is not of type 'Blob'.", method)
		}
		e.text = a.realm.String(call.Argument(1))
		return e
	}
	filename := call.Argument(2)
	if b.isFile && goja.IsUndefined(filename) {
		e.file, e.object = b, call.Argument(1).(*goja.Object)
		return e
	}
	f := &blob{data: b.data, contentType: b.contentType, isFile: true, name: e.name, lastModified: a.now()}
	if b.isFile {
		f.lastModified = b.lastModified
	}
	if !goja.IsUndefined(filename) {
		f.name = a.realm.String(filename)
	}
	e.file = f
	return e
}

func (a *API) entryValue(e *entry) goja.Value {
	if e.file == nil {
		return a.rt.ToValue(e.text)
	}
	if e.object == nil {
		e.object = a.blobObject(e.file)
	}
	return e.object
}

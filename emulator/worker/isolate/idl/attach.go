package idl

import "github.com/dop251/goja"

// Attach makes state the Go value behind o, as Define does for the instances of its classes. It is for
// the classes of other rules than WebIDL's.
func (r *Realm) Attach(o *goja.Object, state any) {
	if held, ordinary := r.hider.Hidden(o); ordinary {
		if held != nil {
			r.TypeError("Illegal constructor")
		}
		r.hider.Hide(o, state)
		return
	}
	must(o.DefineDataPropertySymbol(r.native, r.Marker(state), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
}

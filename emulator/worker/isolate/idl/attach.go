package idl

import "github.com/dop251/goja"

// Attach makes state the Go value behind o, as Define does for the instances of its classes. It is for
// the classes of other rules than WebIDL's.
func (r *Realm) Attach(o *goja.Object, state any) {
	must(o.DefineDataPropertySymbol(r.native, &holder{goja.Undefined(), state}, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
}

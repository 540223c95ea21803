package webcrypto

import (
	"math"
	"slices"

	"github.com/dop251/goja"
)

// params is an AlgorithmIdentifier: a name, and for objects their other members.
type params struct {
	api    *api
	name   string
	object *goja.Object // nil for a string
	field  string       // what the argument is called in errors
}

// params reads v, a string or an object with a name.
func (a *api) params(v goja.Value, field string) params {
	o, ok := v.(*goja.Object)
	if !ok {
		if !goja.IsString(v) {
			a.realm.TypeError("The \"%s\" argument must be a string or an object with a \"name\".", field)
		}
		return params{a, v.String(), nil, field}
	}
	p := params{a, "", o, field}
	p.name = a.realm.String(p.need("name"))
	return p
}

// get returns a member, nil when it is missing or undefined.
func (p params) get(member string) goja.Value {
	if p.object == nil {
		return nil
	}
	v := p.object.Get(member)
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	return v
}

func (p params) need(member string) goja.Value {
	v := p.get(member)
	if v == nil {
		p.api.realm.TypeError("Missing field \"%s\" in \"%s\".", member, p.field)
	}
	return v
}

// hash reads the member hash, itself an AlgorithmIdentifier.
func (p params) hash() hashAlgorithm {
	h, err := lookupHash(p.api.params(p.need("hash"), "hash").name)
	if err != nil {
		panic(p.api.errorObject(err))
	}
	return h
}

// bytes copies a member that is a BufferSource.
func (p params) bytes(member string) []byte { return p.api.bytes(p.need(member), member) }

// optionalBytes is bytes, nil when the member is missing.
func (p params) optionalBytes(member string) []byte {
	if v := p.get(member); v != nil {
		return p.api.bytes(v, member)
	}
	return nil
}

// integer reads a member by WebIDL's [EnforceRange] unsigned long.
func (p params) integer(member string) int { return p.api.integer(p.need(member), member) }

// optionalInteger is integer, false when the member is missing.
func (p params) optionalInteger(member string) (int, bool) {
	if v := p.get(member); v != nil {
		return p.api.integer(v, member), true
	}
	return 0, false
}

func (p params) text(member string) string { return p.api.realm.String(p.need(member)) }

// maxBits is as much as one result may have: a Worker has 128 MB in all.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
const maxBits = 128 << 20 << 3

func (a *api) integer(v goja.Value, what string) int {
	f := math.Trunc(v.ToFloat())
	if math.IsNaN(f) || f < 0 || f > math.MaxUint32 {
		a.realm.TypeError("The value of \"%s\" is outside the range of an unsigned long.", what)
	}
	return int(f)
}

// bytes copies a BufferSource, so that neither code nor detaching can change it while it is used.
func (a *api) bytes(v goja.Value, what string) []byte {
	b, ok := a.realm.Bytes(v)
	if !ok {
		a.realm.TypeError("The \"%s\" value is not an ArrayBuffer or a view of one.", what)
	}
	return slices.Clone(b)
}

// strings reads a sequence of strings.
func (a *api) strings(v goja.Value, what string) []string {
	o, ok := v.(*goja.Object)
	if !ok || o.GetSymbol(goja.SymIterator) == nil {
		a.realm.TypeError("The \"%s\" value is not a sequence.", what)
	}
	list := []string{}
	a.rt.ForOf(o, func(v goja.Value) bool {
		list = append(list, a.realm.String(v))
		return true
	})
	return list
}

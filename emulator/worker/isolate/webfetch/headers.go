package webfetch

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A headers is a header list. Names are kept in lower case: no part of the standard shows another.
type headers struct {
	fields    []field
	lazy      http.Header // of an incoming message, not looked at yet
	host      string      // of a lazy request header, which Go keeps apart
	sorted    [][2]string // as code iterates over it; nil after a change
	immutable bool
	object    *goja.Object // the Headers that code sees, once it has looked
	a         *API         // the isolate's, once there is an object
}

// Clone makes a Headers with the same content, for structuredClone.
func (h *headers) Clone(host.Host) goja.Value { return h.a.headersObject(h.clone()) }

type field struct {
	name   string
	values []string
}

// newHeaders takes h over.
func newHeaders(h http.Header) *headers { return &headers{lazy: h} }

// load takes in a Go header that was waiting for somebody to look.
func (h *headers) load() {
	if h.lazy == nil {
		return
	}
	h.fields = make([]field, 0, len(h.lazy)+1)
	if h.host != "" {
		h.fields = append(h.fields, field{"host", []string{h.host}})
	}
	for name, values := range h.lazy {
		if len(values) > 0 {
			h.fields = append(h.fields, field{lower(name), slices.Clip(values)})
		}
	}
	h.lazy = nil
}

func (h *headers) find(name string) *field {
	h.load()
	for i := range h.fields {
		if h.fields[i].name == name {
			return &h.fields[i]
		}
	}
	return nil
}

// get returns the combined value of name, which must be in lower case.
func (h *headers) get(name string) (string, bool) {
	if h.lazy != nil {
		if v := h.lazy[http.CanonicalHeaderKey(name)]; len(v) == 1 {
			return v[0], true
		}
	}
	f := h.find(name)
	if f == nil {
		return "", false
	}
	return f.combined(), true
}

func (f *field) combined() string {
	if len(f.values) == 1 {
		return f.values[0]
	}
	return strings.Join(f.values, ", ")
}

func (h *headers) set(name, value string) {
	h.sorted = nil
	if f := h.find(name); f != nil {
		f.values = []string{value}
		return
	}
	h.fields = append(h.fields, field{name, []string{value}})
}

func (h *headers) append(name, value string) {
	h.sorted = nil
	if f := h.find(name); f != nil {
		f.values = append(f.values, value)
		return
	}
	h.fields = append(h.fields, field{name, []string{value}})
}

func (h *headers) delete(name string) {
	h.load()
	h.sorted = nil
	h.fields = slices.DeleteFunc(h.fields, func(f field) bool { return f.name == name })
}

// clone copies the list; the copy can be changed.
func (h *headers) clone() *headers {
	h.load()
	c := &headers{fields: make([]field, len(h.fields), len(h.fields)+1)}
	for i, f := range h.fields {
		c.fields[i] = field{f.name, slices.Clip(f.values)}
	}
	return c
}

// http is the list as Go has it.
func (h *headers) http() http.Header {
	if h.lazy != nil {
		return h.lazy.Clone() // without the host, which is not a header in Go
	}
	out := make(http.Header, len(h.fields))
	for _, f := range h.fields {
		out[http.CanonicalHeaderKey(f.name)] = slices.Clone(f.values)
	}
	return out
}

// pairs is the list as code iterates over it: sorted, combined, but each Set-Cookie by itself.
func (h *headers) pairs() [][2]string {
	if h.sorted != nil {
		return h.sorted
	}
	h.load()
	sorted := slices.Clone(h.fields)
	slices.SortFunc(sorted, func(a, b field) int { return strings.Compare(a.name, b.name) })
	out := make([][2]string, 0, len(sorted))
	for _, f := range sorted {
		if f.name != "set-cookie" {
			out = append(out, [2]string{f.name, f.combined()})
			continue
		}
		for _, v := range f.values {
			out = append(out, [2]string{f.name, v})
		}
	}
	h.sorted = out
	return out
}

// NewHeaders returns a Headers object with h's content.
func (a *API) NewHeaders(h http.Header) *goja.Object { return a.headersObject(newHeaders(h.Clone())) }

// headersObject returns the one Headers object that stands for h.
func (a *API) headersObject(h *headers) *goja.Object {
	if h.object == nil {
		h.object, h.a = a.headers.New(h), a
	}
	return h.object
}

func (a *API) defineHeaders() {
	r := a.realm
	c := idl.Define(r, "Headers", 0, func(call goja.ConstructorCall) *headers {
		h := &headers{a: a}
		if init := call.Argument(0); !goja.IsUndefined(init) {
			a.fillHeaders(h, init, "Failed to construct 'Headers': constructor parameter 1")
		}
		h.object = call.This
		return h
	})
	a.headers = c
	c.Method("append", 2, func(h *headers, call goja.FunctionCall) goja.Value {
		name, value := a.headerName(call.Argument(0)), a.headerValue(call.Argument(1))
		a.writable(h)
		h.append(name, value)
		return goja.Undefined()
	})
	c.Method("set", 2, func(h *headers, call goja.FunctionCall) goja.Value {
		name, value := a.headerName(call.Argument(0)), a.headerValue(call.Argument(1))
		a.writable(h)
		h.set(name, value)
		return goja.Undefined()
	})
	c.Method("delete", 1, func(h *headers, call goja.FunctionCall) goja.Value {
		name := a.headerName(call.Argument(0))
		a.writable(h)
		h.delete(name)
		return goja.Undefined()
	})
	c.Method("get", 1, func(h *headers, call goja.FunctionCall) goja.Value {
		v, ok := h.get(a.headerName(call.Argument(0)))
		if !ok {
			return goja.Null()
		}
		return a.rt.ToValue(v)
	})
	c.Method("has", 1, func(h *headers, call goja.FunctionCall) goja.Value {
		_, ok := h.get(a.headerName(call.Argument(0)))
		return a.rt.ToValue(ok)
	})
	c.Method("getSetCookie", 0, func(h *headers, call goja.FunctionCall) goja.Value { return a.cookies(h) })
	// Receipt: https://developers.cloudflare.com/workers/runtime-apis/headers/#differences
	c.Method("getAll", 1, func(h *headers, call goja.FunctionCall) goja.Value {
		if a.headerName(call.Argument(0)) != "set-cookie" {
			r.TypeError(`getAll() can only be used with the header name "Set-Cookie".`)
		}
		return a.cookies(h)
	})
	a.headerIterator = defineIterator(a, c, func(h *headers, i int) (goja.Value, goja.Value, bool) {
		pairs := h.pairs()
		if i >= len(pairs) {
			return nil, nil, false
		}
		return a.rt.ToValue(pairs[i][0]), a.rt.ToValue(pairs[i][1]), true
	})
}

func (a *API) cookies(h *headers) goja.Value {
	var items []any
	if f := h.find("set-cookie"); f != nil {
		for _, v := range f.values {
			items = append(items, v)
		}
	}
	return a.rt.NewArray(items...)
}

func (a *API) writable(h *headers) {
	if h.immutable {
		a.realm.TypeError("Can't modify immutable headers.")
	}
}

// headersFrom makes a list from a HeadersInit, which is a field of a dictionary of that name.
func (a *API) headersFrom(init goja.Value, dictionary string) *headers {
	h := &headers{}
	a.fillHeaders(h, init, "Incorrect type for the 'headers' field on '"+dictionary+"': the provided value")
	return h
}

// fillHeaders reads a HeadersInit into h. what begins the text that refuses any other value.
func (a *API) fillHeaders(h *headers, init goja.Value, what string) {
	o, ok := init.(*goja.Object)
	if !ok {
		a.realm.TypeError("%s is not of type 'Headers or Sequence or object'.", what)
	}
	if from, ok := idl.As[*headers](a.realm, o); ok {
		h.fields = from.clone().fields
		return
	}
	if iter := o.GetSymbol(goja.SymIterator); !nullish(iter) {
		a.rt.ForOf(o, func(pair goja.Value) bool {
			name, value := a.headerPair(pair)
			h.append(a.headerName(name), a.headerValue(value))
			return true
		})
		return
	}
	for _, sym := range o.Symbols() {
		if !a.realm.IsNative(sym) {
			a.realm.TypeError("Cannot convert a Symbol value to a string")
		}
	}
	for _, key := range o.Keys() {
		name := a.headerName(a.rt.ToValue(key))
		h.append(name, a.headerValue(o.Get(key)))
	}
}

// headerPair takes one element of a sequence initializer apart.
func (a *API) headerPair(pair goja.Value) (name, value goja.Value) {
	o, ok := pair.(*goja.Object)
	if !ok || nullish(o.GetSymbol(goja.SymIterator)) {
		a.realm.TypeError("Headers: each element of the initializer must be a pair of a name and a value.")
	}
	var items []goja.Value
	a.rt.ForOf(o, func(v goja.Value) bool {
		items = append(items, v)
		return len(items) < 3
	})
	if len(items) != 2 {
		a.realm.TypeError("To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.")
	}
	return items[0], items[1]
}

func (a *API) headerName(v goja.Value) string {
	name := a.realm.String(v)
	if !isToken(name) {
		a.realm.TypeError("Invalid header name.")
	}
	return lower(name)
}

// headerValue normalizes a value. Text outside of Latin-1 passes, as UTF-8, where a browser refuses it.
//
// Receipt: workerd src/workerd/api/headers.c++, maybeWarnIfBadHeaderString
func (a *API) headerValue(v goja.Value) string {
	value := strings.Trim(a.realm.String(v), " \t\r\n")
	if strings.ContainsAny(value, "\x00\r\n") {
		a.realm.TypeError("Invalid header value.")
	}
	return value
}

// isToken reports whether s is an RFC 9110 token.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// lower is ASCII lower case; strings that are lower already are returned as they are.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}

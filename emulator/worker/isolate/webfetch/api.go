package webfetch

import (
	"errors"
	"reflect"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// bufferLimit is how much of a body the platform reads into memory at once: an isolate's whole memory.
//
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
const bufferLimit = 128 << 20

// An API is the Fetch API of one isolate.
type API struct {
	h     host.Host
	rt    *goja.Runtime
	realm *idl.Realm

	headers  *idl.Class[*headers]
	request  *idl.Class[*request]
	response *idl.Class[*response]
	blob     *idl.Class[*blob]
	file     *idl.Class[*blob]
	form     *idl.Class[*formData]

	caches *cacheStorage // nil until code names it

	headerIterator *iteratorClass
	formIterator   *iteratorClass

	isView  goja.Callable
	parse   goja.Callable
	streams *streams // nil until code names a stream
}

// Install defines the classes and functions of the Fetch API on the global object.
func Install(h host.Host) *API {
	rt := h.Runtime()
	a := &API{h: h, rt: rt, realm: h.Realm()}
	a.isView = callable(rt.Get("ArrayBuffer").(*goja.Object).Get("isView"))
	a.parse = callable(rt.Get("JSON").(*goja.Object).Get("parse"))
	a.defineAsyncIterator()
	a.defineHeaders()
	a.defineBlob()
	a.defineFormData()
	a.defineRequest()
	a.defineResponse()
	a.defineStreams()
	a.defineCaches()
	a.realm.Global("fetch", 1, a.fetcher(nil))
	return a
}

// defineAsyncIterator adds the one symbol that the engine lacks and streams need.
func (a *API) defineAsyncIterator() {
	symbol := a.rt.Get("Symbol").(*goja.Object)
	if v := symbol.Get("asyncIterator"); v == nil || goja.IsUndefined(v) {
		must(symbol.DefineDataProperty("asyncIterator", goja.NewSymbol("Symbol.asyncIterator"), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	}
}

func (a *API) asyncIterator() *goja.Symbol {
	s, _ := a.rt.Get("Symbol").(*goja.Object).Get("asyncIterator").(*goja.Symbol)
	return s
}

// errorOf turns err into what JavaScript shall see: an error that holds a JavaScript value is that
// value, any other a TypeError with its text, as the standard has network errors.
func (a *API) errorOf(err error) error {
	if thrown := ThrownIn(err); thrown != nil || err == nil {
		return thrown
	}
	return a.typeError(err.Error())
}

// ThrownIn returns the JavaScript value that err holds, as an error for host.Reason; nil when there is
// none.
func ThrownIn(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if isThrown(e) {
			return e
		}
		if se, ok := e.(*StreamError); ok {
			return host.Throw(se.Value)
		}
	}
	return nil
}

// isThrown reports whether err itself is a JavaScript value, by JavaScript or by host.Throw.
func isThrown(err error) bool {
	if _, ok := err.(*goja.Exception); ok {
		return true
	}
	return reflect.TypeOf(err) == reflect.TypeOf(host.Throw(nil))
}

// reason is the JavaScript value for err.
func (a *API) reason(err error) goja.Value { return host.Reason(a.rt, a.errorOf(err)) }

// throw panics with err as a JavaScript exception.
func (a *API) throw(err error) {
	panic(a.reason(err))
}

// typeError is an error that JavaScript sees as a TypeError.
func (a *API) typeError(text string) error { return host.Throw(a.rt.NewTypeError(text)) }

// plainError is an error that JavaScript sees as an Error and no subclass of it.
func (a *API) plainError(text string) error {
	o, err := a.rt.New(a.rt.Get("Error"), a.rt.ToValue(text))
	must(err)
	return host.Throw(o)
}

// rangeError panics with a RangeError.
func (a *API) rangeError(text string) {
	o, err := a.rt.New(a.rt.Get("RangeError"), a.rt.ToValue(text))
	must(err)
	panic(o)
}

func callable(v goja.Value) goja.Callable {
	f, ok := goja.AssertFunction(v)
	if !ok {
		panic("webfetch: not a function")
	}
	return f
}

func missing(v goja.Value) bool { return v == nil || goja.IsUndefined(v) }

func nullish(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

// must is for operations on objects of our own making: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Package webcore gives a goja runtime the part of the web platform that needs no network and no
// streams: DOMException, events and abort signals, URL and URLSearchParams, text encoding, base64,
// structuredClone, performance and navigator, and a prelude with the newer pieces of the language
// that goja lacks.
//
// Its classes are defined through idl. Install is called once per runtime, before any other package
// of Web APIs, because all of them throw DOMExceptions and take AbortSignals. Everything runs on the
// event loop's goroutine.
package webcore

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A Core is what Install has put into one runtime. Other packages find it with Of.
type Core struct {
	host  host.Host
	rt    *goja.Runtime
	realm *idl.Realm

	exception    *idl.Class[*domException]
	event        *idl.Class[eventState]
	customEvent  *idl.Class[*customEvent]
	target       *idl.Class[targetState]
	signal       *idl.Class[*Signal]
	url          *idl.Class[*URL]
	params       *idl.Class[*searchParams]
	paramsWalker *goja.Object // prototype of URLSearchParams' iterators, nil until one is made
	cloning      *clonePrimordials
	// typedArrayName is the getter that names a typed array's class; nil until it is needed.
	typedArrayName goja.Callable
	scope          *Target // the global object's
	events         *eventClasses
	navigator      *idl.Class[*navigator]
	regexps        *regexps
}

// coreKey is where the global object keeps the Core. Symbols belong to no runtime.
var coreKey = goja.NewSymbol("webcore")

// box hides a Go value from JavaScript: goja shows exported fields and methods only.
type box struct{ core *Core }

// Install defines the package's globals in h's runtime.
func Install(h host.Host) *Core {
	c := &Core{host: h, rt: h.Runtime(), realm: h.Realm()}
	g := c.rt.GlobalObject()
	must(g.DefineDataPropertySymbol(coreKey, c.rt.ToValue(&box{c}), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	c.installStacks()
	c.installPrelude()
	c.installDispose()
	c.installRegExp()
	c.nameZone()
	c.guardAllocations()
	c.installException()
	c.installEvents()
	c.installScope()
	c.installMoreEvents()
	c.installMessageChannel()
	c.installAbort()
	c.installURL()
	c.installURLPattern()
	c.installSearchParams()
	c.installEncoding()
	c.installBase64()
	c.installClone()
	c.installPerformance()
	c.installNavigator()
	return c
}

// Of returns what Install has put into h's runtime; it panics when Install has not run.
func Of(h host.Host) *Core {
	v := h.Runtime().GlobalObject().GetSymbol(coreKey)
	if v == nil {
		panic("webcore is not installed")
	}
	return v.Export().(*box).core
}

// typeError throws a JavaScript TypeError.
func (c *Core) typeError(format string, args ...any) { c.realm.TypeError(format, args...) }

// throw throws a DOMException.
func (c *Core) throw(name, format string, args ...any) {
	panic(c.NewException(name, fmt.Sprintf(format, args...)))
}

// must is for definitions on objects that we have just made: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

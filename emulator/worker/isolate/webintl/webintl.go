// Package webintl gives a goja runtime ECMA-402: the Intl object and the toLocale methods of the
// language's own classes, for English (package cldr says which regions) and all time zones.
//
// Install puts the methods in their places; Intl itself is made when code first asks for it. Formats
// are kept by locale and options, so that toLocaleString in a loop makes one only. Everything runs on
// the event loop's goroutine.
package webintl

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// An api is what Install has put into one runtime.
type api struct {
	rt        *goja.Runtime
	realm     *idl.Realm
	now       goja.Callable
	dates     cache[dateKey, *cldr.DateFormat]
	numbers   cache[numberKey, *cldr.NumberFormat]
	collators cache[collatorKey, *cldr.Collator]
	zones     cache[string, *cldr.Zone]
	joining   []*goja.Object // arrays whose toLocaleString runs, against cycles

	dateTime  *service[*dateTimeFormat]
	number    *service[*numberFormat]
	collator  *service[*collator]
	plural    *service[*pluralRules]
	relative  *service[*relativeFormat]
	list      *service[*listFormat]
	segmenter *service[*segmenter]
	names     *service[*displayNames]
	locale    *service[*localeState]

	segmentsPrototype, segmentPrototype *goja.Object
}

// Install replaces the toLocale methods and defines Intl in h's runtime.
func Install(h host.Host) {
	a := &api{rt: h.Runtime(), realm: h.Realm()}
	a.now = a.function("Date", "now")
	a.installMethods()
	global := a.rt.GlobalObject()
	replace := func(v goja.Value) {
		must(global.DefineDataProperty("Intl", v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	get := a.realm.Function("get Intl", 0, func(goja.FunctionCall) goja.Value {
		intl := a.intl()
		replace(intl)
		return intl
	})
	set := a.realm.Function("set Intl", 1, func(call goja.FunctionCall) goja.Value {
		replace(call.Argument(0))
		return goja.Undefined()
	})
	must(global.DefineAccessorProperty("Intl", get, set, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// function is a function of the language, looked up before any code could replace it.
func (a *api) function(path ...string) goja.Callable {
	o := a.rt.GlobalObject()
	for _, name := range path {
		o = o.Get(name).(*goja.Object)
	}
	f, _ := goja.AssertFunction(o)
	return f
}

// intl makes the Intl object.
func (a *api) intl() *goja.Object {
	intl := a.rt.NewObject()
	a.tag(intl, "Intl")
	a.method(intl, "getCanonicalLocales", 1, func(call goja.FunctionCall) goja.Value {
		return a.strings(tagNames(a.localeList(call.Argument(0))))
	})
	a.method(intl, "supportedValuesOf", 1, func(call goja.FunctionCall) goja.Value {
		key := a.realm.String(call.Argument(0))
		list, ok := cldr.Values(key)
		if !ok {
			a.rangeError("Invalid key : %s", key)
		}
		return a.strings(list)
	})
	a.defineDateTimeFormat(intl)
	a.defineNumberFormat(intl)
	a.defineCollator(intl)
	a.definePluralRules(intl)
	a.defineRelativeTimeFormat(intl)
	a.defineListFormat(intl)
	a.defineLocale(intl)
	a.defineDisplayNames(intl)
	a.defineSegmenter(intl)
	return intl
}

func (a *api) strings(list []string) goja.Value {
	values := make([]any, len(list))
	for i, s := range list {
		values[i] = s
	}
	return a.rt.NewArray(values...)
}

func (a *api) method(o *goja.Object, name string, length int, f func(goja.FunctionCall) goja.Value) {
	must(o.DefineDataProperty(name, a.realm.Function(name, length, f), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func (a *api) tag(o *goja.Object, name string) {
	must(o.DefineDataPropertySymbol(goja.SymToStringTag, a.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func (a *api) typeError(format string, args ...any) { a.realm.TypeError(format, args...) }

func (a *api) rangeError(format string, args ...any) {
	o, err := a.rt.New(a.rt.Get("RangeError"), a.rt.ToValue(fmt.Sprintf(format, args...)))
	must(err)
	panic(o)
}

// parts is the result of the formatToParts methods.
func (a *api) parts(list []cldr.Part) goja.Value {
	out := make([]any, len(list))
	for i, p := range list {
		o := a.rt.NewObject()
		must(o.Set("type", p.Type))
		must(o.Set("value", p.Value))
		if p.Source != "" {
			must(o.Set("source", p.Source))
		}
		if p.Unit != "" {
			must(o.Set("unit", p.Unit))
		}
		out[i] = o
	}
	return a.rt.NewArray(out...)
}

// must is for definitions on objects that we have just made: an error there is a bug of ours.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A cache keeps what is dear to make. It forgets all when it is full, which only code that makes up
// ever new options notices.
type cache[K comparable, V any] struct{ kept map[K]V }

const cacheSize = 100

func (c *cache[K, V]) get(key K, make func() V) V {
	v, ok := c.kept[key]
	if ok {
		return v
	}
	if c.kept == nil || len(c.kept) >= cacheSize {
		c.kept = map[K]V{}
	}
	v = make()
	c.kept[key] = v
	return v
}

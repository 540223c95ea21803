package webintl

import (
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A relativeFormat is the state of an Intl.RelativeTimeFormat.
type relativeFormat struct{ resolution, locale, style, numeric string }

var relativeUnits = []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}

func (a *api) defineRelativeTimeFormat(intl *goja.Object) {
	s := define(a, intl, "RelativeTimeFormat", 0, false, func(call goja.ConstructorCall) *relativeFormat {
		r := resolve(a.localeList(call.Argument(0)), numberKeywords)
		in := a.coerced(call.Argument(1), "Intl.RelativeTimeFormat")
		in.text("localeMatcher", matchers, "")
		in.keyword("numberingSystem", "latn")
		style := in.text("style", []string{"long", "short", "narrow"}, "long")
		return &relativeFormat{r.locale, r.name(), style, in.text("numeric", []string{"always", "auto"}, "always")}
	}).supporting(english)
	a.relative = s
	s.resolved(func(f *relativeFormat, set func(string, any)) {
		set("locale", f.locale)
		set("style", f.style)
		set("numeric", f.numeric)
		set("numberingSystem", "latn")
	})
	parts := func(f *relativeFormat, call goja.FunctionCall, method string) []cldr.Part {
		value := a.toNumber(call.Argument(0))
		name := a.realm.String(call.Argument(1))
		unit := strings.TrimSuffix(name, "s")
		if !slices.Contains(relativeUnits, unit) {
			a.rangeError("Invalid unit argument for Intl.RelativeTimeFormat.prototype.%s() '%s'", method, name)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			a.rangeError("Value need to be finite number for Intl.RelativeTimeFormat.prototype.%s()", method)
		}
		return cldr.Relative(f.resolution, f.style, unit, cldr.FromFloat(value), f.numeric == "auto")
	}
	s.method("format", 2, func(f *relativeFormat, call goja.FunctionCall) goja.Value {
		return a.rt.ToValue(cldr.Join(parts(f, call, "format")))
	})
	s.method("formatToParts", 2, func(f *relativeFormat, call goja.FunctionCall) goja.Value {
		return a.parts(parts(f, call, "formatToParts"))
	})
}

// A listFormat is the state of an Intl.ListFormat.
type listFormat struct{ resolution, locale, kind, style string }

func (a *api) defineListFormat(intl *goja.Object) {
	s := define(a, intl, "ListFormat", 0, false, func(call goja.ConstructorCall) *listFormat {
		r := resolve(a.localeList(call.Argument(0)), nil)
		in := a.strict(call.Argument(1), "Intl.ListFormat")
		in.text("localeMatcher", matchers, "")
		kind := in.text("type", []string{"conjunction", "disjunction", "unit"}, "conjunction")
		return &listFormat{r.locale, r.name(), kind, in.text("style", []string{"long", "short", "narrow"}, "long")}
	}).supporting(english)
	a.list = s
	s.resolved(func(f *listFormat, set func(string, any)) {
		set("locale", f.locale)
		set("type", f.kind)
		set("style", f.style)
	})
	items := func(v goja.Value) []string {
		var list []string
		if goja.IsUndefined(v) {
			return nil
		}
		a.rt.ForOf(v, func(item goja.Value) bool {
			if _, ok := item.(goja.String); !ok {
				a.typeError("Iterable yielded %s which is not a string", item)
			}
			list = append(list, item.String())
			return true
		})
		return list
	}
	s.method("format", 1, func(f *listFormat, call goja.FunctionCall) goja.Value {
		return a.rt.ToValue(cldr.Join(cldr.List(f.resolution, f.kind, f.style, items(call.Argument(0)))))
	})
	s.method("formatToParts", 1, func(f *listFormat, call goja.FunctionCall) goja.Value {
		return a.parts(cldr.List(f.resolution, f.kind, f.style, items(call.Argument(0))))
	})
}

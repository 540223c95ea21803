package webintl

import (
	"math"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A pluralRules is the state of an Intl.PluralRules.
type pluralRules struct {
	locale, kind string
	digits       cldr.DigitOptions
}

func (p *pluralRules) category(d cldr.Decimal) string {
	if !d.Finite() {
		return "other"
	}
	_, whole, fraction := p.digits.Digits(d)
	return cldr.Plural(whole, fraction, p.kind == "ordinal")
}

func (a *api) definePluralRules(intl *goja.Object) {
	s := define(a, intl, "PluralRules", 0, false, func(call goja.ConstructorCall) *pluralRules {
		r := resolve(a.localeList(call.Argument(0)), nil)
		if r.keywords != nil {
			r.locale = "en" // the rules know no regions
		}
		in := a.coerced(call.Argument(1), "Intl.PluralRules")
		in.text("localeMatcher", matchers, "")
		kind := in.text("type", []string{"cardinal", "ordinal"}, "cardinal")
		return &pluralRules{r.name(), kind, in.digits(0, 3, false)}
	}).supporting(english)
	a.plural = s
	s.resolved(func(p *pluralRules, set func(string, any)) {
		set("locale", p.locale)
		set("type", p.kind)
		showDigits(p.digits, set)
		categories := []string{"one", "other"}
		if p.kind == "ordinal" {
			categories = []string{"few", "one", "two", "other"}
		}
		set("pluralCategories", a.strings(categories))
	})
	s.method("select", 1, func(p *pluralRules, call goja.FunctionCall) goja.Value {
		return a.rt.ToValue(p.category(cldr.FromFloat(a.toNumber(call.Argument(0)))))
	})
	s.method("selectRange", 2, func(p *pluralRules, call goja.FunctionCall) goja.Value {
		x, y := call.Argument(0), call.Argument(1)
		a.rangeEnds(x, y)
		from, until := a.toNumber(x), a.toNumber(y)
		if math.IsNaN(from) {
			a.rangeError("Invalid startRange : NaN")
		}
		if math.IsNaN(until) {
			a.rangeError("Invalid endRange : NaN")
		}
		return a.rt.ToValue("other") // in English, whatever the ends
	})
}

package webintl

import (
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A collator is the state of an Intl.Collator.
type collator struct {
	*cldr.Collator
	locale, usage string
	o             cldr.CollatorOptions
	bound         goja.Value
}

type collatorKey struct {
	locale string
	o      cldr.CollatorOptions
}

var collatorKeywords = map[string][]string{"kn": {"", "false"}, "kf": {"upper", "lower", "false"}}

// newCollator reads a call's locales and options. Unlike the other services it knows most languages.
func (a *api) newCollator(locales, v goja.Value, where string) *collator {
	r := resolution{locale: cldr.Default}
	for _, t := range a.localeList(locales) {
		if cldr.CollatorSupports(t) {
			r = heeded(t.Base(), t, collatorKeywords)
			if t.Language == "en" && t.Region != "US" {
				r.locale = "en"
			}
			break
		}
	}
	in := a.coerced(v, where)
	c := &collator{usage: in.text("usage", []string{"sort", "search"}, "sort")}
	in.text("localeMatcher", matchers, "")
	if v := in.get("collation"); v != nil {
		if name := a.realm.String(v); !cldr.IsType(name) {
			a.rangeError("Invalid collation : %s", name)
		} else if name != "default" {
			a.unsupported(where, "collation: "+name)
		}
	}
	c.o.Numeric, c.o.CaseFirst = false, "false"
	if kn, ok := r.keywords["kn"]; ok {
		c.o.Numeric = kn == ""
	}
	if kf, ok := r.keywords["kf"]; ok {
		c.o.CaseFirst = kf
	}
	if numeric, ok := in.flag("numeric"); ok {
		c.o.Numeric = numeric
		r.drop("kn", map[bool]string{true: "", false: "false"}[numeric])
	}
	if in.get("caseFirst") != nil {
		c.o.CaseFirst = in.text("caseFirst", []string{"upper", "lower", "false"}, "")
		r.drop("kf", c.o.CaseFirst)
	}
	c.o.Sensitivity = in.text("sensitivity", []string{"base", "accent", "case", "variant"}, "variant")
	c.o.IgnorePunctuation, _ = in.flag("ignorePunctuation")
	c.locale = r.name()
	c.Collator = a.collators.get(collatorKey{r.locale, c.o}, func() *cldr.Collator { return cldr.NewCollator(r.locale, c.o) })
	return c
}

func (a *api) defineCollator(intl *goja.Object) {
	s := define(a, intl, "Collator", 0, true, func(call goja.ConstructorCall) *collator {
		return a.newCollator(call.Argument(0), call.Argument(1), "Intl.Collator")
	}).supporting(cldr.CollatorSupports)
	a.collator = s
	s.resolved(func(c *collator, set func(string, any)) {
		set("locale", c.locale)
		set("usage", c.usage)
		set("sensitivity", c.o.Sensitivity)
		set("ignorePunctuation", c.o.IgnorePunctuation)
		set("collation", "default")
		set("numeric", c.o.Numeric)
		set("caseFirst", c.o.CaseFirst)
	})
	s.getter("compare", func(c *collator) goja.Value {
		if c.bound == nil {
			c.bound = a.realm.Function("", 2, func(call goja.FunctionCall) goja.Value {
				return a.rt.ToValue(c.Compare(a.realm.String(call.Argument(0)), a.realm.String(call.Argument(1))))
			})
		}
		return c.bound
	})
}

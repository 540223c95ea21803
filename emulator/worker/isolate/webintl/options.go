package webintl

import (
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// options are the options bag of a call; where is who was called, for error texts, which are V8's.
type options struct {
	a     *api
	o     *goja.Object // nil: none given
	where string
}

// coerced takes anything but null for options, as the older services do.
func (a *api) coerced(v goja.Value, where string) options {
	switch {
	case v == nil || goja.IsUndefined(v):
		return options{a, nil, where}
	case goja.IsNull(v):
		a.typeError("%s called on null or undefined", where)
	}
	return options{a, v.ToObject(a.rt), where}
}

// strict takes objects only.
func (a *api) strict(v goja.Value, where string) options {
	o, ok := v.(*goja.Object)
	if !ok && !goja.IsUndefined(v) {
		a.typeError("invalid_argument")
	}
	return options{a, o, where}
}

func (o options) get(name string) goja.Value {
	if o.o == nil {
		return nil
	}
	if v := o.o.Get(name); v != nil && !goja.IsUndefined(v) {
		return v
	}
	return nil
}

// text reads an option that is one of values, or any text when values is nil.
func (o options) text(name string, values []string, fallback string) string {
	v := o.get(name)
	if v == nil {
		return fallback
	}
	s := o.a.realm.String(v)
	if values != nil && !slices.Contains(values, s) {
		o.a.rangeError("Value %s out of range for %s options property %s", s, o.where, name)
	}
	return s
}

func (o options) flag(name string) (value, given bool) {
	v := o.get(name)
	if v == nil {
		return false, false
	}
	return v.ToBoolean(), true
}

// count reads a whole number, and reports false when there is none.
func (o options) count(name string, low, high int) (int, bool) {
	v := o.get(name)
	if v == nil {
		return 0, false
	}
	f := o.a.toNumber(v)
	if math.IsNaN(f) || f < float64(low) || f > float64(high) {
		o.a.rangeError("%s value is out of range.", name)
	}
	return int(math.Floor(f)), true
}

// keyword reads an option whose value could stand in a locale's extension too. Only one value is
// known here.
func (o options) keyword(name, known string) {
	v := o.text(name, nil, known)
	if !cldr.IsType(v) {
		o.a.rangeError("Invalid %s : %s", name, v)
	}
	if !strings.EqualFold(v, known) {
		o.a.unsupported(o.where, name+": "+v)
	}
}

// unsupported throws for what exists in production and not here.
func (a *api) unsupported(where, option string) {
	a.rangeError("%s: the option %s is not supported by cfemu's embedded engine", where, option)
}

func (a *api) toNumber(v goja.Value) float64 {
	if _, ok := v.(*goja.Symbol); ok {
		a.typeError("Cannot convert a Symbol value to a number")
	}
	return v.ToNumber().ToFloat()
}

// localeList is ECMA-402's CanonicalizeLocaleList.
func (a *api) localeList(v goja.Value) []cldr.Tag {
	switch {
	case v == nil || goja.IsUndefined(v):
		return nil
	case goja.IsNull(v):
		a.typeError("Cannot convert undefined or null to object")
	}
	if _, ok := v.(goja.String); ok {
		return []cldr.Tag{a.parse(v)}
	}
	o := v.ToObject(a.rt)
	if l, ok := idl.As[*localeState](a.realm, o); ok {
		return []cldr.Tag{l.tag}
	}
	n := int64(0)
	if length := o.Get("length"); length != nil {
		n = length.ToInteger()
	}
	var list []cldr.Tag
	for i := range n {
		item := o.Get(a.rt.ToValue(i).String())
		if item == nil {
			continue
		}
		t := a.localeOf(item)
		if !slices.ContainsFunc(list, func(other cldr.Tag) bool { return other.String() == t.String() }) {
			list = append(list, t)
		}
	}
	return list
}

func (a *api) localeOf(v goja.Value) cldr.Tag {
	if l, ok := idl.As[*localeState](a.realm, v); ok {
		return l.tag
	}
	_, isString := v.(goja.String)
	_, isObject := v.(*goja.Object)
	if !isString && !isObject {
		a.typeError("Language ID should be string or object.")
	}
	return a.parse(v)
}

func (a *api) parse(v goja.Value) cldr.Tag {
	t, ok := cldr.ParseTag(a.realm.String(v))
	if !ok {
		a.rangeError("Incorrect locale information provided")
	}
	return t
}

func tagNames(tags []cldr.Tag) []string {
	names := make([]string, len(tags))
	for i, t := range tags {
		names[i] = t.String()
	}
	return names
}

// A resolution is the locale that serves a call, with those keywords of its tag that count.
type resolution struct {
	locale   string
	keywords map[string]string
}

// resolve chooses the locale. known says which keywords the service heeds, and with which values.
// Deviation: Intl and the toLocale methods know English only: en, en-US, en-GB, en-CA, en-AU, en-IN, en-NZ and en-IE.
func resolve(tags []cldr.Tag, known map[string][]string) resolution {
	for _, t := range tags {
		if locale, ok := cldr.Supported(t); ok {
			return heeded(locale, t, known)
		}
	}
	return resolution{locale: cldr.Default}
}

func heeded(locale string, t cldr.Tag, known map[string][]string) resolution {
	r := resolution{locale: locale, keywords: map[string]string{}}
	for key, value := range t.Keywords {
		if slices.Contains(known[key], value) {
			r.keywords[key] = value
		}
	}
	return r
}

// drop forgets a keyword that an option has overruled.
func (r *resolution) drop(key, value string) {
	if v, ok := r.keywords[key]; ok && v != value {
		delete(r.keywords, key)
	}
}

// name is the locale as resolvedOptions shows it.
func (r *resolution) name() string {
	if len(r.keywords) == 0 {
		return r.locale
	}
	t, _ := cldr.ParseTag(r.locale)
	t.Keywords = r.keywords
	return t.String()
}

package webintl

import (
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/text/language"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A localeState is the state of an Intl.Locale.
type localeState struct{ tag cldr.Tag }

// localeKeywords are the options and attributes that stand in a tag's extension.
var localeKeywords = []struct {
	name, key string
	values    []string
}{
	{"calendar", "ca", nil}, {"collation", "co", nil}, {"hourCycle", "hc", hourCycles},
	{"caseFirst", "kf", []string{"upper", "lower", "false"}}, {"numberingSystem", "nu", nil},
}

func (a *api) defineLocale(intl *goja.Object) {
	s := define(a, intl, "Locale", 1, false, func(call goja.ConstructorCall) *localeState {
		return a.newLocale(call.Argument(0), call.Argument(1))
	})
	a.locale = s
	s.method("toString", 0, func(l *localeState, _ goja.FunctionCall) goja.Value { return a.rt.ToValue(l.tag.String()) })
	s.method("maximize", 0, func(l *localeState, _ goja.FunctionCall) goja.Value {
		return s.instance(&localeState{maximised(l.tag)})
	})
	s.method("minimize", 0, func(l *localeState, _ goja.FunctionCall) goja.Value {
		return s.instance(&localeState{minimised(l.tag)})
	})
	optional := func(text string) goja.Value {
		if text == "" {
			return goja.Undefined()
		}
		return a.rt.ToValue(text)
	}
	s.getter("language", func(l *localeState) goja.Value { return a.rt.ToValue(l.tag.Language) })
	s.getter("script", func(l *localeState) goja.Value { return optional(l.tag.Script) })
	s.getter("region", func(l *localeState) goja.Value { return optional(l.tag.Region) })
	s.getter("baseName", func(l *localeState) goja.Value { return a.rt.ToValue(l.tag.Base()) })
	for _, k := range localeKeywords {
		s.getter(k.name, func(l *localeState) goja.Value {
			v, ok := l.tag.Keywords[k.key]
			if !ok {
				return goja.Undefined()
			}
			return a.rt.ToValue(v)
		})
	}
	s.getter("numeric", func(l *localeState) goja.Value {
		v, ok := l.tag.Keywords["kn"]
		return a.rt.ToValue(ok && v == "")
	})
}

func (a *api) newLocale(v, bag goja.Value) *localeState {
	_, isString := v.(goja.String)
	_, isObject := v.(*goja.Object)
	if !isString && !isObject {
		a.typeError("First argument to Intl.Locale constructor can't be empty or missing")
	}
	t := a.localeOf(v)
	in := a.coerced(bag, "locale") // V8 calls it so
	part := func(name string, valid func(string) bool, field *string, canonical func(string) string) {
		if in.get(name) == nil {
			return
		}
		text := in.text(name, nil, "")
		if !valid(text) {
			a.rangeError("Incorrect locale information provided")
		}
		*field = canonical(text)
	}
	part("language", cldr.IsLanguage, &t.Language, strings.ToLower)
	part("script", cldr.IsScript, &t.Script, func(s string) string { return strings.ToUpper(s[:1]) + strings.ToLower(s[1:]) })
	part("region", cldr.IsRegion, &t.Region, strings.ToUpper)
	keywords := map[string]string{}
	for key, value := range t.Keywords {
		keywords[key] = value
	}
	for _, k := range localeKeywords {
		if in.get(k.name) == nil {
			continue
		}
		value := in.text(k.name, k.values, "")
		if !cldr.IsType(value) {
			a.rangeError("Incorrect locale information provided")
		}
		keywords[k.key] = strings.ToLower(value)
	}
	if numeric, ok := in.flag("numeric"); ok {
		keywords["kn"] = map[bool]string{true: "", false: "false"}[numeric]
	}
	t.Keywords = keywords
	return &localeState{t}
}

// maximised adds the likely script and region.
func maximised(t cldr.Tag) cldr.Tag {
	l, err := language.Parse(t.Base())
	if err != nil {
		return t
	}
	base, _ := l.Base()
	script, _ := l.Script()
	region, _ := l.Region()
	if t.Language == "und" {
		t.Language = base.String()
	}
	if name := script.String(); t.Script == "" && name != "Zzzz" {
		t.Script = name
	}
	if name := region.String(); t.Region == "" && name != "ZZ" {
		t.Region = name
	}
	return t
}

// minimised leaves out what maximised would add.
func minimised(t cldr.Tag) cldr.Tag {
	whole := maximised(t)
	for _, try := range []func(*cldr.Tag){
		func(s *cldr.Tag) { s.Script, s.Region = "", "" },
		func(s *cldr.Tag) { s.Script = "" },
		func(s *cldr.Tag) { s.Region = "" },
	} {
		short := whole
		try(&short)
		if maximised(short).Base() == whole.Base() {
			return short
		}
	}
	return whole
}

package webintl

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A displayNames is the state of an Intl.DisplayNames.
type displayNames struct{ resolution, locale, style, kind, fallback, language string }

func (a *api) defineDisplayNames(intl *goja.Object) {
	s := define(a, intl, "DisplayNames", 2, false, func(call goja.ConstructorCall) *displayNames {
		r := resolve(a.localeList(call.Argument(0)), nil)
		if goja.IsUndefined(call.Argument(1)) {
			a.typeError("invalid_argument")
		}
		in := a.strict(call.Argument(1), "Intl.DisplayNames")
		in.text("localeMatcher", matchers, "")
		n := &displayNames{resolution: r.locale, locale: r.name()}
		n.style = in.text("style", textForms, "long")
		n.kind = in.text("type", []string{"language", "region", "script", "currency", "calendar", "dateTimeField"}, "")
		switch n.kind {
		case "":
			a.typeError("Required option \"type\" must not be undefined")
		case "calendar":
			a.unsupported("Intl.DisplayNames", "type: calendar")
		}
		n.fallback = in.text("fallback", []string{"code", "none"}, "code")
		n.language = in.text("languageDisplay", []string{"dialect", "standard"}, "dialect")
		return n
	}).supporting(english)
	a.names = s
	s.resolved(func(n *displayNames, set func(string, any)) {
		set("locale", n.locale)
		set("style", n.style)
		set("type", n.kind)
		set("fallback", n.fallback)
		if n.kind == "language" {
			set("languageDisplay", n.language)
		}
	})
	s.method("of", 1, func(n *displayNames, call goja.FunctionCall) goja.Value {
		code := a.realm.String(call.Argument(0))
		name, canonical, ok := n.of(code)
		switch {
		case !ok:
			a.rangeError("invalid_argument")
		case name != "":
			return a.rt.ToValue(name)
		case n.fallback == "none":
			return goja.Undefined()
		}
		return a.rt.ToValue(canonical)
	})
}

// of returns a code's name and its canonical form, and false when the code is none of its kind.
func (n *displayNames) of(code string) (name, canonical string, ok bool) {
	canonical = code
	switch n.kind {
	case "dateTimeField":
		name, ok = cldr.FieldName(n.resolution, code)
		return name, code, ok
	case "language":
		t, wellFormed := cldr.ParseTag(code)
		if !wellFormed || t.Base() != t.String() {
			return "", "", false
		}
		canonical = t.Base()
	case "region":
		if !cldr.IsRegion(code) {
			return "", "", false
		}
		canonical = strings.ToUpper(code)
	case "script":
		if !cldr.IsScript(code) {
			return "", "", false
		}
		canonical = strings.ToUpper(code[:1]) + strings.ToLower(code[1:])
	case "currency":
		if len(code) != 3 || strings.ContainsFunc(code, func(c rune) bool { return c|0x20 < 'a' || c|0x20 > 'z' }) {
			return "", "", false
		}
		canonical = strings.ToUpper(code)
	}
	return cldr.Name(n.resolution, n.kind, canonical, n.style, n.language == "dialect"), canonical, true
}

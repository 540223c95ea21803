package isolate

import (
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

// styles are the escape codes that begin and end what is written in a style.
// Receipt: https://nodejs.org/api/util.html#customizing-utilinspect-colors
var styles = map[string][2]string{
	"bigint": {"33", "39"}, "boolean": {"33", "39"}, "date": {"35", "39"}, "null": {"1", "22"}, "number": {"33", "39"},
	"regexp": {"31", "39"}, "special": {"36", "39"}, "string": {"32", "39"}, "symbol": {"32", "39"}, "undefined": {"90", "39"},
}

// style colours text when the options ask for it.
func (p *printer) style(text, style string) string {
	if f, ok := goja.AssertFunction(p.options.Stylize); ok {
		v, err := f(goja.Undefined(), p.isolate.rt.ToValue(text), p.isolate.rt.ToValue(style))
		if err != nil {
			p.isolate.rethrow(err)
		}
		return v.String()
	}
	codes, ok := styles[style]
	if !p.options.Colors || !ok {
		return text
	}
	return "\x1b[" + codes[0] + "m" + text + "\x1b[" + codes[1] + "m"
}

var escapeCode = regexp.MustCompile("\x1b\\[\\d+m")

// width is how many columns text takes.
func (p *printer) width(text string) int {
	if p.options.Colors {
		text = escapeCode.ReplaceAllString(text, "")
	}
	return len([]rune(text))
}

// separated groups a number's digits by threes, when the options ask for it.
func (p *printer) separated(number string) string {
	if !p.options.NumericSep {
		return number
	}
	whole, fraction, dotted := strings.Cut(number, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return number
	}
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "_" + whole[n:]
	}
	if !dotted {
		return sign + whole
	}
	for n := 3; n < len(fraction); n += 4 {
		fraction = fraction[:n] + "_" + fraction[n:]
	}
	return sign + whole + "." + fraction
}

// utf16Prefix is as many whole characters of s as fit into n units.
func utf16Prefix(s string, n int) string {
	for at, r := range s {
		if n -= max(utf16.RuneLen(r), 1); n < 0 {
			return s[:at]
		}
	}
	return s
}

const customInspect = "nodejs.util.inspect.custom"

// custom writes an object by its own method for that, when it has one.
func (p *printer) custom(o *goja.Object, depth int) (string, bool) {
	if !p.options.CustomInspect {
		return "", false
	}
	i := p.isolate
	inspect, ok := goja.AssertFunction(o.GetSymbol(i.customInspect()))
	if !ok {
		return "", false
	}
	inspector := i.node.Inspector()
	v := i.must(inspect(o, i.rt.ToValue(p.options.Depth-depth), p.optionsObject(depth), inspector))
	if result, isObject := v.(*goja.Object); isObject {
		if result == o {
			return "", false
		}
		return p.value(result, depth, true), true
	}
	text := v.String()
	if v == nil || goja.IsUndefined(v) {
		text = "undefined"
	}
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", p.indent)), true
}

// customInspect is Symbol.for of that name.
func (i *isolate) customInspect() *goja.Symbol {
	if i.console.custom == nil {
		symbol := i.rt.Get("Symbol").(*goja.Object)
		of, _ := goja.AssertFunction(symbol.Get("for"))
		i.console.custom = i.must(of(symbol, i.rt.ToValue(customInspect))).(*goja.Symbol)
	}
	return i.console.custom
}

// optionsObject are the options as a custom method gets them, ready to be passed on.
func (p *printer) optionsObject(depth int) goja.Value {
	rt, o := p.isolate.rt, p.options
	object := rt.NewObject()
	set := func(name string, v any) { setOwn(object, name, rt.ToValue(v)) }
	set("showHidden", o.ShowHidden)
	set("depth", o.Depth-depth)
	set("colors", o.Colors)
	set("customInspect", o.CustomInspect)
	set("showProxy", o.ShowProxy)
	set("maxArrayLength", o.MaxArrayLength)
	set("maxStringLength", o.MaxStringLength)
	set("breakLength", o.BreakLength)
	set("compact", o.Compact)
	set("sorted", o.Sorted)
	set("getters", o.Getters == node.GettersAll)
	set("numericSeparator", o.NumericSep)
	set("stylize", p.isolate.realm.Function("stylize", 2, func(call goja.FunctionCall) goja.Value {
		return rt.ToValue(p.style(call.Argument(0).String(), call.Argument(1).String()))
	}))
	return object
}

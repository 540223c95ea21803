package webintl

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// installMethods replaces the methods of the language's classes that ask Intl. goja's own take a radix
// where the language has a locale, or know none.
func (a *api) installMethods() {
	prototype := func(class string) *goja.Object { return a.rt.Get(class).(*goja.Object).Get("prototype").(*goja.Object) }
	a.installDates(prototype("Date"))
	a.installNumbers("Number", prototype("Number"))
	a.installNumbers("BigInt", prototype("BigInt"))
	a.installStrings(prototype("String"))
	a.installArrays(prototype("Array"), prototype("Uint8Array").Prototype())
}

func (a *api) installDates(date *goja.Object) {
	getTime, _ := goja.AssertFunction(date.Get("getTime"))
	for _, m := range []struct{ name, required, defaults string }{
		{"toLocaleString", "any", "all"}, {"toLocaleDateString", "date", "date"}, {"toLocaleTimeString", "time", "time"},
	} {
		where := "Date.prototype." + m.name
		a.method(date, m.name, 0, func(call goja.FunctionCall) goja.Value {
			t, err := getTime(call.This)
			if err != nil {
				a.incompatible(where, call.This)
			}
			ms := t.ToFloat()
			if math.IsNaN(ms) {
				return a.rt.ToValue("Invalid Date")
			}
			f := a.dateTimeFormat(call.Argument(0), call.Argument(1), m.required, m.defaults, where)
			return a.rt.ToValue(f.Format(int64(ms)))
		})
	}
}

func (a *api) installNumbers(class string, prototype *goja.Object) {
	where := class + ".prototype.toLocaleString"
	valueOf, _ := goja.AssertFunction(prototype.Get("valueOf"))
	a.method(prototype, "toLocaleString", 0, func(call goja.FunctionCall) goja.Value {
		v, err := valueOf(call.This)
		if err != nil {
			a.typeError("%s requires that 'this' be a %s", where, class)
		}
		f := a.numberFormat(call.Argument(0), call.Argument(1), where)
		return a.rt.ToValue(f.Format(a.decimal(v)))
	})
}

func (a *api) installStrings(prototype *goja.Object) {
	text := func(call goja.FunctionCall, method string) goja.Value {
		if goja.IsUndefined(call.This) || goja.IsNull(call.This) {
			a.typeError("String.prototype.%s called on null or undefined", method)
		}
		if _, symbol := call.This.(*goja.Symbol); symbol {
			a.typeError("Cannot convert a Symbol value to a string")
		}
		return call.This.ToString()
	}
	a.method(prototype, "localeCompare", 1, func(call goja.FunctionCall) goja.Value {
		this := text(call, "localeCompare").String()
		that := a.realm.String(call.Argument(0))
		c := a.newCollator(call.Argument(1), call.Argument(2), "String.prototype.localeCompare")
		return a.rt.ToValue(c.Compare(this, that))
	})
	for _, m := range []struct {
		name, plain string
		caser       func(language.Tag, ...cases.Option) cases.Caser
	}{{"toLocaleLowerCase", "toLowerCase", cases.Lower}, {"toLocaleUpperCase", "toUpperCase", cases.Upper}} {
		plain, _ := goja.AssertFunction(prototype.Get(m.plain))
		a.method(prototype, m.name, 0, func(call goja.FunctionCall) goja.Value {
			this := text(call, m.name)
			tags := a.localeList(call.Argument(0))
			if len(tags) > 0 && slices.Contains([]string{"tr", "az", "lt", "el"}, tags[0].Language) {
				return a.rt.ToValue(m.caser(language.Make(tags[0].Language)).String(this.String()))
			}
			v, err := plain(this)
			must(err)
			return v
		})
	}
}

// installArrays defines toLocaleString of arrays and typed arrays, which pass their arguments on.
func (a *api) installArrays(array, typed *goja.Object) {
	a.method(array, "toLocaleString", 0, func(call goja.FunctionCall) goja.Value {
		return a.joined(call.This.ToObject(a.rt), call)
	})
	plain, _ := goja.AssertFunction(typed.Get("join"))
	a.method(typed, "toLocaleString", 0, func(call goja.FunctionCall) goja.Value {
		if _, err := plain(call.This); err != nil {
			a.typeError("this is not a typed array.")
		}
		return a.joined(call.This.(*goja.Object), call)
	})
}

func (a *api) joined(o *goja.Object, call goja.FunctionCall) goja.Value {
	if slices.Contains(a.joining, o) {
		return a.rt.ToValue("")
	}
	a.joining = append(a.joining, o)
	defer func() { a.joining = a.joining[:len(a.joining)-1] }()
	var b strings.Builder
	for i := range o.Get("length").ToInteger() {
		if i > 0 {
			b.WriteByte(',')
		}
		v := o.Get(strconv.FormatInt(i, 10))
		if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
			continue
		}
		f, ok := goja.AssertFunction(v.ToObject(a.rt).Get("toLocaleString"))
		if !ok {
			a.typeError("toLocaleString is not a function")
		}
		text, err := f(v, call.Argument(0), call.Argument(1))
		if err != nil {
			panic(err)
		}
		b.WriteString(a.realm.String(text))
	}
	return a.rt.ToValue(b.String())
}

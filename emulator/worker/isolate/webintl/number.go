package webintl

import (
	"math/big"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A numberFormat is the state of an Intl.NumberFormat.
type numberFormat struct {
	*cldr.NumberFormat
	locale string
	o      cldr.NumberOptions
	bound  goja.Value
}

type numberKey struct {
	locale string
	o      cldr.NumberOptions
}

var (
	unitForms      = []string{"short", "narrow", "long"}
	roundingModes  = []string{"ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"}
	increments     = []int{1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000}
	numberKeywords = map[string][]string{"nu": {"latn"}}
)

// numberFormat reads a call's locales and options.
func (a *api) numberFormat(locales, v goja.Value, where string) *numberFormat {
	r := resolve(a.localeList(locales), numberKeywords)
	in := a.coerced(v, where)
	f := &numberFormat{locale: r.name()}
	o := &f.o
	in.text("localeMatcher", matchers, "")
	in.keyword("numberingSystem", "latn")
	in.style(o)
	o.Notation = in.text("notation", []string{"standard", "scientific", "engineering", "compact"}, "standard")
	minimum, maximum := 0, 3
	switch {
	case o.Style == "currency" && o.Notation == "standard":
		minimum = cldr.CurrencyDigits(o.Currency)
		maximum = minimum
	case o.Style == "percent":
		maximum = 0
	}
	o.Digits = in.digits(minimum, maximum, o.Notation == "compact")
	compact := in.text("compactDisplay", []string{"short", "long"}, "short")
	if o.Notation == "compact" {
		o.CompactDisplay = compact
	}
	o.Grouping = in.grouping(o.Notation)
	o.Sign = in.text("signDisplay", []string{"auto", "never", "always", "exceptZero", "negative"}, "auto")
	f.NumberFormat = a.numbers.get(numberKey{r.locale, *o}, func() *cldr.NumberFormat { return cldr.NewNumberFormat(r.locale, *o) })
	return f
}

// style reads what is counted.
func (in options) style(o *cldr.NumberOptions) {
	o.Style = in.text("style", []string{"decimal", "percent", "currency", "unit"}, "decimal")
	currency := in.text("currency", nil, "")
	given := in.get("currency") != nil
	letter := func(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
	switch {
	case given && (len(currency) != 3 || strings.ContainsFunc(currency, func(c rune) bool { return !letter(c) })):
		in.a.rangeError("Invalid currency code : %s", currency)
	case !given && o.Style == "currency":
		in.a.typeError("Currency code is required with currency style.")
	}
	display := in.text("currencyDisplay", []string{"code", "symbol", "narrowSymbol", "name"}, "symbol")
	sign := in.text("currencySign", []string{"standard", "accounting"}, "standard")
	unit := in.text("unit", nil, "")
	given = in.get("unit") != nil
	switch {
	case given && !cldr.IsUnit(unit):
		in.a.rangeError("Invalid unit argument for Intl.NumberFormat() '%s'", unit)
	case !given && o.Style == "unit":
		in.a.typeError("Invalid unit argument for Intl.NumberFormat() ''")
	}
	unitDisplay := in.text("unitDisplay", unitForms, "short")
	switch o.Style {
	case "currency":
		o.Currency, o.CurrencyDisplay, o.CurrencySign = strings.ToUpper(currency), display, sign
	case "unit":
		o.Unit, o.UnitDisplay = unit, unitDisplay
	}
}

// digits is ECMA-402's SetNumberFormatDigitOptions.
func (in options) digits(minimumDefault, maximumDefault int, compact bool) cldr.DigitOptions {
	d := cldr.DigitOptions{MinimumInteger: 1, Increment: 1}
	if n, ok := in.count("minimumIntegerDigits", 1, 21); ok {
		d.MinimumInteger = n
	}
	hasFraction := in.get("minimumFractionDigits") != nil || in.get("maximumFractionDigits") != nil
	hasSignificant := in.get("minimumSignificantDigits") != nil || in.get("maximumSignificantDigits") != nil
	if n, ok := in.count("roundingIncrement", 1, 5000); ok {
		if d.Increment = n; !slices.Contains(increments, n) {
			in.a.rangeError("roundingIncrement value is out of range.")
		}
	}
	d.Mode = in.text("roundingMode", roundingModes, "halfExpand")
	priority := in.text("roundingPriority", []string{"auto", "morePrecision", "lessPrecision"}, "auto")
	d.TrailingZeros = in.text("trailingZeroDisplay", []string{"auto", "stripIfInteger"}, "auto")
	if d.Increment != 1 {
		maximumDefault = minimumDefault
	}
	needSignificant, needFraction := true, true
	if priority == "auto" {
		needSignificant = hasSignificant
		needFraction = !hasSignificant && (hasFraction || !compact)
	}
	if needSignificant {
		d.MinimumSignificant, d.MaximumSignificant = in.significant()
	}
	if needFraction {
		d.MinimumFraction, d.MaximumFraction = in.fraction(minimumDefault, maximumDefault)
	}
	switch {
	case !needSignificant && !needFraction:
		d.MinimumSignificant, d.MaximumSignificant = 1, 2
		d.Rounding = "more"
	case priority == "morePrecision":
		d.Rounding = "more"
	case priority == "lessPrecision":
		d.Rounding = "less"
	case hasSignificant:
		d.Rounding = "significant"
	default:
		d.Rounding = "fraction"
	}
	if d.Increment != 1 {
		switch {
		case d.Rounding != "fraction":
			in.a.typeError("RoundingType is not fractionDigits")
		case d.MinimumFraction != d.MaximumFraction:
			in.a.rangeError("maximumFractionDigits not equal to minimumFractionDigits")
		}
	}
	return d
}

func (in options) significant() (minimum, maximum int) {
	minimum, maximum = 1, 21
	if n, ok := in.count("minimumSignificantDigits", 1, 21); ok {
		minimum = n
	}
	if n, ok := in.count("maximumSignificantDigits", minimum, 21); ok {
		maximum = n
	}
	return minimum, maximum
}

func (in options) fraction(minimumDefault, maximumDefault int) (minimum, maximum int) {
	minimum, hasMinimum := in.count("minimumFractionDigits", 0, 100)
	maximum, hasMaximum := in.count("maximumFractionDigits", 0, 100)
	switch {
	case hasMinimum && hasMaximum:
		if minimum > maximum {
			in.a.rangeError("maximumFractionDigits value is out of range.")
		}
		return minimum, maximum
	case hasMinimum:
		return minimum, max(maximumDefault, minimum)
	case hasMaximum:
		return min(minimumDefault, maximum), maximum
	}
	return minimumDefault, maximumDefault
}

func (in options) grouping(notation string) string {
	fallback := "auto"
	if notation == "compact" {
		fallback = "min2"
	}
	v := in.get("useGrouping")
	if v == nil {
		return fallback
	}
	if b, ok := v.Export().(bool); ok && b {
		return "always"
	}
	if !v.ToBoolean() {
		return ""
	}
	s := in.text("useGrouping", []string{"min2", "auto", "always", "true", "false"}, "")
	if s == "true" || s == "false" {
		return fallback
	}
	return s
}

// decimal is a number, BigInt or text with all its digits.
func (a *api) decimal(v goja.Value) cldr.Decimal {
	if o, ok := v.(*goja.Object); ok {
		return cldr.FromFloat(o.ToNumber().ToFloat())
	}
	if n, ok := v.Export().(*big.Int); ok {
		return cldr.FromInt(n)
	}
	if _, ok := v.(goja.String); ok {
		return cldr.FromString(v.String())
	}
	return cldr.FromFloat(a.toNumber(v))
}

func (a *api) defineNumberFormat(intl *goja.Object) {
	s := define(a, intl, "NumberFormat", 0, true, func(call goja.ConstructorCall) *numberFormat {
		return a.numberFormat(call.Argument(0), call.Argument(1), "Intl.NumberFormat")
	}).supporting(english)
	a.number = s
	s.resolved(func(f *numberFormat, set func(string, any)) { f.resolved(set) })
	s.method("formatToParts", 1, func(f *numberFormat, call goja.FunctionCall) goja.Value {
		return a.parts(f.Parts(a.decimal(call.Argument(0))))
	})
	s.getter("format", func(f *numberFormat) goja.Value {
		if f.bound == nil {
			f.bound = a.realm.Function("", 1, func(call goja.FunctionCall) goja.Value {
				return a.rt.ToValue(f.Format(a.decimal(call.Argument(0))))
			})
		}
		return f.bound
	})
	ends := func(f *numberFormat, call goja.FunctionCall) []cldr.Part {
		x, y := call.Argument(0), call.Argument(1)
		a.rangeEnds(x, y)
		from, until := a.decimal(x), a.decimal(y)
		if from.IsNaN() {
			a.rangeError("Invalid start : NaN")
		}
		if until.IsNaN() {
			a.rangeError("Invalid end : NaN")
		}
		return f.Range(from, until)
	}
	s.method("formatRange", 2, func(f *numberFormat, call goja.FunctionCall) goja.Value {
		return a.rt.ToValue(cldr.Join(ends(f, call)))
	})
	s.method("formatRangeToParts", 2, func(f *numberFormat, call goja.FunctionCall) goja.Value {
		return a.parts(ends(f, call))
	})
}

// rangeEnds refuses a range without an end.
func (a *api) rangeEnds(x, y goja.Value) {
	switch {
	case goja.IsUndefined(x):
		a.typeError("start is undefined")
	case goja.IsUndefined(y):
		a.typeError("end is undefined")
	}
}

func (f *numberFormat) resolved(set func(name string, value any)) {
	o := f.o
	set("locale", f.locale)
	set("numberingSystem", "latn")
	set("style", o.Style)
	switch o.Style {
	case "currency":
		set("currency", o.Currency)
		set("currencyDisplay", o.CurrencyDisplay)
		set("currencySign", o.CurrencySign)
	case "unit":
		set("unit", o.Unit)
		set("unitDisplay", o.UnitDisplay)
	}
	showDigits(o.Digits, set)
	if o.Grouping == "" {
		set("useGrouping", false)
	} else {
		set("useGrouping", o.Grouping)
	}
	set("notation", o.Notation)
	if o.Notation == "compact" {
		set("compactDisplay", o.CompactDisplay)
	}
	set("signDisplay", o.Sign)
	set("roundingMode", o.Digits.Mode)
	set("roundingIncrement", o.Digits.Increment)
	set("trailingZeroDisplay", o.Digits.TrailingZeros)
	set("roundingPriority", priorityOf(o.Digits))
}

func priorityOf(d cldr.DigitOptions) string {
	switch d.Rounding {
	case "more":
		return "morePrecision"
	case "less":
		return "lessPrecision"
	}
	return "auto"
}

func showDigits(d cldr.DigitOptions, set func(name string, value any)) {
	set("minimumIntegerDigits", d.MinimumInteger)
	if d.Rounding != "fraction" {
		set("minimumSignificantDigits", d.MinimumSignificant)
		set("maximumSignificantDigits", d.MaximumSignificant)
	}
	if d.Rounding != "significant" {
		set("minimumFractionDigits", d.MinimumFraction)
		set("maximumFractionDigits", d.MaximumFraction)
	}
}

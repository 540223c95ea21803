package cldr

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NumberOptions say how a number is shown, in the words of Intl.NumberFormat.
type NumberOptions struct {
	Style                                   string // decimal, percent, currency, unit
	Currency, CurrencyDisplay, CurrencySign string
	Unit, UnitDisplay                       string
	Notation, CompactDisplay                string
	Grouping                                string // always, auto, min2; empty: none
	Sign                                    string
	Digits                                  DigitOptions
}

// A NumberFormat formats numbers. It is immutable.
type NumberFormat struct {
	o         NumberOptions
	data      *numberData
	units     map[string][]string
	secondary int // digits of the groups after the first three: 3, or 2 in India
}

// NewNumberFormat makes the format of a locale that Resolve has named.
func NewNumberFormat(locale string, o NumberOptions) *NumberFormat {
	f := &NumberFormat{o: o, data: numbersOf(locale), secondary: 3}
	if strings.Contains(f.data.Decimal, ",##,") {
		f.secondary = 2
	}
	if o.Style == "unit" {
		f.units = *unitsOf(locale)
	}
	return f
}

// CurrencyDigits is how many digits after the point a currency's amounts have.
func CurrencyDigits(code string) int {
	if n, ok := currencyDigits()[code]; ok {
		return n
	}
	return 2
}

// IsUnit reports whether Intl knows the unit, simple or per another.
func IsUnit(unit string) bool {
	simple, _ := Values("unit")
	known := func(name string) bool {
		for _, u := range simple {
			if u == name {
				return true
			}
		}
		return false
	}
	if known(unit) {
		return true
	}
	a, b, ok := strings.Cut(unit, "-per-")
	return ok && known(a) && known(b)
}

// A numeral is a formatted number in the layers that a range collapses one by one.
type numeral struct {
	before, after []Part // sign, currency, compact suffix
	number        []Part
	exponent      []Part
	outer         []Part // unit or currency name, after all
}

func (n *numeral) parts() []Part {
	out := make([]Part, 0, len(n.before)+len(n.number)+len(n.exponent)+len(n.after)+len(n.outer))
	for _, list := range [][]Part{n.before, n.number, n.exponent, n.after, n.outer} {
		out = append(out, list...)
	}
	return out
}

// Format returns the text for d.
func (f *NumberFormat) Format(d Decimal) string {
	n := f.numeral(d, "")
	return Join(n.parts())
}

// Parts returns the text for d in pieces.
func (f *NumberFormat) Parts(d Decimal) []Part {
	n := f.numeral(d, "")
	return n.parts()
}

// numeral formats d; about is put before its sign.
func (f *NumberFormat) numeral(d Decimal, about string) numeral {
	var n numeral
	scaled := d
	if f.o.Style == "percent" {
		scaled = d.shifted(2)
	}
	suffix, exponent := "", 0
	if scaled.Finite() {
		switch f.o.Notation {
		case "compact":
			scaled, suffix = f.compact(scaled)
		case "scientific", "engineering":
			scaled, exponent = f.scientific(scaled)
		}
	}
	r, whole, fraction := f.o.Digits.Digits(scaled)
	plural := "other"
	switch {
	case r.nan:
		n.number = []Part{{Type: "nan", Value: "NaN"}}
	case r.inf:
		n.number = []Part{{Type: "infinity", Value: "∞"}}
	default:
		if whole == "1" && fraction == "" && suffix == "" && exponent == 0 {
			plural = "one"
		}
		n.number = f.digits(whole, fraction)
		if f.o.Notation == "scientific" || f.o.Notation == "engineering" {
			n.exponent = exponentParts(exponent)
		}
	}
	sign := f.sign(r)
	f.dress(&n, sign, about, r.Finite())
	if suffix != "" {
		text := strings.TrimLeft(suffix, "0")
		if trimmed := strings.TrimLeft(text, " \u00a0"); trimmed != text {
			n.after = append([]Part{{Type: "literal", Value: text[:len(text)-len(trimmed)]}, {Type: "compact", Value: trimmed}}, n.after...)
		} else {
			n.after = append([]Part{{Type: "compact", Value: text}}, n.after...)
		}
	}
	f.measure(&n, plural)
	return n
}

// sign is "-", "+" or nothing.
func (f *NumberFormat) sign(r Decimal) string {
	zero := r.zero() || r.nan
	switch f.o.Sign {
	case "never":
		return ""
	case "negative":
		if r.negative && !zero {
			return "-"
		}
		return ""
	case "exceptZero":
		if zero {
			return ""
		}
		fallthrough
	case "always":
		if !r.negative {
			return "+"
		}
	}
	if r.negative {
		return "-"
	}
	return ""
}

func (f *NumberFormat) digits(whole, fraction string) []Part {
	minimum := 4
	if f.o.Grouping == "min2" {
		minimum = 5
	}
	var out []Part
	if f.o.Grouping == "" || len(whole) < minimum {
		out = append(out, Part{Type: "integer", Value: whole})
	} else {
		end := len(whole) - 3
		first := end % f.secondary
		if first == 0 {
			first = f.secondary
		}
		out = append(out, Part{Type: "integer", Value: whole[:first]})
		for i := first; i <= end; i += f.secondary {
			width := f.secondary
			if i == end {
				width = 3
			}
			out = append(out, Part{Type: "group", Value: ","}, Part{Type: "integer", Value: whole[i : i+width]})
		}
	}
	if fraction != "" {
		out = append(out, Part{Type: "decimal", Value: "."}, Part{Type: "fraction", Value: fraction})
	}
	return out
}

// compact divides by the thousand, million or the like that the number is worth after rounding, and
// returns the pattern of that.
func (f *NumberFormat) compact(d Decimal) (Decimal, string) {
	table := f.data.Short
	if f.o.CompactDisplay == "long" && (f.o.Style != "currency" || f.o.CurrencyDisplay == "name") {
		table = f.data.Long
	}
	at := func(magnitude int) (Decimal, string) {
		p := table[strconv.Itoa(min(magnitude, 14))]
		if p == "" {
			return d, ""
		}
		zeros := len(p) - len(strings.TrimLeft(p, "0"))
		return d.shifted(-(min(magnitude, 14) - zeros + 1)), p
	}
	magnitude := d.magnitude()
	s, p := at(magnitude)
	if r, _ := f.o.Digits.apply(s); !r.zero() && r.magnitude() > s.magnitude() {
		s, p = at(magnitude + 1)
	}
	return s, p
}

func (f *NumberFormat) scientific(d Decimal) (Decimal, int) {
	exponent := func(magnitude int) int {
		if f.o.Notation == "engineering" {
			return magnitude - ((magnitude%3)+3)%3
		}
		return magnitude
	}
	e := exponent(d.magnitude())
	s := d.shifted(-e)
	if r, _ := f.o.Digits.apply(s); !r.zero() && r.magnitude() > s.magnitude() {
		e = exponent(d.magnitude() + 1)
		s = d.shifted(-e)
	}
	return s, e
}

func exponentParts(exponent int) []Part {
	out := []Part{{Type: "exponentSeparator", Value: "E"}}
	if exponent < 0 {
		out = append(out, Part{Type: "exponentMinusSign", Value: "-"})
	}
	return append(out, Part{Type: "exponentInteger", Value: strconv.Itoa(max(exponent, -exponent))})
}

// dress puts sign, currency symbol and percent sign around the number.
func (f *NumberFormat) dress(n *numeral, sign, about string, finite bool) {
	money := f.o.Style == "currency" && f.o.CurrencyDisplay != "name"
	brackets := money && f.o.CurrencySign == "accounting" && sign == "-" && about == ""
	if about != "" {
		n.before = append(n.before, Part{Type: "approximatelySign", Value: about})
	}
	switch {
	case brackets:
		n.before = append(n.before, Part{Type: "literal", Value: "("})
	case sign == "-":
		n.before = append(n.before, Part{Type: "minusSign", Value: "-"})
	case sign == "+":
		n.before = append(n.before, Part{Type: "plusSign", Value: "+"})
	}
	if money {
		symbol := f.symbol()
		n.before = append(n.before, Part{Type: "currency", Value: symbol})
		// A symbol that ends in a letter keeps a distance from digits.
		if last, _ := utf8.DecodeLastRuneInString(symbol); finite && !unicode.IsSymbol(last) && !unicode.In(last, unicode.Z) {
			n.before = append(n.before, Part{Type: "literal", Value: "\u00a0"})
		}
	}
	if f.o.Style == "percent" {
		if f.o.Notation == "compact" {
			n.outer = append(n.outer, Part{Type: "unit", Value: "%"})
		} else {
			n.after = append(n.after, Part{Type: "percentSign", Value: "%"})
		}
	}
	if brackets {
		n.after = append(n.after, Part{Type: "literal", Value: ")"})
	}
}

func (f *NumberFormat) symbol() string {
	names, ok := f.data.Currencies[f.o.Currency]
	switch {
	case !ok || f.o.CurrencyDisplay == "code":
		return f.o.Currency
	case f.o.CurrencyDisplay == "narrowSymbol":
		return names[1]
	}
	return names[0]
}

// measure puts the unit or the currency's name behind the number.
func (f *NumberFormat) measure(n *numeral, plural string) {
	form := 1
	if plural == "one" {
		form = 0
	}
	text, kind := "", "unit"
	switch {
	case f.o.Style == "currency" && f.o.CurrencyDisplay == "name":
		kind = "currency"
		text = " " + f.o.Currency
		if names, ok := f.data.Currencies[f.o.Currency]; ok {
			text = " " + names[3+form]
		}
	case f.o.Style == "unit":
		text = strings.TrimPrefix(f.unit(form), "{0}")
	default:
		return
	}
	name := strings.TrimLeft(text, " \u00a0")
	if name != text {
		n.outer = append(n.outer, Part{Type: "literal", Value: text[:len(text)-len(name)]})
	}
	n.outer = append(n.outer, Part{Type: kind, Value: name})
}

// unit is the pattern of the unit for one (0) or more (1).
func (f *NumberFormat) unit(form int) string {
	style := "/" + f.o.UnitDisplay
	if p, ok := f.units[f.o.Unit+style]; ok {
		return p[form]
	}
	a, b, _ := strings.Cut(f.o.Unit, "-per-")
	if per := f.units[b+style][2]; per != "" {
		return strings.Replace(per, "{0}", f.units[a+style][form], 1)
	}
	divisor := strings.TrimSpace(strings.Replace(f.units[b+style][0], "{0}", "", 1))
	return strings.NewReplacer("{0}", f.units[a+style][form], "{1}", divisor).Replace(f.units["per"+style][0])
}

// Range returns the text for a range of numbers in pieces, and collapses what both ends share as
// ICU's NumberRangeFormatter does.
func (f *NumberFormat) Range(from, until Decimal) []Part {
	a, b := f.numeral(from, ""), f.numeral(until, "")
	if len(b.outer) > 0 && Join(a.parts()) != Join(b.parts()) {
		// In English a range is plural, whatever its ends.
		a.outer, b.outer = nil, nil
		f.measure(&a, "other")
		f.measure(&b, "other")
	}
	if Join(a.parts()) == Join(b.parts()) {
		same := f.numeral(from, f.data.Approximately)
		return sourced(same.parts(), "shared")
	}
	middle := Join(a.before) == Join(b.before) && Join(a.after) == Join(b.after)
	if utf8.RuneCountInString(Join(a.before)+Join(a.after)) <= 1 {
		middle = false
	}
	length := func(lists ...[]Part) (n int) {
		for _, list := range lists {
			n += len(list)
		}
		return n
	}
	spaced := length(a.exponent) > 0 || !middle && length(a.before, a.after) > 0
	var out []Part
	add := func(source string, lists ...[]Part) {
		for _, list := range lists {
			out = append(out, sourced(list, source)...)
		}
	}
	dash := "–"
	if spaced {
		dash = " – "
	}
	switch {
	case middle:
		add("shared", a.before)
		add("startRange", a.number, a.exponent)
		add("shared", []Part{{Type: "literal", Value: dash}})
		add("endRange", b.number, b.exponent)
		add("shared", b.after)
	default:
		add("startRange", a.before, a.number, a.exponent, a.after)
		add("shared", []Part{{Type: "literal", Value: dash}})
		add("endRange", b.before, b.number, b.exponent, b.after)
	}
	add("shared", b.outer)
	return out
}

package cldr

import "strings"

// Plural is the English category of a number shown with these digits: one or other, and with ordinal
// one, two, few or other.
func Plural(whole, fraction string, ordinal bool) string {
	if !ordinal {
		if strings.TrimLeft(whole, "0") == "1" && fraction == "" {
			return "one"
		}
		return "other"
	}
	if strings.Trim(fraction, "0") != "" {
		return "other"
	}
	tens := "0" + whole
	if tens[len(tens)-2] == '1' {
		return "other"
	}
	switch tens[len(tens)-1] {
	case '1':
		return "one"
	case '2':
		return "two"
	case '3':
		return "few"
	}
	return "other"
}

// Relative returns a relative time such as "in 2 days" in pieces. The unit is singular, style long,
// short or narrow; words says that yesterday and the like serve where there is such a word.
func Relative(locale, style, unit string, d Decimal, words bool) []Part {
	data := (*relativesOf(locale))[unit+"-"+style]
	if words && d.Finite() {
		key := ""
		switch {
		case d.zero() && d.negative && data.Words["-0"] != "":
			key = "-0"
		case d.zero():
			key = "0"
		case d.digits == "1" && d.point == 1:
			key = map[bool]string{true: "-1", false: "1"}[d.negative]
		}
		if word, ok := data.Words[key]; ok {
			return []Part{{Type: "literal", Value: word}}
		}
	}
	forms := data.Future
	if d.negative {
		forms = data.Past
		d.negative = false
	}
	f := NewNumberFormat(locale, NumberOptions{Style: "decimal", Notation: "standard", Grouping: "auto", Sign: "auto", Digits: DigitOptions{
		MinimumInteger: 1, MaximumFraction: 3, Rounding: "fraction", Mode: "halfExpand", Increment: 1}})
	number := f.Parts(d)
	form := forms[1]
	if len(number) == 1 && number[0].Value == "1" {
		form = forms[0]
	}
	before, after, _ := strings.Cut(form, "{0}")
	var out []Part
	if before != "" {
		out = append(out, Part{Type: "literal", Value: before})
	}
	for _, p := range number {
		p.Unit = unit
		out = append(out, p)
	}
	if after != "" {
		out = append(out, Part{Type: "literal", Value: after})
	}
	return out
}

// List joins items: kind is conjunction, disjunction or unit, style long, short or narrow.
func List(locale, kind, style string, items []string) []Part {
	oxford := locale == "en" || locale == "en-US"
	pair, middle, last := " and ", ", ", ", and "
	switch {
	case kind == "disjunction":
		pair, last = " or ", ", or "
	case kind == "unit" && style == "narrow":
		pair, middle, last = " ", " ", " "
	case kind == "unit":
		pair, last = ", ", ", "
	case style == "narrow" && locale == "en-IN":
		pair, oxford = ", ", true
	case style == "narrow":
		pair, last = ", ", ", "
	case style == "short" && oxford:
		pair, last = " & ", ", & "
	}
	if !oxford && kind != "unit" && len(last) > 2 {
		last = pair
	}
	var out []Part
	for i, item := range items {
		switch {
		case i == 0:
		case len(items) == 2:
			out = append(out, Part{Type: "literal", Value: pair})
		case i == len(items)-1:
			out = append(out, Part{Type: "literal", Value: last})
		default:
			out = append(out, Part{Type: "literal", Value: middle})
		}
		out = append(out, Part{Type: "element", Value: item})
	}
	return out
}

package cldr

import "strings"

// Name is the name of a code of kind region, language, script or currency, empty when there is none.
// The code is canonical. Style is long, short or narrow; dialect prefers "British English" to "English
// (United Kingdom)".
func Name(locale, kind, code, style string, dialect bool) string {
	data := namesOf(locale)
	switch kind {
	case "region":
		if short := data.ShortRegion[code]; style != "long" && short != "" {
			return short
		}
		return data.Region[code]
	case "script":
		return data.Script[code]
	case "currency":
		if names, ok := numbersOf(locale).Currencies[code]; ok {
			return names[2]
		}
		return ""
	}
	return data.language(code, style, dialect)
}

func (n *nameData) language(code, style string, dialect bool) string {
	t, ok := ParseTag(code)
	if !ok {
		return ""
	}
	find := func(code string) string {
		if short := n.ShortLanguage[code]; style != "long" && short != "" {
			return short
		}
		return n.Language[code]
	}
	script, region, base := t.Script, t.Region, ""
	if dialect {
		short := Tag{Language: t.Language, Script: script, Region: region}.Base()
		if name := find(short); short != t.Language && name != "" {
			base, script, region = name, "", ""
		}
	}
	if base == "" {
		base = find(t.Language)
	}
	if base == "" {
		return ""
	}
	var more []string
	if script != "" {
		more = append(more, or(n.Script[script], script))
	}
	if region != "" {
		more = append(more, or(n.Region[region], region))
	}
	for _, v := range t.Variants {
		more = append(more, strings.ToUpper(v))
	}
	if len(more) == 0 {
		return base
	}
	// "Chinese (Simplified)" and "(China)" become one pair of brackets.
	if inner, ok := strings.CutSuffix(base, ")"); ok {
		return inner + ", " + strings.Join(more, ", ") + ")"
	}
	return base + " (" + strings.Join(more, ", ") + ")"
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// FieldName is the name of a field of dates, in the words of Intl.DisplayNames; false for no field.
func FieldName(locale, field string) (string, bool) {
	key, ok := map[string]string{"era": "era", "year": "year", "quarter": "quarter", "month": "month", "weekOfYear": "week",
		"weekday": "weekday", "day": "day", "dayPeriod": "dayperiod", "hour": "hour", "minute": "minute", "second": "second",
		"timeZoneName": "zone"}[field]
	return datesOf(locale).Fields[key], ok
}

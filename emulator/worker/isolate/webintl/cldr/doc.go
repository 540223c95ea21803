// Package cldr formats dates, numbers, lists and the like in English as ICU does, from tables of the
// Unicode CLDR, for Intl. It knows no JavaScript.
//
// The locales are English and its regions that data/ has; Resolve says which one serves a language
// tag. The tables are read when the first formatter wants them, and are immutable, as all formatters
// are, so that both serve all goroutines.
//
// data/ is made by data/generate.js from the Unicode CLDR, version 48, whose licence is data/LICENSE.
package cldr

// A Part is one piece of a formatted text. Source is set in ranges only: "startRange", "endRange",
// "shared".
type Part struct {
	Type, Value, Source string
	Unit                string // of relative times: the unit that a number counts
}

// Join is the text of parts.
func Join(parts []Part) string {
	if len(parts) == 1 {
		return parts[0].Value
	}
	n := 0
	for _, p := range parts {
		n += len(p.Value)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(b, p.Value...)
	}
	return string(b)
}

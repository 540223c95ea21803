package cldr

import (
	"strings"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// CollatorOptions are those of Intl.Collator.
type CollatorOptions struct {
	Sensitivity       string // base, accent, case, variant
	Numeric           bool
	CaseFirst         string // upper, lower, false
	IgnorePunctuation bool
}

// A Collator compares strings. It keeps buffers and serves one goroutine only.
type Collator struct {
	o     CollatorOptions
	all   *collate.Collator
	loose *collate.Collator // blind to case
}

// NewCollator makes the collator of any language tag.
func NewCollator(tag string, o CollatorOptions) *Collator {
	l, err := language.Parse(tag)
	if err != nil {
		l = language.AmericanEnglish
	}
	var options []collate.Option
	if o.Numeric {
		options = append(options, collate.Numeric)
	}
	if o.Sensitivity == "base" {
		options = append(options, collate.IgnoreDiacritics)
	}
	c := &Collator{o: o}
	if o.Sensitivity == "base" || o.Sensitivity == "accent" {
		c.all = collate.New(l, append(options, collate.IgnoreCase)...)
		return c
	}
	c.all = collate.New(l, options...)
	if o.CaseFirst == "upper" {
		c.loose = collate.New(l, append(options, collate.IgnoreCase)...)
	}
	return c
}

// CollatorSupports reports whether there is a collation for the language.
func CollatorSupports(t Tag) bool {
	if t.Language == "en" {
		return true
	}
	l, err := language.Parse(t.Base())
	if err != nil {
		return false
	}
	base, _ := l.Base()
	for _, s := range collate.Supported() {
		if b, _ := s.Base(); b == base && s != language.Und {
			return true
		}
	}
	return false
}

// Compare returns -1, 0 or 1.
func (c *Collator) Compare(a, b string) int {
	if a == b {
		return 0
	}
	a, b = norm.NFD.String(a), norm.NFD.String(b)
	if c.o.IgnorePunctuation {
		a, b = strings.Map(unpunctuated, a), strings.Map(unpunctuated, b)
	}
	if c.o.Sensitivity == "case" {
		a, b = strings.Map(unaccented, strings.ReplaceAll(a, "ß", "ss")), strings.Map(unaccented, strings.ReplaceAll(b, "ß", "ss"))
		if a == b {
			return 0
		}
	}
	order := c.all.CompareString(a, b)
	if order == 0 || c.loose == nil || c.o.CaseFirst != "upper" {
		return order
	}
	if c.loose.CompareString(a, b) == 0 {
		return -order // only case tells them apart
	}
	return order
}

func unaccented(c rune) rune {
	if unicode.Is(unicode.Mn, c) {
		return -1
	}
	return c
}

func unpunctuated(c rune) rune {
	if unicode.IsPunct(c) || unicode.IsSpace(c) {
		return -1
	}
	return c
}

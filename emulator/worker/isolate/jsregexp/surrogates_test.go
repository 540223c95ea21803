package jsregexp

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/dlclark/regexp2/v2"
)

// found matches a pattern all over a text, in units or in code points, and returns where.
func found(t *testing.T, pattern, text string, unicode bool) (places []int) {
	t.Helper()
	options := regexp2.RegexOptions(regexp2.ECMAScript)
	runes := []rune(text)
	if unicode {
		options |= regexp2.Unicode
		runes = []rune(strings.NewReplacer("H", "\ue000", "L", "\ue001").Replace(text))
		for n, r := range runes { // lone surrogates, which no Go string holds
			switch r {
			case 0xe000:
				runes[n] = 0xd83d
			case 0xe001:
				runes[n] = 0xde00
			}
		}
	} else {
		runes = runes[:0]
		for _, u := range utf16.Encode([]rune(text)) {
			runes = append(runes, rune(u))
		}
	}
	rx, err := regexp2.Compile(pattern, options)
	if err != nil {
		t.Fatal(err)
	}
	m, err := rx.FindRunesMatch(runes)
	for ; m != nil && err == nil; m, err = rx.FindNextMatch(m) {
		places = append(places, m.RuneIndex, m.RuneIndex+m.RuneLength)
	}
	return places
}

func TestSurrogatesAreToldApart(t *testing.T) {
	for name, tt := range map[string]struct {
		pattern, text string
		unicode       bool
		want          []int
	}{
		"classes of halves":           {`[\ud800-\udbff][\udc00-\udfff]`, "a👩b", false, []int{1, 3}},
		"negated ones":                {`[^\ud800-\udbff][^\udc00-\udfff]`, "👩ab", false, []int{1, 3}},
		"ranges of the second half":   {`\ud83c[\udde6-\uddff]|\ud83d[\ude00-\ude4f]`, "🇦😀", false, []int{0, 2, 2, 4}},
		"texts":                       {`(?=.)(?:\ud83c\udde6|\ud83d\ude00)`, "😀🇦", false, []int{0, 2, 2, 4}},
		"texts that repeat":           {`(?:\ud83c\udde6)+x|(?:\ud83d\ude00){2}y`, "😀😀y", false, []int{0, 5}},
		"a class that has a hyphen":   {`[-\ud83c][\udde6-]`, "-🇦-", false, []int{1, 3}},
		"halves within the flag u":    {`[\ud800-\udbff]|[\udc00-\udfff]`, "aHbL", true, []int{1, 2, 3, 4}},
		"negated within the flag u":   {`[^\u{d800}-\u{dbff}][^\udc00-\udfff]`, "HLab", true, []int{1, 3}},
		"and what stands for no pair": {`\\ud83d[\\ud83d]`, `\ud83du`, false, []int{0, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(t, Tell(tt.pattern, tt.unicode), tt.text, tt.unicode); !slices.Equal(got, tt.want) {
				t.Errorf("found %v, want %v", got, tt.want)
			}
		})
	}
	if got := found(t, `[\ud800-\udbff][\udc00-\udfff]`, "👩", false); got != nil {
		t.Error("the matcher tells surrogates apart by itself: Tell can go")
	}
}

func TestPatternsWithoutSurrogatesStay(t *testing.T) {
	for _, pattern := range []string{`a[b]`, `\u0041[\u0042-\uffff]`, `[]`, `[^]`, `\`, `[\`, `\u{`, `\uD7FF[\uE000]`} {
		if got := Tell(pattern, false); got != pattern {
			t.Errorf("%s became %s", pattern, got)
		}
	}
}

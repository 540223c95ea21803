package jsregexp

import (
	"slices"
	"testing"
)

func TestLower(t *testing.T) {
	for name, tt := range map[string]struct{ pattern, flags, want, wantFlags string }{
		"a property becomes ranges":                         {`^\p{ASCII}$`, "u", `^[\u{0}-\u{7F}]$`, "u"},
		"a negated one becomes the others":                  {`\P{ASCII}`, "gu", `[\u{80}-\u{10FFFF}]`, "gu"},
		"it does within a class":                            {`[^\p{ASCII_Hex_Digit}\-x]`, "u", `[^0-9A-Fa-f\-x]`, "u"},
		"without the u flag it is a p":                      {`\p{L}`, "", `\p{L}`, ""},
		"an escaped backslash escapes nothing":              {`\\p{L}`, "u", `\\p{L}`, "u"},
		"a class is subtracted":                             {`[\w--[a-z_]]`, "v", `[0-9A-Z]`, "u"},
		"classes are intersected":                           {`[[a-f]&&[d-z]&&\w]`, "v", `[d-f]`, "u"},
		"strings come before characters":                    {`[\q{ab|c|abc|}d]`, "v", `(?:abc|ab|[cd]|)`, "u"},
		"strings are subtracted":                            {`[\q{ab|cd|e}--\q{cd}]`, "v", `(?:ab|[e])`, "u"},
		"case folds before the complement":                  {`[^k]`, "vi", `[\u{0}-JL-jl-\u{2129}\u{212B}-\u{10FFFF}]`, "ui"},
		"an empty class matches nothing":                    {`[[a]--[a]]`, "v", `[^\u{0}-\u{10FFFF}]`, "u"},
		"indices need nothing":                              {`a(b)`, "dg", `a(b)`, "g"},
		"a modifier ignores case of its part":               {`(?i:ab)c`, "", `(?:[Aa][Bb])c`, ""},
		"and heeds it":                                      {`(?-i:a)b[c-d]`, "i", `(?:a)[Bb][CDcd]`, ""},
		"within the u flag by all that folds":               {`(?i:k)`, "u", `(?:[Kk\u{212A}])`, "u"},
		"dots and anchors follow modifiers":                 {`.(?s:.)(?m:^)$`, "", `.(?:[\u0000-` + "\\uFFFF" + `])(?:(?<![\u0000-\u0009\u000B\u000C\u000E-\u2027\u202A-\uFFFF]))$`, ""},
		"groups of one name lose it":                        {`(?<a>x)(b)|(?<a>y)\k<a>`, "", `(x)(b)|(y)(?:(?:\1)(?:\3))`, ""},
		"groups of one name may be in any two alternatives": {`(?:(?<a>x)|(?:(?<a>y)|(?<a>z))(?<b>))|\((?<a>w)[|(]`, "", `(?:(x)|(?:(y)|(z))())|\((w)[|(]`, ""},
		"quantifiers and groups are left alone":             {`(?:a{2,}|(?=b)(?<!c)(?<n>d)*?)+`, "v", `(?:a{2,}|(?=b)(?<!c)(?<n>d)*?)+`, "u"},
		"brackets escaped or in classes are no more":        {`\[(?i:x)[\]]`, "", `\[(?:[Xx])[` + `\u005D` + `]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Lower(tt.pattern, tt.flags)
			if err != nil {
				t.Fatal(err)
			}
			if want := tt.want; got.Pattern != want || got.Flags != tt.wantFlags {
				t.Errorf("/%s/%s\nwant /%s/%s", got.Pattern, got.Flags, want, tt.wantFlags)
			}
		})
	}
}

func TestNamesOfGroupsThatShareOne(t *testing.T) {
	got, err := Lower(`(?<a>x)(b)|(?<a>[(]y)\((?:z)`, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "", "a"}; !slices.Equal(got.Names, want) {
		t.Errorf("got %q, want %q", got.Names, want)
	}
}

func TestRefusals(t *testing.T) {
	for pattern, tt := range map[string]struct{ flags, want string }{
		`(?<a>x)(?<a>y)`:                 {"", "Duplicate capture group name"},
		`(?<a>(?<a>y))`:                  {"", "Duplicate capture group name"},
		`(?:(?<a>x)|(?<b>y))[)|](?<b>z)`: {"g", "Duplicate capture group name"},
		`\p{Foo}`:                        {"u", "Invalid property name"},
		`[\p{Foo}]`:                      {"u", "Invalid property name in character class"},
		`\p{L`:                           {"u", "Invalid property name"},
		`\p{Other_Math}`:                 {"u", "Invalid property name"},
		`\p{sc=L}`:                       {"u", "Invalid property name"},
		`\p{RGI_Emoji}`:                  {"v", "the property RGI_Emoji is not supported by cfemu's embedded engine"},
		`[a&&&b]`:                        {"v", "Invalid character in character class"},
		`[(]`:                            {"v", "Invalid character in character class"},
		`[b-a]`:                          {"v", "Range out of order in character class"},
		`[^\q{ab}]`:                      {"v", "Negated character class may contain strings"},
		`[a`:                             {"v", "Unterminated character class"},
		`(?x:a)`:                         {"", "Invalid group"},
		`(?i-i:a)`:                       {"", "Invalid group"},
	} {
		if _, err := Lower(pattern, tt.flags); err == nil || err.Error() != tt.want {
			t.Errorf("/%s/%s: got %v, want %s", pattern, tt.flags, err, tt.want)
		}
	}
}

func TestNeeded(t *testing.T) {
	for pattern, flags := range map[string]string{`\p{L}`: "u", `a`: "v", `b`: "gd", `(?i:a)`: "", `(?<a>x)|(?<a>y)`: "", `(?<a>x)`: "u"} {
		if !Needed(pattern, flags) {
			t.Errorf("/%s/%s is left as it is", pattern, flags)
		}
	}
	for pattern, flags := range map[string]string{`\p{L}`: "", `(?<a>x)`: "g", `(?:a)(?=b)(?!c)(?<=d)(?<!e)`: "u", `(?`: ""} {
		if Needed(pattern, flags) {
			t.Errorf("/%s/%s is rewritten", pattern, flags)
		}
	}
}

func TestProperties(t *testing.T) {
	for name, tt := range map[string]struct{ in, out string }{
		"L":                               {"aé中", "1 😀"},
		"Lowercase_Letter":                {"aß", "A1"},
		"gc=Nd":                           {"1٣", "a½"},
		"General_Category=Decimal_Number": {"1", "a"},
		"punct":                           {"!_", "a+"},
		"LC":                              {"aAǅ", "中"},
		"C":                               {"\x00\u0378\ue000", "a"},
		"Cn":                              {"\u0378", "a"},
		"Assigned":                        {"a", "\u0378"},
		"Any":                             {"a\u0378", ""},
		"sc=Greek":                        {"α", "a"},
		"Script=Grek":                     {"α", "a"},
		"scx=Deva":                        {"क।", "a"},
		"sc=Deva":                         {"क", "।"},
		"Script_Extensions=Common":        {"!", "।"},
		"sc=Zzzz":                         {"\u0378", "a"},
		"Alphabetic":                      {"aⅣ", "1"},
		"Alpha":                           {"a", "1"},
		"ID_Start":                        {"aⅣ℘", "1_"},
		"IDC":                             {"a1_·", "-"},
		"White_Space":                     {" \u2003", "\ufeffa"},
		"space":                           {" ", "a"},
		"Uppercase":                       {"AⅣ", "a"},
		"Lower":                           {"aª", "A"},
		"Emoji":                           {"😀1#", "a"},
		"Emoji_Presentation":              {"😀", "1☺"},
		"Extended_Pictographic":           {"😀☺", "1"},
		"ExtPict":                         {"😀", "1"},
		"EBase":                           {"👋", "😀"},
		"RI":                              {"🇦", "a"},
		"Ideo":                            {"中", "a"},
		"CWU":                             {"aß", "A"},
		"STerm":                           {".!", ","},
	} {
		s, ok := lookUp(name)
		if !ok {
			t.Errorf("%s is unknown", name)
			continue
		}
		for _, r := range tt.in {
			if !s.has(r) {
				t.Errorf("%s lacks %q", name, r)
			}
		}
		for _, r := range tt.out {
			if s.has(r) {
				t.Errorf("%s has %q", name, r)
			}
		}
	}
}

func TestTheTableIsWhole(t *testing.T) {
	for key := range tables() {
		if key == "a" {
			continue
		}
		last := rune(-1)
		for _, sp := range table(key) {
			if sp.lo <= last || sp.hi < sp.lo || sp.hi > maxRune {
				t.Fatalf("%s: %x-%x after %x", key, sp.lo, sp.hi, last)
			}
			last = sp.hi
		}
	}
	for short, long := range scriptAliases() {
		if _, ok := script(short, true); !ok {
			t.Errorf("%s (%s) is unknown", short, long)
		}
	}
}

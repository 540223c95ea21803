package wrangler

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDotenv(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []pair
	}{
		"plain":                         {"A=b", []pair{{"A", "b"}}},
		"spaces around":                 {"  A  =  b c  ", []pair{{"A", "b c"}}},
		"export":                        {"export A=b", []pair{{"A", "b"}}},
		"a colon and a space":           {"A: b", []pair{{"A", "b"}}},
		"empty":                         {"A=\nB=b", []pair{{"A", ""}, {"B", "b"}}},
		"a comment line":                {"# A=b\nC=d", []pair{{"C", "d"}}},
		"a comment behind":              {"A=b # c", []pair{{"A", "b"}}},
		"a hash in quotes":              {`A="b # c"`, []pair{{"A", "b # c"}}},
		"single quotes keep escapes":    {`A='b\nc'`, []pair{{"A", `b\nc`}}},
		"double quotes read line ends":  {`A="b\nc\rd\te"`, []pair{{"A", "b\nc\rd\\te"}}},
		"back quotes hold both others":  {"A=`b \"c\" 'd'`", []pair{{"A", `b "c" 'd'`}}},
		"quoted values span lines":      {"A=\"b\nc\"\nD=e", []pair{{"A", "b\nc"}, {"D", "e"}}},
		"windows line ends":             {"A=b\r\nC=\"d\r\ne\"\r\n", []pair{{"A", "b"}, {"C", "d\ne"}}},
		"equals signs in the value":     {"A=b==", []pair{{"A", "b=="}}},
		"dots and hyphens in the name":  {"A.b-c=d", []pair{{"A.b-c", "d"}}},
		"an inner quote is a character": {`A=it's`, []pair{{"A", "it's"}}},
		"JSON":                          {`A={"b": "c"}`, []pair{{"A", `{"b": "c"}`}}},
		"quotes that never end":         {`A="b`, []pair{{"A", `"b`}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := normalized(tt.text)
			got := parseDotenv(text, func(offset int) { t.Errorf("skipped %q", text[offset:]) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDotenvTellsWhatItSkips(t *testing.T) {
	text := "A=b\n\n  what is this\n# comment\nC=d\nand this"
	var skipped []string
	got := parseDotenv(text, func(offset int) {
		line, _, _ := strings.Cut(text[offset:], "\n")
		skipped = append(skipped, line)
	})
	if want := []string{"what is this", "and this"}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
	if len(got) != 2 {
		t.Errorf("got %q, want both assignments", got)
	}
}

func TestExpand(t *testing.T) {
	known := map[string]string{"A": "a", "B": "$A$A", "SELF": "$SELF", "X": "$Y", "Y": "$X"}
	for _, tt := range []struct{ value, want string }{
		{"plain", "plain"},
		{"$A", "a"},
		{"${A}b", "ab"},
		{"$A-$A", "a-a"},
		{"$B", "aa"},
		{`\$A`, "$A"},
		{"$NONE", ""},
		{"${NONE:-x}", "x"},
		{"${NONE-x}", "x"},
		{"${A:-x}", "a"},
		{"${A:+x}", "x"},
		{"${NONE:+x}", ""},
		{"${NONE:-$A}", "a"},
		{"100$", "100$"},
	} {
		if got := expand(tt.value, func(name string) string { return known[name] }); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.value, got, tt.want)
		}
	}
	for _, endless := range []string{"$SELF", "$X"} {
		expand(endless, func(name string) string { return known[name] }) // must come back
	}
}

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=b", "A='\n", "export A: `x`", "=", "A=$A", "A=${A:-${B}}", "\r\n\"="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range parseDotenv(normalized(text), func(int) {}) {
			if p.key == "" {
				t.Errorf("a pair without a name: %q", p)
			}
			expand(p.value, func(name string) string { return fmt.Sprintf("$%s", name) })
		}
	})
}

package bundle

import "testing"

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, path      string
		globstar, match bool
	}{
		{"**/*.txt", "./a.txt", false, true},
		{"**/*.txt", "../x/y/a.txt", false, true},
		{"**/*.txt", "a.txt", false, false}, // a package of that name
		{"**/*.txt", "./a.txt.ts", false, false},
		{"**/*.wasm?module", "./a.wasm?module", false, true},
		{"**/*.wasm?module", "./a.wasmXmodule", false, false},
		{"*.md", "./deep/README.md", false, true},
		{"**/*.txt", "a.txt", true, true},
		{"**/*.txt", "x/y/a.txt", true, true},
		{"*.txt", "a.txt", true, true},
		{"*.txt", "x/a.txt", true, false},
		{"lang/*.mjs", "lang/en.mjs", true, true},
		{"lang/*.mjs", "lang/x/en.mjs", true, false},
		{"lang/**/*.mjs", "lang/x/y/en.mjs", true, true},
		{"lang/**/*.mjs", "lang/en.mjs", true, true},
		{"**", "x/y", true, true},
		{"a+(b).txt", "a+(b).txt", true, true},
	} {
		if got := globRegexp(tt.glob, tt.globstar).MatchString(tt.path); got != tt.match {
			t.Errorf("glob %q, globstar %t, on %q: %t, want %t", tt.glob, tt.globstar, tt.path, got, tt.match)
		}
	}
}

package wrangler

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad feeds both parsers and the decoder: no file makes them panic, and whatever they say is at
// a place that exists.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/mistakes/*.txtar", "testdata/configs/*.txtar"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for _, part := range archive.Files {
				if strings.HasPrefix(part.Name, "wrangler.") {
					f.Add(string(part.Data), filepath.Ext(part.Name) == ".toml")
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string, toml bool) {
		name := "wrangler.jsonc"
		if toml {
			name = "wrangler.toml"
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(file, LoadOptions{Env: "staging"})
		lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
		check := func(e Error) {
			if e.Message == "" || e.Line > len(lines) {
				t.Errorf("%+v is nowhere", e)
			}
			if e.Line > 0 && (e.Column < 1 || e.Column > len([]rune(lines[e.Line-1]))+1 || !shows(e, lines[e.Line-1], text)) {
				t.Errorf("%+v is beside its line %q", e, lines[e.Line-1])
			}
		}
		for _, w := range cfg.Warnings {
			check(Error(w))
		}
		var all Errors
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("%T is no list of mistakes: %v", err, err)
		}
		for _, e := range all {
			check(*e)
		}
	})
}

// shows reports whether a message shows its line, or hides it from a file that may hold a secret.
func shows(e Error, line, text string) bool {
	hidden := e.SourceLine == "" && (strings.Contains(text, "\\") || strings.Contains(text, keyPair) || strings.Contains(text, "secretAccessKey"))
	return hidden || e.SourceLine == strings.TrimRight(line, "\r")
}

package wrangler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfemu/cfemu/internal/testkit"
)

// TestMistakes runs testdata/mistakes/*.txtar. Each holds the same mistake in both formats, and what
// is said about it: a reader of the message alone must be able to mend it.
func TestMistakes(t *testing.T) { runArchives(t, "testdata/mistakes/*.txtar", 10, false) }

// TestConfigs runs testdata/configs/*.txtar: what is made of files without mistakes, with warnings.
func TestConfigs(t *testing.T) { runArchives(t, "testdata/configs/*.txtar", 1, true) }

// runArchives loads each configuration file of each archive. The comment's lines "env: NAME",
// "env-file: FILE", "var: K:V" and "process: K=V" are the options; "want FILE" is what comes out.
func runArchives(t *testing.T, pattern string, least int, dump bool) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < least {
		t.Fatalf("%d archives of at least %d: %v", len(files), least, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want := map[string]string{}
			var configs []string
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, "want "); ok {
					want[name] = string(f.Data)
					continue
				}
				write(t, filepath.Join(dir, f.Name), string(f.Data))
				if strings.HasPrefix(f.Name, "wrangler.") {
					configs = append(configs, f.Name)
				}
			}
			archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want ") })
			for _, name := range configs {
				cfg, err := Load(filepath.Join(dir, name), optionsOf(t, string(archive.Comment)))
				got := render(t, cfg, err, dir, dump)
				if got != want[name] && !testkit.Update() {
					t.Errorf("%s: got:\n%s\nwant:\n%s", name, got, want[name])
				}
				archive.Files = append(archive.Files, txtar.File{Name: "want " + name, Data: []byte(got)})
				if !dump && err == nil && len(cfg.Warnings) == 0 {
					t.Errorf("%s: the mistake goes unnoticed", name)
				}
			}
			if testkit.Update() {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func optionsOf(t *testing.T, comment string) LoadOptions {
	t.Helper()
	o := LoadOptions{Vars: map[string]string{}}
	process := map[string]string{}
	for line := range strings.Lines(comment) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		switch key {
		case "env":
			o.Env = value
		case "env-file":
			o.EnvFiles = append(o.EnvFiles, value)
		case "var":
			k, v, _ := strings.Cut(value, ":")
			o.Vars[k] = v
		case "process":
			k, v, _ := strings.Cut(value, "=")
			process[k] = v
		default:
			t.Fatalf("unknown option %q", key)
		}
	}
	o.Getenv = func(name string) string { return process[name] }
	o.Environ = func() []string {
		var out []string
		for k, v := range process {
			out = append(out, k+"="+v)
		}
		return out
	}
	return o
}

func render(t *testing.T, cfg *Config, err error, dir string, dump bool) string {
	t.Helper()
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "%v\n", err)
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	if dump && err == nil {
		b.WriteString(dumpConfig(t, *cfg))
	}
	return strings.ReplaceAll(b.String(), dir, "DIR")
}

// dumpConfig writes what is set in a Config.
func dumpConfig(t *testing.T, cfg Config) string {
	t.Helper()
	cfg.File, cfg.Dir, cfg.Inputs, cfg.Warnings = "", "", nil, nil
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(prune(tree)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// prune drops what is not set, and places.
func prune(v any) any {
	switch x := v.(type) {
	case map[string]any:
		delete(x, "Pos")
		for k, item := range x {
			if x[k] = prune(item); x[k] == nil {
				delete(x, k)
			}
		}
		if len(x) == 0 {
			return nil
		}
	case []any:
		for i, item := range x {
			x[i] = prune(item)
		}
		if len(x) == 0 {
			return nil
		}
	case string:
		if x == "" {
			return nil
		}
	case bool:
		if !x {
			return nil
		}
	}
	return v
}

func TestBothFormatsMeanTheSame(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "wrangler.jsonc"), `{
		"name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-31", "compatibility_flags": ["nodejs_compat"],
		"vars": {"TEXT": "a\tb\u00e9", "NUMBER": 1.50, "BIG": 12345678901, "NEGATIVE": -3, "HEX": 255, "ON": true, "LIST": [1, "two", [3]], "DEEP": {"a": {"b": {"c": 0}}}},
		"rules": [{"type": "Text", "globs": ["**/*.md", "**/*.csv"], "fallthrough": true}],
		"queues": {"producers": [{"binding": "Q", "queue": "q"}], "consumers": [{"queue": "q", "max_batch_size": 5}]},
		"env": {"prod": {"vars": {"TEXT": "prod"}}},
	}`)
	write(t, filepath.Join(dir, "wrangler.toml"), `
name = 'w'
"main" = "src/index.ts"
compatibility_date = """2026-01-31"""
compatibility_flags = [ # a comment
	"nodejs_compat", ]
rules = [ { type = "Text", globs = ["**/*.md", "**/*.csv"], fallthrough = true } ]
queues.producers = [{ binding = "Q", queue = "q" }]
queues.consumers = [{ queue = "q", max_batch_size = 5 }]

[vars]
TEXT = "a\tbé"
NUMBER = 1.50
BIG = 12_345_678_901
NEGATIVE = -3
HEX = 0xff
ON = true
LIST = [1, "two", [3]]

[vars.DEEP.a]
b = { c = 0 }

[env.prod.vars]
TEXT = "prod"
`)
	for _, env := range []string{"", "prod"} {
		var dumps []string
		for _, name := range []string{"wrangler.jsonc", "wrangler.toml"} {
			cfg, err := Load(filepath.Join(dir, name), LoadOptions{Env: env})
			if err != nil {
				t.Fatal(err)
			}
			dumps = append(dumps, dumpConfig(t, *cfg))
		}
		if dumps[0] != dumps[1] {
			t.Errorf("env %q: JSONC gives\n%s\nTOML gives\n%s", env, dumps[0], dumps[1])
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "all/wrangler.json"), "{}")
	write(t, filepath.Join(dir, "all/wrangler.jsonc"), "{}")
	write(t, filepath.Join(dir, "all/wrangler.toml"), "")
	write(t, filepath.Join(dir, "two/wrangler.jsonc"), "{}")
	write(t, filepath.Join(dir, "two/wrangler.toml"), "")
	write(t, filepath.Join(dir, "two/src/deep/index.ts"), "")
	write(t, filepath.Join(dir, "one/wrangler.toml"), "")
	write(t, filepath.Join(dir, "own/staging.jsonc"), "{}")
	for name, tt := range map[string]struct{ path, want string }{
		"json comes first":                     {"all", "all/wrangler.json"},
		"jsonc comes second":                   {"two", "two/wrangler.jsonc"},
		"toml comes last":                      {"one", "one/wrangler.toml"},
		"a file is itself, whatever its name":  {"own/staging.jsonc", "own/staging.jsonc"},
		"a folder below the project is enough": {"two/src/deep", "two/wrangler.jsonc"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Find(filepath.Join(dir, tt.path))
			if err != nil || got != filepath.Join(dir, tt.want) {
				t.Errorf("Find = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct{ path, says string }{
		"a folder without one says what to create": {"own", `create`},
		"a path that is not there says so":         {"nowhere", "there is no file or folder"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Find(filepath.Join(dir, tt.path))
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Find = %v, want an Error with %q", err, tt.says)
			}
		})
	}
}

func TestInputsAreAllFilesThatCouldMatter(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "wrangler.toml"), "name = 'w'\nmain = 'a.js'\n[env.prod]\n")
	for name, tt := range map[string]struct {
		o    LoadOptions
		want []string
	}{
		"without an environment": {LoadOptions{}, []string{"wrangler.toml", "wrangler.json", "wrangler.jsonc", ".dev.vars", ".env", ".env.local"}},
		"with one": {LoadOptions{Env: "prod"}, []string{"wrangler.toml", "wrangler.json", "wrangler.jsonc", ".dev.vars.prod", ".dev.vars",
			".env", ".env.local", ".env.prod", ".env.prod.local"}},
		"with files named": {LoadOptions{EnvFiles: []string{"x.env"}}, []string{"wrangler.toml", "wrangler.json", "wrangler.jsonc", "x.env"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := Load(filepath.Join(dir, "wrangler.toml"), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, w := range tt.want {
				want[filepath.Join(dir, w)] = true
			}
			got := map[string]bool{}
			for _, g := range cfg.Inputs {
				got[g] = true
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			}
		})
	}
}

func TestEveryMistakeIsAnErrorValue(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "wrangler.jsonc")
	write(t, file, `{"name": 1, "main": 2}`)
	cfg, err := Load(file, LoadOptions{})
	var all Errors
	if !errors.As(err, &all) || len(all) != 2 {
		t.Fatalf("got %v, want two Errors", err)
	}
	var first *Error
	if !errors.As(err, &first) || first.Line != 1 || first.Column != 10 || first.File != "wrangler.jsonc" || first.SourceLine == "" || first.Hint == "" {
		t.Errorf("got %+v, want the place of the first mistake", first)
	}
	if cfg == nil || len(cfg.Inputs) == 0 {
		t.Error("without Inputs nobody can wait for the mistake to be mended")
	}
}

package bundle

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

// TestBuild runs testdata/*.txtar: the comment's "key: value" lines are the Input, the files the
// project, and want what is built of it.
func TestBuild(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := realDir(t)
			var want string
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				write(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			out, err := Build(t.Context(), inputOf(t, dir, string(archive.Comment)))
			got := render(t, out, err)
			if got == want {
				return
			}
			if !testkit.Update() {
				t.Fatalf("got:\n%s\nwant:\n%s", got, want)
			}
			archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			archive.Files = append(archive.Files, txtar.File{Name: "want", Data: []byte(got)})
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// realDir is a temporary folder under its real name, which is the one that esbuild tells.
func realDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
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

func inputOf(t *testing.T, dir, comment string) Input {
	t.Helper()
	in := Input{Dir: dir, Main: "src/index.ts", Compat: worker.Compat{Date: "2026-01-31"}}
	for line := range strings.Lines(comment) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		var err error
		switch key {
		case "main":
			in.Main = value
		case "date":
			in.Compat.Date = value
		case "flags":
			in.Compat.Flags = strings.Fields(value)
		case "rules":
			err = json.Unmarshal([]byte(value), &in.Rules)
		case "alias":
			err = json.Unmarshal([]byte(value), &in.Alias)
		case "define":
			err = json.Unmarshal([]byte(value), &in.Define)
		case "base_dir":
			in.BaseDir = value
		case "tsconfig":
			in.TSConfig = value
		case "no_bundle":
			in.NoBundle = true
		case "find_additional_modules":
			on := value == "true"
			in.FindAdditionalModules = &on
		case "preserve_file_names":
			in.PreserveFileNames = true
		case "jsx_factory":
			in.JSXFactory = value
		case "minify":
			in.Minify = true
		default:
			t.Fatalf("unknown setting %q", key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return in
}

const mapMark = "//# sourceMappingURL=data:application/json;base64,"

// render writes what was built for a golden file. A source map is told by its sources.
func render(t *testing.T, out Output, err error) string {
	t.Helper()
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error:\n%v\n", err)
	}
	for _, w := range out.Warnings {
		fmt.Fprintf(&b, "warning:\n%v\n", &w)
	}
	if out.Exports != nil {
		fmt.Fprintf(&b, "exports: %s\n", strings.Join(out.Exports, " "))
	}
	for _, m := range out.Modules {
		text := string(m.Content)
		if m.Type == worker.WasmModule || m.Type == worker.DataModule {
			text = fmt.Sprintf("%q\n", text)
		}
		text, encoded, ok := strings.Cut(text, mapMark)
		fmt.Fprintf(&b, "\n%s %s\n%s", m.Type, m.Name, text)
		if ok {
			fmt.Fprintf(&b, "sources: %s\n", strings.Join(sources(t, encoded), " "))
		}
	}
	return b.String()
}

func sources(t *testing.T, encoded string) []string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Sources        []string
		SourcesContent []string
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.SourcesContent) != len(m.Sources) {
		t.Errorf("%d sources but %d contents: messages cannot show their lines", len(m.Sources), len(m.SourcesContent))
	}
	return m.Sources
}

func TestBuilderSeesChanges(t *testing.T) {
	dir := realDir(t)
	write(t, filepath.Join(dir, "src/index.ts"), `import { word } from "./word"; export default { fetch: () => word }`)
	write(t, filepath.Join(dir, "src/word.ts"), `export const word = "one"`)
	b := New(Input{Dir: dir, Main: "src/index.ts"})
	defer b.Close()
	expect := func(word string) {
		t.Helper()
		out, err := b.Build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(out.Modules[0].Content, []byte(`"`+word+`"`)) {
			t.Errorf("the bundle lacks %q:\n%s", word, out.Modules[0].Content)
		}
	}
	expect("one")
	write(t, filepath.Join(dir, "src/word.ts"), `export const word = "two"`)
	expect("two")

	write(t, filepath.Join(dir, "src/word.ts"), `export const word = `)
	var e *worker.BuildError
	if _, err := b.Build(t.Context()); !errors.As(err, &e) || e.File != "src/word.ts" || e.Line != 1 {
		t.Errorf("a broken file gives %v, want a BuildError in src/word.ts", err)
	}
	write(t, filepath.Join(dir, "src/word.ts"), `export const word = "three"`)
	expect("three")
}

func TestInputs(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
		fails bool
	}{
		"all that was read": {
			files: map[string]string{
				"src/index.ts":  `import "./a"; import text from "./t.txt"; import c from "../c.json"; export default { text, c }`,
				"src/a.ts":      ``,
				"src/t.txt":     `t`,
				"c.json":        `{}`,
				"tsconfig.json": `{"extends": "./base", /* c */}`,
				"base.json":     `{}`,
			},
			want: []string{"src/index.ts", "src/a.ts", "src/t.txt", "c.json", "tsconfig.json", "base.json", "src/tsconfig.json", "package.json"},
		},
		"what was read before the build failed": {
			files: map[string]string{"src/index.ts": `import "./a"; import "./b"`, "src/a.ts": `let = =`, "src/b.ts": ``},
			want:  []string{"src/index.ts", "src/a.ts", "src/b.ts"},
			fails: true,
		},
		"where a missing file would be": {
			files: map[string]string{"src/index.ts": `import "./lib/missing"`},
			want:  []string{"src/lib/missing.ts", "src/lib/missing/index.ts", "src/lib/missing.js"},
			fails: true,
		},
		"where a missing package would be": {
			files: map[string]string{"src/index.ts": `import "@org/pkg/sub"`},
			want:  []string{"node_modules/@org/pkg/package.json", "src/node_modules/@org/pkg/package.json"},
			fails: true,
		},
		"the entry that is not there": {
			want:  []string{"src/index.ts"},
			fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := realDir(t)
			for file, text := range tt.files {
				write(t, filepath.Join(dir, file), text)
			}
			out, err := Build(t.Context(), Input{Dir: dir, Main: "src/index.ts"})
			if (err != nil) != tt.fails {
				t.Fatalf("Build = %v", err)
			}
			for _, want := range tt.want {
				if !slices.Contains(out.Inputs, filepath.Join(dir, want)) {
					t.Errorf("inputs lack %s: %q", want, out.Inputs)
				}
			}
		})
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	dir := realDir(t)
	write(t, filepath.Join(dir, "src/index.ts"), `export default {}`)
	boom := errors.New("boom")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	if _, err := Build(ctx, Input{Dir: dir, Main: "src/index.ts"}); !errors.Is(err, boom) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

func TestAClosedBuilderLeavesNothing(t *testing.T) {
	testkit.NoLeaks(t)
	dir := realDir(t)
	write(t, filepath.Join(dir, "src/index.ts"), `export default {}`)
	b := New(Input{Dir: dir, Main: "src/index.ts"})
	if _, err := b.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b.Close()
	if _, err := b.Build(t.Context()); err == nil {
		t.Error("Build after Close succeeds")
	}
}

func TestModuleNamesFollowContent(t *testing.T) {
	dir := realDir(t)
	write(t, filepath.Join(dir, "src/index.ts"), `import a from "./a.txt"; import b from "./sub/a.txt"; export default { a, b }`)
	write(t, filepath.Join(dir, "src/a.txt"), "one")
	write(t, filepath.Join(dir, "src/sub/a.txt"), "two")
	out, err := Build(t.Context(), Input{Dir: dir, Main: "src/index.ts"})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range out.Modules[1:] {
		texts = append(texts, string(m.Content))
		if !bytes.Contains(out.Modules[0].Content, []byte(`"./`+m.Name+`"`)) {
			t.Errorf("nothing imports %s", m.Name)
		}
	}
	slices.Sort(texts)
	if !slices.Equal(texts, []string{"one", "two"}) {
		t.Errorf("modules hold %q, want both files of one name", texts)
	}
}

func BenchmarkRebuild(b *testing.B) {
	dir := realDir(b)
	var imports strings.Builder
	for i := range 20 {
		name := fmt.Sprintf("part%d", i)
		write(b, filepath.Join(dir, "src", name+".ts"), strings.Repeat(fmt.Sprintf("export function f%d(x: number): number { return x + %d }\n", i, i), 1))
		fmt.Fprintf(&imports, "export * from './%s'\n", name)
	}
	main := filepath.Join(dir, "src/index.ts")
	builder := New(Input{Dir: dir, Main: main, KeepNames: true})
	defer builder.Close()
	i := 0
	for b.Loop() {
		i++
		write(b, main, fmt.Sprintf("%s\nexport default { n: %d }", &imports, i))
		if _, err := builder.Build(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

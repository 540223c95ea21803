package node_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/internal/testkit"
)

// testdata/NAME.js exports cases as its default and NAME.txt is what Node.js 20 makes of them, which
// the isolate must make of them too. With -update, node writes NAME.txt.
func TestModulesDoAsNodeDoes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".js")
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", name+".txt")
			if testkit.Update() {
				updateFromNode(t, name, golden)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			cases, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, playInIsolate(t, cases), string(want))
		})
	}
}

func updateFromNode(t *testing.T, name, golden string) {
	t.Helper()
	script := "import cases from './testdata/" + name + ".js'\nimport { play } from './testdata/play.mjs'\n" +
		"process.stdout.write(await play(cases))"
	cmd := exec.CommandContext(t.Context(), "node", "--no-warnings", "--experimental-default-type=module", "--input-type=module", "-e", script)
	cmd.Env = append(os.Environ(), "TZ=UTC", "NO_COLOR=1")
	text, err := cmd.Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("node: %v\n%s", err, e.Stderr)
		}
		t.Fatalf("node: %v", err)
	}
	if err := os.WriteFile(golden, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func playInIsolate(t *testing.T, cases []byte) string {
	t.Helper()
	play, err := os.ReadFile("testdata/play.mjs")
	if err != nil {
		t.Fatal(err)
	}
	return runWorker(t, worker.Spec{Modules: []worker.Module{
		{Name: "index.js", Type: worker.ESModule, Content: []byte(`import cases from './cases.js'
			import { play } from './play.mjs'
			export default { fetch: async () => new Response(await play(cases)) }`)},
		{Name: "cases.js", Type: worker.ESModule, Content: cases},
		{Name: "play.mjs", Type: worker.ESModule, Content: play},
	}})
}

// runWorker is what a Worker under nodejs_compat answers to one request.
func runWorker(t *testing.T, spec worker.Spec) string {
	t.Helper()
	if spec.Compat.Date == "" {
		spec.Compat = worker.Compat{Date: "2026-08-01", Flags: []string{"nodejs_compat"}}
	}
	spec.Name = "test"
	if spec.Outbound == nil {
		spec.Outbound = http.DefaultTransport
	}
	if spec.Console == nil {
		spec.Console = func(l worker.Line) { t.Log(l.Source, l.Message) }
	}
	e := isolate.New(isolate.Options{})
	defer e.Close()
	w, err := e.Load(t.Context(), spec)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	defer w.Close(context.Background())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.RoundTrip(r)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("body: %v", err)
	}
	return string(text)
}

// compare tells of each case, two lines or more, that differs.
func compare(t *testing.T, got, want string) {
	t.Helper()
	results := func(text string) (names []string, byName map[string]string) {
		byName = map[string]string{}
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "    ") {
				names = append(names, line)
				continue
			}
			byName[names[len(names)-1]] += line
		}
		return names, byName
	}
	names, wanted := results(want)
	_, found := results(got)
	if len(found) != len(names) {
		t.Errorf("%d cases, want %d", len(found), len(names))
	}
	for _, name := range names {
		if found[name] != wanted[name] {
			t.Errorf("%sgot\n%swant\n%s", name, found[name], wanted[name])
		}
	}
}

package webintl

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
	"github.com/cfemu/cfemu/internal/testkit"
)

// golden returns the calls of testdata/cases.js, and what evaluates one in a runtime with Intl.
func golden(t testing.TB) (calls []string, evaluate func(source string) string) {
	t.Helper()
	h := hosttest.New(t)
	webcore.Install(h)
	Install(h)
	script, err := os.ReadFile("testdata/cases.js")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.RT.RunScript("cases.js", string(script)); err != nil {
		t.Fatal(err)
	}
	v, err := h.RT.RunString("calls()")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.RT.ExportTo(v, &calls); err != nil {
		t.Fatal(err)
	}
	f, _ := goja.AssertFunction(h.RT.Get("evaluate"))
	return calls, func(source string) string {
		v, err := f(goja.Undefined(), h.RT.ToValue(source))
		if err != nil {
			return "goja: " + err.Error()
		}
		return v.String()
	}
}

// What Node says to each call of testdata/cases.js, we say too, but for what different lists.
func TestGolden(t *testing.T) {
	const file = "testdata/golden.txt"
	if testkit.Update() {
		text, err := exec.Command("node", "testdata/cases.js").Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	calls, evaluate := golden(t)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != len(calls) {
		t.Fatalf("%d calls and %d results: -update", len(calls), len(lines))
	}
	unused := len(different)
	for i, source := range calls {
		var want string
		if err := json.Unmarshal([]byte(lines[i]), &want); err != nil {
			t.Fatalf("%s: %v", lines[i], err)
		}
		if d, listed := different[source]; listed {
			unused--
			if d.want == want {
				t.Errorf("%s is listed as different and is not", source)
			}
			want = d.want
		}
		if got := evaluate(source); got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
	if unused != 0 {
		t.Errorf("%d calls are listed as different and not made", unused)
	}
}

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

// evaluator is a runtime with Intl that evaluates the sources of testdata/cases.js.
func evaluator(t testing.TB) (evaluate func(source string) string) {
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
	f, _ := goja.AssertFunction(h.RT.Get("evaluate"))
	return func(source string) string {
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
	evaluate := evaluator(t)
	n := 0
	for line := range strings.Lines(string(text)) {
		var source, want string
		a, b, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if json.Unmarshal([]byte(a), &source) != nil || json.Unmarshal([]byte(b), &want) != nil {
			t.Fatalf("not a line of %s: %s", file, line)
		}
		n++
		got := evaluate(source)
		ours, listed := different[source]
		switch {
		case listed && ours.want == want:
			t.Errorf("%s is listed as different and is not", source)
		case listed:
			want = ours.want
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", source, got, want)
		}
	}
	if n < 400 {
		t.Errorf("%d cases only", n)
	}
}

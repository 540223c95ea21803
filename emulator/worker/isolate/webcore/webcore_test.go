package webcore

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
)

// A script is the body of an async function; want is what it returns, as JSON, or for a script that
// throws "Name: message".
type script struct{ body, want string }

func run(t *testing.T, scripts map[string]script) {
	t.Helper()
	for name, tt := range scripts {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t)
			Install(h)
			if got := result(t, h, tt.body); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func result(t testing.TB, h *hosttest.Host, body string) string {
	t.Helper()
	v, err := h.Try(t, body)
	if err != nil {
		return err.Error()
	}
	if s, ok := v.(string); ok {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func BenchmarkInstall(b *testing.B) {
	for b.Loop() {
		Install(hosttest.New(b))
	}
}

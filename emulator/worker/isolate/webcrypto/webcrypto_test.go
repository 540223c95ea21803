package webcrypto

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// A script is the body of an async function; want is what it returns, as JSON, or for a script that
// throws "Name: message".
type script struct{ body, want string }

// helpers are what the scripts share.
const helpers = `
const hex = (b) => new Uint8Array(b).toHex();
const unhex = (s) => Uint8Array.fromHex(s.replace(/\s/g, ''));
const text = (s) => new TextEncoder().encode(s);
const S = crypto.subtle;
`

func newHost(t testing.TB) *hosttest.Host {
	h := hosttest.New(t)
	webcore.Install(h)
	Install(h)
	return h
}

func run(t *testing.T, scripts map[string]script) {
	t.Helper()
	for name, tt := range scripts {
		t.Run(name, func(t *testing.T) {
			if got := result(t, newHost(t), tt.body); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func result(t testing.TB, h *hosttest.Host, body string) string {
	t.Helper()
	v, err := h.Try(t, helpers+body)
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
		b.StopTimer()
		h := hosttest.New(b)
		webcore.Install(h)
		b.StartTimer()
		Install(h)
	}
}

package isolate

import (
	"io"
"log/slog"
	"net/http"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

func TestHello(t *testing.T) {
	e := New(Options{Logger: slog.Default()})
	w, err := e.Load(t.Context(), worker.Spec{Name: "x", Outbound: http.DefaultTransport, Modules: []worker.Module{{Name: "index.js", Type: worker.ESModule, Content: []byte(`
export default { async fetch(request, env, ctx) { return new Response("hello " + new URL(request.url).pathname) } }`)}},
		Console: func(l worker.Line) { t.Log(l) }})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("GET", "http://x/y", nil)
	res, err := w.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	t.Log(string(b), err, res.Header)
	res.Body.Close()
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

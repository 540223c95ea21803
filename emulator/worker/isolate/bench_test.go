package isolate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

func serve(b *testing.B, w worker.Worker) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), "GET", "http://example.com/health", nil)
		if err != nil {
			b.Fatal(err)
		}
		res, err := w.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			b.Fatal(err)
		}
		res.Body.Close()
	}
}

func BenchmarkHello(b *testing.B) {
	serve(b, newBench(handler(`return new Response("hello")`)).load(b))
}

func BenchmarkHealth(b *testing.B) {
	serve(b, newBench(handler(`
		const url = new URL(request.url)
		if (request.method === "GET" && url.pathname === "/health") return Response.json({ ok: true, service: "invoice-api" })
		return Response.json({ error: "Not found" }, { status: 404 })`)).load(b))
}

func BenchmarkD1Rows(b *testing.B) {
	row := `[1,"INV-2026-0001",99.5,"sent"]`
	body := `[{"success":true,"results":{"columns":["id","invoice_number","amount","status"],"rows":[` + row + strings.Repeat(","+row, 49) +
		`]},"meta":{"served_by":"x","duration":0.5,"changes":0,"last_row_id":7,"changed_db":false,"size_after":8192,"rows_read":50,"rows_written":0}}]`
	w := newBench(handler(`
		const { results } = await env.DB.prepare("SELECT id FROM invoices LIMIT 50").all()
		return Response.json({ invoices: results })`))
	w.spec.Bindings = []worker.Binding{{Name: "DB", Type: "d1", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(200, body), nil
	})}}
	serve(b, w.load(b))
}

func BenchmarkLoad(b *testing.B) {
	bench := newBench(handler(`return new Response("hello")`))
	w := bench.load(b) // the shims are compiled for the first Worker of an engine
	_ = w
	for b.Loop() {
		w, err := bench.tryLoad(b)
		if err != nil {
			b.Fatal(err)
		}
		w.Close(b.Context())
	}
}

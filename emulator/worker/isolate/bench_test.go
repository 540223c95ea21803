package isolate_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
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

// BenchmarkPage builds a page of 5000 rows by += and, for the difference, by what goja copies each time.
func BenchmarkPage(b *testing.B) {
	const row = "`<tr><td>${i}</td><td>invoice ${i}</td><td>${i * 3} EUR</td></tr>`"
	for name, add := range map[string]string{"in place": "html += " + row, "copied": "html = html + " + row} {
		b.Run(name, func(b *testing.B) {
			serve(b, newBench(handler(`let html = ""; for (let i = 0; i < 5000; i++) `+add+`; return new Response(html)`)).load(b))
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	bench := newBench(handler(`return new Response("hello")`))
	e := isolate.New(isolate.Options{})
	defer e.Close()
	for b.Loop() {
		w, err := e.Load(b.Context(), bench.spec)
		if err != nil {
			b.Fatal(err)
		}
		w.Close(b.Context())
	}
}

// BenchmarkHTTP is /health behind a server, beside a bare handler: the ratio is what counts.
func BenchmarkHTTP(b *testing.B) {
	w := newBench(handler(`
		const url = new URL(request.url)
		if (request.method === "GET" && url.pathname === "/health") return Response.json({ ok: true, service: "invoice-api" })
		return Response.json({ error: "Not found" }, { status: 404 })`)).load(b)
	for name, h := range map[string]http.HandlerFunc{
		"bare": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			json.NewEncoder(rw).Encode(map[string]any{"ok": true, "service": "invoice-api"})
		},
		"worker": func(rw http.ResponseWriter, r *http.Request) {
			r.URL.Scheme, r.URL.Host = "http", r.Host
			res, err := w.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			defer res.Body.Close()
			for k, v := range res.Header {
				rw.Header()[k] = v
			}
			rw.WriteHeader(res.StatusCode)
			io.Copy(rw, res.Body)
		},
	} {
		b.Run(name, func(b *testing.B) {
			s := httptest.NewServer(h)
			defer s.Close()
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					res, err := client.Get(s.URL + "/health")
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			})
			client.CloseIdleConnections()
		})
	}
}

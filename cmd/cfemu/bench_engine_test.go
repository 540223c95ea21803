package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/internal/clock"
)

// engineWorker is the Worker by which the engine itself is measured: what waiting, moving bytes and
// making the Web API's objects cost.
const engineWorker = `
const operations = {
  literal: () => ({ a: "1", b: "2" }),
  "new Headers": () => new Headers({ a: "1", b: "2" }).get("a"),
  "new Request": () => new Request("https://example.com/a?b=c", { method: "POST", headers: { a: "1" } }).method,
  "new Response": () => new Response("hello", { headers: { a: "1" } }).status,
  "Response.json": () => Response.json({ ok: true }).status,
  "new URL": () => new URL("https://example.com/a/b?c=d#e").pathname,
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    switch (pathname) {
      case "/health": return Response.json({ ok: true, service: "invoice-api" })
      case "/wait":
        await scheduler.wait(5)
        await scheduler.wait(5)
        return new Response("waited")
      case "/bytes":
        if (request.method === "PUT") {
          await env.FILES.put("big", request.body)
          return new Response("stored")
        }
        return new Response((await env.FILES.get("big")).body)
      case "/operations": {
        const operation = operations[searchParams.get("name")]
        for (let n = Number(searchParams.get("times")); n > 0; n--) operation()
        return new Response("done")
      }
    }
    return new Response("", { status: 404 })
  },
}
`

// engineProject is a project with that Worker, and as much dead weight of code as is asked for.
func engineProject(b *testing.B, weight int) string {
	b.Helper()
	dir := b.TempDir()
	var code strings.Builder
	code.WriteString(engineWorker)
	code.WriteString("export const weight = [")
	for n := 0; code.Len() < weight; n++ {
		fmt.Fprintf(&code, "\n  function f%d(a, b = {}) { const { x = %d, ...rest } = b; return a ? [x, ...Object.keys(rest)].map(k => `${k}-%d`) : class { #p = a; get p() { return this.#p } } },", n, n, n)
	}
	code.WriteString("]\n")
	config := `{"name":"engine","main":"index.js","compatibility_date":"2026-01-20","r2_buckets":[{"binding":"FILES","bucket_name":"files"}]}`
	for name, text := range map[string]string{"index.js": code.String(), "wrangler.json": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func (h *benchHouse) launchEngine(b *testing.B, dir string) *benchServer {
	b.Helper()
	port := freePort(b)
	return startServer(b, exec.Command(h.cfemu, "up", dir, "--port", port, "--control-port", freePort(b), "--s3-port", "0", "--outbound", "deny"), port)
}

// waits: 64 clients whose requests wait twice for 5 ms.
func (h *benchHouse) waits(b *testing.B) {
	s, y := h.launchEngine(b, engineProject(b, 0)), h.launchBare(b, "migrations")
	defer y.stop(b)
	defer s.stop(b)
	f := figure{name: "64 clients, two waits of 5 ms", unit: "req/s", aim: 0.75}
	const clients, requests = 64, 3000
	slow, fast := newLoad(b, s, "/wait", []byte("waited"), clients), newLoad(b, y, "/wait", []byte("waited"), clients)
	defer slow.close()
	defer fast.close()
	for range 6 {
		of, with := fast.run(b, requests), slow.run(b, requests)
		f.cfemu.add(with)
		f.bare.add(of)
		f.ratios.add(with / of)
	}
	h.table.add(b, f)
}

// bytes: 100 MB through a fetch handler into R2 and out again, beside a file of the bare server's.
func (h *benchHouse) bytes(b *testing.B) {
	s, y := h.launchEngine(b, engineProject(b, 0)), h.launchBare(b, "migrations")
	defer y.stop(b)
	defer s.stop(b)
	up := figure{name: "100 MB from a request into R2", unit: "MB/s", yardstick: "io.Copy into a file, hashed and synced"}
	down := figure{name: "100 MB from R2 into a response", unit: "MB/s", yardstick: "io.Copy from a file"}
	memory := figure{name: "memory after that", unit: "MB"}
	for range 5 {
		for _, m := range []struct {
			server   *benchServer
			put, get *series
		}{{y, &up.bare, &down.bare}, {s, &up.cfemu, &down.cfemu}} {
			m.put.add(m.server.move(b, http.MethodPut))
			m.get.add(m.server.move(b, http.MethodGet))
		}
	}
	memory.cfemu.add(s.megabytes(b))
	memory.bare.add(y.megabytes(b))
	for _, f := range []figure{up, down, memory} {
		h.table.add(b, f)
	}
}

// move sends or fetches 100 MB and returns the megabytes a second.
func (s *benchServer) move(b *testing.B, method string) float64 {
	b.Helper()
	const size = 100 << 20
	var body io.Reader
	if method == http.MethodPut {
		body = bytes.NewReader(make([]byte, size))
	}
	r, err := http.NewRequestWithContext(b.Context(), method, "http://"+s.addr+"/bytes", body)
	if err != nil {
		b.Fatal(err)
	}
	took := clock.Stopwatch()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != http.StatusOK || method == http.MethodGet && n != size {
		b.Fatalf("%s: status %d, %d bytes, %v\n%s", method, res.StatusCode, n, err, s.output())
	}
	return size / 1e6 / took().Seconds()
}

// operations: what one object of the Web API costs, beside an object literal of the same engine.
func (h *benchHouse) operations(b *testing.B) {
	s := h.launchEngine(b, engineProject(b, 0))
	defer s.stop(b)
	const times = 20_000
	each := func(name string) float64 {
		took := clock.Stopwatch()
		s.get(b, fmt.Sprintf("/operations?times=%d&name=%s", times, strings.ReplaceAll(name, " ", "%20")))
		return float64(took().Nanoseconds()) / times
	}
	each("literal")
	for _, name := range []string{"new Headers", "new Request", "new Response", "Response.json", "new URL"} {
		f := figure{name: name, unit: "ns", yardstick: "an object literal in the same engine"}
		for range 5 {
			f.bare.add(each("literal"))
			f.cfemu.add(each(name))
		}
		h.table.add(b, f)
	}
}

// weight: the start of a Worker of 1.5 MB.
func (h *benchHouse) weight(b *testing.B) {
	heavy, light := engineProject(b, 1_500_000), engineProject(b, 0)
	f := figure{name: "start with a bundle of 1.5 MB", unit: "ms", yardstick: "the same Worker without the weight"}
	for range 5 {
		for dir, into := range map[string]*series{heavy: &f.cfemu, light: &f.bare} {
			s := h.launchEngine(b, dir)
			into.add(ms(s.took))
			s.stop(b)
		}
	}
	h.table.add(b, f)
}

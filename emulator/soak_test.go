package emulator_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/testkit"
)

// soakCode answers every kind of request that a Worker may get, each in a bounded part of the stores.
const soakCode = `
const bytes = new TextEncoder()
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    const n = Number(searchParams.get("n")) % 50
    switch (pathname) {
      case "/json": return Response.json({ n })
      case "/d1":
        await env.DB.prepare("INSERT INTO items (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name").bind(n, crypto.randomUUID()).run()
        return Response.json({ items: (await env.DB.prepare("SELECT * FROM items LIMIT 20").all()).results })
      case "/kv":
        await env.KEYS.put("k" + n, "v" + n, { metadata: { n } })
        return new Response(await env.KEYS.get("k" + n))
      case "/r2":
        await env.FILES.put("f" + n, "x".repeat(10_000))
        return new Response((await env.FILES.get("f" + n)).body)
      case "/queue":
        await env.Q.send({ n })
        return new Response("sent")
      case "/upload": return new Response(String((await request.arrayBuffer()).byteLength))
      case "/echo": return new Response(request.body)
      case "/stream": {
        const { readable, writable } = new TransformStream()
        const writer = writable.getWriter()
        ctx.waitUntil((async () => {
          for (let k = 0; k < 5; k++) await writer.write(bytes.encode("chunk " + k + "\n"))
          await writer.close()
        })().catch(() => {}))
        return new Response(readable)
      }
      case "/forever": {
        let timer
        return new Response(new ReadableStream({
          start(c) { c.enqueue(bytes.encode("first\n")); timer = setInterval(() => c.enqueue(bytes.encode("more\n")), 1) },
          cancel() { clearInterval(timer) },
        }))
      }
      case "/wait": await scheduler.wait(2); return new Response("waited")
      case "/throw": throw new Error("thrown " + n)
      case "/reject": Promise.reject(new Error("unheard")); return new Response("ok")
      case "/leave": setTimeout(() => {}, 1e6); ctx.waitUntil(env.KEYS.put("late" + n, "v")); return new Response("left")
      case "/crypto": {
        const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"])
        return new Response(String((await crypto.subtle.sign("HMAC", key, bytes.encode("x"))).byteLength))
      }
      case "/form": {
        const form = new FormData()
        form.set("file", new File(["content " + n], "a.txt"))
        return new Response(await (await new Response(form).formData()).get("file").text())
      }
    }
    return new Response("", { status: 404 })
  },
  async queue(batch, env) { for (const m of batch.messages) await env.KEYS.put("got" + m.body.n, "v") },
}`

// soakKinds are its routes with what they answer.
var soakKinds = []struct {
	path, body string
	status     int
	want       string // what the answer begins with
	leaves     bool   // the client goes after the first line
}{
	{"/json", "", 200, `{"n":`, false}, {"/d1", "", 200, `{"items":[{"id":`, false}, {"/kv", "", 200, "v", false},
	{"/r2", "", 200, "xxx", false}, {"/queue", "", 200, "sent", false}, {"/upload", strings.Repeat("u", 5000), 200, "5000", false},
	{"/echo", strings.Repeat("e", 20_000), 200, "eee", false}, {"/stream", "", 200, "chunk 0", false}, {"/forever", "", 200, "first", true},
	{"/wait", "", 200, "waited", false}, {"/throw", "", 500, "error code: 1101", false}, {"/reject", "", 200, "ok", false},
	{"/leave", "", 200, "left", false}, {"/crypto", "", 200, "32", false}, {"/form", "", 200, "content", false},
	{"/json", "", 200, `{"n":`, false}, {"/none", "", 404, "", false},
}

// Many requests of all kinds leave nothing behind: not on the heap, and no goroutine.
func TestManyRequestsLeaveNothing(t *testing.T) {
	testkit.NoLeaks(t)
	files := project(soakCode,
		"[[d1_databases]]", `binding = "DB"`, "[[kv_namespaces]]", `binding = "KEYS"`, "[[r2_buckets]]", `binding = "FILES"`, `bucket_name = "files"`,
		"[[queues.producers]]", `queue = "q"`, `binding = "Q"`, "[[queues.consumers]]", `queue = "q"`, "max_batch_size = 50", "max_batch_timeout = 1")
	files["migrations/0001_items.sql"] = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);"
	zero := 0
	e, err := emulator.Open(t.Context(), emulator.Options{Project: writeAll(t, files), Ephemeral: true, Port: &zero, ControlPort: &zero, S3Port: &zero})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}
	defer func() {
		transport.CloseIdleConnections()
		cancel()
		if err := errors.Join(<-served, e.Close()); err != nil {
			t.Error(err)
		}
	}()
	requests := 4000
	if os.Getenv("CFEMU_LONG") != "" {
		requests = 200_000
	}
	soak := func(requests int) {
		var next atomic.Int64
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for n := int(next.Add(1)); n <= requests && !t.Failed(); n = int(next.Add(1)) {
					if err := soakOnce(t.Context(), transport, e.URLs().Worker, n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	}
	soak(requests / 4) // what is made once, and caches that fill
	before := inUse(t)
	soak(requests * 3 / 4)
	after := inUse(t)
	t.Logf("heap %d KiB, then %d KiB; goroutines %d, then %d", before.heap>>10, after.heap>>10, before.goroutines, after.goroutines)
	if after.heap > before.heap+before.heap/4+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before.heap>>10, after.heap>>10)
	}
	testkit.Wait(t, func() error { // connections that have just been closed are on their way out
		if n := inUse(t).goroutines; n > before.goroutines+8 {
			return fmt.Errorf("%d goroutines before, %d after", before.goroutines, n)
		}
		return nil
	})
}

func soakOnce(ctx context.Context, transport *http.Transport, url string, n int) error {
	kind := soakKinds[n%len(soakKinds)]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	method, body := "GET", io.Reader(nil)
	if kind.body != "" {
		method, body = "POST", strings.NewReader(kind.body)
	}
	r, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("%s%s?n=%d", url, kind.path, n), body)
	if err != nil {
		return err
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s: %w", kind.path, err)
	}
	defer res.Body.Close()
	in := bufio.NewReader(res.Body)
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", kind.path, err)
	}
	if res.StatusCode != kind.status || !strings.HasPrefix(line, kind.want) {
		return fmt.Errorf("%s: %s %q", kind.path, res.Status, line)
	}
	if kind.leaves {
		return nil
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

type usage struct {
	heap       uint64
	goroutines int
}

func inUse(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.HeapAlloc, runtime.NumGoroutine()}
}

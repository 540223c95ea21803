package isolate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// A roundTripper answers in place of a product or of the network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is a response with a body.
func answer(status int, body string, header ...string) *http.Response {
	res := &http.Response{StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)),
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	for n := 0; n < len(header); n += 2 {
		res.Header.Set(header[n], header[n+1])
	}
	return res
}

// A bench holds what a test's Worker is loaded with, and its console.
type bench struct {
	spec    worker.Spec
	options isolate.Options

	mu    sync.Mutex
	lines []worker.Line
}

func newBench(source string) *bench {
	b := &bench{spec: worker.Spec{
		Name:    "test",
		Compat:  worker.Compat{Date: "2026-08-01"},
		Modules: []worker.Module{{Name: "index.js", Type: worker.ESModule, Content: []byte(source)}},
		Outbound: roundTripper(func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("no network in this test")
		}),
	}}
	b.spec.Console = func(l worker.Line) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lines = append(b.lines, l)
	}
	return b
}

func (b *bench) console() []worker.Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]worker.Line(nil), b.lines...)
}

func (b *bench) messages() []string {
	var out []string
	for _, l := range b.console() {
		out = append(out, l.Message)
	}
	return out
}

func (b *bench) tryLoad(t testing.TB) (worker.Worker, error) {
	t.Helper()
	if b.options.Logger == nil {
		b.options.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	e := isolate.New(b.options)
	t.Cleanup(func() { e.Close() })
	return e.Load(t.Context(), b.spec)
}

func (b *bench) load(t testing.TB) worker.Worker {
	t.Helper()
	w, err := b.tryLoad(t)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// handler is a Worker whose fetch handler has that body.
func handler(body string) string {
	return "export default { async fetch(request, env, ctx) {\n" + body + "\n} }"
}

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// get is the text of a response to GET.
func get(t testing.TB, w worker.Worker, path string) string {
	t.Helper()
	text, err := tryGet(t, w, path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return text
}

func tryGet(t testing.TB, w worker.Worker, path string) (string, error) {
	t.Helper()
	res, err := w.RoundTrip(request(t, "GET", "http://example.com"+path, ""))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

func TestFetch(t *testing.T) {
	testkit.NoLeaks(t)
	for name, tt := range map[string]struct{ source, want string }{
		"an object's method answers": {
			`export default { fetch(request) { return new Response("hi " + new URL(request.url).pathname) } }`, "hi /a%20b"},
		"a promise is awaited": {
			`export default { async fetch(request) { await 1; return new Response("later") } }`, "later"},
		"a class that extends WorkerEntrypoint is instantiated": {
			`import { WorkerEntrypoint } from "cloudflare:workers"
			export default class extends WorkerEntrypoint {
				async fetch(request) { return new Response(this.env.GREETING + typeof this.ctx.waitUntil) }
			}`, "helofunction"},
		"service-worker syntax answers, with bindings as globals": {
			`addEventListener("fetch", event => event.respondWith(new Response(GREETING)))`, "helo"},
		"top-level await is awaited": {
			`const word = await Promise.resolve("tla"); export default { fetch: () => new Response(word) }`, "tla"},
		"env comes from cloudflare:workers too": {
			`import { env } from "cloudflare:workers"; const g = env.GREETING
			export default { fetch(_, e) { return new Response(g + Object.keys(env).join() + ("SECRET" in env)) } }`, "heloGREETING,SECRET,CONFIGtrue"},
		"json bindings are values": {
			`export default { fetch(_, env) { return Response.json([env.CONFIG.deep[1], env.SECRET]) } }`, `[2,"shh"]`},
		"this is the default export": {
			`export default { word: "self", fetch() { return new Response(this.word) } }`, "self"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(tt.source)
			b.spec.Bindings = []worker.Binding{
				{Name: "GREETING", Type: "plain_text", Text: "helo"},
				{Name: "SECRET", Type: "secret_text", Text: "shh"},
				{Name: "CONFIG", Type: "json", Text: `{"deep":[1,2]}`},
			}
			if got := get(t, b.load(t), "/a%20b"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if lines := b.messages(); len(lines) > 0 {
				t.Errorf("console: %q", lines)
			}
		})
	}
}

func TestModules(t *testing.T) {
	b := newBench(`
		import text from "./page.html"
		import data from "./blob.bin"
		import config from "./sub/config.json"
		import legacy from "./legacy.cjs"
		import { name, later } from "./sub/deep.js"
		export default { async fetch() {
			const { lazy } = await import("./sub/lazy.js")
			return Response.json([text, new Uint8Array(data), config.n, legacy.answer, name, later(), lazy])
		} }`)
	b.spec.Modules = append(b.spec.Modules,
		worker.Module{Name: "page.html", Type: worker.TextModule, Content: []byte("<p>")},
		worker.Module{Name: "blob.bin", Type: worker.DataModule, Content: []byte{1, 2}},
		worker.Module{Name: "sub/config.json", Type: worker.JSONModule, Content: []byte(`{"n":7}`)},
		worker.Module{Name: "legacy.cjs", Type: worker.CommonJSModule, Content: []byte(`exports.answer = 42`)},
		worker.Module{Name: "sub/deep.js", Type: worker.ESModule, Content: []byte(`import text from "../page.html"; export let name = "deep" + text; export const later = () => name; name = "live"`)},
		worker.Module{Name: "sub/lazy.js", Type: worker.ESModule, Content: []byte(`export const lazy = await Promise.resolve("lazy")`)},
	)
	if got, want := get(t, b.load(t), "/"), `["<p>",{"0":1,"1":2},7,42,"live","live","lazy"]`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestRequestsInterleaveAndKeepTheirOwnContext(t *testing.T) {
	testkit.NoLeaks(t)
	const clients = 20
	arrived := make(chan struct{}, clients)
	release := make(chan struct{})
	b := newBench(handler(`
		const id = new URL(request.url).pathname
		console.log("before " + id)
		await env.GATE.fetch("http://gate" + id)
		await Promise.all([1, 2].map(async n => { await n; console.log("after " + id) }))
		return new Response(id)`))
	b.spec.Bindings = []worker.Binding{{Name: "GATE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		arrived <- struct{}{}
		<-release
		return answer(200, ""), nil
	})}}
	w := b.load(t)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			r := request(t, "GET", fmt.Sprintf("http://x/%d", n), "")
			res, err := w.RoundTrip(r.WithContext(withRay(r.Context(), fmt.Sprint(n))))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if text, _ := io.ReadAll(res.Body); string(text) != fmt.Sprintf("/%d", n) {
				t.Errorf("client %d got %q", n, text)
			}
		})
	}
	for range clients { // all of them wait at once
		<-arrived
	}
	close(release)
	wg.Wait()
	lines := b.console()
	if len(lines) != 3*clients {
		t.Fatalf("%d lines, want %d", len(lines), 3*clients)
	}
	for _, l := range lines {
		if _, id, _ := strings.Cut(l.Message, "/"); id != l.Ray {
			t.Errorf("%q was printed in the invocation %q", l.Message, l.Ray)
		}
	}
}

func TestASharedPromiseIsAwaitedInEachOnesOwnContext(t *testing.T) {
	const waiting = 3
	gate := make(chan struct{})
	b := newBench(`
		let shared
		export default { async fetch(request, env) {
			const id = new URL(request.url).pathname.slice(1)
			shared ??= Promise.withResolvers()
			if (id === "0") {
				await env.GATE.fetch("http://gate/")
				shared.resolve()
			} else {
				console.log(id)
				await shared.promise
			}
			console.log(id)
			await env.GATE.fetch("http://gate/")
			console.log(id)
			return new Response()
		} }`)
	arrived := make(chan struct{}, 2*waiting)
	b.spec.Bindings = []worker.Binding{{Name: "GATE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		arrived <- struct{}{}
		<-gate
		return answer(200, ""), nil
	})}}
	w := b.load(t)
	var wg sync.WaitGroup
	for n := range waiting {
		wg.Go(func() {
			r := request(t, "GET", fmt.Sprintf("http://x/%d", n), "")
			res, err := w.RoundTrip(r.WithContext(withRay(r.Context(), fmt.Sprint(n))))
			if err != nil {
				t.Error(err)
				return
			}
			res.Body.Close()
		})
		if n == 0 {
			<-arrived // the one that the others wait for
		}
	}
	testkit.Wait(t, func() error {
		if n := len(b.console()); n < waiting-1 {
			return fmt.Errorf("%d wait", n)
		}
		return nil
	})
	close(gate)
	wg.Wait()
	lines := b.console()
	if len(lines) != 3*waiting-1 {
		t.Errorf("%d lines, want %d", len(lines), 3*waiting-1)
	}
	for _, l := range lines {
		if l.Message != l.Ray {
			t.Errorf("%q was printed in the invocation %q", l.Message, l.Ray)
		}
	}
}

func TestWaitUntil(t *testing.T) {
	testkit.NoLeaks(t)
	ready := make(chan struct{})
	b := newBench(handler(`
		if (request.url.endsWith("/quick")) return new Response()
		ctx.waitUntil((async () => { await env.SLOW.fetch("http://slow/"); console.log("done") })())
		return new Response("at once")`))
	b.spec.Bindings = []worker.Binding{{Name: "SLOW", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		select {
		case <-ready:
			return answer(200, ""), nil
		case <-r.Context().Done():
			return nil, context.Cause(r.Context())
		}
	})}}
	w := b.load(t)
	ctx, cancel := context.WithCancel(t.Context())
	res, err := w.RoundTrip(request(t, "GET", "http://x/", "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	cancel() // as net/http does when the handler returns
	closed := make(chan error, 1)
	go func() { closed <- w.Close(context.Background()) }()
	testkit.Wait(t, func() error {
		if _, err := tryGet(t, w, "/quick"); err == nil {
			return errors.New("the closing Worker takes requests")
		}
		return nil
	})
	select {
	case err := <-closed:
		t.Fatalf("Close did not wait for waitUntil: %v", err)
	default:
	}
	close(ready)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := b.messages(); len(got) != 1 || got[0] != "done" {
		t.Errorf("console: %q", got)
	}
}

func TestWaitUntilIsCutOffAfterThirtySeconds(t *testing.T) {
	c := clock.NewMovable()
	c.Freeze()
	b := newBench(handler(`
		ctx.waitUntil(new Promise(resolve => setTimeout(resolve, 3_600_000)).then(() => console.log("never")))
		return new Response("ok")`))
	b.options.Clock = c
	w := b.load(t)
	get(t, w, "/")
	testkit.Wait(t, func() error {
		c.Advance(31 * time.Second)
		if got := b.messages(); len(got) != 1 || !strings.HasPrefix(got[0], "waitUntil() tasks did not complete") {
			return fmt.Errorf("console: %q", got)
		}
		return nil
	})
}

func TestCloseCancelsWhatDoesNotEnd(t *testing.T) {
	testkit.NoLeaks(t)
	for name, body := range map[string]string{
		"a request that waits": `await new Promise(resolve => setTimeout(resolve, 1e9)); return new Response()`,
		"a request that loops": `console.log("in"); for (;;) {}`,
		"a microtask flood":    `console.log("in"); for (;;) await 0`,
		"waitUntil that waits": `ctx.waitUntil(scheduler.wait(1e9)); return new Response()`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(handler(body))
			e := isolate.New(isolate.Options{})
			w, err := e.Load(t.Context(), b.spec)
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan error, 1)
			go func() {
				res, err := w.RoundTrip(request(t, "GET", "http://x/", ""))
				if err == nil {
					res.Body.Close()
				}
				over <- err
			}()
			if strings.Contains(body, "in") {
				testkit.Wait(t, func() error {
					if strings.Contains(body, "log") && len(b.console()) == 0 {
						return errors.New("not yet running")
					}
					return nil
				})
			}
			if strings.HasPrefix(body, "ctx") {
				<-over
				over <- nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := w.Close(ctx); err == nil && strings.HasPrefix(body, "console") {
				t.Error("Close says that all was done")
			}
			<-over
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNothingIsLeftOfARequest(t *testing.T) {
	testkit.NoLeaks(t)
	b := newBench(handler(`
		switch (Number(new URL(request.url).pathname.slice(1)) % 7) {
		case 0: return new Response("x".repeat(1000))
		case 1: await scheduler.wait(0); return Response.json({})
		case 2: ctx.waitUntil(scheduler.wait(0)); return new Response("waits")
		case 3: return new Response((await env.S.fetch("http://x/")).body)
		case 4: setTimeout(() => {}, 1e6); await env.S.fetch("http://x/"); return new Response("leaves a timer and a body")
		case 5: throw new Error("no")
		case 6: {
			const { readable, writable } = new TransformStream(), w = writable.getWriter()
			ctx.waitUntil(w.write(new Uint8Array(10)).then(() => w.close()))
			return new Response(readable)
		}
		}`))
	b.spec.Console = nil
	b.spec.Bindings = []worker.Binding{{Name: "S", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(200, "body"), nil
	})}}
	w := b.load(t)
	const requests = 2100
	objects := func() uint64 {
		for n := range requests {
			res, err := w.RoundTrip(request(t, "GET", fmt.Sprintf("http://x/%d", n), ""))
			if err != nil {
				continue
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapObjects
	}
	objects()
	before := objects()
	if after := objects(); after > before+requests/2 {
		t.Errorf("%d objects on the heap, %d after %d more requests", before, after, requests)
	}
}

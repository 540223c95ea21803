package emulator_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/internal/testkit"
)

const answersCode = `
const answers = {
  "/text": () => new Response("hello"),
  "/untyped": () => new Response(new TextEncoder().encode("<html>no type</html>")),
  "/204": () => new Response(null, { status: 204 }),
  "/304": () => new Response(null, { status: 304, headers: { etag: '"x"' } }),
  "/empty": () => new Response(""),
  "/null": () => new Response(null),
  "/cookies": () => {
    const h = new Headers()
    h.append("set-cookie", "a=1; Path=/"); h.append("set-cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
    return new Response("", { headers: h })
  },
  "/stream": () => new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("streamed")); c.close() } })),
  "/fixed": () => { const { readable, writable } = new FixedLengthStream(5); const w = writable.getWriter(); w.write(new TextEncoder().encode("fixed")); w.close(); return new Response(readable) },
  "/status": () => new Response("teapot", { status: 418, statusText: "I'm a teapot" }),
  "/throw": () => { throw new TypeError("this is broken") },
  "/hop": () => new Response("x", { headers: { connection: "x-secret", "keep-alive": "timeout=5", "x-kept": "1" } }),
  "/head": () => new Response(null, { headers: { "content-length": "1234" } }),
}
export default {
  async fetch(request) {
    const url = new URL(request.url)
    if (answers[url.pathname]) return answers[url.pathname]()
    if (url.pathname === "/headers") return Response.json([...request.headers])
    if (url.pathname === "/length") return new Response(String((await request.text()).length))
    if (url.pathname === "/pipe") return new Response(request.body)
    if (url.pathname === "/ignore") return new Response("did not read")
    return new Response(request.method + " " + request.url)
  }
}`

func TestResponses(t *testing.T) {
	h := emulatortest.Start(t, project(answersCode), emulator.Options{})
	for name, tt := range map[string]struct {
		method, path string
		status       int
		body         string
		header       map[string]string // "-": absent
	}{
		"a known length is told":                   {"GET", "/text", 200, "hello", map[string]string{"Content-Length": "5", "Content-Type": "text/plain;charset=UTF-8"}},
		"no type is made up":                       {"GET", "/untyped", 200, "<html>no type</html>", map[string]string{"Content-Type": "-"}},
		"204 has neither body nor length":          {"GET", "/204", 204, "", map[string]string{"Content-Length": "-", "Content-Type": "-", "Transfer-Encoding": "-"}},
		"304 keeps its headers":                    {"GET", "/304", 304, "", map[string]string{"Etag": `"x"`, "Content-Type": "-"}},
		"an empty body has length 0":               {"GET", "/empty", 200, "", map[string]string{"Content-Length": "0"}},
		"so has none":                              {"GET", "/null", 200, "", map[string]string{"Content-Length": "0", "Content-Type": "-"}},
		"a stream has no length":                   {"GET", "/stream", 200, "streamed", map[string]string{"Content-Length": "-"}},
		"a stream of fixed length has its":         {"GET", "/fixed", 200, "fixed", map[string]string{"Content-Length": "5"}},
		"HEAD has the length of the body":          {"HEAD", "/text", 200, "", map[string]string{"Content-Length": "5", "Content-Type": "text/plain;charset=UTF-8"}},
		"HEAD has the length that the code says":   {"HEAD", "/head", 200, "", map[string]string{"Content-Length": "1234"}},
		"HEAD of a stream has none":                {"HEAD", "/stream", 200, "", map[string]string{"Content-Length": "-"}},
		"any status goes through":                  {"GET", "/status", 418, "teapot", nil},
		"a header of one connection stays here":    {"GET", "/hop", 200, "x", map[string]string{"Connection": "-", "Keep-Alive": "-", "X-Kept": "1"}},
		"unusual methods reach the Worker":         {"PURGE", "/x", 200, "PURGE " + h.URL + "/x", nil},
		"a body that nobody reads does not matter": {"POST", "/ignore", 200, "did not read", nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := ""
			if tt.method == "POST" {
				body = strings.Repeat("x", 1<<20)
			}
			a := h.Ask(tt.method, tt.path, body)
			if a.StatusCode != tt.status || a.Text != tt.body {
				t.Errorf("got %d %q, want %d %q", a.StatusCode, a.Text, tt.status, tt.body)
			}
			for k, want := range tt.header {
				got, ok := a.Header[k]
				if k == "Transfer-Encoding" {
					ok = len(a.TransferEncoding) > 0
				}
				if want == "-" && ok || want != "-" && (!ok || got[0] != want) {
					t.Errorf("%s: got %q, want %s", k, got, want)
				}
			}
			if a.Header.Get("Cf-Ray") == "" {
				t.Error("no CF-Ray")
			}
		})
	}
	t.Run("several Set-Cookie stay several", func(t *testing.T) {
		want := []string{"a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"}
		if got := h.Get("/cookies").Header.Values("Set-Cookie"); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("an exception is error 1101 with its place", func(t *testing.T) {
		a := h.Get("/throw")
		for _, part := range []string{"error code: 1101", "TypeError: this is broken", "index.js:17:27"} {
			if a.StatusCode != 500 || !strings.Contains(a.Text, part) {
				t.Errorf("%s lacks %q:\n%s", a.Status, part, a.Text)
			}
		}
		page := h.Get("/throw", "Accept", "text/html")
		if !strings.Contains(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(page.Text, "this is broken") {
			t.Errorf("a browser gets %q: %s", page.Header.Get("Content-Type"), page.Text)
		}
		if ev := h.Await("the exception", 0, isRequest("/throw")); ev.Status != 500 || !strings.Contains(ev.Error, "this is broken") {
			t.Errorf("reported %+v", ev)
		}
	})
}

func TestRequestsAsInProduction(t *testing.T) {
	h := emulatortest.Start(t, project(answersCode), emulator.Options{})
	t.Run("not a byte of the URL changes", func(t *testing.T) {
		for _, target := range []string{
			"/a%2Fb?x=1;y=2&z=%zz", "/%41%7e/..%2f/?q=a+b%20c", "//double//slash/", "/?", "/a?b?c", "/%E2%82%AC?%E2%82%AC",
		} {
			_, _, body := raw(t, h.URL, "GET "+target+" HTTP/1.1\nHost: localhost\nConnection: close\n\n")
			if want := "GET http://localhost" + target; body != want {
				t.Errorf("got %q, want %q", body, want)
			}
		}
	})
	t.Run("headers of Cloudflare's own cannot be forged", func(t *testing.T) {
		a := h.Get("/headers", "CF-Connecting-IP", "6.6.6.6", "CF-Ray", "forged", "CF-Visitor", "forged", "CF-IPCountry", "XX",
			"CF-Blob", `{"colo":"forged"}`, "X-Real-IP", "6.6.6.6", "X-Forwarded-Proto", "forged", "X-Forwarded-For", "1.2.3.4")
		if strings.Contains(a.Text, "forged") || strings.Contains(a.Text, "6.6.6.6") || strings.Contains(a.Text, "XX") {
			t.Errorf("got %s", a.Text)
		}
		for _, part := range []string{`["cf-connecting-ip","127.0.0.1"]`, `["x-forwarded-for","1.2.3.4, 127.0.0.1"]`, `["cf-visitor","{\"scheme\":\"http\"}"]`} {
			if !strings.Contains(a.Text, part) {
				t.Errorf("no %s in %s", part, a.Text)
			}
		}
		if strings.Contains(a.Text, "cf-blob") {
			t.Error("the Worker sees CF-Blob")
		}
	})
	t.Run("limits of URL and header", func(t *testing.T) {
		for name, tt := range map[string]struct {
			url, header int
			want        int
		}{
			"a URL of 15 KiB passes":          {15 << 10, 0, 200},
			"one of 17 KiB is too long":       {17 << 10, 0, 414},
			"a header of 100 KiB passes":      {1, 100 << 10, 200},
			"one of 160 KiB is too large":     {1, 160 << 10, 431},
			"so is a URL larger than headers": {300 << 10, 0, 431},
		} {
			t.Run(name, func(t *testing.T) {
				status, _, _ := raw(t, h.URL, fmt.Sprintf("GET /%s HTTP/1.1\nHost: localhost\nConnection: close\nX-Long: %s\n\n",
					strings.Repeat("u", tt.url), strings.Repeat("h", tt.header)))
				if status != tt.want {
					t.Errorf("got %d, want %d", status, tt.want)
				}
			})
		}
	})
	t.Run("both loopback addresses answer", func(t *testing.T) {
		_, port, _ := strings.Cut(strings.TrimPrefix(h.URL, "http://"), ":")
		if a, err := h.Try("GET", "http://[::1]:"+port+"/x", ""); err == nil && a.Text != "GET http://[::1]:"+port+"/x" {
			t.Errorf("got %q", a.Text)
		}
	})
	t.Run("a chunked body arrives whole", func(t *testing.T) {
		_, _, body := raw(t, h.URL, "POST /length HTTP/1.1\nHost: localhost\nConnection: close\nTransfer-Encoding: chunked\n\n5\nhello\n3\nyou\n0\n\n")
		if body != "8" {
			t.Errorf("got %q", body)
		}
	})
}

// A Worker may answer with the body it is being sent: both directions flow at once.
func TestBodyThroughTheWorker(t *testing.T) {
	h := emulatortest.Start(t, project(answersCode), emulator.Options{})
	for _, size := range []int{1, 4 << 10, 64 << 10, 200 << 10, 1 << 20, 4 << 20} {
		content := pattern(size)
		a, err := h.Try("POST", "/pipe", string(content))
		if err == nil {
			err = same(a.Text, content)
		}
		if err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestStreamArrivesAsItIsMade(t *testing.T) {
	g := newGate(t)
	h := emulatortest.Start(t, project(`
const bytes = s => new TextEncoder().encode(s)
export default {
  fetch(request, env) {
    const body = new ReadableStream({
      async start(c) {
        c.enqueue(bytes("data: one\n\n"))
        await fetch(env.GATE + "/stream")
        c.enqueue(bytes("data: two\n\n"))
        c.close()
      }
    })
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  }
}`), g.options())
	client := &http.Client{Timeout: 20 * time.Second}
	res, err := client.Get(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewReader(res.Body)
	line, err := in.ReadString('\n')
	if err != nil || line != "data: one\n" {
		t.Fatalf("first %q, %v", line, err)
	}
	select {
	case <-g.door("/stream").opened:
		t.Fatal("it came only at the end")
	default:
	}
	g.open("/stream")
	rest, err := io.ReadAll(in)
	if err != nil || string(rest) != "\ndata: two\n\n" {
		t.Errorf("rest %q, %v", rest, err)
	}
}

func TestClientThatGoesAway(t *testing.T) {
	const code = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === "/before") {
      await fetch(env.GATE + "/before")
      return new Response("late")
    }
    return new Response(new ReadableStream({
      async start(c) {
        c.enqueue(new TextEncoder().encode("begun"))
        await fetch(env.GATE + "/during")
        c.close()
      }
    }))
  }
}`
	g := newGate(t)
	h := emulatortest.Start(t, project(code), g.options())
	t.Run("before the answer cancels the Worker and is 499", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		gone := make(chan error, 1)
		go func() {
			req, err := http.NewRequestWithContext(ctx, "GET", h.URL+"/before", nil)
			if err == nil {
				var res *http.Response
				if res, err = http.DefaultClient.Do(req); err == nil {
					res.Body.Close()
				}
			}
			gone <- err
		}()
		g.await(t, "/before")
		cancel()
		if err := <-gone; err == nil {
			t.Fatal("it was answered")
		}
		await(t, "the Worker goes on waiting", g.door("/before").left)
		if ev := h.Await("the request", 0, isRequest("/before")); ev.Status != 499 || ev.Error != "" {
			t.Errorf("reported %d %q", ev.Status, ev.Error)
		}
	})
	t.Run("during the answer cancels the Worker", func(t *testing.T) {
		res, err := http.Get(h.URL + "/during")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		g.await(t, "/during")
		res.Body.Close()
		await(t, "the Worker goes on waiting", g.door("/during").left)
		if ev := h.Await("the request", 0, isRequest("/during")); ev.Error != "" {
			t.Errorf("reported as an error: %q", ev.Error)
		}
	})
}

func TestBodyThatBreaksBreaksTheConnection(t *testing.T) {
	h := emulatortest.Start(t, project(`
export default {
  fetch(request) {
    let n = 0
    return new Response(new ReadableStream({
      pull(c) {
        if (n++ === 0) c.enqueue(new TextEncoder().encode("half"))
        else c.error(new Error("the rest is lost"))
      }
    }))
  }
}`), emulator.Options{})
	a, err := h.Try("GET", "/broken", "")
	if err == nil {
		t.Fatalf("the client takes %q for the whole answer", a.Text)
	}
	if a.Text != "half" {
		t.Errorf("the client has %q", a.Text)
	}
	if ev := h.Await("the request", 0, isRequest("/broken")); !strings.Contains(ev.Error, "the rest is lost") {
		t.Errorf("reported %+v", ev)
	}
}

const vault = `
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname
    if (request.method === "PUT") {
      await env.VAULT.put(key, request.body)
      return new Response(null, { status: 201 })
    }
    const object = await env.VAULT.get(key)
    return object ? new Response(object.body) : new Response("none", { status: 404 })
  }
}`

// A large body passes through door, Worker and store without ever being in memory whole.
func TestLargeBodiesStayFlat(t *testing.T) {
	const size = 48 << 20
	h := emulatortest.Start(t, project(vault, "[[r2_buckets]]", `binding = "VAULT"`, `bucket_name = "vault"`), emulator.Options{})
	chunk := pattern(1 << 20)
	peak := heapPeak(t, func() {
		req, err := http.NewRequest("PUT", h.URL+"/big", &repeated{chunk, size})
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 201 {
			t.Fatalf("PUT: %s", res.Status)
		}
		if res, err = http.Get(h.URL + "/big"); err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || n != size || res.ContentLength != size {
			t.Fatalf("GET: %d bytes of %d told, %v", n, res.ContentLength, err)
		}
	})
	if peak > size/2 {
		t.Errorf("the heap grew by %d MiB for a body of %d MiB", peak>>20, size>>20)
	}
}

// heapPeak is by how much the heap grew at the most while f ran.
func heapPeak(t *testing.T, f func()) uint64 {
	t.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	var peak atomic.Uint64
	stop := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse))
			runtime.Gosched()
		}
	})
	f()
	close(stop)
	sampling.Wait()
	return max(peak.Load(), before) - before
}

// repeated is a reader of n bytes, chunk again and again.
type repeated struct {
	chunk []byte
	n     int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.n)], r.chunk)
	r.n -= n
	return n, nil
}

const hostCode = `
export default {
  fetch(request) {
    const url = new URL(request.url)
    if (url.pathname === "/move") return Response.redirect(url.origin + "/there", 302)
    if (url.pathname === "/cookie") return new Response("", { headers: { "set-cookie": "a=1; Domain=" + url.hostname } })
    return Response.json({ url: request.url, host: request.headers.get("host"), origin: request.headers.get("origin"), referer: request.headers.get("referer") })
  }
}`

// The Worker sees the host it will have in production, and its redirects lead back to the door.
func TestConfiguredHost(t *testing.T) {
	for name, tt := range map[string]struct{ config, host string }{
		"dev.host":            {"[dev]\nhost = \"shop.example\"", "shop.example"},
		"the first route":     {`routes = ["shop.example/*", "other.example/*"]`, "shop.example"},
		"a custom domain":     {"[[routes]]\npattern = \"shop.example\"\ncustom_domain = true", "shop.example"},
		"a wildcard sub host": {`route = "*.shop.example/api/*"`, "shop.example"},
	} {
		t.Run(name, func(t *testing.T) {
			h := emulatortest.Start(t, project(hostCode, tt.config), emulator.Options{})
			door := strings.TrimPrefix(h.URL, "http://")
			a := h.Get("/a%2Fb?c=1", "Origin", h.URL, "Referer", h.URL+"/from")
			want := fmt.Sprintf(`{"url":"http://%[1]s/a%%2Fb?c=1","host":"%[1]s","origin":"http://%[1]s","referer":"http://%[1]s/from"}`, tt.host)
			if a.Text != want {
				t.Errorf("the Worker sees %s, want %s", a.Text, want)
			}
			if got, want := h.Get("/move").Header.Get("Location"), "http://"+door+"/there"; got != want {
				t.Errorf("Location leads to %s, want %s", got, want)
			}
			if status, _, _ := raw(t, h.URL, "GET / HTTP/1.1\nHost: "+tt.host+"\nConnection: close\n\n"); status != 200 {
				t.Errorf("the configured host itself gets %d", status)
			}
		})
	}
}

// Ctrl-C does not wait for connections on which nobody has asked for anything.
func TestStopDoesNotWaitForSilentConnections(t *testing.T) {
	h := emulatortest.Start(t, project(answersCode), emulator.Options{})
	h.Get("/text")
	silent := dial(t, h.URL)
	defer silent.Close()
	h.Get("/text") // the server has accepted the silent one by now
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop() }()
	took := watch()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if d := took(); d.Seconds() > 3 {
		t.Errorf("it took %v", d)
	}
}

// A request that is running when the house stops is answered; its connection is then closed.
func TestStopLetsRequestsFinish(t *testing.T) {
	testkit.NoLeaks(t)
	g := newGate(t)
	h := emulatortest.Start(t, project(`
export default {
  async fetch(request, env, ctx) {
    ctx.waitUntil(fetch(env.GATE + "/after"))
    await fetch(env.GATE + "/slow")
    return new Response("done")
  }
}`), g.options())
	type answer struct {
		emulatortest.Answer
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		a, err := h.Try("GET", "/", "")
		answered <- answer{a, err}
	}()
	g.await(t, "/slow")
	g.await(t, "/after")
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop() }()
	testkit.Wait(t, func() error {
		c, err := tryDial(h.URL)
		if err != nil {
			return nil
		}
		c.Close()
		return fmt.Errorf("the door still takes connections")
	})
	g.open("/slow")
	if a := <-answered; a.err != nil || a.Text != "done" {
		t.Errorf("the running request got %q, %v", a.Text, a.err)
	}
	select {
	case err := <-stopped:
		t.Errorf("it stopped before waitUntil was over: %v", err)
	default:
	}
	g.open("/after")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

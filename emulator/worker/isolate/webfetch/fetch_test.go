package webfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/internal/testkit"
)

// site answers as a web site with the corners that fetch meets.
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Kind", "echo")
		fmt.Fprintf(w, "%s %s len=%d te=%v auth=%s type=%s body=%s", r.Method, r.URL.RequestURI(), r.ContentLength,
			r.TransferEncoding, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), body)
	})
	mux.HandleFunc("/to/{status}", func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscan(r.PathValue("status"), &status)
		w.Header().Set("Location", r.URL.Query().Get("at"))
		w.WriteHeader(status)
	})
	mux.HandleFunc("/loop/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		if n == 0 {
			fmt.Fprint(w, "arrived")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/loop/%d", n-1), http.StatusFound)
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-Accept", r.Header.Get("Accept-Encoding"))
		_, _ = w.Write(gzipped("unzipped"))
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/cookies", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
	})
	return mux
}

func TestFetch(t *testing.T) {
	srv, other := httptest.NewServer(site()), httptest.NewServer(site())
	defer srv.Close()
	defer other.Close()
	runScripts(t, map[string]script{
		"a response":                            {`const r = await fetch(base + '/echo?a=b#f'); return [r instanceof Response, r.status, r.statusText, r.ok, r.url === base + '/echo?a=b', r.redirected, r.headers.get('x-kind'), await r.text()]`, `[true, 200, "OK", true, true, false, "echo", "GET /echo?a=b len=0 te=[] auth= type= body="]`},
		"its headers cannot be changed":         {`const r = await fetch(base + '/echo'); return [thrown(() => r.headers.set('a', 'b')), kind(() => new Response(r.body, r).headers.set('a', 'b'))]`, `["TypeError: Can't modify immutable headers.", "nothing thrown"]`},
		"a text body has a length and a type":   {`return await (await fetch(base + '/echo', {method: 'POST', body: 'hü'})).text()`, `"POST /echo len=3 te=[] auth= type=text/plain;charset=UTF-8 body=hü"`},
		"an empty body has length 0":            {`return await (await fetch(base + '/echo', {method: 'POST', body: ''})).text()`, `"POST /echo len=0 te=[] auth= type=text/plain;charset=UTF-8 body="`},
		"a stream is sent in chunks":            {`const body = ReadableStream.from(['a', 'b'].map(utf8)); return await (await fetch(base + '/echo', {method: 'PUT', body})).text()`, `"PUT /echo len=-1 te=[chunked] auth= type= body=ab"`},
		"a fixed-length stream has its length":  {`const {readable, writable} = new FixedLengthStream(2), w = writable.getWriter(); w.write(utf8('ab')); w.close(); return await (await fetch(base + '/echo', {method: 'PUT', body: readable})).text()`, `"PUT /echo len=2 te=[] auth= type= body=ab"`},
		"a request object and its body":         {`const q = new Request(base + '/echo', {method: 'POST', body: 'x', headers: {authorization: 'me'}}); const t = await (await fetch(q)).text(); return [t, q.bodyUsed, await rejected(fetch(q))]`, `["POST /echo len=1 te=[] auth=me type=text/plain;charset=UTF-8 body=x", true, "TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."]`},
		"the response's body as a stream":       {`const r = await fetch(base + '/echo'); const reader = r.body.getReader(); const {value} = await reader.read(); return [value instanceof Uint8Array, r.bodyUsed, (await reader.read()).done]`, `[true, true, true]`},
		"gzip is asked for and undone":          {`const r = await fetch(base + '/gzip'); return [await r.text(), r.headers.get('content-encoding'), r.headers.get('x-accept')]`, `["unzipped", "gzip", "br, gzip"]`},
		"manual encoding gives the bytes":       {`const r = await fetch(base + '/gzip', {encodeResponseBody: 'manual'}); return [...(await r.bytes()).slice(0, 2)]`, `[31, 139]`},
		"204 has no body":                       {`const r = await fetch(base + '/empty'); return [r.status, r.body, await r.text()]`, `[204, null, ""]`},
		"HEAD has no body":                      {`return (await fetch(base + '/echo', {method: 'HEAD'})).body`, `null`},
		"cookies stay apart":                    {`return (await fetch(base + '/cookies')).headers.getSetCookie()`, `["a=1", "b=2"]`},
		"redirects are followed":                {`const r = await fetch(base + '/loop/2'); return [await r.text(), r.redirected, r.url === base + '/loop/0']`, `["arrived", true, true]`},
		"20 redirects are, 21 are not":          {`return [await (await fetch(base + '/loop/20')).text(), await rejected(fetch(base + '/loop/21'))]`, `["arrived", "TypeError: Too many redirects."]`},
		"manual leaves a redirect alone":        {`const r = await fetch(base + '/loop/2', {redirect: 'manual'}); return [r.status, r.headers.get('location'), r.redirected]`, `[302, "/loop/1", false]`},
		"POST becomes GET on 301, 302, 303":     {`const out = []; for (const s of [301, 302, 303]) out.push((await (await fetch(base + '/to/' + s + '?at=/echo', {method: 'POST', body: 'x'})).text()).replace(/ len.*body/, '')); return out`, `["GET /echo=", "GET /echo=", "GET /echo="]`},
		"307 and 308 send the body again":       {`const out = []; for (const s of [307, 308]) out.push((await (await fetch(base + '/to/' + s + '?at=/echo', {method: 'POST', body: 'x'})).text()).replace(/ len.*body/, '')); return out`, `["POST /echo=x", "POST /echo=x"]`},
		"PUT stays PUT on 302, GET on 303":      {`const out = []; for (const s of [302, 303]) out.push((await (await fetch(base + '/to/' + s + '?at=/echo', {method: 'PUT', body: 'x'})).text()).replace(/ len.*body/, '')); return out`, `["PUT /echo=x", "GET /echo="]`},
		"a stream cannot be sent again":         {`const body = ReadableStream.from([utf8('a')]); return (await rejected(fetch(base + '/to/307?at=/echo', {method: 'POST', body}))).slice(0, 50)`, `"TypeError: A request with a one-time-use body (it "`},
		"a body that is dropped takes its type": {`return (await (await fetch(base + '/to/303?at=/echo', {method: 'POST', body: 'x'})).text()).includes('type= ')`, `true`},
		"authorization stays with its origin":   {`const init = {headers: {authorization: 'me'}}; return [(await (await fetch(base + '/to/302?at=/echo', init)).text()).includes('auth=me'), (await (await fetch(base + '/to/302?at=' + other + '/echo', init)).text()).includes('auth= ')]`, `[true, true]`},
		"a bad Location is an error":            {`return [await rejected(fetch(base + '/to/302?at=http://[')), await rejected(fetch(base + '/to/302?at=ftp://a.test/'))]`, `["TypeError: Invalid Location header; unable to follow redirect.", "TypeError: Fetch API cannot load: ftp://a.test/"]`},
		"a redirect to nowhere is a response":   {`return (await fetch(base + '/to/302')).status`, `302`},
		"an aborted signal":                     {`return [await rejected(fetch(base, {signal: AbortSignal.abort()})), await rejected(fetch(base, {signal: AbortSignal.abort('why')}))]`, `["AbortError: The operation was aborted", "why"]`},
		"arguments are checked in the promise":  {`return [await rejectedKind(fetch()), await rejected(fetch('/x')), await rejected(fetch('ftp://a.test')), await rejectedKind(fetch(base, {body: 'x'})), await rejectedKind(fetch(base, {headers: {'a b': '1'}}))]`, `["TypeError", "TypeError: Invalid URL: /x", "TypeError: Fetch API cannot load: ftp://a.test/", "TypeError", "TypeError"]`},
		"data: URLs":                            {`const r = await fetch('data:text/x;charset=utf-8;base64,aMO8'), s = await fetch('data:,a%20b#f'); return [await r.text(), r.headers.get('content-type'), await s.text(), s.headers.get('content-type'), r.status]`, `["hü", "text/x;charset=utf-8", "a b", "text/plain;charset=US-ASCII", 200]`},
		"a WebSocket says what is missing":      {`return await rejected(fetch(base, {headers: {upgrade: 'WebSocket'}}))`, `"TypeError: This engine cannot open a WebSocket yet."`},
		"fetch is a function like any":          {`return [fetch.name, fetch.length, typeof globalThis.fetch]`, `["fetch", 1, "function"]`},
	}, func(h *hosttest.Host, a *API) {
		h.Transport = http.DefaultTransport
		_ = h.RT.Set("base", srv.URL)
		_ = h.RT.Set("other", other.URL)
	})
}

func TestFetchErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a refusal's text reaches the user":    {errRefused, "TypeError: outbound: example.com is not allowed"},
		"another Worker's exception stays one": {fmt.Errorf("service: %w", &worker.Exception{Name: "RangeError", Message: "out"}), "RangeError: out"},
		"an exception of no known class":       {&worker.Exception{Name: "PaymentError", Message: "no funds"}, "Error: no funds"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHost(t)
			h.Transport = transport(func(*http.Request) (*http.Response, error) { return nil, tt.err })
			if got := h.Run(t, `return await rejected(fetch('https://example.com'))`); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFetcherSendsCF(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"to a Worker":    {`await service('https://a.test', {cf: {a: 1}})`, `{"a":1}`},
		"not to the net": {`await fetch('https://a.test', {cf: {a: 1}})`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			var got string
			rt := transport(func(r *http.Request) (*http.Response, error) {
				got = r.Header.Get("CF-Blob")
				return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
			})
			h.Transport = rt
			_ = h.RT.Set("service", a.Fetcher(rt))
			h.Run(t, tt.code)
			if got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAbortEndsARequestUnderWay(t *testing.T) {
	testkit.NoLeaks(t)
	h, _ := newHost(t)
	ended := make(chan error, 1)
	h.Transport = transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		ended <- r.Context().Err()
		return nil, r.Context().Err()
	})
	got := h.Run(t, `const c = new AbortController(), p = rejected(fetch('https://a.test', {signal: c.signal})); await turns(); c.abort(new RangeError('enough')); return await p`)
	if got != "RangeError: enough" {
		t.Errorf("got %v", got)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the transport saw %v", err)
	}
}

// A blockedBody gives one chunk and then blocks until it is closed.
type blockedBody struct {
	given  bool
	once   sync.Once
	closed chan struct{}
}

func (b *blockedBody) Read(p []byte) (int, error) {
	if !b.given {
		b.given = true
		return copy(p, "first"), nil
	}
	<-b.closed
	return 0, errors.New("closed under way")
}

func (b *blockedBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func TestAbortEndsABodyUnderWay(t *testing.T) {
	testkit.NoLeaks(t)
	for name, code := range map[string]string{
		"read as a stream": `const reader = r.body.getReader(); await reader.read(); const p = rejected(reader.read()); c.abort('enough'); return await p`,
		"read as text":     `const p = rejected(r.text()); c.abort('enough'); return await p`,
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHost(t)
			body := &blockedBody{closed: make(chan struct{})}
			h.Transport = transport(func(r *http.Request) (*http.Response, error) {
				// It does not look at the request's context, as a Worker behind a binding need not.
				return &http.Response{StatusCode: 200, Body: body, ContentLength: -1}, nil
			})
			got := h.Run(t, `const c = new AbortController(), r = await fetch('https://a.test', {signal: c.signal}); `+code)
			if got != "enough" {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCancelledBodyIsClosed(t *testing.T) {
	h, _ := newHost(t)
	body := &blockedBody{closed: make(chan struct{})}
	h.Transport = transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body, ContentLength: -1}, nil
	})
	h.Run(t, `const r = await fetch('https://a.test'); const reader = r.body.getReader(); await reader.read(); await reader.cancel()`)
	select {
	case <-body.closed:
	default:
		t.Error("it is open")
	}
}

func TestResponseArrivesBeforeItsBody(t *testing.T) {
	pr, pw := io.Pipe()
	h, _ := newHost(t)
	h.Transport = transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: pr, ContentLength: -1}, nil
	})
	_ = h.RT.Set("send", func(s string) { go func() { _, _ = io.WriteString(pw, s) }() })
	_ = h.RT.Set("end", func() { _ = pw.Close() })
	got := h.Run(t, `
		const reader = (await fetch('https://a.test')).body.getReader(), out = [];
		for (const s of ['one', 'two']) { send(s); out.push(string((await reader.read()).value)) }
		end(); out.push((await reader.read()).done); return out.join()`)
	if got != "one,two,true" {
		t.Errorf("got %v", got)
	}
}

func TestFetchUploadsAStreamWhileItIsMade(t *testing.T) {
	h, _ := newHost(t)
	h.Transport = transport(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("upload: %w", err)
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(string(b)))}, nil
	})
	if got := h.Run(t, `const {readable, writable} = new TransformStream(), p = fetch('https://a.test', {method: 'POST', body: readable}), w = writable.getWriter(); await w.write(utf8('a')); await w.write(utf8('b')); await w.close(); return await (await p).text()`); got != "ab" {
		t.Errorf("got %v", got)
	}
	if got := h.Run(t, `return await rejected(fetch('https://a.test', {method: 'POST', body: new ReadableStream({pull() { throw new RangeError('mine') }})}))`); got != "RangeError: mine" {
		t.Errorf("got %v", got)
	}
}

package webfetch

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

func TestRequest(t *testing.T) {
	runScripts(t, map[string]script{
		"defaults":                                 {`const r = new Request('https://a.test'); return [r.method, r.url, r.body, r.bodyUsed, r.redirect, [...r.headers], r.signal.aborted, r.cf === undefined, r.integrity, r.keepalive]`, `["GET", "https://a.test/", null, false, "follow", [], false, true, "", false]`},
		"the URL is normalized":                    {`return new Request('HTTPS://A.test:443/x/../y?q=ü#f').url`, `"https://a.test/y?q=%C3%BC#f"`},
		"a URL object will do":                     {`return new Request(new URL('https://a.test/b')).url`, `"https://a.test/b"`},
		"a relative URL is refused":                {`return thrown(() => new Request('/x'))`, `"TypeError: Invalid URL: /x"`},
		"methods are made upper case":              {`return ['get', 'Post', 'patch'].map((method) => new Request('https://a.test', {method}).method)`, `["GET", "POST", "PATCH"]`},
		"unknown methods are refused":              {`return ['CONNECT', 'a b', 'FOO'].map((method) => thrown(() => new Request('https://a.test', {method})))`, `["TypeError: Invalid HTTP method string: CONNECT", "TypeError: Invalid HTTP method string: a b", "TypeError: Invalid HTTP method string: FOO"]`},
		"GET and HEAD take no body":                {`return [thrown(() => new Request('https://a.test', {body: 'x'})), thrown(() => new Request('https://a.test', {method: 'HEAD', body: ''}))]`, `["TypeError: Request with a GET or HEAD method cannot have a body.", "TypeError: Request with a GET or HEAD method cannot have a body."]`},
		"a null body goes with GET":                {`return new Request('https://a.test', {body: null}).body`, `null`},
		"redirect is follow or manual":             {`return [new Request('https://a.test', {redirect: 'manual'}).redirect, thrown(() => new Request('https://a.test', {redirect: 'error'})).slice(0, 33)]`, `["manual", "TypeError: Invalid redirect value"]`},
		"the body's type is declared":              {`const r = new Request('https://a.test', {method: 'POST', body: 'x'}); return r.headers.get('content-type')`, `"text/plain;charset=UTF-8"`},
		"a declared type wins":                     {`return new Request('https://a.test', {method: 'POST', body: 'x', headers: {'Content-Type': 'a/b'}}).headers.get('content-type')`, `"a/b"`},
		"a copy takes the body over":               {`const a = new Request('https://a.test', {method: 'POST', body: 'x', headers: {h: '1'}}); const b = new Request(a); return [a.bodyUsed, b.bodyUsed, await b.text(), b.method, b.headers.get('h'), await rejected(a.text())]`, `[true, false, "x", "POST", "1", "TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."]`},
		"a copy of a used request is refused":      {`const a = new Request('https://a.test', {method: 'POST', body: 'x'}); await a.text(); return [thrown(() => new Request(a)), await new Request(a, {body: 'y'}).text()]`, `["TypeError: Cannot reconstruct a Request with a used body.", "y"]`},
		"init overrides a copy":                    {`const a = new Request('https://a.test', {method: 'POST', body: 'x', headers: {h: '1'}}); const b = new Request(a, {method: 'PUT', headers: {i: '2'}, body: 'y'}); return [b.method, [...b.headers], await b.text(), a.bodyUsed, await a.text()]`, `["PUT", [["content-type", "text/plain;charset=UTF-8"], ["i", "2"]], "y", false, "x"]`},
		"a request is an initializer":              {`const a = new Request('https://a.test', {method: 'POST', body: 'x', headers: {h: '1'}}); const b = new Request('https://b.test', a); return [b.url, b.method, b.headers.get('h'), await b.text(), a.bodyUsed]`, `["https://b.test/", "POST", "1", "x", true]`},
		"headers of a copy are its own":            {`const a = new Request('https://a.test', {headers: {h: '1'}}), b = new Request(a); b.headers.set('h', '2'); return a.headers.get('h')`, `"1"`},
		"headers is the same object every time":    {`const r = new Request('https://a.test'); return r.headers === r.headers`, `true`},
		"the signal given is the signal":           {`const c = new AbortController(), r = new Request('https://a.test', {signal: c.signal}); c.abort('why'); return [r.signal.aborted, r.signal.reason, new Request(r).signal.aborted, new Request(r, {signal: null}).signal.aborted]`, `[true, "why", true, false]`},
		"a signal is a signal":                     {`return kind(() => new Request('https://a.test', {signal: {}}))`, `"TypeError"`},
		"cf is copied":                             {`const cf = {a: {b: 1}}, r = new Request('https://a.test', {cf}); cf.a.b = 2; const s = new Request(r); r.cf.a.b = 3; return [r.cf, s.cf]`, `[{"a": {"b": 3}}, {"a": {"b": 1}}]`},
		"cache modes":                              {`return [new Request('https://a.test', {cache: 'no-store'}).cache, thrown(() => new Request('https://a.test', {cache: 'force-cache'}))]`, `["no-store", "TypeError: Unsupported cache mode: force-cache"]`},
		"integrity is refused":                     {`return [kind(() => new Request('https://a.test', {integrity: 'x'})), kind(() => new Request('https://a.test', {integrity: ''}))]`, `["TypeError", "nothing thrown"]`},
		"clone has its own body":                   {`const a = new Request('https://a.test', {method: 'POST', body: 'x'}), b = a.clone(); return [await a.text(), await b.text(), b.method, a !== b]`, `["x", "x", "POST", true]`},
		"a used request cannot be cloned":          {`const a = new Request('https://a.test', {method: 'POST', body: 'x'}); await a.text(); return kind(() => a.clone())`, `"TypeError"`},
		"a locked request cannot be cloned":        {`const a = new Request('https://a.test', {method: 'POST', body: 'x'}); a.body.getReader(); return [kind(() => a.clone()), a.bodyUsed, await rejectedKind(a.text())]`, `["TypeError", false, "TypeError"]`},
		"a stream is a body, duplex or not":        {`const s = () => new ReadableStream({start(c) { c.enqueue(utf8('s')); c.close() }}); return [await new Request('https://a.test', {method: 'POST', body: s()}).text(), await new Request('https://a.test', {method: 'POST', body: s(), duplex: 'half'}).text()]`, `["s", "s"]`},
		"a subclass works":                         {`class R extends Request { get twice() { return this.url + this.url } }; const r = new R('https://a.test'); return [r.twice, r instanceof Request]`, `["https://a.test/https://a.test/", true]`},
		"it takes properties":                      {`const r = new Request('https://a.test'); r.params = {id: 1}; return r.params.id`, `1`},
		"the class looks as WebIDL has it":         {`return [Request.length, String(new Request('https://a.test')), kind(() => Request.call({}, 'https://a.test')), kind(() => new Request())]`, `[1, "[object Request]", "TypeError", "TypeError"]`},
		"a bad initializer is refused":             {`return thrown(() => new Request('https://a.test', 5))`, `"TypeError: Failed to construct 'Request': constructor parameter 2 is not of type 'RequestInitializerDict or Request'."`},
		"bad headers are refused":                  {`return [thrown(() => new Request('https://a.test', {headers: 5})), thrown(() => new Headers(5))]`, `["TypeError: Incorrect type for the 'headers' field on 'RequestInitializerDict': the provided value is not of type 'Headers or Sequence or object'.", "TypeError: Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'."]`},
		"a missing argument names its types":       {`return [thrown(() => new Request()), thrown(() => new URLSearchParams().get()), thrown(() => new Headers().append('a'))]`, `["TypeError: Failed to construct 'Request': constructor parameter 1 is not of type 'Request or string'.", "TypeError: Failed to execute 'get' on 'URLSearchParams': parameter 1 is not of type 'string'.", "TypeError: Failed to execute 'append' on 'Headers': parameter 2 is not of type 'string'."]`},
		"what only browsers heed is not looked at": {`const heeded = []; const init = {}; for (const key of ['mode', 'credentials', 'referrer', 'referrerPolicy', 'keepalive', 'window', 'priority', 'duplex']) Object.defineProperty(init, key, { enumerable: true, get() { heeded.push(key) } }); const r = new Request('https://a.test', init); return [heeded, r.credentials === undefined, r.mode === undefined, 'credentials' in Request.prototype]`, `[[], true, true, false]`},
		"encodeResponseBody is checked":            {`return thrown(() => new Request('https://a.test', {encodeResponseBody: 'x'}))`, `"TypeError: encodeResponseBody: unexpected value: x"`},
		"one body of two requests is used by one":  {`const a = new Request('https://a.test', {method: 'POST', body: 'x'}), b = new Request('https://b.test', a); b.body; await a.text(); return b.bodyUsed`, `true`},
	})
}

func TestIncomingRequest(t *testing.T) {
	h, a := newHost(t)
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://shop.test/a%2Fb?x=1;y=2&z=%zz", strings.NewReader("content"))
	r.Header.Set("X-Id", "7")
	_ = h.RT.Set("r", a.NewRequest(r, []byte(`{"colo":"AMS"}`)))
	got := h.Run(t, `return JSON.stringify([r.url, r.method, r.headers.get('x-id'), r.headers.get('host'), [...r.headers.keys()], r.cf.colo, r.redirect,
		thrown(() => r.headers.set('a', 'b')), r instanceof Request, r.signal.aborted, await r.text(), r.bodyUsed])`)
	want := `["https://shop.test/a%2Fb?x=1;y=2&z=%zz","POST","7","shop.test",["host","x-id"],"AMS","manual",` +
		`"TypeError: Can't modify immutable headers.",true,false,"content",true]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(r.Header) != 1 {
		t.Errorf("the request's own header was changed: %v", r.Header)
	}
}

func TestIncomingRequestWithoutContentHasNoBody(t *testing.T) {
	h, a := newHost(t)
	r, _ := http.NewRequest("GET", "https://shop.test/", nil)
	_ = h.RT.Set("r", a.NewRequest(r, nil))
	if got := h.Run(t, `return r.body === null && r.cf === undefined && (await r.text()) === ''`); got != true {
		t.Error("it has")
	}
	r, _ = http.NewRequest("POST", "https://shop.test/", http.NoBody)
	r.Header.Set("Content-Length", "0")
	_ = h.RT.Set("r", a.NewRequest(r, nil))
	if got := h.Run(t, `return r.body instanceof ReadableStream`); got != true {
		t.Error("an empty body that was declared is null")
	}
}

// A readSpy counts how often it is read.
type readSpy struct {
	io.Reader
	reads, closes int
}

func (s *readSpy) Read(p []byte) (int, error) { s.reads++; return s.Reader.Read(p) }
func (s *readSpy) Close() error               { s.closes++; return nil }

func TestIncomingBodyArrivesAsItsReader(t *testing.T) {
	for name, code := range map[string]string{
		"untouched":                           `return r`,
		"looked at":                           `r.body.locked; return r.body`,
		"copied":                              `return new Request('https://b.test', new Request(r)).body`,
		"in a response":                       `return new Response(r.body).body`,
		"through a fixed length":              `const f = new FixedLengthStream(5); r.body.pipeTo(f.writable); return f.readable`,
		"through an identity":                 `return r.body.pipeThrough(new IdentityTransformStream())`,
		"a reader was taken and given back":   `r.body.getReader().releaseLock(); return r.body`,
		"an async iterator that was not used": `r.body.values(); return new Response('x').body`,
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			spy := &readSpy{Reader: strings.NewReader("bytes")}
			r, _ := http.NewRequestWithContext(context.Background(), "PUT", "https://shop.test/", spy)
			r.ContentLength = 5
			_ = h.RT.Set("r", a.NewRequest(r, nil))
			var keep any
			h.RT.Set("keep", func(v any) { keep = v })
			v, err := h.RT.RunString(`(() => {` + code + `})()`)
			if err != nil {
				t.Fatal(err)
			}
			_ = keep
			if name == "an async iterator that was not used" {
				return // nothing is asked of it but that it does not read
			}
			if name == "untouched" {
				v = v.ToObject(h.RT).Get("body")
			}
			rc, length, _, err := a.BodyOf(v)
			if err != nil {
				t.Fatal(err)
			}
			if spy.reads != 0 {
				t.Errorf("it was read %d times before anybody asked", spy.reads)
			}
			if length != 5 {
				t.Errorf("length %d", length)
			}
			if _, pumped := rc.(*pump); pumped {
				t.Error("it goes through JavaScript")
			}
			b, err := io.ReadAll(rc)
			if string(b) != "bytes" || err != nil {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
}

// A watchingHost can tell code that the client has gone.
type watchingHost struct{ *hosttest.Host }

func (w watchingHost) Watch(ctx context.Context, f func()) {
	done := w.Hold()
	context.AfterFunc(ctx, func() { done(f) })
}

func TestIncomingSignalAbortsWithItsRequest(t *testing.T) {
	h := watchingHost{hosttest.New(t)}
	webcore.Install(h)
	a := Install(h)
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "GET", "https://shop.test/", nil)
	_ = h.RT.Set("r", a.NewRequest(r, nil))
	_ = h.RT.Set("leave", func() { cancel() })
	got := h.Run(t, `const before = r.signal.aborted, gone = new Promise((done) => r.signal.addEventListener('abort', done));
		leave(); await gone; return [before, r.signal.aborted, r.signal.reason.name, new Request(r).signal.aborted].join()`)
	if got != "false,true,AbortError,false" {
		t.Errorf("got %v", got)
	}
}

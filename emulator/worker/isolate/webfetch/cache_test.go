package webfetch

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A wireCache notes what comes over the wire and answers from what was put.
type wireCache struct {
	mu     sync.Mutex
	stored map[string]string
	seen   []string
}

func (c *wireCache) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := r.Header.Get("CF-Cache-Namespace") + " " + r.URL.String()
	res := &http.Response{StatusCode: 404, Header: http.Header{}, Body: http.NoBody, Request: r}
	switch r.Method {
	case http.MethodPut:
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		c.stored[key] = string(b)
		res.StatusCode = 204
	case http.MethodGet:
		if whole, ok := c.stored[key]; ok && r.Header.Get("Cache-Control") == "only-if-cached" {
			_, body, _ := strings.Cut(whole, "\r\n\r\n")
			res.StatusCode, res.Body, res.ContentLength = 200, io.NopCloser(strings.NewReader(body)), int64(len(body))
			res.Header.Set("CF-Cache-Status", "HIT")
		}
	case "PURGE":
		if _, ok := c.stored[key]; ok && r.Header.Get("X-Real-IP") == "127.0.0.1" {
			delete(c.stored, key)
			res.StatusCode = 200
		}
	}
	c.seen = append(c.seen, fmt.Sprint(r.Method, " ", key, " ", r.Header.Get("Cf-Blob")))
	return res, nil
}

func caching(h *hosttest.Host, _ *API) { h.Caching = &wireCache{stored: map[string]string{}} }

func TestCache(t *testing.T) {
	const u = `'https://example.com/a'`
	runScripts(t, map[string]script{
		"what was put is matched": {`const c = caches.default, r = new Response('hello', {headers: {etag: '"x"'}});
			const done = c.put(` + u + `, r), used = r.bodyUsed; const none = await done;
			const m = await c.match(` + u + `); return [used, none === undefined, await m.text(), m.headers.get('cf-cache-status'), m.url]`,
			`[true,true,"hello","HIT",""]`},
		"a miss is undefined": {`return [await caches.default.match(` + u + `) === undefined, await caches.default.delete(` + u + `)]`, `[true,false]`},
		"delete tells whether there was one": {`await caches.default.put(` + u + `, new Response('x')); const d = await caches.default.delete(` + u + `);
			return [d, await caches.default.match(` + u + `) === undefined]`, `[true,true]`},
		"named caches are apart": {`const c = await caches.open('v1'); await c.put(` + u + `, new Response('x'));
			return [await caches.default.match(` + u + `) === undefined, await (await (await caches.open('v1')).match(` + u + `)).text()]`, `[true,"x"]`},
		"a stream is put whole": {`const s = new ReadableStream({start(c) { c.enqueue(utf8('a')); c.enqueue(utf8('b')); c.close() }});
			await caches.default.put(` + u + `, new Response(s)); return await (await caches.default.match(` + u + `)).text()`, `"ab"`},
		"a stream that fails rejects": {`const s = new ReadableStream({start(c) { c.enqueue(utf8('a')) }, pull(c) { c.error(new RangeError('boom')) }});
			return await rejected(caches.default.put(` + u + `, new Response(s)))`, `"RangeError: boom"`},
		"a Request and a URL are keys": {`await caches.default.put(new Request(` + u + `), new Response('x')); return await (await caches.default.match(new URL(` + u + `))).text()`, `"x"`},
		"other methods than GET": {`await caches.default.put(` + u + `, new Response('x')); const post = new Request(` + u + `, {method: 'POST'});
			return [await caches.default.match(post) === undefined, await caches.default.delete(post), await (await caches.default.match(post, {ignoreMethod: true})).text(), await caches.default.delete(post, {ignoreMethod: true})]`,
			`[true,false,"x",true]`},
		"304 is dropped": {`const r = new Response(null, {status: 304}); return [await caches.default.put(` + u + `, r) === undefined, await caches.default.match(` + u + `) === undefined]`, `[true,true]`},
	}, caching)
}

func TestCacheRefuses(t *testing.T) {
	const u = `'https://example.com/a'`
	scripts := map[string]script{}
	for call, want := range map[string]string{
		`caches.default.put(new Request(` + u + `, {method: 'POST'}), new Response('x'))`: "Cannot cache response to non-GET request.",
		`caches.default.put(` + u + `, new Response('x', {status: 206}))`:                 "Cannot cache response to a range request (206 Partial Content).",
		`caches.default.put(` + u + `, new Response('x', {headers: {vary: 'a, *'}}))`:     "Cannot cache response with 'Vary: *' header.",
		`caches.default.put(` + u + `, Response.error())`:                                 "Cache is unable to store an error response",
		`caches.default.put(` + u + `, 'x')`:                                              "Failed to execute 'put' on 'Cache': parameter 2 is not of type 'Response'.",
		`caches.default.put(` + u + `)`:                                                   "Failed to execute 'put' on 'Cache': parameter 2 is not of type 'Response'.",
		`caches.default.match('/relative')`:                                               "Invalid URL: /relative",
		`caches.default.match('data:x')`:                                                  "Invalid URL. Cache API keys must be fully-qualified, valid URLs.",
		`caches.default.match(` + u + `, {ignoreSearch: true})`:                           "The 'ignoreSearch' field on 'CacheQueryOptions' is not implemented.",
		`caches.default.add(` + u + `)`:                                                   "Failed to execute 'add' on 'Cache': the method is not implemented.",
		`caches.keys()`:                                                                   "Failed to execute 'keys' on 'CacheStorage': the method is not implemented.",
		`caches.open('x'.repeat(1024))`:                                                   "Cache name is too long.",
		`Cache.prototype.match.call({}, '')`:                                              idl.IllegalInvocation,
		`(async () => new Cache())()`:                                                     "Illegal constructor",
		`(async () => { const r = new Response('x'); await r.text(); return caches.default.put(` + u + `, r) })()`: bodyUsedText,
	} {
		scripts[call] = script{"return await rejected(() => " + call + ")", fmt.Sprintf("%q", "TypeError: "+want)}
	}
	runScripts(t, scripts, caching)
}

func TestCacheWire(t *testing.T) {
	h, _ := newHost(t)
	c := &wireCache{stored: map[string]string{}}
	h.Caching = c
	h.Run(t, `const r = new Request('https://example.com/a#frag', {cf: {cacheKey: 'k'}});
		await (await caches.open('n')).put(r, new Response('body', {status: 201, statusText: 'Made', headers: [['a', 'b'], ['set-cookie', 'x'], ['set-cookie', 'y']]}));`)
	if want := []string{`PUT n https://example.com/a {"cacheKey":"k"}`}; !slices.Equal(c.seen, want) {
		t.Errorf("got %q, want %q", c.seen, want)
	}
	want := "HTTP/1.1 201 Made\r\nContent-Length: 4\r\nA: b\r\nContent-Type: text/plain;charset=UTF-8\r\nSet-Cookie: x\r\nSet-Cookie: y\r\n\r\nbody"
	if got := c.stored["n https://example.com/a"]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

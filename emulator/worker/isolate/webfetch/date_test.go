package webfetch

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
)

// The compatibility date decides.
func TestWhatTheDateDecides(t *testing.T) {
	srv, other := httptest.NewServer(site()), httptest.NewServer(site())
	defer srv.Close()
	defer other.Close()
	cache := `['no-store', 'no-cache', 'reload', 'default'].map(cache => thrown(() => new Request('https://x.com', {cache})))`
	for date, scripts := range map[string]map[string]script{
		"2024-11-10": {"cache": {"return " + cache + ".slice(0, 2)", `["Error: The 'cache' field on 'RequestInitializerDict' is not implemented.", "Error: The 'cache' field on 'RequestInitializerDict' is not implemented."]`}},
		"2024-11-11": {"cache": {"return " + cache, `["nothing thrown", "TypeError: Unsupported cache mode: no-cache", "TypeError: Unsupported cache mode: reload", "TypeError: Unsupported cache mode: default"]`}},
		"2025-08-07": {"cache": {"return " + cache, `["nothing thrown", "nothing thrown", "TypeError: Unsupported cache mode: reload", "TypeError: Unsupported cache mode: default"]`}},
		"2025-08-31": {"authorization on a redirect": {
			`return (await (await fetch(base + '/to/302?at=' + other + '/echo', {headers: {authorization: 'me'}})).text()).includes('auth=me')`, `true`}},
		"2025-09-01": {"authorization on a redirect": {
			`return (await (await fetch(base + '/to/302?at=' + other + '/echo', {headers: {authorization: 'me'}})).text()).includes('auth=me')`, `false`}},
		"2026-02-18": {"iterable bodies": {`return [await new Response([1, 2]).text(), await new Response({[Symbol.asyncIterator]() {}}).text()]`, `["1,2", "[object Object]"]`}},
	} {
		t.Run(date, func(t *testing.T) {
			runScripts(t, scripts, func(h *hosttest.Host, _ *API) {
				h.Date, h.Transport = date, srv.Client().Transport
				for name, url := range map[string]string{"base": srv.URL, "other": other.URL} {
					if err := h.RT.Set(name, url); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

func TestAbortingAFetchEndsItsBody(t *testing.T) {
	runScripts(t, map[string]script{
		"a body is used though the signal was aborted before": {`const q = new Request('https://x.com', {method: 'POST', body: 'x', signal: AbortSignal.abort()});
			return [await rejectedKind(fetch(q)), q.bodyUsed, await rejectedKind(q.text())]`, `["AbortError", true, "TypeError"]`},
		"a stream is cancelled with the reason, at once": {`let why; const body = new ReadableStream({cancel(r) { why = r }});
			const p = fetch('https://x.com', {method: 'POST', body, signal: AbortSignal.abort('early')}), at = why; return [await rejected(p), at]`, `["early", "early"]`},
		"while it is sent too": {`let body; const why = new Promise(done => { body = new ReadableStream({cancel: done}) }), c = new AbortController();
			const p = rejected(fetch('https://x.com', {method: 'POST', body, signal: c.signal})); await turns(); c.abort('late'); return [await p, await why]`, `["late", "late"]`},
	}, func(h *hosttest.Host, _ *API) { h.Transport = hanging{} })
}

// hanging reads a request's body and then waits for its context.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	_, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		<-r.Context().Done()
		err = context.Cause(r.Context())
	}
	return nil, err
}

func TestAnAbortedUploadIsNotWhole(t *testing.T) {
	h, _ := newHost(t)
	ended := make(chan error, 1)
	h.Transport = transport(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	})
	got := h.Run(t, `const c = new AbortController(), waits = Promise.withResolvers();
		let n = 0; const body = new ReadableStream({pull(k) { if (n++ === 0) k.enqueue(utf8('part')); else waits.resolve() }}, {highWaterMark: 0});
		const p = rejected(fetch('https://x.com', {method: 'POST', body, signal: c.signal})); await waits.promise; c.abort('stop'); return await p`)
	if got != "stop" {
		t.Errorf("got %v", got)
	}
	if err := <-ended; err == nil {
		t.Error("the transport read to the end of a body that was aborted")
	}
}

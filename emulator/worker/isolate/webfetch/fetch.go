package webfetch

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// maxRedirects is how many redirects one fetch follows, by the Fetch Standard and by Workers.
const maxRedirects = 20

// Fetcher returns a function fetch(input, init) whose requests go to rt. A Worker behind rt gets the
// request's cf in the header that worker.Worker names.
func (a *API) Fetcher(rt http.RoundTripper) goja.Value {
	return a.realm.Function("fetch", 1, a.fetcher(rt))
}

// fetcher is fetch over rt; nil is the isolate's outbound.
func (a *API) fetcher(rt http.RoundTripper) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) (v goja.Value) {
		ex := a.rt.Try(func() { v = a.fetch(rt, call) })
		if ex != nil {
			return a.realm.Rejected(ex.Value())
		}
		return v
	}
}

func (a *API) fetch(rt http.RoundTripper, call goja.FunctionCall) goja.Value {
	a.realm.NeedArguments("ServiceWorkerGlobalScope", "fetch", 1, call)
	r, ok := idl.As[*request](a.realm, call.Argument(0))
	if !ok || !nullish(call.Argument(1)) {
		var err error
		if r, err = a.makeRequest(call.Argument(0), call.Argument(1)); err != nil {
			a.throw(err)
		}
	}
	href, _, _ := strings.Cut(r.url, "#") // a response has no fragment
	f := &fetching{rt: rt, manual: r.redirect == "manual", strip: a.h.Enabled(flagStripAuthorization), urls: []string{href}}
	if rt == nil {
		f.rt = a.h.Outbound()
	}
	var sig signal
	if r.signal != nil && r.incoming == nil {
		sig, _ = a.signalOf(r.signal)
	}
	if sig != nil && sig.Aborted() {
		a.abandonBody(r.body, sig.Reason())
		return a.realm.Rejected(sig.Reason())
	}
	if strings.HasPrefix(r.url, "data:") {
		return a.fetchData(r)
	}
	if err := f.start(a, r, rt == nil); err != nil {
		a.throw(err)
	}
	remove := f.follow(a.h.Context(), sig)
	// Made here, its stack leads to who called fetch; later there is nobody on the stack.
	failure := a.rt.NewTypeError("")
	return host.Async(a.h, func(context.Context) func() (any, error) {
		res, err := f.run()
		return func() (any, error) {
			if err != nil {
				remove()
				return nil, a.fetchError(err, failure)
			}
			return a.response.New(a.received(res, f.urls, r.encode == "manual")), nil
		}
	})
}

// A fetching is one call of fetch, away from the loop.
type fetching struct {
	rt     http.RoundTripper
	manual bool
	strip  bool  // Authorization does not go to another origin
	upload *pump // of a JavaScript stream; nil when the body is none
	req    *http.Request
	again  func() io.ReadCloser // the body once more; nil when it cannot be sent twice
	urls   []string
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// start makes the first request. It takes r's body.
func (f *fetching) start(a *API, r *request, global bool) error {
	u, err := target(r.url)
	if err != nil {
		return err
	}
	f.req = &http.Request{Method: r.method, URL: u, Host: u.Host, Header: r.headers.http(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if lower(f.req.Header.Get("Upgrade")) == "websocket" {
		return errors.New("This engine cannot open a WebSocket yet.")
	}
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding"} {
		f.req.Header.Del(name) // the connection's own affair
	}
	if r.cache != "" {
		for _, name := range []string{"Cache-Control", "Pragma"} {
			if f.req.Header.Get(name) == "" {
				f.req.Header.Set(name, "no-cache")
			}
		}
	}
	if global {
		if f.req.Header.Get("Accept-Encoding") == "" {
			f.req.Header.Set("Accept-Encoding", "br, gzip")
		}
	} else if cf := a.cfJSON(&r.cf); cf != nil {
		f.req.Header.Set("CF-Blob", string(cf))
	}
	f.again = func() io.ReadCloser { return nil }
	if r.body == nil {
		return nil
	}
	content, err := a.takeBody(r.body)
	if err != nil {
		return err
	}
	if content.buffered {
		f.again = func() io.ReadCloser { return content.newSource() }
		f.req.Body, f.req.ContentLength = f.again(), content.length()
		if f.req.ContentLength == 0 {
			f.req.Body = http.NoBody
		}
		f.req.GetBody = func() (io.ReadCloser, error) { return f.again(), nil }
		return nil
	}
	f.again = nil
	src, err := a.readerOf(content)
	if err != nil {
		return err
	}
	if f.req.Body, f.req.ContentLength = src, src.size(); src.encoding == "" {
		f.req.Body = src.raw
	}
	f.upload, _ = src.raw.(*pump)
	return nil
}

// abandonBody uses up the body of a request that is not sent.
func (a *API) abandonBody(b *body, reason goja.Value) {
	if b == nil {
		return
	}
	src, err := a.readerOf(b)
	if err != nil {
		return // it was used before
	}
	if p, ok := src.raw.(*pump); ok {
		p.drop(host.Throw(reason))
		return
	}
	_ = src.Close() // nobody is left to hear of an error
}

// follow ends the fetch when sig is aborted.
func (f *fetching) follow(ctx context.Context, sig signal) (remove func()) {
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	if sig == nil {
		return func() {}
	}
	cancel, upload := f.cancel, f.upload
	return sig.OnAbort(func() {
		reason := host.Throw(sig.Reason())
		if upload != nil {
			upload.end(reason) // or else its stream would be cancelled with the transport's error
		}
		cancel(reason)
	})
}

// target is href as Go sends it.
func target(href string) (*url.URL, error) {
	scheme, _, _ := strings.Cut(href, ":")
	if scheme != "http" && scheme != "https" {
		return nil, errors.New("Fetch API cannot load: " + href)
	}
	href, _, _ = strings.Cut(href, "#")
	u, err := url.Parse(href)
	if err != nil {
		return nil, errors.New("Invalid URL: " + href)
	}
	return u, nil
}

// run sends the request and follows redirects. The response's body ends with the fetch's context.
func (f *fetching) run() (*http.Response, error) {
	for {
		res, err := f.rt.RoundTrip(f.req.WithContext(f.ctx))
		if err != nil {
			if cause := context.Cause(f.ctx); cause != nil && f.ctx.Err() != nil {
				err = cause
			}
			f.cancel(nil)
			return nil, err
		}
		location := res.Header.Get("Location")
		if f.manual || !redirectStatus(res.StatusCode) || location == "" {
			if res.Request == nil {
				res.Request = f.req
			}
			if res.Body != nil && res.Body != http.NoBody {
				res.Body = newFetchedBody(res.Body, f.ctx, f.cancel)
			}
			return res, nil
		}
		if res.Body != nil {
			_, _ = io.CopyN(io.Discard, res.Body, chunkSize) // so that the connection can be used again
			_ = res.Body.Close()
		}
		if err := f.redirect(res.StatusCode, location); err != nil {
			f.cancel(nil)
			return nil, err
		}
	}
}

// redirect makes the next request.
//
// Receipt: workerd src/workerd/api/http.c++, handleHttpRedirectResponse
func (f *fetching) redirect(status int, location string) error {
	current := f.urls[len(f.urls)-1]
	from, err := weburl.Parse(current)
	if err != nil {
		return errors.New("Invalid current URL; unable to follow redirect.")
	}
	to, err := weburl.ParseRef(current, location)
	if err != nil {
		return errors.New("Invalid Location header; unable to follow redirect.")
	}
	if len(f.urls)-1 >= maxRedirects {
		return errors.New("Too many redirects.")
	}
	u, err := target(to.Href(true))
	if err != nil {
		return err
	}
	f.urls = append(f.urls, to.Href(true))
	next := *f.req
	next.URL, next.Host = u, u.Host
	next.Header = f.req.Header.Clone()
	if f.strip && (from.Protocol() != to.Protocol() || from.Host() != to.Host()) {
		next.Header.Del("Authorization")
	}
	if status != http.StatusSeeOther && f.again == nil {
		return errors.New("A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body initializer.")
	}
	if (status == 301 || status == 302) && next.Method == http.MethodPost || status == 303 && next.Method != http.MethodHead {
		next.Method, next.Body, next.ContentLength, next.GetBody = http.MethodGet, nil, 0, nil
		for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"} {
			next.Header.Del(name) // they told of the body
		}
		f.again = func() io.ReadCloser { return nil }
	} else if next.ContentLength > 0 {
		next.Body = f.again()
	}
	f.req = &next
	return nil
}

// A fetchedBody ends with its fetch's context, and ends that when it has been read. Not every transport
// looks at the context once it has answered, so that the body does.
type fetchedBody struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	rc     io.ReadCloser
	shut   func() error // closes rc, once
	stop   func() bool
}

func newFetchedBody(rc io.ReadCloser, ctx context.Context, cancel context.CancelCauseFunc) *fetchedBody {
	b := &fetchedBody{ctx: ctx, cancel: cancel, rc: rc, shut: sync.OnceValue(rc.Close)}
	b.stop = context.AfterFunc(ctx, func() { _ = b.shut() }) // so that a read that blocks comes back
	return b
}

func (b *fetchedBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.rc.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *fetchedBody) Close() error {
	b.stop()
	err := b.shut()
	b.cancel(errClosed)
	return err
}

// fetchError is what a failed fetch rejects with: an exception of another Worker as the error that it
// was, anything else as the TypeError that is ready for it.
func (a *API) fetchError(err error, failure *goja.Object) error {
	ex, ok := errors.AsType[*worker.Exception](err)
	if !ok {
		if thrown := ThrownIn(err); thrown != nil {
			return thrown
		}
		must(failure.DefineDataProperty("message", a.rt.ToValue(err.Error()), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
		return host.Throw(failure)
	}
	class, ok := a.rt.Get(ex.Name).(*goja.Object)
	if ex.Name == "" || !ok || !strings.HasSuffix(ex.Name, "Error") {
		class = a.rt.Get("Error").(*goja.Object)
	}
	o, nerr := a.rt.New(class, a.rt.ToValue(ex.Message))
	if nerr != nil {
		return a.errorOf(nerr)
	}
	return host.Throw(o)
}

// fetchData answers a data: URL.
func (a *API) fetchData(r *request) goja.Value {
	content, contentType, ok := dataURL(r.url)
	if !ok {
		a.realm.TypeError("Invalid data: URL")
	}
	h := &headers{fields: []field{{"content-type", []string{contentType}}}, immutable: true}
	res := &response{status: 200, headers: h, urls: []string{r.url}}
	if r.method != http.MethodHead {
		res.body = dataBody(content)
	}
	return a.realm.Resolved(a.response.New(res))
}

// dataURL takes a data: URL apart, by the Fetch Standard.
func dataURL(href string) (content []byte, contentType string, ok bool) {
	href, _, _ = strings.Cut(strings.TrimPrefix(href, "data:"), "#")
	kind, data, ok := strings.Cut(href, ",")
	if !ok {
		return nil, "", false
	}
	content = percentDecodeBytes(data)
	kind = strings.Trim(kind, " ")
	if at := strings.LastIndexByte(kind, ';'); at >= 0 && lower(strings.TrimLeft(kind[at+1:], " ")) == "base64" {
		kind = kind[:at]
		text := string(bytes.Map(dropSpace, content))
		if len(text)%4 == 0 {
			text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
		}
		var err error
		if content, err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return nil, "", false
		}
	}
	if strings.HasPrefix(kind, ";") {
		kind = "text/plain" + kind
	}
	if m, ok := parseMIME(kind); ok {
		return content, m.String(), true
	}
	return content, "text/plain;charset=US-ASCII", true
}

func dropSpace(r rune) rune {
	if strings.ContainsRune(" \t\r\n\f", r) {
		return -1
	}
	return r
}

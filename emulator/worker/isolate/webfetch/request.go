package webfetch

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// A request is the state of a Request.
type request struct {
	method   string
	url      string
	headers  *headers
	body     *body
	redirect string
	cache    string
	encode   string // encodeResponseBody
	cf       cfProperty
	signal   *goja.Object    // nil: none given and none asked for
	incoming context.Context // whose end aborts the signal of an incoming request; else nil
}

func (r *request) parts() (*body, *headers) { return r.body, r.headers }

// A cfProperty is request.cf or response.cf: JSON until code looks at it.
type cfProperty struct {
	json   []byte
	object goja.Value
}

// Receipt: workerd src/workerd/api/http.c++, Request::constructor
const (
	redirectText = `Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`
	getBodyText  = "Request with a GET or HEAD method cannot have a body."
)

// methods are those that the platform can send; it knows no others.
//
// Receipt: kj/compat/http.h, KJ_HTTP_FOR_EACH_METHOD
var methods = []string{
	"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND",
	"PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "MSEARCH", "NOTIFY", "SUBSCRIBE",
	"UNSUBSCRIBE", "QUERY", "BAN",
}

// NewRequest returns a Request for an incoming r, whose URL is absolute. Its body stays r's own reader
// until code looks at it as a stream. cf is JSON, or nil.
func (a *API) NewRequest(r *http.Request, cf []byte) *goja.Object {
	req := &request{
		method:   r.Method,
		url:      r.URL.String(),
		headers:  &headers{lazy: r.Header, host: r.Host, immutable: true},
		redirect: "manual",
		cf:       cfProperty{json: cf},
		incoming: r.Context(),
	}
	switch {
	case r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0:
		req.body = sourceBody(a.ownSource(r.Body, r.ContentLength))
	case r.Header.Get("Content-Length") == "0":
		req.body = textBody("")
	}
	return a.request.New(req)
}

func (a *API) defineRequest() {
	rt := a.rt
	c := idl.Define(a.realm, "Request", 1, func(call goja.ConstructorCall) *request {
		r, err := a.makeRequest(call.Argument(0), call.Argument(1))
		if err != nil {
			a.throw(err)
		}
		return r
	})
	a.request = c
	c.Getter("method", func(r *request) goja.Value { return rt.ToValue(r.method) })
	c.Getter("url", func(r *request) goja.Value { return rt.ToValue(r.url) })
	c.Getter("headers", func(r *request) goja.Value { return a.headersObject(r.headers) })
	c.Getter("redirect", func(r *request) goja.Value { return rt.ToValue(r.redirect) })
	c.Getter("signal", func(r *request) goja.Value { return a.requestSignal(r) })
	c.Getter("cf", func(r *request) goja.Value { return a.cfObject(&r.cf) })
	c.Getter("fetcher", func(r *request) goja.Value { return goja.Null() })
	c.Getter("integrity", func(r *request) goja.Value { return rt.ToValue("") })
	c.Getter("keepalive", func(r *request) goja.Value { return rt.ToValue(false) })
	c.Getter("cache", func(r *request) goja.Value {
		if r.cache == "" {
			return goja.Undefined()
		}
		return rt.ToValue(r.cache)
	})
	defineBody(a, c)
	c.Method("clone", 0, func(r *request, call goja.FunctionCall) goja.Value {
		clone := *r
		var err error
		if clone.body, err = a.cloneBody(r.body); err != nil {
			a.throw(err)
		}
		clone.headers = r.headers.clone()
		clone.headers.immutable = r.headers.immutable
		clone.cf = a.cloneCF(&r.cf)
		return a.request.New(&clone)
	})
}

// makeRequest is the constructor.
func (a *API) makeRequest(input, init goja.Value) (*request, error) {
	var r *request
	if from, ok := idl.As[*request](a.realm, input); ok {
		var err error
		if r, err = a.requestFrom(from, init); err != nil {
			return nil, err
		}
	} else {
		href := a.realm.String(input)
		u, err := weburl.Parse(href)
		if err != nil {
			return nil, a.typeError("Invalid URL: " + href)
		}
		r = &request{method: "GET", url: u.Href(false), redirect: "follow"}
	}
	if !nullish(init) {
		o, ok := init.(*goja.Object)
		if !ok {
			return nil, a.typeError("Failed to construct 'Request': constructor parameter 2 is not of type 'RequestInitializerDict or Request'.")
		}
		if other, ok := idl.As[*request](a.realm, o); ok {
			if err := a.initRequestFrom(r, other); err != nil {
				return nil, err
			}
		} else if err := a.initRequest(r, o); err != nil {
			return nil, err
		}
	}
	if r.headers == nil {
		r.headers = &headers{}
	}
	return r, nil
}

// requestFrom copies another request and takes its body over, unless init brings one.
func (a *API) requestFrom(from *request, init goja.Value) (*request, error) {
	r := *from
	r.headers = from.headers.clone()
	r.cf = a.cloneCF(&from.cf)
	r.incoming = nil
	// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#enable-requestsignal-for-incoming-requests
	if from.incoming != nil {
		r.signal = nil
	}
	r.body = nil
	brings := false
	if o, ok := init.(*goja.Object); ok {
		_, isRequest := idl.As[*request](a.realm, o)
		brings = isRequest || !missing(o.Get("body"))
	}
	if brings || from.body == nil {
		return &r, nil
	}
	if a.bodyUsed(from.body) {
		return nil, a.typeError("Cannot reconstruct a Request with a used body.")
	}
	moved, err := a.moveBody(from.body)
	r.body = moved
	return &r, err
}

// initRequestFrom takes another request for the initializer, as if it were a dictionary.
func (a *API) initRequestFrom(r, other *request) error {
	r.method, r.redirect, r.cache, r.encode = other.method, other.redirect, other.cache, other.encode
	r.headers = other.headers.clone()
	r.cf = a.cloneCF(&other.cf)
	r.signal = other.signal
	if other.incoming != nil {
		r.signal = nil
	}
	if other.body == nil {
		return nil
	}
	if a.bodyUsed(other.body) {
		return a.typeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.")
	}
	if a.bodyLocked(other.body) {
		return a.typeError(lockedText)
	}
	r.body = other.body // one body with two owners, as its stream would have
	return nil
}

func (a *API) initRequest(r *request, o *goja.Object) error {
	if v := o.Get("integrity"); !missing(v) && a.realm.String(v) != "" {
		return a.typeError("Subrequest integrity checking is not implemented. The integrity option must be either undefined or an empty string.")
	}
	method := o.Get("method")
	if !missing(method) {
		m := a.realm.String(method)
		r.method = strings.ToUpper(m)
		if !slices.Contains(methods, r.method) {
			return a.typeError("Invalid HTTP method string: " + m)
		}
	}
	if v := o.Get("headers"); !missing(v) {
		r.headers = a.headersFrom(v, "RequestInitializerDict")
	}
	if err := a.initSignal(r, o.Get("signal")); err != nil {
		return err
	}
	if v := o.Get("cf"); !nullish(v) {
		r.cf = a.cloneCF(&cfProperty{object: v})
	}
	content := o.Get("body")
	if !nullish(content) {
		if r.method == "GET" || r.method == "HEAD" {
			return a.typeError(getBodyText)
		}
		b, contentType, err := a.extract(content)
		if err != nil {
			return err
		}
		r.body = b
		r.headers = withContentType(r.headers, contentType)
	}
	if v := o.Get("redirect"); !missing(v) {
		switch mode := lower(a.realm.String(v)); mode {
		case "follow", "manual":
			r.redirect = mode
		default:
			return a.typeError(redirectText)
		}
	}
	if err := a.initModes(r, o); err != nil {
		return err
	}
	if r.body != nil && (r.method == "GET" || r.method == "HEAD") && (!missing(method) || !missing(content)) {
		return a.typeError(getBodyText)
	}
	return nil
}

func (a *API) initModes(r *request, o *goja.Object) error {
	if v := o.Get("cache"); !missing(v) {
		if err := a.initCache(r, a.realm.String(v)); err != nil {
			return err
		}
	}
	if v := o.Get("encodeResponseBody"); !missing(v) {
		switch mode := a.realm.String(v); mode {
		case "automatic", "manual":
			r.encode = mode
		default:
			return a.typeError("encodeResponseBody: unexpected value: " + mode)
		}
	}
	return nil
}

// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#enable-cache-no-store-http-standard-api
func (a *API) initCache(r *request, mode string) error {
	if !a.h.Enabled(flagCacheOption) {
		return a.plainError("The 'cache' field on 'RequestInitializerDict' is not implemented.")
	}
	if mode == "no-store" || mode == "no-cache" && a.h.Enabled(flagCacheNoCache) || mode == "reload" && a.h.Enabled(flagCacheReload) {
		r.cache = mode
		return nil
	}
	return a.typeError("Unsupported cache mode: " + mode)
}

func withContentType(h *headers, contentType string) *headers {
	if h == nil {
		h = &headers{}
	}
	if contentType != "" {
		if _, ok := h.get("content-type"); !ok {
			h.set("content-type", contentType)
		}
	}
	return h
}

// cfObject is cf as code sees it.
func (a *API) cfObject(cf *cfProperty) goja.Value {
	if cf.object == nil {
		if cf.json == nil {
			return goja.Undefined()
		}
		v, err := a.parse(goja.Undefined(), a.rt.ToValue(string(cf.json)))
		if err != nil {
			panic(err)
		}
		cf.object = v
	}
	return cf.object
}

// cfJSON is cf as it is sent, nil when there is none.
func (a *API) cfJSON(cf *cfProperty) []byte {
	if cf.object == nil {
		return cf.json
	}
	text, err := a.stringify(cf.object)
	if err != nil {
		panic(err)
	}
	if goja.IsUndefined(text) {
		return nil
	}
	return []byte(text.String())
}

// cloneCF copies through JSON, as the platform does.
func (a *API) cloneCF(cf *cfProperty) cfProperty { return cfProperty{json: a.cfJSON(cf)} }

// stringify is JSON.stringify as it is now: the isolate has one of its own.
func (a *API) stringify(v goja.Value) (goja.Value, error) {
	return callable(a.rt.Get("JSON").(*goja.Object).Get("stringify"))(goja.Undefined(), v)
}

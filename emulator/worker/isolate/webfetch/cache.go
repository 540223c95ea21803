package webfetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A cacheStorage is the state of caches.
type cacheStorage struct {
	class    *idl.Class[*cache]
	object   *goja.Object
	standard *goja.Object // caches.default
}

// A cache is the state of a Cache. It speaks workerd's wire (emulator/cache has it) to the host's.
type cache struct {
	name string // "" for caches.default
}

// defineCaches defines the Cache API for when code first names a part of it.
func (a *API) defineCaches() {
	a.realm.Lazy("caches", goja.FLAG_TRUE, func() goja.Value { return a.loadCaches().object })
	for _, name := range []string{"Cache", "CacheStorage"} {
		a.realm.Lazy(name, goja.FLAG_FALSE, func() goja.Value {
			a.loadCaches()
			return a.rt.Get(name)
		})
	}
}

func (a *API) loadCaches() *cacheStorage {
	if a.caches != nil {
		return a.caches
	}
	c := idl.Define[*cache](a.realm, "Cache", 0, nil)
	c.AsyncMethod("match", 1, func(this *cache, call goja.FunctionCall) goja.Value { return a.cacheMatch(this, call) })
	c.AsyncMethod("put", 2, func(this *cache, call goja.FunctionCall) goja.Value { return a.cachePut(this, call) })
	c.AsyncMethod("delete", 1, func(this *cache, call goja.FunctionCall) goja.Value { return a.cacheDelete(this, call) })
	for _, name := range []string{"add", "addAll", "matchAll", "keys"} {
		c.AsyncMethod(name, 0, func(*cache, goja.FunctionCall) goja.Value { panic(a.unimplemented(name, "Cache")) })
	}
	s := &cacheStorage{class: c, standard: c.New(&cache{})}
	a.caches = s
	storage := idl.Define[*cacheStorage](a.realm, "CacheStorage", 0, nil)
	storage.AsyncMethod("open", 1, func(s *cacheStorage, call goja.FunctionCall) goja.Value {
		name := a.realm.String(call.Argument(0))
		// Receipt: workerd src/workerd/api/cache.c++, CacheStorage::open
		if len(name) >= maxCacheName {
			a.realm.TypeError("Cache name is too long.")
		}
		return a.realm.Resolved(c.New(&cache{name: name}))
	})
	for _, name := range []string{"match", "has", "delete", "keys"} {
		storage.AsyncMethod(name, 0, func(*cacheStorage, goja.FunctionCall) goja.Value { panic(a.unimplemented(name, "CacheStorage")) })
	}
	s.object = storage.New(s)
	must(s.object.DefineDataProperty("default", s.standard, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE))
	return s
}

const maxCacheName = 1024

// unimplemented is the error for what the platform does not have either.
func (a *API) unimplemented(method, class string) *goja.Object {
	return a.rt.NewTypeError(fmt.Sprintf("Failed to execute '%s' on '%s': the method is not implemented.", method, class))
}

// cacheKey is the request that a key, a Request or a URL, stands for; ok is false when its method rules
// it out.
func (a *API) cacheKey(key, options goja.Value) (r *request, ok bool) {
	if from, isRequest := idl.As[*request](a.realm, key); isRequest {
		r = from
	} else {
		var err error
		if r, err = a.makeRequest(key, goja.Undefined()); err != nil {
			a.throw(err)
		}
	}
	ignoreMethod := false
	if o, isObject := options.(*goja.Object); isObject {
		for _, name := range []string{"ignoreSearch", "ignoreVary", "cacheName"} {
			if !missing(o.Get(name)) {
				a.realm.TypeError("The '%s' field on 'CacheQueryOptions' is not implemented.", name)
			}
		}
		v := o.Get("ignoreMethod")
		ignoreMethod = v != nil && v.ToBoolean()
	}
	return r, ignoreMethod || r.method == http.MethodGet
}

// cacheRequest is the wire's request for a key.
func (a *API) cacheRequest(c *cache, method string, r *request) *http.Request {
	u, err := target(r.url)
	if err != nil {
		// Receipt: workerd src/workerd/api/cache.c++, validateUrl
		a.realm.TypeError("Invalid URL. Cache API keys must be fully-qualified, valid URLs.")
	}
	out := &http.Request{Method: method, URL: u, Host: u.Host, Header: r.headers.http(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	for _, name := range []string{"Host", "Content-Length", "Transfer-Encoding"} {
		out.Header.Del(name)
	}
	if c.name != "" {
		out.Header.Set("CF-Cache-Namespace", c.name)
	}
	if cf := a.cfJSON(&r.cf); cf != nil {
		out.Header.Set("CF-Blob", string(cf))
	}
	return out
}

func (a *API) cacheMatch(c *cache, call goja.FunctionCall) goja.Value {
	r, ok := a.cacheKey(call.Argument(0), call.Argument(1))
	if !ok {
		return a.realm.Resolved(goja.Undefined())
	}
	req := a.cacheRequest(c, http.MethodGet, r)
	req.Header.Set("Cache-Control", "only-if-cached")
	return a.cacheSend(req, func(res *http.Response) goja.Value {
		if res.Header.Get("CF-Cache-Status") != "HIT" {
			_ = res.Body.Close() // nobody wants it
			return goja.Undefined()
		}
		return a.NewResponse(res)
	})
}

func (a *API) cacheDelete(c *cache, call goja.FunctionCall) goja.Value {
	r, ok := a.cacheKey(call.Argument(0), call.Argument(1))
	if !ok {
		return a.realm.Resolved(false)
	}
	req := a.cacheRequest(c, "PURGE", r)
	req.Header.Set("X-Real-IP", "127.0.0.1")
	return a.cacheSend(req, func(res *http.Response) goja.Value {
		_ = res.Body.Close()
		return a.rt.ToValue(res.StatusCode == http.StatusOK)
	})
}

func (a *API) cachePut(c *cache, call goja.FunctionCall) goja.Value {
	response, ok := idl.As[*response](a.realm, call.Argument(1))
	if !ok {
		a.realm.TypeError("Failed to execute 'put' on 'Cache': parameter 2 is not of type 'Response'.")
	}
	// Receipt for this and what follows: workerd src/workerd/api/cache.c++, Cache::put
	if response.status == 0 {
		a.realm.TypeError("Cache is unable to store an error response")
	}
	r, isGet := a.cacheKey(call.Argument(0), goja.Undefined())
	if !isGet {
		a.realm.TypeError("Cannot cache response to non-GET request.")
	}
	if response.status == http.StatusPartialContent {
		a.realm.TypeError("Cannot cache response to a range request (206 Partial Content).")
	}
	if vary, _ := response.headers.get("vary"); strings.Contains(vary, "*") {
		a.realm.TypeError("Cannot cache response with 'Vary: *' header.")
	}
	if response.status == http.StatusNotModified {
		return a.realm.Resolved(goja.Undefined()) // let pass and dropped, as in production
	}
	req := a.cacheRequest(c, http.MethodPut, r)
	res, err := a.TakeResponse(call.Argument(1)) // the body is used from here on
	if err != nil {
		a.throw(err)
	}
	a.sendWhole(req, res)
	return a.cacheSend(req, func(res *http.Response) goja.Value {
		_ = res.Body.Close()
		return goja.Undefined()
	})
}

// sendWhole makes res, as it stands on the wire, the body of req.
func (a *API) sendWhole(req *http.Request, res *http.Response) {
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 " + res.Status + "\r\n")
	if res.ContentLength >= 0 {
		fmt.Fprintf(&head, "Content-Length: %d\r\n", res.ContentLength)
	}
	names := make([]string, 0, len(res.Header))
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range res.Header[name] {
			head.WriteString(name + ": " + v + "\r\n")
		}
	}
	head.WriteString("\r\n")
	req.ContentLength = -1
	if res.ContentLength >= 0 {
		req.ContentLength = int64(head.Len()) + res.ContentLength
	}
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&head, res.Body), res.Body}
}

func (a *API) cacheSend(req *http.Request, settle func(res *http.Response) goja.Value) goja.Value {
	rt := a.h.Cache()
	return host.Async(a.h, func(ctx context.Context) func() (any, error) {
		res, err := rt.RoundTrip(req.WithContext(ctx))
		return func() (any, error) {
			if err != nil {
				return nil, a.errorOf(err)
			}
			return settle(res), nil
		}
	})
}

package kv

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/clock"
)

// An api is the face of one namespace on client/v4.
type api struct {
	t    testing.TB
	mux  *mux.Router
	base string
	*Namespace
}

func openAPI(t testing.TB) api {
	t.Helper()
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Unix(1_800_000_000, 0))
	n := openOne(t, Options{Clock: c})
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	n.service.Routes(r)
	return api{t, r, "/storage/kv/namespaces/" + n.ID, n}
}

// send returns the status and the body of the answer, without what success always has.
func (a api) send(method, path, body string, header ...string) string {
	a.t.Helper()
	req := httptest.NewRequest(method, a.base+path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.mux.ServeHTTP(w, req)
	b, _ := io.ReadAll(w.Body)
	text := strings.TrimPrefix(strings.TrimSpace(string(b)), `{"success":true,"errors":[],"messages":[],`)
	text = strings.TrimPrefix(text, `{"success":false,"errors":[`)
	if e := w.Header().Get("Expiration"); e != "" {
		text += " expires " + e
	}
	return fmt.Sprintf("%d %s", w.Code, text)
}

func (a api) check(what, got, want string) {
	a.t.Helper()
	if !strings.HasPrefix(got, want) {
		a.t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
	}
}

// wrangler and the TypeScript SDK escape all of a key, the Go SDK nothing of it that a path may have.
func TestKeysAreReadAsTheyWereSent(t *testing.T) {
	a := openAPI(t)
	for sent, key := range map[string]string{
		"a%2Fb%20c": "a/b c", "a/b": "a/b", "a//b": "a//b", "a/../b": "a/../b", "a%2F..%2Fb": "a/../b", "...": "...", "a/": "a/", "%2F": "/",
		"a+b": "a+b", "a%2Bb": "a+b", "%C3%A9": "é", "a%3Fb%23c": "a?b#c", "a%25b": "a%b", "bulk": "bulk", "values/x": "values/x", "%00": "\x00", "%2E%2E%2E": "...", "a%252Fb": "a%2Fb", "%FF": "\xff",
	} {
		a.check("put "+sent, a.send("PUT", "/values/"+sent, "of "+sent), `200 "result":null`)
		if got := value(t, a.Namespace, key); got != "of "+sent {
			t.Errorf("%s is not %q: %q", sent, key, got)
		}
		a.check("get "+sent, a.send("GET", "/values/"+sent, ""), "200 of "+sent)
		a.check("delete "+sent, a.send("DELETE", "/values/"+sent, ""), `200 "result":null`)
		a.check("get deleted "+sent, a.send("GET", "/values/"+sent, ""), `404 {"code":10009,"message":"get: 'key not found'"}`)
	}
}

func TestSomeNamesAreNoKeys(t *testing.T) {
	a := openAPI(t)
	for _, sent := range []string{".", "..", "%2E", "%2E%2E", ".%2e"} {
		a.check("put "+sent, a.send("PUT", "/values/"+sent, "v"), `400 {"code":10012,"message":"Illegal key name`)
	}
	a.check("a bulk write of one", a.send("PUT", "/bulk", `[{"key":"..","value":"v"}]`), `400 {"code":10012`)
}

func TestValuesHaveMetadataAndAnEnd(t *testing.T) {
	a := openAPI(t)
	form := func(fields ...string) (string, string, string) {
		b := ""
		for i := 0; i+1 < len(fields); i += 2 {
			b += "--x\r\nContent-Disposition: form-data; name=\"" + fields[i] + "\"\r\n\r\n" + fields[i+1] + "\r\n"
		}
		return b + "--x--\r\n", "Content-Type", "multipart/form-data; boundary=x"
	}
	put := func(path string, fields ...string) string {
		body, name, kind := form(fields...)
		return a.send("PUT", path, body, name, kind)
	}
	a.check("a form", put("/values/f?expiration_ttl=60", "value", "v\x00\r\nw", "metadata", `{"a": [1]}`), "200")
	a.check("its value", a.send("GET", "/values/f", ""), "200 v\x00\r\nw expires 1800000060")
	a.check("its metadata", a.send("GET", "/metadata/f", ""), `200 "result":{"a":[1]}}`)
	a.check("a form of the TypeScript SDK", put("/values/s", "metadata[a]", "1", "metadata[b][c]", "x", "value", "v"), "200")
	a.check("its metadata", a.send("GET", "/metadata/s", ""), `200 "result":{"a":"1","b":{"c":"x"}}}`)
	a.check("a form without a value", put("/values/n", "metadata", "{}"), `400 {"code":10012`)
	a.check("metadata that is no JSON", put("/values/n", "value", "v", "metadata", "{"), `400 {"code":10012`)
	a.check("metadata that is too long", put("/values/n", "value", "v", "metadata", `"`+strings.Repeat("m", 1024)+`"`), `413 {"code":10021,"message":"Metadata length of 1026 exceeds limit of 1024."}`)
	a.check("metadata in fields that are too deep", put("/values/n", "value", "v", "metadata"+strings.Repeat("[a]", 1<<20), "x"), `413 {"code":10021`)
	a.check("metadata in fields that are too many", put("/values/n", slices.Repeat([]string{"metadata[a]", strings.Repeat("x", 1<<10)}, 100)...), `413 {"code":10021`)
	a.check("no metadata", a.send("PUT", "/values/p?expiration=1800000060", "v"), "200")
	a.check("no metadata", a.send("GET", "/metadata/p", ""), `200 "result":null}`)
	a.check("metadata of no key", a.send("GET", "/metadata/q", ""), `404 {"code":10009`)
	a.check("an end that is too near", a.send("PUT", "/values/p?expiration_ttl=59", "v"), `400 {"code":10034,"message":"Invalid expiration_ttl of 59. Expiration TTL must be at least 60."}`)
	a.check("an end that has been", a.send("PUT", "/values/p?expiration=1", "v"), `400 {"code":10034`)
	a.check("a key that is too long", a.send("PUT", "/values/"+strings.Repeat("k", 513), "v"), `414 {"code":10020,"message":"UTF-8 encoded length of 513 exceeds key length limit of 512."}`)
	a.check("a value that is too long", a.send("PUT", "/values/l", strings.Repeat("v", 25<<20+1)), `413 {"code":10021,"message":"Value length of 26214401 exceeds limit of 26214400."}`)
	a.check("the longest value", a.send("PUT", "/values/l", strings.Repeat("v", 25<<20)), "200")
	a.check("the list", a.send("GET", "/keys", ""), `200 "result":[{"name":"f","expiration":1800000060,"metadata":{"a":[1]}},{"name":"l"},{"name":"p","expiration":1800000060},{"name":"s","metadata":{"a":"1","b":{"c":"x"}}}],"result_info":{"count":4,"cursor":""}}`)
	a.service.clock.(*clock.Movable).Advance(time.Minute)
	a.check("what has ended", a.send("GET", "/values/f", ""), `404 {"code":10009`)
	a.check("the list without it", a.send("GET", "/keys?prefix=f", ""), `200 "result":[],"result_info":{"count":0,"cursor":""}}`)
}

func TestKeysAreListedByPages(t *testing.T) {
	a := openAPI(t)
	for i := range 25 {
		put(t, a.Namespace, fmt.Sprintf("k%02d", i), "v", PutOptions{})
	}
	cursor, pages, names := "", 0, 0
	for {
		got := a.send("GET", "/keys?limit=10&cursor="+url.QueryEscape(cursor), "")
		names, pages = names+strings.Count(got, `"name"`), pages+1
		_, rest, _ := strings.Cut(got, `"cursor":"`)
		if cursor, _, _ = strings.Cut(rest, `"`); cursor == "" {
			break
		}
	}
	if pages != 3 || names != 25 {
		t.Errorf("%d keys on %d pages", names, pages)
	}
	for _, limit := range []string{"9", "1001", "x"} {
		a.check("limit "+limit, a.send("GET", "/keys?limit="+limit, ""), `400 {"code":10012`)
	}
}

func TestBulk(t *testing.T) {
	a := openAPI(t)
	a.check("put", a.send("PUT", "/bulk", `[{"key":"a","value":"1","expiration_ttl":60,"metadata":{"m":1}},{"key":"b","value":"AP8=","base64":true,"expiration":1800000100},{"key":"c","value":"{\"x\":1}","metadata":null}]`),
		`200 "result":{"successful_key_count":3,"unsuccessful_keys":[]}}`)
	if got := value(t, a.Namespace, "b"); got != "\x00\xff" {
		t.Errorf("%q", got)
	}
	a.check("get", a.send("POST", "/bulk/get", `{"keys":["a","c","none"]}`), `200 "result":{"values":{"a":"1","c":"{\"x\":1}","none":null}}}`)
	a.check("get JSON", a.send("POST", "/bulk/get", `{"keys":["c"],"type":"json"}`), `200 "result":{"values":{"c":{"x":1}}}}`)
	a.check("get with metadata", a.send("POST", "/bulk/get", `{"keys":["a","c","none"],"withMetadata":true}`),
		`200 "result":{"values":{"a":{"value":"1","metadata":{"m":1},"expiration":1800000060},"c":{"value":"{\"x\":1}","metadata":null},"none":null}}}`)
	a.check("get of nothing", a.send("POST", "/bulk/get", `{"keys":[]}`), `400 {"code":10029`)
	a.check("get of JSON that is none", a.send("POST", "/bulk/get", `{"keys":["b"],"type":"json"}`), `400 {"code":10012`)
	a.check("get of another type", a.send("POST", "/bulk/get", `{"keys":["b"],"type":"stream"}`), `400 {"code":10012`)
	a.check("delete as wrangler does", a.send("DELETE", "/bulk", `["a","none"]`), `200 "result":{"successful_key_count":2,"unsuccessful_keys":[]}}`)
	a.check("delete as the SDKs do", a.send("POST", "/bulk/delete", `["b"]`), `200 "result":{"successful_key_count":1`)
	a.check("what is left", a.send("GET", "/keys", ""), `200 "result":[{"name":"c"}]`)
	for what, body := range map[string]string{
		"no list": `{}`, "a pair without value": `[{"key":"x","value":"v"},{"key":"a"}]`, "a value that is no text": `[{"key":"a","value":1}]`,
		"base64 that is none": `[{"key":"x","value":"v"},{"key":"a","value":"*","base64":true}]`, "an empty key": `[{"key":"x","value":"v"},{"key":"","value":""}]`,
		"more pairs than it takes": "[" + strings.Repeat(`{"key":"x","value":""},`, 10_000) + `{"key":"x","value":""}]`,
	} {
		a.check(what, a.send("PUT", "/bulk", body), `400 {"code":10012`)
	}
	a.check("an end that is too near", a.send("PUT", "/bulk", `[{"key":"x","value":"v"},{"key":"y","value":"v","expiration_ttl":1}]`), `400 {"code":10034,"message":"pair 2, key \"y\": Invalid expiration_ttl of 1`)
	if got := value(t, a.Namespace, "x"); got != "absent" {
		t.Error("a refused bulk write has left something")
	}
}

func TestNamespacesAreRenamed(t *testing.T) {
	a := openAPI(t)
	if _, err := a.service.Create(t.Context(), "taken"); err != nil {
		t.Fatal(err)
	}
	put(t, a.Namespace, "k", "v", PutOptions{})
	a.check("rename", a.send("PUT", "", `{"title":"new"}`), `200 "result":{"id":"`+a.ID+`","title":"new"`)
	a.check("to its own title", a.send("PUT", "", `{"title":"new"}`), `200`)
	a.check("to a title that is taken", a.send("PUT", "", `{"title":"taken"}`), `400 {"code":10014`)
	a.check("to none", a.send("PUT", "", `{}`), `400 {"code":10019`)
	if got := value(t, a.Namespace, "k"); got != "v" {
		t.Errorf("the namespace has lost its keys: %q", got)
	}
}

// Whatever is sent as a key, what is stored under it is what comes back.
func FuzzKeysOfPaths(f *testing.F) {
	a := openAPI(f)
	f.Add("a%2Fb")
	f.Add("../%2e%2e/x")
	f.Fuzz(func(t *testing.T, sent string) {
		req, err := http.NewRequest("PUT", a.base+"/values/"+sent, strings.NewReader("v"))
		if err != nil || req.URL.RawQuery != "" || req.URL.Fragment != "" {
			return
		}
		w := httptest.NewRecorder()
		a.mux.ServeHTTP(w, req)
		if w.Code != 200 {
			return
		}
		req, _ = http.NewRequest("GET", a.base+"/values/"+sent, nil)
		w = httptest.NewRecorder()
		a.mux.ServeHTTP(w, req)
		if w.Code != 200 || w.Body.String() != "v" {
			t.Errorf("%q: %d %q", sent, w.Code, w.Body)
		}
	})
}

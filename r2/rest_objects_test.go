package r2

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

// An api is the face of a service on client/v4.
type api struct {
	t   testing.TB
	mux *mux.Router
	*Service
}

func openAPI(t testing.TB) api {
	t.Helper()
	b := openOne(t, Options{Clock: frozen()})
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	b.service.Routes(r)
	return api{t, r, b.service}
}

// send returns the status, the headers that were asked for, and the body of the answer without what
// success always has.
func (a api) send(method, path, body string, header ...string) string {
	a.t.Helper()
	req := httptest.NewRequest(method, "/r2/buckets"+path, strings.NewReader(body))
	out := ""
	var want []string
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "?" {
			want = append(want, header[i+1])
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.mux.ServeHTTP(w, req)
	for _, name := range want {
		out += name + "=" + w.Header().Get(name) + " "
	}
	b, _ := io.ReadAll(w.Body)
	text := strings.TrimPrefix(strings.TrimSpace(string(b)), `{"success":true,"errors":[],"messages":[],`)
	text = strings.TrimPrefix(text, `{"success":false,"errors":[`)
	return fmt.Sprintf("%d %s%s", w.Code, out, text)
}

func (a api) check(what, got, want string) {
	a.t.Helper()
	if !strings.HasPrefix(got, want) {
		a.t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
	}
}

// wrangler leaves slashes as they are, the SDKs escape them.
func TestObjectKeysAreReadAsTheyWereSent(t *testing.T) {
	a := openAPI(t)
	b, err := a.Get(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	for sent, key := range map[string]string{
		"dir/h%20%C3%A9.txt": "dir/h é.txt", "k%2F1%202": "k/1 2", "a//b": "a//b", "a/../b": "a/../b", "..%2F": "../", "a/": "a/", "+": "+", "%25": "%", "objects": "objects",
	} {
		a.check("put "+sent, a.send("PUT", "/invoices/objects/"+sent, "of "+sent), `200 "result":{"key":`)
		if o, err := b.Head(t.Context(), key); err != nil || o.Size != int64(len("of "+sent)) {
			t.Errorf("%s is not %q: %v", sent, key, err)
		}
		a.check("get "+sent, a.send("GET", "/invoices/objects/"+sent, ""), "200 of "+sent)
		a.check("delete "+sent, a.send("DELETE", "/invoices/objects/"+sent, ""), `200 "result":{"key":`)
		a.check("get deleted "+sent, a.send("GET", "/invoices/objects/"+sent, ""), `404 {"code":10007,"message":"The specified key does not exist."}`)
	}
}

func TestObjectsKeepTheirMetadata(t *testing.T) {
	a := openAPI(t)
	expires := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
	a.check("put", a.send("PUT", "/invoices/objects/k", "0123456789", "Content-Type", "text/plain", "Cache-Control", "no-store", "Content-Language", "de",
		"Content-Disposition", "inline", "Content-Encoding", "identity", "Expires", expires, "cf-r2-storage-class", "InfrequentAccess", "cf-r2-custom-metadata", `{"a":"b"}`),
		`200 "result":{"key":"k","etag":"781e5e245d69b566979b86e28d23f2c7","size":"10"`)
	a.check("get", a.send("GET", "/invoices/objects/k", "", "?", "Content-Type", "?", "Cache-Control", "?", "Content-Language", "?", "Content-Disposition", "?", "Content-Encoding", "?", "Expires", "?", "ETag"),
		`200 Content-Type=text/plain Cache-Control=no-store Content-Language=de Content-Disposition=inline Content-Encoding=identity Expires=`+expires+` ETag="781e5e245d69b566979b86e28d23f2c7" 0123456789`)
	metadata := `"http_metadata":{"contentType":"text/plain","contentLanguage":"de","contentDisposition":"inline","contentEncoding":"identity","cacheControl":"no-store","cacheExpiry":"2027-01-01T00:00:00.000Z"},"custom_metadata":{"a":"b"},"storage_class":"InfrequentAccess","ssec":false}`
	if got := a.send("GET", "/invoices/objects/k", "", "cf-metadata-only", "true"); !strings.Contains(got, metadata) {
		t.Errorf("metadata: %s", got)
	}
	if got := a.send("GET", "/invoices/objects", ""); !strings.Contains(got, metadata) || !strings.Contains(got, `"result_info":{"per_page":20,"is_truncated":false,"delimited":[]}`) {
		t.Errorf("list: %s", got)
	}
	for what, tt := range map[string]struct{ name, value, want string }{
		"a range":                     {"Range", "bytes=2-4", "206 Content-Range=bytes 2-4/10 234"},
		"its end":                     {"Range", "bytes=-3", "206 Content-Range=bytes 7-9/10 789"},
		"a range that is none":        {"Range", "bytes=10-", `416 Content-Range=bytes */10 {"code":10039`},
		"an etag that is known":       {"If-None-Match", `"781e5e245d69b566979b86e28d23f2c7"`, "304 Content-Range= "},
		"an etag that is another one": {"If-Match", `"x"`, `412 Content-Range= {"code":10031`},
	} {
		a.check(what, a.send("GET", "/invoices/objects/k", "", tt.name, tt.value, "?", "Content-Range"), tt.want)
	}
	a.check("a class that is none", a.send("PUT", "/invoices/objects/k", "", "cf-r2-storage-class", "Cold"), `400 {"code":10029`)
	a.check("metadata that is none", a.send("PUT", "/invoices/objects/k", "", "cf-r2-custom-metadata", "x"), `400 {"code":10029`)
	a.check("a key that is too long", a.send("PUT", "/invoices/objects/"+strings.Repeat("k", 1025), ""), `400 {"code":10020`)
}

func TestObjectsAreListedAndDeleted(t *testing.T) {
	a := openAPI(t)
	for _, key := range []string{"a/1", "a/2", "b/1", "c"} {
		a.check("put", a.send("PUT", "/invoices/objects/"+key, ""), "200")
	}
	got := a.send("GET", "/invoices/objects?delimiter=/&per_page=2", "")
	if !strings.Contains(got, `"result":[],"result_info":{"per_page":2,"cursor":"Yi8x","is_truncated":true,"delimited":["a/","b/"]}`) {
		t.Errorf("with a delimiter: %s", got)
	}
	got = a.send("GET", "/invoices/objects?delimiter=/&per_page=2&cursor=Yi8x", "")
	if !strings.Contains(got, `"key":"c"`) || !strings.Contains(got, `"is_truncated":false`) {
		t.Errorf("its second page: %s", got)
	}
	if got := a.send("GET", "/invoices/objects?prefix=a/&start_after=a/1", ""); strings.Count(got, `"key"`) != 1 {
		t.Errorf("behind a key: %s", got)
	}
	a.check("a page that is too long", a.send("GET", "/invoices/objects?per_page=1001", ""), `400 {"code":10022`)
	a.check("delete several", a.send("DELETE", "/invoices/objects", `["a/1","none"]`), `200 "result":[{"key":"a/1"},{"key":"none"}]`)
	a.check("delete of what is no list", a.send("DELETE", "/invoices/objects", `{}`), `400 {"code":10040`)
	a.check("delete the bucket", a.send("DELETE", "/invoices", ""), `409 {"code":10008`)
	a.check("in a bucket that is not there", a.send("PUT", "/nothing/objects/k", "v"), `404 {"code":10006`)
}

func TestBucketsHaveAJurisdictionAndAClass(t *testing.T) {
	a := openAPI(t)
	a.check("create", a.send("POST", "", `{"name":"bound"}`, "cf-r2-jurisdiction", "eu"), `200 "result":{"name":"bound"`)
	a.check("get without a word of it", a.send("GET", "/bound", ""), `404 {"code":10006`)
	if got := a.send("GET", "/bound", "", "cf-r2-jurisdiction", "eu"); !strings.Contains(got, `"jurisdiction":"eu"`) {
		t.Errorf("get: %s", got)
	}
	if got := a.send("GET", "", ""); strings.Contains(got, "bound") || !strings.Contains(got, "invoices") {
		t.Errorf("list: %s", got)
	}
	if got := a.send("GET", "", "", "cf-r2-jurisdiction", "eu"); !strings.Contains(got, "bound") || strings.Contains(got, "invoices") {
		t.Errorf("list: %s", got)
	}
	a.check("another jurisdiction", a.send("POST", "", `{"name":"other"}`, "cf-r2-jurisdiction", "moon"), `400 {"code":10029`)
	if got := a.send("PATCH", "/invoices", "", "cf-r2-storage-class", "InfrequentAccess"); !strings.Contains(got, `"storage_class":"InfrequentAccess"`) {
		t.Errorf("change: %s", got)
	}
	a.check("put", a.send("PUT", "/invoices/objects/k", "v"), "200")
	if got := a.send("GET", "/invoices/objects/k", "", "cf-metadata-only", "true"); !strings.Contains(got, `"storage_class":"InfrequentAccess"`) {
		t.Errorf("an object put without a class: %s", got)
	}
	a.check("a class that is none", a.send("PATCH", "/invoices", "", "cf-r2-storage-class", "x"), `400 {"code":10029`)
}

// Whatever is sent as a key, what is stored under it is what comes back.
func FuzzKeysOfObjectPaths(f *testing.F) {
	a := openAPI(f)
	f.Add("a%2Fb")
	f.Add("../%2e%2e/x")
	f.Fuzz(func(t *testing.T, sent string) {
		put, err := http.NewRequest("PUT", "/r2/buckets/invoices/objects/"+sent, strings.NewReader("v"))
		if err != nil || put.URL.RawQuery != "" || put.URL.Fragment != "" {
			return
		}
		w := httptest.NewRecorder()
		a.mux.ServeHTTP(w, put)
		if w.Code != 200 {
			return
		}
		get, _ := http.NewRequest("GET", "/r2/buckets/invoices/objects/"+sent, nil)
		w = httptest.NewRecorder()
		a.mux.ServeHTTP(w, get)
		if w.Code != 200 || w.Body.String() != "v" {
			t.Errorf("%q: %d %q", sent, w.Code, w.Body)
		}
	})
}

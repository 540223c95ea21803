package r2

import (
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

func TestBuckets(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	for name, valid := range map[string]bool{
		"abc": true, "a-1": true, strings.Repeat("a", 63): true,
		"ab": false, "-ab": false, "ab-": false, "aBc": false, "a_b": false, "a.b": false, "": false, "éab": false,
		strings.Repeat("a", 64): false,
	} {
		_, err := s.Create(t.Context(), name)
		if valid != (err == nil) || !valid && code(err) != CodeInvalidBucketName {
			t.Errorf("Create(%q): %v", name, err)
		}
	}
	if _, err := s.Create(t.Context(), "abc"); code(err) != CodeBucketExists {
		t.Errorf("a second one of the name: %v", err)
	}
	b, err := s.Ensure(t.Context(), "abc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ensure(t.Context(), "new"); err != nil {
		t.Error(err)
	}
	put(t, b, "k", "v", PutOptions{})
	if err := s.Delete(t.Context(), "abc"); code(err) != CodeBucketNotEmpty {
		t.Errorf("delete of a bucket with an object: %v", err)
	}
	if err := b.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parts(t, b, *u, []byte("p"))
	if err := s.Delete(t.Context(), "abc"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "abc"); code(err) != CodeNoSuchBucket {
		t.Errorf("a second delete: %v", err)
	}
	if _, err := b.Put(t.Context(), "k", strings.NewReader("v"), PutOptions{}); code(err) != CodeNoSuchBucket {
		t.Errorf("put into a deleted bucket: %v", err)
	}
	if n := len(blobFiles(s)); n != 0 {
		t.Errorf("%d blobs left", n)
	}
}

func TestEverythingIsThereAfterReopen(t *testing.T) {
	dir, c := t.TempDir(), frozen()
	s := open(t, dir, Options{Clock: c})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	want := put(t, b, "k", "hello", PutOptions{Custom: map[string]string{"a": "b"}, HTTP: HTTPMetadata{ContentType: "a/b", CacheExpiry: epoch}})
	whole := upload(t, b, "parts", pattern(minPartBytes), []byte("end"))
	shut(t, s)

	s = open(t, dir, Options{Clock: c})
	b, err = s.Get(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Head(t.Context(), "k")
	if err != nil || !got.HTTP.CacheExpiry.Equal(epoch) {
		t.Fatalf("got %+v, %v", got, err)
	}
	got.HTTP.CacheExpiry = want.HTTP.CacheExpiry
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if body(t, b, "k") != "hello" || body(t, b, "parts") != whole {
		t.Error("a body has changed")
	}
}

func TestAReaderAtCloseLeavesNoCleanMark(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	old := string(pattern(2 * maxSmallBytes)) // a blob
	put(t, b, "k", old, PutOptions{})
	o, err := b.Get(t.Context(), "k", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "k", "new", PutOptions{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.blobs.cleanMark()); err == nil {
		t.Error("marked as clean with a blob that nobody names")
	}
	if got := drain(t, o); got != old {
		t.Errorf("read %d bytes", len(got))
	}
}

func TestResetEmptiesAndKeeps(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	var all []*Bucket
	for _, name := range []string{"one", "two"} {
		b, err := s.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			put(t, b, fmt.Sprint(i), "v", PutOptions{})
		}
		u, err := b.CreateUpload(t.Context(), "k", PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		parts(t, b, *u, []byte("p"))
		all = append(all, b)
	}
	wire := s.Wire("one")
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		if got := listAll(t, b, ListQuery{}); len(got) != 0 {
			t.Errorf("%s still has %q", b.Name, got)
		}
	}
	if n := len(blobFiles(s)); n != 0 {
		t.Errorf("%d blobs left", n)
	}
	req := parseRequest(t, []byte("PUT /\n\n{\"version\":1,\"method\":\"put\",\"object\":\"k\"}\nagain"))
	if got := send(t, wire, req); got.status != "200 OK" {
		t.Errorf("put by a wire from before: %s", got.status)
	}
	if got := body(t, all[0], "k"); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestRoutes(t *testing.T) {
	c := frozen()
	s := open(t, t.TempDir(), Options{NoSync: true, Clock: c})
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r)
	row := func(name, class string) string {
		return `{"name":"` + name + `","creation_date":"2026-01-02T03:04:05.6Z","location":"WEUR","storage_class":"` + class + `","jurisdiction":"default"}`
	}
	for _, tt := range []struct {
		promise, line, body string
		status              int
		want                string
	}{
		{"a bucket is made", "POST /r2/buckets", `{"name":"one"}`, 200, `"result":` + row("one", Standard)},
		{"with a storage class", "POST /r2/buckets", `{"name":"two","storageClass":"InfrequentAccess"}`, 200, row("two", InfrequentAccess)},
		{"but not twice", "POST /r2/buckets", `{"name":"one"}`, 409, `{"code":10004,"message":"The bucket you tried to create already exists, and you own it."}`},
		{"nor with a bad name", "POST /r2/buckets", `{"name":"One"}`, 400, `{"code":10005,"message":"The specified bucket name is not valid."}`},
		{"nor with a bad class", "POST /r2/buckets", `{"name":"three","storageClass":"Cold"}`, 400, `"code":10029`},
		{"nor from a bad body", "POST /r2/buckets", `{`, 400, `"code":10040`},
		{"it is found", "GET /r2/buckets/one", "", 200, `"result":` + row("one", Standard)},
		{"what is not there is not", "GET /r2/buckets/none", "", 404, `{"code":10006,"message":"The specified bucket does not exist."}`},
		{"an order is accepted", "GET /r2/buckets?order=name&direction=asc", "", 200, `[` + row("one", Standard) + `,`},
		{"another is not", "GET /r2/buckets?order=created", "", 400, `"code":10029`},
		{"nor is another direction", "GET /r2/buckets?direction=DESC", "", 400, `"code":10029`},
		{"all are listed by name", "GET /r2/buckets", "", 200, `"result":{"buckets":[` + row("one", Standard) + `,` + row("two", InfrequentAccess) + `]}`},
		{"page by page", "GET /r2/buckets?per_page=1", "", 200, `[` + row("one", Standard) + `]},"result_info":{"per_page":1,"cursor":"one"}`},
		{"the cursor reads on", "GET /r2/buckets?per_page=1&cursor=one", "", 200, `[` + row("two", InfrequentAccess) + `]},"result_info":{"per_page":1}`},
		{"against the order too", "GET /r2/buckets?per_page=1&direction=desc&cursor=two", "", 200, `[` + row("one", Standard) + `]`},
		{"or a part of the name selects", "GET /r2/buckets?name_contains=w", "", 200, `[` + row("two", InfrequentAccess) + `]`},
		{"a hint is shown", "POST /r2/buckets", `{"name":"far","locationHint":"apac"}`, 200, `"location":"APAC"`},
		{"for good", "GET /r2/buckets/far", "", 200, `"location":"APAC"`},
		{"one that is none is refused", "POST /r2/buckets", `{"name":"none","locationHint":"moon"}`, 400, `one of wnam, enam, weur, eeur, apac, oc.`},
		{"it may go", "DELETE /r2/buckets/far", "", 200, ``},
		{"and the next of its name lies there too", "POST /r2/buckets", `{"name":"far","locationHint":"oc"}`, 200, `"location":"APAC"`},
		{"it is deleted", "DELETE /r2/buckets/one", "", 200, `"result":{}`},
		{"once", "DELETE /r2/buckets/one", "", 404, `"code":10006`},
	} {
		method, target, _ := strings.Cut(tt.line, " ")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(tt.body)))
		got, _ := io.ReadAll(w.Body)
		if w.Code != tt.status || !strings.Contains(string(got), tt.want) {
			t.Errorf("%s:\ngot  %d %s\nwant %d %s", tt.promise, w.Code, got, tt.status, tt.want)
		}
	}
	b, err := s.Get(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	if o := put(t, b, "k", "v", PutOptions{}); o.StorageClass != InfrequentAccess {
		t.Errorf("an object has storage class %s, its bucket another", o.StorageClass)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("DELETE", "/r2/buckets/two", nil))
	if w.Code != 409 || !strings.Contains(w.Body.String(), "10008") {
		t.Errorf("delete of a bucket with an object: %d %s", w.Code, w.Body)
	}
}

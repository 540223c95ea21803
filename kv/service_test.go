package kv

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

func TestEnsure(t *testing.T) {
	const id, other = "0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdef"
	s := open(t, t.TempDir(), Options{NoSync: true})
	for _, step := range []struct {
		promise   string
		id, title string
		want      string // id; empty: any new one
		wantTitle string
	}{
		{"a new namespace keeps a given id", id, "one", id, "one"},
		{"it is found by its id, whatever the title", id, "renamed", id, "one"},
		{"else by its title, whatever the id", other, "one", id, "one"},
		{"what is no id is not made one", "replace-with-real-id", "two", "", "two"},
		{"and the second time the title finds it", "replace-with-real-id", "two", "", "two"},
	} {
		n, err := s.Ensure(t.Context(), step.id, step.title)
		if err != nil {
			t.Fatalf("%s: %v", step.promise, err)
		}
		if step.want != "" && n.ID != step.want || !isID(n.ID) || n.Title != step.wantTitle {
			t.Errorf("%s: got %s %s", step.promise, n.ID, n.Title)
		}
	}
	all, err := s.List(t.Context())
	if err != nil || len(all) != 2 {
		t.Errorf("%d namespaces, %v; want 2", len(all), err)
	}
}

func TestNamespaces(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	n, err := s.Create(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), "a"); code(err) != CodeTitleTaken {
		t.Errorf("a second one with the title: %v", err)
	}
	if _, err := s.Create(t.Context(), ""); code(err) != CodeTitleInvalid {
		t.Errorf("one without a title: %v", err)
	}
	for _, by := range []string{n.ID, n.Title} {
		if got, err := s.Get(t.Context(), by); err != nil || got.ID != n.ID {
			t.Errorf("Get(%q) = %v, %v", by, got, err)
		}
	}
	put(t, n, "k", strings.Repeat("v", 10_000), PutOptions{})
	if err := s.Delete(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), n.ID); code(err) != CodeNamespaceNotFound {
		t.Errorf("a second delete: %v", err)
	}
	if _, err := n.Get(t.Context(), "k"); code(err) != CodeNamespaceNotFound {
		t.Errorf("get from a deleted namespace: %v", err)
	}
}

func TestEverythingIsThereAfterReopen(t *testing.T) {
	dir, c := t.TempDir(), frozen()
	s := open(t, dir, Options{Clock: c})
	n, err := s.Create(t.Context(), "SESSIONS")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long", 100_000)
	put(t, n, "small", "v", PutOptions{Metadata: []byte(`{"a":1}`), TTL: time.Hour})
	put(t, n, "long", long, PutOptions{})
	shut(t, s)

	s = open(t, dir, Options{Clock: c})
	n, err = s.Get(t.Context(), "SESSIONS")
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.Get(t.Context(), "small")
	if err != nil || string(e.Metadata) != `{"a":1}` || e.Expires.Unix() != epoch.Unix()+3600 {
		t.Errorf("got %+v, %v", e, err)
	}
	if value(t, n, "long") != long {
		t.Error("the long value has changed")
	}
}

func TestResetEmptiesAndKeeps(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	var all []*Namespace
	for _, title := range []string{"a", "b"} {
		n, err := s.Create(t.Context(), title)
		if err != nil {
			t.Fatal(err)
		}
		put(t, n, "k", strings.Repeat("v", 10_000), PutOptions{TTL: time.Hour})
		all = append(all, n)
	}
	wire := s.Wire(all[0].ID)
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		if got := value(t, n, "k"); got != "absent" {
			t.Errorf("%s still has %d bytes", n.Title, len(got))
		}
	}
	if got := send(t, wire, parseRequest(t, []byte("PUT /k?urlencoded=true\n\nagain"))); got.status != "200 OK" {
		t.Errorf("put by a wire from before: %s", got.status)
	}
	if got := value(t, all[0], "k"); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestRoutes(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r)
	for _, id := range []string{"3", "1", "2"} {
		if _, err := s.Ensure(t.Context(), strings.Repeat(id, 32), "title "+id); err != nil {
			t.Fatal(err)
		}
	}
	row := func(id string) string {
		return `{"id":"` + strings.Repeat(id, 32) + `","title":"title ` + id + `","supports_url_encoding":true}`
	}
	for name, tt := range map[string]struct {
		line, body string
		status     int
		want       string
	}{
		"a page is as long as asked":    {"GET /storage/kv/namespaces?per_page=2&page=1", "", 200, `"result":[` + row("1") + `,` + row("2") + `],"result_info":{"page":1,"per_page":2,"count":2,"total_count":3,"total_pages":2}`},
		"the last page is short":        {"GET /storage/kv/namespaces?per_page=2&page=2", "", 200, `"result":[` + row("3") + `]`},
		"the page behind it is empty":   {"GET /storage/kv/namespaces?per_page=2&page=3", "", 200, `"result":[],"result_info":{"page":3,"per_page":2,"count":0,"total_count":3,"total_pages":2}`},
		"the order can be turned":       {"GET /storage/kv/namespaces?order=id&direction=desc", "", 200, `"result":[` + row("3")},
		"one by its id":                 {"GET /storage/kv/namespaces/" + strings.Repeat("2", 32), "", 200, `"result":` + row("2")},
		"a title is no id":              {"GET /storage/kv/namespaces/title%202", "", 400, `{"code":10011,"message":"could not parse UUID from request's namespace_id: 'title 2', invalid namespace format"}`},
		"a namespace that is not there": {"GET /storage/kv/namespaces/" + strings.Repeat("9", 32), "", 404, `{"code":10013,"message":"namespace not found"}`},
		"a title that is taken":         {"POST /storage/kv/namespaces", `{"title":"title 1"}`, 400, `{"code":10014,"message":"a namespace with this account ID and title already exists"}`},
		"a title that is missing":       {"POST /storage/kv/namespaces", `{}`, 400, `"code":10019`},
		"a body that is no JSON":        {"POST /storage/kv/namespaces", `{`, 400, `"code":10012`},
		"a delete of what is not there": {"DELETE /storage/kv/namespaces/" + strings.Repeat("9", 32), "", 404, `"code":10013`},
	} {
		t.Run(name, func(t *testing.T) {
			method, target, _ := strings.Cut(tt.line, " ")
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(tt.body)))
			b, _ := io.ReadAll(w.Body)
			if w.Code != tt.status || !strings.Contains(string(b), tt.want) {
				t.Errorf("got  %d %s\nwant %d %s", w.Code, b, tt.status, tt.want)
			}
		})
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("POST", "/storage/kv/namespaces", strings.NewReader(`{"title":"new"}`)))
	n, err := s.Get(t.Context(), "new")
	if err != nil || !strings.Contains(w.Body.String(), n.ID) {
		t.Fatalf("created %s: %v", w.Body, err)
	}
	w = httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("DELETE", "/storage/kv/namespaces/"+n.ID, nil))
	if _, err := s.Get(t.Context(), "new"); w.Code != 200 || code(err) != CodeNamespaceNotFound {
		t.Errorf("deleted: %d, then %v", w.Code, err)
	}
}

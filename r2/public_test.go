package r2

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func ask(p *PublicBucket, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	ServePublic(w, r, p)
	return w
}

func TestPublicObjects(t *testing.T) {
	c := frozen()
	b := openOne(t, Options{Clock: c})
	meta := HTTPMetadata{ContentType: "text/plain", ContentLanguage: "de", ContentDisposition: "inline", ContentEncoding: "identity",
		CacheControl: "max-age=60", CacheExpiry: epoch.Truncate(time.Second)}
	o := put(t, b, "dir/a b+ü.txt", "0123456789", PutOptions{HTTP: meta, Custom: map[string]string{"secret": "x"}})
	put(t, b, "large", string(pattern(1<<20)), PutOptions{})
	put(t, b, "empty", "", PutOptions{})
	p := &PublicBucket{Bucket: b, Enabled: true}
	const path = "/dir/a%20b+%C3%BC.txt"
	etag, modified := `"`+o.ETag+`"`, "Fri, 02 Jan 2026 03:04:05 GMT"
	whole := map[string]string{
		"Content-Type": "text/plain", "Content-Language": "de", "Content-Disposition": "inline", "Content-Encoding": "identity", "Cache-Control": "max-age=60",
		"Expires": modified, "Etag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes",
	}
	with := func(more ...string) map[string]string {
		all := maps.Clone(whole)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	for name, tt := range map[string]struct {
		method, path string
		header       []string
		status       int
		body         string
		want         map[string]string
	}{
		"whole, with its metadata":         {"GET", path, nil, 200, "0123456789", with("Content-Length", "10")},
		"head":                             {"HEAD", path, nil, 200, "", with("Content-Length", "10")},
		"a part":                           {"GET", path, []string{"Range", "bytes=2-4"}, 206, "234", with("Content-Range", "bytes 2-4/10", "Content-Length", "3")},
		"from a byte on":                   {"GET", path, []string{"Range", "bytes=7-"}, 206, "789", with("Content-Range", "bytes 7-9/10")},
		"the end":                          {"GET", path, []string{"Range", "bytes=-2"}, 206, "89", with("Content-Range", "bytes 8-9/10")},
		"more than there is":               {"GET", path, []string{"Range", "bytes=5-99"}, 206, "56789", with("Content-Range", "bytes 5-9/10")},
		"behind the end":                   {"GET", path, []string{"Range", "bytes=10-"}, 416, "<!", map[string]string{"Content-Range": "bytes */10"}},
		"a part of nothing":                {"GET", "/empty", []string{"Range", "bytes=0-"}, 416, "<!", map[string]string{"Content-Range": "bytes */0"}},
		"two parts are the whole":          {"GET", path, []string{"Range", "bytes=0-1,3-4"}, 200, "0123456789", nil},
		"a range that is none":             {"GET", path, []string{"Range", "lines=1-2"}, 200, "0123456789", nil},
		"a range that ends too early":      {"GET", path, []string{"Range", "bytes=4-2"}, 200, "0123456789", nil},
		"if it is still the same, a part":  {"GET", path, []string{"Range", "bytes=2-4", "If-Range", etag}, 206, "234", nil},
		"since then not changed":           {"GET", path, []string{"Range", "bytes=2-4", "If-Range", modified}, 206, "234", nil},
		"else the whole":                   {"GET", path, []string{"Range", "bytes=2-4", "If-Range", `"other"`}, 200, "0123456789", nil},
		"known already":                    {"GET", path, []string{"If-None-Match", `"x", W/` + etag}, 304, "", map[string]string{"Etag": etag, "Cache-Control": "max-age=60"}},
		"known already, to HEAD":           {"HEAD", path, []string{"If-None-Match", "*"}, 304, "", nil},
		"not modified":                     {"GET", path, []string{"If-Modified-Since", modified}, 304, "", nil},
		"the etag counts more":             {"GET", path, []string{"If-None-Match", `"x"`, "If-Modified-Since", modified}, 200, "0123456789", nil},
		"another was meant":                {"GET", path, []string{"If-Match", `"x"`}, 412, "<!", nil},
		"the same was meant":               {"GET", path, []string{"If-Match", etag, "If-Unmodified-Since", "Thu, 01 Jan 2026 03:04:05 GMT"}, 200, "0123456789", nil},
		"modified since":                   {"GET", path, []string{"If-Unmodified-Since", "Thu, 01 Jan 2026 03:04:05 GMT"}, 412, "<!", nil},
		"without a type":                   {"GET", "/empty", nil, 200, "", map[string]string{"Content-Type": "application/octet-stream"}},
		"no such object":                   {"GET", "/nope", nil, 404, "<!", map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		"the bucket is not listed":         {"GET", "/", nil, 404, "<!", nil},
		"a key that is too long":           {"GET", "/" + strings.Repeat("x", 1025), nil, 404, "<!", nil},
		"nothing can be written":           {"PUT", path, nil, 405, "<!", map[string]string{"Allow": "GET, HEAD"}},
		"nothing can be deleted":           {"DELETE", path, nil, 405, "<!", nil},
		"a page without a policy is alone": {"GET", path, []string{"Origin", "https://a.example"}, 200, "0123456789", map[string]string{"Access-Control-Allow-Origin": ""}},
		"no preflight without a policy":    {"OPTIONS", path, []string{"Origin", "https://a.example", "Access-Control-Request-Method", "GET"}, 403, "<!", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(p, tt.method, tt.path, tt.header...)
			got := w.Body.String()
			if w.Code != tt.status || !strings.HasPrefix(got, tt.body) || tt.body != "<!" && got != tt.body {
				t.Errorf("got %d %q", w.Code, got)
			}
			for name, want := range tt.want {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if strings.Contains(strings.Join(w.Header().Values("X-Amz-Meta-Secret"), ""), "x") {
				t.Error("custom metadata is shown")
			}
		})
	}
	if w := ask(p, "GET", "/large"); w.Body.String() != string(pattern(1<<20)) {
		t.Errorf("the large object has %d bytes", w.Body.Len())
	}
	if n := len(b.service.blobs.pins); n != 0 {
		t.Errorf("%d blobs are held", n)
	}
}

func TestPublicObjectsAndCORS(t *testing.T) {
	b := openOne(t, Options{})
	put(t, b, "k", "v", PutOptions{})
	p := &PublicBucket{Bucket: b, Enabled: true}
	err := b.SetCORS(t.Context(), CORSPolicy{{Allowed: CORSAllowed{Origins: []string{"https://a.example"}, Methods: []string{"GET"}, Headers: []string{"range"}}}})
	if err != nil {
		t.Fatal(err)
	}
	preflight := []string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range", "Origin"}
	for name, tt := range map[string]struct {
		method string
		header []string
		status int
		origin string
	}{
		"a page that may":          {"GET", []string{"Origin", "https://a.example"}, 200, "https://a.example"},
		"one that may not":         {"GET", []string{"Origin", "https://b.example"}, 200, ""},
		"no page":                  {"GET", nil, 200, ""},
		"a preflight of the first": {"OPTIONS", append(preflight, "https://a.example"), 204, "https://a.example"},
		"and of the second":        {"OPTIONS", append(preflight, "https://b.example"), 403, ""},
	} {
		w := ask(p, tt.method, "/k", tt.header...)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != tt.status || got != tt.origin {
			t.Errorf("%s: got %d, for %q", name, w.Code, got)
		}
	}
}

func TestPublicNames(t *testing.T) {
	b := openOne(t, Options{Account: "me"})
	s := b.service
	other, err := s.Create(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	shown := func(host string) string {
		t.Helper()
		p, err := s.PublicBucket(host)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case p == nil:
			return "nothing"
		case !p.Enabled:
			return "no more"
		}
		return p.Name
	}
	d, err := b.ManagedDomain(t.Context())
	if err != nil || d.Enabled || shown(d.Domain) != "nothing" || d.Domain != "pub-"+d.BucketID+".r2.dev" || len(d.BucketID) != 32 {
		t.Errorf("at first %+v, %v", d, err)
	}
	if w := ask(nil, "GET", "/k"); w.Code != http.StatusUnauthorized {
		t.Errorf("a name that means nothing: %d", w.Code)
	}
	if d, err := b.SetManagedDomain(t.Context(), true); err != nil || !d.Enabled || shown(d.Domain) != "invoices" {
		t.Errorf("enabled: %+v, %v, shows %s", d, err, shown(d.Domain))
	}
	add := func(b *Bucket, domain string) error {
		_, err := b.AddCustomDomain(t.Context(), CustomDomain{Domain: domain, Enabled: true, ZoneID: "z"})
		return err
	}
	if err := add(b, "Files.Example.com."); err != nil || shown("files.example.com") != "invoices" {
		t.Errorf("a custom domain: %v, shows %s", err, shown("files.example.com"))
	}
	if err := add(other, "files.example.com"); code(err) != CodeDomainTaken {
		t.Errorf("of another bucket: %v", err)
	}
	for _, bad := range []string{"", "localhost", "files.localhost", "example", "127.0.0.1", "::1", "a..b", "-a.example", "a b.example", "a/b.example", "x.r2.dev", "a.example:80", strings.Repeat("a.", 127) + "ab"} {
		if err := add(b, bad); code(err) != CodeInvalidArgument {
			t.Errorf("%q: %v", bad, err)
		}
	}
	off := false
	if one, err := b.UpdateCustomDomain(t.Context(), "files.example.com", CustomDomainChange{Enabled: &off}); err != nil || one.Enabled || shown("files.example.com") != "no more" {
		t.Errorf("disabled: %+v, %v", one, err)
	}
	tls := "2.0"
	if _, err := b.UpdateCustomDomain(t.Context(), "files.example.com", CustomDomainChange{MinTLS: &tls}); code(err) != CodeInvalidArgument {
		t.Errorf("TLS 2.0: %v", err)
	}
	if err := other.RemoveCustomDomain(t.Context(), "files.example.com"); code(err) != CodeNoSuchDomain {
		t.Errorf("removed from another bucket: %v", err)
	}
	if err := b.RemoveCustomDomain(t.Context(), "files.example.com"); err != nil || shown("files.example.com") != "nothing" {
		t.Errorf("removed: %v", err)
	}
	if _, err := b.SetManagedDomain(t.Context(), false); err != nil || shown(d.Domain) != "no more" {
		t.Errorf("disabled: %v", err)
	}
}

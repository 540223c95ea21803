package r2

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCORSAnswers(t *testing.T) {
	hour := 3600
	policy := CORSPolicy{
		{Allowed: CORSAllowed{Origins: []string{"https://shop.example", "https://*.shop.example"}, Methods: []string{"GET", "PUT"}, Headers: []string{"Content-Type", "x-amz-*"}},
			ExposeHeaders: []string{"ETag", "x-id"}, MaxAgeSeconds: &hour},
		{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"GET"}}},
		{Allowed: CORSAllowed{Origins: []string{"http://localhost:3000"}, Methods: []string{"DELETE"}, Headers: []string{"*"}}},
	}
	for name, tt := range map[string]struct {
		method, origin, ask, headers string // ask: the method of a preflight
		allowed                      bool
		want                         string // the headers that are set, but for Vary
	}{
		"a page of the origin":                        {"GET", "https://shop.example", "", "", true, "Allow-Origin: https://shop.example; Expose-Headers: ETag, x-id"},
		"a page below it":                             {"GET", "https://a.b.shop.example", "", "", true, "Allow-Origin: https://a.b.shop.example; Expose-Headers: ETag, x-id"},
		"one that only ends like it gets the next":    {"GET", "https://myshop.example", "", "", true, "Allow-Origin: *"},
		"the scheme counts":                           {"PUT", "http://shop.example", "", "", false, ""},
		"the port counts":                             {"PUT", "https://shop.example:8443", "", "", false, ""},
		"a method that no rule has":                   {"POST", "https://shop.example", "", "", false, ""},
		"no page asks":                                {"GET", "", "", "", true, ""},
		"a preflight of it":                           {"OPTIONS", "https://shop.example", "PUT", "content-type, X-Amz-Date", true, "Allow-Headers: content-type, x-amz-date; Allow-Methods: GET, PUT; Allow-Origin: https://shop.example; Expose-Headers: ETag, x-id; Max-Age: 3600"},
		"a preflight with a header that is not there": {"OPTIONS", "https://shop.example", "PUT", "x-other", false, ""},
		"any header will do":                          {"OPTIONS", "http://localhost:3000", "DELETE", "x-other,authorization", true, "Allow-Headers: x-other, authorization; Allow-Methods: DELETE; Allow-Origin: http://localhost:3000"},
		"a preflight without headers":                 {"OPTIONS", "https://any.example", "GET", "", true, "Allow-Methods: GET; Allow-Origin: *"},
		"a preflight for a method that no rule has":   {"OPTIONS", "https://any.example", "PUT", "", false, ""},
		"an OPTIONS that is no preflight":             {"OPTIONS", "https://shop.example", "", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/k", nil)
			for header, value := range map[string]string{"Origin": tt.origin, "Access-Control-Request-Method": tt.ask, "Access-Control-Request-Headers": tt.headers} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			h := http.Header{}
			if allowed := policy.Allow(h, r); allowed != tt.allowed {
				t.Errorf("allowed: %v", allowed)
			}
			var got []string
			for _, name := range []string{"Allow-Headers", "Allow-Methods", "Allow-Origin", "Expose-Headers", "Max-Age"} {
				if v := h.Get("Access-Control-" + name); v != "" {
					got = append(got, name+": "+v)
				}
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), tt.want)
			}
			if varies := h.Get("Vary") != ""; varies != (tt.origin != "") {
				t.Errorf("Vary: %q", h.Values("Vary"))
			}
		})
	}
}

func TestCORSOfABucket(t *testing.T) {
	b := openOne(t, Options{})
	if _, err := b.CORS(t.Context()); code(err) != CodeNoCORS {
		t.Errorf("before any: %v", err)
	}
	for name, p := range map[string]CORSPolicy{
		"no rules at all":         nil,
		"no origin":               {{Allowed: CORSAllowed{Methods: []string{"GET"}}}},
		"no method":               {{Allowed: CORSAllowed{Origins: []string{"*"}}}},
		"a method that is none":   {{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"get"}}}},
		"PATCH":                   {{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"PATCH"}}}},
		"an origin with a path":   {{Allowed: CORSAllowed{Origins: []string{"https://a.example/"}, Methods: []string{"GET"}}}},
		"an origin with no host":  {{Allowed: CORSAllowed{Origins: []string{"https://"}, Methods: []string{"GET"}}}},
		"an origin with two *":    {{Allowed: CORSAllowed{Origins: []string{"https://*.*.example"}, Methods: []string{"GET"}}}},
		"a host without a scheme": {{Allowed: CORSAllowed{Origins: []string{"a.example"}, Methods: []string{"GET"}}}},
		"a header with a blank":   {{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"GET"}, Headers: []string{"x y"}}}},
		"an age that is too long": {{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"GET"}}, MaxAgeSeconds: new(86401)}},
	} {
		if err := b.SetCORS(t.Context(), p); code(err) != CodeMalformedJSON {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := CORSPolicy{{ID: "a", Allowed: CORSAllowed{Origins: []string{"http://localhost:*", "null"}, Methods: []string{"GET"}}}}
	if err := b.SetCORS(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if got, err := b.CORS(t.Context()); err != nil || len(got) != 1 || got[0].ID != "a" {
		t.Errorf("got %+v, %v", got, err)
	}
	for range 2 {
		if err := b.DeleteCORS(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.CORS(t.Context()); code(err) != CodeNoCORS {
		t.Errorf("after Delete: %v", err)
	}
}

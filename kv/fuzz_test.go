package kv

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever comes over the wire gets an answer that is no internal error, with a reason phrase of one line.
func FuzzWire(f *testing.F) {
	f.Add("GET", "a%2Fb", "urlencoded=true&cache_ttl=30", "", "")
	f.Add("PUT", "k", "urlencoded=true&expiration_ttl=1e9&expiration=x", `{"m":1}`, "value")
	f.Add("GET", "", "key_count_limit=2&prefix=a+b&cursor=Yg%3D%3D", "", "")
	f.Add("POST", "bulk/get", "", "", `{"keys":["a","a"],"type":"json","withMetadata":true,"cacheTtl":"60"}`)
	f.Fuzz(func(t *testing.T, method, path, query, metadata, body string) {
		n := openOne(t, Options{Clock: frozen(), NoSync: true})
		req, err := http.NewRequestWithContext(t.Context(), method, "http://fake-host/", strings.NewReader(body))
		if err != nil {
			return // no method
		}
		req.URL = &url.URL{Scheme: "http", Host: "fake-host", Path: "/" + path, RawQuery: query}
		req.Header.Set(headerMetadata, metadata)
		resp, err := n.service.Wire(n.ID).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusInternalServerError || strings.ContainsAny(resp.Status, "\r\n") {
			t.Errorf("%s /%s?%s: %q", method, path, query, resp.Status)
		}
	})
}

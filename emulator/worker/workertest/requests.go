package workertest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// requestClauses are single requests and what must come of them, as a client sees it.
func requestClauses(b *bench) {
	w, err := b.file(b.t, "requests.js")
	if err != nil {
		b.clause("the Worker loads", func(*testing.T) error { return err })
		return
	}
	for _, c := range []struct {
		name              string
		method, url, body string
		header            []string
		status            int
		want              map[string]string // headers; "" is for one that must not be there
		text              string
	}{
		{name: "a text response", url: "/text", status: 200, text: "hi ü", want: map[string]string{"Content-Type": "text/plain;charset=UTF-8", "Content-Length": "5"}},
		{name: "a status and its own text", url: "/status", status: 299, text: "x"},
		{name: "JSON", url: "/json", status: 200, text: `{"a":1}`, want: map[string]string{"Content-Type": "application/json"}},
		{name: "bytes", url: "/bytes", status: 200, text: "\x00\xff\x80", want: map[string]string{"Content-Type": ""}},
		{name: "no body at all", url: "/null", status: 200, text: "", want: map[string]string{"Content-Type": ""}},
		{name: "204", url: "/204", status: 204, want: map[string]string{"X-A": "1"}},
		{name: "304", url: "/304", status: 304, want: map[string]string{"Etag": `"x"`}},
		{name: "404 is no exception", url: "/404", status: 404, text: "nope"},
		{name: "500 is no exception", url: "/500", status: 500, text: "own"},
		{name: "a redirect", url: "/redirect", status: 302, want: map[string]string{"Location": "https://a.test/x"}},
		{name: "cookies stay apart", url: "/cookies", status: 200, want: map[string]string{"Set-Cookie": "a=1|b=2"}},
		{name: "repeated headers stay apart", url: "/repeated", status: 200, want: map[string]string{"X-A": "1|2"}},
		{name: "a stream has no length", url: "/stream", status: 200, text: "one two", want: map[string]string{"Content-Length": ""}},
		{name: "a fixed-length stream has one", url: "/fixed", status: 200, text: "abc", want: map[string]string{"Content-Length": "3"}},
		{name: "a blob has a length and a type", url: "/blob", status: 200, text: "blob", want: map[string]string{"Content-Length": "4", "Content-Type": "a/b"}},
		{name: "a form", url: "/form", status: 200, text: "a=b+c", want: map[string]string{"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}},
		{name: "HEAD runs fetch", method: "HEAD", url: "/text", status: 200, want: map[string]string{"Content-Type": "text/plain;charset=UTF-8"}},
		{name: "a response of fetch passes through", url: "/through", status: 201, text: "status 201", want: map[string]string{"X-Status": "201"}},
		{name: "a response made of one of fetch", url: "/copied", status: 201, text: "status 201", want: map[string]string{"X-Status": "201", "X-Mine": "1"}},
		{name: "the method and the URL", method: "PUT", url: "/echo?a=%20&b#f", status: 200, text: "PUT http://worker.test/echo?a=%20&b "},
		{name: "a URL that is not normal", url: "/echo%2F..//x?%zz", status: 200, text: "GET http://worker.test/echo%2F..//x?%zz "},
		{name: "a body", method: "POST", url: "/echo", body: "body ü", status: 200, text: "POST http://worker.test/echo body ü"},
		{name: "a custom method of WebDAV", method: "PROPFIND", url: "/echo", status: 200, text: "PROPFIND http://worker.test/echo "},
		{name: "request headers", url: "/headers", header: []string{"X-B", "2", "X-A", "1", "X-A", "3"}, status: 200, text: "x-a: 1, 3\nx-b: 2\n"},
		{name: "a body that nobody reads", method: "POST", url: "/text", body: strings.Repeat("x", 100000), status: 200, text: "hi ü"},
		{name: "JSON of a request", method: "POST", url: "/readjson", body: `{"a":[1,"ü"]}`, status: 200, text: `[1,"ü"]`},
		{name: "broken JSON of a request can be caught", method: "POST", url: "/readjson", body: `{`, status: 400, text: "SyntaxError"},
		{name: "a urlencoded form of a request", method: "POST", url: "/readform", body: "a=1&b=%C3%BC", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 200, text: `[["a","1"],["b","ü"]]`},
		{name: "a multipart form of a request", method: "POST", url: "/readform", header: []string{"Content-Type", "multipart/form-data; boundary=B"}, status: 200, text: `[["a","1"]]`,
			body: "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n"},
		{name: "module globals live on", url: "/count", status: 200, text: "1"},
		{name: "from one request to the next", url: "/count", status: 200, text: "2"},
		{name: "waitUntil does not hold the response back", url: "/waituntil", status: 200, text: "at once"},
		{name: "a promise of a response", url: "/promise", status: 200, text: "later"},
	} {
		b.clause(c.name, func(t *testing.T) error {
			if c.method == "" {
				c.method = http.MethodGet
			}
			a, err := w.do(t, c.method, "http://worker.test"+c.url, c.body, c.header...)
			if err != nil {
				return err
			}
			errs := []error{differ("status", a.StatusCode, c.status)}
			if c.method != http.MethodHead { // whoever serves drops that body
				errs = append(errs, differ("body", a.text, c.text))
			}
			for name, want := range c.want {
				errs = append(errs, differ(name, a.header(name), want))
			}
			return errors.Join(errs...)
		})
	}
	b.clause("the text of a status", func(t *testing.T) error {
		a, err := w.get(t, "/status")
		return errors.Join(err, differ("status", a.Status, "299 All Mine"))
	})
	b.clause("a body declared as gzip is compressed", func(t *testing.T) error { return gzipped(t, w, "/gzip") })
	b.clause("a body that is gzip already, with encodeBody manual", func(t *testing.T) error { return gzipped(t, w, "/gzipped") })
	b.clause("request.cf is what the platform says", func(t *testing.T) error {
		a, err := w.do(t, "GET", "http://worker.test/cf", "", "CF-Blob", `{"country":"DE","tlsVersion":"TLSv1.3"}`)
		return errors.Join(err, differ("cf", a.text, `{"country":"DE","tlsVersion":"TLSv1.3"} false`))
	})
	b.clause("https and a host of the request", func(t *testing.T) error {
		a, err := w.do(t, "GET", "https://shop.example:8443/echo", "")
		return errors.Join(err, differ("body", a.text, "GET https://shop.example:8443/echo "))
	})
}

// header is a header's values; Content-Length is kept apart by net/http.
func (a answer) header(name string) string {
	if name != "Content-Length" {
		return strings.Join(a.Header.Values(name), "|")
	}
	if a.ContentLength < 0 {
		return ""
	}
	return strconv.FormatInt(a.ContentLength, 10)
}

// gzipped asks for a body that must be compressed exactly once.
func gzipped(t *testing.T, w subject, path string) error {
	a, err := w.do(t, "GET", "http://worker.test"+path, "", "Accept-Encoding", "gzip")
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(a.text)))
	if err != nil {
		return fmt.Errorf("the body is not gzip: %w", err)
	}
	text, err := io.ReadAll(z)
	return errors.Join(err, differ("encoding", a.Header.Get("Content-Encoding"), "gzip"), differ("text", string(text), "compressed text"))
}

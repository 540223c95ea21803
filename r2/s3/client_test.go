package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/r2"
)

// An endpoint is an S3 endpoint with a client that signs.
type endpoint struct {
	t       testing.TB
	handler http.Handler
	buckets *r2.Service
	bucket  *r2.Bucket // invoices
	clock   *clock.Movable
	signer  signer
}

// start starts an endpoint with the bucket invoices.
func start(t testing.TB) *endpoint {
	t.Helper()
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC))
	buckets, err := r2.Open(t.TempDir(), r2.Options{Clock: c, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := buckets.Close(); err != nil {
			t.Error(err)
		}
	})
	b, err := buckets.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]Credentials{
		exampleID: {AccessKeyID: exampleID, SecretAccessKey: exampleSecret},
		"one":     {AccessKeyID: "one", SecretAccessKey: "secret", Buckets: []string{"invoices"}},
	}
	h := New(Options{Buckets: buckets, Clock: c, Account: "account", Keys: func(id string) (Credentials, bool) { k, ok := keys[id]; return k, ok }})
	return &endpoint{t, h, buckets, b, c, signer{exampleID, exampleSecret, "20260102T030405Z"}}
}

// An answer is a response that has been read.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// ask sends a signed request. Target is escaped but for the slashes of its query.
func (e *endpoint) ask(method, target, body string, headers ...string) answer {
	e.t.Helper()
	return e.send(e.signed(method, target, body, headers...))
}

func (e *endpoint) signed(method, target, body string, headers ...string) *http.Request {
	e.t.Helper()
	path, q, _ := strings.Cut(target, "?")
	if q != "" {
		all := strings.Split(strings.ReplaceAll(q, "/", "%2F"), "&")
		for i, p := range all {
			if !strings.Contains(p, "=") {
				all[i] += "="
			}
		}
		slices.SortFunc(all, func(a, b string) int { // names first: "=" would come behind digits
			return strings.Compare(strings.Replace(a, "=", "\x00", 1), strings.Replace(b, "=", "\x00", 1))
		})
		path += "?" + strings.Join(all, "&")
	}
	r := request(method, "http://127.0.0.1:8701"+path, body, headers...)
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	e.signer.headers(r, hashOf(body))
	return r
}

func (e *endpoint) send(r *http.Request) answer {
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body) // a recorder's never fails
	a := answer{w.Code, http.Header{}, string(body)}
	for name, values := range w.Result().Header { // as who reads them from a connection has them
		a.Header[http.CanonicalHeaderKey(name)] = values
	}
	if r.Method == http.MethodHead && a.Body != "" {
		e.t.Errorf("HEAD %s has a body: %s", r.URL, a.Body)
	}
	if strings.HasPrefix(a.Body, "<?xml") {
		e.wellFormed(a.Body)
	}
	return a
}

// wellFormed reports a document that no client could read.
func (e *endpoint) wellFormed(doc string) {
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			e.t.Errorf("%s: %v", doc, err)
			return
		}
	}
}

// must sends a request that succeeds.
func (e *endpoint) must(method, target, body string, headers ...string) answer {
	e.t.Helper()
	a := e.ask(method, target, body, headers...)
	if a.Status >= 300 {
		e.t.Fatalf("%s %s: %d %s", method, target, a.Status, a.Body)
	}
	return a
}

// element is the text of the document's first element of that name.
func (a answer) element(name string) string {
	_, rest, ok := strings.Cut(a.Body, "<"+name+">")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return text
}

// elements are the texts of all elements of that name.
func (a answer) elements(name string) (all []string) {
	for _, part := range strings.Split(a.Body, "<"+name+">")[1:] {
		text, _, _ := strings.Cut(part, "</"+name+">")
		all = append(all, text)
	}
	return all
}

// A try is a request and what it must be answered.
type try struct {
	request string   // method and target
	headers []string // of the request
	body    string
	status  int
	want    []string // in the body; of a failure the code first
}

// run sends tries, each to an endpoint of its own that setup has filled.
func run(t *testing.T, setup func(*endpoint), tries map[string]try) {
	t.Helper()
	for name, c := range tries {
		t.Run(name, func(t *testing.T) {
			e := start(t)
			if setup != nil {
				setup(e)
			}
			method, target, _ := strings.Cut(c.request, " ")
			a := e.ask(method, target, c.body, c.headers...)
			if a.Status != c.status {
				t.Errorf("got %d %s, want %d", a.Status, a.Body, c.status)
			}
			if a.Status >= 400 && method != "HEAD" && a.Header.Get("Content-Type") != "application/xml" {
				t.Errorf("the error is %s", a.Header.Get("Content-Type"))
			}
			for i, want := range c.want {
				if a.Status >= 400 && i == 0 {
					want = "<Error><Code>" + want + "</Code>"
				}
				if !strings.Contains(a.Body, want) {
					t.Errorf("%q is not in %s", want, a.Body)
				}
			}
		})
	}
}

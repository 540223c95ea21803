package d1

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/clock"

	"github.com/cfemu/cfemu/internal/testkit"
)

// steady makes ids, times and durations the same in every run.
func steady(s *Service) {
	n := 0
	s.newID = func() string {
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}
	tokens := 0
	s.newToken = func() string {
		tokens++
		return fmt.Sprintf("token-%d", tokens)
	}
	s.watch = func() func() time.Duration { return func() time.Duration { return 250 * time.Microsecond } }
}

func steadyService(t *testing.T) testService {
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC))
	s := openAt(t, t.TempDir(), Options{NoSync: true, Clock: c})
	steady(s.Service)
	return s
}

// golden runs every archive of a folder: requests, each with the response that is expected.
func golden(t *testing.T, folder string, start func(*testing.T) http.RoundTripper) {
	testkit.Golden(t, "testdata/"+folder+"/*.txtar", func(t *testing.T) func([]byte) string {
		face := start(t)
		return func(request []byte) string { return string(exchange(t, face, request)) }
	})
}

// exchange sends a request as the archives have it: method and target, headers, an empty line, a body.
func exchange(t *testing.T, face http.RoundTripper, request []byte) []byte {
	t.Helper()
	head, body, _ := strings.Cut(string(request), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	req, err := http.NewRequest(method, "http://d1"+target, strings.NewReader(strings.TrimSpace(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := face.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, resp.StatusCode)
	for _, name := range []string{"Content-Type", "Etag", sessionHeader} {
		if v := resp.Header[name]; len(v) > 0 {
			fmt.Fprintf(&out, "%s: %s\n", name, v[0])
		}
	}
	fmt.Fprintf(&out, "\n%s\n", bytes.TrimSuffix(b, []byte("\n")))
	return out.Bytes()
}

func TestWire(t *testing.T) {
	golden(t, "wire", func(t *testing.T) http.RoundTripper {
		s := steadyService(t)
		return s.Wire(s.create(t, "main").ID)
	})
}

func TestREST(t *testing.T) {
	golden(t, "rest", func(t *testing.T) http.RoundTripper {
		s := steadyService(t)
		r := mux.NewRouter().UseEncodedPath().SkipClean(true)
		s.Routes(r.PathPrefix("/client/v4/accounts/{account}").Subrouter())
		return handlerTransport{r}
	})
}

// A handlerTransport is a handler as a RoundTripper.
type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Result(), nil
}

package workertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An origin is the web that the suite's Workers see: every URL leads to one server on the loopback
// address, over a real connection.
type origin struct {
	base      *url.URL
	transport *http.Transport
}

func newOrigin(t testing.TB) *origin {
	server := httptest.NewServer(originRoutes())
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	// What the Worker sees is what was sent.
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &origin{base: base, transport: transport}
}

// RoundTrip sends r to the server, which is told the URL that was asked for.
func (o *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	r.Header.Set("X-Origin-Scheme", r.URL.Scheme)
	r.URL.Scheme, r.URL.Host = o.base.Scheme, o.base.Host
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header.Set("User-Agent", "") // or net/http would send its own
	}
	return o.transport.RoundTrip(r)
}

func originRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "text") })
	mux.HandleFunc("/status/{status}", answerStatus)
	mux.HandleFunc("/redirect/{status}", func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.PathValue("status"))
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(status)
	})
	mux.HandleFunc("/hops/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		if n == 0 {
			_, _ = io.WriteString(w, "arrived")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/hops/%d", n-1), http.StatusFound)
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, strings.Repeat("gzipped ", 100))
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	})
	mux.HandleFunc("/cookies", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT")
		w.Header().Add("X-Twice", "one")
		w.Header().Add("X-Twice", "two")
	})
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/hang", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/cut", cut)
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		all := make([]byte, 256)
		for n := range all {
			all[n] = byte(n)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(all)
	})
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		_, _ = io.WriteString(w, "a=1&b=two+words&a=%C3%BC")
	})
	return mux
}

// echo answers with the request as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	headers := map[string]string{}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	delete(headers, "x-origin-scheme")
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "url": r.URL.RequestURI(), "host": r.Host, "scheme": r.Header.Get("X-Origin-Scheme"), "headers": headers,
		"names": names, "body": string(body), "length": r.ContentLength, "chunked": len(r.TransferEncoding) > 0,
	})
}

func answerStatus(w http.ResponseWriter, r *http.Request) {
	status, _ := strconv.Atoi(r.PathValue("status"))
	w.Header().Set("X-Status", strconv.Itoa(status))
	w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified && status != http.StatusResetContent {
		_, _ = fmt.Fprintf(w, "status %d", status)
	}
}

// slow sends n parts with a pause after each, so that they arrive as several chunks.
func slow(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	for i := range n {
		_, _ = fmt.Fprintf(w, "part %d\n", i)
		_ = http.NewResponseController(w).Flush()
		pause, cancel := context.WithTimeout(r.Context(), 5*time.Millisecond)
		<-pause.Done()
		cancel()
	}
}

// cut promises more than it sends.
func cut(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "half")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

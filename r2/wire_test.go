package r2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/testkit"
)

// TestWire plays testdata/wire/*.txtar: each "request" is followed by the "response" that the wire
// must give, byte for byte. The clock stands at epoch; "ADVANCE 1m" in a request's place moves it.
// Ids repeat themselves from run to run (see counter), so a request can name one of a response.
func TestWire(t *testing.T) {
	testkit.Golden(t, "testdata/wire/*.txtar", func(t *testing.T) func([]byte) string {
		c := frozen()
		b := openOne(t, Options{Clock: c})
		return func(request []byte) string {
			d, moves := strings.CutPrefix(strings.TrimSpace(string(request)), "ADVANCE ")
			if !moves {
				return dump(t, b.service.Wire(b.Name), parseRequest(t, request))
			}
			step, err := time.ParseDuration(d)
			if err != nil {
				t.Fatal(err)
			}
			c.Advance(step)
			return ""
		}
	})
}

// parseRequest reads a request line, headers and, behind an empty line, the JSON that a PUT begins
// with and, on the next line, the object's bytes.
func parseRequest(t *testing.T, data []byte) *http.Request {
	t.Helper()
	head, rest, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("request line %q", lines[0])
	}
	meta, body, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), "\n")
	req, err := http.NewRequestWithContext(t.Context(), method, "http://fake-host"+target, strings.NewReader(meta+body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPut {
		req.Header.Set(headerMetadataSize, strconv.Itoa(len(meta)))
	}
	for _, line := range lines[1:] {
		name, v, _ := strings.Cut(line, ": ")
		req.Header.Set(name, v)
	}
	return req
}

// dump writes a response as text: status, the protocol's headers, metadata, body.
func dump(t *testing.T, rt http.RoundTripper, req *http.Request) string {
	t.Helper()
	got := send(t, rt, req)
	var b strings.Builder
	fmt.Fprintln(&b, got.status)
	if v := got.header.Get(headerError); v != "" {
		fmt.Fprintf(&b, "%s: %s\n", headerError, v)
	}
	if v := got.header.Get(headerMetadataSize); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n > len(got.body) {
			t.Fatalf("metadata size %q of a body of %d", v, len(got.body))
		}
		fmt.Fprintf(&b, "%s\n", got.body[:n])
		got.body = got.body[n:]
	}
	if got.body != "" {
		fmt.Fprintf(&b, "%s\n", got.body)
	}
	return b.String()
}

// An answer is a response whose body has been read and closed.
type answer struct {
	status string
	header http.Header
	body   string
}

func send(t testing.TB, rt http.RoundTripper, req *http.Request) answer {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength != int64(len(body)) {
		t.Errorf("ContentLength %d of a body of %d", resp.ContentLength, len(body))
	}
	return answer{resp.Status, resp.Header, string(body)}
}

// refused does a request that is to have no answer and returns why.
func refused(t testing.TB, rt http.RoundTripper, req *http.Request) error {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err == nil {
		t.Error(errors.Join(fmt.Errorf("answered %s", resp.Status), resp.Body.Close()))
	}
	return err
}

func TestWireClosesTheRequestsBody(t *testing.T) {
	b := openOne(t, Options{})
	body := &closeSpy{Reader: strings.NewReader("{}")}
	req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://fake-host/", body)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, b.service.Wire(b.Name), req); got.status != "400 Bad Request" || !body.closed {
		t.Errorf("got %s; closed: %v", got.status, body.closed)
	}
}

type closeSpy struct {
	io.Reader
	closed bool
}

func (c *closeSpy) Close() error { c.closed = true; return nil }

func TestWireEndsWithItsContext(t *testing.T) {
	b := openOne(t, Options{})
	boom := errors.New("boom")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	req := parseRequest(t, []byte("GET /\nCF-R2-Request: {\"version\":1,\"method\":\"head\",\"object\":\"k\"}")).WithContext(ctx)
	if err := refused(t, b.service.Wire(b.Name), req); !errors.Is(err, boom) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

func TestWireOfNoBucket(t *testing.T) {
	b := openOne(t, Options{})
	got := dump(t, b.service.Wire("none"), parseRequest(t, []byte("GET /\nCF-R2-Request: {\"version\":1,\"method\":\"get\",\"object\":\"k\"}")))
	if want := "404 Not Found\nCF-R2-Error: {\"version\":1,\"v4code\":10006,\"message\":\"The specified bucket does not exist.\"}\n"; got != want {
		t.Errorf("got %s", got)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("nosync=%v", noSync), func(b *testing.B) {
			bucket, err := open(b, b.TempDir(), Options{NoSync: noSync}).Create(b.Context(), "bench")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(1 << 20)
			for b.Loop() {
				if _, err := bucket.Put(b.Context(), "k", io.LimitReader(zeros{}, 1<<20), PutOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	bucket := openOne(b, Options{})
	put(b, bucket, "k", string(pattern(1<<20)), PutOptions{})
	b.SetBytes(1 << 20)
	for b.Loop() {
		o, err := bucket.Get(b.Context(), "k", GetOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, o.Body); err != nil {
			b.Fatal(err)
		}
		o.Body.Close()
	}
}

// BenchmarkReset measures the reset of sixty objects.
func BenchmarkReset(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("nosync=%v", noSync), func(b *testing.B) {
			bucket, err := open(b, b.TempDir(), Options{NoSync: noSync}).Create(b.Context(), "bench")
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				for i := range 60 {
					put(b, bucket, fmt.Sprint(i), "%PDF", PutOptions{})
				}
				b.StartTimer()
				if err := bucket.service.Reset(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen measures a start: of a new state, and of one that is there.
func BenchmarkOpen(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		for _, fresh := range []bool{true, false} {
			b.Run(fmt.Sprintf("nosync=%v/new=%v", noSync, fresh), func(b *testing.B) {
				dir := b.TempDir()
				for i := 0; b.Loop(); i++ {
					if fresh {
						dir = filepath.Join(b.TempDir(), fmt.Sprint(i))
					}
					s, err := Open(dir, Options{NoSync: noSync})
					if err != nil {
						b.Fatal(err)
					}
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

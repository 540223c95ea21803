package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/testkit"
)

// TestWire plays testdata/wire/*.txtar: each "request" is followed by the "response" that the wire
// must give, byte for byte. The clock stands at epoch; "ADVANCE 1m" in a request's place moves it.
func TestWire(t *testing.T) {
	testkit.Golden(t, "testdata/wire/*.txtar", func(t *testing.T) func([]byte) string {
		c := frozen()
		n := openOne(t, Options{Clock: c})
		return func(request []byte) string {
			d, moves := strings.CutPrefix(strings.TrimSpace(string(request)), "ADVANCE ")
			if !moves {
				return dump(t, n.service.Wire(n.ID), parseRequest(t, request))
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

// parseRequest reads a request line, headers and, behind an empty line, a body.
func parseRequest(t *testing.T, data []byte) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("request line %q", lines[0])
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://fake-host"+target, strings.NewReader(strings.TrimSuffix(body, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		name, v, _ := strings.Cut(line, ": ")
		req.Header.Set(name, v)
	}
	return req
}

// dump writes a response as text: status line, headers in order, body.
func dump(t *testing.T, rt http.RoundTripper, req *http.Request) string {
	t.Helper()
	got := send(t, rt, req)
	var b strings.Builder
	fmt.Fprintln(&b, got.status)
	for _, name := range slices.Sorted(maps.Keys(got.header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, got.header.Get(name))
	}
	if got.body != "" {
		fmt.Fprintf(&b, "\n%s\n", got.body)
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

func TestWireRefusesBeforeItReads(t *testing.T) {
	n := openOne(t, Options{})
	req, err := http.NewRequestWithContext(t.Context(), "PUT", "http://fake-host/k?urlencoded=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	body := &closeSpy{Reader: zeros{}}
	req.Body, req.ContentLength = body, 26214500
	got := send(t, n.service.Wire(n.ID), req)
	if got.status != "413 Value length of 26214500 exceeds limit of 26214400." {
		t.Errorf("got %s", got.status)
	}
	if !body.closed {
		t.Error("the body was not closed")
	}
}

type closeSpy struct {
	io.Reader
	closed bool
}

func (c *closeSpy) Close() error { c.closed = true; return nil }

func TestWireEndsWithItsContext(t *testing.T) {
	n := openOne(t, Options{})
	boom := errors.New("boom")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	req, err := http.NewRequestWithContext(ctx, "GET", "http://fake-host/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := refused(t, n.service.Wire(n.ID), req); !errors.Is(err, boom) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

func TestWireOfNoNamespaceIsNotAMissingKey(t *testing.T) {
	n := openOne(t, Options{})
	got := send(t, n.service.Wire("none"), parseRequest(t, []byte("GET /k?urlencoded=true")))
	if got.status != "400 namespace not found" {
		t.Errorf("got %s", got.status)
	}
}

func TestWireTellsOfADamagedFile(t *testing.T) {
	var log bytes.Buffer
	n := openOne(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	err := n.update(func(d data) error { return d.keys.Put([]byte("k"), []byte("garbage")) })
	if err != nil {
		t.Fatal(err)
	}
	got := send(t, n.service.Wire(n.ID), parseRequest(t, []byte("GET /k?urlencoded=true")))
	want := "internal error (cfemu: " + n.service.store.db.Path() + " is damaged and was left as it is: "
	if !strings.HasPrefix(got.status, "500 "+want) || !strings.HasPrefix(got.body, want) || strings.Contains(got.body, "record") {
		t.Errorf("got %s %s", got.status, got.body)
	}
	if !strings.Contains(log.String(), "record of 7 bytes") {
		t.Errorf("logged %q", log.String())
	}
	if err := n.update(func(d data) error { return d.keys.Delete([]byte("k")) }); err != nil {
		t.Fatal(err)
	}
}

func TestWireTellsNothingOfOurOwnErrors(t *testing.T) {
	var log bytes.Buffer
	n := openOne(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	shut(t, n.service)
	got := send(t, n.service.Wire(n.ID), parseRequest(t, []byte("GET /k?urlencoded=true")))
	if got.status != "500 Internal Server Error" || got.body != "Internal Server Error" {
		t.Errorf("got %s %s", got.status, got.body)
	}
	if !strings.Contains(log.String(), "database not open") {
		t.Errorf("logged %q", log.String())
	}
}

func BenchmarkGet(b *testing.B) {
	n := openOne(b, Options{})
	put(b, n, "k", strings.Repeat("v", 100), PutOptions{})
	rt := n.service.Wire(n.ID)
	req, err := http.NewRequestWithContext(b.Context(), "GET", "http://fake-host/k?urlencoded=true", nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got := send(b, rt, req); got.status != "200 OK" {
			b.Fatal(got)
		}
	}
}

// BenchmarkPut measures acknowledged writes, alone and shared, on the disk of the test.
func BenchmarkPut(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("nosync=%v", noSync), func(b *testing.B) {
			n, err := open(b, b.TempDir(), Options{NoSync: noSync}).Create(b.Context(), "bench")
			if err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					put(b, n, "k", "v", PutOptions{})
				}
			})
		})
	}
}

func BenchmarkReset(b *testing.B) {
	n := openOne(b, Options{})
	for b.Loop() {
		b.StopTimer()
		for i := range 100 {
			put(b, n, fmt.Sprint(i), "v", PutOptions{})
		}
		b.StartTimer()
		if err := n.service.Reset(b.Context()); err != nil {
			b.Fatal(err)
		}
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

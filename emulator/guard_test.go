package emulator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// guarded is a server whose handler reads the body, and tells how that went.
func guarded(t *testing.T, p pace) (*httptest.Server, <-chan error) {
	ended := make(chan error, 16)
	srv := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		ended <- err
		fmt.Fprint(w, n)
	}), p))
	t.Cleanup(srv.Close)
	return srv, ended
}

func dial(t *testing.T, srv *httptest.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// trickle sends a byte every millisecond until the connection breaks.
func trickle(c net.Conn) {
	for {
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
		_ = clock.Sleep(context.Background(), clock.System, time.Millisecond)
	}
}

func TestSlowBodies(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
	for name, tt := range map[string]struct {
		pace pace
		send func(net.Conn)
	}{
		"a client that says nothing more is not waited for":       {pace{stall: 50 * time.Millisecond}, func(net.Conn) {}},
		"nor is one that pauses in the middle":                    {pace{stall: 50 * time.Millisecond}, func(c net.Conn) { io.WriteString(c, "some") }},
		"one that trickles is cut off where bodies are documents": {pace{stall: 100 * time.Millisecond, rate: 1 << 20}, trickle},
	} {
		t.Run(name, func(t *testing.T) {
			srv, ended := guarded(t, tt.pace)
			c := dial(t, srv)
			io.WriteString(c, head)
			go tt.send(c)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "too slowly") {
				t.Errorf("the body ended with %v", err)
			}
		})
	}
	t.Run("a stream that pauses for less goes on", func(t *testing.T) {
		srv, ended := guarded(t, pace{stall: 10 * time.Second})
		c := dial(t, srv)
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
		for range 20 {
			io.WriteString(c, "1\r\nx\r\n")
			_ = clock.Sleep(context.Background(), clock.System, 5*time.Millisecond)
		}
		io.WriteString(c, "0\r\n\r\n")
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("a body that its handler leaves unread holds nothing either", func(t *testing.T) {
		srv := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }), pace{stall: 50 * time.Millisecond}))
		defer srv.Close()
		c := dial(t, srv)
		io.WriteString(c, head)
		if b, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(b), "ok") { // to the end of the connection
			t.Errorf("got %q, %v", b, err)
		}
	})
}

// A body's time is its own: the request after it, on the same connection, may take as long as it likes.
func TestPaceEndsWithTheBody(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		}
		select {
		case <-release:
		case <-r.Context().Done():
			t.Errorf("%s was given up: %v", r.URL, r.Context().Err())
		}
		io.WriteString(w, "ok")
	}), pace{stall: 50 * time.Millisecond}))
	defer srv.Close()
	c := dial(t, srv)
	r := bufio.NewReader(c)
	for _, request := range []string{"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", "GET /after HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		io.WriteString(c, request)
		clock.System.AfterFunc(200*time.Millisecond, func() { release <- struct{}{} })
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(res.Body); string(b) != "ok" {
			t.Errorf("got %q", b)
		}
	}
}

// A door lets in so many at once, and the next one when one has left.
func TestGate(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newGate(1).through(inner)
	accepted := make(chan net.Conn)
	closed := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				closed <- err
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("a second one is let in while the first is there")
	case <-soon():
	}
	first.Close()
	first.Close() // as net/http does; it gives one place back
	second := <-accepted
	select {
	case <-accepted:
		t.Fatal("a third one")
	case <-soon():
	}
	l.Close() // while it waits for a place
	if err := <-closed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ends with %v", err)
	}
	second.Close()
}

func soon() <-chan struct{} {
	c := make(chan struct{})
	clock.System.AfterFunc(50*time.Millisecond, func() { close(c) })
	return c
}

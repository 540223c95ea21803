package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cfemu/cfemu/internal/clock"
)

// A benchConn is a keep-alive connection of the load generator. net/http's client costs more than
// the servers that are measured, on the same processors; this one reads just what their answers have.
type benchConn struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func newBenchConn(c net.Conn) *benchConn {
	return &benchConn{conn: c, in: bufio.NewReaderSize(c, 32<<10)}
}

func (c *benchConn) close() { c.conn.Close() }

// get asks for path. The body is valid until the next call.
func (c *benchConn) get(path string) ([]byte, error) { return c.do(request(c.conn, path)) }

func request(c net.Conn, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", path, c.RemoteAddr())
}

// do sends a request and reads its answer, which must be a 200.
func (c *benchConn) do(request []byte) ([]byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return nil, fmt.Errorf("status %q", line)
	}
	length, chunked := -1, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = string(value) == "chunked"
		}
	}
	c.body = c.body[:0]
	switch {
	case chunked:
		return c.body, c.readChunks()
	case length < 0:
		return nil, fmt.Errorf("the answer has no length")
	}
	return c.body, c.read(length)
}

func (c *benchConn) read(n int) error {
	was := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.in, c.body[was:])
	return err
}

func (c *benchConn) readChunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.read(int(n)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// A load asks one route over several connections at once.
type load struct {
	path  string
	ask   func(net.Conn) []byte // makes the request; nil: a GET of path
	body  []byte
	conns []*benchConn
}

func newLoad(b *testing.B, s *benchServer, path string, body []byte, clients int) *load {
	b.Helper()
	l := &load{path: path, body: body}
	for range clients {
		l.conns = append(l.conns, s.dial(b))
	}
	return l
}

func (l *load) close() {
	for _, c := range l.conns {
		c.close()
	}
}

// run sends n requests and returns how many were answered a second. Every answer is compared.
func (l *load) run(b *testing.B, n int) float64 {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	errs := make(chan error, len(l.conns))
	var all sync.WaitGroup
	took := clock.Stopwatch()
	for _, c := range l.conns {
		all.Go(func() {
			ask := request(c.conn, l.path)
			if l.ask != nil {
				ask = l.ask(c.conn)
			}
			for left.Add(-1) >= 0 {
				got, err := c.do(ask)
				if err == nil && !bytes.Equal(got, l.body) {
					err = fmt.Errorf("answered %.200s, want %.200s", got, l.body)
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	seconds := took().Seconds()
	select {
	case err := <-errs:
		b.Fatalf("%s: %v", l.path, err)
	default:
	}
	return float64(n) / seconds
}

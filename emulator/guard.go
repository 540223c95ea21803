package emulator

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// How long a door waits for a client. What is legal is slow: an upload over a bad line, a stream that
// says something once a minute. What is not is to hold a place without doing anything with it.
const (
	headerTimeout = 30 * time.Second // for the whole head of a request
	idleTimeout   = 3 * time.Minute  // between requests
	stallTimeout  = 2 * time.Minute  // for the next byte of a body, and for the client to take one of ours
)

// A pace is what a door asks of the client of a request's body.
type pace struct {
	stall time.Duration // the longest pause
	rate  int64         // bytes a second on the whole, after a first stall's time; 0: none
}

// The control door takes documents and files, which come as fast as they can. A Worker may take a
// stream, which is in no hurry.
var (
	workerPace  = pace{stall: stallTimeout}
	controlPace = pace{stall: stallTimeout, rate: 1 << 10}
)

// guard stands before everything else at a door: it refuses what no client means and no two programs
// read alike, and keeps bodies moving.
func guard(next http.Handler, p pace) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if oddTarget(r) {
			w.Header().Set("Connection", "close")
			http.Error(w, "cfemu: the target of this request is malformed", http.StatusBadRequest)
			return
		}
		if len(r.TransferEncoding) > 0 {
			// Whoever read the head by a Content-Length, which net/http has dropped beside the
			// Transfer-Encoding, sees the body end elsewhere. What follows it is nobody's request.
			w.Header().Set("Connection", "close")
		}
		if r.ContentLength != 0 {
			body := &movingBody{ReadCloser: r.Body, conn: http.NewResponseController(w), pace: p, begun: clock.System.Now()}
			body.wait(body.begun) // the server itself reads what a handler leaves
			copied := *r          // the server looks at its own request to see whether the body was read
			copied.Body = body
			r = &copied
			defer body.end()
		}
		next.ServeHTTP(w, r)
	})
}

// oddTarget says that a request's target is one that net/http takes and others would read otherwise.
// Hosts are the business of the hostList: of an absolute target, net/http takes the host from there.
func oddTarget(r *http.Request) bool {
	return strings.Contains(r.RequestURI, "#") || r.URL.User != nil || r.URL.Scheme != "" && r.URL.Scheme != "http"
}

// A movingBody is a request's body that fails when its client stalls.
type movingBody struct {
	io.ReadCloser
	conn     *http.ResponseController
	pace     pace
	begun    time.Time
	received int64

	mu    sync.Mutex
	ended bool // the connection has gone on to the next request
	whole bool // it was read to its end
}

// Read reads on, as long as the pace allows.
func (b *movingBody) Read(p []byte) (int, error) {
	b.wait(clock.System.Now())
	n, err := b.ReadCloser.Read(p)
	b.received += int64(n)
	if err == nil {
		return n, nil
	}
	b.deadline(time.Time{}) // behind the end the server only listens for the client's going away
	b.mu.Lock()
	b.whole = errors.Is(err, io.EOF)
	b.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("the client sends its body too slowly (%d bytes in %v)", b.received, clock.System.Now().Sub(b.begun).Round(time.Millisecond))
	}
	return n, err
}

// wait sets the time by which the next byte must come.
func (b *movingBody) wait(now time.Time) {
	until := now.Add(b.pace.stall)
	if b.pace.rate > 0 {
		if due := b.begun.Add(b.pace.stall + time.Duration(b.received)*time.Second/time.Duration(b.pace.rate)); due.Before(until) {
			until = due
		}
	}
	b.deadline(until)
}

// deadline sets the connection's. An error says that it is none of net/http's, as in a test; then there
// is nobody to wait for.
func (b *movingBody) deadline(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		_ = b.conn.SetReadDeadline(at)
	}
}

// end leaves the connection alone from now on, though a Worker may still hold the body.
func (b *movingBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// leftUnread says that there is more of the body of r than was read so far.
func leftUnread(r *http.Request) bool {
	b, ok := r.Body.(*movingBody)
	if !ok {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.whole
}

// A gate is the listeners of a door with a bound on what they let in at once: a page or a program that
// opens connections without end must leave files to be opened by the stores.
type gate struct {
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newGate(places int) *gate {
	return &gate{places: make(chan struct{}, places), closed: make(chan struct{})}
}

// placesOfADoor is a quarter of the files that this process may open.
func placesOfADoor() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 256
	}
	return int(min(max(limit.Cur/4, 64), 16_384))
}

// through is l behind g.
func (g *gate) through(l net.Listener) net.Listener { return &gatedListener{l, g} }

type gatedListener struct {
	net.Listener
	gate *gate
}

// Accept waits for a place, then for a connection.
func (l *gatedListener) Accept() (net.Conn, error) {
	select {
	case l.gate.places <- struct{}{}:
	case <-l.gate.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.gate.places
		return nil, err
	}
	return &gatedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.gate.places })}, nil
}

// Close closes the listener, and the gate with it: a door closes as a whole.
func (l *gatedListener) Close() error {
	l.gate.once.Do(func() { close(l.gate.closed) })
	return l.Listener.Close()
}

// A gatedConn gives its place back when it is closed, and is cut off when its client takes nothing of
// what is written for it.
type gatedConn struct {
	net.Conn
	leave func()
}

// Write writes p, with a time for the client to take it.
func (c *gatedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(clock.System.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// CloseWrite says that no more comes; net/http asks for it by this name.
func (c *gatedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes the connection.
func (c *gatedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

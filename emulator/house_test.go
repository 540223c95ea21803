package emulator_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// config is a wrangler.toml with more lines after the ones that every project needs.
func config(more ...string) string {
	return "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-20\"\n" + strings.Join(more, "\n") + "\n"
}

// project is a Worker of one file.
func project(code string, more ...string) map[string]string {
	return map[string]string{"wrangler.toml": config(more...), "index.js": code}
}

// A gate is a server that Workers wait at: fetch(env.GATE + "/name") comes back when the test opens
// that name.
type gate struct {
	*httptest.Server
	mu    sync.Mutex
	doors map[string]*gateDoor
}

type gateDoor struct {
	arrived, left, opened chan struct{}
	once                  [3]sync.Once
}

func newGate(t *testing.T) *gate {
	g := &gate{doors: map[string]*gateDoor{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := g.door(r.URL.Path)
		d.once[0].Do(func() { close(d.arrived) })
		select {
		case <-d.opened:
			io.WriteString(w, "open")
		case <-r.Context().Done():
			d.once[1].Do(func() { close(d.left) })
		}
	}))
	t.Cleanup(func() {
		g.CloseClientConnections()
		g.Close()
	})
	return g
}

func (g *gate) door(name string) *gateDoor {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.doors[name]
	if d == nil {
		d = &gateDoor{arrived: make(chan struct{}), left: make(chan struct{}), opened: make(chan struct{})}
		g.doors[name] = d
	}
	return d
}

// options lets a Worker find the gate, as env.GATE.
func (g *gate) options() emulator.Options {
	return emulator.Options{Vars: map[string]string{"GATE": g.URL}}
}

func (g *gate) open(name string) { d := g.door(name); d.once[2].Do(func() { close(d.opened) }) }

func (g *gate) await(t *testing.T, name string) {
	t.Helper()
	await(t, "nobody came to "+name, g.door(name).arrived)
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-t.Context().Done():
		t.Fatal(what)
	case <-deadline():
		t.Fatal(what)
	}
}

// deadline is a bound on what should take no time at all.
func deadline() <-chan struct{} {
	c := make(chan struct{})
	clock.System.AfterFunc(20*time.Second, func() { close(c) })
	return c
}

// A rawAnswer is a response to a request that no client of net/http would send.
type rawAnswer struct {
	status int
	header http.Header
	body   string
}

// raw sends bytes to a door and returns the response. Lines end with \n in request and become \r\n.
func raw(t *testing.T, door, request string) (status int, header http.Header, body string) {
	t.Helper()
	a, err := tryRaw(door, request)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return a.status, a.header, a.body
}

func tryRaw(door, request string) (rawAnswer, error) {
	c, err := tryDial(door)
	if err != nil {
		return rawAnswer{}, err
	}
	defer c.Close()
	if err := c.SetDeadline(clock.System.Now().Add(20 * time.Second)); err != nil {
		return rawAnswer{}, err
	}
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		return rawAnswer{}, err
	}
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return rawAnswer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return rawAnswer{res.StatusCode, res.Header, string(b)}, err
}

// isRequest takes the event of a request with this path.
func isRequest(path string) func(emulator.Event) bool {
	return func(ev emulator.Event) bool { return ev.Type == emulator.EventRequest && ev.Path == path }
}

func isType(t emulator.EventType, part string) func(emulator.Event) bool {
	return func(ev emulator.Event) bool { return ev.Type == t && strings.Contains(ev.Message, part) }
}

// pattern is n bytes that no compression or repetition can stand for.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func same(got string, want []byte) error {
	if !bytes.Equal([]byte(got), want) {
		return fmt.Errorf("%d bytes, want %d, or others", len(got), len(want))
	}
	return nil
}

func tryDial(door string) (net.Conn, error) {
	return net.DialTimeout("tcp", strings.TrimPrefix(door, "http://"), 20*time.Second)
}

func dial(t *testing.T, door string) net.Conn {
	t.Helper()
	c, err := tryDial(door)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func watch() func() time.Duration { return clock.Stopwatch() }

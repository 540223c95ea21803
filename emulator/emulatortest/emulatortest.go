// Package emulatortest is a whole house for tests, as net/http/httptest is a server for them: Start
// opens a project on free ports, serves it and takes it down when the test ends.
//
// Unless the options name a state, it is a temporary one that is removed at the end. A House may be
// used by many goroutines at once.
package emulatortest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/testkit"
)

// A House is an emulator that serves a project.
type House struct {
	*emulator.Emulator
	URL        string // of the Worker door
	ControlURL string
	Dir        string // the project's folder

	t      testing.TB
	client *http.Client
	log    *recorder
	stop   func() error
}

// Start serves the project that files, by path, make up in a folder of their own; without files, the
// project that opts names. Ports that opts leaves open are free ones. The test fails when the house
// cannot be opened, and when it cannot be closed at the end.
func Start(t testing.TB, files map[string]string, opts emulator.Options) *House {
	t.Helper()
	h, err := Open(t, files, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return h
}

// Open is Start for a house that may not stand: the error is that of emulator.Open.
func Open(t testing.TB, files map[string]string, opts emulator.Options) (*House, error) {
	t.Helper()
	dir := opts.Project
	if files != nil {
		if dir == "" {
			dir = t.TempDir()
		}
		opts.Project = dir
		for name, content := range files {
			Write(t, filepath.Join(dir, name), content)
		}
	}
	zero := 0
	if opts.Port == nil {
		opts.Port = &zero
	}
	if opts.ControlPort == nil {
		opts.ControlPort = &zero
	}
	if opts.S3Port == nil {
		opts.S3Port = &zero
	}
	if opts.State == "" {
		opts.Ephemeral = true
	}
	log := &recorder{next: opts.Reporter}
	opts.Reporter = log
	e, err := emulator.Open(context.Background(), opts)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableCompression: true}
	h := &House{
		Emulator: e, URL: e.URLs().Worker, ControlURL: e.URLs().Control, Dir: dir, t: t, log: log,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx) }()
	h.stop = sync.OnceValue(func() error {
		transport.CloseIdleConnections()
		cancel()
		err := <-served
		if cerr := e.Close(); err == nil {
			err = cerr
		}
		return err
	})
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return h, nil
}

// Stop ends the house before the test's end, as Ctrl-C does, and returns why it could not.
func (h *House) Stop() error { return h.stop() }

// Write writes a file, and the folders above it.
func Write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Save writes a file of the project.
func (h *House) Save(name, content string) {
	h.t.Helper()
	Write(h.t, filepath.Join(h.Dir, name), content)
}

// An Answer is a response that has been read.
type Answer struct {
	*http.Response
	Text string
}

// Get asks the Worker door.
func (h *House) Get(path string, header ...string) Answer {
	h.t.Helper()
	return h.Ask("GET", path, "", header...)
}

// Ask sends a request to the Worker door; headers are names and values by turns. A path that is a
// whole URL is asked as it is.
func (h *House) Ask(method, path, body string, header ...string) Answer {
	h.t.Helper()
	a, err := h.Try(method, path, body, header...)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// Try is Ask for goroutines other than the test's own, and for requests that may break.
func (h *House) Try(method, path, body string, header ...string) (Answer, error) {
	if !strings.Contains(path, "://") {
		path = h.URL + path
	}
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, path, content)
	if err != nil {
		return Answer{}, err
	}
	for pair := range slices.Chunk(header, 2) {
		if req.Header.Add(pair[0], pair[1]); pair[0] == "Host" {
			req.Host = pair[1]
		}
	}
	res, err := h.client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return Answer{res, string(b)}, err
}

// Control asks the control door, with the token. A body that is not nil is sent as JSON, and a
// result that is not nil is filled from the answer's; any status but 2xx is an error.
func (h *House) Control(method, path string, body, result any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequest(method, h.ControlURL+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+h.Token())
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, b)
	case result == nil:
		return nil
	}
	return json.Unmarshal(b, result)
}

// Events are what has been reported so far.
func (h *House) Events() []emulator.Event { return h.log.all() }

// Await waits until an event that match takes has been reported and returns it; events before the
// first `after` ones do not count.
func (h *House) Await(what string, after int, match func(emulator.Event) bool) emulator.Event {
	h.t.Helper()
	var found emulator.Event
	testkit.Wait(h.t, func() error {
		events := h.Events()
		for _, ev := range events[min(after, len(events)):] {
			if match(ev) {
				found = ev
				return nil
			}
		}
		return fmt.Errorf("no event: %s, among %v", what, summary(events))
	})
	return found
}

func summary(events []emulator.Event) []string {
	out := make([]string, len(events))
	for i, ev := range events {
		out[i] = fmt.Sprintf("%s %s%s%s %d", ev.Type, ev.Message, ev.Path, ev.Error, ev.Status)
	}
	return out
}

// A recorder keeps events and passes them on.
type recorder struct {
	next   emulator.Reporter
	mu     sync.Mutex
	events []emulator.Event
}

func (r *recorder) Report(ev emulator.Event) {
	r.mu.Lock()
	r.events = append(r.events, ev)
	r.mu.Unlock()
	if r.next != nil {
		r.next.Report(ev)
	}
}

func (r *recorder) all() []emulator.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

package emulator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/preview"
	"github.com/cfemu/cfemu/emulator/testapi"
	"github.com/cfemu/cfemu/internal/cfapi"
)

// A mount is a part of the control door: prefix and all below it.
type mount struct {
	prefix  string
	handler http.Handler // what is to be probed by tests has mux.Router's Walk
	about   string
	// ownToken says that the handler itself asks for the token when it is to be asked for.
	ownToken bool
}

// mounts are all that the control door has.
func (e *Emulator) mounts() []mount {
	asked := ""
	if e.tokenAsked {
		asked = e.token
	}
	v4 := control.New(control.Options{
		Products: []func(*mux.Router){e.d1.Routes, e.kv.Routes, e.r2.Routes, e.s3Routes, e.queues.Routes, e.preview.Routes},
		GraphQL:  graphOperations(e.d1.GraphQL(), e.r2.GraphQL()),
		Unknown: func(method, path string) {
			e.warn(fmt.Sprintf("no route for %s %s on the control door", method, path))
		},
		Token: asked, Ray: newRay,
	})
	v1 := testapi.New(testapi.Options{House: e, Clock: e.clock, Outbound: e.outbound, Token: e.token})
	return []mount{
		{prefix: control.Prefix, handler: v4, about: "Cloudflare's API", ownToken: true},
		{prefix: testapi.Prefix, handler: v1, about: "the test API: " + testapi.Prefix + "/openapi.json", ownToken: true},
	}
}

// controlHandler is the control door.
func (e *Emulator) controlHandler() http.Handler {
	mounts := e.mounts()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if preview.Calls(r) { // a session's token is asked for there
			e.preview.ServeHTTP(w, r)
			return
		}
		to := mount{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.doorPlate(w, r, mounts) })}
		for _, m := range mounts {
			if under(r.URL.Path, m.prefix) {
				to = m
			}
		}
		if e.tokenAsked && !to.ownToken {
			if err := cfapi.Authorise(r, e.token); err != nil {
				cfapi.WriteError(w, r, err)
				return
			}
		}
		to.handler.ServeHTTP(w, r)
	})
}

// doorPlate tells a person who looks at the control door what is behind it.
func (e *Emulator) doorPlate(w http.ResponseWriter, r *http.Request, mounts []mount) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprintf(w, "cfemu control door of %s.\n", e.name())
	for _, m := range mounts {
		fmt.Fprintf(w, "%-10s  %s\n", m.prefix, m.about)
	}
}

// graphOperations joins what products answer on the GraphQL API.
func graphOperations(products ...map[string]func(string, json.RawMessage) (any, error)) map[string]control.Operation {
	all := map[string]control.Operation{}
	for _, operations := range products {
		for name, answer := range operations {
			all[name] = answer
		}
	}
	return all
}

func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// A Status is what GET /cfemu/v1/status tells.
type Status struct {
	Version   string                 `json:"version"`
	Worker    WorkerStatus           `json:"worker"`
	URLs      URLs                   `json:"urls"`
	State     string                 `json:"state"`
	Ephemeral bool                   `json:"ephemeral"`
	Resources []Resource             `json:"resources"`
	Queues    map[string]QueueStatus `json:"queues"`
	Crons     []string               `json:"crons"`
	Outbound  string                 `json:"outbound"`
}

// A WorkerStatus says which version of the Worker is live. Error is why a newer one is not.
type WorkerStatus struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Error   string `json:"error,omitempty"`
}

// A QueueStatus says what waits in a queue.
type QueueStatus struct {
	Backlog  int64 `json:"backlog"`
	InFlight int64 `json:"in_flight"`
	Consumer bool  `json:"consumer"`
}

// Status describes the house.
func (e *Emulator) Status() any {
	s := Status{
		Version: Version(), Worker: WorkerStatus{Name: e.name(), Version: e.slot.number()}, URLs: e.URLs(),
		State: e.state.dir, Ephemeral: e.opts.Ephemeral, Resources: e.Resources(), Queues: map[string]QueueStatus{},
		Crons: []string{}, Outbound: string(e.opts.Outbound),
	}
	if err := e.slot.failure(); err != nil {
		s.Worker.Error = err.Error()
	}
	consumed := map[string]bool{}
	if cfg := e.config(); cfg != nil {
		s.Crons = append(s.Crons, cfg.Triggers.Crons...)
		for _, c := range cfg.Queues.Consumers {
			consumed[c.Queue] = true
		}
	}
	list, err := e.queues.List(context.Background())
	if err != nil {
		s.Worker.Error = err.Error()
		return s
	}
	for _, q := range list {
		m, err := q.Metrics(context.Background())
		if err != nil {
			continue // deleted just now
		}
		s.Queues[q.Name] = QueueStatus{Backlog: m.Count, InFlight: m.InFlight, Consumer: consumed[q.Name]}
	}
	return s
}

// Drain delivers all that is due in a queue, the event notifications of what was done so far among it.
func (e *Emulator) Drain(ctx context.Context, queue string) error {
	err := e.drain(ctx, queue)
	var f cfapi.Faulter
	if err == nil || errors.As(err, &f) {
		return err
	}
	return cfapi.New(http.StatusConflict, 10001, err.Error())
}

// drain goes on while the handlers that it runs do what queues are to be told of.
func (e *Emulator) drain(ctx context.Context, queue string) error {
	for {
		if err := e.r2.Flush(ctx); err != nil {
			return err
		}
		if err := e.queues.Drain(ctx, queue); err != nil {
			return err
		}
		if more, err := e.r2.EventsWait(); err != nil || !more {
			return err
		}
	}
}

// ClockMoved does what has come due by a move of the clock and would happen by itself a moment later.
func (e *Emulator) ClockMoved(ctx context.Context) error { return e.r2.ApplyLifecycle(ctx) }

// products are those that keep state, by the names that reset knows them by. Queues come first: to
// empty them is to wait for the handlers that run, which may write to the others.
var products = []string{"queues", "d1", "kv", "r2"}

// Reset empties products, or all of them with the cache, the clock and the declared answers, applies the
// migrations again, and loads the seed again when asked.
func (e *Emulator) Reset(ctx context.Context, which []string, seed bool) error {
	e.resetting.Lock()
	defer e.resetting.Unlock()
	for _, p := range which {
		if !slices.Contains(products, p) {
			return cfapi.New(http.StatusBadRequest, 10001, fmt.Sprintf("there is no product %q to reset: %s", p, strings.Join(products, ", ")))
		}
	}
	l := e.current.Load()
	if l == nil || l.wiring == nil {
		return cfapi.New(http.StatusConflict, 10001, "no Worker has been loaded yet: nothing to reset")
	}
	if seed { // what cannot be loaded shall not have emptied anything
		if _, err := readSeed(e.seedDir()); err != nil {
			return cfapi.New(http.StatusConflict, 10001, err.Error())
		}
	}
	if len(which) == 0 {
		which = products
		e.outbound.Reset()
		e.cache.Reset()
		e.clock.Reset()
	}
	if err := e.emptyProducts(ctx, which); err != nil {
		return err
	}
	if slices.Contains(which, "d1") {
		if err := e.migrate(ctx, l.config, l.wiring, func(string) {}); err != nil {
			return cfapi.New(http.StatusInternalServerError, 10001, err.Error())
		}
	}
	if !seed {
		return nil
	}
	if err := e.seed(ctx, l.wiring, which); err != nil {
		return cfapi.New(http.StatusInternalServerError, 10001, err.Error())
	}
	return nil
}

// emptyProducts empties stores and forgets what was applied to them.
func (e *Emulator) emptyProducts(ctx context.Context, which []string) error {
	defer e.r2.HoldEvents()() // else a queue might be told, once it is empty, of what was before
	resets := map[string]func(context.Context) error{"d1": e.d1.Reset, "kv": e.kv.Reset, "r2": e.r2.Reset, "queues": e.queues.Reset}
	for _, p := range products {
		if !slices.Contains(which, p) {
			continue
		}
		if err := resets[p](ctx); err != nil {
			return fmt.Errorf("reset %s: %w", p, err)
		}
		maps.DeleteFunc(e.state.applied.Seed, func(file, _ string) bool { return strings.HasPrefix(file, p+"/") })
		if p == "d1" {
			clear(e.state.applied.Migrations)
		}
	}
	return e.state.writeApplied()
}

// newUUID returns a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// A releasingBody gives back the version of a Worker when its response has been read.
type releasingBody struct {
	io.ReadCloser
	release func()
}

func (b *releasingBody) Close() error {
	err := b.ReadCloser.Close()
	if b.release != nil {
		b.release()
		b.release = nil
	}
	return err
}

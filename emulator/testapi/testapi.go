// Package testapi is /cfemu/v1 on the control door: what a test suite in any language asks of a
// running emulator. Clock, queues, cron, reset and declared outbound answers, all in JSON; every
// request carries the bearer token of .cfemu/run.json. openapi.json describes it.
package testapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
)

//go:embed openapi.json
var openAPI []byte

// Prefix is where the API lives on the control door.
const Prefix = "/cfemu/v1"

// A House is the emulator as a test sees it.
type House interface {
	// Status is rendered as JSON.
	Status() any
	// Drain delivers all that is due in a queue and returns when nothing is in flight.
	Drain(ctx context.Context, queue string) error
	// ClockMoved is called after a move of the clock and returns when what has come due by it is done.
	ClockMoved(ctx context.Context) error
	// Cron runs the scheduled handler; at is zero for now.
	Cron(ctx context.Context, cron string, at time.Time) error
	// Reset empties the products named, or all, and loads the seed again when seed is set.
	Reset(ctx context.Context, products []string, seed bool) error
	// ReplaceDatabase makes a D1 database hold what an SQLite database file does. The answer is
	// rendered as JSON.
	ReplaceDatabase(ctx context.Context, idOrName string, file io.Reader, o Replace) (any, error)
	// ReplaceNamespace makes a KV namespace hold the keys that records have. The answer is rendered
	// as JSON.
	ReplaceNamespace(ctx context.Context, idOrTitle string, records io.Reader, o Replace) (any, error)
	// ReplaceBucket makes an R2 bucket hold the objects that records have. The answer is rendered as
	// JSON.
	ReplaceBucket(ctx context.Context, name string, records io.Reader, o Replace) (any, error)
}

// Replace says what ReplaceDatabase and its kin may do.
type Replace struct {
	Force           bool   // also when there is data
	DryRun          bool   // change nothing
	MigrationsTable string // of a database: its rows do not count; empty: d1_migrations
	Title           string // of a namespace that has to be made
}

// Options of New.
type Options struct {
	House    House
	Clock    *clock.Movable
	Outbound http.Handler // the resource at /cfemu/v1/outbound
	Token    string
}

// An API is the handler for everything under Prefix.
type API struct {
	Options
	router  *mux.Router
	handler http.Handler
}

// New returns an API.
func New(o Options) *API {
	a := &API{Options: o}
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	handle := func(method, path string, h cfapi.Handler) { r.Handle(Prefix+path, h).Methods(method) }
	handle("GET", "/openapi.json", a.openAPI)
	handle("GET", "/status", a.status)
	handle("GET", "/clock", a.getClock)
	handle("POST", "/clock", a.postClock)
	handle("POST", "/queues/{queue}/drain", a.drain)
	handle("POST", "/trigger/cron", a.cron)
	handle("POST", "/reset", a.reset)
	handle("PUT", "/d1/{name}", replaceBy(o.House.ReplaceDatabase))
	handle("PUT", "/kv/{name}", replaceBy(o.House.ReplaceNamespace))
	handle("PUT", "/r2/{name}", replaceBy(o.House.ReplaceBucket))
	r.Handle(Prefix+"/outbound", o.Outbound).Methods("GET", "PUT", "DELETE")
	r.NotFoundHandler = cfapi.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		return cfapi.New(http.StatusNotFound, 7003, fmt.Sprintf("no route %s %s: see %s/openapi.json", r.Method, r.URL.EscapedPath(), Prefix))
	})
	r.MethodNotAllowedHandler = cfapi.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		return cfapi.New(http.StatusMethodNotAllowed, 10405, fmt.Sprintf("%s is not allowed on %s: see %s/openapi.json", r.Method, r.URL.EscapedPath(), Prefix))
	})
	a.router, a.handler = r, a.authorised(demandJSON(r))
	return a
}

// Walk visits every route, as mux.Router has it.
func (a *API) Walk(visit mux.WalkFunc) error { return a.router.Walk(visit) }

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// The content types of what may be put beside JSON: a database file, and keys or objects.
const (
	typeSQLite  = "application/vnd.sqlite3"
	TypeRecords = "application/vnd.cfemu.records"
)

// demandJSON refuses bodies that do not say that they are JSON, or data to put. A form of another site's
// page cannot say so.
func demandJSON(next http.Handler) http.Handler {
	return cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
		given := r.Header.Get("Content-Type")
		kind, _, err := mime.ParseMediaType(given)
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
		case given == "" && r.ContentLength == 0:
		case err == nil && (kind == typeSQLite || kind == TypeRecords) && r.Method == http.MethodPut:
		case err != nil || kind != "application/json":
			return cfapi.New(http.StatusUnsupportedMediaType, 10001,
				fmt.Sprintf("the body is %q to its Content-Type: send JSON, with the header \"Content-Type: application/json\"", given))
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// authorised asks for the token before anything else is looked at.
func (a *API) authorised(next http.Handler) http.Handler {
	return cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if got, ok := cfapi.Bearer(r); !ok || !cfapi.SameToken(got, a.Token) {
			return cfapi.New(http.StatusUnauthorized, 10000,
				"this needs the header \"Authorization: Bearer <token>\" with the token of .cfemu/run.json (CFEMU_TOKEN under cfemu exec)")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func (a *API) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPI)
	return err
}

func (a *API) status(w http.ResponseWriter, _ *http.Request) error { return write(w, a.House.Status()) }

type clockState struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

func (a *API) getClock(w http.ResponseWriter, _ *http.Request) error {
	return write(w, clockState{a.Clock.Now().UTC(), a.Clock.Frozen()})
}

type clockChange struct {
	Freeze  bool       `json:"freeze"`
	Resume  bool       `json:"resume"`
	Set     *time.Time `json:"set"`
	Advance string     `json:"advance"`
	Reset   bool       `json:"reset"`
}

// postClock applies freeze, set, advance, resume in this order.
func (a *API) postClock(w http.ResponseWriter, r *http.Request) error {
	var ch clockChange
	if err := decode(r, &ch); err != nil {
		return err
	}
	var by time.Duration
	if ch.Advance != "" {
		var err error
		if by, err = time.ParseDuration(ch.Advance); err != nil {
			return invalid("advance %q is not a duration: write it like \"90s\", \"1h30m\" or \"24h\"", ch.Advance)
		}
	}
	switch {
	case ch == clockChange{}:
		return invalid(`nothing to do: give "freeze", "resume", "reset", "set" (a time) or "advance" (a duration)`)
	case ch.Freeze && ch.Resume:
		return invalid("freeze and resume exclude each other")
	}
	if ch.Reset {
		a.Clock.Reset()
	}
	if ch.Freeze {
		a.Clock.Freeze()
	}
	if ch.Set != nil {
		a.Clock.Set(*ch.Set)
	}
	if by != 0 {
		a.Clock.Advance(by)
	}
	if ch.Resume {
		a.Clock.Resume()
	}
	if err := a.House.ClockMoved(r.Context()); err != nil {
		return err
	}
	return a.getClock(w, r)
}

func (a *API) drain(w http.ResponseWriter, r *http.Request) error {
	queue, err := cfapi.Unescape(mux.Vars(r)["queue"])
	if err != nil {
		return err
	}
	if err := a.House.Drain(r.Context(), queue); err != nil {
		return err
	}
	return write(w, map[string]string{"queue": queue})
}

func (a *API) cron(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Cron string    `json:"cron"`
		Time time.Time `json:"time"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.House.Cron(r.Context(), in.Cron, in.Time); err != nil {
		return err
	}
	return write(w, map[string]string{"cron": in.Cron, "outcome": "ok"})
}

func (a *API) reset(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Products []string `json:"products"`
		Seed     bool     `json:"seed"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.House.Reset(r.Context(), in.Products, in.Seed); err != nil {
		return err
	}
	return write(w, map[string]bool{"reset": true})
}

// replaceBy answers the replacement of one resource's data by the body.
func replaceBy(do func(context.Context, string, io.Reader, Replace) (any, error)) cfapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		name, err := cfapi.Unescape(mux.Vars(r)["name"])
		if err != nil {
			return err
		}
		query := r.URL.Query()
		o := Replace{MigrationsTable: query.Get("migrations_table"), Title: query.Get("title")}
		for name, flag := range map[string]*bool{"force": &o.Force, "dry_run": &o.DryRun} {
			switch query.Get(name) {
			case "", "false":
			case "true":
				*flag = true
			default:
				return invalid("%s=%s: give true or false", name, query.Get(name))
			}
		}
		done, err := do(r.Context(), name, r.Body, o)
		if err != nil {
			return err
		}
		return write(w, done)
	}
}

// write answers bare JSON: this API is ours and needs no envelope. Its errors have Cloudflare's.
func write(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(b, '\n'))
	return err
}

// maxBody bounds what a caller may send, in bytes.
const maxBody = 16 << 20

// decode reads a JSON object into v. An empty body is an empty object; unknown keys are mistakes.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return invalid("the request body is not what %s expects: %s", r.URL.Path, strings.TrimPrefix(err.Error(), "json: "))
	}
	if d.More() {
		return invalid("the request body holds more than one JSON value")
	}
	return nil
}

func invalid(format string, args ...any) error {
	return cfapi.New(http.StatusBadRequest, 10001, fmt.Sprintf(format, args...))
}

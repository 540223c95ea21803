// Package worker says what a Worker is, whichever engine runs it. It holds types only.
//
// A Worker answers requests as an http.RoundTripper and takes the platform's other events (queue
// batches, cron, email) by typed methods. An Engine loads a Spec, which holds what an upload to
// Cloudflare would hold, into a Worker. Bindings that answer calls are http.RoundTrippers too: they
// speak the runtime wires that workerd speaks to Cloudflare's services.
package worker

import (
	"context"
	"net/http"
	"time"
)

// An Engine runs Workers.
type Engine interface {
	// Load runs the Worker's top-level code and returns it ready for events. The error is an
	// *Exception when the user's code threw, a *BuildError when it cannot be run at all.
	Load(ctx context.Context, spec Spec) (Worker, error)
	Close() error
}

// A Worker is one loaded version of a user's code. All methods may be called at the same time.
//
// RoundTrip runs the fetch handler. The request's URL is the absolute one that the Worker shall see;
// its header CF-Blob, when present, holds request.cf as JSON and is taken off by the engine. An
// uncaught exception comes back as an *Exception, as net/http's transport has it: no response. The
// response's body streams while the Worker produces it. When the request's context ends, the client
// has gone.
type Worker interface {
	http.RoundTripper
	// Queue runs the queue handler on a batch. An exception is an Outcome with Outcome.Exception
	// set, since acknowledgements made before it still count; the error is for failures of ours.
	Queue(ctx context.Context, b Batch) (Outcome, error)
	// Scheduled runs the scheduled handler; *Exception, or ErrNoHandler.
	Scheduled(ctx context.Context, e Scheduled) error
	// Email runs the email handler; *Exception, ErrNoHandler, or *Rejection.
	Email(ctx context.Context, m Email) error
	// Handlers lists the handlers that the entry module exports: fetch, queue, scheduled, email.
	Handlers() []string
	// Close refuses new events, waits for running ones and their waitUntil work until ctx ends, and
	// frees the Worker.
	Close(ctx context.Context) error
}

// A Spec holds what an upload to Cloudflare would hold.
type Spec struct {
	Name, Version string
	Modules       []Module // the first is the entry
	Bindings      []Binding
	Compat        Compat
	Limits        Limits
	Outbound      http.RoundTripper // where global fetch goes; required
	// Cache is behind the Cache API and speaks workerd's wire for it. Nil: every match misses, and what
	// is put is accepted and forgotten.
	Cache   http.RoundTripper
	Console func(Line) // called from any goroutine; nil: dropped
}

// ModuleType is how a module's bytes are to be understood.
type ModuleType string

// The module types that an upload can hold.
const (
	ESModule       ModuleType = "esm"
	CommonJSModule ModuleType = "cjs"
	TextModule     ModuleType = "text" // default export: string
	DataModule     ModuleType = "data" // default export: ArrayBuffer
	JSONModule     ModuleType = "json"
	WasmModule     ModuleType = "wasm"
)

// A Module is one file of a Worker. Name is its specifier as other modules import it, without a
// leading "./". A JavaScript module may end with an inline source map comment whose sources are
// paths relative to the project's folder.
type Module struct {
	Name    string
	Type    ModuleType
	Content []byte
}

// A Binding is one property of env. Type is Cloudflare's own word: plain_text, secret_text, json,
// kv_namespace, r2_bucket, d1, queue, ai, service, assets, version_metadata, …
type Binding struct {
	Name, Type string
	Text       string            // for plain_text, secret_text and json (its JSON text)
	Service    http.RoundTripper // for all that answer calls: the product's runtime wire
}

// Compat is the compatibility date ("2026-01-31") and flags.
type Compat struct {
	Date  string
	Flags []string
}

// Limits are the ones that wrangler's "limits" key can set. Zero means the platform's default.
type Limits struct {
	CPU time.Duration
}

// A Line is one call of console.*.
type Line struct {
	Time    time.Time
	Level   string // debug, log, info, warn, error
	Message string // formatted as Workers do
	Source  string // "src/index.ts:12:3"; empty when unknown
	Ray     string
}

// Scheduled is a firing of a cron trigger.
type Scheduled struct {
	Cron string
	Time time.Time
}

// A Batch is what a queue delivers.
type Batch struct {
	Queue    string
	Messages []Message
	Backlog  Backlog
}

// A Message of a Batch. ContentType is json, text, bytes or v8.
type Message struct {
	ID          string
	Timestamp   time.Time
	Attempts    int
	ContentType string
	Body        []byte
}

// Backlog is what is left in the queue once the batch was taken out.
type Backlog struct {
	Count, Bytes int64
	Oldest       time.Time // zero when empty
}

// An Outcome says what became of a batch. The engine has applied the platform's rules already
// (the first call on a message wins, calls on a message beat ackAll and retryAll, a throw retries
// all that was not acknowledged): whatever is in Retries is to be retried, all else is done.
type Outcome struct {
	Retries   []Retry
	Exception *Exception // the handler threw, or its promise rejected
}

// A Retry names a message that shall come again. Delay is nil when the handler gave none.
type Retry struct {
	ID    string
	Delay *time.Duration
}

// Email is an incoming message.
type Email struct {
	From, To string
	Raw      []byte
}

package emulator

import (
	"encoding/json"
	"time"
)

// A Reporter shows what happens in the house to a person or a program. It is called from many
// goroutines and must not block for long.
type Reporter interface {
	Report(Event)
}

// EventVersion is the version of the JSON form of events: it grows when a field changes its
// meaning or goes, not when one is added.
const EventVersion = 1

// An EventType says what an Event tells of.
type EventType string

// The types of events.
const (
	EventInfo      EventType = "info"      // Message
	EventWarning   EventType = "warning"   // Message, Source
	EventError     EventType = "error"     // Message, Source, Detail
	EventReady     EventType = "ready"     // URLs, Took; Message when a default port was in use
	EventRequest   EventType = "request"   // Method, Path, Status, Took, Ops, Ray
	EventConsole   EventType = "console"   // Level, Message, Source, Ray
	EventQueue     EventType = "queue"     // Queue, Messages, Retried, Took, Ops, Ray
	EventScheduled EventType = "scheduled" // Cron, Took, Ops, Ray
	EventReload    EventType = "reload"    // Changed, Took
	EventStop      EventType = "stop"      // Message
)

// An Event is one line of the terminal or of the JSON log. Only the fields that its type names are
// set; an Error may be set on request, queue and scheduled events too.
type Event struct {
	Version  int           `json:"v"`
	Time     time.Time     `json:"time"` // on the emulator's clock
	Type     EventType     `json:"type"`
	Worker   string        `json:"worker,omitempty"`
	Message  string        `json:"message,omitempty"`
	Detail   string        `json:"detail,omitempty"` // several lines: stack, source line, hint
	Source   string        `json:"source,omitempty"` // file:line:column
	Level    string        `json:"level,omitempty"`
	Method   string        `json:"method,omitempty"`
	Path     string        `json:"path,omitempty"`
	Status   int           `json:"status,omitempty"`
	Queue    string        `json:"queue,omitempty"`
	Messages int           `json:"messages,omitempty"`
	Retried  int           `json:"retried,omitempty"`
	Cron     string        `json:"cron,omitempty"`
	Ops      []OpCount     `json:"ops,omitempty"`
	Ray      string        `json:"ray,omitempty"`
	Error    string        `json:"error,omitempty"`
	Changed  []string      `json:"changed,omitempty"`
	URLs     *URLs         `json:"urls,omitempty"`
	Took     time.Duration `json:"-"` // machine time; in JSON took_ms
}

// MarshalJSON adds the duration in milliseconds.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	return json.Marshal(struct {
		plain
		TookMS float64 `json:"took_ms,omitempty"`
	}{plain(e), float64(e.Took.Microseconds()) / 1000})
}

// URLs are the addresses of the doors.
type URLs struct {
	Worker  string `json:"worker"`
	Control string `json:"control"`
	S3      string `json:"s3"`
}

// An OpCount says how often an operation of a product was done in an invocation.
type OpCount struct {
	Product string `json:"product"`
	Name    string `json:"name"`
	Count   int    `json:"count"`
}

type discard struct{}

func (discard) Report(Event) {}

func (e *Emulator) report(ev Event) {
	ev.Version, ev.Time = EventVersion, e.clock.Now()
	e.opts.Reporter.Report(ev)
}

func (e *Emulator) info(message string) { e.report(Event{Type: EventInfo, Message: message}) }

func (e *Emulator) warn(message string) { e.report(Event{Type: EventWarning, Message: message}) }

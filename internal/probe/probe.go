// Package probe is the seam that every operation of every product passes: Begin before the work,
// End after it. Faults come in at Begin; usage, activity and logs go out at End. A nil *Probe is a
// working one that does nothing.
//
// A verb of a product looks like this:
//
//	span, err := db.probe.Begin(ctx, probe.Op{Product: "d1", Name: "query", Resource: db.Name})
//	if err != nil {
//		return nil, err
//	}
//	defer func() { span.End(err) }()
//	... work ...
//	span.Count("rows_read", n)
package probe

import (
	"context"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// An Op says what is about to be done: the verb of a product on one of its resources.
type Op struct {
	Product  string // d1, kv, r2, queues, ai, cache
	Name     string // query, get, put, send, run, …
	Resource string // the resource's name as a person knows it
}

// An Event is an operation that has ended.
type Event struct {
	Op
	Ray    string    // the invocation it belongs to; empty when there is none
	Start  time.Time // on the emulator's clock
	Took   time.Duration
	Counts map[string]int64 // billed units: rows_read, class_a_operations, …
	Err    error
}

// A Probe is shared by all products of one emulator. Its fields are set before first use.
type Probe struct {
	Clock     clock.Clock                     // nil: clock.System
	Intercept func(context.Context, Op) error // may delay or refuse the operation; nil: nothing
	Observe   func(Event)                     // called once for every ended operation; nil: nothing
}

// Begin opens the span of op. A non-nil error is an injected fault: the operation must return it
// as its own error and do nothing else.
func (p *Probe) Begin(ctx context.Context, op Op) (*Span, error) {
	if p == nil {
		return nil, nil
	}
	s := &Span{probe: p, event: Event{Op: op, Ray: Ray(ctx), Start: clock.Or(p.Clock).Now()}, took: clock.Stopwatch()}
	if p.Intercept != nil {
		if err := p.Intercept(ctx, op); err != nil {
			s.End(err)
			return nil, err
		}
	}
	return s, nil
}

// A Span is one running operation. A nil *Span ignores every call.
type Span struct {
	probe *Probe
	event Event
	took  func() time.Duration
}

// Count adds n billed units.
func (s *Span) Count(unit string, n int64) {
	if s == nil || n == 0 {
		return
	}
	if s.event.Counts == nil {
		s.event.Counts = map[string]int64{}
	}
	s.event.Counts[unit] += n
}

// End closes the span with the operation's outcome.
func (s *Span) End(err error) {
	if s == nil || s.probe.Observe == nil {
		return
	}
	s.event.Took = s.took()
	s.event.Err = err
	s.probe.Observe(s.event)
}

type rayKey struct{}

// WithRay returns a context that carries an invocation's Ray ID to the operations under it.
func WithRay(ctx context.Context, ray string) context.Context {
	return context.WithValue(ctx, rayKey{}, ray)
}

// Ray returns the Ray ID of the invocation that ctx belongs to, or "".
func Ray(ctx context.Context) string {
	ray, _ := ctx.Value(rayKey{}).(string)
	return ray
}

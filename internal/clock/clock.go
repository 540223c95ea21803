// Package clock is the only source of time in cfemu. Everything that expires, waits or fires asks
// a Clock, so that a user can freeze the time of a running emulator, move it by a day and watch KV
// keys expire, queue delays end and cron fire, all at once.
//
// System follows the machine. Movable starts as the machine's time and can be frozen, set and
// advanced; its timers fire in the order of their deadlines.
package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// A Clock tells the time and calls back when some of it has passed.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// AfterFunc calls f in its own goroutine once d has passed on this clock.
	AfterFunc(d time.Duration, f func()) Timer
}

// A Timer is a pending call of AfterFunc.
type Timer interface {
	// Stop prevents the call. It reports false when the call has been started or stopped before.
	Stop() bool
}

// System is the machine's own clock.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time                            { return time.Now() }
func (system) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// Or returns c, or System when c is nil, so that a zero Options works.
func Or(c Clock) Clock {
	if c == nil {
		return System
	}
	return c
}

// Sleep waits until d has passed on c or ctx ends, and returns ctx's cause in the latter case.
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	done := make(chan struct{})
	t := c.AfterFunc(d, func() { close(done) })
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		t.Stop()
		return context.Cause(ctx)
	}
}

// Stopwatch starts measuring machine time, which no user can move: for durations shown in logs and
// in D1's meta. The returned func tells how long it has been.
func Stopwatch() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// Movable is a Clock that a user can move. It runs with the machine's clock, shifted by an offset,
// until it is frozen.
type Movable struct {
	mu     sync.Mutex
	base   time.Time // the clock's time at mark
	mark   time.Time // machine time
	frozen bool
	timers timerHeap
	wake   *time.Timer // machine timer for the first deadline; nil when frozen or idle
	seq    int64
}

// NewMovable returns a clock that shows the machine's time.
func NewMovable() *Movable {
	now := time.Now()
	return &Movable{base: now, mark: now}
}

// Now returns the clock's time.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

func (m *Movable) now() time.Time {
	if m.frozen {
		return m.base
	}
	return m.base.Add(time.Since(m.mark))
}

// Frozen reports whether the clock stands still.
func (m *Movable) Frozen() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.frozen
}

// AfterFunc calls f once the clock has reached d from now, however it gets there.
func (m *Movable) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	t := &timer{clock: m, at: m.now().Add(d), seq: m.seq, f: f}
	heap.Push(&m.timers, t)
	m.fire()
	return t
}

// Freeze stops the clock at its present time.
func (m *Movable) Freeze() { m.move(func() { m.base, m.frozen = m.now(), true }) }

// Resume lets the clock run on from where it stands.
func (m *Movable) Resume() {
	m.move(func() { m.base, m.mark, m.frozen = m.now(), time.Now(), false })
}

// Set moves the clock to t. Timers whose deadline is passed by it fire; going back fires none.
func (m *Movable) Set(t time.Time) { m.move(func() { m.base, m.mark = t, time.Now() }) }

// Advance moves the clock by d, which may be negative.
func (m *Movable) Advance(d time.Duration) {
	m.move(func() { m.base, m.mark = m.now().Add(d), time.Now() })
}

// Reset returns the clock to the machine's time, running.
func (m *Movable) Reset() {
	m.move(func() { m.base, m.mark, m.frozen = time.Now(), time.Now(), false })
}

func (m *Movable) move(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
	m.fire()
}

// fire starts every timer that is due and arms the machine timer for the next one.
func (m *Movable) fire() {
	now := m.now()
	for len(m.timers) > 0 && !m.timers[0].at.After(now) {
		t := heap.Pop(&m.timers).(*timer)
		go t.f()
	}
	if m.wake != nil {
		m.wake.Stop()
		m.wake = nil
	}
	if !m.frozen && len(m.timers) > 0 {
		m.wake = time.AfterFunc(m.timers[0].at.Sub(now), func() { m.move(func() {}) })
	}
}

type timer struct {
	clock *Movable
	at    time.Time
	seq   int64
	index int
	f     func()
}

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.index)
	return true
}

// timerHeap orders timers by deadline, equal deadlines by age.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

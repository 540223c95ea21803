package isolate

import (
	"errors"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/internal/clock"
)

// A watchdog looks after a turn that lasts: it interrupts the runtime when the turn's CPU time or the
// memory is used up, and tells when not even that ends it.
type watchdog struct {
	rt   *goja.Runtime
	heap *heapGuard
	// warn is called when the turn has used what production allows; wedged when it does not end.
	warn   func(ray string)
	wedged func()

	mu      sync.Mutex
	turn    uint64
	limits  turnLimits
	took    func() time.Duration
	verdict error         // why it was interrupted
	since   time.Duration // when it was interrupted
	timer   clock.Timer
}

// turnLimits are what a turn may still use.
type turnLimits struct {
	budget time.Duration // then it is interrupted
	warn   time.Duration // then warn is called; not positive: it was
	ray    string
}

const (
	// patrol is how often the watchdog looks at a turn that lasts.
	patrol = 20 * time.Millisecond
	// abandonAfter is when a turn that an interrupt does not end is given up.
	abandonAfter = 5 * time.Second
)

var (
	errOvertime = errors.New("CPU time limit exceeded")
	errMemory   = errors.New("memory limit exceeded")
	errStopped  = errors.New("isolate closed")
)

func (w *watchdog) begin(limits turnLimits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	w.verdict, w.limits, w.took = nil, limits, clock.Stopwatch()
	w.arm(min(patrol, limits.budget))
}

// arm has the watchdog look after d.
func (w *watchdog) arm(d time.Duration) {
	turn := w.turn
	w.timer = clock.System.AfterFunc(max(d, 0), func() { w.look(turn) })
}

func (w *watchdog) look(turn uint64) {
	w.mu.Lock()
	if w.turn != turn {
		w.mu.Unlock()
		return
	}
	took, interrupted := w.took(), w.verdict != nil
	if warn := w.limits.warn; warn > 0 && took >= warn {
		w.limits.warn = 0
		w.warn(w.limits.ray)
	}
	given := interrupted && took >= w.since+abandonAfter
	w.mu.Unlock()
	if given {
		w.wedged()
		return
	}
	// Not under the lock: it may collect garbage, and the turn may end meanwhile.
	full := !interrupted && w.heap.full()

	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn != turn {
		return
	}
	if !interrupted {
		switch {
		case took >= w.limits.budget:
			w.interrupt(errOvertime, took)
		case full:
			w.interrupt(errMemory, took)
		}
	}
	next := patrol
	if left := w.limits.budget - took; w.verdict == nil && left < patrol {
		next = left
	}
	w.arm(next)
}

func (w *watchdog) interrupt(why error, took time.Duration) {
	w.verdict, w.since = why, took
	w.rt.Interrupt(why)
}

// end closes the turn and returns why it was interrupted, if it was.
func (w *watchdog) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop() // under the lock: a look that is just ending sets another
	w.turn++
	if w.verdict != nil {
		w.rt.ClearInterrupt() // the turn may have ended by itself just then
	}
	return w.verdict
}

// stop interrupts whatever runs, for good.
func (w *watchdog) stop() { w.rt.Interrupt(errStopped) }

package isolate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
	"github.com/cfemu/cfemu/internal/clock"
)

// A task is one callback for the loop. A nil inv is the isolate's own business.
type task struct {
	inv  *invocation
	run  func()
	held bool // it was announced by Hold
}

// A queue hands tasks from any goroutine to the loop's.
type queue struct {
	mu      sync.Mutex
	tasks   []task
	wake    chan struct{} // holds a token when there may be something in tasks
	stopped bool
	halt    atomic.Bool // as stopped, for the loop to look at between tasks
}

// post adds a task. After stop it is dropped: its invocation has ended.
func (q *queue) post(t task) {
	q.mu.Lock()
	if q.stopped {
		q.mu.Unlock()
		return
	}
	q.tasks = append(q.tasks, t)
	first := len(q.tasks) == 1
	q.mu.Unlock()
	if first {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// take returns what is queued and false once the queue has stopped. It waits for the first task.
func (q *queue) take(spare []task) ([]task, bool) {
	for {
		q.mu.Lock()
		if len(q.tasks) > 0 {
			taken := q.tasks
			q.tasks = spare[:0]
			q.mu.Unlock()
			return taken, true
		}
		stopped := q.stopped
		q.mu.Unlock()
		if stopped {
			return nil, false
		}
		<-q.wake
	}
}

// stop drops what is queued and ends the loop after the task that runs.
func (q *queue) stop() {
	q.mu.Lock()
	q.stopped, q.tasks = true, nil
	q.halt.Store(true)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// loop runs callbacks until the queue stops.
func (i *isolate) loop() {
	defer close(i.stopped)
	defer func() {
		for inv := range i.live {
			inv.settleClosed()
		}
	}()
	var spare []task
	for {
		tasks, ok := i.queue.take(spare)
		if !ok {
			return
		}
		for n, t := range tasks {
			tasks[n] = task{}
			if i.queue.halt.Load() {
				return
			}
			i.runTask(t)
		}
		spare = tasks
	}
}

func (i *isolate) runTask(t task) {
	if t.inv == nil {
		t.run()
		return
	}
	if t.held {
		t.inv.holds--
	}
	// The invocation's context has ended, and with it all that its code still wanted to do: in
	// production its continuations do not run either.
	if t.inv.ended {
		return
	}
	i.turn(t.inv, t.run)
	i.reapStalled(t.inv)
}

// turn runs f and then the microtasks in inv, within its CPU budget. What f or a microtask throws
// past all catching ends up with the invocation whose code was running.
func (i *isolate) turn(inv *invocation, f func()) {
	i.base, i.current, i.frame, i.scoped = inv, inv, nil, nil
	i.now = i.clock.Now()
	i.task = f
	took := clock.Stopwatch()
	i.watch.begin(inv.left())
	err := i.enter()
	for err == nil {
		switch {
		case len(i.settling) > 0:
			i.task = i.settle
		case i.rejections.pending() && i.hearsRejections():
			i.task = i.tellRejections
		default:
			i.task = nil
		}
		if i.task == nil {
			break
		}
		i.current, i.frame, i.scoped = inv, nil, nil
		err = i.enter()
	}
	breach := i.watch.end()
	inv.spend(took())
	if err != nil {
		if _, caught := err.(*goja.Exception); !caught {
			i.rest.restore()
		}
		i.abort(cmp.Or(i.current, inv), err, breach)
	}
	if i.rejections.pending() && !i.hearsRejections() {
		i.tellRejections()
	}
	i.appender.forget()
	i.base, i.current, i.frame, i.scoped, i.grabbed, i.task = nil, nil, nil, nil, nil, nil
}

// enter calls i.task below a JavaScript frame, so that whatever it resolves queues its reactions
// until the frame returns, and a limit that one of them passes is reported here and not swallowed by
// the Go code that resolved.
func (i *isolate) enter() (err error) {
	defer func() {
		// A panic in a host function is a bug of ours, but it must cost one invocation only.
		if p := recover(); p != nil {
			err = &hostPanic{p, debug.Stack()}
		}
	}()
	_, err = i.trampoline(goja.Undefined())
	return err
}

// A hostPanic is a Go panic out of a host function.
type hostPanic struct {
	value any
	stack []byte
}

func (p *hostPanic) Error() string { return fmt.Sprintf("internal error: %v", p.value) }

// abort deals with what a turn could not go on from.
func (i *isolate) abort(inv *invocation, err error, breach breach) {
	var (
		thrown   *goja.Exception
		overflow *goja.StackOverflowError
		stopped  *goja.InterruptedError
		panicked *hostPanic
	)
	switch {
	case errors.As(err, &stopped):
		i.rt.ClearInterrupt()
		switch breach {
		case breachOfCPU:
			inv.fail(exceededCPU(stopped))
			return
		case breachOfMemory:
			i.condemn("The Worker has used up its memory. Its isolate finishes what it runs")
			inv.fail(exceededMemory(stopped))
			return
		}
		inv.fail(&Exception{Outcome: outcomeCanceled, Name: "Error", Message: "The Worker was stopped."})
	case errors.As(err, &overflow):
		inv.fail(stackOverflow(overflow))
	case errors.As(err, &thrown):
		i.reportThrown(inv, thrown.Value())
	case errors.As(err, &panicked):
		if e, ok := panicked.value.(exited); ok {
			inv.waits = 0
			inv.fail(e.exception())
			return
		}
		i.log.Error("host function panicked", "worker", i.spec.Name, "panic", fmt.Sprint(panicked.value), "stack", string(panicked.stack))
		inv.fail(&Exception{Outcome: outcomeException, Name: "Error", Message: panicked.Error()})
	default:
		inv.fail(&Exception{Outcome: outcomeException, Name: "Error", Message: err.Error()})
	}
}

// reportThrown is reportUncaught for after a turn, which it gives listeners another one of.
func (i *isolate) reportThrown(inv *invocation, v goja.Value) {
	if !i.core.Hears("error") {
		i.reportUncaught("Uncaught", v)
		return
	}
	i.task = func() { i.reportUncaught("Uncaught", v) }
	i.watch.begin(inv.left())
	err := i.enter()
	breach := i.watch.end()
	if err == nil {
		return
	}
	if _, caught := err.(*goja.Exception); caught {
		i.logUncaught("Uncaught", i.exceptionOf(err))
		return
	}
	i.rest.restore()
	i.abort(inv, err, breach)
}

// reapStalled fails the invocations that can never answer: no callback is under way for them, and
// none for any invocation that was there when they came to a stop and could still settle a promise
// that they share.
func (i *isolate) reapStalled(inv *invocation) {
	if inv.stalled() && !inv.ended && inv.stalledAt == 0 {
		inv.stalledAt = i.lastID
		i.stalled = append(i.stalled, inv)
	}
	if len(i.stalled) == 0 {
		return
	}
	kept := i.stalled[:0]
	for _, s := range i.stalled {
		switch {
		case s.ended || !s.stalled():
			s.stalledAt = 0
		case i.othersCouldHelp(s):
			kept = append(kept, s)
		default:
			s.hung()
		}
	}
	clear(i.stalled[len(kept):])
	i.stalled = kept
}

func (i *isolate) othersCouldHelp(s *invocation) bool {
	for other := range i.live {
		if other != s && other.id <= s.stalledAt && other.holds > 0 {
			return true
		}
	}
	return false
}

// An asyncContext is what code that waits goes on in, where an AsyncLocalStorage or withEnv is in use.
// Without them the invocation alone does, which costs nothing.
type asyncContext struct {
	inv   *invocation
	frame *node.Frame
	env   *scopedEnv
}

// Grab, Resumed and Exited are goja's AsyncContextTracker: they carry the invocation, the frame and the
// scoped env through promise reactions, so that a callback never runs in another's context.

func (i *isolate) Grab() any {
	if i.frame == nil && i.scoped == nil {
		return i.current
	}
	if now := (asyncContext{i.current, i.frame, i.scoped}); i.grabbed == nil || *i.grabbed != now {
		i.grabbed = &now
	}
	return i.grabbed
}

// What top-level code left behind runs in the invocation that it was settled by.
func (i *isolate) Resumed(tracked any) {
	i.claim()
	if c, ok := tracked.(*asyncContext); ok {
		i.current, i.frame, i.scoped = c.inv, c.frame, c.env
	} else {
		i.current, _ = tracked.(*invocation)
		i.frame, i.scoped = nil, nil
	}
	if i.current == nil {
		i.current = i.base
	}
}

func (i *isolate) Exited() {
	i.claim()
	i.current, i.frame, i.scoped = i.base, nil, nil
}

var _ goja.AsyncContextTracker = (*isolate)(nil)

// invocationKey is what an invocation is found by in its context.
type invocationKey struct{}

func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}

package isolate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
)

// A loaded is one loaded version of a Worker, whichever isolate runs it: one that has used up its
// memory, or that cannot be interrupted, is replaced by a new one for the events that come after.
type loaded struct {
	engine *Engine
	spec   worker.Spec
	script *script
	warned atomic.Bool // of the CPU limit: once is enough

	current atomic.Pointer[isolate]
	mu      sync.Mutex // held while current is replaced
	closed  bool
	retired sync.WaitGroup
}

var _ worker.Worker = (*loaded)(nil)

// retireGrace is what the events of a replaced isolate may still take.
const retireGrace = 30 * time.Second

// boot makes an isolate that has run the Worker's top-level code.
func (l *loaded) boot(ctx context.Context) (*isolate, error) {
	shims, err := l.engine.shims()
	if err != nil {
		return nil, err
	}
	i := newIsolate(l)
	if err := i.boot(ctx, shims, l.script); err != nil {
		i.cancel(err)
		return nil, err
	}
	go i.loop()
	return i, nil
}

// take returns the isolate for a new event.
func (l *loaded) take(ctx context.Context) (*isolate, error) {
	if i := l.current.Load(); !i.condemned.Load() {
		return i, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.current.Load()
	if l.closed || !old.condemned.Load() {
		return old, nil
	}
	next, err := l.boot(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	l.current.Store(next)
	l.retired.Go(func() { l.retire(old) })
	return next, nil
}

// retire lets a replaced isolate finish what it runs.
func (l *loaded) retire(old *isolate) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	term := clock.System.AfterFunc(retireGrace, func() { cancel(context.DeadlineExceeded) })
	defer term.Stop()
	// An error here is of code that would not end; nothing new comes to it either way.
	_ = old.close(ctx)
}

// on runs an event in the current isolate. One that was replaced in between has refused it.
func on[T any](ctx context.Context, l *loaded, run func(*isolate) (T, error)) (T, error) {
	for {
		i, err := l.take(ctx)
		if err != nil {
			var none T
			return none, err
		}
		v, err := run(i)
		if errors.Is(err, errWorkerClosed) && l.current.Load() != i {
			continue
		}
		return v, err
	}
}

// RoundTrip runs the fetch handler.
func (l *loaded) RoundTrip(r *http.Request) (*http.Response, error) {
	return on(r.Context(), l, func(i *isolate) (*http.Response, error) { return i.roundTrip(r) })
}

// Queue runs the queue handler on a batch.
func (l *loaded) Queue(ctx context.Context, b worker.Batch) (worker.Outcome, error) {
	return on(ctx, l, func(i *isolate) (worker.Outcome, error) { return i.runQueue(ctx, b) })
}

// Scheduled runs the scheduled handler.
func (l *loaded) Scheduled(ctx context.Context, e worker.Scheduled) error {
	_, err := on(ctx, l, func(i *isolate) (struct{}, error) { return struct{}{}, i.runScheduled(ctx, e) })
	return err
}

// Email runs the email handler.
func (l *loaded) Email(ctx context.Context, m worker.Email) error {
	_, err := on(ctx, l, func(i *isolate) (struct{}, error) { return struct{}{}, i.runEmail(ctx, m) })
	return err
}

// Handlers lists the handlers that the entry module exports.
func (l *loaded) Handlers() []string { return append([]string(nil), l.current.Load().handlers...) }

// Close refuses new events, waits for those that run, with their waitUntil work, and frees the
// Worker. When ctx ends first, what still runs is cancelled and Close returns ctx's cause.
func (l *loaded) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	err := l.current.Load().close(ctx)
	l.retired.Wait()
	l.engine.forget(l)
	return err
}

// cpuLimit is production's limit for one invocation.
func (l *loaded) cpuLimit() time.Duration {
	if l.spec.Limits.CPU > 0 {
		return l.spec.Limits.CPU
	}
	return defaultCPU
}

// warnOfCPU tells, once, that production would have ended an invocation by now.
func (l *loaded) warnOfCPU(ray string) {
	if l.warned.Swap(true) {
		return
	}
	limit, factor := l.cpuLimit(), l.engine.factor
	text := fmt.Sprintf("A request has used %d ms of CPU time, the limit in production (limits.cpu_ms).", limit.Milliseconds())
	if factor > 1 {
		text += fmt.Sprintf(" It may go on to %d ms: the embedded engine takes about %d times as long as V8 (--cpu-factor).",
			limit.Milliseconds()*int64(factor), factor)
	}
	l.tell("warn", text, ray)
}

// tell puts a line of the platform's own into the Worker's log. Any goroutine may call it.
func (l *loaded) tell(level, text, ray string) {
	if l.spec.Console != nil {
		l.spec.Console(worker.Line{Time: l.engine.clock.Now(), Level: level, Message: text, Ray: ray})
	}
}

package isolate

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// Exception is the contract's, under a name that fits on a line.
type Exception = worker.Exception

const (
	outcomeException = worker.OutcomeException
	// outcomeCanceled is Cloudflare's word for an invocation that was taken away from under its code.
	outcomeCanceled = "canceled"
)

// waitUntilGrace is how long waitUntil work may go on after the response.
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
const waitUntilGrace = 30 * time.Second

// An invocation is one event from its start until nothing of it is left to do. Its fields belong to
// the loop, except where noted.
type invocation struct {
	isolate *isolate
	id      uint64
	ctx     context.Context
	cancel  context.CancelCauseFunc
	ray     string

	lazy      int           // D1 results that it got and has not touched
	holds     int           // callbacks under way from outside the loop
	cpu       time.Duration // spent so far
	budget    time.Duration
	stalledAt uint64 // the newest invocation when this one came to a stop; 0 while it runs

	// settle hands over what the handler came to: its value, or why there is none. It is nil once called.
	settle func(v goja.Value, ex *Exception)
	// body is true while the response's body is being read.
	body bool
	// waits counts the promises given to waitUntil that are pending, and failed is the first that
	// was rejected.
	waits  int
	failed *Exception
	// drained is called when all is done; ended says that it was.
	drained func()
	ended   bool
	grace   clock.Timer
	timers  map[*timer]struct{}
	props   *goja.Object // ctx.props; nil until code asks for it
	// gone is run when the client goes before it has got its whole response.
	gone []func()

	mu      sync.Mutex // guards closers and closed: streams are opened and closed by any goroutine
	closers map[io.Closer]struct{}
	closed  bool
}

// newInvocation makes one for an event that ctx belongs to. What it does outlives ctx, for waitUntil,
// and so only takes its values from it.
func (i *isolate) newInvocation(ctx context.Context) *invocation {
	inv := &invocation{isolate: i, budget: i.budget, ray: probe.Ray(ctx)}
	ctx, inv.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	inv.ctx = context.WithValue(ctx, invocationKey{}, inv)
	return inv
}

// start makes inv live. It runs on the loop, first of all.
func (inv *invocation) start() {
	i := inv.isolate
	i.lastID++
	inv.id = i.lastID
	i.live[inv] = struct{}{}
}

// left is what a turn of it may still use.
func (inv *invocation) left() turnLimits {
	return turnLimits{budget: inv.budget - inv.cpu, warn: inv.isolate.worker.cpuLimit() - inv.cpu, ray: inv.ray}
}

// spend adds what a turn took.
func (inv *invocation) spend(took time.Duration) {
	limit := inv.isolate.worker.cpuLimit()
	if inv.cpu < limit && inv.cpu+took >= limit {
		inv.isolate.worker.warnOfCPU(inv.ray)
	}
	inv.cpu += took
}

// stalled reports whether it waits for something that no callback of its own can bring.
func (inv *invocation) stalled() bool {
	return inv.holds == 0 && (inv.settle != nil || inv.waits > 0)
}

// hung ends what can never be settled.
func (inv *invocation) hung() {
	if inv.settle != nil {
		inv.fail(&Exception{Outcome: outcomeException, Name: "Error", Message: hungText})
		return
	}
	// A promise in waitUntil that nobody can settle keeps nobody waiting.
	inv.waits = 0
	inv.maybeEnd()
}

// Receipt: https://github.com/cloudflare/workerd/pull/4731
const hungText = "The Workers runtime canceled this request because it detected that your Worker's code had hung " +
	"and would never generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/"

// fail settles the handler's result with an exception. Once the result is out it is only told.
func (inv *invocation) fail(ex *Exception) {
	if settle := inv.settle; settle != nil {
		inv.settle = nil
		settle(nil, ex)
	} else {
		if inv.failed == nil {
			inv.failed = ex
		}
		inv.isolate.consoleLine(inv, "error", uncaughtText("Uncaught", ex), "")
	}
	// A limit that was passed takes the whole invocation away, waitUntil included.
	if ex.Outcome != outcomeException {
		inv.waits = 0
	}
	inv.maybeEnd()
}

// await settles the handler's result with what v, which may be a promise, comes to.
func (inv *invocation) await(v goja.Value) {
	inv.isolate.whenSettled(v, func(v goja.Value) {
		if settle := inv.settle; settle != nil {
			inv.settle = nil
			settle(v, nil)
		}
		inv.maybeEnd()
	}, func(reason goja.Value) {
		if inv.settle != nil {
			inv.fail(inv.isolate.exception(reason))
		}
	})
}

// waitUntil keeps the invocation alive until v is settled.
func (inv *invocation) waitUntil(v goja.Value) {
	if inv.ended {
		return
	}
	inv.waits++
	inv.isolate.whenSettled(v, func(goja.Value) { inv.waited(nil) }, func(reason goja.Value) {
		ex := inv.isolate.exception(reason)
		inv.isolate.consoleLine(inv, "error", uncaughtText("Uncaught (in promise)", ex), "")
		inv.waited(ex)
	})
}

func (inv *invocation) waited(ex *Exception) {
	if inv.ended || inv.waits == 0 {
		return
	}
	inv.waits--
	if ex != nil && inv.failed == nil {
		inv.failed = ex
	}
	inv.maybeEnd()
}

// maybeEnd ends the invocation when nothing of it is left, and sets a term to waitUntil work that is.
func (inv *invocation) maybeEnd() {
	if inv.ended || inv.settle != nil || inv.body {
		return
	}
	if inv.waits == 0 {
		inv.end(errInvocationOver)
		return
	}
	if inv.grace == nil {
		i := inv.isolate
		inv.grace = i.clock.AfterFunc(waitUntilGrace, func() {
			i.queue.post(task{run: func() {
				if inv.ended {
					return
				}
				i.consoleLine(inv, "warn", graceText, "")
				inv.end(errInvocationOver)
			}})
		})
	}
}

// Receipt: the warning that wrangler tail shows, quoted in public reports of 2026.
const graceText = "waitUntil() tasks did not complete within the allowed time after invocation end and have been cancelled. " +
	"See: https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil"

// end cancels whatever the code left running, and frees it.
func (inv *invocation) end(cause error) {
	if inv.ended {
		return
	}
	inv.ended = true
	inv.cancel(cause)
	if inv.grace != nil {
		inv.grace.Stop()
	}
	for t := range inv.timers {
		inv.isolate.timers.remove(t)
	}
	inv.timers = nil
	inv.mu.Lock()
	closers := inv.closers
	inv.closers, inv.closed = nil, true
	inv.mu.Unlock()
	for c := range closers {
		c.Close()
	}
	delete(inv.isolate.live, inv)
	inv.drained()
}

// abandon ends an invocation whose client has gone: at once, unless it has asked to be waited for.
func (inv *invocation) abandon(cause error) {
	if inv.ended {
		return
	}
	inv.settle, inv.body = nil, false
	for _, f := range inv.gone {
		inv.isolate.turn(inv, f)
	}
	inv.gone = nil
	if inv.ended {
		return
	}
	if inv.waits == 0 {
		inv.end(cause)
		return
	}
	inv.maybeEnd()
}

// track closes rc when the invocation ends, if nobody has closed it by then. Any goroutine may call it.
func (inv *invocation) track(rc io.ReadCloser) io.ReadCloser {
	t := &tracked{ReadCloser: rc, inv: inv}
	inv.mu.Lock()
	closed := inv.closed
	if !closed {
		if inv.closers == nil {
			inv.closers = map[io.Closer]struct{}{}
		}
		inv.closers[t] = struct{}{}
	}
	inv.mu.Unlock()
	if closed {
		rc.Close()
	}
	return t
}

// A tracked is closed once, though its reader and the invocation's end may both want to.
type tracked struct {
	io.ReadCloser
	inv  *invocation
	once sync.Once
}

func (t *tracked) Close() (err error) {
	t.once.Do(func() {
		t.inv.mu.Lock()
		delete(t.inv.closers, t)
		t.inv.mu.Unlock()
		err = t.ReadCloser.Close()
	})
	return err
}

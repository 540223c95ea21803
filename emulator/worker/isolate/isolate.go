package isolate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcrypto"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webfetch"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl"
	"github.com/cfemu/cfemu/internal/clock"
)

// maxCallStack is how deep calls may nest. goja's frames live on Go's heap, so this bounds memory. It
// bounds time as well where getters, conversions or constructors recur, see nesting.go.
const maxCallStack = 3000

// An isolate is one JavaScript runtime that runs a loaded Worker.
type isolate struct {
	worker *loaded
	engine *Engine
	spec   worker.Spec
	clock  clock.Clock
	log    *slog.Logger
	budget time.Duration
	ctx    context.Context
	cancel context.CancelCauseFunc

	queue   queue
	stopped chan struct{} // closed when the loop has ended
	// condemned: new events go to another isolate. wedged ends when a turn does not: it is given up.
	condemned atomic.Bool
	wedged    context.Context
	wedge     context.CancelFunc

	gate     sync.Mutex // guards active, closing and drained: RoundTrip begins on any goroutine
	active   int
	closing  bool
	drained  chan struct{} // closed once closing and no event is active
	stopOnce sync.Once

	// All below belongs to the loop (to boot, before there is one).
	rt         *goja.Runtime
	realm      *idl.Realm
	core       *webcore.Core
	fetch      *webfetch.API
	outbound   http.RoundTripper
	cache      http.RoundTripper
	watch      watchdog
	rest       *restState
	trampoline goja.Callable
	then       goja.Callable // Promise.prototype.then
	resolved   goja.Callable // Promise.resolve
	json       jsonPrimordials
	task       func()
	now        time.Time
	base       *invocation // whose turn it is
	current    *invocation // whose code runs
	scoped     *scopedEnv  // what withEnv has put in place; nil: nothing
	frame      *node.Frame // what its AsyncLocalStorages hold
	jobs       jobQueue
	grabbed    *asyncContext // the last that Grab made
	live       map[*invocation]struct{}
	lastID     uint64
	stalled    []*invocation
	timers     timers
	rejections rejections
	reporting  bool       // an error event is being dispatched
	settling   []settling // what Go waits for, looked at when the turn ends
	console    console
	contexts   *idl.Class[*invocation] // ExecutionContext
	events     *eventClasses           // nil until code or an event needs them
	env        *goja.Object
	shims      *goja.Object // what env/index.js exports
	node       *node.Registry
	main       entry
	appender   *appender
	matchers   matchers
	nesting    int  // see nesting.go
	mayEval    bool // code may be made of texts
	handlers   []string
}

var (
	_ host.Host    = (*isolate)(nil)
	_ node.Isolate = (*isolate)(nil)
)

func newIsolate(l *loaded) *isolate {
	e, spec := l.engine, l.spec
	i := &isolate{
		worker: l, engine: e, spec: spec, clock: e.clock, log: e.log,
		stopped: make(chan struct{}), drained: make(chan struct{}),
		live: map[*invocation]struct{}{}, now: e.clock.Now(),
	}
	i.ctx, i.cancel = context.WithCancelCause(context.Background())
	i.queue.wake = make(chan struct{}, 1)
	i.outbound = tracking{spec.Outbound}
	i.cache = tracking{noCache{}}
	if spec.Cache != nil {
		i.cache = tracking{spec.Cache}
	}
	i.wedged, i.wedge = context.WithCancel(context.Background())
	i.budget = i.budgetOf(l.cpuLimit())
	return i
}

// budgetOf is what production's limit comes to on this engine.
func (i *isolate) budgetOf(limit time.Duration) time.Duration {
	return limit * time.Duration(i.engine.factor)
}

// boot makes the runtime, puts the Web APIs and env into it and runs the Worker's top-level code.
func (i *isolate) boot(ctx context.Context, shims *goja.Program, s *script) error {
	i.rt = goja.New()
	i.rt.SetMaxCallStackSize(maxCallStack)
	i.rt.SetTimeSource(func() time.Time { return i.now })
	i.realm = idl.NewRealm(i.rt)
	i.watch.rt, i.watch.heap = i.rt, i.engine.heap
	i.watch.warn, i.watch.wedged = i.worker.warnOfCPU, i.giveUp
	if err := i.installLoop(); err != nil {
		return err
	}
	i.installStringify()
	i.core = webcore.Install(i)
	webintl.Install(i)
	if err := i.limitBacktracking(); err != nil {
		return err
	}
	webcrypto.Install(i)
	i.fetch = webfetch.Install(i)
	if err := errors.Join(i.installJSON(), i.limitEval(), i.limitNesting()); err != nil {
		return err
	}
	i.installTimers()
	i.installConsole()
	i.installContext()
	i.installScope()
	if err := i.installShims(shims); err != nil {
		return err
	}
	i.node = node.New(i)
	i.node.InstallGlobals()
	stop := context.AfterFunc(ctx, func() { i.rt.Interrupt(context.Cause(ctx)) })
	defer func() {
		if !stop() {
			i.rt.ClearInterrupt()
		}
	}()
	if err := i.evaluate(s); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return i.endEval()
}

// installLoop makes what turn needs.
func (i *isolate) installLoop() error {
	enter, err := i.rt.RunScript("cfemu:enter", "(function (run) { return function () { run() } })")
	if err != nil {
		return fmt.Errorf("enter script: %w", err)
	}
	wrap, _ := goja.AssertFunction(enter)
	run, err := wrap(goja.Undefined(), i.rt.ToValue(func(goja.FunctionCall) goja.Value {
		i.task()
		i.claim()
		return goja.Undefined()
	}))
	if err != nil {
		return fmt.Errorf("enter script: %w", err)
	}
	i.trampoline, _ = goja.AssertFunction(run)
	promise := i.rt.Get("Promise").(*goja.Object)
	i.then, _ = goja.AssertFunction(promise.Get("prototype").(*goja.Object).Get("then"))
	i.resolved, _ = goja.AssertFunction(promise.Get("resolve"))
	if i.rest, err = restOf(i.rt); err != nil {
		return err
	}
	if i.jobs.jobs, err = jobsOf(i.rt); err != nil {
		return err
	}
	i.rt.SetAsyncContextTracker(i)
	i.rt.SetPromiseRejectionTracker(i.trackRejection)
	return nil
}

// whenSettled calls one of the two once v, when it is a promise or thenable, is settled; at once for
// any other value. It runs within a turn.
func (i *isolate) whenSettled(v goja.Value, fulfilled, rejected func(goja.Value)) {
	o, ok := v.(*goja.Object)
	if !ok {
		fulfilled(v)
		return
	}
	if o.ExportType() != promiseType {
		if _, callable := goja.AssertFunction(o.Get("then")); !callable {
			fulfilled(v)
			return
		}
		p, err := i.resolved(i.rt.Get("Promise"), o)
		if err != nil {
			rejected(host.Reason(i.rt, err))
			return
		}
		o = p.(*goja.Object)
	}
	i.settling = append(i.settling, settling{o, o.Export().(*goja.Promise), i.current, fulfilled, rejected})
}

// A settling is a promise that somebody in Go waits for.
type settling struct {
	object              *goja.Object
	promise             *goja.Promise
	current             *invocation // whose code asked
	fulfilled, rejected func(goja.Value)
}

// settle runs at the end of a turn, below a JavaScript frame. Most promises have settled by then, and
// looking at their state costs a fraction of what a reaction does.
func (i *isolate) settle() {
	waiting := i.settling
	i.settling = nil
	for _, s := range waiting {
		i.current = s.current
		switch s.promise.State() {
		case goja.PromiseStateFulfilled:
			s.fulfilled(s.promise.Result())
		case goja.PromiseStateRejected:
			i.trackRejection(s.promise, goja.PromiseRejectionHandle)
			s.rejected(s.promise.Result())
		default:
			i.react(s)
		}
	}
	i.current = i.base
}

func (i *isolate) react(s settling) {
	_, err := i.then(s.object,
		i.rt.ToValue(func(call goja.FunctionCall) goja.Value { s.fulfilled(call.Argument(0)); return goja.Undefined() }),
		i.rt.ToValue(func(call goja.FunctionCall) goja.Value { s.rejected(call.Argument(0)); return goja.Undefined() }))
	if err != nil {
		s.rejected(host.Reason(i.rt, err))
	}
}

// The methods of host.Host.

func (i *isolate) Runtime() *goja.Runtime      { return i.rt }
func (i *isolate) Realm() *idl.Realm           { return i.realm }
func (i *isolate) Clock() clock.Clock          { return i.clock }
func (i *isolate) Now() time.Time              { return i.now }
func (i *isolate) Outbound() http.RoundTripper { return i.outbound }
func (i *isolate) Cache() http.RoundTripper    { return i.cache }

func (i *isolate) Context() context.Context {
	if i.current == nil {
		return i.ctx
	}
	return i.current.ctx
}

func (i *isolate) Hold() func(f func()) {
	i.NeedEvent()
	inv := i.current
	inv.holds++
	frame := i.frame
	if frame == nil {
		return func(f func()) { i.queue.post(task{inv: inv, run: f, held: true}) }
	}
	return func(f func()) {
		i.queue.post(task{inv: inv, held: true, run: func() {
			i.frame = frame
			f()
		}})
	}
}

// Watch runs f on the loop, in the invocation whose code is running, when its client goes away before
// it has got the whole response. It keeps nobody waiting. The context is the incoming request's, which
// also ends when all has gone well and so cannot tell.
func (i *isolate) Watch(_ context.Context, f func()) {
	if inv := i.current; inv != nil {
		inv.gone = append(inv.gone, f)
	}
}

// NeedEvent throws what top-level code gets when it wants to wait for anything, or random values.
// Receipt: https://github.com/cloudflare/workerd/pull/1510
func (i *isolate) NeedEvent() {
	if i.current != nil {
		return
	}
	panic(i.newError("Error", "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), "+
		"setting a timeout, and generating random values are not allowed within global scope. To fix this error, perform this "+
		"operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/"))
}

// newError returns a new error of the global class with that name.
func (i *isolate) newError(class, message string) *goja.Object {
	o, err := i.rt.New(i.rt.Get(class), i.rt.ToValue(message))
	if err != nil {
		panic(err)
	}
	return o
}

// tracking closes what an invocation leaves unread when it ends.
type tracking struct{ next http.RoundTripper }

func (t tracking) RoundTrip(r *http.Request) (res *http.Response, err error) {
	// It runs in a goroutine of its own, where a panic, though a bug of ours, would end the process.
	defer func() {
		if p := recover(); p != nil {
			res, err = nil, fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
		}
	}()
	res, err = t.next.RoundTrip(r)
	if err == nil && res.Body != nil && res.Body != http.NoBody && res.StatusCode != http.StatusSwitchingProtocols {
		if inv := invocationOf(r.Context()); inv != nil {
			res.Body = inv.track(res.Body)
		}
	}
	return res, err
}

// noCache is the cache of a Worker that has none.
type noCache struct{}

func (noCache) RoundTrip(r *http.Request) (*http.Response, error) {
	status := http.StatusGatewayTimeout // a miss
	switch r.Method {
	case http.MethodPut:
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		status = http.StatusNoContent
	case "PURGE":
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

var (
	errInvocationOver = errors.New("the invocation is over")
	errWorkerClosed   = errors.New("worker closed")
	errClientGone     = errors.New("the client has gone")
)

// begin admits an event, unless the Worker is closing.
func (i *isolate) begin(ctx context.Context) (*invocation, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	i.gate.Lock()
	defer i.gate.Unlock()
	if i.closing {
		return nil, fmt.Errorf("worker %s: %w", i.spec.Name, errWorkerClosed)
	}
	i.active++
	inv := i.newInvocation(ctx)
	inv.drained = i.ended
	return inv, nil
}

// ended is told of each event that begin admitted.
func (i *isolate) ended() {
	i.gate.Lock()
	defer i.gate.Unlock()
	i.active--
	if i.closing && i.active == 0 {
		close(i.drained)
	}
}

// close refuses new events, waits for those that run, with their waitUntil work, and ends the loop.
// When ctx ends first, what still runs is cancelled and close returns ctx's cause.
func (i *isolate) close(ctx context.Context) error {
	i.gate.Lock()
	if !i.closing {
		i.closing = true
		if i.active == 0 {
			close(i.drained)
		}
	}
	i.gate.Unlock()
	var err error
	select {
	case <-i.drained:
	default:
		select {
		case <-i.drained:
		case <-i.wedged.Done():
		case <-ctx.Done():
			i.gate.Lock()
			active := i.active
			i.gate.Unlock()
			err = fmt.Errorf("worker %s: %d event(s) still running: %w", i.spec.Name, active, context.Cause(ctx))
		}
	}
	i.stopOnce.Do(i.shut)
	return err
}

// shut ends the loop. What is live then is cancelled by the loop itself, on its way out.
func (i *isolate) shut() {
	i.cancel(errWorkerClosed)
	i.queue.stop()
	// Code that does not come back to the loop by itself is interrupted. Where goja cannot be
	// interrupted the goroutine is left to itself: it ends when it gets out.
	interrupt := clock.System.AfterFunc(shutGrace, i.watch.stop)
	defer interrupt.Stop()
	abandon := clock.System.AfterFunc(shutGrace+abandonAfter, i.giveUp)
	defer abandon.Stop()
	select {
	case <-i.stopped:
	case <-i.wedged.Done():
	}
}

// shutGrace is what a turn that is running when the Worker is shut may still take.
const shutGrace = 250 * time.Millisecond

// giveUp leaves a turn to itself that nothing can end. Any goroutine may call it.
func (i *isolate) giveUp() {
	if i.wedged.Err() != nil {
		return
	}
	i.condemn("The Worker's code could not be interrupted. Its isolate is abandoned")
	i.queue.stop()
	i.wedge()
}

// condemn has new events go to another isolate. Any goroutine may call it.
func (i *isolate) condemn(why string) {
	if !i.condemned.Swap(true) {
		i.worker.tell("error", why+"; a new one takes the next event, with fresh module globals.", "")
	}
}

// errWedged is what the events of an abandoned isolate end with.
func errWedged() error {
	return &Exception{Outcome: worker.OutcomeExceededCPU, Name: "Error", Message: "Worker exceeded CPU time limit."}
}

func (inv *invocation) settleClosed() {
	if settle := inv.settle; settle != nil {
		inv.settle = nil
		settle(nil, &Exception{Outcome: outcomeCanceled, Name: "Error", Message: "The Worker was stopped."})
	}
	inv.end(errWorkerClosed)
}

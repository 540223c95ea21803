package isolate

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
)

// Options configure an Engine. The zero value works.
type Options struct {
	// Clock is the emulator's: timers, Date and the waitUntil limit follow it. Nil: clock.System.
	Clock clock.Clock
	// Logger is told of bugs of ours. Nil: discard.
	Logger *slog.Logger
	// CPUFactor is how much more CPU time than in production an invocation may take, since goja
	// interprets what V8 compiles. Zero: 20. 1 is literal.
	CPUFactor int
	// Memory is what the process's heap may grow by, in bytes, before the Worker that is running has
	// exceeded its memory. Zero: 512 MiB, four times production's limit.
	Memory uint64
}

// defaultCPUFactor is the slowdown of ordinary code on goja, measured against V8.
const defaultCPUFactor = 20

// New returns an engine that runs Workers in this process.
func New(opts Options) *Engine {
	e := &Engine{clock: clock.Or(opts.Clock), log: opts.Logger, factor: opts.CPUFactor, loaded: map[*loaded]struct{}{}, heap: newHeapGuard(opts.Memory)}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.factor <= 0 {
		e.factor = defaultCPUFactor
	}
	e.shims = sync.OnceValues(compileShims)
	return e
}

// An Engine runs Workers in this process.
type Engine struct {
	clock  clock.Clock
	log    *slog.Logger
	factor int
	heap   *heapGuard
	shims  func() (*goja.Program, error) // compiled for the first Worker, shared by all

	mu     sync.Mutex
	loaded map[*loaded]struct{}
	closed bool
}

var _ worker.Engine = (*Engine)(nil)

var errEngineClosed = errors.New("engine closed")

// Load builds the Worker's modules and runs its top-level code. It returns a *worker.BuildError or a
// *worker.Exception when that is the user's doing.
func (e *Engine) Load(ctx context.Context, spec worker.Spec) (worker.Worker, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	script, err := buildScript(spec)
	if err != nil {
		return nil, err
	}
	l := &loaded{engine: e, spec: spec, script: script}
	i, err := l.boot(ctx)
	if err != nil {
		return nil, err
	}
	l.current.Store(i)
	e.mu.Lock()
	closed := e.closed
	if !closed {
		e.loaded[l] = struct{}{}
	}
	e.mu.Unlock()
	if closed {
		return nil, errors.Join(errEngineClosed, l.Close(context.Background()))
	}
	return l, nil
}

// Close stops every Worker that is still loaded, without waiting for its events.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	all := make([]*loaded, 0, len(e.loaded))
	for l := range e.loaded {
		all = append(all, l)
	}
	e.mu.Unlock()
	now, cancel := context.WithCancelCause(context.Background())
	cancel(errEngineClosed)
	var errs []error
	for _, l := range all {
		if err := l.Close(now); err != nil && !errors.Is(err, errEngineClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) forget(l *loaded) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.loaded, l)
}

// defaultCPU is what an invocation may take unless the Worker's limits say otherwise.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#cpu-time
const defaultCPU = 30 * time.Second

// startupCPU is what a Worker's top-level code may take.
// Receipt: https://developers.cloudflare.com/changelog/2025-10-10-increased-startup-time/
const startupCPU = time.Second

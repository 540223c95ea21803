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
}

// defaultCPUFactor is the slowdown of ordinary code on goja, measured against V8.
const defaultCPUFactor = 20

// New returns an engine that runs Workers in this process.
func New(opts Options) *Engine {
	e := &Engine{clock: clock.Or(opts.Clock), log: opts.Logger, factor: opts.CPUFactor, loaded: map[*isolate]struct{}{}}
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
	shims  func() (*goja.Program, error) // compiled for the first Worker, shared by all

	mu     sync.Mutex
	loaded map[*isolate]struct{}
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
	shims, err := e.shims()
	if err != nil {
		return nil, err
	}
	script, err := buildScript(spec)
	if err != nil {
		return nil, err
	}
	i := newIsolate(e, spec)
	if err := i.boot(ctx, shims, script); err != nil {
		i.cancel(err)
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		i.cancel(errEngineClosed)
		return nil, errEngineClosed
	}
	e.loaded[i] = struct{}{}
	go i.loop()
	return i, nil
}

// Close stops every Worker that is still loaded, without waiting for its events.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	loaded := make([]*isolate, 0, len(e.loaded))
	for i := range e.loaded {
		loaded = append(loaded, i)
	}
	e.mu.Unlock()
	now, cancel := context.WithCancelCause(context.Background())
	cancel(errEngineClosed)
	var errs []error
	for _, i := range loaded {
		if err := i.Close(now); err != nil && !errors.Is(err, errEngineClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) forget(i *isolate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.loaded, i)
}

// defaultCPU is what an invocation may take unless the Worker's limits say otherwise.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#cpu-time
const defaultCPU = 30 * time.Second

// startupCPU is what a Worker's top-level code may take.
// Receipt: https://developers.cloudflare.com/changelog/2025-10-10-increased-startup-time/
const startupCPU = time.Second

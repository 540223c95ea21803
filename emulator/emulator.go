package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/ai"
	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/bundle"
	"github.com/cfemu/cfemu/emulator/cache"
	"github.com/cfemu/cfemu/emulator/outbound"
	"github.com/cfemu/cfemu/emulator/preview"
	"github.com/cfemu/cfemu/emulator/watch"
	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
	"github.com/cfemu/cfemu/kv"
	"github.com/cfemu/cfemu/queues"
	"github.com/cfemu/cfemu/r2"
	"github.com/cfemu/cfemu/r2/s3"
)

// An Emulator is a house that stands: products open, a Worker loaded, doors bound.
type Emulator struct {
	opts       Options
	configFile string
	project    string // the configuration's folder, absolute
	token      string
	tokenAsked bool   // by all of the control door; /cfemu/v1 asks in any case
	cf         string // request.cf as JSON
	begun      time.Time

	clock  *clock.Movable
	probe  *probe.Probe
	ops    *operations
	state  *state
	d1     *d1.Service
	kv     *kv.Service
	r2     *r2.Service
	queues *queues.Service
	ai     *ai.Service
	cache  *cache.Store

	preview   *preview.Service
	besideRun besideRun

	outbound *outbound.Client
	engine   worker.Engine
	slot     *slot
	current  atomic.Pointer[loaded]

	workerDoor, controlDoor, s3Door *bound
	s3Access                        S3Access
	hosts, controlHosts, s3Hosts    hostList
	closing                         atomic.Bool
	isReady                         sync.Once
	watcher                         atomic.Pointer[watch.Watcher] // nil: nobody watches
	looking                         looking

	// Of the goroutine that loads: Open at first, then the one that watches files.
	builder  *bundle.Builder
	built    bundle.Input
	ran      buildRun
	inputs   []string
	versions int
	warned   []string
	// warnedAssets is the same of the files of rules among the assets.
	warnedAssets []string
	read         time.Time // when the newest load began to read files
	resetting    sync.Mutex

	consuming sync.Mutex // guards consumers
	consumers map[string]attachment
	attaching sync.WaitGroup

	closers []func(context.Context) error
}

// Open reads the project, opens its state and loads its Worker. The doors are bound, but nothing is
// served yet. When it fails, everything it had opened is closed again.
func Open(ctx context.Context, opts Options) (_ *Emulator, err error) {
	opts.fill()
	e := &Emulator{
		opts: opts, clock: clock.NewMovable(), ops: newOperations(), slot: newSlot(), consumers: map[string]attachment{},
		token: rand.Text(), cf: cfBlob(), begun: clock.System.Now(), looking: looking{took: clock.Stopwatch()},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	if problem := d1.BuildProblem(); problem != "" {
		return nil, errors.New(problem)
	}
	if e.configFile, err = wrangler.Find(opts.Project); err != nil {
		return nil, err
	}
	e.project = filepath.Dir(e.configFile)
	e.read = clock.System.Now()
	cfg, err := e.readConfig()
	e.tellWarnings(cfg) // a misspelt key is often why another one is missing
	if err != nil {
		return nil, err
	}
	e.probe = &probe.Probe{Clock: e.clock, Observe: e.ops.observe}
	if err := e.bindDoors(cfg); err != nil {
		return nil, err
	}
	if err := e.openProducts(); err != nil {
		return nil, err
	}
	if err := e.openS3(); err != nil {
		return nil, err
	}
	if err := e.openBeside(); err != nil {
		return nil, err
	}
	e.outbound = outbound.New(outbound.Options{
		Mode: opts.Outbound, Clock: e.clock,
		Control: func() netip.AddrPort { return e.controlDoor.addr },
		Foreign: func(host string) {
			e.info("the Worker reaches " + host + " (--outbound local keeps it on this machine)")
		},
	})
	e.onClose(func(context.Context) error { e.outbound.Close(); return nil })
	e.engine = isolate.New(isolate.Options{Clock: e.clock, Logger: slog.Default(), CPUFactor: opts.CPUFactor})
	e.onClose(func(context.Context) error { return e.engine.Close() })
	e.onClose(e.slot.close)
	e.onClose(e.detach)
	if err := e.loadFirst(ctx, cfg); err != nil {
		return nil, err
	}
	return e, nil
}

// loadFirst applies migrations and seed and loads the Worker. Without Strict, what the user can
// mend by saving a file is reported and does not keep the house from standing.
func (e *Emulator) loadFirst(ctx context.Context, cfg *wrangler.Config) error {
	type built struct {
		out bundle.Output
		err error
	}
	bundled := make(chan built, 1)
	go func() { // esbuild and the stores do not wait for each other
		out, err := e.build(ctx, cfg, true)
		bundled <- built{out, err}
	}()
	w, err := e.wire(ctx, cfg)
	if err == nil {
		err = e.prepare(ctx, cfg, w)
	}
	b := <-bundled
	e.onClose(func(context.Context) error {
		if e.builder != nil {
			e.builder.Close()
		}
		return nil
	})
	e.watchInputs(cfg, b.out)
	e.setHosts(cfg)
	if err != nil && (e.opts.Strict || !isMendable(err)) {
		return err
	}
	if err != nil {
		e.report(e.errorEvent(err))
	}
	e.setLoaded(&loaded{cfg, w})
	if err = b.err; err == nil {
		err = e.start(ctx, cfg, w, b.out.Modules)
	}
	if err == nil || e.opts.Strict || !isMendable(err) {
		return err
	}
	e.slot.fail(err)
	e.report(e.errorEvent(err))
	return nil
}

// prepare brings the stores to where the project wants them before its first request.
func (e *Emulator) prepare(ctx context.Context, cfg *wrangler.Config, w *wiring) error {
	if e.opts.Reseed {
		if err := e.emptyProducts(ctx, products); err != nil {
			return err
		}
	}
	if err := e.migrate(ctx, cfg, w, e.info); err != nil {
		return err
	}
	if e.opts.Seed == "" {
		return nil
	}
	return e.seed(ctx, w, nil)
}

func (e *Emulator) bindDoors(cfg *wrangler.Config) (err error) {
	ip := e.opts.IP
	if ip == "" {
		ip = cfg.Dev.IP
	}
	if ip == "" || ip == "localhost" {
		ip = "127.0.0.1"
	}
	if ip == "*" {
		ip = "0.0.0.0"
	}
	if !boundIP(ip).IsValid() {
		return fmt.Errorf("--ip %q is not an address: use 127.0.0.1, or 0.0.0.0 for all", ip)
	}
	wish := portWish{ip: ip, port: DefaultPort}
	switch {
	case e.opts.Port != nil:
		wish.port, wish.named = *e.opts.Port, "--port"
	case cfg.Dev.Port != nil:
		wish.port, wish.named = *cfg.Dev.Port, fmt.Sprintf("dev.port at %s:%d:%d", cfg.Dev.Pos.File, cfg.Dev.Pos.Line, cfg.Dev.Pos.Column)
	}
	if e.workerDoor, err = listen(wish); err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return e.workerDoor.close() })
	wish = portWish{ip: ip, port: DefaultControlPort}
	if e.opts.ControlPort != nil {
		wish.port, wish.named = *e.opts.ControlPort, "--control-port"
	}
	if e.controlDoor, err = listen(wish); err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return e.controlDoor.close() })
	wish = portWish{ip: ip, port: DefaultS3Port}
	if e.opts.S3Port != nil {
		wish.port, wish.named = *e.opts.S3Port, "--s3-port"
	}
	if e.s3Door, err = listen(wish); err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return e.s3Door.close() })
	e.hosts.bound, e.controlHosts.bound, e.s3Hosts.bound = boundIP(ip), boundIP(ip), boundIP(ip)
	e.s3Hosts.set(append([]string{s3.EndpointDomain}, e.opts.AllowHosts...))
	e.tokenAsked = e.opts.RequireToken || !boundIP(ip).IsLoopback()
	if !boundIP(ip).IsLoopback() {
		e.warn(fmt.Sprintf("the doors listen on %s: everybody who reaches this machine can use the Worker. "+
			"The control door asks for the token, which is in .cfemu/run.json: `eval \"$(cfemu env)\"` sets it for Cloudflare's clients, "+
			"others send it as \"Authorization: Bearer TOKEN\". The S3 door asks for a signature", ip))
	}
	return nil
}

// openProducts opens the stores, all at once: most of the time goes into waiting for the disk.
func (e *Emulator) openProducts() error {
	dir := e.opts.State
	switch {
	case e.opts.Ephemeral:
		dir = ""
	case dir == "":
		if _, err := ignoreDotDir(e.project); err != nil {
			return err
		}
		dir = filepath.Join(e.project, ".cfemu", "state")
	default:
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		dir = abs
	}
	var err error
	if e.state, err = openState(dir, e.opts.Ephemeral); err != nil {
		return err
	}
	e.onClose(func(context.Context) error { return e.state.close(e.opts.Keep) })
	log, noSync := slog.Default(), e.opts.Ephemeral
	errs := make([]error, 5)
	var all sync.WaitGroup
	all.Go(func() {
		e.d1, errs[0] = d1.Open(e.state.path("d1"), d1.Options{Clock: e.clock, Probe: e.probe, Logger: log, NoSync: noSync})
	})
	all.Go(func() {
		e.kv, errs[1] = kv.Open(e.state.path("kv"), kv.Options{Clock: e.clock, Probe: e.probe, Logger: log, NoSync: noSync})
	})
	all.Go(func() {
		e.r2, errs[2] = r2.Open(e.state.path("r2"), r2.Options{Clock: e.clock, Probe: e.probe, Logger: log, NoSync: noSync})
	})
	all.Go(func() {
		e.queues, errs[3] = queues.Open(e.state.path("queues"), queues.Options{Clock: e.clock, Probe: e.probe, Logger: log, NoSync: noSync})
	})
	all.Go(func() {
		e.cache, errs[4] = cache.Open(e.state.path("cache"), cache.Options{Clock: e.clock, Probe: e.probe})
	})
	all.Wait()
	for i, p := range []interface{ Close() error }{e.d1, e.kv, e.r2, e.queues, e.cache} {
		if errs[i] == nil {
			e.onClose(func(context.Context) error { return p.Close() })
		}
	}
	e.ai = ai.Open(ai.Options{Clock: e.clock, Probe: e.probe, Logger: log})
	return errors.Join(errs...)
}

// Serve answers at all doors until ctx ends, then lets requests in flight finish, for ten seconds.
func (e *Emulator) Serve(ctx context.Context) error {
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(errors.New("cfemu has stopped"))
	var background sync.WaitGroup
	if e.opts.Watch {
		w, err := watch.New(settle, nil, e.slot.begin)
		if err != nil {
			return err
		}
		defer background.Wait()
		defer w.Close()
		e.watcher.Store(w)
		if err := w.Set(e.inputs, e.read); err != nil {
			return err
		}
		background.Go(func() { e.watchFiles(ctx, w) })
	}
	if e.opts.Announce {
		remove, err := e.writeRun()
		if err != nil {
			return fmt.Errorf("announce in .cfemu/run.json: %w", err)
		}
		defer remove()
	}
	workerServer := newServer(guard(e.hosts.checkHost(http.HandlerFunc(e.serveWorker), true), workerPace))
	controlServer := newServer(guard(hardened(e.controlHosts.checkHost(checkOrigin(e.controlHandler()), false)), controlPace))
	besideServer := newServer(guard(hardened(e.controlHosts.checkHost(checkOrigin(e.preview), false)), controlPace))
	s3Server := newServer(guard(e.s3Hosts.checkHost(e.s3Handler(), true), controlPace))
	failed := make(chan error, 8)
	serve := func(s *http.Server, listeners []net.Listener) {
		gate := newGate(placesOfADoor())
		for _, l := range listeners {
			go func() { failed <- s.Serve(gate.through(l)) }()
		}
	}
	serve(workerServer, e.workerDoor.listeners)
	serve(controlServer, e.controlDoor.listeners)
	serve(s3Server, e.s3Door.listeners)
	serve(besideServer, e.besideRun.listeners)
	if e.slot.failure() == nil {
		e.ready()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	e.closing.Store(true)
	grace, cancel := context.WithTimeout(running, drainTimeout)
	defer cancel()
	return errors.Join(err, shutdown(grace, workerServer), shutdown(grace, controlServer), shutdown(grace, s3Server), shutdown(grace, besideServer))
}

func newServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler: h, MaxHeaderBytes: maxHeaderBytes,
		DisableGeneralOptionsHandler: true, // else "OPTIONS *" is answered before the Host is looked at
		ReadHeaderTimeout:            headerTimeout,
		IdleTimeout:                  idleTimeout,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	fresh := &freshConns{conns: map[net.Conn]bool{}}
	s.ConnState = fresh.state
	s.RegisterOnShutdown(fresh.close)
	return s
}

// freshConns are the connections on which nothing has been asked yet, such as browsers open on
// suspicion. Shutdown would wait five seconds for each to speak.
type freshConns struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func (f *freshConns) state(c net.Conn, s http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case s != http.StateNew:
		delete(f.conns, c)
	case f.closed:
		c.Close()
	default:
		f.conns[c] = true
	}
}

func (f *freshConns) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.conns {
		c.Close()
	}
}

// shutdown waits for requests in flight, and cuts them off when ctx ends.
func shutdown(ctx context.Context, s *http.Server) error {
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	}
	return err
}

// ready tells, once, that the first request will succeed.
func (e *Emulator) ready() {
	e.isReady.Do(func() {
		urls := e.URLs()
		ev := Event{Type: EventReady, Worker: e.name(), URLs: &urls, Took: clock.System.Now().Sub(e.begun)}
		if e.workerDoor.moved {
			ev.Message = fmt.Sprintf("port %d is in use", DefaultPort)
		}
		e.report(ev)
	})
}

// Close undoes Open, last opened first closed.
func (e *Emulator) Close() error {
	e.closing.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var errs []error
	for _, f := range slices.Backward(e.closers) {
		errs = append(errs, f(ctx))
	}
	e.closers = nil
	return errors.Join(errs...)
}

func (e *Emulator) onClose(f func(context.Context) error) { e.closers = append(e.closers, f) }

func (e *Emulator) stopping() bool { return e.closing.Load() }

func (e *Emulator) setLoaded(l *loaded) { e.current.Store(l) }

// config is the newest good configuration, or nil.
func (e *Emulator) config() *wrangler.Config {
	if l := e.current.Load(); l != nil {
		return l.config
	}
	return nil
}

func (e *Emulator) name() string {
	if c := e.config(); c != nil {
		return c.Name
	}
	return ""
}

// started is when the load that runs now began to read files.
func (e *Emulator) started() time.Time {
	e.read = clock.System.Now()
	return e.read
}

// setHosts makes the project's own hosts pass the Worker door.
func (e *Emulator) setHosts(cfg *wrangler.Config) {
	names := slices.Clone(e.opts.AllowHosts)
	if cfg.Dev.Host != "" {
		names = append(names, cfg.Dev.Host)
	}
	for _, r := range cfg.Routes {
		if h := hostOfRoute(r.Pattern); h != "" {
			names = append(names, h)
		}
	}
	e.hosts.set(names)
}

// upstreamHost is the host that the Worker shall see, when the configuration names one: dev.host,
// else that of the first route, as wrangler has it.
func (e *Emulator) upstreamHost() string {
	cfg := e.config()
	switch {
	case cfg == nil:
		return ""
	case cfg.Dev.Host != "":
		return cfg.Dev.Host
	case len(cfg.Routes) > 0:
		return hostOfRoute(cfg.Routes[0].Pattern)
	}
	return ""
}

// URLs are the addresses of the doors.
func (e *Emulator) URLs() URLs {
	return URLs{Worker: e.workerDoor.url(), Control: e.controlDoor.url(), S3: e.s3Door.url()}
}

// Token is the bearer token of /cfemu/v1, and of all of the control door when Run says so.
func (e *Emulator) Token() string { return e.token }

// StateDir is where the state is.
func (e *Emulator) StateDir() string { return e.state.dir }

// Resources lists what the bindings reach, for the start table.
func (e *Emulator) Resources() []Resource {
	if l := e.current.Load(); l != nil && l.wiring != nil {
		return l.wiring.resources
	}
	return nil
}

// Run describes the running emulator.
func (e *Emulator) Run() Run {
	u := e.URLs()
	return Run{PID: os.Getpid(), Version: Version(), WorkerURL: u.Worker, ControlURL: u.Control, S3URL: u.S3, S3: e.s3Access, Token: e.token,
		TokenAsked: e.tokenAsked, Project: e.project, State: e.state.dir, Started: e.begun,
		Preload: e.besideRun.preload, Authority: e.besideRun.authority}
}

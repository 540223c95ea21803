package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/emulator/assets"
	"github.com/cfemu/cfemu/emulator/bundle"
	"github.com/cfemu/cfemu/emulator/watch"
	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
)

// A loaded is what the newest good configuration was made into.
type loaded struct {
	config *wrangler.Config
	wiring *wiring
}

// A buildCommand is what the user's build runs.
type buildCommand struct{ line, dir string }

// A buildRun is the newest run of the build command. A command may write into the folders that make it
// run again, as code generators do: what changed during two runs in a row is its own work.
type buildRun struct {
	command buildCommand // the zero one when the run failed
	ended   time.Time
	own     map[string]bool
}

// concerns reports whether changed paths ask for another run. It takes note of those that changed
// while the command ran.
func (b *buildRun) concerns(dirs, changed []string) bool {
	if b.own == nil { // it has never run
		return touches(dirs, changed)
	}
	again := false
	for _, path := range changed {
		if !touches(dirs, []string{path}) {
			continue
		}
		info, err := os.Stat(path)
		during := err == nil && !info.ModTime().After(b.ended)
		if !during || !b.own[path] {
			again = true
		}
		if during {
			b.own[path] = true
		}
	}
	return again
}

// readConfig reads the configuration as it is on disk now.
func (e *Emulator) readConfig() (*wrangler.Config, error) {
	return wrangler.Load(e.configFile, wrangler.LoadOptions{
		Env: e.opts.Env, EnvFiles: e.opts.EnvFiles, Vars: e.opts.Vars, Getenv: e.opts.Getenv, Environ: e.opts.Environ,
	})
}

// build runs the user's build command, when it has to, and bundles.
func (e *Emulator) build(ctx context.Context, cfg *wrangler.Config, runCommand bool) (bundle.Output, error) {
	// A command that is another one now, or that failed, has not run for this code yet.
	command := buildCommand{cfg.Build.Command, cfg.Build.Cwd}
	if cfg.Build.Command != "" && (runCommand || e.ran.command != command) {
		if e.ran.command != command || e.ran.own == nil {
			e.ran.own = map[string]bool{}
		}
		e.ran.command = buildCommand{}
		err := bundle.RunCommand(ctx, bundle.Command{Line: cfg.Build.Command, Dir: cfg.Build.Cwd, Out: &lineWriter{report: e.info}})
		if err != nil {
			return bundle.Output{}, err
		}
		e.ran.command, e.ran.ended = command, clock.System.Now()
	}
	if cfg.Main == "" && cfg.Assets != nil {
		return bundle.Output{}, nil
	}
	in := inputOf(cfg)
	if e.builder == nil || !reflect.DeepEqual(in, e.built) {
		if e.builder != nil {
			e.builder.Close()
		}
		e.builder, e.built = bundle.New(in), in
	}
	out, err := e.builder.Build(ctx)
	for _, w := range out.Warnings {
		e.warn(w.Error())
	}
	return out, err
}

func inputOf(cfg *wrangler.Config) bundle.Input {
	in := bundle.Input{
		Dir: cfg.Dir, Main: cfg.Main,
		Compat: worker.Compat{Date: cfg.CompatibilityDate, Flags: cfg.CompatibilityFlags},
		Alias:  cfg.Alias, Define: cfg.Define,
		NoBundle: cfg.NoBundle, FindAdditionalModules: cfg.FindAdditionalModules,
		BaseDir: cfg.BaseDir, PreserveFileNames: cfg.PreserveFileNames,
		TSConfig: cfg.TSConfig, JSXFactory: cfg.JSXFactory, JSXFragment: cfg.JSXFragment,
		Minify: cfg.Minify, KeepNames: cfg.KeepNames,
	}
	for _, r := range cfg.Rules {
		in.Rules = append(in.Rules, bundle.Rule{Type: r.Type, Globs: r.Globs, Fallthrough: r.Fallthrough})
	}
	return in
}

// start makes the modules of cfg the live version. The version before it, if any, serves until then,
// and goes on when this fails.
func (e *Emulator) start(ctx context.Context, cfg *wrangler.Config, w *wiring, modules []worker.Module) error {
	e.versions++
	spec := worker.Spec{
		Name: cfg.Name, Version: fmt.Sprint(e.versions),
		Modules: modules, Bindings: w.bindings,
		Compat:   worker.Compat{Date: cfg.CompatibilityDate, Flags: cfg.CompatibilityFlags},
		Outbound: e.outbound,
		Cache:    e.cache,
		Console: func(l worker.Line) {
			e.report(Event{Type: EventConsole, Worker: cfg.Name, Level: l.Level, Message: l.Message, Source: l.Source, Ray: l.Ray})
		},
	}
	if ms := cfg.Limits.CPUMS; ms != nil {
		spec.Limits.CPU = time.Duration(*ms) * time.Millisecond
	}
	next, err := e.load(ctx, spec, cfg, w.assets)
	if err != nil {
		return err
	}
	e.setLoaded(&loaded{cfg, w})
	e.slot.swap(next)
	if e.versions == 1 {
		return e.attach(ctx, cfg, next.Handlers())
	}
	// To stop a consumer is to wait for its batches, and those may wait for this reload.
	e.attaching.Go(func() {
		if err := e.attach(ctx, cfg, next.Handlers()); err != nil && ctx.Err() == nil {
			e.report(e.errorEvent(err))
		}
	})
	return nil
}

// load makes the Worker of spec, with its static assets in front of it.
func (e *Emulator) load(ctx context.Context, spec worker.Spec, cfg *wrangler.Config, files *staticAssets) (worker.Worker, error) {
	if files == nil {
		return e.engine.Load(ctx, spec)
	}
	if err := e.openAssets(cfg, files); err != nil {
		return nil, err
	}
	if cfg.Main == "" {
		return assetsOnly{files}, nil
	}
	next, err := e.engine.Load(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &front{next, files}, nil
}

// tellWarnings reports what is odd in a configuration, unless the last one said the same.
func (e *Emulator) tellWarnings(cfg *wrangler.Config) {
	if cfg == nil {
		return
	}
	var all []string
	for _, w := range cfg.Warnings {
		all = append(all, w.String())
	}
	e.tellNew(&e.warned, all)
}

// tellNew reports those of all warnings that were not among the last ones.
func (e *Emulator) tellNew(last *[]string, all []string) {
	for _, text := range all {
		if !slices.Contains(*last, text) {
			e.warn(text)
		}
	}
	*last = all
}

// settle is how long the file system must be quiet before a change is taken up.
const settle = 5 * time.Millisecond

// watchFiles reloads on every change until ctx ends. The watcher has called slot.begin for each.
func (e *Emulator) watchFiles(ctx context.Context, w *watch.Watcher) {
	defer e.slot.abandon()
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-w.Errors():
			e.warn(err.Error() + ". Changes may have been missed: save again, or restart")
		case changed, ok := <-w.Changes():
			if !ok {
				return
			}
			e.reload(ctx, w, changed)
			e.slot.end()
		}
	}
}

// looking bounds how much of the time goes into looking for changes.
type looking struct {
	next atomic.Int64 // machine time, in nanoseconds since the emulator began
	took func() time.Duration
}

// lookForChanges lets a request see a save that was done before it came, though the kernel may not
// have told of it yet. Under load it looks less often, so that it costs a fiftieth of the time.
func (e *Emulator) lookForChanges() {
	w := e.watcher.Load()
	if w == nil {
		return
	}
	now := int64(e.looking.took())
	next := e.looking.next.Load()
	if now < next || !e.looking.next.CompareAndSwap(next, now+int64(time.Millisecond)) {
		return
	}
	w.Check()
	cost := int64(e.looking.took()) - now
	e.looking.next.Store(now + max(50*cost, int64(100*time.Microsecond)))
}

// reload takes up a change on disk. When that fails the version before it goes on.
func (e *Emulator) reload(ctx context.Context, w *watch.Watcher, changed []string) {
	since := e.started()
	err := e.renew(ctx, changed)
	if werr := w.Set(e.inputs, since); werr != nil {
		e.warn("watch files: " + werr.Error())
	}
	if err != nil && ctx.Err() == nil {
		e.slot.fail(err)
		e.report(e.errorEvent(err))
	}
}

// renew builds whole, loads whole, then swaps.
func (e *Emulator) renew(ctx context.Context, changed []string) error {
	took := clock.Stopwatch()
	cfg, err := e.readConfig()
	e.tellWarnings(cfg)
	if err != nil {
		return err
	}
	wired, err := e.wire(ctx, cfg)
	if err != nil {
		return err
	}
	if err := e.announceMigrations(ctx, cfg, wired, changed); err != nil || onlyMigrations(cfg, changed) {
		return err
	}
	out, err := e.build(ctx, cfg, e.ran.concerns(cfg.Build.WatchDirs, changed))
	e.watchInputs(cfg, out)
	if err != nil {
		return err
	}
	first := e.slot.idle()
	if err := e.start(ctx, cfg, wired, out.Modules); err != nil {
		return err
	}
	e.setHosts(cfg)
	names := make([]string, len(changed))
	for i, c := range changed {
		names[i] = e.relative(c)
	}
	e.report(Event{Type: EventReload, Worker: cfg.Name, Changed: names, Took: took()})
	if first {
		e.ready()
	}
	return nil
}

// watchInputs notes which files can change what is running.
func (e *Emulator) watchInputs(cfg *wrangler.Config, out bundle.Output) {
	e.inputs = slices.Concat(cfg.Inputs, out.Inputs, cfg.Build.WatchDirs)
	for _, b := range cfg.D1Databases {
		e.inputs = append(e.inputs, b.MigrationsDir)
	}
	if cfg.Assets != nil {
		e.inputs = append(e.inputs, assets.Inputs(cfg.Assets.Directory)...)
		if _, err := os.Stat(cfg.Assets.Directory); err != nil { // else the assets look for themselves
			e.inputs = append(e.inputs, cfg.Assets.Directory)
		}
	}
	slices.Sort(e.inputs)
	e.inputs = slices.Compact(e.inputs)
}

func onlyMigrations(cfg *wrangler.Config, changed []string) bool {
	dirs := make([]string, len(cfg.D1Databases))
	for i, b := range cfg.D1Databases {
		dirs[i] = b.MigrationsDir
	}
	for _, c := range changed {
		if !touches(dirs, []string{c}) {
			return false
		}
	}
	return len(changed) > 0
}

// touches reports whether any of the changed paths lies in one of the folders.
func touches(dirs, changed []string) bool {
	for _, d := range dirs {
		for _, c := range changed {
			if c == d || strings.HasPrefix(c, d+"/") {
				return true
			}
		}
	}
	return false
}

// A lineWriter reports what a build command prints, line by line.
type lineWriter struct {
	report func(string)
	rest   string
}

var _ io.Writer = (*lineWriter)(nil)

func (l *lineWriter) Write(p []byte) (int, error) {
	l.rest += string(p)
	for {
		line, rest, found := strings.Cut(l.rest, "\n")
		if !found {
			return len(p), nil
		}
		l.report(strings.TrimRight(line, "\r"))
		l.rest = rest
	}
}

// isMendable reports whether a change of the project can mend err, so that serving on makes sense.
func isMendable(err error) bool {
	_, build := errors.AsType[*worker.BuildError](err)
	_, threw := errors.AsType[*worker.Exception](err)
	_, migration := errors.AsType[*MigrationError](err)
	_, seed := errors.AsType[*SeedError](err)
	_, config := errors.AsType[*wrangler.Error](err)
	return build || threw || migration || seed || config
}

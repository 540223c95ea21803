// Package bundle turns a project on disk into the modules of a Worker, by esbuild, as wrangler does:
// TypeScript, JSX, tsconfig paths and npm packages become one ES module with its source map; text,
// data and WebAssembly imports become modules of their own; with no_bundle nothing is touched.
//
// A Builder keeps what esbuild has parsed, so that building again after a change reads only what
// changed. Build is a Builder used once. RunCommand runs the user's own build command. Nothing is
// written to disk. A Builder builds one thing at a time: calls of Build wait for each other.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// Input says what to bundle, and how. All but Dir and Main may stay zero.
type Input struct {
	Dir  string // the project: messages and source maps show paths relative to it
	Main string // the entry file, absolute or relative to Dir

	Compat worker.Compat // decides what imports of node:* mean

	Rules  []Rule
	Alias  map[string]string
	Define map[string]string

	NoBundle              bool
	FindAdditionalModules *bool  // nil: as NoBundle
	BaseDir               string // where additional modules are found; empty: the folder of Main
	PreserveFileNames     bool   // text, data and wasm modules keep their names instead of getting a hash

	TSConfig                string // absolute or relative to Dir; empty: the nearest tsconfig.json
	JSXFactory, JSXFragment string // empty: as tsconfig says
	Minify                  bool
	KeepNames               bool
}

// A Rule says which files are modules of which type: ESModule, CommonJS, Text, Data or CompiledWasm.
type Rule struct {
	Type        string
	Globs       []string
	Fallthrough *bool // nil: not set, as false but with a warning when it hides another rule
}

// Output is what was built.
type Output struct {
	Modules []worker.Module // the entry first
	// Exports are the names that the entry exports; empty for a Worker in service worker syntax.
	Exports []string
	// Inputs are the files that were read or looked for in vain, and the folders of which every file
	// counts: what to watch. It is complete when Build fails too.
	Inputs   []string
	Warnings []worker.BuildError
}

// Build bundles once. The error is a *worker.BuildError, or several of them joined.
func Build(ctx context.Context, in Input) (Output, error) {
	b := New(in)
	defer b.Close()
	return b.Build(ctx)
}

// A Builder bundles the same project again and again.
type Builder struct {
	in    Input
	rules rules

	mu     sync.Mutex
	closed bool
	esm    api.BuildContext // nil until the first Build
	run    *run             // what the plugin notes down during one build
}

// New returns a Builder. It owes a Close.
func New(in Input) *Builder {
	if !filepath.IsAbs(in.Main) && in.Main != "" {
		in.Main = filepath.Join(in.Dir, in.Main)
	}
	if in.BaseDir == "" {
		in.BaseDir = filepath.Dir(in.Main)
	} else if !filepath.IsAbs(in.BaseDir) {
		in.BaseDir = filepath.Join(in.Dir, in.BaseDir)
	}
	if in.TSConfig != "" && !filepath.IsAbs(in.TSConfig) {
		in.TSConfig = filepath.Join(in.Dir, in.TSConfig)
	}
	return &Builder{in: in, rules: parseRules(in.Rules)}
}

// Close frees what the Builder has kept.
func (b *Builder) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.esm != nil {
		b.esm.Dispose()
		b.esm = nil
	}
}

// Build bundles the project as it is on disk now. The error is a *worker.BuildError, or several of
// them joined; Output.Inputs and Output.Warnings are good then too. When ctx ends, so does the build.
func (b *Builder) Build(ctx context.Context) (Output, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return Output{}, errors.New("builder is closed")
	}
	if err := context.Cause(ctx); err != nil {
		return Output{}, err
	}
	b.run = newRun(b.in)
	if err := b.checkEntry(); err != nil {
		return b.output(nil), err
	}
	var modules []worker.Module
	var err error
	if b.in.NoBundle {
		modules, err = b.collect()
	} else {
		modules, err = b.bundle(ctx)
	}
	return b.output(modules), err
}

func (b *Builder) output(modules []worker.Module) Output {
	r := b.run
	r.addConfigFiles()
	for _, w := range b.rules.warnings {
		r.warnings = append(r.warnings, worker.BuildError{Message: w.message, Hint: w.hint})
	}
	b.rules.warnings = nil // once is enough: they come from the Input, not from the files
	return Output{Modules: modules, Exports: r.exports, Inputs: r.sortedInputs(), Warnings: r.warnings}
}

// checkEntry fails with a message of ours where esbuild's or the engine's would not say what to do.
func (b *Builder) checkEntry() error {
	main := b.in.Main
	if main == "" {
		return &worker.BuildError{Message: "there is no entry file", Hint: `set "main" in the configuration to the Worker's file, such as "src/index.ts"`}
	}
	b.run.input(main)
	info, err := os.Stat(main)
	rel := b.run.rel(main)
	switch {
	case errors.Is(err, os.ErrNotExist):
		hint := `create it, or let "main" in the configuration name the Worker's file`
		if near := nearestFile(main); near != "" {
			hint = fmt.Sprintf("did you mean %q?", b.run.rel(near))
		}
		return &worker.BuildError{Message: fmt.Sprintf("the entry file %s does not exist", rel), Hint: hint}
	case err != nil:
		return &worker.BuildError{Message: fmt.Sprintf("the entry file %s cannot be read: %v", rel, err)}
	case info.IsDir():
		return &worker.BuildError{Message: fmt.Sprintf("the entry %s is a folder", rel), Hint: `let "main" in the configuration name a file in it`}
	case filepath.Ext(main) == ".py":
		return &worker.BuildError{Message: "Python Workers are not emulated", Hint: "write the Worker in JavaScript or TypeScript"}
	}
	return nil
}

// bundle runs esbuild.
func (b *Builder) bundle(ctx context.Context) ([]worker.Module, error) {
	if b.findsModules() {
		found, err := b.findModules()
		if err != nil {
			return nil, err
		}
		b.run.found = found
	}
	if b.esm == nil {
		esm, err := api.Context(b.options())
		if err != nil {
			return nil, b.run.buildErrors(err.Errors, b.in)
		}
		b.esm = esm
	}
	stop := context.AfterFunc(ctx, b.esm.Cancel)
	result := b.esm.Rebuild()
	stop()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, m := range result.Warnings {
		b.run.warnings = append(b.run.warnings, *b.run.buildError(m, b.in))
	}
	if len(result.Errors) > 0 {
		return nil, b.run.buildErrors(result.Errors, b.in)
	}
	if err := b.run.readMetafile(result.Metafile); err != nil {
		return nil, err
	}
	name := entryName(b.in.Main)
	// Deviation: a Worker in service worker syntax runs as an ES module, and so in strict mode.
	//
	// A second output is the style sheet of what imports CSS, which a Worker has no use for.
	i := slices.IndexFunc(result.OutputFiles, func(f api.OutputFile) bool { return filepath.Base(f.Path) == name })
	if i < 0 {
		return nil, fmt.Errorf("esbuild made no %s", name)
	}
	entry := worker.Module{Name: name, Type: worker.ESModule, Content: result.OutputFiles[i].Contents}
	return append([]worker.Module{entry}, b.run.sortedModules()...), nil
}

func entryName(main string) string {
	base := filepath.Base(main)
	return strings.TrimSuffix(base, filepath.Ext(base)) + ".js"
}

// esbuild's options, as wrangler 4 sets them.
// Receipt: wrangler 4.164.0, deployment-bundle/bundle.ts
func (b *Builder) options() api.BuildOptions {
	in := b.in
	define := map[string]string{}
	if definesNavigator(in.Compat) {
		define["navigator.userAgent"] = `"Cloudflare-Workers"`
	}
	for _, global := range []string{"", "global.", "globalThis."} {
		define[global+"process.env.NODE_ENV"] = `"development"`
	}
	for k, v := range in.Define {
		define[k] = v
	}
	o := api.BuildOptions{
		EntryPoints:   []string{in.Main},
		AbsWorkingDir: in.Dir,
		// Beside the project's own files: esbuild writes the sources relative to it. Nothing is written.
		Outfile:        filepath.Join(in.Dir, entryName(in.Main)),
		AllowOverwrite: true,
		Write:          false,
		Bundle:         true,
		Format:         api.FormatESModule,
		Platform:       api.PlatformBrowser,
		Conditions:     []string{"workerd", "worker", "browser"},
		Target:         api.ES2024,
		Supported:      map[string]bool{"import-source": true, "using": true},
		Sourcemap:      api.SourceMapInline,
		Metafile:       true,
		LogLevel:       api.LogLevelSilent,
		Loader: map[string]api.Loader{
			".js": api.LoaderJSX, ".mjs": api.LoaderJSX, ".cjs": api.LoaderJSX,
		},
		External:          []string{"__STATIC_CONTENT_MANIFEST"},
		Define:            define,
		KeepNames:         in.KeepNames,
		MinifyWhitespace:  in.Minify,
		MinifyIdentifiers: in.Minify,
		MinifySyntax:      in.Minify,
		JSXFactory:        in.JSXFactory,
		JSXFragment:       in.JSXFragment,
		Tsconfig:          in.TSConfig,
		Plugins:           []api.Plugin{b.plugin()},
	}
	return o
}

// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#global-navigator
func definesNavigator(c worker.Compat) bool {
	if slices.Contains(c.Flags, "global_navigator") {
		return true
	}
	return c.Date >= "2022-03-21" && !slices.Contains(c.Flags, "no_global_navigator")
}

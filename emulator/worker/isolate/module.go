package isolate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A script is a Worker's modules as one program. Running it yields an async function that takes the
// host object (see evaluate) and runs the modules' top-level code.
type script struct {
	program *goja.Program
	data    map[string][]byte // data modules by name
}

const (
	scriptName = "worker.js"
	mapName    = "worker.js.map"
	// moduleSpace is esbuild's namespace for the user's modules; ours are in the one that frames hides.
	moduleSpace = "worker"
	ownSpace    = "cfemu"
	entryImport = ownSpace + ":main"
)

// lowered is the syntax that goja does not parse, or parses wrongly. What esbuild has no remedy for is
// edited in the bundle, see workarounds.
func lowered() map[string]bool {
	off := map[string]bool{}
	for _, feature := range []string{
		"async-generator", "for-await", "using", "decorators", "import-attributes", "import-assertions",
		"import-meta", "hashbang",
	} {
		off[feature] = false
	}
	return off
}

// buildScript bundles the modules. Its error is a *worker.BuildError when the modules are at fault.
func buildScript(spec worker.Spec) (*script, error) {
	if len(spec.Modules) == 0 {
		return nil, &worker.BuildError{Message: "the Worker has no modules"}
	}
	b := &bundle{modules: map[string]worker.Module{}, entry: spec.Modules[0].Name}
	for _, m := range spec.Modules {
		b.modules[m.Name] = m
	}
	result := api.Build(api.BuildOptions{
		Stdin:     &api.StdinOptions{Contents: b.entryCode(), Sourcefile: ownSpace + ":entry.js"},
		Bundle:    true,
		Outfile:   scriptName,
		Format:    api.FormatESModule, // the one format that may hold top-level await
		Platform:  api.PlatformBrowser,
		Target:    api.ESNext,
		Supported: lowered(),
		Sourcemap: api.SourceMapExternal, SourcesContent: api.SourcesContentExclude,
		LegalComments: api.LegalCommentsNone,
		LogLevel:      api.LogLevelSilent,
		Define:        map[string]string{"process.env.NODE_ENV": `"production"`},
		Plugins:       []api.Plugin{{Name: "modules", Setup: b.setup}},
	})
	if len(result.Errors) > 0 {
		return nil, b.buildError(result.Errors)
	}
	var code, mapping []byte
	for _, f := range result.OutputFiles {
		if strings.HasSuffix(f.Path, ".map") {
			mapping = f.Contents
		} else {
			code = f.Contents
		}
	}
	program, err := b.compile(string(code), mapping)
	if err != nil {
		return nil, err
	}
	s := &script{program: program, data: map[string][]byte{}}
	for _, m := range spec.Modules {
		if m.Type == worker.DataModule {
			s.data[m.Name] = m.Content
		}
	}
	return s, nil
}

// A bundle resolves and loads the modules of one upload for esbuild.
type bundle struct {
	modules map[string]worker.Module
	entry   string
}

func (b *bundle) setup(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		return b.resolve(a), nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: moduleSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		return b.load(b.modules[a.Path]), nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: ownSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		contents := cloudflareModules[a.Path]
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
	})
}

// resolve finds an imported module: the exact name, relative to the importer or not, as in production.
func (b *bundle) resolve(a api.OnResolveArgs) api.OnResolveResult {
	if a.Path == entryImport {
		return api.OnResolveResult{Path: b.entry, Namespace: moduleSpace}
	}
	importer := strings.TrimPrefix(a.Importer, moduleSpace+":")
	name := moduleName(a.Path, importer)
	if own, ok := strings.CutPrefix(a.Path, moduleImport); ok {
		name = own
	}
	if _, ok := b.modules[name]; ok {
		return api.OnResolveResult{Path: name, Namespace: moduleSpace}
	}
	if _, ok := cloudflareModules[a.Path]; ok {
		return api.OnResolveResult{Path: a.Path, Namespace: ownSpace}
	}
	message := missing(a.Path, importer)
	if a.Kind == api.ResolveJSDynamicImport && strings.HasPrefix(message.Text, noSuchModule) {
		// Whoever awaits it is told, as in production.
		return api.OnResolveResult{Path: a.Path, External: true}
	}
	return api.OnResolveResult{Errors: []api.Message{message}}
}

const noSuchModule = "No such module"

// missing is the error for an import that leads nowhere; its note becomes the hint.
func missing(name, importer string) api.Message {
	text, hint := fmt.Sprintf(noSuchModule+" %q.", name), ""
	bare := strings.TrimPrefix(name, "node:")
	switch {
	case strings.HasPrefix(name, "node:") || nodeModules[strings.SplitN(bare, "/", 2)[0]]:
		text = fmt.Sprintf("The module %q is not available: the embedded engine has no node: modules yet.", name)
		hint = "use the Web API instead (Uint8Array, crypto.subtle, URL, TextEncoder, …) or a package built for browsers"
	case strings.HasPrefix(name, "cloudflare:"):
		text = fmt.Sprintf("The module %q is not available in the embedded engine.", name)
		hint = "docs/COMPATIBILITY.md says which cloudflare: modules there are"
	case importer != "":
		hint = fmt.Sprintf("imported from %q; it must be one of the uploaded modules", importer)
	}
	m := api.Message{Text: text}
	if hint != "" {
		m.Notes = []api.Note{{Text: hint}}
	}
	return m
}

// nodeModules are the names by which Node's modules are imported without "node:".
var nodeModules = set("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto",
	"dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module",
	"net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
	"string_decoder", "sys", "timers", "tls", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

func (b *bundle) load(m worker.Module) api.OnLoadResult {
	contents := string(m.Content)
	switch m.Type {
	case worker.TextModule:
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderText}
	case worker.JSONModule:
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJSON}
	case worker.DataModule:
		name, _ := json.Marshal(m.Name)
		contents = "export default __cfemu.data(" + string(name) + ");"
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}
	case worker.WasmModule:
		return api.OnLoadResult{Errors: []api.Message{{
			Text:     "WebAssembly modules are not supported by the embedded engine yet.",
			Location: &api.Location{File: m.Name},
			Notes:    []api.Note{{Text: "docs/COMPATIBILITY.md says what the engine lacks"}},
		}}}
	}
	contents = hidePatterns(contents)
	return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}
}

// buildError is the first of esbuild's messages, with its place in the user's own file.
func (b *bundle) buildError(messages []api.Message) error {
	m := messages[0]
	e := &worker.BuildError{Message: m.Text}
	if more := len(messages) - 1; more > 0 {
		e.Message += fmt.Sprintf(" (and %d more)", more)
	}
	if len(m.Notes) > 0 {
		e.Hint = m.Notes[0].Text
	}
	if m.Location == nil {
		return e
	}
	e.File, e.Line = strings.TrimPrefix(m.Location.File, moduleSpace+":"), m.Location.Line
	if e.Line == 0 {
		return e
	}
	e.Column, e.SourceLine = m.Location.Column+1, m.Location.LineText
	b.originate(e)
	return e
}

// originate moves an error's place from a module to where the module was made from.
func (b *bundle) originate(e *worker.BuildError) {
	if pos, line, ok := originalPosition(b.modules[e.File].Content, e.Line, e.Column); ok {
		e.File, e.Line, e.Column, e.SourceLine = pos.File, pos.Line, pos.Column, line
	}
}

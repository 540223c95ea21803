package isolate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
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

// buildScript bundles the modules. Its error is a *worker.BuildError when the modules are at fault.
func buildScript(spec worker.Spec) (*script, error) {
	if len(spec.Modules) == 0 {
		return nil, &worker.BuildError{Message: "the Worker has no modules"}
	}
	b := &bundle{modules: map[string]worker.Module{}, entry: spec.Modules[0].Name, mode: node.ModeOf(spec.Compat)}
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
		Supported: node.Lowered(),
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
	mode    node.Mode
}

func (b *bundle) setup(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		return b.resolve(a), nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: moduleSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		return b.load(b.modules[a.Path]), nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: ownSpace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		contents, err := ownModule(a.Path)
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, err
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
	if name, ok := b.mode.Resolve(a.Path); ok {
		kind := nodeImport
		if a.Kind == api.ResolveJSRequireCall {
			kind = nodeRequire
		}
		// One that is imported and not used does not run, which saves what it costs to run.
		return api.OnResolveResult{Path: kind + name, Namespace: ownSpace, SideEffects: api.SideEffectsFalse}
	}
	message := b.missing(a.Path, importer)
	if a.Kind == api.ResolveJSDynamicImport && strings.HasPrefix(message.Text, noSuchModule) {
		// Whoever awaits it is told, as in production.
		return api.OnResolveResult{Path: a.Path, External: true}
	}
	return api.OnResolveResult{Errors: []api.Message{message}}
}

// What begins the paths in ownSpace of the modules that stand for those of Node.js.
const (
	nodeImport  = "node:"
	nodeRequire = "require:"
)

// ownModule is the text of a module in ownSpace.
func ownModule(path string) (string, error) {
	if name, ok := strings.CutPrefix(path, nodeRequire); ok {
		return "module.exports = __cfemu.node(" + strconv.Quote(name) + ").default;", nil
	}
	name, ok := strings.CutPrefix(path, nodeImport)
	if !ok {
		return cloudflareModules[path], nil
	}
	exports, _, err := node.Exports(name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "const m = __cfemu.node(%q);\n", name)
	for _, e := range exports {
		if e == "default" {
			b.WriteString("export default m.default;\n")
			continue
		}
		fmt.Fprintf(&b, "const m_%s = m.%[1]s; export { m_%[1]s as %[1]s };\n", e)
	}
	return b.String(), nil
}

const noSuchModule = "No such module"

// missing is the error for an import that leads nowhere; its note becomes the hint.
func (b *bundle) missing(name, importer string) api.Message {
	text, hint := fmt.Sprintf(noSuchModule+" %q.", name), ""
	_, known := node.V2.Resolve(name)
	switch {
	case known && b.mode == node.V1:
		hint = fmt.Sprintf("on this compatibility date it must be imported as \"node:%s\"", name)
	case known:
		hint = "add \"nodejs_compat\" to the compatibility flags, with a compatibility date of 2024-09-23 or later"
	case strings.HasPrefix(name, "node:"):
		hint = "the embedded engine has no such module of Node.js (docs/COMPATIBILITY.md)"
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

package isolate

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
)

// openImport finds import(x) of what is no literal. It may find it in a text or a comment, too.
var openImport = regexp.MustCompile("\\bimport\\s*\\(\\s*(?:[^\\s\"')]|\"[^\"\\n]*\"\\s*[^\\s),]|'[^'\\n]*'\\s*[^\\s),])")

// pattern finds import(x) and require(x) of which x begins with a relative path. esbuild would look for
// the files that x might be, in the folder that the process happens to run in.
var pattern = regexp.MustCompile("\\b((?:import|require)\\s*\\(\\s*)(\"\\.{1,2}/[^\"\\n]*\"\\s*\\+|'\\.{1,2}/[^'\\n]*'\\s*\\+|`\\.{1,2}/)")

// hidePatterns makes those names such as esbuild leaves alone: values of assignments.
func hidePatterns(source string) string {
	return pattern.ReplaceAllString(source, "${1}__cfemu.name = $2")
}

// moduleImport begins the names by which the entry code imports modules that are looked up by name.
const moduleImport = ownSpace + ":module/"

// entryCode is the code that begins the bundle. Where a module's name may be known only when the code
// runs, it has all of them at hand: none is evaluated before it is asked for.
func (b *bundle) entryCode() string {
	code := `import * as main from "` + entryImport + `"; __cfemu.main(main);`
	open := false
	for _, m := range b.modules {
		open = open || (m.Type == worker.ESModule || m.Type == worker.CommonJSModule) && openImport.Match(m.Content)
	}
	if !open {
		return code
	}
	var all strings.Builder
	all.WriteString("__cfemu.modules({ \"cloudflare:workers\": () => import(\"cloudflare:workers\")")
	for _, name := range slices.Sorted(maps.Keys(b.modules)) {
		if b.modules[name].Type != worker.WasmModule {
			all.WriteString(", " + jsonText(name) + ": () => import(" + jsonText(moduleImport+name) + ")")
		}
	}
	return all.String() + " }); " + code
}

// jsonText writes a text as JavaScript source.
func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}

// moduleName is the name that an import means: the exact name, or one relative to the importer.
func moduleName(specifier, importer string) string {
	if strings.HasPrefix(specifier, "./") || strings.HasPrefix(specifier, "../") {
		return path.Join(path.Dir(importer), specifier)
	}
	return path.Clean(specifier)
}

// defineBundle gives the bundle what its edited places call.
func (i *isolate) defineBundle(host *goja.Object) error {
	var err error
	if i.appender, err = i.newAppender(); err != nil {
		return err
	}
	i.define(host, "add", i.rt.ToValue(i.add))
	i.define(host, "regexp", i.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		return i.core.RegExp(call.Arguments[0].(goja.String), call.Arguments[1].String())
	}))
	var modules *goja.Object
	i.define(host, "modules", i.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		modules = call.Argument(0).(*goja.Object)
		return goja.Undefined()
	}))
	i.define(host, "import", i.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		importer := call.Argument(0).String()
		var promise goja.Value
		ex := i.rt.Try(func() {
			if _, ok := call.Argument(1).(*goja.Symbol); ok {
				i.realm.TypeError("Cannot convert a Symbol value to a string")
			}
			name := moduleName(call.Argument(1).String(), importer)
			var load goja.Callable
			if modules != nil {
				load, _ = goja.AssertFunction(modules.Get(name))
			}
			if load == nil {
				// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/modules.c++
				panic(i.newError("Error", "No such module \""+name+"\"."))
			}
			promise = i.must(load(goja.Undefined()))
		})
		if ex != nil {
			return i.realm.Rejected(ex.Value())
		}
		return promise
	}))
	return nil
}

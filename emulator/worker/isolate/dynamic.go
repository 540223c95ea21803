package isolate

import (
	"encoding/json"
	"iter"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
)

// openImport matches import(x) of what is no literal. It may match in a text or a comment, too.
var openImport = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^import\\s*\\(\\s*(?:[^\\s\"')]|\"[^\"\\n]*\"\\s*[^\\s),]|'[^'\\n]*'\\s*[^\\s),])")
})

// hasOpenImport reports whether openImport matches anywhere in a module.
func hasOpenImport(source string) bool {
	for at := range calls(source, "import") {
		if openImport().MatchString(source[at:]) {
			return true
		}
	}
	return false
}

// pattern matches import(x) and require(x) of which x begins with a relative path. esbuild would look for
// the files that x might be, in the folder that the process happens to run in.
var pattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^((?:import|require)\\s*\\(\\s*)(?:\"\\.{1,2}/[^\"\\n]*\"\\s*\\+|'\\.{1,2}/[^'\\n]*'\\s*\\+|`\\.{1,2}/)")
})

// hidePatterns makes those names such as esbuild leaves alone: values of assignments.
func hidePatterns(source string) string {
	var ends []int
	for _, word := range [...]string{"import", "require"} {
		for at := range calls(source, word) {
			if found := pattern().FindStringSubmatchIndex(source[at:]); found != nil {
				ends = append(ends, at+found[3])
			}
		}
	}
	if len(ends) == 0 {
		return source
	}
	slices.Sort(ends)
	var b strings.Builder
	last := 0
	for _, end := range ends {
		b.WriteString(source[last:end] + "__cfemu.name = ")
		last = end
	}
	return b.String() + source[last:]
}

// calls yields where a word that is not the end of a longer one has a parenthesis after it. Trying a
// regular expression at these places only takes a hundredth of what it takes to search a large module.
func calls(source, word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at += len(word) {
			next := strings.Index(source[at:], word)
			if next < 0 {
				return
			}
			at += next
			if at > 0 && isWordASCII(source[at-1]) {
				continue
			}
			if rest := strings.TrimLeft(source[at+len(word):], " \t\n\v\f\r"); strings.HasPrefix(rest, "(") && !yield(at) {
				return
			}
		}
	}
}

// isWordASCII is what regular expressions without flags call a word's character.
func isWordASCII(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// moduleImport begins the names by which the entry code imports modules that are looked up by name.
const moduleImport = ownSpace + ":module/"

// entryCode is the code that begins the bundle. Where a module's name may be known only when the code
// runs, it has all of them at hand: none is evaluated before it is asked for.
func (b *bundle) entryCode() string {
	code := `import * as main from "` + entryImport + `"; __cfemu.main(main);`
	open := false
	for _, m := range b.modules {
		open = open || (m.Type == worker.ESModule || m.Type == worker.CommonJSModule) && hasOpenImport(string(m.Content))
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

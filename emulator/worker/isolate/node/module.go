package node

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

//go:embed all:js
var files embed.FS

// A module is one of Node.js's, ready to run in any runtime.
type module struct {
	// program is a function of exports and require, as CommonJS has them.
	program *goja.Program
	exports []string
}

// internalPrefix begins the names of modules that only modules of ours can import.
const internalPrefix = "internal/"

// modules has a function for each module, by name without "node:", that compiles it once.
var modules = sync.OnceValue(func() map[string]func() (*module, error) {
	all := map[string]func() (*module, error){}
	add := func(name string, source func() (string, error)) {
		all[name] = sync.OnceValues(func() (*module, error) {
			text, err := source()
			if err != nil {
				return nil, fmt.Errorf("node:%s: %w", name, err)
			}
			return compile(name, text)
		})
	}
	for name, exports := range absent() {
		add(name, func() (string, error) { return absentSource(name, exports), nil })
	}
	err := fs.WalkDir(files, "js", func(path string, entry fs.DirEntry, err error) error {
		name, script := strings.CutSuffix(strings.TrimPrefix(path, "js/"), ".js")
		if err == nil && script {
			add(name, func() (string, error) {
				text, err := files.ReadFile(path)
				return string(text), err
			})
		}
		return err
	})
	if err != nil {
		panic(err) // the files are part of this program
	}
	return all
})

// Exports lists what the module of that name, without "node:", exports, and false when there is no
// such module.
func Exports(name string) (exports []string, ok bool, err error) {
	of, ok := modules()[name]
	if !ok || strings.HasPrefix(name, internalPrefix) {
		return nil, false, nil
	}
	m, err := of()
	if err != nil {
		return nil, true, err
	}
	return m.exports, true, nil
}

// compile makes a program of an ES module.
func compile(name, source string) (*module, error) {
	result := api.Transform(source, api.TransformOptions{
		Format: api.FormatCommonJS, Platform: api.PlatformNeutral, Target: api.ESNext, Supported: Lowered(),
		Sourcefile: "node:" + name, LogLevel: api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		m := result.Errors[0]
		return nil, fmt.Errorf("node:%s: %s: %+v", name, m.Text, m.Location)
	}
	code := string(result.Code)
	program, err := goja.Compile("cfemu:node/"+name+".js", "(function (exports, require) {\n"+unwrap(code)+"\n})", true)
	if err != nil {
		return nil, fmt.Errorf("node:%s: %w", name, err)
	}
	return &module{program: program, exports: exportsOf(code)}, nil
}

// unwrap spares what esbuild does for modules of any make: here all are of ours, and their exports
// are getters on one object. Copies of it, with a getter for each getter, would only cost time.
func unwrap(code string) string {
	code = moduleExports.ReplaceAllString(code, "")
	code = exportsVar.ReplaceAllString(code, "var ${1}_exports = exports;")
	return imported.ReplaceAllString(code, `require("$1")`)
}

var (
	moduleExports = regexp.MustCompile(`(?m)^module\.exports = __toCommonJS\(\w+_exports\);$`)
	exportsVar    = regexp.MustCompile(`(?m)^var (\w+)_exports = \{\};$`)
	imported      = regexp.MustCompile(`__toESM\(require\("([^"]*)"\)\)`)
	exported      = regexp.MustCompile(`__export\(\w+_exports, \{\n((?: .*\n)+)\}\);`)
	export        = regexp.MustCompile(`(?m)^  (\w+): \(\) =>`)
)

func exportsOf(code string) []string {
	var names []string
	if list := exported.FindStringSubmatch(code); list != nil {
		for _, found := range export.FindAllStringSubmatch(list[1], -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// Lowered is the syntax that goja does not parse, or parses wrongly, for esbuild to write in other words.
// What esbuild has no remedy for is edited in a Worker's bundle by the isolate.
func Lowered() map[string]bool {
	off := map[string]bool{}
	for _, feature := range []string{
		"async-generator", "for-await", "using", "decorators", "import-attributes", "import-assertions",
		"import-meta", "hashbang",
	} {
		off[feature] = false
	}
	return off
}

package workertest

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfemu/cfemu/emulator/worker"
)

//go:embed testdata
var testdata embed.FS

// harness is the module that the clauses are written with, uploaded with each Worker.
const harness = "workertest.js"

// defaultDate is the compatibility date of a case that says nothing of it.
const defaultDate = "2026-08-01"

// A testCase is one Worker: a file of testdata. Its name is the file's, without the extension.
type testCase struct {
	name string
	file string
}

// readCases lists the Workers that the harness runs; those in testdata/events belong to Go tables.
func readCases() ([]testCase, error) {
	var cases []testCase
	err := fs.WalkDir(testdata, "testdata", func(p string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(p, "testdata/")
		ext := path.Ext(name)
		if err != nil || d.IsDir() || path.Dir(name) == "." || path.Dir(name) == "events" || ext != ".js" && ext != ".txtar" {
			return err
		}
		cases = append(cases, testCase{name: strings.TrimSuffix(name, ext), file: p})
		return nil
	})
	return cases, err
}

// spec is what would be uploaded. A .txtar file begins with directives, one a line:
//
//	date 2026-08-01
//	flag nodejs_compat
//	text NAME value, secret NAME value, json NAME {"a":1}
//	service NAME        (the origin)
//
// and its first file is the entry module.
func (c testCase) spec(o *origin) (worker.Spec, error) {
	spec := worker.Spec{Name: strings.ReplaceAll(c.name, "/", "-"), Version: "1", Outbound: o, Compat: worker.Compat{Date: defaultDate}}
	source, err := testdata.ReadFile(c.file)
	if err != nil {
		return spec, err
	}
	shared, err := testdata.ReadFile("testdata/" + harness)
	if err != nil {
		return spec, err
	}
	if path.Ext(c.file) == ".js" {
		spec.Modules = []worker.Module{{Name: strings.TrimPrefix(c.file, "testdata/"), Type: worker.ESModule, Content: source}}
	} else {
		archive := txtar.Parse(source)
		for line := range strings.Lines(string(archive.Comment)) {
			if err := directive(&spec, strings.TrimSpace(line), o); err != nil {
				return spec, fmt.Errorf("%s: %w", c.file, err)
			}
		}
		for _, f := range archive.Files {
			m := worker.Module{Name: f.Name, Type: moduleTypes[path.Ext(f.Name)], Content: f.Data}
			if m.Type == "" {
				return spec, fmt.Errorf("%s: %s: no module type for this extension", c.file, f.Name)
			}
			spec.Modules = append(spec.Modules, m)
		}
	}
	spec.Modules = append(spec.Modules, worker.Module{Name: harness, Type: worker.ESModule, Content: shared})
	return spec, nil
}

var moduleTypes = map[string]worker.ModuleType{
	".js": worker.ESModule, ".mjs": worker.ESModule, ".cjs": worker.CommonJSModule, ".txt": worker.TextModule,
	".html": worker.TextModule, ".bin": worker.DataModule, ".json": worker.JSONModule,
}

func directive(spec *worker.Spec, line string, o *origin) error {
	word, rest, _ := strings.Cut(line, " ")
	name, value, _ := strings.Cut(rest, " ")
	switch word {
	case "", "#":
	case "date":
		spec.Compat.Date = rest
	case "flag":
		spec.Compat.Flags = append(spec.Compat.Flags, rest)
	case "text":
		spec.Bindings = append(spec.Bindings, worker.Binding{Name: name, Type: "plain_text", Text: value})
	case "secret":
		spec.Bindings = append(spec.Bindings, worker.Binding{Name: name, Type: "secret_text", Text: value})
	case "json":
		spec.Bindings = append(spec.Bindings, worker.Binding{Name: name, Type: "json", Text: value})
	case "service":
		spec.Bindings = append(spec.Bindings, worker.Binding{Name: name, Type: "service", Service: o})
	default:
		return fmt.Errorf("unknown directive %q", line)
	}
	return nil
}

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/cfemu/cfemu"

// root is the module's folder as seen from this package's.
const root = "../.."

// products are the nouns with a store behind them. They know no other product, no Worker and no emulator.
var products = []string{"d1", "r2", "kv", "queues", "ai"}

// allowed reports whether package from may import package to (both relative to the module).
func allowed(from, to string, test bool) bool {
	within := func(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }
	if within(to, from) && from != "emulator" {
		return true // a package and its own sub-packages
	}
	if test && to == "emulator/emulatortest" {
		return true
	}
	switch {
	case within(from, "internal"):
		return within(to, "internal")
	case within(from, "cmd"):
		return to == "emulator" || within(to, "internal") || within(to, "cmd")
	case from == "emulator":
		return to != "emulator/emulatortest" && !within(to, "cmd")
	case within(from, "emulator/worker"):
		return within(to, "emulator/worker") || within(to, "internal")
	case from == "emulator/emulatortest":
		return to == "emulator" || within(to, "internal")
	case within(from, "emulator"):
		part := strings.Join(strings.Split(from, "/")[:2], "/")
		return within(to, part) || within(to, "emulator/worker") || within(to, "internal")
	}
	for _, p := range products {
		if within(from, p) {
			return within(to, p) || within(to, "internal")
		}
	}
	return within(from, "fixtures")
}

type goFile struct {
	dir, name string
	ast       *ast.File
}

// files parses every Go file of the module up to its imports. It reads them itself: a list that
// another program makes is not part of what the test cache looks at.
func files(t *testing.T) []goFile {
	t.Helper()
	var out []goFile
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		if d.IsDir() {
			name := d.Name()
			if rel != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || hasOwnModule(p, rel)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, goFile{path.Dir(filepath.ToSlash(rel)), path.Base(filepath.ToSlash(rel)), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func hasOwnModule(dir, rel string) bool {
	if rel == "." {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func TestImports(t *testing.T) {
	for _, f := range files(t) {
		for _, imp := range f.ast.Imports {
			to, _ := strconv.Unquote(imp.Path.Value)
			if to != module && !strings.HasPrefix(to, module+"/") {
				continue
			}
			to = strings.TrimPrefix(strings.TrimPrefix(to, module), "/")
			if to == f.dir { // an external test of the package itself
				continue
			}
			if !allowed(f.dir, to, strings.HasSuffix(f.name, "_test.go")) {
				t.Errorf("%s/%s: %s imports %s", f.dir, f.name, f.dir, to)
			}
		}
	}
}

func TestFloorPlanRefuses(t *testing.T) {
	for _, edge := range [][2]string{
		{"d1", "kv"}, {"d1", "emulator"}, {"r2", "r2x"}, {"internal/clock", "d1"}, {"emulator/wrangler", "emulator/bundle"},
		{"emulator/testapi", "queues"}, {"emulator/worker/isolate", "d1"}, {"cmd/cfemu", "d1"}, {"emulator", "cmd/cfemu"},
	} {
		if allowed(edge[0], edge[1], false) {
			t.Errorf("%s may import %s", edge[0], edge[1])
		}
	}
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range files(t) {
		if strings.HasSuffix(f.name, "_test.go") || strings.HasPrefix(f.dir, "fixtures") {
			continue
		}
		if _, ok := comments[f.dir]; !ok {
			comments[f.dir] = nil
		}
		if f.ast.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.name)
		}
	}
	for dir, with := range comments {
		if len(with) != 1 {
			t.Errorf("package %s has %d package comments %v, want one", dir, len(with), with)
		}
	}
}

var deviation = regexp.MustCompile(`Deviation: (.+)`)

// Every "Deviation: text" in a comment is a line of docs/COMPATIBILITY.md that holds the same text.
func TestDeviationsAreListed(t *testing.T) {
	compat, err := os.ReadFile(filepath.Join(root, "docs/COMPATIBILITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Join(strings.Fields(string(compat)), " ")
	var missing []string
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "archtest" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(p); d.IsDir() || ext != ".go" && ext != ".js" {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, text := range deviations(string(src)) {
			if !strings.Contains(listed, text) {
				missing = append(missing, p+": "+text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(missing)
	for _, m := range missing {
		t.Errorf("not in docs/COMPATIBILITY.md: %s", m)
	}
}

// deviations returns the first sentence after each mark, continued over comment lines.
func deviations(src string) []string {
	var out []string
	lines := strings.Split(src, "\n")
	for i, line := range lines {
		m := deviation.FindStringSubmatch(line)
		if m == nil || !strings.Contains(line, "//") {
			continue
		}
		text := m[1]
		for j := i + 1; !strings.Contains(text, ".") && j < len(lines); j++ {
			next := strings.TrimSpace(lines[j])
			if !strings.HasPrefix(next, "//") {
				break
			}
			text += " " + strings.TrimSpace(strings.TrimPrefix(next, "//"))
		}
		if dot := strings.Index(text+" ", ". "); dot >= 0 {
			text = (text + " ")[:dot]
		}
		out = append(out, strings.Join(strings.Fields(strings.TrimSuffix(text, ".")), " "))
	}
	return out
}

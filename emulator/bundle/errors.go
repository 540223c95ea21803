package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// maxErrors bounds what one build reports: a missing brace can make hundreds of errors.
const maxErrors = 10

var unresolved = regexp.MustCompile(`^Could not resolve "([^"]+)"$`)

var noLoader = regexp.MustCompile(`^No loader is configured for "(\.[^"]+)" files`)

func quote(s string) string { return strconv.Quote(s) }

// buildErrors turns esbuild's messages into one error.
func (r *run) buildErrors(msgs []api.Message, in Input) error {
	errs := make([]error, 0, maxErrors)
	for i, m := range msgs {
		e := r.buildError(m, in)
		if i < maxErrors {
			errs = append(errs, e)
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	if more := len(msgs) - len(errs); more > 0 {
		errs = append(errs, &worker.BuildError{Message: fmt.Sprintf("%d more errors", more)})
	}
	return errors.Join(errs...)
}

func (r *run) buildError(m api.Message, in Input) *worker.BuildError {
	e := &worker.BuildError{Message: m.Text}
	importer := in.Main
	if l := m.Location; l != nil {
		e.Line, e.SourceLine = l.Line, l.LineText
		e.Column = utf8.RuneCountInString(l.LineText[:min(l.Column, len(l.LineText))]) + 1
		e.File = filepath.ToSlash(l.File)
		if l.Namespace == "file" || l.Namespace == "" {
			importer = filepath.Join(in.Dir, l.File)
		}
	}
	if found := unresolved.FindStringSubmatch(m.Text); found != nil {
		e.Message, e.Hint = r.explainUnresolved(found[1], importer, m, in)
		return e
	}
	e.Hint = hints(m)
	if found := noLoader.FindStringSubmatch(m.Text); found != nil {
		e.Hint = fmt.Sprintf(`to import such files as they are, add {"type": "Data", "globs": ["**/*%s"]} to "rules" in the configuration, or "Text" for text`, found[1])
	}
	return e
}

// hints is what esbuild itself says beside the error.
func hints(m api.Message) string {
	var parts []string
	if l := m.Location; l != nil && l.Suggestion != "" && len(m.Notes) == 0 {
		parts = append(parts, "did you mean "+l.Suggestion+"?")
	}
	for _, n := range m.Notes {
		if strings.Contains(n.Text, "external to exclude it from the bundle") {
			continue // no configuration of wrangler's can do that
		}
		text := n.Text
		if n.Location != nil && n.Location.File != "" {
			text += fmt.Sprintf(" (%s:%d:%d)", filepath.ToSlash(n.Location.File), n.Location.Line, n.Location.Column+1)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// explainUnresolved says what an import that leads nowhere wants, and watches the places where it
// would be found.
func (r *run) explainUnresolved(specifier, importer string, m api.Message, in Input) (message, hint string) {
	if name, prefixed, ok := builtin(specifier); ok {
		why := "this Worker has not asked for Node.js compatibility"
		if nodeModeOf(in.Compat) == nodeV1 {
			why = "on this compatibility date it has to be imported with its prefix"
		}
		return fmt.Sprintf("%q is a module of Node.js, and %s", specifier, why), builtinHint(in.Compat, name, prefixed)
	}
	if isPath(specifier) {
		target := specifier
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(importer), target)
		}
		r.input(candidates(target)...)
		hint = hints(m)
		if near := nearestFile(target); near != "" {
			hint = fmt.Sprintf("did you mean %q?", nearSpecifier(specifier, near))
		} else if hint == "" {
			hint = fmt.Sprintf("there is no such file beside %s", r.rel(importer))
		}
		return fmt.Sprintf("%q is not there", specifier), hint
	}
	if strings.HasPrefix(specifier, "#") {
		return fmt.Sprintf("%q is not in the \"imports\" of package.json", specifier), hints(m)
	}
	pkg := packageName(specifier)
	for dir := filepath.Dir(importer); ; dir = filepath.Dir(dir) {
		folder := filepath.Join(dir, "node_modules", pkg)
		r.input(filepath.Join(folder, "package.json"))
		if _, err := os.Stat(folder); err == nil {
			return fmt.Sprintf("the package %q is installed but has no %q", pkg, specifier), hints(m)
		}
		if !isWithin(dir, in.Dir) || dir == in.Dir {
			break
		}
	}
	return fmt.Sprintf("the package %q is not installed", pkg),
		fmt.Sprintf("npm install %s; or, when %q is a file of the project, name it in \"paths\" of tsconfig.json or \"alias\" of the configuration", pkg, specifier)
}

func isPath(specifier string) bool {
	return specifier == "." || specifier == ".." || strings.HasPrefix(specifier, "./") ||
		strings.HasPrefix(specifier, "../") || filepath.IsAbs(specifier)
}

// packageName is the part of a specifier that npm installs.
func packageName(specifier string) string {
	parts := strings.SplitN(specifier, "/", 3)
	if strings.HasPrefix(specifier, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// sourceExtensions are what esbuild tries after a path without one.
var sourceExtensions = []string{".tsx", ".ts", ".jsx", ".js", ".css", ".json"}

// candidates are the files any of which would satisfy an import of path.
func candidates(path string) []string {
	out := []string{path}
	for _, ext := range sourceExtensions {
		out = append(out, path+ext, filepath.Join(path, "index"+ext))
	}
	// A TypeScript file is imported by the name of the JavaScript it would become.
	if base, ok := strings.CutSuffix(path, ".js"); ok {
		out = append(out, base+".ts", base+".tsx")
	}
	return out
}

// nearestFile finds a file beside path whose name differs from path's by a typing error.
func nearestFile(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	base := filepath.Base(path)
	best, bestDistance := "", 3
	for _, entry := range entries {
		name := entry.Name()
		stem := strings.TrimSuffix(name, filepath.Ext(name))
		d := min(distance(base, name), distance(strings.TrimSuffix(base, filepath.Ext(base)), stem))
		if d < bestDistance && d < len(base) && name != base {
			best, bestDistance = filepath.Join(filepath.Dir(path), name), d
		}
	}
	return best
}

// nearSpecifier is the import that would find the file near, written as specifier was.
func nearSpecifier(specifier, near string) string {
	dir := specifier[:strings.LastIndexByte(specifier, '/')+1]
	name := filepath.Base(near)
	if filepath.Ext(specifier) == "" {
		for _, ext := range sourceExtensions {
			if stem, ok := strings.CutSuffix(name, ext); ok {
				return dir + stem
			}
		}
	}
	return dir + name
}

// distance is the number of letters to insert, delete or replace to make b of a, case apart.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

func isWithin(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func inNodeModules(path string) bool {
	sep := string(filepath.Separator)
	return strings.Contains(path, sep+"node_modules"+sep)
}

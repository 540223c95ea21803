package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tailscale/hujson"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A run is what one build notes down. The plugin's callbacks run at the same time.
type run struct {
	dir   string
	found map[string]worker.Module // by absolute path: modules that exist beside the bundle

	mu      sync.Mutex
	inputs  map[string]bool
	modules map[string]worker.Module // by name

	exports  []string
	warnings []worker.BuildError
	tsconfig string
}

func newRun(in Input) *run {
	return &run{dir: in.Dir, tsconfig: in.TSConfig, inputs: map[string]bool{}, modules: map[string]worker.Module{}}
}

func (r *run) input(paths ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range paths {
		r.inputs[p] = true
	}
}

func (r *run) module(m worker.Module) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.modules[m.Name] = m
}

// rel is a path as messages show it.
func (r *run) rel(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

func (r *run) sortedInputs() []string { return slices.Sorted(maps.Keys(r.inputs)) }

func (r *run) sortedModules() []worker.Module {
	for _, m := range r.found {
		if _, taken := r.modules[m.Name]; !taken {
			r.modules[m.Name] = m
		}
	}
	names := slices.Sorted(maps.Keys(r.modules))
	out := make([]worker.Module, len(names))
	for i, n := range names {
		out[i] = r.modules[n]
	}
	return out
}

func (r *run) readMetafile(text string) error {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string
			Exports    []string
		}
	}
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return fmt.Errorf("read esbuild's metafile: %w", err)
	}
	for _, o := range meta.Outputs {
		if o.EntryPoint != "" {
			r.exports = o.Exports
		}
	}
	return nil
}

// addConfigFiles adds the files that esbuild reads but does not tell of: tsconfig.json with all that
// it extends, and package.json, from the folders of the user's own files up to the project's.
func (r *run) addConfigFiles() {
	dirs := map[string]bool{r.dir: true}
	for path := range r.inputs {
		if inNodeModules(path) {
			continue
		}
		for dir := filepath.Dir(path); isWithin(dir, r.dir) && !dirs[dir]; dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	if r.tsconfig != "" {
		r.addTSConfig(r.tsconfig)
	}
	for dir := range dirs {
		r.inputs[filepath.Join(dir, "package.json")] = true
		if r.tsconfig == "" {
			r.addTSConfig(filepath.Join(dir, "tsconfig.json"))
		}
	}
}

func (r *run) addTSConfig(path string) {
	if r.inputs[path] {
		return
	}
	r.inputs[path] = true
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	plain, err := hujson.Standardize(text)
	if err != nil {
		return
	}
	var config struct{ Extends any }
	if json.Unmarshal(plain, &config) != nil {
		return
	}
	bases, ok := config.Extends.([]any)
	if !ok {
		bases = []any{config.Extends}
	}
	for _, base := range bases {
		name, ok := base.(string)
		if !ok {
			continue
		}
		if !filepath.IsAbs(name) {
			if name[:min(1, len(name))] != "." {
				continue // in a package: not edited while developing
			}
			name = filepath.Join(filepath.Dir(path), name)
		}
		if filepath.Ext(name) != ".json" {
			name += ".json"
		}
		r.addTSConfig(name)
	}
}

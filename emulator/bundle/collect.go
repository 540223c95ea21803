package bundle

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cfemu/cfemu/emulator/worker"
)

// findsModules reports whether modules beside the entry are to be found by the rules.
func (b *Builder) findsModules() bool {
	if b.in.FindAdditionalModules != nil {
		return *b.in.FindAdditionalModules
	}
	return b.in.NoBundle
}

// collect makes the modules of a project that is not to be bundled: the entry as it is, and what the
// rules find beside it.
func (b *Builder) collect() ([]worker.Module, error) {
	main := b.in.Main
	rel, err := filepath.Rel(b.in.BaseDir, main)
	if err != nil || !isWithin(main, b.in.BaseDir) {
		return nil, &worker.BuildError{
			Message: fmt.Sprintf("the entry %s is not in base_dir %s", b.run.rel(main), b.run.rel(b.in.BaseDir)),
			Hint:    `let "base_dir" name a folder that holds "main"`,
		}
	}
	switch filepath.Ext(main) {
	case ".ts", ".tsx", ".mts", ".cts", ".jsx":
		return nil, &worker.BuildError{
			Message: fmt.Sprintf("%s must be bundled to run, and no_bundle forbids it", b.run.rel(main)),
			Hint:    `remove "no_bundle", or let "main" name the JavaScript that your build makes`,
		}
	}
	content, err := os.ReadFile(main)
	if err != nil {
		return nil, err
	}
	entry := worker.Module{Name: filepath.ToSlash(rel), Type: worker.ESModule, Content: content}
	if !b.findsModules() {
		return []worker.Module{entry}, nil
	}
	if b.run.found, err = b.findModules(); err != nil {
		return nil, err
	}
	return append([]worker.Module{entry}, b.run.sortedModules()...), nil
}

// findModules returns the files below the base folder that a rule names, by absolute path.
func (b *Builder) findModules() (map[string]worker.Module, error) {
	found := map[string]worker.Module{}
	b.run.input(b.in.BaseDir)
	err := filepath.WalkDir(b.in.BaseDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", ".wrangler", ".cfemu":
				return filepath.SkipDir
			}
			return nil
		}
		if path == b.in.Main {
			return nil
		}
		rel, err := filepath.Rel(b.in.BaseDir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		for _, rule := range b.rules.active {
			if !matchAny(rule.files, name) {
				continue
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.run.input(path)
			found[path] = worker.Module{Name: name, Type: rule.moduleType(), Content: content}
			return nil
		}
		return nil
	})
	if err != nil {
		return nil, &worker.BuildError{Message: fmt.Sprintf("look for additional modules: %v", err), Hint: `"base_dir" names the folder where they are`}
	}
	return found, nil
}

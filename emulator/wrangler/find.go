package wrangler

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fileNames are the names of a configuration file, the first one that exists counts.
// Receipt: wrangler 4.164.0, config/config-helpers.ts
var fileNames = []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"}

// Find returns the configuration file that path means, absolute: path itself when it is a file, the
// one in it when it is a folder, else the one in the nearest folder above. An empty path is the
// current folder. The error is an *Error that says what to create.
func Find(path string) (string, error) {
	if path == "" {
		path = "."
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the configuration: %w", err)
	}
	info, err := os.Stat(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &Error{Message: fmt.Sprintf("there is no file or folder %s", path), Hint: "name the project's folder, or its wrangler.jsonc"}
	}
	if err != nil {
		return "", fmt.Errorf("find the configuration: %w", err)
	}
	if !info.IsDir() {
		return abs, nil
	}
	// Deviation: the nearest folder with a configuration counts. Wrangler looks for wrangler.json in all
	// folders above before it looks for wrangler.jsonc in any.
	for dir := abs; ; dir = filepath.Dir(dir) {
		for _, name := range fileNames {
			file := filepath.Join(dir, name)
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				return file, nil
			}
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return "", &Error{
		Message: fmt.Sprintf("there is no wrangler.jsonc, wrangler.json or wrangler.toml in %s or above it", abs),
		Hint:    `create ` + filepath.Join(path, "wrangler.jsonc") + ` with {"name": "my-worker", "main": "src/index.ts", "compatibility_date": "2026-01-31"}`,
	}
}

package assets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of a version's assets on the paid plan.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#static-assets
const (
	maxFileBytes = 25 << 20
	maxFiles     = 100_000
)

// ErrNoFolder is the error of Check for a folder that does not exist.
var ErrNoFolder = errors.New("the assets directory does not exist")

// Check looks at the folder as an upload does: the error says that it does not exist or is none, or
// which limit it passes. The warning, unless empty, is of code that would be served as an asset.
func (s *Server) Check() (warning string, err error) {
	info, err := os.Stat(s.opts.Dir)
	switch {
	case gone(err):
		return "", ErrNoFolder
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", errors.New("the assets directory is a file")
	}
	c := checker{folder: s.folder, limit: maxFiles}
	if err := c.visit("", []fs.FileInfo{info}); err != nil {
		return "", err
	}
	if c.code != "" && !s.folder.ignores.given {
		return fmt.Sprintf("%s is served to everybody, as an asset: a Worker's code is named by \"main\". "+
			"Remove it, or name it in a file .assetsignore; an empty one silences this", c.code), nil
	}
	return "", nil
}

type checker struct {
	folder *folder
	limit  int // of files
	files  int
	code   string // a Pages project's code among the files
}

// visit counts the files below dir. The folders on the way to it are above: a symbolic link back to
// one of them is left out.
func (c *checker) visit(dir string, above []fs.FileInfo) error {
	entries, err := os.ReadDir(filepath.Join(c.folder.dir, filepath.FromSlash(dir)))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := path.Join(dir, entry.Name())
		info, err := entry.Info()
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			info, err = os.Stat(filepath.Join(c.folder.dir, filepath.FromSlash(below)))
		}
		switch {
		case gone(err):
		case err != nil:
			return err
		case info.IsDir():
			loops := slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) })
			if loops || c.folder.ignores.match(below+"/") {
				continue
			}
			if err := c.visit(below, append(above, info)); err != nil {
				return err
			}
		case info.Mode().IsRegular() && !c.folder.ignores.match(below):
			c.files++
			switch {
			case c.files > c.limit:
				return fmt.Errorf("the assets directory holds more than %d files, which is the limit of a Worker", c.limit)
			case info.Size() > maxFileBytes:
				return tooLarge("/"+below, info.Size())
			}
			if strings.HasPrefix(below, "_worker.js") {
				c.code = below
			}
		}
	}
	return nil
}

func tooLarge(path string, size int64) error {
	return fmt.Errorf("the asset %s is too large: it has %.1f MiB, and %d MiB are the limit", path, float64(size)/(1<<20), maxFileBytes>>20)
}

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cfemu/cfemu/internal/fsx"
)

// stateVersion is the layout of the state directory.
const stateVersion = "1"

// A state is an open state directory: locked, of a version we know, with the notes of what was
// applied to it.
type state struct {
	dir       string
	ephemeral bool
	unlock    func() error
	applied   applied
}

// applied notes which files have been applied to this state, by the hash of their content.
type applied struct {
	Migrations map[string]map[string]string `json:"migrations"` // database id → file name → hash
	Seed       map[string]string            `json:"seed"`       // file below the seed folder → hash
}

// openState opens the state directory, made if need be. An empty dir is a temporary one, removed at
// close unless keep is set.
func openState(dir string, ephemeral bool) (_ *state, err error) {
	s := &state{dir: dir, ephemeral: ephemeral}
	if dir == "" {
		if s.dir, err = os.MkdirTemp("", "cfemu-"); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the state directory: %w", err)
	}
	s.unlock, err = fsx.Lock(s.dir)
	var locked *fsx.LockedError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("%w: another cfemu serves this project. Stop it with `cfemu down`, or use another state with --state DIR or --ephemeral", locked)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.unlock())
		}
	}()
	version := filepath.Join(s.dir, "VERSION")
	b, err := os.ReadFile(version)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := fsx.WriteFile(version, []byte(stateVersion+"\n"), 0o644); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case strings.TrimSpace(string(b)) != stateVersion:
		return nil, fmt.Errorf("%s holds state of version %q; this cfemu reads version %s. Use the cfemu that wrote it, or another folder with --state DIR",
			s.dir, strings.TrimSpace(string(b)), stateVersion)
	}
	return s, s.readApplied()
}

func (s *state) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *state) readApplied() error {
	b, err := os.ReadFile(s.path("applied.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := json.Unmarshal(b, &s.applied); err != nil {
			return fmt.Errorf("%s: %w. Delete the file to forget which migrations and seed files were applied", s.path("applied.json"), err)
		}
	}
	if s.applied.Migrations == nil {
		s.applied.Migrations = map[string]map[string]string{}
	}
	if s.applied.Seed == nil {
		s.applied.Seed = map[string]string{}
	}
	return nil
}

func (s *state) writeApplied() error {
	b, err := json.MarshalIndent(s.applied, "", "  ")
	if err != nil {
		return err
	}
	name := s.path("applied.json")
	if s.ephemeral { // gone at the end: no fsync
		return os.WriteFile(name, append(b, '\n'), 0o644)
	}
	return fsx.WriteFile(name, append(b, '\n'), 0o644)
}

// close frees the lock and, when the state was temporary and keep is not set, removes it.
func (s *state) close(keep bool) error {
	err := s.unlock()
	if s.ephemeral && !keep {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// ignoreDotDir makes .cfemu in the project, with a .gitignore that keeps all of it out of git.
func ignoreDotDir(project string) (string, error) {
	dir := filepath.Join(project, ".cfemu")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); err == nil {
		return dir, nil
	}
	return dir, os.WriteFile(ignore, []byte("*\n"), 0o644)
}

// LogFile is where a cfemu in the background writes; its folder is made.
func LogFile(project string) (string, error) {
	dir, err := ignoreDotDir(project)
	return filepath.Join(dir, "cfemu.log"), err
}

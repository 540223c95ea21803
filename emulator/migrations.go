package emulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/wrangler"
)

// A migration is a file of SQL that is applied to a database once.
type migration struct {
	name string // below the migrations folder: what the table keeps
	path string
	sql  string
	hash string
}

// MigrationError says that a migration was rolled back, and why.
type MigrationError struct {
	Database string
	File     string // below the project
	Err      error
}

func (e *MigrationError) Error() string {
	return fmt.Sprintf("migration %s failed and was rolled back whole (database %s): %v", e.File, e.Database, e.Err)
}

func (e *MigrationError) Unwrap() error { return e.Err }

// migrations lists the files of a database in the order of their names. A folder that does not
// exist holds none.
func migrations(cfg *wrangler.Config, b wrangler.D1Database) ([]migration, error) {
	var paths []string
	var err error
	if b.MigrationsPattern != "" {
		paths, err = filepath.Glob(filepath.Join(cfg.Dir, b.MigrationsPattern))
	} else {
		paths, err = filepath.Glob(filepath.Join(escapeGlob(b.MigrationsDir), "*.sql"))
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	out := make([]migration, 0, len(paths))
	for _, p := range paths {
		sql, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed just now
		}
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(b.MigrationsDir, p)
		if err != nil {
			return nil, err
		}
		out = append(out, migration{filepath.ToSlash(name), p, string(sql), hashOf(sql)})
	}
	return out, nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func escapeGlob(p string) string { return globEscaper.Replace(p) }

// migrate applies the pending migrations of every database of the configuration. Files that were
// applied before and have changed since are warned of; what was done is told. A database whose file is
// in trouble is warned of and does not keep the others waiting: its queries will say the same.
func (e *Emulator) migrate(ctx context.Context, cfg *wrangler.Config, w *wiring, tell func(string)) error {
	for _, b := range cfg.D1Databases {
		err := e.migrateOne(ctx, cfg, b, w.databases[b.Binding], tell)
		if file, ok := errors.AsType[*d1.Error](err); ok && file.File != "" && !e.opts.Strict {
			e.warn(fmt.Sprintf("database %s: %v", b.DatabaseName, err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Emulator) migrateOne(ctx context.Context, cfg *wrangler.Config, b wrangler.D1Database, db *d1.Database, tell func(string)) error {
	files, err := migrations(cfg, b)
	if err != nil || len(files) == 0 {
		return err
	}
	done, err := e.appliedNames(ctx, db, b)
	if err != nil {
		return err
	}
	notes := e.state.applied.Migrations[db.ID]
	if notes == nil {
		notes = map[string]string{}
		e.state.applied.Migrations[db.ID] = notes
	}
	var news []string
	noted := false
	for _, m := range files {
		if done[m.name] {
			switch was, known := notes[m.name]; {
			case !known: // applied by wrangler or by `cfemu d1 migrations apply`
				notes[m.name], noted = m.hash, true
			case was != m.hash:
				e.warn(fmt.Sprintf("%s has changed since it was applied to %s: the change is not in the database. Put it into a new migration, or start over with `cfemu reset`",
					e.relative(m.path), db.Name))
			}
			continue
		}
		if e.opts.NoMigrate {
			tell(fmt.Sprintf("migration %s is pending on %s (--no-migrate)", e.relative(m.path), db.Name))
			continue
		}
		if err := db.Migrate(ctx, b.MigrationsTable, m.name, m.sql); err != nil {
			return errors.Join(&MigrationError{db.Name, e.relative(m.path), err}, e.noteMigrations(news, db, tell))
		}
		notes[m.name] = m.hash
		news = append(news, m.name)
	}
	if len(news) == 0 && !noted {
		return nil
	}
	return e.noteMigrations(news, db, tell)
}

func (e *Emulator) noteMigrations(news []string, db *d1.Database, tell func(string)) error {
	if len(news) > 0 {
		tell(fmt.Sprintf("applied %s to %s: %s", count(len(news), "migration"), db.Name, strings.Join(news, ", ")))
	}
	return e.state.writeApplied()
}

func (e *Emulator) appliedNames(ctx context.Context, db *d1.Database, b wrangler.D1Database) (map[string]bool, error) {
	rows, err := db.AppliedMigrations(ctx, b.MigrationsTable)
	if err != nil {
		return nil, err
	}
	done := make(map[string]bool, len(rows))
	for _, r := range rows {
		done[r.Name] = true
	}
	return done, nil
}

// announceMigrations tells of migrations that were saved while running: they are not applied by
// themselves, since a half-written one cannot be taken back.
func (e *Emulator) announceMigrations(ctx context.Context, cfg *wrangler.Config, w *wiring, changed []string) error {
	for _, b := range cfg.D1Databases {
		db := w.databases[b.Binding]
		files, err := migrations(cfg, b)
		if err != nil || db == nil {
			return err
		}
		done, err := e.appliedNames(ctx, db, b)
		if err != nil {
			return err
		}
		for _, m := range files {
			switch {
			case !slices.Contains(changed, m.path) && !slices.Contains(changed, b.MigrationsDir): // the folder itself, when it is new
			case done[m.name]:
				e.warn(fmt.Sprintf("%s has changed, but it was applied to %s before: put the change into a new migration", e.relative(m.path), db.Name))
			default:
				e.info(fmt.Sprintf("migration %s is new and not applied: run `cfemu d1 migrations apply %s`, or restart", e.relative(m.path), db.Name))
			}
		}
	}
	return nil
}

// count is "1 migration", "2 migrations".
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

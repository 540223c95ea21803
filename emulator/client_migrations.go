package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
)

// A MigrationStatus says whether a migration has been applied.
type MigrationStatus struct {
	Database string
	File     string // below the project
	Name     string // as the migrations table has it
	Applied  bool
}

// Migrations lists the migrations of one database, by its binding, name or id, or of all databases
// of the configuration for "". With apply it applies the pending ones first, as `wrangler d1
// migrations apply` does to Cloudflare; the error then tells which failed.
func (c *Client) Migrations(ctx context.Context, database string, apply bool) ([]MigrationStatus, error) {
	if database != "" && c.configured(database) == nil || c.config == nil {
		return nil, c.notConfigured(database)
	}
	var out []MigrationStatus
	for i, b := range c.config.D1Databases {
		if database != "" && c.configured(database) != &c.config.D1Databases[i] {
			continue
		}
		rows, err := c.migrateOne(ctx, b, apply)
		out = append(out, rows...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (c *Client) notConfigured(database string) error {
	if c.config == nil {
		return errors.New("migrations are files of a project: there is no wrangler configuration here that names their folder")
	}
	var names []string
	for _, b := range c.config.D1Databases {
		names = append(names, b.Binding)
	}
	there := "It has none"
	if len(names) > 0 {
		there = "It has " + strings.Join(names, ", ")
	}
	return fmt.Errorf("the configuration has no D1 database %q. %s", database, there)
}

func (c *Client) migrateOne(ctx context.Context, b wrangler.D1Database, apply bool) ([]MigrationStatus, error) {
	files, err := migrations(c.config, b)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	_, name := identify(b.DatabaseID, b.DatabaseName, c.config.Name, b.Binding, isUUID)
	id, table := c.databaseOf(b), quoteIdentifier(b.MigrationsTable)
	if apply {
		_, err = c.Query(ctx, id, "CREATE TABLE IF NOT EXISTS "+table+"(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);")
		if err != nil {
			return nil, err
		}
	}
	done, err := c.appliedMigrations(ctx, id, table)
	if err != nil && (apply || !strings.Contains(err.Error(), "no such table")) {
		return nil, err
	}
	var out []MigrationStatus
	for _, f := range files {
		rel, err := filepath.Rel(c.config.Dir, f.path)
		if err != nil {
			return nil, err
		}
		status := MigrationStatus{name, rel, f.name, done[f.name]}
		if apply && !status.Applied {
			sql := f.sql + "\n\nINSERT INTO " + table + " (name)\nvalues ('" + strings.ReplaceAll(f.name, "'", "''") + "');"
			if err := c.migrate(ctx, id, sql); err != nil {
				return append(out, status), &MigrationError{name, rel, err}
			}
			status.Applied = true
		}
		out = append(out, status)
	}
	return out, nil
}

// migrate runs a migration in one transaction. When it fails it is tried once more as an import, which
// can say where: nothing of it has been applied, so nothing is applied twice.
func (c *Client) migrate(ctx context.Context, id, sql string) error {
	_, err := c.Query(ctx, id, sql)
	if _, refused := errors.AsType[*APIError](err); !refused {
		return err
	}
	_, again := c.Import(ctx, id, strings.NewReader(sql), func(string) {})
	if placed, ok := errors.AsType[*PlacedError](again); ok {
		return placed
	}
	if again == nil { // what was in its way has gone
		return nil
	}
	return err
}

func (c *Client) appliedMigrations(ctx context.Context, id, table string) (map[string]bool, error) {
	answer, err := c.Query(ctx, id, "SELECT name FROM "+table+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	var results []struct{ Results []struct{ Name string } }
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, err
	}
	done := map[string]bool{}
	for _, r := range results {
		for _, row := range r.Results {
			done[row.Name] = true
		}
	}
	return done, nil
}

func quoteIdentifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// NewMigration makes the next migration file of a database of the configuration, empty but for a
// comment, and returns its path. Of opts it uses Project,
// Env and Getenv.
func NewMigration(opts Options, database, message string) (string, error) {
	opts.fill()
	c := &Client{}
	if err := c.readProject(opts, true); err != nil {
		return "", err
	}
	b := c.configured(database)
	if b == nil {
		return "", c.notConfigured(database)
	}
	name := strings.ReplaceAll(message, " ", "_")
	if name == "" || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("%q cannot be part of a file name: describe the migration without slashes", message)
	}
	files, err := migrations(c.config, *b)
	if err != nil {
		return "", err
	}
	next := 1
	for _, f := range files {
		digits, _, _ := strings.Cut(strings.Split(f.name, "/")[0], "_")
		if n, err := strconv.Atoi(digits); err == nil && n >= next {
			next = n + 1
		}
	}
	number := fmt.Sprintf("%04d", next)
	path := filepath.Join(b.MigrationsDir, number+"_"+name+".sql")
	if b.MigrationsPattern != "" {
		if ok, err := filepath.Match(filepath.Join(c.config.Dir, b.MigrationsPattern), path); err != nil || !ok {
			return "", fmt.Errorf("%s would not be applied: migrations_pattern is %q. Make the file by the tool that the pattern is for", path, b.MigrationsPattern)
		}
	}
	text := "-- Migration number: " + number + " \t " + clock.System.Now().UTC().Format("2006-01-02T15:04:05.000Z") + "\n"
	return path, writeNew(path, text)
}

// writeNew writes a file that must not exist yet; its folder is made.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

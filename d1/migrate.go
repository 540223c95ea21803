package d1

import (
	"context"
	"strings"

	"github.com/cfemu/cfemu/internal/probe"
)

// MigrationsTable is where wrangler keeps the names of applied migrations unless configured otherwise.
const MigrationsTable = "d1_migrations"

// An AppliedMigration is a row of the migrations table.
type AppliedMigration struct {
	ID        int64
	Name      string // of the file
	AppliedAt string // as SQLite wrote it, UTC
}

// migrationsDDL is the table as wrangler makes it; name stands for the quoted name.
//
// Receipt: requests of `wrangler d1 migrations apply --remote`.
func migrationsDDL(name string) string {
	return "CREATE TABLE IF NOT EXISTS " + name + "(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);"
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// AppliedMigrations returns the rows of the migrations table in the order in which they were applied,
// and none when there is no such table. table may be empty for MigrationsTable.
func (db *Database) AppliedMigrations(ctx context.Context, table string) ([]AppliedMigration, error) {
	if table == "" {
		table = MigrationsTable
	}
	known, err := db.batch(ctx, []Statement{{SQL: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", Params: []any{table}}})
	if err != nil || known[0].Len() == 0 {
		return nil, err
	}
	found, err := db.batch(ctx, []Statement{{SQL: "SELECT id, name, applied_at FROM " + quoteName(table) + " ORDER BY id"}})
	if err != nil {
		return nil, err
	}
	applied := make([]AppliedMigration, 0, found[0].Len())
	for _, row := range found[0].Values() {
		var m AppliedMigration
		m.ID, _ = row[0].(int64)
		m.Name, _ = row[1].(string)
		m.AppliedAt, _ = row[2].(string)
		applied = append(applied, m)
	}
	return applied, nil
}

// Migrate runs the migration sql and enters name into the migrations table, which is made when
// missing: both or neither. A statement that fails is told as a *ScriptError.
func (db *Database) Migrate(ctx context.Context, table, name, sql string) (err error) {
	if table == "" {
		table = MigrationsTable
	}
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "migrate", Resource: db.Name})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	quoted := quoteName(table)
	if err := db.free(); err != nil {
		return err
	}
	_, err = db.script(ctx, newTextScript(sql), scriptOptions{also: func(cn *conn) error {
		// Here and not before the script: a migration may make or replace the table itself.
		if _, err := cn.query(migrationsDDL(quoted)); err != nil {
			return err
		}
		_, err := cn.query("INSERT INTO "+quoted+" (name) VALUES (?)", name)
		return err
	}})
	return err
}

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/wrangler"
)

// A MigrationStatus says whether a migration has been applied.
type MigrationStatus struct {
	Database string
	File     string // below the project
	Applied  bool
}

// A Migrator applies a project's migrations to a running cfemu, as `wrangler d1 migrations` does to
// Cloudflare: a client of client/v4.
type Migrator struct {
	cfg   *wrangler.Config
	api   string
	token string
}

// NewMigrator reads the project's configuration. The API is that of run.
func NewMigrator(opts Options, run *Run) (*Migrator, error) {
	opts.fill()
	file, err := wrangler.Find(opts.Project)
	if err != nil {
		return nil, err
	}
	cfg, err := wrangler.Load(file, wrangler.LoadOptions{Env: opts.Env, Getenv: opts.Getenv})
	if err != nil {
		return nil, err
	}
	return &Migrator{cfg, run.ControlURL + control.Prefix + "/accounts/" + AccountID, run.Token}, nil
}

// Migrations lists the migrations of one database, by its binding or name, or of all for "". With
// apply it applies the pending ones first; the error then tells which failed.
func (m *Migrator) Migrations(ctx context.Context, database string, apply bool) ([]MigrationStatus, error) {
	var out []MigrationStatus
	found := false
	for _, b := range m.cfg.D1Databases {
		if database != "" && database != b.Binding && database != b.DatabaseName && database != b.DatabaseID {
			continue
		}
		found = true
		rows, err := m.one(ctx, b, apply)
		out = append(out, rows...)
		if err != nil {
			return out, err
		}
	}
	if !found {
		return nil, fmt.Errorf("the configuration has no D1 database %q", database)
	}
	return out, nil
}

func (m *Migrator) one(ctx context.Context, b wrangler.D1Database, apply bool) ([]MigrationStatus, error) {
	files, err := migrations(m.cfg, b)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	id, name := identify(b.DatabaseID, b.DatabaseName, m.cfg.Name, b.Binding, isUUID)
	if id == "" {
		id = name
	}
	table := quoteIdentifier(b.MigrationsTable)
	var rows []struct{ Name string }
	if apply {
		err = m.query(ctx, id, "CREATE TABLE IF NOT EXISTS "+table+"(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);", nil)
		if err != nil {
			return nil, err
		}
	}
	err = m.query(ctx, id, "SELECT name FROM "+table+" ORDER BY id", &rows)
	if err != nil && (apply || !strings.Contains(err.Error(), "no such table")) {
		return nil, err
	}
	done := map[string]bool{}
	for _, r := range rows {
		done[r.Name] = true
	}
	var out []MigrationStatus
	for _, f := range files {
		rel, err := filepath.Rel(m.cfg.Dir, f.path)
		if err != nil {
			return nil, err
		}
		status := MigrationStatus{name, rel, done[f.name]}
		if apply && !status.Applied {
			sql := f.sql + "\n\nINSERT INTO " + table + " (name)\nvalues ('" + strings.ReplaceAll(f.name, "'", "''") + "');"
			if err := m.query(ctx, id, sql, nil); err != nil {
				return out, &MigrationError{name, rel, err}
			}
			status.Applied = true
		}
		out = append(out, status)
	}
	return out, nil
}

func quoteIdentifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// query runs SQL on a database and decodes the rows of the last statement.
func (m *Migrator) query(ctx context.Context, database, sql string, rows any) error {
	body, err := json.Marshal(map[string]string{"sql": sql})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.api+"/d1/database/"+url.PathEscape(database)+"/query", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Success bool                       `json:"success"`
		Errors  []struct{ Message string } `json:"errors"`
		Result  []struct {
			Results json.RawMessage `json:"results"`
		} `json:"result"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return fmt.Errorf("the control door answered %s: %w", res.Status, err)
	}
	switch {
	case !answer.Success && len(answer.Errors) > 0:
		return errors.New(answer.Errors[0].Message)
	case !answer.Success:
		return fmt.Errorf("the control door answered %s", res.Status)
	case rows == nil || len(answer.Result) == 0:
		return nil
	}
	return json.Unmarshal(answer.Result[len(answer.Result)-1].Results, rows)
}

package d1

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"github.com/cfemu/cfemu/internal/probe"
)

// ReplaceOptions say what Replace may do.
type ReplaceOptions struct {
	Force           bool   // also when there are rows
	DryRun          bool   // find out what would happen, and change nothing
	MigrationsTable string // its rows do not count as such; empty: d1_migrations
}

// A Replacement is what Replace has put into a database.
type Replacement struct {
	Tables []TableRows
	Left   []string // what could not be taken over, and why
}

// TableRows says how many rows of a table were taken over.
type TableRows struct {
	Name string
	Rows int64
}

// A NotEmptyError says that a database was not replaced because it has rows.
type NotEmptyError struct {
	Database string
	Tables   []string // those with rows
}

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the database %s has rows already, in %s", e.Database, strings.Join(e.Tables, ", "))
}

// A FileError says that a file that was to become a database cannot.
type FileError struct{ Err error }

func (e *FileError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// incoming is how files are called that are on their way into a database.
const incoming = "incoming-*.tmp"

// Replace makes the database hold what the SQLite database file does that is read from r, in one
// transaction: tables, rows, indexes, views and triggers, each made by the statement that made it
// there, under the rules that D1 has. Names that begin with _cf_ are the platform's and left out.
func (db *Database) Replace(ctx context.Context, r io.Reader, opts ReplaceOptions) (_ Replacement, err error) {
	if err := db.free(); err != nil {
		return Replacement{}, err
	}
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "replace", Resource: db.Name})
	if err != nil {
		return Replacement{}, err
	}
	defer func() { span.End(err) }()

	if opts.MigrationsTable == "" {
		opts.MigrationsTable = MigrationsTable
	}
	file, err := db.receive(r)
	if err != nil {
		return Replacement{}, err
	}
	defer func() { err = errors.Join(err, removeFiles(file)) }()
	src, err := openForeign(file)
	if err != nil {
		return Replacement{}, &FileError{err}
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	x := &replacing{src: src, db: db, opts: opts}
	if err := x.read(ctx); err != nil {
		return Replacement{}, err
	}
	db.mu.RLock()
	defer db.mu.RUnlock()
	if err := db.usable(); err != nil {
		return Replacement{}, err
	}
	err = db.transaction(ctx, func(cn *conn) error { return x.write(ctx, cn) })
	if errors.Is(err, errDry) {
		err = nil
	}
	if err != nil {
		return Replacement{}, err
	}
	for _, t := range x.done.Tables {
		span.Count(rowsWritten, t.Rows)
	}
	return x.done, nil
}

// errDry rolls back what was only tried.
var errDry = errors.New("dry run")

// receive keeps r in a file beside the databases.
func (db *Database) receive(r io.Reader) (name string, err error) {
	f, err := os.CreateTemp(db.svc.dir, incoming)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(f, r); err != nil {
		return "", errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f.Name(), f.Close()
}

// removeIncoming removes files that a process has left which was killed.
func removeIncoming(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, incoming+"*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range left {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// replacing is one run of Replace.
type replacing struct {
	src  *sqlite3.SQLiteConn
	db   *Database
	opts ReplaceOptions

	objects []foreignObject // in the order in which they were made
	counts  bool            // it has the table that AUTOINCREMENT goes by
	done    Replacement
}

// A foreignObject is a row of sqlite_master.
type foreignObject struct {
	kind      string // table, virtual, index, view or trigger
	name, sql string
	noRowID   bool
}

// read looks at the file before anything is written.
func (x *replacing) read(ctx context.Context) error {
	wrong := ""
	err := rows(ctx, x.src, "PRAGMA quick_check(1)", func(v []driver.Value) error {
		if s, _ := v[0].(string); s != "ok" {
			wrong = s
		}
		return nil
	})
	if err == nil && wrong != "" {
		err = errors.New(wrong)
	}
	if err != nil {
		return &FileError{fmt.Errorf("the file is not a sound SQLite database: %w", err)}
	}
	if err := x.readSchema(ctx); err != nil {
		return err
	}
	err = rows(ctx, x.src, "PRAGMA foreign_key_check", func(v []driver.Value) error {
		where := ""
		if id, ok := v[1].(int64); ok {
			where = fmt.Sprintf(" (rowid %d)", id)
		}
		return &danglingError{fmt.Errorf("a row of %v%s refers to a row of %v that is not there, which D1 does not allow: mend or delete it there first", v[0], where, v[2])}
	})
	if dangling, ok := errors.AsType[*danglingError](err); ok {
		return &FileError{dangling.error}
	}
	return nil // a foreign key that cannot be checked, because of its schema, fails as it would in D1
}

// A danglingError tells of a row that refers to nothing.
type danglingError struct{ error }

func (x *replacing) readSchema(ctx context.Context) error {
	const query = `SELECT m.type, l.type, m.name, m.sql, coalesce(l.wr, 0), m.tbl_name FROM sqlite_master m
		LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name AND m.type IN ('table', 'view') ORDER BY m.rowid`
	return rows(ctx, x.src, query, func(v []driver.Value) error {
		var o foreignObject
		o.kind, _ = v[0].(string)
		listed, _ := v[1].(string)
		o.name, _ = v[2].(string)
		o.sql, _ = v[3].(string)
		without, _ := v[4].(int64)
		table, _ := v[5].(string)
		x.counts = x.counts || o.name == "sqlite_sequence"
		o.noRowID = without != 0
		switch {
		case listed == "virtual":
			o.kind = "virtual"
		case listed == "shadow", o.sql == "": // made by the virtual table, or by a UNIQUE
			return nil
		}
		if isInternal(o.name) || isInternal(table) {
			return nil
		}
		x.objects = append(x.objects, o)
		return nil
	})
}

// isInternal names SQLite's own tables and the platform's.
func isInternal(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "sqlite_") || strings.HasPrefix(name, "_cf_")
}

// write makes cn's database what the file is.
func (x *replacing) write(ctx context.Context, cn *conn) error {
	x.done = Replacement{}
	if _, err := cn.query("PRAGMA defer_foreign_keys = ON"); err != nil {
		return err
	}
	if err := x.clear(cn); err != nil {
		return err
	}
	// A row may refer to a table that was made later, indexes are made faster at once than row by row, and
	// triggers shall not run.
	for _, step := range []struct {
		kinds []string
		do    func(context.Context, *conn, foreignObject) error
	}{
		{[]string{"table"}, x.create},
		{[]string{"table"}, x.fillTable},
		{[]string{"virtual"}, x.create},
		{[]string{"virtual"}, x.fillVirtual},
		{[]string{"index", "view", "trigger"}, x.create},
	} {
		for _, o := range x.objects {
			if !slices.Contains(step.kinds, o.kind) {
				continue
			}
			if err := step.do(ctx, cn, o); err != nil {
				return fmt.Errorf("%s %s: %w", o.kind, o.name, err)
			}
		}
	}
	if err := x.sequences(ctx, cn); err != nil {
		return err
	}
	cn.arm(x.db.svc.timeout) // of the commit
	if x.opts.DryRun {
		return errDry
	}
	return nil
}

// clear drops all there is, unless there are rows that nobody gave up.
func (x *replacing) clear(cn *conn) error {
	found, err := cn.query(`SELECT coalesce(l.type, m.type), m.name FROM sqlite_master m
		LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name AND m.type = 'table'
		WHERE m.type != 'index' ORDER BY m.type != 'trigger', coalesce(l.type, m.type) != 'virtual', m.rowid DESC`)
	if err != nil {
		return err
	}
	var full, drops []string
	for _, v := range found.Values() {
		kind, _ := v[0].(string)
		name, _ := v[1].(string)
		if isInternal(name) || kind == "shadow" {
			continue
		}
		if kind == "table" && !strings.EqualFold(name, x.opts.MigrationsTable) {
			some, err := cn.query("SELECT 1 FROM " + quoteName(name) + " LIMIT 1")
			if err != nil {
				return err
			}
			if some.Len() > 0 {
				full = append(full, name)
			}
		}
		if kind == "virtual" {
			kind = "table"
		}
		drops = append(drops, "DROP "+strings.ToUpper(kind)+" "+quoteName(name))
	}
	if len(full) > 0 && !x.opts.Force {
		slices.Sort(full)
		return &NotEmptyError{x.db.Name, full}
	}
	for _, sql := range drops {
		cn.arm(x.db.svc.timeout)
		if _, err := cn.query(sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// create runs the statement that made an object, by D1's own rules.
func (x *replacing) create(_ context.Context, cn *conn, o foreignObject) error {
	cn.arm(x.db.svc.timeout)
	st, err := cn.compile(o.sql, false, false)
	if err != nil {
		return err
	}
	defer cn.release(st)
	_, err = cn.run(st, nil)
	return err
}

func (x *replacing) fillTable(ctx context.Context, cn *conn, o foreignObject) error {
	return x.fill(ctx, cn, o, !o.noRowID)
}

var (
	virtualModule = regexp.MustCompile(`(?is)\susing\s+([a-z0-9_]+)`)
	// ftsContent finds the option of an FTS5 table that says where its text is: nowhere, or in another table.
	ftsContent = regexp.MustCompile(`(?is)[(,]\s*content\s*=\s*(''|""|\S)`)
)

// fillVirtual fills a virtual table through its own module: the tables below it are the module's.
func (x *replacing) fillVirtual(ctx context.Context, cn *conn, o foreignObject) error {
	module := ""
	if m := virtualModule.FindStringSubmatch(o.sql); m != nil {
		module = strings.ToLower(m[1])
	}
	content := ftsContent.FindStringSubmatch(o.sql)
	switch {
	case module == "fts5vocab": // shows another table
		return nil
	case module != "fts5":
		return x.fill(ctx, cn, o, false)
	case content == nil:
		return x.fill(ctx, cn, o, true)
	case content[1] == `''` || content[1] == `""`:
		x.done.Left = append(x.done.Left, fmt.Sprintf("the index of %s: it does not keep the text it was made from, so it has to be filled again", o.name))
		return nil
	}
	name := quoteName(o.name)
	_, err := cn.query("INSERT INTO " + name + "(" + name + ") VALUES ('rebuild')")
	return err
}

// fill copies the rows of a table, with their rowids when withRowID is set.
func (x *replacing) fill(ctx context.Context, cn *conn, o foreignObject, withRowID bool) error {
	columns, alias, err := x.columns(ctx, o.name, withRowID)
	if err != nil {
		return err
	}
	names, read := make([]string, 0, len(columns)+1), make([]string, 0, len(columns)+1)
	if alias != "" {
		names, read = append(names, alias), append(read, alias)
	}
	for _, c := range columns {
		// An expression has no declared type, by which the driver would make times of text.
		names, read = append(names, quoteName(c)), append(read, "+"+quoteName(c))
	}
	if len(names) == 0 {
		return nil
	}
	st, err := cn.prepare("INSERT INTO "+quoteName(o.name)+"("+strings.Join(names, ",")+") VALUES (?"+strings.Repeat(",?", len(names)-1)+")", true)
	if err != nil {
		return err
	}
	defer cn.release(st)
	count := int64(0)
	var packed []byte
	params := make([]any, len(names))
	err = rows(ctx, x.src, "SELECT "+strings.Join(read, ",")+" FROM "+quoteName(o.name), func(v []driver.Value) error {
		if count%1000 == 0 {
			cn.arm(x.db.svc.timeout)
		}
		count++
		for i := range v {
			params[i] = v[i]
		}
		var err error
		if packed, err = packParams(packed[:0], params); err != nil {
			return err
		}
		_, err = cn.run(st, packed)
		return err
	})
	if err != nil {
		return fmt.Errorf("row %d: %w", count, err)
	}
	x.done.Tables = append(x.done.Tables, TableRows{o.name, count})
	return nil
}

// columns returns the columns of a table that hold something, and a name for its rowid: none when a
// column is the rowid, or when there is no name left for it.
func (x *replacing) columns(ctx context.Context, table string, withRowID bool) (names []string, alias string, err error) {
	keys, taken := 0, map[string]bool{}
	isRowID := false
	query := "SELECT name, type, pk, hidden FROM pragma_table_xinfo('" + strings.ReplaceAll(table, "'", "''") + "')"
	err = rows(ctx, x.src, query, func(v []driver.Value) error {
		name, _ := v[0].(string)
		kind, _ := v[1].(string)
		pk, _ := v[2].(int64)
		hidden, _ := v[3].(int64)
		taken[strings.ToLower(name)] = true
		if hidden != 0 { // generated, or a parameter of a virtual table
			return nil
		}
		names = append(names, name)
		if pk > 0 {
			keys++
			isRowID = strings.EqualFold(kind, "INTEGER")
		}
		return nil
	})
	if err != nil || !withRowID || keys == 1 && isRowID || len(names) >= maxParams {
		return names, "", err
	}
	for _, a := range []string{"rowid", "_rowid_", "oid"} {
		if !taken[a] {
			return names, a, nil
		}
	}
	return names, "", nil
}

// maxParams is how many parameters a statement may have.
const maxParams = 100

// sequences takes over what AUTOINCREMENT goes by.
func (x *replacing) sequences(ctx context.Context, cn *conn) error {
	own, err := cn.query("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
	if err != nil || own.Len() == 0 {
		return err
	}
	if _, err := cn.query("DELETE FROM sqlite_sequence"); err != nil {
		return err
	}
	if !x.counts {
		return nil
	}
	return rows(ctx, x.src, "SELECT name, seq FROM sqlite_sequence", func(v []driver.Value) error {
		if name, _ := v[0].(string); isInternal(name) {
			return nil
		}
		_, err := cn.query("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", v[0], v[1])
		return err
	})
}

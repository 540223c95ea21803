package d1

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/internal/probe"
)

// ExportOptions say what Export writes. The zero value stands for the whole database.
type ExportOptions struct {
	NoSchema bool     // rows only
	NoData   bool     // definitions only
	Tables   []string // only these tables (or views, indexes, triggers) by name; empty: all

	// Shell writes what `.dump` of the sqlite3 shell writes, virtual tables included, and leaves the other
	// options aside. D1 does not take such a dump back.
	Shell bool
}

// Export writes the database to w as SQL that Import takes, as it was at one moment. It runs beside
// queries and needs little memory. A virtual table is an *Error, as in production, unless Tables leaves
// it out.
func (db *Database) Export(ctx context.Context, w io.Writer, opts ExportOptions) (err error) {
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "export", Resource: db.Name})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	db.mu.RLock()
	defer db.mu.RUnlock()
	if err := db.usable(); err != nil {
		return err
	}
	cn, err := db.acquire(ctx, db.pool.read)
	if err != nil {
		return err
	}
	defer db.pool.giveReader(cn)
	defer db.watch(ctx, cn)()
	cn.deadline(0) // it takes as long as w does
	if err := cn.begin(false); err != nil {
		return err
	}
	defer cn.rollback()

	x := exporter{ctx: ctx, cn: cn, w: bufio.NewWriterSize(w, 64<<10), opts: opts}
	if opts.Shell {
		err = x.shell()
	} else {
		err = x.d1()
	}
	span.Count(rowsRead, x.rows)
	if err != nil {
		return err
	}
	return x.w.Flush()
}

// An exporter writes one export.
type exporter struct {
	ctx  context.Context
	cn   *conn
	w    *bufio.Writer
	opts ExportOptions
	rows int64
	line []byte
}

// A schemaObject is a row of sqlite_schema.
type schemaObject struct{ kind, name, table, sql string }

func (o schemaObject) isVirtual() bool { return strings.HasPrefix(o.sql, "CREATE VIRTUAL TABLE") }

// schema reads rows of sqlite_schema; rest is what follows WHERE.
func (x *exporter) schema(rest string) ([]schemaObject, error) {
	rows, err := x.cn.query("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql NOT NULL AND " + rest)
	if err != nil {
		return nil, err
	}
	objects := make([]schemaObject, 0, rows.Len())
	for _, row := range rows.Values() {
		var o schemaObject
		for i, field := range []*string{&o.kind, &o.name, &o.table, &o.sql} {
			*field, _ = row[i].(string)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// d1 writes the dump in the order and form of production.
//
// Receipt: D1's own dump code, as Miniflare has it for `wrangler d1 export --local`.
//
// Deviation: in an export of D1, a trigger on a view stands behind its view, so that the export can be
// imported; and a number, a text with a NUL, or one with both a line feed and "\n" is written so that the
// same value comes back, which production's export does not manage.
func (x *exporter) d1() error {
	tables, err := x.schema("type = 'table' ORDER BY tbl_name = 'sqlite_sequence', rowid")
	if err != nil {
		return err
	}
	tables = slices.DeleteFunc(tables, func(o schemaObject) bool { return !x.wanted(o.name) })
	for _, t := range tables {
		if t.isVirtual() {
			return queryError(textVirtual, nil)
		}
	}
	x.put("PRAGMA defer_foreign_keys=TRUE;\n")
	for _, t := range tables {
		if err := x.table(t); err != nil {
			return err
		}
	}
	if x.opts.NoSchema {
		return nil
	}
	rest, err := x.schema(`type IN ('index', 'trigger', 'view')
		ORDER BY type = 'trigger' AND tbl_name COLLATE NOCASE IN (SELECT name FROM sqlite_schema WHERE type = 'view'), type, rowid`)
	if err != nil {
		return err
	}
	for _, o := range rest {
		if x.wanted(o.name) {
			x.put(o.sql, ";\n")
		}
	}
	return nil
}

func (x *exporter) wanted(name string) bool {
	return len(x.opts.Tables) == 0 || slices.Contains(x.opts.Tables, name)
}

// put writes parts. The writer keeps its first error for Flush.
func (x *exporter) put(parts ...string) {
	for _, p := range parts {
		_, _ = x.w.WriteString(p)
	}
}

// table writes the definition of t and its rows.
func (x *exporter) table(t schemaObject) error {
	definition := t.sql + ";\n"
	switch {
	case t.name == "sqlite_sequence":
		definition = "DELETE FROM sqlite_sequence;\n"
	case strings.HasPrefix(t.name, "sqlite_stat"):
		definition = "ANALYZE sqlite_schema;\n"
	case strings.HasPrefix(t.name, "sqlite_"), strings.HasPrefix(t.name, "_cf_"):
		return nil
	case strings.HasPrefix(t.sql, `CREATE TABLE "`), strings.HasPrefix(t.sql, "CREATE TABLE '"):
		definition = "CREATE TABLE IF NOT EXISTS " + t.sql[len("CREATE TABLE "):] + ";\n"
	}
	if !x.opts.NoSchema {
		x.put(definition)
	}
	if x.opts.NoData {
		return nil
	}
	columns, err := x.columns(t.name)
	if err != nil {
		return err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.name)
	}
	insert := "INSERT INTO " + quoteName(t.name) + " (" + strings.Join(names, ",") + ") VALUES("
	return x.inserts(t.name, insert, columns)
}

// A column is a column of a table that takes values: generated ones do not.
type column struct {
	name string
	real bool // it makes a REAL of every number
}

func (x *exporter) columns(table string) ([]column, error) {
	rows, err := x.cn.query("SELECT name, type FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, err
	}
	columns := make([]column, 0, rows.Len())
	for _, row := range rows.Values() {
		name, _ := row[0].(string)
		kind, _ := row[1].(string)
		columns = append(columns, column{name, isRealType(kind)})
	}
	return columns, nil
}

// isRealType reports whether a column of that declared type has REAL affinity.
//
// Receipt: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
func isRealType(declared string) bool {
	declared = strings.ToUpper(declared)
	for _, earlier := range []string{"INT", "CHAR", "CLOB", "TEXT", "BLOB"} {
		if strings.Contains(declared, earlier) {
			return false
		}
	}
	return strings.Contains(declared, "REAL") || strings.Contains(declared, "FLOA") || strings.Contains(declared, "DOUB")
}

// inserts writes an INSERT statement for each row of a table.
func (x *exporter) inserts(table, insert string, columns []column) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoteName(c.name)
	}
	st, err := x.cn.compile("SELECT "+strings.Join(names, ", ")+" FROM "+quoteName(table), true, false)
	if err != nil {
		return err
	}
	defer x.cn.release(st)
	return x.cn.each(st, 256<<10, func(rows Rows) error {
		if err := context.Cause(x.ctx); err != nil {
			return queryError(textGone, err)
		}
		rest := rows.packed
		for range rows.n {
			x.line = append(x.line[:0], insert...)
			for i := range columns {
				if i > 0 {
					x.line = append(x.line, ',')
				}
				var v value
				v, rest = unpack(rest)
				x.line = appendLiteral(x.line, v, columns[i].real)
			}
			x.line = append(x.line, ");\n"...)
			if _, err := x.w.Write(x.line); err != nil {
				return fmt.Errorf("d1: write export: %w", err)
			}
		}
		x.rows += int64(rows.n)
		return nil
	})
}

// appendLiteral appends v as SQL that means the same value again. real says that it goes into a column
// that makes a REAL of it anyway.
func appendLiteral(b []byte, v value, real bool) []byte {
	switch v.kind {
	case packedInteger:
		return strconv.AppendInt(b, int64(v.bits), 10)
	case packedReal:
		return appendRealLiteral(b, math.Float64frombits(v.bits), real)
	case packedText:
		return appendTextLiteral(b, unsafeString(v.bytes))
	case packedBlob:
		return appendBlobLiteral(b, v.bytes)
	}
	return append(b, "NULL"...)
}

func appendRealLiteral(b []byte, f float64, real bool) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "9e999"...)
	case math.IsInf(f, -1):
		return append(b, "-9e999"...)
	case f == 0 && math.Signbit(f):
		return append(b, "-0.0"...)
	}
	from := len(b)
	b = appendReal(b, f)
	if real || strings.ContainsAny(unsafeString(b[from:]), ".e") {
		return b
	}
	return append(b, ".0"...)
}

func appendBlobLiteral(b, blob []byte) []byte {
	b = append(b, 'X', '\'')
	for _, c := range blob {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return append(b, '\'')
}

// appendTextLiteral appends s in quotes. Line ends are written as "\n" and "\r", and replace() turns them
// back. SQL ends at a NUL, so that a text with one has to be written as its bytes.
func appendTextLiteral(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		return append(appendBlobLiteral(append(b, "CAST("...), []byte(s)), " AS TEXT)"...)
	}
	lf, cr := "", ""
	if strings.IndexByte(s, '\n') >= 0 {
		lf = unused(s, `\n`, `\012`)
		b = append(b, "replace("...)
	}
	if strings.IndexByte(s, '\r') >= 0 {
		cr = unused(s, `\r`, `\015`)
		b = append(b, "replace("...)
	}
	b = append(b, '\'')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\'':
			b = append(b, '\'', '\'')
		case '\n':
			b = append(b, lf...)
		case '\r':
			b = append(b, cr...)
		default:
			b = append(b, c)
		}
	}
	b = append(b, '\'')
	if cr != "" {
		b = append(append(append(b, ",'"...), cr...), "',char(13))"...)
	}
	if lf != "" {
		b = append(append(append(b, ",'"...), lf...), "',char(10))"...)
	}
	return b
}

// unused returns the first of names that s does not hold, and makes one up when it holds them all.
func unused(s string, names ...string) string {
	for _, name := range names {
		if !strings.Contains(s, name) {
			return name
		}
	}
	for i := 0; ; i++ {
		if name := "(" + names[0] + strconv.Itoa(i) + ")"; !strings.Contains(s, name) {
			return name
		}
	}
}

package d1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func export(t testing.TB, db *Database, opts ExportOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Export(context.Background(), &b, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExport(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		opts   ExportOptions
		want   string // without the first line
	}{
		"an empty database":    {"", ExportOptions{}, ""},
		"names with quotes":    {`create table "a""b"("c""d", [e f]); insert into "a""b" values (1,'x')`, ExportOptions{}, "CREATE TABLE IF NOT EXISTS \"a\"\"b\"(\"c\"\"d\", [e f]);\nINSERT INTO \"a\"\"b\" (\"c\"\"d\",\"e f\") VALUES(1,'x');\n"},
		"the largest integers": {"create table t(a); insert into t values (9223372036854775807),(-9223372036854775808)", ExportOptions{NoSchema: true}, "INSERT INTO \"t\" (\"a\") VALUES(9223372036854775807);\nINSERT INTO \"t\" (\"a\") VALUES(-9223372036854775808);\n"},
		"a line feed":          {"create table t(a); insert into t values ('a'||char(10)||'''b''')", ExportOptions{NoSchema: true}, `INSERT INTO "t" ("a") VALUES(replace('a\n''b''','\n',char(10)));` + "\n"},
		"a carriage return":    {"create table t(a); insert into t values (char(13))", ExportOptions{NoSchema: true}, `INSERT INTO "t" ("a") VALUES(replace('\r','\r',char(13)));` + "\n"},
		"what stands for them": {`create table t(a); insert into t values ('\n\012(\n0)'||char(10))`, ExportOptions{NoSchema: true}, `INSERT INTO "t" ("a") VALUES(replace('\n\012(\n0)(\n1)','(\n1)',char(10)));` + "\n"},
		"without rows":         {"create table t(a); insert into t values (1)", ExportOptions{NoData: true}, "CREATE TABLE t(a);\n"},
		"statistics":           {"create table t(a); create index i on t(a); insert into t values (1),(2); analyze", ExportOptions{}, "CREATE TABLE t(a);\nINSERT INTO \"t\" (\"a\") VALUES(1);\nINSERT INTO \"t\" (\"a\") VALUES(2);\nANALYZE sqlite_schema;\nINSERT INTO \"sqlite_stat1\" (\"tbl\",\"idx\",\"stat\") VALUES('t','i','2 1');\nCREATE INDEX i on t(a);\n"},
		"tables without rowid": {"create table t(a text, b, primary key(b)) without rowid; insert into t values ('x', 2),('y', 1)", ExportOptions{}, "CREATE TABLE t(a text, b, primary key(b)) without rowid;\nINSERT INTO \"t\" (\"a\",\"b\") VALUES('y',1);\nINSERT INTO \"t\" (\"a\",\"b\") VALUES('x',2);\n"},
		"strict tables":        {"create table t(a real, b any) strict; insert into t values (1, 1),(2.5, 1.0)", ExportOptions{NoSchema: true}, "INSERT INTO \"t\" (\"a\",\"b\") VALUES(1,1);\nINSERT INTO \"t\" (\"a\",\"b\") VALUES(2.5,1.0);\n"},
		"one table of two":     {"create table t(a); create table u(a); create virtual table f using fts5(a)", ExportOptions{Tables: []string{"u"}}, "CREATE TABLE u(a);\n"},
	} {
		t.Run(name, func(t *testing.T) {
			db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
			if _, err := db.Exec(context.Background(), tt.script); err != nil {
				t.Fatal(err)
			}
			if got := export(t, db, tt.opts); got != "PRAGMA defer_foreign_keys=TRUE;\n"+tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestExportRefusesVirtualTables(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	if _, err := db.Exec(context.Background(), "create table t(a); create virtual table f using fts5(a)"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	var e *Error
	if err := db.Export(context.Background(), &b, ExportOptions{}); !errors.As(err, &e) || e.Message != textVirtual || b.Len() != 0 {
		t.Errorf("got %v after %q", err, &b)
	}
}

// TestExportForShell gives the dump to the real shell, which must make the same database of it.
func TestExportForShell(t *testing.T) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		shell = ""
	}
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	if _, err := db.Exec(context.Background(), `create table t(id integer primary key autoincrement, a, r real); create virtual table f using fts5(body);
		insert into t(a,r) values ('it''s'||char(10), 2), (x'00ff', 0.5), (null, 1e300), (9007199254740993, -1); insert into f values ('hello world');
		create view v as select a from t; create trigger w instead of insert on v begin insert into t(a) values (new.a); end; create index i on t(a);`); err != nil {
		t.Fatal(err)
	}
	got := export(t, db, ExportOptions{Shell: true})
	for _, want := range []string{
		"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n",
		"INSERT INTO t VALUES(1,replace('it''s\\n','\\n',char(10)),2.0);\n",
		"PRAGMA writable_schema=ON;\nINSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,'CREATE VIRTUAL TABLE f using fts5(body)');\nCREATE TABLE IF NOT EXISTS 'f_data'(",
		"DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('t',4);\n",
		"create trigger w", "PRAGMA writable_schema=OFF;\nCOMMIT;\n",
	} {
		if !strings.Contains(strings.ReplaceAll(got, "CREATE TRIGGER w", "create trigger w"), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if shell == "" {
		return // the form has been checked, and there is no shell to read it
	}
	file := filepath.Join(t.TempDir(), "db")
	run := func(input string) string {
		t.Helper()
		cmd := exec.Command(shell, "-bail", file)
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	run(got)
	lines := strings.Split(run("select body from f where f match 'hello'; select count(*), sum(r) from t;\n.dump\n"), "\n")
	if lines[0] != "hello world" || !strings.HasPrefix(lines[1], "4|1.0e+300") {
		t.Errorf("the shell reads %q", lines[:2])
	}
	sorted := func(dump string) []string { // the shell has another order among what has no rows
		all := strings.Split(strings.TrimSpace(dump), "\n")
		slices.Sort(all)
		return all
	}
	want := strings.ReplaceAll(got, "1e+300", "1.0000000000000000525e+300")
	again := regexpReal.ReplaceAllString(strings.Join(lines[2:], "\n"), "1.0000000000000000525e+300")
	if !slices.Equal(sorted(again), sorted(want)) {
		t.Errorf("the shell dumps\n%s\nof\n%s", again, want)
	}
}

// regexpReal is how the shell writes 1e300, in digits that depend on its version.
var regexpReal = regexp.MustCompile(`1\.0+\d*e\+300`)

// values draws one of everything that a cell may hold.
func values() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1}), func(i int64) any { return i }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 1e15, 1e20, 1e21, 9007199254740993, 1 << 62, 1 << 63, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, 1e-7}), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("\n\r'\\n0r\x00;\"-/*é(1)")), 0, 30, -1), func(s string) any { return s }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return b }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return string(b) }),
	)
}

// A round trip must give an equal database: the same objects in the same words, the same values of the
// same types.
func TestExportComesBack(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		db, back := s.create(t, fmt.Sprint("db", n)), s.create(t, fmt.Sprint("back", n))
		defer s.Delete(context.Background(), db.ID)
		defer s.Delete(context.Background(), back.ID)
		types := rapid.SliceOfN(rapid.SampledFrom([]string{"", "INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "DOUBLE PRECISION", "VARCHAR(20)", "FLOATING POINT", "BOOLEAN"}), 1, 5).Draw(r, "types")
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "order", "b c", `q"q`, "é", "VALUES", "x'y", "[z"}), len(types), len(types), rapid.ID).Draw(r, "names")
		table := rapid.SampledFrom([]string{"t", `"T t"`, "'single'", "`back`", "[b r]", `"q""q"`}).Draw(r, "table")
		var columns []string
		for i, name := range names {
			columns = append(columns, quoteName(name)+" "+types[i])
		}
		more := rapid.SampledFrom([]string{"", ", id INTEGER PRIMARY KEY AUTOINCREMENT", ", pk INTEGER PRIMARY KEY", ", k INTEGER DEFAULT 1, g GENERATED ALWAYS AS (k + 1) STORED, v AS (k + 2)"}).Draw(r, "more")
		script := "CREATE TABLE " + table + "(" + strings.Join(columns, ", ") + more + ");" +
			"CREATE INDEX i ON " + table + "(" + quoteName(names[0]) + ");" +
			"CREATE TABLE log(x); CREATE TRIGGER after_insert AFTER INSERT ON " + table + " BEGIN INSERT INTO log VALUES ('; END;'); END;" +
			"CREATE VIEW v AS SELECT x FROM log; CREATE TRIGGER on_view INSTEAD OF INSERT ON v BEGIN INSERT INTO log VALUES (new.x); END;"
		if _, err := db.Exec(context.Background(), script); err != nil {
			r.Fatalf("%v: %s", err, script)
		}
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = quoteName(name)
		}
		insert := "INSERT INTO " + table + "(" + strings.Join(quoted, ",") + ") VALUES (" + strings.TrimSuffix(strings.Repeat("?,", len(names)), ",") + ")"
		var rows []Statement
		for range rapid.IntRange(0, 5).Draw(r, "rows") {
			row := make([]any, len(names))
			for i := range row {
				row[i] = values().Draw(r, "value")
			}
			rows = append(rows, Statement{SQL: insert, Params: row})
		}
		if len(rows) > 0 {
			if _, err := db.Batch(context.Background(), rows); err != nil {
				r.Fatal(err)
			}
		}
		sql := export(t, db, ExportOptions{})
		if _, err := back.Import(context.Background(), strings.NewReader(sql)); err != nil {
			r.Fatalf("%v\n%s", err, sql)
		}
		if got, want := contents(t, back, table), contents(t, db, table); got != want {
			r.Fatalf("%s\nbecame\n%s\nby\n%s", want, got, sql)
		}
		if got := export(t, back, ExportOptions{}); got != sql {
			r.Fatalf("%s\nbecame\n%s", sql, got)
		}
	})
}

// contents is the schema of a database and the values of two tables with their types, bit for bit.
func contents(t testing.TB, db *Database, table string) string {
	t.Helper()
	results, err := db.Batch(context.Background(), []Statement{
		{SQL: "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"},
		{SQL: "SELECT * FROM " + table}, {SQL: "SELECT * FROM log"}, {SQL: "SELECT * FROM v"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%q\n", r.Columns)
		for _, row := range r.Values() {
			for _, v := range row {
				if f, ok := v.(float64); ok {
					v = fmt.Sprintf("%v %x", f, math.Float64bits(f))
				}
				fmt.Fprintf(&b, "%T %q ", v, fmt.Sprint(v))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestExportIsOneMoment(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	ctx := context.Background()
	if _, err := db.Exec(ctx, "create table a(n); create table b(n); insert into a values (1); insert into b values (1)"); err != nil {
		t.Fatal(err)
	}
	fill := "with recursive n(i) as (select 1 union all select i+1 from n where i < 3000) insert into a select zeroblob(100) from n"
	if _, err := db.Exec(ctx, fill); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	changed := false
	err := db.Export(ctx, writerFunc(func(p []byte) (int, error) {
		if !changed { // the first block is out, table b is still to come
			changed = true
			if _, err := db.Batch(ctx, []Statement{{SQL: "update b set n = 2"}, {SQL: "insert into b values (3)"}, {SQL: "create table late(n)"}}); err != nil {
				t.Error(err)
			}
		}
		return out.Write(p)
	}), ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !changed || !strings.HasSuffix(got, "CREATE TABLE b(n);\nINSERT INTO \"b\" (\"n\") VALUES(1);\n") {
		t.Errorf("it ends with %q", got[max(0, len(got)-200):])
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestExportNeedsLittleMemory(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	if _, err := db.Exec(context.Background(), "create table t(a, b); with recursive n(i) as (select 1 union all select i+1 from n where i < 20000) insert into t select i, zeroblob(1000) from n"); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	size := 0
	err := db.Export(context.Background(), writerFunc(func(p []byte) (int, error) {
		size += len(p)
		return len(p), nil
	}), ExportOptions{})
	runtime.ReadMemStats(&after)
	if err != nil || size < 40e6 {
		t.Fatal(size, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("%d bytes of SQL took %d bytes", size, got)
	}
}

func TestExportEndsWithItsWriterAndContext(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	if _, err := db.Exec(context.Background(), "create table t(a); with recursive n(i) as (select 1 union all select i+1 from n where i < 5000) insert into t select zeroblob(100) from n"); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no room")
	if err := db.Export(context.Background(), writerFunc(func(p []byte) (int, error) { return 0, full }), ExportOptions{}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := db.Export(ctx, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}), ExportOptions{})
	var e *Error
	if !errors.As(err, &e) || e.Message != textGone {
		t.Errorf("got %v", err)
	}
}

package d1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// dump is all that can be seen of a database, values with their types.
func dump(t testing.TB, db *Database) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Export(context.Background(), &b, ExportOptions{Shell: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestImportWholeOrNot(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, tt := range map[string]struct {
		script string
		want   string // of the error; empty: none
		count  int
	}{
		"statements of all kinds":            {"create table t(a); insert into t values (1),(2); update t set a = a+1; delete from t where a = 2; select * from t; pragma table_info(t);", "", 6},
		"nothing at all":                     {" -- no statement\n;", "", 0},
		"a dump's first line":                {"PRAGMA defer_foreign_keys=TRUE; create table c(a references p(a)); create table p(a primary key); insert into c values (1); insert into p values (1);", "", 5},
		"a key that stays without its row":   {"create table p(a primary key); create table c(a references p(a)); pragma defer_foreign_keys=on; insert into c values (1);", "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)", 0},
		"an error is told with its place":    {"create table t(a);\ninsert into t values (1);\n\n  select é, nope\n from t;", "4:10: no such column: é at offset 7: SQLITE_ERROR", 0},
		"a transaction":                      {"BEGIN TRANSACTION; create table t(a); COMMIT;", "1:1: " + textTransaction, 0},
		"a savepoint":                        {"create table t(a); SAVEPOINT s;", "1:20: " + textTransaction, 0},
		"a forbidden PRAGMA":                 {"PRAGMA journal_mode = DELETE;", "1:1: not authorized: SQLITE_AUTH", 0},
		"the platform's tables":              {"create table t(a); insert into _cf_KV values (1);", "1:20: no such table: _cf_KV: SQLITE_ERROR", 0},
		"a parameter":                        {"create table t(a); insert into t values (?);", "1:20: " + textParams, 0},
		"a NUL":                              {"create table t(a); insert into t values (1) \x00; select 1;", "1:20: " + textNoStatement, 0},
		"a statement of 100 000 bytes":       {"create table t(a); insert into t values ('" + long[:100_000-len("insert into t values ('');")] + "');", "", 2},
		"one of a byte more":                 {"create table t(a); insert into t values ('" + long[:100_001-len("insert into t values ('');")] + "');", "1:20: statement too long: SQLITE_TOOBIG", 0},
		"one without an end in sight":        {"create table t(a); insert into t values ('" + strings.Repeat(long, 20), "1:20: statement too long: SQLITE_TOOBIG", 0},
		"a value over the limit":             {"create table t(a); insert into t values (zeroblob(2000001));", "1:20: string or blob too big: SQLITE_TOOBIG", 0},
		"an error of the second of a kind":   {"create table t(a primary key); insert into t values (1); insert into t values (2);\ninsert into t values (1);", "2:1: UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)", 0},
		"a kind that is no longer possible":  {"create table t(a); insert into t values (1); insert into t values (2); drop table t;\ninsert into t values (3);", "2:1: no such table: t: SQLITE_ERROR", 0},
		"a kind whose table has got indexes": {"create table t(a); insert into t values (1); insert into t values (2); create index i on t(a); insert into t values (3); insert into t values (4);", "", 6},
	} {
		t.Run(name, func(t *testing.T) {
			db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
			before := dump(t, db)
			r, err := db.Import(context.Background(), strings.NewReader(tt.script))
			if got := fmt.Sprint(err); err != nil && got != tt.want || err == nil && tt.want != "" {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if r.Count != tt.count {
				t.Errorf("%d statements, want %d", r.Count, tt.count)
			}
			if err != nil && dump(t, db) != before {
				t.Errorf("half an import is left:\n%s", dump(t, db))
			}
		})
	}
}

// TestImportCountsAsQueriesDo compares the rows that a script counts, with its short cut for statements
// of one shape, with those of the same statements one by one.
func TestImportCountsAsQueriesDo(t *testing.T) {
	script := `create table t(id integer primary key, a, b); create index i on t(a); create unique index u on t(b);
		insert into t values (1,'a','b'); insert into t values (2,'c','d'); insert into t values (3,'e','f');
		insert into t values (4,'a','b2'),(5,'c','d2'); insert into t values (6,'a','b3'),(7,'c','d3');
		replace into t values (1,'x','y'); replace into t values (2,'x','z');
		insert or ignore into t values (1,'n','n'); insert or ignore into t values (8,'n','n8');
		create table auto(id integer primary key autoincrement, a); insert into auto(a) values (1); insert into auto(a) values (2);
		create index late on auto(a); insert into auto(a) values (3); insert into auto(a) values (4);
		update t set a = 'q' where id = 1; delete from t where a = 'c';`
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	one, other := s.create(t, "one"), s.create(t, "other")
	var want Meta
	for _, p := range split(script) {
		results, err := one.Batch(context.Background(), []Statement{{SQL: p.text}})
		if err != nil {
			t.Fatal(err)
		}
		m := results[0].Meta
		want.Changes, want.RowsRead, want.RowsWritten = want.Changes+m.Changes, want.RowsRead+m.RowsRead, want.RowsWritten+m.RowsWritten
	}
	r, err := other.Import(context.Background(), strings.NewReader(script))
	if err != nil {
		t.Fatal(err)
	}
	got := Meta{Changes: r.Meta.Changes, RowsRead: r.Meta.RowsRead, RowsWritten: r.Meta.RowsWritten}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if dump(t, one) != dump(t, other) {
		t.Error("the databases differ")
	}
}

// A repeated reads as a chunk of text many times over.
type repeated struct {
	chunk     string
	times, at int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.chunk[r.at:])
	if r.at += n; r.at == len(r.chunk) {
		r.at = 0
		r.times--
	}
	return n, nil
}

func TestImportNeedsLittleMemory(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	if _, err := db.Exec(context.Background(), "create table t(a, b)"); err != nil {
		t.Fatal(err)
	}
	script := &repeated{"INSERT INTO t VALUES (1,'x'); -- " + strings.Repeat("c", 5000) + "\n", 10_000, 0}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := db.Import(context.Background(), script)
	runtime.ReadMemStats(&after)
	if err != nil || r.Count != 10_000 || r.Meta.RowsWritten != 10_000 {
		t.Fatal(r, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
		t.Errorf("50 MB of script took %d bytes", got)
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "db")
	ctx, cancel := context.WithCancel(context.Background())
	before := dump(t, db)
	script := io.MultiReader(strings.NewReader("create table t(a);"), readerFunc(func([]byte) (int, error) {
		cancel()
		return copy(make([]byte, 1), ";"), nil
	}))
	if _, err := db.Import(ctx, script); err == nil || err.(interface{ Unwrap() error }) == nil {
		t.Errorf("got %v", err)
	}
	if dump(t, db) != before {
		t.Error("half an import is left")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A statement of an import has its own limit of time, and one of a script shares it with the others.
func TestImportLimitsStatements(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	slow := "with recursive n(i) as (select 1 union all select i+1 from n where i < %d) select count(*) from n;"
	some, endless := fmt.Sprintf(slow, 50_000), fmt.Sprintf(slow, int64(1e15))
	gauge := s.create(t, "gauge")
	took := clock.Stopwatch()
	if _, err := gauge.Exec(context.Background(), some); err != nil {
		t.Fatal(err)
	}
	s.timeout = max(8*took(), 20*time.Millisecond)
	db := s.create(t, "db")
	if _, err := db.Import(context.Background(), strings.NewReader(strings.Repeat(some, 24))); err != nil {
		t.Errorf("many statements: %v", err)
	}
	for name, run := range map[string]func() error{
		"one statement": func() error {
			_, err := db.Import(context.Background(), strings.NewReader(endless))
			return err
		},
		"a script": func() error {
			_, err := db.Exec(context.Background(), strings.Repeat(some, 400))
			return err
		},
	} {
		var e *Error
		if err := run(); !errors.As(err, &e) || e.Message != textTimeout {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzImport checks that an import of anything is whole or has left nothing, and that the database is
// sound and serves on.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"", ";", "insert into t values (9, 'x');", "insert into t values (9, 'x'); insert into t values (1, 'y');",
		"create trigger r after insert on t begin delete from t; end; insert into t values (9,'x'); nonsense",
		"pragma defer_foreign_keys=on; insert into c values (77);", "pragma foreign_keys=off; delete from t; /*",
		"delete from t; commit; rollback;", "alter table t rename to u; '", "insert into t values (9, cast(x'00' as text)); \x00",
		"create virtual table f using fts5(a); insert into f values ('b'); drop table f;", "analyze; reindex; drop table c; drop table t;",
	} {
		f.Add([]byte(seed))
	}
	s := openAt(f, f.TempDir(), Options{NoSync: true})
	s.timeout = 2 * time.Second
	db := s.create(f, "db")
	before := ""
	f.Fuzz(func(t *testing.T, script []byte) {
		if before == "" {
			if err := s.Reset(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(context.Background(), "create table t(id integer primary key, a); create table c(t references t); insert into t values (1,'one'),(2,'two'); insert into c values (1)"); err != nil {
				t.Fatal(err)
			}
			before = dump(t, db)
		}
		r, err := db.Import(context.Background(), bytes.NewReader(script))
		if err != nil && (dump(t, db) != before || r.Count != 0) {
			t.Fatalf("%v, and it has left\n%s\nof\n%s", err, dump(t, db), before)
		}
		if err == nil && r.Count != 0 {
			defer func() { before = "" }() // it is another database now
		}
		if err == nil && r.Count != len(split(string(script))) {
			t.Fatalf("%d statements, want %d", r.Count, len(split(string(script))))
		}
		results, err := db.Batch(context.Background(), []Statement{{SQL: "pragma quick_check"}, {SQL: "pragma foreign_key_check"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := results[0].Values()[0][0]; got != "ok" {
			t.Fatalf("quick_check: %v", got)
		}
	})
}

// A database that is emptied ends the import that fills it.
func TestImportEndsWithItsDatabase(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "db")
	gone := make(chan error, 1)
	started := false
	script := io.MultiReader(strings.NewReader("create table t(a);"), readerFunc(func(p []byte) (int, error) {
		if !started {
			started = true
			go func() { gone <- s.Reset(context.Background()) }()
		}
		return copy(p, "insert into t values (1);"), nil
	}))
	var e *Error
	if _, err := db.Import(context.Background(), script); !errors.As(err, &e) || e.Message != textReset {
		t.Errorf("got %v", err)
	}
	if err := <-gone; err != nil {
		t.Fatal(err)
	}
	results, err := db.Batch(context.Background(), []Statement{{SQL: "select count(*) from sqlite_schema"}})
	if err != nil || results[0].Values()[0][0] != int64(0) {
		t.Errorf("got %v, %v", results, err)
	}
}

package d1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
	"github.com/cfemu/cfemu/internal/testkit"
)

func script(t testing.TB, db *Database, script string) {
	t.Helper()
	if _, err := db.Exec(context.Background(), script); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
}

// cell returns the first value of the first row.
func cell(t testing.TB, db *Database, sql string, params ...any) any {
	t.Helper()
	results, err := db.Batch(context.Background(), []Statement{{SQL: sql, Params: params}})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if results[0].Len() == 0 {
		t.Fatalf("%s: no rows", sql)
	}
	return results[0].Values()[0][0]
}

func TestBatchIsAllOrNothing(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	for name, stmts := range map[string][]Statement{
		"a constraint":         {{SQL: "insert into t values (2)"}, {SQL: "insert into t values (1)"}},
		"a syntax error":       {{SQL: "insert into t values (2)"}, {SQL: "insrt"}},
		"schema changes":       {{SQL: "create table other(a)"}, {SQL: "insert into nowhere values (1)"}},
		"parameters":           {{SQL: "insert into t values (2)"}, {SQL: "insert into t values (?)"}},
		"a late statement":     {{SQL: "insert into t values (2); insert into t values (3); insert into t values (1)"}},
		"a foreign key at end": {{SQL: "pragma defer_foreign_keys=on"}, {SQL: "insert into t values (2)"}, {SQL: "insert into child values (9)"}},
		"a transaction of its": {{SQL: "insert into t values (2)"}, {SQL: "commit"}},
		"a value too large":    {{SQL: "insert into t values (2)"}, {SQL: "select zeroblob(3000000)"}},
		"or rollback":          {{SQL: "insert into t values (2)"}, {SQL: "insert or rollback into t values (1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			db := s.create(t, name)
			script(t, db, "create table t(id integer primary key); insert into t values (1); create table child(t int references t(id))")
			if _, err := db.Batch(ctx, stmts); err == nil {
				t.Fatal("no error")
			}
			if n := cell(t, db, "select count(*) from t"); n != int64(1) {
				t.Errorf("%v rows", n)
			}
			if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(2) {
				t.Errorf("%v tables", n)
			}
			script(t, db, "insert into t values (2)") // the connection works on
		})
	}
}

func TestWritesSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	db := s.create(t, "kept")
	script(t, db, "create table t(a); insert into t values ('x')")
	bookmark := db.Bookmark()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, dir, Options{})
	found, err := again.Database(context.Background(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	if found.ID != db.ID || found.Path() != db.Path() || !found.Created().Equal(db.Created()) {
		t.Errorf("found %s %s, was %s %s", found.ID, found.Path(), db.ID, db.Path())
	}
	if v := cell(t, found, "select a from t"); v != "x" {
		t.Errorf("got %v", v)
	}
	if found.Bookmark() != bookmark {
		t.Errorf("bookmark %s after %s, and nothing was written", found.Bookmark(), bookmark)
	}
	header, err := os.ReadFile(found.Path())
	if err != nil || !strings.HasPrefix(string(header), "SQLite format 3\x00") {
		t.Errorf("%s is no SQLite file: %v", found.Path(), err)
	}
	if !strings.HasSuffix(found.Path(), "/kept-"+db.ID+".sqlite") {
		t.Errorf("path %s", found.Path())
	}
}

func TestReadersDoNotWaitForWriters(t *testing.T) {
	ctx := context.Background()
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "x")
	script(t, db, "create table t(a); insert into t values (1)")
	cn, err := db.pool.write(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.pool.give(cn)
	if err := cn.begin(true); err != nil {
		t.Fatal(err)
	}
	defer cn.rollback()
	if _, err := cn.query("insert into t values (2)"); err != nil {
		t.Fatal(err)
	}
	// The writer is in the middle of a transaction, and these see what was before it.
	for _, sql := range []string{"select count(*) from t", "with n as (select a from t) select count(*) from n", "values (1)"} {
		if n := cell(t, db, sql); n != int64(1) {
			t.Errorf("%s: %v", sql, n)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	testkit.NoLeaks(t)
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	script(t, db, "create table account(id integer primary key, n int); insert into account values (1, 500), (2, 500)")
	const writers, readers, rounds = 4, 4, 50
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range rounds {
				_, err := db.Batch(ctx, []Statement{
					{SQL: "update account set n = n - ? where id = ?", Params: []any{1.0, float64(1 + i%2)}},
					{SQL: "update account set n = n + ? where id = ?", Params: []any{1.0, float64(2 - i%2)}},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range readers {
		wg.Go(func() {
			for range rounds {
				results, err := db.Batch(ctx, []Statement{{SQL: "select n from account where id = 1"}, {SQL: "select n from account where id = 2"}})
				if err != nil {
					t.Error(err)
					return
				}
				a, b := results[0].Values()[0][0].(int64), results[1].Values()[0][0].(int64)
				if a+b != 1000 {
					t.Errorf("a batch saw half a transfer: %d + %d", a, b)
				}
			}
		})
	}
	wg.Wait()
}

func TestReadsSeeTheirConnectionsState(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "x")
	script(t, db, "create table t(a); insert into t values ('x')")
	if v := cell(t, db, "select last_insert_rowid()"); v != int64(1) {
		t.Errorf("last_insert_rowid() is %v", v)
	}
	if v := cell(t, db, "select changes()"); v != int64(1) {
		t.Errorf("changes() is %v", v)
	}
	if v := cell(t, db, "select 'a' like 'A'"); v != int64(1) {
		t.Errorf("like is %v", v)
	}
	script(t, db, "pragma case_sensitive_like = on")
	if v := cell(t, db, "select 'a' like 'A'"); v != int64(0) {
		t.Errorf("after the pragma like is %v", v)
	}
}

func TestSchemaChangesReachPreparedStatements(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "x")
	script(t, db, "create table t(a); insert into t values (1)")
	for _, want := range [][]string{{"a"}, {"a", "b"}, {"a", "c"}} {
		results, err := db.Batch(context.Background(), []Statement{{SQL: "select * from t"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := results[0].Columns; !reflect.DeepEqual(got, want) {
			t.Errorf("columns %v, want %v", got, want)
		}
		switch len(want) {
		case 1:
			script(t, db, "alter table t add column b")
		case 2:
			if want[1] == "b" {
				script(t, db, "alter table t rename column b to c")
			}
		}
	}
}

func TestImport(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	var rows strings.Builder
	for i := range 500 {
		fmt.Fprintf(&rows, "INSERT INTO t VALUES (%d, '%s');\n", i, strings.Repeat("x", 500))
	}
	for name, tt := range map[string]struct {
		script string
		count  int    // statements
		at     string // line:column of the error; empty: none
		text   string
	}{
		"statements over lines":       {"create table\n t(a,\n b);\ninsert into t values (1, 'a;b');", 2, "", ""},
		"comments and blanks":         {"-- one\n/* two ; */ create table t(a); ;; -- three\n", 1, "", ""},
		"no statement at all":         {" -- nothing\n", 0, "", ""},
		"more than a statement holds": {"create table t(a, b);\n" + rows.String(), 501, "", ""},
		"a trigger":                   {"create table t(a);\ncreate trigger x after insert on t begin\n  update t set a = case when a then 1 else 2 end;\n  delete from t;\nend;\ninsert into t values (1)", 3, "", ""},
		"no semicolon at the end":     {"create table t(a); insert into t values (1)", 2, "", ""},
		"a syntax error":              {"create table t(a);\n\n  insert intu t values (1);", 0, "3:10", `near "intu": syntax error at offset 7: SQLITE_ERROR`},
		"an unknown column":           {"create table t(a);\nselect\n  é, b from t;", 0, "3:3", `no such column: é at offset 9: SQLITE_ERROR`},
		"a constraint":                {"create table t(a unique);\ninsert into t values (1);\n\t-- again\n\tinsert into t values (1);", 0, "4:2", `UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)`},
		"a transaction":               {"create table t(a);\nBEGIN TRANSACTION;\nCOMMIT;", 0, "2:1", textTransaction},
		"a string without end":        {"create table t(a);\ninsert into t values ('x);\n", 0, "2:23", `unrecognized token: "'x);`},
	} {
		t.Run(name, func(t *testing.T) {
			db := s.create(t, name)
			r, err := db.Import(ctx, strings.NewReader(tt.script))
			if tt.at == "" {
				if err != nil || r.Count != tt.count {
					t.Errorf("%d statements, %v", r.Count, err)
				}
				return
			}
			var at *ScriptError
			if !errors.As(err, &at) {
				t.Fatalf("got %v", err)
			}
			if got := fmt.Sprintf("%d:%d", at.Line, at.Column); got != tt.at || !strings.HasPrefix(at.Err.Error(), tt.text) {
				t.Errorf("got  %s %v\nwant %s %s", got, at.Err, tt.at, tt.text)
			}
			var fault cfapi.Faulter
			if !errors.As(err, &fault) || fault.Fault().Code != 7500 {
				t.Errorf("no fault: %v", err)
			}
			if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(0) {
				t.Errorf("%v tables are left", n)
			}
		})
	}
}

func TestMigrate(t *testing.T) {
	ctx := context.Background()
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "x")
	applied := func(table string) (names []string) {
		t.Helper()
		rows, err := db.AppliedMigrations(ctx, table)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range rows {
			if m.ID != int64(i+1) {
				t.Errorf("id %d at %d", m.ID, i)
			}
			if _, err := time.Parse("2006-01-02 15:04:05", m.AppliedAt); err != nil {
				t.Error(err)
			}
			names = append(names, m.Name)
		}
		return names
	}
	if got := applied(""); len(got) != 0 {
		t.Errorf("before the first: %v", got)
	}
	if err := db.Migrate(ctx, "", "0001_init.sql", "create table t(a);\ninsert into t values (1);\n-- done\n"); err != nil {
		t.Fatal(err)
	}
	err := db.Migrate(ctx, "", "0002_bad.sql", "create table u(a);\ninsert into v values (1);")
	var at *ScriptError
	if !errors.As(err, &at) || at.Line != 2 || at.Column != 1 || at.Statement != "insert into v values (1);" {
		t.Errorf("got %v", err)
	}
	if n := cell(t, db, "select count(*) from sqlite_master where name = 'u'"); n != int64(0) {
		t.Error("a failed migration has left its table")
	}
	if err := db.Migrate(ctx, "", "0001_init.sql", "create table w(a)"); err == nil {
		t.Error("the same migration twice")
	}
	if n := cell(t, db, "select count(*) from sqlite_master where name = 'w'"); n != int64(0) {
		t.Error("a migration that could not be entered was run")
	}
	if err := db.Migrate(ctx, "", "0003_empty.sql", "-- nothing yet"); err != nil {
		t.Fatal(err)
	}
	if got, want := applied(""), []string{"0001_init.sql", "0003_empty.sql"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := db.Migrate(ctx, `odd "name"`, "a.sql", ""); err != nil {
		t.Fatal(err)
	}
	if got, want := applied(`odd "name"`), []string{"a.sql"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEnsure(t *testing.T) {
	ctx := context.Background()
	const id1, id2, id3 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true})
	ensure := func(id, name string) *Database {
		t.Helper()
		db, err := s.Ensure(ctx, id, name)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	a := ensure(id1, "a")
	if a.ID != id1 || a.Name != "a" {
		t.Errorf("made %s %s", a.ID, a.Name)
	}
	if ensure(strings.ToUpper(id1), "renamed") != a {
		t.Error("the same id is another database")
	}
	if ensure("", "a") != a || ensure("replace-with-real-id", "a") != a {
		t.Error("the name does not find it")
	}
	b := ensure("replace-with-real-id", "b")
	if !isUUID(b.ID) {
		t.Errorf("id %s", b.ID)
	}
	script(t, b, "create table t(a)")
	real := ensure(id2, "b")
	if real.ID != id2 || real.Path() != b.Path() {
		t.Errorf("the real id made %s %s", real.ID, real.Path())
	}
	cell(t, real, "select count(*) from t")
	if _, err := s.Database(ctx, b.ID); err == nil {
		t.Error("the made-up id still works")
	}
	other := ensure(id3, "b")
	if other.ID != id3 || other.Name != "b-33333333" || other.Path() == real.Path() {
		t.Errorf("a second b is %s %s", other.ID, other.Name)
	}
	if unnamed := ensure("only-an-id", ""); unnamed.Name != "only-an-id" {
		t.Errorf("without a name it is %s", unnamed.Name)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, Options{NoSync: true})
	cell(t, ensure(id2, "b"), "select count(*) from t")
}

func TestReset(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	for i := range 5 {
		script(t, s.create(t, fmt.Sprint("db", i)), "create table t(a); insert into t values (1)")
	}
	db, err := s.Database(ctx, "db0")
	if err != nil {
		t.Fatal(err)
	}
	bookmark := db.Bookmark()
	running := make(chan error, 1)
	go func() {
		_, err := db.Batch(ctx, []Statement{{SQL: "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"}})
		running <- err
	}()
	testkit.Wait(t, func() error {
		db.pool.mu.Lock()
		defer db.pool.mu.Unlock()
		if len(db.pool.busy) == 0 {
			return errors.New("the query does not run yet")
		}
		return nil
	})
	took := clock.Stopwatch()
	if err := s.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("reset took %v", took())
	if err := <-running; err == nil || err.Error() != textReset {
		t.Errorf("the query that ran: %v", err)
	}
	if got := post(t, s, db, query{SQL: "select * from t"}); got != "no such table: t: SQLITE_ERROR" {
		t.Error(got)
	}
	if got := post(t, s, db, query{SQL: "create table t(a)"}); got != "" {
		t.Error(got)
	}
	if db.Bookmark() <= bookmark {
		t.Errorf("bookmark %s after %s", db.Bookmark(), bookmark)
	}
	page, err := s.Databases(ctx, Query{})
	if err != nil || page.Total != 5 {
		t.Errorf("%d databases, %v", page.Total, err)
	}
}

func TestResetUnderLoad(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := db.Batch(ctx, []Statement{{SQL: "create table if not exists t(a)"}, {SQL: "insert into t values (1)"}}); err != nil && err.Error() != textReset {
					t.Error(err)
				}
				if _, err := db.Batch(ctx, []Statement{{SQL: "select count(*) from sqlite_master"}}); err != nil && err.Error() != textReset {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		if err := s.Reset(ctx); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
	if v := cell(t, db, "pragma quick_check"); v != "ok" {
		t.Error(v)
	}
}

func TestDelete(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	script(t, db, "create table t(a)")
	if err := s.Delete(ctx, db.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
	want := "The database " + db.ID + " could not be found"
	if got := post(t, s, db, query{SQL: "select 1"}); got != want {
		t.Error(got)
	}
	if _, err := db.Batch(ctx, []Statement{{SQL: "select 1"}}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	s.create(t, "x") // the name is free again
}

// Every verb passes the seam: its units are counted, and a fault is the verb's own error.
func TestVerbsPassTheProbe(t *testing.T) {
	ctx := context.Background()
	var events []probe.Event
	var fault error
	s := openAt(t, t.TempDir(), Options{NoSync: true, Probe: &probe.Probe{
		Intercept: func(context.Context, probe.Op) error { return fault },
		Observe:   func(e probe.Event) { events = append(events, e) },
	}})
	db := s.create(t, "x")
	script(t, db, "create table t(a)")
	events = nil
	if _, err := db.Batch(ctx, []Statement{{SQL: "insert into t values (1), (2)"}, {SQL: "select * from t"}}); err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].Op != (probe.Op{Product: "d1", Name: "query", Resource: "x"}) ||
		events[0].Counts["rows_written"] != 2 || events[0].Counts["rows_read"] != 2 {
		t.Errorf("got %+v", events)
	}
	fault = cfapi.New(500, 7500, "D1 DB is overloaded. Too many requests queued.")
	if got := post(t, s, db, query{SQL: "select 1"}); got != fault.Error() {
		t.Error(got)
	}
	for name, verb := range map[string]func() error{
		"create":  func() error { _, err := s.Create(ctx, "y"); return err },
		"ensure":  func() error { _, err := s.Ensure(ctx, "", "x"); return err },
		"exec":    func() error { _, err := db.Exec(ctx, "select 1"); return err },
		"migrate": func() error { return db.Migrate(ctx, "", "a", "") },
		"reset":   func() error { return s.Reset(ctx) },
		"delete":  func() error { return s.Delete(ctx, db.ID) },
	} {
		if err := verb(); !errors.Is(err, fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuildHasEverything(t *testing.T) {
	if problem := BuildProblem(); problem != "" {
		t.Error(problem)
	}
}

package d1

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// The numbers of the first dozen are workerd's own, on a table of 1000 rows with an index on b.
func TestCounts(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "counts")
	script(t, db, `create table t(id integer primary key, a text, b int); create index tb on t(b);
		with recursive n(i) as (select 1 union all select i+1 from n where i<1000) insert into t select i, 'r'||i, i%10 from n;`)
	for _, tt := range []struct{ sql, want string }{
		{"select * from t", "1000,0"},
		{"select * from t where id=5", "1,0"},
		{"select * from t where b=3", "101,0"},
		{"select count(*) from t", "1000,0"},
		{"select * from t where a='r7'", "1000,0"},
		{"select * from t order by a limit 5", "2000,0"},
		{"select * from t t1 join t t2 on t1.b=t2.id", "2000,0"},
		{"update t set a='x' where b=1", "101,100"},
		{"update t set b=5 where b=1", "301,200"},
		{"insert into t values (5000,'a',1)", "1,2"},
		{"delete from t where id<10", "10,9"},
		{"insert into t select x.id+10000,x.a,x.b from t x limit 10", "30,20"},
	} {
		if got := counted(t, db, tt.sql); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.sql, got, tt.want)
		}
	}
}

func TestCountsOfManyStatements(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/counts.txtar")
	if err != nil {
		t.Fatal(err)
	}
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "counts")
	script(t, db, string(archive.Files[0].Data))
	for line := range strings.Lines(string(archive.Files[1].Data)) {
		want, sql, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if got := counted(t, db, sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// A limit in a parameter, and a schema that changes under a prepared statement, change the counts.
func TestCountsFollowTheStatement(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "counts")
	script(t, db, `create table t(id integer primary key, b int); create index tb on t(b);
		with recursive n(i) as (select 1 union all select i+1 from n where i<100) insert into t select i, i%10 from n;`)
	const some = "select * from t where b=3 limit ?"
	for _, n := range []int{2, 10, 20, 2} {
		want := map[int]string{2: "2,0", 10: "10,0", 20: "11,0"}[n]
		if got := counted(t, db, some, float64(n)); got != want {
			t.Errorf("limit %d: %s, want %s", n, got, want)
		}
	}
	const insert, find = "insert into t(b) values (1)", "select * from t where b=4"
	for _, want := range []string{"0,2 11,0", "0,1 101,0"} {
		if got := counted(t, db, insert) + " " + counted(t, db, find); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		script(t, db, "delete from t where id > 100; drop index if exists tb")
	}
}

// counted runs sql and returns "read,written".
func counted(t *testing.T, db *Database, sql string, params ...any) string {
	t.Helper()
	results, err := db.Batch(context.Background(), []Statement{{SQL: sql, Params: params}})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	m := results[0].Meta
	return fmt.Sprintf("%d,%d", m.RowsRead, m.RowsWritten)
}

// What SQLite counts in the programs of triggers goes on from run to run, and some of its counts are
// left as the memory was when it compiles a statement anew.
func TestCountsOfAStatementRunAgain(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "counts")
	script(t, db, `create table src(id integer primary key, name text); insert into src(name) values ('a'), ('b'), ('c');
		create table dst(id integer primary key autoincrement, name text);
		create table log(n); create trigger logs after insert on dst begin insert into log values (new.id); end`)
	for name, tt := range map[string]struct {
		sql    string
		params []any
	}{
		"as it was":     {"insert into dst(name) select name from src", nil},
		"compiled anew": {"insert into dst(name) select name from src where name like ? limit ?", []any{"%", 3.0}},
	} {
		t.Run(name, func(t *testing.T) {
			counted(t, db, tt.sql, tt.params...) // the first finds no counter
			want := counted(t, db, tt.sql, tt.params...)
			for range 3 {
				script(t, db, "create table other(a); drop table other")
				if got := counted(t, db, tt.sql, tt.params...); got != want {
					t.Errorf("%s, before that %s", got, want)
				}
			}
			// Three rows, as they are found and as they are inserted, and the counter; three rows, their
			// log, the counter.
			if want != "7,7" {
				t.Errorf("%s, want 7,7", want)
			}
		})
	}
}

func TestCountsWhereTheNumberIsNoResult(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "counts")
	script(t, db, "create table t(a); insert into t values (1), (2), (3); create table u(a); insert into u values (1), (2)")
	for sql, want := range map[string]string{
		"select count(*) from t":                                         "3,0",
		"select 10 + count(*) from t":                                    "3,0",
		"select (select count(*) from t) * 5, a from u":                  "5,0",
		"select (select count(*) from t), (select count(*) from u)":      "5,0",
		"select count(*) from t union all select count(*) from u":        "5,0",
		"insert into u select count(*) from t":                           "3,1",
		"select 1 where exists (select count(*) from t having count(*))": "3,0",
	} {
		if got := counted(t, db, sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
		script(t, db, "delete from u where rowid > 2")
	}
}

package d1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// post sends a body to the wire of db and returns the decoded answer's error, or "".
func post(t testing.TB, s testService, db *Database, body any) string {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("POST", "http://d1/query?resultsFormat=ROWS_AND_COLUMNS", strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Wire(db.ID).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer[0] == '[' {
		return ""
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(answer, &failed); err != nil || failed.Error == "" {
		t.Fatalf("answer %s: %v", answer, err)
	}
	return failed.Error
}

type query struct {
	SQL    string `json:"sql"`
	Params []any  `json:"params"`
}

// names returns n column names.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("c%d", i)
	}
	return list
}

// Every text that D1 gives for SQL that it refuses or that fails.
//
// Receipt: workerd 2026-07-30 unless said otherwise.
func TestErrorTexts(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "errors")
	if _, err := db.Exec(context.Background(), `create table t(id integer primary key, u text unique, c int check (c>0), nn text not null default '');
		create table child(t int references t(id)); create table wide(a); insert into t(id, u) values (1, 'x');`); err != nil {
		t.Fatal(err)
	}
	many := make([]any, 101)
	const tx = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."
	const auth = "not authorized: SQLITE_AUTH"
	for name, tt := range map[string]struct {
		sql    string
		params []any
		want   string
	}{
		"no table":                      {"select * from nope", nil, "no such table: nope: SQLITE_ERROR"},
		"syntax":                        {"SELEC", nil, `near "SELEC": syntax error at offset 0: SQLITE_ERROR`},
		"incomplete":                    {"select", nil, "incomplete input: SQLITE_ERROR"},
		"no column":                     {"select nope from t", nil, "no such column: nope at offset 7: SQLITE_ERROR"},
		"primary key":                   {"insert into t(id) values (1)", nil, "UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)"},
		"unique":                        {"insert into t(u) values ('x')", nil, "UNIQUE constraint failed: t.u: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"},
		"check":                         {"insert into t(c) values (0)", nil, "CHECK constraint failed: c>0: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)"},
		"not null":                      {"insert into t(nn) values (null)", nil, "NOT NULL constraint failed: t.nn: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_NOTNULL)"},
		"foreign key":                   {"insert into child values (99)", nil, "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"},
		"foreign key at commit":         {"pragma defer_foreign_keys=on; insert into child values (99)", nil, "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"},
		"too few parameters":            {"select ?, ?", []any{1}, "Wrong number of parameter bindings for SQL query."},
		"too many parameters":           {"select 1", []any{1}, "Wrong number of parameter bindings for SQL query."},
		"parameters in an early one":    {"select ?; select ?", []any{1}, "When executing multiple SQL statements in a single call, only the last statement can have parameters."},
		"a comment":                     {"-- nothing", nil, "No SQL statements detected."},
		"another comment":               {"/* nothing */", nil, "SQL code did not contain a statement."},
		"a comment at the end":          {"select 1; -- nothing", nil, "SQL code did not contain a statement."},
		"an indented comment":           {"  -- nothing", nil, "No SQL statements detected."},
		"blanks":                        {" \n\t", nil, "No SQL statements detected."},
		"begin":                         {"BEGIN TRANSACTION", nil, tx},
		"commit":                        {"commit", nil, tx},
		"rollback":                      {"ROLLBACK", nil, tx},
		"savepoint":                     {"savepoint a", nil, tx},
		"release":                       {"release a", nil, tx},
		"vacuum":                        {"VACUUM", nil, "cannot VACUUM from within a transaction: SQLITE_ERROR"},
		"attach":                        {"attach 'x' as y", nil, auth},
		"detach":                        {"detach y", nil, auth},
		"temporary table":               {"create temp table x(a)", nil, auth},
		"temporary view":                {"create temp view x as select 1", nil, auth},
		"reserved name":                 {"create table _cf_x(a)", nil, auth},
		"reserved name in capitals":     {"create table _CF_x(a)", nil, auth},
		"reserved name, missing":        {"select * from _cf_x", nil, "no such table: _cf_x: SQLITE_ERROR"},
		"rename to a reserved name":     {"create table x(a); drop table x; create view _cf_v as select 1", nil, auth},
		"virtual table":                 {"create virtual table x using dbstat", nil, auth},
		"fts4":                          {"create virtual table x using fts4(a)", nil, auth},
		"function":                      {"select t.id, t.u, 'xyzxyz', sqlite_version() from t", nil, "not authorized to use function: sqlite_version at offset 28: SQLITE_ERROR"},
		"load_extension":                {"select load_extension('x')", nil, "not authorized: SQLITE_ERROR"},
		"pragma":                        {"PRAGMA journal_mode", nil, auth},
		"pragma with a value":           {"PRAGMA user_version = 1", nil, auth},
		"pragma as a table":             {"select * from pragma_compile_options", nil, auth},
		"writable schema":               {"delete from sqlite_master", nil, "table sqlite_master may not be modified: SQLITE_ERROR"},
		"100 parameters and one":        {"select " + strings.Repeat("?,", 100) + "?", many, "too many SQL variables at offset 207: SQLITE_ERROR"},
		"101 columns":                   {"create table w(" + strings.Join(names(101), ",") + ")", nil, "too many columns on w: SQLITE_ERROR"},
		"51 bytes of LIKE":              {"select 'a' like ?", []any{strings.Repeat("a", 51)}, "LIKE or GLOB pattern too complex: SQLITE_ERROR"},
		"51 bytes of GLOB":              {"select 'a' glob ?", []any{strings.Repeat("a", 51)}, "LIKE or GLOB pattern too complex: SQLITE_ERROR"},
		"a statement of 100 001 bytes":  {"select '" + strings.Repeat("a", 100_001-9) + "'", nil, "statement too long: SQLITE_TOOBIG"},
		"a parameter over 2 000 000":    {"select length(?)", []any{strings.Repeat("a", 2_000_001)}, "string or blob too big: SQLITE_TOOBIG"},
		"a value over 2 000 000":        {"select length(zeroblob(2000001))", nil, "string or blob too big: SQLITE_TOOBIG"},
		"a row over 2 000 000":          {"insert into wide select ? union all select 1", []any{strings.Repeat("a", 2_000_000)}, "string or blob too big: SQLITE_TOOBIG"},
		"a compound of six":             {"select 1 union select 2 union select 3 union select 4 union select 5 union select 6", nil, "too many terms in compound SELECT: SQLITE_ERROR"},
		"an expression too deep":        {"select " + strings.Repeat("1+", 120) + "1", nil, "Expression tree is too large (maximum depth 100): SQLITE_ERROR"},
		"too many arguments":            {"select max(" + strings.Repeat("1,", 127) + "1)", nil, "too many arguments on function max at offset 7: SQLITE_ERROR"},
		"a division that is no problem": {"select 1/0", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			// What a connection said last must not show in what it says next.
			for _, before := range []string{"select nope", "update t set nope = 1"} {
				post(t, s, db, query{before, nil})
			}
			if got := post(t, s, db, query{tt.sql, tt.params}); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// What is just within a limit works.
func TestLimitsAreInclusive(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "limits")
	hundred := make([]any, 100)
	for name, q := range map[string]query{
		"100 parameters":           {"select " + strings.Repeat("?,", 99) + "?", hundred},
		"100 columns":              {"create table w(" + strings.Join(names(100), ",") + ")", nil},
		"50 bytes of LIKE":         {"select 'a' like ?", []any{strings.Repeat("a", 50)}},
		"100 000 bytes":            {"select '" + strings.Repeat("a", 100_000-9) + "'", nil},
		"2 000 000 bytes":          {"select length(?)", []any{strings.Repeat("a", 2_000_000)}},
		"a compound of five":       {"select 1 union select 2 union select 3 union select 4 union select 5", nil},
		"127 arguments":            {"select max(" + strings.Repeat("1,", 126) + "1)", nil},
		"a trigger":                {"create table a(x); create trigger b after insert on a begin select 1; end", nil},
		"full-text search":         {"create virtual table f using fts5(a); insert into f values ('x'); select snippet(f, 0, '', '', '', 1) from f where f match 'x'", nil},
		"the r-tree":               {"create virtual table r using rtree(id, a, b); insert into r values (1, 2, 3); select * from r", nil},
		"mathematics":              {"select sqrt(2), pi(), sin(1), ceil(1.5), log2(8)", nil},
		"JSON":                     {`select json_extract('{"a":1}', '$.a'), '{"a":1}' ->> 'a', jsonb('{}'), (select count(*) from json_each('[1]'))`, nil},
		"dates":                    {"select datetime('now'), unixepoch(), strftime('%s'), timediff('now', 'now'), current_timestamp", nil},
		"windows":                  {"select row_number() over (), lag(1) over (), nth_value(1, 1) over ()", nil},
		"altering":                 {"create table c(x, y); alter table c rename to d; alter table d rename column x to z; alter table d drop column y; alter table d add column w", nil},
		"analyze":                  {"analyze; pragma optimize; reindex", nil},
		"allowed pragmas":          {"pragma table_list; pragma table_xinfo(w); pragma index_list(w); pragma foreign_key_list(w); pragma foreign_key_check; pragma quick_check; pragma quick_check(3); pragma data_version; pragma page_size; pragma recursive_triggers; pragma case_sensitive_like = 'ON'; pragma case_sensitive_like = 0", nil},
		"pragmas as tables":        {"select * from pragma_table_info('w')", nil},
		"without rowid":            {"create table wr(a primary key, b) without rowid; insert into wr values (1, 2); delete from wr", nil},
		"strings in double quotes": {`select "not a column"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := post(t, s, db, q); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestQueryTimesOut(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.timeout = 20 * time.Millisecond
	const endless = "with recursive n(i) as (select 1 union all select i+1 from n) "
	for name, sql := range map[string]string{
		"a read":  endless + "select count(*) from n",
		"a write": "create table t(i); insert into t " + endless + "select i from n",
	} {
		t.Run(name, func(t *testing.T) {
			db := s.create(t, strings.ReplaceAll(name, " ", "-"))
			if got := post(t, s, db, query{SQL: sql}); got != "D1 DB storage operation exceeded timeout which caused object to be reset." {
				t.Error(got)
			}
			// The database is as it was, and works on.
			if got := post(t, s, db, query{SQL: "create table t(i)"}); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestQueryEndsWithItsCaller(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := db.Batch(ctx, []Statement{{SQL: "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"}})
	var failed *Error
	if !errors.As(err, &failed) || failed.Message != textGone {
		t.Errorf("got %v", err)
	}
	if _, err := db.Batch(context.Background(), []Statement{{SQL: "select 1"}}); err != nil {
		t.Errorf("the next query: %v", err)
	}
}

func TestWaitingIsBounded(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.timeout = 20 * time.Millisecond
	db := s.create(t, "x")
	cn, err := db.pool.write(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer db.pool.give(cn)
	if got := post(t, s, db, query{SQL: "create table t(a)"}); got != textQueued {
		t.Error(got)
	}
}

func TestDatabaseSizeIsBounded(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.maxSize = 1 << 20
	db := s.create(t, "x")
	if got := post(t, s, db, query{SQL: "create table t(a)"}); got != "" {
		t.Fatal(got)
	}
	fill := query{SQL: "insert into t values (zeroblob(900000))"}
	if got := post(t, s, db, fill); got != "" {
		t.Fatal(got)
	}
	if got := post(t, s, db, fill); got != "Exceeded maximum DB size" {
		t.Error(got)
	}
	if got := post(t, s, db, query{SQL: "delete from t"}); got != "" {
		t.Errorf("a full database cannot be emptied: %s", got)
	}
}

// The authorizer searches its list of functions by halves: every one must be found.
func TestEveryFunctionOfTheListIsFound(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	for _, name := range strings.Fields(`abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil changes char coalesce concat concat_ws
		cos cosh count cume_dist date datetime degrees dense_rank exp first_value floor format glob group_concat hex highlight ifnull
		iif instr json json_array json_array_length json_extract json_group_array json_group_object json_insert json_object json_patch
		json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_extract jsonb_group_array
		jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set julianday lag last_insert_rowid
		last_value lead length like likelihood likely ln load_extension log log2 lower ltrim max min mod nth_value ntile
		nullif octet_length percent_rank pi pow printf quote radians random randomblob rank replace round row_number rtreecheck rtrim
		sign sin sinh snippet soundex sqrt strftime string_agg substr substring sum tan tanh time timediff total total_changes trim
		trunc typeof unhex unicode unixepoch unlikely upper zeroblob`) {
		for arguments := range 4 {
			got := post(t, s, db, query{SQL: "select " + name + "(" + strings.TrimSuffix(strings.Repeat("1,", arguments), ",") + ")"})
			if strings.Contains(got, "not authorized to use function") {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

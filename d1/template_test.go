package d1

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const templateSchema = `create table t(id integer primary key, i int, n numeric, r real, s text, x, y check (y is not 'never'), u unique);
	create index ti on t(i); create table two(a, b default 7) without rowid;`

// bothWays runs every statement by itself, where there are no templates, and all of them as a script.
// It returns what each way came to.
func bothWays(t testing.TB, stmts []string) (apart, script string) {
	t.Helper()
	ctx := context.Background()
	schema := strings.Replace(templateSchema, "a, b", "a primary key, b", 1)
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	total := func(db *Database, m Meta, err error) string {
		m.Duration = 0
		var b strings.Builder
		fmt.Fprintf(&b, "%+v %v\n", m, err)
		results, err := db.Batch(ctx, []Statement{{SQL: "select quote(id), quote(i), quote(n), quote(r), quote(s), quote(x), quote(y), quote(u) from t order by id"}, {SQL: "select quote(a), quote(b) from two"}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, results[0].Values(), results[1].Values())
		return b.String()
	}
	one, all := s.create(t, "one"), s.create(t, "all")
	for _, db := range []*Database{one, all} {
		if _, err := db.Exec(ctx, schema); err != nil {
			t.Fatal(err)
		}
	}
	asked := make([]Statement, len(stmts))
	for i, sql := range stmts {
		asked[i].SQL = sql + "\n;"
	}
	var sum Meta
	results, err := one.Batch(ctx, asked)
	for _, r := range results {
		sum.add(r.Meta)
	}
	apart = total(one, sum, err)

	r, err := all.Exec(ctx, strings.Join(stmts, "\n;\n"))
	var at *ScriptError
	if errors.As(err, &at) {
		err = at.Err
	}
	return apart, total(all, r.Meta, err)
}

// A script's INSERT statements mean the same with their values taken out.
func TestTemplatesMeanTheSame(t *testing.T) {
	for name, stmts := range map[string][]string{
		"integers":          {"insert into t(i, n, r, s, x) values (%d, %d, %d, %d, %d)"},
		"texts":             {"insert into t(i, n, r, s, x) values ('%d', '%d', '%d', '%d', '%d')"},
		"reals":             {"insert into t(i, n, r, s, x) values (%d.5, %d.0, %d.25, %d.125, %d.)"},
		"odd numbers":       {"insert into t(x) values (-%d)", "insert into t(x) values (0x1%d)", "insert into t(x) values (%de3)", "insert into t(x) values (.5%d)", "insert into t(x) values (1%d000000000000000000)", "insert into t(x) values (0.1%d00000000000000000001)", "insert into t(x) values (00%d)", "insert into t(x) values (+%d)"},
		"quotes":            {"insert into t(x) values ('it''s %d')", "insert into t(x) values ('%d''')", "insert into t(x) values ('''%d')", "insert into t(x) values ('%d', '')", "insert into t(x) values ('-- %d')"},
		"comments":          {"insert into t(x) /* 'a' %d */ values (%d) -- 5"},
		"blobs":             {"insert into t(x) values (x'0%d')", "insert into t(x) values (X'1%d')"},
		"nulls":             {"insert into t(id, x) values (null, %d)", "insert into t(id, x) values (7%d, null)"},
		"ids":               {"insert into t(id, x) values (%d, 1)", "insert into t values (10%d, 1, 2, 3, 'a', 'b', 'c', %d)"},
		"many rows":         {"insert into t(x) values (%d), (%d), ('%d')"},
		"expressions":       {"insert into t(x) values (1 + %d)", "insert into t(x) values ('a' || %d || 'b')", "insert into t(x) values (%d = '%d')", "insert into t(x) values (case when %d > 2 then 'x' else 3 end)", "insert into t(x) values (typeof(%d))"},
		"functions":         {"insert into t(x) values (date('2026-01-0%d', '+1 day'))", "insert into t(x) values (json('{\"a\":%d}'))", "insert into t(x) values (printf('%%05d', %d))", "insert into t(x) values (likelihood(%d, 0.5))"},
		"or replace":        {"insert or replace into t(id, x) values (1, %d)", "replace into t(id, x) values (2, '%d')"},
		"or ignore":         {"insert or ignore into t(id, x) values (1, %d)"},
		"an upsert":         {"insert into t(id, x) values (1, %d) on conflict do update set x = x + 1"},
		"a select":          {"insert into t(x) select %d", "insert into t(x) values ((select %d))"},
		"without rowid":     {"insert into two values (%d, %d)", "insert into two(a) values ('%d')"},
		"default values":    {"insert into t default values", "insert into t(x) values (%d)"},
		"returning":         {"insert into t(x) values (%d) returning id"},
		"a unique conflict": {"insert into t(u) values (%d)", "insert into t(u) values (1)"},
		"a check":           {"insert into t(y) values ('%d')", "insert into t(y) values ('x')", "insert into t(y) values ('never')"},
		"a wrong type":      {"insert into t(id) values ('a%d')"},
		"too few values":    {"insert into t(x, y) values (%d)"},
		"a wrong column":    {"insert into t(nope) values (%d)"},
		"a parameter":       {"insert into t(x, y) values (%d, ?)"},
		"digits and word":   {"insert into t(x) values (%dabc)"},
		"schema changes":    {"insert into t(x) values (%d)", "insert into t(x) values (2)", "drop index if exists ti", "insert into t(x) values (%d)", "alter table t add column z%d", "insert into t(x) values ('%d')"},
		"a trigger":         {"create trigger if not exists tt after insert on t begin insert or ignore into two values (new.id, 5); end", "insert into t(x) values (%d)"},
		"a raising trigger": {"create trigger if not exists tr before insert on t when new.x = 3 begin select raise(rollback, 'no three'); end", "insert into t(x) values (%d)"},
		"not an insert":     {"insert into t(x) values (%d)", "update t set x = x + %d", "delete from t where x > 1%d"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []string
			for n := 1; n <= 4; n++ {
				for _, sql := range stmts {
					all = append(all, strings.ReplaceAll(strings.ReplaceAll(sql, "%%", "%"), "%d", fmt.Sprint(n)))
				}
			}
			if apart, script := bothWays(t, all); apart != script {
				t.Errorf("alone  %s\nscript %s", apart, script)
			}
		})
	}
}

// Templates are there at all, and only for statements that differ in their values.
func TestTemplatesAreUsed(t *testing.T) {
	for sql, want := range map[string]string{
		"INSERT INTO t (a, b) VALUES (1, 'it''s');":                              "INSERT INTO t (a, b) VALUES (?, ?);",
		"insert into t values(1.5,'x','',null,-3)":                               "insert into t values(?,?,?,null,-?)",
		"replace into \"t 'x'\" values (1)":                                      "replace into \"t 'x'\" values (?)",
		"insert into t2 values (1)":                                              "insert into t2 values (?)",
		"insert into t values (1e5)":                                             "",
		"insert into t values (12345678901234567)":                               "",
		"insert into t values ('a\x00b')":                                        "",
		"insert into t select 1":                                                 "",
		"insert or rollback into t values (1)":                                   "",
		"select 1":                                                               "",
		"insert into t values (:a, 1)":                                           "",
		"insert into t values (" + strings.Repeat("1,", 100) + "1)":              "",
		"insert into t values ('" + strings.Repeat("x", maxTemplateBytes) + "')": "",
	} {
		var made templates
		got := ""
		if made.take(sql) {
			got = string(made.text)
		}
		if got != want {
			t.Errorf("%.60s\ngot  %s\nwant %s", sql, got, want)
		}
	}
}

func FuzzTemplatesMeanTheSame(f *testing.F) {
	for _, seed := range []string{"1", "'a'", "1.5", "x'00'", "-1, 2", "'a''b'", "1), (2", "0.1e5", "'\xff'", "\"x\"", "1/**/2", "1;insert into t(x) values (2)", "9007199254740993", "'a' 'b'", "1--\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, ";\x00") || strings.Contains(strings.ToLower(value), "random") {
			t.Skip() // several statements are told apart elsewhere
		}
		sql := "insert into t(x) values (" + value + ")"
		if len(split(sql+"\n;\n"+sql)) != 2 {
			t.Skip() // a quote or comment that does not end
		}
		if apart, script := bothWays(t, []string{sql, sql, sql}); apart != script {
			t.Errorf("%s\nalone  %s\nscript %s", sql, apart, script)
		}
	})
}

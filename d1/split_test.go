package d1

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		want   []string
	}{
		"one":                        {"select 1", []string{"select 1"}},
		"two":                        {"select 1; select 2;", []string{"select 1;", "select 2;"}},
		"empty ones are none":        {";; ;select 1;;", []string{"select 1;"}},
		"strings":                    {"select 'a;''b;'; select \"c;\", `d;`, [e;]", []string{"select 'a;''b;';", "select \"c;\", `d;`, [e;]"}},
		"comments":                   {"select 1 -- ; no\n, 2; /* ; */ select 3; -- end", []string{"select 1 -- ; no\n, 2;", "select 3;"}},
		"a comment without end":      {"select 1; /* select 2;", []string{"select 1;"}},
		"a string without end":       {"select 'a; select 2;", []string{"select 'a; select 2;"}},
		"a trigger":                  {"create trigger t after insert on a begin select 1; select case 1 when 1 then 2 end; end; select 3", []string{"create trigger t after insert on a begin select 1; select case 1 when 1 then 2 end; end;", "select 3"}},
		"a temporary trigger":        {"CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; select 3", []string{"CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;", "select 3"}},
		"an explained trigger":       {"explain query plan create trigger t after insert on a begin select 1; end; select 3", []string{"explain query plan create trigger t after insert on a begin select 1; end;", "select 3"}},
		"a table called trigger":     {"create table trigger_(a); select 1", []string{"create table trigger_(a);", "select 1"}},
		"a comment in front of it":   {"create /* x */ trigger t after insert on a begin select 1; end; select 3", []string{"create /* x */ trigger t after insert on a begin select 1; end;", "select 3"}},
		"a trigger that has no end":  {"create trigger t after insert on a begin select 1; select 2;", []string{"create trigger t after insert on a begin select 1; select 2;"}},
		"end as a column of trigger": {"create trigger t after insert on a begin select 1; end ; select 3", []string{"create trigger t after insert on a begin select 1; end ;", "select 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range split(tt.script) {
				got = append(got, p.text)
				if !strings.HasPrefix(tt.script[p.start:], p.text) {
					t.Errorf("%q is not at %d", p.text, p.start)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// FuzzSplit checks that no byte that says something is lost and that pieces split no further.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", ";", "select 1;", "create trigger a begin b; end;", "'", "--", "/*", "é;\x00;", "[;]`;\"'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		at := 0
		for _, p := range split(script) {
			if p.start < at || p.text == "" || script[p.start:p.start+len(p.text)] != p.text {
				t.Fatalf("piece %q at %d after %d", p.text, p.start, at)
			}
			if rest := split(script[at:p.start]); len(rest) != 0 {
				t.Fatalf("lost %q", script[at:p.start])
			}
			if again := split(p.text); len(again) != 1 || again[0].text != p.text {
				t.Fatalf("%q splits into %v", p.text, again)
			}
			at = p.start + len(p.text)
		}
	})
}

func TestPosition(t *testing.T) {
	for name, tt := range map[string]struct {
		script       string
		offset       int
		line, column int
	}{
		"the start":            {"abc", 0, 1, 1},
		"a line further":       {"a\nbc", 3, 2, 2},
		"characters not bytes": {"é\néb", 5, 2, 2},
		"the end":              {"a\n", 2, 2, 1},
		"past the end":         {"ab", 9, 1, 3},
	} {
		if line, column := position(tt.script, tt.offset); line != tt.line || column != tt.column {
			t.Errorf("%s: %d:%d, want %d:%d", name, line, column, tt.line, tt.column)
		}
	}
}

// FuzzSplitAgreesWithSQLite checks that a statement ends where SQLite's parser ends it. What SQLite does
// not take has no end to compare.
func FuzzSplitAgreesWithSQLite(f *testing.F) {
	for _, seed := range []string{
		"select 1; select ';' -- ;\n; /* ; */ select \";\" ;;", "create trigger t after insert on a begin select 1; select case 1 when 1 then 2 end; end; select 2",
		"explain query plan select 1;select 2", "\ufeffselect 1;\ufeff;select\ufeff2", "select [;], `;`; select x';'", "create table b(c default (';')); select 'a''b;' ; values(1)",
		"create temp trigger t after insert on a begin select 1; end; select 3", "select 1/**/;/*/;*/select 2;--;", "select 1 as \"end\";select end;", "explain create trigger t after delete on a begin select 1; end;select 1",
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "db")
	if err := empty(path, false); err != nil {
		f.Fatal(err)
	}
	cn, err := openConn(path, true, true, maxDatabaseBytes)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { cn.close(true) })
	if _, err := cn.query("create table a(b)"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, script string) {
		at := 0
		for _, p := range split(script) {
			st, err := cn.compile(script[at:], true, false)
			if err != nil {
				return
			}
			end := at + st.tail
			cn.release(st)
			if end < len(script) && script[end] == 0 {
				return // SQLite reads no further
			}
			if want := p.start + len(p.text); end != want && (end < len(script) || !isBlank(script[want:])) && strings.TrimLeft(script[want:end], " ;\t\r\n\f\v") != "" {
				t.Fatalf("%q: SQLite ends it at %d, split at %d", script[at:], end, want)
			}
			at = end
		}
	})
}

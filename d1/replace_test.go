package d1

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// makeFile makes an SQLite database by a script and returns its path. It stays open, in WAL mode, as
// that of a running program is.
func makeFile(t *testing.T, script string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a file?.sqlite")
	c, err := open(fileURI(name) + "?_journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Exec(script, nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// replaceFrom copies a file and replaces db by the copy.
func replaceFrom(t *testing.T, db *Database, file string, opts ReplaceOptions) (Replacement, error) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := CopyFile(t.Context(), file, to); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return db.Replace(t.Context(), bytes.NewReader(b), opts)
}

// asked returns the values of a query, by rows.
func asked(t *testing.T, db *Database, sql string) [][]any {
	t.Helper()
	results, err := db.Batch(t.Context(), []Statement{{SQL: sql}})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return results[0].Values()
}

const wholeScript = `
CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB);
INSERT INTO _cf_METADATA VALUES (2, 9);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent TEXT REFERENCES parent(name) ON DELETE CASCADE);
CREATE TABLE parent (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE kinds (a, b TIMESTAMP, c BOOLEAN, d DATE, "e ""f" TEXT, g INT GENERATED ALWAYS AS (a + 1));
INSERT INTO kinds (rowid, a, b, c, d, "e ""f") VALUES
  (7, 1, '2026-01-31 10:00:00Z', 2, 'no date', 'x' || char(0) || 'y'),
  (9, 9007199254740993, 1.5, x'', NULL, CAST(x'ff41' AS TEXT)),
  (11, -0.0, 1e999, zeroblob(3), '', 'é');
INSERT INTO parent VALUES ('p');
INSERT INTO child VALUES (1, 'p'), (5, 'p');
CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO auto VALUES (41); DELETE FROM auto;
CREATE INDEX by_parent ON child (parent);
CREATE TABLE log (n);
CREATE TRIGGER counted AFTER INSERT ON child BEGIN INSERT INTO log VALUES (new.id); END;
CREATE VIEW parents AS SELECT name FROM parent;
CREATE VIRTUAL TABLE texts USING fts5(title, body);
INSERT INTO texts (rowid, title, body) VALUES (3, 'one', 'the quick fox'), (8, 'two', 'a lazy dog');
CREATE TABLE source (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO source VALUES (4, 'a brown bear');
CREATE VIRTUAL TABLE outside USING fts5(body, content = 'source', content_rowid='id');
INSERT INTO outside(outside) VALUES ('rebuild');
CREATE VIRTUAL TABLE bare USING fts5(body, content='');
INSERT INTO bare (rowid, body) VALUES (1, 'gone');
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
INSERT INTO boxes VALUES (6, 1, 2);
`

func TestReplaceTakesOverAll(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{}).create(t, "shop")
	got, err := replaceFrom(t, db, makeFile(t, wholeScript), ReplaceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var counts []string
	for _, c := range got.Tables {
		counts = append(counts, c.Name+"="+strings.Repeat("i", int(c.Rows)))
	}
	slices.Sort(counts)
	if got := strings.Join(counts, " "); got != "auto= boxes=i child=ii kinds=iii log= parent=i source=i texts=ii" {
		t.Errorf("tables %s", got)
	}
	if len(got.Left) != 1 || !strings.Contains(got.Left[0], "bare") {
		t.Errorf("left %q, want the index that keeps no text", got.Left)
	}
	for sql, want := range map[string]string{
		`SELECT group_concat(rowid || ':' || typeof(a) || ':' || typeof(b) || ':' || typeof(c) || ':' || typeof(d), ' ') FROM kinds`: "7:integer:text:integer:text 9:integer:real:blob:null 11:real:real:blob:text",
		`SELECT a || '|' || b || '|' || c || '|' || d || '|' || hex("e ""f") || '|' || g FROM kinds WHERE rowid = 7`:                 "1|2026-01-31 10:00:00Z|2|no date|780079|2",
		`SELECT a || '|' || hex("e ""f") FROM kinds WHERE rowid = 9`:                                                                 "9007199254740993|FF41",
		`SELECT group_concat(id) FROM child`:                                                    "1,5",
		`SELECT CAST(count(*) AS TEXT) FROM log`:                                                "0",
		`SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'auto'`:                     "41",
		`SELECT group_concat(name) FROM parents`:                                                "p",
		`SELECT title || rowid FROM texts WHERE texts MATCH 'lazy'`:                             "two8",
		`SELECT CAST(rowid AS TEXT) FROM outside WHERE outside MATCH 'bear'`:                    "4",
		`SELECT CAST(id AS TEXT) FROM boxes WHERE x0 > 0`:                                       "6",
		`SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE name LIKE '!_cf!_%' ESCAPE '!'`: "0",
		`SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'child'`:            "by_parent",
	} {
		if got := asked(t, db, sql)[0][0]; got != want {
			t.Errorf("%s\n got %v\nwant %v", sql, got, want)
		}
	}
	asked(t, db, "INSERT INTO child VALUES (6, 'p')") // the trigger works from now on
	if got := asked(t, db, "SELECT n FROM log"); len(got) != 1 {
		t.Errorf("the trigger has written %v", got)
	}
	// Once more: what is there now has rows, a cycle of references and virtual tables to drop.
	if _, err := replaceFrom(t, db, makeFile(t, wholeScript), ReplaceOptions{Force: true}); err != nil {
		t.Errorf("again, with force: %v", err)
	}
}

func TestReplaceKeepsWhatIsThere(t *testing.T) {
	const mine = "CREATE TABLE t (a); CREATE TABLE d1_migrations (name); INSERT INTO d1_migrations VALUES ('0001')"
	for name, tt := range map[string]struct {
		mine, file string
		opts       ReplaceOptions
		want       string // of the error
		after      string // in table t
	}{
		"tables without rows are replaced":            {mine, "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{}, "", "new"},
		"what AUTOINCREMENT goes by may be here only": {mine + "; CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO s VALUES (9); DELETE FROM s", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{}, "", "new"},
		"rows are not given up":                       {mine + "; INSERT INTO t VALUES ('old')", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{}, "has rows already, in t", "old"},
		"but with force":                              {mine + "; INSERT INTO t VALUES ('old')", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{Force: true}, "", "new"},
		"a dry run changes nothing":                   {mine + "; INSERT INTO t VALUES ('old')", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{Force: true, DryRun: true}, "", "old"},
		"a dry run finds rows":                        {mine + "; INSERT INTO t VALUES ('old')", "CREATE TABLE t (a)", ReplaceOptions{DryRun: true}, "has rows already", "old"},
		"rows of another migrations table are rows":   {"CREATE TABLE t (a); INSERT INTO t VALUES ('old'); CREATE TABLE m (a); INSERT INTO m VALUES (1)", "CREATE TABLE x (a)", ReplaceOptions{MigrationsTable: "t"}, "in m", "old"},
		"a reference to nothing is named":             {"CREATE TABLE t (a); INSERT INTO t VALUES ('old')", "PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p(id)); INSERT INTO c VALUES (4, 9)", ReplaceOptions{Force: true}, "a row of c (rowid 4) refers to a row of p", "old"},
		"what D1 does not allow undoes all of it":     {"CREATE TABLE t (a); INSERT INTO t VALUES ('old')", "CREATE TABLE x (a); CREATE VIEW v AS SELECT sqlite_version() FROM x; INSERT INTO x VALUES (zeroblob(2000001))", ReplaceOptions{Force: true}, "table x: row 1: ", "old"},
		"a parent that was made after its children":   {"CREATE TABLE t (a); INSERT INTO t VALUES ('old'); CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p(id)); CREATE TABLE p (id INTEGER PRIMARY KEY, c REFERENCES c(id)); INSERT INTO p(id) VALUES (1); INSERT INTO c VALUES (2, 1); UPDATE p SET c = 2", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{Force: true}, "", "new"},
		"a parent that was made before its children":  {"CREATE TABLE t (a); INSERT INTO t VALUES ('old'); CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p(id)); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)", "CREATE TABLE t (a); INSERT INTO t VALUES ('new')", ReplaceOptions{Force: true}, "", "new"},
	} {
		t.Run(name, func(t *testing.T) {
			db := openAt(t, t.TempDir(), Options{}).create(t, "shop")
			if _, err := db.Exec(t.Context(), tt.mine); err != nil {
				t.Fatal(err)
			}
			_, err := replaceFrom(t, db, makeFile(t, tt.file), tt.opts)
			switch {
			case err == nil && tt.want != "":
				t.Fatalf("no error, want one with %q", tt.want)
			case err != nil && (tt.want == "" || !strings.Contains(err.Error(), tt.want)):
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if got := asked(t, db, "SELECT a FROM t"); len(got) != 1 || got[0][0] != tt.after {
				t.Errorf("t holds %v, want %s", got, tt.after)
			}
			left, _ := filepath.Glob(filepath.Join(filepath.Dir(db.Path()), "incoming*"))
			if len(left) != 0 {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

func TestReplaceRefusesWhatIsNoDatabase(t *testing.T) {
	sound := makeFile(t, "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000) INSERT INTO t SELECT 'row ' || i FROM n")
	copied := filepath.Join(t.TempDir(), "copy")
	if err := CopyFile(t.Context(), sound, copied); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	torn := bytes.Clone(whole)
	for i := 2 * 4096; i < 3*4096; i++ {
		torn[i] ^= 0x5a
	}
	for name, file := range map[string][]byte{
		"text":             []byte("SELECT 1;"),
		"half a database":  whole[:len(whole)/2],
		"a damaged page":   torn,
		"a torn signature": append([]byte("SQLite format 3?"), whole[16:]...),
	} {
		t.Run(name, func(t *testing.T) {
			db := openAt(t, t.TempDir(), Options{}).create(t, "shop")
			_, err := db.Replace(t.Context(), bytes.NewReader(file), ReplaceOptions{})
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Errorf("error %v (%T), want a *FileError", err, err)
			}
		})
	}
}

func TestAnEmptyFileIsAnEmptyDatabase(t *testing.T) {
	db := openAt(t, t.TempDir(), Options{}).create(t, "shop")
	if _, err := db.Replace(t.Context(), strings.NewReader(""), ReplaceOptions{}); err != nil {
		t.Error(err)
	}
}

func TestCopyFileSeesOneStateAndWritesNothing(t *testing.T) {
	file := makeFile(t, "PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); INSERT INTO t VALUES ('in the log')")
	before := filesOf(t, file)
	writer, err := open(fileURI(file))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.Exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('not committed')", nil); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := CopyFile(t.Context(), file, to); err != nil {
		t.Fatal(err)
	}
	if after := filesOf(t, file); !bytes.Equal(before, after) {
		t.Error("the copy has written to the database or its log")
	}
	if got := firstText(t, to, "SELECT group_concat(a) FROM t"); got != "in the log" {
		t.Errorf("the copy holds %q", got)
	}
}

func TestCopyFileOfAFolderThatCannotBeWritten(t *testing.T) {
	file := makeFile(t, "PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); INSERT INTO t VALUES ('in the log')")
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} { // without the log's index
		if err := copyOne(file+suffix, filepath.Join(dir, "db"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	aside, err := copyAside(filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(aside)
	if got := firstText(t, filepath.Join(aside, "db"), "SELECT a FROM t"); got != "in the log" {
		t.Errorf("the copy holds %q", got)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	to := filepath.Join(t.TempDir(), "copy")
	if err := CopyFile(t.Context(), filepath.Join(dir, "db"), to); err != nil {
		t.Fatal(err)
	}
	if got := firstText(t, to, "SELECT a FROM t"); got != "in the log" {
		t.Errorf("the copy holds %q", got)
	}
}

func TestCopyFileOfNothing(t *testing.T) {
	to := filepath.Join(t.TempDir(), "copy")
	if err := CopyFile(t.Context(), filepath.Join(t.TempDir(), "none"), to); err == nil {
		t.Error("no error for a file that does not exist")
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a copy of nothing was made")
	}
}

func TestOpenRemovesFilesThatWereOnTheirWay(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "incoming-1.tmp")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(left); err == nil {
		t.Error("it is still there")
	}
}

func filesOf(t *testing.T, name string) []byte {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(name + suffix)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func firstText(t *testing.T, file, query string) (text string) {
	t.Helper()
	c, err := openForeign(file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = rows(context.Background(), c, query, func(v []driver.Value) error {
		text, _ = v[0].(string)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

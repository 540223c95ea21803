package d1

import (
	"bytes"
	"context"
	databasesql "database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

func restore(t testing.TB, db *Database, bookmark string) Restored {
	t.Helper()
	r, err := db.Restore(context.Background(), bookmark)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// saveNow makes a segment of what has been committed.
func saveNow(t testing.TB, db *Database) {
	t.Helper()
	cn, err := db.pool.write(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.pool.history.save(cn); err != nil {
		t.Fatal(err)
	}
	db.pool.give(cn)
}

func TestRestoreReturnsToEveryCommit(t *testing.T) {
	for name, between := range map[string]func(testing.TB, *Database, int){
		"in the log":  func(testing.TB, *Database, int) {},
		"in segments": func(t testing.TB, db *Database, i int) { saveNow(t, db) },
		"in some of each": func(t testing.TB, db *Database, i int) {
			if i%3 == 0 {
				saveNow(t, db)
			}
		},
	} {
		for _, noSync := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/nosync=%v", name, noSync), func(t *testing.T) {
				db := openAt(t, t.TempDir(), Options{NoSync: noSync}).create(t, "db")
				bookmarks := []string{db.Bookmark()}
				script(t, db, "create table t(n int, text text)")
				bookmarks = append(bookmarks, db.Bookmark())
				for i := range 10 {
					script(t, db, fmt.Sprintf("insert into t values (%d, '%s')", i, strings.Repeat("x", 3000)))
					bookmarks = append(bookmarks, db.Bookmark())
					between(t, db, i)
				}
				for i := len(bookmarks) - 1; i > 0; i-- {
					if bookmarks[i] <= bookmarks[i-1] {
						t.Fatalf("bookmark %s after %s", bookmarks[i], bookmarks[i-1])
					}
				}
				for _, i := range []int{5, 11, 2, 1, 11} {
					r := restore(t, db, bookmarks[i])
					if n := cell(t, db, "select count(*) from t"); n != int64(i-1) {
						t.Errorf("%v rows after restore of the state with %d", n, i-1)
					}
					if db.Bookmark() <= r.Previous || r.Bookmark != bookmarks[i] {
						t.Errorf("restored %+v, now at %s", r, db.Bookmark())
					}
				}
				restore(t, db, bookmarks[0])
				if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(0) {
					t.Errorf("%v tables in the state before the first", n)
				}
				if v := cell(t, db, "pragma quick_check"); v != "ok" {
					t.Error(v)
				}
			})
		}
	}
}

// warnings collects what is logged.
func warnings() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, nil)), &out
}

// segmentsOf returns the files of a history.
func segmentsOf(t testing.TB, db *Database) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(db.pool.history.dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func wantError(t testing.TB, err error, code Code, text string) {
	t.Helper()
	var known *Error
	if !errors.As(err, &known) || known.Code != code || !strings.Contains(known.Message, text) {
		t.Errorf("error %v, want %d with %q", err, code, text)
	}
}

func TestHistoryExpires(t *testing.T) {
	const day = 24 * time.Hour
	c := clock.NewMovable()
	c.Freeze()
	ctx, begin := context.Background(), c.Now()
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true, Clock: c})
	db := s.create(t, "db")
	write := func(n int) string {
		script(t, db, fmt.Sprintf("create table t%d(a)", n))
		saveNow(t, db)
		return db.Bookmark()
	}
	first := write(1)
	c.Advance(20 * day)
	write(2)
	c.Advance(20 * day)
	write(3)
	if found, err := db.BookmarkAt(ctx, begin.Add(15*day)); err != nil || found != first {
		t.Errorf("the state 25 days ago is %s, %v; want %s, which was 40 days old", found, err, first)
	}
	_, err := db.BookmarkAt(ctx, begin.Add(5*day))
	wantError(t, err, CodeInvalid, "older than 30 days")
	restore(t, db, first)
	if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(1) {
		t.Errorf("%v tables", n)
	}
	c.Advance(11 * day)
	_, err = db.Restore(ctx, first)
	wantError(t, err, CodeInvalid, "older than the database's history")
	write(4)
	if n := len(segmentsOf(t, db)); n != 2 {
		t.Errorf("%d segments, want the one of 11 days ago and the one of now", n)
	}
	c.Advance(365 * day)
	now := db.Bookmark()
	if found, err := db.BookmarkAt(ctx, c.Now()); err != nil || found != now {
		t.Errorf("now is %s, %v; want %s", found, err, now)
	}
	restore(t, db, now) // however old, it is the present state
}

func TestHistoryKeepsItsBudget(t *testing.T) {
	const budget = 200 << 10
	logger, said := warnings()
	s := openAt(t, t.TempDir(), Options{NoSync: true, HistoryBytes: budget, Logger: logger})
	db := s.create(t, "db")
	script(t, db, "create table t(a); insert into t values (zeroblob(20000))")
	var bookmarks []string
	for range 20 {
		script(t, db, "update t set a = randomblob(20000)")
		bookmarks = append(bookmarks, db.Bookmark())
		saveNow(t, db)
		var total int64
		for _, name := range segmentsOf(t, db) {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			total += info.Size()
		}
		if total > budget {
			t.Fatalf("%d bytes of history", total)
		}
	}
	if said.Len() > 0 {
		t.Error(said.String())
	}
	_, err := db.Restore(context.Background(), bookmarks[5])
	wantError(t, err, CodeInvalid, "older than the database's history")
	restore(t, db, bookmarks[15])

	script(t, db, "insert into t select randomblob(100000) from t, t b, (values (1), (2), (3))")
	script(t, db, "update t set a = randomblob(100000)")
	last := db.Bookmark()
	saveNow(t, db)
	if !strings.Contains(said.String(), "larger than the budget") || len(segmentsOf(t, db)) != 0 {
		t.Errorf("%d segments after one above the budget, said %q", len(segmentsOf(t, db)), said)
	}
	if now := db.Bookmark(); now != last {
		t.Errorf("bookmark %s after %s, and nothing was written", now, last)
	}
	script(t, db, "delete from t")
	restore(t, db, last)
	if n := cell(t, db, "select count(*) from t"); n == int64(0) {
		t.Error("the history does not begin anew")
	}
}

// foreign runs SQL as another program would.
func foreign(t testing.TB, path, sql string) {
	t.Helper()
	other, err := databasesql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.Exec(sql)
	if err := errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryBeginsAnewWhenItDoesNotFit(t *testing.T) {
	const lost = "cannot be restored any more"
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, db *Database) // while the database is closed
		kept  bool                             // the history
		said  string
	}{
		"nothing happened": {func(*testing.T, *Database) {}, true, ""},
		"another program has written": {func(t *testing.T, db *Database) {
			foreign(t, db.Path(), "insert into t values (99)")
		}, false, lost},
		"the file is another": {func(t *testing.T, db *Database) {
			if err := os.Remove(db.Path()); err != nil {
				t.Fatal(err)
			}
			foreign(t, db.Path(), "create table t(a)")
		}, false, lost},
		"the journal is gone": {func(t *testing.T, db *Database) {
			if err := os.Remove(db.pool.history.journal.path); err != nil {
				t.Fatal(err)
			}
		}, false, lost},
		"the journal is damaged": {func(t *testing.T, db *Database) {
			damage(t, db.pool.history.journal.path, 20)
		}, false, lost},
		"the newest segment is damaged": {func(t *testing.T, db *Database) {
			names := segmentsOf(t, db)
			damage(t, names[len(names)-1], -20)
			if err := os.Remove(db.pool.history.journal.path); err != nil {
				t.Fatal(err)
			}
		}, false, lost},
		"all of it is gone": {func(t *testing.T, db *Database) {
			if err := os.RemoveAll(db.pool.history.dir); err != nil {
				t.Fatal(err)
			}
		}, false, ""},
		"a file stands where its folder was": {func(t *testing.T, db *Database) {
			dir := db.pool.history.dir
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, false, lost},
		"a save was cut short": {func(t *testing.T, db *Database) {
			if err := os.WriteFile(filepath.Join(db.pool.history.dir, ".tmp-1"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			db := testService{s}.create(t, "db")
			script(t, db, "create table t(a); insert into t values (1)")
			old := db.Bookmark()
			script(t, db, "insert into t values (2)")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, db)

			logger, said := warnings()
			again := openAt(t, dir, Options{Logger: logger})
			db, err = again.Database(context.Background(), "db")
			if err != nil {
				t.Fatal(err)
			}
			rows := cell(t, db, "select count(*) from t")
			if _, err := db.Restore(context.Background(), old); (err == nil) != tt.kept {
				t.Errorf("restore: %v", err)
			}
			if tt.said != "" && !strings.Contains(said.String(), tt.said) || tt.said == "" && said.Len() > 0 {
				t.Errorf("said %q", said)
			}
			if tt.kept {
				return
			}
			begin := db.Bookmark()
			if begin <= old {
				t.Errorf("bookmark %s after %s", begin, old)
			}
			script(t, db, "delete from t")
			saveNow(t, db)
			if name == "a file stands where its folder was" {
				return // the database works without a history
			}
			restore(t, db, begin)
			if v := cell(t, db, "select count(*) from t"); v != rows {
				t.Errorf("%v rows, want %v", v, rows)
			}
		})
	}
}

// damage changes a byte of a file, counted from its end when at is negative.
func damage(t testing.TB, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x40
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedHistoryRestoresNothing(t *testing.T) {
	logger, said := warnings()
	s := openAt(t, t.TempDir(), Options{NoSync: true, Logger: logger})
	db := s.create(t, "db")
	script(t, db, "create table t(a); insert into t values ('the first of all')")
	old := db.Bookmark()
	saveNow(t, db)
	script(t, db, "update t set a = 'another text'")
	saveNow(t, db)
	names := segmentsOf(t, db)
	damage(t, names[len(names)-1], recordBytes+3)
	_, err := db.Restore(context.Background(), old)
	wantError(t, err, CodeQuery, "its history is damaged")
	if v := cell(t, db, "select a from t"); v != "another text" || !strings.Contains(said.String(), "damaged") {
		t.Errorf("%v, said %q", v, said)
	}
	script(t, db, "update t set a = 'and it goes on'")
}

func TestOtherProgramsAreNoticedWhileTheDatabaseIsOpen(t *testing.T) {
	t.Run("their commits are part of the history", func(t *testing.T) {
		db := openAt(t, t.TempDir(), Options{}).create(t, "db")
		script(t, db, "create table t(a)")
		foreign(t, db.Path(), "insert into t values (1)")
		script(t, db, "insert into t values (2)")
		two := db.Bookmark()
		foreign(t, db.Path(), "insert into t values (3)")
		saveNow(t, db)
		three := db.Bookmark()
		script(t, db, "delete from t")
		restore(t, db, two)
		if n := cell(t, db, "select count(*) from t"); n != int64(2) {
			t.Errorf("%v rows", n)
		}
		restore(t, db, three)
		if n := cell(t, db, "select count(*) from t"); n != int64(3) {
			t.Errorf("%v rows", n)
		}
	})
	t.Run("a log that they have written back is lost", func(t *testing.T) {
		logger, said := warnings()
		db := openAt(t, t.TempDir(), Options{Logger: logger}).create(t, "db")
		script(t, db, "create table t(a)")
		old := db.Bookmark()
		script(t, db, "insert into t values (1)")
		foreign(t, db.Path(), "pragma wal_checkpoint(truncate)")
		script(t, db, "insert into t values (2)")
		saveNow(t, db)
		_, err := db.Restore(context.Background(), old)
		if err == nil || !strings.Contains(said.String(), "cannot be restored any more") {
			t.Errorf("%v, said %q", err, said)
		}
	})
	t.Run("and the database can be closed all the same", func(t *testing.T) {
		s := openAt(t, t.TempDir(), Options{})
		db := s.create(t, "db")
		script(t, db, "create table t(a)")
		foreign(t, db.Path(), "pragma wal_checkpoint(truncate)")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("while they have it open nothing is restored", func(t *testing.T) {
		db := openAt(t, t.TempDir(), Options{}).create(t, "db")
		script(t, db, "create table t(a)")
		old := db.Bookmark()
		script(t, db, "insert into t values (1)")
		other, err := databasesql.Open("sqlite3", db.Path())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec("select count(*) from t"); err != nil {
			t.Fatal(err)
		}
		_, err = db.Restore(context.Background(), old)
		wantError(t, err, CodeQuery, "another program has its file open")
		if n := cell(t, db, "select count(*) from t"); n != int64(1) {
			t.Errorf("%v rows", n)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		restore(t, db, old)
	})
}

func TestResetForgetsTheHistory(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{})
	db := s.create(t, "db")
	script(t, db, "create table t(a)")
	saveNow(t, db)
	old := db.Bookmark()
	if err := s.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	if now := db.Bookmark(); now <= old {
		t.Errorf("bookmark %s after %s", now, old)
	}
	_, err := db.Restore(context.Background(), old)
	wantError(t, err, CodeInvalid, "older than the database's history")
	if n := len(segmentsOf(t, db)); n != 0 {
		t.Errorf("%d segments", n)
	}
}

func TestRestoreStopsWhatRuns(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{})
	db := s.create(t, "db")
	script(t, db, "create table t(a)")
	bookmark := db.Bookmark()
	wire := s.Wire(db.ID)
	failed := make(chan error, 1)
	go func() {
		_, err := db.Batch(context.Background(), []Statement{{SQL: "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"}})
		failed <- err
	}()
	testkit.Wait(t, func() error {
		db.pool.mu.Lock()
		defer db.pool.mu.Unlock()
		if len(db.pool.busy) == 0 {
			return errors.New("the query does not run yet")
		}
		return nil
	})
	restore(t, db, bookmark)
	wantError(t, <-failed, CodeQuery, textReset)
	req, err := http.NewRequest("POST", "http://d1/query", strings.NewReader(`{"sql":"select count(*) from t"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := wire.RoundTrip(req)
	if err != nil || resp.Header.Get(sessionHeader) <= bookmark {
		t.Errorf("%v, %v", resp, err)
	}
}

// copyFiles copies a folder with its files and their times.
func copyFiles(from, to string) error {
	return exec.Command("cp", "-a", from+"/.", to).Run()
}

package d1

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

func restore(t testing.TB, db *Database, bookmark string) Restored {
	t.Helper()
	r, err := db.Restore(context.Background(), bookmark)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settled waits until no history is being saved.
func settled(t testing.TB, db *Database) {
	t.Helper()
	cn, err := db.pool.write(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	db.pool.leave(cn)
	db.pool.writer <- cn
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
	db.pool.leave(cn)
	db.pool.writer <- cn
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

var _ = slog.New
var _ = os.Stat
var _ = time.Now
var _ = clock.System

// copyFiles copies a folder with its files and their times.
func copyFiles(from, to string) error {
	return exec.Command("cp", "-a", from+"/.", to).Run()
}

package d1

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// fullDisk lets no file grow beyond limit bytes while do runs, as on a disk that is full.
func fullDisk(t *testing.T, limit uint64, do func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	do()
}

const fullChild = "CFEMU_D1_FULL_DISK"

// TestFullDiskCostsTheHistoryAndNoWrite runs in a process of its own: the limit holds for all of it, and
// the files of the test's own log are among those that could not grow.
func TestFullDiskCostsTheHistoryAndNoWrite(t *testing.T) {
	if os.Getenv(fullChild) == "" {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), fullChild+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	ctx := context.Background()
	logger, said := warnings()
	dir := t.TempDir()
	s := openAt(t, dir, Options{Logger: logger})
	db := s.create(t, "db")
	db.pool.history.every = 1 << 30 // saved only here
	script(t, db, "create table t(a); insert into t values (randomblob(100000)), (randomblob(100000))")
	saveNow(t, db)
	old := db.Bookmark()
	script(t, db, "update t set a = randomblob(100000); insert into t values (randomblob(100000))")
	want, err := contentOf(db)
	if err != nil {
		t.Fatal(err)
	}
	newest := db.Bookmark()
	fullDisk(t, 50_000, func() {
		cn, err := db.pool.write(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer db.pool.give(cn)
		if err := db.pool.history.save(cn); err == nil {
			t.Error("the log was written back on a full disk")
		}
		if _, err := db.Batch(ctx, []Statement{{SQL: "select count(*) from t"}}); err != nil {
			t.Error(err)
		}
	})
	if !strings.Contains(said.String(), "cannot be saved and is dropped") {
		t.Errorf("said %q", said)
	}
	if got, err := contentOf(db); err != nil || got != want || db.Bookmark() != newest {
		t.Errorf("%s at %s, %v; want %s at %s", got, db.Bookmark(), err, want, newest)
	}
	_, err = db.Restore(ctx, old)
	wantError(t, err, CodeInvalid, "older than the database's history")

	script(t, db, "delete from t")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, dir, Options{Logger: logger})
	if db, err = again.Database(ctx, "db"); err != nil {
		t.Fatal(err)
	}
	restore(t, db, newest)
	if got, err := contentOf(db); err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

package d1

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/testkit"
)

// fill gives db a table t of some pages.
func fill(t testing.TB, db *Database) {
	t.Helper()
	script(t, db, `create table t(id integer primary key, a text unique);
		with recursive n(i) as (select 1 union all select i+1 from n where i<2000) insert into t select i, 'a long enough text of row '||i from n`)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// crashed returns the files of a database whose process has ended in the middle: before is in the
// file, after is in the log.
func crashed(t testing.TB, before, after string) (file, log []byte) {
	t.Helper()
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true})
	script(t, s.create(t, "crashed"), before)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir, Options{NoSync: true})
	db, err := s.Database(context.Background(), "crashed")
	if err != nil {
		t.Fatal(err)
	}
	script(t, db, after)
	return readFile(t, db.Path()), readFile(t, db.Path()+"-wal")
}

func TestDamagedDatabaseIsNamedAndKept(t *testing.T) {
	mustRemove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		damage func(t *testing.T, path string)
		want   string // of the error, %s standing for the path
	}{
		"a strange header": {func(t *testing.T, path string) {
			writeFile(t, path, append([]byte("this is no database, but a letter\n"), readFile(t, path)[34:]...))
		}, "file is not a database: SQLITE_NOTADB (cfemu: %s is no SQLite database. It was left as it is: put a copy back in its place, or delete or reset the database)"},
		"nothing but garbage": {func(t *testing.T, path string) {
			writeFile(t, path, bytes.Repeat([]byte("garbage!"), 5000))
		}, "file is not a database: SQLITE_NOTADB (cfemu: %s is no SQLite database."},
		"a few bytes": {func(t *testing.T, path string) {
			writeFile(t, path, []byte("SQLite format 3\x00"))
		}, "file is not a database: SQLITE_NOTADB (cfemu: %s is no SQLite database."},
		"half of it": {func(t *testing.T, path string) {
			b := readFile(t, path)
			writeFile(t, path, b[:len(b)/2])
		}, "database disk image is malformed: SQLITE_CORRUPT (cfemu: %s is damaged. It was left as it is:"},
		"other bytes in its pages": {func(t *testing.T, path string) {
			b := readFile(t, path)
			for i := 4096; i < len(b); i += 512 {
				for j := range 100 {
					b[i+j] ^= 0xff
				}
			}
			writeFile(t, path, b)
		}, "database disk image is malformed: SQLITE_CORRUPT (cfemu: %s is damaged. It was left as it is:"},
		"no file": {mustRemove, "unable to open database file: SQLITE_CANTOPEN (cfemu: %s is missing. Put it back, or delete or reset the database)"},
		"a folder in its place": {func(t *testing.T, path string) {
			mustRemove(t, path)
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "unable to open database file: SQLITE_CANTOPEN (cfemu: %s is no file. Move it away and put the database back)"},
		"the log of another database": {func(t *testing.T, path string) {
			_, log := crashed(t, "create table a(x); create table b(y); insert into a values (1); insert into b values (1)", "insert into b values (2)")
			writeFile(t, path+"-wal", log)
		}, "database disk image is malformed: SQLITE_CORRUPT (cfemu: %[1]s is damaged, or the log %[1]s-wal does not belong to it. Both were left as they are:"},
		"an empty file beside a log": {func(t *testing.T, path string) {
			_, log := crashed(t, "create table u(b)", "insert into u values (1)")
			writeFile(t, path, nil)
			writeFile(t, path+"-wal", log)
		}, "database disk image is malformed: SQLITE_CORRUPT (cfemu: %[1]s is damaged, or the log %[1]s-wal does not belong to it."},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir, Options{})
			db := s.create(t, "bad")
			fill(t, db)
			script(t, s.create(t, "good"), "create table t(a); insert into t values (1)")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			whole := readFile(t, db.Path())
			tt.damage(t, db.Path())
			before := snapshot(t, dir)

			s = openAt(t, dir, Options{})
			db, err := s.Database(context.Background(), "bad")
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf(strings.Replace(tt.want, "%s", "%[1]s", 1), db.Path())
			for _, q := range []string{"select sum(length(a)) from t", "insert into t(a) select a||'x' from t", "select sum(length(a)) from t"} {
				if got := post(t, s, db, query{SQL: q}); !strings.HasPrefix(got, want) {
					t.Errorf("%s\ngot  %s\nwant %s", q, got, want)
				}
			}
			var failed *Error
			if _, err := db.Batch(context.Background(), []Statement{{SQL: "select sum(length(a)) from t"}}); !errors.As(err, &failed) || failed.File != db.Path() {
				t.Errorf("the error does not name the file: %#v", err)
			}
			good, err := s.Database(context.Background(), "good")
			if err != nil {
				t.Fatal(err)
			}
			script(t, good, "insert into t values (2)")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for path, was := range before {
				if now := snapshot(t, dir)[path]; strings.Contains(path, "bad-") && !bytes.Equal(was, now) {
					t.Errorf("%s has changed: %d bytes, were %d", path, len(now), len(was))
				}
			}

			// As the message says.
			os.Remove(db.Path())
			os.Remove(db.Path() + "-wal")
			writeFile(t, db.Path(), whole)
			s = openAt(t, dir, Options{})
			if db, err = s.Database(context.Background(), "bad"); err != nil {
				t.Fatal(err)
			}
			if n := cell(t, db, "select count(*) from t"); n != int64(2000) {
				t.Errorf("%v rows after the copy was put back", n)
			}
		})
	}
}

// snapshot reads the files of a folder but the index.
func snapshot(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != "index.db" && !strings.HasSuffix(e.Name(), "-shm") {
			files[e.Name()] = readFile(t, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

// What a crash leaves is no damage, nor is a log that is cut short or followed by garbage: SQLite reads
// it as far as it was committed.
func TestLogOfACrashIsReadAsFarAsItGoes(t *testing.T) {
	file, log := crashed(t, "create table before(a)", "create table t(a unique, b check (b > 0)); insert into t values ('x', 1)")
	for name, tt := range map[string]struct {
		log  []byte
		rows bool
	}{
		"whole":            {log, true},
		"with garbage":     {append(bytes.Clone(log), bytes.Repeat([]byte("garbage!"), 2000)...), true},
		"only garbage":     {bytes.Repeat([]byte("garbage!"), 2000), false},
		"cut in its first": {log[:100], false},
	} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, t.TempDir(), Options{NoSync: true})
			db := s.create(t, "x")
			writeFile(t, db.Path(), file)
			writeFile(t, db.Path()+"-wal", tt.log)
			writeFile(t, db.Path()+"-shm", bytes.Repeat([]byte("garbage!"), 4096))
			if n := cell(t, db, "select count(*) from sqlite_master where name = 't'"); n != map[bool]int64{true: 1}[tt.rows] {
				t.Errorf("%v tables", n)
			}
			if tt.rows && cell(t, db, "select a from t") != "x" {
				t.Error("the row is not there")
			}
		})
	}
}

func TestDamagedDatabaseCanBeResetAndDeleted(t *testing.T) {
	ctx := context.Background()
	for _, missing := range []bool{false, true} {
		s := openAt(t, t.TempDir(), Options{})
		db := s.create(t, "x")
		writeFile(t, db.Path(), []byte("garbage, long enough to be looked at as if it were the header of a database, which has 100 bytes"))
		if missing {
			os.Remove(db.Path())
		}
		if post(t, s, db, query{SQL: "select 1"}) == "" {
			t.Fatal("no error")
		}
		if err := s.Reset(ctx); err != nil {
			t.Fatal(err)
		}
		script(t, db, "create table t(a)")
		writeFile(t, db.Path(), []byte("garbage"))
		if err := s.Delete(ctx, db.ID); err != nil {
			t.Fatal(err)
		}
		if left := snapshot(t, s.dir); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
}

func TestDamagedIndexIsNamedAndKept(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true})
	var ids []string
	for i := range 300 { // more than a page of the index
		db := s.create(t, fmt.Sprintf("db%d", i))
		ids = append(ids, db.ID)
		if i == 0 {
			script(t, db, "create table t(a); insert into t values ('kept')")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "index.db")
	whole := readFile(t, index)
	flip := func(from, to int) []byte {
		b := bytes.Clone(whole)
		for i := from; i < min(to, len(b)); i++ {
			b[i] ^= 0x5a
		}
		return b
	}
	for name, content := range map[string][]byte{
		"garbage":                  bytes.Repeat([]byte("garbage!"), 5000),
		"a few bytes":              []byte("x"),
		"both heads gone":          flip(0, 8192),
		"all but its heads":        flip(8192, len(whole)),
		"cut short":                whole[:8192+1000],
		"a record that is no JSON": bytes.ReplaceAll(whole, []byte(`{"name":"db7"`), []byte(`{"name":"db7!`)),
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, index, content)
			_, err := Open(dir, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "d1: "+index+" is damaged and was left as it is: put a copy back, or move it away and start again") {
				t.Fatalf("got %v", err)
			}
			if !bytes.Equal(readFile(t, index), content) {
				t.Error("it was written to")
			}
		})
	}
	t.Run("moved away", func(t *testing.T) {
		if err := os.Rename(index, index+".bad"); err != nil {
			t.Fatal(err)
		}
		s := openAt(t, dir, Options{})
		for i, id := range ids {
			db, err := s.Database(context.Background(), id)
			if err != nil || db.Name != fmt.Sprintf("db%d", i) {
				t.Fatalf("%s: %+v, %v", id, db, err)
			}
		}
		db, _ := s.Database(context.Background(), "db0")
		if v := cell(t, db, "select a from t"); v != "kept" {
			t.Errorf("got %v", v)
		}
	})
}

func TestIndexInUseIsNamed(t *testing.T) {
	dir := t.TempDir()
	openAt(t, dir, Options{})
	_, err := Open(dir, Options{})
	if want := "d1: " + filepath.Join(dir, "index.db") + " is in use by another process: end that, and start again"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestStrangeFilesAreNamedAndLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	const id1, id2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	stray, vacant, other := filepath.Join(dir, "stray-"+id1+".sqlite"), filepath.Join(dir, "vacant-"+id2+".sqlite"), filepath.Join(dir, "notes.txt")
	writeFile(t, stray, []byte("somebody's"))
	writeFile(t, vacant, nil)
	writeFile(t, other, []byte("mine"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s = openAt(t, dir, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), stray) || strings.Contains(log.String(), "notes.txt") {
		t.Errorf("the log: %s", log.String())
	}
	if _, err := os.Stat(vacant); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the empty file of a creation that was cut short is still there")
	}
	if _, err := s.Ensure(context.Background(), id1, "stray"); err == nil || !strings.Contains(err.Error(), stray+" is there already, and of no database: move it away") {
		t.Errorf("got %v", err)
	}
	if string(readFile(t, stray)) != "somebody's" || string(readFile(t, other)) != "mine" {
		t.Error("a strange file was changed")
	}
}

// A deletion that was cut short after it was entered is completed at the next start; the same database
// can be made again before and after.
func TestDeletedDatabaseDoesNotComeBack(t *testing.T) {
	ctx := context.Background()
	const id = "11111111-1111-4111-8111-111111111111"
	for _, restart := range []bool{true, false} {
		dir := t.TempDir()
		s := openAt(t, dir, Options{})
		db, err := s.Ensure(ctx, id, "x")
		if err != nil {
			t.Fatal(err)
		}
		script(t, db, "create table t(a)")
		files := snapshot(t, dir)
		if err := s.Delete(ctx, id); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			writeFile(t, filepath.Join(dir, name), content)
		}
		if restart {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openAt(t, dir, Options{})
			if left := snapshot(t, dir); len(left) != 0 {
				t.Errorf("left: %d files", len(left))
			}
		}
		if db, err = s.Ensure(ctx, id, "x"); err != nil {
			t.Fatal(err)
		}
		if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(0) {
			t.Errorf("%v tables came back", n)
		}
		script(t, db, "create table t(a)")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openAt(t, dir, Options{})
		if db, err = s.Database(ctx, id); err != nil {
			t.Fatal(err)
		}
		cell(t, db, "select count(*) from t")
	}
}

func TestForeignLockIsNamed(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	script(t, db, "create table t(a)")
	other, err := sql.Open("sqlite3", db.Path()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	s.timeout = 50 * time.Millisecond
	want := "database is locked: SQLITE_BUSY (cfemu: " + db.Path() + " is locked by another program, for example an sqlite3 shell in a transaction. End that, and try again)"
	if got := post(t, s, db, query{SQL: "insert into t values (1)"}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	cell(t, db, "select count(*) from t") // reads go on
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	script(t, db, "insert into t values (1)")
}

// writeWithLimit writes until the kernel refuses to let a file grow, then once more without the limit.
func writeWithLimit(dir string) error {
	ctx := context.Background()
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	db, err := s.Create(ctx, "short")
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "create table t(n, a)"); err != nil {
		return err
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 300_000, Max: was.Max}); err != nil {
		return err
	}
	n, failure := fillUp(db)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	fmt.Printf("%d\n%v\n", n, failure)
	_, err = db.Exec(ctx, "insert into t values (-1, 'again')")
	return err
}

// fillUp inserts rows, two in each batch, until one fails. It returns how many batches were
// acknowledged and the error.
func fillUp(db *Database) (int, error) {
	text := strings.Repeat("x", 10_000)
	for n := 0; ; n++ {
		row := Statement{SQL: "insert into t values (?, ?)", Params: []any{float64(n), text}}
		if _, err := db.Batch(context.Background(), []Statement{row, row}); err != nil {
			return n, err
		}
	}
}

func TestFileThatCannotGrowLosesNothing(t *testing.T) {
	dir := t.TempDir()
	out, err := childProcess("short", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var acknowledged int
	count, message, _ := strings.Cut(string(out), "\n")
	if _, err := fmt.Sscan(count, &acknowledged); err != nil || acknowledged == 0 {
		t.Fatalf("the child said %s", out)
	}
	s := openAt(t, dir, Options{})
	db, err := s.Database(context.Background(), "short")
	if err != nil {
		t.Fatal(err)
	}
	if want := "disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_WRITE) (cfemu: " + db.Path() + " could not be read or written, and this statement has changed nothing. Look after its disk, and try again)\n"; message != want {
		t.Errorf("got  %swant %s", message, want)
	}
	checkFilled(t, db, acknowledged)
	if n := cell(t, db, "select count(*) from t where n = -1"); n != int64(1) {
		t.Error("the write after the limit was lifted is not there")
	}
}

func checkFilled(t *testing.T, db *Database, acknowledged int) {
	t.Helper()
	if v := cell(t, db, "pragma quick_check"); v != "ok" {
		t.Error(v)
	}
	if n := cell(t, db, "select count(*) from t where n >= 0"); n != int64(2*acknowledged) {
		t.Errorf("%v rows, acknowledged were %d", n, 2*acknowledged)
	}
}

func TestFullDiskLosesNothing(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if err := testkit.MountSmall(t, dir, 2<<20); err != nil {
		fmt.Fprintf(os.Stderr, "LEFT OUT: the test of a full disk, which needs to mount a tmpfs: %v\n", err)
		t.Skip(err)
	}
	ballast := filepath.Join(dir, "ballast")
	writeFile(t, ballast, make([]byte, 600_000))
	s := openAt(t, filepath.Join(dir, "d1"), Options{})
	db := s.create(t, "small")
	script(t, db, "create table t(n, a)")
	acknowledged, err := fillUp(db)
	want := "database or disk is full: SQLITE_FULL (cfemu: " + db.Path() + " has no room left on its disk, and this statement has changed nothing. Make room, and try again)"
	if acknowledged == 0 || err.Error() != want {
		t.Errorf("after %d\ngot  %v\nwant %s", acknowledged, err, want)
	}
	checkFilled(t, db, acknowledged)
	for i := range 300 { // the index fills what is left
		if _, err = s.Create(ctx, fmt.Sprint("another", i)); err != nil {
			break
		}
	}
	page, _ := s.Databases(ctx, Query{Name: "another"})
	t.Logf("%d more databases, then %v", page.Total, err)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := post(t, s, db, query{SQL: "insert into t values (-1, 'again')"}); got != "" {
		t.Error(got)
	}
	s.create(t, "later")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, filepath.Join(dir, "d1"), Options{})
	if db, err = s.Database(ctx, "small"); err != nil {
		t.Fatal(err)
	}
	checkFilled(t, db, acknowledged)
	again, _ := s.Databases(ctx, Query{Name: "another"})
	if again.Total != page.Total {
		t.Errorf("%d databases, acknowledged were %d", again.Total, page.Total)
	}
}

// useAsNobody works in dir, which root has made, as a user who may read and not write.
func useAsNobody(dir string) error {
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	s, err := Open(dir, Options{})
	if err != nil {
		fmt.Println(err)
		return nil
	}
	defer s.Close()
	db, err := s.Database(context.Background(), "x")
	if err != nil {
		return err
	}
	for _, sql := range []string{"select a from t", "insert into t values (2)"} {
		_, err := db.Batch(context.Background(), []Statement{{SQL: sql}})
		fmt.Println(err)
	}
	return nil
}

func TestReadOnlyFilesAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		modes map[string]os.FileMode // of the folder, the database and the index
		want  string                 // DIR and FILE stand for the paths
	}{
		"the database": {map[string]os.FileMode{"FILE": 0o444, "DIR": 0o777},
			"<nil>\nattempt to write a readonly database: SQLITE_READONLY (cfemu: FILE is read-only. Make it and its folder writable for the user that runs cfemu)\n"},
		"the folder": {map[string]os.FileMode{"FILE": 0o666, "DIR": 0o555},
			"attempt to write a readonly database: SQLITE_READONLY (cfemu: FILE is read-only. Make it and its folder writable for the user that runs cfemu)\n"},
		"the index": {map[string]os.FileMode{"FILE": 0o666, "DIR": 0o777, "INDEX": 0o444},
			"d1: open index: open DIR/index.db: permission denied: make it and its folder writable for the user that runs cfemu\n"},
		"all secret": {map[string]os.FileMode{"FILE": 0o000, "DIR": 0o777},
			"unable to open database file: SQLITE_CANTOPEN (cfemu: FILE cannot be opened, or its -wal and -shm files beside it cannot. Make them and their folder writable for the user that runs cfemu)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "cfemu-d1-") // t.TempDir is closed to other users
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				os.Chmod(dir, 0o755)
				os.RemoveAll(dir)
			})
			s := openAt(t, dir, Options{})
			db := s.create(t, "x")
			script(t, db, "create table t(a); insert into t values (1)")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			paths := map[string]string{"FILE": db.Path(), "INDEX": filepath.Join(dir, "index.db"), "DIR": dir}
			modes := map[string]os.FileMode{"INDEX": 0o666}
			for what, mode := range tt.modes {
				modes[what] = mode
			}
			for what, mode := range modes {
				if err := os.Chmod(paths[what], mode); err != nil {
					t.Fatal(err)
				}
			}
			out, err := childProcess("nobody", dir).Output()
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer("FILE", db.Path(), "DIR", dir).Replace(tt.want)
			if got := string(out); !strings.HasPrefix(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

package d1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

const (
	crashWriters = 3
	crashImport  = 200 // rows of an import
	crashRound   = "CFEMU_D1_CRASH_ROUND"
)

// A crasher writes all that can be written, all at once, until it is killed. It says what it is about to
// take away, and what was acknowledged.
type crasher struct {
	svc  *Service
	db   *Database
	base int // numbers of this round begin behind it

	mu sync.Mutex
}

func writeForever(dir string) error {
	ctx := context.Background()
	round, err := strconv.Atoi(os.Getenv(crashRound))
	if err != nil {
		return err
	}
	svc, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	db, err := svc.Ensure(ctx, "", "crash")
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "create table if not exists t(w int, n int, half text, primary key (w, n, half)); create table if not exists imported(k int, a)"); err != nil {
		return err
	}
	c := &crasher{svc: svc, db: db, base: round * 1_000_000}
	errs := make(chan error)
	for w := range crashWriters {
		go func() { errs <- c.batches(ctx, w) }()
	}
	go func() { errs <- c.imports(ctx) }()
	go func() { errs <- c.schemas(ctx) }()
	go func() { errs <- c.databases(ctx) }()
	return <-errs
}

// say prints a line at once and whole.
func (c *crasher) say(what string, of any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Println(what, of)
}

// batches inserts pairs of rows with numbers that have no gaps.
func (c *crasher) batches(ctx context.Context, w int) error {
	last, err := c.db.Batch(ctx, []Statement{{SQL: "select coalesce(max(n), 0) from t where w = ?", Params: []any{int64(w)}}})
	if err != nil {
		return err
	}
	for n := last[0].Values()[0][0].(int64) + 1; ; n++ {
		_, err := c.db.Batch(ctx, []Statement{
			{SQL: "insert into t values (?, ?, 'a')", Params: []any{int64(w), n}},
			{SQL: "insert into t values (?, ?, 'b')", Params: []any{int64(w), n}},
		})
		if err != nil {
			return err
		}
		c.say("wrote", fmt.Sprintf("%d/%d", w, n))
	}
}

func (c *crasher) imports(ctx context.Context) error {
	for k := c.base; ; k++ {
		script := strings.Repeat(fmt.Sprintf("insert into imported values (%d, 'a row of an import');\n", k), crashImport)
		if _, err := c.db.Import(ctx, strings.NewReader(script)); err != nil {
			return err
		}
		c.say("imported", k)
	}
}

// schemas makes tables with a row and drops the one before.
func (c *crasher) schemas(ctx context.Context) error {
	for k := c.base; ; k++ {
		if _, err := c.db.Batch(ctx, []Statement{{SQL: fmt.Sprintf("create table s%d(a)", k)}, {SQL: fmt.Sprintf("insert into s%d values (1)", k)}}); err != nil {
			return err
		}
		c.say("created-table", k)
		if k == c.base {
			continue
		}
		c.say("dropping-table", k-1)
		if _, err := c.db.Exec(ctx, fmt.Sprintf("drop table s%d", k-1)); err != nil {
			return err
		}
		c.say("dropped-table", k-1)
	}
}

// databases makes databases with a row, and deletes all but a few.
func (c *crasher) databases(ctx context.Context) error {
	for k := c.base; ; k++ {
		db, err := c.svc.Create(ctx, fmt.Sprintf("extra%d", k))
		if err != nil {
			return err
		}
		c.say("created", db.Name)
		if _, err := db.Exec(ctx, "create table x(a); insert into x values (1)"); err != nil {
			return err
		}
		c.say("filled", db.Name)
		page, err := c.svc.Databases(ctx, Query{Name: "extra"})
		if err != nil {
			return err
		}
		for _, old := range page.Databases[:max(0, len(page.Databases)-3)] {
			c.say("deleting", old.Name)
			if err := c.svc.Delete(ctx, old.ID); err != nil {
				return err
			}
			c.say("deleted", old.Name)
		}
	}
}

// What the killed processes have said: for each verb, what it was said of.
type crashLog map[string]map[string]bool

func (l crashLog) read(line string) {
	verb, of, _ := strings.Cut(line, " ")
	if l[verb] == nil {
		l[verb] = map[string]bool{}
	}
	l[verb][of] = true
}

// A killed process loses nothing that it has acknowledged, and leaves nothing by half, whatever it was
// doing: batches, imports, changes of the schema, creating and deleting databases, all of it at once.
func TestKilledProcessLosesNothing(t *testing.T) {
	kills := 8
	if os.Getenv("CFEMU_LONG") != "" {
		kills = 320
	}
	dir := t.TempDir()
	said := crashLog{}
	for round := 1; round <= kills; round++ {
		killOnce(t, dir, round, said)
		checkCrashed(t, dir, said)
		if t.Failed() {
			t.Fatalf("after kill %d", round)
		}
	}
	t.Logf("%d kills: %d batches, %d imports, %d tables, %d databases", kills, len(said["wrote"]), len(said["imported"]), len(said["created-table"]), len(said["created"]))
	for _, verb := range []string{"wrote", "imported", "dropped-table", "deleted"} {
		if len(said[verb]) == 0 {
			t.Errorf("nothing was ever %s: the test tests nothing", verb)
		}
	}
}

// killOnce lets a process write and kills it at some moment: most often while it writes, now and then
// while it opens what the one before has left.
func killOnce(t *testing.T, dir string, round int, said crashLog) {
	t.Helper()
	child := childProcess("writer", dir, fmt.Sprintf("%s=%d", crashRound, round))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { child.Process.Kill() } // SIGKILL; what it still says is read on
	early := round%5 == 0
	if early {
		defer clock.System.AfterFunc(rand.N(40*time.Millisecond), kill).Stop()
	}
	lines := bufio.NewScanner(out)
	for first := true; lines.Scan(); first = false {
		said.read(lines.Text())
		if first && !early {
			defer clock.System.AfterFunc(rand.N(120*time.Millisecond), kill).Stop()
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v", err)
	}
}

func checkCrashed(t *testing.T, dir string, said crashLog) {
	t.Helper()
	s := openAt(t, dir, Options{})
	defer s.Close()
	db, err := s.Ensure(context.Background(), "", "crash")
	if err != nil {
		t.Fatal(err)
	}
	if v := cell(t, db, "pragma quick_check"); v != "ok" {
		t.Error(v)
	}
	tables := tablesOf(t, db)
	if !tables["t"] {
		return // killed before there was anything
	}
	for w := range crashWriters {
		most := cell(t, db, "select coalesce(max(n), 0) from t where w = ?", int64(w)).(int64)
		if rows := cell(t, db, "select count(*) from t where w = ?", int64(w)).(int64); rows != 2*most {
			t.Errorf("writer %d: %d rows for %d batches", w, rows, most)
		}
		if said["wrote"][fmt.Sprintf("%d/%d", w, most+1)] {
			t.Errorf("writer %d: batch %d was acknowledged and is not there", w, most+1)
		}
	}
	if n := cell(t, db, "select count(*) from (select 1 from imported group by k having count(*) <> ?)", int64(crashImport)); n != int64(0) {
		t.Errorf("%v imports are there by half", n)
	}
	if n := cell(t, db, "select count(distinct k) from imported").(int64); n < int64(len(said["imported"])) {
		t.Errorf("%d imports were acknowledged, %d are there", len(said["imported"]), n)
	}
	for k := range said["created-table"] {
		switch name := "s" + k; {
		case tables[name] && said["dropped-table"][k]:
			t.Errorf("table %s has come back", name)
		case !tables[name] && !said["dropping-table"][k]:
			t.Errorf("table %s was acknowledged and is not there", name)
		case tables[name] && cell(t, db, "select count(*) from "+name) != int64(1):
			t.Errorf("table %s is there without its row", name)
		}
	}
	checkDatabases(t, s, said)
}

func tablesOf(t *testing.T, db *Database) map[string]bool {
	t.Helper()
	results, err := db.Batch(context.Background(), []Statement{{SQL: "select name from sqlite_master where type = 'table'"}})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, row := range results[0].Values() {
		names[row[0].(string)] = true
	}
	return names
}

// checkDatabases compares the index with the files and with what was said.
func checkDatabases(t *testing.T, s testService, said crashLog) {
	t.Helper()
	page, err := s.Databases(context.Background(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	there, files := map[string]bool{}, map[string]bool{}
	for _, db := range page.Databases {
		there[db.Name], files[filepath.Base(db.Path())] = true, true
		if _, err := os.Stat(db.Path()); errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is in the index and has no file", db.Name)
			continue
		}
		if said["deleted"][db.Name] {
			t.Errorf("%s was deleted and is back", db.Name)
		}
		if v := cell(t, db, "pragma quick_check"); v != "ok" {
			t.Errorf("%s: %v", db.Name, v)
		}
		if said["filled"][db.Name] && cell(t, db, "select count(*) from x") != int64(1) {
			t.Errorf("%s has lost its row", db.Name)
		}
	}
	for name := range said["created"] {
		if !there[name] && !said["deleting"][name] {
			t.Errorf("%s was created and is not there", name)
		}
	}
	found, err := filepath.Glob(filepath.Join(s.dir, "*.sqlite*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		name := filepath.Base(path)
		if !files[strings.TrimSuffix(strings.TrimSuffix(name, "-wal"), "-shm")] {
			t.Errorf("%s belongs to no database", name)
		}
	}
}

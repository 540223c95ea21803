package d1

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// opened is a dump as a database of its own.
func opened(t *testing.T, dump []byte) *Database {
	t.Helper()
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "dumped")
	if err := os.WriteFile(db.Path(), dump, 0o644); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestDumpIsTheDatabaseOfOneMoment(t *testing.T) {
	ctx := context.Background()
	db := openAt(t, t.TempDir(), Options{NoSync: true}).create(t, "x")
	script(t, db, `create table t(a); create index ta on t(a);
		with recursive n(i) as (select 1 union all select i+1 from n where i<2000) insert into t select randomblob(3000) from n;`)
	cn, err := db.pool.write(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.pool.give(cn)
	if err := cn.begin(true); err != nil {
		t.Fatal(err)
	}
	defer cn.rollback()
	if _, err := cn.query("delete from t"); err != nil {
		t.Fatal(err)
	}
	// A writer in the middle of its work neither stops the dump nor is seen by it.
	var dump bytes.Buffer
	if err := db.Dump(ctx, &dump); err != nil {
		t.Fatal(err)
	}
	again := opened(t, dump.Bytes())
	if n := cell(t, again, "select count(*) from t"); n != int64(2000) {
		t.Errorf("%v rows", n)
	}
	if said := cell(t, again, "pragma quick_check"); said != "ok" {
		t.Errorf("quick_check: %v", said)
	}
	if journal := dump.Bytes()[18]; journal != 1 {
		t.Errorf("the copy wants a write-ahead log: %d", journal)
	}
}

func TestDumpOnTheWire(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true})
	for name, sql := range map[string]string{"empty": "select 1", "full": "create table t(a); insert into t values ('x')"} {
		t.Run(name, func(t *testing.T) {
			db := s.create(t, name)
			script(t, db, sql)
			resp := dumped(t, s.Wire(db.ID))
			dump, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/octet-stream" || resp.ContentLength != int64(len(dump)) {
				t.Fatalf("%d %v, %d bytes of %d: %v", resp.StatusCode, resp.Header, len(dump), resp.ContentLength, err)
			}
			if a, b := cell(t, opened(t, dump), "select count(*) from sqlite_master"), cell(t, db, "select count(*) from sqlite_master"); a != b {
				t.Errorf("%v tables of %v", a, b)
			}
		})
	}
	if resp := dumped(t, s.Wire("nope")); resp.StatusCode != 404 {
		t.Errorf("no such database: %d", resp.StatusCode)
	}
	if left, _ := filepath.Glob(dir + "/.dump*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDumpEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	db := openAt(t, dir, Options{NoSync: true}).create(t, "x")
	script(t, db, "create table t(a)")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := db.Dump(ctx, io.Discard); err == nil {
		t.Error("no error")
	}
	if left, _ := filepath.Glob(dir + "/.dump*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	script(t, db, "insert into t values (1)") // the connection works on
}

func dumped(t *testing.T, wire http.RoundTripper) *http.Response {
	t.Helper()
	req, err := http.NewRequest("POST", "http://d1/dump", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := wire.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

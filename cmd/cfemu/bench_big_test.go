package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkBigDatabase measures reads on a database of 5 GB, which it makes in the temporary folder and
// removes, beside the same reads on a small one. `make bench-long` runs it.
func BenchmarkBigDatabase(b *testing.B) {
	if os.Getenv("CFEMU_LONG") == "" {
		b.Skip("it writes 5 GB: `make bench-long` runs it")
	}
	h := &benchHouse{table: &benchTable{}}
	repo, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	h.cfemu = filepath.Join(repo, "bin", "cfemu")
	b.Cleanup(func() { h.table.print(os.Stdout) })
	b.Run("reads", once(h.bigReads))
}

const (
	bigRowBytes = 1000
	bigRows     = 5_000_000
	smallRows   = 20_000
)

// bigReads: 50 rows from a random place.
func (h *benchHouse) bigReads(b *testing.B) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(b.TempDir(), &disk); err != nil {
		b.Fatal(err)
	}
	if free, need := int64(disk.Bavail)*int64(disk.Bsize), int64(2*bigRows*bigRowBytes); free < need {
		b.Fatalf("%s has %d bytes free: %d are needed (TMPDIR names another folder)", os.TempDir(), free, need)
	}
	small, big := h.launchFilled(b, smallRows), h.launchFilled(b, bigRows)
	defer small.stop(b)
	defer big.stop(b)
	f := figure{name: "D1, 50 rows out of 5 GB", unit: "req/s", aim: 0.8, yardstick: "the same out of 20 MB"}
	of := newLoad(b, small, fmt.Sprintf("/random?n=%d", smallRows-50), []byte("true"), benchClients)
	with := newLoad(b, big, fmt.Sprintf("/random?n=%d", bigRows-50), []byte("true"), benchClients)
	defer of.close()
	defer with.close()
	const requests = 1000
	of.run(b, requests)
	with.run(b, requests)
	for range 12 {
		fast, slow := of.run(b, requests), with.run(b, requests)
		f.bare.add(fast)
		f.cfemu.add(slow)
		f.ratios.add(slow / fast)
	}
	h.table.add(b, f)
}

// launchFilled starts cfemu with a database that has a table of that many rows.
func (h *benchHouse) launchFilled(b *testing.B, rows int) *benchServer {
	b.Helper()
	dir := d1Project(b, 0)
	h.launchD1(b, dir).stop(b)
	files, err := filepath.Glob(filepath.Join(dir, ".cfemu", "state", "d1", "*.sqlite"))
	if err != nil || len(files) != 1 {
		b.Fatalf("no single database: %q, %v", files, err)
	}
	db, err := sql.Open("sqlite3", files[0]+"?_journal_mode=OFF&_synchronous=OFF")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, text := range []string{
		"CREATE TABLE big (id INTEGER PRIMARY KEY, body TEXT)",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO big SELECT i, printf('%%0%dd', i) FROM n", rows, bigRowBytes),
		"PRAGMA journal_mode=WAL",
	} {
		if _, err := db.Exec(text); err != nil {
			b.Fatal(err)
		}
	}
	return h.launchD1(b, dir)
}

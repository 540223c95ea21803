package d1

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const benchRows = 100_000

// benchDump is a dump of one table as `wrangler d1 export` writes it.
func benchDump(rows int) string {
	var b strings.Builder
	b.WriteString("PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE invoices(id integer primary key, number text, amount real, status text, note text);\n")
	for i := range rows {
		fmt.Fprintf(&b, "INSERT INTO \"invoices\" (\"id\",\"number\",\"amount\",\"status\",\"note\") VALUES(%d,'INV-%d',%d.5,'paid','thank you for your business');\n", i+1, i, i)
	}
	return b.String()
}

// BenchmarkImportDump imports a dump of 100 000 rows into an empty database.
func BenchmarkImportDump(b *testing.B) {
	dump := benchDump(benchRows)
	b.SetBytes(int64(len(dump)))
	s := openAt(b, b.TempDir(), Options{})
	for n := 0; b.Loop(); n++ {
		r, err := s.create(b, fmt.Sprintf("bench-%d", n)).Import(context.Background(), strings.NewReader(dump))
		if err != nil || r.Count != benchRows+2 {
			b.Fatal(r.Count, err)
		}
	}
}

// BenchmarkImportDumpBare is the same by go-sqlite3: a statement at a time, in one transaction. Given the
// whole dump at once it takes minutes, as it copies what is left of it for each statement.
func BenchmarkImportDumpBare(b *testing.B) {
	dump := benchDump(benchRows)
	b.SetBytes(int64(len(dump)))
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		db, err := sql.Open("sqlite3", filepath.Join(dir, fmt.Sprint(n))+"?_journal_mode=WAL&_synchronous=FULL")
		if err != nil {
			b.Fatal(err)
		}
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(dump) {
			if _, err := tx.Exec(line); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSplit reads the statements of a dump and runs none.
func BenchmarkSplit(b *testing.B) {
	dump := benchDump(benchRows)
	b.SetBytes(int64(len(dump)))
	for b.Loop() {
		s := newScript(strings.NewReader(dump))
		n := 0
		for {
			if _, err := s.next(); err != nil {
				break
			}
			n++
		}
		if n != benchRows+2 {
			b.Fatal(n)
		}
	}
}

// BenchmarkInsights is what counting adds to a query.
func BenchmarkInsights(b *testing.B) {
	s := openAt(b, b.TempDir(), Options{})
	stmts := []Statement{{SQL: benchQuery + "?"}}
	results := []Result{{Meta: Meta{Duration: 1000, RowsRead: 50}}}
	b.ReportAllocs()
	for b.Loop() {
		s.insights.batch("00000000-0000-4000-8000-000000000001", stmts, results)
	}
}

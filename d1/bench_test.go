package d1

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

const benchSchema = `create table invoices(id integer primary key, number text, amount real, status text, note text);
	with recursive n(i) as (select 1 union all select i+1 from n where i<1000)
	insert into invoices select i, 'INV-'||i, i*1.5, 'paid', 'thank you for your business' from n;`

const benchQuery = "select id, number, amount, status, note from invoices order by id desc limit "

// BenchmarkWire is a query through the wire, request body to response body.
func BenchmarkWire(b *testing.B) {
	s := openAt(b, b.TempDir(), Options{})
	db := s.create(b, "bench")
	if _, err := db.Exec(context.Background(), benchSchema); err != nil {
		b.Fatal(err)
	}
	w := s.Wire(db.ID)
	for _, n := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			body := fmt.Sprintf(`{"sql":%q,"params":[%d]}`, benchQuery+"?", n)
			b.ReportAllocs()
			for b.Loop() {
				req, _ := http.NewRequest("POST", "http://d1/query?resultsFormat=ROWS_AND_COLUMNS", strings.NewReader(body))
				resp, err := w.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDriver is the same query through database/sql, as a yardstick.
func BenchmarkDriver(b *testing.B) {
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "bench.sqlite")+"?_journal_mode=WAL")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(benchSchema); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 50, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			stmt, err := db.Prepare(benchQuery + "?")
			if err != nil {
				b.Fatal(err)
			}
			defer stmt.Close()
			b.ReportAllocs()
			for b.Loop() {
				rows, err := stmt.Query(n)
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
					var id int64
					var number, status, note string
					var amount float64
					if err := rows.Scan(&id, &number, &amount, &status, &note); err != nil {
						b.Fatal(err)
					}
				}
				if err := rows.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInsert is one durable insert through the wire.
func BenchmarkInsert(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("nosync=%v", noSync), func(b *testing.B) {
			s := openAt(b, b.TempDir(), Options{NoSync: noSync})
			db := s.create(b, "bench")
			if _, err := db.Exec(context.Background(), benchSchema); err != nil {
				b.Fatal(err)
			}
			w := s.Wire(db.ID)
			body := `{"sql":"insert into invoices(number, amount, status) values (?,?,?)","params":["INV",1.5,"new"]}`
			for b.Loop() {
				req, _ := http.NewRequest("POST", "http://d1/execute?resultsFormat=NONE", strings.NewReader(body))
				resp, err := w.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
			}
		})
	}
}

// importSeed is a seed file of n inserts into an empty table, each in a line.
func importSeed(n int) string {
	var seed strings.Builder
	seed.WriteString("DROP TABLE IF EXISTS invoices; CREATE TABLE invoices(id INTEGER PRIMARY KEY, number TEXT, amount REAL, status TEXT, note TEXT);\n")
	for i := range n {
		fmt.Fprintf(&seed, "INSERT INTO invoices(number, amount, status, note) VALUES ('INV-%d', %d.5, 'paid', 'thank you for your business');\n", i, i)
	}
	return seed.String()
}

// BenchmarkImport is a seed file of 20 000 inserts.
func BenchmarkImport(b *testing.B) {
	db := openAt(b, b.TempDir(), Options{}).create(b, "bench")
	seed := importSeed(20_000)
	for b.Loop() {
		if _, err := db.Import(context.Background(), strings.NewReader(seed)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDriverImport is the same through database/sql, line by line.
func BenchmarkDriverImport(b *testing.B) {
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "bench.sqlite")+"?_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	seed := importSeed(20_000)
	for b.Loop() {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(seed) {
			if _, err := tx.Exec(line); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReset empties a database that is in use and asks it again.
func BenchmarkReset(b *testing.B) {
	s := openAt(b, b.TempDir(), Options{})
	db := s.create(b, "bench")
	for b.Loop() {
		if err := s.Reset(context.Background()); err != nil {
			b.Fatal(err)
		}
		if _, err := db.Exec(context.Background(), "create table t(a)"); err != nil {
			b.Fatal(err)
		}
	}
}

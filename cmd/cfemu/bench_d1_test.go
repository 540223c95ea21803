package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// What both sides of the D1 figures ask. The bare server reads columns as a Worker gets them.
const (
	d1Columns = "id, number, amount, status, note"
	d1Point   = "SELECT " + d1Columns + " FROM invoices WHERE id = ?"
	d1Newest  = "SELECT " + d1Columns + " FROM invoices WHERE id <= 5000 ORDER BY id DESC LIMIT ?"
	d1Insert  = "INSERT INTO invoices (number, amount, status, note) VALUES (?, ?, ?, ?)"
	d1Schema  = "CREATE TABLE invoices (id INTEGER PRIMARY KEY, number TEXT, amount REAL, status TEXT, note TEXT);\n"
	d1Seeded  = 5000 // rows for the reads
)

const d1Worker = `
const invoice = n => ["INV-" + n, n * 1.5, "paid", "thank you for your business"]
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const n = Number(searchParams.get("n"))
    switch (pathname) {
      case "/health": return Response.json({ ok: true, service: "invoice-api" })
      case "/row": return Response.json(await env.DB.prepare("` + d1Point + `").bind(n).first())
      case "/rows": return Response.json((await env.DB.prepare("` + d1Newest + `").bind(n).all()).results)
      case "/insert":
        await env.DB.prepare("` + d1Insert + `").bind(...invoice(n)).run()
        return Response.json("inserted")
      case "/batch": {
        const insert = env.DB.prepare("` + d1Insert + `")
        await env.DB.batch(Array.from({ length: n }, (_, i) => insert.bind(...invoice(i))))
        return Response.json("inserted")
      }
      case "/calls":
        for (let i = 1; i <= n; i++) await env.DB.prepare("` + d1Point + `").bind(i % 1000 + 1).first()
        return Response.json("called")
      case "/count": return Response.json(await env.DB.prepare("SELECT count(*) AS n FROM invoices").first("n"))
      case "/random": {
        const id = 1 + Math.floor(Math.random() * n)
        const { results } = await env.DB.prepare("SELECT id, body FROM big WHERE id BETWEEN ? AND ?").bind(id, id + 49).all()
        return Response.json(results.length > 0 && results[0].id === id)
      }
    }
    return new Response("", { status: 404 })
  },
}
`

// d1Project is a project with that Worker. seed is how many rows its seed file inserts, a statement each.
func d1Project(b *testing.B, seed int) string {
	b.Helper()
	var rows strings.Builder
	for n := 1; n <= seed; n++ {
		fmt.Fprintf(&rows, "INSERT INTO invoices (number, amount, status, note) VALUES ('INV-%d', %g, 'paid', 'thank you for your business');\n", n, float64(n)*1.5)
	}
	dir := b.TempDir()
	for name, text := range map[string]string{
		"index.js":            d1Worker,
		"wrangler.json":       `{"name":"d1","main":"index.js","compatibility_date":"2026-01-20","d1_databases":[{"binding":"DB","database_name":"bench"}]}`,
		"migrations/0001.sql": d1Schema,
		"seed/d1/DB.sql":      rows.String(),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func (h *benchHouse) launchD1(b *testing.B, dir string, flags ...string) *benchServer {
	b.Helper()
	port := freePort(b)
	return startServer(b, exec.Command(h.cfemu, append([]string{"up", dir, "--port", port, "--control-port", freePort(b), "--s3-port", "0", "--outbound", "deny"}, flags...)...), port)
}

func launchBareD1(b *testing.B, dir string, flags ...string) *benchServer {
	b.Helper()
	port := freePort(b)
	return startServer(b, benchProcess(b, "bare-d1", append([]string{port, filepath.Join(dir, "seed", "d1", "DB.sql"), b.TempDir()}, flags...)...), port)
}

// d1: the same work by the binding in a Worker and by go-sqlite3 in a handler, durable alike, both over HTTP.
func (h *benchHouse) d1(b *testing.B) {
	dir := d1Project(b, d1Seeded)
	s, y := h.launchD1(b, dir, "--seed"), launchBareD1(b, dir, "seed")
	defer y.stop(b)
	defer s.stop(b)
	for _, r := range []struct {
		name, path string
		aim        float64
	}{
		{"D1, a row by its id", "/row?n=77", 0.5},
		{"D1, 50 rows", "/rows?n=50", 0.5},
		{"D1, 1000 rows", "/rows?n=1000", 0},
		{"D1, an insert", "/insert?n=1", 0},
		{"D1, a batch of 100 inserts", "/batch?n=100", 0},
	} {
		body := bytes.Clone(y.get(b, r.path))
		slow, fast := newLoad(b, s, r.path, body, benchClients), newLoad(b, y, r.path, body, benchClients)
		h.pairs(b, figure{name: r.name, unit: "req/s", aim: r.aim}, slow, fast)
	}
	h.d1Calls(b, s, y)
}

// d1Calls: what one call of the binding costs inside a Worker.
func (h *benchHouse) d1Calls(b *testing.B, s, y *benchServer) {
	f := figure{name: "a call of env.DB", unit: "µs", yardstick: "the same query in a loop of the bare server"}
	const calls = 2000
	for range 5 {
		for server, into := range map[*benchServer]*series{s: &f.cfemu, y: &f.bare} {
			took := clock.Stopwatch()
			server.get(b, fmt.Sprintf("/calls?n=%d", calls))
			into.add(float64(took().Microseconds()) / calls)
		}
	}
	h.table.add(b, f)
}

// d1Import: a seed file of 100 000 inserts, in one transaction. A reset without seed is taken off.
func (h *benchHouse) d1Import(b *testing.B) {
	const rows = 100_000
	dir := d1Project(b, rows)
	s, y := h.launchD1(b, dir), launchBareD1(b, dir)
	defer y.stop(b)
	defer s.stop(b)
	run, err := emulator.FindRun(dir)
	if err != nil {
		b.Fatal(err)
	}
	reset := func(seed bool) float64 {
		took := clock.Stopwatch()
		if err := call(b.Context(), run, http.MethodPost, "/reset", map[string]any{"seed": seed, "products": []string{"d1"}}, nil); err != nil {
			b.Fatal(err)
		}
		return took().Seconds()
	}
	bareReset := func(path string) float64 {
		took := clock.Stopwatch()
		y.get(b, path)
		return took().Seconds()
	}
	f := figure{name: "D1, 100 000 rows imported", unit: "rows/s", aim: 0.7}
	for range 4 {
		of := rows / (bareReset("/reset?seed=1") - bareReset("/reset"))
		with := rows / (-reset(false) + reset(true))
		f.bare.add(of)
		f.cfemu.add(with)
		f.ratios.add(with / of)
		if n := string(s.get(b, "/count")); n != strconv.Itoa(rows) {
			b.Fatalf("%s rows are there", n)
		}
	}
	h.table.add(b, f)
}

// A bareD1 answers as d1Worker does, by hand: net/http, database/sql and go-sqlite3.
type bareD1 struct {
	seed, file  string
	read, write *sql.DB
}

// serveBareD1 serves until it is told to stop. The arguments are the port, the seed file, a folder, and
// "seed" to load that file first.
func serveBareD1(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := &bareD1{seed: args[1], file: filepath.Join(args[2], "bench.sqlite")}
	if err := s.fill(slices.Contains(args[3:], "seed")); err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, healthBody) })
	for path, f := range map[string]func(context.Context, int) (any, error){
		"/row": func(ctx context.Context, n int) (any, error) {
			rows, err := s.rows(ctx, d1Point, n)
			if err != nil || len(rows) == 0 {
				return nil, err
			}
			return rows[0], nil
		},
		"/rows":   func(ctx context.Context, n int) (any, error) { return s.rows(ctx, d1Newest, n) },
		"/insert": func(ctx context.Context, n int) (any, error) { return "inserted", s.insert(ctx, 1) },
		"/batch":  func(ctx context.Context, n int) (any, error) { return "inserted", s.insert(ctx, n) },
		"/calls":  func(ctx context.Context, n int) (any, error) { return "called", s.calls(ctx, n) },
	} {
		routes.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			n, err := strconv.Atoi(r.URL.Query().Get("n"))
			var v any
			if err == nil {
				v, err = f(r.Context(), n)
			}
			answer(w, v, err)
		})
	}
	routes.HandleFunc("GET /reset", func(w http.ResponseWriter, r *http.Request) {
		answer(w, "reset", s.fill(r.URL.Query().Has("seed")))
	})
	server := &http.Server{Handler: routes}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// fill begins with an empty table and, with seed, imports the seed file.
func (s *bareD1) fill(seed bool) (err error) {
	if s.read != nil {
		if err := errors.Join(s.read.Close(), s.write.Close()); err != nil {
			return err
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	const durable = "?_journal_mode=WAL&_synchronous=FULL"
	if s.write, err = sql.Open("sqlite3", s.file+durable); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite3", s.file+durable); err != nil {
		return err
	}
	if _, err := s.write.Exec(d1Schema); err != nil || !seed {
		return err
	}
	return s.load()
}

// load runs the seed file's lines, each a statement. All of it in one Exec would copy the rest of the
// file for each of them.
func (s *bareD1) load() error {
	seed, err := os.Open(s.seed)
	if err != nil {
		return err
	}
	defer seed.Close()
	tx, err := s.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	lines := bufio.NewScanner(seed)
	for lines.Scan() {
		if _, err := tx.Exec(lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return tx.Commit()
}

type bareRow struct {
	ID     int64   `json:"id"`
	Number string  `json:"number"`
	Amount float64 `json:"amount"`
	Status string  `json:"status"`
	Note   string  `json:"note"`
}

func (s *bareD1) rows(ctx context.Context, query string, n int) ([]bareRow, error) {
	rows, err := s.read.QueryContext(ctx, query, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []bareRow{}
	for rows.Next() {
		var r bareRow
		if err := rows.Scan(&r.ID, &r.Number, &r.Amount, &r.Status, &r.Note); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// insert inserts n rows in one transaction.
func (s *bareD1) insert(ctx context.Context, n int) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert, err := tx.PrepareContext(ctx, d1Insert)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := insert.ExecContext(ctx, "INV-"+strconv.Itoa(i), float64(i)*1.5, "paid", "thank you for your business"); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *bareD1) calls(ctx context.Context, n int) error {
	for i := range n {
		if _, err := s.rows(ctx, d1Point, i%1000+1); err != nil {
			return err
		}
	}
	return nil
}

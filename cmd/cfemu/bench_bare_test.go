package main

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"github.com/cfemu/cfemu/internal/clock"
)

// A bareServer is the yardstick: what one would write by hand, with net/http and database/sql, to
// answer /health and /invoices as the sample project's Worker does.
type bareServer struct {
	project string
	dir     string // of its own data

	mu sync.RWMutex // guards db against a reset
	db *sql.DB
}

// serveBare serves until it is told to stop. The arguments are the port, the project, and a folder
// for data; with "migrations", and maybe "seed", it begins with a database of its own in there, else
// with the one that cfemu keeps in the project.
func serveBare(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := &bareServer{project: args[1], dir: args[2]}
	var err error
	if slices.Contains(args, "migrations") {
		err = s.fill(slices.Contains(args, "seed"))
	} else {
		var files []string
		if files, err = filepath.Glob(filepath.Join(s.project, ".cfemu", "state", "d1", "*.sqlite")); err == nil && len(files) != 1 {
			err = fmt.Errorf("no single database: %q", files)
		}
		if err == nil {
			s.db, err = sql.Open("sqlite3", files[0])
		}
	}
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, struct {
			OK      bool   `json:"ok"`
			Service string `json:"service"`
		}{true, "invoice-api"}, nil)
	})
	routes.HandleFunc("GET /invoices", func(w http.ResponseWriter, r *http.Request) {
		list, err := s.invoices(r.Context())
		answer(w, map[string]any{"invoices": list}, err)
	})
	routes.HandleFunc("GET /wait", func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			if err := clock.Sleep(r.Context(), clock.System, 5*time.Millisecond); err != nil {
				return
			}
		}
		io.WriteString(w, "waited")
	})
	routes.HandleFunc("PUT /bytes", func(w http.ResponseWriter, r *http.Request) { answer(w, "stored", s.store(r.Body)) })
	routes.HandleFunc("GET /bytes", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, s.bytes()) })
	routes.HandleFunc("GET /reset", func(w http.ResponseWriter, r *http.Request) {
		answer(w, "reset", s.fill(r.URL.Query().Has("seed")))
	})
	server := &http.Server{Handler: routes}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return s.db.Close()
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

type bareInvoice struct {
	ID     int64  `json:"id"`
	Number string `json:"invoice_number"`
	Amount int64  `json:"amount"`
	Status string `json:"status"`
}

func (s *bareServer) invoices(ctx context.Context) ([]bareInvoice, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows, err := s.db.QueryContext(ctx, "SELECT id, invoice_number, amount, status FROM invoices ORDER BY id DESC LIMIT 50")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []bareInvoice{}
	for rows.Next() {
		var i bareInvoice
		if err := rows.Scan(&i.ID, &i.Number, &i.Amount, &i.Status); err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, rows.Err()
}

func (s *bareServer) bytes() string { return filepath.Join(s.dir, "bytes") }

// store writes a file as carefully as an object store has to.
func (s *bareServer) store(body io.Reader) error {
	f, err := os.Create(s.bytes())
	if err != nil {
		return err
	}
	_, err = io.Copy(io.MultiWriter(f, md5.New()), body)
	return errors.Join(err, f.Sync(), f.Close())
}

// fill empties the data folder and applies the project's migrations and, with seed, its seed files.
func (s *bareServer) fill(seed bool) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			return err
		}
	}
	data := filepath.Join(s.dir, "data")
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	if s.db, err = sql.Open("sqlite3", filepath.Join(data, "invoices.sqlite")); err != nil {
		return err
	}
	scripts, err := filepath.Glob(filepath.Join(s.project, "migrations", "*.sql"))
	if err != nil {
		return err
	}
	if seed {
		scripts = append(scripts, filepath.Join(s.project, "seed", "d1", "DB.sql"))
		if err := os.CopyFS(filepath.Join(data, "pdfs"), os.DirFS(filepath.Join(s.project, "seed", "r2"))); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := s.db.Exec("BEGIN;\n" + string(text) + "\nCOMMIT;"); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

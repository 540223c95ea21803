package kv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	bolt "go.etcd.io/bbolt"
)

// TestMain lets the test binary stand in for a process that is going to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir)
	}
	if dir := os.Getenv(nobodyDir); dir != "" {
		if err := openAsNobody(dir); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// epoch is where the clocks of tests begin: the middle of a second, since expirations are whole ones.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)

func frozen() *clock.Movable {
	c := clock.NewMovable()
	c.Freeze()
	c.Set(epoch)
	return c
}

type tb interface {
	Helper()
	Cleanup(func())
	Fatal(...any)
	Errorf(string, ...any)
}

// open opens a service that is closed, and whose file is checked, at the end of the test.
func open(t tb, dir string, opts Options) *Service {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.store.db.Path() != "" {
			shut(t, s)
		}
	})
	return s
}

func shut(t tb, s *Service) {
	t.Helper()
	s.sweeper.stop() // bbolt's check must not meet a writer
	if err := s.store.db.View(inspect); err != nil {
		t.Errorf("kv.db is inconsistent: %v", err)
	}
	if err := s.store.db.View(checkPages); err != nil {
		t.Errorf("kv.db is damaged: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func openOne(t testing.TB, opts Options) *Namespace {
	t.Helper()
	opts.NoSync = true
	n, err := open(t, t.TempDir(), opts).Create(t.Context(), "SESSIONS")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkPages is bbolt's own check.
func checkPages(tx *bolt.Tx) (err error) {
	for e := range tx.Check() {
		err = errors.Join(err, e)
	}
	return err
}

// inspect checks what must hold between the parts of the file: every chunk belongs to a value, every
// value is whole, and the index of expirations has exactly the keys that expire.
func inspect(tx *bolt.Tx) error {
	rows, err := namespacesIn(tx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		d, ok := dataIn(tx, row.ID)
		if !ok {
			return fmt.Errorf("namespace %s has no data", row.ID)
		}
		chunks, expiring := 0, 0
		err := d.keys.ForEach(func(k, v []byte) error {
			r, err := decodeRecord(v)
			if err != nil {
				return err
			}
			if _, err := d.value(r); err != nil {
				return fmt.Errorf("key %q: %w", k, err)
			}
			if r.number != 0 {
				chunks += (r.size + chunkBytes - 1) / chunkBytes
			}
			if r.expires != 0 {
				expiring++
				if c, _ := d.expiry.Cursor().Seek(expiryKey(r.expires, k)); string(c) != string(expiryKey(r.expires, k)) {
					return fmt.Errorf("key %q expires and is not in the index", k)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := count(d.chunks); n != chunks {
			return fmt.Errorf("%d chunks, the values have %d", n, chunks)
		}
		if n := count(d.expiry); n != expiring {
			return fmt.Errorf("%d expirations, the keys have %d", n, expiring)
		}
	}
	return nil
}

func count(b *bolt.Bucket) (n int) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		n++
	}
	return n
}

// value reads what is under key; "absent" when there is nothing.
func value(t testing.TB, n *Namespace, key string) string {
	t.Helper()
	e, err := n.Get(t.Context(), key)
	if code(err) == CodeKeyNotFound {
		return "absent"
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	b, err := io.ReadAll(e.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(t testing.TB, n *Namespace, key, value string, o PutOptions) {
	t.Helper()
	if err := n.Put(t.Context(), key, strings.NewReader(value), o); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func code(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// stored counts what is in a namespace's part of the file, expired or not.
func stored(t tb, n *Namespace) (keys int) {
	t.Helper()
	if err := n.view(func(d data) error { keys = count(d.keys); return nil }); err != nil {
		t.Fatal(err)
	}
	return keys
}

package r2

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	bolt "go.etcd.io/bbolt"
)

// TestMain lets the test binary stand in for a process that is going to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crash(dir, os.Getenv(crashPoint))
	}
	if dir := os.Getenv(nobodyDir); dir != "" {
		if err := openAsNobody(dir); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// epoch is where the clocks of tests begin.
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

// open opens a service that is closed, and whose files are checked, at the end of the test.
func open(t tb, dir string, opts Options) *Service {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.index.db.Path() != "" {
			shut(t, s)
		}
	})
	return s
}

func shut(t tb, s *Service) {
	t.Helper()
	<-s.sweep.done
	if err := inspect(s); err != nil {
		t.Errorf("%s is inconsistent: %v", s.blobs.dir, err)
	}
	if err := s.index.db.View(checkPages); err != nil {
		t.Errorf("index.db is damaged: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := os.Stat(s.blobs.cleanMark()); err != nil {
		t.Errorf("not clean after Close: %v", err)
	}
}

func openOne(t testing.TB, opts Options) *Bucket {
	t.Helper()
	opts.NoSync = true
	s := open(t, t.TempDir(), opts)
	s.ids.source = &counter{}
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A counter is a source of ids that repeats itself from test to test.
type counter struct {
	mu sync.Mutex
	n  uint64
}

func (c *counter) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, c.n))
	return copy(p, sum[:]), nil
}

// checkPages is bbolt's own check.
func checkPages(tx *bolt.Tx) (err error) {
	for e := range tx.Check() {
		err = errors.Join(err, e)
	}
	return err
}

// inspect checks that the files below blobs/ are those that the index names, and of their sizes, and
// that nothing is half done.
func inspect(s *Service) error {
	want := map[string]int64{}
	err := s.index.db.View(func(tx *bolt.Tx) error {
		rows, err := bucketsIn(tx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			c, ok := contentIn(tx, row.Name)
			if !ok {
				return fmt.Errorf("bucket %s has no content", row.Name)
			}
			err := c.objects.ForEach(func(k, _ []byte) error {
				o, err := getRow[objectRow](c.objects, k)
				if err != nil {
					return err
				}
				size := int64(len(o.small))
				for _, b := range o.Blobs {
					want[b.Name] = b.Size
					size += b.Size
				}
				if size != o.Size {
					return fmt.Errorf("object %q of %d bytes has %d", k, o.Size, size)
				}
				return nil
			})
			if err != nil {
				return err
			}
			err = c.parts.ForEach(func(k, _ []byte) error {
				p, err := getRow[partRow](c.parts, k)
				if err == nil {
					want[p.Blob.Name] = p.Blob.Size
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name, size := range blobFiles(s) {
		if s.blobs.doomed[name] {
			continue // someone reads it yet
		}
		if want[name] != size {
			return fmt.Errorf("blob %s has %d bytes, the index says %d", name, size, want[name])
		}
		delete(want, name)
	}
	for name, size := range want {
		if size > 0 {
			return fmt.Errorf("blob %s is not there", name)
		}
	}
	left, err := os.ReadDir(filepath.Join(s.blobs.dir, "tmp"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d files left in tmp", len(left))
	}
	return err
}

// blobFiles lists the files below blobs/ with their sizes.
func blobFiles(s *Service) map[string]int64 {
	files := map[string]int64{}
	filepath.WalkDir(filepath.Join(s.blobs.dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				files[d.Name()] = info.Size()
			}
		}
		return nil
	})
	return files
}

func put(t testing.TB, b *Bucket, key, body string, o PutOptions) *Object {
	t.Helper()
	object, err := b.Put(t.Context(), key, strings.NewReader(body), o)
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return object
}

// body reads what is under key; "absent" when there is nothing.
func body(t testing.TB, b *Bucket, key string) string {
	t.Helper()
	o, err := b.Get(t.Context(), key, GetOptions{})
	if code(err) == CodeNoSuchKey {
		return "absent"
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return drain(t, o)
}

func drain(t testing.TB, o *Object) string {
	t.Helper()
	got, err := io.ReadAll(o.Body)
	if err := errors.Join(err, o.Body.Close()); err != nil {
		t.Fatalf("read %q: %v", o.Key, err)
	}
	return string(got)
}

func code(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// pattern is a body in which every byte tells where it stands.
func pattern(size int) []byte {
	return bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz!"), size/37+1)[:size]
}

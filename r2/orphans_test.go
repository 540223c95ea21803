package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestOrphansAreSweptAfterOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	want := string(pattern(2 * maxSmallBytes)) // a blob
	kept := put(t, b, "k", want, PutOptions{}).Version
	shut(t, s)
	orphans := []string{
		filepath.Join(dir, "tmp", "half"),
		filepath.Join(dir, "blobs", kept[:2], kept[:2]+strings.Repeat("0", 30)),
		filepath.Join(dir, "blobs", "ff", strings.Repeat("f", 32)),
	}
	strange := filepath.Join(dir, "blobs", "ff", "notes.txt")
	for _, clean := range []bool{true, false} {
		for _, path := range append(orphans, strange) {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if !clean {
			if err := os.Remove(filepath.Join(dir, "clean")); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(dir, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		<-s.sweep.done
		for _, path := range orphans {
			if _, err := os.Stat(path); clean != (err == nil) {
				t.Errorf("after a clean Close: %v, orphan %s: %v", clean, path, err)
			}
		}
		if _, err := os.Stat(strange); err != nil {
			t.Errorf("somebody's own file: %v", err)
		}
		if b, err = s.Get(t.Context(), "invoices"); err != nil {
			t.Fatal(err)
		}
		if got := body(t, b, "k"); got != want {
			t.Errorf("got %d bytes", len(got))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is written, moved and removed while orphans are looked for is taken for one neither too soon nor too late.
func TestSweepGoesOnBesideWriters(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	blob := pattern(2 * maxSmallBytes)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	written := map[string]bool{}
	for w := range 4 {
		written[fmt.Sprint(w)] = true
		all.Go(func() {
			for i := 0; ctx.Err() == nil || i < 20; i++ {
				if err := writeSomething(context.WithoutCancel(ctx), b, fmt.Sprint(w), blob, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 40 {
		orphan := filepath.Join(dir, "blobs", fmt.Sprintf("%02x", i), fmt.Sprintf("%02x%030d", i, 0))
		if err := errors.Join(os.MkdirAll(filepath.Dir(orphan), 0o700), os.WriteFile(orphan, blob, 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := s.sweepOrphans(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(orphan); err == nil {
			t.Error("the orphan is still there")
		}
	}
	stop()
	all.Wait()
	for key := range written {
		if got := body(t, b, key); got != string(blob) {
			t.Errorf("%s has %d bytes", key, len(got))
		}
	}
}

// writeSomething puts, deletes and uploads a key in turn; every third time it is there again.
func writeSomething(ctx context.Context, b *Bucket, key string, blob []byte, i int) error {
	switch i % 3 {
	case 0:
		_, err := b.Put(ctx, key, bytes.NewReader(blob), PutOptions{})
		return err
	case 1:
		if err := b.Delete(ctx, key); err != nil {
			return err
		}
	}
	u, err := b.CreateUpload(ctx, key, PutOptions{})
	if err != nil {
		return err
	}
	p, err := b.UploadPart(ctx, *u, 1, bytes.NewReader(blob), PartOptions{})
	if err != nil {
		return err
	}
	_, err = b.CompleteUpload(ctx, *u, []Part{*p})
	return err
}

// A sweep that was not finished leaves no mark that there is nothing to sweep.
func TestSweepThatIsCutShortBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "k", string(pattern(2*maxSmallBytes)), PutOptions{})
	shut(t, s)
	if err := os.Remove(s.blobs.cleanMark()); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	<-s.sweep.done
	s.blobs.swept = false
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.blobs.cleanMark()); err == nil {
		t.Error("marked as clean")
	}
}

func TestBodiesWithoutAnIndexAreKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "k", string(pattern(2*maxSmallBytes)), PutOptions{})
	shut(t, s)
	index := filepath.Join(dir, "index.db")
	if err := os.Rename(index, index+".away"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the attempt leaves no index behind that would do
		_, err = Open(dir, Options{NoSync: true})
		if want := index + " is missing, and the objects' bodies are there: put it back, or move its whole folder away and start again with nothing"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Fatalf("got %v", err)
		}
	}
	if err := os.Rename(index+".away", index); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{NoSync: true})
	if b, err = s.Get(t.Context(), "invoices"); err != nil {
		t.Fatal(err)
	}
	if got := body(t, b, "k"); got != string(pattern(2*maxSmallBytes)) {
		t.Errorf("got %d bytes", len(got))
	}
}

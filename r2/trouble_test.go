package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/testkit"
	bolt "go.etcd.io/bbolt"
)

// objectNumber is a key with a body that is in the index, or a blob for every tenth.
func objectNumber(i int) (key, body string) {
	body = strings.Repeat(fmt.Sprint(i, "|"), 50)
	if i%10 == 0 {
		body = strings.Repeat(body, 100)
	}
	return fmt.Sprintf("key%05d", i), body
}

// fillDir makes a bucket "invoices" of so many objects in dir, and returns the path and content of the index.
func fillDir(t *testing.T, dir string, objects int) (path string, content []byte) {
	t.Helper()
	s := open(t, dir, Options{NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	for i := range objects {
		key, body := objectNumber(i)
		put(t, b, key, body, PutOptions{})
	}
	path = s.index.db.Path()
	shut(t, s)
	if content, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func flipped(content []byte, from, to int) []byte {
	b := bytes.Clone(content)
	for i := from; i < min(to, len(b)); i++ {
		b[i] ^= 0x5a
	}
	return b
}

func TestDamagedIndexIsNamedAndKept(t *testing.T) {
	dir := t.TempDir()
	path, whole := fillDir(t, dir, 300)
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
	if err != nil || len(blobs) != 30 {
		t.Fatalf("%d blobs, %v", len(blobs), err)
	}
	for name, content := range map[string][]byte{
		"garbage":           bytes.Repeat([]byte("garbage!"), 5000),
		"a few bytes":       []byte("x"),
		"both heads gone":   flipped(whole, 0, 8192),
		"all but its heads": flipped(whole, 8192, len(whole)),
		"cut short":         whole[:len(whole)/2],
		"cut to its heads":  whole[:8192+1000],
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), path+" is damaged and was left as it is: put a copy back, or move its whole folder away and start again with nothing") {
				t.Fatalf("got %v", err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
				t.Errorf("it was written to (%v)", err)
			}
			if now, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*")); err != nil || len(now) != len(blobs) {
				t.Errorf("%d blobs are left of %d (%v)", len(now), len(blobs), err)
			}
		})
	}
}

// A page that is damaged is seen by whoever comes by it, and by nobody else; nothing hangs and nothing dies.
func TestDamagedPageIsToldOfByWhatItHolds(t *testing.T) {
	const objects, page = 300, 4096
	full := t.TempDir()
	path, whole := fillDir(t, full, objects)
	told := 0
	for at := 2 * page; at < len(whole); at += 7 * page {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(full)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), flipped(whole, at, at+page), 0o600); err != nil {
			t.Fatal(err)
		}
		told += troubles(t, dir, objects)
	}
	if told == 0 {
		t.Error("no damage was told of")
	}
}

// troubles opens dir, reads and overwrites the objects, and returns how often it was told of damage.
func troubles(t *testing.T, dir string, objects int) (told int) {
	t.Helper()
	s, err := Open(dir, Options{NoSync: true})
	if err != nil {
		return 1
	}
	defer func() { s.sweep.stop(); <-s.sweep.done; s.index.db.Close() }()
	b, err := s.Get(t.Context(), "invoices")
	if err != nil {
		return 1
	}
	for i := range objects {
		key, want := objectNumber(i)
		o, err := b.Get(t.Context(), key, GetOptions{})
		var got []byte
		if err == nil {
			got, err = io.ReadAll(o.Body)
			err = errors.Join(err, o.Body.Close())
		}
		var trouble *boltfile.Trouble
		switch {
		case errors.As(err, &trouble):
			told++
		case err != nil && code(err) != CodeNoSuchKey:
			t.Fatalf("%s: %v", key, err)
		case err == nil && len(got) != len(want):
			t.Errorf("%s has %d bytes, want %d", key, len(got), len(want))
		}
		if _, err := b.Put(t.Context(), key, strings.NewReader("new"), PutOptions{}); err != nil && !errors.As(err, &trouble) {
			t.Fatalf("put %s: %v", key, err)
		}
	}
	return told
}

// Open does not read the objects: it costs the same for a million of them, and a bad one is nobody else's
// trouble.
func TestABadRowHindersNobodyElse(t *testing.T) {
	for name, clean := range map[string]bool{"after an orderly end": true, "after a kill": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fillDir(t, dir, 50)
			s := open(t, dir, Options{NoSync: true})
			bad, _ := objectNumber(20)
			err := s.index.db.Update(func(tx *bolt.Tx) error {
				c, _ := contentIn(tx, "invoices")
				return c.objects.Put([]byte(bad), []byte("no JSON"))
			})
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			if !clean {
				if err := os.Remove(s.blobs.cleanMark()); err != nil {
					t.Fatal(err)
				}
			}
			if s, err = Open(dir, Options{NoSync: true}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			b, err := s.Get(t.Context(), "invoices")
			if err != nil {
				t.Fatal(err)
			}
			<-s.sweep.done
			for i := range 50 {
				if key, want := objectNumber(i); key != bad && body(t, b, key) != want {
					t.Errorf("%s is another", key)
				}
			}
			_, err = b.Get(t.Context(), bad, GetOptions{})
			if want := s.index.db.Path() + " is damaged and was left as it is"; code(err) != CodeInternal || !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if n := len(blobFiles(s)); n != 5 {
				t.Errorf("%d blobs are left of 5: that of the bad object is to stay too", n)
			}
		})
	}
}

func TestMissingBlobIsTheTroubleOfItsObject(t *testing.T) {
	b := openOne(t, Options{})
	long := strings.Repeat("long", maxSmallBytes)
	put(t, b, "other", long, PutOptions{})
	put(t, b, "small", "small", PutOptions{})
	for _, key := range []string{"gone", "short"} {
		put(t, b, key, long, PutOptions{})
	}
	file := func(key string) string {
		row, err := b.find(key)
		if err != nil {
			t.Fatal(err)
		}
		return b.service.blobs.path(row.Blobs[0].Name)
	}
	gone := file("gone")
	if err := errors.Join(os.Remove(gone), os.Truncate(file("short"), 100)); err != nil {
		t.Fatal(err)
	}

	_, err := b.Get(t.Context(), "gone", GetOptions{})
	if want := "We encountered an internal error. Please try again. (cfemu: " + gone + " is missing: put it back)"; code(err) != CodeInternal || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	o, err := b.Get(t.Context(), "short", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(o.Body)
	if len(got) != 100 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes of a blob of 100, and %v", len(got), err)
	}
	o.Body.Close()

	if body(t, b, "other") != long || body(t, b, "small") != "small" {
		t.Error("the others are not as they were")
	}
	put(t, b, "gone", "again", PutOptions{})
	if got := body(t, b, "gone"); got != "again" {
		t.Errorf("got %q", got)
	}
	if err := b.Delete(t.Context(), "short"); err != nil {
		t.Error(err)
	}
}

func TestIndexInUseIsNamed(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	_, err := Open(dir, Options{})
	if want := filepath.Join(dir, "index.db") + " is in use by another process: end that, and start again"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// A crowd puts objects and parts until it is refused, and knows what was acknowledged.
type crowd struct {
	mu    sync.Mutex
	there map[string]string
	parts map[Upload]Part
}

func (c *crowd) add(ctx context.Context, b *Bucket, kind int, key string) error {
	body := strings.Repeat(key, 1+kind*2000)
	if kind == 2 {
		u, err := b.CreateUpload(ctx, key, PutOptions{})
		if err != nil {
			return err
		}
		p, err := b.UploadPart(ctx, *u, 1, strings.NewReader(body), PartOptions{})
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.parts[*u] = *p
		}
		return err
	}
	_, err := b.Put(ctx, key, strings.NewReader(body), PutOptions{})
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.there[key] = body
	}
	return err
}

// check looks whether there is what was acknowledged and nothing else.
func (c *crowd) check(t *testing.T, b *Bucket) {
	t.Helper()
	for key, want := range c.there {
		if got := body(t, b, key); got != want {
			t.Errorf("%s has %d bytes, acknowledged were %d", key, len(got), len(want))
		}
	}
	var objects, parts int
	err := b.view(func(in content) error {
		objects, parts = in.objects.Stats().KeyN, in.parts.Stats().KeyN
		return nil
	})
	if err != nil || objects != len(c.there) || parts != len(c.parts) {
		t.Errorf("%d objects and %d parts, acknowledged were %d and %d (%v)", objects, parts, len(c.there), len(c.parts), err)
	}
	if err := inspect(b.service); err != nil {
		t.Error(err)
	}
}

func TestFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := testkit.MountSmall(t, dir, 4<<20); err != nil {
		fmt.Fprintf(os.Stderr, "LEFT OUT: the test of a full disk, which needs to mount a tmpfs: %v\n", err)
		t.Skip(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "r2"), Options{})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{there: map[string]string{}, parts: map[Upload]Part{}}
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() {
			for i := 0; ; i++ {
				if err := c.add(context.Background(), b, w%3, fmt.Sprintf("w%d-%05d", w, i)); err != nil {
					if code(err) != CodeInternal || !strings.Contains(err.Error(), " has no room left on its disk, and nothing was changed: make room, and try again)") {
						t.Errorf("got %v", err)
					}
					return
				}
			}
		})
	}
	all.Wait()
	if len(c.there) < 20 || len(c.parts) < 5 {
		t.Errorf("full after %d objects and %d parts", len(c.there), len(c.parts))
	}
	c.check(t, b)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for kind := range 3 {
		if err := c.add(t.Context(), b, kind, fmt.Sprint("again", kind)); err != nil {
			t.Error(err)
		}
	}
	shut(t, s)
	s = open(t, filepath.Join(dir, "r2"), Options{})
	if b, err = s.Get(t.Context(), "invoices"); err != nil {
		t.Fatal(err)
	}
	c.check(t, b)
	for u, p := range c.parts {
		if _, err := b.CompleteUpload(t.Context(), u, []Part{p}); err != nil {
			t.Fatal(err)
		}
		if got := body(t, b, u.Key); got != strings.Repeat(u.Key, 4001) {
			t.Errorf("%s has %d bytes", u.Key, len(got))
		}
	}
}

const nobodyDir = "CFEMU_R2_NOBODY_DIR"

// openAsNobody opens dir, which root has made, as a user who may read and not write, and says what comes of it.
func openAsNobody(dir string) error {
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	_, err := Open(dir, Options{})
	fmt.Println(err)
	return nil
}

func TestReadOnlyFilesAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		exists bool
		folder os.FileMode
		names  string
	}{"the index": {true, 0o777, "/index.db"}, "a folder of nothing": {false, 0o555, ""}} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "cfemu-r2-") // t.TempDir is closed to other users
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			if tt.exists {
				path, _ := fillDir(t, dir, 1)
				if err := errors.Join(os.Chmod(path, 0o444), os.Chmod(filepath.Join(dir, "blobs"), 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(dir, tt.folder); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), nobodyDir+"="+dir)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if want := dir + tt.names + " cannot be written: make it and its folder writable for the user that runs cfemu"; !strings.HasPrefix(string(out), want) {
				t.Errorf("got  %s\nwant %s", out, want)
			}
		})
	}
}

package kv

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
)

// keyNumber is a key with a value that is inline, or of chunks for every tenth.
func keyNumber(i int) (key, value string) {
	value = strings.Repeat(fmt.Sprint(i, "|"), 50)
	if i%10 == 0 {
		value = strings.Repeat(value, 500)
	}
	return fmt.Sprintf("key%05d", i), value
}

// fillDir makes kv.db in dir with a namespace "n" of so many keys, and returns its path and content.
func fillDir(t *testing.T, dir string, keys int) (path string, content []byte) {
	t.Helper()
	s := open(t, dir, Options{NoSync: true})
	n, err := s.Create(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		key, value := keyNumber(i)
		put(t, n, key, value, PutOptions{})
	}
	path = s.store.db.Path()
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

func TestDamagedFileIsNamedAndKept(t *testing.T) {
	dir := t.TempDir()
	path, whole := fillDir(t, dir, 300)
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
		})
	}
}

// A page that is damaged is seen by whoever comes by it, and by nobody else; nothing hangs and nothing dies.
func TestDamagedPageIsToldOfByWhatItHolds(t *testing.T) {
	const keys, page = 300, 4096
	path, whole := fillDir(t, t.TempDir(), keys)
	told := 0
	for at := 2 * page; at < len(whole); at += 37 * page {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), flipped(whole, at, at+page), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{NoSync: true})
		if err != nil {
			told++
			continue
		}
		n, err := s.Get(t.Context(), "n")
		if err != nil {
			told++
			s.store.db.Close()
			continue
		}
		for i := range keys {
			key, want := keyNumber(i)
			e, err := n.Get(t.Context(), key)
			var got []byte
			if err == nil {
				got, err = io.ReadAll(e.Value)
			}
			var trouble *boltfile.Trouble
			switch {
			case errors.As(err, &trouble):
				told++
			case err != nil && code(err) != CodeKeyNotFound:
				t.Fatalf("page %d: %s: %v", at/page, key, err)
			case err == nil && len(got) != len(want):
				t.Errorf("page %d: %s has %d bytes, want %d", at/page, key, len(got), len(want))
			}
			if err := n.Put(t.Context(), key, strings.NewReader("new"), PutOptions{}); err != nil && !errors.As(err, &trouble) {
				t.Fatalf("page %d: put %s: %v", at/page, key, err)
			}
		}
		s.sweeper.stop()
		s.store.db.Close()
	}
	if told == 0 {
		t.Error("no damage was told of")
	}
}

func TestFileInUseIsNamed(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	_, err := Open(dir, Options{})
	if want := filepath.Join(dir, "kv.db") + " is in use by another process: end that, and start again"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
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
	s := open(t, filepath.Join(dir, "kv"), Options{})
	n, err := s.Create(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	there := map[string]string{}
	var all sync.WaitGroup
	want := "namespace " + n.ID + ": " + s.store.db.Path() + " has no room left on its disk, and nothing was changed: make room, and try again"
	for w := range 4 {
		all.Go(func() {
			for i := 0; ; i++ {
				key, value := keyNumber(w*10_000 + i)
				if err := n.Put(context.Background(), key, strings.NewReader(value), PutOptions{}); err != nil {
					if !strings.HasPrefix(err.Error(), want) {
						t.Errorf("got  %v\nwant %s", err, want)
					}
					return
				}
				mu.Lock()
				there[key] = value
				mu.Unlock()
			}
		})
	}
	all.Wait()
	check := func() {
		t.Helper()
		for key, want := range there {
			if got := value(t, n, key); got != want {
				t.Errorf("%s has %d bytes, acknowledged were %d", key, len(got), len(want))
			}
		}
		if got := stored(t, n); got != len(there) {
			t.Errorf("%d keys, acknowledged were %d", got, len(there))
		}
	}
	if len(there) < 20 {
		t.Errorf("full after %d", len(there))
	}
	check()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	put(t, n, "again", "room", PutOptions{})
	there["again"] = "room"
	shut(t, s)
	s = open(t, filepath.Join(dir, "kv"), Options{})
	if n, err = s.Get(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	check()
}

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
	}{"the file": {true, 0o777}, "the folder of no file": {false, 0o555}} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "cfemu-kv-") // t.TempDir is closed to other users
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			path := filepath.Join(dir, "kv.db")
			if tt.exists {
				fillDir(t, dir, 1)
				if err := os.Chmod(path, 0o444); err != nil {
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
			if want := path + " cannot be written: make it and its folder writable for the user that runs cfemu"; !strings.HasPrefix(string(out), want) {
				t.Errorf("got  %s\nwant %s", out, want)
			}
		})
	}
}

const nobodyDir = "CFEMU_KV_NOBODY_DIR"

package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// settle is short where the machine's clock runs: tests wait for changes, never for time.
const settle = 2 * time.Millisecond

func start(t *testing.T, c clock.Clock) *Watcher {
	t.Helper()
	testkit.NoLeaks(t)
	w, err := New(settle, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func set(t *testing.T, w *Watcher, paths ...string) {
	t.Helper()
	if err := w.Set(paths, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until receives changes until all paths have come, in however many changes.
func until(t *testing.T, w *Watcher, paths ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, p := range paths {
		missing[p] = true
	}
	testkit.Wait(t, func() error {
		select {
		case changed := <-w.Changes():
			for _, p := range changed {
				delete(missing, p)
			}
		default:
		}
		if len(missing) > 0 {
			return fmt.Errorf("no change told of %v", missing)
		}
		return nil
	})
}

func TestChangesAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		before map[string]string // files there at first
		watch  []string
		do     func(t *testing.T, dir string)
		want   []string
	}{
		"a file is written": {
			before: map[string]string{"a.ts": "1"}, watch: []string{"a.ts"},
			do:   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "a.ts"), "2") },
			want: []string{"a.ts"},
		},
		"a file is replaced by renaming, as editors do": {
			before: map[string]string{"a.ts": "1"}, watch: []string{"a.ts"},
			do: func(t *testing.T, dir string) {
				write(t, filepath.Join(dir, "a.ts~"), "2")
				must(t, os.Rename(filepath.Join(dir, "a.ts~"), filepath.Join(dir, "a.ts")))
			},
			want: []string{"a.ts"},
		},
		"a file is deleted": {
			before: map[string]string{"a.ts": "1"}, watch: []string{"a.ts"},
			do:   func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "a.ts"))) },
			want: []string{"a.ts"},
		},
		"a file comes that was not there": {
			watch: []string{"a.ts"},
			do:    func(t *testing.T, dir string) { write(t, filepath.Join(dir, "a.ts"), "1") },
			want:  []string{"a.ts"},
		},
		"a file comes together with its folders": {
			watch: []string{"x/y/z/a.ts"},
			do:    func(t *testing.T, dir string) { write(t, filepath.Join(dir, "x/y/z/a.ts"), "1") },
			want:  []string{"x/y/z/a.ts"},
		},
		"a folder is moved away with the file in it": {
			before: map[string]string{"x/a.ts": "1"}, watch: []string{"x/a.ts"},
			do:   func(t *testing.T, dir string) { must(t, os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "y"))) },
			want: []string{"x/a.ts"},
		},
		"a folder is deleted with the file in it": {
			before: map[string]string{"x/y/a.ts": "1"}, watch: []string{"x/y/a.ts"},
			do:   func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, "x"))) },
			want: []string{"x/y/a.ts"},
		},
		"a file is written in a watched folder": {
			before: map[string]string{"src/a.ts": "1"}, watch: []string{"src"},
			do:   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "src/a.ts"), "2") },
			want: []string{"src/a.ts"},
		},
		"a folder comes in a watched folder": {
			before: map[string]string{"src/a.ts": "1"}, watch: []string{"src"},
			do:   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "src/x/y/b.ts"), "1") },
			want: []string{"src/x"},
		},
		"what a symbolic link points to is written": {
			before: map[string]string{"real/a.ts": "1"}, watch: []string{"link.ts"},
			do:   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "real/a.ts"), "2") },
			want: []string{"link.ts"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.Symlink(filepath.Join(dir, "real/a.ts"), filepath.Join(dir, "link.ts")))
			for file, text := range tt.before {
				write(t, filepath.Join(dir, file), text)
			}
			w := start(t, nil)
			var watched, want []string
			for _, p := range tt.watch {
				watched = append(watched, filepath.Join(dir, p))
			}
			for _, p := range tt.want {
				want = append(want, filepath.Join(dir, p))
			}
			set(t, w, watched...)
			tt.do(t, dir)
			until(t, w, want...)
		})
	}
}

func TestChangesGoOnBeingTold(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "src/deep/a.ts")
	write(t, file, "1")
	w := start(t, nil)
	set(t, w, file)
	for name, do := range map[string]func(){
		"written":      func() { write(t, file, "2") },
		"renamed onto": func() { write(t, file+"~", "3"); must(t, os.Rename(file+"~", file)) },
		"recreated": func() {
			must(t, os.RemoveAll(filepath.Join(dir, "src")))
			until(t, w, file)
			write(t, file, "4")
		},
		"in a new folder of the old name": func() {
			must(t, os.Rename(filepath.Join(dir, "src"), filepath.Join(dir, "old")))
			until(t, w, file)
			write(t, file, "5")
			must(t, os.RemoveAll(filepath.Join(dir, "old")))
		},
	} {
		do()
		until(t, w, file)
		// Whatever happened, the next save is seen.
		drain(w)
		write(t, file, name)
		until(t, w, file)
		drain(w)
	}
}

func drain(w *Watcher) {
	for {
		select {
		case <-w.Changes():
		default:
			return
		}
	}
}

// pending waits until the kernel's events for n paths have come in.
func pending(t *testing.T, w *Watcher, n int) {
	t.Helper()
	testkit.Wait(t, func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.pending) != n {
			return fmt.Errorf("%d paths pending, want %d", len(w.pending), n)
		}
		return nil
	})
}

// settled moves the clock until a change is told. Once is not enough: the kernel may still be
// sending events of a write that the test has seen the first of, and each puts the change off.
func settled(t *testing.T, w *Watcher, c *clock.Movable) (changed []string) {
	t.Helper()
	testkit.Wait(t, func() error {
		c.Advance(settle)
		select {
		case changed = <-w.Changes():
			return nil
		default:
			return errors.New("not settled")
		}
	})
	return changed
}

func TestManyEventsAreOneChange(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 5 {
		files = append(files, filepath.Join(dir, fmt.Sprintf("%d.ts", i)))
		write(t, files[i], "1")
	}
	c := clock.NewMovable()
	c.Freeze()
	w := start(t, c)
	set(t, w, files...)
	for _, f := range files {
		write(t, f, "2")
		write(t, f, "3")
	}
	pending(t, w, 5)
	select {
	case early := <-w.Changes():
		t.Fatalf("told of %v before it settled", early)
	default:
	}
	if got := settled(t, w, c); !slices.Equal(got, files) {
		t.Errorf("got %v, want all five at once", got)
	}
}

func TestAChangeIsToldThoughEventsNeverEnd(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "log.txt")
	c := clock.NewMovable()
	c.Freeze()
	w := start(t, c)
	set(t, w, file)
	write(t, file, "1")
	pending(t, w, 1)
	for range patience {
		c.Advance(settle - 1)
		w.mu.Lock()
		w.note(file) // as the loop does for one more event
		w.mu.Unlock()
	}
	c.Advance(settle - 1)
	if got := <-w.Changes(); !slices.Equal(got, []string{file}) {
		t.Errorf("got %v", got)
	}
}

func TestWhatNobodyTakesIsKept(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	c := clock.NewMovable()
	c.Freeze()
	w := start(t, c)
	set(t, w, a, b)
	write(t, a, "1")
	pending(t, w, 1)
	c.Advance(settle)
	write(t, b, "1")
	pending(t, w, 2)
	got := settled(t, w, c)
	if !slices.Contains(got, b) {
		got = append(got, settled(t, w, c)...)
	}
	if !slices.Contains(got, a) || !slices.Contains(got, b) {
		t.Errorf("got %v, want both", got)
	}
}

func TestWhatIsNotAskedForIsNotTold(t *testing.T) {
	dir := t.TempDir()
	asked := filepath.Join(dir, "asked.ts")
	write(t, filepath.Join(dir, "src/a.ts"), "1")
	w := start(t, nil)
	set(t, w, asked, filepath.Join(dir, "src"))
	write(t, filepath.Join(dir, "other.ts"), "1")
	write(t, filepath.Join(dir, "src/node_modules/x/index.js"), "1")
	write(t, filepath.Join(dir, "src/.git/HEAD"), "1")
	must(t, os.Chmod(filepath.Join(dir, "src/a.ts"), 0o600))
	write(t, asked, "1")
	seen := map[string]bool{}
	testkit.Wait(t, func() error {
		select {
		case changed := <-w.Changes():
			for _, p := range changed {
				seen[p] = true
			}
		default:
		}
		if !seen[asked] {
			return errors.New("the last file is not told")
		}
		return nil
	})
	if len(seen) != 1 {
		t.Errorf("told of %v, want %s only", seen, asked)
	}
}

func TestSet(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	t.Run("takes the place of what was set before", func(t *testing.T) {
		w := start(t, nil)
		set(t, w, a)
		set(t, w, b)
		write(t, a, "1")
		write(t, b, "1")
		if got := <-w.Changes(); !slices.Equal(got, []string{b}) {
			t.Errorf("got %v, want b only", got)
		}
	})
	t.Run("tells of a new path that was written after it was read", func(t *testing.T) {
		write(t, a, "1")
		info, err := os.Stat(a)
		must(t, err)
		w := start(t, nil)
		must(t, w.Set([]string{a}, info.ModTime().Add(-time.Second)))
		if got := <-w.Changes(); !slices.Equal(got, []string{a}) {
			t.Errorf("got %v, want a", got)
		}
		must(t, w.Set([]string{a, b}, info.ModTime().Add(time.Hour)))
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.pending) > 0 {
			t.Errorf("%v pending, though older than the reading", w.pending)
		}
	})
	t.Run("tells of a folder that was made after it was looked for", func(t *testing.T) {
		made := filepath.Join(dir, "made")
		must(t, os.Mkdir(made, 0o755))
		info, err := os.Stat(made)
		must(t, err)
		w := start(t, nil)
		must(t, w.Set([]string{made}, info.ModTime().Add(-time.Second)))
		if got := <-w.Changes(); !slices.Equal(got, []string{made}) {
			t.Errorf("got %v, want the folder", got)
		}
		must(t, w.Set([]string{made, a}, info.ModTime().Add(time.Hour)))
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.pending) > 0 {
			t.Errorf("%v pending, though known before", w.pending)
		}
	})
	t.Run("leaves out what nobody edits", func(t *testing.T) {
		src := filepath.Join(dir, "src")
		write(t, filepath.Join(src, "lib/node_modules/x/index.js"), "1")
		write(t, filepath.Join(src, ".git/refs/HEAD"), "1")
		w := start(t, nil)
		set(t, w, src)
		for _, watched := range w.fs.WatchList() {
			if watched != dir && watched != src && watched != filepath.Join(src, "lib") {
				t.Errorf("the kernel watches %s", watched)
			}
		}
	})
	t.Run("watches no more folders than needed", func(t *testing.T) {
		w := start(t, nil)
		set(t, w, filepath.Join(dir, "x/y/z"), a)
		set(t, w, a)
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := len(w.fs.WatchList()); got != len(w.dirs) || got > 2 {
			t.Errorf("the kernel watches %q, want the folder of a and its parent", w.fs.WatchList())
		}
	})
}

func TestTwoNamesOfOneFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real/a"), "1")
	write(t, filepath.Join(dir, "real/b"), "1")
	must(t, os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")))
	a, b := filepath.Join(dir, "real/a"), filepath.Join(dir, "link/b")
	w := start(t, nil)
	set(t, w, a, b)
	write(t, a, "2")
	until(t, w, a)
	write(t, filepath.Join(dir, "real/b"), "2")
	until(t, w, b)
}

func TestClose(t *testing.T) {
	w := start(t, nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, ok := <-w.Changes(); ok {
		t.Error("a change is told after Close")
	}
	if err := w.Set([]string{"/"}, time.Time{}); err == nil {
		t.Error("Set after Close succeeds")
	}
}

// What waits for a change must neither miss one nor wait for one that never comes.
func TestBeganIsCalledOnceForEachDelivery(t *testing.T) {
	var mu sync.Mutex
	began := 0
	w, err := New(settle, nil, func() { mu.Lock(); defer mu.Unlock(); began++ })
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	file := filepath.Join(t.TempDir(), "a.js")
	set(t, w, file)
	delivered := 0
	for i := range 20 {
		write(t, file, fmt.Sprint(i))
		<-w.Changes()
		delivered++
	}
	testkit.Wait(t, func() error { // a write may make several events, and so a last delivery of its own
		select {
		case <-w.Changes():
			delivered++
		default:
		}
		mu.Lock()
		defer mu.Unlock()
		if began != delivered {
			return fmt.Errorf("began %d times, delivered %d", began, delivered)
		}
		return nil
	})
}

// Package watch tells when files have changed. Many events in a row, as an editor's save or a git
// checkout make them, become one change once they have settled.
//
// It watches the folders that hold the files, never the files themselves, so that an editor which
// saves by renaming does not get lost, and so that a file that does not exist yet is seen when it
// comes, folders above it included. A path that is a folder stands for everything below it, except
// what is in node_modules, .git, .wrangler and .cfemu.
//
// A Watcher has one goroutine, which Close ends and waits for. Its methods may be called at the same
// time.
package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/cfemu/cfemu/internal/clock"
)

// patience is how many times the settling time a change may be put off by further events: what
// writes without pause, such as a log file, must not keep changes from being told.
const patience = 10

// mtimeSlack is how much earlier than the clock a file's time may be: kernels stamp files with the
// time of their last tick.
const mtimeSlack = 20 * time.Millisecond

// A Watcher watches a set of paths.
type Watcher struct {
	settle  time.Duration
	clock   clock.Clock
	began   func()
	fs      *fsnotify.Watcher
	changes chan []string
	errs    chan error
	settled chan struct{}
	closing chan struct{}
	closed  sync.WaitGroup

	mu      sync.Mutex
	files   map[string]string // the paths asked for that are no folders: canonical to as given
	trees   map[string]string // the same of those that are folders
	dirs    map[string]bool   // the folders watched
	stamps  map[string]stamp  // of the files, as they were when they were asked for or last noted
	pending map[string]bool
	first   time.Time   // of the first pending event
	timer   clock.Timer // nil: nothing pending, or settled and waiting to be taken
	ready   bool        // settled
}

// New starts a Watcher that tells of changes once nothing has happened for settle on c (nil: the
// machine's clock). Began, unless nil, is called as soon as a change is seen, once for each delivery
// that will follow; it must not call the Watcher. It owes a Close.
func New(settle time.Duration, c clock.Clock, began func()) (*Watcher, error) {
	if began == nil {
		began = func() {}
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", explain(err))
	}
	w := &Watcher{
		settle:  settle,
		clock:   clock.Or(c),
		began:   began,
		fs:      notify,
		changes: make(chan []string),
		errs:    make(chan error, 1),
		settled: make(chan struct{}, 1),
		closing: make(chan struct{}),
		files:   map[string]string{},
		trees:   map[string]string{},
		dirs:    map[string]bool{},
		stamps:  map[string]stamp{},
		pending: map[string]bool{},
	}
	w.closed.Go(w.loop)
	return w, nil
}

// Changes delivers the paths that have changed, sorted, each time a change has settled. What changes
// while nobody receives is added to what the next receiver gets. It is closed by Close.
func (w *Watcher) Changes() <-chan []string { return w.changes }

// Errors delivers the newest reason, if any, why changes may have been missed.
func (w *Watcher) Errors() <-chan error { return w.errs }

// Set makes paths, which must be absolute, the ones to watch, in place of those before. A path that
// was not watched before and whose file has been written since counts as changed: it may have
// changed after it was read and before it was watched. A zero since asks for no such check. Changes
// that are pending stay so.
func (w *Watcher) Set(paths []string, since time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isClosing() {
		return errors.New("watcher is closed")
	}
	before := maps.Clone(w.files)
	maps.Copy(before, w.trees)
	clear(w.files)
	clear(w.trees)
	for _, p := range paths {
		w.add(filepath.Clean(p))
	}
	if err := w.rewatch(); err != nil {
		return err
	}
	stamps := make(map[string]stamp, len(w.files))
	for path := range w.files {
		was, known := w.stamps[path]
		if !known { // what was known keeps its stamp: it may have changed since
			was = stampOf(path)
		}
		stamps[path] = was
	}
	w.stamps = stamps
	if since.IsZero() {
		return nil
	}
	all := maps.Clone(w.files)
	maps.Copy(all, w.trees) // a folder may have been made in the meantime
	for path, given := range all {
		if _, known := before[path]; known {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.ModTime().After(since.Add(-mtimeSlack)) {
			w.note(given)
		}
	}
	return nil
}

// Check looks at the files themselves, since the kernel tells of a change only after the write has
// returned. What has changed is noted before Check returns, as if an event had come.
func (w *Watcher) Check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) > 0 || w.isClosing() {
		return
	}
	for path, given := range w.files {
		if now := stampOf(path); now != w.stamps[path] {
			w.stamps[path] = now
			w.note(given)
		}
	}
}

// A stamp is what of a file's state changes with its content; the zero stamp is that of none.
type stamp struct {
	size    int64
	written time.Time
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

func (w *Watcher) add(path string) {
	at := canonical(path)
	info, err := os.Stat(path)
	if err != nil {
		w.files[at] = path
		return
	}
	into := w.files
	if info.IsDir() {
		into = w.trees
	}
	into[at] = path
	// A symbolic link changes when it is pointed elsewhere, and when what it points to changes.
	if real, err := filepath.EvalSymlinks(path); err == nil && real != at {
		w.files[at] = path
		into[real] = path
	}
}

// Close ends the watching. A change that has not been received is dropped.
func (w *Watcher) Close() error {
	w.mu.Lock()
	if w.isClosing() {
		w.mu.Unlock()
		w.closed.Wait()
		return nil
	}
	close(w.closing)
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	err := w.fs.Close()
	w.closed.Wait()
	return err
}

func (w *Watcher) isClosing() bool {
	select {
	case <-w.closing:
		return true
	default:
		return false
	}
}

func (w *Watcher) loop() {
	defer close(w.changes)
	for {
		var out chan []string
		batch := w.batch()
		if batch != nil {
			out = w.changes
		}
		select {
		case out <- batch:
			w.taken(batch)
		case <-w.settled:
		case event, ok := <-w.fs.Events:
			if !ok {
				return
			}
			w.event(event)
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			w.report(err)
		case <-w.closing:
			return
		}
	}
}

// batch is what is ready to be told; nil when nothing is.
func (w *Watcher) batch() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ready {
		return nil
	}
	return slices.Sorted(maps.Keys(w.pending))
}

// taken forgets what has been told.
func (w *Watcher) taken(batch []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range batch {
		delete(w.pending, p)
	}
	if w.ready = len(w.pending) > 0; w.ready {
		w.began()
	}
}

// event notes down what an event of the kernel means for the paths asked for.
func (w *Watcher) event(e fsnotify.Event) {
	if e.Op == fsnotify.Chmod {
		return // indexers and backups touch files without changing them
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name := filepath.Clean(e.Name)
	if given, ok := w.wanted(name); ok {
		if _, is := w.files[name]; is {
			w.stamps[name] = stampOf(name)
		}
		w.note(given)
	}
	isDir := false
	if info, err := os.Stat(name); err == nil {
		isDir = info.IsDir()
	}
	came := isDir && e.Has(fsnotify.Create)
	went := w.dirs[name] && e.Has(fsnotify.Remove|fsnotify.Rename)
	if !came && !went || !w.concerns(name) {
		return
	}
	// The folder of this name is another one now, or none: forget the watches in it and begin anew.
	for dir := range w.dirs {
		if dir == name || isBelow(dir, name) {
			delete(w.dirs, dir)
			w.fs.Remove(dir) // an error says that it has gone, and its watch with it
		}
	}
	if err := w.rewatch(); err != nil {
		w.report(err)
	}
	for path, given := range w.files {
		if !isBelow(path, name) {
			continue
		}
		if _, err := os.Stat(path); err == nil || went {
			w.note(given)
		}
	}
}

// wanted reports whether a path was asked for, or is below a folder that was, and what the asker
// calls it.
func (w *Watcher) wanted(path string) (given string, ok bool) {
	if given, ok := w.files[path]; ok {
		return given, true
	}
	for root, given := range w.trees {
		if path == root {
			return given, true
		}
		if isBelow(path, root) && !belowSkipped(path, root) {
			return filepath.Join(given, path[len(root):]), true
		}
	}
	return "", false
}

// concerns reports whether something that was asked for is below dir, or dir below it.
func (w *Watcher) concerns(dir string) bool {
	if _, ok := w.wanted(dir); ok {
		return true
	}
	for path := range w.files {
		if isBelow(path, dir) {
			return true
		}
	}
	for root := range w.trees {
		if isBelow(root, dir) {
			return true
		}
	}
	return false
}

// note puts a path on the list of changes and lets it settle.
func (w *Watcher) note(path string) {
	now := w.clock.Now()
	if len(w.pending) == 0 {
		w.first = now
		w.began()
	}
	w.pending[path] = true
	if w.isClosing() {
		return
	}
	wait := min(w.settle, w.first.Add(patience*w.settle).Sub(now))
	if w.timer != nil && !w.timer.Stop() {
		// It fires right now: let that stand.
		return
	}
	w.ready = false
	w.timer = w.clock.AfterFunc(max(wait, 0), w.settles)
}

// settles is the timer's call.
func (w *Watcher) settles() {
	w.mu.Lock()
	w.timer = nil
	w.ready = len(w.pending) > 0
	w.mu.Unlock()
	select {
	case w.settled <- struct{}{}:
	default:
	}
}

func (w *Watcher) report(err error) {
	select {
	case <-w.errs:
	default:
	}
	select {
	case w.errs <- fmt.Errorf("watch files: %w", explain(err)):
	default:
	}
}

// rewatch makes the kernel's watches those that the paths asked for need. It goes on until nothing
// new is needed, since a folder may be made while its parent's watch is.
func (w *Watcher) rewatch() error {
	for {
		need := w.needed()
		for dir := range w.dirs {
			if !need[dir] {
				delete(w.dirs, dir)
				w.fs.Remove(dir) // an error says that the folder has gone, and its watch with it
			}
		}
		added := false
		for _, dir := range slices.Sorted(maps.Keys(need)) {
			if w.dirs[dir] {
				continue
			}
			err := w.fs.Add(dir)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				continue
			}
			if err != nil {
				return fmt.Errorf("watch %s: %w", dir, explain(err))
			}
			w.dirs[dir] = true
			added = true
		}
		if !added {
			return nil
		}
	}
}

// needed lists the folders to watch: those of the files, the nearest one that exists where there is
// none yet, all below the trees, and the parents of them all, since only the parent tells when a
// folder comes back.
func (w *Watcher) needed() map[string]bool {
	need := map[string]bool{}
	for path := range w.files {
		dir := nearestDir(filepath.Dir(path))
		need[dir] = true
		need[filepath.Dir(dir)] = true
	}
	for root := range w.trees {
		need[nearestDir(filepath.Dir(root))] = true
		addTree(need, root)
	}
	return need
}

func addTree(need map[string]bool, root string) {
	// An error means that a folder has gone, or is not ours to read: nothing to watch there.
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if path != root && skipped(path) {
			return filepath.SkipDir
		}
		need[path] = true
		return nil
	})
}

// canonical is a path whose folder's symbolic links are followed. The kernel knows a folder by its
// inode and tells its events under one name only, so two names for it must become one.
func canonical(path string) string {
	dir := nearestDir(filepath.Dir(path))
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return path
	}
	return filepath.Join(real, path[len(dir):])
}

// belowSkipped reports whether a path below root is in a folder that is skipped, or is one.
func belowSkipped(path, root string) bool {
	for ; path != root; path = filepath.Dir(path) {
		if skipped(path) {
			return true
		}
	}
	return false
}

// skipped reports whether a folder holds what a project's author does not edit.
func skipped(path string) bool {
	switch filepath.Base(path) {
	case "node_modules", ".git", ".wrangler", ".cfemu":
		return true
	}
	return false
}

func nearestDir(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func isBelow(path, dir string) bool {
	return len(path) > len(dir) && path[:len(dir)] == dir && (path[len(dir)] == filepath.Separator || dir == string(filepath.Separator))
}

// explain adds what to do to the errors that have a remedy.
func explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: the kernel's limit of watched folders is reached; raise fs.inotify.max_user_watches", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w: the limit of watchers or open files is reached; raise fs.inotify.max_user_instances or ulimit -n", err)
	}
	return err
}

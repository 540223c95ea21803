package d1

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/fsx"
)

// A history keeps what leads from the present state of a database back to its earlier ones.
//
// SQLite's log holds the latest commits, frame by frame. SQLite itself would write it back into the
// database now and then and so forget them; here only the history does, once it has saved what undoes
// these commits as a segment (history_segment.go). So until a log is long nothing is spent but the time
// of each commit in the journal (history_journal.go).
//
// Whatever goes wrong with the history goes wrong with it alone: it begins anew, which is told to the
// log, and the database works on.
type history struct {
	path   string // of the database file
	dir    string
	owner  string // what bookmarks are sealed with
	opts   Options
	clock  clock.Clock
	logger *slog.Logger
	every  uint32 // frames in the log that make a segment
	newest atomic.Pointer[named]

	// What follows changes only while the writing connection is held, and is read with mu.
	mu sync.Mutex
	anchor
	gen, seq uint32
	commits  []commit   // in the log, oldest first
	segments []*segment // oldest first
	journal  journal

	// restarts says that SQLite may begin its log anew at the next commit.
	restarts bool
}

// named is a mark with its bookmark, which is made when it is first asked for.
type named struct {
	mark
	once sync.Once
	text string
}

const (
	suffixHistory = ".history"
	journalName   = "journal"
	segmentSuffix = ".undo"
	tempPattern   = ".tmp-*"
)

func newHistory(path string, gen uint32, opts Options, logger *slog.Logger) *history {
	dir := historyDir(path)
	return &history{
		path: path, dir: dir, owner: filepath.Base(path), opts: opts, clock: clock.Or(opts.Clock), logger: logger,
		every: historyFrames, gen: gen, journal: journal{path: filepath.Join(dir, journalName)},
	}
}

// historyDir is the folder of the history of the database at path.
func historyDir(path string) string { return strings.TrimSuffix(path, ".sqlite") + suffixHistory }

func (h *history) budget() int64 {
	if h.opts.HistoryBytes > 0 {
		return h.opts.HistoryBytes
	}
	return historyBytes
}

func (h *history) keepFor() time.Duration {
	if h.opts.HistoryAge > 0 {
		return h.opts.HistoryAge
	}
	return historyAge
}

// horizon is the time of the oldest state that may be asked for.
func (h *history) horizon() int64 { return h.clock.Now().Add(-h.keepFor()).UnixNano() }

// next makes the mark of a new state. The caller holds mu.
func (h *history) next() mark {
	h.seq++
	return mark{h.gen, h.seq, h.clock.Now().UnixNano()}
}

// present is the mark of the present state. The caller holds mu.
func (h *history) present() mark {
	if n := len(h.commits); n > 0 {
		return h.commits[n-1].mark
	}
	return h.base
}

func (h *history) publish() { h.newest.Store(&named{mark: h.present()}) }

// bookmark is the newest one, "" until the database has been opened.
func (h *history) bookmark() string {
	n := h.newest.Load()
	if n == nil {
		return ""
	}
	n.once.Do(func() { n.text = n.mark.bookmark(h.owner) })
	return n.text
}

func (h *history) warn(message string, err error) {
	h.logger.Warn(message, "database", h.owner, "err", err)
}

var errForeign = errors.New("another program has changed the database file")

// open finds out how the history on disk and the database belong together. cn is the writing
// connection, just opened.
func (h *history) open(cn *conn, created time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.recover(cn, created); err != nil {
		h.warn("d1: earlier states of a database cannot be restored any more", err)
		h.renew(cn, h.next())
	}
	h.restarts = true
	h.publish()
	if !h.opts.NoSync {
		h.note()
	}
}

func (h *history) recover(cn *conn, created time.Time) error {
	frames, _, err := cn.logFrames()
	if err != nil {
		return err
	}
	var log uint64
	if frames > 0 {
		if log, err = cn.logID(); err != nil {
			return err
		}
	}
	a, given, entries, known, err := readJournal(h.journal.path)
	if err != nil {
		return err
	}
	if err := h.list(); err != nil {
		return err
	}
	if n := len(h.segments); n > 0 && (!known || h.segments[n-1].number > a.last) {
		s := h.segments[n-1]
		if err := s.load(); err != nil {
			return err
		}
		// The process ended before the journal knew of this segment; the log may be in the database by half.
		a, given, known = anchor{last: s.number, base: s.last, log: s.log, covered: s.to}, s.last, true
	}
	if !known {
		first := mark{h.gen, h.seq, created.UnixNano()}
		if frames > 0 || cn.size() > int64(cn.pageSize()) {
			first = h.next() // made by an older cfemu or brought here: its past is not known
		}
		h.renew(cn, first)
		return nil
	}
	h.goOn(given)
	h.goOn(a.base)
	same := frames > 0 && log == a.log
	switch {
	case a.stamp != stamp{} && a.stamp != stampOf(h.path),
		a.stamp == stamp{} && !same && (frames == 0 || !follows(log, a.log)),
		same && frames < a.covered:
		return errForeign
	}
	if !same {
		a.log, a.covered = log, 0
	}
	a.stamp = stampOf(h.path)
	h.anchor = a
	return h.match(cn, frames, given, entries)
}

// match finds the commits of the log in the journal's entries. Those that have none come after the
// last that has: the process ended, or the power went, before they were noted.
func (h *history) match(cn *conn, frames uint32, given mark, entries []commit) error {
	h.commits = nil
	end, previous := h.covered, h.base
	for _, c := range entries {
		if c.log == h.log && c.frame > end && c.frame <= frames && c.after(previous) {
			h.commits = append(h.commits, c)
			end, previous = c.frame, c.mark
		}
	}
	if given.after(previous) {
		previous.gen, previous.seq = given.gen, given.seq
	}
	err := newLogReader(cn, frames).commits(end+1, func(n uint32) {
		previous.seq++
		h.commits = append(h.commits, commit{previous, n, h.log})
	})
	h.goOn(previous)
	return err
}

// goOn lets new marks come after one that has been given out.
func (h *history) goOn(given mark) {
	switch {
	case given.gen == h.gen:
		h.seq = max(h.seq, given.seq)
	case given.gen > h.gen: // the index of the databases has been lost
		h.gen, h.seq = given.gen+1, 0
	}
}

// list finds the segments and removes what was left half-written.
func (h *history) list() error {
	h.segments = nil
	files, err := os.ReadDir(h.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range files {
		name, isSegment := strings.CutSuffix(f.Name(), segmentSuffix)
		number, err := strconv.ParseUint(name, 16, 64)
		switch {
		case isSegment && err == nil:
			s := &segment{number: number, path: filepath.Join(h.dir, f.Name())}
			if info, err := f.Info(); err == nil {
				s.bytes = info.Size()
			}
			h.segments = append(h.segments, s)
		case strings.HasPrefix(f.Name(), "."):
			os.Remove(filepath.Join(h.dir, f.Name()))
		}
	}
	return nil
}

// renew lets the history begin with the present state. The caller holds mu.
func (h *history) renew(cn *conn, base mark) {
	for _, s := range h.segments {
		os.Remove(s.path)
	}
	h.segments, h.commits = nil, nil
	h.base, h.log, h.covered, h.stamp = base, 0, 0, stampOf(h.path)
	frames, _, err := cn.logFrames()
	if err == nil && frames > 0 {
		h.covered = frames
		h.log, err = cn.logID()
	}
	if err != nil {
		h.warn("d1: the log of a database cannot be read", err)
	}
	h.publish()
}

// note writes the journal anew. The caller holds mu.
func (h *history) note() {
	err := h.makeDir()
	if err == nil {
		err = h.journal.begin(h.anchor, mark{gen: h.gen, seq: h.seq}, h.commits)
	}
	if err != nil {
		h.warn("d1: the times of commits cannot be noted", err)
		h.forget()
	}
}

// forget removes a journal that could not be written: half of it could be taken for the whole.
func (h *history) forget() {
	h.journal.close(false)
	os.Remove(h.journal.path)
}

func (h *history) makeDir() error {
	err := os.Mkdir(h.dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// committed notes a commit that has ended the log at frame.
func (h *history) committed(cn *conn, frame uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.restarts {
		log, err := cn.logID()
		if err != nil {
			h.warn("d1: the log of a database cannot be read", err)
		}
		if log != h.log {
			h.log, h.covered = log, 0
		}
		h.restarts = false
	}
	c := commit{h.next(), frame, h.log}
	h.commits = append(h.commits, c)
	h.publish()
	if h.opts.NoSync || h.journal.file == nil {
		return // a crash need not leave the times of these commits
	}
	if err := h.journal.add(c); err != nil {
		h.warn("d1: the time of a commit cannot be noted", err)
		h.forget()
	}
}

// due reports whether the log is long enough for a segment.
func (h *history) due() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.commits)
	return n > 0 && h.commits[n-1].frame-h.covered >= h.every
}

// save makes a segment of the commits in the log and writes the log into the database. The caller
// holds the writing connection.
func (h *history) save(cn *conn) error {
	frames, done, err := cn.logFrames()
	if err != nil {
		return err
	}
	s, err := h.cut(cn, frames, done)
	h.mu.Lock()
	switch {
	case errors.Is(err, errForeign):
		h.warn("d1: earlier states of a database cannot be restored any more", err)
		h.renew(cn, h.next())
	case err != nil:
		h.warn("d1: the history of a database cannot be saved and is dropped", err)
		h.renew(cn, h.present())
	case s != nil:
		h.segments = append(h.segments, s)
		h.last, h.base, h.covered, h.commits = s.number, s.last, s.to, nil
		h.publish()
	case done < frames:
		// The database is about to change without a new segment to tell it.
		h.stamp = stamp{}
		h.note()
	}
	h.mu.Unlock()

	err = nil
	if done < frames {
		frames, done, err = cn.checkpoint()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stamp = stampOf(h.path)
	h.restarts = err == nil && done == frames
	if done > h.covered { // commits of another program
		h.warn("d1: earlier states of a database cannot be restored any more", errForeign)
		h.renew(cn, h.next())
	}
	h.expire()
	h.note()
	return err
}

// cut writes the segment of the commits in the log; it is nil when there are none. The caller holds the
// writing connection.
func (h *history) cut(cn *conn, frames, done uint32) (*segment, error) {
	if frames == 0 && len(h.commits) == 0 {
		return nil, nil
	}
	log, err := cn.logID()
	if err != nil {
		return nil, err
	}
	if log != h.log && h.restarts && len(h.commits) == 0 {
		h.mu.Lock()
		h.log, h.covered = log, 0
		h.mu.Unlock()
	}
	end := h.covered
	if n := len(h.commits); n > 0 {
		end = h.commits[n-1].frame
	}
	if log != h.log || done > h.covered || frames < end || h.stamp != stampOf(h.path) {
		return nil, errForeign
	}
	if frames > end {
		// Another program has written, as the sqlite3 shell may.
		h.mu.Lock()
		err := newLogReader(cn, frames).commits(end+1, func(n uint32) {
			h.commits = append(h.commits, commit{h.next(), n, h.log})
		})
		h.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	if len(h.commits) == 0 {
		return nil, nil
	}
	return h.write(cn)
}

func (h *history) write(cn *conn) (s *segment, err error) {
	if err := h.makeDir(); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(h.dir, tempPattern)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			os.Remove(s.path)
		}
	}()
	number := h.last + 1
	s = &segment{
		number: number, path: filepath.Join(h.dir, fmt.Sprintf("%016x%s", number, segmentSuffix)),
		base: h.base, log: h.log, from: h.covered, to: h.commits[len(h.commits)-1].frame,
	}
	pages := uint32(h.stamp.size / int64(cn.pageSize()))
	err = writeSegment(f, cn, s, h.commits, pages, h.budget())
	if err == nil {
		err = keep(f, s.path, h.opts.NoSync)
	}
	if err == nil && len(h.segments) == 0 && !h.opts.NoSync {
		err = fsx.SyncDir(filepath.Dir(h.dir))
	}
	return s, err
}

// expire removes segments that are too old, and the oldest ones as long as all are too large. The
// caller holds mu.
func (h *history) expire() {
	var total int64
	for _, s := range h.segments {
		total += s.bytes
	}
	horizon := h.horizon()
	for len(h.segments) > 0 {
		s := h.segments[0]
		if err := s.load(); err == nil && total <= h.budget() && s.last.time >= horizon {
			return
		}
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			h.warn("d1: an old part of the history of a database cannot be removed", err)
			return
		}
		total -= s.bytes
		h.segments = h.segments[1:]
	}
}

// close ends the use of the files. The connections are closed by now.
func (h *history) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest.Store(nil)
	return h.journal.close(!h.opts.NoSync)
}

// drop forgets everything, as the database is emptied or deleted.
func (h *history) drop() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := errors.Join(h.journal.close(false), os.RemoveAll(h.dir))
	h.segments, h.commits, h.anchor = nil, nil, anchor{}
	h.seq++
	h.newest.Store(nil)
	return err
}

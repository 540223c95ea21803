package d1

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/cfemu/cfemu/internal/fsx"
)

// A segment is a part of a database's history in a file: what undoes some commits, one after the
// other. For each it has the pages that the commit changed, as far as they were there before: where the
// old and the new content differ, and the old bytes. Pages that a commit has added need nothing, so an
// import costs next to nothing here.
//
// The file is the records of all commits in the order of time, then the index with an entry for each
// commit, then the trailer.
type segment struct {
	number uint64
	path   string
	bytes  int64

	// The trailer.
	known            bool // it has been read
	base             mark // the state that undoing all of it leads to
	last             mark // the state that it begins to undo
	log              uint64
	from, to         uint32 // frames of log that its commits are in, without from
	sizeBefore       uint32 // of the database in pages, at base
	earliest, latest int64  // times of its commits
	commits          uint32
	index            int64 // offset
	indexSum         uint32
	pageSize         uint32
}

// An undo is an entry of a segment's index: a commit and where its records are.
type undo struct {
	mark
	size       uint32 // of the database in pages, after the commit
	start, end int64
}

const (
	segmentMagic   = "cfemu d1 undo 1\n"
	segmentTrailer = 2*markBytes + 8 + 4*4 + 8 + 8 + 4 + 8 + 4 + 4 + len(segmentMagic)
	undoBytes      = markBytes + 4 + 8 + 8
	recordBytes    = 4 + 4 + 4 + 4
	wholePage      = 1 << 31 // in the length of a record: the page was not there after the commit
)

// errBudget says that a segment alone would be larger than the whole history may be.
var errBudget = errors.New("larger than the budget of the history")

// A segmentWriter writes a segment from the log, before the log is written into the database. The
// caller holds the writing connection.
type segmentWriter struct {
	seg      *segment
	cn       *conn
	log      *logReader
	latest   map[uint32]uint32 // where in the log a page has last been; others are in the database file
	size     uint32            // of the database in pages
	w        *bufio.Writer
	written  int64
	limit    int64
	old, now []byte
	diff     []byte
	index    []byte
}

// writeSegment makes the segment of the commits, which end in frame covered of an earlier segment, as a
// temporary file that is not synced.
func writeSegment(f *os.File, cn *conn, seg *segment, commits []commit, dbPages uint32, limit int64) error {
	page := cn.pageSize()
	seg.pageSize = uint32(page)
	w := &segmentWriter{
		seg: seg, cn: cn, log: newLogReader(cn, seg.to), latest: map[uint32]uint32{}, size: dbPages,
		w: bufio.NewWriterSize(f, 1<<17), limit: limit, old: make([]byte, page), now: make([]byte, page),
	}
	for n := uint32(1); n <= seg.from; n++ {
		fr, err := w.log.frame(n)
		if err != nil {
			return err
		}
		w.latest[fr.page()] = n
		if fr.size() != 0 {
			w.size = fr.size()
		}
	}
	seg.sizeBefore = w.size
	seg.earliest, seg.latest = math.MaxInt64, math.MinInt64
	first := seg.from + 1
	for _, c := range commits {
		if err := w.add(c, first); err != nil {
			return err
		}
		first = c.frame + 1
	}
	return w.finish()
}

// add writes what undoes the commit c, whose frames begin at first.
func (w *segmentWriter) add(c commit, first uint32) error {
	changed := make(map[uint32]uint32, c.frame-first+1) // page to its last frame in this commit
	order := make([]uint32, 0, c.frame-first+1)
	size := w.size
	for n := first; n <= c.frame; n++ {
		fr, err := w.log.frame(n)
		if err != nil {
			return err
		}
		if _, twice := changed[fr.page()]; !twice {
			order = append(order, fr.page())
		}
		changed[fr.page()] = n
		if fr.size() != 0 {
			size = fr.size()
		}
	}
	start := w.written
	for _, page := range order {
		if page > w.size || page > size {
			continue
		}
		if err := w.change(page, changed[page]); err != nil {
			return err
		}
	}
	for page := size + 1; page <= w.size; page++ {
		if err := w.whole(page); err != nil {
			return err
		}
	}
	for page, n := range changed {
		w.latest[page] = n
	}
	w.size = size
	seg := w.seg
	seg.commits++
	seg.last = c.mark
	seg.earliest, seg.latest = min(seg.earliest, c.time), max(seg.latest, c.time)
	w.index = binary.LittleEndian.AppendUint32(c.mark.append(w.index), size)
	w.index = binary.LittleEndian.AppendUint64(w.index, uint64(start))
	w.index = binary.LittleEndian.AppendUint64(w.index, uint64(w.written))
	return nil
}

// before reads a page as it was before the commit.
func (w *segmentWriter) before(page uint32) error {
	if n, ok := w.latest[page]; ok {
		return w.log.page(n, w.old)
	}
	return w.cn.readFile(w.old, int64(page-1)*int64(len(w.old)))
}

func (w *segmentWriter) change(page, frame uint32) error {
	if err := w.log.page(frame, w.now); err != nil {
		return err
	}
	if err := w.before(page); err != nil {
		return err
	}
	w.diff = appendDiff(w.diff[:0], w.old, w.now)
	if len(w.diff) == 0 {
		return nil
	}
	return w.record(page, checksum(w.now), checksum(w.old), uint32(len(w.diff)), w.diff)
}

func (w *segmentWriter) whole(page uint32) error {
	if err := w.before(page); err != nil {
		return err
	}
	return w.record(page, 0, checksum(w.old), uint32(len(w.old))|wholePage, w.old)
}

func (w *segmentWriter) record(page, nowSum, oldSum, length uint32, data []byte) error {
	w.written += recordBytes + int64(len(data))
	if w.written > w.limit {
		return errBudget
	}
	var head [recordBytes]byte
	binary.LittleEndian.PutUint32(head[0:], page)
	binary.LittleEndian.PutUint32(head[4:], nowSum)
	binary.LittleEndian.PutUint32(head[8:], oldSum)
	binary.LittleEndian.PutUint32(head[12:], length)
	if _, err := w.w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.w.Write(data)
	return err
}

func (w *segmentWriter) finish() error {
	seg := w.seg
	seg.index, seg.indexSum, seg.known = w.written, checksum(w.index), true
	b := seg.last.append(seg.base.append(w.index))
	b = binary.LittleEndian.AppendUint64(b, seg.log)
	for _, n := range []uint32{seg.from, seg.to, seg.sizeBefore, seg.pageSize} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(seg.earliest))
	b = binary.LittleEndian.AppendUint64(b, uint64(seg.latest))
	b = binary.LittleEndian.AppendUint32(b, seg.commits)
	b = binary.LittleEndian.AppendUint64(b, uint64(seg.index))
	b = binary.LittleEndian.AppendUint32(b, seg.indexSum)
	b = sealed(b, len(b)-len(w.index))
	b = append(b, segmentMagic...)
	seg.bytes = w.written + int64(len(b))
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	return w.w.Flush()
}

// appendDiff appends what turns now into old: how many bytes are the same, how many are not, and those
// of old, again and again. Small gaps count as different.
func appendDiff(b, old, now []byte) []byte {
	const gap = 8
	for i, n, done := 0, len(old), 0; ; {
		for i+8 <= n && binary.LittleEndian.Uint64(old[i:]) == binary.LittleEndian.Uint64(now[i:]) {
			i += 8
		}
		for i < n && old[i] == now[i] {
			i++
		}
		if i == n {
			return b
		}
		end := i + 1
		for j := end; j < n && j < end+gap; j++ {
			if old[j] != now[j] {
				end = j + 1
			}
		}
		b = binary.AppendUvarint(b, uint64(i-done))
		b = binary.AppendUvarint(b, uint64(end-i))
		b = append(b, old[i:end]...)
		i, done = end, end
	}
}

// applyDiff turns page, which is now, into old.
func applyDiff(page, diff []byte) error {
	at := 0
	for len(diff) > 0 {
		same, n := binary.Uvarint(diff)
		if n <= 0 {
			return errDamaged
		}
		diff = diff[n:]
		count, n := binary.Uvarint(diff)
		if n <= 0 || same > uint64(len(page)) || count > uint64(len(page)) {
			return errDamaged
		}
		diff = diff[n:]
		at += int(same)
		if at+int(count) > len(page) || int(count) > len(diff) {
			return errDamaged
		}
		copy(page[at:], diff[:count])
		at, diff = at+int(count), diff[count:]
	}
	return nil
}

// errDamaged says that the history is not what was written or does not belong to the database.
var errDamaged = errors.New("the history is damaged or does not fit the database")

// load reads the trailer.
func (s *segment) load() error {
	if s.known {
		return nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, segmentTrailer)
	if _, err := f.ReadAt(b, info.Size()-int64(len(b))); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(s.path), errDamaged)
	}
	body := b[:len(b)-len(segmentMagic)]
	if !bytes.HasSuffix(b, []byte(segmentMagic)) || !intact(body) {
		return fmt.Errorf("%s: %w", filepath.Base(s.path), errDamaged)
	}
	s.bytes, s.known = info.Size(), true
	s.base, s.last = markFrom(body), markFrom(body[markBytes:])
	b = body[2*markBytes:]
	s.log = binary.LittleEndian.Uint64(b)
	for i, n := range []*uint32{&s.from, &s.to, &s.sizeBefore, &s.pageSize} {
		*n = binary.LittleEndian.Uint32(b[8+4*i:])
	}
	s.earliest, s.latest = int64(binary.LittleEndian.Uint64(b[24:])), int64(binary.LittleEndian.Uint64(b[32:]))
	s.commits = binary.LittleEndian.Uint32(b[40:])
	s.index = int64(binary.LittleEndian.Uint64(b[44:]))
	s.indexSum = binary.LittleEndian.Uint32(b[52:])
	return nil
}

// undos returns the index.
func (s *segment) undos() ([]undo, error) {
	if err := s.load(); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, int(s.commits)*undoBytes)
	if _, err := f.ReadAt(b, s.index); err != nil || checksum(b) != s.indexSum {
		return nil, fmt.Errorf("%s: %w", filepath.Base(s.path), errDamaged)
	}
	entries := make([]undo, s.commits)
	for i := range entries {
		e := b[i*undoBytes:]
		entries[i] = undo{
			mark:  markFrom(e),
			size:  binary.LittleEndian.Uint32(e[markBytes:]),
			start: int64(binary.LittleEndian.Uint64(e[markBytes+4:])),
			end:   int64(binary.LittleEndian.Uint64(e[markBytes+12:])),
		}
	}
	return entries, nil
}

// records calls do with the records of a commit.
func (s *segment) records(f io.ReaderAt, u undo, do func(page, nowSum, oldSum uint32, whole bool, data []byte) error) error {
	r := bufio.NewReaderSize(io.NewSectionReader(f, u.start, u.end-u.start), 1<<16)
	var head [recordBytes]byte
	data := make([]byte, 2*s.pageSize)
	for at := u.start; at < u.end; {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return errDamaged
		}
		length := binary.LittleEndian.Uint32(head[12:])
		n := length &^ wholePage
		if n > uint32(len(data)) {
			return errDamaged
		}
		if _, err := io.ReadFull(r, data[:n]); err != nil {
			return errDamaged
		}
		at += recordBytes + int64(n)
		if err := do(binary.LittleEndian.Uint32(head[0:]), binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[8:]), length&wholePage != 0, data[:n]); err != nil {
			return err
		}
	}
	return nil
}

// keep gives a temporary file its name, for good unless noSync is set.
func keep(f *os.File, name string, noSync bool) error {
	var err error
	if !noSync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil || noSync {
		return err
	}
	return fsx.SyncDir(filepath.Dir(name))
}

package d1

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/cfemu/cfemu/internal/fsx"
)

// pages are the pages of a database that differ from the file: a past state while it is put together.
// They are kept in a temporary file.
type pages struct {
	cn    *conn
	file  *os.File
	bytes int              // of a page
	size  uint32           // of the database in pages
	slots map[uint32]int64 // where in file a page is, in pages
}

func (p *pages) read(page uint32, buf []byte) error {
	slot, ok := p.slots[page]
	if !ok {
		return p.cn.readFile(buf, int64(page-1)*int64(p.bytes))
	}
	_, err := p.file.ReadAt(buf, slot*int64(p.bytes))
	return err
}

func (p *pages) write(page uint32, data []byte) error {
	slot, ok := p.slots[page]
	if !ok {
		slot = int64(len(p.slots))
		p.slots[page] = slot
	}
	_, err := p.file.WriteAt(data, slot*int64(p.bytes))
	return err
}

// undo takes the state back from a commit to the one before it, which had size pages.
func (p *pages) undo(s *segment, f io.ReaderAt, u undo, size uint32, buf []byte) error {
	if p.size != u.size {
		return errDamaged
	}
	err := s.records(f, u, func(page, nowSum, oldSum uint32, whole bool, data []byte) error {
		switch {
		case page == 0 || page > size:
			return errDamaged
		case whole:
			if copy(buf, data) != len(buf) {
				return errDamaged
			}
		case page > p.size:
			return errDamaged
		default:
			if err := p.read(page, buf); err != nil {
				return err
			}
			if checksum(buf) != nowSum {
				return errDamaged
			}
			if err := applyDiff(buf, data); err != nil {
				return err
			}
		}
		if checksum(buf) != oldSum {
			return errDamaged
		}
		return p.write(page, buf)
	})
	p.size = size
	return err
}

// rewind puts the state of target together, from the present one, which is wholly in the database file.
func (h *history) rewind(p *pages, target mark) error {
	buf := make([]byte, p.bytes)
	state := h.base
	for _, s := range slices.Backward(h.segments) {
		if state.same(target) {
			return nil
		}
		entries, err := s.undos()
		if err != nil {
			return err
		}
		if !s.last.same(state) || int(s.pageSize) != p.bytes {
			return errDamaged
		}
		f, err := os.Open(s.path)
		if err != nil {
			return err
		}
		for i := len(entries) - 1; i >= 0 && !state.same(target) && err == nil; i-- {
			size, before := s.sizeBefore, s.base
			if i > 0 {
				size, before = entries[i-1].size, entries[i-1].mark
			}
			err = p.undo(s, f, entries[i], size, buf)
			state = before
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if !state.same(target) {
		return errDamaged
	}
	return nil
}

// commitTo writes a log to w whose one commit turns the database into p.
func (p *pages) commitTo(w io.Writer) (log uint64, frames uint32, err error) {
	l, err := newLogWriter(w, p.bytes)
	if err != nil {
		return 0, 0, err
	}
	now, then := make([]byte, p.bytes), make([]byte, p.bytes)
	for _, page := range slices.Sorted(maps.Keys(p.slots)) {
		if page == 1 || page > p.size {
			continue
		}
		if err := p.read(page, then); err != nil {
			return 0, 0, err
		}
		if err := p.cn.readFile(now, int64(page-1)*int64(p.bytes)); err != nil {
			return 0, 0, err
		}
		if string(now) == string(then) {
			continue
		}
		if err := l.add(page, 0, then); err != nil {
			return 0, 0, err
		}
		frames++
	}
	if err := p.read(1, then); err != nil {
		return 0, 0, err
	}
	if err := p.cn.readFile(now, 0); err != nil {
		return 0, 0, err
	}
	countUp(then, now)
	if err := l.add(1, p.size, then); err != nil {
		return 0, 0, err
	}
	return l.id(), frames + 1, l.w.Flush()
}

// countUp gives the first page of a past state counters that have not been used: other connections
// know by them that the content and the schema are others.
func countUp(then, now []byte) {
	const changes, schema, validFor = 24, 40, 92 // https://www.sqlite.org/fileformat2.html#the_database_header
	for _, at := range []int{changes, schema} {
		n := max(binary.BigEndian.Uint32(then[at:]), binary.BigEndian.Uint32(now[at:])) + 1
		binary.BigEndian.PutUint32(then[at:], n)
	}
	copy(then[validFor:validFor+4], then[changes:changes+4])
}

// errBusy says that another program has the database open.
var errBusy = errors.New("the database file is in use by another program")

// restore turns the database back to the state of target, as a new commit: a log is made aside that has
// just that commit, and takes the place of the database's own, which is empty by then, in one step. The
// caller has closed all connections but cn, the writing one, which restore closes.
func (h *history) restore(cn *conn, target mark) (err error) {
	defer func() {
		if cn != nil {
			err = errors.Join(err, cn.close(true))
		}
		err = errors.Join(err, h.close())
	}()
	if err := h.save(cn); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if target, err = h.find(target); err != nil {
		return err
	}
	if frames, done, err := cn.logFrames(); err != nil || done < frames {
		return errors.Join(err, errBusy)
	}
	temp, log, frames, err := h.rebuild(cn, target)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	// The last connection that closes removes the log, which is in the database by now.
	closing := cn
	cn = nil
	if err := closing.close(false); err != nil {
		return err
	}
	if _, err := os.Stat(h.path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return errBusy
	}
	h.commits = append(h.commits, commit{h.next(), frames, log})
	h.note()
	if err := os.Rename(temp, h.path+"-wal"); err != nil || h.opts.NoSync {
		return err
	}
	return fsx.SyncDir(filepath.Dir(h.path))
}

// rebuild makes the log that restores target, and returns its file.
func (h *history) rebuild(cn *conn, target mark) (name string, log uint64, frames uint32, err error) {
	scratch, err := os.CreateTemp(h.dir, tempPattern)
	if err != nil {
		return "", 0, 0, err
	}
	defer os.Remove(scratch.Name())
	defer scratch.Close()
	page := cn.pageSize()
	p := &pages{cn: cn, file: scratch, bytes: page, size: uint32(h.stamp.size / int64(page)), slots: map[uint32]int64{}}
	if err := h.rewind(p, target); err != nil {
		return "", 0, 0, err
	}
	f, err := os.CreateTemp(h.dir, tempPattern)
	if err != nil {
		return "", 0, 0, err
	}
	log, frames, err = p.commitTo(f)
	if info, failed := os.Stat(h.path); failed == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm()))
	}
	if err == nil && !h.opts.NoSync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", 0, 0, err
	}
	return f.Name(), log, frames, nil
}

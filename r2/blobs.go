package r2

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/fsx"
)

// blobs keeps the bodies: files that are written once and never changed.
type blobs struct {
	dir    string
	noSync bool
	log    *slog.Logger
	ids    *ids
	spare  sync.Pool // of *[]byte, for pour

	mu     sync.Mutex
	pins   map[string]int  // readers of each blob
	doomed map[string]bool // blobs that nobody names and that are still there
	fresh  map[string]bool // blobs that are being written: the index may not name them yet
	swept  bool            // there are no orphans of an earlier process
}

func openBlobs(dir string, noSync bool, log *slog.Logger, ids *ids) (*blobs, error) {
	b := &blobs{dir: dir, noSync: noSync, log: log, ids: ids, pins: map[string]int{}, doomed: map[string]bool{}, fresh: map[string]bool{}, swept: true}
	for _, sub := range []string{"blobs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *blobs) temp(name string) string { return filepath.Join(b.dir, "tmp", name) }

// path spreads blobs over 256 directories, so that none grows large.
func (b *blobs) path(name string) string { return filepath.Join(b.dir, "blobs", name[:2], name) }

// An ids makes what nobody can guess. Its source is crypto/rand; tests put one in its place that
// repeats itself.
type ids struct{ source io.Reader }

func (i *ids) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(i.source, b); err != nil {
		panic(err) // crypto/rand never fails
	}
	return b
}

// name returns the name of a blob. An object's version has the same form, and is the name of its
// blob when it has one only.
func (i *ids) name() string { return hex.EncodeToString(i.bytes(16)) }

// uuid returns a UUID of version 4.
func (i *ids) uuid() string {
	b := i.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// text returns n random bytes as text.
func (i *ids) text(n int) string { return base64.RawURLEncoding.EncodeToString(i.bytes(n)) }

// write stores what body yields, up to limit bytes, under a new name. When it returns, the blob is
// on disk whole. Each of also sees the bytes on their way. The caller owes a call of settle.
func (b *blobs) write(body io.Reader, limit int64, also ...io.Writer) (_ blobRef, err error) {
	name := b.ids.name()
	b.mark(name, true)
	defer func() {
		if err != nil {
			err = boltfile.Explain(b.path(name), errors.Join(err, b.unlink(b.temp(name))))
			b.mark(name, false)
		}
	}()
	f, err := os.OpenFile(b.temp(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return blobRef{}, err
	}
	n, err := b.pour(f, io.LimitReader(body, limit+1), also)
	if err == nil && n > limit {
		err = newError(CodeEntityTooLarge)
	}
	if err == nil && !b.noSync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return blobRef{}, err
	}
	if err := b.publish(name); err != nil {
		return blobRef{}, err
	}
	return blobRef{name, n}, nil
}

// settle ends a write: the index names the blob now, or it is to go.
func (b *blobs) settle(ref blobRef, named bool) {
	if !named {
		b.remove([]blobRef{ref})
	}
	b.mark(ref.Name, false)
}

func (b *blobs) mark(name string, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if fresh {
		b.fresh[name] = true
	} else {
		delete(b.fresh, name)
	}
}

// publish moves a finished file to its place, durably.
func (b *blobs) publish(name string) error {
	to := b.path(name)
	err := os.Rename(b.temp(name), to)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Mkdir(filepath.Dir(to), 0o700)
		if err == nil && !b.noSync {
			err = fsx.SyncDir(filepath.Join(b.dir, "blobs"))
		}
		if err == nil || errors.Is(err, fs.ErrExist) {
			err = os.Rename(b.temp(name), to)
		}
	}
	if err != nil || b.noSync {
		return err
	}
	return fsx.SyncDir(filepath.Dir(to))
}

// pin calls find, which looks into the index, and keeps the blobs it returns until they are released.
// Nothing can come between the two: who removes a blob has first committed that the index no longer
// names it and then takes the same lock.
func (b *blobs) pin(find func() ([]blobRef, error)) ([]blobRef, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	refs, err := find()
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		b.pins[ref.Name]++
	}
	return refs, nil
}

func (b *blobs) release(refs []blobRef) {
	var gone []blobRef
	b.mu.Lock()
	for _, ref := range refs {
		if b.pins[ref.Name]--; b.pins[ref.Name] > 0 {
			continue
		}
		delete(b.pins, ref.Name)
		if b.doomed[ref.Name] {
			gone = append(gone, ref)
		}
	}
	b.mu.Unlock()
	b.forget(gone)
}

// remove deletes blobs that the index has ceased to name, each once its last reader is done.
func (b *blobs) remove(refs []blobRef) {
	var gone []blobRef
	b.mu.Lock()
	for _, ref := range refs {
		b.doomed[ref.Name] = true
		if b.pins[ref.Name] == 0 {
			gone = append(gone, ref)
		}
	}
	b.mu.Unlock()
	b.forget(gone)
}

// forget unlinks doomed blobs that nobody reads and nobody can come to read: the index does not name
// them. When that fails it is only space that is lost, and only until the next Open, so the operation
// that came here has succeeded all the same.
func (b *blobs) forget(refs []blobRef) {
	for _, ref := range refs {
		if err := b.unlink(b.path(ref.Name)); err != nil {
			b.log.Warn("remove blob", "err", err)
			continue
		}
		b.mu.Lock()
		delete(b.doomed, ref.Name)
		b.mu.Unlock()
	}
}

func (b *blobs) unlink(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// read returns a reader of the part of an object that part names. It owns the pins of refs.
func (b *blobs) read(refs []blobRef, part Range) (io.ReadCloser, error) {
	r := &blobReader{blobs: b, pinned: refs, rest: refs, skip: part.Offset, left: part.Length}
	if err := r.advance(); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// A blobReader reads a run of bytes that may span several blobs.
type blobReader struct {
	blobs  *blobs
	pinned []blobRef // nil once closed
	rest   []blobRef // not yet begun
	skip   int64     // bytes before the next one to read, from the start of rest
	left   int64     // bytes still to read
	file   *os.File  // nil between two blobs
}

// advance opens the blob that the next byte is in.
func (r *blobReader) advance() error {
	for len(r.rest) > 0 && r.skip >= r.rest[0].Size {
		r.skip -= r.rest[0].Size
		r.rest = r.rest[1:]
	}
	if r.left == 0 || len(r.rest) == 0 {
		return io.EOF
	}
	f, err := os.Open(r.blobs.path(r.rest[0].Name))
	if err != nil {
		return boltfile.Explain(r.blobs.path(r.rest[0].Name), err)
	}
	if _, err := f.Seek(r.skip, io.SeekStart); err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.skip, r.rest = f, 0, r.rest[1:]
	return nil
}

func (r *blobReader) Read(p []byte) (int, error) {
	if r.pinned == nil {
		return 0, fs.ErrClosed
	}
	for r.left > 0 {
		if r.file == nil {
			if err := r.advance(); err != nil {
				return 0, fmt.Errorf("body ends %d bytes early: %w", r.left, io.ErrUnexpectedEOF)
			}
		}
		n, err := r.file.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
		if errors.Is(err, io.EOF) {
			err = r.file.Close()
			r.file = nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
	return 0, io.EOF
}

func (r *blobReader) Close() error {
	if r.pinned == nil {
		return nil
	}
	var err error
	if r.file != nil {
		err = r.file.Close()
		r.file = nil
	}
	r.blobs.release(r.pinned)
	r.pinned = nil
	return err
}

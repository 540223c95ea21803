package r2

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/fsx"
)

// recover looks, in the background, for what an interrupted process has left behind: temporary files, and
// blobs that the index does not name. After a Close that left nothing there is nothing to look for.
func (s *Service) recover() error {
	clean, err := s.blobs.takeCleanMark()
	ctx, cancel := context.WithCancel(context.Background())
	s.sweep = sweep{stop: cancel, done: make(chan struct{})}
	if err != nil || clean {
		close(s.sweep.done)
		return err
	}
	s.blobs.swept = false
	go func() {
		defer close(s.sweep.done)
		if err := s.sweepOrphans(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("remove orphans", "err", err)
		}
	}()
	return nil
}

// A sweep is the look for orphans that an Open has begun.
type sweep struct {
	stop context.CancelFunc
	done chan struct{}
}

// sweepOrphans removes the files that nobody names, while everything else goes on. The order matters. A
// file that is there at first, and that no write is about to be named for thereafter, is one that the
// index names from then on until it is deleted, or that it never names. A name may move, but only from
// a part to an object; so the parts are read first.
func (s *Service) sweepOrphans(ctx context.Context) error {
	temps, files, err := s.blobs.files(ctx)
	if err != nil {
		return err
	}
	busy := s.blobs.writing()
	for _, top := range [][]byte{topParts, topObjects} {
		err := s.index.eachBlob(ctx, top, func(name string) {
			if id, ok := blobID(name); ok {
				if i, found := slices.BinarySearchFunc(files, id, compareIDs); found {
					files[i].named = true
				}
			}
		})
		if err != nil {
			return err
		}
	}
	for _, name := range temps {
		if !busy[name] {
			err = errors.Join(err, s.blobs.unlink(s.blobs.temp(name)))
		}
	}
	for _, f := range files {
		if name := hex.EncodeToString(f.id[:]); !f.named && !busy[name] {
			err = errors.Join(err, s.blobs.removeOrphan(name))
		}
	}
	if err == nil {
		s.blobs.mu.Lock()
		s.blobs.swept = true
		s.blobs.mu.Unlock()
	}
	return err
}

// A blobFile is a file below blobs/. There may be millions, so its name is kept short.
type blobFile struct {
	id    [16]byte
	named bool // in the index
}

func compareIDs(f blobFile, id [16]byte) int { return bytes.Compare(f.id[:], id[:]) }

func blobID(name string) (id [16]byte, ok bool) {
	if len(name) != 2*len(id) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(name))
	return id, err == nil
}

// files lists the temporary files, and the blobs in the order of their names. A file that does not have
// the name of a blob is not ours and not listed.
func (b *blobs) files(ctx context.Context) (temps []string, files []blobFile, err error) {
	entries, err := os.ReadDir(filepath.Join(b.dir, "tmp"))
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		temps = append(temps, e.Name())
	}
	err = filepath.WalkDir(filepath.Join(b.dir, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if id, ok := blobID(d.Name()); ok && !d.IsDir() {
			files = append(files, blobFile{id: id})
		}
		return nil
	})
	slices.SortFunc(files, func(f, g blobFile) int { return compareIDs(f, g.id) })
	return temps, files, err
}

// writing returns the names of the blobs that the index may not name yet.
func (b *blobs) writing() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.fresh)
}

// removeOrphan removes a blob that the index does not name. One that somebody still reads goes when its
// last reader does, as whoever has taken its name from the index has seen to.
func (b *blobs) removeOrphan(name string) error {
	b.mu.Lock()
	inUse := b.pins[name] > 0 || b.doomed[name]
	b.mu.Unlock()
	if inUse {
		return nil
	}
	return b.unlink(b.path(name))
}

// sweepRows is how many rows are read at a time: a long transaction would keep writers waiting whenever the
// file has to grow.
const sweepRows = 1000

// eachBlob calls f with the name of every blob that a row below top names, of all buckets.
func (x *index) eachBlob(ctx context.Context, top []byte, f func(name string)) error {
	buckets, err := x.buckets()
	if err != nil {
		return err
	}
	for _, bucket := range buckets {
		for from := []byte{}; from != nil; {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := x.view(func(tx *bolt.Tx) (err error) {
				from, err = namesFrom(tx.Bucket(top).Bucket([]byte(bucket.Name)), from, f)
				return err
			})
			if err != nil {
				return fmt.Errorf("bucket %s: %w", bucket.Name, err)
			}
		}
	}
	return nil
}

// namesFrom calls f with the blobs of some rows and returns the key of the row behind them, nil at the end.
func namesFrom(rows *bolt.Bucket, from []byte, f func(name string)) (next []byte, err error) {
	if rows == nil {
		return nil, nil // the bucket was deleted
	}
	c := rows.Cursor()
	k, v := c.Seek(from)
	for range sweepRows {
		if k == nil {
			return nil, nil
		}
		var row struct {
			Blobs []blobRef `json:"blobs"` // of an object
			Blob  blobRef   `json:"blob"`  // of a part
		}
		text, _, _ := bytes.Cut(v, lineBreak)
		if err := json.Unmarshal(text, &row); err != nil {
			return nil, fmt.Errorf("read row %q: %w", k, err)
		}
		f(row.Blob.Name)
		for _, ref := range row.Blobs {
			f(ref.Name)
		}
		k, v = c.Next()
	}
	return bytes.Clone(k), nil
}

// checkIndex refuses blobs beside an index that is not there: they would all be taken for orphans.
func (b *blobs) checkIndex(index string) error {
	if info, err := os.Stat(index); err == nil && info.Size() > 0 {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(b.dir, "blobs"))
	if err != nil || len(entries) == 0 {
		return err
	}
	return &boltfile.Trouble{
		Text: index + " is missing, and the objects' bodies are there: put it back, or move its whole folder away and start again with nothing",
		Err:  fs.ErrNotExist,
	}
}

// takeCleanMark removes the mark of an orderly end and reports whether it was there.
func (b *blobs) takeCleanMark() (bool, error) {
	err := os.Remove(b.cleanMark())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && !b.noSync {
		err = fsx.SyncDir(b.dir)
	}
	return err == nil, err
}

// end marks the directory as one without orphans, unless there are some.
func (b *blobs) end() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.fresh) > 0 || len(b.doomed) > 0 || !b.swept {
		return nil
	}
	return os.WriteFile(b.cleanMark(), nil, 0o600)
}

func (b *blobs) cleanMark() string { return filepath.Join(b.dir, "clean") }

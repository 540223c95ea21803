package boltfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// nothing reads nothing.
func nothing(*bolt.DB) error { return nil }

// fill makes a file of many pages, of which bbolt itself reads only the first ones at the start, and returns
// its path.
func fill(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := Open(path, true, nothing)
	if err != nil {
		t.Fatal(err)
	}
	err = Update(db, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), make([]byte, 1<<20))
	})
	for range 3 { // the list of free pages moves to the front
		err = errors.Join(err, Update(db, func(tx *bolt.Tx) error { return tx.Bucket([]byte("b")).SetSequence(1) }))
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTruncatedFileIsATroubleWhichNamesIt(t *testing.T) {
	path := fill(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{info.Size() / 2, 3 * 4096, 2 * 4096, 100} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		_, err = Open(path, true, nothing)
		trouble, ok := errors.AsType[*Trouble](Explain(path, err))
		if !ok || !strings.HasPrefix(trouble.Text, path+" is damaged") {
			t.Errorf("of %d bytes: got %v", size, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != size {
			t.Errorf("of %d bytes: it was changed (%v)", size, err)
		}
	}
}

// A map of a file that has become shorter faults when it is read.
func TestFileTruncatedInUseIsATrouble(t *testing.T) {
	path := fill(t)
	db, err := Open(path, true, nothing)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 2*4096); err != nil {
		t.Fatal(err)
	}
	err = View(db, func(tx *bolt.Tx) error {
		tx.Bucket([]byte("b")).Get([]byte("k"))
		return nil
	})
	if _, ok := errors.AsType[*Trouble](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestAPanicOfOursStaysOne(t *testing.T) {
	db, err := Open(fill(t), true, nothing)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p := recover(); p != "ours" {
			t.Errorf("got %v", p)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	_ = View(db, func(*bolt.Tx) error { panic("ours") })
}

// Package boltfile opens and uses bbolt files that may be damaged, or lie on a disk that is full. bbolt
// believes its file: a damaged one makes it panic, a truncated one makes it read memory that is not
// there. Here both become errors.
package boltfile

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Open opens the file at path, which is made when it is missing, and has it read. The wait for the file's
// lock is bounded: who holds it is another process. With noSync commits are not flushed.
//
// A file that is damaged is left as it is, and the error is bbolt's ErrInvalid or a like of it.
func Open(path string, noSync bool, read func(*bolt.DB) error) (db *bolt.DB, err error) {
	var file *os.File
	err = guard(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout: time.Second, NoSync: noSync, NoGrowSync: noSync, FreelistType: bolt.FreelistMapType, NoStatistics: true,
			OpenFile: func(name string, flag int, perm os.FileMode) (_ *os.File, err error) {
				file, err = os.OpenFile(name, flag, perm)
				return file, err
			},
		})
		if err != nil {
			return err
		}
		if err = whole(db, file); err == nil {
			err = read(db)
		}
		if err != nil {
			err = errors.Join(err, db.Close())
		}
		return err
	})
	if errors.Is(err, errPanic) {
		// db may hold locks of its own for ever, so it is left; its map of the file would keep the file's lock.
		err = errors.Join(err, syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// whole says whether the file is as long as it says itself.
func whole(db *bolt.DB, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return db.View(func(tx *bolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes are there of %d", bolterrors.ErrInvalid, info.Size(), tx.Size())
		}
		return nil
	})
}

// View is db.View for a file whose content is not believed. An error that is not of read is a *Trouble.
func View(db *bolt.DB, read func(*bolt.Tx) error) error {
	return Explain(db.Path(), guard(func() error { return db.View(read) }))
}

// Update is db.Update for a file whose content is not believed. An error that is not of change is a
// *Trouble, and nothing has changed then.
func Update(db *bolt.DB, change func(*bolt.Tx) error) error {
	return Explain(db.Path(), guard(func() error { return db.Update(change) }))
}

var errPanic = fmt.Errorf("%w", bolterrors.ErrInvalid)

// guard calls f and makes errors of the panics that a damaged file leads to.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if !ofTheFile(p) {
				panic(p)
			}
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	return f()
}

// ofTheFile tells a panic that a damaged file leads to from one that is a mistake of ours: it comes out
// of bbolt, or from memory that should be the file's.
func ofTheFile(p any) bool {
	if _, fault := p.(interface{ Addr() uintptr }); fault {
		return true
	}
	stack := make([]uintptr, 32)
	frames := runtime.CallersFrames(stack[:runtime.Callers(1, stack)])
	for panicked := false; ; {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = true
		case panicked:
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}

package d1

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/cfemu/cfemu/internal/probe"
)

// Dump writes the database to w as a file of SQLite's format: one moment of it, whatever is written
// meanwhile. The copy is made on disk first, in the folder of the database.
func (db *Database) Dump(ctx context.Context, w io.Writer) error {
	file, _, err := db.copyFile(ctx)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("d1: dump %s: %w", db.Name, err)
	}
	return nil
}

// copyFile makes a copy of the database in a file that has no name any more and is gone when it is closed.
func (db *Database) copyFile(ctx context.Context) (_ *os.File, size int64, err error) {
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "dump", Resource: db.Name})
	if err != nil {
		return nil, 0, err
	}
	defer func() { span.End(err) }()
	db.mu.RLock()
	defer db.mu.RUnlock()
	if err := db.usable(); err != nil {
		return nil, 0, err
	}
	cn, err := db.acquire(ctx, db.pool.read)
	if err != nil {
		return nil, 0, err
	}
	defer db.pool.giveReader(cn)
	if err := cn.begin(false); err != nil { // one view for the whole of it
		return nil, 0, err
	}
	defer cn.rollback()
	file, err := os.CreateTemp(filepath.Dir(db.Path()), ".dump-*")
	if err != nil {
		return nil, 0, fmt.Errorf("d1: dump %s: %w", db.Name, err)
	}
	if size, err = cn.copyTo(ctx, file); err != nil {
		file.Close()
		return nil, 0, fmt.Errorf("d1: dump %s: %w", db.Name, err)
	}
	return file, size, nil
}

// copiedPages is how many pages are copied between two looks at the context.
const copiedPages = 1000

// copyTo copies the database into file, which loses its name.
func (cn *conn) copyTo(ctx context.Context, file *os.File) (size int64, err error) {
	path := C.CString(file.Name())
	defer C.free(unsafe.Pointer(path))
	var copying *C.d1_copy
	rc := C.d1_copy_start(cn.c, path, &copying)
	if err := os.Remove(file.Name()); err != nil {
		C.d1_copy_end(copying)
		return 0, err
	}
	for rc == 0 && ctx.Err() == nil {
		rc = C.d1_copy_step(copying, copiedPages)
	}
	ended := C.d1_copy_end(copying)
	switch {
	case ctx.Err() != nil && rc == 0:
		return 0, queryError(textGone, ctx.Err())
	case rc != sqliteDone:
		return 0, fmt.Errorf("copy: sqlite error %d", rc)
	case ended != 0:
		return 0, fmt.Errorf("copy: sqlite error %d", ended)
	}
	// The copy is of a database with a write-ahead log, and has none: https://www.sqlite.org/fileformat.html
	const versions = 18
	if _, err := file.WriteAt([]byte{1, 1}, versions); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// sqliteDone is SQLITE_DONE.
const sqliteDone = 101

package d1

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// copyPages is how many pages are copied between two looks at whether anybody still waits.
const copyPages = 4096

// CopyFile makes a consistent copy of the SQLite database from, at to, which is replaced. Another program
// may have the database open and write to it; it and its log are only read.
func CopyFile(ctx context.Context, from, to string) (err error) {
	src, err := openForeign(from)
	if err == nil {
		// What this sees until it ends is one state of the database, however long the copy takes.
		err = holdState(ctx, src)
	}
	if isUnreadable(err) { // such as a log without its index, in a folder that cannot be written
		if src != nil {
			_ = src.Close() // it was not used
		}
		var aside string
		if aside, err = copyAside(from); err != nil {
			return err
		}
		defer os.RemoveAll(aside)
		if src, err = openForeign(filepath.Join(aside, "db")); err == nil {
			err = holdState(ctx, src)
		}
	}
	if err != nil {
		if src != nil {
			_ = src.Close() // the first error counts
		}
		return fmt.Errorf("read %s: %w", from, err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dst, err := open(fileURI(to) + "?_sync=off")
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return errors.Join(backup(ctx, dst, src), dst.Close())
}

func backup(ctx context.Context, dst, src *sqlite3.SQLiteConn) error {
	b, err := dst.Backup("main", src, "main")
	if err != nil {
		return err
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, b.Finish())
		}
		if done, err = b.Step(copyPages); err != nil {
			return errors.Join(err, b.Finish())
		}
	}
	return b.Finish()
}

// openForeign opens a database of unknown origin, for reading. What its schema says is not trusted.
func openForeign(name string) (*sqlite3.SQLiteConn, error) {
	c, err := open(fileURI(name) + "?mode=ro&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	if _, err := c.Exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", nil); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func fileURI(name string) string { return "file:" + (&url.URL{Path: name}).EscapedPath() }

func open(dsn string) (*sqlite3.SQLiteConn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite3: unexpected connection %T", c), c.Close())
	}
	return conn, nil
}

func holdState(ctx context.Context, c *sqlite3.SQLiteConn) error {
	for _, sql := range []string{"BEGIN", "SELECT count(*) FROM sqlite_master"} {
		if _, err := c.ExecContext(ctx, sql, nil); err != nil {
			return err
		}
	}
	return nil
}

func isUnreadable(err error) bool {
	failed, ok := errors.AsType[sqlite3.Error](err)
	return ok && (failed.Code == sqlite3.ErrCantOpen || failed.Code == sqlite3.ErrReadonly)
}

// copyAside copies a database file with its log into a folder of its own.
func copyAside(from string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "cfemu-copy-"); err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal"} {
		err := copyOne(from+suffix, filepath.Join(dir, "db"+suffix))
		if err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

func copyOne(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// rows calls each for every row of a query. The values are nil, int64, float64, string and []byte, and
// are not kept. What SQLite says of the query is a *FileError.
func rows(ctx context.Context, c *sqlite3.SQLiteConn, query string, each func([]driver.Value) error) (err error) {
	r, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return &FileError{err}
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	values := make([]driver.Value, len(r.Columns()))
	for {
		err := r.Next(values)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &FileError{err}
		}
		if err := each(values); err != nil {
			return err
		}
	}
}

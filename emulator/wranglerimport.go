package emulator

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/testapi"
)

// ImportNamespace makes the project's namespace of a binding hold what wrangler's does, which another
// program may be using. Without force a namespace that has keys is left alone: the error is then a
// *HasDataError. A dry run finds out all of this and changes nothing.
func (c *Client) ImportNamespace(ctx context.Context, s WranglerStore, force, dryRun bool) (*ReplacedNamespace, error) {
	var done ReplacedNamespace
	return &done, c.importStore(ctx, s, "/kv/", keysIn, force, dryRun, &done)
}

// ImportBucket is to a bucket what ImportNamespace is to a namespace. left are the keys of unfinished
// uploads, which are not taken over.
func (c *Client) ImportBucket(ctx context.Context, s WranglerStore, force, dryRun bool) (done *ReplacedBucket, left []string, err error) {
	done = &ReplacedBucket{}
	read := func(ctx context.Context, db *sql.DB, blobs *blobFolder, w io.Writer) (err error) {
		if left, err = unfinishedIn(ctx, db); err != nil {
			return err
		}
		return objectsIn(ctx, db, blobs, w)
	}
	err = c.importStore(ctx, s, "/r2/", read, force, dryRun, done)
	return done, left, err
}

// A storeReader writes the records of a store of wrangler's.
type storeReader func(ctx context.Context, db *sql.DB, blobs *blobFolder, w io.Writer) error

// importTries is how often a store is read anew when wrangler dev has changed it meanwhile.
const importTries = 5

// importStore sends the records of a store. Their content lies in files beside the database, which go
// when a key is written anew: then what the copy of the database says is old, and a new one is made.
func (c *Client) importStore(ctx context.Context, s WranglerStore, route string, read storeReader, force, dryRun bool, out any) error {
	query := url.Values{"force": {strconv.FormatBool(force)}, "dry_run": {strconv.FormatBool(dryRun)}}
	if s.id != "" {
		query.Set("title", s.Name)
	}
	address := c.v1(route+url.PathEscape(s.target()), query)
	for try := 1; ; try++ {
		err := c.sendStore(ctx, s, address, read, out)
		if errors.Is(err, fs.ErrNotExist) && try < importTries {
			continue
		}
		return err
	}
}

func (c *Client) sendStore(ctx context.Context, s WranglerStore, address string, read storeReader, out any) error {
	dir, err := os.MkdirTemp("", "cfemu-import-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "db")
	if err := d1.CopyFile(ctx, s.File, copied); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: copied}).EscapedPath()+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	body, w := io.Pipe()
	result := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(w, 64<<10)
		err := read(ctx, db, &blobFolder{root: filepath.Dir(filepath.Dir(s.File))}, buffered)
		if err == nil {
			err = writeRecord(buffered, record{recordHead: recordHead{End: true}})
		}
		if err == nil {
			err = buffered.Flush()
		}
		w.CloseWithError(err)
		result <- err
	}()
	b, err := c.sendRecords(ctx, address, body)
	body.Close() // the rest is not wanted: the answer has come
	// What went wrong here says more than that a body has ended early.
	if failed := <-result; failed != nil && !errors.Is(failed, io.ErrClosedPipe) {
		return failed
	}
	if api, ok := errors.AsType[*APIError](err); ok && api.Code == codeNotEmpty {
		return &HasDataError{api.Message}
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

// sendRecords sends no body to who refuses its head: without that, the answer may get lost in the
// middle of it.
func (c *Client) sendRecords(ctx context.Context, address string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Expect", "100-continue")
	return c.exchange(req, testapi.TypeRecords)
}

// keysIn writes the records of a namespace's database.
//
// Receipt: the tables of Miniflare 5.20261117.0.
func keysIn(ctx context.Context, db *sql.DB, blobs *blobFolder, w io.Writer) error {
	rows, err := db.QueryContext(ctx, "SELECT key, blob_id, expiration, metadata FROM _mf_entries ORDER BY key")
	if err != nil {
		return unknownLayout(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, blob string
		var expires sql.NullInt64 // Unix milliseconds
		var metadata sql.NullString
		if err := rows.Scan(&key, &blob, &expires, &metadata); err != nil {
			return unknownLayout(err)
		}
		size, err := blobs.size(blob)
		if err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
		head := recordHead{Key: key, Size: size, Expires: expires.Int64 / 1000}
		if metadata.Valid {
			if !json.Valid([]byte(metadata.String)) {
				return fmt.Errorf("key %q: its metadata is not JSON", key)
			}
			head.Metadata = json.RawMessage(metadata.String)
		}
		if err := writeRecord(w, record{head, &blobsReader{folder: blobs, rest: []string{blob}}}); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	return rows.Err()
}

func unknownLayout(err error) error {
	return fmt.Errorf("its tables are not those that wrangler makes today: %w. Run `wrangler dev` of a current wrangler with it, and import again", err)
}

// A blobFolder has the contents of the keys or objects of a store, each in a file of a name that says
// nothing, in a folder named by the store's id, which Miniflare may have changed to suit a file system.
type blobFolder struct {
	root string // holds such folders
	dir  string // where the last one was
}

func (f *blobFolder) path(blob string) (string, error) {
	if !filepath.IsLocal(blob) || filepath.Base(blob) != blob {
		return "", fmt.Errorf("%q is no name of a file", blob)
	}
	if f.dir != "" {
		path := filepath.Join(f.dir, blob)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	entries, err := os.ReadDir(f.root)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		dir := filepath.Join(f.root, entry.Name(), "blobs")
		path := filepath.Join(dir, blob)
		if _, err := os.Stat(path); err == nil {
			f.dir = dir
			return path, nil
		}
	}
	return "", &fs.PathError{Op: "open", Path: filepath.Join(f.root, "*", "blobs", blob), Err: fs.ErrNotExist}
}

func (f *blobFolder) size(blob string) (int64, error) {
	path, err := f.path(blob)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// A blobsReader reads several blobs one after the other.
type blobsReader struct {
	folder *blobFolder
	rest   []string
	file   *os.File // nil between two
}

func (r *blobsReader) Read(p []byte) (int, error) {
	for {
		if r.file == nil {
			if len(r.rest) == 0 {
				return 0, io.EOF
			}
			path, err := r.folder.path(r.rest[0])
			if err != nil {
				return 0, err
			}
			if r.file, err = os.Open(path); err != nil {
				r.file = nil
				return 0, err
			}
			r.rest = r.rest[1:]
		}
		n, err := r.file.Read(p)
		if errors.Is(err, io.EOF) {
			err = r.file.Close()
			r.file = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close closes what a reader that was not read to its end has open.
func (r *blobsReader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

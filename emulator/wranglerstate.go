package emulator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/wrangler"
)

// A WranglerState is what `wrangler dev` has stored for a project.
type WranglerState struct {
	Dir       string // the folder that holds d1, kv, r2, …
	Databases []WranglerDatabase
	Missing   []string // bindings that nothing was stored for
	Unclaimed []string // files of databases that no binding means
	Left      []string // products whose data cannot be taken over yet
}

// A WranglerDatabase is a D1 database of a WranglerState.
type WranglerDatabase struct {
	Binding string // or several of one database, with commas
	File    string
	config  wrangler.D1Database
}

// objectFolder holds the databases of D1 below the folder d1; it is also the key that their names are
// made with.
//
// Receipt: Miniflare 5.20261117.0, checked against files that wrangler 4.164.0 wrote.
const objectFolder = "miniflare-D1DatabaseObject"

// objectName is the name of the Durable Object, and so of the file, that Miniflare keeps a database in:
// sixteen bytes of the key's HMAC of the database's id, and sixteen of the HMAC of those.
func objectName(id string) string {
	key := sha256.Sum256([]byte(objectFolder))
	sum := func(b []byte) []byte {
		m := hmac.New(sha256.New, key[:])
		m.Write(b)
		return m.Sum(nil)[:16]
	}
	name := sum([]byte(id))
	return hex.EncodeToString(append(name, sum(name)...))
}

// WranglerState finds what `wrangler dev` stored for the project: in from, a folder given to it as
// --persist-to or one above or below that, or in .wrangler/state of the project when from is empty.
func (c *Client) WranglerState(from string) (*WranglerState, error) {
	if c.config == nil {
		return nil, errors.New("there is no wrangler configuration here, which says which database is which")
	}
	dir, err := c.wranglerDir(from)
	if err != nil {
		return nil, err
	}
	s := &WranglerState{Dir: dir}
	objects := filepath.Join(dir, "d1", objectFolder)
	claimed := map[string]bool{}
	for _, b := range c.config.D1Databases {
		file := ""
		// Receipt: the id that wrangler 4.164.0 gives Miniflare is the first of these that is set.
		for _, id := range []string{b.PreviewDatabaseID, b.DatabaseID, b.Binding} {
			name := filepath.Join(objects, objectName(id)+".sqlite")
			if _, err := os.Stat(name); err == nil && id != "" {
				file = name
				break
			}
		}
		if file == "" {
			s.Missing = append(s.Missing, b.Binding)
			continue
		}
		if i := slices.IndexFunc(s.Databases, func(db WranglerDatabase) bool { return db.File == file && c.databaseOf(db.config) == c.databaseOf(b) }); i >= 0 {
			s.Databases[i].Binding += ", " + b.Binding
			continue
		}
		claimed[file] = true
		s.Databases = append(s.Databases, WranglerDatabase{b.Binding, file, b})
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(objects), "*.sqlite"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !claimed[f] && filepath.Base(f) != "metadata.sqlite" { // the alarms of the objects
			s.Unclaimed = append(s.Unclaimed, f)
		}
	}
	s.Left, err = leftIn(dir)
	return s, err
}

// wranglerDir is the folder v3 that from means.
func (c *Client) wranglerDir(from string) (string, error) {
	at := filepath.Join(c.project, ".wrangler", "state")
	if from != "" {
		var err error
		if at, err = filepath.Abs(from); err != nil {
			return "", err
		}
	}
	for _, dir := range []string{filepath.Join(at, "v3"), at, filepath.Dir(at), filepath.Dir(filepath.Dir(at)), filepath.Join(at, ".wrangler", "state", "v3"), filepath.Join(at, "state", "v3")} {
		if info, err := os.Stat(filepath.Join(dir, "d1", objectFolder)); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	hint := "Run `wrangler dev` once, or name the folder that it was given as --persist-to: --from DIR"
	if from != "" {
		hint = "It has to be the folder that was given to wrangler as --persist-to, or a project's"
	}
	return "", fmt.Errorf("wrangler has stored no D1 database in %s. %s", at, hint)
}

// leftIn names what a folder holds beside D1. The cache fills by itself.
func leftIn(dir string) ([]string, error) {
	names := map[string]string{
		"kv": "KV", "r2": "R2", "do": "Durable Objects", "queues": "Queues", "workflows": "Workflows", "secrets-store": "Secrets Store", "analytics-engine": "Analytics Engine",
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, entry := range entries {
		if entry.Name() == "d1" || entry.Name() == "cache" || !entry.IsDir() {
			continue
		}
		some := false
		err := filepath.WalkDir(filepath.Join(dir, entry.Name()), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), "metadata.sqlite") {
				some = true
				return filepath.SkipAll
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if !some {
			continue
		}
		if known := names[entry.Name()]; known != "" {
			left = append(left, known)
		} else {
			left = append(left, entry.Name())
		}
	}
	slices.Sort(left)
	return left, nil
}

// ImportDatabase makes the project's database of a binding hold what wrangler's does. Another program may
// be using that one. Without force a database that has rows is left alone: the error is then a
// *HasRowsError. A dry run finds out all of this and changes nothing.
func (c *Client) ImportDatabase(ctx context.Context, db WranglerDatabase, force, dryRun bool) (*Replaced, error) {
	dir, err := os.MkdirTemp("", "cfemu-import-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "db")
	if err := d1.CopyFile(ctx, db.File, copied); err != nil {
		return nil, err
	}
	f, err := os.Open(copied)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	query := url.Values{
		"force": {strconv.FormatBool(force)}, "dry_run": {strconv.FormatBool(dryRun)}, "migrations_table": {db.config.MigrationsTable},
	}
	address := c.v1("/d1/"+url.PathEscape(c.databaseOf(db.config)), query)
	b, err := c.send(ctx, http.MethodPut, address, "application/vnd.sqlite3", f)
	if api, ok := errors.AsType[*APIError](err); ok && api.Code == codeNotEmpty {
		return nil, &HasRowsError{api.Message}
	}
	if err != nil {
		return nil, err
	}
	var done Replaced
	return &done, json.Unmarshal(b, &done)
}

// A HasRowsError says that a database was left alone because it has rows, and in which tables.
type HasRowsError struct{ Message string }

func (e *HasRowsError) Error() string { return e.Message }

// DatabaseName is the name of the database that is imported into.
func (c *Client) DatabaseName(db WranglerDatabase) string {
	_, name := identify(db.config.DatabaseID, db.config.DatabaseName, c.config.Name, db.config.Binding, isUUID)
	return name
}

package emulator

import (
	"cmp"
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
	"syscall"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/wrangler"
)

// A WranglerState is what `wrangler dev` has stored for a project.
type WranglerState struct {
	Dir        string // the folder that holds d1, kv, r2, …
	Databases  []WranglerDatabase
	Namespaces []WranglerStore
	Buckets    []WranglerStore
	Missing    []string        // bindings that nothing was stored for
	Unclaimed  []UnclaimedFile // what no binding means
	Old        []string        // folders of an older wrangler, in another layout
	Left       []string        // products whose data cannot be taken over yet
}

// A WranglerDatabase is a D1 database of a WranglerState.
type WranglerDatabase struct {
	Binding string // or several of one database, with commas
	File    string
	config  wrangler.D1Database
}

// A WranglerStore is a KV namespace or an R2 bucket of a WranglerState.
type WranglerStore struct {
	Binding string // or several of one store, with commas
	File    string
	Name    string // of the namespace or bucket that is imported into
	id      string // of a namespace; empty: it is known by its name
}

// target is what the store is called in addresses.
func (s WranglerStore) target() string { return cmp.Or(s.id, s.Name) }

// An UnclaimedFile is a database that no binding means.
type UnclaimedFile struct{ Product, File string }

// The classes of Miniflare's Durable Objects that keep data. They are the names of the folders of their
// databases, below d1, kv and r2; they are also the keys that the databases' names are made with.
//
// Receipt: Miniflare 5.20261117.0, checked against files that wrangler 4.164.0 wrote.
const (
	databaseObjects  = "miniflare-D1DatabaseObject"
	namespaceObjects = "miniflare-KVNamespaceObject"
	bucketObjects    = "miniflare-R2BucketObject"
)

// objectName is the name of the Durable Object, and so of the file, that Miniflare keeps a database in:
// sixteen bytes of the key's HMAC of the database's id, and sixteen of the HMAC of those.
func objectName(class, id string) string {
	key := sha256.Sum256([]byte(class))
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
		return nil, errors.New("there is no wrangler configuration here, which says which binding means what")
	}
	dir, err := c.wranglerDir(from)
	if err != nil {
		return nil, err
	}
	s := &WranglerState{Dir: dir}
	c.findDatabases(s)
	c.findNamespaces(s)
	c.findBuckets(s)
	if err := s.findUnclaimed(); err != nil {
		return nil, err
	}
	if s.Old, err = olderIn(dir); err != nil {
		return nil, err
	}
	s.Left, err = leftIn(dir)
	return s, err
}

func (c *Client) findDatabases(s *WranglerState) {
	for _, b := range c.config.D1Databases {
		file := s.file("d1", databaseObjects, b.Binding, b.PreviewDatabaseID, b.DatabaseID)
		if file == "" {
			continue
		}
		if i := slices.IndexFunc(s.Databases, func(db WranglerDatabase) bool { return db.File == file && c.databaseOf(db.config) == c.databaseOf(b) }); i >= 0 {
			s.Databases[i].Binding += ", " + b.Binding
			continue
		}
		s.Databases = append(s.Databases, WranglerDatabase{b.Binding, file, b})
	}
}

func (c *Client) findNamespaces(s *WranglerState) {
	for _, b := range c.config.KVNamespaces {
		file := s.file("kv", namespaceObjects, b.Binding, b.PreviewID, b.ID)
		id, title := identify(b.ID, "", c.config.Name, b.Binding, isHexID)
		s.Namespaces = withStore(s.Namespaces, WranglerStore{b.Binding, file, title, id})
	}
}

func (c *Client) findBuckets(s *WranglerState) {
	for _, b := range c.config.R2Buckets {
		file := s.file("r2", bucketObjects, b.Binding, b.PreviewBucketName, b.BucketName)
		_, name := identify("", b.BucketName, c.config.Name, b.Binding, isUUID)
		s.Buckets = withStore(s.Buckets, WranglerStore{b.Binding, file, name, ""})
	}
}

// withStore adds a store that has a file, or its binding to another's of the same.
func withStore(all []WranglerStore, s WranglerStore) []WranglerStore {
	if s.File == "" {
		return all
	}
	if i := slices.IndexFunc(all, func(o WranglerStore) bool { return o.File == s.File && o.target() == s.target() }); i >= 0 {
		all[i].Binding += ", " + s.Binding
		return all
	}
	return append(all, s)
}

// file finds the database of a binding; when there is none the binding is noted as missing.
//
// Receipt: the id that wrangler 4.164.0 gives Miniflare is the first that is set of the preview's, the
// real one, and the binding's name.
func (s *WranglerState) file(product, class, binding string, ids ...string) string {
	for _, id := range append(ids, binding) {
		name := filepath.Join(s.Dir, product, class, objectName(class, id)+".sqlite")
		if _, err := os.Stat(name); err == nil && id != "" {
			return name
		}
	}
	s.Missing = append(s.Missing, binding)
	return ""
}

// findUnclaimed notes the files that no binding means.
func (s *WranglerState) findUnclaimed() error {
	claimed := map[string]bool{}
	for _, db := range s.Databases {
		claimed[db.File] = true
	}
	for _, store := range slices.Concat(s.Namespaces, s.Buckets) {
		claimed[store.File] = true
	}
	for _, p := range []struct{ product, folder, class string }{
		{"D1", "d1", databaseObjects}, {"KV", "kv", namespaceObjects}, {"R2", "r2", bucketObjects},
	} {
		files, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Join(s.Dir, p.folder, p.class)), "*.sqlite"))
		if err != nil {
			return err
		}
		for _, f := range files {
			if !claimed[f] && filepath.Base(f) != "metadata.sqlite" { // the alarms of the objects
				s.Unclaimed = append(s.Unclaimed, UnclaimedFile{p.product, f})
			}
		}
	}
	return nil
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
		for _, folder := range []string{"d1/" + databaseObjects, "kv/" + namespaceObjects, "r2/" + bucketObjects} {
			if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(folder))); err == nil && info.IsDir() {
				return dir, nil
			}
		}
	}
	for _, dir := range []string{at, filepath.Join(at, "v3")} {
		if old, err := olderIn(dir); err == nil && len(old) > 0 {
			return "", fmt.Errorf("%s is the data of an older wrangler, in a layout that cfemu does not read. Run `wrangler dev` of a current wrangler, fill it again, and import that", old[0])
		}
	}
	hint := "Run `wrangler dev` once, or name the folder that it was given as --persist-to: --from DIR"
	if from != "" {
		hint = "It has to be the folder that was given to wrangler as --persist-to, or a project's"
	}
	return "", fmt.Errorf("wrangler has stored no D1 database, KV namespace or R2 bucket in %s. %s", at, hint)
}

// olderIn names what lies in dir as wrangler stored it before it kept all data in Durable Objects: a
// folder for each database, namespace or bucket, with a file db.sqlite, or with a file for each key.
func olderIn(dir string) ([]string, error) {
	var old []string
	for _, product := range []string{"d1", "kv", "r2"} {
		folders, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Join(dir, product)), "*"))
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			if name := filepath.Base(folder); strings.HasPrefix(name, "miniflare-") {
				continue
			}
			entries, err := os.ReadDir(folder)
			if err != nil && !errors.Is(err, syscall.ENOTDIR) {
				return nil, err
			}
			for _, entry := range entries {
				if entry.Name() != "blobs" { // of today's layout too
					old = append(old, folder)
					break
				}
			}
		}
	}
	return old, nil
}

// leftIn names what a folder holds beside D1, KV and R2. The cache fills by itself.
func leftIn(dir string) ([]string, error) {
	names := map[string]string{
		"do": "Durable Objects", "queues": "Queues", "workflows": "Workflows", "secrets-store": "Secrets Store", "analytics-engine": "Analytics Engine",
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, entry := range entries {
		if slices.Contains([]string{"d1", "kv", "r2", "cache"}, entry.Name()) || !entry.IsDir() {
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
// *HasDataError. A dry run finds out all of this and changes nothing.
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
		return nil, &HasDataError{api.Message}
	}
	if err != nil {
		return nil, err
	}
	var done Replaced
	return &done, json.Unmarshal(b, &done)
}

// A HasDataError says that something was left alone because it has data, and what.
type HasDataError struct{ Message string }

func (e *HasDataError) Error() string { return e.Message }

// DatabaseName is the name of the database that is imported into.
func (c *Client) DatabaseName(db WranglerDatabase) string {
	_, name := identify(db.config.DatabaseID, db.config.DatabaseName, c.config.Name, db.config.Binding, isUUID)
	return name
}

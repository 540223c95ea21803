package d1

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/cfemu/cfemu/internal/boltfile"
)

// A record is what the index knows of a database; the key is its id.
type record struct {
	Name     string    `json:"name"`
	File     string    `json:"file"`
	Created  time.Time `json:"created"`
	Assigned bool      `json:"assigned,omitempty"` // the id was made here, no configuration named it

	Region          string `json:"region,omitempty"`
	Jurisdiction    string `json:"jurisdiction,omitempty"`
	ReadReplication string `json:"read_replication,omitempty"`
}

// A store is the index of a directory of databases.
type store struct {
	bolt       *bolt.DB
	dir        string
	generation uint64 // how often the directory has been opened
	strays     []string
}

var (
	bucketDatabases = []byte("databases")
	bucketDeleted   = []byte("deleted") // files of deleted databases, which a crash may have left
	bucketMeta      = []byte("meta")
	keyGeneration   = []byte("generation")
)

func openStore(dir string, noSync bool) (*store, map[string]record, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, "index.db")
	st := &store{dir: dir}
	var records map[string]record
	_, err := boltfile.Open(path, noSync, func(db *bolt.DB) (err error) {
		st.bolt = db
		records, err = st.load()
		return err
	})
	if err != nil {
		return nil, nil, indexError(path, err)
	}
	return st, records, nil
}

// indexError says what to do about an index that does not open.
func indexError(path string, err error) error {
	var unreadable *json.SyntaxError
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%s is in use by another process: end that, and start again", path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch), errors.As(err, &unreadable):
		return fmt.Errorf("%s is damaged and was left as it is: put a copy back, or move it away and start again, then databases are found by the names of their files: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open index: %w: make it and its folder writable for the user that runs cfemu", err)
	}
	return fmt.Errorf("open index %s: %w", path, err)
}

// load counts the opening, reads all records, and clears up after a process that was killed.
func (st *store) load() (map[string]record, error) {
	var records map[string]record
	err := st.bolt.Update(func(tx *bolt.Tx) (err error) {
		fresh := tx.Bucket(bucketDatabases) == nil
		for _, name := range [][]byte{bucketDatabases, bucketDeleted, bucketMeta} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if err := st.count(tx.Bucket(bucketMeta)); err != nil {
			return err
		}
		if records, err = st.records(tx, fresh); err != nil {
			return err
		}
		return st.sweep(tx, records)
	})
	return records, err
}

func (st *store) count(meta *bolt.Bucket) error {
	if g := meta.Get(keyGeneration); len(g) == 8 {
		st.generation = binary.BigEndian.Uint64(g)
	}
	st.generation++
	return meta.Put(keyGeneration, binary.BigEndian.AppendUint64(nil, st.generation))
}

// records reads the records. A fresh index in a folder with databases (the index was lost, or moved
// away because it was damaged) takes them in by the names of their files.
func (st *store) records(tx *bolt.Tx, fresh bool) (map[string]record, error) {
	databases := tx.Bucket(bucketDatabases)
	records := map[string]record{}
	if fresh {
		found, err := st.files()
		if err != nil {
			return nil, err
		}
		names := map[string]bool{}
		for _, id := range slices.Sorted(maps.Keys(found)) {
			r := found[id]
			if names[r.Name] {
				r.Name += "-" + id[:8]
			}
			names[r.Name] = true
			if err := putRecord(databases, id, r); err != nil {
				return nil, err
			}
		}
	}
	err := databases.ForEach(func(id, v []byte) error {
		var r record
		if err := json.Unmarshal(v, &r); err != nil {
			return fmt.Errorf("database %s: %w", id, err)
		}
		records[string(id)] = r
		return nil
	})
	return records, err
}

var databaseFile = regexp.MustCompile(`^(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.sqlite$`)

// files returns what the names of the files in the folder say of their databases.
func (st *store) files() (map[string]record, error) {
	entries, err := os.ReadDir(st.dir)
	if err != nil {
		return nil, err
	}
	found := map[string]record{}
	for _, e := range entries {
		if m := databaseFile.FindStringSubmatch(e.Name()); m != nil {
			info, err := e.Info()
			if err != nil {
				continue // removed just now
			}
			found[m[2]] = record{Name: m[1], File: e.Name(), Created: info.ModTime().UTC()}
		}
	}
	return found, nil
}

// sweep removes the files of databases whose deletion or creation a crash has cut short. Other files
// that look like databases are noted and left alone.
func (st *store) sweep(tx *bolt.Tx, records map[string]record) error {
	used := make(map[string]bool, len(records))
	for _, r := range records {
		used[r.File] = true
	}
	deleted := tx.Bucket(bucketDeleted)
	var gone [][]byte
	err := deleted.ForEach(func(file, _ []byte) error {
		if used[string(file)] || removeFiles(filepath.Join(st.dir, string(file))) == nil {
			gone = append(gone, file)
		}
		return nil
	})
	for _, file := range gone {
		err = errors.Join(err, deleted.Delete(file))
	}
	if err != nil {
		return err
	}
	found, err := st.files()
	if err != nil {
		return err
	}
	for _, r := range found {
		path := filepath.Join(st.dir, r.File)
		switch {
		case used[r.File]:
		case hasBytes(path) || hasBytes(path+"-wal"):
			st.strays = append(st.strays, path)
		default: // made for a database that was never entered
			if err := os.Remove(path); err != nil {
				st.strays = append(st.strays, path)
			}
		}
	}
	return nil
}

func putRecord(databases *bolt.Bucket, id string, r record) error {
	v, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return databases.Put([]byte(id), v)
}

// put enters a database, or changes what is known of it.
func (st *store) put(id string, r record) error {
	return st.bolt.Update(func(tx *bolt.Tx) error {
		return errors.Join(putRecord(tx.Bucket(bucketDatabases), id, r), tx.Bucket(bucketDeleted).Delete([]byte(r.File)))
	})
}

// rename gives the record of old the id id.
func (st *store) rename(old, id string, r record) error {
	return st.bolt.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketDatabases)
		return errors.Join(b.Delete([]byte(old)), putRecord(b, id, r))
	})
}

// delete takes a database out. Its file is noted, to be removed at the next start if not now.
func (st *store) delete(id string, r record) error {
	return st.bolt.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.Bucket(bucketDatabases).Delete([]byte(id)), tx.Bucket(bucketDeleted).Put([]byte(r.File), []byte(id)))
	})
}

// wasDeleted reports whether file is what a deleted database has left.
func (st *store) wasDeleted(file string) bool {
	found := false
	// A View whose func returns nil fails only after close.
	_ = st.bolt.View(func(tx *bolt.Tx) error {
		found = tx.Bucket(bucketDeleted).Get([]byte(file)) != nil
		return nil
	})
	return found
}

func (st *store) close() error { return st.bolt.Close() }

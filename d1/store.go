package d1

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
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
	generation uint64 // how often the directory has been opened
}

var (
	bucketDatabases = []byte("databases")
	bucketMeta      = []byte("meta")
	keyGeneration   = []byte("generation")
)

func openStore(dir string, noSync bool) (*store, map[string]record, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	db, err := bolt.Open(filepath.Join(dir, "index.db"), 0o600, &bolt.Options{
		Timeout: time.Second, NoSync: noSync, NoGrowSync: noSync, FreelistType: bolt.FreelistMapType,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("open index: %w", err)
	}
	st := &store{bolt: db}
	records := map[string]record{}
	err = db.Update(func(tx *bolt.Tx) error {
		databases, err := tx.CreateBucketIfNotExists(bucketDatabases)
		if err != nil {
			return err
		}
		meta, err := tx.CreateBucketIfNotExists(bucketMeta)
		if err != nil {
			return err
		}
		if g := meta.Get(keyGeneration); len(g) == 8 {
			st.generation = binary.BigEndian.Uint64(g)
		}
		st.generation++
		if err := meta.Put(keyGeneration, binary.BigEndian.AppendUint64(nil, st.generation)); err != nil {
			return err
		}
		return databases.ForEach(func(id, v []byte) error {
			var r record
			if err := json.Unmarshal(v, &r); err != nil {
				return fmt.Errorf("index: database %s: %w", id, err)
			}
			records[string(id)] = r
			return nil
		})
	})
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return st, records, nil
}

func (st *store) put(id string, r record) error {
	v, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return st.bolt.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketDatabases).Put([]byte(id), v) })
}

// rename gives the record of old the id id.
func (st *store) rename(old, id string, r record) error {
	v, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return st.bolt.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketDatabases)
		return errors.Join(b.Delete([]byte(old)), b.Put([]byte(id), v))
	})
}

func (st *store) delete(id string) error {
	return st.bolt.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketDatabases).Delete([]byte(id)) })
}

func (st *store) close() error { return st.bolt.Close() }

package kv

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/groupcommit"
)

// The layout of kv.db. Namespaces are kept under their id in bucketNamespaces, and each has a bucket
// under its id in bucketData, with three buckets in it:
//
//	keys    key → record
//	chunks  number of the value, number of the chunk → part of a large value
//	expiry  expiration, key → nothing; what the sweeper walks
var (
	bucketNamespaces = []byte("namespaces")
	bucketData       = []byte("data")
	bucketKeys       = []byte("keys")
	bucketChunks     = []byte("chunks")
	bucketExpiry     = []byte("expiry")
)

const (
	inlineBytes = 2 << 10  // larger values are cut into chunks
	chunkBytes  = 64 << 10 // so that one commit never rewrites more than a few of a neighbour's
)

type store struct {
	db     *bolt.DB
	commit groupcommit.Committer
	first  int64 // when the first key expired or is going to, seen at the opening; 0: none does
}

// view reads. An error of the file or its disk is a *boltfile.Trouble.
func (s *store) view(read func(*bolt.Tx) error) error { return boltfile.View(s.db, read) }

func openStore(dir string, noSync bool) (*store, error) {
	path := filepath.Join(dir, "kv.db")
	s := &store{}
	_, err := boltfile.Open(path, noSync, func(db *bolt.DB) (err error) {
		s.db, s.commit.DB = db, db
		if err := s.init(); err != nil {
			return err
		}
		s.first, err = s.firstExpiry()
		return err
	})
	if err != nil {
		return nil, boltfile.Explain(path, fmt.Errorf("open: %w", err))
	}
	return s, nil
}

// init makes the top buckets. It writes only to a new file, so that a start costs no flush.
func (s *store) init() error {
	ready := false
	err := s.db.View(func(tx *bolt.Tx) error {
		ready = tx.Bucket(bucketNamespaces) != nil && tx.Bucket(bucketData) != nil
		return nil
	})
	if err != nil || ready {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketNamespaces, bucketData} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) close() error { return s.db.Close() }

// A namespaceRow is what is kept of a namespace itself.
type namespaceRow struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// namespace returns the row of one id, and false when there is none.
func (s *store) namespace(id string) (row namespaceRow, ok bool, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucketNamespaces).Get([]byte(id))
		if v == nil {
			return nil
		}
		ok = true
		return json.Unmarshal(v, &row)
	})
	return row, ok, err
}

func (s *store) namespaces() ([]namespaceRow, error) {
	var rows []namespaceRow
	err := s.view(func(tx *bolt.Tx) (err error) {
		rows, err = namespacesIn(tx)
		return err
	})
	return rows, err
}

func namespacesIn(tx *bolt.Tx) ([]namespaceRow, error) {
	var rows []namespaceRow
	err := tx.Bucket(bucketNamespaces).ForEach(func(_, v []byte) error {
		var row namespaceRow
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("read namespace: %w", err)
		}
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func putNamespace(tx *bolt.Tx, row namespaceRow) error {
	if err := putNamespaceRow(tx, row); err != nil {
		return err
	}
	return createData(tx, row.ID)
}

func putNamespaceRow(tx *bolt.Tx, row namespaceRow) error {
	v, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketNamespaces).Put([]byte(row.ID), v)
}

func createData(tx *bolt.Tx, id string) error {
	data, err := tx.Bucket(bucketData).CreateBucket([]byte(id))
	if err != nil {
		return err
	}
	for _, name := range [][]byte{bucketKeys, bucketChunks, bucketExpiry} {
		if _, err := data.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

func deleteNamespace(tx *bolt.Tx, id string) error {
	if err := tx.Bucket(bucketNamespaces).Delete([]byte(id)); err != nil {
		return err
	}
	return tx.Bucket(bucketData).DeleteBucket([]byte(id))
}

// reset empties every namespace.
func reset(tx *bolt.Tx) error {
	rows, err := namespacesIn(tx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := tx.Bucket(bucketData).DeleteBucket([]byte(row.ID)); err != nil {
			return err
		}
		if err := createData(tx, row.ID); err != nil {
			return err
		}
	}
	return nil
}

// data is the content of one namespace within a transaction.
type data struct{ keys, chunks, expiry *bolt.Bucket }

// dataIn returns the content of a namespace, and false when there is no such namespace.
func dataIn(tx *bolt.Tx, id string) (data, bool) {
	b := tx.Bucket(bucketData).Bucket([]byte(id))
	if b == nil {
		return data{}, false
	}
	return data{b.Bucket(bucketKeys), b.Bucket(bucketChunks), b.Bucket(bucketExpiry)}, true
}

// A record is what is kept under a key. The slices of a decoded one are valid only within its
// transaction.
type record struct {
	expires  int64  // Unix seconds; 0: never
	metadata []byte // JSON; empty: none
	size     int    // of the value
	number   uint64 // of the chunked value; 0: the value is inline
	inline   []byte
}

// The encoding: expires (8 bytes), size (4), number (8), length of metadata (2), metadata, inline.
const recordHead = 8 + 4 + 8 + 2

func (r *record) encode() []byte {
	b := make([]byte, 0, recordHead+len(r.metadata)+len(r.inline))
	b = binary.BigEndian.AppendUint64(b, uint64(r.expires))
	b = binary.BigEndian.AppendUint32(b, uint32(r.size))
	b = binary.BigEndian.AppendUint64(b, r.number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.metadata)))
	b = append(b, r.metadata...)
	return append(b, r.inline...)
}

func decodeRecord(b []byte) (record, error) {
	if len(b) < recordHead {
		return record{}, fmt.Errorf("%w: record of %d bytes", boltfile.ErrDamaged, len(b))
	}
	r := record{
		expires: int64(binary.BigEndian.Uint64(b)),
		size:    int(binary.BigEndian.Uint32(b[8:])),
		number:  binary.BigEndian.Uint64(b[12:]),
	}
	n := int(binary.BigEndian.Uint16(b[20:]))
	if len(b) < recordHead+n {
		return record{}, fmt.Errorf("%w: record of %d bytes with %d of metadata", boltfile.ErrDamaged, len(b), n)
	}
	r.metadata, r.inline = b[recordHead:recordHead+n], b[recordHead+n:]
	if r.size > maxValueBytes || r.number == 0 && r.size != len(r.inline) {
		return record{}, fmt.Errorf("%w: record of a value of %d bytes with %d", boltfile.ErrDamaged, r.size, len(r.inline))
	}
	return r, nil
}

// expired reports whether the record is invisible at now.
func (r *record) expired(now time.Time) bool {
	return r.expires != 0 && !now.Before(time.Unix(r.expires, 0))
}

// get returns the record of key, and false when there is none.
func (d data) get(key []byte) (record, bool, error) {
	v := d.keys.Get(key)
	if v == nil {
		return record{}, false, nil
	}
	r, err := decodeRecord(v)
	return r, err == nil, err
}

// value copies the value of r out of the transaction.
func (d data) value(r record) ([]byte, error) {
	if r.number == 0 {
		return bytes.Clone(r.inline), nil
	}
	value := make([]byte, 0, r.size)
	for i := 0; len(value) < r.size; i++ {
		chunk := d.chunks.Get(chunkKey(r.number, i))
		if chunk == nil {
			return nil, fmt.Errorf("%w: value %d ends after %d of %d bytes", boltfile.ErrDamaged, r.number, len(value), r.size)
		}
		value = append(value, chunk...)
	}
	return value, nil
}

// put replaces what is kept under key.
func (d data) put(key []byte, r record, value []byte) error {
	if err := d.delete(key); err != nil {
		return err
	}
	r.size, r.number, r.inline = len(value), 0, value
	if len(value) > inlineBytes {
		number, err := d.chunks.NextSequence()
		if err != nil {
			return err
		}
		r.number, r.inline = number, nil
		for i := 0; i*chunkBytes < len(value); i++ {
			part := value[i*chunkBytes : min((i+1)*chunkBytes, len(value))]
			if err := d.chunks.Put(chunkKey(number, i), part); err != nil {
				return err
			}
		}
	}
	if r.expires != 0 {
		if err := d.expiry.Put(expiryKey(r.expires, key), nil); err != nil {
			return err
		}
	}
	return d.keys.Put(key, r.encode())
}

// delete removes key with everything that belongs to it. That there is no such key is no error.
func (d data) delete(key []byte) error {
	r, ok, err := d.get(key)
	if err != nil || !ok {
		return err
	}
	if r.number != 0 {
		for i := 0; i*chunkBytes < r.size; i++ {
			if err := d.chunks.Delete(chunkKey(r.number, i)); err != nil {
				return err
			}
		}
	}
	if r.expires != 0 {
		if err := d.expiry.Delete(expiryKey(r.expires, key)); err != nil {
			return err
		}
	}
	return d.keys.Delete(key)
}

func chunkKey(number uint64, i int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, number), uint32(i))
}

func expiryKey(expires int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(expires)), key...)
}

// A sweepBudget is how much a sweep may still remove.
type sweepBudget struct{ keys, bytes int }

func (b *sweepBudget) spent() bool { return b.keys <= 0 || b.bytes <= 0 }

// sweep removes keys that have expired at now, from all namespaces, until the budget is spent. It returns when
// the next one expires, 0 when none does; that time has come when the budget was spent.
func sweep(tx *bolt.Tx, now time.Time, budget sweepBudget) (next int64, err error) {
	rows, err := namespacesIn(tx)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		d, ok := dataIn(tx, row.ID)
		if !ok {
			continue
		}
		due, then, err := d.due(now, &budget)
		if err != nil {
			return 0, err
		}
		if then != 0 && (next == 0 || then < next) {
			next = then
		}
		for _, entry := range due {
			if err := d.expire(entry); err != nil {
				return 0, err
			}
		}
	}
	return next, nil
}

// due returns the entries of the index of keys that have expired at now, and when the first of the others
// expires.
func (d data) due(now time.Time, budget *sweepBudget) (entries [][]byte, next int64, err error) {
	c := d.expiry.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if len(k) < 8 {
			return nil, 0, fmt.Errorf("%w: expiration of %d bytes", boltfile.ErrDamaged, len(k))
		}
		r := record{expires: expiresOf(k)}
		if budget.spent() || !r.expired(now) {
			return entries, r.expires, nil
		}
		entries = append(entries, bytes.Clone(k))
		budget.keys--
		if r, ok, err := d.get(k[8:]); err == nil && ok {
			budget.bytes -= r.size
		}
	}
	return entries, 0, nil
}

func expiresOf(entry []byte) int64 { return int64(binary.BigEndian.Uint64(entry)) }

// expire removes a key by its entry in the index. An entry that its key knows nothing of, as damage may leave
// one, goes alone.
func (d data) expire(entry []byte) error {
	r, ok, err := d.get(entry[8:])
	if err != nil {
		return err
	}
	if ok && r.expires == expiresOf(entry) {
		return d.delete(entry[8:])
	}
	return d.expiry.Delete(entry)
}

// firstExpiry returns when the first key of all namespaces expires, 0 when none does.
func (s *store) firstExpiry() (first int64, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		first, err = sweep(tx, time.Time{}, sweepBudget{})
		return err
	})
	return first, err
}

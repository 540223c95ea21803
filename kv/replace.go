package kv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"
)

// An Incoming is a key of a namespace that comes whole from elsewhere. Unlike a put, it may expire in
// less than a minute.
type Incoming struct {
	Key      string
	Value    io.Reader
	Metadata json.RawMessage // nil: none
	Expires  time.Time       // zero: never
}

// ReplaceOptions say what Replace may do.
type ReplaceOptions struct {
	Force  bool // also when the namespace has keys
	DryRun bool // read everything, and change nothing
}

// A Replaced says what a namespace holds after Replace.
type Replaced struct {
	Keys    int
	Bytes   int64 // of the values
	Expired int   // keys that had expired, and were left out
}

// A NotEmptyError says that a namespace has keys, which Replace was not allowed to give up.
type NotEmptyError struct{ Title string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the namespace %s has keys already", e.Title)
}

// bucketIncoming holds what Replace has not finished: for each call a bucket of a random name, and in
// it what is to be in bucketData, under the same id.
var bucketIncoming = []byte("incoming")

// batchBytes is how much Replace collects for one commit.
const batchBytes = 8 << 20

// Replace makes a namespace hold what keys yields and nothing else. It is one change: until all has
// come, and when something fails, the namespace is what it was.
func (n *Namespace) Replace(ctx context.Context, keys iter.Seq2[Incoming, error], o ReplaceOptions) (_ Replaced, err error) {
	span, err := n.begin(ctx, "replace")
	if err != nil {
		return Replaced{}, err
	}
	defer func() { span.End(err) }()
	if err := n.replaceable(o); err != nil {
		return Replaced{}, err
	}
	r := &replacement{n: n, dryRun: o.DryRun, name: newID()}
	if err = r.collect(ctx, keys); err == nil && !o.DryRun {
		err = r.finish(o)
	}
	if err != nil {
		return Replaced{}, errors.Join(err, r.drop())
	}
	n.service.sweeper.expect(r.first)
	return r.done, nil
}

// replaceable refuses when there are keys that must not go.
func (n *Namespace) replaceable(o ReplaceOptions) error {
	return n.view(func(d data) error { return n.givesUp(d, o) })
}

func (n *Namespace) givesUp(d data, o ReplaceOptions) error {
	if o.Force {
		return nil
	}
	now := n.service.clock.Now()
	return d.keys.ForEach(func(_, v []byte) error {
		r, err := decodeRecord(v)
		if err == nil && !r.expired(now) {
			err = &NotEmptyError{n.Title}
		}
		return err
	})
}

// A replacement is what is to become a namespace's content.
type replacement struct {
	n      *Namespace
	dryRun bool
	name   string // in bucketIncoming
	begun  bool   // there is something under it
	batch  []incomingRecord
	size   int   // of the values in batch
	first  int64 // when the first key expires; 0: none does
	done   Replaced
}

type incomingRecord struct {
	key, value []byte
	record     record
}

func (r *replacement) collect(ctx context.Context, keys iter.Seq2[Incoming, error]) error {
	for in, err := range keys {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if err := r.take(in); err != nil {
			return fmt.Errorf("key %q: %w", in.Key, err)
		}
		if r.size >= batchBytes || len(r.batch) >= 1000 {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return r.flush()
}

func (r *replacement) take(in Incoming) error {
	value, err := readValue(in.Value, 0)
	if err != nil {
		return err
	}
	if err := checkKey(in.Key); err != nil {
		return err
	}
	one := incomingRecord{key: []byte(in.Key), value: value}
	if one.record.metadata, err = checkMetadata(in.Metadata); err != nil {
		return err
	}
	if !in.Expires.IsZero() {
		one.record.expires = in.Expires.Unix()
	}
	if one.record.expired(r.n.service.clock.Now()) {
		r.done.Expired++
		return nil
	}
	if at := one.record.expires; at != 0 && (r.first == 0 || at < r.first) {
		r.first = at
	}
	r.done.Keys++
	r.done.Bytes += int64(len(value))
	if !r.dryRun {
		r.batch = append(r.batch, one)
		r.size += len(value) + len(one.record.metadata)
	}
	return nil
}

// flush commits what was collected, aside.
func (r *replacement) flush() error {
	if r.dryRun || len(r.batch) == 0 && r.begun {
		return nil
	}
	err := r.n.service.store.commit.Do(func(tx *bolt.Tx) error {
		all, err := tx.CreateBucketIfNotExists(bucketIncoming)
		if err != nil {
			return err
		}
		own, err := all.CreateBucketIfNotExists([]byte(r.name))
		if err != nil {
			return err
		}
		d, err := dataOf(own, r.n.ID)
		if err != nil {
			return err
		}
		for _, one := range r.batch {
			if err := d.put(one.key, one.record, one.value); err != nil {
				return err
			}
		}
		return nil
	})
	r.begun = true // or may be
	r.batch, r.size = r.batch[:0], 0
	return r.n.wrap(err)
}

// dataOf returns the content that lies under id, which is made when it is missing.
func dataOf(in *bolt.Bucket, id string) (data, error) {
	b, err := in.CreateBucketIfNotExists([]byte(id))
	var parts [3]*bolt.Bucket
	for i, sub := range [][]byte{bucketKeys, bucketChunks, bucketExpiry} {
		if err == nil {
			parts[i], err = b.CreateBucketIfNotExists(sub)
		}
	}
	return data{parts[0], parts[1], parts[2]}, err
}

// finish puts what was collected in the place of what there was.
func (r *replacement) finish(o ReplaceOptions) error {
	var refusal error
	err := r.n.service.store.commit.Do(func(tx *bolt.Tx) error {
		d, ok := dataIn(tx, r.n.ID)
		if !ok {
			refusal = namespaceNotFound()
			return nil
		}
		if refusal = r.n.givesUp(d, o); refusal != nil { // it may have got keys meanwhile
			return nil
		}
		data, id := tx.Bucket(bucketData), []byte(r.n.ID)
		if err := data.DeleteBucket(id); err != nil {
			return err
		}
		all := tx.Bucket(bucketIncoming)
		if err := all.Bucket([]byte(r.name)).MoveBucket(id, data); err != nil {
			return err
		}
		return all.DeleteBucket([]byte(r.name))
	})
	if err == nil {
		err = refusal
	}
	r.begun = r.begun && err != nil
	return r.n.wrap(err)
}

// drop forgets what was collected.
func (r *replacement) drop() error {
	if !r.begun {
		return nil
	}
	return r.n.service.store.commit.Do(func(tx *bolt.Tx) error {
		all := tx.Bucket(bucketIncoming)
		if all == nil || all.Bucket([]byte(r.name)) == nil {
			return nil
		}
		return all.DeleteBucket([]byte(r.name))
	})
}

// dropIncoming forgets what a process left that ended in the midst of a Replace.
func (s *store) dropIncoming() error {
	found := false
	err := s.db.View(func(tx *bolt.Tx) error {
		found = tx.Bucket(bucketIncoming) != nil
		return nil
	})
	if err != nil || !found {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketIncoming) })
}

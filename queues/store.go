package queues

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The layout of queues.db. Under "queues" each queue has a bucket named by its id:
//
//	record  the queue itself, JSON
//	stat    how many messages wait, how many bytes they have, how many are leased; JSON
//	wait/   arrival+sequence → meta of a message that waits
//	due/    time it falls due + arrival+sequence → nothing; an index of wait
//	lease/  arrival+sequence → meta of a message in a running delivery
//	body/   arrival+sequence → body of both kinds
//
// Times in keys are big-endian nanoseconds with the sign bit flipped, so that bytes sort as times.
// The sequence is the queue bucket's own and never goes back, not even when the queue is emptied: a
// delivery that outlives its messages can therefore not settle other ones.
var (
	rootBucket  = []byte("queues")
	metaBucket  = []byte("meta")
	versionKey  = []byte("version")
	recordKey   = []byte("record")
	statKey     = []byte("stat")
	waitBucket  = []byte("wait")
	dueBucket   = []byte("due")
	leaseBucket = []byte("lease")
	bodyBucket  = []byte("body")
)

const storeVersion = "1"

// errGone says that a queue was deleted while an operation on it was under way.
var errGone = errors.New("queue was deleted")

type record struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// meta is a message without its body.
type meta struct {
	ID          string `json:"id"`
	Timestamp   int64  `json:"ts"`  // Unix ms; what the consumer sees
	Due         int64  `json:"due"` // Unix ns
	Attempts    int    `json:"attempts,omitempty"`
	ContentType string `json:"type"`
	Size        int    `json:"size"`
}

type stat struct {
	Count  int64 `json:"count"`
	Bytes  int64 `json:"bytes"`
	Leased int64 `json:"leased"`
}

// A stored message is one that was read back: its key, its meta and, when asked for, its body.
type stored struct {
	key  []byte
	meta meta
	body []byte
}

type store struct {
	db *bolt.DB

	mu      sync.Mutex
	pending []*write // waiting for the commit after the running one
	leading bool     // some caller is committing
	closed  bool
}

func openStore(dir string, noSync bool) (*store, error) {
	name := filepath.Join(dir, "queues.db")
	// The state directory's lock keeps a second emulator out; should it not, an error beats hanging.
	// The list of free pages is not written at each commit but found again by Open: a queue is
	// written much more often than it is opened, and is small when it is.
	db, err := bolt.Open(name, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	db.NoSync, db.NoGrowSync = noSync, noSync
	st := &store{db: db}
	if err := st.write(prepare); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), db.Close())
	}
	return st, nil
}

// prepare makes a new file ours, and frees what a process that died had leased.
func prepare(tx *bolt.Tx) error {
	m, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if v := m.Get(versionKey); v != nil && string(v) != storeVersion {
		return fmt.Errorf("written by another version of cfemu: format %s, this one reads %s", v, storeVersion)
	}
	if err := m.Put(versionKey, []byte(storeVersion)); err != nil {
		return err
	}
	root, err := tx.CreateBucketIfNotExists(rootBucket)
	if err != nil {
		return err
	}
	return root.ForEachBucket(func(id []byte) error { return voidLeases(root.Bucket(id)) })
}

func (st *store) close() error {
	st.mu.Lock()
	st.closed = true
	st.mu.Unlock()
	return st.db.Close()
}

// A write waits for its place in a commit. It is sent exactly one thing: done, or the lead.
type write struct {
	fn   func(*bolt.Tx) error
	done chan error
	lead chan struct{}
}

// write runs fn in a transaction that is on disk when write returns. Calls that arrive while one
// commit is under way share the next. fn may run more than once, when another one of its group
// fails: it must set its results anew each time.
func (st *store) write(fn func(*bolt.Tx) error) error {
	w := &write{fn: fn, done: make(chan error, 1), lead: make(chan struct{})}
	st.mu.Lock()
	if st.closed {
		st.mu.Unlock()
		return ErrClosed
	}
	st.pending = append(st.pending, w)
	if st.leading {
		st.mu.Unlock()
		select {
		case err := <-w.done:
			return err
		case <-w.lead:
		}
		st.mu.Lock()
	}
	st.leading = true
	group := st.pending
	st.pending = nil
	st.mu.Unlock()

	st.commit(group)

	st.mu.Lock()
	if len(st.pending) > 0 {
		close(st.pending[0].lead) // whoever waits longest leads next: no caller serves the others for ever
	} else {
		st.leading = false
	}
	st.mu.Unlock()
	return <-w.done
}

// commit runs a group in one transaction. One that fails is told so and the rest run again, since
// bbolt can only roll back all.
func (st *store) commit(group []*write) {
	for len(group) > 0 {
		failed := -1
		err := st.db.Update(func(tx *bolt.Tx) error {
			for i, w := range group {
				if err := w.fn(tx); err != nil {
					failed = i
					return err
				}
			}
			return nil
		})
		if err != nil && st.isClosed() {
			err = ErrClosed
		}
		if failed < 0 {
			for _, w := range group {
				w.done <- err
			}
			return
		}
		group[failed].done <- err
		group = append(group[:failed:failed], group[failed+1:]...)
	}
}

func (st *store) isClosed() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.closed
}

// read runs fn on the last committed state.
func (st *store) read(fn func(*bolt.Tx) error) error {
	err := st.db.View(fn)
	if err != nil && st.isClosed() {
		return ErrClosed
	}
	return err
}

// queues lists all records.
func (st *store) queues() (all []record, err error) {
	err = st.read(func(tx *bolt.Tx) error {
		root := tx.Bucket(rootBucket)
		return root.ForEachBucket(func(id []byte) error {
			var r record
			if err := json.Unmarshal(root.Bucket(id).Get(recordKey), &r); err != nil {
				return fmt.Errorf("queue %s: %w", id, err)
			}
			all = append(all, r)
			return nil
		})
	})
	return all, err
}

func (st *store) create(r record) error {
	return st.write(func(tx *bolt.Tx) error {
		b, err := tx.Bucket(rootBucket).CreateBucket([]byte(r.ID))
		if err != nil {
			return err
		}
		for _, name := range [][]byte{waitBucket, dueBucket, leaseBucket, bodyBucket} {
			if _, err := b.CreateBucket(name); err != nil {
				return err
			}
		}
		return errors.Join(putJSON(b, recordKey, r), putJSON(b, statKey, stat{}))
	})
}

func (st *store) delete(id string) error {
	return st.write(func(tx *bolt.Tx) error { return tx.Bucket(rootBucket).DeleteBucket([]byte(id)) })
}

func queueBucket(tx *bolt.Tx, id string) (*bolt.Bucket, error) {
	b := tx.Bucket(rootBucket).Bucket([]byte(id))
	if b == nil {
		return nil, errGone
	}
	return b, nil
}

// enqueue adds a message that arrives at now.
func enqueue(b *bolt.Bucket, now time.Time, m meta, body []byte) error {
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	key := make([]byte, 0, 16)
	key = binary.BigEndian.AppendUint64(appendTime(key, now.UnixNano()), seq)
	if err := b.Bucket(bodyBucket).Put(key, body); err != nil {
		return err
	}
	return wait(b, key, m)
}

// wait puts a message, new or given back, among those that wait.
func wait(b *bolt.Bucket, key []byte, m meta) error {
	if err := putJSON(b.Bucket(waitBucket), key, m); err != nil {
		return err
	}
	if err := b.Bucket(dueBucket).Put(dueKey(m.Due, key), nil); err != nil {
		return err
	}
	return addStat(b, stat{Count: 1, Bytes: int64(m.Size)})
}

// unwait takes a message from those that wait.
func unwait(b *bolt.Bucket, key []byte, m meta) error {
	if err := b.Bucket(waitBucket).Delete(key); err != nil {
		return err
	}
	if err := b.Bucket(dueBucket).Delete(dueKey(m.Due, key)); err != nil {
		return err
	}
	return addStat(b, stat{Count: -1, Bytes: -int64(m.Size)})
}

// lease takes up to limit messages that are due at now, each with one attempt more. What it
// returns is valid after the transaction.
func lease(b *bolt.Bucket, now time.Time, limit int) ([]stored, error) {
	var found []stored
	c := b.Bucket(dueBucket).Cursor()
	for k, _ := c.First(); k != nil && len(found) < limit && keyTime(k) <= now.UnixNano(); k, _ = c.Next() {
		found = append(found, stored{key: append([]byte(nil), k[8:]...)})
	}
	for i := range found {
		s := &found[i]
		if err := json.Unmarshal(b.Bucket(waitBucket).Get(s.key), &s.meta); err != nil {
			return nil, fmt.Errorf("message %x: %w", s.key, err)
		}
		s.body = append([]byte{}, b.Bucket(bodyBucket).Get(s.key)...)
		if err := unwait(b, s.key, s.meta); err != nil {
			return nil, err
		}
		s.meta.Attempts++
		if err := putJSON(b.Bucket(leaseBucket), s.key, s.meta); err != nil {
			return nil, err
		}
		if err := addStat(b, stat{Leased: 1}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// release ends the lease of a message. It reports false when there is none: the queue has been
// emptied meanwhile.
func release(b *bolt.Bucket, key []byte) (bool, error) {
	l := b.Bucket(leaseBucket)
	if l.Get(key) == nil {
		return false, nil
	}
	return true, errors.Join(l.Delete(key), addStat(b, stat{Leased: -1}))
}

// voidLeases gives every leased message back. They are due at once, as they were before.
func voidLeases(b *bolt.Bucket) error {
	var leased []stored
	err := b.Bucket(leaseBucket).ForEach(func(k, v []byte) error {
		s := stored{key: append([]byte(nil), k...)}
		if err := json.Unmarshal(v, &s.meta); err != nil {
			return fmt.Errorf("message %x: %w", k, err)
		}
		leased = append(leased, s)
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range leased {
		if _, err := release(b, s.key); err != nil {
			return err
		}
		if err := wait(b, s.key, s.meta); err != nil {
			return err
		}
	}
	return nil
}

// expire drops the waiting messages that arrived at or before the given time.
func expire(b *bolt.Bucket, arrived time.Time) error {
	var old []stored
	c := b.Bucket(waitBucket).Cursor()
	for k, v := c.First(); k != nil && keyTime(k) <= arrived.UnixNano(); k, v = c.Next() {
		s := stored{key: append([]byte(nil), k...)}
		if err := json.Unmarshal(v, &s.meta); err != nil {
			return fmt.Errorf("message %x: %w", k, err)
		}
		old = append(old, s)
	}
	for _, s := range old {
		if err := errors.Join(unwait(b, s.key, s.meta), b.Bucket(bodyBucket).Delete(s.key)); err != nil {
			return err
		}
	}
	return nil
}

// expired reports whether expire would drop any.
func expired(b *bolt.Bucket, arrived time.Time) bool {
	k, _ := b.Bucket(waitBucket).Cursor().First()
	return k != nil && keyTime(k) <= arrived.UnixNano()
}

// empty drops every message. Deliveries that are under way will find their leases gone.
func empty(b *bolt.Bucket) error {
	for _, name := range [][]byte{waitBucket, dueBucket, leaseBucket, bodyBucket} {
		if err := b.DeleteBucket(name); err != nil {
			return err
		}
		if _, err := b.CreateBucket(name); err != nil {
			return err
		}
	}
	return putJSON(b, statKey, stat{})
}

// dueNow tells how many messages are due at now, counting no further than limit, since when the
// first of them has been, and when the next one after now falls due.
func dueNow(b *bolt.Bucket, now time.Time, limit int) (n int, first, next time.Time) {
	c := b.Bucket(dueBucket).Cursor()
	for k, _ := c.First(); k != nil && n < limit; k, _ = c.Next() {
		at := time.Unix(0, keyTime(k))
		if at.After(now) {
			return n, first, at
		}
		if n == 0 {
			first = at
		}
		n++
	}
	return n, first, time.Time{}
}

func readStat(b *bolt.Bucket) (s stat, err error) {
	if err := json.Unmarshal(b.Get(statKey), &s); err != nil {
		return s, fmt.Errorf("stat: %w", err)
	}
	return s, nil
}

func addStat(b *bolt.Bucket, change stat) error {
	s, err := readStat(b)
	if err != nil {
		return err
	}
	s.Count += change.Count
	s.Bytes += change.Bytes
	s.Leased += change.Leased
	return putJSON(b, statKey, s)
}

func putJSON(b *bolt.Bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, data)
}

func dueKey(due int64, key []byte) []byte {
	return append(appendTime(make([]byte, 0, 24), due), key...)
}

func appendTime(b []byte, ns int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(ns)^(1<<63))
}

func keyTime(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) ^ (1 << 63)) }

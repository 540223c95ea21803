package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
	bolt "go.etcd.io/bbolt"
)

// The billed units of KV.
const (
	unitReads   = "reads"
	unitWrites  = "writes"
	unitDeletes = "deletes"
	unitLists   = "lists"
)

// A Namespace is a set of keys. It is a handle: deleting the namespace makes its verbs fail.
type Namespace struct {
	ID, Title string

	service *Service
}

// An Entry is the value under a key. Value must be closed.
type Entry struct {
	Value    io.ReadCloser
	Size     int64
	Metadata json.RawMessage // nil: none
	Expires  time.Time       // zero: never
}

// PutOptions are what can be said of a key beside its value. TTL wins over Expiration.
type PutOptions struct {
	Expiration time.Time       // when the key is to vanish; zero: never
	TTL        time.Duration   // the same, counted from now; 0: not given
	Metadata   json.RawMessage // nil: none
	Size       int64           // how many bytes the value is going to have; 0: not known
}

// Get returns the value under key. An expired key is one that is not there: an *Error with
// CodeKeyNotFound.
//
// Deviation: every read sees the last write; in production another location may see an older one, or
// none, for a minute or for cacheTtl.
func (n *Namespace) Get(ctx context.Context, key string) (_ *Entry, err error) {
	span, err := n.begin(ctx, "get")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	span.Count(unitReads, 1)

	if err := checkKey(key); err != nil {
		return nil, err
	}
	var entry *Entry
	err = n.view(func(d data) (err error) {
		entry, err = n.entry(d, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, keyNotFound()
	}
	return entry, nil
}

// GetMany returns the values under keys, nil for those that are not there, all as they were at one
// moment. There may be up to 100 keys and 25 MiB of values.
func (n *Namespace) GetMany(ctx context.Context, keys []string) (_ []*Entry, err error) {
	span, err := n.begin(ctx, "get_bulk")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()

	switch {
	case len(keys) > maxBulkGetKeys:
		return nil, newError(CodeInvalid, "You can request a maximum of %d keys", maxBulkGetKeys)
	case len(keys) < 1:
		return nil, newError(CodeInvalid, "You must request a minimum of 1 key")
	}
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return nil, err
		}
	}
	span.Count(unitReads, int64(len(keys)))
	entries := make([]*Entry, len(keys))
	err = n.view(func(d data) (err error) {
		var size int64
		for i, key := range keys {
			if entries[i], err = n.entry(d, key); err != nil {
				return err
			}
			if entries[i] != nil {
				size += entries[i].Size
			}
			if size > maxBulkGetBytes {
				return newError(CodeTooLarge, "Total size of request exceeds the limit of %dMB", maxBulkGetBytes>>20)
			}
		}
		return nil
	})
	return entries, err
}

// entry reads key out of d; nil when there is none.
func (n *Namespace) entry(d data, key string) (*Entry, error) {
	r, ok, err := d.get([]byte(key))
	if err != nil || !ok || r.expired(n.service.clock.Now()) {
		return nil, err
	}
	value, err := d.value(r)
	if err != nil {
		return nil, err
	}
	e := &Entry{Value: io.NopCloser(bytes.NewReader(value)), Size: int64(len(value))}
	if len(r.metadata) > 0 {
		e.Metadata = bytes.Clone(r.metadata)
	}
	if r.expires != 0 {
		e.Expires = time.Unix(r.expires, 0)
	}
	return e, nil
}

// Put stores value under key and returns once it is on disk. The last of several concurrent writers
// wins.
func (n *Namespace) Put(ctx context.Context, key string, value io.Reader, o PutOptions) (err error) {
	span, err := n.begin(ctx, "put")
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	if err := checkKey(key); err != nil {
		return err
	}
	var r record
	if r.expires, err = o.expires(n.service.clock.Now()); err != nil {
		return err
	}
	if r.metadata, err = checkMetadata(o.Metadata); err != nil {
		return err
	}
	body, err := readValue(value, o.Size)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	span.Count(unitWrites, 1)
	if err := n.update(func(d data) error { return d.put([]byte(key), r, body) }); err != nil {
		return err
	}
	n.service.sweeper.expect(r.expires)
	return nil
}

// Delete removes key. That there is no such key is no error.
func (n *Namespace) Delete(ctx context.Context, key string) (err error) {
	span, err := n.begin(ctx, "delete")
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	if err := checkKey(key); err != nil {
		return err
	}
	span.Count(unitDeletes, 1)
	return n.update(func(d data) error { return d.delete([]byte(key)) })
}

func (n *Namespace) begin(ctx context.Context, verb string) (*probe.Span, error) {
	span, err := n.service.probe.Begin(ctx, probe.Op{Product: "kv", Name: verb, Resource: n.Title})
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		span.End(err)
		return nil, err
	}
	return span, nil
}

func (n *Namespace) view(read func(data) error) error {
	err := n.service.store.view(func(tx *bolt.Tx) error {
		d, ok := dataIn(tx, n.ID)
		if !ok {
			return namespaceNotFound()
		}
		return read(d)
	})
	return n.wrap(err)
}

func (n *Namespace) update(change func(data) error) error {
	var refusal error
	err := n.service.store.commit.Do(func(tx *bolt.Tx) error {
		d, ok := dataIn(tx, n.ID)
		if !ok {
			refusal = namespaceNotFound()
			return nil
		}
		return change(d)
	})
	if err == nil {
		err = refusal
	}
	return n.wrap(err)
}

// wrap says where an error of the store happened; one for the caller it leaves as it is.
func (n *Namespace) wrap(err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return fmt.Errorf("namespace %s: %w", n.ID, err)
}

// expires returns the Unix second at which a key put now vanishes, 0 for never.
//
// Receipt: validator texts of workerd's local KV, August 2026.
func (o PutOptions) expires(now time.Time) (int64, error) {
	switch {
	case o.TTL != 0:
		seconds := int64(o.TTL / time.Second)
		if err := checkTTL(seconds, fmt.Sprint(seconds)); err != nil {
			return 0, err
		}
		return now.Unix() + seconds, nil
	case !o.Expiration.IsZero():
		at := o.Expiration.Unix()
		return at, checkExpiration(at, fmt.Sprint(at), now)
	}
	return 0, nil
}

// checkTTL and checkExpiration take the number as the caller wrote it, because the text quotes it.
func checkTTL(seconds int64, given string) error {
	switch {
	case seconds <= 0:
		return newError(CodeExpiration, "Invalid expiration_ttl of %s. Please specify integer greater than 0.", given)
	case seconds < minTTLSeconds:
		return newError(CodeExpiration, "Invalid expiration_ttl of %s. Expiration TTL must be at least %d.", given, minTTLSeconds)
	}
	return nil
}

func checkExpiration(at int64, given string, now time.Time) error {
	switch {
	case at <= now.Unix():
		return newError(CodeExpiration, "Invalid expiration of %s. Please specify integer greater than the current number of seconds since the UNIX epoch.", given)
	case at < now.Unix()+minTTLSeconds:
		return newError(CodeExpiration, "Invalid expiration of %s. Expiration times must be at least %d seconds in the future.", given, minTTLSeconds)
	}
	return nil
}

func checkKey(key string) error {
	switch key {
	case "":
		return newError(CodeInvalid, "Key names must not be empty")
	case ".", "..":
		return newError(CodeInvalid, "Illegal key name %q. Please use a different name.", key)
	}
	return checkKeyLength(key)
}

func checkKeyLength(key string) error {
	if len(key) > maxKeyBytes {
		return newError(CodeKeyTooLong, "UTF-8 encoded length of %d exceeds key length limit of %d.", len(key), maxKeyBytes)
	}
	return nil
}

// checkMetadata returns metadata on one line, since it travels in a header. The client's null is none.
func checkMetadata(metadata json.RawMessage) ([]byte, error) {
	if len(metadata) > maxMetadataBytes {
		return nil, newError(CodeTooLarge, "Metadata length of %d exceeds limit of %d.", len(metadata), maxMetadataBytes)
	}
	if len(metadata) == 0 {
		return nil, nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, metadata); err != nil {
		return nil, &Error{Code: CodeInvalid, Message: "metadata must be valid json", Err: err}
	}
	if line.String() == "null" {
		return nil, nil
	}
	return line.Bytes(), nil
}

// readValue reads a value whole, since a commit cannot wait for its sender.
//
// Deviation: a stream that is too long is read only until that is known, so the text for it names
// the first length that is too much and not the whole one.
func readValue(value io.Reader, size int64) ([]byte, error) {
	if size > maxValueBytes {
		return nil, valueTooLarge(size)
	}
	var body bytes.Buffer
	body.Grow(int(size) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(value, maxValueBytes+1)); err != nil {
		return nil, fmt.Errorf("read value: %w", err)
	}
	if body.Len() > maxValueBytes {
		return nil, valueTooLarge(int64(body.Len()))
	}
	return body.Bytes(), nil
}

func valueTooLarge(length int64) *Error {
	return newError(CodeTooLarge, "Value length of %d exceeds limit of %d.", length, maxValueBytes)
}

package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// A Pair is an entry that PutMany stores.
type Pair struct {
	Key   string
	Value []byte
	PutOptions
}

// PutMany stores up to 10 000 pairs and returns once they are on disk: all of them, or after an error
// none. Of pairs with the same key the last one wins.
func (n *Namespace) PutMany(ctx context.Context, pairs []Pair) (err error) {
	span, err := n.begin(ctx, "put_bulk")
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	if len(pairs) > maxBulkPairs {
		return newError(CodeInvalid, "You can write a maximum of %d key-value pairs at once", maxBulkPairs)
	}
	now := n.service.clock.Now()
	records := make([]record, len(pairs))
	for i, p := range pairs {
		if err := checkKey(p.Key); err != nil {
			return inPair(i, p.Key, err)
		}
		if records[i].expires, err = p.expires(now); err != nil {
			return inPair(i, p.Key, err)
		}
		if records[i].metadata, err = checkMetadata(p.Metadata); err != nil {
			return inPair(i, p.Key, err)
		}
		if len(p.Value) > maxValueBytes {
			return inPair(i, p.Key, valueTooLarge(int64(len(p.Value))))
		}
	}
	span.Count(unitWrites, int64(len(pairs)))
	err = n.update(func(d data) error {
		for i, p := range pairs {
			if err := d.put([]byte(p.Key), records[i], p.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range records {
		n.service.sweeper.expect(r.expires)
	}
	return nil
}

// inPair says which pair an error is about.
func inPair(i int, key string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: e.Code, Message: fmt.Sprintf("pair %d, key %q: %s", i+1, key, e.Message), Err: e.Err}
	}
	return err
}

// DeleteMany removes up to 10 000 keys, all at once. That there is no such key is no error.
func (n *Namespace) DeleteMany(ctx context.Context, keys []string) (err error) {
	span, err := n.begin(ctx, "delete_bulk")
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	if len(keys) > maxBulkPairs {
		return newError(CodeInvalid, "You can delete a maximum of %d keys at once", maxBulkPairs)
	}
	for i, key := range keys {
		if err := checkKey(key); err != nil {
			return inPair(i, key, err)
		}
	}
	span.Count(unitDeletes, int64(len(keys)))
	return n.update(func(d data) error {
		for _, key := range keys {
			if err := d.delete([]byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Rename gives a namespace another title, which no other one may have.
func (s *Service) Rename(ctx context.Context, id, title string) (*Namespace, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := checkTitle(title); err != nil {
		return nil, err
	}
	var refusal error
	err := s.store.commit.Do(func(tx *bolt.Tx) error {
		if _, ok := dataIn(tx, id); !ok {
			refusal = namespaceNotFound()
			return nil
		}
		rows, err := namespacesIn(tx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Title == title && row.ID != id {
				refusal = titleTaken()
				return nil
			}
		}
		return putNamespaceRow(tx, namespaceRow{ID: id, Title: title})
	})
	if err != nil {
		return nil, fmt.Errorf("rename namespace: %w", err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.namespace(namespaceRow{ID: id, Title: title}), nil
}

var jsonNull = []byte("null")

// isNull reports whether a JSON text is missing or null.
func isNull(text []byte) bool { return len(text) == 0 || bytes.Equal(bytes.TrimSpace(text), jsonNull) }

package kv

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"time"
)

// A ListQuery selects keys. The zero value selects all.
type ListQuery struct {
	Prefix string
	Limit  int    // keys on a page, at most 1000; 0: 1000
	Cursor string // of the page before; empty: the first page
}

// A ListPage is a run of keys in the order of their bytes.
type ListPage struct {
	Keys   []Key
	Cursor string // for the next page; empty: this is the last one
}

// A Key is an entry of a list.
type Key struct {
	Name     string
	Metadata json.RawMessage // nil: none
	Expires  time.Time       // zero: never
}

// List returns a page of the keys that begin with q.Prefix. Expired keys are not on it.
func (n *Namespace) List(ctx context.Context, q ListQuery) (page ListPage, err error) {
	span, err := n.begin(ctx, "list")
	if err != nil {
		return ListPage{}, err
	}
	defer func() { span.End(err) }()

	if q.Limit == 0 {
		q.Limit = maxListKeys
	}
	if err := checkLimit(q.Limit); err != nil {
		return ListPage{}, err
	}
	if err := checkKeyLength(q.Prefix); err != nil {
		return ListPage{}, err
	}
	after, err := base64.StdEncoding.DecodeString(q.Cursor)
	if err != nil {
		return ListPage{}, &Error{Code: CodeInvalid, Message: "Invalid cursor", Err: err}
	}
	span.Count(unitLists, 1)
	err = n.view(func(d data) error {
		page, err = n.page(d, []byte(q.Prefix), after, q.Limit)
		return err
	})
	return page, err
}

func (n *Namespace) page(d data, prefix, after []byte, limit int) (ListPage, error) {
	now := n.service.clock.Now()
	var page ListPage
	c := d.keys.Cursor()
	from := prefix
	if bytes.Compare(after, prefix) > 0 {
		from = after
	}
	for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(after) > 0 && bytes.Equal(k, after) {
			continue
		}
		r, err := decodeRecord(v)
		if err != nil {
			return ListPage{}, err
		}
		if r.expired(now) {
			continue
		}
		if len(page.Keys) == limit {
			last := page.Keys[limit-1].Name
			page.Cursor = base64.StdEncoding.EncodeToString([]byte(last))
			return page, nil
		}
		key := Key{Name: string(k)}
		if len(r.metadata) > 0 {
			key.Metadata = bytes.Clone(r.metadata)
		}
		if r.expires != 0 {
			key.Expires = time.Unix(r.expires, 0)
		}
		page.Keys = append(page.Keys, key)
	}
	return page, nil
}

func checkLimit(limit int) error {
	switch {
	case limit < 1:
		return newError(CodeInvalid, "Invalid key_count_limit of %d. Please specify an integer greater than 0.", limit)
	case limit > maxListKeys:
		return newError(CodeInvalid, "Invalid key_count_limit of %d. Please specify an integer less than %d.", limit, maxListKeys)
	}
	return nil
}

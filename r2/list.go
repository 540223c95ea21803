package r2

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// A ListQuery selects objects. The zero value selects all.
type ListQuery struct {
	Prefix     string
	Delimiter  string // empty: none
	StartAfter string
	Cursor     string // of the page before; empty: the first page
	Limit      int    // objects and prefixes on a page, at most 1000; 0: 1000
	Metadata   bool   // HTTP or custom metadata is wanted too: a page has at most 100 then
}

// A ListPage is a run of objects in the order of their keys' bytes.
type ListPage struct {
	Objects  []*Object
	Prefixes []string // that the delimiter ends: each stands for all keys that begin with it
	Cursor   string   // for the next page; empty: this is the last one
}

// List returns a page of the objects whose keys begin with q.Prefix.
func (b *Bucket) List(ctx context.Context, q ListQuery) (page ListPage, err error) {
	span, err := b.service.begin(ctx, "list", b.Name)
	if err != nil {
		return ListPage{}, err
	}
	defer func() { span.End(err) }()
	if q.Limit == 0 {
		q.Limit = maxListKeys
	}
	if q.Limit < 1 || q.Limit > maxListKeys {
		return ListPage{}, newError(CodeInvalidMaxKeys)
	}
	if q.Metadata {
		q.Limit = min(q.Limit, maxListIncluded)
	}
	cursor, err := base64.StdEncoding.DecodeString(q.Cursor)
	if err != nil {
		return ListPage{}, &Error{Code: CodeInvalidArgument, Message: "The cursor you specified is not valid.", Err: err}
	}
	span.Count(classA, 1)
	after := max(q.StartAfter, string(cursor))
	err = b.view(func(c content) error {
		page, err = readPage(c.objects, q, []byte(after))
		return err
	})
	return page, err
}

func readPage(objects *bolt.Bucket, q ListQuery, after []byte) (ListPage, error) {
	var page ListPage
	prefix := []byte(q.Prefix)
	from := prefix
	if bytes.Compare(after, prefix) > 0 {
		from = after
	}
	cur := objects.Cursor()
	k, v := cur.Seek(from)
	if len(after) > 0 && bytes.Equal(k, after) {
		k, v = cur.Next()
	}
	var last []byte // of the keys that are on the page, or stood for by a prefix on it
	for rows := 0; k != nil && bytes.HasPrefix(k, prefix); rows++ {
		if rows == q.Limit {
			page.Cursor = base64.StdEncoding.EncodeToString(last)
			break
		}
		if group := groupOf(k, len(prefix), q.Delimiter); group != nil {
			page.Prefixes = append(page.Prefixes, string(group))
			last = lastOf(objects.Cursor(), group)
			cur.Seek(last)
		} else {
			row := new(objectRow)
			if err := readRow(v, row); err != nil {
				return ListPage{}, fmt.Errorf("read object %q: %w", k, err)
			}
			page.Objects = append(page.Objects, row.object(string(k)))
			last = k
		}
		k, v = cur.Next()
	}
	return page, nil
}

// groupOf returns the part of key up to the first delimiter behind its first n bytes, nil when there
// is none.
func groupOf(key []byte, n int, delimiter string) []byte {
	if delimiter == "" {
		return nil
	}
	i := bytes.Index(key[n:], []byte(delimiter))
	if i < 0 {
		return nil
	}
	return bytes.Clone(key[:n+i+len(delimiter)])
}

// lastOf returns the last key that begins with prefix; there is one.
func lastOf(cur *bolt.Cursor, prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for len(next) > 0 && next[len(next)-1] == 0xff {
		next = next[:len(next)-1]
	}
	if len(next) > 0 {
		next[len(next)-1]++
		if k, _ := cur.Seek(next); k != nil {
			k, _ = cur.Prev()
			return k
		}
	}
	k, _ := cur.Last()
	return k
}

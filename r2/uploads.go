package r2

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An UploadInfo is an unfinished multipart upload in a list.
type UploadInfo struct {
	Upload
	Created      time.Time
	StorageClass string
}

// An UploadsQuery selects unfinished uploads. The zero value selects all.
type UploadsQuery struct {
	Prefix    string
	Delimiter string // empty: none
	// KeyMarker and IDMarker are where the page before ended: it is read on behind that upload, or behind
	// all uploads of KeyMarker when IDMarker is empty.
	KeyMarker, IDMarker string
	Limit               int // uploads and prefixes on a page, at most 1000; 0: 1000
}

// An UploadsPage is a run of unfinished uploads in the order of their keys, those of one key in the
// order of their beginning.
type UploadsPage struct {
	Uploads   []UploadInfo
	Prefixes  []string
	Truncated bool
	// NextKey and NextID are the markers of the next page.
	NextKey, NextID string
}

// Uploads returns a page of the unfinished uploads.
func (b *Bucket) Uploads(ctx context.Context, q UploadsQuery) (page UploadsPage, err error) {
	span, err := b.service.begin(ctx, "list_multipart_uploads", b.Name)
	if err != nil {
		return page, err
	}
	defer func() { span.End(err) }()
	if q.Limit == 0 {
		q.Limit = maxListKeys
	}
	if q.Limit < 1 || q.Limit > maxListKeys {
		return page, newError(CodeInvalidMaxKeys)
	}
	span.Count(classA, 1)
	var all []UploadInfo
	err = b.view(func(c content) error {
		all, err = c.unfinished(q.Prefix, b.service.clock.Now())
		return err
	})
	if err != nil {
		return page, err
	}
	return q.page(all), nil
}

// unfinished returns the uploads that take parts, in the order of a page.
func (c content) unfinished(prefix string, now time.Time) ([]UploadInfo, error) {
	var all []UploadInfo
	err := c.uploads.ForEach(func(id, v []byte) error {
		var row uploadRow
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("read upload: %w", err)
		}
		if !row.Ended && !row.expired(now) && strings.HasPrefix(row.Key, prefix) {
			all = append(all, UploadInfo{Upload{row.Key, string(id)}, time.UnixMilli(row.Created), row.StorageClass})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b UploadInfo) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return all, err
}

// page cuts a page out of all.
func (q UploadsQuery) page(all []UploadInfo) (page UploadsPage) {
	if i := slices.IndexFunc(all, func(u UploadInfo) bool { return u.Key == q.KeyMarker && u.ID == q.IDMarker }); i >= 0 {
		all = all[i+1:]
	} else {
		all = slices.DeleteFunc(all, func(u UploadInfo) bool { return u.Key <= q.KeyMarker && q.KeyMarker != "" })
	}
	for i, u := range all {
		group := string(groupOf([]byte(u.Key), len(q.Prefix), q.Delimiter))
		if group != "" && (slices.Contains(page.Prefixes, group) || group <= q.KeyMarker) {
			continue
		}
		if len(page.Uploads)+len(page.Prefixes) == q.Limit {
			page.Truncated = i < len(all)
			return page
		}
		if group != "" {
			page.Prefixes = append(page.Prefixes, group)
			page.NextKey, page.NextID = group, ""
			continue
		}
		page.Uploads = append(page.Uploads, u)
		page.NextKey, page.NextID = u.Key, u.ID
	}
	page.NextKey, page.NextID = "", ""
	return page
}

// A PartsPage is a run of an upload's parts in the order of their numbers.
type PartsPage struct {
	Parts        []*Part
	StorageClass string // of the object that they will make
	Truncated    bool
}

// Parts returns up to limit parts of an unfinished upload whose numbers are above after.
func (b *Bucket) Parts(ctx context.Context, u Upload, after, limit int) (page PartsPage, err error) {
	span, err := b.service.begin(ctx, "list_parts", b.Name)
	if err != nil {
		return page, err
	}
	defer func() { span.End(err) }()
	if err := checkKey(u.Key); err != nil {
		return page, err
	}
	span.Count(classA, 1)
	err = b.view(func(c content) error {
		up, err := b.running(c, u)
		if err != nil {
			return err
		}
		page.StorageClass = up.StorageClass
		prefix := append([]byte(u.ID), 0)
		cur := c.parts.Cursor()
		for k, v := cur.Seek(partKey(u.ID, after+1)); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
			if len(page.Parts) == limit {
				page.Truncated = true
				return nil
			}
			var row partRow
			if err := json.Unmarshal(v, &row); err != nil {
				return fmt.Errorf("read part: %w", err)
			}
			page.Parts = append(page.Parts, row.part(int(binary.BigEndian.Uint32(k[len(prefix):]))))
		}
		return nil
	})
	return page, err
}

package r2

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// An Upload is a multipart upload that has begun.
type Upload struct{ Key, ID string }

// A Part is an uploaded part of a multipart upload. Its ETag is the MD5 of its content in hex, which
// S3 clients compare; to a binding it is opaque.
type Part struct {
	Number int
	ETag   string

	// Checksums, when CompleteUpload is given some, must be those of what was uploaded.
	Checksums Checksums

	// These only Parts and UploadPart fill in.
	Size     int64
	Uploaded time.Time
}

// PartOptions are what can be said of a part beside its body; see PutOptions.
type PartOptions struct {
	Size    int64
	Compute []Algorithm
	Verify  func(Checksums) error
}

// CreateUpload begins a multipart upload of an object. Of the options, those of the body do not count.
func (b *Bucket) CreateUpload(ctx context.Context, key string, o PutOptions) (_ *Upload, err error) {
	span, err := b.service.begin(ctx, "create_multipart_upload", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	o.Checksums, o.OnlyIf, o.Size = Checksums{}, nil, 0
	if err := b.checkPut(key, &o); err != nil {
		return nil, err
	}
	span.Count(classA, 1)
	id := b.service.ids.text(128)
	err = b.update(func(c content) error {
		return putRow(c.uploads, []byte(id), uploadRow{
			Key: key, Created: b.service.clock.Now().UnixMilli(),
			HTTP: o.HTTP, Custom: o.Custom, StorageClass: o.StorageClass,
		})
	})
	if err != nil {
		return nil, err
	}
	return &Upload{Key: key, ID: id}, nil
}

// UploadPart stores a part of an upload, in place of the one that had its number before.
func (b *Bucket) UploadPart(ctx context.Context, u Upload, number int, body io.Reader, o PartOptions) (_ *Part, err error) {
	span, err := b.service.begin(ctx, "upload_part", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if err := checkKey(u.Key); err != nil {
		return nil, err
	}
	if number < 1 || number > maxParts {
		return nil, invalid("Part number must be between 1 and %d, inclusive.", maxParts)
	}
	if o.Size > maxPutBytes {
		return nil, newError(CodeEntityTooLarge)
	}
	span.Count(classA, 1)
	// Asked again when the part is there; this spares the writing of one that nobody waits for.
	if err := b.view(func(c content) error { _, err := b.running(c, u); return err }); err != nil {
		return nil, err
	}

	hashes := newHashes(Checksums{}, o.Compute)
	ref, err := b.service.blobs.write(sized(ctx, body, o.Size), maxPutBytes, hashes.writers()...)
	if err != nil {
		return nil, b.wrap(err)
	}
	sums := hashes.sums()
	row := partRow{ETag: hex.EncodeToString(sums.MD5), Checksums: sums, Blob: ref}
	if o.Verify != nil {
		err = o.Verify(sums)
	}
	if err != nil {
		b.service.blobs.settle(ref, false)
		return nil, err
	}
	var old []blobRef
	err = b.update(func(c content) error {
		if _, err := b.running(c, u); err != nil {
			return err
		}
		row.Uploaded = b.service.clock.Now().UnixMilli()
		at := partKey(u.ID, number)
		before, err := getRow[partRow](c.parts, at)
		if err != nil {
			return err
		}
		if before != nil {
			old = []blobRef{before.Blob}
		}
		return putRow(c.parts, at, row)
	})
	b.service.blobs.settle(ref, err == nil)
	if err != nil {
		return nil, err
	}
	b.service.blobs.remove(old)
	return row.part(number), nil
}

// CompleteOptions are what the end of an upload can depend on.
type CompleteOptions struct {
	OnlyIf *Conditions         // on what is stored under the key before
	Verify func(*Object) error // asked about the object before it is stored: its error is CompleteUploadIf's
}

// CompleteUpload makes an object of the parts, which are named in any order. Parts that are not named
// are dropped.
func (b *Bucket) CompleteUpload(ctx context.Context, u Upload, parts []Part) (*Object, error) {
	return b.CompleteUploadIf(ctx, u, parts, CompleteOptions{})
}

// CompleteUploadIf is CompleteUpload under conditions. When they do not hold, the upload goes on.
func (b *Bucket) CompleteUploadIf(ctx context.Context, u Upload, parts []Part, o CompleteOptions) (_ *Object, err error) {
	span, err := b.service.begin(ctx, "complete_multipart_upload", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if err := checkKey(u.Key); err != nil {
		return nil, err
	}
	span.Count(classA, 1)
	var row *objectRow
	var gone []blobRef
	err = b.update(func(c content) error {
		up, err := b.known(c, u)
		if err != nil {
			return err
		}
		if up.Ended {
			return newError(CodeNoSuchUpload)
		}
		chosen, err := choose(c, u, parts)
		if err != nil {
			return err
		}
		if err := o.OnlyIf.check(c, u.Key); err != nil {
			return err
		}
		row, gone, err = b.assemble(c, u, up, chosen)
		if err == nil && o.Verify != nil {
			err = o.Verify(row.object(u.Key))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b.service.blobs.remove(gone)
	return row.object(u.Key), nil
}

// choose returns the stored parts that are named, in the order of their numbers.
//
// Receipt: the checks of workerd's local R2, August 2026, and their order.
func choose(c content, u Upload, parts []Part) ([]partRow, error) {
	type numbered struct {
		partRow
		number int
	}
	seen := map[int]bool{}
	for _, p := range parts {
		if seen[p.Number] {
			return nil, newError(CodeInternal)
		}
		seen[p.Number] = true
	}
	chosen := make([]numbered, 0, len(parts))
	for _, p := range parts {
		row, err := getRow[partRow](c.parts, partKey(u.ID, p.Number))
		if err != nil {
			return nil, err
		}
		if row == nil || row.ETag != p.ETag || !p.Checksums.within(row.Checksums) {
			return nil, newError(CodeInvalidPart)
		}
		chosen = append(chosen, numbered{*row, p.Number})
	}
	if len(chosen) == 0 {
		return nil, newError(CodeUnequalParts)
	}
	for _, p := range chosen[:len(chosen)-1] {
		if p.Blob.Size < minPartBytes {
			return nil, newError(CodeEntityTooSmall)
		}
	}
	slices.SortFunc(chosen, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	size, last := chosen[0].Blob.Size, chosen[len(chosen)-1].Blob.Size
	for _, p := range chosen[:len(chosen)-1] {
		if p.Blob.Size < minPartBytes || p.Blob.Size != size {
			return nil, newError(CodeUnequalParts)
		}
	}
	if last > size {
		return nil, newError(CodeUnequalParts)
	}
	rows := make([]partRow, len(chosen))
	for i, p := range chosen {
		rows[i] = p.partRow
	}
	return rows, nil
}

// assemble stores the object and ends the upload. It returns the blobs that are needed no longer.
func (b *Bucket) assemble(c content, u Upload, up *uploadRow, chosen []partRow) (*objectRow, []blobRef, error) {
	row := &objectRow{
		Version: b.service.ids.name(), HTTP: up.HTTP, Custom: up.Custom, StorageClass: up.StorageClass,
		Uploaded: b.service.clock.Now().UnixMilli(),
	}
	sum := md5.New()
	used := map[string]bool{}
	for _, p := range chosen {
		sum.Write(p.Checksums.MD5)
		used[p.Blob.Name] = true
		row.Size += p.Blob.Size
		row.Blobs = append(row.Blobs, p.Blob)
	}
	row.addPartChecksums(chosen)
	row.ETag = fmt.Sprintf("%x-%d", sum.Sum(nil), len(chosen))
	gone, err := c.put(u.Key, row)
	if err != nil {
		return nil, nil, err
	}
	unused, err := endUpload(c, u.ID, up)
	for _, ref := range unused {
		if !used[ref.Name] {
			gone = append(gone, ref)
		}
	}
	return row, gone, err
}

// endUpload marks an upload as ended and returns the blobs of all its parts.
func endUpload(c content, id string, up *uploadRow) ([]blobRef, error) {
	parts, err := c.takeParts(id)
	if err != nil {
		return nil, err
	}
	var refs []blobRef
	for _, p := range parts {
		refs = append(refs, p.Blob)
	}
	return refs, putRow(c.uploads, []byte(id), uploadRow{Key: up.Key, Created: up.Created, Ended: true})
}

// AbortUpload ends an upload and drops its parts. One that has ended already stays as it is.
func (b *Bucket) AbortUpload(ctx context.Context, u Upload) (err error) {
	span, err := b.service.begin(ctx, "abort_multipart_upload", b.Name)
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	if err := checkKey(u.Key); err != nil {
		return err
	}
	var gone []blobRef
	err = b.update(func(c content) error {
		up, err := b.known(c, u)
		if err != nil || up.Ended {
			return err
		}
		gone, err = endUpload(c, u.ID, up)
		return err
	})
	if err != nil {
		return err
	}
	b.service.blobs.remove(gone)
	return nil
}

// known returns an upload, ended or not. One that never was is an internal error to R2.
func (b *Bucket) known(c content, u Upload) (*uploadRow, error) {
	up, err := c.upload(u.ID, u.Key)
	if err != nil {
		return nil, err
	}
	if up == nil {
		return nil, newError(CodeInternal)
	}
	up.Ended = up.Ended || up.expired(b.service.clock.Now())
	return up, nil
}

// running returns an upload that takes parts.
func (b *Bucket) running(c content, u Upload) (*uploadRow, error) {
	up, err := c.upload(u.ID, u.Key)
	if err != nil {
		return nil, err
	}
	if up == nil || up.Ended || up.expired(b.service.clock.Now()) {
		return nil, newError(CodeNoSuchUpload)
	}
	return up, nil
}

func (r *uploadRow) expired(now time.Time) bool {
	return !now.Before(time.UnixMilli(r.Created).Add(uploadDays * 24 * time.Hour))
}

// dropOldUploads forgets uploads that are too old, with their parts.
func (s *Service) dropOldUploads() error {
	now := s.clock.Now()
	old := map[string][]string{} // ids by bucket
	err := s.index.db.View(func(tx *bolt.Tx) error {
		rows, err := bucketsIn(tx)
		for _, row := range rows {
			c, _ := contentIn(tx, row.Name)
			err = errors.Join(err, c.uploads.ForEach(func(id, v []byte) error {
				var up uploadRow
				if err := json.Unmarshal(v, &up); err != nil {
					return fmt.Errorf("read upload: %w", err)
				}
				if up.expired(now) {
					old[row.Name] = append(old[row.Name], string(id))
				}
				return nil
			}))
		}
		return err
	})
	if err != nil || len(old) == 0 {
		return err
	}
	var gone []blobRef
	err = s.index.commit.Do(func(tx *bolt.Tx) error {
		for name, ids := range old {
			c, _ := contentIn(tx, name)
			for _, id := range ids {
				parts, err := c.takeParts(id)
				if err != nil {
					return err
				}
				for _, p := range parts {
					gone = append(gone, p.Blob)
				}
				if err := c.uploads.Delete([]byte(id)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		s.blobs.remove(gone)
	}
	return err
}

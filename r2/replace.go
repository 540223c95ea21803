package r2

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"
)

// An Incoming is an object that comes whole from elsewhere, with what a put would give it anew: a
// version, an etag and a time.
type Incoming struct {
	Key, Version string // without a version it gets one
	ETag         string // of what Body yields, which is checked
	Uploaded     time.Time
	HTTP         HTTPMetadata
	Custom       map[string]string
	StorageClass string    // empty: the bucket's
	Checksums    Checksums // that Body must have
	Size         int64     // of Body
	Parts        []int64   // sizes of the parts of a multipart upload; nil: it was put whole
	Body         io.Reader
}

// ReplaceOptions say what Replace may do.
type ReplaceOptions struct {
	Force  bool // also when the bucket has objects
	DryRun bool // read everything, and change nothing
}

// A Replaced says what a bucket holds after Replace.
type Replaced struct {
	Objects int
	Bytes   int64 // of the bodies
}

// A NotEmptyError says that a bucket has objects, which Replace was not allowed to give up.
type NotEmptyError struct{ Bucket string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the bucket %s has objects already", e.Bucket)
}

// topIncoming holds what Replace has not finished: for each call a bucket of a random name, and in it
// what is to be in topObjects, under the same name.
var topIncoming = []byte("incoming")

// batchRows and batchBytes are how much Replace collects for one commit.
const (
	batchRows  = 1000
	batchBytes = 1 << 20
)

// Replace makes a bucket hold the objects that come and no others. It is one change: until all have
// come, and when something fails, the bucket is what it was. Uploads that have begun go on.
func (b *Bucket) Replace(ctx context.Context, objects iter.Seq2[Incoming, error], o ReplaceOptions) (_ Replaced, err error) {
	span, err := b.service.begin(ctx, "replace", b.Name)
	if err != nil {
		return Replaced{}, err
	}
	defer func() { span.End(err) }()
	if err := b.view(func(c content) error { return b.givesUp(c, o) }); err != nil {
		return Replaced{}, err
	}
	r := &replacement{b: b, dryRun: o.DryRun, name: b.service.ids.name()}
	var old []blobRef
	if err = r.collect(ctx, objects); err == nil && !o.DryRun {
		old, err = r.finish(o)
	}
	for _, ref := range r.written {
		b.service.blobs.settle(ref, err == nil)
	}
	if err != nil {
		return Replaced{}, errors.Join(err, r.drop())
	}
	b.service.blobs.remove(old)
	return r.done, nil
}

// givesUp refuses when there are objects that must not go.
func (b *Bucket) givesUp(c content, o ReplaceOptions) error {
	if k, _ := c.objects.Cursor().First(); k != nil && !o.Force {
		return &NotEmptyError{b.Name}
	}
	return nil
}

// A replacement is what is to become a bucket's objects.
type replacement struct {
	b       *Bucket
	dryRun  bool
	name    string // in topIncoming
	begun   bool   // there is something under it
	batch   []incomingRow
	size    int       // of the small bodies in batch
	written []blobRef // each owed a settle
	done    Replaced
}

type incomingRow struct {
	key string
	row *objectRow
}

func (r *replacement) collect(ctx context.Context, objects iter.Seq2[Incoming, error]) error {
	for in, err := range objects {
		if err != nil {
			return err
		}
		row, err := r.take(ctx, in)
		if err != nil {
			return fmt.Errorf("object %q: %w", in.Key, err)
		}
		r.done.Objects++
		r.done.Bytes += row.Size
		if r.dryRun {
			continue
		}
		r.batch = append(r.batch, incomingRow{in.Key, row})
		if r.size += len(row.small); len(r.batch) >= batchRows || r.size >= batchBytes {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return r.flush()
}

// take reads an object, checks it and stores its body.
func (r *replacement) take(ctx context.Context, in Incoming) (*objectRow, error) {
	o := PutOptions{HTTP: in.HTTP, Custom: in.Custom, StorageClass: in.StorageClass, Checksums: in.Checksums}
	if err := r.b.checkPut(in.Key, &o); err != nil {
		return nil, err
	}
	row := &objectRow{HTTP: o.HTTP, Custom: o.Custom, StorageClass: o.StorageClass, Uploaded: in.Uploaded.UnixMilli()}
	sums := newHashes(in.Checksums, nil)
	parts := in.Parts
	if parts == nil {
		parts = []int64{in.Size}
	}
	etag := md5.New()
	for _, size := range parts {
		part, also := md5.New(), sums.writers()
		if in.Parts != nil {
			also = append(also, part)
		}
		if err := r.keep(row, &until{ctx, &exactly{body: in.Body, left: size}}, also, in.Parts == nil); err != nil {
			return nil, err
		}
		etag.Write(part.Sum(nil))
	}
	if err := sums.check(in.Checksums); err != nil {
		return nil, err
	}
	row.Checksums = sums.sums()
	row.ETag = hex.EncodeToString(row.Checksums.MD5)
	if in.Parts != nil {
		row.Checksums.MD5 = nil
		row.ETag = fmt.Sprintf("%x-%d", etag.Sum(nil), len(parts))
	}
	if row.ETag != in.ETag || row.Size != in.Size {
		return nil, fmt.Errorf("its content is damaged: %d bytes with the etag %s, instead of %d with %s", row.Size, row.ETag, in.Size, in.ETag)
	}
	if row.Version = in.Version; row.Version == "" {
		row.Version = r.b.service.ids.name()
	}
	return row, nil
}

// keep adds a part to row: in the row itself when it is all and small, else as a blob.
func (r *replacement) keep(row *objectRow, body io.Reader, also []io.Writer, all bool) error {
	if r.dryRun {
		n, err := io.Copy(io.MultiWriter(also...), body)
		row.Size += n
		return err
	}
	if all {
		err := r.b.keep(row, body, also)
		r.written = append(r.written, row.Blobs...)
		return err
	}
	ref, err := r.b.service.blobs.write(body, maxPutBytes, also...)
	if err != nil {
		return err
	}
	r.written = append(r.written, ref)
	row.Blobs = append(row.Blobs, ref)
	row.Size += ref.Size
	return nil
}

// flush commits the rows that were collected, aside.
func (r *replacement) flush() error {
	if r.dryRun || len(r.batch) == 0 && r.begun {
		return nil
	}
	err := r.b.service.index.commit.Do(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(topIncoming)
		for _, name := range []string{r.name, r.b.Name} {
			if err == nil {
				b, err = b.CreateBucketIfNotExists([]byte(name))
			}
		}
		for _, one := range r.batch {
			if err == nil {
				err = putRow(b, []byte(one.key), one.row)
			}
		}
		return err
	})
	r.begun = true // or may be
	r.batch, r.size = r.batch[:0], 0
	return r.b.wrap(err)
}

// finish puts what was collected in the place of what there was, whose blobs it returns.
func (r *replacement) finish(o ReplaceOptions) (old []blobRef, err error) {
	var full error
	err = r.b.update(func(c content) error {
		if full = r.b.givesUp(c, o); full != nil { // it may have got objects meanwhile
			return nil
		}
		if old, err = c.objectBlobs(); err != nil {
			return err
		}
		tx := c.objects.Tx()
		objects, name := tx.Bucket(topObjects), []byte(r.b.Name)
		if err := objects.DeleteBucket(name); err != nil {
			return err
		}
		all := tx.Bucket(topIncoming)
		if err := all.Bucket([]byte(r.name)).MoveBucket(name, objects); err != nil {
			return err
		}
		return all.DeleteBucket([]byte(r.name))
	})
	if err == nil {
		err = full
	}
	r.begun = r.begun && err != nil
	return old, err
}

// objectBlobs returns the blobs of all objects.
func (c content) objectBlobs() (refs []blobRef, err error) {
	err = c.objects.ForEach(func(k, v []byte) error {
		var row objectRow
		if err := readRow(v, &row); err != nil {
			return fmt.Errorf("read object %q: %w", k, err)
		}
		refs = append(refs, row.Blobs...)
		return nil
	})
	return refs, err
}

// drop forgets the rows that were collected.
func (r *replacement) drop() error {
	if !r.begun {
		return nil
	}
	return r.b.service.index.commit.Do(func(tx *bolt.Tx) error {
		all := tx.Bucket(topIncoming)
		if all == nil || all.Bucket([]byte(r.name)) == nil {
			return nil
		}
		return all.DeleteBucket([]byte(r.name))
	})
}

// dropIncoming forgets what a process left that ended in the midst of a Replace. Its blobs are orphans.
func (x *index) dropIncoming() error {
	found := false
	err := x.db.View(func(tx *bolt.Tx) error {
		found = tx.Bucket(topIncoming) != nil
		return nil
	})
	if err != nil || !found {
		return err
	}
	return x.db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket(topIncoming) })
}

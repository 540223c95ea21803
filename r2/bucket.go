package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/boltfile"
)

// The billed units of R2. Deletes are free.
const (
	classA = "class_a_operations"
	classB = "class_b_operations"
)

// A Bucket is a set of objects. It is a handle: deleting the bucket makes its verbs fail.
type Bucket struct {
	Name         string
	Created      time.Time
	Location     string
	StorageClass string // of objects that are put without one
	Jurisdiction string // eu or fedramp; empty: the default one

	service *Service
}

// Head returns what is stored under key, without its body.
func (b *Bucket) Head(ctx context.Context, key string) (_ *Object, err error) {
	span, err := b.service.begin(ctx, "head", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if err := checkKey(key); err != nil {
		return nil, err
	}
	span.Count(classB, 1)
	row, err := b.find(key)
	if err != nil {
		return nil, err
	}
	return row.object(key), nil
}

// GetOptions say which part of an object is wanted, and when. RangeHeader, an HTTP Range header, wins
// over Range.
type GetOptions struct {
	Range       *RangeRequest // nil: the whole body
	RangeHeader string
	OnlyIf      *Conditions
}

// Get returns the object under key. When the conditions do not hold, the object comes without its
// body beside an *Error with CodePreconditionFailed.
func (b *Bucket) Get(ctx context.Context, key string, o GetOptions) (_ *Object, err error) {
	span, err := b.service.begin(ctx, "get", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if err := checkKey(key); err != nil {
		return nil, err
	}
	span.Count(classB, 1)
	return b.get(key, o)
}

func (b *Bucket) get(key string, o GetOptions) (*Object, error) {
	var row *objectRow
	blobs := b.service.blobs
	pinned, err := blobs.pin(func() (_ []blobRef, err error) {
		if row, err = b.find(key); err != nil {
			return nil, err
		}
		return row.Blobs, nil
	})
	if err != nil {
		return nil, err
	}
	object := row.object(key)
	if !o.OnlyIf.hold(row) {
		blobs.release(pinned)
		return object, newError(CodePreconditionFailed)
	}
	part, ok := o.part(row.Size)
	if !ok {
		blobs.release(pinned)
		return nil, newError(CodeInvalidRange)
	}
	object.Range = &part
	if row.small != nil {
		object.Body = io.NopCloser(bytes.NewReader(row.small[part.Offset : part.Offset+part.Length]))
		return object, nil
	}
	if object.Body, err = blobs.read(pinned, part); err != nil {
		return nil, b.wrap(err)
	}
	return object, nil
}

func (o GetOptions) part(size int64) (Range, bool) {
	switch {
	case o.RangeHeader != "":
		if part, ok := rangeOfHeader(o.RangeHeader, size); ok {
			return part, true
		}
	case o.Range != nil:
		return o.Range.Resolve(size)
	}
	return Range{0, size}, true
}

// Delete removes up to 1000 keys. That there is no such key is no error.
func (b *Bucket) Delete(ctx context.Context, keys ...string) (err error) {
	span, err := b.service.begin(ctx, "delete", b.Name)
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	if len(keys) > maxDeleteKeys {
		return invalid("You can delete a maximum of %d keys at once.", maxDeleteKeys)
	}
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	var gone []blobRef
	err = b.update(func(c content) error {
		now := b.service.clock.Now()
		if err := c.checkLocks(keys, now); err != nil {
			return err
		}
		for _, key := range keys {
			old, err := c.delete(key, change{action: ActionDeleteObject, at: now})
			if err != nil {
				return err
			}
			gone = append(gone, old...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.service.blobs.remove(gone)
	return nil
}

// find returns the row of key.
func (b *Bucket) find(key string) (row *objectRow, err error) {
	err = b.view(func(c content) error {
		if row, err = getRow[objectRow](c.objects, []byte(key)); err == nil && row == nil {
			err = newError(CodeNoSuchKey)
		}
		return err
	})
	return row, err
}

func (b *Bucket) view(read func(content) error) error {
	return b.wrap(b.service.index.view(func(tx *bolt.Tx) error {
		c, ok := contentIn(tx, b.Name)
		if !ok {
			return newError(CodeNoSuchBucket)
		}
		return read(c)
	}))
}

// update commits a change. The change returns an *Error only while it has changed nothing: others
// share its transaction, and theirs is committed all the same.
func (b *Bucket) update(change func(content) error) error {
	var refusal *Error
	err := b.service.index.commit.Do(func(tx *bolt.Tx) error {
		c, ok := contentIn(tx, b.Name)
		if !ok {
			refusal = newError(CodeNoSuchBucket)
			return nil
		}
		c.told = b.service.outbox.wake
		err := change(c)
		if errors.As(err, &refusal) {
			return nil
		}
		return err
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return b.wrap(err)
}

// wrap says where an error of the store happened; one for the caller it leaves as it is.
func (b *Bucket) wrap(err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if trouble, ok := errors.AsType[*boltfile.Trouble](err); ok {
		return &Error{Code: CodeInternal, Message: faults[CodeInternal].message + " (cfemu: " + trouble.Text + ")", Err: trouble}
	}
	return fmt.Errorf("bucket %s: %w", b.Name, err)
}

func checkKey(key string) error {
	if key == "" || len(key) > maxKeyBytes {
		return newError(CodeInvalidObjectName)
	}
	return nil
}

// exactly refuses a body that ends before size bytes have come.
type exactly struct {
	body io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.body.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		return n, newError(CodeIncompleteBody)
	}
	return n, err
}

package r2

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/cfemu/cfemu/internal/probe"
)

// PutOptions are what can be said of an object beside its body.
type PutOptions struct {
	HTTP         HTTPMetadata
	Custom       map[string]string
	StorageClass string      // empty: the bucket's
	Checksums    Checksums   // that the body must have; absent ones are not asked
	OnlyIf       *Conditions // on what is stored under the key before
	Size         int64       // bytes that body must yield; 0: as many as it does

	// Compute names checksums that are to be known of the object, whatever they turn out to be.
	Compute []Algorithm
	// Verify is asked once body has been read whole, before anything is stored: its error is Put's.
	// nil: nobody is asked.
	Verify func(Checksums) error
}

// Put stores body under key and returns once the object is on disk. The body may be of any size: it
// is written as it comes. When the conditions do not hold nothing changes, and the error is an *Error
// with CodePreconditionFailed.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, o PutOptions) (_ *Object, err error) {
	span, err := b.service.begin(ctx, "put", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	return b.put(ctx, span, key, body, o)
}

// put is Put within a span.
func (b *Bucket) put(ctx context.Context, span *probe.Span, key string, body io.Reader, o PutOptions) (_ *Object, err error) {
	if err := b.checkPut(key, &o); err != nil {
		return nil, err
	}
	span.Count(classA, 1)
	if o.OnlyIf != nil {
		// Decided again when the body is there; this spares the writing of one that is not wanted.
		if err := b.view(func(c content) error { return o.OnlyIf.check(c, key) }); err != nil {
			return nil, err
		}
	}

	sums := newHashes(o.Checksums, o.Compute)
	row := &objectRow{HTTP: o.HTTP, Custom: o.Custom, StorageClass: o.StorageClass}
	if err := b.keep(row, sized(ctx, body, o.Size), sums.writers()); err != nil {
		return nil, b.wrap(err)
	}
	var old []blobRef
	row.Checksums = sums.sums()
	if err = sums.check(o.Checksums); err == nil && o.Verify != nil {
		err = o.Verify(row.Checksums)
	}
	if err == nil {
		row.ETag = hex.EncodeToString(row.Checksums.MD5)
		err = b.update(func(c content) (err error) {
			if err := o.OnlyIf.check(c, key); err != nil {
				return err
			}
			row.Uploaded = b.service.clock.Now().UnixMilli()
			old, err = c.put(key, row)
			return err
		})
	}
	for _, ref := range row.Blobs {
		b.service.blobs.settle(ref, err == nil)
	}
	if err != nil {
		return nil, err
	}
	b.service.blobs.remove(old)
	return row.object(key), nil
}

// keep stores body: in row when it is small, else as a blob, for which the caller owes a settle.
func (b *Bucket) keep(row *objectRow, body io.Reader, also []io.Writer) error {
	head, err := io.ReadAll(io.LimitReader(body, maxSmallBytes+1))
	if err != nil {
		return err
	}
	if len(head) <= maxSmallBytes {
		row.Version, row.Size, row.small = b.service.ids.name(), int64(len(head)), head
		_, err := io.MultiWriter(also...).Write(head)
		return err
	}
	ref, err := b.service.blobs.write(io.MultiReader(bytes.NewReader(head), body), maxPutBytes, also...)
	if err != nil {
		return err
	}
	row.Version, row.Size, row.Blobs = ref.Name, ref.Size, []blobRef{ref}
	return nil
}

// check refuses when the conditions do not hold for what is stored under key.
func (c *Conditions) check(in content, key string) error {
	if c == nil {
		return nil
	}
	row, err := getRow[objectRow](in.objects, []byte(key))
	if err != nil {
		return err
	}
	if !c.hold(row) {
		return newError(CodePreconditionFailed)
	}
	return nil
}

// checkPut refuses what must not be stored and fills in the storage class.
func (b *Bucket) checkPut(key string, o *PutOptions) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if o.Size > maxPutBytes {
		return newError(CodeEntityTooLarge)
	}
	size := 0
	for k, v := range o.Custom {
		size += len(k) + len(v)
	}
	if size > maxMetadataBytes {
		return newError(CodeMetadataTooLarge)
	}
	for _, a := range algorithms {
		if want := *a.field(&o.Checksums); len(want) > 0 && len(want) != a.hash().Size() {
			return newError(CodeInvalidDigest)
		}
	}
	if o.StorageClass == "" {
		o.StorageClass = b.StorageClass
	}
	return checkStorageClass(o.StorageClass)
}

func checkStorageClass(class string) error {
	if class != Standard && class != InfrequentAccess {
		return invalid("The storage class you specified is not valid.")
	}
	return nil
}

// sized makes a body end as the caller said it would, and when the caller has gone.
func sized(ctx context.Context, body io.Reader, size int64) io.Reader {
	if body == nil {
		body = bytes.NewReader(nil)
	}
	if size > 0 {
		body = &exactly{body: body, left: size}
	}
	return &until{ctx, body}
}

// until is a reader that fails once its context has ended.
type until struct {
	ctx  context.Context
	body io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.body.Read(p)
}

// hashes are computed while a body passes: MD5 always, the others when they are asked for. Its
// elements are those of algorithms; nil is not computed.
type hashes [len(algorithms)]hash.Hash

func newHashes(asked Checksums, compute []Algorithm) hashes {
	var h hashes
	for i, a := range algorithms {
		if i == 0 || len(*a.field(&asked)) > 0 || slices.Contains(compute, Algorithm(i)) {
			h[i] = a.hash()
		}
	}
	return h
}

func (h hashes) writers() []io.Writer {
	var all []io.Writer
	for _, one := range h {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

func (h hashes) sums() Checksums {
	var c Checksums
	for i, a := range algorithms {
		if h[i] != nil {
			*a.field(&c) = h[i].Sum(nil)
		}
	}
	return c
}

// check compares what came with what was announced.
func (h hashes) check(asked Checksums) error {
	got := h.sums()
	for i, a := range algorithms {
		want, have := *a.field(&asked), *a.field(&got)
		if len(want) > 0 && !bytes.Equal(want, have) {
			return BadDigest(Algorithm(i), want, have)
		}
	}
	return nil
}

// ChecksumsOf computes checksums of a body at hand.
func ChecksumsOf(body []byte, algorithms ...Algorithm) Checksums {
	h := newHashes(Checksums{}, algorithms)
	for _, w := range h.writers() {
		w.Write(body)
	}
	return h.sums()
}

// BadDigest is the error for a body that has another checksum than was announced.
func BadDigest(a Algorithm, announced, actual []byte) *Error {
	return &Error{Code: CodeBadDigest, Message: fmt.Sprintf(
		"The %[1]s checksum you specified did not match what we received.\n"+
			"You provided a %[1]s checksum with value: %[2]x\nActual %[1]s was: %[3]x", algorithms[a].name, announced, actual)}
}

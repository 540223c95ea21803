package r2

import "context"

// A Source is an object that is copied from.
type Source struct {
	Bucket *Bucket
	Key    string
	OnlyIf *Conditions   // on the object; nil: none
	Range  *RangeRequest // of its body, for a part; nil: all of it
}

// Copy stores the object of a source under key. Describe says what the new object has beside its body,
// given the old one; the body's size and checksums are none of its business. An *Error with
// CodeNoSuchKey, CodeNoSuchBucket or CodePreconditionFailed may be of either end.
func (b *Bucket) Copy(ctx context.Context, key string, from Source, describe func(*Object) (PutOptions, error)) (_ *Object, err error) {
	span, err := b.service.begin(ctx, "copy_object", b.Name)
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	object, err := from.open()
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	o, err := describe(object)
	if err != nil {
		return nil, err
	}
	o.Size = object.Size
	if object.Size > maxPutBytes {
		return nil, newError(CodeEntityTooLarge)
	}
	return b.put(ctx, span, key, object.Body, o)
}

// CopyPart stores the content of a source as a part of an upload.
func (b *Bucket) CopyPart(ctx context.Context, u Upload, number int, from Source) (*Part, error) {
	object, err := from.open()
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	if from.Range != nil && object.Range.Length == 0 {
		return nil, newError(CodeInvalidRange)
	}
	return b.UploadPart(ctx, u, number, object.Body, PartOptions{Size: object.Range.Length})
}

// open returns the object of a source with its body.
func (s Source) open() (*Object, error) {
	if err := checkKey(s.Key); err != nil {
		return nil, err
	}
	return s.Bucket.get(s.Key, GetOptions{Range: s.Range, OnlyIf: s.OnlyIf})
}

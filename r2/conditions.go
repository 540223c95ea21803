package r2

import (
	"strconv"
	"strings"
	"time"
)

// Conditions say when an operation shall happen. A nil *Conditions holds always.
type Conditions struct {
	ETagMatches        []ETag    // nil: not asked
	ETagDoesNotMatch   []ETag    // nil: not asked
	UploadedBefore     time.Time // zero: not asked
	UploadedAfter      time.Time // zero: not asked
	SecondsGranularity bool      // times are compared in whole seconds, as HTTP has them
}

// An ETag is one that an object's is compared with.
type ETag struct {
	Value    string
	Weak     bool
	Wildcard bool // equal to every etag
}

// hold decides for the object that there is, nil for none.
//
// Receipt: the rules of workerd's local R2, August 2026; they are those of RFC 9110 §13.2.2, where
// an etag condition that was asked overrides the time condition of its kind.
func (c *Conditions) hold(o *objectRow) bool {
	if c == nil {
		return true
	}
	if o == nil {
		return c.ETagMatches == nil && c.UploadedAfter.IsZero()
	}
	ms := func(t time.Time) int64 { return t.UnixMilli() }
	uploaded := o.Uploaded
	if c.SecondsGranularity {
		ms = func(t time.Time) int64 { return t.Unix() * 1000 }
		uploaded -= uploaded % 1000
	}
	match := c.ETagMatches == nil
	for _, e := range c.ETagMatches {
		match = match || e.Wildcard || !e.Weak && e.Value == o.ETag
	}
	noneMatch := true
	for _, e := range c.ETagDoesNotMatch {
		noneMatch = noneMatch && !e.Wildcard && e.Value != o.ETag
	}
	after := c.UploadedAfter.IsZero() || ms(c.UploadedAfter) < uploaded || c.ETagDoesNotMatch != nil && noneMatch
	before := c.UploadedBefore.IsZero() || uploaded < ms(c.UploadedBefore) || c.ETagMatches != nil && match
	return match && noneMatch && after && before
}

// A RangeRequest is the part of a body that is asked for. Suffix, the number of bytes at the end,
// wins over the others.
type RangeRequest struct{ Offset, Length, Suffix *int64 }

// Resolve returns the part of a body of size bytes, and false when there is no such part.
func (r RangeRequest) Resolve(size int64) (Range, bool) {
	var offset int64
	if r.Offset != nil {
		offset = *r.Offset
	}
	if r.Suffix != nil {
		if *r.Suffix <= 0 {
			return Range{}, false
		}
		offset = size - min(*r.Suffix, size)
	}
	length := size - offset
	if r.Length != nil && r.Suffix == nil {
		length = *r.Length
	}
	if offset < 0 || offset > size || length <= 0 {
		return Range{}, false
	}
	return Range{offset, min(length, size-offset)}, true
}

// rangeOfHeader reads a Range header for a body of size bytes. It reports false when the header asks
// for anything but one part that exists: the whole body is the answer then.
func rangeOfHeader(header string, size int64) (Range, bool) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return Range{}, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return Range{}, false
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n <= 0 || size == 0 {
			return Range{}, false
		}
		n = min(n, size)
		return Range{size - n, n}, true
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 || from >= size {
		return Range{}, false
	}
	to := size - 1
	if last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < from {
			return Range{}, false
		}
		to = min(n, to)
	}
	return Range{from, to - from + 1}, true
}

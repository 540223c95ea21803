package r2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HTTPETag is the object's etag as headers have it.
func (o *Object) HTTPETag() string { return `"` + o.ETag + `"` }

// SetHeaders sets what HTTP says of an object as a whole.
func (o *Object) SetHeaders(h http.Header) {
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", o.HTTPETag())
	h.Set("Last-Modified", o.Uploaded.UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "application/octet-stream")
	set("Content-Type", o.HTTP.ContentType)
	set("Content-Language", o.HTTP.ContentLanguage)
	set("Content-Disposition", o.HTTP.ContentDisposition)
	set("Content-Encoding", o.HTTP.ContentEncoding)
	set("Cache-Control", o.HTTP.CacheControl)
	if !o.HTTP.CacheExpiry.IsZero() {
		h.Set("Expires", o.HTTP.CacheExpiry.UTC().Format(http.TimeFormat))
	}
}

// Preconditions returns the status that ends a GET or HEAD whose conditional headers do not hold for the
// object, 0 when they do.
//
// Receipt: RFC 9110 §13.2.2
func (o *Object) Preconditions(h http.Header) int {
	modified := o.Uploaded.Truncate(time.Second)
	since := func(name string) (time.Time, bool) {
		t, err := http.ParseTime(h.Get(name))
		return t, err == nil
	}
	if wanted := h.Values("If-Match"); len(wanted) > 0 {
		if !anyETag(wanted, o.HTTPETag(), false) {
			return http.StatusPreconditionFailed
		}
	} else if t, ok := since("If-Unmodified-Since"); ok && modified.After(t) {
		return http.StatusPreconditionFailed
	}
	if known := h.Values("If-None-Match"); len(known) > 0 {
		if anyETag(known, o.HTTPETag(), true) {
			return http.StatusNotModified
		}
	} else if t, ok := since("If-Modified-Since"); ok && !modified.After(t) {
		return http.StatusNotModified
	}
	return 0
}

// anyETag reports whether a list of etags has one, or a *. Weak ones count when weak is set. Some clients
// leave the quotes out.
func anyETag(lists []string, etag string, weak bool) bool {
	for item := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		item = strings.TrimSpace(item)
		if weak {
			item = strings.TrimPrefix(item, "W/")
		}
		if item == "*" || item == etag || `"`+item+`"` == etag {
			return true
		}
	}
	return false
}

// serve writes an object with its headers, or the part of it that the request asks for, unless it returns
// an error.
func (b *Bucket) serve(w http.ResponseWriter, r *http.Request, key string) error {
	object, ranged, err := b.openRequested(r, key)
	if err != nil {
		return err
	}
	if object.Body != nil {
		defer object.Body.Close()
	}
	h := w.Header()
	switch status := object.Preconditions(r.Header); {
	case status == http.StatusPreconditionFailed:
		return newError(CodePreconditionFailed)
	case status != 0:
		object.SetHeaders(h)
		w.WriteHeader(status)
		return nil
	case ranged && object.Range == nil:
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", object.Size))
		return newError(CodeInvalidRange)
	}
	object.SetHeaders(h)
	status := http.StatusOK
	h.Set("Content-Length", strconv.FormatInt(object.Size, 10))
	if ranged {
		part := object.Range
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.Offset, part.Offset+part.Length-1, object.Size))
		h.Set("Content-Length", strconv.FormatInt(part.Length, 10))
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	if object.Body == nil {
		return nil
	}
	body := &watched{Reader: object.Body}
	io.Copy(w, body) // the client is gone when writing fails
	if body.err != nil {
		b.service.log.Error("an object broke off", "bucket", b.Name, "key", key, "err", body.err)
		panic(http.ErrAbortHandler) // the header is out: breaking the connection is all that tells the client
	}
	return nil
}

// watched keeps the error that reading ended with, but for the end itself.
type watched struct {
	io.Reader
	err error
}

func (r *watched) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// openRequested opens what r asks for. ranged says that it asks for a part, which object.Range is, nil when the
// object has no such part.
func (b *Bucket) openRequested(r *http.Request, key string) (object *Object, ranged bool, err error) {
	if key == "" || len(key) > maxKeyBytes {
		return nil, false, newError(CodeNoSuchKey)
	}
	if r.Method == http.MethodHead {
		object, err = b.Head(r.Context(), key)
		return object, false, err
	}
	part, ranged := rangeRequest(r.Header.Get("Range"))
	if !ranged {
		object, err = b.Get(r.Context(), key, GetOptions{})
		return object, false, err
	}
	object, err = b.Get(r.Context(), key, GetOptions{Range: &part})
	if known, ok := errors.AsType[*Error](err); ok && known.Code == CodeInvalidRange {
		object, err = b.Head(r.Context(), key)
	}
	if err != nil || ifRange(r, object) {
		return object, true, err
	}
	if object.Body != nil {
		object.Body.Close() // only read
	}
	object, err = b.Get(r.Context(), key, GetOptions{})
	return object, false, err
}

// rangeRequest reads a Range header that asks for one part. Any other is as if there were none.
func rangeRequest(header string) (part RangeRequest, ok bool) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return part, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return part, false
	}
	number := func(s string) (*int64, bool) {
		n, err := strconv.ParseUint(s, 10, 63)
		signed := int64(n)
		return &signed, err == nil
	}
	if first == "" {
		part.Suffix, ok = number(last)
		return part, ok
	}
	if part.Offset, ok = number(first); !ok || last == "" {
		return part, ok
	}
	end, ok := number(last)
	if !ok || *end < *part.Offset {
		return part, false
	}
	length := *end - *part.Offset + 1
	part.Length = &length
	return part, true
}

// ifRange reports whether the Range of r counts for the object.
func ifRange(r *http.Request, o *Object) bool {
	want := r.Header.Get("If-Range")
	if want == "" || want == o.HTTPETag() {
		return true
	}
	t, err := http.ParseTime(want)
	return err == nil && o.Uploaded.Truncate(time.Second).Equal(t)
}

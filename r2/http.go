package r2

import (
	"net/http"
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

package cache

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// hit is the answer to a match that found e: the whole response, or what the request's conditions and
// range leave of it.
//
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/cache/#match
func (s *Store) hit(r *http.Request, e *entry, body readSeekCloser) *http.Response {
	h := e.header.Clone()
	h.Set(headerStatus, "HIT")
	h.Set("Age", e.age(s.clock.Now()))
	if e.status == http.StatusOK {
		if notModified(r, h) {
			body.Close()
			for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Range"} {
				h.Del(name)
			}
			return respond(r, http.StatusNotModified, "Not Modified", h, http.NoBody, 0)
		}
		if from, n, ok := wantedRange(r, h, e.size); ok {
			return partial(r, e, h, body, from, n)
		}
	}
	if e.size == 0 {
		body.Close()
		return respond(r, e.status, e.reason, h, http.NoBody, 0)
	}
	h.Set("Content-Length", strconv.FormatInt(e.size, 10))
	return respond(r, e.status, e.reason, h, body, e.size)
}

// partial is the answer with n bytes from from; n is 0 when the range lies outside.
func partial(r *http.Request, e *entry, h http.Header, body readSeekCloser, from, n int64) *http.Response {
	if n > 0 {
		if _, err := body.Seek(from, io.SeekStart); err != nil {
			n = 0
		}
	}
	if n <= 0 {
		body.Close()
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", e.size))
		return respond(r, http.StatusRequestedRangeNotSatisfiable, "Range Not Satisfiable", h, http.NoBody, 0)
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+n-1, e.size))
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	return respond(r, http.StatusPartialContent, "Partial Content", h, struct {
		io.Reader
		io.Closer
	}{io.LimitReader(body, n), body}, n)
}

// notModified reports whether the request has what h describes. If-None-Match counts alone when it is there.
func notModified(r *http.Request, h http.Header) bool {
	if v := strings.Join(r.Header.Values("If-None-Match"), ","); v != "" {
		tag := h.Get("ETag")
		if tag == "" {
			return false
		}
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item == "*" || weakly(item) == weakly(tag) {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	return err == nil && !modified.After(since)
}

func weakly(tag string) string { return strings.TrimPrefix(tag, "W/") }

// wantedRange is the one range that the request asks for; ok is false when it asks for all, for
// several, or for nothing that can be understood. n is 0 when the range lies outside.
func wantedRange(r *http.Request, h http.Header, size int64) (from, n int64, ok bool) {
	spec, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Range"))), "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, 0, false
	}
	if v := r.Header.Get("If-Range"); v != "" && v != h.Get("ETag") && v != h.Get("Last-Modified") {
		return 0, 0, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || first == "" && last == "" {
		return 0, 0, false
	}
	if first == "" {
		suffix, err := strconv.ParseInt(last, 10, 64)
		if err != nil {
			return 0, 0, false
		}
		suffix = min(suffix, size)
		return size - suffix, suffix, true
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	to := size - 1
	if last != "" {
		end, err := strconv.ParseInt(last, 10, 64)
		if err != nil || end < from {
			return 0, 0, false
		}
		to = min(to, end)
	}
	return from, max(to-from+1, 0), true
}

package s3

import (
	"net/http"
	"testing"
	"time"

	"github.com/cfemu/cfemu/r2"
)

// Whatever stands in conditional headers, an object's own etag beside it decides.
func FuzzConditions(f *testing.F) {
	f.Add(`"a", W/"b"`, `*`, "Fri, 01 Jan 2027 00:00:00 GMT")
	f.Add(`,,"`, `W/`, "yesterday")
	o := &r2.Object{ETag: "0123", Uploaded: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.Fuzz(func(t *testing.T, match, none, date string) {
		h := http.Header{"If-Match": {match, `"0123"`}, "If-Unmodified-Since": {date}}
		if status := o.Preconditions(h); status != 0 {
			t.Errorf("the own etag beside %q: %d", match, status)
		}
		h = http.Header{"If-None-Match": {none, `"0123"`}, "If-Modified-Since": {date}}
		if status := o.Preconditions(h); status != http.StatusNotModified {
			t.Errorf("the own etag, known beside %q: %d", none, status)
		}
		h = http.Header{"If-Match": {match}, "If-None-Match": {none}, "If-Modified-Since": {date}, "If-Unmodified-Since": {date}}
		if c := conditions(h, ""); c == nil && match+none != "" && len(etags([]string{match, none})) > 0 {
			t.Errorf("%q and %q are nothing", match, none)
		}
	})
}

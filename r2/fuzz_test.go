package r2

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// A Range header gives a part that is inside of the body, or none.
func FuzzRangeOfHeader(f *testing.F) {
	for _, header := range []string{"bytes=0-3", "bytes=3-", "bytes=-3", "bytes=1 -2", "bytes=+1-2", "bytes=1-2,4-5", "bytes=-99999999999999999999", "bytes=99999999999999999999-"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		size &= 1<<62 - 1
		part, ok := rangeOfHeader(header, size)
		if ok && (part.Offset < 0 || part.Length <= 0 || part.Offset > size-part.Length) {
			t.Errorf("%q of %d bytes: %+v", header, size, part)
		}
	})
}

// So does a range of numbers.
func FuzzRangeRequest(f *testing.F) {
	f.Add(int64(0), int64(1), int64(0), byte(3), int64(10))
	f.Add(int64(1<<63-1), int64(1<<63-1), int64(5), byte(7), int64(1))
	f.Fuzz(func(t *testing.T, offset, length, suffix int64, given byte, size int64) {
		size &= 1<<62 - 1
		var r RangeRequest
		for i, field := range []struct {
			to    **int64
			value *int64
		}{{&r.Offset, &offset}, {&r.Length, &length}, {&r.Suffix, &suffix}} {
			if given>>i&1 == 1 {
				*field.to = field.value
			}
		}
		part, ok := r.Resolve(size)
		if ok && (part.Offset < 0 || part.Length <= 0 || part.Offset > size-part.Length) {
			t.Errorf("%d %d %d (%b) of %d bytes: %+v", offset, length, suffix, given, size, part)
		}
	})
}

// Whatever comes over the wire gets an answer, and never an internal error but where R2 has one.
func FuzzWire(f *testing.F) {
	f.Add("get", `{"version":1,"method":"get","object":"k","range":{"offset":"1"},"onlyIf":{"etagMatches":[{"type":"wildcard"}]}}`)
	f.Add("list", `{"version":1,"method":"list","limit":1,"cursor":"!","include":[0,9]}`)
	f.Add("put", `{"version":1,"method":"put","object":"k","md5":"AA==","sha1":"zz"}`)
	f.Fuzz(func(t *testing.T, method, meta string) {
		b := openOne(t, Options{Clock: frozen(), NoSync: true})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://fake-host/", nil)
		if method == "put" {
			req, err = http.NewRequestWithContext(t.Context(), http.MethodPut, "http://fake-host/", strings.NewReader(meta+"body"))
		}
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(headerRequest, meta)
		req.Header.Set(headerMetadataSize, strconv.Itoa(len(meta)))
		resp, err := b.service.Wire(b.Name).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusInternalServerError && !strings.Contains(meta, "Multipart") {
			t.Errorf("%s %s: %s", method, meta, resp.Header.Get(headerError))
		}
	})
}

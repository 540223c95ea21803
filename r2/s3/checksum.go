package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

// checksumHeaders are the headers, or trailers, that announce a body's checksum in base64.
var checksumHeaders = map[string]r2.Algorithm{
	"X-Amz-Checksum-Crc32":     r2.CRC32,
	"X-Amz-Checksum-Crc32c":    r2.CRC32C,
	"X-Amz-Checksum-Crc64nvme": r2.CRC64NVME,
	"X-Amz-Checksum-Sha1":      r2.SHA1,
	"X-Amz-Checksum-Sha256":    r2.SHA256,
}

// An announcement is what a request says of its body's checksums before the body has been read.
type announcement struct {
	sums    map[r2.Algorithm][]byte
	trailer string // the header that comes behind the body; empty: none
}

// readAnnouncement reads headers. Trailers count only where a body may have them.
func readAnnouncement(h http.Header, chunked bool) (announcement, error) {
	a := announcement{sums: map[r2.Algorithm][]byte{}}
	for name, algorithm := range checksumHeaders {
		if h.Get(name) == "" {
			continue
		}
		sum, err := decodeSum(h.Get(name), algorithm.New().Size())
		if err != nil {
			return a, err
		}
		a.sums[algorithm] = sum
	}
	for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if _, ok := checksumHeaders[name]; ok && chunked {
			if a.trailer != "" {
				return a, severalChecksums()
			}
			a.trailer = name
		}
	}
	if len(a.sums) > 1 || len(a.sums) == 1 && a.trailer != "" {
		return a, severalChecksums()
	}
	if text := h.Get("Content-Md5"); text != "" {
		sum, err := decodeSum(text, md5.Size)
		if err != nil {
			return a, err
		}
		a.sums[r2.MD5] = sum
	}
	return a, nil
}

func severalChecksums() *Error {
	return invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
}

func decodeSum(text string, size int) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != size {
		return nil, newError(http.StatusBadRequest, "InvalidDigest", "The checksum or Content-MD5 you specified is not valid.")
	}
	return sum, nil
}

// compute names the checksums to compute of the body beside its MD5.
func (p *payload) compute() []r2.Algorithm {
	var all []r2.Algorithm
	for algorithm := range p.announced.sums {
		if algorithm != r2.MD5 {
			all = append(all, algorithm)
		}
	}
	if algorithm, ok := checksumHeaders[p.announced.trailer]; ok {
		all = append(all, algorithm)
	}
	return all
}

// verify compares the checksums of the body that was read with those that were announced.
func (p *payload) verify(sums r2.Checksums) error {
	for algorithm, want := range p.announced.sums {
		if have := algorithm.Of(sums); !bytes.Equal(want, have) {
			return r2.BadDigest(algorithm, want, have)
		}
	}
	algorithm, ok := checksumHeaders[p.announced.trailer]
	if !ok {
		return nil
	}
	want, err := decodeSum(p.chunks.trailers.Get(p.announced.trailer), algorithm.New().Size())
	if err != nil {
		return err
	}
	if have := algorithm.Of(sums); !bytes.Equal(want, have) {
		return r2.BadDigest(algorithm, want, have)
	}
	return nil
}

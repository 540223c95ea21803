package s3

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"github.com/cfemu/cfemu/r2"
)

// A checksumName is how headers and documents speak of a checksum.
type checksumName struct {
	algorithm       r2.Algorithm
	header, element string
	composite       bool // of a multipart object it is a checksum of its parts' checksums
}

// checksumNames are in the order in which documents have them.
var checksumNames = []checksumName{
	{r2.CRC32, "X-Amz-Checksum-Crc32", "ChecksumCRC32", true},
	{r2.CRC32C, "X-Amz-Checksum-Crc32c", "ChecksumCRC32C", true},
	{r2.CRC64NVME, "X-Amz-Checksum-Crc64nvme", "ChecksumCRC64NVME", false},
	{r2.SHA1, "X-Amz-Checksum-Sha1", "ChecksumSHA1", true},
	{r2.SHA256, "X-Amz-Checksum-Sha256", "ChecksumSHA256", true},
}

// What a checksum can be of.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// of is the object's checksum in base64, behind it the number of its parts where it is made of theirs;
// "" when it is not known.
func (n checksumName) of(o *r2.Object) (text, kind string) {
	if sum := n.algorithm.Of(o.Checksums); len(sum) > 0 {
		return base64.StdEncoding.EncodeToString(sum), fullObject
	}
	if sum := n.algorithm.Of(o.Composite); len(sum) > 0 {
		return base64.StdEncoding.EncodeToString(sum) + "-" + strconv.Itoa(o.Parts), composite
	}
	return "", ""
}

// setChecksums tells those of the object's checksums that a client has asked for.
func setChecksums(h http.Header, o *r2.Object, algorithms ...r2.Algorithm) {
	for _, n := range checksumNames {
		if text, kind := n.of(o); text != "" && slices.Contains(algorithms, n.algorithm) {
			h.Set(n.header, text)
			h.Set("X-Amz-Checksum-Type", kind)
		}
	}
}

// checksums adds all checksums that are known of an object, and what they are of as kindElement unless
// that is empty.
func (d *document) checksums(o *r2.Object, kindElement string) {
	last := ""
	for _, n := range checksumNames {
		if text, kind := n.of(o); text != "" {
			d.text(n.element, text)
			last = kind
		}
	}
	if kindElement != "" {
		d.optional(kindElement, last)
	}
}

// askedAlgorithm reads which checksum a copy or a multipart object shall have; none when that is not said.
func (c *call) askedAlgorithm() ([]r2.Algorithm, error) {
	name := c.r.Header.Get("X-Amz-Checksum-Algorithm")
	if name == "" {
		return nil, nil
	}
	algorithm, ok := checksumHeaders[http.CanonicalHeaderKey("x-amz-checksum-"+name)]
	if !ok {
		return nil, headerNotImplemented("x-amz-checksum-algorithm", name)
	}
	return []r2.Algorithm{algorithm}, nil
}

// askedType reads what the checksum of a multipart object shall be of, which its algorithm decides; ""
// when there is to be none.
//
// Receipt: https://developers.cloudflare.com/r2/api/s3/api/, the table of checksum types. The text is
// that of AWS.
func (c *call) askedType() (string, error) {
	asked, name := c.r.Header.Get("X-Amz-Checksum-Type"), c.r.Header.Get("X-Amz-Checksum-Algorithm")
	if name == "" && asked != "" {
		return "", invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	}
	if name == "" {
		return "", nil
	}
	kind := composite
	if checksumHeaders[http.CanonicalHeaderKey("x-amz-checksum-"+name)] == r2.CRC64NVME {
		kind = fullObject
	}
	if asked != "" && asked != kind {
		return "", invalidRequest("The " + asked + " checksum type cannot be used with the " + name + " checksum algorithm.")
	}
	return kind, nil
}

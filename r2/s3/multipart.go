package s3

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

// upload is the multipart upload that the call is about.
func (c *call) upload() r2.Upload {
	id, _ := c.query.get("uploadId")
	return r2.Upload{Key: c.key, ID: id}
}

func (c *call) createUpload() error {
	o, err := c.describe()
	if err != nil {
		return err
	}
	if _, err := c.askedAlgorithm(); err != nil {
		return err
	}
	kind, err := c.askedType()
	if err != nil {
		return err
	}
	u, err := c.bucket.CreateUpload(c.ctx(), c.key, o)
	if err != nil {
		return err
	}
	if kind != "" {
		c.w.Header().Set("X-Amz-Checksum-Algorithm", c.r.Header.Get("X-Amz-Checksum-Algorithm"))
		c.w.Header().Set("X-Amz-Checksum-Type", kind)
	}
	d := newDocument("InitiateMultipartUploadResult")
	d.text("Bucket", c.bucketName)
	d.text("Key", c.key)
	d.text("UploadId", u.ID)
	return c.writeXML(d)
}

// maxParts is how many parts an upload may have.
const maxParts = 10_000

func (c *call) partNumber() (int, error) {
	text, _ := c.query.get("partNumber")
	n, ok := parseNumber(text)
	if !ok || n != float64(int(n)) || n < 1 || n > maxParts {
		return 0, invalidArgument("Part number must be an integer between 1 and 10000, inclusive.")
	}
	return int(n), nil
}

func (c *call) uploadPart() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	if c.body.size < 0 {
		return newError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	part, err := c.bucket.UploadPart(c.ctx(), c.upload(), number, c.body, r2.PartOptions{
		Size: c.body.size, Compute: c.body.compute(), Verify: c.body.verify,
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", quoted(part.ETag))
	setChecksums(c.w.Header(), &r2.Object{Checksums: part.Checksums}, c.body.compute()...)
	c.w.Header().Del("X-Amz-Checksum-Type")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// completion is the document that names the parts of an object.
type completion struct {
	Part []completedPart
}

type completedPart struct {
	PartNumber                                                                     *int
	ETag                                                                           *string
	ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 string
}

// sums are the checksums that the document says the part has.
func (p completedPart) sums() (sums r2.Checksums, err error) {
	for _, of := range []struct {
		text string
		a    r2.Algorithm
		sum  *[]byte
	}{
		{p.ChecksumCRC32, r2.CRC32, &sums.CRC32}, {p.ChecksumCRC32C, r2.CRC32C, &sums.CRC32C}, {p.ChecksumCRC64NVME, r2.CRC64NVME, &sums.CRC64NVME},
		{p.ChecksumSHA1, r2.SHA1, &sums.SHA1}, {p.ChecksumSHA256, r2.SHA256, &sums.SHA256},
	} {
		if of.text == "" {
			continue
		}
		if *of.sum, err = decodeSum(of.text, of.a.New().Size()); err != nil {
			return sums, err
		}
	}
	return sums, nil
}

// parts checks the document.
func (doc completion) parts() ([]r2.Part, error) {
	seen := map[int]bool{}
	var parts []r2.Part
	for _, p := range doc.Part {
		switch {
		case p.PartNumber == nil || p.ETag == nil:
			return nil, malformedXML()
		case *p.PartNumber < 1 || *p.PartNumber > maxParts:
			return nil, newError(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		case seen[*p.PartNumber]:
			return nil, newError(http.StatusBadRequest, "InvalidPart", "There was a problem with the multipart upload.")
		}
		seen[*p.PartNumber] = true
		sums, err := p.sums()
		if err != nil {
			return nil, err
		}
		parts = append(parts, r2.Part{Number: *p.PartNumber, ETag: strings.Trim(strings.TrimSpace(*p.ETag), `"`), Checksums: sums})
	}
	if len(parts) == 0 {
		return nil, malformedXML()
	}
	return parts, nil
}

func (c *call) completeUpload() error {
	var doc completion
	if err := c.readXML("CompleteMultipartUpload", &doc); err != nil {
		return err
	}
	parts, err := doc.parts()
	if err != nil {
		return err
	}
	object, err := c.bucket.CompleteUploadIf(c.ctx(), c.upload(), parts, r2.CompleteOptions{
		OnlyIf: conditions(c.r.Header, ""), Verify: c.verifyObject,
	})
	if err != nil {
		return uploadError(err)
	}
	d := newDocument("CompleteMultipartUploadResult")
	d.text("Location", "http://"+c.r.Host+c.r.URL.EscapedPath())
	d.text("Bucket", c.bucketName)
	d.text("Key", c.key)
	d.text("ETag", quoted(object.ETag))
	d.checksums(object, "ChecksumType")
	return c.writeXML(d)
}

// verifyObject compares what the parts make with what the headers announce of it.
func (c *call) verifyObject(o *r2.Object) error {
	if size := c.r.Header.Get("X-Amz-Mp-Object-Size"); size != "" && size != strconv.FormatInt(o.Size, 10) {
		return invalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed.")
	}
	for _, known := range checksumNames {
		want := c.r.Header.Get(known.header)
		if have, _ := known.of(o); want != "" && want != have {
			return newError(http.StatusBadRequest, "BadDigest", "The %s you specified did not match what we received.\nYou provided %s\nActual value was: %s", known.header, want, have)
		}
	}
	return nil
}

// uploadError is err, or what S3 says of an upload that never was.
func uploadError(err error) error {
	if isCode(err, r2.CodeInternal) {
		return newError(http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist.")
	}
	return err
}

func (c *call) abortUpload() error {
	if err := c.bucket.AbortUpload(c.ctx(), c.upload()); err != nil {
		return uploadError(err)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) listParts() error {
	text, _ := c.query.get("max-parts")
	limit, shown, err := pageLimit(text)
	if err != nil {
		return err
	}
	text, _ = c.query.get("part-number-marker")
	marker, ok := parseNumber(text)
	if text != "" && (!ok || marker < 0 || marker > maxParts) {
		return invalidArgument("part-number-marker must be an integer between 0 and 10000.")
	}
	page, err := c.bucket.Parts(c.ctx(), c.upload(), int(marker), limit)
	if err != nil {
		return err
	}
	d := newDocument("ListPartsResult")
	d.text("Bucket", c.bucketName)
	d.text("Key", c.key)
	d.text("UploadId", c.upload().ID)
	c.owner(d, "Initiator")
	c.owner(d, "Owner")
	d.text("StorageClass", storageClassName(page.StorageClass))
	d.number("PartNumberMarker", int64(marker))
	if n := len(page.Parts); n > 0 {
		d.number("NextPartNumberMarker", int64(page.Parts[n-1].Number))
	}
	d.number("MaxParts", shown)
	d.flag("IsTruncated", page.Truncated)
	for _, p := range page.Parts {
		d.begin("Part")
		d.number("PartNumber", int64(p.Number))
		d.time("LastModified", p.Uploaded)
		d.text("ETag", quoted(p.ETag))
		d.number("Size", p.Size)
		d.checksums(&r2.Object{Checksums: p.Checksums}, "")
		d.end()
	}
	return c.writeXML(d)
}

func (c *call) listUploads() error {
	text, _ := c.query.get("max-uploads")
	limit, shown, err := pageLimit(text)
	if err != nil {
		return err
	}
	l, err := c.listing() // for its encoding, prefix and delimiter
	if err != nil {
		return err
	}
	q := r2.UploadsQuery{Prefix: l.prefix, Delimiter: l.delimiter, Limit: max(limit, 1)}
	q.KeyMarker, _ = c.query.get("key-marker")
	q.IDMarker, _ = c.query.get("upload-id-marker")
	page, err := c.bucket.Uploads(c.ctx(), q)
	if err != nil {
		return err
	}
	if limit == 0 {
		page = r2.UploadsPage{Truncated: len(page.Uploads)+len(page.Prefixes) > 0}
	}
	d := newDocument("ListMultipartUploadsResult")
	d.text("Bucket", c.bucketName)
	d.text("KeyMarker", l.encode(q.KeyMarker))
	d.text("UploadIdMarker", q.IDMarker)
	if page.Truncated {
		d.text("NextKeyMarker", l.encode(page.NextKey))
		d.text("NextUploadIdMarker", page.NextID)
	}
	d.optional("Delimiter", l.encode(l.delimiter))
	d.text("Prefix", l.encode(l.prefix))
	d.number("MaxUploads", shown)
	d.optional("EncodingType", l.encoding)
	d.flag("IsTruncated", page.Truncated)
	for _, u := range page.Uploads {
		d.begin("Upload")
		d.text("Key", l.encode(u.Key))
		d.text("UploadId", u.ID)
		c.owner(d, "Initiator")
		c.owner(d, "Owner")
		d.text("StorageClass", storageClassName(u.StorageClass))
		d.time("Initiated", u.Created)
		d.end()
	}
	for _, p := range page.Prefixes {
		d.begin("CommonPrefixes")
		d.text("Prefix", l.encode(p))
		d.end()
	}
	return c.writeXML(d)
}

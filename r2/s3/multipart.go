package s3

import (
	"encoding/base64"
	"net/http"
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
	if name := c.r.Header.Get("X-Amz-Checksum-Algorithm"); name != "" {
		if _, ok := checksumHeaders[http.CanonicalHeaderKey("x-amz-checksum-"+name)]; !ok {
			return headerNotImplemented("x-amz-checksum-algorithm", name)
		}
		c.w.Header().Set("X-Amz-Checksum-Algorithm", name)
		if kind := c.r.Header.Get("X-Amz-Checksum-Type"); kind != "" {
			c.w.Header().Set("X-Amz-Checksum-Type", kind)
		}
	}
	u, err := c.bucket.CreateUpload(c.ctx(), c.key, o)
	if err != nil {
		return err
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
	setChecksums(c.w.Header(), part.Checksums, c.body.compute()...)
	c.w.Header().Del("X-Amz-Checksum-Type")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// completion is the document that names the parts of an object.
type completion struct {
	Part []struct {
		PartNumber *int
		ETag       *string
	}
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
		parts = append(parts, r2.Part{Number: *p.PartNumber, ETag: strings.Trim(strings.TrimSpace(*p.ETag), `"`)})
	}
	if len(parts) == 0 {
		return nil, malformedXML()
	}
	return parts, nil
}

func (c *call) completeUpload() error {
	var doc completion
	c.body.announced = announcement{} // the checksums of its headers are the object's
	if err := c.readXML("CompleteMultipartUpload", &doc); err != nil {
		return err
	}
	parts, err := doc.parts()
	if err != nil {
		return err
	}
	object, err := c.bucket.CompleteUpload(c.ctx(), c.upload(), parts)
	if err != nil {
		return uploadError(err)
	}
	d := newDocument("CompleteMultipartUploadResult")
	d.text("Location", "http://"+c.r.Host+c.r.URL.EscapedPath())
	d.text("Bucket", c.bucketName)
	d.text("Key", c.key)
	d.text("ETag", quoted(object.ETag))
	return c.writeXML(d)
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
		for name, a := range checksumHeaders {
			if sum := a.Of(p.Checksums); len(sum) > 0 {
				d.text(elementOf(name), base64Of(sum))
			}
		}
		d.end()
	}
	return c.writeXML(d)
}

// elementOf is the element that tells what a header of a checksum does, as ChecksumCRC32C.
func elementOf(header string) string {
	return "Checksum" + strings.ToUpper(strings.TrimPrefix(header, "X-Amz-Checksum-"))
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

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

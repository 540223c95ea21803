package s3

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

// source reads which object is to be copied.
func (c *call) source() (r2.Source, error) {
	text, err := url.PathUnescape(c.r.Header.Get("X-Amz-Copy-Source"))
	if err != nil {
		return r2.Source{}, invalidArgument("copy source bucket name")
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	if bucket == "" || key == "" {
		return r2.Source{}, invalidArgument("copy source bucket name")
	}
	if !c.credentials.may(bucket) {
		return r2.Source{}, accessDenied()
	}
	b, err := c.Buckets.Get(c.ctx(), bucket)
	if err != nil {
		return r2.Source{}, err
	}
	return r2.Source{Bucket: b, Key: key}, nil
}

// Directives of a copy: what becomes of the source's metadata. Merge is R2's own.
const (
	directiveCopy    = "COPY"
	directiveReplace = "REPLACE"
	directiveMerge   = "MERGE"
)

func (c *call) copyObject() error {
	directive := c.r.Header.Get("X-Amz-Metadata-Directive")
	if directive == "" {
		directive = directiveCopy
	}
	if directive != directiveCopy && directive != directiveReplace && directive != directiveMerge {
		return invalidArgument("metadata directive " + directive + ".")
	}
	given, err := c.describe()
	if err != nil {
		return err
	}
	from, err := c.source()
	if err != nil {
		return err
	}
	if from.OnlyIf, err = conditions(c.r.Header, "X-Amz-Copy-Source-"); err != nil {
		return err
	}
	if given.OnlyIf, err = conditions(c.r.Header, "Cf-Copy-Destination-"); err != nil {
		return err
	}
	if name := c.r.Header.Get("X-Amz-Checksum-Algorithm"); name != "" {
		algorithm, ok := checksumHeaders[http.CanonicalHeaderKey("x-amz-checksum-"+name)]
		if !ok {
			return headerNotImplemented("x-amz-checksum-algorithm", name)
		}
		given.Compute = []r2.Algorithm{algorithm}
	}
	object, err := c.bucket.Copy(c.ctx(), c.key, from, func(old *r2.Object) (r2.PutOptions, error) {
		return described(given, directive, old), nil
	})
	if err != nil {
		return err
	}
	d := newDocument("CopyObjectResult")
	d.text("ETag", quoted(object.ETag))
	d.time("LastModified", object.Uploaded)
	for name, a := range checksumHeaders {
		if sum := a.Of(object.Checksums); len(sum) > 0 && a >= r2.CRC32 {
			d.text(elementOf(name), base64Of(sum))
		}
	}
	return c.writeXML(d)
}

// described is what a copy is to have, given what the request says and what the source has.
func described(given r2.PutOptions, directive string, old *r2.Object) r2.PutOptions {
	switch directive {
	case directiveCopy:
		given.HTTP, given.Custom = old.HTTP, old.Custom
	case directiveMerge:
		given.HTTP = merged(old.HTTP, given.HTTP)
		custom := maps.Clone(old.Custom)
		if custom == nil {
			custom = map[string]string{}
		}
		maps.Copy(custom, given.Custom)
		given.Custom = custom
	}
	return given
}

// merged is old with what is given in place of what it has.
func merged(old, given r2.HTTPMetadata) r2.HTTPMetadata {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&old.ContentType, given.ContentType}, {&old.ContentLanguage, given.ContentLanguage}, {&old.ContentDisposition, given.ContentDisposition},
		{&old.ContentEncoding, given.ContentEncoding}, {&old.CacheControl, given.CacheControl},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if !given.CacheExpiry.IsZero() {
		old.CacheExpiry = given.CacheExpiry
	}
	return old
}

// copyRangeForm is that of the part of a source which becomes a part of an upload.
var copyRangeForm = regexp.MustCompile(`^bytes=(\d+)-(\d+)$`)

func (c *call) uploadPartCopy() error {
	number, err := c.partNumber()
	if err != nil {
		return err
	}
	from, err := c.source()
	if err != nil {
		return err
	}
	if header := c.r.Header.Get("X-Amz-Copy-Source-Range"); header != "" {
		m := copyRangeForm.FindStringSubmatch(header)
		if m == nil {
			return invalidArgument("Invalid x-amz-copy-source-range: " + header)
		}
		first, err1 := strconv.ParseInt(m[1], 10, 62)
		last, err2 := strconv.ParseInt(m[2], 10, 62)
		if err1 != nil || err2 != nil {
			return invalidArgument("Invalid x-amz-copy-source-range: " + header)
		}
		length := last - first + 1
		if length < 1 {
			return invalidArgument("x-amz-copy-source-range must be positive.")
		}
		from.Range = &r2.RangeRequest{Offset: &first, Length: &length}
	}
	part, err := c.bucket.CopyPart(c.ctx(), c.upload(), number, from)
	if err != nil {
		return err
	}
	d := newDocument("CopyPartResult")
	d.text("ETag", quoted(part.ETag))
	d.time("LastModified", part.Uploaded)
	return c.writeXML(d)
}

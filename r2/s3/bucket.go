package s3

import (
	"cmp"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

// owner adds who owns what there is.
func (c *call) owner(d *document, element string) {
	d.begin(element)
	d.text("ID", c.Account)
	d.text("DisplayName", c.Account)
	d.end()
}

// bucketParameter reads a parameter of ListBuckets, which R2 takes as a header too.
func (c *call) bucketParameter(name string) string {
	if value, ok := c.query.get(name); ok {
		return value
	}
	return c.r.Header.Get("Cf-" + name)
}

func (c *call) listBuckets() error {
	limit, _, err := pageLimit(cmp.Or(c.bucketParameter("max-keys"), c.bucketParameter("max-buckets")))
	if err != nil {
		return err
	}
	all, err := c.Buckets.List(c.ctx())
	if err != nil {
		return err
	}
	prefix, after := c.bucketParameter("prefix"), c.bucketParameter("start-after")
	if token := c.bucketParameter("continuation-token"); token != "" {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return invalidArgument("The continuation token provided is incorrect")
		}
		after = max(after, string(b))
	}
	d, last, truncated, n := newDocument("ListAllMyBucketsResult"), "", false, 0
	c.owner(d, "Owner")
	d.begin("Buckets")
	for _, b := range all {
		if b.Name <= after || !strings.HasPrefix(b.Name, prefix) || !c.credentials.may(b.Name) {
			continue
		}
		if truncated = n == limit; truncated {
			break
		}
		d.begin("Bucket")
		d.text("Name", b.Name)
		d.time("CreationDate", b.Created)
		d.end()
		last, n = b.Name, n+1
	}
	d.end()
	if prefix != "" {
		d.text("Prefix", prefix)
	}
	if truncated && n > 0 {
		token := base64.RawURLEncoding.EncodeToString([]byte(last))
		d.text("ContinuationToken", token)
		c.w.Header().Set("Cf-Is-Truncated", "true")
		c.w.Header().Set("Cf-Next-Continuation-Token", token)
	}
	return c.writeXML(d)
}

// anywhere are the regions that name no place of R2; the others that a client may give a bucket are
// r2.Locations.
//
// Receipt: https://developers.cloudflare.com/r2/api/s3/api/#bucket-region
var anywhere = []string{"", "auto", "us-east-1"}

func (c *call) createBucket() error {
	var o r2.BucketOptions
	if c.r.ContentLength != 0 {
		var conf struct{ LocationConstraint string }
		if err := c.readXML("CreateBucketConfiguration", &conf); err != nil {
			return err
		}
		switch region := conf.LocationConstraint; {
		case slices.Contains(anywhere, strings.ToLower(region)):
		case slices.Contains(r2.Locations, strings.ToUpper(region)):
			o.LocationHint = region
		default:
			return newError(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location constraint is not valid.")
		}
	}
	if _, err := c.Buckets.CreateWith(c.ctx(), c.bucketName, o); err != nil {
		return err
	}
	c.w.Header().Set("Location", "/"+c.bucketName)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) headBucket() error {
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) deleteBucket() error {
	if err := c.Buckets.Delete(c.ctx(), c.bucketName); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) getBucketLocation() error {
	err := c.onlyParameters(func(p string) error {
		return invalidArgument("Search param " + p + " is unsupported for bucket location")
	}, "location")
	if err != nil {
		return err
	}
	d := newDocument("LocationConstraint")
	escapeXML(&d.b, c.bucket.Location)
	return c.writeXML(d)
}

func (c *call) getBucketEncryption() error {
	d := newDocument("ServerSideEncryptionConfiguration")
	d.begin("Rule")
	d.begin("ApplyServerSideEncryptionByDefault")
	d.text("SSEAlgorithm", "AES256")
	d.end()
	d.flag("BucketKeyEnabled", true)
	return c.writeXML(d)
}

func (c *call) getBucketVersioning() error { return c.writeXML(newDocument("VersioningConfiguration")) }

func (c *call) getBucketTagging() error {
	return newError(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist.")
}

func (c *call) getObjectLock() error {
	return newError(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket.")
}

func (c *call) getBucketReplication() error {
	return newError(http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found.")
}

// maxPage is how many rows a page of any list has at the most.
const maxPage = 1000

// pageLimit reads how many rows are asked for. Shown is that number as answers repeat it; limit is how
// many a page can have.
func pageLimit(text string) (limit int, shown int64, err error) {
	if text == "" {
		return maxPage, maxPage, nil
	}
	n, ok := parseNumber(text)
	if !ok || n < 0 || math.IsInf(n, 0) || n > math.MaxInt32 {
		return 0, 0, &r2.Error{Code: r2.CodeInvalidMaxKeys, Message: "MaxKeys params must be positive integer <= 1000."}
	}
	return min(int(n), maxPage), int64(n), nil
}

// maxDeletes is how many keys a DeleteObjects may have.
const maxDeletes = 1000

func (c *call) deleteObjects() error {
	var doc struct {
		Quiet  *string
		Object []struct{ Key *string }
	}
	if err := c.readXML("Delete", &doc); err != nil {
		return err
	}
	if n := len(doc.Object); n == 0 || n > maxDeletes || doc.Quiet != nil && *doc.Quiet != "true" && *doc.Quiet != "false" {
		return malformedXML()
	}
	keys := make([]string, len(doc.Object))
	for i, o := range doc.Object {
		if o.Key == nil {
			return malformedXML()
		}
		if keys[i] = *o.Key; !c.credentials.grant.covers(keys[i]) {
			return accessDenied()
		}
	}
	if err := c.bucket.Delete(c.ctx(), keys...); err != nil {
		return err
	}
	// R2 takes Quiet and lists what it deleted all the same.
	d := newDocument("DeleteResult")
	for _, key := range keys {
		d.begin("Deleted")
		d.text("Key", key)
		d.end()
	}
	return c.writeXML(d)
}

// A listing is what both versions of ListObjects have.
type listing struct {
	prefix, delimiter string
	limit             int
	shown             int64
	encode            func(string) string
	encoding          string
	owner             bool
}

func (c *call) listing() (l listing, err error) {
	text, _ := c.query.get("max-keys")
	if l.limit, l.shown, err = pageLimit(text); err != nil {
		return l, err
	}
	l.prefix, _ = c.query.get("prefix")
	l.delimiter, _ = c.query.get("delimiter")
	owner, _ := c.query.get("fetch-owner")
	l.owner = owner == "true"
	l.encode = func(s string) string { return s }
	if encoding, ok := c.query.get("encoding-type"); ok {
		if encoding != "url" {
			return l, notImplemented("Unrecognized encoding-type %s not implemented", strconv.Quote(encoding))
		}
		l.encoding, l.encode = encoding, awsEscape
	}
	return l, nil
}

// read reads the page. A page of nothing tells whether there is something.
func (c *call) readListing(l listing, after, cursor string) (page r2.ListPage, truncated bool, err error) {
	page, err = c.bucket.List(c.ctx(), r2.ListQuery{
		Prefix: l.prefix, Delimiter: l.delimiter, StartAfter: after, Cursor: cursor, Limit: max(l.limit, 1),
	})
	if l.limit == 0 {
		return r2.ListPage{}, len(page.Objects)+len(page.Prefixes) > 0, err
	}
	return page, page.Cursor != "", err
}

// write adds what both versions say.
func (l listing) write(c *call, d *document, page r2.ListPage, truncated bool) {
	d.text("Name", c.bucketName)
	for _, o := range page.Objects {
		d.begin("Contents")
		d.text("Key", l.encode(o.Key))
		d.number("Size", o.Size)
		d.time("LastModified", o.Uploaded)
		d.text("ETag", quoted(o.ETag))
		d.text("StorageClass", storageClassName(o.StorageClass))
		if l.owner {
			c.owner(d, "Owner")
		}
		d.end()
	}
	d.flag("IsTruncated", truncated)
	for _, p := range page.Prefixes {
		d.begin("CommonPrefixes")
		d.text("Prefix", l.encode(p))
		d.end()
	}
	d.text("Prefix", l.encode(l.prefix))
	d.optional("Delimiter", l.encode(l.delimiter))
	d.number("MaxKeys", l.shown)
	d.optional("EncodingType", l.encoding)
}

func (c *call) listObjects() error {
	l, err := c.listing()
	if err != nil {
		return err
	}
	marker, _ := c.query.get("marker")
	after := marker
	if l.delimiter != "" && strings.HasPrefix(marker, l.prefix) && strings.HasSuffix(marker, l.delimiter) {
		after += "\xff" // the page before ended with this prefix: behind it is behind all that it stands for
	}
	page, truncated, err := c.readListing(l, after, "")
	if err != nil {
		return err
	}
	d := newDocument("ListBucketResult")
	l.write(c, d, page, truncated)
	d.text("Marker", l.encode(marker))
	if truncated && l.limit > 0 {
		d.text("NextMarker", l.encode(lastRow(page)))
	}
	return c.writeXML(d)
}

// lastRow is the key, or prefix, that a page ends with.
func lastRow(page r2.ListPage) (last string) {
	if n := len(page.Objects); n > 0 {
		last = page.Objects[n-1].Key
	}
	if n := len(page.Prefixes); n > 0 {
		last = max(last, page.Prefixes[n-1])
	}
	return last
}

func (c *call) listObjectsV2() error {
	l, err := c.listing()
	if err != nil {
		return err
	}
	after, _ := c.query.get("start-after")
	token, continued := c.query.get("continuation-token")
	page, truncated, err := c.readListing(l, after, token)
	var refused *r2.Error
	if errors.As(err, &refused) && refused.Code == r2.CodeInvalidArgument {
		return invalidArgument("The continuation token provided is incorrect")
	}
	if err != nil {
		return err
	}
	d := newDocument("ListBucketResult")
	l.write(c, d, page, truncated)
	d.optional("StartAfter", l.encode(after))
	if continued {
		d.text("ContinuationToken", token)
	}
	d.optional("NextContinuationToken", page.Cursor)
	d.number("KeyCount", int64(len(page.Objects)+len(page.Prefixes)))
	return c.writeXML(d)
}

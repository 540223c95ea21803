package s3

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/r2"
)

func (c *call) putObject() error {
	if c.body.size < 0 {
		return newError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	o, err := c.describe()
	if err != nil {
		return err
	}
	o.OnlyIf = conditions(c.r.Header, "")
	o.Size, o.Compute, o.Verify = c.body.size, c.body.compute(), c.body.verify
	object, err := c.bucket.Put(c.ctx(), c.key, c.body, o)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("ETag", quoted(object.ETag))
	setChecksums(h, object, c.body.compute()...)
	h.Set("X-Amz-Version-Id", object.Version)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// rangeForm is that of a Range header which R2 understands here.
//
// Receipt: Miniflare 5.20261117.0, with its texts
var rangeForm = regexp.MustCompile(`^bytes=(?:(\d+)-(\d+)?|-(\d+))$`)

// requestedRange reads a Range header; nil: there is none.
func requestedRange(header string) (*r2.RangeRequest, error) {
	if header == "" {
		return nil, nil
	}
	m := rangeForm.FindStringSubmatch(header)
	if m == nil {
		return nil, invalidArgument("range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'")
	}
	number := func(text string) *int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if text == "" {
			return nil
		}
		if err != nil {
			n = 1<<62 - 1 // more than any object has
		}
		return &n
	}
	part := &r2.RangeRequest{Offset: number(m[1]), Suffix: number(m[3])}
	if end := number(m[2]); end != nil {
		length := *end - *part.Offset + 1
		if length < 1 {
			return nil, invalidArgument("range must be positive.")
		}
		part.Length = &length
	}
	return part, nil
}

func invalidRange() *Error {
	return newError(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
}

// getObject is GetObject and HeadObject.
func (c *call) getObject() error {
	part, err := requestedRange(c.r.Header.Get("Range"))
	if err != nil {
		return err
	}
	object, err := c.open(part)
	if err != nil {
		return err
	}
	if object.Body != nil {
		defer object.Body.Close()
	}
	h := c.w.Header()
	switch status := object.Preconditions(c.r.Header); {
	case status == http.StatusNotModified:
		c.setHeaders(object)
		c.w.WriteHeader(status)
		return nil
	case status != 0:
		return &r2.Error{Code: r2.CodePreconditionFailed, Message: "At least one of the pre-conditions you specified did not hold."}
	case object.Range == nil:
		return invalidRange()
	}
	c.setHeaders(object)
	h.Set("Content-Length", strconv.FormatInt(object.Range.Length, 10))
	status := http.StatusOK
	if part != nil {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", object.Range.Offset, object.Range.Offset+object.Range.Length-1, object.Size))
		status = http.StatusPartialContent
	}
	c.w.WriteHeader(status)
	if object.Body == nil {
		return nil
	}
	if _, err := io.Copy(c.w, object.Body); err != nil {
		c.Logger.Debug("s3: an answer broke off", "err", err)
		panic(http.ErrAbortHandler) // the client must not take it for whole
	}
	return nil
}

// open returns the object, for a GET with its body. Its Range is nil when it has no such part.
func (c *call) open(part *r2.RangeRequest) (*r2.Object, error) {
	if c.r.Method == http.MethodHead {
		object, err := c.bucket.Head(c.ctx(), c.key)
		if err != nil {
			return nil, err
		}
		if part == nil {
			object.Range = &r2.Range{Length: object.Size}
		} else if got, ok := part.Resolve(object.Size); ok && got.Length > 0 {
			object.Range = &got
		}
		return object, nil
	}
	object, err := c.bucket.Get(c.ctx(), c.key, r2.GetOptions{Range: part})
	if isCode(err, r2.CodeInvalidRange) {
		return c.bucket.Head(c.ctx(), c.key)
	}
	if err == nil && part != nil && object.Range.Length == 0 {
		object.Body.Close()
		object.Range, object.Body = nil, nil // to a binding, what begins at the end is an empty part
	}
	return object, err
}

// overrides are the parameters by which a reader chooses headers.
var overrides = map[string]string{
	"response-content-type": "Content-Type", "response-content-language": "Content-Language", "response-expires": "Expires",
	"response-cache-control": "Cache-Control", "response-content-disposition": "Content-Disposition", "response-content-encoding": "Content-Encoding",
}

// setHeaders tells what there is to know of an object.
func (c *call) setHeaders(o *r2.Object) {
	h := c.w.Header()
	o.SetHeaders(h)
	setCustom(h, o.Custom)
	if o.StorageClass != r2.Standard {
		h.Set("X-Amz-Storage-Class", storageClassName(o.StorageClass))
	}
	mode, _ := c.query.get("x-amz-checksum-mode")
	if part := c.r.Header.Get("Range"); part == "" && (strings.EqualFold(mode, "ENABLED") || strings.EqualFold(c.r.Header.Get("X-Amz-Checksum-Mode"), "ENABLED")) {
		setChecksums(h, o, r2.CRC32, r2.CRC32C, r2.CRC64NVME, r2.SHA1, r2.SHA256)
	}
	for _, p := range c.query {
		if name := overrides[p.name]; name != "" {
			h.Set(name, p.value)
		}
	}
}

func (c *call) deleteObject() error {
	if err := c.bucket.Delete(c.ctx(), c.key); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

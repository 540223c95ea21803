package r2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/cfemu/cfemu/internal/boltfile"
	"github.com/cfemu/cfemu/internal/cfapi"
)

// Headers of the runtime wire.
const (
	headerRequest      = "CF-R2-Request"
	headerMetadataSize = "CF-R2-Metadata-Size"
	headerError        = "CF-R2-Error"
)

// Wire returns what a binding to the bucket talks to. It speaks the protocol that workerd speaks for
// env.BUCKET: every request goes to "/", and a JSON text in a header or before the body says what is
// wanted. The body of an answered get ends with the object, straight from disk.
func (s *Service) Wire(name string) http.RoundTripper { return wire{s, name} }

type wire struct {
	service *Service
	name    string
}

// RoundTrip does what the request asks. The error is one of ours only when the request's context
// ended.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	resp, err := w.route(r)
	if err == nil {
		return resp, nil
	}
	if cause := context.Cause(r.Context()); cause != nil {
		return nil, cause
	}
	return w.failure(r, err), nil
}

// errMetadata is the answer to a request that says nothing that can be understood.
func errMetadata(err error) error {
	e := newError(CodeInvalidArgument)
	e.Err = err
	return e
}

func (w wire) route(r *http.Request) (*http.Response, error) {
	var req wireRequest
	var body io.Reader
	var size int64
	var err error
	switch r.Method {
	case http.MethodGet:
		err = json.Unmarshal([]byte(r.Header.Get(headerRequest)), &req)
	case http.MethodPut:
		body, size, err = decodeBody(r, &req)
	default:
		err = fmt.Errorf("method %s", r.Method)
	}
	if err != nil {
		return nil, errMetadata(err)
	}
	// Deviation: SSE-C is refused.
	if req.SSEC != nil {
		return nil, invalid("cfemu does not emulate SSE-C (customer-provided encryption keys) yet.")
	}
	b, err := w.service.Get(r.Context(), w.name)
	if err != nil {
		return nil, err
	}
	do, ok := wireMethods[r.Method+" "+req.Method]
	if !ok {
		return nil, errMetadata(fmt.Errorf("%s of method %q", r.Method, req.Method))
	}
	return do(b, wireCall{r, req, body, size})
}

// A wireCall is a decoded request.
type wireCall struct {
	*http.Request
	req  wireRequest
	body io.Reader // of a PUT, what follows the JSON
	size int64     // of body; 0 when it is not known
}

// wireMethods holds the HTTP method with each of the wire's own.
var wireMethods = map[string]func(*Bucket, wireCall) (*http.Response, error){
	"GET head":                    (*Bucket).wireHead,
	"GET get":                     (*Bucket).wireGet,
	"GET list":                    (*Bucket).wireList,
	"PUT put":                     (*Bucket).wirePut,
	"PUT delete":                  (*Bucket).wireDelete,
	"PUT createMultipartUpload":   (*Bucket).wireCreateUpload,
	"PUT uploadPart":              (*Bucket).wireUploadPart,
	"PUT completeMultipartUpload": (*Bucket).wireCompleteUpload,
	"PUT abortMultipartUpload":    (*Bucket).wireAbortUpload,
}

// decodeBody reads the JSON that the body begins with and returns the rest.
func decodeBody(r *http.Request, req *wireRequest) (io.Reader, int64, error) {
	n, err := strconv.ParseInt(r.Header.Get(headerMetadataSize), 10, 64)
	if err != nil || n < 0 || n > maxRequestBytes || r.Body == nil {
		return nil, 0, fmt.Errorf("metadata size %q", r.Header.Get(headerMetadataSize))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r.Body, text); err != nil {
		return nil, 0, fmt.Errorf("read metadata: %w", err)
	}
	return r.Body, max(r.ContentLength-n, 0), json.Unmarshal(text, req)
}

func (b *Bucket) wireHead(c wireCall) (*http.Response, error) {
	o, err := b.Head(c.Context(), c.req.Object)
	if err != nil {
		return nil, err
	}
	o.Range = &Range{0, o.Size}
	return respond(c.Request, http.StatusOK, encodeObject(o, true, true), nil, 0)
}

func (b *Bucket) wireGet(c wireCall) (*http.Response, error) {
	o, err := b.Get(c.Context(), c.req.Object, c.req.getOptions())
	var failed *Error
	if errors.As(err, &failed) && failed.Code == CodePreconditionFailed {
		// The client makes an object without a body of this.
		o.Range = &Range{0, o.Size}
		resp, err := respond(c.Request, faults[failed.Code].status, encodeObject(o, true, true), nil, 0)
		if err != nil {
			return nil, err
		}
		return resp, setError(resp, failed.Fault())
	}
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, encodeObject(o, true, true), o.Body, o.Range.Length)
}

func (b *Bucket) wireList(c wireCall) (*http.Response, error) {
	q := ListQuery{
		Prefix: c.req.Prefix, Delimiter: c.req.Delimiter, StartAfter: c.req.StartAfter, Cursor: c.req.Cursor,
		Metadata: len(c.req.Include) > 0,
	}
	if c.req.Limit != nil {
		if q.Limit = *c.req.Limit; q.Limit == 0 {
			return nil, newError(CodeInvalidMaxKeys)
		}
	}
	page, err := b.List(c.Context(), q)
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, encodePage(page, c.req.Include), nil, 0)
}

func (b *Bucket) wirePut(c wireCall) (*http.Response, error) {
	o := c.req.putOptions()
	o.Size = c.size
	object, err := b.Put(c.Context(), c.req.Object, c.body, o)
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, encodeObject(object, true, true), nil, 0)
}

func (b *Bucket) wireDelete(c wireCall) (*http.Response, error) {
	keys := c.req.Objects
	if keys == nil {
		keys = []string{c.req.Object}
	}
	if err := b.Delete(c.Context(), keys...); err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, nil, nil, 0)
}

func (b *Bucket) wireCreateUpload(c wireCall) (*http.Response, error) {
	u, err := b.CreateUpload(c.Context(), c.req.Object, c.req.putOptions())
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, wireUpload{u.ID}, nil, 0)
}

func (b *Bucket) wireUploadPart(c wireCall) (*http.Response, error) {
	p, err := b.UploadPart(c.Context(), c.req.upload(), c.req.PartNumber, c.body, PartOptions{Size: c.size})
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, wirePart{ETag: p.ETag}, nil, 0)
}

func (b *Bucket) wireCompleteUpload(c wireCall) (*http.Response, error) {
	parts := make([]Part, len(c.req.Parts))
	for i, p := range c.req.Parts {
		parts[i] = Part{Number: p.Part, ETag: p.ETag}
	}
	o, err := b.CompleteUpload(c.Context(), c.req.upload(), parts)
	if err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, encodeObject(o, true, true), nil, 0)
}

func (b *Bucket) wireAbortUpload(c wireCall) (*http.Response, error) {
	if err := b.AbortUpload(c.Context(), c.req.upload()); err != nil {
		return nil, err
	}
	return respond(c.Request, http.StatusOK, nil, nil, 0)
}

// respond makes a response of metadata, nil for none, and what follows it. It owns body.
func respond(r *http.Request, status int, metadata any, body io.ReadCloser, size int64) (*http.Response, error) {
	resp := &http.Response{
		Status:     fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode: status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
		Body:       http.NoBody,
		Request:    r,
	}
	if metadata != nil {
		text, err := encodeJSON(metadata)
		if err != nil {
			if body != nil {
				err = errors.Join(err, body.Close())
			}
			return nil, err
		}
		resp.Header.Set("Content-Type", "application/json")
		resp.Header.Set(headerMetadataSize, strconv.Itoa(len(text)))
		resp.ContentLength = int64(len(text)) + size
		resp.Body = &framed{bytes.NewReader(text), body}
	}
	resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	return resp, nil
}

// framed is metadata with the object's own reader behind it.
type framed struct {
	head *bytes.Reader
	body io.ReadCloser // nil: none
}

func (f *framed) Read(p []byte) (int, error) {
	if f.head.Len() > 0 || f.body == nil {
		return f.head.Read(p)
	}
	return f.body.Read(p)
}

func (f *framed) Close() error {
	if f.body == nil {
		return nil
	}
	return f.body.Close()
}

// failure renders err as R2 does: in a header, with no body.
func (w wire) failure(r *http.Request, err error) *http.Response {
	fault := newError(CodeInternal).Fault()
	f, known := errors.AsType[cfapi.Faulter](err)
	if known {
		fault = f.Fault()
	}
	if _, ours := errors.AsType[*boltfile.Trouble](err); ours || !known {
		w.service.log.Error("r2 wire", "bucket", w.name, "err", err)
	}
	// Neither call fails: there is no metadata to encode, and a fault is plain text and numbers.
	resp, _ := respond(r, fault.Status, nil, nil, 0)
	_ = setError(resp, fault)
	return resp
}

func setError(resp *http.Response, fault cfapi.Fault) error {
	text, err := encodeJSON(struct {
		Version int    `json:"version"`
		Code    int    `json:"v4code"`
		Message string `json:"message"`
	}{1, fault.Code, fault.Message})
	if err != nil {
		return err
	}
	resp.Header.Set(headerError, string(text))
	return nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

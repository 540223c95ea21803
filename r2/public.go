package r2

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// ServePublic answers a request for an object of a bucket under one of its public names. A nil bucket is a
// name that means none.
func ServePublic(w http.ResponseWriter, r *http.Request, b *PublicBucket) {
	if b == nil || !b.Enabled {
		publicPage(w, r, http.StatusUnauthorized, "This bucket cannot be viewed",
			"No bucket is shown to the public under this name. Its owner can change that: `cfemu r2 bucket dev-url enable`, or `wrangler r2 bucket dev-url enable`.")
		return
	}
	allowed, err := b.CrossOrigin(w.Header(), r)
	if err != nil {
		publicError(w, r, err)
		return
	}
	switch {
	case IsPreflight(r) && allowed:
		w.WriteHeader(http.StatusNoContent)
		return
	case IsPreflight(r):
		publicPage(w, r, http.StatusForbidden, "Not allowed", "The CORS policy of this bucket has no rule for this origin, method and headers.")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		publicPage(w, r, http.StatusMethodNotAllowed, "Method not allowed", "Under its public names a bucket can only be read.")
		return
	}
	key, err := cfapi.Unescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil {
		publicPage(w, r, http.StatusBadRequest, "Bad request", "The path of this request is malformed.")
		return
	}
	if err := b.servePublic(w, r, key); err != nil {
		publicError(w, r, err)
	}
}

// CrossOrigin sets on h what the bucket's CORS policy tells a browser about r, and reports whether the policy
// lets r through; see CORSPolicy.Allow.
func (b *Bucket) CrossOrigin(h http.Header, r *http.Request) (bool, error) {
	if r.Header.Get("Origin") == "" {
		return true, nil
	}
	var policy *CORSPolicy
	err := b.view(func(c content) (err error) {
		policy, err = getSetting[CORSPolicy](c, settingCORS)
		return err
	})
	if err != nil || policy == nil {
		return false, err
	}
	return policy.Allow(h, r), nil
}

// servePublic writes the object, unless it returns an error.
func (b *Bucket) servePublic(w http.ResponseWriter, r *http.Request, key string) error {
	object, ranged, err := b.openPublic(r, key)
	if err != nil {
		return err
	}
	if object.Body != nil {
		defer object.Body.Close()
	}
	h := w.Header()
	switch status := object.Preconditions(r.Header); {
	case status == http.StatusPreconditionFailed:
		publicPage(w, r, status, "Precondition failed", "The object is not what the conditions of this request ask for.")
		return nil
	case status != 0:
		object.SetHeaders(h)
		w.WriteHeader(status)
		return nil
	case ranged && object.Range == nil:
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", object.Size))
		publicPage(w, r, http.StatusRequestedRangeNotSatisfiable, "Range not satisfiable", fmt.Sprintf("The object has %d bytes.", object.Size))
		return nil
	}
	object.SetHeaders(h)
	if ranged {
		part := object.Range
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.Offset, part.Offset+part.Length-1, object.Size))
		h.Set("Content-Length", strconv.FormatInt(part.Length, 10))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		h.Set("Content-Length", strconv.FormatInt(object.Size, 10))
	}
	if object.Body == nil {
		return nil
	}
	body := &watched{Reader: object.Body}
	io.Copy(w, body) // the client is gone when writing fails
	if body.err != nil {
		b.service.log.Error("a public object broke off", "bucket", b.Name, "key", key, "err", body.err)
		panic(http.ErrAbortHandler) // the header is out: breaking the connection is all that tells the client
	}
	return nil
}

// watched keeps the error that reading ended with, but for the end itself.
type watched struct {
	io.Reader
	err error
}

func (r *watched) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// openPublic opens what r asks for. ranged says that it asks for a part, which object.Range is, nil when the
// object has no such part.
func (b *Bucket) openPublic(r *http.Request, key string) (object *Object, ranged bool, err error) {
	if key == "" || len(key) > maxKeyBytes {
		return nil, false, newError(CodeNoSuchKey)
	}
	if r.Method == http.MethodHead {
		object, err = b.Head(r.Context(), key)
		return object, false, err
	}
	part, ranged := rangeRequest(r.Header.Get("Range"))
	if !ranged {
		object, err = b.Get(r.Context(), key, GetOptions{})
		return object, false, err
	}
	object, err = b.Get(r.Context(), key, GetOptions{Range: &part})
	if known, ok := errors.AsType[*Error](err); ok && known.Code == CodeInvalidRange {
		object, err = b.Head(r.Context(), key)
	}
	if err != nil || ifRange(r, object) {
		return object, true, err
	}
	if object.Body != nil {
		object.Body.Close() // only read
	}
	object, err = b.Get(r.Context(), key, GetOptions{})
	return object, false, err
}

// rangeRequest reads a Range header that asks for one part. Any other is as if there were none.
func rangeRequest(header string) (part RangeRequest, ok bool) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return part, false
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return part, false
	}
	number := func(s string) (*int64, bool) {
		n, err := strconv.ParseUint(s, 10, 63)
		signed := int64(n)
		return &signed, err == nil
	}
	if first == "" {
		part.Suffix, ok = number(last)
		return part, ok
	}
	if part.Offset, ok = number(first); !ok || last == "" {
		return part, ok
	}
	end, ok := number(last)
	if !ok || *end < *part.Offset {
		return part, false
	}
	length := *end - *part.Offset + 1
	part.Length = &length
	return part, true
}

// ifRange reports whether the Range of r counts for the object.
func ifRange(r *http.Request, o *Object) bool {
	want := r.Header.Get("If-Range")
	if want == "" || want == o.HTTPETag() {
		return true
	}
	t, err := http.ParseTime(want)
	return err == nil && o.Uploaded.Truncate(time.Second).Equal(t)
}

// publicError writes what went wrong: to a browser, as production's public buckets do.
func publicError(w http.ResponseWriter, r *http.Request, err error) {
	known, ok := errors.AsType[*Error](err)
	switch {
	case ok && (known.Code == CodeNoSuchKey || known.Code == CodeNoSuchBucket):
		publicPage(w, r, http.StatusNotFound, "Object not found",
			"There is no such object, or it is not shown to the public under this name. A bucket does not list its objects.")
	case ok:
		publicPage(w, r, faults[known.Code].status, "Error", known.Message)
	default:
		fault := cfapi.Fault{Status: http.StatusInternalServerError, Message: faults[CodeInternal].message}
		if f, ok := errors.AsType[cfapi.Faulter](err); ok {
			fault = f.Fault()
		}
		publicPage(w, r, fault.Status, "Error", fault.Message)
	}
}

func publicPage(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	body := fmt.Sprintf("<!doctype html>\n<meta charset=\"utf-8\">\n<title>%[1]s</title>\n<h1>%[2]d %[1]s</h1>\n<p>%[3]s</p>\n",
		html.EscapeString(title), status, html.EscapeString(text))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		io.WriteString(w, body) // the client is gone when this fails
	}
}

package s3

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/r2"
)

// Options are what the endpoint needs of the world around it. Buckets and Keys must be given.
type Options struct {
	Buckets *r2.Service
	Keys    func(accessKeyID string) (Credentials, bool)
	Clock   clock.Clock  // nil: clock.System
	Logger  *slog.Logger // nil: discard
	Account string       // the id that documents give for the owner of what there is
}

// New returns the endpoint.
func New(o Options) http.Handler {
	h := &handler{Options: o, verifier: verifier{keys: o.Keys, clock: clock.Or(o.Clock)}}
	if h.Logger == nil {
		h.Logger = slog.New(slog.DiscardHandler)
	}
	return h
}

type handler struct {
	Options
	verifier verifier
}

// ServeHTTP answers a request. A failure is an XML document, or of a HEAD request a status alone.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r, query: parseQuery(r.URL.RawQuery)}
	// The emulator's clock may have been moved: by this header AWS's SDKs learn what to date signatures with.
	w.Header().Set("Date", h.verifier.clock.Now().UTC().Format(http.TimeFormat))
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// A call is a request on its way.
type call struct {
	*handler
	w     http.ResponseWriter
	r     *http.Request
	query query

	bucketName, key string // key is empty: the call is about the bucket, or without one about all
	credentials     Credentials
	body            *payload
	bucket          *r2.Bucket // of an operation that needs one
}

func (c *call) ctx() context.Context { return c.r.Context() }

func (c *call) serve() error {
	if err := c.locate(); err != nil {
		return err
	}
	if c.r.Method == http.MethodOptions {
		return c.preflight()
	}
	if c.isForm() {
		return notImplemented("Presigned post requests are not yet implemented not implemented")
	}
	var err error
	if c.credentials, c.body, err = c.verifier.authenticate(c.r); err != nil {
		return err
	}
	op, err := c.route()
	if err != nil {
		return err
	}
	if c.bucketName != "" && !c.credentials.may(c.bucketName) {
		return accessDenied()
	}
	if err := c.screen(op); err != nil {
		return err
	}
	if op.bucket {
		if err := c.openBucket(); err != nil {
			return err
		}
	}
	return op.do(c)
}

func accessDenied() *Error { return newError(http.StatusForbidden, "AccessDenied", "Access Denied") }

// isForm says that the request is an upload by a page's form, which is signed by its fields.
func (c *call) isForm() bool {
	return c.r.Method == http.MethodPost && c.key == "" && !c.query.has("delete") &&
		c.r.Header.Get(headerAuthorization) == "" && !c.query.has("X-Amz-Credential")
}

// locate finds out which bucket and key the request means: by its path, or by a host that begins with
// the bucket's name. "/bucket/" means the bucket.
func (c *call) locate() error {
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), "/")
	name := bucketOfHost(c.r.Host)
	if name == "" {
		name, path, _ = strings.Cut(path, "/")
	}
	var err error
	if c.bucketName, err = url.PathUnescape(name); err == nil {
		c.key, err = url.PathUnescape(path)
	}
	if err != nil {
		return invalidArgument("The path of this request is not well escaped.")
	}
	return nil
}

// EndpointDomain is below what R2's own endpoint is: account.r2.cloudflarestorage.com, and each bucket has
// a name below that.
const EndpointDomain = ".r2.cloudflarestorage.com"

// bucketOfHost returns the bucket that a Host header begins with, "" when it names none.
func bucketOfHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if front, ok := strings.CutSuffix(host, EndpointDomain); ok {
		// Behind the account there may be a jurisdiction.
		for _, j := range []string{".eu", ".fedramp"} {
			front = strings.TrimSuffix(front, j)
		}
		bucket, _, ok := strings.Cut(front, ".")
		if !ok {
			return ""
		}
		return bucket
	}
	front, ok := strings.CutSuffix(host, ".localhost")
	if !ok || strings.Contains(front, ".") {
		return ""
	}
	return front
}

// openBucket finds the bucket of the call. A request may ask to make it when it is missing.
func (c *call) openBucket() error {
	b, err := c.Buckets.Get(c.ctx(), c.bucketName)
	var missing *r2.Error
	if errors.As(err, &missing) && missing.Code == r2.CodeNoSuchBucket && c.r.Header.Get("Cf-Create-Bucket-If-Missing") == "true" {
		b, err = c.Buckets.Ensure(c.ctx(), c.bucketName)
	}
	c.bucket = b
	return err
}

// fail tells the client of an error.
func (c *call) fail(err error) {
	if context.Cause(c.ctx()) != nil {
		return // nobody waits
	}
	e := errorOf(err)
	if e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented {
		c.Logger.Error("s3", "method", c.r.Method, "path", c.r.URL.EscapedPath(), "err", err)
	}
	c.drain()
	if c.r.Method == http.MethodHead {
		c.w.WriteHeader(e.Status)
		return
	}
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.WriteHeader(e.Status)
	_, _ = io.WriteString(c.w, e.document()) // the client is gone when this fails
}

// maxDrained is how much of a body is read that nobody wants.
const maxDrained = 16 << 20

// drain reads what a client sends on, within bounds: some clients read no answer before they have sent all,
// and would see a broken connection. One that waits for a word before it sends needs none.
func (c *call) drain() {
	if c.r.Header.Get("Expect") == "" && c.r.Body != nil {
		_, _ = io.CopyN(io.Discard, c.r.Body, maxDrained) // the answer is an error already
	}
}

// writeXML answers with a document.
func (c *call) writeXML(d *document) error {
	c.w.Header().Set("Content-Type", "application/xml")
	_, err := io.WriteString(c.w, d.finish())
	return c.broken(err)
}

// broken is the error of a write to the client, who is gone: there is nobody to tell.
func (c *call) broken(err error) error {
	if err != nil {
		c.Logger.Debug("s3: the client is gone", "err", err)
	}
	return nil
}

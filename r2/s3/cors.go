package s3

import (
	"net/http"

	"github.com/cfemu/cfemu/r2"
)

// preflight answers what a browser asks before it sends a page's request. Nobody signs it.
func (c *call) preflight() error {
	b, err := c.Buckets.Get(c.ctx(), c.bucketName)
	if err != nil {
		return err
	}
	allowed, err := b.CrossOrigin(c.w.Header(), c.r)
	if err != nil {
		return err
	}
	if !allowed || !r2.IsPreflight(c.r) {
		return newError(http.StatusForbidden, "AccessDenied", "This CORS request is not allowed. Either CORS is not configured for this bucket, or no rule of it fits the request.")
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// allowOrigin tells a browser whether its page may read the answer, whatever that will be.
func (c *call) allowOrigin() {
	if c.r.Header.Get("Origin") == "" || c.bucketName == "" {
		return
	}
	b, err := c.Buckets.Get(c.ctx(), c.bucketName)
	if err != nil {
		return // the operation will say so
	}
	if _, err := b.CrossOrigin(c.w.Header(), c.r); err != nil {
		c.Logger.Warn("s3: read the CORS policy", "bucket", c.bucketName, "err", err)
	}
}

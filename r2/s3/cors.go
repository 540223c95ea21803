package s3

import "net/http"

// preflight answers what a browser asks before it sends a page's request.
func (c *call) preflight() error {
	return newError(http.StatusForbidden, "AccessDenied", "CORS not configured for this bucket")
}

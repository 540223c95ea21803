package r2

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

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
	if err := b.serve(w, r, key); err != nil {
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

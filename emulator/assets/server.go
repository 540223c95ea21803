// Package assets serves a Worker's static files as Cloudflare does: a folder with the rules of its
// _headers and _redirects files, behind an http.RoundTripper.
//
// A Server answers in place of the Worker, in front of it or as env.ASSETS; CanAnswer says whether a
// request is for it. It reads the rules once. The files it looks up at each request, so that what
// was saved, added or removed counts at once; what it remembers of folders and contents it drops when
// their times of change are others. Nothing is written. A Server may be used by many goroutines.
//
// A request's path is looked up in the listings of the folder, spelled exactly, and never handed to
// the file system as it came: it cannot lead out of the folder. A symbolic link in the folder can, as
// it does when wrangler uploads what it points to.
package assets

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/probe"
)

// The values of html_handling and not_found_handling.
const (
	AutoTrailingSlash  = "auto-trailing-slash" // the default
	ForceTrailingSlash = "force-trailing-slash"
	DropTrailingSlash  = "drop-trailing-slash"

	SinglePageApplication = "single-page-application"
	NotFoundPage          = "404-page"

	None = "none" // of both; the default of not_found_handling
)

// Options say what to serve, in the words of wrangler's "assets" key.
type Options struct {
	Dir              string // absolute; it need not exist
	HTMLHandling     string // empty: AutoTrailingSlash
	NotFoundHandling string // empty: None
	BasePath         string // the path that the folder's root has, such as "/docs/"; empty: "/"
	Compat           worker.Compat
	// StaticRouting: run_worker_first is a list, so that what it does not name is for the assets, the
	// answer to what is not found included.
	StaticRouting bool
	Probe         *probe.Probe // nil: none
}

// A Server serves one folder.
type Server struct {
	opts      Options
	folder    *folder
	redirects redirects
	headers   []headerRule
	warnings  []Warning
	navigates bool // a browser's navigation counts as found when there is an answer to what is not found
}

// Read reads the rules of a folder: _headers, _redirects and .assetsignore. A rule that does not hold
// is left out and becomes a Warning.
func Read(o Options) (*Server, error) {
	if o.BasePath == "" {
		o.BasePath = "/"
	}
	rules, err := readRules(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, folder: newFolder(o.Dir, parseIgnore(rules.ignore)), navigates: navigationPrefersAssets(o.Compat)}
	var wrong []Warning
	s.redirects, wrong = parseRedirects(rules.redirects, o.HTMLHandling)
	s.warnings = append(s.warnings, wrong...)
	s.headers, wrong = parseHeaders(rules.headers)
	s.warnings = append(s.warnings, wrong...)
	return s, nil
}

// Warnings are the rules that do not hold, in the order of their files and lines.
func (s *Server) Warnings() []Warning { return s.warnings }

// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#navigation-requests-prefer-asset-serving
func navigationPrefersAssets(c worker.Compat) bool {
	switch {
	case slices.Contains(c.Flags, "assets_navigation_prefers_asset_serving"):
		return true
	case slices.Contains(c.Flags, "assets_navigation_has_no_effect"):
		return false
	}
	return c.Date == "" || c.Date >= "2025-04-01" // no date is the newest one
}

// CanAnswer reports whether a request is for the assets when a Worker is there to take it otherwise:
// there is a file, a redirect or a rewrite for it. That nothing is found counts as an answer only for
// a browser's navigation, and where run_worker_first is a list.
func (s *Server) CanAnswer(r *http.Request) (bool, error) {
	q := s.query(r)
	if !s.answersNotFound(r) {
		q.notFoundHandling = None
	}
	a, err := q.answer()
	return a.kind != answersNothing, err
}

func (s *Server) answersNotFound(r *http.Request) bool {
	return s.opts.StaticRouting || s.navigates && r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// RoundTrip answers a request from the folder.
func (s *Server) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	q := s.query(r)
	span, err := s.opts.Probe.Begin(r.Context(), probe.Op{Product: "assets", Name: "fetch", Resource: q.path})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if !q.withinBase(q.decoded) {
		return plain(r, http.StatusNotFound), nil
	}
	a, err := q.answer()
	if err != nil {
		return nil, err
	}
	res, err := s.respond(r, a)
	if err != nil {
		return nil, err
	}
	applyHeaders(res.Header, s.headers, r.URL.Hostname(), q.path)
	return res, nil
}

// respond makes an answer into a response, without the rules of _headers.
func (s *Server) respond(r *http.Request, a answer) (*http.Response, error) {
	switch a.kind {
	case answersNothing:
		return plain(r, http.StatusNotFound), nil
	case answersStatus:
		return plain(r, a.status), nil
	case answersRedirect:
		res := plain(r, a.status)
		res.Header.Set("Location", a.location)
		return res, nil
	}
	body, err := s.folder.open(a.file)
	if err != nil {
		return nil, err
	}
	res := plain(r, a.status)
	h := res.Header
	h.Set("Etag", `"`+body.etag+`"`)
	if t := contentType(a.file.path); t != "" {
		h.Set("Content-Type", t)
	}
	if !has(r, "Authorization") && !has(r, "Range") {
		h.Set("Cache-Control", "public, max-age=0, must-revalidate")
	}
	h.Set("Cf-Cache-Status", "HIT")
	matched := r.Header.Get("If-None-Match")
	switch {
	case matched == `"`+body.etag+`"` || matched == `W/"`+body.etag+`"`:
		setStatus(res, http.StatusNotModified)
		return res, body.Close()
	case r.Method == http.MethodHead:
		return res, body.Close()
	}
	res.Body, res.ContentLength = body, body.size
	return res, nil
}

// plain is a response without a body.
func plain(r *http.Request, status int) *http.Response {
	res := &http.Response{Header: http.Header{}, Body: http.NoBody, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	setStatus(res, status)
	return res
}

func setStatus(res *http.Response, status int) {
	res.StatusCode, res.Status = status, strconv.Itoa(status)+" "+http.StatusText(status)
}

func has(r *http.Request, header string) bool { return len(r.Header.Values(header)) > 0 }

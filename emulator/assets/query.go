package assets

import (
	"net/http"
	"strings"
)

// A query is one request on its way to an answer.
type query struct {
	*Server
	r                *http.Request
	path             string // as the URL has it
	decoded          string
	notFoundHandling string
	err              error // the first that reading the folder gave
}

func (s *Server) query(r *http.Request) *query {
	p := pathOf(r.URL)
	return &query{Server: s, r: r, path: p, decoded: decodePath(p), notFoundHandling: s.opts.NotFoundHandling}
}

// An answer is what is to be sent.
type answer struct {
	kind     answerKind
	status   int
	location string
	file     *file
}

type answerKind int

const (
	answersNothing answerKind = iota // a Worker may take it
	answersStatus
	answersRedirect
	answersFile
)

// answer decides. The order is Cloudflare's: redirects come before files, and methods are looked at
// only where there is something.
//
// Receipt: wrangler 4.164.0, workers-shared/asset-worker/src/handler.ts
func (q *query) answer() (answer, error) {
	if !q.withinBase(q.decoded) {
		return answer{}, nil
	}
	path, decoded, rewritten := q.path, q.decoded, false
	if rule, ok := q.redirects.match(path); ok {
		to := resolve(q.r.URL, rule.to)
		if rule.status != http.StatusOK {
			return answer{kind: answersRedirect, status: rule.status, location: to.location(searchOf(q.r.URL))}, nil
		}
		path, decoded, rewritten = to.path, decodePath(to.path), true
	}
	found := q.findBased(decoded, rewritten)
	switch {
	case q.err != nil:
		return answer{}, q.err
	case found == nil && rewritten:
		return answer{kind: answersStatus, status: http.StatusNotFound}, nil
	case found == nil:
		return answer{}, nil
	case q.r.Method != http.MethodGet && q.r.Method != http.MethodHead:
		return answer{kind: answersStatus, status: http.StatusMethodNotAllowed}, nil
	}
	destination := decoded
	if found.file == nil {
		destination = q.addBase(found.redirect)
	}
	// The one path of an asset is the decoded path, encoded again.
	if encoded := encodePath(destination); found.file == nil || encoded != path {
		return answer{kind: answersRedirect, status: http.StatusTemporaryRedirect, location: encoded + searchOf(q.r.URL)}, nil
	}
	return answer{kind: answersFile, status: found.status, file: found.file}, nil
}

// findBased finds what a decoded path, base included, stands for.
func (q *query) findBased(decoded string, rewritten bool) *intent {
	if !q.withinBase(decoded) {
		return nil
	}
	if root := q.baseRoot(decoded); root != nil && !rewritten {
		return root
	}
	return q.find(q.stripBase(decoded), false)
}

// baseRoot is the redirect from "/docs" to "/docs/", or back, where "/docs/" is the base.
func (q *query) baseRoot(decoded string) *intent {
	base := q.opts.BasePath
	var redirect string
	switch {
	case base == "/":
		return nil
	case q.opts.HTMLHandling == DropTrailingSlash && decoded == base:
	case q.opts.HTMLHandling != DropTrailingSlash && q.opts.HTMLHandling != None && decoded == strings.TrimSuffix(base, "/"):
		redirect = "/"
	default:
		return nil
	}
	if q.exists("/index.html") == nil {
		return nil
	}
	return &intent{redirect: redirect}
}

func (q *query) withinBase(decoded string) bool {
	base := q.opts.BasePath
	return base == "/" || decoded == strings.TrimSuffix(base, "/") || strings.HasPrefix(decoded, base)
}

func (q *query) stripBase(decoded string) string {
	if stripped := decoded[len(q.opts.BasePath)-1:]; stripped != "" {
		return stripped
	}
	return "/"
}

func (q *query) addBase(path string) string {
	base := q.opts.BasePath
	switch {
	case base == "/":
		return path
	case path == "/":
		return base
	}
	return strings.TrimSuffix(base, "/") + path
}

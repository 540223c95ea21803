package assets

import (
	"net/http"
	"strings"
)

// An intent is what a path stands for: a file, or the path that the file should be asked for by.
type intent struct {
	file     *file // nil: redirect
	status   int
	redirect string
}

func serve(f *file) *intent { return &intent{file: f, status: http.StatusOK} }

// find is what a path stands for, or nil. With settled, only files count: it is for asking whether a
// redirect would lead to one.
//
// Receipt: wrangler 4.164.0, workers-shared/asset-worker/src/handler.ts
func (q *query) find(path string, settled bool) *intent {
	var found *intent
	switch q.opts.HTMLHandling {
	case ForceTrailingSlash:
		found = q.forceSlash(path, settled)
	case DropTrailingSlash:
		found = q.dropSlash(path, settled)
	case None:
		if f := q.exists(path); f != nil {
			found = serve(f)
		}
	default:
		found = q.autoSlash(path, settled)
	}
	if found == nil {
		found = q.notFound(path)
	}
	return found
}

// autoSlash: about.html is at /about, about/index.html at /about/.
func (q *query) autoSlash(path string, settled bool) *intent {
	exact := q.exists(path)
	var found *intent
	switch {
	case strings.HasSuffix(path, "/index"):
		if exact != nil {
			return serve(exact)
		}
		bare := strings.TrimSuffix(path, "/index")
		found = q.first(settled, path+".html", bare+"/", bare+".html", bare)
	case strings.HasSuffix(path, "/index.html"):
		bare := strings.TrimSuffix(path, "/index.html")
		found = q.first(settled, path, bare+"/", bare+".html", bare)
	case strings.HasSuffix(path, "/"):
		if f := q.exists(path + "index.html"); f != nil {
			return serve(f)
		}
		bare := strings.TrimSuffix(path, "/")
		found = q.first(settled, bare+".html", bare)
	case strings.HasSuffix(path, ".html"):
		bare := strings.TrimSuffix(path, ".html")
		found = q.first(settled, path, bare, bare+"/index.html", bare+"/")
	}
	if found != nil {
		return found
	}
	if exact != nil {
		return serve(exact)
	}
	if f := q.exists(path + ".html"); f != nil {
		return serve(f)
	}
	return q.first(settled, path+"/index.html", path+"/")
}

// forceSlash: about.html and about/index.html are both at /about/.
func (q *query) forceSlash(path string, settled bool) *intent {
	exact := q.exists(path)
	var found *intent
	switch {
	case strings.HasSuffix(path, "/index"):
		if exact != nil {
			return serve(exact)
		}
		bare := strings.TrimSuffix(path, "/index")
		found = q.first(settled, path+".html", bare+"/", bare+".html", bare+"/")
	case strings.HasSuffix(path, "/index.html"):
		bare := strings.TrimSuffix(path, "/index.html")
		found = q.first(settled, path, bare+"/", bare+".html", bare+"/")
	case strings.HasSuffix(path, "/"):
		for _, name := range []string{path + "index.html", strings.TrimSuffix(path, "/") + ".html"} {
			if f := q.exists(name); f != nil {
				return serve(f)
			}
		}
	case strings.HasSuffix(path, ".html"):
		bare := strings.TrimSuffix(path, ".html")
		if found = q.first(settled, path, bare+"/"); found == nil && exact == nil {
			found = q.first(settled, bare+"/index.html", bare+"/")
		}
	}
	if found != nil {
		return found
	}
	if exact != nil {
		return serve(exact)
	}
	return q.first(settled, path+".html", path+"/", path+"/index.html", path+"/")
}

// dropSlash: about.html and about/index.html are both at /about.
func (q *query) dropSlash(path string, settled bool) *intent {
	exact := q.exists(path)
	var found *intent
	switch {
	case strings.HasSuffix(path, "/index"):
		if exact != nil {
			return serve(exact)
		}
		if path == "/index" {
			found = q.first(settled, "/index.html", "/")
			break
		}
		bare := strings.TrimSuffix(path, "/index")
		found = q.first(settled, bare+".html", bare, path+".html", bare)
	case path == "/index.html":
		found = q.first(settled, path, "/")
	case strings.HasSuffix(path, "/index.html"):
		bare := strings.TrimSuffix(path, "/index.html")
		if found = q.first(settled, path, bare); found == nil && exact == nil {
			found = q.first(settled, bare+".html", bare)
		}
	case path == "/":
		if f := q.exists("/index.html"); f != nil {
			return serve(f)
		}
	case strings.HasSuffix(path, "/"):
		bare := strings.TrimSuffix(path, "/")
		found = q.first(settled, bare+".html", bare, bare+"/index.html", bare)
	case strings.HasSuffix(path, ".html"):
		bare := strings.TrimSuffix(path, ".html")
		found = q.first(settled, path, bare, bare+"/index.html", bare)
	}
	if found != nil {
		return found
	}
	if exact != nil {
		return serve(exact)
	}
	for _, name := range []string{path + ".html", path + "/index.html"} {
		if f := q.exists(name); f != nil {
			return serve(f)
		}
	}
	return nil
}

// first is the first redirect that leads to its file; pairs are files and their destinations by turns.
func (q *query) first(settled bool, pairs ...string) *intent {
	for i := 0; i < len(pairs) && !settled; i += 2 {
		if q.leadsTo(pairs[i], pairs[i+1]) {
			return &intent{redirect: pairs[i+1]}
		}
	}
	return nil
}

// leadsTo reports whether asking for destination gives what the file holds, so that a redirect is safe.
func (q *query) leadsTo(name, destination string) bool {
	f := q.exists(name)
	if f == nil || q.exists(destination) != nil {
		return false
	}
	found := q.find(destination, true)
	if found == nil || found.file == nil {
		return false
	}
	same, err := q.folder.same(found.file, f)
	q.fail(err)
	return same
}

// notFound is what stands in for a path that nothing was found for.
func (q *query) notFound(path string) *intent {
	switch q.notFoundHandling {
	case SinglePageApplication:
		if f := q.exists("/index.html"); f != nil {
			return serve(f)
		}
	case NotFoundPage:
		for path != "" { // the nearest 404.html, going up
			path = path[:max(strings.LastIndexByte(path, '/'), 0)]
			if f := q.exists(path + "/404.html"); f != nil {
				return &intent{file: f, status: http.StatusNotFound}
			}
		}
	}
	return nil
}

func (q *query) exists(path string) *file {
	f, err := q.folder.file(path)
	q.fail(err)
	return f
}

func (q *query) fail(err error) {
	if q.err == nil {
		q.err = err
	}
}

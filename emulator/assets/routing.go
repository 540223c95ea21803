package assets

import (
	"net/http"
	"strings"
)

// Routing is run_worker_first: which requests go to the Worker without a look at the assets.
type Routing struct {
	always   bool
	toWorker []string
	toAssets []string
}

// NewRouting takes run_worker_first as a boolean or as a list of patterns, in which "*" stands for
// anything and a leading "!" takes paths out again.
func NewRouting(always bool, patterns []string) Routing {
	r := Routing{always: always}
	for _, p := range patterns {
		if except, ok := strings.CutPrefix(p, "!"); ok {
			r.toAssets = append(r.toAssets, except)
		} else {
			r.toWorker = append(r.toWorker, p)
		}
	}
	return r
}

// A Destination is where a request goes.
type Destination int

// The destinations.
const (
	ToEither Destination = iota // to the assets when they can answer, else to the Worker
	ToAssets
	ToWorker
)

// Route says where a request goes. Patterns with "!" come first.
//
// Receipt: wrangler 4.164.0, workers-shared/router-worker/src/worker.ts
func (g Routing) Route(r *http.Request) Destination {
	if len(g.toAssets) > 0 || len(g.toWorker) > 0 {
		path := pathOf(r.URL)
		switch {
		case anyGlob(g.toAssets, path):
			return ToAssets
		case anyGlob(g.toWorker, path):
			return ToWorker
		}
	}
	if g.always {
		return ToWorker
	}
	return ToEither
}

func anyGlob(patterns []string, path string) bool {
	for _, p := range patterns {
		if glob(p, path) {
			return true
		}
	}
	return false
}

// glob matches text whole; "*" in the pattern stands for anything, slashes included.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && text == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, parts[last])
}

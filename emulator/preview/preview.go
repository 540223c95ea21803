// Package preview lets `wrangler dev`, getPlatformProxy and their kin keep running a Worker themselves
// while bindings with "remote": true are answered here: they open an edge-preview session over client/v4,
// upload a proxy Worker whose bindings are the remote ones, and send it every call of a binding as a
// request with the headers MF-Binding, MF-URL and MF-Header-*.
//
// The uploaded proxy is not run. A call is turned back into what the binding had asked, and goes to
// the product's runtime wire, which Options.Resolve finds. Sessions live in memory: wrangler opens a new
// one when it is told that its own is gone. Everything here may run at the same time.
package preview

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
)

// A Way is how the calls of a wrangler elsewhere find their way here. Wrangler sends them to a host
// below workers.dev, over TLS, at port 443, and no option of its own changes that.
type Way string

// The ways. Whichever it is, the host that wrangler is told cannot be the name of any host, so that
// nothing is sent outside this machine where the way does not work.
const (
	Preload Way = "preload" // a script in wrangler's own process, Script, puts the control door in the place of that host
	TLS     Way = "tls"     // wrangler falls back on 127.0.0.1:443, where a door with a certificate of ours answers
	Off     Way = "off"     // no sessions
)

// ParseWay returns the Way named s.
func ParseWay(s string) (Way, bool) {
	switch w := Way(s); w {
	case Preload, TLS, Off:
		return w, true
	}
	return "", false
}

// A Binding is one of an uploaded proxy's bindings, as the upload's metadata has it.
type Binding struct {
	Name        string `json:"name"`
	Type        string `json:"type"` // Cloudflare's own word: d1, kv_namespace, …
	ID          string `json:"id"`
	NamespaceID string `json:"namespace_id"`
	BucketName  string `json:"bucket_name"`
	QueueName   string `json:"queue_name"`
	Service     string `json:"service"`
	Entrypoint  string `json:"entrypoint"`
}

// Options of New.
type Options struct {
	Clock clock.Clock // nil: clock.System
	Way   Way         // empty: Preload
	// Resolve returns what answers the calls of a Worker's binding. An error is what these calls are
	// answered with; its text is for the user.
	Resolve func(ctx context.Context, worker string, b Binding) (http.RoundTripper, error)
	// Opened is called when a Worker's proxy was uploaded, with what Resolve said of its bindings; nil: nothing.
	Opened func(worker string, bindings []Binding, problems []error)
}

// A Service holds the sessions.
type Service struct {
	opts   Options
	clock  clock.Clock
	tokens *uploadTokens

	mu       sync.Mutex
	sessions map[string]*session // by preview token
}

// New returns a Service without sessions.
func New(o Options) *Service {
	if o.Way == "" {
		o.Way = Preload
	}
	c := clock.Or(o.Clock)
	return &Service{opts: o, clock: c, tokens: newUploadTokens(c), sessions: map[string]*session{}}
}

// Routes mounts the session API below an account.
func (s *Service) Routes(r *mux.Router) {
	r.Handle("/workers/subdomain/edge-preview", cfapi.Handler(s.getUploadToken)).Methods("GET")
	r.Handle("/workers/subdomain", cfapi.Handler(s.getSubdomain)).Methods("GET")
	r.Handle("/workers/subdomain", cfapi.Handler(s.putSubdomain)).Methods("PUT")
	r.Handle("/workers/scripts/{script}/edge-preview", cfapi.Handler(s.postUpload)).Methods("POST")
	r.Handle("/workers/scripts/{script}/subdomain/edge-preview", cfapi.Handler(s.getWholeWorker)).Methods("GET")
}

// getUploadToken begins a session: the token lets the proxy be uploaded.
func (s *Service) getUploadToken(w http.ResponseWriter, _ *http.Request) error {
	if s.opts.Way == Off {
		return errOff
	}
	return cfapi.WriteResult(w, map[string]string{"token": s.tokens.issue()})
}

// subdomain is the account's name below workers.dev. It has a space in it, which no host can: a
// client that does not know the way fails before it has looked the name up. What follows the space
// tells the preload where it has come to.
func (s *Service) subdomain(r *http.Request) string {
	switch {
	case s.opts.Way != Preload:
		return "cfemu " + string(s.opts.Way)
	case strings.HasSuffix(r.Host, "]") || !strings.Contains(r.Host, ":"):
		return "cfemu " + r.Host + ":80"
	}
	return "cfemu " + r.Host
}

func (s *Service) getSubdomain(w http.ResponseWriter, r *http.Request) error {
	return cfapi.WriteResult(w, map[string]string{"subdomain": s.subdomain(r)})
}

func (s *Service) putSubdomain(http.ResponseWriter, *http.Request) error {
	return errSubdomainFixed
}

// getWholeWorker is asked by `wrangler dev --remote`, which wants the Worker itself to run here.
func (s *Service) getWholeWorker(http.ResponseWriter, *http.Request) error {
	return errWholeWorker
}

// Calls reports whether r is a call of a session's binding, and none of the API.
func Calls(r *http.Request) bool { return r.Header.Get(tokenHeader) != "" }

// tokenHeader carries the preview token of a session.
const tokenHeader = "Cf-Workers-Preview-Token"

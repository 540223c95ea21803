package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/cfemu/cfemu/emulator/assets"
	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/wrangler"
)

// staticAssets are the static assets of one version of a Worker: what env.ASSETS reaches, and what
// the front asks first. They are wired before the build command has run and opened after it, since
// it may make the files.
type staticAssets struct {
	config  *wrangler.Assets
	routing assets.Routing
	server  *assets.Server // nil: not opened
}

func (s *staticAssets) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.server == nil {
		return nil, errors.New("the static assets are not loaded yet")
	}
	return s.server.RoundTrip(r)
}

// wireAssets binds the static assets, which answer requests with and without a binding.
func (e *Emulator) wireAssets(cfg *wrangler.Config, w *wiring) {
	a := cfg.Assets
	if a == nil {
		return
	}
	w.assets = &staticAssets{config: a, routing: assets.NewRouting(a.RunWorkerFirst, a.RunWorkerFirstFor)}
	base := a.BasePath
	if base == "" {
		base = "/"
	}
	row := Resource{Product: "Assets", Name: base, Where: e.relative(a.Directory)}
	if a.Binding == "" {
		w.resources = append(w.resources, row)
		return
	}
	w.add(worker.Binding{Name: a.Binding, Type: "assets", Service: w.assets}, row)
}

// openAssets looks at the folder as an upload does and reads its rules.
func (e *Emulator) openAssets(cfg *wrangler.Config, s *staticAssets) error {
	server, err := assets.Read(assets.Options{
		Dir: s.config.Directory, HTMLHandling: s.config.HTMLHandling, NotFoundHandling: s.config.NotFoundHandling,
		BasePath: s.config.BasePath, StaticRouting: len(s.config.RunWorkerFirstFor) > 0,
		Compat: worker.Compat{Date: cfg.CompatibilityDate, Flags: cfg.CompatibilityFlags}, Probe: e.probe,
	})
	warning := ""
	if err == nil {
		warning, err = server.Check()
	}
	if errors.Is(err, assets.ErrNoFolder) {
		return s.config.Wrong(fmt.Sprintf("the directory that \"assets.directory\" names does not exist: %s", s.config.Directory),
			"make it, or correct the path, which is relative to the configuration file")
	}
	if err != nil {
		return s.config.Wrong(err.Error(), "")
	}
	var texts []string
	for _, w := range server.Warnings() {
		texts = append(texts, fmt.Sprintf("%s/%s:%d: %s\n    %s", e.relative(s.config.Directory), w.File, w.Line, w.Message, w.Text))
	}
	if warning != "" {
		texts = append(texts, warning)
	}
	e.tellNew(&e.warnedAssets, texts)
	s.server = server
	return nil
}

// A front stands before a Worker that has static assets: a request that they answer does not reach
// it. Cloudflare calls it the router.
type front struct {
	worker.Worker
	assets *staticAssets
}

// RoundTrip routes a request.
//
// Receipt: wrangler 4.164.0, workers-shared/router-worker/src/worker.ts
func (f *front) RoundTrip(r *http.Request) (*http.Response, error) {
	switch f.assets.routing.Route(r) {
	case assets.ToAssets:
		return f.assets.RoundTrip(r)
	case assets.ToWorker:
		return f.toWorker(r)
	}
	found, err := f.assets.server.CanAnswer(r)
	if err != nil {
		return nil, err
	}
	if found {
		return f.assets.RoundTrip(r)
	}
	return f.toWorker(r)
}

// toWorker lets the Worker answer. Two paths, at which image endpoints of frameworks fetch what their
// query names, are kept by Cloudflare from serving other people's pages under this host.
func (f *front) toWorker(r *http.Request) (*http.Response, error) {
	switch dest := r.Header.Get("Sec-Fetch-Dest"); {
	case r.URL.Path == "/_image" && dest != "image" && isForeign(r.URL.Query().Get("href"), r.URL.Hostname()):
		return blocked(r), nil
	case strings.HasSuffix(r.URL.Path, "/_next/image") && (dest != "image" || r.Method != http.MethodGet):
		from := r.URL.Query().Get("url")
		if from == "" || from[0] == '/' {
			break
		}
		res, err := f.Worker.RoundTrip(r)
		if err != nil || res.StatusCode == http.StatusNotModified || isImage(res.Header.Values("Content-Type")) {
			return res, err
		}
		return blocked(r), res.Body.Close()
	}
	return f.Worker.RoundTrip(r)
}

// isForeign reports whether an address without a scheme is of another host.
func isForeign(href, host string) bool {
	if len(href) < 3 || !strings.HasPrefix(href, "//") {
		return false
	}
	u, err := url.Parse("https:" + href)
	return err == nil && u.Hostname() != host
}

func isImage(types []string) bool {
	if len(types) != 1 || strings.Contains(types[0], ",") {
		return false
	}
	plain, _, _ := strings.Cut(types[0], ";")
	return strings.HasPrefix(types[0], "image/") || plain == "text/plain"
}

func blocked(r *http.Request) *http.Response {
	const text = "Blocked"
	if r.Body != nil {
		r.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusForbidden, Status: "403 Forbidden", Header: http.Header{"Content-Type": {"text/plain;charset=UTF-8"}},
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r,
	}
}

// assetsOnly is the Worker of a project without code.
type assetsOnly struct{ assets *staticAssets }

func (a assetsOnly) RoundTrip(r *http.Request) (*http.Response, error) { return a.assets.RoundTrip(r) }

func (assetsOnly) Queue(context.Context, worker.Batch) (worker.Outcome, error) {
	return worker.Outcome{}, worker.ErrNoHandler
}

func (assetsOnly) Scheduled(context.Context, worker.Scheduled) error { return worker.ErrNoHandler }

func (assetsOnly) Email(context.Context, worker.Email) error { return worker.ErrNoHandler }

func (assetsOnly) Handlers() []string { return nil }

func (assetsOnly) Close(context.Context) error { return nil }

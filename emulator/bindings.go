package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/kv"
	"github.com/cfemu/cfemu/r2"
	"sync"
)

// A Resource is a row of the start table: what a binding reaches and where that is stored.
type Resource struct {
	Binding string `json:"binding"`
	Product string `json:"product"`
	Name    string `json:"name,omitempty"`
	Where   string `json:"where,omitempty"`
}

// A wiring is what a configuration's bindings were joined to: the only place where bindings and
// products meet.
type wiring struct {
	bindings  []worker.Binding
	resources []Resource
	databases map[string]*d1.Database  // by binding
	spaces    map[string]*kv.Namespace // by binding
	buckets   map[string]*r2.Bucket    // by binding
	assets    *staticAssets            // nil: none
}

func (w *wiring) add(b worker.Binding, r Resource) {
	r.Binding = b.Name
	w.bindings = append(w.bindings, b)
	w.resources = append(w.resources, r)
}

// wire opens, or makes, the resource behind every binding.
func (e *Emulator) wire(ctx context.Context, cfg *wrangler.Config) (*wiring, error) {
	w := &wiring{databases: map[string]*d1.Database{}, spaces: map[string]*kv.Namespace{}, buckets: map[string]*r2.Bucket{}}
	for _, v := range cfg.Vars {
		kind := "plain_text"
		if v.JSON {
			kind = "json"
		}
		w.bindings = append(w.bindings, worker.Binding{Name: v.Name, Type: kind, Text: v.Text})
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Secrets)) {
		w.bindings = append(w.bindings, worker.Binding{Name: name, Type: "secret_text", Text: cfg.Secrets[name]})
	}
	if err := e.wireStores(ctx, cfg, w); err != nil {
		return nil, err
	}
	if err := e.wireServices(ctx, cfg, w); err != nil {
		return nil, err
	}
	e.wireAssets(cfg, w)
	return w, nil
}

func (e *Emulator) wireStores(ctx context.Context, cfg *wrangler.Config, w *wiring) error {
	for _, b := range cfg.D1Databases {
		id, name := identify(b.DatabaseID, b.DatabaseName, cfg.Name, b.Binding, isUUID)
		db, err := e.d1.Ensure(ctx, id, name)
		if err != nil {
			return fmt.Errorf("binding %s: %w", b.Binding, err)
		}
		w.databases[b.Binding] = db
		w.add(worker.Binding{Name: b.Binding, Type: "d1", Service: e.d1.Wire(db.ID)}, Resource{Product: "D1", Name: db.Name, Where: e.relative(db.Path())})
	}
	for _, b := range cfg.KVNamespaces {
		id, title := identify(b.ID, "", cfg.Name, b.Binding, isHexID)
		ns, err := e.kv.Ensure(ctx, id, title)
		if err != nil {
			return fmt.Errorf("binding %s: %w", b.Binding, err)
		}
		w.spaces[b.Binding] = ns
		w.add(worker.Binding{Name: b.Binding, Type: "kv_namespace", Service: e.kv.Wire(ns.ID)}, Resource{Product: "KV", Name: ns.Title, Where: e.relative(e.state.path("kv"))})
	}
	for _, b := range cfg.R2Buckets {
		_, name := identify("", b.BucketName, cfg.Name, b.Binding, isUUID)
		bucket, err := e.r2.Ensure(ctx, name)
		if err != nil {
			return fmt.Errorf("binding %s: %w", b.Binding, err)
		}
		w.buckets[b.Binding] = bucket
		w.add(worker.Binding{Name: b.Binding, Type: "r2_bucket", Service: e.r2.Wire(name)}, Resource{Product: "R2", Name: name, Where: e.relative(e.state.path("r2"))})
	}
	return nil
}

func (e *Emulator) wireServices(ctx context.Context, cfg *wrangler.Config, w *wiring) error {
	for _, b := range cfg.Queues.Producers {
		if _, err := e.queues.Ensure(ctx, b.Queue); err != nil {
			return fmt.Errorf("binding %s: %w", b.Binding, err)
		}
		var delay time.Duration
		if b.DeliveryDelay != nil {
			delay = time.Duration(*b.DeliveryDelay) * time.Second
		}
		w.add(worker.Binding{Name: b.Binding, Type: "queue", Service: e.queues.Wire(b.Queue, delay)},
			Resource{Product: "Queue", Name: b.Queue, Where: e.relative(e.state.path("queues"))})
	}
	if cfg.AI != nil {
		w.add(worker.Binding{Name: cfg.AI.Binding, Type: "ai", Service: e.ai.Wire()}, Resource{Product: "AI", Name: "stub", Where: "nowhere: answers are computed"})
	}
	if cfg.VersionMetadata != nil {
		meta, err := json.Marshal(map[string]string{"id": newUUID(), "tag": "", "timestamp": e.clock.Now().UTC().Format(time.RFC3339Nano)})
		if err != nil {
			return err
		}
		w.add(worker.Binding{Name: cfg.VersionMetadata.Binding, Type: "json", Text: string(meta)}, Resource{Product: "Version metadata"})
	}
	for _, b := range cfg.Services {
		w.add(worker.Binding{Name: b.Binding, Type: "service", Service: e.service(cfg, b)}, Resource{Product: "Service", Name: b.Service})
	}
	return nil
}

// service is a service binding to the Worker itself; to any other it is an error when called.
func (e *Emulator) service(cfg *wrangler.Config, b wrangler.Service) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if b.Service != cfg.Name || b.Entrypoint != "" {
			return nil, fmt.Errorf("service binding %s: cfemu runs one Worker, %s; it cannot reach the Worker %s", b.Binding, cfg.Name, b.Service)
		}
		v, release, err := e.slot.take(r.Context())
		if err != nil {
			return nil, err
		}
		res, err := v.RoundTrip(r)
		if err != nil {
			release()
			return nil, err
		}
		res.Body = &releasingBody{res.Body, release}
		return res, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// identify tells which resource a binding means: the one with its id, else the one with its name,
// else the Worker's own for that binding. An id that is not of the product's form counts as a name,
// unless it is a placeholder: two bindings that both say "replace-with-real-id" are not the same.
func identify(id, name, workerName, binding string, isID func(string) bool) (string, string) {
	own := strings.ToLower(workerName + "-" + strings.ReplaceAll(binding, "_", "-"))
	if binding != strings.ToUpper(binding) { // DB and db are two bindings
		own += "-" + hashOf([]byte(binding))[:6]
	}
	switch {
	case isID(id) && name == "":
		return id, own
	case isID(id):
		return id, name
	case name != "":
		return "", name
	case id == "" || placeholder().MatchString(id):
		return "", own
	}
	return "", id
}

var (
	uuidForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	})
	hexForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	})
	placeholder = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(<.*>|\$?\{.*\}|\[.*\]|x+(-x+)*|[0-]+|\.+|(your|replace|change|todo|insert|enter)(me)?([-_ :].*)?|placeholder.*|.*real[-_ ]?id.*|.*your[-_ ].*id.*)$`)
	})
)

func isUUID(s string) bool  { return uuidForm().MatchString(s) && !allZero(s) }
func isHexID(s string) bool { return hexForm().MatchString(s) && !allZero(s) }

func allZero(s string) bool { return strings.Trim(s, "0-") == "" }

// relative shows a path below the project without the project's own.
func (e *Emulator) relative(path string) string {
	if rel, err := filepath.Rel(e.project, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

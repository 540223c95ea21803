package wrangler

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// LoadOptions are what the command line and the process's environment say. The zero value asks for
// the top level and knows no environment variables.
type LoadOptions struct {
	Env      string            // --env; empty: CLOUDFLARE_ENV
	EnvFiles []string          // --env-file, relative to the project's folder; replaces .dev.vars and the default .env files
	Vars     map[string]string // --var K:V; beats every other source
	// Getenv reads the process's environment; nil: it is empty.
	Getenv func(string) string
	// Environ lists the process's environment as KEY=VALUE, for CLOUDFLARE_INCLUDE_PROCESS_ENV; nil: it is empty.
	Environ func() []string
}

// Load reads a configuration file and the files of secrets beside it. Mistakes come back as Errors,
// all at once, beside a Config that is good for nothing but its Inputs and Warnings.
func Load(file string, o LoadOptions) (*Config, error) {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("load the configuration: %w", err)
	}
	cfg := &Config{
		File: file, Dir: filepath.Dir(file),
		Env:       cmp.Or(o.Env, o.Getenv("CLOUDFLARE_ENV")),
		KeepNames: true,
	}
	cfg.Inputs = inputs(file)
	data, err := os.ReadFile(file)
	if err != nil {
		return cfg, Errors{{File: filepath.Base(file), Message: "the configuration cannot be read: " + err.Error()}}
	}
	d := &decoder{src: newSource(filepath.Base(file), data), dir: cfg.Dir, seen: map[string]bool{}}
	root, err := d.parse(filepath.Ext(file))
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			d.hush(e)
			return cfg, Errors{e}
		}
		return cfg, err
	}
	d.hideSecrets(root, false)
	d.read(root, cfg)
	secrets := secretSource{cfg: cfg, o: o, warn: func(w Warning) { d.warnings = append(d.warnings, w) }}
	if err := secrets.load(); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return cfg, err
		}
		d.errs = append(d.errs, e)
	}
	cfg.Warnings = d.sortedWarnings()
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b *Error) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return cfg, d.errs
	}
	return cfg, nil
}

// inputs are the configuration files that would count instead of file, if they existed.
func inputs(file string) []string {
	for i, name := range fileNames {
		if filepath.Base(file) == name {
			out := []string{file}
			for _, earlier := range fileNames[:i] {
				out = append(out, filepath.Join(filepath.Dir(file), earlier))
			}
			return out
		}
	}
	return []string{file}
}

func newSource(name string, data []byte) source {
	return source{name: name, text: strings.TrimPrefix(string(data), "\ufeff")}
}

func (d *decoder) parse(ext string) (*value, error) {
	var root *value
	var err error
	switch ext {
	case ".toml":
		root, err = parseTOML(d.src)
	case ".json", ".jsonc":
		root, err = parseJSONC(d.src, func(e *Error) {
			d.hush(e)
			d.warnings = append(d.warnings, Warning(*e))
		})
	default:
		return nil, &Error{File: d.src.name, Message: "this is no configuration file: its name must end in .jsonc, .json or .toml",
			Hint: "name it wrangler.jsonc"}
	}
	if err != nil {
		return nil, err
	}
	if root.kind != kindObject {
		return nil, d.src.at(root.at, "the configuration must be an object, but it is "+root.describe(),
			`write {"name": "my-worker", "main": "src/index.ts"}`)
	}
	return root, nil
}

// read decodes the tree for cfg.Env.
func (d *decoder) read(root *value, cfg *Config) {
	top := d.topLevel(root)
	entries := top
	if cfg.Env != "" {
		// The top level is checked whole even where the environment has keys of its own.
		d.decode(top, &Config{})
		entries = d.environment(root, top, cfg.Env)
	}
	d.decode(entries, cfg)
	if cfg.Env != "" && cfg.Name != "" && root.path("env", cfg.Env, "name") == nil {
		cfg.Name += "-" + cfg.Env
	}
	d.nameDependent(cfg)
	d.checkUnique()
	for _, b := range d.bound {
		if b.what != "variable" && b.what != "secret" {
			cfg.taken = append(cfg.taken, b.name)
		}
	}
	if cfg.Build.Cwd == "" {
		cfg.Build.Cwd = cfg.Dir
	}
	d.checkWhole(root, cfg)
}

// nameDependent settles what follows from the Worker's name.
func (d *decoder) nameDependent(cfg *Config) {
	if cfg.Name == "" {
		cfg.Name = defaultName
	}
	for i, p := range cfg.Queues.Producers {
		if p.Queue == "" {
			// Receipt: wrangler 4.164.0 creates missing resources under this name when it deploys.
			cfg.Queues.Producers[i].Queue = cfg.Name + "-" + strings.ReplaceAll(strings.ToLower(p.Binding), "_", "-")
		}
	}
	// A Worker can be bound to itself; there is no other one here.
	if slices.ContainsFunc(cfg.Services, func(s Service) bool { return s.Service != cfg.Name || s.Entrypoint != "" }) {
		cfg.NotEmulated = append(cfg.NotEmulated, "services")
	}
}

// checkWhole looks at what is missing.
func (d *decoder) checkWhole(root *value, cfg *Config) {
	set := func(key string) bool { return root.member(key) != nil || root.path("env", cfg.Env, key) != nil }
	if !set("main") && !set("assets") && !set("site") && !set("pages_build_output_dir") {
		d.fail(-1, `"main" is missing: the configuration does not say which file is the Worker`, `add "main": "src/index.ts"`)
	}
	d.checkAssets(cfg, root.member("site"))
	if m := root.member("routes"); m != nil && root.member("route") != nil {
		d.fail(m.at, `"route" and "routes" are both set`, `keep "routes" and put the other pattern into it`)
	}
	if !set("compatibility_date") {
		d.warn(-1, `"compatibility_date" is missing, so the Worker runs as on the newest date`,
			`add the date of today, so that later changes of the runtime cannot break the Worker`)
	}
	if len(cfg.NotEmulated) > 0 {
		at := -1
		if m := root.member(cfg.NotEmulated[0]); m != nil {
			at = m.at
		}
		d.warn(at, "not emulated yet, and without effect here: "+strings.Join(cfg.NotEmulated, ", "), "")
	}
}

// path follows keys; nil when one is missing or null.
func (v *value) path(keys ...string) *value {
	for _, k := range keys {
		m := v.member(k)
		if m == nil || m.value.kind == kindNull {
			return nil
		}
		v = m.value
	}
	return v
}

func (d *decoder) sortedWarnings() []Warning {
	slices.SortStableFunc(d.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.warnings
}

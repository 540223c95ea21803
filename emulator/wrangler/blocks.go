package wrangler

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of values.
const (
	// Receipt: https://developers.cloudflare.com/queues/platform/limits/
	maxBatchSize       = 100
	maxBatchTimeout    = 60 // seconds
	maxRetries         = 100
	maxConcurrency     = 250
	maxQueueDelay      = 24 * 60 * 60 // seconds
	maxVisibilityMS    = 12 * 60 * 60 * 1000
	maxPort            = 65535
	defaultMigrations  = "migrations"
	defaultMigrationsT = "d1_migrations"
	defaultWatchDir    = "src"
	defaultName        = "worker" // Receipt: wrangler 4.164.0, deployment-bundle/entry.ts
)

// Receipt: wrangler 4.164.0, isValidName
var workerName = regexp.MustCompile(`^[a-z0-9_][a-z0-9-_]*$`)

// Receipt: wrangler 4.164.0, isValidR2BucketName
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func (d *decoder) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(d.dir, path)
}

func (d *decoder) name(v *value, path string) {
	name := d.stringValue(v, path, `a name such as "my-worker"`)
	if name != "" && !workerName.MatchString(name) {
		d.fail(v.at, fmt.Sprintf("%q is no name for a Worker: %q", name, path),
			fmt.Sprintf("names consist of lower case letters, digits, - and _, such as %q", workerNameOf(name)))
	}
	d.cfg.Name = name
}

func workerNameOf(s string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	if out = strings.Trim(out, "-"); out == "" {
		return "my-worker"
	}
	return out
}

func (d *decoder) main(v *value, path string) {
	if main := d.stringValue(v, path, `the path of the entry file, such as "src/index.ts"`); main != "" {
		d.cfg.Main = d.abs(main)
	} else if v.kind == kindString {
		d.fail(v.at, fmt.Sprintf("%q is empty", path), `write the path of the entry file, such as "src/index.ts"`)
	}
}

func (d *decoder) compatibilityDate(v *value, path string) {
	const example = `a date such as "2026-01-31"`
	if v.kind != kindString && v.kind != kindDate {
		d.fail(v.at, fmt.Sprintf("%q must be a string, but it is %s", path, v.describe()), "write "+example)
		return
	}
	// Wrangler refuses TOML's own dates too.
	date := d.stringValue(v, path, example)
	if v.kind != kindString {
		return
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		hint := `dates are written year-month-day, such as "2026-01-31"`
		if strings.ContainsAny(date, "–—") {
			hint = "it has a long dash: dates are joined by plain hyphens (-)"
		}
		d.fail(v.at, fmt.Sprintf("%q is no date: %q", path, date), hint)
		return
	}
	d.cfg.CompatibilityDate = date
}

func (d *decoder) compatibilityFlags(v *value, path string) {
	d.cfg.CompatibilityFlags = d.stringList(v, path, `a list such as ["nodejs_compat"]`)
}

func (d *decoder) findAdditionalModules(v *value, path string) {
	find := d.boolValue(v, path)
	d.cfg.FindAdditionalModules = &find
}

func (d *decoder) preserveFileNames(v *value, path string) {
	d.cfg.PreserveFileNames = d.boolValue(v, path)
}
func (d *decoder) noBundle(v *value, path string)  { d.cfg.NoBundle = d.boolValue(v, path) }
func (d *decoder) minify(v *value, path string)    { d.cfg.Minify = d.boolValue(v, path) }
func (d *decoder) keepNames(v *value, path string) { d.cfg.KeepNames = d.boolValue(v, path) }

func (d *decoder) baseDir(v *value, path string) {
	if dir := d.stringValue(v, path, "the path of a folder"); dir != "" {
		d.cfg.BaseDir = d.abs(dir)
	}
}

func (d *decoder) tsconfig(v *value, path string) {
	if file := d.stringValue(v, path, `a path such as "tsconfig.json"`); file != "" {
		d.cfg.TSConfig = d.abs(file)
	}
}

func (d *decoder) jsxFactory(v *value, path string) {
	d.cfg.JSXFactory = d.stringValue(v, path, `a name such as "h"`)
}

func (d *decoder) jsxFragment(v *value, path string) {
	d.cfg.JSXFragment = d.stringValue(v, path, `a name such as "Fragment"`)
}

func (d *decoder) alias(v *value, path string) {
	d.cfg.Alias = d.stringMap(v, path, `an object such as {"module": "./replacement.ts"}`)
}

func (d *decoder) define(v *value, path string) {
	d.cfg.Define = d.stringMap(v, path, `an object such as {"NAME": "\"text\""}`)
}

func (d *decoder) route(v *value, path string) {
	if v.kind == kindString && v.text == "" {
		d.warn(v.at, fmt.Sprintf("%q is empty and is ignored", path), "remove it")
		return
	}
	d.addRoute(v, path)
}

func (d *decoder) routes(v *value, path string) {
	if !d.expect(v, path, kindArray, `a list such as ["example.com/*"]`) {
		return
	}
	for i, item := range v.items {
		d.addRoute(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *decoder) addRoute(v *value, path string) {
	const example = `a pattern such as "example.com/*", or {"pattern": "example.com", "custom_domain": true}`
	if v.kind == kindString {
		d.cfg.Routes = append(d.cfg.Routes, Route{Pattern: v.text})
		return
	}
	if v.kind != kindObject {
		d.expect(v, path, kindString, example)
		return
	}
	o := d.object(v, path, example)
	r := Route{
		Pattern:      o.required("pattern", "example.com/*"),
		ZoneID:       o.str("zone_id"),
		ZoneName:     o.str("zone_name"),
		CustomDomain: o.boolean("custom_domain"),
	}
	o.ignore("enabled", "previews_enabled")
	if r.ZoneID != "" && r.ZoneName != "" {
		d.fail(v.at, fmt.Sprintf("%q has both a zone_id and a zone_name", path), "keep one of them")
	}
	o.end()
	d.cfg.Routes = append(d.cfg.Routes, r)
}

func (d *decoder) triggers(v *value, path string) {
	o := d.object(v, path, `an object such as {"crons": ["0 3 * * *"]}`)
	if o == nil {
		return
	}
	crons, cronsPath := o.get("crons")
	o.ignore("events")
	o.end()
	if crons == nil || !d.expect(crons, cronsPath, kindArray, `a list such as ["0 3 * * *"]`) {
		return
	}
	for i, item := range crons.items {
		itemPath := fmt.Sprintf("%s[%d]", cronsPath, i)
		cron := d.stringValue(item, itemPath, `a cron expression such as "0 3 * * *"`)
		if fields := len(strings.Fields(cron)); item.kind == kindString && fields != 5 {
			d.fail(item.at, fmt.Sprintf("%q is no cron expression: it has %d fields", cron, fields),
				`write five: minute hour day month weekday, such as "0 3 * * *" for each night at three (UTC)`)
			continue
		}
		d.cfg.Triggers.Crons = append(d.cfg.Triggers.Crons, cron)
	}
}

func (d *decoder) limits(v *value, path string) {
	o := d.object(v, path, `an object such as {"cpu_ms": 50}`)
	if o == nil {
		return
	}
	d.cfg.Limits = Limits{
		CPUMS:       o.integer("cpu_ms", 1, math.MaxInt32),
		Subrequests: o.integer("subrequests", 1, math.MaxInt32),
	}
	o.end()
}

func (d *decoder) rules(v *value, path string) {
	d.cfg.Rules = nil
	d.each(v, path, `{"type": "Text", "globs": ["**/*.md"]}`, func(o *object) {
		r := Rule{Globs: o.strings("globs", `a list such as ["**/*.md"]`)}
		types := []string{"ESModule", "CommonJS", "CompiledWasm", "Text", "Data", "PythonModule", "PythonRequirement"}
		if t, tpath := o.get("type"); t != nil {
			r.Type = d.oneOf(t, tpath, types...)
		} else {
			d.fail(o.v.at, fmt.Sprintf("%q needs a %q", o.path, "type"), "add one of "+strings.Join(types[:5], ", "))
		}
		if o.v.member("globs") == nil {
			d.fail(o.v.at, fmt.Sprintf("%q needs %q", o.path, "globs"), `add "globs": ["**/*.md"]`)
		}
		if f, fpath := o.get("fallthrough"); f != nil {
			on := d.boolValue(f, fpath)
			r.Fallthrough = &on
		}
		d.cfg.Rules = append(d.cfg.Rules, r)
	})
}

func (d *decoder) build(v *value, path string) {
	o := d.object(v, path, `an object such as {"command": "npm run build"}`)
	if o == nil {
		return
	}
	b := Build{Command: o.str("command"), Cwd: d.dir}
	if cwd := o.str("cwd"); cwd != "" {
		b.Cwd = d.abs(cwd)
	}
	watched := []string{defaultWatchDir}
	if dirs, dirsPath := o.get("watch_dir"); dirs != nil {
		if dirs.kind == kindString {
			watched = []string{dirs.text}
		} else {
			watched = d.stringList(dirs, dirsPath, `a path such as "./src", or a list of them`)
		}
	}
	if b.Command != "" {
		for _, dir := range watched {
			b.WatchDirs = append(b.WatchDirs, d.abs(dir))
		}
	}
	o.end()
	d.cfg.Build = b
}

func (d *decoder) dev(v *value, path string) {
	o := d.object(v, path, `an object such as {"port": 8787}`)
	if o == nil {
		return
	}
	dev := Dev{
		IP:            o.str("ip"),
		Port:          o.integer("port", 0, maxPort),
		Host:          o.str("host"),
		InspectorPort: o.integer("inspector_port", 0, maxPort),
	}
	if m := o.v.member("port"); m != nil {
		dev.Pos = d.pos(m.value.at)
	}
	for key, into := range map[string]*string{"local_protocol": &dev.LocalProtocol, "upstream_protocol": &dev.UpstreamProtocol} {
		if p, ppath := o.get(key); p != nil {
			*into = d.oneOf(p, ppath, "http", "https")
		}
	}
	o.ignore("inspector_ip", "enable_containers", "container_engine", "generate_types")
	slices.Sort(o.known)
	o.end()
	d.cfg.Dev = dev
}

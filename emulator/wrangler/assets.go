package wrangler

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of run_worker_first.
// Receipt: wrangler 4.164.0, workers-shared/utils/configuration/constants.ts
const (
	maxFirstRules = 100
	maxFirstRule  = 100 // characters
)

func (d *decoder) assets(v *value, path string) {
	o := d.object(v, path, `an object such as {"directory": "./public"}`)
	if o == nil {
		return
	}
	a := &Assets{}
	if dir := o.required("directory", "./public"); dir != "" {
		a.Directory = d.abs(dir)
		a.directory = *d.src.at(v.member("directory").value.at, "", "")
	}
	if m := v.member("binding"); m != nil {
		a.Binding = o.binding("binding", "assets binding", "ASSETS")
		a.binding = m.value
	} else {
		o.ignore("binding")
	}
	if h, hpath := o.get("html_handling"); h != nil {
		a.HTMLHandling = d.oneOf(h, hpath, "auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none")
	}
	if n, npath := o.get("not_found_handling"); n != nil {
		a.NotFoundHandling = d.oneOf(n, npath, "single-page-application", "404-page", "none")
	}
	if b, bpath := o.get("base_path"); b != nil {
		a.BasePath = d.basePath(b, bpath)
	}
	if r, rpath := o.get("run_worker_first"); r != nil {
		a.first = r
		switch r.kind {
		case kindBool:
			a.RunWorkerFirst = r.truth
		case kindArray:
			a.RunWorkerFirstFor = d.firstRules(r, rpath)
		default:
			d.fail(r.at, fmt.Sprintf("%q must be true, false or a list, but it is %s", rpath, r.describe()),
				`write true, or patterns such as ["/api/*", "!/api/docs/*"]`)
		}
	}
	o.end()
	d.cfg.Assets = a
}

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z\d+.-]*:`)

// basePath reads the path that the directory's root has: "/docs", "docs/" and "/docs/" are the same.
// Receipt: wrangler 4.164.0, workers-shared/utils/base-path.ts
func (d *decoder) basePath(v *value, key string) string {
	const example = `a path such as "/docs/"`
	base := d.stringValue(v, key, example)
	switch {
	case v.kind != kindString:
	case base == "":
		d.fail(v.at, fmt.Sprintf("%q is empty", key), "write "+example)
	case strings.HasPrefix(base, "//") || scheme.MatchString(base) || strings.ContainsAny(base, "\\?#%") || strings.ContainsFunc(base, isControl):
		d.fail(v.at, fmt.Sprintf("%q must be a path, without host, query, backslash or percent sign, and is %q", key, base), "write "+example)
	default:
		return strings.TrimSuffix(path.Clean("/"+base), "/") + "/"
	}
	return ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// firstRules reads the patterns of run_worker_first.
// Receipt: wrangler 4.164.0, workers-shared/utils/configuration/parseStaticRouting.ts
func (d *decoder) firstRules(v *value, path string) []string {
	rules := d.stringList(v, path, `a list such as ["/api/*", "!/api/docs/*"]`)
	if len(rules) != len(v.items) {
		return rules
	}
	positive := slices.ContainsFunc(rules, func(rule string) bool { return strings.HasPrefix(rule, "/") })
	switch {
	case len(rules) == 0:
		d.fail(v.at, fmt.Sprintf("%q is an empty list", path), `write at least one pattern, such as "/api/*", or true or false`)
	case len(rules) > maxFirstRules:
		d.fail(v.at, fmt.Sprintf("%q has %d patterns, and at most %d are allowed", path, len(rules), maxFirstRules),
			`one with "*" can stand for many, such as "/api/*"`)
	case !positive && strings.HasPrefix(rules[0], "!/"):
		d.fail(v.at, fmt.Sprintf("%q has patterns with \"!\" only, which take paths out of others", path),
			`add what the Worker shall get, such as "/*"`)
	}
	for i, rule := range rules {
		d.firstRule(v.items[i], fmt.Sprintf("%s[%d]", path, i), rule, rules, i)
	}
	return rules
}

func (d *decoder) firstRule(v *value, path, rule string, rules []string, i int) {
	switch {
	case !strings.HasPrefix(rule, "/") && !strings.HasPrefix(rule, "!/"):
		d.fail(v.at, fmt.Sprintf("%q is no pattern: %q", path, rule), `patterns begin with "/" or "!/", such as "/api/*"`)
	case utf8.RuneCountInString(rule) > maxFirstRule:
		d.fail(v.at, fmt.Sprintf("%q has more than %d characters", path, maxFirstRule), `shorten it with "*"`)
	case slices.Contains(rules[:i], rule):
		d.fail(v.at, fmt.Sprintf("%q is there twice: %q", path, rule), "remove one of them")
	default:
		for _, other := range rules {
			if wide, ok := strings.CutSuffix(other, "*"); ok && other != rule && strings.HasPrefix(rule, wide) {
				d.fail(v.at, fmt.Sprintf("%q is of no use: %q covers %q already", path, other, rule), "remove one of them")
				return
			}
		}
	}
}

// checkAssets looks at what the assets need of the rest of the configuration.
// Receipt: wrangler 4.164.0, validateAssetsArgsAndConfig and resolveAssetOptions
func (d *decoder) checkAssets(cfg *Config, site *member) {
	a := cfg.Assets
	if a == nil {
		return
	}
	if site != nil {
		d.fail(site.at, `"assets" and "site" are both set, and a Worker can have only one of them`, `remove "site", the older of the two`)
	}
	const addMain = `remove it, or add "main": "src/index.ts"`
	if a.binding != nil && cfg.Main == "" {
		d.fail(a.binding.at, `"assets" has a binding, but there is no Worker to use it: "main" is missing`, addMain)
	}
	if a.first != nil && (a.RunWorkerFirst || a.RunWorkerFirstFor != nil) && cfg.Main == "" {
		d.fail(a.first.at, `"run_worker_first" is set, but there is no Worker to run: "main" is missing`, addMain)
	}
	if a.RunWorkerFirst && a.binding == nil && cfg.Main != "" {
		d.warn(a.first.at, `"run_worker_first" is true, and "assets" has no binding: nobody can reach the assets`,
			`add "binding": "ASSETS" to "assets", and call env.ASSETS.fetch(request)`)
	}
}

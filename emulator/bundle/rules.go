package bundle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
)

// defaultRules come after the user's own.
// Receipt: https://developers.cloudflare.com/workers/wrangler/bundling/#including-non-javascript-modules
var defaultRules = []Rule{
	{Type: "Text", Globs: []string{"**/*.txt", "**/*.html", "**/*.sql"}},
	{Type: "Data", Globs: []string{"**/*.bin"}},
	{Type: "CompiledWasm", Globs: []string{"**/*.wasm", "**/*.wasm?module"}},
}

var moduleTypes = map[string]worker.ModuleType{
	"ESModule":     worker.ESModule,
	"CommonJS":     worker.CommonJSModule,
	"Text":         worker.TextModule,
	"Data":         worker.DataModule,
	"CompiledWasm": worker.WasmModule,
}

// rules are the rules in force, and those that an earlier rule of the same type hides.
type rules struct {
	active, hidden []*compiledRule
	warnings       []ruleWarning
}

type ruleWarning struct{ message, hint string }

type compiledRule struct {
	Rule
	imports []*regexp.Regexp // for specifiers: a star matches slashes too
	files   []*regexp.Regexp // for paths below the base folder
}

// parseRules applies wrangler's order: the first rule of a type that does not say fallthrough ends
// that type, and later rules of it, the default one included, no longer count.
// Receipt: wrangler 4.164.0, deployment-bundle/rules.ts
func parseRules(user []Rule) rules {
	var out rules
	ended := map[string]Rule{}
	for i, r := range slices.Concat(user, defaultRules) {
		if moduleTypes[r.Type] == "" {
			continue // its type is an error of the configuration, said there
		}
		c := &compiledRule{Rule: r}
		for _, g := range r.Globs {
			c.imports = append(c.imports, globRegexp(g, false))
			c.files = append(c.files, globRegexp(g, true))
		}
		end, isEnded := ended[r.Type]
		switch {
		case isEnded:
			out.hidden = append(out.hidden, c)
			if end.Fallthrough == nil {
				which := "a later rule"
				if i >= len(user) {
					which = "wrangler's default rule"
				}
				out.warnings = append(out.warnings, ruleWarning{
					message: fmt.Sprintf("the %s rule for %s hides %s for %s", end.Type, list(end.Globs), which, list(r.Globs)),
					hint:    `set "fallthrough" of the first rule to true to let both count, or to false to silence this`,
				})
			}
		default:
			out.active = append(out.active, c)
			if r.Fallthrough == nil || !*r.Fallthrough {
				ended[r.Type] = r
			}
		}
	}
	return out
}

func list(globs []string) string { return strings.Join(globs, ", ") }

// match finds the rule for an import's specifier. When none is in force it tells which is hidden.
func (rs rules) match(specifier string) (active, hidden *compiledRule) {
	matches := func(c *compiledRule) bool { return matchAny(c.imports, specifier) }
	if i := slices.IndexFunc(rs.active, matches); i >= 0 {
		return rs.active[i], nil
	}
	if i := slices.IndexFunc(rs.hidden, matches); i >= 0 {
		return nil, rs.hidden[i]
	}
	return nil, nil
}

func matchAny(globs []*regexp.Regexp, s string) bool {
	return slices.ContainsFunc(globs, func(re *regexp.Regexp) bool { return re.MatchString(s) })
}

func (c *compiledRule) moduleType() worker.ModuleType { return moduleTypes[c.Type] }

func (c *compiledRule) javaScript() bool { return c.Type == "ESModule" || c.Type == "CommonJS" }

func (c *compiledRule) ignored(specifier string) api.Message {
	return api.Message{
		Text:  fmt.Sprintf("%q matches the %s rule for %s, which an earlier %s rule hides", specifier, c.Type, list(c.Globs), c.Type),
		Notes: []api.Note{{Text: `set "fallthrough": true on the earlier rule of "rules" in the configuration`}},
	}
}

// globRegexp translates a glob. With globstar, "**/" stands for any number of folders and "*" for a
// part of one name; without, any run of stars matches everything, slashes included.
// Receipt: wrangler 4.164.0 matches specifiers without globstar and files with it.
func globRegexp(glob string, globstar bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(glob); {
		if glob[i] != '*' {
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			i++
			continue
		}
		end := i
		for end < len(glob) && glob[end] == '*' {
			end++
		}
		startsName := i == 0 || glob[i-1] == '/'
		endsName := end == len(glob) || glob[end] == '/'
		switch {
		case !globstar:
			b.WriteString(".*")
		case end-i > 1 && startsName && endsName:
			b.WriteString("(?:[^/]*(?:/|$))*")
			end = min(end+1, len(glob))
		default:
			b.WriteString("[^/]*")
		}
		i = end
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String())
}

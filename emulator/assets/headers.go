package assets

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxHeaderRules is how many rules _headers may hold.
// Receipt: https://developers.cloudflare.com/workers/static-assets/headers/
const maxHeaderRules = 100

// A headerRule is a path of _headers with what it sets and takes off.
type headerRule struct {
	path  string
	from  pattern
	set   []headerField
	unset []string
}

type headerField struct{ name, value string }

// applyHeaders applies the rules to a response's headers, in order. The first rule that sets a header
// replaces what was there; later ones add to it.
func applyHeaders(h http.Header, rules []headerRule, host, path string) {
	var set map[string]bool
	for _, rule := range rules {
		values, ok := rule.from.match(host, path)
		if !ok {
			continue
		}
		for _, name := range rule.unset {
			h.Del(name)
		}
		for _, f := range rule.set {
			if set == nil {
				set = map[string]bool{}
			}
			if value := fill(f.value, values); set[f.name] {
				h.Add(f.name, value)
			} else {
				h.Set(f.name, value)
			}
			set[f.name] = true
		}
	}
}

// parseHeaders reads the text of _headers.
//
// Receipt: wrangler 4.164.0, workers-shared/utils/configuration/parseHeaders.ts
func parseHeaders(text string) ([]headerRule, []Warning) {
	p := headerParser{}
	for line := range strings.SplitSeq(text, "\n") {
		p.number++
		line = strings.TrimFunc(line, isSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		var err error
		switch {
		case utf8.RuneCountInString(line) > maxLine:
			err = fmt.Errorf("the line is left out: it has more than %d characters", maxLine)
		case looksLikePath.MatchString(line):
			p.end()
			err = p.begin(line)
		case !p.skipping:
			err = p.field(line)
		}
		if err != nil {
			p.warn(p.number, line, err)
		}
		if p.full {
			break
		}
	}
	p.end()
	slices.SortStableFunc(p.warnings, func(a, b Warning) int { return a.Line - b.Line })
	return p.rules, p.warnings
}

var looksLikePath = regexp.MustCompile(`^([^\s]+://|/)`)

type headerParser struct {
	number   int
	rules    []headerRule
	warnings []Warning

	rule     *headerRule // nil: none has begun, or it is left out
	at       int         // the line it began at
	text     string
	skipping bool // the lines of a rule that is left out
	full     bool // no more lines are read
}

func (p *headerParser) warn(number int, line string, err error) {
	p.warnings = append(p.warnings, Warning{headersName, number, line, err.Error()})
}

// end takes in the rule whose lines have ended. A second one for a path takes the first one's place.
func (p *headerParser) end() {
	rule := p.rule
	p.rule = nil
	switch {
	case rule == nil:
		return
	case len(rule.set) == 0 && len(rule.unset) == 0:
		p.warn(p.at, p.text, errors.New("no header follows this path"))
		return
	}
	if i := slices.IndexFunc(p.rules, func(r headerRule) bool { return r.path == rule.path }); i >= 0 {
		p.rules[i] = *rule
		return
	}
	p.rules = append(p.rules, *rule)
}

func (p *headerParser) begin(line string) error {
	p.skipping = true
	if len(p.rules) >= maxHeaderRules {
		p.full = true
		return fmt.Errorf("this line and all below it are left out: there are more than %d rules", maxHeaderRules)
	}
	path, err := headerPath(line)
	if err != nil {
		return err
	}
	from, err := compilePattern(path)
	if err != nil {
		return err
	}
	p.skipping = false
	p.rule, p.at, p.text = &headerRule{path: path, from: from}, p.number, line
	return nil
}

var splat = regexp.MustCompile(`:splat(\W|$)`)

func headerPath(line string) (string, error) {
	if m := httpsURL.FindStringSubmatch(line); m != nil && withPort.MatchString(m[1]) {
		return "", errors.New("an address with a port is not supported")
	}
	path, err := normalURL(line, false)
	switch n := strings.Count(path, "*"); {
	case err != nil:
		return "", err
	case n > 1:
		return "", fmt.Errorf(`%s has %d wildcards: only one "*" is allowed, name the others, such as ":project"`, path, n)
	case n > 0 && splat.MatchString(path):
		return "", fmt.Errorf(`%s has both "*" and ":splat", which are the same`, path)
	}
	return path, nil
}

// token is what a header's name may be. Cloudflare takes any other too, and then fails at each request
// that the rule is for.
var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9a-z-]+$")

// field reads "Name: value" or "! Name".
func (p *headerParser) field(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		unset, isUnset := strings.CutPrefix(line, "! ")
		switch {
		case p.rule == nil:
			return errors.New(`a path, beginning with "/", must come first`)
		case !isUnset:
			return errors.New(`a header is written "Name: value", and "! Name" takes one off`)
		}
		p.rule.unset = append(p.rule.unset, unset)
		return nil
	}
	name, value = strings.ToLower(strings.TrimFunc(name, isSpace)), strings.TrimFunc(value, isSpace)
	switch {
	case strings.Contains(name, " "):
		return errors.New("a header's name has no spaces")
	case name == "":
		return errors.New("the header has no name")
	case value == "":
		return errors.New("the header has no value")
	case !token.MatchString(name):
		return fmt.Errorf("%q cannot be a header's name", name)
	case p.rule == nil:
		return fmt.Errorf("a path, beginning with \"/\", must come before the header %s", name)
	}
	for i, f := range p.rule.set {
		if f.name == name {
			p.rule.set[i].value += ", " + value
			return nil
		}
	}
	p.rule.set = append(p.rule.set, headerField{name, value})
	return nil
}

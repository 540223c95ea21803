package assets

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// Limits of _redirects. Receipt: https://developers.cloudflare.com/workers/static-assets/redirects/
const (
	maxStaticRedirects  = 2000
	maxDynamicRedirects = 100
)

// redirects are the rules of _redirects. Those without wildcards that stand above all with some are
// static, and come first whatever their order.
type redirects struct {
	static  map[string]redirectRule
	dynamic []redirectRule
}

type redirectRule struct {
	from   pattern // of a dynamic one
	to     string
	status int // 200 serves what is at to
}

// match is the rule for a path, with its placeholders filled in.
func (rs redirects) match(path string) (redirectRule, bool) {
	if rule, ok := rs.static[path]; ok {
		return rule, true
	}
	for _, rule := range rs.dynamic {
		if values, ok := rule.from.match("", path); ok {
			rule.to = fillTarget(rule.to, values)
			return rule, true
		}
	}
	return redirectRule{}, false
}

var external = regexp.MustCompile(`^(\w+://|//[^/\\\s?#])`)

// fillTarget fills in a rule's target. What stands for a placeholder cannot make an address of a path:
// in one's path, slashes that follow each other become one.
func fillTarget(to string, values map[string]string) string {
	filled := strings.TrimFunc(fill(to, values), isSpace)
	if external.MatchString(to) {
		return filled
	}
	end := strings.IndexAny(filled, "?#")
	if end < 0 {
		end = len(filled)
	}
	return slashes.ReplaceAllString(filled[:end], "/") + filled[end:]
}

var slashes = regexp.MustCompile(`[/\\]+`)

// A target is where a redirect leads, seen from the request that it answers.
type target struct{ origin, path, search, hash string }

// resolve makes a rule's target absolute.
func resolve(request *url.URL, to string) target {
	base := request.Scheme + "://" + request.Host
	u, err := whatwg.ParseRef(base, to)
	if err != nil { // a host that is none, which the rule was written with
		return target{path: to}
	}
	t := target{path: u.Pathname(), search: u.Search(), hash: u.Hash()}
	if origin := u.Protocol() + "//" + u.Host(); origin != base {
		t.origin = origin
	}
	return t
}

// location is the header's value. A target without a query of its own gets the request's.
func (t target) location(search string) string {
	return t.origin + t.path + cmp.Or(t.search, search) + t.hash
}

// parseRedirects reads the text of _redirects.
//
// Receipt: wrangler 4.164.0, workers-shared/utils/configuration/parseRedirects.ts
func parseRedirects(text, htmlHandling string) (redirects, []Warning) {
	p := redirectParser{htmlHandling: htmlHandling, out: redirects{static: map[string]redirectRule{}}, seen: map[string]bool{}}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimFunc(line, isSpace)
		if line == "" || line[0] == '#' || p.full {
			continue
		}
		if err := p.line(line); err != nil {
			p.warnings = append(p.warnings, Warning{redirectsName, number, line, err.Error()})
		}
	}
	return p.out, p.warnings
}

type redirectParser struct {
	htmlHandling            string
	out                     redirects
	warnings                []Warning
	seen                    map[string]bool
	statics, dynamics       int
	sawDynamic, keptDynamic bool
	full                    bool // no more lines are read
}

var comment = regexp.MustCompile(`\s+#.*$`)

func (p *redirectParser) line(line string) error {
	if utf8.RuneCountInString(line) > maxLine {
		return fmt.Errorf("the line is left out: it has more than %d characters", maxLine)
	}
	words := strings.FieldsFunc(comment.ReplaceAllString(line, ""), isSpace)
	if len(words) < 2 || len(words) > 3 {
		return fmt.Errorf("a redirect is two or three words, FROM TO [STATUS], and this has %d", len(words))
	}
	from, err := redirectFrom(words[0])
	if err != nil {
		return err
	}
	isStatic := !p.sawDynamic && !wildcard.MatchString(from)
	if err := p.count(isStatic); err != nil {
		return err
	}
	rule := redirectRule{status: http.StatusFound}
	if rule.to, err = normalURL(words[1], true); err != nil {
		return err
	}
	if len(words) == 3 {
		if rule.status, err = redirectStatus(words[2]); err != nil {
			return err
		}
	}
	if err := p.check(from, rule); err != nil {
		return err
	}
	p.seen[from] = true
	if !p.keptDynamic && !wildcard.MatchString(from) {
		p.out.static[from] = rule
		return nil
	}
	p.keptDynamic = true
	if rule.from, err = compilePattern(from); err != nil {
		return err
	}
	p.out.dynamic = append(p.out.dynamic, rule)
	return nil
}

func redirectFrom(word string) (string, error) {
	if httpsURL.MatchString(word) {
		return "", fmt.Errorf("a redirect is from a path, not from an address such as %s", word)
	}
	if !strings.HasPrefix(word, "/") {
		word = "/" + word
	}
	return normalURL(word, false)
}

// count counts a rule before the rest of it is looked at, as Cloudflare does.
func (p *redirectParser) count(isStatic bool) error {
	if isStatic {
		if p.statics++; p.statics > maxStaticRedirects {
			return fmt.Errorf("the line is left out: there are more than %d static redirects", maxStaticRedirects)
		}
		return nil
	}
	p.sawDynamic = true
	if p.dynamics++; p.dynamics > maxDynamicRedirects {
		p.full = true
		return fmt.Errorf("this line and all below it are left out: there are more than %d redirects with wildcards, or below one that has some", maxDynamicRedirects)
	}
	return nil
}

func redirectStatus(word string) (int, error) {
	status, err := strconv.Atoi(word)
	switch {
	case err != nil:
	case status == 200, status == 301, status == 302, status == 303, status == 307, status == 308:
		return status, nil
	}
	return 0, fmt.Errorf("the status must be 200, 301, 302, 303, 307 or 308, and is %s", word)
}

var toIndex = regexp.MustCompile(`/index(\.html)?$`)

func (p *redirectParser) check(from string, rule redirectRule) error {
	toHost := httpsURL.MatchString(rule.to)
	switch {
	case !toHost && toIndex.MatchString(rule.to) && (strings.HasSuffix(from, "/*") || strings.HasSuffix(from, "/") && p.htmlHandling != None):
		return fmt.Errorf("the redirect would never end: %s is asked for by a path that this rule is for", rule.to)
	case p.seen[from]:
		return fmt.Errorf("there is a redirect from %s already", from)
	case rule.status == http.StatusOK && toHost:
		return fmt.Errorf("a rewrite, status 200, is to a path, not to an address such as %s", rule.to)
	}
	return nil
}

// Package urlpattern matches URLs against patterns, by the URL Pattern Standard.
//
// A pattern is one for each of a URL's eight components. What it is made of compiles to Go's regular
// expressions, save where it holds regular expressions of the user's own: those are the caller's to
// compile, in the language that they were written in. Nothing here knows JavaScript.
//
// Receipt: https://urlpattern.spec.whatwg.org/
package urlpattern

import (
	"errors"
	"regexp"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// A Group is what a group of a pattern has matched. Set is false when it took no part in the match.
type Group struct {
	Text string
	Set  bool
}

// A Matcher is a compiled regular expression: the groups that it finds in input, and whether it matches.
type Matcher func(input string) ([]Group, bool)

// Compile compiles a regular expression of JavaScript, with the flag u.
type Compile func(source string, ignoreCase bool) (Matcher, error)

// A Component is the pattern of one component of URLs.
type Component struct {
	Pattern string // normalised
	names   []string
	match   Matcher
	regexps bool
}

// A Pattern is a URLPattern. It may be used by one goroutine only when it holds regular expressions of
// the user's own.
type Pattern struct {
	Protocol, Username, Password, Hostname, Port, Pathname, Search, Hash Component
}

// New makes a pattern of an init; ignoreCase goes for the path, the search and the hash.
func New(in Init, ignoreCase bool, compile Compile) (*Pattern, error) {
	done, err := process(in, true, Init{})
	if err != nil {
		return nil, err
	}
	wild := "*"
	for _, field := range []**string{&done.Protocol, &done.Username, &done.Password, &done.Hostname, &done.Port, &done.Pathname, &done.Search, &done.Hash} {
		if *field == nil {
			*field = &wild
		}
	}
	if isSpecial(*done.Protocol) && strings.TrimSpace(*done.Port) == defaultPort(*done.Protocol) {
		done.Port = new(string)
	}
	p := &Pattern{}
	set := func(c *Component, pattern string, canonical func(string) (string, error), o options) {
		if err == nil {
			*c, err = compileComponent(pattern, canonical, o, compile)
		}
	}
	host := canonicalHostname
	if isIPv6(*done.Hostname) {
		host = canonicalIPv6
	}
	set(&p.Protocol, *done.Protocol, canonicalProtocol, options{})
	set(&p.Username, *done.Username, canonicalUsername, options{})
	set(&p.Password, *done.Password, canonicalPassword, options{})
	set(&p.Hostname, *done.Hostname, host, options{delimiter: "."})
	set(&p.Port, *done.Port, func(s string) (string, error) { return canonicalPort(s, "") }, options{})
	if err == nil && p.Protocol.matchesSpecial() {
		set(&p.Pathname, *done.Pathname, canonicalPathname, options{"/", "/", ignoreCase})
	} else {
		set(&p.Pathname, *done.Pathname, canonicalOpaque, options{ignoreCase: ignoreCase})
	}
	set(&p.Search, *done.Search, canonicalSearch, options{ignoreCase: ignoreCase})
	set(&p.Hash, *done.Hash, canonicalHash, options{ignoreCase: ignoreCase})
	if err != nil {
		return nil, err
	}
	return p, nil
}

var errRelative = errors.New("a relative pattern needs a base URL")

// Parse makes a pattern of a constructor string. base may be nil.
func Parse(input string, base *string, ignoreCase bool, compile Compile) (*Pattern, error) {
	in, err := parseConstructor(input, compile)
	if err != nil {
		return nil, err
	}
	if base == nil && in.Protocol == nil {
		return nil, errRelative
	}
	in.BaseURL = base
	return New(in, ignoreCase, compile)
}

func isIPv6(pattern string) bool {
	return len(pattern) > 1 && (pattern[0] == '[' || (pattern[0] == '{' || pattern[0] == '\\') && pattern[1] == '[')
}

func compileComponent(input string, canonical func(string) (string, error), o options, compile Compile) (Component, error) {
	parts, err := parseParts(input, o, func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		return canonical(s)
	})
	if err != nil {
		return Component{}, err
	}
	c := Component{Pattern: pattern(parts, o)}
	var source string
	source, c.names = expression(parts, o)
	for _, p := range parts {
		c.regexps = c.regexps || p.kind == partRegexp
	}
	if c.regexps {
		c.match, err = compile(source, o.ignoreCase)
	} else {
		c.match, err = compileOwn(source, o.ignoreCase)
	}
	return c, err
}

// compileOwn compiles an expression that holds nothing of the user's but names and text.
func compileOwn(source string, ignoreCase bool) (Matcher, error) {
	switch source {
	case "^(.*)$":
		return func(input string) ([]Group, bool) { return []Group{{input, true}}, true }, nil
	case "^$":
		return func(input string) ([]Group, bool) { return nil, input == "" }, nil
	}
	flags := ""
	if ignoreCase {
		flags = "(?i)"
	}
	// An empty negated class, of components without a delimiter, is any character.
	re, err := regexp.Compile(flags + strings.ReplaceAll(source, "[^]", `[\s\S]`))
	if err != nil {
		return nil, err
	}
	return func(input string) ([]Group, bool) {
		at := re.FindStringSubmatchIndex(input)
		if at == nil {
			return nil, false
		}
		groups := make([]Group, len(at)/2-1)
		for n := range groups {
			if from, to := at[2*n+2], at[2*n+3]; from >= 0 {
				groups[n] = Group{input[from:to], true}
			}
		}
		return groups, true
	}, nil
}

func (c *Component) matchesSpecial() bool {
	for _, s := range special {
		if _, ok := c.match(s.scheme); ok {
			return true
		}
	}
	return false
}

// HasRegExpGroups reports whether the pattern holds a regular expression of the user's own.
func (p *Pattern) HasRegExpGroups() bool {
	return p.Protocol.regexps || p.Username.regexps || p.Password.regexps || p.Hostname.regexps ||
		p.Port.regexps || p.Pathname.regexps || p.Search.regexps || p.Hash.regexps
}

// A Result is what one component has matched: its input, and the groups by name, in order.
type Result struct {
	Input  string
	Names  []string
	Groups []Group
}

// Match matches a URL against the pattern; base may be nil. The results are in the order of Pattern's fields.
func (p *Pattern) Match(input string, base *string) ([]Result, bool) {
	u, err := weburl.Parse(input)
	if base != nil {
		var b *weburl.URL
		if b, err = weburl.Parse(*base); err == nil {
			u, err = b.Parse(input)
		}
	}
	if err != nil {
		return nil, false
	}
	return p.results(u.Scheme(), u.Username(), u.Password(), u.Hostname(), u.Port(), u.Pathname(), u.Query(), u.Fragment())
}

// MatchInit matches the components that an init gives.
func (p *Pattern) MatchInit(in Init) ([]Result, bool) {
	e := new(string)
	u, err := process(in, false, Init{e, e, e, e, e, e, e, e, nil})
	if err != nil {
		return nil, false
	}
	return p.results(*u.Protocol, *u.Username, *u.Password, *u.Hostname, *u.Port, *u.Pathname, *u.Search, *u.Hash)
}

func (p *Pattern) results(inputs ...string) ([]Result, bool) {
	out := make([]Result, len(inputs))
	for n, c := range []*Component{&p.Protocol, &p.Username, &p.Password, &p.Hostname, &p.Port, &p.Pathname, &p.Search, &p.Hash} {
		groups, ok := c.match(inputs[n])
		if !ok {
			return nil, false
		}
		out[n] = Result{inputs[n], c.names, groups}
	}
	return out, true
}

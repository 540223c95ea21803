package assets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// The files that hold rules, which are never served.
const (
	redirectsName = "_redirects"
	headersName   = "_headers"
	ignoreName    = ".assetsignore"
)

// maxLine is how many characters a line of _headers or _redirects may have.
// Receipt: https://developers.cloudflare.com/workers/static-assets/headers/
const maxLine = 2000

// Inputs are the files of a folder that Read reads.
func Inputs(dir string) []string {
	return []string{filepath.Join(dir, headersName), filepath.Join(dir, redirectsName), filepath.Join(dir, ignoreName)}
}

// A Warning is a line of a file of rules that does not hold.
type Warning struct {
	File    string // _redirects or _headers
	Line    int    // from 1
	Text    string // of the line
	Message string
}

// rulesText is what the files of rules hold; an absent file holds nothing.
type rulesText struct {
	redirects, headers string
	ignore             *string
}

func readRules(dir string) (rulesText, error) {
	var out rulesText
	for _, name := range Inputs(dir) {
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return rulesText{}, err
		}
		text := strings.TrimPrefix(string(b), "\ufeff")
		switch filepath.Base(name) {
		case redirectsName:
			out.redirects = text
		case headersName:
			out.headers = text
		case ignoreName:
			if strings.IndexByte(text, 0) >= 0 || strings.ToValidUTF8(text, "") != text {
				return rulesText{}, fmt.Errorf("%s is not text in UTF-8: save it as such", name)
			}
			out.ignore = &text
		}
	}
	return out, nil
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

// A pattern is the path, or the address, of a rule: literal text, "*" for anything and ":name" for
// anything up to the next slash.
type pattern struct {
	re       *regexp.Regexp
	withHost bool
}

var (
	placeholder = regexp.MustCompile(`:[A-Za-z]\w*`)
	wildcard    = regexp.MustCompile(`\*|:[A-Za-z]\w*`)
)

// compilePattern makes a pattern. The error is of a placeholder that is there twice.
func compilePattern(rule string) (pattern, error) {
	var b strings.Builder
	b.WriteString("^")
	// A placeholder in the host stops at dots too.
	host := 0
	if after, ok := strings.CutPrefix(rule, "https://"); ok {
		host = len("https://") + len(after)
		if i := strings.IndexByte(after, '/'); i >= 0 {
			host = len("https://") + i
		}
	}
	last, names := 0, map[string]bool{}
	for _, at := range wildcard.FindAllStringIndex(rule, -1) {
		b.WriteString(regexp.QuoteMeta(rule[last:at[0]]))
		name := rule[at[0]+1 : at[1]]
		if name == "" {
			name = "splat"
		}
		if names[name] {
			return pattern{}, fmt.Errorf("a placeholder of %s is there twice", rule)
		}
		names[name] = true
		switch {
		case rule[at[0]] == '*':
			b.WriteString("(?P<splat>.*)")
		case at[0] < host:
			b.WriteString("(?P<" + name + ">[^/.]+)")
		default:
			b.WriteString("(?P<" + name + ">[^/]+)")
		}
		last = at[1]
	}
	b.WriteString(regexp.QuoteMeta(rule[last:]) + "$")
	re, err := regexp.Compile(b.String())
	return pattern{re, host > 0}, err
}

// match returns what the wildcards stand for. Rules are written with https:// and mean http:// too.
func (p pattern) match(host, path string) (values map[string]string, ok bool) {
	text := path
	if p.withHost {
		text = "https://" + host + path
	}
	m := p.re.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	values = map[string]string{}
	for i, name := range p.re.SubexpNames() {
		if i > 0 {
			values[name] = m[i]
		}
	}
	return values, true
}

// fill puts values in the place of their placeholders.
func fill(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if v, ok := values[name[1:]]; ok {
			return v
		}
		return name
	})
}

var (
	httpsURL = regexp.MustCompile(`^https:///*([^/]+)/?(.*)`)
	withPort = regexp.MustCompile(`:\d+$`)
)

// normalURL is a rule's path or address as requests are compared with it: percent-encoded, without
// dot segments, with or without query and fragment. The error says what is wrong with it.
func normalURL(text string, whole bool) (string, error) {
	if m := httpsURL.FindStringSubmatch(text); m != nil {
		path, err := normalPath("/"+m[2], whole)
		return "https://" + m[1] + path, err
	}
	if !strings.HasPrefix(text, "/") {
		return "", errors.New(`a path must begin with "/", an address with "https://"`)
	}
	return normalPath(text, whole)
}

func normalPath(path string, whole bool) (string, error) {
	u, err := whatwg.Parse("https://host" + path)
	if err != nil {
		return "", fmt.Errorf("%q is no path", path)
	}
	if whole {
		return u.Pathname() + u.Search() + u.Hash(), nil
	}
	return u.Pathname(), nil
}

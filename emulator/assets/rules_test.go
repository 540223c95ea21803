package assets

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRedirectsAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		rules, target string
		status        int
		location      string
	}{
		"a rule is found": {"/a /b", "/a", 302, "/b"},
		"a comment after a rule is none of its words":     {"/a /b 301 # why", "/a", 301, "/b"},
		"a # inside a word belongs to it":                 {"/a /b#part", "/a", 302, "/b#part"},
		"a byte order mark is no part of the first path":  {"\ufeff/a /b", "/a", 302, "/b"},
		"lines may end as on Windows":                     {"/a /b 308\r\n/c /d 307\r\n", "/c", 307, "/d"},
		"a path without its slash gets one":               {"a /b", "/a", 302, "/b"},
		"a path is compared percent-encoded":              {"/ü /b", "/%C3%BC", 302, "/b"},
		"dot segments of a rule are resolved":             {"/x/../a /y/./b", "/a", 302, "/y/b"},
		"a static rule comes before a dynamic one below":  {"/a /static\n/* /dynamic", "/a", 302, "/static"},
		"a static rule below a dynamic one is one itself": {"/* /dynamic\n/a /static", "/a", 302, "/dynamic"},
		"of dynamic rules the first one counts":           {"/a/* /first\n/a/:x /second", "/a/b", 302, "/first"},
		"a name may begin another one":                    {"/p/:id/:id_2 /:id_2/:id", "/p/1/2", 302, "/2/1"},
		"a placeholder does not pass a slash":             {"/p/:id /x", "/p/1/2", 404, ""},
		"a placeholder is not empty":                      {"/p/:id /x", "/p/", 404, ""},
		"an unknown placeholder stays":                    {"/p/:id /:other", "/p/1", 302, "/:other"},
		"a splat may be empty":                            {"/p/* /x/:splat", "/p/", 302, "/x/"},
		"a splat may stand inside":                        {"/p/*/end /x/:splat", "/p/1/2/end", 302, "/x/1/2"},
		"a splat makes no host of a path":                 {"/out/* /:splat", "/out//evil.example/x", 302, "/evil.example/x"},
		"nor does a placeholder":                          {"/out/:a/* /:splat", "/out/x//evil.example", 302, "/evil.example"},
		"the target's query wins":                         {"/a /b?x=1", "/a?y=2", 302, "/b?x=1"},
		"else the request's is kept":                      {"/a /b#part", "/a?y=2", 302, "/b?y=2#part"},
		"an address of the same host is a path":           {"/a http://localhost/b", "/a", 404, ""},
		"an address is a target":                          {"/a https://x.example:8443/b?q#f", "/a", 302, "https://x.example:8443/b?q#f"},
		"regular expressions are no wildcards":            {"/a.b+ /x", "/aXbb", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/_redirects", tt.rules)
			res := ask(t, read(t, Options{Dir: dir}), request(http.MethodGet, tt.target))
			if got := res.Header.Get("Location"); res.StatusCode != tt.status || got != tt.location {
				t.Errorf("%d %q, want %d %q", res.StatusCode, got, tt.status, tt.location)
			}
		})
	}
}

func TestRulesThatDoNotHold(t *testing.T) {
	long := "/" + strings.Repeat("a", 2000)
	for name, tt := range map[string]struct {
		file, text string
		want       string // line: message
	}{
		"one word":                   {redirectsName, "/a", "1: a redirect is two or three words"},
		"four words":                 {redirectsName, "\n# x\n/a /b 200 Country=de", "3: a redirect is two or three words"},
		"from an address":            {redirectsName, "https://x.example/a /b", "1: a redirect is from a path"},
		"to no path":                 {redirectsName, "/a b", "1: a path must begin with"},
		"to http":                    {redirectsName, "/a http://x.example/", "1: a path must begin with"},
		"a status that is none":      {redirectsName, "/a /b 404", "1: the status must be"},
		"a status in words":          {redirectsName, "/a /b found", "1: the status must be"},
		"a loop":                     {redirectsName, "/* /index.html 200", "1: the redirect would never end"},
		"a loop of a root":           {redirectsName, "/a/ /a/index", "1: the redirect would never end"},
		"twice":                      {redirectsName, "/a /b\n/a /c", "2: there is a redirect from /a already"},
		"a rewrite to an address":    {redirectsName, "/a https://x.example/ 200", "1: a rewrite, status 200, is to a path"},
		"a placeholder twice":        {redirectsName, "/:a/:a /b", "1: a placeholder of /:a/:a is there twice"},
		"a long line":                {redirectsName, long + " /b", "1: the line is left out"},
		"a header without path":      {headersName, "X: 1", "1: a path, beginning with"},
		"no colon":                   {headersName, "/a\n  X 1", "2: a header is written"},
		"no colon and no path":       {headersName, "X", "1: a path, beginning with"},
		"a name with spaces":         {headersName, "/a\n  X Y: 1", "2: a header's name has no spaces"},
		"no name":                    {headersName, "/a\n  : 1", "2: the header has no name"},
		"no value":                   {headersName, "/a\n  X:", "2: the header has no value"},
		"a name that cannot be":      {headersName, "/a\n  X@: 1", `2: "x@" cannot be a header's name`},
		"no headers":                 {headersName, "/a\n/b\n  X: 1", "1: no header follows"},
		"no headers at the end":      {headersName, "/b\n  X: 1\n/a", "3: no header follows"},
		"an address by http":         {headersName, "http://x.example/\n  X: 1", "1: a path must begin with"},
		"a port":                     {headersName, "https://x.example:80/\n  X: 1", "1: an address with a port"},
		"two splats":                 {headersName, "/*/*\n  X: 1", "1: /*/* has 2 wildcards"},
		"a splat by name and star":   {headersName, "/*/:splat\n  X: 1", `1: /*/:splat has both`},
		"a placeholder in two parts": {headersName, "/:a/:a\n  X: 1", "1: a placeholder of /:a/:a is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/"+tt.file, tt.text)
			var got []string
			for _, w := range read(t, Options{Dir: dir}).Warnings() {
				got = append(got, fmt.Sprintf("%d: %s", w.Line, w.Message))
				if line := strings.Split(tt.text, "\n")[w.Line-1]; w.File != tt.file || w.Text != strings.TrimSpace(line) {
					t.Errorf("the warning is of %s %q", w.File, w.Text)
				}
			}
			// A rule whose only line does not hold has no lines.
			got = slices.DeleteFunc(got, func(g string) bool { return g != tt.want+" this path" && strings.Contains(g, "no header follows") })
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRuleLimits(t *testing.T) {
	lines := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line+"\n", i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		file, text string
		warnings   int
		last       string // the path of the last rule that holds
		over       string // and of one that does not
	}{
		"2000 static redirects":            {redirectsName, lines(2001, "/s%d /x"), 1, "/s1999", "/s2000"},
		"100 dynamic ones":                 {redirectsName, lines(102, "/d%d/* /x"), 1, "/d99/a", "/d100/a"},
		"static ones below count as these": {redirectsName, "/d/* /x\n" + lines(101, "/s%d /x"), 1, "/s98", "/s99"},
		"100 rules for headers":            {headersName, lines(102, "/h%d\n  X: 1"), 1, "/h99", "/h100"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/"+tt.file, tt.text)
			s := read(t, Options{Dir: dir})
			if n := len(s.Warnings()); n != tt.warnings {
				t.Errorf("%d warnings, want %d: %v", n, tt.warnings, s.Warnings())
			}
			holds := func(path string) bool {
				res := ask(t, s, request(http.MethodGet, path))
				return res.StatusCode == http.StatusFound || res.Header.Get("X") != ""
			}
			if !holds(tt.last) || holds(tt.over) {
				t.Errorf("%s holds: %v, and %s: %v", tt.last, holds(tt.last), tt.over, holds(tt.over))
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for name, tt := range map[string]struct {
		rules, host, path string
		want              http.Header
	}{
		"a rule sets":                      {"/a\n  X-One: 1\n  X-Two: a:b", "", "/a", http.Header{"X-One": {"1"}, "X-Two": {"a:b"}}},
		"names have no case":               {"/a\n  x-oNE: 1", "", "/a", http.Header{"X-One": {"1"}}},
		"it replaces what was there":       {"/a\n  Etag: mine", "", "/a", http.Header{"Etag": {"mine"}}},
		"rules add to each other":          {"/*\n  X: 1\n/a\n  X: 2", "", "/a", http.Header{"X": {"1", "2"}}},
		"a rule twice is one with commas":  {"/a\n  X: 1\n  X: 2", "", "/a", http.Header{"X": {"1, 2"}}},
		"a path twice is the last of them": {"/a\n  X: 1\n/*\n  Y: 1\n/a\n  X: 2", "", "/a", http.Header{"X": {"2"}, "Y": {"1"}}},
		"! takes one off":                  {"/*\n  X: 1\n/a\n  ! X\n  ! ETag", "", "/a", http.Header{"X": nil, "Etag": nil}},
		"values take placeholders":         {"/:dir/*\n  X: :dir-:splat-:other", "", "/d/e/f", http.Header{"X": {"d-e/f-:other"}}},
		"a host's placeholder stops at dots": {"https://:sub.example.com/*\n  X: :sub", "www.example.com", "/a",
			http.Header{"X": {"www"}}},
		"and does not match two labels":  {"https://:sub.example.com/*\n  X: :sub", "a.b.example.com", "/a", http.Header{"X": nil}},
		"a rule for a host is for http":  {"https://example.com/a\n  X: 1", "example.com", "/a", http.Header{"X": {"1"}}},
		"and for no other host":          {"https://example.com/a\n  X: 1", "example.org", "/a", http.Header{"X": nil}},
		"a splat stands for any host":    {"https://*/a\n  X: 1", "example.org", "/a", http.Header{"X": {"1"}}},
		"the lines of a bad path are no": {"https://x.example:1/\n  X: 1\n/a\n  Y: 1", "", "/a", http.Header{"X": nil, "Y": {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			rules, _ := parseHeaders(tt.rules)
			h := http.Header{"Etag": {`"x"`}}
			applyHeaders(h, rules, tt.host, tt.path)
			for name, want := range tt.want {
				if got := h[name]; !reflect.DeepEqual(got, want) {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestRouting(t *testing.T) {
	for name, tt := range map[string]struct {
		always   bool
		patterns []string
		path     string
		want     Destination
	}{
		"false: who can":              {false, nil, "/a", ToEither},
		"true: the Worker":            {true, nil, "/a", ToWorker},
		"a pattern: the Worker":       {false, []string{"/api/*"}, "/api/a/b", ToWorker},
		"no pattern: who can":         {false, []string{"/api/*"}, "/api", ToEither},
		"an exception: the assets":    {false, []string{"/api/*", "!/api/docs/*"}, "/api/docs/a", ToAssets},
		"exceptions come first":       {false, []string{"!/a", "/a"}, "/a", ToAssets},
		"a star inside":               {false, []string{"/*/x/*.json"}, "/a/b/x/c.json", ToWorker},
		"and it may be empty":         {false, []string{"/a*b*"}, "/ab", ToWorker},
		"pieces do not overlap":       {false, []string{"/aba*aba"}, "/ababa", ToEither},
		"no other signs are special":  {false, []string{"/a.c"}, "/abc", ToEither},
		"paths are compared as asked": {false, []string{"/ä"}, "/%C3%A4", ToEither},
		"dot segments are resolved":   {false, []string{"/api/*"}, "/x/../api/y", ToWorker},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NewRouting(tt.always, tt.patterns).Route(request(http.MethodGet, tt.path)); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

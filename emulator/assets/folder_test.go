package assets

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

func text(t *testing.T, s *Server, path string) string {
	t.Helper()
	res := ask(t, s, request(http.MethodGet, path))
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.Status
	}
	return string(b)
}

func TestNoPathLeavesTheFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/outside.txt", "outside")
	write(t, dir+"/site/inside.txt", "inside")
	write(t, dir+"/site/sub/x.txt", "x")
	write(t, dir+"/site-too/x.txt", "beside")
	for _, handling := range []string{AutoTrailingSlash, None} {
		s := read(t, Options{Dir: dir + "/site", HTMLHandling: handling})
		if got := text(t, s, "/inside.txt"); got != "inside" {
			t.Fatalf("inside: %s", got)
		}
		for _, path := range []string{
			"/../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt", "/%2e%2e%2foutside.txt", "/sub/..%2f..%2foutside.txt",
			"/sub/%2e%2e/%2e%2e/outside.txt", "/.%2e/outside.txt", "/..%5coutside.txt", "/sub%2f..%2finside.txt", "/..%2fsite-too/x.txt",
			"/%2fetc/passwd", "//etc/passwd", "/inside.txt%00.html", "/inside.txt/", "/inside.txt/x", "/sub", "/sub/", "/.", "/%2e", "/./..",
		} {
			if got := text(t, s, path); strings.Contains(got, "side") || strings.Contains(got, "root:") {
				t.Errorf("%s: %s gives %q", handling, path, got)
			}
		}
	}
}

func TestSymbolicLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/shared/logo.svg", "logo")
	write(t, dir+"/site/own.txt", "own")
	link := func(to, from string) {
		if err := os.Symlink(to, filepath.Join(dir, "site", from)); err != nil {
			t.Fatal(err)
		}
	}
	link("../shared", "shared")
	link("own.txt", "alias.txt")
	link("nowhere", "broken.txt")
	link(".", "loop")
	link("self", "self")
	s := read(t, Options{Dir: dir + "/site"})
	s.folder.believed = 0
	for path, want := range map[string]string{
		"/shared/logo.svg": "logo", "/alias.txt": "own", "/broken.txt": "404 Not Found", "/self": "404 Not Found", "/loop/own.txt": "own",
	} {
		if got := text(t, s, path); got != want {
			t.Errorf("%s gives %q, want %q", path, got, want)
		}
	}
	if warning, err := s.Check(); err != nil || warning != "" {
		t.Errorf("Check: %q, %v", warning, err)
	}
	if err := os.Remove(dir + "/site/alias.txt"); err != nil {
		t.Fatal(err)
	}
	link("../shared/logo.svg", "alias.txt")
	if got := text(t, s, "/alias.txt"); got != "logo" {
		t.Errorf("a link that points elsewhere now gives %q", got)
	}
}

// The hash and the listings are kept only when a later change must have another time.
func TestChangesAreSeen(t *testing.T) {
	for name, age := range map[string]time.Duration{"of a moment ago": 0, "of long ago": time.Hour} {
		t.Run("in a folder "+name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/a/x.txt", "old")
			long := clock.System.Now().Add(-age)
			for _, path := range []string{dir + "/a/x.txt", dir + "/a", dir} {
				if err := os.Chtimes(path, long, long); err != nil {
					t.Fatal(err)
				}
			}
			s := read(t, Options{Dir: dir})
			s.folder.believed = 0
			first := ask(t, s, request(http.MethodGet, "/a/x.txt")).Header.Get("Etag")
			if again := ask(t, s, request(http.MethodGet, "/a/x.txt")).Header.Get("Etag"); again != first {
				t.Errorf("the ETag changes without the file: %s, %s", first, again)
			}
			write(t, dir+"/a/x.txt", "new")
			write(t, dir+"/a/y.txt", "y")
			write(t, dir+"/b/z.txt", "z")
			if now := ask(t, s, request(http.MethodGet, "/a/x.txt")).Header.Get("Etag"); now == first {
				t.Error("the ETag stays when the file changes")
			}
			for path, want := range map[string]string{"/a/x.txt": "new", "/a/y.txt": "y", "/b/z.txt": "z"} {
				if got := text(t, s, path); got != want {
					t.Errorf("%s gives %q, want %q", path, got, want)
				}
			}
			if err := os.RemoveAll(dir + "/a"); err != nil {
				t.Fatal(err)
			}
			write(t, dir+"/a", "a file now")
			for path, want := range map[string]string{"/a/x.txt": "404 Not Found", "/a": "a file now"} {
				if got := text(t, s, path); got != want {
					t.Errorf("%s gives %q, want %q", path, got, want)
				}
			}
		})
	}
}

func TestETagIsOfContentAndExtension(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{"/a.txt": "x", "/b.txt": "x", "/c.css": "x", "/d.txt": "y"} {
		write(t, dir+name, body)
	}
	s := read(t, Options{Dir: dir})
	etag := func(path string) string { return ask(t, s, request(http.MethodHead, path)).Header.Get("Etag") }
	if etag("/a.txt") != etag("/b.txt") || etag("/a.txt") == etag("/c.css") || etag("/a.txt") == etag("/d.txt") {
		t.Errorf("ETags: %s %s %s %s", etag("/a.txt"), etag("/b.txt"), etag("/c.css"), etag("/d.txt"))
	}
}

// Two files of one content are one asset, so that a redirect from one to the other is safe.
func TestFilesOfOneContent(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/dup.html", "same")
	write(t, dir+"/dup/index.html", "same")
	for handling, tt := range map[string]struct{ path, location string }{
		ForceTrailingSlash: {"/dup.html", "/dup/"},
		DropTrailingSlash:  {"/dup/index.html", "/dup"},
	} {
		res := ask(t, read(t, Options{Dir: dir, HTMLHandling: handling}), request(http.MethodGet, tt.path))
		if got := res.Header.Get("Location"); got != tt.location {
			t.Errorf("%s: %s leads to %q, want %q", handling, tt.path, got, tt.location)
		}
	}
}

func TestIgnore(t *testing.T) {
	for name, tt := range map[string]struct {
		patterns string
		ignored  string
		kept     string
	}{
		"a name anywhere":            {"a.txt", "a.txt x/a.txt", "a.txtx xa.txt"},
		"a folder's files":           {"node_modules", "node_modules/x x/node_modules/y/z", "node_modulesx/y"},
		"a folder only":              {"build/", "build/x x/build/y", "build x/build"},
		"from the root":              {"/a.txt", "a.txt", "x/a.txt"},
		"a path is from the root":    {"x/a.txt", "x/a.txt", "y/x/a.txt"},
		"a star stops at slashes":    {"x/*.map", "x/a.map", "x/y/a.map"},
		"a star for a name":          {"*.map", "a.map x/y/a.map", "a.maps"},
		"two stars in front":         {"**/a", "a x/a x/y/a", "xa"},
		"two stars inside":           {"x/**/a", "x/a x/y/a x/y/z/a", "a y/a"},
		"two stars behind":           {"x/**", "x/a x/y/a", "x"},
		"a question mark":            {"a?c", "abc", "a/c ac"},
		"a class":                    {"a[0-9]", "a1", "aa"},
		"a class of what it is not":  {"a[!0-9]", "ab", "a1"},
		"upper case is lower case":   {"README.md", "readme.MD", "readme"},
		"a comment":                  {"# a\nb", "b", "# a a"},
		"an escaped #":               {`\#a`, "#a", "a"},
		"an escaped !":               {`\!a`, "!a", "a"},
		"an exception":               {"*.txt\n!keep.txt", "a.txt", "keep.txt x/keep.txt"},
		"no exception below":         {"x\n!x/keep.txt", "x/keep.txt", "keep.txt"},
		"the last pattern counts":    {"!a\na", "a", "b"},
		"spaces at the end":          {"a   \r\nb", "a b", "c"},
		"an escaped space":           {`a\ `, "a", "b"},
		"dots are dots":              {"a.b", "a.b", "axb"},
		"its own files, always":      {"", ".assetsignore _headers _redirects", "x/_headers x/.assetsignore headers"},
		"even when they are let out": {"x", "_headers x", "y"},
	} {
		t.Run(name, func(t *testing.T) {
			ig := parseIgnore(&tt.patterns)
			for _, path := range strings.Fields(tt.ignored) {
				if name == "an escaped space" {
					path += " "
				}
				if !ig.match(path) {
					t.Errorf("%q is not ignored", path)
				}
			}
			for _, path := range strings.Fields(tt.kept) {
				if ig.match(path) {
					t.Errorf("%q is ignored", path)
				}
			}
		})
	}
}

func TestContentType(t *testing.T) {
	for file, want := range map[string]string{
		"/index.html": "text/html; charset=utf-8", "/a.JS": "text/javascript; charset=utf-8", "/a.mjs": "text/javascript; charset=utf-8",
		"/a.css": "text/css; charset=utf-8", "/a.json": "application/json", "/a.js.map": "application/json", "/a.svg": "image/svg+xml",
		"/a.woff2": "font/woff2", "/a.wasm": "application/wasm", "/a.ico": "image/vnd.microsoft.icon", "/a.xml": "application/xml",
		"/a.txt": "text/plain; charset=utf-8", "/a.webp": "image/webp", "/a.pdf": "application/pdf", "/a.mp4": "video/mp4",
		"/a.unknown": "", "/noext": "", "/.html": "", "/a.": "", "/dir.html/noext": "",
	} {
		if got := contentType(file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	s := read(t, Options{Dir: dir + "/none"})
	if _, err := s.Check(); !errors.Is(err, ErrNoFolder) {
		t.Errorf("no folder: %v", err)
	}
	write(t, dir+"/file", "")
	if _, err := read(t, Options{Dir: dir + "/none"}).Check(); err == nil {
		t.Error("a missing folder passes")
	}
	write(t, dir+"/site/_worker.js", "code")
	write(t, dir+"/site/a/b.txt", "")
	write(t, dir+"/site/c.txt", "")
	s = read(t, Options{Dir: dir + "/site"})
	if warning, err := s.Check(); err != nil || !strings.HasPrefix(warning, "_worker.js is served to everybody") {
		t.Errorf("code: %q, %v", warning, err)
	}
	c := checker{folder: s.folder, limit: 3}
	if err := c.visit("", nil); err != nil || c.files != 3 {
		t.Errorf("%d files (%v), want 3", c.files, err)
	}
	write(t, dir+"/site/.assetsignore", "a/\n")
	s = read(t, Options{Dir: dir + "/site"})
	if warning, err := s.Check(); err != nil || warning != "" {
		t.Errorf("with .assetsignore: %q, %v", warning, err)
	}
	c = checker{folder: s.folder, limit: 1}
	if err := c.visit("", nil); err == nil || !strings.Contains(err.Error(), "more than 1 files") {
		t.Errorf("one file too many: %v", err)
	}
	c = checker{folder: s.folder, limit: 2}
	if err := c.visit("", nil); err != nil || c.files != 2 {
		t.Errorf("%d files (%v), want 2", c.files, err)
	}
	write(t, dir+"/site/.assetsignore", "a\x00")
	if _, err := Read(Options{Dir: dir + "/site"}); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf(".assetsignore that is no text: %v", err)
	}
}

func TestNavigationCountsAsFound(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/index.html", "home")
	for name, tt := range map[string]struct {
		compat   worker.Compat
		static   bool
		navigate bool
		want     bool
	}{
		"on its date":                 {worker.Compat{Date: "2025-04-01"}, false, true, true},
		"not before it":               {worker.Compat{Date: "2025-03-31"}, false, true, false},
		"with its flag":               {worker.Compat{Date: "2024-01-01", Flags: []string{"assets_navigation_prefers_asset_serving"}}, false, true, true},
		"not against its other flag":  {worker.Compat{Date: "2026-01-01", Flags: []string{"assets_navigation_has_no_effect"}}, false, true, false},
		"without a date":              {worker.Compat{}, false, true, true},
		"only a navigation":           {worker.Compat{}, false, false, false},
		"anything with static routes": {worker.Compat{Date: "2024-01-01"}, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := read(t, Options{Dir: dir, NotFoundHandling: SinglePageApplication, Compat: tt.compat, StaticRouting: tt.static})
			r := request(http.MethodGet, "/route")
			if tt.navigate {
				r.Header.Set("Sec-Fetch-Mode", "navigate")
			}
			if got, err := s.CanAnswer(r); err != nil || got != tt.want {
				t.Errorf("CanAnswer = %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestFetchPassesTheSeam(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", "a")
	var seen []string
	fault := errors.New("fault")
	p := &probe.Probe{Observe: func(e probe.Event) { seen = append(seen, e.Product+" "+e.Name+" "+e.Resource) }}
	s := read(t, Options{Dir: dir, Probe: p})
	text(t, s, "/a.txt")
	if !slices.Equal(seen, []string{"assets fetch /a.txt"}) {
		t.Errorf("observed %v", seen)
	}
	p.Intercept = func(context.Context, probe.Op) error { return fault }
	if _, err := s.RoundTrip(request(http.MethodGet, "/a.txt")); !errors.Is(err, fault) {
		t.Errorf("RoundTrip = %v, want the fault", err)
	}
}

func BenchmarkCanAnswerNothing(b *testing.B) {
	dir := b.TempDir()
	write(b, dir+"/admin/index.html", "x")
	old := clock.System.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, old, old); err != nil {
		b.Fatal(err)
	}
	s := read(b, Options{Dir: dir})
	r := request(http.MethodGet, "/invoices")
	b.ReportAllocs()
	for b.Loop() {
		if found, err := s.CanAnswer(r); found || err != nil {
			b.Fatal(found, err)
		}
	}
}

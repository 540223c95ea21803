package weburl

import (
	"testing"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

func TestPathsAreEncodedByTheStandardOfToday(t *testing.T) {
	for raw, want := range map[string]string{
		"http://a.test/|^":         "http://a.test/|%5E",
		"http://a.test/a?^#^":      "http://a.test/a?^#^",
		"data:text/plain,^":        "data:text/plain,^",
		"http://a.test/%5E/é":      "http://a.test/%5E/%C3%A9",
		"non-special://a.test/^/b": "non-special://a.test/%5E/b",
	} {
		if u, err := Parse(raw); err != nil || u.Href(false) != want {
			t.Errorf("%s: got %v, %v, want %s", raw, u, err, want)
		}
	}
	u, err := ParseRef("http://a.test/x/y", "^")
	if err != nil || u.Href(false) != "http://a.test/x/%5E" {
		t.Errorf("got %v, %v", u, err)
	}
	u.SetPathname("/^z")
	if u.Pathname() != "/%5Ez" {
		t.Errorf("got %s", u.Pathname())
	}
}

// This fails when the library follows the standard by itself: parser can then be the library's own.
func TestTheLibraryLeavesTheCaretAlone(t *testing.T) {
	if u, err := whatwg.Parse("http://a.test/^"); err != nil || u.Pathname() != "/^" {
		t.Errorf("got %v, %v", u, err)
	}
}

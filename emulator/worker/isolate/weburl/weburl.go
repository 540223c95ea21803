// Package weburl parses URLs by the URL Standard of today. All of the isolate's Web APIs go through it,
// so that a URL reads the same wherever it is met.
package weburl

import whatwg "github.com/nlnwa/whatwg-url/url"

// A URL is a parsed URL. What its setters parse is parsed by the same rules.
type URL = whatwg.Url

// parser encodes ^ in paths, which the library's own does not yet. It is never changed.
// Receipt: https://url.spec.whatwg.org/#path-percent-encode-set
var parser = whatwg.NewParser(whatwg.WithPathPercentEncodeSet(whatwg.PathPercentEncodeSet.Set('^')))

// Parse parses an absolute URL.
func Parse(raw string) (*URL, error) { return parser.Parse(raw) }

// ParseRef parses ref, which may be relative to the absolute URL base.
func ParseRef(base, ref string) (*URL, error) { return parser.ParseRef(base, ref) }

package assets

import (
	"net/url"
	"strings"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// pathOf is the path of a request as the URL standard has it: percent-encoded, without dot segments.
func pathOf(u *url.URL) string {
	p := u.EscapedPath()
	if strings.HasPrefix(p, "/") && !strings.Contains(p, "/.") && !strings.Contains(strings.ToLower(p), "%2e") && isPlain(p) {
		return p
	}
	parsed, err := whatwg.Parse("http://host/" + strings.TrimPrefix(p, "/"))
	if err != nil {
		return p
	}
	return parsed.Pathname()
}

// isPlain reports whether the URL standard leaves every byte of a path as it is.
func isPlain(p string) bool {
	for i := range len(p) {
		c := p[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?\\^`{}", c) >= 0 {
			return false
		}
	}
	return true
}

// searchOf is the query with its question mark, or "".
func searchOf(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// decodePath decodes each segment, leaves one that is no encoded text as it is, and makes slashes
// that follow each other into one.
func decodePath(p string) string {
	if strings.IndexByte(p, '%') < 0 && !strings.Contains(p, "//") {
		return p
	}
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if d, err := url.PathUnescape(s); err == nil && utf8.ValidString(d) {
			segments[i] = d
		}
	}
	p = strings.Join(segments, "/")
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// encodePath encodes each segment as JavaScript's encodeURIComponent does, which is more than the
// URL standard asks for: "@" becomes "%40".
func encodePath(p string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(p) {
		switch c := p[i]; {
		case c == '/', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.!~*'()", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

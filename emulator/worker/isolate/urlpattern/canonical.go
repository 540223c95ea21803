package urlpattern

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// special are the schemes that the URL Standard calls so, with their default ports.
var special = []struct{ scheme, port string }{
	{"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}, {"ftp", "21"}, {"file", ""},
}

func isSpecial(scheme string) bool {
	return slices.ContainsFunc(special, func(s struct{ scheme, port string }) bool { return s.scheme == scheme })
}

func defaultPort(scheme string) string {
	for _, s := range special {
		if s.scheme == scheme {
			return s.port
		}
	}
	return ""
}

// dummy is a URL to set parts of, so that the URL parser canonicalises them.
func dummy(host string) *weburl.URL {
	u, err := weburl.Parse("https://" + host + "/")
	if err != nil {
		panic(err) // a constant
	}
	return u
}

const dummyHost = "dummy.invalid"

func canonicalProtocol(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := weburl.Parse(s + "://" + dummyHost + "/")
	if err != nil {
		return "", fmt.Errorf("invalid protocol %q", s)
	}
	return u.Scheme(), nil
}

func canonicalUsername(s string) (string, error) {
	u := dummy(dummyHost)
	u.SetUsername(s)
	return u.Username(), nil
}

func canonicalPassword(s string) (string, error) {
	u := dummy(dummyHost)
	u.SetPassword(s)
	return u.Password(), nil
}

// canonicalHostname sets the host of two URLs: the parser leaves one as it was when s is no host.
func canonicalHostname(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	a, b := dummy(dummyHost), dummy("other.invalid")
	a.SetHostname(s)
	b.SetHostname(s)
	if a.Hostname() != b.Hostname() {
		return "", fmt.Errorf("invalid hostname %q", s)
	}
	return a.Hostname(), nil
}

// canonicalIPv6 is for text of a pattern that is a piece of an IPv6 address.
func canonicalIPv6(s string) (string, error) {
	for i := range len(s) {
		if !strings.ContainsRune("0123456789abcdefABCDEF[]:", rune(s[i])) {
			return "", fmt.Errorf("invalid IPv6 address %q", s)
		}
	}
	return strings.ToLower(s), nil
}

// canonicalPort reads the digits that s begins with.
func canonicalPort(s, protocol string) (string, error) {
	if s == "" {
		return "", nil
	}
	s = withoutNewlines(s)
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseUint(s[:digits], 10, 16)
	if err != nil {
		return "", fmt.Errorf("invalid port %q", s)
	}
	port := strconv.FormatUint(n, 10)
	if port == defaultPort(protocol) {
		return "", nil
	}
	return port, nil
}

func canonicalPathname(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u := dummy(dummyHost)
	if strings.HasPrefix(s, "/") {
		u.SetPathname(s)
		return u.Pathname(), nil
	}
	// The "-" keeps a path that is relative from losing its dots.
	u.SetPathname("/-" + s)
	return strings.TrimPrefix(u.Pathname(), "/-"), nil
}

// canonicalOpaque is the path of a URL like data: or mailto:.
func canonicalOpaque(s string) (string, error) {
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	return encodeControls(withoutNewlines(s)), nil
}

// encodeControls percent-encodes by the URL Standard's C0 control set.
func encodeControls(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func canonicalSearch(s string) (string, error) {
	u := dummy(dummyHost)
	u.SetSearch("?" + s)
	return u.Query(), nil
}

func canonicalHash(s string) (string, error) {
	u := dummy(dummyHost)
	u.SetHash("#" + s)
	return u.Fragment(), nil
}

// withoutNewlines takes out what the URL parser ignores wherever it stands.
func withoutNewlines(s string) string {
	return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
}

// An Init is a URLPatternInit: a dictionary whose members may be missing.
type Init struct {
	Protocol, Username, Password, Hostname, Port, Pathname, Search, Hash, BaseURL *string
}

var errBase = errors.New("invalid base URL")

// process completes an init from its base URL and, when it is a URL's and not a pattern's,
// canonicalises it. from holds what the members are to begin with.
func process(in Init, isPattern bool, from Init) (Init, error) {
	out := from
	var base *weburl.URL
	if in.BaseURL != nil {
		var err error
		if base, err = weburl.Parse(*in.BaseURL); err != nil {
			return out, errBase
		}
		inherit(&out, in, base, isPattern)
	}
	var err error
	set := func(to **string, value *string, canonical func(string) (string, error)) {
		if value == nil || err != nil {
			return
		}
		v := *value
		if !isPattern {
			v, err = canonical(v)
		}
		*to = &v
	}
	set(&out.Protocol, trimmed(in.Protocol, strings.TrimSuffix, ":"), canonicalProtocol)
	set(&out.Username, in.Username, canonicalUsername)
	set(&out.Password, in.Password, canonicalPassword)
	set(&out.Hostname, in.Hostname, canonicalHostname)
	protocol := or(out.Protocol)
	set(&out.Port, in.Port, func(s string) (string, error) { return canonicalPort(s, protocol) })
	path := in.Pathname
	if path != nil && base != nil && !base.OpaquePath() && !absolute(*path, isPattern) {
		dir := baseText(base.Pathname(), isPattern)
		if slash := strings.LastIndexByte(dir, '/'); slash >= 0 {
			joined := dir[:slash+1] + *path
			path = &joined
		}
	}
	set(&out.Pathname, path, func(s string) (string, error) {
		if protocol == "" || isSpecial(protocol) {
			return canonicalPathname(s)
		}
		return canonicalOpaque(s)
	})
	set(&out.Search, trimmed(in.Search, strings.TrimPrefix, "?"), canonicalSearch)
	set(&out.Hash, trimmed(in.Hash, strings.TrimPrefix, "#"), canonicalHash)
	return out, err
}

// inherit takes from base what neither in nor anything before it in a URL gives.
func inherit(out *Init, in Init, base *weburl.URL, isPattern bool) {
	take := func(to **string, value string, givens ...*string) {
		if !slices.ContainsFunc(givens, func(s *string) bool { return s != nil }) {
			v := baseText(value, isPattern)
			*to = &v
		}
	}
	take(&out.Protocol, base.Scheme(), in.Protocol)
	if !isPattern {
		take(&out.Username, base.Username(), in.Protocol, in.Hostname, in.Port, in.Username)
		take(&out.Password, base.Password(), in.Protocol, in.Hostname, in.Port, in.Username, in.Password)
	}
	take(&out.Hostname, base.Hostname(), in.Protocol, in.Hostname)
	take(&out.Port, base.Port(), in.Protocol, in.Hostname, in.Port)
	take(&out.Pathname, base.Pathname(), in.Protocol, in.Hostname, in.Port, in.Pathname)
	take(&out.Search, base.Query(), in.Protocol, in.Hostname, in.Port, in.Pathname, in.Search)
	take(&out.Hash, base.Fragment(), in.Protocol, in.Hostname, in.Port, in.Pathname, in.Search, in.Hash)
}

// baseText is a part of a base URL, as a pattern that matches it when a pattern is wanted.
func baseText(s string, isPattern bool) string {
	if isPattern {
		return escapePattern(s)
	}
	return s
}

// absolute reports whether a path begins at the root.
func absolute(path string, isPattern bool) bool {
	return strings.HasPrefix(path, "/") || isPattern && (strings.HasPrefix(path, `\/`) || strings.HasPrefix(path, "{/"))
}

func trimmed(s *string, trim func(s, cut string) string, cut string) *string {
	if s == nil {
		return nil
	}
	v := trim(*s, cut)
	return &v
}

// or is s, "" when there is none.
func or(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

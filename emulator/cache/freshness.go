package cache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// defaults are how long a response stays that says nothing about it itself.
//
// Receipt: https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/#edge-ttl
var defaults = map[int]time.Duration{
	200: 120 * time.Minute, 301: 120 * time.Minute,
	302: 20 * time.Minute, 303: 20 * time.Minute,
	404: 3 * time.Minute, 410: 3 * time.Minute,
}

// A control is a parsed Cache-Control header: values by directive, "" for those without.
type control map[string]string

func parseControl(h http.Header) control {
	c := control{}
	rest := strings.Join(h.Values("Cache-Control"), ",")
	for rest != "" {
		var name, value string
		at := strings.IndexAny(rest, ",=")
		if at < 0 {
			name, rest = rest, ""
		} else if name = rest[:at]; rest[at] == ',' {
			rest = rest[at+1:]
		} else if rest = strings.TrimLeft(rest[at+1:], " \t"); strings.HasPrefix(rest, `"`) {
			value, rest, _ = strings.Cut(rest[1:], `"`)
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			c[name] = strings.TrimSpace(value)
		}
	}
	return c
}

func (c control) has(name string) bool { _, ok := c[name]; return ok }

// seconds is a directive's value as a duration. What is not a number counts as stale.
func (c control) seconds(name string) (time.Duration, bool) {
	v, ok := c[name]
	if !ok {
		return 0, false
	}
	return parseSeconds(v), true
}

func parseSeconds(s string) time.Duration {
	const most = 100 * 365 * 24 * 60 * 60
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(max(n, 0), most)) * time.Second
}

// lifetime is how long a response stays fresh from now; it is not stored when that is not positive.
// Headers that must not be stored are taken out of h.
//
// Receipt: https://developers.cloudflare.com/workers/runtime-apis/cache/#headers
func lifetime(status int, h http.Header, now time.Time) time.Duration {
	c := parseControl(h)
	if c.has("no-store") || c.has("no-cache") {
		return 0
	}
	if fields, ok := c["private"]; ok {
		if fields == "" {
			return 0
		}
		for name := range strings.SplitSeq(fields, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	if h.Get("Set-Cookie") != "" {
		return 0
	}
	age := parseSeconds(h.Get("Age"))
	if d, ok := c.seconds("s-maxage"); ok {
		return d - age
	}
	if d, ok := c.seconds("max-age"); ok {
		return d - age
	}
	if v := h.Get("Expires"); v != "" {
		at, err := http.ParseTime(v)
		if err != nil {
			return 0 // "0" and the like: stale already
		}
		return at.Sub(now)
	}
	return defaults[status]
}

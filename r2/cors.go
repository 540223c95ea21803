package r2

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A CORSRule lets pages of some origins use a bucket from a browser.
type CORSRule struct {
	ID            string      `json:"id,omitempty"`
	Allowed       CORSAllowed `json:"allowed"`
	ExposeHeaders []string    `json:"exposeHeaders,omitempty"`
	MaxAgeSeconds *int        `json:"maxAgeSeconds,omitempty"` // nil: nothing is said
}

// CORSAllowed is what a CORSRule lets through. An origin and a header may have one *, which stands for
// anything.
type CORSAllowed struct {
	Origins []string `json:"origins"`
	Methods []string `json:"methods"`
	Headers []string `json:"headers,omitempty"`
}

// A CORSPolicy is the CORS rules of a bucket; the first one that fits a request counts.
type CORSPolicy []CORSRule

// CORS returns the policy of the bucket. Where none was set, it is an *Error with CodeNoCORS.
func (b *Bucket) CORS(ctx context.Context) (CORSPolicy, error) {
	return readSetting(ctx, b, "get_bucket_cors", func(c content) (CORSPolicy, error) {
		policy, err := getSetting[CORSPolicy](c, settingCORS)
		if err == nil && policy == nil {
			err = newError(CodeNoCORS)
		}
		if err != nil {
			return nil, err
		}
		return *policy, nil
	})
}

// SetCORS replaces the policy of the bucket.
func (b *Bucket) SetCORS(ctx context.Context, p CORSPolicy) error {
	return b.changeSetting(ctx, "put_bucket_cors", func(c content) error {
		if err := p.check(); err != nil {
			return err
		}
		return putSetting(c, settingCORS, p)
	})
}

// DeleteCORS forgets the policy of the bucket. That there is none is no error.
func (b *Bucket) DeleteCORS(ctx context.Context) error {
	return b.changeSetting(ctx, "delete_bucket_cors", func(c content) error { return putSetting(c, settingCORS, nil) })
}

// Receipt: https://developers.cloudflare.com/r2/buckets/cors/ and the API's schema
const maxCORSAge = 86400 // seconds

var corsMethods = []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodHead}

func (p CORSPolicy) check() error {
	if p == nil {
		return malformed("the body must be an object with a list of rules")
	}
	for i, r := range p {
		n := i + 1
		if len(r.Allowed.Origins) == 0 {
			return malformed("rule %d allows no origin: give allowed.origins", n)
		}
		if len(r.Allowed.Methods) == 0 {
			return malformed("rule %d allows no method: give allowed.methods", n)
		}
		for _, o := range r.Allowed.Origins {
			if !validOrigin(o) {
				return malformed("rule %d: %q is no origin: write scheme://host or scheme://host:port, without a path, with one * at most", n, o)
			}
		}
		for _, m := range r.Allowed.Methods {
			if !slices.Contains(corsMethods, m) {
				return malformed("rule %d: the method %q is none of %s", n, m, strings.Join(corsMethods, ", "))
			}
		}
		for _, h := range slices.Concat(r.Allowed.Headers, r.ExposeHeaders) {
			if h == "" || strings.Count(h, "*") > 1 || strings.ContainsAny(h, " \t\r\n,:") {
				return malformed("rule %d: %q is no name of a header", n, h)
			}
		}
		if age := r.MaxAgeSeconds; age != nil && (*age < 0 || *age > maxCORSAge) {
			return malformed("rule %d: maxAgeSeconds %d is not between 0 and %d", n, *age, maxCORSAge)
		}
	}
	return nil
}

func validOrigin(o string) bool {
	if o == "*" || o == "null" {
		return true
	}
	scheme, host, ok := strings.Cut(o, "://")
	if !ok || scheme == "" || host == "" || strings.Count(o, "*") > 1 || strings.ContainsAny(host, "/?#@\\ \t\r\n") {
		return false
	}
	_, err := url.Parse("http://" + strings.ReplaceAll(strings.TrimSuffix(host, ":*"), "*", "x"))
	return err == nil
}

// Allow sets on h what the policy tells a browser about r and reports whether a rule lets r through. A
// preflight is asked about the request that it announces. A request without an Origin comes from no page:
// nothing is set, and it passes.
func (p CORSPolicy) Allow(h http.Header, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	h.Add("Vary", "Origin")
	method := r.Method
	var wanted []string
	preflight := IsPreflight(r)
	if preflight {
		h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
		method = r.Header.Get("Access-Control-Request-Method")
		wanted = fieldNames(r.Header.Values("Access-Control-Request-Headers"))
	}
	for _, rule := range p {
		allowed, ok := rule.fits(origin, method, wanted)
		if !ok {
			continue
		}
		h.Set("Access-Control-Allow-Origin", allowed)
		if len(rule.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
		}
		if !preflight {
			return true
		}
		h.Set("Access-Control-Allow-Methods", strings.Join(rule.Allowed.Methods, ", "))
		if len(wanted) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(wanted, ", "))
		}
		if rule.MaxAgeSeconds != nil {
			h.Set("Access-Control-Max-Age", strconv.Itoa(*rule.MaxAgeSeconds))
		}
		return true
	}
	return false
}

// IsPreflight reports whether r is what a browser asks before it sends another request.
func IsPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// fits reports whether the rule lets a request through, and what to allow for its origin.
func (r CORSRule) fits(origin, method string, headers []string) (string, bool) {
	if !slices.Contains(r.Allowed.Methods, method) {
		return "", false
	}
	for _, h := range headers {
		if !slices.ContainsFunc(r.Allowed.Headers, func(pattern string) bool { return matches(strings.ToLower(pattern), h) }) {
			return "", false
		}
	}
	for _, o := range r.Allowed.Origins {
		switch {
		case o == "*":
			return "*", true
		case matches(o, origin):
			return origin, true
		}
	}
	return "", false
}

// matches reports whether s is what pattern is, in which one * stands for anything.
func matches(pattern, s string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

// fieldNames reads a list of header names, in lower case.
func fieldNames(values []string) []string {
	var names []string
	for name := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

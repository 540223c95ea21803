package emulator

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The place that every request seems to come through. It is the one that wrangler shows offline.
const (
	colo    = "DFW"
	country = "US"
)

// cfBlob is request.cf, as a request through that place has it.
//
// Deviation: request.cf is the same made-up place for every request
func cfBlob() string {
	b, err := json.Marshal(map[string]any{
		"colo": colo, "country": country, "continent": "NA", "city": "Austin", "region": "Texas", "regionCode": "TX",
		"timezone": "America/Chicago", "latitude": "30.27130", "longitude": "-97.74260", "postalCode": "78701",
		"metroCode": "635", "asn": 395747, "asOrganization": "cfemu", "httpProtocol": "HTTP/1.1",
		"tlsVersion": "TLSv1.3", "tlsCipher": "AEAD-AES128-GCM-SHA256", "clientTcpRtt": 1,
		"edgeRequestKeepAliveStatus": 1, "requestPriority": "", "clientAcceptEncoding": "gzip, deflate, br",
	})
	if err != nil {
		panic(err) // a literal of ours
	}
	return string(b)
}

// hopHeaders belong to one connection and are not passed on.
var hopHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding"}

// incoming is r as the Worker shall see it: an absolute URL, the headers that Cloudflare adds, and
// the configured host in the place of the door's.
func (e *Emulator) incoming(ctx context.Context, r *http.Request, ray, host string) *http.Request {
	out := r.WithContext(ctx)
	u := *r.URL
	u.Scheme, u.Host = "http", r.Host
	h := make(http.Header, len(r.Header)+9)
	for name, values := range r.Header {
		if !slices.Contains(hopHeaders, name) {
			h[name] = values
		}
	}
	if host != "" {
		u.Host = host
		replaceHost(h, r.Host, host)
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	forwarded := ip
	if prior := h.Get("X-Forwarded-For"); prior != "" {
		forwarded = prior + ", " + ip
	}
	// By their canonical names, so that nothing has to be made of them for each request.
	h["Cf-Connecting-Ip"] = []string{ip}
	h["X-Real-Ip"] = []string{ip}
	h["X-Forwarded-For"] = []string{forwarded}
	h["X-Forwarded-Proto"] = []string{"http"}
	h["Cf-Visitor"] = []string{`{"scheme":"http"}`}
	h["Cf-Ipcountry"] = []string{country}
	h["Cf-Ray"] = []string{ray}
	h["Cf-Blob"] = []string{e.cf}
	h["Host"] = []string{u.Host}
	out.URL, out.Host, out.Header, out.RequestURI = &u, u.Host, h, ""
	return out
}

// replaceHost rewrites every header that speaks of one host to speak of another, so that redirects,
// Origin checks and cookies work on either side of the door.
func replaceHost(h http.Header, from, to string) {
	for name, values := range h {
		changed := slices.Clone(values) // the slice may belong to somebody else
		for i, v := range values {
			changed[i] = strings.ReplaceAll(v, from, to)
		}
		h[name] = changed
	}
}

// hostOfRoute is the host of a route's pattern, or "" when it is a wildcard.
func hostOfRoute(pattern string) string {
	p := pattern
	if !strings.Contains(p, "://") {
		p = "http://" + p
	}
	p = strings.Replace(p, "://*.", "://", 1)
	u, err := url.Parse(p)
	if err != nil || strings.Contains(u.Host, "*") {
		return ""
	}
	return u.Hostname()
}

package emulator

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// A hostList says which Host headers a door answers to. A page of a hostile site can make a browser
// resolve its own name to 127.0.0.1, but it cannot make it send another Host: this check is what
// keeps other people's pages out.
type hostList struct {
	bound netip.Addr // the address the door listens on, when a flag named it
	extra atomic.Pointer[[]string]
}

// set replaces the names beyond loopback: routes of the project and --allow-host values. A name
// that begins with a dot stands for itself and all names below it.
func (h *hostList) set(names []string) { h.extra.Store(&names) }

// allows reports whether a request with this Host header may pass.
func (h *hostList) allows(hostport string) bool {
	name := hostName(hostport)
	if name == "" {
		return false
	}
	if a, err := netip.ParseAddr(name); err == nil {
		a = a.Unmap()
		switch {
		case a.IsLoopback():
			return true
		case a.IsUnspecified() || a.IsMulticast():
			return false
		}
		// A door on all addresses cannot know by which one it is reached through a tunnel or a container's
		// port. No page can make its own name look like an address.
		return a == h.bound || h.bound.IsUnspecified()
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	extra := h.extra.Load()
	if extra == nil {
		return false
	}
	for _, e := range *extra {
		e = strings.ToLower(e)
		if name == e || strings.HasPrefix(e, ".") && (name == e[1:] || strings.HasSuffix(name, e)) {
			return true
		}
	}
	return false
}

// hostName is the name or address of a Host header, lower case, without port and brackets; "" when
// it cannot be one.
func hostName(hostport string) string {
	if hostport == "" || strings.ContainsAny(hostport, "/\\@ \t\r\n#?%") {
		return ""
	}
	host := hostport
	if strings.HasPrefix(host, "[") || strings.Count(host, ":") == 1 {
		h, port, err := net.SplitHostPort(host)
		switch {
		case err == nil && port != "" && strings.Trim(port, "0123456789") == "":
			host = h
		case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
			host = host[1 : len(host)-1]
		default:
			return ""
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// checkHost lets only known hosts through to next. flag says whether --allow-host can help here.
func (h *hostList) checkHost(next http.Handler, flag bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.allows(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		name := hostName(r.Host)
		switch {
		case name == "":
			fmt.Fprintln(w, "cfemu: the Host header of this request is malformed.")
		case flag:
			fmt.Fprintf(w, "cfemu: the host %q is not one that this door answers to.\nTo allow it, start cfemu with:  --allow-host %s\n", name, name)
		default:
			fmt.Fprintf(w, "cfemu: the host %q is not one that the control door answers to. Use 127.0.0.1 or localhost.\n", name)
		}
	})
}

// hardened adds what keeps browsers from showing or reading answers of the control door elsewhere. It
// stands before all checks, so that refusals have it too.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"] = []string{"nosniff"}
		h["Cross-Origin-Resource-Policy"] = []string{"same-origin"}
		h["Content-Security-Policy"] = []string{"default-src 'none'; frame-ancestors 'none'"}
		next.ServeHTTP(w, r)
	})
}

// checkOrigin refuses requests that change state and that a page of another origin sends, and what a
// page of another site wants without a person who follows a link. Programs send no Origin.
func checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reason := foreignOrigin(r); reason != "" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintln(w, "cfemu: "+reason)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func foreignOrigin(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		switch mode := r.Header.Get("Sec-Fetch-Mode"); {
		case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		case mode == "" || mode == "navigate":
			return ""
		case r.Header.Get("Sec-Fetch-Site") != "cross-site":
			return ""
		}
	}
	return otherSite(r)
}

// otherSite says why a request is one that a page of another origin sends, whatever its method.
func otherSite(r *http.Request) string {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return "this request comes from a page of another site."
	}
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return ""
	}
	u, err := url.Parse(values[0])
	if len(values) > 1 || err != nil || u.Scheme != "http" || u.Host != r.Host {
		return fmt.Sprintf("the origin %q may not change state here.", strings.Join(values, ", "))
	}
	return ""
}

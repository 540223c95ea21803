package emulator

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestHostList(t *testing.T) {
	var h hostList
	h.bound = netip.MustParseAddr("192.168.1.5")
	h.set([]string{"shop.example.com", ".ngrok.example"})
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8787": true, "127.9.9.9": true, "[::1]:8787": true, "[::1]": true, "::1": true,
		"localhost": true, "LOCALHOST:1": true, "localhost.": true, "api.localhost:8787": true,
		"shop.example.com": true, "SHOP.example.com:443": true, "a.ngrok.example": true, "ngrok.example": true,
		"192.168.1.5:8787": true, "[::ffff:127.0.0.1]": true,
		"evil.example": false, "192.168.1.6": false, "": false, "localhost.evil.example": false, "evillocalhost": false,
		"xngrok.example": false, "127.0.0.1.evil.example": false, "localhost:80:90": false, "localhost:": false,
		"localhost/": false, "user@localhost": false, "[::1": false, "0.0.0.0": false, "localhost:8x": false, "local host": false,
	} {
		if got := h.allows(host); got != want {
			t.Errorf("allows(%q) = %v", host, got)
		}
	}
}

// A door on all addresses answers to any of them, and to no name more.
func TestHostListOfAllAddresses(t *testing.T) {
	for _, bound := range []string{"0.0.0.0", "::"} {
		h := hostList{bound: netip.MustParseAddr(bound)}
		for host, want := range map[string]bool{
			"192.168.1.5:8787": true, "[2001:db8::1]:8787": true, "127.0.0.1": true, "localhost": true,
			"0.0.0.0:8787": false, "[::]:8787": false, "224.0.0.1": false, "evil.example": false, "192.168.1.5.evil.example": false, "0x7f.1": false, "": false,
		} {
			if got := h.allows(host); got != want {
				t.Errorf("bound to %s: allows(%q) = %v", bound, host, got)
			}
		}
	}
}

// Whatever an Origin says, only the door's own passes.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"null", "http://127.0.0.1:8700", "http://[::1", "https://evil.example", "http://127.0.0.1:8700@evil.example", "http://%31", "\x00", "http://127.0.0.1:8700/"} {
		f.Add(s, "127.0.0.1:8700")
	}
	f.Fuzz(func(t *testing.T, origin, host string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Host = host
		r.Header["Origin"] = []string{origin}
		if otherSite(r) == "" && !strings.HasPrefix(strings.ToLower(origin), "http://"+strings.ToLower(host)) {
			t.Errorf("the origin %q passes at %q", origin, host)
		}
	})
}

func FuzzHostList(f *testing.F) {
	for _, s := range []string{"localhost", "[::1]:80", "a:b:c", "[", "]:", "%00", "127.0.0.1:99999999999"} {
		f.Add(s)
	}
	var h hostList
	f.Fuzz(func(t *testing.T, s string) {
		if h.allows(s) && !strings.Contains(strings.ToLower(s), "localhost") {
			name := hostName(s)
			if a, err := netip.ParseAddr(name); err != nil || !a.Unmap().IsLoopback() {
				t.Errorf("allows %q", s)
			}
		}
	})
}

func TestCheckOrigin(t *testing.T) {
	ok := checkOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	for name, tt := range map[string]struct {
		method, origin, site string
		want                 int
	}{
		"a program sends none":           {"POST", "", "", 204},
		"its own page may":               {"POST", "http://127.0.0.1:8700", "same-origin", 204},
		"another site may not":           {"POST", "https://evil.example", "", 403},
		"another port may not":           {"DELETE", "http://127.0.0.1:3000", "", 403},
		"null may not":                   {"PUT", "null", "", 403},
		"a cross-site form may not":      {"POST", "", "cross-site", 403},
		"reading is the Host's business": {"GET", "https://evil.example", "cross-site", 204},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "http://127.0.0.1:8700/cfemu/v1/reset", nil)
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			w := httptest.NewRecorder()
			ok.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
		})
	}
}

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// methods that a probe tries on every route, beside the route's own.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "TRACE"}

// A forgery is a request head that no door may answer but with a refusal. %s are method, path and
// the door's own host:port.
type forgery struct{ name, head string }

var forgeries = []forgery{
	{"another site's host", "%[1]s %[2]s HTTP/1.1\nHost: evil.example\n"},
	{"another site's host at our port", "%[1]s %[2]s HTTP/1.1\nHost: evil.example:%[4]s\n"},
	{"a host that begins like ours", "%[1]s %[2]s HTTP/1.1\nHost: %[3]s.evil.example\n"},
	{"a host that ends like ours", "%[1]s %[2]s HTTP/1.1\nHost: evillocalhost\n"},
	{"no host", "%[1]s %[2]s HTTP/1.1\n"},
	{"no host in HTTP/1.0", "%[1]s %[2]s HTTP/1.0\n"},
	{"an empty host", "%[1]s %[2]s HTTP/1.1\nHost:\n"},
	{"two hosts, the good one first", "%[1]s %[2]s HTTP/1.1\nHost: %[3]s\nHost: evil.example\n"},
	{"two hosts, the good one last", "%[1]s %[2]s HTTP/1.1\nHost: evil.example\nHost: %[3]s\n"},
	{"the good host twice", "%[1]s %[2]s HTTP/1.1\nHost: %[3]s\nHost: %[3]s\n"},
	{"a bracket that is not closed", "%[1]s %[2]s HTTP/1.1\nHost: [::1\n"},
	{"a port that is empty", "%[1]s %[2]s HTTP/1.1\nHost: localhost:\n"},
	{"a port that is none", "%[1]s %[2]s HTTP/1.1\nHost: localhost:80x\n"},
	{"two ports", "%[1]s %[2]s HTTP/1.1\nHost: localhost:80:90\n"},
	{"a user", "%[1]s %[2]s HTTP/1.1\nHost: localhost@evil.example\n"},
	{"a user that looks evil", "%[1]s %[2]s HTTP/1.1\nHost: evil.example@localhost\n"},
	{"a path in the host", "%[1]s %[2]s HTTP/1.1\nHost: evil.example/localhost\n"},
	{"a list of hosts", "%[1]s %[2]s HTTP/1.1\nHost: localhost, evil.example\n"},
	{"a folded host", "%[1]s %[2]s HTTP/1.1\nHost: localhost\n evil.example\n"},
	{"a space before the colon", "%[1]s %[2]s HTTP/1.1\nHost : localhost\n"},
	{"all addresses", "%[1]s %[2]s HTTP/1.1\nHost: 0.0.0.0\n"},
	{"an address of the network", "%[1]s %[2]s HTTP/1.1\nHost: 169.254.169.254\n"},
	{"another site's absolute target", "%[1]s http://evil.example%[2]s HTTP/1.1\nHost: %[3]s\n"},
	{"another site's absolute target and host", "%[1]s http://evil.example%[2]s HTTP/1.1\nHost: evil.example\n"},
	{"a user in the absolute target", "%[1]s http://localhost@evil.example%[2]s HTTP/1.1\nHost: %[3]s\n"},
	{"our own host in an absolute target of another scheme", "%[1]s https://%[3]s%[2]s HTTP/1.1\nHost: %[3]s\n"},
	{"a scheme that is none of HTTP's", "%[1]s ftp://%[3]s%[2]s HTTP/1.1\nHost: %[3]s\n"},
	{"a user in our own absolute target", "%[1]s http://evil.example@%[3]s%[2]s HTTP/1.1\nHost: %[3]s\n"},
	{"a fragment", "%[1]s %[2]s#/admin HTTP/1.1\nHost: %[3]s\n"},
	{"a NUL in the target", "%[1]s %[2]s\x00 HTTP/1.1\nHost: %[3]s\n"},
	{"a bare CR in the target", "%[1]s %[2]s\rX: y HTTP/1.1\nHost: %[3]s\n"},
	{"a forwarded host", "%[1]s %[2]s HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost\nForwarded: host=localhost\n"},
}

// Whatever the route, a request that names another host is refused before anything runs.
func TestNoRouteAnswersForeignHosts(t *testing.T) {
	h := emulatortest.Start(t, project(`
console.log("loaded")
export default {
  fetch(request) { console.log("ran " + request.url); return new Response("leak") },
  scheduled() { console.log("ran scheduled") }
}`), emulator.Options{})
	worker := []emulator.Route{
		{Method: "GET", Path: "/"}, {Method: "GET", Path: "/any/path?q=1"}, {Method: "GET", Path: "/cdn-cgi/handler/scheduled"},
		{Method: "GET", Path: "/cdn-cgi/handler/email"}, {Method: "GET", Path: "/cdn-cgi/handler/"}, {Method: "GET", Path: "/cdn-cgi/trace"},
		{Method: "GET", Path: "/client/v4/accounts"}, {Method: "GET", Path: "/cfemu/v1/status"},
	}
	probe := func(door string, routes []emulator.Route) {
		own := strings.TrimPrefix(door, "http://")
		_, port, _ := strings.Cut(own, ":")
		var probes sync.WaitGroup
		next := make(chan string)
		for range 16 {
			probes.Go(func() {
				for request := range next {
					a, err := tryRaw(door, request)
					if err != nil {
						t.Errorf("%q: %v", request, err)
					} else if a.status != http.StatusBadRequest && a.status != http.StatusForbidden {
						t.Errorf("%q is answered %d %q", request, a.status, a.body)
					}
				}
			})
		}
		// Every route with its method, and every forgery; then every forgery with every method.
		for _, r := range routes {
			for _, f := range forgeries {
				next <- fmt.Sprintf(f.head, r.Method, fill(r.Path), own, port) + end(h)
			}
		}
		for _, f := range forgeries {
			for _, m := range methods {
				next <- fmt.Sprintf(f.head, m, fill(routes[0].Path), own, port) + end(h)
			}
		}
		for _, special := range []string{
			"OPTIONS * HTTP/1.1\nHost: evil.example\n", "OPTIONS * HTTP/1.1\nHost: a@b\n", "OPTIONS * HTTP/1.0\n",
			"CONNECT evil.example:443 HTTP/1.1\nHost: evil.example:443\n", "CONNECT evil.example:443 HTTP/1.1\nHost: " + own + "\n",
			"PRI * HTTP/2.0\n",
		} {
			next <- special + end(h)
		}
		close(next)
		probes.Wait()
	}
	t.Run("Worker door", func(t *testing.T) { probe(h.URL, worker) })
	t.Run("S3 door", func(t *testing.T) {
		probe(h.URLs().S3, []emulator.Route{{Method: "GET", Path: "/"}, {Method: "PUT", Path: "/bucket"}, {Method: "POST", Path: "/bucket?delete"}, {Method: "GET", Path: "/bucket/key?X-Amz-Credential=a"}})
	})
	t.Run("control door", func(t *testing.T) { probe(h.ControlURL, emulator.ControlRoutes(t, h.Emulator)) })
	for _, ev := range h.Events() {
		if strings.HasPrefix(ev.Message, "ran ") || ev.Type == emulator.EventRequest || ev.Type == emulator.EventScheduled {
			t.Errorf("the Worker ran: %+v", ev)
		}
	}
}

// end closes a request head, with credentials, so that a refusal is the Host's or the Origin's doing.
func end(h *emulatortest.House) string {
	return "Authorization: Bearer " + h.Token() + "\nContent-Length: 0\nConnection: close\n\n"
}

// fill gives the variables of a route values.
func fill(path string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(path, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("x")
		_, path, _ = strings.Cut(rest, "}")
	}
}

// Whatever changes state on the control door is refused to pages of other origins.
func TestNoRouteChangesStateForForeignOrigins(t *testing.T) {
	h := emulatortest.Start(t, project(`export default { fetch: () => new Response() }`), emulator.Options{})
	own := strings.TrimPrefix(h.ControlURL, "http://")
	headers := []string{
		"Origin: https://evil.example", "Origin: http://evil.example", "Origin: null", "Origin: http://127.0.0.1:1", "Origin: http://localhost:1",
		"Origin: https://" + own, "Origin: http://" + own + ".evil.example", "Origin: http://" + own + "@evil.example", "Origin:",
		"Origin: " + h.URL, "Origin: null\nSec-Fetch-Site: same-origin", "Origin: http://" + own + "\nOrigin: http://evil.example", "Origin: file://", "Origin: chrome-extension://abc",
		"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: cross-site\nOrigin: http://" + own,
	}
	tried := 0
	for _, r := range emulator.ControlRoutes(t, h.Emulator) {
		wanted := []string{r.Method}
		if r.Method == "GET" || r.Method == "HEAD" {
			wanted = []string{"POST", "PROPFIND"}
		}
		for _, m := range wanted {
			for _, header := range headers {
				status, _, body := raw(t, h.ControlURL, fmt.Sprintf("%s %s HTTP/1.1\nHost: %s\n%s\n%s", m, fill(r.Path), own, header, end(h)))
				if status != http.StatusForbidden {
					t.Errorf("%s %s with %q is answered %d %s", m, r.Path, header, status, body)
				}
				tried++
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d probes", tried)
	}
	t.Run("nor may another site's page read what is not followed as a link", func(t *testing.T) {
		for header, want := range map[string]int{
			"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors": 403, "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors": 403,
			"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate": 200, "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors": 200,
		} {
			if status, _, _ := raw(t, h.ControlURL, "GET /client/v4/accounts HTTP/1.1\nHost: "+own+"\n"+header+"\n"+end(h)); status != want {
				t.Errorf("%q: got %d, want %d", header, status, want)
			}
		}
	})
	t.Run("its own page may", func(t *testing.T) {
		for _, host := range []string{own, "localhost:" + own[strings.LastIndex(own, ":")+1:]} {
			status, _, _ := raw(t, h.ControlURL, "POST /cfemu/v1/clock HTTP/1.1\nHost: "+host+"\nOrigin: http://"+host+"\nSec-Fetch-Site: same-origin\n"+end(h))
			if status == http.StatusForbidden {
				t.Errorf("%s: refused", host)
			}
		}
	})
	t.Run("a WebSocket of another site may not be opened", func(t *testing.T) {
		status, _, _ := raw(t, h.ControlURL, "GET / HTTP/1.1\nHost: "+own+"\nConnection: Upgrade, close\nUpgrade: websocket\nOrigin: https://evil.example\n\n")
		if status != http.StatusForbidden {
			t.Errorf("got %d", status)
		}
	})
	t.Run("no answer lets another origin read it", func(t *testing.T) {
		for _, r := range emulator.ControlRoutes(t, h.Emulator) {
			_, header, _ := raw(t, h.ControlURL, "OPTIONS "+fill(r.Path)+" HTTP/1.1\nHost: "+own+"\nOrigin: https://evil.example\nAccess-Control-Request-Method: POST\n"+end(h))
			if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cross-Origin-Resource-Policy") != "same-origin" ||
				!strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%s: the answer is not hardened: %v", r.Path, header)
			}
			for name := range header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s has %s", r.Path, name)
				}
			}
		}
	})
}

// A page of another site cannot trigger the scheduled handler; the Worker's own routes are its own business.
func TestForeignOriginsAtTheWorkerDoor(t *testing.T) {
	h := emulatortest.Start(t, project(`
export default { fetch: request => new Response("hello " + request.headers.get("origin")), scheduled() {} }`), emulator.Options{})
	for name, tt := range map[string]struct {
		method, path string
		header       []string
		want         int
	}{
		"a program triggers":                  {"GET", "/cdn-cgi/handler/scheduled", nil, 200},
		"a page of the Worker triggers":       {"POST", "/cdn-cgi/handler/scheduled", []string{"Origin", h.URL, "Sec-Fetch-Site", "same-origin"}, 200},
		"another site does not by GET":        {"GET", "/cdn-cgi/handler/scheduled", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"nor by a GET that has an Origin":     {"GET", "/cdn-cgi/handler/scheduled", []string{"Origin", "https://evil.example"}, 403},
		"nor by POST":                         {"POST", "/cdn-cgi/handler/scheduled", []string{"Origin", "https://evil.example"}, 403},
		"a null origin does not":              {"POST", "/cdn-cgi/handler/scheduled", []string{"Origin", "null"}, 403},
		"the Worker's own routes are reached": {"POST", "/", []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			if a := h.Ask(tt.method, tt.path, "", tt.header...); a.StatusCode != tt.want {
				t.Errorf("got %s %s, want %d", a.Status, a.Text, tt.want)
			}
		})
	}
}

// --allow-host and the configuration's routes open the Worker door, and that one only.
func TestAllowedHosts(t *testing.T) {
	files := project(`export default { fetch: request => new Response("hello") }`, `routes = ["shop.example/*", "*.wild.example/*"]`)
	h := emulatortest.Start(t, files, emulator.Options{AllowHosts: []string{"tunnel.example", ".many.example"}})
	for host, want := range map[string]int{
		"tunnel.example": 200, "TUNNEL.example:443": 200, "x.tunnel.example": 403, "a.many.example": 200, "b.a.many.example": 200,
		"many.example": 200, "notmany.example": 403, "shop.example": 200, "wild.example": 200, "app.localhost": 200, "evil.example": 403,
	} {
		status, _, body := raw(t, h.URL, "GET / HTTP/1.1\nHost: "+host+"\nConnection: close\n\n")
		if status != want {
			t.Errorf("%s: got %d, want %d", host, status, want)
		}
		if want == 403 && !strings.Contains(body, "--allow-host "+host) {
			t.Errorf("%s: the flag to add is not in %q", host, body)
		}
		if host == "app.localhost" {
			continue
		}
		if status, _, body := raw(t, h.ControlURL, "GET / HTTP/1.1\nHost: "+host+"\nConnection: close\n\n"); status != 403 || strings.Contains(body, "--allow-host") {
			t.Errorf("the control door answers %s with %d %q", host, status, body)
		}
	}
}

package outbound

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

func get(t *testing.T, c *Client, url string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), nil
}

func TestModes(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	defer srv.Close()
	for name, tt := range map[string]struct {
		mode Mode
		url  string
		want string // "" = answered; else part of the refusal
	}{
		"allow reaches loopback":                 {Allow, srv.URL, ""},
		"local reaches loopback":                 {Local, srv.URL, ""},
		"local refuses a foreign host":           {Local, "https://api.example.com/x", "api.example.com is not on this machine"},
		"local names the flag":                   {Local, "https://api.example.com/x", "--outbound allow"},
		"deny refuses loopback":                  {Deny, srv.URL, "outbound mode is deny"},
		"metadata addresses are always refused":  {Allow, "http://169.254.169.254/latest/meta-data", "metadata"},
		"so are they in IPv6":                    {Allow, "http://[fd00:ec2::254]/", "metadata"},
		"and mapped into IPv6":                   {Allow, "http://[::ffff:169.254.169.254]/", "metadata"},
		"and behind NAT64":                       {Allow, "http://[64:ff9b::a9fe:a9fe]/", "metadata"},
		"and in 6to4":                            {Allow, "http://[2002:a9fe:a9fe::]/", "metadata"},
		"and in the old form of IPv6":            {Allow, "http://[::169.254.169.254]/", "metadata"},
		"and with a zone":                        {Allow, "http://[fe80::1%25lo]/", "link-local"},
		"the control door is refused":            {Allow, "http://127.0.0.1:8700/cfemu/v1/reset", "control door"},
		"the control door by name is refused":    {Allow, "http://localhost:8700/", "control door"},
		"the control door over IPv6 is refused":  {Allow, "http://[::1]:8700/", "control door"},
		"the control door by 0.0.0.0 is refused": {Allow, "http://0.0.0.0:8700/", "control door"},
		"other schemes are refused":              {Allow, "ftp://127.0.0.1/", "only http and https"},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(Options{Mode: tt.mode, Control: func() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:8700") }})
			defer c.Close()
			_, body, err := get(t, c, tt.url)
			var refused *RefusedError
			switch {
			case tt.want == "" && (err != nil || body != "here"):
				t.Errorf("got %q, %v", body, err)
			case tt.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want a refusal with %q", err, tt.want)
			}
		})
	}
}

// A door on all addresses is refused by each of the machine's own.
func TestControlDoorOnAllAddresses(t *testing.T) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	c := New(Options{Control: func() netip.AddrPort { return netip.MustParseAddrPort("0.0.0.0:8700") }})
	for _, o := range own {
		p := netip.MustParsePrefix(o.String())
		if reason := c.forbidden(netip.AddrPortFrom(p.Addr(), 8700)); reason == "" {
			t.Errorf("%s reaches the control door", p.Addr())
		}
	}
	if reason := c.forbidden(netip.MustParseAddrPort("192.0.2.7:8700")); reason != "" {
		t.Errorf("another machine's port of that number: %s", reason)
	}
}

// What a name was resolved to is looked at before the connection is made, whatever the name.
func TestResolvedAddresses(t *testing.T) {
	c := New(Options{Control: func() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:8700") }})
	for address, refused := range map[string]bool{
		"169.254.169.254:80": true, "[fe80::1%lo]:80": true, "[fd00:ec2::254]:80": true, "100.100.100.200:80": true, "127.0.0.1:8700": true, "[::1]:8700": true,
		"127.0.0.1:8701": false, "192.0.2.7:80": false, "[64:ff9b::c000:207]:80": false,
	} {
		if err := c.checkDial("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestNoUserAgentIsAdded(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }))
	defer srv.Close()
	c := New(Options{})
	defer c.Close()
	if _, body, err := get(t, c, srv.URL); err != nil || body != "" {
		t.Errorf("sent User-Agent %q, %v", body, err)
	}
}

func TestForeignHostsAreToldOnce(t *testing.T) {
	var told []string
	c := New(Options{Foreign: func(h string) { told = append(told, h) }})
	for range 2 {
		if err := c.checkURL(&http.Request{URL: mustURL(t, "https://api.example.com/")}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{"api.example.com"}) {
		t.Errorf("told %v", told)
	}
}

func TestDeclaredAnswers(t *testing.T) {
	c := New(Options{Mode: Deny})
	err := c.SetRules([]Rule{
		{Match: Match{Host: "wa.example", Path: "/v1/*"}, Respond: Respond{Status: 503}, Times: 2},
		{Match: Match{Host: "wa.example", Path: "/v1/*"}, Respond: Respond{JSON: []byte(`{"id":1}`)}},
		{Match: Match{Host: "*.broken.example"}, Respond: Respond{Error: "connection reset"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{503, 503, 200, 200} {
		if got, _, err := get(t, c, "https://wa.example/v1/messages?x=1"); err != nil || got != want {
			t.Errorf("answer %d: %d, %v; want %d", i, got, err, want)
		}
	}
	if _, _, err := get(t, c, "https://a.broken.example/"); err == nil || err.Error() != "connection reset" {
		t.Errorf("declared error: %v", err)
	}
	if _, _, err := get(t, c, "https://wa.example/v2"); err == nil {
		t.Error("a path outside the rule was answered")
	}
	req, _ := http.NewRequest("POST", "https://wa.example/v1/messages", strings.NewReader(`{"to":"+1"}`))
	if _, err := c.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	recs := c.Records()
	last := recs[len(recs)-1]
	if last.Method != "POST" || last.Body != `{"to":"+1"}` || last.Status != 200 {
		t.Errorf("last record %+v", last)
	}
}

func TestDelayIsOnTheClock(t *testing.T) {
	clk := clock.NewMovable()
	clk.Freeze()
	c := New(Options{Mode: Deny, Clock: clk})
	if err := c.SetRules([]Rule{{Respond: Respond{DelayMS: 3_600_000}}}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, _, err := get(t, c, "https://slow.example/")
		done <- err
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
			clk.Advance(time.Hour)
		}
	}
}

func TestBadRules(t *testing.T) {
	for name, tt := range map[string]struct {
		rule Rule
		want string
	}{
		"a status out of range": {Rule{Respond: Respond{Status: 99}}, "rules[0]: respond.status 99"},
		"a URL for a host":      {Rule{Match: Match{Host: "https://x.example/"}}, "must be a host name"},
		"a path without slash":  {Rule{Match: Match{Path: "v1"}}, "must begin with /"},
		"json and body":         {Rule{Respond: Respond{JSON: []byte("1"), Body: "x"}}, "give one"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := New(Options{}).SetRules([]Rule{tt.rule}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Package outbound decides what a Worker's fetch may reach. A Client is the http.RoundTripper behind
// global fetch: declared answers come first, then the mode says whether the request may leave the
// machine. It keeps the last requests that Workers sent, so that a test can script and check a
// provider without running a server.
//
// Link-local and cloud metadata addresses and cfemu's own control door are refused in every mode;
// names are checked again once they are resolved, so that no DNS answer leads there.
package outbound

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// A Mode says how far a Worker's fetch may go.
type Mode string

// The modes, from open to closed.
const (
	Allow Mode = "allow" // anywhere
	Local Mode = "local" // loopback addresses and declared answers
	Deny  Mode = "deny"  // declared answers only
)

// ParseMode returns the mode named s.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Allow, Local, Deny:
		return m, nil
	}
	return "", fmt.Errorf("unknown outbound mode %q: use allow, local or deny", s)
}

// Options of New. The zero value denies nothing but what is always refused.
type Options struct {
	Mode    Mode                  // "": Allow
	Clock   clock.Clock           // nil: clock.System
	Control func() netip.AddrPort // the control door, refused in every mode; nil: none
	Foreign func(host string)     // called once for each host beyond loopback that is reached; nil: nothing
}

// A Client is where a Worker's global fetch goes. It is safe for concurrent use.
type Client struct {
	mode      Mode
	clock     clock.Clock
	control   func() netip.AddrPort
	foreign   func(string)
	transport *http.Transport

	mu    sync.Mutex
	rules []*rule
	sent  []Record
	told  map[string]bool
}

// New returns a client without rules.
func New(o Options) *Client {
	c := &Client{mode: o.Mode, clock: clock.Or(o.Clock), control: o.Control, foreign: o.Foreign, told: map[string]bool{}}
	if c.mode == "" {
		c.mode = Allow
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, Control: c.checkDial}
	c.transport = &http.Transport{
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // the Worker sees the bytes as they were sent
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   30 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	if c.mode == Allow {
		c.transport.Proxy = http.ProxyFromEnvironment
	}
	return c
}

// A RefusedError says why a request was not sent, and what would let it through.
type RefusedError struct {
	URL    string
	Reason string
	Hint   string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("fetch to %s refused: %s. %s", e.URL, e.Reason, e.Hint)
}

// RoundTrip answers req from the declared answers or sends it on, as the mode allows.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	rec, body := c.record(req)
	res, err := c.answer(req, body)
	c.settle(rec, res, err)
	return res, err
}

func (c *Client) answer(req *http.Request, body *capture) (*http.Response, error) {
	if r := c.match(req); r != nil {
		// A provider reads the request before it answers; so does a declared one.
		if err := body.drain(); err != nil {
			return nil, err
		}
		return r.Respond.response(req, c.clock)
	}
	if err := c.checkURL(req); err != nil {
		body.Close()
		return nil, err
	}
	out := req.Clone(req.Context())
	if req.Body != nil {
		out.Body = body
	}
	out.RequestURI = ""
	if _, given := out.Header["User-Agent"]; !given {
		out.Header["User-Agent"] = []string{""} // Workers send none of their own, and so must Go
	}
	return c.transport.RoundTrip(out)
}

func (c *Client) checkURL(req *http.Request) error {
	host := req.URL.Hostname()
	url := req.URL.Scheme + "://" + req.URL.Host
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return &RefusedError{url, "only http and https can be fetched", "Use one of these."}
	}
	addr, isAddr := parseAddr(host)
	if isAddr {
		if reason := c.forbidden(netip.AddrPortFrom(addr, port(req))); reason != "" {
			return &RefusedError{url, reason, "This address is never reachable from a Worker."}
		}
	}
	loopback := isAddr && addr.IsLoopback() || isLoopbackName(host)
	switch {
	case c.mode == Deny:
		return &RefusedError{url, "no declared answer matches and the outbound mode is deny",
			"Declare an answer with PUT /cfemu/v1/outbound, or run with --outbound local or --outbound allow."}
	case c.mode == Local && !loopback:
		return &RefusedError{url, fmt.Sprintf("%s is not on this machine, no declared answer matches, and the outbound mode is local", host),
			"Declare an answer with PUT /cfemu/v1/outbound, or run with --outbound allow."}
	case !loopback:
		c.tell(host)
	}
	return nil
}

func (c *Client) tell(host string) {
	c.mu.Lock()
	first := !c.told[host]
	c.told[host] = true
	c.mu.Unlock()
	if first && c.foreign != nil {
		c.foreign(host)
	}
}

// checkDial sees the address that a name was resolved to.
func (c *Client) checkDial(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	if reason := c.forbidden(ap); reason != "" {
		return &RefusedError{address, reason, "This address is never reachable from a Worker."}
	}
	if c.mode == Local && !ap.Addr().IsLoopback() {
		return &RefusedError{address, "the address is not on this machine and the outbound mode is local", "Run with --outbound allow."}
	}
	return nil
}

// forbidden says why ap may not be reached in any mode, or "".
func (c *Client) forbidden(ap netip.AddrPort) string {
	a := inner(ap.Addr())
	switch {
	case a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || metadata[a]:
		return fmt.Sprintf("%s is a link-local or cloud metadata address", ap.Addr())
	case c.control != nil && ap.Port() != 0 && ap.Port() == c.control().Port() && isOwn(a, c.control().Addr()):
		return "this is cfemu's own control door"
	}
	return ""
}

// inner is the IPv4 address that an IPv6 one stands for on networks that translate: NAT64, 6to4, and the
// old form of two colons. Others are themselves.
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	b := a.As16()
	switch {
	case nat64.Contains(a) || compatible.Contains(a) && !a.IsLoopback() && !a.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:]))
	}
	return a
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	compatible = netip.MustParsePrefix("::/96")
)

// isOwn says whether a door that listens on bound is reached by a.
func isOwn(a, bound netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() || a == bound.Unmap() {
		return true
	}
	if !bound.IsUnspecified() {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return true // nobody knows: better refused
	}
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && p.Addr().Unmap() == a {
			return true
		}
	}
	return false
}

// metadata holds the cloud metadata addresses that are not link-local: AWS over IPv6, Alibaba, Oracle.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd00:ec2::254"):   true,
	netip.MustParseAddr("100.100.100.200"): true,
	netip.MustParseAddr("192.0.0.192"):     true,
}

func parseAddr(host string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(host)
	return a.Unmap(), err == nil
}

func isLoopbackName(host string) bool {
	const suffix = ".localhost"
	return host == "localhost" || len(host) > len(suffix) && host[len(host)-len(suffix):] == suffix
}

func port(req *http.Request) uint16 {
	switch p := req.URL.Port(); {
	case p != "":
		var n uint16
		fmt.Sscan(p, &n)
		return n
	case req.URL.Scheme == "https":
		return 443
	}
	return 80
}

// Reset forgets all rules and records.
func (c *Client) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules, c.sent = nil, nil
}

// Close drops idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

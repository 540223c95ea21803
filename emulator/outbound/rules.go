package outbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// A Rule declares an answer. Rules are tried in order; one with Times is used up after that many
// matches, so that the next one answers: "fail twice, and then".
type Rule struct {
	Match   Match   `json:"match"`
	Respond Respond `json:"respond"`
	Times   int     `json:"times,omitempty"` // 0: without end
}

// A Match names requests. Empty fields match all; "*" stands for any run of characters.
type Match struct {
	Method string `json:"method,omitempty"`
	Host   string `json:"host,omitempty"` // with the port when it is not the scheme's own
	Path   string `json:"path,omitempty"` // without the query
}

// Respond is the answer: a response, or an Error that fetch rejects with.
type Respond struct {
	Status  int               `json:"status,omitempty"` // 0: 200
	Headers map[string]string `json:"headers,omitempty"`
	JSON    json.RawMessage   `json:"json,omitempty"`
	Body    string            `json:"body,omitempty"`
	DelayMS int64             `json:"delay_ms,omitempty"` // milliseconds on the emulator's clock
	Error   string            `json:"error,omitempty"`
}

type rule struct {
	Rule
	host, path *regexp.Regexp
	used       int
}

func (r *rule) spent() bool { return r.Times > 0 && r.used >= r.Times }

func compile(in Rule) (*rule, error) {
	switch {
	case in.Times < 0:
		return nil, errors.New("times must not be negative")
	case in.Respond.Status != 0 && (in.Respond.Status < 200 || in.Respond.Status > 599):
		return nil, fmt.Errorf("respond.status %d is not an HTTP status of 200 to 599", in.Respond.Status)
	case in.Respond.DelayMS < 0:
		return nil, errors.New("respond.delay_ms must not be negative")
	case in.Respond.JSON != nil && in.Respond.Body != "":
		return nil, errors.New("respond has both json and body: give one")
	case strings.Contains(in.Match.Host, "/"):
		return nil, fmt.Errorf("match.host %q must be a host name, without scheme or path", in.Match.Host)
	case in.Match.Path != "" && !strings.HasPrefix(in.Match.Path, "/") && !strings.HasPrefix(in.Match.Path, "*"):
		return nil, fmt.Errorf("match.path %q must begin with / or *", in.Match.Path)
	}
	return &rule{Rule: in, host: glob(strings.ToLower(in.Match.Host)), path: glob(in.Match.Path)}, nil
}

// glob returns nil, which matches all, for "".
func glob(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
}

func (r *rule) matches(req *http.Request) bool {
	return (r.Match.Method == "" || strings.EqualFold(r.Match.Method, req.Method)) &&
		(r.host == nil || r.host.MatchString(strings.ToLower(req.URL.Host))) &&
		(r.path == nil || r.path.MatchString(req.URL.EscapedPath()))
}

func (c *Client) match(req *http.Request) *rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.rules {
		if !r.spent() && r.matches(req) {
			r.used++
			return r
		}
	}
	return nil
}

func (a Respond) response(req *http.Request, c clock.Clock) (*http.Response, error) {
	if err := clock.Sleep(req.Context(), c, time.Duration(a.DelayMS)*time.Millisecond); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	body, header := []byte(a.Body), http.Header{}
	switch {
	case a.JSON != nil:
		body = a.JSON
		header.Set("Content-Type", "application/json")
	case a.Body != "":
		header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	for k, v := range a.Headers {
		header.Set(k, v)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}

// SetRules replaces all rules. The error names the first rule that cannot be.
func (c *Client) SetRules(rules []Rule) error {
	compiled := make([]*rule, len(rules))
	for i, in := range rules {
		r, err := compile(in)
		if err != nil {
			return fmt.Errorf("rules[%d]: %w", i, err)
		}
		compiled[i] = r
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = compiled
	return nil
}

// Rules returns the rules in force.
func (c *Client) Rules() []Rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Rule, len(c.rules))
	for i, r := range c.rules {
		out[i] = r.Rule
	}
	return out
}

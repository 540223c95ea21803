package webcore

import (
	"strconv"
	"strings"
)

// A plainURL is an absolute http: or https: URL that is written as the parser would write it, so that its
// parts are parts of its text. Nearly all that a Worker's requests have are, and parsing one by the
// standard's whole state machine takes longer than all else that a short handler does with it.
type plainURL struct {
	text string // empty: not one
	// Where its parts begin: the host, the port's colon (the path's place, if there is none), the path and
	// the query's question mark (the text's length).
	host, port, path, query int
}

// plain takes text apart, if it is a plain URL. Whatever is not sure to be is not.
func plain(text string) (plainURL, bool) {
	none := plainURL{}
	u := plainURL{text: text, host: len("https://"), query: len(text)}
	standard := "443"
	switch {
	case strings.HasPrefix(text, "https://"):
	case strings.HasPrefix(text, "http://"):
		u.host, standard = len("http://"), "80"
	default:
		return none, false
	}
	u.path = strings.IndexByte(text[u.host:], '/') + u.host
	if u.path < u.host {
		return none, false
	}
	u.port = u.path
	if at := strings.IndexByte(text[u.host:u.path], ':'); at >= 0 {
		u.port = u.host + at
		port := text[u.port+1 : u.path]
		if n, ok := decimal(port, 65535); !ok || n == 0 || port == standard {
			return none, false
		}
	}
	if !plainHost(text[u.host:u.port]) {
		return none, false
	}
	for k := u.path; k < len(text); k++ {
		switch c := text[k]; {
		case isWordASCII(c) || c == '-' || c == '~' || strings.IndexByte("!$&()*+,;=:@", c) >= 0:
		case c == '/' || c == '\'':
			if u.query < len(text) && c == '\'' {
				return none, false
			}
		case c == '.':
			if u.query == len(text) && text[k-1] == '/' { // it may be a segment that means another
				return none, false
			}
		case c == '?':
			if u.query == len(text) {
				u.query = k
			}
		case c == '%' && u.query < len(text):
		default:
			return none, false
		}
	}
	if u.query == len(text)-1 { // an empty query stays in the text and is no part
		return none, false
	}
	return u, true
}

// plainHost reports whether a host is a name or an IPv4 address that the parser leaves as it is.
func plainHost(host string) bool {
	labels, last := 0, ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Contains(label, "--") {
			return false
		}
		for k := range len(label) {
			if c := label[k]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return false
			}
		}
		labels++
		last = label
	}
	if last[0] > '9' {
		return len(host) <= 253
	}
	if labels != 4 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if _, ok := decimal(label, 255); !ok {
			return false
		}
	}
	return true
}

// decimal is the number of at most max that text is in its shortest form.
func decimal(text string, max int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= max && strconv.Itoa(n) == text
}

func isWordASCII(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func (u *plainURL) origin() string    { return u.text[:u.path] }
func (u *plainURL) protocol() string  { return u.text[:u.host-len("//")] }
func (u *plainURL) authority() string { return u.text[u.host:u.path] }
func (u *plainURL) hostname() string  { return u.text[u.host:u.port] }
func (u *plainURL) pathname() string  { return u.text[u.path:u.query] }
func (u *plainURL) search() string    { return u.text[u.query:] }
func (u *plainURL) portText() string  { return strings.TrimPrefix(u.text[u.port:u.path], ":") }

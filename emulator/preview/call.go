package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ServeHTTP is the host of the sessions: it answers the calls of their bindings.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.session(r.Header.Get(tokenHeader))
	if n == nil {
		// By this text and status wrangler knows that it has to begin a new session.
		say(w, http.StatusBadRequest, "Invalid Workers Preview configuration")
		return
	}
	rpc := r.Header.Get("Upgrade") != "" && r.URL.Query().Has("MF-Binding")
	name := r.Header.Get("MF-Binding")
	if rpc {
		name = r.URL.Query().Get("MF-Binding")
	}
	t, found := n.bindings[name]
	switch {
	case rpc && found:
		refuseRPC(w, r, t)
	case !found && name == "":
		say(w, http.StatusBadRequest, "Binding  not found")
	case !found:
		say(w, http.StatusBadRequest, fmt.Sprintf("Binding %q not found", name))
	case r.Header.Get("MF-Connect-Address") != "":
		// Deviation: connect() of a remote binding is answered with an error
		say(w, http.StatusNotImplemented, fmt.Sprintf("cfemu: connect() of the remote binding %s is not emulated", name))
	case t.err != nil:
		t.refuse(w)
	default:
		t.serve(w, r)
	}
}

// refuse answers a call that nothing answers. Bindings look for a text in JSON, each under a name of
// its own, and show the whole body or the status where they look for none.
func (t target) refuse(w http.ResponseWriter) {
	text := "cfemu: " + t.err.Error()
	body, err := json.Marshal(map[string]any{"success": false, "code": codeNotHere, "error": text, "message": text})
	if err != nil {
		return // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotImplemented)
	_, _ = w.Write(body)
}

// serve sends a call to the binding's wire and its answer back.
func (t target) serve(w http.ResponseWriter, r *http.Request) {
	out, err := rebuild(r)
	if err != nil {
		say(w, http.StatusBadRequest, "cfemu: "+err.Error())
		return
	}
	if r.ContentLength != 0 {
		// A wire may answer with the body it is being sent. An error says that the protocol is not HTTP/1,
		// and that both directions flow anyway.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	res, err := t.service.RoundTrip(out)
	if err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	defer res.Body.Close()
	if phrase := ownPhrase(res); phrase != "" {
		answerWithPhrase(w, r, res, phrase)
		return
	}
	header := w.Header()
	forward(header, res)
	if res.ContentLength >= 0 && header.Get("Content-Length") == "" && r.Method != http.MethodHead {
		header["Content-Length"] = []string{fmt.Sprint(res.ContentLength)}
	}
	w.WriteHeader(res.StatusCode)
	if err := copyBody(w, res); err != nil && r.Context().Err() == nil {
		panic(http.ErrAbortHandler) // the header is out: breaking the connection is all that tells the client
	}
}

// hop are the headers of one connection, and those that the rebuilt request says by its fields.
var hop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Content-Length", "Host"}

// rebuild is the request that the binding made before it was wrapped.
func rebuild(r *http.Request) (*http.Request, error) {
	target, err := url.Parse(r.Header.Get("MF-URL"))
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, fmt.Errorf("the header MF-URL of this call is not an address: %q", r.Header.Get("MF-URL"))
	}
	out := r.Clone(r.Context())
	out.URL, out.Host, out.RequestURI = target, target.Host, ""
	out.TransferEncoding, out.Trailer, out.Form, out.PostForm = nil, nil, nil, nil
	out.Header = http.Header{}
	for name, values := range r.Header {
		if rest, own := strings.CutPrefix(name, "Mf-Header-"); own && !slices.Contains(hop, http.CanonicalHeaderKey(rest)) {
			out.Header[http.CanonicalHeaderKey(rest)] = values
		}
	}
	if out.Method == http.MethodGet || out.Method == http.MethodHead {
		out.Body, out.ContentLength = http.NoBody, 0
	}
	return out, nil
}

// forward copies the headers of an answer, marked as one of the binding's: without the mark wrangler
// looks in it for the login page of Cloudflare Access.
func forward(header http.Header, res *http.Response) {
	for name, values := range res.Header {
		if name == "Content-Length" || !slices.Contains(hop, name) {
			header[name] = values
		}
	}
	if _, typed := header["Content-Type"]; !typed {
		header["Content-Type"] = nil // the wire gave none: no sniffing
	}
	header.Set("MF-Forwarded-Response", "true")
}

// copyBody sends each piece of a body of unknown length as it comes. The error is the body's, not
// the client's going away.
func copyBody(w http.ResponseWriter, res *http.Response) error {
	flush := func() error { return nil }
	if res.ContentLength < 0 {
		flush = http.NewResponseController(w).Flush
		if flush() != nil {
			return nil
		}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := res.Body.Read(buf)
		if n > 0 {
			if _, gone := w.Write(buf[:n]); gone != nil || flush() != nil {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ownPhrase is the reason phrase of an answer that has one of its own. KV puts its errors there, and
// the binding reads them there.
func ownPhrase(res *http.Response) string {
	_, phrase, _ := strings.Cut(res.Status, " ")
	if phrase == http.StatusText(res.StatusCode) {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, phrase)
}

// answerWithPhrase writes an answer by hand, since net/http writes phrases of its own only.
func answerWithPhrase(w http.ResponseWriter, r *http.Request, res *http.Response, phrase string) {
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // the text of an error
	if err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	// The next request would be read out of what is left of this one's body.
	_, _ = io.Copy(io.Discard, r.Body)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		say(w, res.StatusCode, phrase)
		return
	}
	defer conn.Close()
	header := http.Header{}
	forward(header, res)
	header["Content-Length"], header["Connection"] = []string{fmt.Sprint(len(body))}, []string{"close"}
	fmt.Fprintf(buf, "HTTP/1.1 %d %s\r\n", res.StatusCode, phrase)
	// The client is gone when one of these fails; there is nobody left to tell.
	_ = header.Write(buf)
	_, _ = buf.WriteString("\r\n")
	if r.Method != http.MethodHead {
		_, _ = buf.Write(body)
	}
	_ = buf.Flush()
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

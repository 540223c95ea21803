package preview

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// respond is a response of a wire; length -1 makes it a stream.
func respond(status string, header http.Header, body string, length int64) *http.Response {
	code := 0
	fmt.Sscan(status, &code)
	return &http.Response{Status: status, StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: length}
}

// resolve gives bindings what their type says.
func resolve(_ context.Context, worker string, b Binding) (http.RoundTripper, error) {
	switch b.Type {
	case "d1": // tells what it was asked
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			var text strings.Builder
			fmt.Fprintf(&text, "%s of %s: %s %s, host %s, length %d\n", b.ID, worker, r.Method, r.URL, r.Host, r.ContentLength)
			for _, name := range slices.Sorted(maps.Keys(r.Header)) {
				fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
			}
			text.Write(body)
			return respond("200 OK", http.Header{"X-Own": {"1", "2"}, "Connection": {"x-own"}}, text.String(), int64(text.Len())), err
		}), nil
	case "kv_namespace": // has a phrase of its own
		return roundTrip(func(*http.Request) (*http.Response, error) {
			return respond("400 Invalid\r\nX-Evil: 1 \u00fc", http.Header{"Content-Type": {"text/plain"}}, "Invalid", -1), nil
		}), nil
	case "ai": // streams
		return roundTrip(func(*http.Request) (*http.Response, error) {
			return respond("200 OK", http.Header{"Content-Type": {"text/event-stream"}}, "data: 1\n\n", -1), nil
		}), nil
	case "service": // throws
		return roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("the Worker threw") }), nil
	}
	return nil, fmt.Errorf("the remote binding %s is of type %s, which is not emulated", b.Name, b.Type)
}

// serve puts the API and the host of the sessions behind one address, as the control door does.
func serve(t *testing.T, o Options) (*Service, string) {
	t.Helper()
	o.Resolve = resolve
	s := New(o)
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r.PathPrefix("/accounts/{account}").Subrouter())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if Calls(req) {
			s.ServeHTTP(w, req)
			return
		}
		r.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	return s, strings.TrimPrefix(server.URL, "http://")
}

var newToken = regexp.MustCompile(`"(preview_)?token":"([^"]+)"`)

// TestSessions plays testdata/*.txtar, whose name tells the way. $TOKEN and $PREVIEW stand for the
// tokens that were given out last, "ADVANCE 1m" moves the clock.
func TestSessions(t *testing.T) {
	for _, way := range []Way{Preload, TLS, Off} {
		testkit.Golden(t, "testdata/"+string(way)+"*.txtar", func(t *testing.T) func([]byte) string {
			c := clock.NewMovable()
			c.Freeze()
			_, address := serve(t, Options{Clock: c, Way: way})
			token, preview := "none", "none"
			return func(request []byte) string {
				text := strings.NewReplacer("$TOKEN", token, "$PREVIEW", preview).Replace(strings.TrimSuffix(string(request), "\n"))
				if d, moves := strings.CutPrefix(text, "ADVANCE "); moves {
					step, err := time.ParseDuration(d)
					if err != nil {
						t.Fatal(err)
					}
					c.Advance(step)
					return ""
				}
				answer := exchange(t, address, text)
				for _, m := range newToken.FindAllStringSubmatch(answer, -1) {
					if m[1] == "" {
						token = m[2]
						answer = strings.ReplaceAll(answer, token, "$TOKEN")
					} else {
						preview = m[2]
						answer = strings.ReplaceAll(answer, preview, "$PREVIEW")
					}
				}
				return answer
			}
		})
	}
}

// exchange sends a request as it stands, with Host and length added, and returns the response with what
// means something in it.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	head = lines[0] + " HTTP/1.1\r\n" + strings.Join(append(lines[1:], ""), "\r\n")
	body = strings.ReplaceAll(body, "\n", "\r\n")
	if !strings.Contains(head, "Host: ") {
		head += "Host: cfemu.localhost:8700\r\n"
	}
	if !strings.Contains(head, "Transfer-Encoding") {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
	wire := bufio.NewReader(conn)
	res, err := http.ReadResponse(wire, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out bytes.Buffer
	fmt.Fprintln(&out, res.Status)
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if name != "Date" {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(res.Header[name], " | "))
		}
	}
	if res.TransferEncoding != nil {
		fmt.Fprintln(&out, "as a stream")
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		frames, err := io.ReadAll(wire)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "\n%q\n", frames)
		return out.String()
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "\n%s\n", bytes.TrimSuffix(b, []byte("\n")))
	return out.String()
}

func TestTheSessionUsedLongestAgoMakesRoom(t *testing.T) {
	c := clock.NewMovable()
	c.Freeze()
	s := New(Options{Clock: c, Resolve: resolve})
	var tokens []string
	open := func() {
		tokens = append(tokens, s.open(t.Context(), "w", nil))
		c.Advance(time.Second)
	}
	for range maxSessions {
		open()
	}
	if s.session(tokens[0]) == nil { // used just now
		t.Fatal("a session was dropped before there were too many")
	}
	open()
	switch {
	case s.session(tokens[0]) == nil:
		t.Error("the session that was used last was dropped")
	case s.session(tokens[1]) != nil:
		t.Error("the session used longest ago was kept")
	case s.session(tokens[maxSessions]) == nil:
		t.Error("the new session is not there")
	case len(s.sessions) != maxSessions:
		t.Errorf("%d sessions are kept", len(s.sessions))
	}
}

func TestUploadTokensProveThemselves(t *testing.T) {
	c := clock.NewMovable()
	c.Freeze()
	tokens := newUploadTokens(c)
	good := tokens.issue()
	changed := func(at int) string { // to another character, in the midst, where all bits count
		other := byte('A')
		if good[at] == other {
			other = 'B'
		}
		return good[:at] + string(other) + good[at+1:]
	}
	for name, token := range map[string]string{
		"nothing": "", "not base64": "***", "short": good[:20], "of another process": newUploadTokens(c).issue(),
		"of another time": changed(1), "changed": changed(len(good) - 10),
	} {
		if tokens.valid(token) {
			t.Errorf("%s: %q is taken", name, token)
		}
	}
	if !tokens.valid(good) {
		t.Error("the token that was issued is not taken")
	}
	c.Advance(lifetime)
	if tokens.valid(good) {
		t.Error("a token lives on after its time")
	}
}

func TestUploadsHaveLimits(t *testing.T) {
	s, address := serve(t, Options{})
	for name, tt := range map[string]struct {
		part string
		size int
		want string
	}{
		"metadata": {"metadata", maxMetadataBytes + 1, "the part metadata is larger than 1048576 bytes"},
		"all":      {"proxy-worker.js", maxUploadBytes + 1, "the upload is larger than 10485760 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			body := "--b\r\nContent-Disposition: form-data; name=\"" + tt.part + "\"\r\n\r\n" + strings.Repeat(" ", tt.size) + "\r\n--b--\r\n"
			req, err := http.NewRequest("POST", "http://"+address+"/accounts/a/workers/scripts/w/edge-preview", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			req.Header.Set("cf-preview-upload-config-token", s.tokens.issue())
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != 400 || !strings.Contains(string(got), tt.want) {
				t.Errorf("got %s %s (%v)", res.Status, got, err)
			}
		})
	}
}

// A body that breaks breaks the connection: what has come is not taken for all.
func TestABodyThatBreaksIsNotTakenForWhole(t *testing.T) {
	broken := roundTrip(func(*http.Request) (*http.Response, error) {
		res := respond("200 OK", http.Header{}, "", -1)
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), brokenReader{}))
		return res, nil
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { target{service: broken}.serve(w, r) }))
	defer server.Close()
	req, err := http.NewRequest("POST", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("MF-URL", "http://d1/query")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("read %q to its end", b)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

package queues

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// call makes one call as the runtime does.
func call(t *testing.T, rt http.RoundTripper, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, "https://fake-host"+path, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength != int64(len(b)) {
		t.Errorf("Content-Length %d, body has %d", resp.ContentLength, len(b))
	}
	return resp, string(b)
}

func TestWireAnswers(t *testing.T) {
	// The clock stands at 2026-03-01T12:00:00Z.
	const now = "1772366400000"
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, tt := range map[string]struct {
		method, path, body string
		headers            []string
		want               string // status, headers that matter, body
	}{
		"message": {"POST", "/message", "hello", []string{"X-Msg-Fmt", "text", "Content-Type", "application/octet-stream"},
			`200 OK application/json {"metadata":{"metrics":{"backlogCount":1,"backlogBytes":5,"oldestMessageTimestamp":` + now + `}}}`},
		"message without a format": {"POST", "/message", "\xff\x0f0", nil,
			`200 OK application/json {"metadata":{"metrics":{"backlogCount":1,"backlogBytes":3,"oldestMessageTimestamp":` + now + `}}}`},
		"batch": {"POST", "/batch", `{"messages":[{"body":"` + b64("t") + `","contentType":"text"},{"body":"` + b64("v8") + `"}]}`, nil,
			`200 OK application/json {"metadata":{"metrics":{"backlogCount":2,"backlogBytes":3,"oldestMessageTimestamp":` + now + `}}}`},
		"metrics": {"GET", "/metrics", "", nil,
			`200 OK application/json {"backlogCount":0,"backlogBytes":0,"oldestMessageTimestamp":0}`},
		"message too long": {"POST", "/message", strings.Repeat("x", 128_001), []string{"X-Msg-Fmt", "text"},
			`413 message length of 128001 bytes exceeds limit of 128000 10204 message length of 128001 bytes exceeds limit of 128000`},
		"message far too long": {"POST", "/message", strings.Repeat("x", 1_000_000), []string{"X-Msg-Fmt", "text"},
			`413 message length of 1000000 bytes exceeds limit of 128000 10204 message length of 1000000 bytes exceeds limit of 128000`},
		"format unknown": {"POST", "/message", "x", []string{"X-Msg-Fmt", "xml"},
			`400 message content type xml is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8' 10203 message content type xml is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8'`},
		"delay negative": {"POST", "/message", "x", []string{"X-Msg-Fmt", "text", "X-Msg-Delay-Secs", "-1"},
			`400 message delay -1 is invalid: must be a whole number of seconds from 0 to 86400 10203 message delay -1 is invalid: must be a whole number of seconds from 0 to 86400`},
		"delay of no number": {"POST", "/message", "x", []string{"X-Msg-Fmt", "text", "X-Msg-Delay-Secs", "soon"},
			`400 message delay soon is invalid: must be a whole number of seconds from 0 to 86400 10203 message delay soon is invalid: must be a whole number of seconds from 0 to 86400`},
		"delay in a batch beyond a day": {"POST", "/batch", `{"messages":[{"body":"","contentType":"text","delaySecs":86401}]}`, nil,
			`400 message delay 86401 is invalid: must be a whole number of seconds from 0 to 86400 10203 message delay 86401 is invalid: must be a whole number of seconds from 0 to 86400`},
		"delay in parts of a second": {"POST", "/batch", `{"messages":[{"body":"","contentType":"text","delaySecs":0.5}]}`, nil,
			`400 message delay 0.5 is invalid: must be a whole number of seconds from 0 to 86400 10203 message delay 0.5 is invalid: must be a whole number of seconds from 0 to 86400`},
		"batch of one too long": {"POST", "/batch", `{"messages":[{"body":"` + b64(strings.Repeat("x", 128_001)) + `","contentType":"text"}]}`, nil,
			`413 message in batch has length 128001 bytes which exceeds single message size limit of 128000 10204 message in batch has length 128001 bytes which exceeds single message size limit of 128000`},
		"batch of no JSON": {"POST", "/batch", `{`, nil,
			`400 Request body is not valid JSON 10208 Request body is not valid JSON`},
		"batch of another shape": {"POST", "/batch", `{"messages":7}`, nil,
			`400 Request JSON body does not match expected schema 10207 Request JSON body does not match expected schema`},
		"a line break does not get into the status line": {"POST", "/batch", `{"messages":[{"body":"","contentType":"a\r\nSet-Cookie: b"}]}`, nil,
			`400 message content type a  Set-Cookie: b is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8' 10203 message content type a  Set-Cookie: b is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8'`},
		"path unknown": {"POST", "/nope", "", nil,
			`404 Could not route to /nope, perhaps your object identifier is invalid? 7003 Could not route to /nope, perhaps your object identifier is invalid?`},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, Options{Clock: frozen()})
			ensure(t, s, "q")
			resp, body := call(t, s.Wire("q", 0), tt.method, tt.path, tt.body, tt.headers...)
			got := resp.Status + " " + resp.Header.Get("Content-Type") + " " + body
			if resp.StatusCode != http.StatusOK {
				got = resp.Status + " " + resp.Header.Get("CF-Queues-Error-Code") + " " + resp.Header.Get("CF-Queues-Error-Cause")
				if !strings.HasSuffix(resp.Status, body) {
					t.Errorf("body %q is not the reason", body)
				}
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("an unknown queue", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		resp, _ := call(t, s.Wire("nope", 0), "POST", "/message", "x")
		if resp.StatusCode != 404 || resp.Header.Get("CF-Queues-Error-Code") != "10104" {
			t.Errorf("got %s, code %s", resp.Status, resp.Header.Get("CF-Queues-Error-Code"))
		}
	})
	t.Run("a failure of ours tells nothing", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		ensure(t, s, "q")
		r, _ := http.NewRequestWithContext(context.Background(), "POST", "https://fake-host/message", failingReader{})
		resp, err := s.Wire("q", 0).RoundTrip(r)
		if err != nil || resp.Status != "500 Unknown Internal Error" || resp.Header.Get("CF-Queues-Error-Code") != "15000" {
			t.Errorf("got %v, %v", resp, err)
		}
	})
	t.Run("a reason is cut at 512 bytes", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		ensure(t, s, "q")
		_, body := call(t, s.Wire("q", 0), "POST", "/message", "x", "X-Msg-Fmt", strings.Repeat("ü", 1000))
		if len(body) > 512 || len(body) < 510 {
			t.Errorf("reason has %d bytes", len(body))
		}
	})
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("/secret/path") }

func TestDelayPrecedence(t *testing.T) {
	for name, tt := range map[string]struct {
		configured time.Duration
		call       string
		message    string
		want       time.Duration
	}{
		"none":                                {0, "", "", 0},
		"the binding's":                       {time.Minute, "", "", time.Minute},
		"the call's beats the binding's":      {time.Minute, "7", "", 7 * time.Second},
		"the call's zero beats the binding's": {time.Minute, "0", "", 0},
		"the message's beats the call's":      {time.Minute, "7", "3", 3 * time.Second},
		"the message's zero beats the call's": {time.Minute, "7", "0", 0},
		"the message's beats the binding's":   {time.Minute, "", "3", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			s := openTest(t, Options{Clock: c})
			q := ensure(t, s, "q")
			delay := ""
			if tt.message != "" {
				delay = `,"delaySecs": ` + tt.message
			}
			var headers []string
			if tt.call != "" {
				headers = []string{"X-Msg-Delay-Secs", tt.call}
			}
			resp, body := call(t, s.Wire("q", tt.configured), "POST", "/batch", `{"messages":[{"body":"eA==","contentType":"text"`+delay+`}]}`, headers...)
			if resp.StatusCode != 200 {
				t.Fatal(resp.Status, body)
			}
			all, err := q.Messages(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := all[0].Due.Sub(c.Now()); got != tt.want {
				t.Errorf("delay %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWireKeepsBytesAndFormats(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	ensure(t, s, "q")
	v8 := "\xff\x0f\x6f\x22\x01\x61\x49\x02\x7b\x01"
	rt := s.Wire("q", 0)
	call(t, rt, "POST", "/message", v8)
	call(t, rt, "POST", "/message", "", "X-Msg-Fmt", "bytes")
	var batch bytes.Buffer
	fmt.Fprintf(&batch, `{"messages":[{"body":"%s"},{"body":"dA==","contentType":"text"},{"body":"eyJqIjoxfQ==","contentType":"json"}]}`,
		base64.StdEncoding.EncodeToString([]byte(v8)))
	call(t, rt, "POST", "/batch", batch.String())
	r := &recorder{}
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	var got []string
	for _, m := range r.batches[0].Messages {
		got = append(got, m.ContentType+" "+string(m.Body))
	}
	want := []string{"v8 " + v8, "bytes ", "v8 " + v8, "text t", `json {"j":1}`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add(`{"messages":[{"body":"dA==","contentType":"text"},{"body":"eyJqIjoxfQ==","contentType":"json","delaySecs": 3}]}`, "7")
	f.Add(`{"messages":[{"body":"/w9v"}]}`, "1e400")
	f.Add(`{"messages":null}`, "NaN")
	s, err := Open(f.TempDir(), Options{Clock: frozen(), NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	ensure(f, s, "q")
	f.Fuzz(func(t *testing.T, body, delay string) {
		resp, text := call(t, s.Wire("q", 0), "POST", "/batch", body, "X-Msg-Delay-Secs", delay)
		if resp.StatusCode == 500 || strings.ContainsAny(resp.Status, "\r\n") {
			t.Fatalf("%q: %s", body, resp.Status)
		}
		if resp.StatusCode == 200 && !strings.HasPrefix(text, `{"metadata":`) {
			t.Fatalf("%q: %s", body, text)
		}
	})
}

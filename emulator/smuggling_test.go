package emulator_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/internal/clock"
)

// wholeTalk sends bytes as they are and returns all that comes back until the door hangs up.
func wholeTalk(t *testing.T, door, request string) []rawAnswer {
	t.Helper()
	c, err := tryDial(door)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(clock.System.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(c, request) }() // the door may answer and go before it has read all
	var all []rawAnswer
	for r := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return all
		}
		b, _ := io.ReadAll(res.Body)
		all = append(all, rawAnswer{res.StatusCode, res.Header, string(b)})
	}
}

// What two programs could read as two different requests is refused, or read as RFC 9112 has it and
// nothing behind it on the connection is.
func TestSmuggling(t *testing.T) {
	h := emulatortest.Start(t, project(`
export default { async fetch(request) { return new Response(request.method + " " + new URL(request.url).pathname + " " + request.headers.get("x-seen") + " [" + await request.text() + "]") } }`), emulator.Options{})
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for name, tt := range map[string]struct {
		head   string // behind the request line and Host
		body   string
		status int
		want   string // of the Worker's answer; "" when it is refused
	}{
		"length and chunks: the chunks count, and end the connection": {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled, 200, "POST / null []"},
		"chunks and length":                                {"Transfer-Encoding: chunked\r\nContent-Length: 60\r\n", "1\r\nx\r\n0\r\n\r\n" + smuggled, 200, "POST / null [x]"},
		"two lengths":                                      {"Content-Length: 1\r\nContent-Length: 2\r\n", "xx" + smuggled, 400, ""},
		"two lengths in one":                               {"Content-Length: 1, 2\r\n", "xx" + smuggled, 400, ""},
		"a length with a sign":                             {"Content-Length: +1\r\n", "x" + smuggled, 400, ""},
		"a negative length":                                {"Content-Length: -1\r\n", smuggled, 400, ""},
		"a length in words":                                {"Content-Length: 0x1\r\n", "x" + smuggled, 400, ""},
		"an encoding that is none":                         {"Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + smuggled, 501, ""},
		"two encodings":                                    {"Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + smuggled, 501, ""},
		"an encoding twice":                                {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled, 501, ""},
		"an encoding behind a control character":           {"Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n" + smuggled, 400, ""},
		"a space before the colon":                         {"Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + smuggled, 400, ""},
		"a NUL in a header":                                {"X-Seen: a\x00b\r\n", smuggled, 400, ""},
		"a bare CR in a header":                            {"X-Seen: a\rContent-Length: 5\r\n", smuggled, 400, ""},
		"a name that is none":                              {"X Seen: a\r\n", smuggled, 400, ""},
		"a header without a name":                          {": a\r\n", smuggled, 400, ""},
		"a folded first header":                            {" folded\r\n", smuggled, 400, ""}, // it belongs to Host
		"a folded header is one with a space, as RFC 9112": {"X-Seen: a\r\n\tb\r\nContent-Length: 0\r\nConnection: close\r\n", smuggled, 200, "POST / a b []"},
		"a head of more than 128 KB":                       {"X-Seen: " + strings.Repeat("a", 140<<10) + "\r\n", "", 431, ""},
		"a chunk's size that ends in a bare LF":            {"Transfer-Encoding: chunked\r\n", "1;\nx\r\n0\r\n\r\n" + smuggled, 0, ""},
		"a chunk's size of too many digits":                {"Transfer-Encoding: chunked\r\n", "00000000000000001\r\nx\r\n0\r\n\r\n" + smuggled, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := wholeTalk(t, h.URL, "POST / HTTP/1.1\r\nHost: localhost\r\n"+tt.head+"\r\n"+tt.body)
			for i, a := range got {
				if i > 0 || strings.Contains(a.body, "smuggled") {
					t.Errorf("the smuggled request is answered: %d %s", a.status, a.body)
				}
			}
			if tt.status == 0 { // the body breaks: what the Worker makes of it does not matter
				return
			}
			if len(got) == 0 || got[0].status != tt.status || tt.want != "" && got[0].body != tt.want {
				t.Errorf("got %v, want %d %q", got, tt.status, tt.want)
			}
		})
	}
}

// A body larger than the zone takes is Cloudflare's 413, however its length is told.
func TestBodiesAboveTheZonesLimit(t *testing.T) {
	h := emulatortest.Start(t, project(`
export default { async fetch(request) {
  if (request.url.endsWith("/careful")) { try { await request.text(); return new Response("whole") } catch (e) { return new Response("broke off: " + e.message, { status: 400 }) } }
  if (request.url.endsWith("/unread")) return new Response("unread")
  return new Response(String((await request.arrayBuffer()).byteLength))
} }`), emulator.Options{MaxBody: 1 << 20})
	page := "413 Request Entity Too Large</h1></center>\r\n<hr><center>cloudflare</center>"
	chunked := func(n int) string {
		return "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n, strings.Repeat("x", n))
	}
	known := func(n int) string {
		return fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n%s", n, strings.Repeat("x", n))
	}
	for name, tt := range map[string]struct {
		path, rest string
		status     int
		want       string
	}{
		"as large as may be":                  {"/", known(1 << 20), 200, "1048576"},
		"as large as may be, in chunks":       {"/", chunked(1 << 20), 200, "1048576"},
		"a byte more":                         {"/", known(1<<20 + 1), 413, page},
		"a byte more, in chunks":              {"/", chunked(1<<20 + 1), 413, page},
		"announced, whatever the Worker does": {"/unread", known(1<<20 + 1), 413, page},
		"a Worker may mind a body's breaking": {"/careful", chunked(1<<20 + 1), 400, "larger than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := wholeTalk(t, h.URL, "POST "+tt.path+" HTTP/1.1\r\nHost: localhost\r\n"+tt.rest)
			if len(got) != 1 || got[0].status != tt.status || !strings.Contains(got[0].body, tt.want) {
				t.Errorf("got %v", got)
			}
		})
	}
	h.Await("a line that names the flag", 0, func(ev emulator.Event) bool {
		return ev.Type == emulator.EventRequest && ev.Status == 413 && strings.Contains(ev.Error, "--max-body")
	})
	open := emulatortest.Start(t, project(`export default { async fetch(request) { return new Response(String((await request.arrayBuffer()).byteLength)) } }`), emulator.Options{MaxBody: -1})
	if a := open.Ask("POST", "/", strings.Repeat("x", 3<<20)); a.Text != "3145728" {
		t.Errorf("without a limit: %s %s", a.Status, a.Text)
	}
}

// A body that the Worker leaves unread is no request, and does the next one no harm.
func TestUnreadBodies(t *testing.T) {
	h := emulatortest.Start(t, project(`export default { fetch: request => new Response(request.method) }`), emulator.Options{})
	for i := range 200 {
		if a, err := h.Try("POST", "/", `{"some":"body"}`); err != nil || a.Text != "POST" {
			t.Fatalf("request %d: %s, %v", i, a.Text, err)
		}
	}
	reading := emulatortest.Start(t, project(`export default { fetch: async request => new Response(await request.text()) }`), emulator.Options{})
	if a := reading.Ask("POST", "/", "some body"); a.Text != "some body" || a.Close {
		t.Errorf("a body that was read ends its connection: %v %q", a.Close, a.Text)
	}
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	got := wholeTalk(t, h.URL, fmt.Sprintf("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled))
	if len(got) != 1 || got[0].body != "POST" {
		t.Errorf("got %v", got)
	}
}

package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

type house struct {
	*Store
	t     *testing.T
	clock *clock.Movable
	dir   string
}

func open(t *testing.T, limit int64) house {
	t.Helper()
	c := clock.NewMovable()
	c.Freeze()
	dir := filepath.Join(t.TempDir(), "cache")
	s, err := Open(dir, Options{Clock: c, MaxBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
	return house{s, t, c, dir}
}

func (h house) do(method, url string, body io.Reader, headers ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		h.t.Fatal(err)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	res, err := h.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

const page = "https://example.com/a?b"

// put stores a response with those header lines and returns the status of the answer.
func (h house) put(url string, status int, lines, body string, headers ...string) int {
	h.t.Helper()
	text := fmt.Sprintf("HTTP/1.1 %d Fine\r\n%s\r\n%s", status, lines, body)
	return h.do(http.MethodPut, url, strings.NewReader(text), headers...).StatusCode
}

// get is a match as one line: status, CF-Cache-Status and body.
func (h house) get(url string, headers ...string) string {
	h.t.Helper()
	res := h.do(http.MethodGet, url, nil, append(headers, "Cache-Control", "only-if-cached")...)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", res.StatusCode, res.Header.Get(headerStatus), b))
}

func TestHeadersDecideHowLongAResponseStays(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		lines  string
		stays  time.Duration // 0: it is not stored
	}{
		"max-age":                       {200, "Cache-Control: public, max-age=60\r\n", time.Minute},
		"s-maxage beats max-age":        {200, "Cache-Control: max-age=60, s-maxage=120\r\n", 2 * time.Minute},
		"age counts":                    {200, "Cache-Control: max-age=60\r\nAge: 20\r\n", 40 * time.Second},
		"a page without a word":         {200, "", 2 * time.Hour},
		"a redirect without a word":     {302, "", 20 * time.Minute},
		"a missing page":                {404, "", 3 * time.Minute},
		"an error without a word":       {500, "", 0},
		"an error with max-age":         {500, "Cache-Control: max-age=60\r\n", time.Minute},
		"no-store":                      {200, "Cache-Control: no-store, max-age=60\r\n", 0},
		"no-cache":                      {200, "Cache-Control: no-cache\r\n", 0},
		"private":                       {200, "Cache-Control: Private\r\n", 0},
		"max-age=0":                     {200, "Cache-Control: max-age=0\r\n", 0},
		"max-age without sense":         {200, "Cache-Control: max-age=soon\r\n", 0},
		"expires in the past":           {200, "Expires: 0\r\n", 0},
		"set-cookie":                    {200, "Set-Cookie: a=b\r\nCache-Control: max-age=60\r\n", 0},
		"private set-cookie":            {200, "Set-Cookie: a=b\r\nCache-Control: private=Set-Cookie, max-age=60\r\n", time.Minute},
		"private set-cookie, in quotes": {200, "Set-Cookie: a=b\r\nCache-Control: max-age=60, private=\"Set-Cookie, X\"\r\n", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, 0)
			want := http.StatusNoContent
			if tt.stays == 0 {
				want = http.StatusRequestEntityTooLarge
			}
			if got := h.put(page, tt.status, tt.lines, "x"); got != want {
				t.Fatalf("put: %d, want %d", got, want)
			}
			if tt.stays == 0 {
				if got := h.get(page); got != "504 MISS" {
					t.Errorf("match: %s", got)
				}
				return
			}
			h.clock.Advance(tt.stays - time.Second)
			if got := h.get(page); got != fmt.Sprintf("%d HIT x", tt.status) {
				t.Errorf("just before: %s", got)
			}
			h.clock.Advance(time.Second)
			if got := h.get(page); got != "504 MISS" {
				t.Errorf("at its end: %s", got)
			}
		})
	}
}

func TestExpiresIsOnTheEmulatorsClock(t *testing.T) {
	h := open(t, 0)
	h.clock.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	h.put(page, 200, "Expires: Tue, 01 Jan 2030 00:01:00 GMT\r\n", "x")
	h.clock.Advance(59 * time.Second)
	if got := h.get(page); got != "200 HIT x" {
		t.Error(got)
	}
	h.clock.Advance(time.Second)
	if got := h.get(page); got != "504 MISS" {
		t.Error(got)
	}
}

func TestAMatchMayAskForLess(t *testing.T) {
	const lines = "Cache-Control: max-age=60\r\nETag: \"v1\"\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
	for name, tt := range map[string]struct {
		headers []string
		want    string
		and     string // a header of the answer
	}{
		"all":                       {nil, "200 HIT 0123456789", "Content-Length: 10"},
		"a range":                   {[]string{"Range", "bytes=2-4"}, "206 HIT 234", "Content-Range: bytes 2-4/10"},
		"a range to the end":        {[]string{"Range", "bytes=8-"}, "206 HIT 89", "Content-Range: bytes 8-9/10"},
		"the last bytes":            {[]string{"Range", "bytes=-3"}, "206 HIT 789", "Content-Length: 3"},
		"more than there is":        {[]string{"Range", "bytes=5-50"}, "206 HIT 56789", "Content-Range: bytes 5-9/10"},
		"outside":                   {[]string{"Range", "bytes=10-"}, "416 HIT", "Content-Range: bytes */10"},
		"several ranges are none":   {[]string{"Range", "bytes=0-1,3-4"}, "200 HIT 0123456789", "Age: 0"},
		"another unit is none":      {[]string{"Range", "lines=0-1"}, "200 HIT 0123456789", "Age: 0"},
		"a range of this version":   {[]string{"Range", "bytes=0-1", "If-Range", `"v1"`}, "206 HIT 01", "Age: 0"},
		"a range of another":        {[]string{"Range", "bytes=0-1", "If-Range", `"v0"`}, "200 HIT 0123456789", "Age: 0"},
		"if-none-match":             {[]string{"If-None-Match", `"v0", W/"v1"`}, "304 HIT", `Etag: "v1"`},
		"if-none-match any":         {[]string{"If-None-Match", `*`}, "304 HIT", `Etag: "v1"`},
		"if-none-match another":     {[]string{"If-None-Match", `"v2"`}, "200 HIT 0123456789", "Age: 0"},
		"if-modified-since":         {[]string{"If-Modified-Since", "Tue, 01 Jan 2030 00:00:00 GMT"}, "304 HIT", "Age: 0"},
		"if-modified-since earlier": {[]string{"If-Modified-Since", "Mon, 31 Dec 2029 00:00:00 GMT"}, "200 HIT 0123456789", "Age: 0"},
		"the tag counts alone":      {[]string{"If-None-Match", `"v2"`, "If-Modified-Since", "Tue, 01 Jan 2030 00:00:00 GMT"}, "200 HIT 0123456789", "Age: 0"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, 0)
			h.put(page, 200, lines, "0123456789")
			if got := h.get(page, tt.headers...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			header, value, _ := strings.Cut(tt.and, ": ")
			if got := h.do(http.MethodGet, page, nil, tt.headers...).Header.Get(header); got != value {
				t.Errorf("%s: %q, want %q", header, got, value)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	h := open(t, 0)
	put := func(url, body string, headers ...string) {
		t.Helper()
		if got := h.put(url, 200, "", body, headers...); got != 204 {
			t.Fatalf("put %s: %d", url, got)
		}
	}
	put("https://example.com/a", "plain")
	put("https://example.com/a?q", "query")
	put("http://example.com/a", "http")
	put("https://example.com/a", "named", headerNamespace, "n")
	put("https://example.com/elsewhere", "keyed", headerBlob, `{"cacheKey":"https://example.com/k"}`)
	for name, tt := range map[string]struct {
		url     string
		headers []string
		want    string
	}{
		"path":                     {"https://example.com/a", nil, "plain"},
		"query":                    {"https://example.com/a?q", nil, "query"},
		"scheme":                   {"http://example.com/a", nil, "http"},
		"a fragment is no part":    {"https://example.com/a#x", nil, "plain"},
		"a named cache is another": {"https://example.com/a", []string{headerNamespace, "n"}, "named"},
		"cf.cacheKey":              {"https://example.com/k", nil, "keyed"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := h.get(tt.url, tt.headers...); got != "200 HIT "+tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
	if got := h.do(methodPurge, "https://example.com/a", nil).StatusCode; got != 200 {
		t.Errorf("delete: %d", got)
	}
	if got := h.do(methodPurge, "https://example.com/a", nil).StatusCode; got != 404 {
		t.Errorf("delete again: %d", got)
	}
	if got := h.get("https://example.com/a", headerNamespace, "n"); got != "200 HIT named" {
		t.Errorf("the named one went too: %s", got)
	}
}

func TestLargeBodiesLieInFiles(t *testing.T) {
	h := open(t, 0)
	body := strings.Repeat("0123456789", 100_000)
	h.put(page, 200, "Transfer-Encoding: chunked\r\n", body)
	files, err := os.ReadDir(h.dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	res := h.do(http.MethodGet, page, nil, "Range", "bytes=999990-")
	h.Reset() // a body that is being read stays whole
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "0123456789" {
		t.Errorf("%q, %v", b, err)
	}
	res.Body.Close()
	if files, _ := os.ReadDir(h.dir); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
	if got := h.get(page); got != "504 MISS" {
		t.Errorf("after a reset: %s", got)
	}
}

func TestWhatWasUsedLongestAgoMakesRoom(t *testing.T) {
	h := open(t, 100_000)
	body := strings.Repeat("x", 40_000)
	for _, name := range []string{"a", "b"} {
		h.put("https://example.com/"+name, 200, "", body)
	}
	h.get("https://example.com/a")
	h.put("https://example.com/c", 200, "", body)
	for name, want := range map[string]string{"a": "200 HIT", "b": "504 MISS", "c": "200 HIT"} {
		if got := h.get("https://example.com/" + name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %.20s, want %s", name, got, want)
		}
	}
	if files, _ := os.ReadDir(h.dir); len(files) != 2 {
		t.Errorf("%d files, want 2", len(files))
	}
	if got := h.put("https://example.com/d", 200, "", strings.Repeat("x", 100_001)); got != 413 {
		t.Errorf("one that is too large for all: %d", got)
	}
	if files, _ := os.ReadDir(h.dir); len(files) != 2 {
		t.Errorf("%d files after it, want 2", len(files))
	}
}

func TestAPutThatBreaksOffStoresNothing(t *testing.T) {
	broken := errors.New("broken")
	for name, body := range map[string]io.Reader{
		"with an error": io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 50_000)), failing{broken}),
		"too early":     strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
		"at the head":   strings.NewReader("HTTP/1.1 200 OK\r\nContent-Le"),
		"with no head":  bytes.NewReader(make([]byte, 100)),
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, 0)
			h.put(page, 200, "", "old")
			r, err := http.NewRequestWithContext(context.Background(), http.MethodPut, page, body)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := h.RoundTrip(r); err == nil {
				t.Errorf("status %d", res.StatusCode)
			} else if name == "with an error" && !errors.Is(err, broken) {
				t.Errorf("error %v", err)
			}
			if got := h.get(page); got != "200 HIT old" {
				t.Errorf("match: %s", got)
			}
			if files, _ := os.ReadDir(h.dir); len(files) != 0 {
				t.Errorf("%d files are left", len(files))
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

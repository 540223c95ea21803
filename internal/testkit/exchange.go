package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An Exchange is a request, such as "GET /path Accept: text/html", and what Describe makes of the
// response that a real service gave.
type Exchange struct{ Method, Target, Header, Value, Response string }

// Exchanges reads a file of them: a line "# " with what the service was, then blocks of lines, the
// first of which is the request.
func Exchanges(t testing.TB, file string) (about string, list []Exchange) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	about, rest, ok := strings.Cut(strings.TrimPrefix(string(b), "# "), "\n\n")
	if !ok {
		t.Fatalf("%s holds no exchange", file)
	}
	for block := range strings.SplitSeq(strings.TrimSuffix(rest, "\n"), "\n\n") {
		request, response, _ := strings.Cut(block, "\n")
		words := strings.SplitN(request, " ", 3)
		x := Exchange{Method: words[0], Target: words[1], Response: response}
		if len(words) == 3 {
			x.Header, x.Value, _ = strings.Cut(words[2], ": ")
		}
		list = append(list, x)
	}
	return about, list
}

// passing are the headers that say nothing about what a response means.
var passing = []string{"Date", "Content-Length", "Connection", "Transfer-Encoding", "Vary", "Cf-Ray", "Cf-Cache-Status"}

var hash = regexp.MustCompile(`[0-9a-f]{32}`)

// Describe is a response as a file of Exchanges has it: status, headers and body, in lines. It reads
// the body to its end and closes it.
func Describe(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	lines := []string{fmt.Sprint(res.StatusCode)}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if slices.Contains(passing, name) {
			continue
		}
		value := strings.Join(res.Header[name], ", ")
		if name == "Etag" {
			value = hash.ReplaceAllString(value, "HASH")
		}
		lines = append(lines, strings.ToLower(name)+": "+value)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("read body: %v", err)
	}
	if len(body) > 0 {
		var quoted bytes.Buffer
		enc := json.NewEncoder(&quoted)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(string(body)); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, "> "+strings.TrimSuffix(quoted.String(), "\n"))
	}
	return strings.Join(lines, "\n")
}

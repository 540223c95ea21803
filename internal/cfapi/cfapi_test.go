package cfapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHandlerRendersErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"a fault keeps its code and text":       {New(404, 7404, "no such thing"), 404, `"code":7404,"message":"no such thing"`},
		"a wrapped fault is found":              {fmt.Errorf("open: %w", New(400, 7400, "bad")), 400, `"code":7400`},
		"any other error tells the caller none": {errors.New("/secret/path"), 500, `"code":10013,"message":"internal error"`},
		"what led to it is told": {&Error{Fault{Status: 400, Code: 6003, Message: "m", Source: &Source{"/sql"}, DocumentationURL: "https://x.example",
			Chain: []Fault{{Code: 6111, Message: "c"}}}}, 400,
			`{"code":6003,"message":"m","documentation_url":"https://x.example","source":{"pointer":"/sql"},"error_chain":[{"code":6111,"message":"c"}]}`},
		"an unknown route has two codes":                        {NotFound("/x"), 404, `[{"code":7003,"message":"Could not route to /x, perhaps your object identifier is invalid?"},{"code":7000,"message":"No route for that URI"}]`},
		"a body too large is told, whatever a product calls it": {&broken{&http.MaxBytesError{Limit: 7}}, 413, `"message":"Request entity too large: this endpoint takes 7 bytes"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			Handler(func(http.ResponseWriter, *http.Request) error { return tt.err }).
				ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.want) || !strings.Contains(body, `"success":false`) {
				t.Errorf("got %d %s", w.Code, body)
			}
			if strings.Contains(body, "secret") {
				t.Errorf("leaked: %s", body)
			}
		})
	}
}

// broken is a product's error for a body that could not be read.
type broken struct{ error }

func (b *broken) Unwrap() error { return b.error }
func (b *broken) Fault() Fault  { return Fault{Status: 400, Code: 7400, Message: "malformed"} }

// The SDKs repeat 409 and 5xx unless they are told that it is no use.
func TestRetries(t *testing.T) {
	for status, want := range map[int]string{400: "", 404: "", 408: "", 409: "false", 429: "", 500: "false", 501: "false", 503: ""} {
		w := httptest.NewRecorder()
		WriteError(w, httptest.NewRequest("GET", "/x", nil), New(status, 1, "m"))
		if got := w.Header().Get("X-Should-Retry"); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	w := httptest.NewRecorder()
	if err := WriteResult(w, nil, Message{Text: "a"}, Message{Code: 1, Text: "b"}); err != nil {
		t.Fatal(err)
	}
	if want := `"messages":["a",{"code":1,"message":"b"}],"result":null}`; !strings.HasSuffix(strings.TrimSpace(w.Body.String()), want) {
		t.Errorf("got %s", w.Body)
	}
}

func TestBodies(t *testing.T) {
	echo := Endpoint{MaxBody: 10, Handler: func(w http.ResponseWriter, r *http.Request) error {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return &broken{err}
		}
		return WriteResult(w, string(b))
	}}
	for name, tt := range map[string]struct {
		body   io.Reader
		status int
	}{
		"none":                             {nil, 200},
		"as large as may be":               {strings.NewReader("0123456789"), 200},
		"one byte more, announced":         {strings.NewReader("0123456789a"), 413},
		"one byte more, of unknown length": {io.MultiReader(strings.NewReader("0123456789a")), 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if echo.ServeHTTP(w, httptest.NewRequest("POST", "/", tt.body)); w.Code != tt.status {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer a.b-c_d~e+f/g==": "a.b-c_d~e+f/g==", "Bearer": "", "Bearer ": "", "Bearer  abc": "", "Bearer a b": "",
		"Basic abc": "", "abc": "", "Bearer =": "", "Bearer \"abc\"": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if got, ok := Bearer(r); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v", header, got, ok)
		}
	}
}

func TestWritePage(t *testing.T) {
	w := httptest.NewRecorder()
	if err := WritePage(w, []int{1}, PageInfo{Page: 1, PerPage: 10, Count: 1, TotalCount: 1, TotalPages: 1}); err != nil {
		t.Fatal(err)
	}
	want := `{"success":true,"errors":[],"messages":[],"result":[1],"result_info":{"page":1,"per_page":10,"count":1,"total_count":1,"total_pages":1}}`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

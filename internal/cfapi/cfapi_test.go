package cfapi

import (
	"errors"
	"fmt"
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
		"any other error tells the caller none": {errors.New("/secret/path"), 500, `"message":"internal error"`},
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

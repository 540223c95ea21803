package testapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
)

type house struct{ calls []string }

func (h *house) Status() any { return map[string]string{"worker": "w"} }
func (h *house) Drain(_ context.Context, queue string) error {
	if queue == "none" {
		return cfapi.New(404, 11000, "no queue none")
	}
	h.calls = append(h.calls, "drain "+queue)
	return nil
}
func (h *house) ClockMoved(context.Context) error { return nil }

func (h *house) Cron(_ context.Context, cron string, at time.Time) error {
	h.calls = append(h.calls, fmt.Sprintf("cron %s %v", cron, at.IsZero()))
	return nil
}
func (h *house) Reset(_ context.Context, products []string, seed bool) error {
	h.calls = append(h.calls, fmt.Sprintf("reset %v %v", products, seed))
	return nil
}

func (h *house) ReplaceDatabase(_ context.Context, database string, file io.Reader, o Replace) (any, error) {
	b, err := io.ReadAll(file)
	h.calls = append(h.calls, fmt.Sprintf("replace %s %s %+v", database, b, o))
	return map[string]int{"tables": 1}, err
}

func (h *house) ReplaceNamespace(_ context.Context, namespace string, records io.Reader, o Replace) (any, error) {
	b, err := io.ReadAll(records)
	h.calls = append(h.calls, fmt.Sprintf("fill %s %s %s", namespace, o.Title, b))
	return map[string]int{"keys": 1}, err
}

func (h *house) ReplaceBucket(_ context.Context, bucket string, records io.Reader, o Replace) (any, error) {
	b, err := io.ReadAll(records)
	h.calls = append(h.calls, fmt.Sprintf("fill %s %t %s", bucket, o.Force, b))
	return map[string]int{"objects": 1}, err
}

func TestRoutes(t *testing.T) {
	clk := clock.NewMovable()
	clk.Freeze()
	clk.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	for name, tt := range map[string]struct {
		method, path, token, body string
		status                    int
		want, call                string
	}{
		"no token is refused":           {"GET", "/status", "", "", 401, "run.json", ""},
		"a wrong token is refused":      {"GET", "/status", "nope", "", 401, "run.json", ""},
		"even on unknown routes":        {"GET", "/nope", "", "", 401, "", ""},
		"status":                        {"GET", "/status", "secret", "", 200, `{"worker":"w"}`, ""},
		"clock":                         {"GET", "/clock", "secret", "", 200, `{"now":"2026-03-01T12:00:00Z","frozen":true}`, ""},
		"drain":                         {"POST", "/queues/a%2Fb/drain", "secret", "", 200, `{"queue":"a/b"}`, "drain a/b"},
		"an error of the house is its":  {"POST", "/queues/none/drain", "secret", "", 404, "no queue none", ""},
		"cron":                          {"POST", "/trigger/cron", "secret", `{"cron":"0 2 * * *"}`, 200, `"ok"`, "cron 0 2 * * * true"},
		"reset without a body":          {"POST", "/reset", "secret", "", 200, "true", "reset [] false"},
		"reset of one product":          {"POST", "/reset", "secret", `{"products":["d1"],"seed":true}`, 200, "true", "reset [d1] true"},
		"a bad duration tells the form": {"POST", "/clock", "secret", `{"advance":"1 day"}`, 400, "24h", ""},
		"an empty change is refused":    {"POST", "/clock", "secret", `{}`, 400, "nothing to do", ""},
		"an unknown key is named":       {"POST", "/clock", "secret", `{"advanse":"1s"}`, 400, "advanse", ""},
		"a database is replaced":        {"PUT", "/d1/a%2Fb?force=true&migrations_table=m", "secret", "SQLite", 200, `{"tables":1}`, "replace a/b SQLite {Force:true DryRun:false MigrationsTable:m Title:}"},
		"a dry run":                     {"PUT", "/d1/db?dry_run=true&force=false", "secret", "", 200, "", "replace db  {Force:false DryRun:true MigrationsTable: Title:}"},
		"a namespace is filled":         {"PUT", "/kv/a%2Fb?title=t", "secret", "records", 200, `{"keys":1}`, "fill a/b t records"},
		"a bucket is filled":            {"PUT", "/r2/b?force=true", "secret", "records", 200, `{"objects":1}`, "fill b true records"},
		"a flag that is neither":        {"PUT", "/d1/db?force=1", "secret", "", 400, "true or false", ""},
		"an unknown route is named":     {"GET", "/nope", "secret", "", 404, "/cfemu/v1/nope", ""},
		"a wrong method is named":       {"GET", "/reset", "secret", "", 405, "GET is not allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := &house{}
			api := New(Options{House: h, Clock: clk, Outbound: http.NotFoundHandler(), Token: "secret"})
			r := httptest.NewRequest(tt.method, Prefix+tt.path, strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/json; charset=utf-8")
			}
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %s, want %d with %s", w.Code, w.Body, tt.status, tt.want)
			}
			if got := strings.Join(h.calls, ";"); got != tt.call {
				t.Errorf("the house was asked %q, want %q", got, tt.call)
			}
		})
	}
}

func TestClockMoves(t *testing.T) {
	clk := clock.NewMovable()
	api := New(Options{House: &house{}, Clock: clk, Outbound: http.NotFoundHandler(), Token: "t"})
	post := func(body string) clockState {
		t.Helper()
		r := httptest.NewRequest("POST", Prefix+"/clock", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer t")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		var s clockState
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
		return s
	}
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	if s := post(`{"freeze":true,"set":"2030-01-01T00:00:00Z"}`); !s.Now.Equal(at) || !s.Frozen {
		t.Errorf("after freeze and set: %+v", s)
	}
	if s := post(`{"advance":"90s"}`); !s.Now.Equal(at.Add(90 * time.Second)) {
		t.Errorf("after advance: %+v", s)
	}
	if s := post(`{"resume":true}`); s.Frozen || s.Now.Before(at) {
		t.Errorf("after resume: %+v", s)
	}
}

// A form of another site's page cannot say that it is JSON; a program can.
func TestBodiesAreJSON(t *testing.T) {
	for name, tt := range map[string]struct {
		method, kind, body string
		status             int
	}{
		"JSON":                               {"POST", "application/json", `{}`, 200},
		"JSON with a parameter":              {"POST", "Application/JSON; charset=utf-8", `{}`, 200},
		"nothing at all":                     {"POST", "", "", 200},
		"a form":                             {"POST", "application/x-www-form-urlencoded", `{}`, 415},
		"a form without fields":              {"POST", "application/x-www-form-urlencoded", "", 415},
		"a form of files":                    {"POST", "multipart/form-data; boundary=x", `{}`, 415},
		"text, as forms can send":            {"POST", "text/plain;charset=UTF-8", `{}`, 415},
		"a body without a type":              {"POST", "", `{}`, 415},
		"two types":                          {"POST", "application/json, text/plain", `{}`, 415},
		"a type that only begins like JSON":  {"POST", "application/jsonp", `{}`, 415},
		"the type of a GET is nobody's care": {"GET", "text/plain", "", 405},
	} {
		t.Run(name, func(t *testing.T) {
			h := &house{}
			api := New(Options{House: h, Clock: clock.NewMovable(), Outbound: http.NotFoundHandler(), Token: "t"})
			r := httptest.NewRequest(tt.method, Prefix+"/reset", strings.NewReader(tt.body))
			r.Header.Set("Authorization", "Bearer t")
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			w := httptest.NewRecorder()
			if api.ServeHTTP(w, r); w.Code != tt.status || (len(h.calls) > 0) != (tt.status == 200) {
				t.Errorf("got %d %s, the house was asked %v", w.Code, w.Body, h.calls)
			}
		})
	}
}

// Every route that the document names answers, and no other does.
func TestOpenAPIDescribesTheRoutes(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	api := New(Options{House: &house{}, Clock: clock.NewMovable(), Outbound: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Token: "t"})
	for path, item := range doc.Paths {
		for _, method := range []string{"get", "post", "put", "delete", "patch"} {
			r := httptest.NewRequest(strings.ToUpper(method), Prefix+strings.NewReplacer("{queue}", "q", "{name}", "d").Replace(path), nil)
			r.Header.Set("Authorization", "Bearer t")
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			_, described := item[method]
			if answered := w.Code != 404 && w.Code != 405; answered != described {
				t.Errorf("%s %s: answered %d, described %v", method, path, w.Code, described)
			}
		}
	}
}

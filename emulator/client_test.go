package emulator

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/fsx"
	"github.com/cfemu/cfemu/internal/testkit"
)

// connect opens a client of a project with one database, DB.
func connect(t *testing.T, project string, getenv func(string) string) *Client {
	t.Helper()
	config := `{"name": "w", "main": "index.js", "compatibility_date": "2026-01-20", "d1_databases": [{"binding": "DB", "database_name": "shop"}]}`
	if err := os.WriteFile(filepath.Join(project, "wrangler.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Connect(t.Context(), Options{Project: project, Getenv: getenv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestConnectOpensTheHouseWithoutAWorker(t *testing.T) {
	testkit.NoLeaks(t)
	project := t.TempDir()
	c := connect(t, project, nil) // its main does not exist
	if !c.InProcess() {
		t.Error("nothing runs, but it is asked")
	}
	db, err := c.FindDatabase(t.Context(), "DB")
	if err != nil || db.Name != "shop" {
		t.Fatalf("%+v, %v", db, err)
	}
	if _, err := c.Query(t.Context(), db.ID, "CREATE TABLE t (a); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := fsx.Lock(filepath.Join(project, ".cfemu", "state")); err == nil {
		t.Error("the state is not locked")
	}
	_, err = c.Query(t.Context(), db.ID, "SELECT nosuch FROM t")
	if api, ok := errors.AsType[*APIError](err); !ok || api.Code != 7500 || api.Status != 400 || !strings.Contains(api.Message, "no such column: nosuch") {
		t.Errorf("error %#v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.close = func() error { return nil }
	unlock, err := fsx.Lock(filepath.Join(project, ".cfemu", "state"))
	if err != nil {
		t.Fatalf("the state is still locked: %v", err)
	}
	defer unlock()
	_, err = Connect(t.Context(), Options{Project: project})
	var locked *fsx.LockedError
	if !errors.As(err, &locked) || !strings.Contains(err.Error(), "--state DIR") {
		t.Errorf("a state that another holds: %v", err)
	}
}

func TestARunFileOfAKilledProcessIsPassedOver(t *testing.T) {
	project := t.TempDir()
	state := filepath.Join(project, ".cfemu", "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	// A process of that id exists, but the lock is of another one: of a verb that works on the state.
	left, err := json.Marshal(Run{PID: os.Getppid(), ControlURL: "http://127.0.0.1:9", State: state})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(runFile(project), left, 0o600); err != nil {
		t.Fatal(err)
	}
	unlock, err := fsx.Lock(state)
	if err != nil {
		t.Fatal(err)
	}
	free := clock.System.AfterFunc(50*time.Millisecond, func() { _ = unlock() })
	defer free.Stop()
	if c := connect(t, project, nil); !c.InProcess() {
		t.Error("the dead process is asked")
	}
}

func TestConnectReadsMoreThanOnePage(t *testing.T) {
	c := connect(t, t.TempDir(), nil)
	for i := range databasesPerPage { // and the one of the configuration
		if _, err := c.CreateDatabase(t.Context(), NewDatabase{Name: fmt.Sprintf("db-%03d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Databases(t.Context())
	if err != nil || len(list) != databasesPerPage+1 {
		t.Errorf("%d databases, %v", len(list), err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := connect(t, t.TempDir(), func(name string) string { return map[string]string{"CFEMU_CONTROL_URL": gone.URL}[name] })
	_, err := c.Databases(t.Context())
	if err == nil || !strings.Contains(err.Error(), "does not answer at "+gone.URL) || !strings.Contains(err.Error(), "cfemu down") {
		t.Errorf("error %v", err)
	}
}

func TestDirect(t *testing.T) {
	testkit.NoLeaks(t)
	read := make(chan bool)
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Early", "yes")
		io.WriteString(w, "first")
		w.Header().Set("X-Late", "no")
		<-read
		io.WriteString(w, " second")
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %d %v", r.Method, r.Host, r.RequestURI, b, r.ContentLength, err)
	})
	mux.HandleFunc("/nothing", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("oh") })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	})
	d := &direct{handler: mux}
	defer d.running.Wait()
	client := &http.Client{Transport: d}
	get := func(method, path, body string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://house"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if path == "/endless" {
			return res, ""
		}
		if path == "/stream" {
			five := make([]byte, 5)
			if _, err := io.ReadFull(res.Body, five); err != nil || string(five) != "first" {
				t.Errorf("while the handler runs: %q, %v", five, err)
			}
			close(read)
		}
		b, err := io.ReadAll(res.Body)
		if (err != nil) != (path == "/panic") {
			t.Errorf("%s: %v", path, err)
		}
		return res, string(b)
	}
	if res, body := get("GET", "/stream", ""); body != " second" || res.Header.Get("X-Early") != "yes" || res.Header.Get("X-Late") != "" {
		t.Errorf("stream: %q, %v", body, res.Header)
	}
	if res, body := get("POST", "/echo?a=%2F", "text"); res.StatusCode != http.StatusTeapot || body != "POST house /echo?a=%2F text 4 <nil>" {
		t.Errorf("echo: %s %q", res.Status, body)
	}
	if res, body := get("GET", "/nothing", ""); res.StatusCode != 200 || body != "" {
		t.Errorf("nothing: %s %q", res.Status, body)
	}
	if res, _ := get("GET", "/panic", ""); res.StatusCode != 500 {
		t.Errorf("panic: %s", res.Status)
	}
	get("GET", "/endless", "") // ends when the body is closed
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://house/endless", nil)
	if res, err := client.Do(req); err == nil {
		res.Body.Close()
	}
}

// transfers answers imports and exports as production does when it takes its time.
type transfers struct {
	url      string
	calls    []string
	uploaded []byte
	polls    int
	fail     string // in the last answer
	etag     string // instead of the right one
	known    bool   // the file is there already
}

func (s *transfers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/upload":
		s.uploaded, _ = io.ReadAll(r.Body)
		sum := md5.Sum(s.uploaded)
		s.calls = append(s.calls, fmt.Sprintf("upload %d %q", r.ContentLength, r.Header.Get("Authorization")))
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		if s.etag != "" {
			w.Header().Set("ETag", s.etag)
		}
		return
	case "/download":
		io.WriteString(w, "CREATE TABLE t (a);")
		return
	}
	b, _ := io.ReadAll(r.Body)
	s.calls = append(s.calls, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]+" "+string(b))
	var in struct {
		Action   string `json:"action"`
		Bookmark string `json:"current_bookmark"`
	}
	_ = json.Unmarshal(b, &in)
	active := `{"success":true,"type":"import","status":"active","at_bookmark":"b1","messages":["Working"]}`
	answer := active
	switch {
	case in.Action == "init" && !s.known:
		answer = `{"success":true,"messages":[],"filename":"f.sql","upload_url":"` + s.url + `/upload"}`
	case in.Bookmark != "":
		if s.polls--; s.polls <= 0 {
			answer = `{"success":true,"status":"complete","messages":[],"result":{"num_queries":2,"final_bookmark":"b2","meta":{"rows_read":1},"signed_url":"` + s.url + `/download"}}`
			if s.fail != "" {
				answer = s.fail
			}
		}
	}
	io.WriteString(w, `{"success":true,"errors":[],"messages":[],"result":`+answer+`}`)
}

func TestTransfers(t *testing.T) {
	const sql = "INSERT INTO t VALUES (1);"
	const done = "init upload ingest poll poll"
	for name, tt := range map[string]struct {
		stub  transfers
		steps string // of an import
		want  string // of its error
	}{
		"a file is uploaded and waited for":    {transfers{polls: 2}, done, ""},
		"a known file is not uploaded":         {transfers{polls: 1, known: true}, "init poll", ""},
		"a damaged upload ends it":             {transfers{etag: `"00"`}, "init upload", "has changed while it was uploaded"},
		"an error while it runs":               {transfers{polls: 2, fail: `{"success":true,"status":"error","messages":[],"errors":["a","b"]}`}, done, "a\nb"},
		"an error of the other form":           {transfers{polls: 2, fail: `{"success":false,"error":"not so"}`}, done, "not so"},
		"an error without words":               {transfers{polls: 2, fail: `{"success":false}`}, done, "does not say why"},
		"an error with its place is told with": {transfers{polls: 2, fail: `{"success":false,"error":"near \"x\"\nat line 3, column 4: SELEC\nx"}`}, done, `3:4: near "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			stub := &tt.stub
			server := httptest.NewServer(stub)
			defer server.Close()
			stub.url = server.URL
			c := connect(t, t.TempDir(), func(name string) string { return map[string]string{"CFEMU_CONTROL_URL": server.URL}[name] })
			var told []string
			result, err := c.Import(t.Context(), "id", strings.NewReader(sql), func(s string) { told = append(told, s) })
			switch {
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %q", err, tt.want)
			case tt.want == "" && (err != nil || result.Queries != 2 || result.Bookmark != "b2" || string(result.Meta) != `{"rows_read":1}`):
				t.Errorf("result %+v, %v", result, err)
			case tt.want == "" && !slices.Contains(told, "Working"):
				t.Errorf("told %q", told)
			}
			if got := stepsOf(stub.calls); got != tt.steps {
				t.Errorf("steps %q, want %q: %q", got, tt.steps, stub.calls)
			}
			if !stub.known && string(stub.uploaded) != sql {
				t.Errorf("uploaded %q", stub.uploaded)
			}
			if len(stub.calls) > 1 && !stub.known && stub.calls[1] != fmt.Sprintf("upload %d %q", len(sql), "") {
				t.Errorf("the upload had %s", stub.calls[1])
			}
			if tt.want != "" {
				return
			}
			stub.calls, stub.polls = nil, 1
			var dump bytes.Buffer
			if err := c.Export(t.Context(), "id", Dump{NoData: true}, &dump, func(string) {}); err != nil || dump.String() != "CREATE TABLE t (a);" {
				t.Errorf("exported %q, %v", &dump, err)
			}
			if want := `export {"output_format":"polling","dump_options":{"no_schema":false,"no_data":true,"tables":[]},"current_bookmark":"b1"}`; stub.calls[1] != want {
				t.Errorf("the second request was %s, want %s", stub.calls[1], want)
			}
		})
	}
}

// stepsOf names requests by what they are for.
func stepsOf(calls []string) string {
	var steps []string
	for _, c := range calls {
		var in struct{ Action string }
		_, body, _ := strings.Cut(c, " ")
		if json.Unmarshal([]byte(body), &in) != nil {
			in.Action = "upload"
		}
		steps = append(steps, in.Action)
	}
	return strings.Join(steps, " ")
}

// Receipt: the file that wrangler 4.164.0 made for a database of that id.
func TestObjectNamesAreMiniflares(t *testing.T) {
	const want = "c917712ba74c5102d69ecf1555a42fe4d03ba423fee62c633ac82b645ae953eb"
	if got := objectName(databaseObjects, "11111111-1111-1111-1111-111111111111"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

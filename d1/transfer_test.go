package d1

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// A restClient speaks client/v4 with a service.
type restClient struct {
	t    testing.TB
	face http.Handler
}

func (s testService) rest(t testing.TB) restClient {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r.PathPrefix("/client/v4/accounts/{account}").Subrouter())
	return restClient{t, r}
}

func (c restClient) do(method, target, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.face.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

// post sends a step of an import or export and returns the result.
func (c restClient) post(path, body string) transfer {
	c.t.Helper()
	w := c.do("POST", "http://localhost/client/v4/accounts/a/d1/database/"+path, body)
	var envelope struct{ Result transfer }
	if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil || w.Code != 200 {
		c.t.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
	}
	return envelope.Result
}

// follow is post, and polls until the job has ended.
func (c restClient) follow(path, body string) transfer {
	c.t.Helper()
	got := c.post(path, body)
	for got.Status == "active" {
		got = c.post(path, fmt.Sprintf(`{"action":"poll","output_format":"polling","current_bookmark":%q}`, got.AtBookmark))
	}
	return got
}

func etagOf(sql string) string { return fmt.Sprintf("%x", md5.Sum([]byte(sql))) }

// upload sends sql as the file of an import and returns what ingest is to be asked.
func (c restClient) upload(db, sql string) (ingest string) {
	c.t.Helper()
	init := c.post(db+"/import", fmt.Sprintf(`{"action":"init","etag":%q}`, etagOf(sql)))
	if init.UploadURL == "" {
		c.t.Fatalf("no upload: %+v", init)
	}
	if w := c.do("PUT", init.UploadURL, sql); w.Code != 200 || w.Header().Get("ETag") != `"`+etagOf(sql)+`"` {
		c.t.Fatalf("upload: %d %s %s", w.Code, w.Header(), w.Body)
	}
	return fmt.Sprintf(`{"action":"ingest","etag":%q,"filename":%q}`, etagOf(sql), init.Filename)
}

func files(t testing.TB, s testService) int {
	t.Helper()
	entries, err := os.ReadDir(s.transfers.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}

func TestSignedLinksEndAfterAnHour(t *testing.T) {
	c := clock.NewMovable()
	c.Freeze()
	s := openAt(t, t.TempDir(), Options{NoSync: true, Clock: c})
	s.create(t, "db")
	rest := s.rest(t)
	sql := "create table t(a);"
	ingest := rest.upload("db", sql)
	late := rest.post("db/import", `{"action":"init","etag":"00000000000000000000000000000000"}`).UploadURL
	export := rest.follow("db/export", `{"output_format":"polling"}`).Result.(map[string]any)["signed_url"].(string)

	c.Advance(59 * time.Minute)
	if w := rest.do("GET", export, ""); w.Code != 200 || w.Body.String() != "PRAGMA defer_foreign_keys=TRUE;\n" {
		t.Errorf("before: %d %s", w.Code, w.Body)
	}
	c.Advance(time.Minute)
	testkit.Wait(t, func() error {
		if n := files(t, s); n != 0 {
			return fmt.Errorf("%d files are left", n)
		}
		return nil
	})
	for method, url := range map[string]string{"GET": export, "PUT": late} {
		testkit.Wait(t, func() error { // each link has a timer of its own
			if w := rest.do(method, url, ""); w.Code != 403 {
				return fmt.Errorf("%s: %d %s", method, w.Code, w.Body)
			}
			return nil
		})
	}
	if got := rest.post("db/import", ingest); got.Success || !strings.HasPrefix(got.Error, "Input file ") {
		t.Errorf("ingest: %+v", got)
	}
}

func TestOpenSweepsTransfers(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{NoSync: true})
	s.create(t, "db")
	s.rest(t).upload("db", "select 1")
	left := filepath.Join(dir, "transfers", "half")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if files(t, s) != 2 {
		t.Error("the upload is not where it is looked for")
	}
	if err := s.Close(); err != nil { // as a crash would not
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := files(t, openAt(t, dir, Options{NoSync: true})); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func TestUploadIsBounded(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.create(t, "db")
	s.maxImport = 10
	rest := s.rest(t)
	url := rest.post("db/import", fmt.Sprintf(`{"action":"init","etag":%q}`, etagOf("select 1;;"))).UploadURL
	for name, body := range map[string]io.Reader{"told before": strings.NewReader("select 1;;;"), "found out": io.MultiReader(strings.NewReader("select 1;;;"))} {
		w := httptest.NewRecorder()
		rest.face.ServeHTTP(w, httptest.NewRequest("PUT", url, body))
		if w.Code != 413 || !strings.Contains(w.Body.String(), "5 GB") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if n := files(t, s); n != 0 {
		t.Errorf("%d files are left", n)
	}
	if w := rest.do("PUT", url, "select 1;;"); w.Code != 200 {
		t.Errorf("one that fits: %d %s", w.Code, w.Body)
	}
}

// A broken upload leaves the link as it was.
func TestUploadMayBeRepeatedUntilItIsWhole(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.create(t, "db")
	rest := s.rest(t)
	sql := "create table t(a)"
	url := rest.post("db/import", fmt.Sprintf(`{"action":"init","etag":%q}`, etagOf(sql))).UploadURL
	w := httptest.NewRecorder()
	rest.face.ServeHTTP(w, httptest.NewRequest("PUT", url, io.MultiReader(strings.NewReader("create"), errReader{})))
	if w.Code != 400 || files(t, s) != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := rest.do("PUT", url, sql); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// hold starts a job that runs until it is released.
func hold(t *testing.T, s testService, kind string, db *Database) (release func()) {
	t.Helper()
	gate, started := make(chan struct{}), make(chan struct{})
	if _, ok := s.jobs.start(kind, db, func(ctx context.Context, j *job) (any, error) {
		j.say("Starting...")
		close(started)
		select {
		case <-gate:
			return "done", nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}); !ok {
		t.Fatal("a job runs already")
	}
	<-started
	return sync.OnceFunc(func() { close(gate) })
}

func TestJobs(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.jobs.wait = time.Millisecond
	db := s.create(t, "db")
	s.create(t, "other")
	rest := s.rest(t)
	sql := "create table t(a)"
	ingest := rest.upload("db", sql)
	release := hold(t, s, "import", db)
	releaseExport := hold(t, s, "export", db)
	b := db.Bookmark()
	poll := fmt.Sprintf(`{"action":"poll","current_bookmark":%q}`, b)

	for name, tt := range map[string]struct{ path, body, want string }{
		"a second init is refused":         {"db/import", fmt.Sprintf(`{"action":"init","etag":%q}`, etagOf(sql)), textImporting},
		"a second ingest is refused":       {"db/import", ingest, textImporting},
		"a second export is refused":       {"db/export", `{"output_format":"polling"}`, textExporting},
		"another bookmark finds no import": {"db/import", `{"action":"poll","current_bookmark":"x"}`, textNotImporting},
		"nor an export":                    {"db/export", `{"output_format":"polling","current_bookmark":"x"}`, textNotExporting},
		"nor does another database":        {"other/import", poll, textNotImporting},
	} {
		if got := rest.post(tt.path, tt.body); got.Success || got.Error != tt.want || got.Messages == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := rest.follow("other/import", rest.upload("other", sql)); got.Status != "complete" {
		t.Errorf("another database: %+v", got)
	}
	if got := rest.post("db/import", poll); !got.Success || got.Status != "active" || got.AtBookmark != b || len(got.Messages) != 1 {
		t.Errorf("the first poll: %+v", got)
	}
	if got := rest.post("db/import", poll); got.Status != "active" || len(got.Messages) != 0 {
		t.Errorf("messages are told once: %+v", got)
	}
	release()
	releaseExport()
	testkit.Wait(t, func() error {
		if s.jobs.busy("import", db) || s.jobs.busy("export", db) {
			return errors.New("the jobs run on")
		}
		return nil
	})
	if got := rest.post("db/import", poll); got.Status != "complete" || got.Result != "done" {
		t.Errorf("the end: %+v", got)
	}
	if got := rest.post("db/import", poll); got.Error != textNotImporting {
		t.Errorf("behind the end: %+v", got)
	}
}

func TestJobThatNobodyPollsIsGivenUp(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.jobs.wait, s.jobs.patience = time.Millisecond, 20*time.Millisecond
	db := s.create(t, "db")
	rest := s.rest(t)
	defer hold(t, s, "export", db)()
	poll := fmt.Sprintf(`{"output_format":"polling","current_bookmark":%q}`, db.Bookmark())
	if got := rest.post("db/export", poll); got.Status != "active" {
		t.Fatalf("%+v", got)
	}
	testkit.Wait(t, func() error {
		if s.jobs.busy("export", db) {
			return errors.New("the job runs on")
		}
		return nil
	})
	if got := rest.post("db/export", poll); got.Success || got.Status != "error" || got.Error != "Cancelled due to no poll() received in 20ms." {
		t.Errorf("%+v", got)
	}
}

func TestCloseEndsJobs(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "db")
	hold(t, s, "import", db)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.jobs.busy("import", db) {
		t.Error("it runs on")
	}
}

// While a file is imported, the database refuses queries, as production does; and an import that fails
// or ends lets them in again.
func TestImportRefusesQueries(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "db")
	rest := s.rest(t)
	ingest := rest.upload("db", "create table t(a); insert into t values (1); nonsense")
	db.importing.Store(true)
	ctx := context.Background()
	for name, run := range map[string]func() error{
		"a query":     func() error { _, err := db.Batch(ctx, []Statement{{SQL: "select 1"}}); return err },
		"a script":    func() error { _, err := db.Exec(ctx, "select 1"); return err },
		"a migration": func() error { return db.Migrate(ctx, "", "m", "select 1") },
		"a seed":      func() error { _, err := db.Import(ctx, strings.NewReader("select 1")); return err },
	} {
		var e *Error
		if err := run(); !errors.As(err, &e) || e.Message != textImporting || e.Code != CodeQuery {
			t.Errorf("%s: %v", name, err)
		}
	}
	db.importing.Store(false)
	if got := rest.follow("db/import", ingest); got.Success || got.Status != "error" || !strings.HasSuffix(got.Error, "\nat line 1, column 46: nonsense") {
		t.Errorf("%+v", got)
	}
	results, err := db.Batch(ctx, []Statement{{SQL: "select count(*) from sqlite_schema"}})
	if err != nil || results[0].Values()[0][0] != int64(0) {
		t.Errorf("got %v, %v", results, err)
	}
}

// TestExportThenImport sends an export through the doors into another database.
func TestExportThenImport(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db, back := s.create(t, "db"), s.create(t, "back")
	if _, err := db.Exec(context.Background(), "create table t(a, b); with recursive n(i) as (select 1 union all select i+1 from n where i < 5000) insert into t select i, 'text '||i from n"); err != nil {
		t.Fatal(err)
	}
	rest := s.rest(t)
	got := rest.follow("db/export", `{"output_format":"polling"}`)
	sql := rest.do("GET", got.Result.(map[string]any)["signed_url"].(string), "").Body.String()
	got = rest.follow("back/import", rest.upload("back", sql))
	if got.Status != "complete" || got.Result.(map[string]any)["num_queries"] != 5002.0 {
		t.Fatalf("%+v", got)
	}
	var a, b bytes.Buffer
	if err := errors.Join(db.Export(context.Background(), &a, ExportOptions{}), back.Export(context.Background(), &b, ExportOptions{})); err != nil || a.String() != b.String() {
		t.Error("the databases differ", err)
	}
}

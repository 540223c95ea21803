package d1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

// zeros is a body without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Bodies that are no query: each gets an error of the right form, and the database works on.
func TestBadBodiesAreRefused(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r.PathPrefix("/client/v4/accounts/{account}").Subrouter())
	many := strings.Repeat("1,", 1_000_000)
	for name, tt := range map[string]struct {
		body       io.Reader
		wire, rest string // what the errors contain
	}{
		"empty":                   {strings.NewReader(""), "malformed request: unexpected end of JSON input", "The request is malformed: unexpected end of JSON input"},
		"no JSON":                 {strings.NewReader("select 1"), "malformed request: invalid character 's'", "The request is malformed: invalid character 's'"},
		"cut short":               {strings.NewReader(`{"sql":"select 1","par`), "malformed request: unexpected end of JSON input", "The request is malformed: unexpected end"},
		"two values":              {strings.NewReader(`{"sql":"select 1"}{}`), "malformed request: invalid character '{' after top-level value", "The request is malformed"},
		"null":                    {strings.NewReader(`null`), "No SQL statements detected.", "Invalid property: sql => Required"},
		"a number":                {strings.NewReader(`5`), "malformed request: json: cannot unmarshal number", "Invalid property: "},
		"an empty array":          {strings.NewReader(`[]`), "No SQL statements detected.", "Invalid property: "},
		"an array of nothing":     {strings.NewReader(`[null,{}]`), "No SQL statements detected.", "Invalid property: "},
		"an array of arrays":      {strings.NewReader(`[[{"sql":"select 1"}]]`), "malformed request: json: cannot unmarshal array", "Invalid property: "},
		"sql is a number":         {strings.NewReader(`{"sql":1}`), "malformed request: sql must be a string", "Invalid property: sql => Expected string, received number"},
		"sql is an object":        {strings.NewReader(`{"sql":{}}`), "malformed request: sql must be a string", "Invalid property: sql => Expected string, received object"},
		"params is a text":        {strings.NewReader(`{"sql":"select ?","params":"a"}`), "malformed request: params must be an array", "Invalid property: params => "},
		"params is an object":     {strings.NewReader(`{"sql":"select ?","params":{"0":1}}`), "malformed request: params must be an array", "Invalid property: params => "},
		"a parameter, an object":  {strings.NewReader(`{"sql":"select ?","params":[{}]}`), "malformed request: an object cannot be bound", "Invalid property: an object cannot be bound"},
		"a parameter, deep":       {strings.NewReader(`{"sql":"select ?","params":[[[1]]]}`), "malformed request: an array that is bound must hold bytes", "must hold bytes"},
		"texts for bytes":         {strings.NewReader(`{"sql":"select ?","params":[["a"]]}`), "an array that is bound must hold bytes", "must hold bytes"},
		"a number out of range":   {strings.NewReader(`{"sql":"select ?","params":[1e999]}`), "value out of range", "value out of range"},
		"nested without end":      {strings.NewReader(strings.Repeat("[", 100_000)), "malformed request: ", "The request is malformed: "},
		"nested parameters":       {strings.NewReader(`{"sql":"select ?","params":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`), "exceeded max depth", "exceeded max depth"},
		"a million parameters":    {strings.NewReader(`{"sql":"select ?","params":[` + many + `1]}`), "Wrong number of parameter bindings for SQL query.", "Wrong number of parameter bindings for SQL query."},
		"a million bytes for one": {strings.NewReader(`{"sql":"select","params":[[` + many + `1]]}`), "incomplete input", "incomplete input"},
		"a NUL in the SQL":        {strings.NewReader(`{"sql":"select 1\u0000 from nowhere"}`), "SQL code did not contain a statement.", ""},
		"nothing but a NUL":       {strings.NewReader(`{"sql":"\u0000"}`), "SQL code did not contain a statement.", "SQL code did not contain a statement."},
		"a statement too long":    {strings.NewReader(`{"sql":"select '` + strings.Repeat("x", 200_000) + `'"}`), "statement too long: SQLITE_TOOBIG", "statement too long: SQLITE_TOOBIG"},
		"parentheses":             {strings.NewReader(`{"sql":"select ` + strings.Repeat("(", 40_000) + `1"}`), "SQLITE_", "SQLITE_"},
		"a body without end":      {zeros{}, "The request is larger than 128 MiB: send it in parts", "Request entity too large"},
	} {
		t.Run(name, func(t *testing.T) {
			var body []byte
			send := func(face http.RoundTripper, target string) string {
				var from io.Reader = zeros{}
				if tt.body != from {
					if body == nil {
						body, _ = io.ReadAll(tt.body)
					}
					from = strings.NewReader(string(body))
				}
				req, err := http.NewRequest("POST", "http://d1"+target, from)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := face.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				return string(answer)
			}
			var failed struct {
				Success *bool
				Error   string
			}
			answer := send(s.Wire(db.ID), "/query?resultsFormat=ROWS_AND_COLUMNS")
			if err := json.Unmarshal([]byte(answer), &failed); err != nil || failed.Success == nil || *failed.Success || !strings.Contains(failed.Error, tt.wire) {
				t.Errorf("the wire: %.300s\nwant %s", answer, tt.wire)
			}
			var envelope struct {
				Success bool
				Errors  []struct {
					Code    int
					Message string
				}
			}
			answer = send(handlerTransport{r}, "/client/v4/accounts/a/d1/database/"+db.ID+"/query")
			if err := json.Unmarshal([]byte(answer), &envelope); err != nil || envelope.Success || len(envelope.Errors) != 1 || envelope.Errors[0].Code == 0 || !strings.Contains(envelope.Errors[0].Message, tt.rest) {
				t.Errorf("client/v4: %.300s\nwant %s", answer, tt.rest)
			}
			if got := post(t, s, db, query{SQL: "select 1"}); got != "" {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

// Texts that are no UTF-8 come back as JSON can have them, and stay in the database as they are.
func TestStrangeTexts(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	script(t, db, "create table t(a); insert into t values (cast(x'ff41c3' as text)), (cast(x'610062' as text))")
	results, err := db.Batch(context.Background(), []Statement{{SQL: "select a, hex(a) from t"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(results[0].appendArrays(nil)), `[["`+"\ufffdA\ufffd"+`","FF41C3"],["a\u0000b","610062"]]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := post(t, s, db, query{SQL: "select \"\xff\" from t"}); !strings.HasSuffix(got, "SQLITE_ERROR") && got != "" {
		t.Error(got)
	}
}

// An answer is held in memory, so it is bounded, for one statement and for all of a batch.
func TestAnswersAreBounded(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.maxRows = 1 << 20
	db := s.create(t, "x")
	const rows = "with recursive n(i) as (select 1 union all select i+1 from n where i < 20) select zeroblob(%d) from n"
	big, half := query{SQL: fmt.Sprintf(rows, 100_000)}, query{SQL: fmt.Sprintf(rows, 30_000)}
	for name, tt := range map[string]struct {
		body any
		want string
	}{
		"one statement":       {big, textMemory},
		"a batch":             {[]query{half, half}, textMemory},
		"a batch that writes": {[]query{{SQL: "create table t(a)"}, half, half}, textMemory},
		"half of it":          {half, ""},
	} {
		if got := post(t, s, db, tt.body); got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(0) {
		t.Error("a batch whose answer was too large has left its table")
	}
}

// The time limit is one for a whole batch, and ends what only waits for another's lock too.
func TestTimeLimitIsOfTheWholeBatch(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	s.timeout = 60 * time.Millisecond
	db := s.create(t, "x")
	// 25 000 steps of about a microsecond or a few; many of them pass any limit, one does not.
	short := query{SQL: "with recursive n(i) as (select 1 union all select i+1 from n where i < 25000) select count(*) from n"}
	batch := make([]query, 500)
	for i := range batch {
		batch[i] = short
	}
	if got := post(t, s, db, batch); got != textTimeout {
		t.Errorf("a batch of reads: %q", got)
	}
	if got := post(t, s, db, append([]query{{SQL: "create table t(a)"}}, batch...)); got != textTimeout {
		t.Errorf("a batch with a write: %q", got)
	}
	if n := cell(t, db, "select count(*) from sqlite_master"); n != int64(0) {
		t.Error("it has left its table")
	}
	const endless = "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"
	for name, run := range map[string]func() error{
		"exec":    func() error { _, err := db.Exec(context.Background(), endless); return err },
		"import":  func() error { _, err := db.Import(context.Background(), strings.NewReader(endless)); return err },
		"migrate": func() error { return db.Migrate(context.Background(), "", "0001.sql", endless) },
	} {
		var failed *Error
		if err := run(); !errors.As(err, &failed) || failed.Message != textTimeout {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A client that goes while its request runs, or waits for its turn, is not waited for.
func TestRequestEndsWithItsClient(t *testing.T) {
	const endless = "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"
	for name, sql := range map[string]string{"a read": endless, "a write": "create table t as " + endless} {
		for _, waiting := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, waiting %v", name, waiting), func(t *testing.T) {
				s := openAt(t, t.TempDir(), Options{NoSync: true})
				db := s.create(t, "x")
				var cn *conn
				if waiting {
					var err error
					if cn, err = db.pool.write(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				ctx, leave := context.WithTimeout(context.Background(), 30*time.Millisecond)
				defer leave()
				req, err := http.NewRequestWithContext(ctx, "POST", "http://d1/query", strings.NewReader(`{"sql":"`+sql+`"}`))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := s.Wire(db.ID).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(resp.Body)
				if want := `{"success":false,"error":"` + textGone + `"}`; err != nil || string(answer) != want {
					t.Errorf("got %s, %v", answer, err)
				}
				if waiting {
					db.pool.give(cn)
				}
				script(t, db, "create table t(a)")
			})
		}
	}
}

// Limits that the tests of error texts do not reach.
func TestAccountLimits(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "x")
	script(t, db, "create table t(a)")
	cn, err := db.pool.write(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := cn.query("PRAGMA max_page_count")
	db.pool.give(cn)
	if err != nil || rows.Values()[0][0] != int64(10<<30/4096) {
		t.Errorf("10 GB are %v pages, %v", rows.Values(), err)
	}
	if s.timeout != 30*time.Second {
		t.Errorf("a query may run for %v", s.timeout)
	}
	s.mu.Lock()
	for i := len(s.byID); i < maxDatabases; i++ {
		s.byID[fmt.Sprint(i)] = db
	}
	s.mu.Unlock()
	var failed *Error
	if _, err := s.Create(ctx, "one too many"); !errors.As(err, &failed) || failed.Code != CodeLimit || failed.Message != "You have reached the maximum number of databases for this account" {
		t.Errorf("database 50 001: %v", err)
	}
	for name, code := range map[string]Code{"": CodeInvalid, strings.Repeat("n", 65): CodeInvalid, "x": CodeExists} {
		if _, err := s.Create(ctx, name); !errors.As(err, &failed) || failed.Code != code {
			t.Errorf("a name of %d: %v", len(name), err)
		}
	}
}

package d1

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Routes adds client/v4's D1 endpoints to r, a router mounted at /client/v4/accounts/{account}.
func (s *Service) Routes(r *mux.Router) {
	for _, e := range []struct {
		method, path string
		handler      cfapi.Handler
	}{
		{http.MethodGet, "/d1/database", s.getDatabases},
		{http.MethodPost, "/d1/database", s.postDatabase},
		{http.MethodGet, "/d1/database/{database}", s.getDatabase},
		{http.MethodPatch, "/d1/database/{database}", s.patchDatabase},
		{http.MethodPut, "/d1/database/{database}", s.putDatabase},
		{http.MethodDelete, "/d1/database/{database}", s.deleteDatabase},
		{http.MethodPost, "/d1/database/{database}/query", s.postQuery},
		{http.MethodPost, "/d1/database/{database}/raw", s.postRaw},
		{http.MethodPost, "/d1/database/{database}/import", s.postImport},
		{http.MethodPost, "/d1/database/{database}/export", s.postExport},
		{http.MethodGet, "/d1/database/{database}/time_travel/bookmark", s.getBookmark},
		{http.MethodPost, "/d1/database/{database}/time_travel/restore", s.postRestore},
	} {
		r.Handle(e.path, e.handler).Methods(e.method)
	}
	r.Handle(signedPath+"/{token}/{filename}", signed(s.putSigned)).Methods(http.MethodPut)
	r.Handle(signedPath+"/{token}/{filename}", signed(s.getSigned)).Methods(http.MethodGet)
}

// A databaseInfo is a database as client/v4 shows it.
type databaseInfo struct {
	UUID            string           `json:"uuid"`
	Name            string           `json:"name"`
	CreatedAt       string           `json:"created_at"`
	Version         string           `json:"version"`
	NumTables       *int64           `json:"num_tables,omitempty"`
	FileSize        *int64           `json:"file_size,omitempty"`
	RunningInRegion string           `json:"running_in_region,omitempty"`
	CreatedInRegion string           `json:"created_in_region,omitempty"`
	ReadReplication *readReplication `json:"read_replication,omitempty"`
	Jurisdiction    *string          `json:"jurisdiction"`
}

type readReplication struct {
	Mode string `json:"mode"`
}

func (s *Service) listed(db *Database) databaseInfo {
	info := databaseInfo{
		UUID:      db.ID,
		Name:      db.Name,
		CreatedAt: db.Created().Format("2006-01-02T15:04:05.000Z"),
		Version:   "production",
	}
	if j := s.settings(db).Jurisdiction; j != "" {
		info.Jurisdiction = &j
	}
	return info
}

func (s *Service) getDatabases(w http.ResponseWriter, r *http.Request) error {
	asked, err := cfapi.PageOf(r.URL.Query(), databasesPerPage)
	if err != nil {
		return queryInvalid(err)
	}
	q := Query{Name: r.URL.Query().Get("name"), Page: asked.Number, PerPage: asked.Size}
	page, err := s.Databases(r.Context(), q)
	if err != nil {
		return err
	}
	infos := make([]databaseInfo, len(page.Databases))
	for i, db := range page.Databases {
		infos[i] = s.listed(db)
	}
	return cfapi.WritePage(w, infos, asked.Info(len(infos), page.Total))
}

// Receipt: https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/list/
var databasesPerPage = cfapi.Bounds{Default: 1000, Min: 10, Max: 10_000}

// queryInvalid is the error for a number in a query that a list does not take.
func queryInvalid(err error) error {
	var q *cfapi.QueryError
	if !errors.As(err, &q) {
		return err
	}
	problem := fmt.Sprintf("Number must be greater than or equal to %d", q.Bounds.Min)
	switch {
	case q.NaN:
		problem = "Expected number, received nan"
	case q.TooLarge:
		problem = fmt.Sprintf("Number must be less than or equal to %d", q.Bounds.Max)
	}
	return invalid(q.Name, problem)
}

func (s *Service) getDatabase(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	info, err := s.info(r, db)
	if err != nil {
		return err
	}
	fields := r.URL.Query().Get("fields")
	if fields == "" {
		return cfapi.WriteResult(w, info)
	}
	return cfapi.WriteResult(w, selected(info, strings.Split(fields, ",")))
}

// info describes db as the answer for one database does.
func (s *Service) info(r *http.Request, db *Database) (databaseInfo, error) {
	results, err := db.batch(r.Context(), []Statement{{SQL: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"}})
	if err != nil {
		return databaseInfo{}, err
	}
	info := s.listed(db)
	tables, _ := results[0].Values()[0][0].(int64)
	size := results[0].Meta.SizeAfter
	info.NumTables, info.FileSize = &tables, &size
	set := s.settings(db)
	info.RunningInRegion = set.Region
	info.ReadReplication = &readReplication{Mode: set.ReadReplication}
	return info, nil
}

// selected keeps the fields that were asked for.
func selected(info databaseInfo, fields []string) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	// Marshalling strings and numbers and reading them again cannot fail.
	b, _ := json.Marshal(info)
	_ = json.Unmarshal(b, &all)
	some := map[string]json.RawMessage{}
	for _, f := range fields {
		if v, ok := all[strings.TrimSpace(f)]; ok {
			some[strings.TrimSpace(f)] = v
		}
	}
	return some
}

func (s *Service) deleteDatabase(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	if err := s.Delete(r.Context(), db.ID); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}

func (s *Service) postQuery(w http.ResponseWriter, r *http.Request) error {
	return s.postSQL(w, r, Rows.appendObjects)
}

func (s *Service) postRaw(w http.ResponseWriter, r *http.Request) error {
	return s.postSQL(w, r, Rows.appendTable)
}

// postSQL runs the SQL of a request and answers with one result for each statement.
func (s *Service) postSQL(w http.ResponseWriter, r *http.Request, appendRows func(Rows, []byte) []byte) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	var body struct {
		requestStatement
		Batch []requestStatement `json:"batch"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	asked := body.Batch
	if asked == nil {
		asked = []requestStatement{body.requestStatement}
		if body.SQL == "" {
			return &Error{Code: CodeInvalid, Message: "Invalid property: sql => Required"}
		}
	}
	var stmts []Statement
	for _, q := range asked {
		stmts = append(stmts, apart(q.statement())...)
	}
	results, err := db.Batch(r.Context(), stmts)
	if err != nil {
		return err
	}
	out := append(make([]byte, 0, responseSize(results)), '[')
	for i, result := range results {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendRows(result.Rows, append(out, `{"results":`...))
		out = append(out, `,"success":true,"meta":`...)
		out = append(result.Meta.appendJSON(out), '}')
	}
	return cfapi.WriteResult(w, json.RawMessage(append(out, ']')))
}

// apart makes a Statement of each statement of st. Parameters are the last one's.
func apart(st Statement) []Statement {
	pieces := split(st.SQL)
	if len(pieces) == 0 {
		return nil
	}
	stmts := make([]Statement, len(pieces))
	for i, p := range pieces {
		stmts[i].SQL = p.text
	}
	stmts[len(stmts)-1].Params = st.Params
	return stmts
}

func (s *Service) routed(r *http.Request) (*Database, error) {
	name, err := cfapi.Unescape(mux.Vars(r)["database"])
	if err != nil {
		return nil, err
	}
	return s.Database(r.Context(), name)
}

func decode(r *http.Request, into any) error {
	b, err := readBody(r.Body, r.ContentLength)
	var large *Error
	if errors.As(err, &large) {
		return large
	}
	if err != nil {
		return &Error{Code: CodeInvalid, Message: textGone, Err: err}
	}
	if err := json.Unmarshal(b, into); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return &Error{Code: CodeInvalid, Message: "The request is malformed: " + err.Error(), Err: err}
		}
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return invalid(strings.TrimPrefix(wrong.Field, "requestStatement."), "Expected "+jsonType(wrong.Type)+", received "+wrong.Value)
		}
		return &Error{Code: CodeInvalid, Message: "Invalid property: " + err.Error(), Err: err}
	}
	return nil
}

// jsonType is the name of a Go type for who writes JSON.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "array"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	}
	return "number"
}

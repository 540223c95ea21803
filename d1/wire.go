package d1

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// sessionHeader carries a constraint or the last bookmark of a session to D1 and the new bookmark back.
const sessionHeader = "X-Cf-D1-Session-Commit-Token"

// Wire returns the runtime wire of the database with that id: what workerd's D1 binding sends, it
// answers. It may be taken before the database exists, and outlives Reset.
func (s *Service) Wire(id string) http.RoundTripper { return &wire{svc: s, id: id} }

type wire struct {
	svc *Service
	id  string
}

// RoundTrip answers a request of the binding. The body says whether it went well; the binding does not
// look at the status, except for /dump.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = readBody(req.Body, req.ContentLength); err != nil {
			var failed *Error
			if errors.As(err, &failed) {
				return w.fail(req, http.StatusRequestEntityTooLarge, failed.Message), nil
			}
			return nil, err
		}
	}
	path := req.URL.EscapedPath()
	switch {
	case req.Method != http.MethodPost:
		return w.fail(req, http.StatusMethodNotAllowed, "method not allowed"), nil
	case path == "/query" || path == "/execute":
		return w.query(req, body), nil
	case path == "/dump":
		return w.dump(req), nil
	}
	return w.fail(req, http.StatusNotFound, "not found"), nil
}

// readBody reads the body of a request; length is what its header says, 0 or less for unknown.
func readBody(r io.Reader, length int64) ([]byte, error) {
	const trusted = 64 << 20 // a length that is believed before the bytes are there
	if length > 0 && length <= trusted {
		body := make([]byte, length)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r, maxRequestBytes+1))
	if err == nil && len(body) > maxRequestBytes {
		return nil, &Error{Code: CodeInvalid, Message: fmt.Sprintf("The request is larger than %d MiB: send it in parts", maxRequestBytes>>20)}
	}
	return body, err
}

func (w *wire) query(req *http.Request, body []byte) *http.Response {
	db, err := w.svc.byExactID(w.id)
	if err != nil {
		return w.fail(req, http.StatusNotFound, err.Error())
	}
	stmts, err := parseStatements(body)
	if err != nil {
		return w.fail(req, http.StatusBadRequest, "malformed request: "+problemOf(err))
	}
	results, err := db.Batch(req.Context(), stmts)
	if err != nil {
		return w.failure(req, err)
	}
	out := make([]byte, 0, responseSize(results))
	out = append(out, '[')
	arrays := req.URL.Query().Get("resultsFormat") == "ROWS_AND_COLUMNS"
	for i, r := range results {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"success":true,"results":`...)
		if arrays {
			out = r.appendTable(out)
		} else {
			out = r.appendObjects(out)
		}
		out = append(out, `,"meta":`...)
		out = append(r.Meta.appendJSON(out), '}')
	}
	resp := respond(req, http.StatusOK, append(out, ']'))
	resp.Header[sessionHeader] = []string{db.Bookmark()}
	return resp
}

// dump answers with the database's file.
//
// Deviation: dump() gives the database; production refuses it, since the databases of D1's alpha, for
// which it was, are gone.
func (w *wire) dump(req *http.Request) *http.Response {
	db, err := w.svc.byExactID(w.id)
	if err != nil {
		return w.fail(req, http.StatusNotFound, err.Error())
	}
	file, size, err := db.copyFile(req.Context())
	if err != nil {
		resp := w.failure(req, err)
		resp.Status, resp.StatusCode = "500 Internal Server Error", http.StatusInternalServerError
		return resp
	}
	resp := respond(req, http.StatusOK, nil)
	resp.Header.Set("Content-Type", "application/octet-stream")
	resp.Body, resp.ContentLength = file, size
	return resp
}

// problemOf tells what is wrong with the JSON of a request, without the names of Go.
func problemOf(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return err.Error()
	}
	name, kind := strings.TrimPrefix(wrong.Field, "requestStatement."), jsonType(wrong.Type)
	if kind == "array" || kind == "object" {
		return name + " must be an " + kind
	}
	return name + " must be a " + kind
}

// responseSize guesses the size of a response so that it is built without growing.
func responseSize(results []Result) int {
	n := 2
	for _, r := range results {
		n += 400 + len(r.packed) + len(r.packed)/4
	}
	return n
}

// appendTable appends the rows as {"columns":["a"],"rows":[[1]]}. The same column may come twice.
func (r Rows) appendTable(b []byte) []byte {
	b = append(b, `{"columns":[`...)
	for i, name := range r.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	b = append(b, `],"rows":`...)
	return append(r.appendArrays(b), '}')
}

// appendJSON appends m with the fields of production. Where a database runs is a constant: there is
// one place only.
func (m Meta) appendJSON(b []byte) []byte {
	b = append(b, `{"served_by":"cfemu.db","served_by_region":"`+region+`","served_by_colo":"`+colo+`","served_by_primary":true,"timings":{"sql_duration_ms":`...)
	b = appendMillis(b, m.Duration)
	b = append(b, `},"duration":`...)
	b = appendMillis(b, m.Duration)
	b = strconv.AppendInt(append(b, `,"changes":`...), m.Changes, 10)
	b = appendInteger(append(b, `,"last_row_id":`...), m.LastRowID)
	b = strconv.AppendBool(append(b, `,"changed_db":`...), m.ChangedDB)
	b = strconv.AppendInt(append(b, `,"size_after":`...), m.SizeAfter, 10)
	b = strconv.AppendInt(append(b, `,"rows_read":`...), m.RowsRead, 10)
	b = strconv.AppendInt(append(b, `,"rows_written":`...), m.RowsWritten, 10)
	return append(b, `,"total_attempts":1}`...)
}

// Deviation: every D1 database is said to be served by its primary in WEUR, colo AMS.
const (
	region = "WEUR"
	colo   = "AMS"
)

func appendMillis(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Microseconds())/1000, 'f', -1, 64)
}

// failure answers with an error of the database. It goes out with status 200, as D1 sends it.
func (w *wire) failure(req *http.Request, err error) *http.Response {
	var fault cfapi.Faulter
	if errors.As(err, &fault) {
		return w.fail(req, http.StatusOK, fault.Fault().Message)
	}
	w.svc.log.ErrorContext(context.WithoutCancel(req.Context()), "d1 query", "database", w.id, "err", err)
	return w.fail(req, http.StatusOK, textReset)
}

func (w *wire) fail(req *http.Request, status int, message string) *http.Response {
	body := appendString([]byte(`{"success":false,"error":`), message)
	return respond(req, status, append(body, '}'))
}

func respond(req *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
}

package workertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// An event is a group of clauses in Go. What it needs beyond one request and its answer is in clauses;
// its Worker is testdata/<name>.js or .txtar.
type event struct {
	name    string
	clauses func(b *bench)
}

// events are the groups, in the order in which they are told.
var events = []event{
	{"events/requests", requestClauses},
	{"events/streaming", streamingClauses},
	{"events/exceptions", exceptionClauses},
	{"events/loading", loadingClauses},
	{"events/limits", limitClauses},
	{"events/console", consoleClauses},
	{"events/queue", queueClauses},
	{"events/scheduled", scheduledClauses},
	{"events/email", emailClauses},
	{"events/serviceworker", serviceWorkerClauses},
}

func (s *suite) event(t *testing.T, e event) {
	e.clauses(&bench{t: t, suite: s, name: e.name})
}

// A bench is one group of clauses at work.
type bench struct {
	t     *testing.T
	suite *suite
	name  string
}

// clause runs one clause, which reports by an error.
func (b *bench) clause(name string, run func(t *testing.T) error) {
	full := b.name + ": " + name
	b.suite.known.see(b.t, full)
	b.t.Run(name, func(t *testing.T) { b.suite.known.check(t, full, run(t)) })
}

// subject is a loaded Worker with its console.
type subject struct {
	worker.Worker
	console *lines
}

// file loads testdata/<name>.<ext>.
func (b *bench) file(t testing.TB, file string) (subject, error) {
	t.Helper()
	return b.loaded(t, testCase{name: b.name, file: "testdata/events/" + file})
}

// source loads a Worker of one module.
func (b *bench) source(t testing.TB, code string, change ...func(*worker.Spec)) (subject, error) {
	t.Helper()
	s := subject{console: &lines{}}
	spec := worker.Spec{Name: "inline", Version: "1", Outbound: b.suite.origin, Console: s.console.add, Compat: worker.Compat{Date: defaultDate},
		Modules: []worker.Module{{Name: "index.js", Type: worker.ESModule, Content: []byte(code)}}}
	for _, f := range change {
		f(&spec)
	}
	w, err := b.suite.engine.Load(t.Context(), spec)
	if err != nil {
		return s, err
	}
	b.suite.closeAfter(t, w)
	s.Worker = w
	return s, nil
}

func (b *bench) loaded(t testing.TB, c testCase) (subject, error) {
	t.Helper()
	s := subject{console: &lines{}}
	w, err := b.suite.load(t, c, s.console.add)
	s.Worker = w
	return s, err
}

// fetchHandler is a Worker whose fetch handler has that body.
func fetchHandler(body string) string {
	return "export default { async fetch(request, env, ctx) {\n" + body + "\n} }\n"
}

// patience is how long one answer may take.
const patience = 20 * time.Second

// An answer is a response that was read to its end.
type answer struct {
	*http.Response
	text string
}

func (s subject) do(t testing.TB, method, url, body string, header ...string) (answer, error) {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, in)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	res, err := s.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res, string(text)}, err
}

func (s subject) get(t testing.TB, path string) (answer, error) {
	t.Helper()
	return s.do(t, http.MethodGet, "http://worker.test"+path, "")
}

// differ is an error when got is not want.
func differ[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: got %#v, want %#v", what, got, want)
}

// exceptionOf is the exception that err holds.
func exceptionOf(err error) (*worker.Exception, error) {
	if ex, ok := errors.AsType[*worker.Exception](err); ok {
		return ex, nil
	}
	return nil, fmt.Errorf("got %w, want an exception", err)
}

// closeAfter closes a Worker when the test ends. Work that a clause left behind is no business of ours.
func (s *suite) closeAfter(t testing.TB, w worker.Worker) {
	t.Cleanup(func() {
		done, cancel := context.WithCancel(context.Background())
		cancel()
		_ = w.Close(done)
	})
}

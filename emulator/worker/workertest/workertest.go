package workertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// Run plays the suite on the engine that newEngine makes; it is called once. engine names the file of
// known failures, known/<engine>.txt. Each clause is one subtest, by its full name in that file.
func Run(t *testing.T, newEngine func(t testing.TB) worker.Engine, engine string) {
	cases, err := readCases()
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{engine: newEngine(t), known: readKnown(t, engine), origin: newOrigin(t)}
	t.Run("clauses", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				s.script(t, c)
			})
		}
		for _, e := range events {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				s.event(t, e)
			})
		}
	})
	s.known.unmet(t, cases)
}

type suite struct {
	engine worker.Engine
	known  *known
	origin *origin
}

// load loads a case's Worker and closes it when the test ends.
func (s *suite) load(t testing.TB, c testCase, console func(worker.Line)) (worker.Worker, error) {
	t.Helper()
	spec, err := c.spec(s.origin)
	if err != nil {
		t.Fatal(err)
	}
	spec.Console = console
	w, err := s.engine.Load(t.Context(), spec)
	if err != nil {
		return nil, err
	}
	s.closeAfter(t, w)
	return w, nil
}

// A verdict is one clause as the harness module reports it.
type verdict struct {
	Name  string `json:"name"`
	Error string `json:"error"` // empty when it holds
}

// script runs a Worker of the harness and reports its clauses.
func (s *suite) script(t *testing.T, c testCase) {
	var console lines
	verdicts, err := s.ask(t, c, console.add)
	// A Worker that does not load or answer fails one clause, which is named after it.
	s.known.check(t, c.name, err)
	for _, v := range verdicts {
		name := c.name + ": " + v.Name
		var err error
		if v.Error != "" {
			err = errors.New(v.Error)
		}
		s.known.see(t, name)
		t.Run(v.Name, func(t *testing.T) { s.known.check(t, name, err) })
	}
	if t.Failed() {
		for _, l := range console.all() {
			t.Logf("console.%s: %s", l.Level, l.Message)
		}
	}
}

// scriptPatience is how long all clauses of one Worker may take together.
const scriptPatience = 20 * time.Second

func (s *suite) ask(t *testing.T, c testCase, console func(worker.Line)) ([]verdict, error) {
	w, err := s.load(t, c, console)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker.test/run", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	if err := json.Unmarshal(text, &verdicts); err != nil {
		return nil, fmt.Errorf("the answer is not that of the harness: %d %.200s", res.StatusCode, text)
	}
	if len(verdicts) == 0 {
		return nil, errors.New("a Worker without clauses")
	}
	return verdicts, nil
}

// lines collects what a Worker prints.
type lines struct {
	mu   sync.Mutex
	list []worker.Line
}

func (l *lines) add(line worker.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, line)
}

func (l *lines) all() []worker.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]worker.Line(nil), l.list...)
}

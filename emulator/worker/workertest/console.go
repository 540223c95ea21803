package workertest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// consoleClauses are calls of console and the lines that come of them.
func consoleClauses(b *bench) {
	w, err := b.file(b.t, "console.js")
	if err == nil {
		_, err = w.get(b.t, "/")
	}
	if err == nil {
		err = w.console.await(b.t, "END")
	}
	if err != nil {
		b.clause("the Worker answers", func(*testing.T) error { return err })
		return
	}
	groups := map[string][]string{} // what stands between two marks: "level message"
	sources := map[string]string{}
	var mark string
	for _, l := range w.console.all() {
		if name, ok := strings.CutPrefix(l.Message, "MARK "); ok {
			mark = name
			continue
		}
		groups[mark] = append(groups[mark], l.Level+" "+l.Message)
		sources[mark] = l.Source
	}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"levels", []string{"debug d", "log l", "info i", "warn w", "error e"}},
		{"several values", []string{`log a 1 true null undefined 5n`}},
		{"a string is printed as it is", []string{"log it's \"so\""}},
		{"strings inside are quoted", []string{`log [ 'a', "it's" ] { k: 'v' }`}},
		{"objects and arrays", []string{`log { a: 1, b: { c: [ 1, 2 ] } } [ 1, [ 2 ] ]`}},
		{"depth", []string{`log { a: { b: { c: [Object] } } }`}},
		{"classes", []string{`log Point { x: 1 }`}},
		{"functions", []string{`log [Function: named] [Function (anonymous)] [class C]`}},
		{"Map and Set", []string{`log Map(1) { 'a' => 1 } Set(2) { 1, 2 }`}},
		{"dates, expressions, symbols", []string{`log 1970-01-01T00:00:00.000Z /x/g Symbol(s)`}},
		{"typed arrays", []string{`log Uint8Array(3) [ 1, 2, 3 ]`}},
		{"circles", []string{`log <ref *1> { self: [Circular *1] }`}},
		{"null prototypes", []string{`log [Object: null prototype] { a: 1 }`}},
		{"empty ones", []string{`log {} [] ''`}},
		{"holes and undefined", []string{`log [ 1, <1 empty item>, 3 ] { u: undefined }`}},
		{"negative zero and NaN", []string{`log -0 NaN`}},
		{"promises", []string{`log Promise { 1 } Promise { <pending> }`}},
		{"formats %s %d %i %f", []string{`log a 1.5 1 1.5 %`}},
		{"formats %j %o %O %c", []string{`log {"a":1} { a: 1 } `}},
		{"more values than formats", []string{`log a b 1`}},
		{"fewer values than formats", []string{`log a %s`}},
		{"nothing", []string{`log `}},
		{"group", []string{"log G", "log   in", "log   H", "log     deep", "log out"}},
		{"count", []string{"log default: 1", "log default: 2", "log x: 1", "log default: 1"}},
		{"assert", []string{"error Assertion failed", "error Assertion failed: text 1"}},
		{"dir", []string{"log { a: 1 }"}},
		{"errors have their stack", []string{"log true"}},
	} {
		b.clause(c.name, func(t *testing.T) error {
			return differ("lines", fmt.Sprintf("%q", groups[c.name]), fmt.Sprintf("%q", c.want))
		})
	}
	b.clause("a line knows where it was printed", func(t *testing.T) error {
		return differ("source", sources["source"], "events/console.js:55:11")
	})
	b.clause("time and table print something", func(t *testing.T) error {
		got := strings.Join(groups["time and table"], "\n")
		var errs []error
		for _, part := range []string{"log t: ", "(index)", "a", "│"} {
			if !strings.Contains(got, part) {
				errs = append(errs, fmt.Errorf("no %q in %q", part, got))
			}
		}
		return errors.Join(errs...)
	})
}

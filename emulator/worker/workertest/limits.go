package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// limitClauses run out of something. The process and the next request have to live on.
func limitClauses(b *bench) {
	short := func(s *worker.Spec) { s.Limits.CPU = 10 * time.Millisecond }
	for _, c := range []struct{ name, code string }{
		{"a loop without end", `for (;;);`},
		{"microtasks without end", `const again = () => Promise.resolve().then(again); again(); await new Promise((r) => setTimeout(r, 0)); return new Response("x")`},
		{"a getter that loops in JSON.stringify", `return Response.json({ get x() { for (;;); } })`},
	} {
		b.clause(c.name+" exceeds the CPU limit", func(t *testing.T) error {
			w, err := b.source(t, `export default { async fetch(request, env, ctx) { if (new URL(request.url).pathname === "/ok") return new Response("ok"); `+c.code+` } }`, short)
			if err != nil {
				return err
			}
			_, err = w.get(t, "/")
			ex, bad := exceptionOf(err)
			if bad != nil {
				return bad
			}
			if err := errors.Join(differ("outcome", ex.Outcome, worker.OutcomeExceededCPU), differ("message", ex.Message, "Worker exceeded CPU time limit.")); err != nil {
				return err
			}
			a, err := w.get(t, "/ok")
			return errors.Join(err, differ("the next answer", a.text, "ok"))
		})
	}
	b.clause("waiting is no CPU time", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`await scheduler.wait(400); return new Response("ok")`), short)
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		return errors.Join(err, differ("body", a.text, "ok"))
	})
	for _, c := range []struct{ name, code string }{
		{"a recursion without end", `const f = () => f() + 1; f()`},
		{"a recursion through a callback", `const f = () => [1].map(f); f()`},
	} {
		b.clause(c.name+" is a RangeError", func(t *testing.T) error {
			w, err := b.source(t, fetchHandler(`if (request.url.endsWith("/ok")) return new Response("ok"); `+c.code))
			if err != nil {
				return err
			}
			_, err = w.get(t, "/")
			ex, bad := exceptionOf(err)
			if bad != nil {
				return bad
			}
			if err := errors.Join(differ("name", ex.Name, "RangeError"), differ("message", ex.Message, "Maximum call stack size exceeded")); err != nil {
				return err
			}
			a, err := w.get(t, "/ok")
			return errors.Join(err, differ("the next answer", a.text, "ok"))
		})
	}
	for _, c := range []struct{ name, code string }{
		{"an ArrayBuffer", `new ArrayBuffer(2 ** 53)`},
		{"a typed array", `new Float64Array(2 ** 53)`},
		{"a string", `"x".repeat(Infinity)`},
		{"an array length", `new Array(2 ** 32)`},
		{"a length that is set", `[].length = 2 ** 32`},
	} {
		b.clause(c.name+" that is too large is a RangeError", func(t *testing.T) error {
			w, err := b.source(t, fetchHandler(`try { `+c.code+`; return new Response("made") } catch (e) { return new Response(e.name) }`))
			if err != nil {
				return err
			}
			a, err := w.get(t, "/")
			return errors.Join(err, differ("what it says", a.text, "RangeError"))
		})
	}
}

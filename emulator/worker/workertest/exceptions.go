package workertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// noResponseText is what becomes of a handler whose promise gives something else.
const noResponseText = "Incorrect type for Promise: the Promise did not resolve to 'Response'."

// exceptionClauses are handlers that fail.
func exceptionClauses(b *bench) {
	for _, c := range []struct{ name, code, class, message string }{
		{"a thrown Error", `throw new Error("no luck")`, "Error", "no luck"},
		{"a thrown TypeError", `throw new TypeError("odd")`, "TypeError", "odd"},
		{"a rejected promise", `await Promise.reject(new RangeError("far"))`, "RangeError", "far"},
		{"an error of the engine", `null.x`, "TypeError", ""},
		{"an unknown variable", `nothing()`, "ReferenceError", "nothing is not defined"},
		{"an error of an API", `new URL("nonsense")`, "TypeError", "Invalid URL string."},
		{"a DOMException", `atob("*")`, "", ""},
		{"a class of errors that code made", `class Mine extends Error { constructor(m) { super(m); this.name = "Mine" } } throw new Mine("own")`, "", "own"},
		{"no response", ``, "TypeError", noResponseText},
		{"a string for a response", `return "text"`, "TypeError", noResponseText},
		{"a plain object for a response", `return { status: 200 }`, "TypeError", noResponseText},
		{"a Request for a response", `return request`, "TypeError", noResponseText},
		{"a response whose body is used", `const r = new Response("x"); await r.text(); return r`, "TypeError", "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."},
		{"a fetch that cannot be", `return fetch("/relative")`, "TypeError", "Invalid URL: /relative"},
		{"a promise that nothing can settle", `await new Promise(() => {})`, "", "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/"},
	} {
		b.clause(c.name, func(t *testing.T) error {
			w, err := b.source(t, fetchHandler(c.code))
			if err != nil {
				return err
			}
			a, err := w.get(t, "/")
			ex, bad := exceptionOf(err)
			if bad != nil {
				return fmt.Errorf("%w (response %q)", bad, a.text)
			}
			errs := []error{differ("outcome", ex.Outcome, worker.OutcomeException)}
			if c.class != "" {
				errs = append(errs, differ("name", ex.Name, c.class))
			}
			if c.message != "" {
				errs = append(errs, differ("message", ex.Message, c.message))
			}
			return errors.Join(errs...)
		})
	}
	b.clause("the stack begins where the error was made", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler("  inner()")+"function inner() {\n  throw new Error('here')\n}\n")
		if err != nil {
			return err
		}
		_, err = w.get(t, "/")
		ex, bad := exceptionOf(err)
		if bad != nil {
			return bad
		}
		if len(ex.Stack) < 2 {
			return fmt.Errorf("the stack has %d frames, want 2 and more", len(ex.Stack))
		}
		return errors.Join(differ("first", ex.Stack[0].Position(), "index.js:5:9"), differ("function", ex.Stack[0].Function, "inner"), differ("second", ex.Stack[1].Position(), "index.js:2:3"))
	})
	b.clause("the causes come along", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`throw new Error("outer", { cause: new TypeError("inner") })`))
		if err != nil {
			return err
		}
		_, err = w.get(t, "/")
		ex, bad := exceptionOf(err)
		if bad != nil {
			return bad
		}
		if ex.Cause == nil {
			return errors.New("the exception has no cause")
		}
		return errors.Join(differ("name", ex.Cause.Name, "TypeError"), differ("message", ex.Cause.Message, "inner"))
	})
	b.clause("the Worker lives on after an exception", func(t *testing.T) error {
		w, err := b.source(t, `let n = 0; export default { fetch() { if (n++ === 0) throw new Error("first"); return new Response("n=" + n) } }`)
		if err != nil {
			return err
		}
		_, first := w.get(t, "/")
		if _, bad := exceptionOf(first); bad != nil {
			return bad
		}
		a, err := w.get(t, "/")
		return errors.Join(err, differ("body", a.text, "n=2"))
	})
	b.clause("a rejected waitUntil leaves the response alone", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`ctx.waitUntil(Promise.reject(new Error("late"))); return new Response("fine")`))
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		return errors.Join(err, differ("body", a.text, "fine"))
	})
	b.clause("an error in a timer leaves the response alone", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`setTimeout(() => { throw new Error("in a timer") }, 0); await scheduler.wait(5); return new Response("fine")`))
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		return errors.Join(err, differ("body", a.text, "fine"))
	})
	b.clause("an unhandledrejection event tells of a promise that nobody heard", func(t *testing.T) error {
		w, err := b.source(t, `addEventListener("unhandledrejection", (e) => console.log("heard " + e.reason.message + " " + (e.promise instanceof Promise)))
export default { fetch() { Promise.reject(new Error("lost")); return new Response("x") } }`)
		if err != nil {
			return err
		}
		if _, err := w.get(t, "/"); err != nil {
			return err
		}
		return w.console.await(t, "heard lost true")
	})
	b.clause("an event of a request cannot be used by another", func(t *testing.T) error {
		w, err := b.source(t, `let kept; export default { async fetch(request) {
  if (!kept) { kept = request; return new Response("kept") }
  return new Response(await kept.text()) } }`)
		if err != nil {
			return err
		}
		if _, err := w.do(t, "POST", "http://worker.test/", "body"); err != nil {
			return err
		}
		_, err = w.do(t, "POST", "http://worker.test/", "body")
		ex, bad := exceptionOf(err)
		if bad != nil {
			return bad
		}
		const want = "Cannot perform I/O on behalf of a different request."
		if len(ex.Message) < len(want) || ex.Message[:len(want)] != want {
			return fmt.Errorf("the message is %q, want it to begin %q", ex.Message, want)
		}
		return nil
	})
}

// loadingClauses are uploads that fail, or whose top-level code does unusual things.
func loadingClauses(b *bench) {
	const inGlobalScope = "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating random values are not allowed within global scope. To fix this error, perform this operation within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/"
	for _, c := range []struct{ name, code string }{
		{"a syntax error", `export default { fetch( { } }`},
		{"an import of what is not there", `import x from "./nothing.js"; export default { fetch() {} }`},
		{"an export that is not there", `import { nothing } from "cloudflare:workers"; console.log(nothing); export default { fetch() {} }`},
		{"an error at the top", `throw new Error("top"); export default { fetch() {} }`},
		{"a rejected top-level await", `await Promise.reject(new Error("top")); export default { fetch() {} }`},
		{"no handler at all", `export const x = 1`},
		{"a top-level await that nothing can settle", `await new Promise(() => {}); export default { fetch() {} }`},
	} {
		b.clause(c.name+" fails the upload", func(t *testing.T) error {
			if _, err := b.source(t, c.code); err == nil {
				return errors.New("it loaded")
			}
			return nil
		})
	}
	for _, c := range []struct{ name, code string }{
		{"fetch", `await fetch("http://origin.test/text")`},
		{"setTimeout", `setTimeout(() => {}, 1)`},
		{"crypto.getRandomValues", `crypto.getRandomValues(new Uint8Array(1))`},
		{"crypto.randomUUID", `crypto.randomUUID()`},
		{"crypto.subtle.generateKey", `await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"])`},
	} {
		b.clause(c.name+" in the global scope", func(t *testing.T) error {
			w, err := b.source(t, `let said = "nothing"; try { `+c.code+` } catch (e) { said = e.message }; export default { fetch() { return new Response(said) } }`)
			if err != nil {
				return err
			}
			a, err := w.get(t, "/")
			return errors.Join(err, differ("message", a.text, inGlobalScope))
		})
	}
	for _, c := range []struct{ name, code, want string }{
		{"Math.random in the global scope", `const said = typeof Math.random()`, "number"},
		{"hashes in the global scope", `const said = (await crypto.subtle.digest("SHA-1", new Uint8Array())).byteLength`, "20"},
		{"the time stands at 0 in the global scope", `const said = Date.now()`, "0"},
		{"console in the global scope", `console.log("loading"); const said = "x"`, "x"},
	} {
		b.clause(c.name, func(t *testing.T) error {
			w, err := b.source(t, c.code+`; export default { fetch() { return new Response(String(said)) } }`)
			if err != nil {
				return err
			}
			a, err := w.get(t, "/")
			return errors.Join(err, differ("body", a.text, c.want))
		})
	}
	b.clause("console lines of the global scope arrive", func(t *testing.T) error {
		w, err := b.source(t, `console.log("loading"); export default { fetch() { return new Response() } }`)
		if err != nil {
			return err
		}
		return w.console.await(t, "loading")
	})
	for _, c := range []struct{ name, code string }{
		{"an object with methods", `export default { fetch() { return new Response("ok") } }`},
		{"a function property", `const fetch = () => new Response("ok"); export default { fetch }`},
		{"an object with a prototype", `class H { fetch() { return new Response("ok") } } export default new H()`},
		{"this is the object", `export default { word: "ok", fetch() { return new Response(this.word) } }`},
		{"a class of WorkerEntrypoint", `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { fetch() { return new Response("ok") } }`},
		{"a class makes an instance for each event", `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { n = 0; fetch() { return new Response(++this.n === 1 ? "ok" : "again") } }`},
		{"a default by name", `const w = { fetch() { return new Response("ok") } }; export { w as default }`},
		{"other exports beside it", `export default { fetch() { return new Response("ok") } }; export const helper = () => 1; export class Thing {}`},
	} {
		b.clause("the entry exports "+c.name, func(t *testing.T) error {
			w, err := b.source(t, c.code)
			if err != nil {
				return err
			}
			for range 2 {
				if a, err := w.get(t, "/"); err != nil || a.text != "ok" {
					return fmt.Errorf("got %q, %w", a.text, err)
				}
			}
			return nil
		})
	}
}

package isolate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

// lines are what a Worker has written to its console, in one string, without the stacks.
func (b *bench) heads() string {
	var out []string
	for _, m := range b.messages() {
		head, _, _ := strings.Cut(m, "\n")
		out = append(out, head)
	}
	return strings.Join(out, "|")
}

func TestErrorsThatNobodyCatchesAreEvents(t *testing.T) {
	testkit.NoLeaks(t)
	const tell = `const tell = e => console.log(e.type, e.constructor.name, e.cancelable, e.isTrusted, e.message ?? '', e.error?.message ?? e.reason?.message ?? e.reason)
	`
	for name, tt := range map[string]struct{ source, want string }{
		"an unhandled rejection": {tell + `addEventListener("unhandledrejection", tell); ` + handler(`Promise.reject(new Error("lost")); return new Response()`),
			`unhandledrejection PromiseRejectionEvent true true  lost|Uncaught (in promise) Error: lost`},
		"its default can be prevented": {`addEventListener("unhandledrejection", e => { e.preventDefault(); console.log(e.promise instanceof Promise) }); ` +
			handler(`Promise.reject(new Error("lost")); return new Response()`), `true`},
		"a property hears it too": {`globalThis.onunhandledrejection = e => { console.log("on", e.reason); e.preventDefault() }; ` + handler(`Promise.reject(7); return new Response()`), `on 7`},
		"one that is handled in time is none": {tell + `addEventListener("unhandledrejection", tell); ` +
			handler(`const p = Promise.reject(1); await null; p.catch(() => {}); return new Response()`), ``},
		"one that is handled late": {tell + `addEventListener("unhandledrejection", e => e.preventDefault()); addEventListener("rejectionhandled", tell); ` +
			handler(`const p = Promise.reject(new Error("late")); await scheduler.wait(1); p.catch(() => {}); await scheduler.wait(1); return new Response()`),
			`rejectionhandled PromiseRejectionEvent false true  late`},
		"an error in a timer": {tell + `addEventListener("error", tell); ` + handler(`setTimeout(() => { throw new TypeError("tick") }); await scheduler.wait(2); return new Response()`),
			`error ErrorEvent true true Uncaught TypeError: tick tick|Uncaught TypeError: tick`},
		"an error in a microtask": {`addEventListener("error", e => { e.preventDefault(); console.log(e.filename, e.lineno, e.error.message) }); ` +
			handler("queueMicrotask(() => { throw new Error('soon') }); return new Response()"), `index.js 2 soon`},
		"reportError": {`addEventListener("error", e => { e.preventDefault(); console.log(e.error, e.message) }); ` + handler(`reportError("text"); return new Response()`), `text Uncaught text`},
		"an error in the listener goes to the console": {`addEventListener("error", () => { throw new Error("listener") }); ` + handler(`reportError(new Error("first")); return new Response()`),
			`Uncaught Error: listener|Uncaught Error: first`},
		"a rejection in a listener": {`let n = 0; addEventListener("unhandledrejection", e => { e.preventDefault(); if (n++ < 2) Promise.reject(n) }); ` +
			handler(`Promise.reject(0); await scheduler.wait(1); console.log(n); return new Response()`), `3`},
		"a listener that throws": {`addEventListener("unhandledrejection", () => { throw new Error("listener") }); ` + handler(`Promise.reject(1); Promise.reject(2); return new Response()`),
			`Uncaught Error: listener|Uncaught (in promise) 1|Uncaught Error: listener|Uncaught (in promise) 2`},
		"nobody listens": {handler(`Promise.reject(new Error("a")); reportError(new Error("b")); return new Response()`), `Uncaught Error: b|Uncaught (in promise) Error: a`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(tt.source)
			w := b.load(t)
			get(t, w, "/")
			if err := w.Close(t.Context()); err != nil { // what comes after the response is over then
				t.Fatal(err)
			}
			if got := b.heads(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestServiceWorkerSyntax(t *testing.T) {
	testkit.NoLeaks(t)
	for name, tt := range map[string]struct{ source, want string }{
		"the event is a FetchEvent": {`addEventListener("fetch", e => e.respondWith(new Response([e instanceof FetchEvent, e instanceof ExtendableEvent, e.type, e.request.method, e.target === globalThis, String(e)].join())))`,
			"true,true,fetch,GET,true,[object FetchEvent]"},
		"the first that responds ends it": {`addEventListener("fetch", e => { if (e.request.url.endsWith("/x")) e.respondWith(new Response("x")) })
			addEventListener("fetch", e => e.respondWith(new Response("second")))
			addEventListener("fetch", e => e.respondWith(new Response("third")))`, "second"},
		"an object handles it":      {`addEventListener("fetch", { text: "object", handleEvent(e) { e.respondWith(new Response(this.text)) } })`, "object"},
		"a listener can be removed": {`const f = e => e.respondWith(new Response("gone")); addEventListener("fetch", f); removeEventListener("fetch", f); addEventListener("fetch", e => e.respondWith(new Response("left")))`, "left"},
		"respondWith comes once": {`addEventListener("fetch", e => { e.respondWith(new Response("one")); try { e.respondWith(new Response("two")) } catch (error) { console.log(error.name, error.message) } })`,
			"one"},
		"a late respondWith": {`addEventListener("fetch", async e => { await null; try { e.respondWith(new Response()) } catch (error) { console.log(error.name) } })
			addEventListener("fetch", e => e.respondWith(scheduler.wait(1).then(() => new Response("in time"))))`, "in time"},
		"passThroughOnException is there": {`addEventListener("fetch", e => { e.passThroughOnException(); e.waitUntil(1); e.respondWith(new Response("ok")) })`, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := get(t, newBench(tt.source).load(t), "/"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestServiceWorkerSyntaxTakesOtherEvents(t *testing.T) {
	testkit.NoLeaks(t)
	b := newBench(`
		addEventListener("scheduled", e => { console.log(e instanceof ScheduledEvent, e.cron, e.scheduledTime); e.noRetry(); e.waitUntil(scheduler.wait(1).then(() => console.log("waited"))) })
		addEventListener("queue", e => { console.log(String(e), e.queue, e.messages.map(m => m.body).join()); e.messages[0].retry(); e.ackAll() })
		addEventListener("email", e => { console.log(String(e), e.message.from); e.message.setReject("no") })`)
	w := b.load(t)
	if err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "* * * * *", Time: time.UnixMilli(5)}); err != nil {
		t.Fatal(err)
	}
	out, err := w.Queue(t.Context(), worker.Batch{Queue: "q", Messages: []worker.Message{{ID: "1", ContentType: "text", Body: []byte("a")}, {ID: "2", ContentType: "text", Body: []byte("b")}}})
	if err != nil || len(out.Retries) != 1 || out.Retries[0].ID != "1" {
		t.Errorf("outcome %+v, %v", out, err)
	}
	if err := w.Email(t.Context(), worker.Email{From: "a@b.c", To: "d@e.f"}); err == nil || !strings.Contains(err.Error(), "no") {
		t.Errorf("email: %v", err)
	}
	want := "true * * * * * 5|waited|[object QueueEvent] q a,b|[object EmailEvent] a@b.c"
	if got := b.heads(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

package workertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// queueClauses: https://developers.cloudflare.com/queues/configuration/javascript-apis/
func queueClauses(b *bench) {
	for _, c := range []struct{ name, code, want string }{
		{"silence acknowledges all", ``, ``},
		{"retry of one", `b.messages[1].retry()`, `m1`},
		{"retry with a delay", `b.messages[1].retry({ delaySeconds: 9 })`, `m1+9s`},
		{"retryAll", `b.retryAll()`, `m0 m1 m2`},
		{"retryAll with a delay", `b.retryAll({ delaySeconds: 4 })`, `m0+4s m1+4s m2+4s`},
		{"ack and retry of several", `b.messages[0].ack(); b.messages[1].retry(); b.messages[2].ack()`, `m1`},
		{"the first word on a message counts", `b.messages[0].ack(); b.messages[0].retry(); b.messages[1].retry(); b.messages[1].ack()`, `m1`},
		{"ackAll", `b.ackAll()`, ``},
		{"a word on a message beats retryAll", `b.messages[0].ack(); b.retryAll()`, `m1 m2`},
		{"a word on a message beats ackAll", `b.messages[0].retry(); b.ackAll()`, `m0`},
		{"an exception retries all", `throw new Error("no")`, `exception m0 m1 m2`},
		{"an exception keeps what was acknowledged", `b.messages[0].ack(); throw new Error("no")`, `exception m1 m2`},
		{"an exception after ackAll retries nothing", `b.ackAll(); throw new Error("no")`, `exception`},
		{"words of an async handler", `await scheduler.wait(1); b.messages[2].retry()`, `m2`},
		{"waitUntil is waited for", `ctx.waitUntil(scheduler.wait(1).then(() => b.messages[2].retry()))`, `m2`},
	} {
		b.clause(c.name, func(t *testing.T) error {
			w, err := b.source(t, "export default { async queue(b, env, ctx) {\n"+c.code+"\n} }")
			if err != nil {
				return err
			}
			batch := worker.Batch{Queue: "jobs"}
			for n := range 3 {
				batch.Messages = append(batch.Messages, worker.Message{ID: fmt.Sprintf("m%d", n), Timestamp: time.Unix(5, 0), ContentType: "text", Body: []byte("x"), Attempts: 1})
			}
			out, err := w.Queue(t.Context(), batch)
			if err != nil {
				return err
			}
			return differ("outcome", outcome(out), c.want)
		})
	}
	b.clause("what a batch and its messages hold", func(t *testing.T) error { return batchContents(t, b) })
}

func outcome(out worker.Outcome) string {
	var words []string
	for _, r := range out.Retries {
		word := r.ID
		if r.Delay != nil {
			word += "+" + r.Delay.String()
		}
		words = append(words, word)
	}
	slices.Sort(words)
	if out.Exception != nil {
		words = append([]string{"exception"}, words...)
	}
	return strings.Join(words, " ")
}

func batchContents(t *testing.T, b *bench) error {
	w, err := b.source(t, `export default { queue(b) {
  console.log(JSON.stringify([b.queue, b.messages.length, b.metadata.metrics.backlogCount, b.messages.map((m) => [m.id, m.timestamp instanceof Date, m.timestamp, m.attempts, m.body instanceof Uint8Array || m.body instanceof ArrayBuffer ? [...new Uint8Array(m.body)] : m.body])]))
} }`)
	if err != nil {
		return err
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	out, err := w.Queue(t.Context(), worker.Batch{Queue: "jobs", Backlog: worker.Backlog{Count: 3, Bytes: 9, Oldest: at}, Messages: []worker.Message{
		{ID: "1", Timestamp: at, Attempts: 2, ContentType: "json", Body: []byte(`{"a":[1]}`)},
		{ID: "2", Timestamp: at, Attempts: 1, ContentType: "text", Body: []byte("é")},
		{ID: "3", Timestamp: at, Attempts: 1, ContentType: "bytes", Body: []byte{0, 255}},
	}})
	if err := errors.Join(err, differ("outcome", outcome(out), "")); err != nil {
		return err
	}
	const ts = `"2026-01-02T03:04:05.006Z"`
	want := `["jobs",3,3,[["1",true,` + ts + `,2,{"a":[1]}],["2",true,` + ts + `,1,"é"],["3",true,` + ts + `,1,[0,255]]]]`
	return w.console.await(t, want)
}

// scheduledClauses: https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
func scheduledClauses(b *bench) {
	const code = `export default { async scheduled(controller, env, ctx) {
  console.log(JSON.stringify([controller.cron, controller.scheduledTime, typeof controller.noRetry]))
  ctx.waitUntil(scheduler.wait(1).then(() => console.log("later")))
  if (controller.cron === "bad") throw new Error("no")
} }`
	b.clause("the controller, and waitUntil is waited for", func(t *testing.T) error {
		w, err := b.source(t, code)
		if err != nil {
			return err
		}
		if err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "0 2 * * *", Time: time.Unix(1700000000, 0)}); err != nil {
			return err
		}
		if err := w.console.await(t, "later"); err != nil {
			return err
		}
		return w.console.has(`["0 2 * * *",1700000000000,"function"]`)
	})
	b.clause("an exception", func(t *testing.T) error {
		w, err := b.source(t, code)
		if err != nil {
			return err
		}
		_, bad := exceptionOf(w.Scheduled(t.Context(), worker.Scheduled{Cron: "bad", Time: time.Unix(1, 0)}))
		return bad
	})
	b.clause("a class of WorkerEntrypoint", func(t *testing.T) error {
		w, err := b.source(t, `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { scheduled(c) { console.log("ran " + c.cron + " " + typeof this.env) } }`)
		if err != nil {
			return err
		}
		if err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "* * * * *", Time: time.Unix(1, 0)}); err != nil {
			return err
		}
		return w.console.await(t, "ran * * * * * object")
	})
}

// emailClauses: https://developers.cloudflare.com/email-routing/email-workers/runtime-api/
func emailClauses(b *bench) {
	const code = `export default { async email(message, env, ctx) {
  const raw = await new Response(message.raw).text()
  console.log(JSON.stringify([message.from, message.to, message.headers.get("subject"), message.rawSize, raw.length, message.headers instanceof Headers]))
  if (message.from === "spam@a.test") message.setReject("no thanks")
  if (message.from === "bad@a.test") throw new Error("no")
} }`
	mail := worker.Email{From: "a@a.test", To: "b@b.test", Raw: []byte("Subject: hi\r\n\r\nbody")}
	send := func(t *testing.T, from string) (subject, error, error) {
		w, err := b.source(t, code)
		if err != nil {
			return w, nil, err
		}
		m := mail
		m.From = from
		return w, w.Email(t.Context(), m), nil
	}
	b.clause("what a message holds", func(t *testing.T) error {
		w, sent, err := send(t, mail.From)
		if err := errors.Join(sent, err); err != nil {
			return err
		}
		return w.console.await(t, `["a@a.test","b@b.test","hi",19,19,true]`)
	})
	b.clause("setReject refuses the message", func(t *testing.T) error {
		_, sent, err := send(t, "spam@a.test")
		if err != nil {
			return err
		}
		rejection, ok := errors.AsType[*worker.Rejection](sent)
		if !ok {
			return fmt.Errorf("got %w, want a rejection", sent)
		}
		return differ("reason", rejection.Reason, "no thanks")
	})
	b.clause("an exception", func(t *testing.T) error {
		_, sent, err := send(t, "bad@a.test")
		if err != nil {
			return err
		}
		_, bad := exceptionOf(sent)
		return bad
	})
}

// serviceWorkerClauses are of Workers that add listeners and export nothing.
func serviceWorkerClauses(b *bench) {
	for _, c := range []struct{ name, code, want string }{
		{"respondWith a response", `addEventListener("fetch", (e) => e.respondWith(new Response("sync")))`, "sync"},
		{"respondWith a promise", `addEventListener("fetch", (e) => e.respondWith(answer(e.request))); async function answer(r) { await scheduler.wait(1); return new Response(new URL(r.url).pathname) }`, "/x"},
		{"self.addEventListener", `self.addEventListener("fetch", (event) => { event.respondWith(new Response("self")) })`, "self"},
		{"waitUntil", `addEventListener("fetch", (e) => { e.waitUntil(scheduler.wait(1)); e.respondWith(new Response("ok")) })`, "ok"},
		{"bindings are globals", `addEventListener("fetch", (e) => e.respondWith(new Response(GREETING)))`, "hello"},
		{"the first listener that responds counts", `addEventListener("fetch", (e) => e.respondWith(new Response("first"))); addEventListener("fetch", (e) => { if (false) e.respondWith(new Response("second")) })`, "first"},
		{"the event", `addEventListener("fetch", (e) => e.respondWith(new Response([e.type, e.request instanceof Request, e instanceof FetchEvent].join())))`, "fetch,true,true"},
		{"respondWith twice is an InvalidStateError", `addEventListener("fetch", (e) => { e.respondWith(new Response("x")); let said = "nothing"; try { e.respondWith(new Response("y")) } catch (x) { console.log(x.name) } })`, "x"},
	} {
		b.clause(c.name, func(t *testing.T) error {
			w, err := b.source(t, c.code, func(s *worker.Spec) {
				s.Bindings = []worker.Binding{{Name: "GREETING", Type: "plain_text", Text: "hello"}}
			})
			if err != nil {
				return err
			}
			a, err := w.get(t, "/x")
			return errors.Join(err, differ("body", a.text, c.want))
		})
	}
	b.clause("an exception", func(t *testing.T) error {
		w, err := b.source(t, `addEventListener("fetch", (e) => { throw new Error("no") })`)
		if err != nil {
			return err
		}
		_, err = w.get(t, "/")
		ex, bad := exceptionOf(err)
		if bad != nil {
			return bad
		}
		return differ("message", ex.Message, "no")
	})
	b.clause("scheduled", func(t *testing.T) error {
		w, err := b.source(t, `addEventListener("scheduled", (e) => { console.log(e.type + " " + e.cron); e.waitUntil(scheduler.wait(1).then(() => console.log("later"))) })`)
		if err != nil {
			return err
		}
		if err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "1 2 3 4 5", Time: time.Unix(1, 0)}); err != nil {
			return err
		}
		if err := w.console.await(t, "later"); err != nil {
			return err
		}
		return w.console.has("scheduled 1 2 3 4 5")
	})
}

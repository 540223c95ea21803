package isolate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/internal/testkit"
)

func seconds(n int) *time.Duration {
	d := time.Duration(n) * time.Second
	return &d
}

func TestQueue(t *testing.T) {
	testkit.NoLeaks(t)
	for name, tt := range map[string]struct {
		body      string
		want      []worker.Retry
		exception string
	}{
		"silence acknowledges":                      {``, nil, ""},
		"retry asks for one again":                  {`b.messages[1].retry()`, []worker.Retry{{ID: "m1"}}, ""},
		"retry has a delay":                         {`b.messages[0].retry({ delaySeconds: 9 })`, []worker.Retry{{ID: "m0", Delay: seconds(9)}}, ""},
		"a delay of nothing is a delay":             {`b.messages[0].retry({ delaySeconds: 0 })`, []worker.Retry{{ID: "m0", Delay: seconds(0)}}, ""},
		"retryAll asks for all":                     {`b.retryAll({ delaySeconds: 4 })`, []worker.Retry{{ID: "m0", Delay: seconds(4)}, {ID: "m1", Delay: seconds(4)}, {ID: "m2", Delay: seconds(4)}}, ""},
		"the first word on a message counts":        {`b.messages[0].ack(); b.messages[0].retry(); b.messages[1].retry(); b.messages[1].ack()`, []worker.Retry{{ID: "m1"}}, ""},
		"a word on a message beats one on all":      {`b.retryAll(); b.messages[0].ack(); b.messages[1].ack(); b.messages[2].retry({ delaySeconds: 1 })`, []worker.Retry{{ID: "m2", Delay: seconds(1)}}, ""},
		"the first word on all counts":              {`b.ackAll(); b.retryAll()`, nil, ""},
		"a throw retries what was not acknowledged": {`b.messages[0].ack(); throw new Error("no")`, []worker.Retry{{ID: "m1"}, {ID: "m2"}}, "Error: no (index.js:3:48)"},
		"a throw after ackAll retries nothing":      {`b.ackAll(); throw new Error("no")`, nil, "Error: no (index.js:3:39)"},
		"a rejected waitUntil counts as a throw":    {`ctx.waitUntil(Promise.reject(new Error("late")))`, []worker.Retry{{ID: "m0"}, {ID: "m1"}, {ID: "m2"}}, "Error: late (index.js:3:54)"},
		"what waitUntil says later counts":          {`ctx.waitUntil(scheduler.wait(1).then(() => b.messages[2].retry()))`, []worker.Retry{{ID: "m2"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench("\nexport default { async queue(b, env, ctx) { await 1\n          " + tt.body + "\n} }")
			w := b.load(t)
			batch := worker.Batch{Queue: "q"}
			for n := range 3 {
				batch.Messages = append(batch.Messages, worker.Message{ID: fmt.Sprintf("m%d", n), ContentType: "text", Body: []byte("x"), Attempts: 1})
			}
			out, err := w.Queue(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := retries(out.Retries), retries(tt.want); got != want {
				t.Errorf("retries %s, want %s", got, want)
			}
			var exception string
			if out.Exception != nil {
				exception = out.Exception.Error()
			}
			if head, _, _ := strings.Cut(tt.exception, " ("); !strings.HasPrefix(exception, head) || (head == "") != (exception == "") {
				t.Errorf("exception %q, want %q", exception, tt.exception)
			}
		})
	}
}

func retries(list []worker.Retry) string {
	text, _ := json.Marshal(list)
	return string(text)
}

func TestQueueMessages(t *testing.T) {
	b := newBench(`export default { queue(b, env, ctx) {
		console.log(JSON.stringify([b.queue, b.metadata, b.messages.map(m => [m.id, m.timestamp, m.attempts, m.body instanceof Uint8Array ? [...m.body] : m.body])]))
	} }`)
	w := b.load(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	_, err := w.Queue(t.Context(), worker.Batch{Queue: "jobs", Backlog: worker.Backlog{Count: 3, Bytes: 9, Oldest: at}, Messages: []worker.Message{
		{ID: "1", Timestamp: at, Attempts: 2, ContentType: "json", Body: []byte(`{"a":[1]}`)},
		{ID: "2", Timestamp: at, Attempts: 1, ContentType: "text", Body: []byte("é")},
		{ID: "3", Timestamp: at, Attempts: 1, ContentType: "bytes", Body: []byte{0, 255}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const ts = `"2026-01-02T03:04:05.006Z"`
	want := `["jobs",{"metrics":{"backlogCount":3,"backlogBytes":9,"oldestMessageTimestamp":` + ts + `}},[["1",` + ts + `,2,{"a":[1]}],["2",` + ts + `,1,"é"],["3",` + ts + `,1,[0,255]]]]`
	if got := b.messages(); len(got) != 1 || got[0] != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	out, err := w.Queue(t.Context(), worker.Batch{Messages: []worker.Message{{ID: "v", ContentType: "v8", Body: []byte{255, 15}}}})
	if err != nil || out.Exception == nil || !strings.Contains(out.Exception.Message, `content type "v8"`) || len(out.Retries) != 1 {
		t.Errorf("a v8 message: %+v, %v", out, err)
	}
}

func TestScheduled(t *testing.T) {
	b := newBench(`export default { async scheduled(controller, env, ctx) {
		console.log(controller.cron, new Date(controller.scheduledTime).toISOString())
		ctx.waitUntil(scheduler.wait(1).then(() => console.log("later")))
		if (controller.cron === "bad") throw new Error("no")
	} }`)
	w := b.load(t)
	if err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "0 2 * * *", Time: time.Unix(1700000000, 0)}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(b.messages(), "|"), "0 2 * * * 2023-11-14T22:13:20.000Z|later"; got != want {
		t.Errorf("console %q, want %q", got, want)
	}
	err := w.Scheduled(t.Context(), worker.Scheduled{Cron: "bad"})
	if ex, ok := errors.AsType[*worker.Exception](err); !ok || ex.Message != "no" {
		t.Errorf("got %v", err)
	}
}

func TestEmail(t *testing.T) {
	b := newBench(`export default { async email(message, env, ctx) {
		const raw = await new Response(message.raw).text()
		console.log(message.from, message.to, message.headers.get("subject"), message.rawSize, raw.length)
		if (message.from === "spam@x") message.setReject("no thanks")
	} }`)
	w := b.load(t)
	mail := worker.Email{From: "a@x", To: "b@x", Raw: []byte("Subject: hi\r\n\r\nbody")}
	if err := w.Email(t.Context(), mail); err != nil {
		t.Fatal(err)
	}
	mail.From = "spam@x"
	if rejection, ok := errors.AsType[*worker.Rejection](w.Email(t.Context(), mail)); !ok || rejection.Reason != "no thanks" {
		t.Errorf("got %v", rejection)
	}
	if got := b.messages()[0]; got != "a@x b@x hi 19 19" {
		t.Errorf("console %q", got)
	}
}

func TestHandlers(t *testing.T) {
	for source, want := range map[string]string{
		`export default { fetch() {}, scheduled() {}, other() {} }`:                                                                      "fetch scheduled",
		`import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { queue() {} email() {} }`: "queue email",
		`addEventListener("scheduled", () => {})`:                                                                                        "scheduled",
		`export default {}; export class Counter {}`:                                                                                     "",
	} {
		w := newBench(source).load(t)
		if got := strings.Join(w.Handlers(), " "); got != want {
			t.Errorf("%s: handlers %q, want %q", source, got, want)
		}
	}
	bench := newBench(`export default {}`)
	e := isolate.New(isolate.Options{})
	defer e.Close()
	if _, err := e.Load(t.Context(), bench.spec); err == nil || !strings.Contains(err.Error(), "No event handlers were registered.") {
		t.Errorf("a Worker without any handler: %v", err)
	}
	w := newBench(`export default {}; export class Counter {}`).load(t)
	_, fetch := w.RoundTrip(request(t, "GET", "http://x/", ""))
	_, queue := w.Queue(t.Context(), worker.Batch{})
	for name, err := range map[string]error{"fetch": fetch, "queue": queue,
		"scheduled": w.Scheduled(t.Context(), worker.Scheduled{}), "email": w.Email(t.Context(), worker.Email{})} {
		if !errors.Is(err, worker.ErrNoHandler) {
			t.Errorf("%s: %v, want ErrNoHandler", name, err)
		}
	}
}

func TestStreaming(t *testing.T) {
	testkit.NoLeaks(t)
	t.Run("a request's body passes through unread", func(t *testing.T) {
		w := newBench(handler(`return new Response(request.body)`)).load(t)
		in, out := io.Pipe()
		r := request(t, "POST", "http://x/", "")
		r.Body, r.ContentLength = in, -1
		res, err := w.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		for _, part := range []string{"first", "second"} {
			go io.WriteString(out, part)
			got := make([]byte, len(part))
			if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != part {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		out.Close()
		if _, err := res.Body.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
	})
	t.Run("a JavaScript stream arrives while it is being made", func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(handler(`
			const { readable, writable } = new TransformStream()
			const write = async () => {
				const w = writable.getWriter(), e = new TextEncoder()
				await w.write(e.encode("one "))
				await env.GATE.fetch("http://gate/")
				await w.write(e.encode("two"))
				await w.close()
			}
			ctx.waitUntil(write())
			return new Response(readable, { headers: { "content-type": "text/plain" } })`))
		b.spec.Bindings = []worker.Binding{{Name: "GATE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-release
			return answer(200, ""), nil
		})}}
		w := b.load(t)
		res, err := w.RoundTrip(request(t, "GET", "http://x/", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != "one " {
			t.Fatalf("got %q, %v", got, err)
		}
		close(release)
		rest, err := io.ReadAll(res.Body)
		if err != nil || string(rest) != "two" {
			t.Errorf("then %q, %v", rest, err)
		}
	})
	t.Run("a body that fails on the way reports it", func(t *testing.T) {
		w := newBench(handler(`return new Response(new ReadableStream({
			async start(c) { c.enqueue(new Uint8Array([65])); await 1; c.error(new Error("broken")) } }))`)).load(t)
		res, err := w.RoundTrip(request(t, "GET", "http://x/", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if text, err := io.ReadAll(res.Body); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got %q, %v", text, err)
		}
	})
	t.Run("a client that stops reading ends the invocation", func(t *testing.T) {
		w := newBench(handler(`return new Response(new ReadableStream({
			async pull(c) { await scheduler.wait(1); c.enqueue(new Uint8Array(1000)) } }))`)).load(t)
		res, err := w.RoundTrip(request(t, "GET", "http://x/", ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 3000)); err != nil {
			t.Fatal(err)
		}
		res.Body.Close() // load's cleanup waits for the invocation
	})
}

func TestHeadTellsTheLengthThatCodeDeclares(t *testing.T) {
	w := newBench(handler(`return new Response(null, { headers: { "content-length": "1176" } })`)).load(t)
	for method, want := range map[string]string{"HEAD": "1176", "GET": ""} {
		res, err := w.RoundTrip(request(t, method, "http://x/", ""))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Content-Length"); got != want {
			t.Errorf("%s: content length %q, want %q", method, got, want)
		}
	}
}

func TestRequestCF(t *testing.T) {
	w := newBench(handler(`return Response.json([request.cf, request.headers.has("cf-blob"), request.url, request.headers.get("x")])`)).load(t)
	r := request(t, "GET", "https://shop.example/a%2Fb?x=%zz;y", "")
	r.Header.Set("CF-Blob", `{"country":"DE"}`)
	r.Header.Set("X", "y")
	res, err := w.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if got, want := string(text), `[{"country":"DE"},false,"https://shop.example/a%2Fb?x=%zz;y","y"]`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if r.Header.Get("CF-Blob") == "" {
		t.Error("the caller's request was changed")
	}
}

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

	"github.com/cfemu/cfemu/internal/clock"
)

// streamingClauses need to see when bytes move.
func streamingClauses(b *bench) {
	b.clause("a request's body streams through", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`return new Response(request.body)`))
		if err != nil {
			return err
		}
		return streamThrough(t, w)
	})
	b.clause("a request's body streams through a TransformStream", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`const { readable, writable } = new TransformStream(); ctx.waitUntil(request.body.pipeTo(writable)); return new Response(readable)`))
		if err != nil {
			return err
		}
		return streamThrough(t, w)
	})
	b.clause("a response is there before its body", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`return new Response(new ReadableStream({ async start(c) { await scheduler.wait(5); c.enqueue(new TextEncoder().encode("late")); c.close() } }), { headers: { "x-early": "1" } })`))
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		return errors.Join(err, differ("header", a.Header.Get("X-Early"), "1"), differ("body", a.text, "late"))
	})
	b.clause("a body that fails on the way fails for the client", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`return new Response(new ReadableStream({ async pull(c) { c.enqueue(new Uint8Array([65])); await scheduler.wait(5); c.error(new Error("broken")) } }))`))
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		if err == nil {
			return fmt.Errorf("the body ended well: %q", a.text)
		}
		return nil
	})
	b.clause("a client that stops reading cancels the stream", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`return new Response(new ReadableStream({ async pull(c) { await scheduler.wait(1); c.enqueue(new Uint8Array(65536)) }, cancel() { console.log("cancelled") } }))`))
		if err != nil {
			return err
		}
		return clientGone(t, w)
	})
	b.clause("requests interleave at awaits", func(t *testing.T) error {
		w, err := b.source(t, `let release; const gate = new Promise((r) => { release = r })
export default { async fetch(request) { const { pathname } = new URL(request.url); if (pathname === "/first") { while (!globalThis.go) await scheduler.wait(1); return new Response("first") } globalThis.go = true; return new Response("second") } }`)
		if err != nil {
			return err
		}
		first := make(chan error, 1)
		go func() {
			a, err := w.get(t, "/first")
			first <- errors.Join(err, differ("body", a.text, "first"))
		}()
		a, err := w.get(t, "/second")
		return errors.Join(err, differ("body", a.text, "second"), <-first)
	})
	b.clause("work of waitUntil goes on after the response", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`ctx.waitUntil((async () => { await scheduler.wait(5); const r = await fetch("http://origin.test/text"); console.log("done " + await r.text()) })()); return new Response("now")`))
		if err != nil {
			return err
		}
		a, err := w.get(t, "/")
		if err := errors.Join(err, differ("body", a.text, "now")); err != nil {
			return err
		}
		return w.console.await(t, "done text")
	})
	b.clause("8 MB go in and out whole", func(t *testing.T) error {
		w, err := b.source(t, fetchHandler(`return new Response(request.body)`))
		if err != nil {
			return err
		}
		a, err := w.do(t, http.MethodPost, "http://worker.test/", strings.Repeat("12345678", 1<<20))
		return errors.Join(err, differ("length", len(a.text), 8<<20))
	})
}

func streamThrough(t *testing.T, w subject) error {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://worker.test/", in)
	if err != nil {
		return err
	}
	r.ContentLength = -1
	// The first part is on its way before there is a response: an engine may wait for it.
	go func() { _, _ = io.WriteString(out, "first") }()
	res, err := w.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for _, part := range []string{"first", "second"} {
		if part != "first" {
			go func() { _, _ = io.WriteString(out, part) }()
		}
		got := make([]byte, len(part))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != part {
			return fmt.Errorf("got %q, %w", got, err)
		}
	}
	_ = out.Close()
	rest, err := io.ReadAll(res.Body)
	return errors.Join(err, differ("after the end", string(rest), ""))
}

func clientGone(t *testing.T, w subject) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker.test/", nil)
	if err != nil {
		return err
	}
	res, err := w.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.ReadFull(res.Body, make([]byte, 100))
	cancel()
	_ = res.Body.Close()
	if err != nil {
		return err
	}
	return w.console.await(t, "cancelled")
}

// consolePatience is how long a console line may take after what caused it.
const consolePatience = 10 * time.Second

// await is an error when no line is message before long: lines may come late.
func (l *lines) await(t *testing.T, message string) error {
	var err error
	for waited := time.Duration(0); waited < consolePatience; waited += 5 * time.Millisecond {
		if err = l.has(message); err == nil {
			return nil
		}
		if err := clock.Sleep(t.Context(), clock.System, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return err
}

// has is an error when no line is message.
func (l *lines) has(message string) error {
	for _, line := range l.all() {
		if line.Message == message {
			return nil
		}
	}
	return fmt.Errorf("no line %q among %v", message, l.all())
}

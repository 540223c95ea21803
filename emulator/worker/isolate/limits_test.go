package isolate_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

// hoard keeps all it makes, in the isolate's own globals.
const hoard = `
	const kept = []
	let served = 0
	export default { async fetch(request) {
		served++
		const { pathname } = new URL(request.url)
		if (pathname === "/hoard") for (;;) kept.push(new Uint8Array(1 << 20).fill(1))
		if (pathname === "/churn") { let n = 0; for (let k = 0; k < 200; k++) n += new Uint8Array(1 << 20).fill(1)[5]; return new Response(String(n)) }
		if (pathname === "/wait") { await scheduler.wait(50); return new Response("waited") }
		return new Response(String(served))
	} }`

func TestAWorkerThatUsesUpItsMemoryIsReplaced(t *testing.T) {
	b := newBench(hoard)
	b.options.Memory = 64 << 20
	w := b.load(t)
	for n, want := range []string{"1", "2"} {
		if got := get(t, w, "/"); got != want {
			t.Errorf("request %d got %s, want %s", n+1, got, want)
		}
	}
	if got := get(t, w, "/churn"); got != "200" {
		t.Errorf("garbage counts as memory: got %q", got)
	}
	waiting := make(chan string, 1)
	go func() {
		text, err := tryGet(t, w, "/wait")
		if err != nil {
			text = err.Error()
		}
		waiting <- text
	}()
	_, err := tryGet(t, w, "/hoard")
	ex, ok := errors.AsType[*worker.Exception](err)
	if !ok || ex.Outcome != worker.OutcomeExceededMemory || ex.Message != "Worker exceeded memory limit." || len(ex.Stack) == 0 {
		t.Fatalf("hoarding ended with %#v", err)
	}
	if got := <-waiting; got != "waited" {
		t.Errorf("the request beside it got %q", got)
	}
	if got := get(t, w, "/"); got != "1" {
		t.Errorf("the next request is number %s of its isolate, want 1 of a new one", got)
	}
	if n := len(b.console()); n != 1 {
		t.Errorf("%d console lines, want one that tells of the replacement", n)
	}
	if _, err := tryGet(t, w, "/hoard"); err == nil {
		t.Error("the new isolate has no limit")
	}
	if got := get(t, w, "/"); got != "1" {
		t.Errorf("after the second time: request number %s", got)
	}
}

func TestCPUBeyondProductionsLimitIsWarnedOfOnce(t *testing.T) {
	b := newBench(`
		const spin = ms => { for (const end = performance.now() + ms, n = 0;;) if (work() > end) return }
		let calls = 0
		const work = () => { for (let k = 0; k < 1e5; k++) calls++; return calls > 3e6 ? Infinity : 0 }
		export default { async fetch() { calls = 0; spin(1); await 1; return new Response("done") } }`)
	b.spec.Limits.CPU = time.Millisecond
	b.options.CPUFactor = 100_000
	w := b.load(t)
	for range 2 {
		if got := get(t, w, "/"); got != "done" {
			t.Fatalf("got %q", got)
		}
	}
	lines := b.console()
	if len(lines) != 1 || lines[0].Level != "warn" || !strings.Contains(lines[0].Message, "1 ms") || !strings.Contains(lines[0].Message, "100000 times") {
		t.Errorf("console: %+v", lines)
	}
}

func TestACPUFactorOfOneIsLiteral(t *testing.T) {
	b := newBench(handler(`const spin = () => { for (;;) {} }; const dive = n => n ? dive(n - 1) : spin(); dive(500)`))
	b.spec.Limits.CPU = 30 * time.Millisecond
	b.options.CPUFactor = 1
	_, err := tryGet(t, b.load(t), "/")
	ex, ok := errors.AsType[*worker.Exception](err)
	if !ok || ex.Outcome != worker.OutcomeExceededCPU {
		t.Fatalf("got %v", err)
	}
	if len(ex.Stack) != 10 {
		t.Errorf("%d frames of a deep stack are told, want 10", len(ex.Stack))
	}
	if n := len(b.console()); n != 1 {
		t.Errorf("%d console lines, want the warning", n)
	}
}

// A host function that does not come back is what no interrupt of the engine can end.
func TestAWorkerThatCannotBeInterruptedIsReplaced(t *testing.T) {
	release := make(chan struct{})
	b := newBench(`
		let served = 0
		export default { async fetch(request, env) {
			served++
			const { pathname } = new URL(request.url)
			if (pathname === "/stuck") console.log("stuck")
			if (pathname === "/stream") {
				const { readable, writable } = new TransformStream()
				writable.getWriter().write(new TextEncoder().encode("first"))
				return new Response(readable)
			}
			return new Response(String(served))
		} }`)
	b.spec.Limits.CPU = 500 * time.Millisecond // the streaming request needs some of it
	b.options.CPUFactor = 1
	stuck := make(chan struct{})
	b.spec.Console = func(l worker.Line) {
		if l.Message == "stuck" {
			close(stuck)
			<-release
		}
	}
	w := b.load(t)
	t.Cleanup(func() { close(release) }) // before w is closed: it runs first
	res, err := w.RoundTrip(request(t, "GET", "http://x/stream", ""))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 2)
	go func() { _, err := tryGet(t, w, "/stuck"); results <- err }()
	<-stuck
	go func() { _, err := tryGet(t, w, "/beside"); results <- err }()
	for range 2 {
		if ex, ok := errors.AsType[*worker.Exception](<-results); !ok || ex.Outcome != worker.OutcomeExceededCPU {
			t.Errorf("got %v, want exceededCpu", ex)
		}
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("the stream that nothing feeds any more ended well")
	}
	testkit.Wait(t, func() error {
		got, err := tryGet(t, w, "/")
		if err == nil && got != "1" {
			t.Errorf("the next request is number %s of its isolate, want 1 of a new one", got)
		}
		return err
	})
}

package isolate_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

// nodeBench is newBench for a Worker that has asked for Node.js's modules.
func nodeBench(source string) *bench {
	b := newBench(source)
	b.spec.Compat.Flags = []string{"nodejs_compat"}
	return b
}

func TestNodeModulesAreImportedInEveryForm(t *testing.T) {
	for name, tt := range map[string]struct{ source, want string }{
		"a name": {`import { escape } from "node:querystring"
			export default { fetch: () => new Response(escape("a b")) }`, "a%20b"},
		"the default": {`import qs from "node:querystring"
			export default { fetch: () => new Response(qs.escape("a b")) }`, "a%20b"},
		"all, without prefix": {`import * as qs from "querystring"
			export default { fetch: () => new Response(Object.keys(qs).includes("escape") + qs.default.escape(" ")) }`, "true%20"},
		"later": {`export default { fetch: async () => new Response((await import("node:querystring")).escape(" ")) }`, "%20"},
		"by require in CommonJS": {`import lib from "./lib.cjs"
			import { escape } from "node:querystring"
			export default { fetch: () => new Response(lib.same(escape)) }`, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			b := nodeBench(tt.source)
			b.spec.Modules = append(b.spec.Modules, worker.Module{Name: "lib.cjs", Type: worker.CommonJSModule,
				Content: []byte(`const qs = require("querystring"); exports.same = f => String(f === qs.escape && qs === require("node:querystring"))`)})
			if got := get(t, b.load(t), "/"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNodeModulesThatCannotBeImportedFailTheBuild(t *testing.T) {
	for name, tt := range map[string]struct {
		source, date string
		flags        []string
		want, hint   string
	}{
		"without the flag": {"import x from 'node:events'\nexport default {}", "2026-01-01", nil,
			`index.js:1:15: No such module "node:events".`, "nodejs_compat"},
		"without the prefix in v1": {"import x from 'events'\nexport default {}", "2024-01-01", []string{"nodejs_compat"},
			`index.js:1:15: No such module "events".`, `"node:events"`},
		"another than async_hooks with nodejs_als": {"import x from 'node:events'\nexport default {}", "2026-01-01", []string{"nodejs_als"},
			`index.js:1:15: No such module "node:events".`, "nodejs_compat"},
		"a name that the module has not": {"import { nope } from 'node:querystring'\nexport default { fetch: nope }", "2026-01-01", []string{"nodejs_compat"},
			`index.js:1:10: No matching export in "cfemu:node:querystring" for import "nope"`, ""},
		"a module of ours": {"import x from 'node:internal/absent'\nexport default {}", "2026-01-01", []string{"nodejs_compat"},
			`index.js:1:15: No such module "node:internal/absent".`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(tt.source)
			b.spec.Compat = worker.Compat{Date: tt.date, Flags: tt.flags}
			_, err := b.tryLoad(t)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.hint) {
				t.Errorf("got %v\nwant %s and %s", err, tt.want, tt.hint)
			}
		})
	}
}

func TestWhatIsAbsentThrowsOnlyWhenUsed(t *testing.T) {
	b := nodeBench(`import { createSocket, Socket } from "node:dgram"
		class Mine extends Socket {}
		export default { fetch() {
			const texts = []
			for (const f of [() => createSocket("udp4"), () => new Mine()]) try { f() } catch (e) { texts.push(e.message, e.code) }
			return Response.json(texts)
		} }`)
	want := `["node:dgram createSocket is not supported by the embedded engine","ERR_METHOD_NOT_IMPLEMENTED",` +
		`"node:dgram Socket is not supported by the embedded engine","ERR_METHOD_NOT_IMPLEMENTED"]`
	if got := get(t, b.load(t), "/"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAsyncLocalStorageFollowsEveryRequest(t *testing.T) {
	const clients = 10
	arrived, release := make(chan struct{}, clients), make(chan struct{})
	b := nodeBench(`import { AsyncLocalStorage } from "node:async_hooks"
		const als = new AsyncLocalStorage()
		const seen = what => console.log(what, als.getStore())
		export default { fetch(request, env, ctx) {
			return als.run(new URL(request.url).pathname, async () => {
				ctx.waitUntil(new Promise(resolve => setTimeout(() => { seen("waitUntil timer"); resolve() }, 1)).then(() => seen("waitUntil")))
				const res = await env.GATE.fetch("http://gate/")
				seen("fetch")
				const reader = res.body.getReader()
				await reader.read()
				seen("read")
				request.signal.addEventListener("abort", () => seen("abort"))
				const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(9))
				seen("digest")
				await scheduler.wait(1)
				return new Response(new ReadableStream({ async pull(c) {
					await scheduler.wait(1)
					c.enqueue(new TextEncoder().encode(als.getStore()))
					c.close()
				} }))
			})
		} }`)
	b.spec.Bindings = []worker.Binding{{Name: "GATE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		arrived <- struct{}{}
		<-release
		return answer(200, "body"), nil
	})}}
	w := b.load(t)
	var wg sync.WaitGroup
	for n := range clients {
		path := "/" + itoa(n)
		wg.Go(func() {
			if text, err := tryGet(t, w, path); err != nil || text != path {
				t.Errorf("%s: %q, %v", path, text, err)
			}
		})
	}
	for range clients {
		<-arrived
	}
	close(release)
	wg.Wait()
	testkit.Wait(t, func() error {
		if n := len(b.messages()); n != clients*5 {
			return fmt.Errorf("%d lines, want %d: %q", n, clients*5, b.messages())
		}
		return nil
	})
	count := map[string]int{}
	for _, m := range b.messages() {
		count[m]++
	}
	for n := range clients {
		for _, what := range []string{"waitUntil timer", "waitUntil", "fetch", "read", "digest"} {
			if key := what + " /" + itoa(n); count[key] != 1 {
				t.Errorf("%q was told %d times", key, count[key])
			}
		}
	}
}

func TestProcessExitTakesTheRequestAway(t *testing.T) {
	b := nodeBench(`export default { async fetch(request) {
		if (new URL(request.url).pathname === "/ok") return new Response("ok")
		await null
		try { process.exit(3) } catch {} finally { console.log("finally") }
		console.log("went on")
		return new Response("never")
	} }`)
	w := b.load(t)
	if _, err := tryGet(t, w, "/"); err == nil || !strings.Contains(err.Error(), "The Node.js process.exit(3) API was called. Canceling the request.") {
		t.Errorf("got %v", err)
	}
	if lines := b.messages(); len(lines) > 0 {
		t.Errorf("console: %q", lines)
	}
	if got := get(t, w, "/ok"); got != "ok" {
		t.Errorf("then got %q", got)
	}
}

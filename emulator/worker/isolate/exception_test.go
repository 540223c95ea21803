package isolate_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// thrown is the exception that a GET ends with.
func thrown(t *testing.T, w worker.Worker) *worker.Exception {
	t.Helper()
	text, err := tryGet(t, w, "/")
	ex, ok := errors.AsType[*worker.Exception](err)
	if !ok {
		t.Fatalf("got %q and %v, want an exception", text, err)
	}
	return ex
}

func TestException(t *testing.T) {
	for name, tt := range map[string]struct{ body, want, outcome string }{
		"an error thrown":                  {`throw new TypeError("no")`, "TypeError: no (index.js:2:7)", "exception"},
		"an error thrown after an await":   {`await 1; null.x`, "TypeError: Cannot read property 'x' of undefined (index.js:2:15)", "exception"},
		"a string thrown":                  {`throw "plain"`, "plain", "exception"},
		"an object thrown":                 {`throw { code: 7 }`, "{ code: 7 }", "exception"},
		"nothing returned":                 {``, "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.", "exception"},
		"endless recursion":                {`const f = () => f() + 1; return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:17)", "exception"},
		"endless recursion after an await": {`await 1; const f = () => f() + 1; return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:26)", "exception"},
		"recursion of a getter":            {`const o = { get x() { return this.x } }; return o.x`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a conversion":        {`const o = { valueOf() { return +o } }; return +o`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a template":          {"const o = { [Symbol.toPrimitive]() { return `${o}` } }; return `${o}`", "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a trap":              {`const p = new Proxy({}, { get(t, k, r) { return r[k] } }); return p.x`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a constructor":       {`class A { constructor() { new A() } } return new A()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of an async function":   {`const f = async () => { await f() }; return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of an iterator":         {`const o = { *[Symbol.iterator]() { yield* [...o] } }; return [...o]`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of toJSON":              {`const o = { toJSON() { return JSON.stringify(o) } }; return JSON.stringify(o)`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a reviver":           {`const f = () => JSON.parse("[1]", f); return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a callback":          {`const f = () => [1].map(f); return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a comparison":        {`const f = () => [1, 2].sort(f); return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a replacement":       {`const f = () => "a".replace(/a/, f); return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of a text":              {`const a = [{ toString() { return String(a[0]) } }]; return String(a[0])`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of generators":          {`function* g() { yield* g() } return g().next()`, "RangeError: Maximum call stack size exceeded", "exception"},
		"recursion of generators in turn":  {`function* g() { yield g().next() } return g().next()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of reflection":          {`const f = () => Reflect.apply(f, null, []); return f()`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"recursion of an event":            {`const t = new EventTarget(); t.addEventListener("x", () => t.dispatchEvent(new Event("x"))); t.dispatchEvent(new Event("x")); return new Response("ok")`, "RangeError: Maximum call stack size exceeded (index.js:2:", "exception"},
		"a loop":                           {`const work = () => 1; for (;;) { work() }`, "Error: Worker exceeded CPU time limit. (index.js:2:", "exceededCpu"},
		"a loop that catches all":          {`let n = 0; for (;;) { try { for (;;) { n++ } } catch {} }`, "Error: Worker exceeded CPU time limit. (index.js:2:", "exceededCpu"},
		"a microtask flood":                {`for (;;) await 0`, "Error: Worker exceeded CPU time limit.", "exceededCpu"},
		"a loop in a timer":                {`await new Promise(() => setTimeout(() => { let n = 0; for (;;) { n++ } }))`, "Error: Worker exceeded CPU time limit. (index.js:2:", "exceededCpu"},
		"a promise that nobody settles":    {`await new Promise(() => {})`, "Error: The Workers runtime canceled this request because it detected that your Worker's code had hung", "exception"},
		"a bug in a host function":         {`console.log("boom")`, "Error: internal error: bug", "exception"},
		"a bug in a product":               {`await env.BUG.fetch("http://x/")`, "TypeError: internal error: bug", "exception"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench("")
			b.spec.Modules[0].Content = []byte("export default { async fetch(request, env, ctx) { if (request.url.endsWith('/ok')) { await 1; return new Response('ok') }\n" + tt.body + "\n} }")
			b.spec.Limits.CPU = 50 * time.Millisecond // a recursion must end before it, under the race detector too
			b.spec.Bindings = []worker.Binding{{Name: "BUG", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
				panic("bug")
			})}}
			b.spec.Console = func(l worker.Line) {
				if l.Level == "log" { // the CPU limit is warned of as well
					panic("bug")
				}
			}
			w := b.load(t)
			ex := thrown(t, w)
			if got := ex.Error(); !strings.HasPrefix(got, tt.want) || ex.Outcome != tt.outcome {
				t.Errorf("got %s: %s\nwant %s: %s", ex.Outcome, got, tt.outcome, tt.want)
			}
			if got := get(t, w, "/ok"); got != "ok" {
				t.Errorf("the next request got %q", got)
			}
		})
	}
}

func TestExceptionHasStackAndCauses(t *testing.T) {
	w := newBench(`
function inner() {
	throw new RangeError("deep", { cause: new Error("root", { cause: "just text" }) })
}
async function outer() {
	await 1
	inner()
}
export default { async fetch() { await outer() } }`).load(t)
	ex := thrown(t, w)
	var stack []string
	for _, f := range ex.Stack {
		stack = append(stack, f.Function+" "+f.Position())
	}
	if got, want := strings.Join(stack, ", "), "inner index.js:3:8, outer index.js:7:2, fetch index.js:9:40"; got != want {
		t.Errorf("stack %s\nwant %s", got, want)
	}
	if ex.Cause == nil || ex.Cause.Message != "root" || ex.Cause.Cause == nil || ex.Cause.Cause.Message != "just text" {
		t.Errorf("causes: %+v", ex.Cause)
	}
}

// typescript bundles files as the project's bundler does: one ES module with an inline source map.
func typescript(t *testing.T, files map[string]string) []byte {
	t.Helper()
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"src/index.ts"}, Bundle: true, Format: api.FormatESModule, Sourcemap: api.SourceMapInline,
		Outfile: "index.js",
		Plugins: []api.Plugin{{Name: "files", Setup: func(b api.PluginBuild) {
			b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				if strings.HasPrefix(a.Path, "node:") {
					return api.OnResolveResult{Path: a.Path, External: true}, nil
				}
				return api.OnResolveResult{Path: "src/" + strings.TrimPrefix(strings.TrimPrefix(a.Path, "./"), "src/") + map[bool]string{false: ".ts"}[strings.HasSuffix(a.Path, ".ts")], Namespace: "f"}, nil
			})
			b.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
				text := files[a.Path]
				return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
			})
		}}},
	})
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	return []byte(strings.ReplaceAll(string(result.OutputFiles[0].Contents), "\"f:", "\""))
}

func TestPositionsAreTheUsersOwn(t *testing.T) {
	b := newBench("")
	b.spec.Modules[0].Content = typescript(t, map[string]string{
		"src/index.ts": `import { Shop } from "./shop";

interface Env { X: string }
export default {
	async fetch(request: Request, env: Env): Promise<Response> {
		console.log("here");
		return await new Shop().sell(request.url as string);
	},
} satisfies object;
`,
		"src/shop.ts": `type Price = number;

export class Shop {
	get = (s: string): Price => { throw new Error("out of " + s) }; async = 1;
	each() { return [1].map(() => arguments.length) }
	async sell(what: string) {
		this.each();
		return this.get("stock");
	}
}
`,
	})
	ex := thrown(t, b.load(t))
	var stack []string
	for _, f := range ex.Stack {
		stack = append(stack, f.File+":"+itoa(f.Line))
	}
	if got, want := strings.Join(stack, " "), "f:src/shop.ts:4 f:src/shop.ts:8 f:src/index.ts:7"; got != want {
		t.Errorf("stack %s\nwant %s", got, want)
	}
	if got := ex.Stack[0].Column; got != 38 {
		t.Errorf("column %d, want 38, of the throw", got)
	}
	lines := b.console()
	if len(lines) != 1 || lines[0].Source != "f:src/index.ts:6:11" {
		t.Errorf("console: %+v", lines)
	}
}

func TestHungIsNotSaidWhileAnotherRequestCanHelp(t *testing.T) {
	release := make(chan struct{})
	b := newBench(`
		let shared
		export default { async fetch(request, env) {
			if (request.url.endsWith("/first")) {
				shared = Promise.withResolvers()
				await env.GATE.fetch("http://gate/")
				shared.resolve("from the first")
				return new Response()
			}
			return new Response(await shared.promise)
		} }`)
	b.spec.Bindings = []worker.Binding{{Name: "GATE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		<-release
		return answer(200, ""), nil
	})}}
	w := b.load(t)
	first := make(chan error, 1)
	second := make(chan string, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		_, err := tryGet(t, w, "/first")
		first <- err
	}()
	<-started
	go func() {
		for {
			text, err := tryGet(t, w, "/second")
			if err == nil {
				second <- text
				return
			}
			if !strings.Contains(err.Error(), "'promise'") { // the first was not there yet
				second <- err.Error()
				return
			}
		}
	}()
	testkit.Wait(t, func() error { return nil })
	close(release)
	if got := <-second; got != "from the first" {
		t.Errorf("the second got %q", got)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	for name, tt := range map[string]struct{ source, want string }{
		"a throw at the top":          {"\nthrow new Error('at start')", "Error: at start (index.js:2:7)"},
		"a rejection at the top":      {"await Promise.reject(new TypeError('nope'))\nexport default {}", "TypeError: nope (index.js:1:22)"},
		"top-level await of nothing":  {"await new Promise(() => {})\nexport default {}", "Error: Top-level await in module is unresolved."},
		"I/O at the top":              {"setTimeout(() => {})\nexport default {}", "Error: Disallowed operation called within global scope."},
		"a fetch at the top":          {"await fetch('http://x/')\nexport default {}", "Error: Disallowed operation called within global scope."},
		"a loop at the top":           {"let n = 0; for (;;) { n++ }", "Error: Script startup exceeded CPU time limit. (index.js:1:"},
		"no default export":           {"export const a = 1", "index.js: the entry module has no default export"},
		"a syntax error":              {"export default {\n  a b\n}", "index.js:2:5: Expected \"}\" but found \"b\"\n      a b\n        ^"},
		"a module that is not there":  {"\nimport './nope.js'\nexport default {}", "index.js:2:8: No such module \"./nope.js\".\n    import './nope.js'\n           ^\n  hint: imported from \"index.js\""},
		"a node: module":              {"import fs from 'node:fs'\nexport default {}", "index.js:1:16: No such module \"node:fs\""},
		"a node module without node:": {"import fs from 'fs/promises'\nexport default {}", "index.js:1:16: No such module \"fs/promises\""},
		"another cloudflare: module":  {"import { connect } from 'cloudflare:pipelines'\nexport default {}", "index.js:1:25: The module \"cloudflare:pipelines\" is not available"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(tt.source)
			b.options.CPUFactor = 1
			b.spec.Limits.CPU = 50 * time.Millisecond
			_, err := b.tryLoad(t)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
	t.Run("a WebAssembly module is refused by name", func(t *testing.T) {
		b := newBench("import m from './a.wasm'\nexport default {}")
		b.spec.Modules = append(b.spec.Modules, worker.Module{Name: "a.wasm", Type: worker.WasmModule})
		_, err := b.tryLoad(t)
		if _, ok := errors.AsType[*worker.BuildError](err); !ok || !strings.Contains(err.Error(), "a.wasm: WebAssembly") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a build error is placed in the user's file", func(t *testing.T) {
		b := newBench("")
		b.spec.Modules[0].Content = typescript(t, map[string]string{
			"src/index.ts": "type A = string;\n\nexport default { x: 1 as number };\nimport 'node:dns';\n",
		})
		_, err := b.tryLoad(t)
		if err == nil || !strings.HasPrefix(err.Error(), "f:src/index.ts:4:8: No such module \"node:dns\"") || !strings.Contains(err.Error(), "\n    import 'node:dns';\n           ^\n") {
			t.Errorf("got %v", err)
		}
	})
}

func TestUncaughtErrorsAreToldAndHarmNobody(t *testing.T) {
	b := newBench(`
export default { async fetch(request, env, ctx) {
	setTimeout(() => { throw new Error("in a timer") })
	Promise.reject(new Error("unheard"))
	queueMicrotask(() => { throw new Error("in a microtask") })
	ctx.waitUntil(Promise.reject(new Error("in waitUntil")))
	const heard = Promise.reject(new Error("heard in time"))
	await 1
	await heard.catch(() => {})
	await scheduler.wait(5)
	return new Response("fine")
} }`)
	if got := get(t, b.load(t), "/"); got != "fine" {
		t.Fatalf("got %q", got)
	}
	lines := b.console()
	want := map[string]string{
		"Uncaught Error: in a microtask":            "index.js:5:31",
		"Uncaught (in promise) Error: unheard":      "index.js:4:17",
		"Uncaught (in promise) Error: in waitUntil": "",
		"Uncaught Error: in a timer":                "index.js:3:27",
	}
	for _, l := range lines {
		head, _, _ := strings.Cut(l.Message, "\n")
		source, ok := want[head]
		if !ok || l.Level != "error" || source != "" && l.Source != source {
			t.Errorf("unexpected line %+v", l)
		}
		delete(want, head)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}

func TestTimersFollowTheEmulatorsClock(t *testing.T) {
	testkit.NoLeaks(t)
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	b := newBench(handler(`
		const seen = []
		const note = x => seen.push(x + "@" + (Date.now() - start))
		const start = Date.now()
		setTimeout(note, 20, "c"); setTimeout(note, 10, "a"); setTimeout(note, 10, "b")
		const never = setTimeout(note, 15, "never"); clearTimeout(never)
		let ticks = 0
		await new Promise(resolve => {
			const id = setInterval(() => { note("tick"); if (++ticks === 3) { clearInterval(id); resolve() } }, 60_000)
			console.log("set")
		})
		const aborted = await scheduler.wait(1e6, { signal: AbortSignal.abort(new Error("no")) }).catch(e => e.message)
		return Response.json([new Date(start).getUTCFullYear(), aborted, ...seen])`))
	b.options.Clock = c
	w := b.load(t)
	got := make(chan string, 1)
	go func() {
		text, err := tryGet(t, w, "/")
		if err != nil {
			text = err.Error()
		}
		got <- text
	}()
	testkit.Wait(t, func() error {
		if len(b.console()) == 0 {
			return errors.New("not there yet")
		}
		return nil
	})
	want := `[2030,"no","a@600000","b@600000","c@600000","tick@600000","tick@1200000","tick@1800000"]`
	var text string
	testkit.Wait(t, func() error {
		c.Advance(10 * time.Minute)
		select {
		case text = <-got:
			return nil
		default:
			return errors.New("timers have not fired")
		}
	})
	if !strings.HasPrefix(text, `[2030,"no","a@`) || strings.Index(text, "b@") > strings.Index(text, "c@") ||
		strings.Count(text, "tick@") != 3 || strings.Contains(text, "never") {
		t.Errorf("got %s, want something like %s", text, want)
	}
}

func TestClientGone(t *testing.T) {
	testkit.NoLeaks(t)
	gone := make(chan error, 1)
	entered := make(chan struct{})
	b := newBench(handler(`return env.SLOW.fetch("http://slow/")`))
	b.spec.Bindings = []worker.Binding{{Name: "SLOW", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		close(entered)
		<-r.Context().Done()
		gone <- r.Context().Err()
		return nil, r.Context().Err()
	})}}
	w := b.load(t)
	ctx, cancel := contextWithCancel(t)
	go func() {
		<-entered
		cancel()
	}()
	if _, err := w.RoundTrip(request(t, "GET", "http://x/", "").WithContext(ctx)); err == nil {
		t.Error("no error although the client has gone")
	}
	<-gone
}

func TestRequestSignalTellsThatTheClientHasGone(t *testing.T) {
	testkit.NoLeaks(t)
	b := newBench(handler(`
		request.signal.addEventListener("abort", () => console.log("gone"))
		if (request.url.endsWith("/whole")) return new Response("all of it")
		ctx.waitUntil(scheduler.wait(1).then(() => console.log("ran on")))
		return new Response(new ReadableStream({ async pull(c) { await scheduler.wait(1); c.enqueue(new Uint8Array(1000)) } }))`))
	w := b.load(t)
	get(t, w, "/whole")
	res, err := w.RoundTrip(request(t, "GET", "http://x/stream", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	testkit.Wait(t, func() error {
		if got := strings.Join(b.messages(), ", "); got != "gone, ran on" && got != "ran on, gone" {
			return errors.New("console: " + got)
		}
		return nil
	})
}

func TestWhatIsLeftUnreadIsClosed(t *testing.T) {
	testkit.NoLeaks(t)
	closed := make(chan struct{})
	b := newBench(handler(`await env.FILE.fetch("http://x/"); return new Response("done")`))
	b.spec.Bindings = []worker.Binding{{Name: "FILE", Type: "service", Service: roundTripper(func(r *http.Request) (*http.Response, error) {
		res := answer(200, "")
		res.Body = &closer{Reader: strings.NewReader("unread"), closed: closed}
		res.ContentLength = 6
		return res, nil
	})}}
	if got := get(t, b.load(t), "/"); got != "done" {
		t.Errorf("got %q", got)
	}
	<-closed
}

type closer struct {
	io.Reader
	closed chan struct{}
}

func (c *closer) Close() error {
	close(c.closed)
	return nil
}

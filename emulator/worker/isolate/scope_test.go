package isolate_test

import (
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/internal/testkit"
)

// answers runs each expression in a handler and compares its JSON, or the error it throws.
func answers(t *testing.T, prelude string, change func(b *bench), expressions map[string]string) {
	t.Helper()
	testkit.NoLeaks(t)
	for expression, want := range expressions {
		t.Run(expression, func(t *testing.T) {
			b := newBench(prelude + "\n" + handler("let v; try { v = JSON.stringify(await (async () => ("+expression+"))()) } catch (e) { v = e.name + ': ' + e.message }\nreturn new Response(v)"))
			if change != nil {
				change(b)
			}
			if got := get(t, b.load(t), "/"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestGlobalScope(t *testing.T) {
	answers(t, "", nil, map[string]string{
		`[self === globalThis, globalThis instanceof EventTarget, globalThis instanceof ServiceWorkerGlobalScope, String(globalThis)]`: `[true,true,true,"[object ServiceWorkerGlobalScope]"]`,
		`new WorkerGlobalScope()`: "TypeError: Illegal constructor",
		`[origin, navigator.userAgent, navigator.language, navigator.hardwareConcurrency, performance.timeOrigin]`:                                                                               `["null","Cloudflare-Workers","en",1,0]`,
		`[typeof BroadcastChannel, typeof importScripts, typeof XMLHttpRequest, typeof window, typeof document]`:                                                                                 `["undefined","undefined","undefined","undefined","undefined"]`,
		`['fetch', 'setTimeout', 'crypto', 'caches', 'self', 'scheduler', 'queueMicrotask', 'structuredClone', 'navigator'].map(n => Object.getOwnPropertyDescriptor(globalThis, n).enumerable)`: `[true,true,true,true,true,true,true,true,true]`,
		`['Request', 'URLPattern', 'ErrorEvent', 'Cache', 'MessageChannel'].map(n => Object.getOwnPropertyDescriptor(globalThis, n).enumerable)`:                                                 `[false,false,false,false,false]`,
		`Cloudflare.compatibilityFlags`: `{}`,
		`new Promise(done => { addEventListener('mine', e => done([e.type, e.target === globalThis]), { once: true }); dispatchEvent(new Event('mine')) })`:                                                                                        `["mine",true]`,
		`new Promise(done => { const { port1, port2 } = new MessageChannel(); port2.onmessage = e => done([e.data, e.constructor.name]); port1.postMessage({ a: [1, new Date(0)] }) })`:                                                            `[{"a":[1,"1970-01-01T00:00:00.000Z"]},"MessageEvent"]`,
		`new Promise(done => { const { port1, port2 } = new MessageChannel(), got = []; port1.postMessage(1); port1.postMessage(2); port2.addEventListener('message', e => { got.push(e.data); if (got.length > 1) done(got) }); port2.start() })`: `[1,2]`,
		`new MessageChannel().port1.postMessage(Symbol("s"))`: "DataCloneError: Symbol(s) could not be cloned.",
	})
	answers(t, "", func(b *bench) { b.spec.Compat.Date = "2024-01-01" }, map[string]string{
		`[typeof MessageChannel, navigator.language === undefined, typeof URLPattern]`: `["undefined",true,"function"]`,
	})
	answers(t, "", func(b *bench) {
		b.spec.Compat = worker.Compat{Date: "2024-01-01", Flags: []string{"expose_global_message_channel", "no_global_navigator"}}
	}, map[string]string{
		`[typeof MessageChannel, typeof navigator, Cloudflare.compatibilityFlags]`: `["function","undefined",{"expose_global_message_channel":true,"no_global_navigator":true}]`,
	})
}

func TestWhatIsMissingSaysSo(t *testing.T) {
	missing := func(name string) string { return "Error: " + name + " is not supported by the embedded engine yet." }
	answers(t, `import { connect } from "cloudflare:sockets"
	import { DurableObject, RpcStub, exports } from "cloudflare:workers"`, func(b *bench) {
		b.spec.Bindings = []worker.Binding{{Name: "SVC", Type: "service", Service: b.spec.Outbound}, {Name: "MAIL", Type: "send_email"}}
	}, map[string]string{
		`new HTMLRewriter()`:                        missing("HTMLRewriter"),
		`new WebSocket("wss://example.com")`:        missing("WebSocket"),
		`new WebSocketPair()`:                       missing("WebSocketPair"),
		`new EventSource("https://example.com")`:    missing("EventSource"),
		`new WebAssembly.Module(new Uint8Array())`:  "CompileError: WebAssembly is not supported by the embedded engine yet.",
		`WebAssembly.instantiate(new Uint8Array())`: "CompileError: WebAssembly is not supported by the embedded engine yet.",
		`connect("a:1")`:                            missing("connect() of cloudflare:sockets"),
		`new DurableObject()`:                       missing("DurableObject"),
		`new RpcStub({})`:                           missing("RpcStub"),
		`exports.default`:                           missing("ctx.exports"),
		`ctx.exports.other`:                         missing("ctx.exports"),
		`env.SVC.add(1, 2)`:                         "Error: RPC is not supported by the embedded engine yet: SVC.add() was called on a service binding.",
		`env.MAIL.send({})`:                         `Error: The binding MAIL has type "send_email", which the embedded engine does not support yet.`,
		`fetch("http://example.com", { headers: { upgrade: "websocket" } })`: "TypeError: This engine cannot open a WebSocket yet.",
		`[typeof HTMLRewriter, typeof WebSocketPair, typeof WebAssembly, WebSocket.OPEN, WebAssembly.validate(new Uint8Array()), ({}) instanceof WebSocket, typeof env.SVC, await env.SVC === env.SVC]`: `["function","function","object",1,false,false,"object",true]`,
	})
}

func TestGlobalFunctionsWantTheGlobalReceiver(t *testing.T) {
	refused := `"TypeError: ` + idl.IllegalInvocation + `"`
	const said = `(async f => { try { await f(); return "done" } catch (e) { return String(e) } })`
	cases := map[string]string{
		said + `(() => ({ fetch }).fetch("data:,x"))`:      refused,
		said + `(() => ({ atob }).atob(""))`:               refused,
		said + `(() => ({ q: queueMicrotask }).q(_ => 1))`: refused,
		said + `(() => ({ reportError }).reportError(1))`:  refused,
		said + `(() => (0, fetch)("data:,x"))`:             `"done"`,
		said + `(() => self.fetch("data:,x"))`:             `"done"`,
		said + `(() => fetch.call(null, "data:,x"))`:       `"done"`,
		said + `(() => queueMicrotask(() => {}))`:          `"done"`,
	}
	answers(t, "", func(*bench) {}, cases)
}

func TestTopLevelCodeHasNoTimeAndNoRandomness(t *testing.T) {
	const refused = `"Disallowed operation called within global scope."`
	answers(t, `import nodeCrypto from "node:crypto"
	const tries = {}
	const attempt = async (name, f) => { try { await f(); tries[name] = "done" } catch (e) { tries[name] = e.message.split(" Async")[0] } }
	await attempt("values", () => crypto.getRandomValues(new Uint8Array(1)))
	await attempt("uuid", () => crypto.randomUUID())
	await attempt("key", () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]))
	await attempt("digest", () => crypto.subtle.digest("SHA-256", new Uint8Array(1)))
	await attempt("randomBytes", () => nodeCrypto.randomBytes(1))
	await attempt("randomInt", () => nodeCrypto.randomInt(5))
	await attempt("nodeKey", () => nodeCrypto.generateKeyPairSync("ed25519"))
	await attempt("ecdh", () => nodeCrypto.createECDH("prime256v1").generateKeys())
	const times = [Date.now(), +new Date(), performance.now(), new Date().getFullYear(), new File([], "f").lastModified, new Event("x").timeStamp]
	const random = Math.random()`, func(b *bench) { b.spec.Compat.Flags = []string{"nodejs_compat"} }, map[string]string{
		`[tries.values, tries.uuid, tries.key]`:                           `[` + refused + `,` + refused + `,` + refused + `]`,
		`[tries.randomBytes, tries.randomInt, tries.nodeKey, tries.ecdh]`: `[` + refused + `,` + refused + `,` + refused + `,` + refused + `]`,
		`tries.digest`: `"done"`,
		`times`:        `[0,0,0,1970,0,0]`,
		`[random >= 0 && random < 1, Math.random() !== random]`:                                                     `[true,true]`,
		`[Date.now() > 1e12, performance.now() === Date.now(), new Date().getFullYear() > 2000]`:                    `[true,true,true]`,
		`[crypto.randomUUID().length, nodeCrypto.randomBytes(4).length]`:                                            `[36,4]`,
		`(async () => (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"])).type)()`: `"secret"`,
	})
}

func TestCloudflareModules(t *testing.T) {
	answers(t, `import { env as imported, withEnv, waitUntil, WorkerEntrypoint, RpcTarget } from "cloudflare:workers"
	import { EmailMessage } from "cloudflare:email"
	import { NonRetryableError } from "cloudflare:workflows"
	const top = imported.WORD`, func(b *bench) {
		b.spec.Bindings = []worker.Binding{{Name: "WORD", Type: "plain_text", Text: "w"}}
	}, map[string]string{
		`[top, imported.WORD, "WORD" in imported, Object.entries(imported)]`: `["w","w",true,[["WORD","w"]]]`,
		`[typeof WORD, "WORD" in globalThis]`:                                `["undefined",false]`,
		`[withEnv({ WORD: "other" }, () => imported.WORD), imported.WORD]`:   `["other","w"]`,
		`(async () => { const p = withEnv({ WORD: "other" }, async () => { await null; await scheduler.wait(1); return imported.WORD }); const now = imported.WORD; return [now, await p, imported.WORD] })()`: `["w","other","w"]`,
		`(imported.WORD = "changed", [env.WORD, imported.WORD])`:                                      `["changed","changed"]`,
		`(m => [m.from, m.to, m instanceof EmailMessage])(new EmailMessage("a@b.c", "d@e.f", "raw"))`: `["a@b.c","d@e.f",true]`,
		`new EmailMessage("a@b.c")`: "TypeError: Failed to construct 'EmailMessage': 3 arguments required, but only 1 present.",
		`(e => [e.name, e.message, e instanceof Error])(new NonRetryableError("stop"))`:                                              `["NonRetryableError","stop",true]`,
		`[ctx.props, ctx.props === ctx.props, typeof ctx.passThroughOnException, typeof waitUntil, ctx instanceof ExecutionContext]`: `[{},true,"function","function",true]`,
	})
	answers(t, `import { env as imported } from "cloudflare:workers"`, func(b *bench) {
		b.spec.Compat = worker.Compat{Date: "2025-01-01", Flags: []string{"disallow_importable_env"}}
		b.spec.Bindings = []worker.Binding{{Name: "WORD", Type: "plain_text", Text: "w"}}
	}, map[string]string{
		`[Object.keys(imported), env.WORD, "exports" in ctx]`: `[[],"w",false]`,
	})
}

func TestWaitUntilFromTheModuleKeepsTheInvocation(t *testing.T) {
	testkit.NoLeaks(t)
	b := newBench(`import { waitUntil } from "cloudflare:workers"
	` + handler(`waitUntil(scheduler.wait(5).then(() => console.log("done"))); return new Response()`))
	w := b.load(t)
	get(t, w, "/")
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(b.messages(), "|"); got != "done" {
		t.Errorf("console: %s", got)
	}
}

package isolate_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// modules makes a Worker of files; the first is the entry.
func modules(entry string, files map[string]string) *bench {
	b := newBench(entry)
	for name, content := range files {
		m := worker.Module{Name: name, Content: []byte(content)}
		switch name[strings.LastIndexByte(name, '.'):] {
		case ".cjs":
			m.Type = worker.CommonJSModule
		case ".json":
			m.Type = worker.JSONModule
		case ".txt":
			m.Type = worker.TextModule
		case ".bin":
			m.Type = worker.DataModule
		default:
			m.Type = worker.ESModule
		}
		b.spec.Modules = append(b.spec.Modules, m)
	}
	return b
}

func TestModulesAreLinkedAsTheLanguageHasIt(t *testing.T) {
	for name, tt := range map[string]struct {
		entry string // a module whose handler answers with what answer() returns
		files map[string]string
		want  string
	}{
		"cycles see each other's functions": {
			`import { a, count } from "./a.js"; const answer = () => [a(3), count]`,
			map[string]string{
				"a.js": `import { b } from "./b.js"; export let count = 0; export function a(n) { count++; return n === 0 ? "end" : b(n - 1) }`,
				"b.js": `import { a } from "./a.js"; export const b = n => a(n)`}, `["end",4]`},
		"export * as, and re-exports": {
			`import { ns, renamed, d } from "./b.js"; const answer = () => [Object.keys(ns), renamed, d]`,
			map[string]string{"a.js": `export const x = 1; export default 2`, "b.js": `export * as ns from "./a.js"; export { x as renamed, default as d } from "./a.js"`}, `[["default","x"],1,2]`},
		"top-level await holds up whoever imports": {
			`import { v } from "./a.js"; const w = await Promise.resolve(v + 1); const answer = () => [v, w]`,
			map[string]string{"a.js": `import { log } from "./b.js"; export const v = await new Promise(r => r(log.length))`, "b.js": `export const log = []; for await (const x of [1, 2]) log.push(x)`}, `[2,3]`},
		"import() evaluates at that time, once": {
			`import { log } from "./log.js"; log.push("main"); const answer = async () => { log.push("ask"); const a = await import("./a.js"), b = await import("./a.js"); return [log, a === b, a.default, a.n] }`,
			map[string]string{"log.js": `export const log = []`, "a.js": `import { log } from "./log.js"; log.push("a"); export default 1; export let n = 2`}, `[["main","ask","a"],true,1,2]`},
		"import() of a name made at run time": {
			`const answer = async () => { const out = []; for (const name of ["./sub/a.js", "sub/b.json", "c.txt", "./d.bin", "e.cjs", "cloudflare:workers"]) { const m = await import(name); out.push(Object.keys(m).includes("default") ? m.default : typeof m.WorkerEntrypoint) } out[3] = [...new Uint8Array(out[3])]; return out }`,
			map[string]string{"sub/a.js": `export default (await import("./" + "../c" + ".txt")).default + "!"`, "sub/b.json": `{"n":1}`, "c.txt": "text", "d.bin": "\x01\x02", "e.cjs": `module.exports = { q: 5 }`}, `["text!",{"n":1},"text",[1,2],{"q":5},"function"]`},
		"the same module by either name": {
			`import { o } from "./a.js"; const answer = async () => { const name = "a"; return (await import("./" + name + ".js")).o === o }`,
			map[string]string{"a.js": `export const o = {}`}, `true`},
		"import() of what is not there rejects": {
			`const answer = async () => { const out = []; for (const f of [() => import("./nope.js"), () => import("./" + "nope"), () => import({ toString() { throw new Error("name") } })]) out.push(await f().catch(e => e.name + ": " + e.message)); return out }`,
			nil, `["Error: No such module \"nope.js\".","Error: No such module \"nope\".","Error: name"]`},
		"an error in a module rejects its import()": {
			`const answer = async () => { const name = "./a.js"; try { await import(name) } catch (e) { return e.message + " " + /a\.js:2:/.test(e.stack) } }`,
			map[string]string{"a.js": "\nthrow new Error('bad')"}, `bad true`},
		"JSON by import attributes": {
			`import config from "./c.json" with { type: "json" }; const answer = async () => [config, (await import("./c.json", { with: { type: "json" } })).default === config]`,
			map[string]string{"c.json": `{"a":[1]}`}, `[{"a":[1]},true]`},
		"CommonJS in all its ways": {
			`import f, { named } from "./f.cjs"; import * as all from "./x.cjs"; const answer = () => [f(1), named, all.a, all.default.b, all.default.cycle]`,
			map[string]string{
				"f.cjs": `module.exports = x => x + 1; module.exports.named = "n"`,
				"x.cjs": `exports.a = require("./c.json").v; exports.b = require("./es.js").default; exports.cycle = require("./y.cjs").seen`,
				"y.cjs": `exports.seen = require("./x.cjs").a`, "c.json": `{"v":7}`, "es.js": `export default "es"`}, `[2,"n",7,"es",7]`},
		"import.meta is an object": {
			`const answer = () => [typeof import.meta, import.meta.url === undefined]`, nil, `["object",true]`},
	} {
		t.Run(name, func(t *testing.T) {
			w := modules(tt.entry+"\n"+handler(`const v = await answer(); return new Response(typeof v === "string" ? v : JSON.stringify(v))`), tt.files).load(t)
			if got := get(t, w, "/"); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestWhatCannotBeHadIsRefusedWhenItIsBuilt(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"arguments of an arrow in a default parameter": {
			"\nfunction f(a, b = () => arguments[0]) { return b() }\nf()",
			"index.js:2:25: An arrow function in a default parameter uses the arguments of the function that the parameter belongs to."},
		"in a method's, too": {
			"globalThis.o = {\n  m(x, { y = [1].map(() => arguments.length) } = {}) { return y } }",
			"index.js:2:28: An arrow function in a default parameter"},
		"an unknown property of characters": {
			"globalThis.r = /[\\p{Foo}]/u",
			"index.js:1:16: Invalid regular expression: /[\\p{Foo}]/u: Invalid property name in character class"},
		"a property of whole emoji": {
			"\n\nexport const r = /^\\p{RGI_Emoji}$/v",
			"index.js:3:18: Invalid regular expression: /^\\p{RGI_Emoji}$/v: the property RGI_Emoji is not supported"},
		"syntax that goja gets wrong": {
			"\nglobalThis.f = (a, [c = 1] = []) => c;",
			"index.js:2:21: Invalid destructuring binding target"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newBench(tt.code + "\n" + handler("return new Response()")).tryLoad(t)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestTopLevelCodeMayBeMadeOfTextsByTheCompatibilityDate(t *testing.T) {
	source := `let v; try { v = eval("1 + 1") + new Function("return 1")() } catch (e) { v = e.name }
		const kept = eval;
		export default { fetch() { let w; try { w = kept("3") } catch (e) { w = e.message } return new Response(v + " " + w) } }`
	const refused = " Code generation from strings disallowed for this context"
	for name, tt := range map[string]struct {
		compat worker.Compat
		want   string
	}{
		"from June 2025":      {worker.Compat{Date: "2025-06-01"}, "3" + refused},
		"not before":          {worker.Compat{Date: "2025-05-31"}, "EvalError" + refused},
		"unless by its flag":  {worker.Compat{Date: "2024-01-01", Flags: []string{"allow_eval_during_startup"}}, "3" + refused},
		"or against the date": {worker.Compat{Date: "2026-01-01", Flags: []string{"disallow_eval_during_startup"}}, "EvalError" + refused},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(source)
			b.spec.Compat = tt.compat
			if got := get(t, b.load(t), "/"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJSONParseRefusesInV8sWords(t *testing.T) {
	w := newBench(handler(`try { JSON.parse(await request.text()); return new Response("fine") } catch (e) { return new Response(e.name + ": " + e.message) }`)).load(t)
	for text, want := range map[string]string{
		"":                                "Unexpected end of JSON input",
		"undefined":                       `"undefined" is not valid JSON`,
		"[object Object]":                 `"[object Object]" is not valid JSON`,
		"abc":                             `Unexpected token 'a', "abc" is not valid JSON`,
		"<html><body>hello</body></html>": `Unexpected token '<', "<html><bod"... is not valid JSON`,
		`{"aaaaaaaaaaaaaaaaaaaaaaa": oops, "b": 1}`: `Unexpected token 'o', ..."aaaaaaa": oops, "b":"... is not valid JSON`,
		`{"a":`:          "Unexpected end of JSON input",
		`{"a":1`:         "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)",
		"{\n\"a\":1,\n}": "Expected double-quoted property name in JSON at position 9 (line 3 column 1)",
		`{a:1}`:          "Expected property name or '}' in JSON at position 1 (line 1 column 2)",
		`{"a" 1}`:        "Expected ':' after property name in JSON at position 5 (line 1 column 6)",
		`[1 2]`:          "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)",
		`12 34`:          "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)",
		`"abc`:           "Unterminated string in JSON at position 4 (line 1 column 5)",
		`"\x"`:           "Bad escaped character in JSON at position 2 (line 1 column 3)",
		`"\u12g4"`:       "Bad Unicode escape in JSON at position 5 (line 1 column 6)",
		"\"a\tb\"":       "Bad control character in string literal in JSON at position 2 (line 1 column 3)",
		"01":             "Unexpected number in JSON at position 1 (line 1 column 2)",
		"-":              "No number after minus sign in JSON at position 1 (line 1 column 2)",
		"1.":             "Unterminated fractional number in JSON at position 2 (line 1 column 3)",
		"1e":             "Exponent part is missing a number in JSON at position 2 (line 1 column 3)",
	} {
		res, err := w.RoundTrip(request(t, "POST", "http://example.com/", text))
		if err != nil {
			t.Fatal(err)
		}
		got := body(t, res)
		if got != "SyntaxError: "+want {
			t.Errorf("%q:\n got %s\nwant SyntaxError: %s", text, got, want)
		}
	}
}

// body reads a response.
func body(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package isolate_test

import (
	"strings"
	"testing"
)

// print is what one console.log of args comes to.
func printed(t *testing.T, statements string) []string {
	t.Helper()
	b := newBench(handler(statements + "\nreturn new Response()"))
	get(t, b.load(t), "/")
	return b.messages()
}

func TestConsoleFormats(t *testing.T) {
	for args, want := range map[string]string{
		`"a", 1, -0, true, null, undefined, 10n, Symbol("s")`:                       "a 1 -0 true null undefined 10n Symbol(s)",
		`["a", "it's"], {}, [], [[]]`:                                               `[ 'a', "it's" ] {} [] [ [] ]`,
		`{ a: { b: { c: { d: 1 } } } }, [[[[1]]]]`:                                  "{ a: { b: { c: [Object] } } } [ [ [ [Array] ] ] ]",
		`{ "a-b": 1, [Symbol("s")]: 2, c: "x" }`:                                    "{ 'a-b': 1, c: 'x', [Symbol(s)]: 2 }",
		`new (class Foo { x = 1; #y = 2; get z() { return 3 } })()`:                 "Foo { x: 1 }",
		`class A {}, class extends Map {}, () => 1, function f() {}, async () => 1`: "[class A] [class (anonymous) extends Map] [Function (anonymous)] [Function: f] [AsyncFunction (anonymous)]",
		`new Map([["a", { b: 1 }], [1, 2]]), new Set([1, "b"])`:                     "Map(2) { 'a' => { b: 1 }, 1 => 2 } Set(2) { 1, 'b' }",
		`new Date(0), /re/g, Promise.resolve(3), new Promise(() => {})`:             "1970-01-01T00:00:00.000Z /re/g Promise { 3 } Promise { <pending> }",
		`new Uint8Array(3), new ArrayBuffer(2), Object.create(null)`:                "Uint8Array(3) [ 0, 0, 0 ] ArrayBuffer { [Uint8Contents]: <00 00>, byteLength: 2 } [Object: null prototype] {}",
		`{ a: { b: { c: { e: {}, l: [], d: new Date(0), n: [1] } } } }`:             "{ a: { b: { c: [Object] } } }",
		`{ a: { b: { e: {}, l: [], d: new Date(0), n: [1], f() {} } } }`:            "{\n  a: {\n    b: {\n      e: {},\n      l: [],\n      d: 1970-01-01T00:00:00.000Z,\n      n: [Array],\n      f: [Function: f]\n    }\n  }\n}",
		`[, 1, , ,], { get a() { return 1 }, set b(x) {} }`:                         "[ <1 empty item>, 1, <2 empty items> ] { a: [Getter], b: [Setter] }",
		`"%s is %d and %i %j %%", "x", "42", 4.9, { a: 1 }, "more", {}`:             `x is 42 and 4 {"a":1} % more {}`,
		`"%s", 1n, "100%"`: "1n 100%",
		`"50% of %x"`:      "50% of %x",
		`new Headers({ a: "b" }), new URLSearchParams("q=1")`:     "Headers(1) { 'a' => 'b' } URLSearchParams(1) { 'q' => '1' }",
		`(() => { const o = { n: 1 }; o.self = o; return o })()`:  "<ref *1> { n: 1, self: [Circular *1] }",
		`{ a: "x".repeat(30), b: "y".repeat(30), c: 1 }`:          "{\n  a: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',\n  b: 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy',\n  c: 1\n}",
		`[1,2,3,4,5,6,7,8,9,10].map(x => x * 1000)`:               "[\n   1000, 2000, 3000,\n   4000, 5000, 6000,\n   7000, 8000, 9000,\n  10000\n]",
		`{ f() {}, g: [() => 1], h: new Error("e", {}).message }`: "{ f: [Function: f], g: [ [Function (anonymous)] ], h: 'e' }",
		`new Proxy({ a: 1 }, {}), new String("s"), Object(1)`:     "{ a: 1 } [String: 's'] [Number: 1]",
		`{ s: "multi\nline" }, ["a\\b"]`:                          `{ s: 'multi\nline' } [ 'a\\b' ]`,
		`{ toString() { throw 1 }, get x() { throw 2 } }`:         "{ toString: [Function: toString], x: [Getter] }",
	} {
		if got := printed(t, "console.log("+args+")"); len(got) != 1 || got[0] != want {
			t.Errorf("console.log(%s)\ngot  %q\nwant %q", args, got, want)
		}
	}
}

func TestConsoleErrors(t *testing.T) {
	got := printed(t, `const e = new TypeError("t", { cause: new Error("c") }); e.code = 7
console.error(e, { e: new Error("in") })`)
	want := `TypeError: t
    at fetch (index.js:2:11) {
  code: 7,
  [cause]: Error: c
      at fetch (index.js:2:39)
} {
  e: Error: in
      at fetch (index.js:3:23)
}`
	if len(got) != 1 || got[0] != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestConsoleMethods(t *testing.T) {
	b := newBench(handler(`
console.debug("d"); console.info("i"); console.warn("w")
console.group("g"); console.log("in\nside"); console.groupEnd(); console.log("out")
console.count(); console.count("x"); console.count(); console.countReset(); console.count()
console.assert(true, "no"); console.assert(false, "%s!", "yes"); console.assert(0)
console.time("t"); console.timeEnd("t"); console.timeEnd("t")
const { log } = console; [1].forEach(log)
console.table([{ a: 1, b: "x" }, { a: 2 }])
return new Response()`))
	get(t, b.load(t), "/")
	var got []string
	for _, l := range b.console() {
		if strings.HasPrefix(l.Message, "t: ") {
			l.Message = "t: 0ms"
		}
		got = append(got, l.Level+" "+l.Message)
	}
	want := []string{"debug d", "info i", "warn w", "log g", "log   in\n  side", "log out",
		"log default: 1", "log x: 1", "log default: 2", "log default: 1",
		"error Assertion failed: yes!", "error Assertion failed", "log t: 0ms", "warn Timer 't' does not exist", "log 1 0 [ 1 ]",
		"log ┌─────────┬───┬─────┐\n│ (index) │ a │ b   │\n├─────────┼───┼─────┤\n│ 0       │ 1 │ 'x' │\n│ 1       │ 2 │     │\n└─────────┴───┴─────┘"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if src := b.console()[0].Source; src != "index.js:3:9" {
		t.Errorf("source %q", src)
	}
}

func TestConsoleTablesAndDirs(t *testing.T) {
	for code, want := range map[string]string{
		`table([{ a: 1, b: "x" }, { a: 2, c: 3 }], ["b"])`: "┌─────────┬─────┐\n│ (index) │ b   │\n├─────────┼─────┤\n│ 0       │ 'x' │\n│ 1       │     │\n└─────────┴─────┘",
		`table(new Map([["k", { a: 1 }], [2, 3]]))`: "┌───────────────────┬─────┬──────────┐\n│ (iteration index) │ Key │ Values   │\n├───────────────────┼─────┼──────────┤\n" +
			"│ 0                 │ 'k' │ { a: 1 } │\n│ 1                 │ 2   │ 3        │\n└───────────────────┴─────┴──────────┘",
		`table(new Set(["s"]))`:               "┌───────────────────┬────────┐\n│ (iteration index) │ Values │\n├───────────────────┼────────┤\n│ 0                 │ 's'    │\n└───────────────────┴────────┘",
		`table(5)`:                            "5",
		`dir({ a: { b: {} } }, { depth: 0 })`: "{ a: [Object] }",
		`dir({ a: { b: { c: { d: { e: 1 } } } } }, { depth: null })`: "{\n  a: {\n    b: { c: { d: { e: 1 } } }\n  }\n}",
		`dir("text")`:                  "'text'",
		`countReset("never")`:          "Count for 'never' does not exist",
		`timeLog("never")`:             "Timer 'never' does not exist",
		`time("t"), console.time("t")`: "Timer 't' already exists",
		`clear()`:                      "",
		`log(String(console))`:         "[object console]",
	} {
		t.Run(code, func(t *testing.T) {
			b := newBench(handler("console." + code + "\nreturn new Response()"))
			get(t, b.load(t), "/")
			if got := strings.Join(b.messages(), "|"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

package isolate

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"pgregory.net/rapid"
)

// value runs code on a plain goja runtime.
func value(code string) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = "panic", nil
		}
	}()
	v, err := goja.New().RunString(code)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// When this fails, goja has mended one of its bugs and the workaround for it can go.
func TestGojaStillNeedsTheWorkarounds(t *testing.T) {
	for name, tt := range map[string]struct{ code, right string }{
		"a field named get does not parse":              {"new (class { get = 1 })().get", "1"},
		"an arrow does not see outer arguments":         {"(function () { const g = () => arguments[1]; let x; return g() + '' })(1, 2)", "2"},
		"an arrow in a default does not even":           {"(function (x = () => arguments[1]) { arguments; return x() + '' })(undefined, 2)", "2"},
		"await in an arrow in a default does not parse": {"(async function (x = async () => await 1) { return await x() })(), 1", "1"},
		"properties of characters do not match":         {`/[\p{L}]/u.test("é")`, "true"},
		"sets of characters do not parse":               {`/[a--b]/v.test("a")`, "true"},
		"indices are not known":                         {`/a/d.exec("a").indices[0].join()`, "0,1"},
		"modifiers do not parse":                        {`/(?i:a)/.test("A")`, "true"},
		"of groups of one name the last counts":         {`/(?<a>x)|(?<a>y)/.exec("x").groups.a`, "x"},
		"names are lost on code points":                 {`/(?<x>.)é/u.exec("aé").groups.x`, "a"},
		"JSON.parse refuses 1e400":                      {`JSON.parse("1e400")`, "Infinity"},
		"JSON.parse loses lone surrogates":              {`JSON.parse('"\\ud800"') === "\ud800"`, "true"},
		"a stack is not V8's":                           {`/\n    at /.test(new Error("x").stack)`, "true"},
		"a gigabyte is made without being asked twice":  {`try { new Uint8Array(2 ** 28); "made" } catch (e) { e.name }`, "RangeError"},
	} {
		if got, err := value(tt.code); err == nil && got == tt.right {
			t.Errorf("%s: no more", name)
		}
	}
	t.Run("a thenable's then is called outside of the async context", func(t *testing.T) {
		rt := goja.New()
		var tracker lastContext
		rt.SetAsyncContextTracker(&tracker)
		var seen any
		if err := rt.Set("look", func(goja.FunctionCall) goja.Value { seen = tracker.current; return goja.Undefined() }); err != nil {
			t.Fatal(err)
		}
		tracker.current = "mine"
		if _, err := rt.RunString("Promise.resolve().then(() => { Promise.resolve({ then() { look() } }) })"); err != nil {
			t.Fatal(err)
		}
		if seen != nil {
			t.Error("no more")
		}
	})
	t.Run("code interrupted after an await leaves the runtime unable to run reactions", func(t *testing.T) {
		rt := goja.New()
		rt.SetMaxCallStackSize(100)
		rest, err := restOf(rt)
		if err != nil {
			t.Fatal(err)
		}
		_, err = rt.RunString("(async () => { await 1; (function f() { f() })() })()")
		if err == nil {
			t.Fatal("no stack overflow")
		}
		reacts := func() bool {
			if _, err := rt.RunString("var ran = false; (async () => { await 1; ran = true })()"); err != nil {
				t.Fatal(err)
			}
			return rt.Get("ran").ToBoolean()
		}
		if reacts() {
			t.Error("no more: rest.go can go")
		}
		rest.restore()
		if !reacts() {
			t.Error("restore did not help")
		}
	})
}

func TestWorkarounds(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"fields are quoted": {
			"class A {\n  get = 1;\n  static set = 2;\n  async = () => {};\n}",
			"class A {\n  'get' = 1;\n  static 'set' = 2;\n  'async' = () => {};\n}"},
		"accessors and methods are not": {
			"class A {\n  get x() { return get = 1; }\n  set(v) { this.get = v; }\n  get;\n  async f() {}\n}", ""},
		"assignments to variables of that name are not": {
			"let get;\nget = 1;\n{\n  get = 2;\n}", ""},
		"fields of a nested class are": {
			"class A extends mix({ get: 1 }) {\n  f() {\n    return class {\n      get = 1;\n    };\n  }\n}",
			"class A extends mix({ get: 1 }) {\n  f() {\n    return class {\n      'get' = 1;\n    };\n  }\n}"},
		"arguments are mentioned at the start of their function": {
			"function f() {\n  \"use strict\";\n  return () => arguments[0];\n}",
			"function f() {\n  \"use strict\"; arguments;\n  return () => arguments[0];\n}"},
		"and of a method, not of the block around": {
			"const o = { f() {\n  if (x) {\n    return () => { return arguments; };\n  }\n} };",
			"const o = { f() { arguments;\n  if (x) {\n    return () => { return arguments; };\n  }\n} };"},
		"a property called arguments is not arguments": {
			"function f() {\n  return { arguments: x.arguments };\n}", ""},
		"texts, templates, comments and regular expressions are passed over": {
			"function f() {\n  // class { get = 1 }\n  return \"arguments\" + `class { ${g(`}`)} get = 1` + /[/{'\"]arguments/.source;\n}", ""},
		"a division is no regular expression": {
			"function f(a) {\n  return a / 2 / arguments.length + \"/\";\n}",
			"function f(a) { arguments;\n  return a / 2 / arguments.length + \"/\";\n}"},
		"an arrow that awaits in a default parameter gets braces": {
			"async function f(x = async () => await 1, y = 2) {\n}",
			"async function f(x = async () => { return ( await 1); }, y = 2) {\n}"},
		"and in one of an arrow function, within calls and conditions": {
			"f(async ({ a = g(async (b) => b ? await 1 : 2), c = d ? async () => await 3 : 4 }) => a);",
			"f(async ({ a = g(async (b) => { return ( b ? await 1 : 2); }), c = d ? async () => { return ( await 3 ); }: 4 }) => a);"},
		"and within another": {
			"const o = { async m(x = async () => await g(async () => await 1)) {\n} };",
			"const o = { async m(x = async () => { return ( await g(async () => { return ( await 1); })); }) {\n} };"},
		"but not elsewhere": {
			"async function f(x = async () => {\n  await 1;\n}) {\n  g(async () => await 1);\n  if (g(async () => await 1)) {\n  }\n}", ""},
		"a function in a default parameter keeps its own": {
			"function f(a = function() {\n  return arguments;\n}) {\n  return a;\n}",
			"function f(a = function() { arguments;\n  return arguments;\n}) {\n  return a;\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.code
			}
			edits, refusals := workarounds(tt.code, func(int) string { return "index.js" })
			if len(refusals) > 0 {
				t.Errorf("refused: %v", refusals)
			}
			if got := apply(tt.code, edits); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if _, err := goja.Compile("x.js", want, false); err != nil {
				t.Errorf("goja: %v", err)
			}
		})
	}
}

func TestEditsOfTheBundle(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"a regular expression is made at run time": {
			"x = /[\\p{L}\"]/gu.test(y);", `x = __cfemu.regexp("[\\p{L}\"]", "gu").test(y);`},
		"one that goja knows is left alone": {
			"x = a / b / /(?<n>c)/g.lastIndex;", ""},
		"an import of what is no literal names the importer": {
			"await import(x + import(y));", `await __cfemu.import("index.js", x + __cfemu.import("index.js", y));`},
		"a method called import is none": {
			"o = { import(x) {\n  return import(x);\n} };", "o = { import(x) {\n  return __cfemu.import(\"index.js\", x);\n} };"},
		"a text grows in place": {
			"html += `<p>${x}</p>`;", "html = __cfemuAdd(html, `<p>${x}</p>`);"},
		"by a text somewhere in the sum": {
			"this.#s += f(a, b) * 2 + \"px\" + y;", "this.#s = __cfemuAdd(this.#s, f(a, b) * 2 + \"px\" + y);"},
		"or what began as one does": {
			"let s = '';\ns += x ? y : z;", "let s = '';\ns = __cfemuAdd(s, x ? y : z);"},
		"within conditions, lists and arrows, too": {
			"let s = '';\nf(c ? s += a : s += b, () => s += c);",
			"let s = '';\nf(c ? s = __cfemuAdd(s, a ): s = __cfemuAdd(s, b), () => s = __cfemuAdd(s, c));"},
		"and one in another": {
			"a += b += \"x\";", "a += b = __cfemuAdd(b, \"x\");"},
		"numbers do not": {
			"n += 1;\nn += x;\nn += \"5\" * 2;\nn += -\"5\";\nn += \"a\".length;\nn += f(\"a\");\nn += `a` == b;", ""},
		"nor what would be read twice with effects": {
			"f().s += \"x\";\na.b.c += \"x\";\na[i] += \"x\";", ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.code
			}
			edits, refusals := workarounds(tt.code, func(int) string { return "index.js" })
			if got := apply(tt.code, edits); got != want || len(refusals) > 0 {
				t.Errorf("got\n%s\nwant\n%s\nrefused %v", got, want, refusals)
			}
		})
	}
}

func TestShiftFollowsEdits(t *testing.T) {
	code := "ab\nclass { get = 1 }\nz"
	sm := sourceMap{}
	sm.encode([][]mapping{
		{{column: 1, fields: 3, line: 5, sourceColumn: 7}},
		{{column: 0, fields: 3, line: 6}, {column: 8, fields: 3, line: 6, sourceColumn: 2}, {column: 14, fields: 4, line: 6, sourceColumn: 9, name: 1}},
		{{column: 0, fields: 0}},
	})
	lines, err := sm.decode()
	if err != nil {
		t.Fatal(err)
	}
	shift(lines, code, []edit{insert(11, "'"), insert(14, "'")})
	got := []int{lines[0][0].column, lines[1][0].column, lines[1][1].column, lines[1][2].column, lines[1][2].sourceColumn, lines[1][2].name, lines[2][0].fields}
	want := []int{1, 0, 8, 16, 9, 1, 0}
	for n := range want {
		if got[n] != want[n] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestMappingsSurviveDecodingAndEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines [][]mapping
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			var line []mapping
			column := 0
			for range rapid.IntRange(0, 4).Draw(t, "segments") {
				column += rapid.IntRange(0, 1000).Draw(t, "column")
				line = append(line, mapping{column: column, fields: 3, source: rapid.IntRange(0, 9).Draw(t, "source"),
					line: rapid.IntRange(0, 99999).Draw(t, "line"), sourceColumn: rapid.IntRange(0, 500).Draw(t, "source column")})
			}
			lines = append(lines, line)
		}
		var sm sourceMap
		sm.encode(lines)
		once := sm.Mappings
		again, err := sm.decode()
		if err != nil {
			t.Fatal(err)
		}
		sm.encode(again)
		if sm.Mappings != once {
			t.Fatalf("%q became %q", once, sm.Mappings)
		}
	})
}

// What the reader makes of a text is what JSON.parse makes of it, and it refuses what that refuses.
func TestReadJSONIsJSONParse(t *testing.T) {
	rt := goja.New()
	i := &isolate{rt: rt}
	stringify, _ := goja.AssertFunction(rt.Get("JSON").(*goja.Object).Get("stringify"))
	text := func(v goja.Value) string {
		s, err := stringify(goja.Undefined(), v)
		if err != nil {
			t.Fatal(err)
		}
		return s.String()
	}
	check := func(t interface{ Errorf(string, ...any) }, source string) {
		got, err := i.readJSON([]byte(source), false)
		want, wantErr := i.parseJSON(source)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %v, JSON.parse says %v", source, err, wantErr)
		} else if err == nil && text(got) != text(want) {
			t.Errorf("%q: %s, JSON.parse says %s", source, text(got), text(want))
		}
	}
	for _, source := range []string{``, ` `, `1 2`, `01`, `1.`, `.5`, `+1`, `-`, `-0`, `1e5`, `1E+2`, `1e`, `tru`, `nul`, `[1,]`, `[,]`, `{"a":1,}`, `{a:1}`,
		`"a`, `"\x"`, `"\u12"`, "\"\n\"", `{"a":1,"a":2}`, `[[[]]]`, ` { "a" : [ 1 , null ] } `, `"é😀\t\/"`, `123456789012345678901234567890`, `1e-7`, `0.1`} {
		check(t, source)
	}
	alphabet := []rune(`{}[]:,"\u0123e.-+ tfnrlas`)
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.StringOfN(rapid.SampledFrom(alphabet), 0, 12, -1).Draw(t, "text"))
	})
	rapid.Check(t, func(t *rapid.T) {
		var v any = rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Float64Range(-1e300, 1e300))).Draw(t, "value")
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		check(t, strings.ReplaceAll(string(b), ",", " ,\n"))
	})
}

// lastContext is an async context that is there while a reaction to it runs.
type lastContext struct{ current any }

func (c *lastContext) Grab() any           { return c.current }
func (c *lastContext) Resumed(tracked any) { c.current = tracked }
func (c *lastContext) Exited()             { c.current = nil }

package isolate_test

import (
	"net/url"
	"strings"
	"testing"
)

// The body of each is that of an async function; want is what it returns, as JSON, or what it throws.
var language = map[string]struct{ body, want string }{
	"async generators are iterated with for await": {`const a = []; async function* g() { yield 1; yield* [2, 3]; } for await (const x of g()) a.push(x); return a`, `[1,2,3]`},
	"an async generator's return runs finally":     {`const log = []; async function* g() { try { yield 1; yield 2 } finally { log.push("f") } } for await (const x of g()) { log.push(x); break } return log`, `[1,"f"]`},
	"decorators see kinds and names": {`const log = []; const d = (v, c) => { log.push(c.kind + ":" + String(c.name)) }; @d class A { @d m() {} @d f = 1; @d accessor z = 2; @d static s = 3; @d get q() { return 1 } }
		return [log.sort(), new A().z]`, `[["accessor:z","class:A","field:f","field:s","getter:q","method:m"],2]`},
	"decorators replace methods and initialise fields": {`const twice = f => function (x) { return 2 * f.call(this, x) }; const plus = () => v => v + 1; class A { @twice m(x) { return x } @plus f = 1 } const a = new A(); return [a.m(4), a.f]`, `[8,2]`},
	"accessor makes accessors":                         {`class A { accessor x = 1; static accessor y = 2; accessor #p = 3; q() { return this.#p } } return [new A().x, A.y, new A().q(), "x" in A.prototype]`, `[1,2,3,true]`},
	"using disposes in reverse order":                  {`const log = []; { using a = { [Symbol.dispose]() { log.push("a") } }; await using b = { async [Symbol.asyncDispose]() { log.push("b") } }; log.push("c") } return log`, `["c","b","a"]`},
	"using suppresses errors":                          {`try { using a = { [Symbol.dispose]() { throw new Error("d") } }; throw new Error("b") } catch (e) { return [e instanceof SuppressedError, e.error.message, e.suppressed.message] }`, `[true,"d","b"]`},
	"a DisposableStack disposes of all":                {`const s = new DisposableStack(), log = []; s.defer(() => log.push(1)); s.use({ [Symbol.dispose]() { log.push(2) } }); s.adopt(3, v => log.push(v)); s.dispose(); s.dispose(); return [log, s.disposed, String(s)]`, `[[3,2,1],true,"[object DisposableStack]"]`},
	"a DisposableStack collects errors":                {`const s = new DisposableStack(); s.defer(() => { throw 1 }); s.defer(() => { throw 2 }); try { s.dispose() } catch (e) { return [e.name, e.error, e.suppressed] }`, `["SuppressedError",1,2]`},
	"a DisposableStack moves":                          {`const s = new DisposableStack(); let n = 0; s.defer(() => n++); const m = s.move(); s.dispose(); const before = n; m.dispose(); try { s.defer(() => {}) } catch (e) { return [before, n, e.name, e.message] }`, `[0,1,"ReferenceError","DisposableStack already disposed"]`},
	"an AsyncDisposableStack awaits":                   {`const s = new AsyncDisposableStack(), log = []; s.defer(async () => { await 1; log.push(1) }); s.use({ async [Symbol.asyncDispose]() { log.push(2) } }); await s.disposeAsync(); return [log, s.disposed]`, `[[2,1],true]`},
	"fields may have any name":                         {`class A { get; set; async; static; of = 1; static get; static async = 4; await = 5; get = 6; set = () => this.get; ["x" + 1] = 7; "a b" = 8; 9 = 9; static static = 1 } return [Object.keys(new A()), Object.keys(A), new A().set()]`, `[["9","get","set","async","static","of","await","x1","a b"],["get","async","static"],6]`},
	"private names work in every form":                 {`class A { #p() { return 1 } static #s() { return 2 } get #g() { return 3 } set #g(v) { this.w = v } static { this.z = A.#s() } t() { this.#g = 5; return [this.#p(), this.#g, A.z, #p in this, #p in {}, this.w] } } return new A().t()`, `[1,3,2,true,false,5]`},
	"sets combine":                                     {`const s = new Set([1, 2, 3]), t = new Set([3, 4]); return [[...s.union(t)], [...s.intersection(t)], [...s.difference(t)], [...s.symmetricDifference(t)], new Set([3]).isSubsetOf(s), s.isSupersetOf(new Set([1])), s.isDisjointFrom(new Set([9]))]`, `[[1,2,3,4],[3],[1,2],[1,2,4],true,true,true]`},
	"iterators have helpers":                           {`return [Iterator.from([1, 2, 3, 4]).filter(x => x % 2).map(x => x * 2).toArray(), new Set([1, 2]).values().drop(1).take(1).toArray(), [1, 2].values().reduce((a, b) => a + b)]`, `[[2,6],[2],3]`},
	"things group, and promises come from nothing":     {`const { promise, resolve } = Promise.withResolvers(); resolve(7); return [Object.groupBy([1, 2, 3], x => x % 2 ? "o" : "e"), [...Map.groupBy([1, 2], x => x)], await promise, await Promise.try(() => 1), await Array.fromAsync([1, Promise.resolve(2)])]`, `[{"o":[1,3],"e":[2]},[[1,[1]],[2,[2]]],7,1,[1,2]]`},
	"arrays have what they have today":                 {`return [[3, 1].toSorted(), [1, 2, 3].toSpliced(0, 1), [1, 2].with(0, 9), [1, 2].findLast(x => x < 3), [1, [2, [3]]].flat(Infinity), [NaN].includes(NaN), [1, 2].toReversed(), [1, 2].at(-1), [5, 6].findLastIndex(x => x === 5), [[1], [2]].flatMap(x => x)]`, `[[1,3],[2,3],[9,2],2,[1,2,3],true,[2,1],2,0,[1,2]]`},
	"sort is stable":                                   {`const a = Array.from({ length: 200 }, (_, i) => ({ k: i % 3, i })); a.sort((x, y) => x.k - y.k); return a.every((x, i) => i === 0 || a[i - 1].k < x.k || a[i - 1].i < x.i)`, `true`},
	"errors have causes and lists":                     {`const e = new Error("x", { cause: 1 }), a = new AggregateError([1], "m"); return [e.cause, a.errors, a.message, "cause" in new Error("x"), Object.keys(e)]`, `[1,[1],"m",false,[]]`},
	"stacks are V8's":                                  {`function f() { return new TypeError("x").stack } return /^TypeError: x\n    at f \(index\.js:\d+:\d+\)\n    at .*\(index\.js:\d+:\d+\)/.test(f()) && !f().includes("cfemu")`, `true`},
	"stacks of the engine's own errors are, too":       {`try { null.x } catch (e) { return /^TypeError: .*\n    at .*\(index\.js:\d+:\d+\)/.test(e.stack) }`, `true`},
	"stackTraceLimit limits":                           {`function f(n) { return n ? f(n - 1) : new Error("x").stack.split("\n").length } try { const a = f(20); Error.stackTraceLimit = 2; const b = f(5); Error.stackTraceLimit = 0; return [a, b, f(1)] } finally { Error.stackTraceLimit = 10 }`, `[11,3,1]`},
	"prepareStackTrace gets call sites": {`Error.prepareStackTrace = (e, s) => [e.message, s[0].getFunctionName(), s[0].getFileName(), s[0].getLineNumber() > 1, String(s[0]).startsWith("f (index.js:"), s[0].isNative()]; function f() { return new Error("x").stack }
		try { return f() } finally { delete Error.prepareStackTrace }`, `["x","f","index.js",true,true,false]`},
	"captureStackTrace leaves out the function":  {`class E extends Error { constructor(m) { super(m); Error.captureStackTrace(this, E) } } function make() { return new E("m") } return make().stack.split("\n").slice(0, 2).map(l => l.trim().split(" (")[0])`, `["Error: m","at make"]`},
	"a stack can be set":                         {`const e = new Error("a"); e.stack = "b"; const f = Object.freeze(new Error("c")); return [e.stack, Object.keys(e), delete e.stack, e.stack === undefined, f.stack.split("\n")[0]]`, `["b",[],true,true,"Error: c"]`},
	"strings have what they have today":          {`return ["a\uD800".isWellFormed(), "abc".at(-1), "aXbX".replaceAll("X", "y"), [..."a1b2".matchAll(/\d/g)].map(m => m[0]), "\uD800".toWellFormed() === "\uFFFD", "x".padStart(3, "ab")]`, `[false,"c","ayby",["1","2"],true,"abx"]`},
	"JSON.parse reads lone surrogates and 1e400": {`return [JSON.parse('"\\ud800"') === "\ud800", JSON.parse('"\ud800"') === "\ud800", String(JSON.parse("[1e400,-1e400]")), Object.is(JSON.parse("-0"), -0)]`, `[true,true,"Infinity,-Infinity",true]`},
	"JSON.parse makes own properties":            {`const o = JSON.parse('{"__proto__":1,"a":1,"a":2,"2":0,"1":0}'); return [Object.hasOwn(o, "__proto__"), Object.getPrototypeOf(o) === Object.prototype, o.a, Object.keys(o)]`, `[true,true,2,["1","2","__proto__","a"]]`},
	"JSON.parse goes deep":                       {`return JSON.parse("[".repeat(50000) + "]".repeat(50000)).length`, `1`},
	"a reviver sees the source":                  {`return JSON.parse('[1.50,{"a":"x"},null]', (k, v, c) => "source" in c ? c.source : v)`, `["1.50",{"a":"\"x\""},"null"]`},
	"a reviver leaves out":                       {`return JSON.parse('{"a":1,"b":[1,2]}', (k, v) => v === 1 ? undefined : v)`, `{"b":[null,2]}`},
	"JSON.stringify is well-formed":              {`return [JSON.stringify("\ud800"), JSON.stringify({ a: undefined, b() {}, c: Symbol() }), JSON.stringify([NaN, -0]), JSON.stringify({ a: 1, b: 2 }, ["b"])]`, `["\"\\ud800\"","{}","[null,0]","{\"b\":2}"]`},
	"BigInts count":                              {`return [String(2n ** 64n), typeof 1n, String(BigInt.asUintN(8, 257n)), String(-7n / 2n), String(BigInt("0xff")), 1_000_000, 0b11]`, `["18446744073709551616","bigint","1","-3","255",1000000,3]`},
	"tagged templates have raw strings":          {"const t = (s, ...v) => [s.raw.join('|'), s.join('|'), v, Object.isFrozen(s)]; return [t`a\\n${1}b\\u0041`, (s => s[0] === undefined)`\\u{zzz}`]", `[["a\\n|b\\u0041","a\n|bA",[1],true],true]`},
	"labels break and continue":                  {`let n = 0; l: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue l; n++ } } a: { break a } return n`, `3`},
	"keys may be computed":                       {`const k = "z", o = { get [k]() { return 1 }, set [k](v) {}, ["a" + 1]: 2, async *[Symbol.iterator]() {} }; return [o.z, Object.keys(o), Symbol("x").description]`, `[1,["z","a1"],"x"]`},
	"generators return and throw":                {`function* g() { try { const x = yield 1; yield x * 2 } finally { yield "f" } } const i = g(); return [i.next(), i.next(4), i.return(9), i.next(), i.next().done]`, `[{"value":1,"done":false},{"value":8,"done":false},{"value":"f","done":false},{"value":9,"done":true},true]`},
	"new.target is known":                        {`function F() { return new.target === undefined } class A { constructor() { this.t = new.target.name } } class B extends A {} return [F(), new B().t]`, `[true,"B"]`},
	"defaults are evaluated in order":            {`const log = []; function f({ a = log.push("a"), b = log.push("b") } = {}, [c = log.push("c")] = []) { return log } return f()`, `["a","b","c"]`},
	"the temporal dead zone throws":              {`try { x; let x = 1 } catch (e) { return e.name }`, `ReferenceError`},
	"assignments by nullishness and logic":       {`let a = null, b = 0, c = 1; a ??= 1; b ||= 2; c &&= 3; try { throw 1 } catch { return [a, b, c, null?.x === undefined] }`, `[1,2,3,true]`},
	"functions print as they are":                {`return [(x => x).toString(), Math.max.toString(), RegExp.toString()]`, `["(x) => x","function max() { [native code] }","function RegExp() { [native code] }"]`},
	"dates parse in many forms":                  {`return ["2020-01-01T00:00", "Jan 1, 2020", "Thu, 01 Jan 1970 00:00:00 GMT", "2020-01-01T00:00:00.123456Z", "2020-01-01T10:00+02:00", "1/2/2020", "2020-13-01"].map(s => { const d = new Date(s); return isNaN(d) ? null : d.toISOString() })`, `["2020-01-01T00:00:00.000Z","2020-01-01T00:00:00.000Z","1970-01-01T00:00:00.000Z","2020-01-01T00:00:00.123Z","2020-01-01T08:00:00.000Z","2020-01-02T00:00:00.000Z",null]`},
	"dates print their zone by its name":         {`const d = new Date(0); return [String(d), d.toTimeString(), String(new Date(NaN)), Date.parse(String(d))]`, `["Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)","00:00:00 GMT+0000 (Coordinated Universal Time)","Invalid Date",0]`},
	"structuredClone copies":                     {`const o = { d: new Date(0), m: new Map([[1, {}]]), r: /\p{L}/giu }; o.o = o; const c = structuredClone(o); return [c.d, c.m.has(1), c.o === c, c.r.source, c.r.flags, c.r.test("é")]`, `["1970-01-01T00:00:00.000Z",true,true,"\\p{L}","giu",true]`},
	"weak references hold":                       {`const o = {}; return [new WeakRef(o).deref() === o, new WeakMap([[o, 1]]).get(o)]`, `[true,1]`},
	"code is not made of texts":                  {`const tries = [() => eval("1"), () => (0, eval)("1"), () => new Function("return 1"), () => Function("1"), () => (async () => {}).constructor("1"), () => (function* () {}).constructor("1"), () => Reflect.construct(Function, ["1"])]; return tries.map(f => { try { f(); return "made" } catch (e) { return e.name === "EvalError" && e.message } }).every(m => m === "Code generation from strings disallowed for this context")`, `true`},
	"eval of what is no text is that":            {`return [eval(5), typeof eval, Function.prototype === Object.getPrototypeOf(eval)]`, `[5,"function",true]`},
	"what shares memory is absent, by name":      {`try { new SharedArrayBuffer(8) } catch (e) { return [e.name, e.message, typeof Atomics] }`, `["ReferenceError","SharedArrayBuffer is not defined","undefined"]`},
	"resizable buffers are refused, by name":     {`new ArrayBuffer(8, { maxByteLength: 16 })`, `TypeError: Resizable ArrayBuffers are not supported by cfemu's embedded engine (docs/COMPATIBILITY.md)`},
	"arrows see the arguments around them":       {`function f() { const g = (a = arguments[0]) => [a, arguments[1], (() => arguments.length)()]; return g() } const o = { m() { return [1].map(() => arguments[0]) } }; class A { constructor() { this.x = (() => arguments[0])() } static s() { return (() => [...arguments])() } } return [f(1, 2, 3), o.m(4), new A(5).x, A.s(6, 7)]`, `[[1,2,3],[4],5,[6,7]]`},
	"properties of characters match":             {`return [/^\p{Lu}+$/u.test("ÀÉ"), /[\p{L}\d]+/u.exec("é1!")[0], /[^\p{ASCII}]/u.test("a"), /\P{L}/u.test("é"), "a😀é".replace(/\p{Emoji_Presentation}/gu, "-"), /^\p{sc=Greek}$/u.test("α"), /\p{L}/u.source, "aébéc".split(/[^\p{ASCII}]/u)]`, `[true,"é1",false,false,"a-é",true,"\\p{L}",["a","b","c"]]`},
	"sets of characters combine":                 {`return [/[\p{L}--[a-z]]/v.test("a"), /[\p{L}--[a-z]]/v.test("é"), /^[\w&&\d]+$/v.test("12"), /^[\q{abc|d}x]$/v.test("abc"), /^\P{Lu}$/vi.test("A"), /a/v.flags, /a/v.unicodeSets]`, `[false,true,true,true,false,"v",true]`},
	"matches have indices":                       {`const m = /a(b)(?<n>c)?/d.exec("xabc"), g = /(?<e>😀)/dgu.exec("é😀"); return [m.indices, m.indices.groups.n, g.indices, /a/d.hasIndices, /a/gd.flags]`, `[[[1,4],[2,3],[3,4]],[3,4],[[1,3],[1,3]],true,"dg"]`},
	"modifiers change parts":                     {`return [/(?i:a)b/.test("Ab"), /(?i:a)b/.test("AB"), /(?-i:a)b/i.test("aB"), /(?-i:a)b/i.test("Ab"), /(?-i:a)b/i.flags, /(?s:.)./.test("\na"), /a\n(?m:^)b/.test("a\nb"), /a(?m:^)b/.test("ab")]`, `[true,false,true,false,"i",true,true,false]`},
	"groups may share a name":                    {`const r = /(?<y>\d{4})-|(?<y>\d\d)\//g, m = [..."2020-21/".matchAll(r)]; return [m.map(x => x.groups.y), m[1].length, "21/".replace(r, "[$<y>]"), /(?:(?<q>')|(?<q>"))a\k<q>/.test("\"a\"")]`, `[["2020","21"],3,"[21]",true]`},
	"names of groups survive code points":        {`return [/(?<x>.)é/u.exec("aé").groups.x, "é-ü".replace(/(?<a>\p{L})-(?<b>\p{L})/u, "$<b>$<a>")]`, `["a","üé"]`},
	"lookbehind, sticky and named groups":        {`const y = /a/y; y.lastIndex = 1; return [/(?<=\$)\d+/.exec("$42")[0], /(?<!\$)\b\d+/.exec("$42 43")[0], y.test("ba"), y.lastIndex, "2020-12".replace(/(?<y>\d{4})-(?<m>\d\d)/, "$<m>/$<y>")]`, `["42","43",true,2,"12/2020"]`},
	"empty matches may follow others":            {`return ["aB".match(/B*/g), "aB".replace(/B*/g, "-"), "ab,,".replace(/,*$/g, "-"), "é1a".replace(/\d?/g, "-"), "abc".replace(/x*/g, "-"), "aBc".split(/B*/)]`, `[["","B",""],"-a--","ab--","-é--a-","-a-b-c-",["a","c"]]`},
	"classes of surrogates differ":               {`const pair = new RegExp("[\\ud800-\\udbff][\\udc00-\\udfff]", "g"); return ["👩a😀".match(/[\ud800-\udbff][\udc00-\udfff]/g), "👩".replace(pair, "x"), "🇦😀z".match(/(?=.)(?:\ud83c[\udde6-\uddff]|\ud83d[\ude00-\ude4f])/g), "😀".replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/g, "-"), "\ud800x".replace(/[\ud800-\udbff](?![\udc00-\udfff])/gu, "-"), /x([\ud83c])([\ud83d])/d.exec("x\ud83c\ud83d").indices.join(" "), /[\ud800-\udbff]/.source]`, `[["👩","😀"],"x",["🇦","😀"],"😀","-x","0,3 1,2 2,3","[\\ud800-\\udbff]"]`},
	"regular expressions say their source":       {`return [new RegExp("/").source, String(new RegExp("/")), new RegExp("").source, new RegExp("\n").source, new RegExp("\\\n").source, new RegExp("[/]\\/é/").source, RegExp.prototype.source, RegExp.prototype.toString(), String(/a/dg), /[/\]/]/.source, RegExp.prototype.toString.call({ source: "a", flags: "b" }), new RegExp("\u2028").source, new RegExp(new RegExp("/"), "g").source]`, `["\\/","/\\//","(?:)","\\n","\\n","[/]\\/é\\/","(?:)","/(?:)/","/a/dg","[/\\]/]","/a/b","\\u2028","\\/"]`},
	"unknown properties throw":                   {`new RegExp("\\p{Foo}", "u")`, `SyntaxError: Invalid regular expression: /\p{Foo}/u: Invalid property name`},
	"recursion through the library is caught":    {`const o = { toJSON() { return JSON.stringify(o) } }, f = () => [1].map(f), deep = n => n ? [n].map(x => deep(x - 1)) : "end"; function* g() { yield* g() } return [() => JSON.stringify(o), f, () => g().next()].map(h => { try { h() } catch (e) { return e instanceof RangeError && e.message } }).concat(deep(600).flat(Infinity))`, `["Maximum call stack size exceeded","Maximum call stack size exceeded","Maximum call stack size exceeded","end"]`},
	"arrows in defaults may await":               {`async function f(x = async () => await 1, { y = async v => v ? await [2][0] : 3 } = {}) { return [await x(), await y(1), await y(0)] } const g = async (h = async () => await f()) => h(); return g()`, `[1,2,3]`},
	"+= means +":                                 {"let s = 'x'; s += (() => { s = 'z'; return 1 })(); s += { valueOf() { return 7 } }; s += null; s += [1, 2]; let n = 1; n += 2; n += 'a'; const o = { get p() { return this.q ?? '' }, set p(v) { this.q = v } }; o.p += `é${n}`; let f = c => c ? s += 'a' : s += 'b'; f(0); class A { #h = ''; m(x) { return this.#h += `<${x}>` } } const a = new A(); a.m(1); let t = ''; try { t += Symbol() } catch (e) { return [s, n, o.p, a.m(2), e.name] }", `["x17null1,2b","3a","é3a","<1><2>","TypeError"]`},
	"long texts that share memory stay apart":    {`let s = "a".repeat(5000); const a = s += "b"; const b = a + "c"; let c = a; c += "d"; s += "e"; let u = s; u += "é"; u += "f"; let v = u; v += "1"; u += "2"; return [a.length, b.at(-1), c.slice(-2), s.slice(-2), u.slice(-3), v.slice(-3), u.length, a.at(-1), s.indexOf("c")]`, `[5001,"c","bd","be","éf2","éf1",5005,"b",-1]`},
}

func TestLanguage(t *testing.T) {
	var source strings.Builder
	source.WriteString("const cases = {\n")
	for name, tt := range language {
		source.WriteString(`"` + name + `": async () => {` + tt.body + "},\n")
	}
	source.WriteString("};\n" + handler(`
		try {
			const v = await cases[decodeURIComponent(new URL(request.url).pathname.slice(1))]()
			return new Response(typeof v === "string" ? v : JSON.stringify(v))
		} catch (e) {
			return new Response(e.name + ": " + e.message)
		}`))
	w := newBench(source.String()).load(t)
	for name, tt := range language {
		t.Run(name, func(t *testing.T) {
			if got := get(t, w, "/"+url.PathEscape(name)); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

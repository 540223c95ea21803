package webcore

import "testing"

func TestStructuredClone(t *testing.T) {
	run(t, map[string]script{
		"primitives":            {`return [1, "x", null, true].map(v => structuredClone(v) === v).concat(Object.is(structuredClone(-0), -0), structuredClone(5n) === 5n, structuredClone(undefined) === undefined)`, "[true,true,true,true,true,true,true]"},
		"wrappers":              {`return [new Number(5), new String("a"), new Boolean(false), Object(5n)].map(v => { const c = structuredClone(v); return typeof c + c.valueOf() }).join()`, "object5,objecta,objectfalse,object5"},
		"cycles":                {`const o = {a: [1]}; o.o = o; o.a.push(o.a); const c = structuredClone(o); return c.o === c && c.a[1] === c.a && c !== o && c.a !== o.a`, "true"},
		"sharing":               {`const s = {}; const c = structuredClone([s, s]); return c[0] === c[1]`, "true"},
		"dates and patterns":    {`const c = structuredClone({d: new Date(5), n: new Date(NaN), r: /a/gi}); return [c.d.getTime(), isNaN(c.n), c.d instanceof Date, String(c.r), c.r.lastIndex]`, `[5,true,true,"/a/gi",0]`},
		"maps and sets":         {`const k = {}; const c = structuredClone({m: new Map([[k, new Set([1, k])]])}); const [[key, set]] = c.m; return [c.m instanceof Map, set instanceof Set, set.has(key), key !== k]`, "[true,true,true,true]"},
		"holes stay":            {`const a = [1,,3]; a.x = 4; const c = structuredClone(a); return [c.length, 1 in c, c.x, Array.isArray(c)]`, "[3,false,4,true]"},
		"instances become flat": {`class P { a = 1; get b() { return 2 } } const c = structuredClone(new P()); return [Object.keys(c), c.constructor === Object]`, `[["a"],true]`},
		"only own, enumerable, named properties": {`const o = Object.create({inherited: 1}); o.own = 1; o[Symbol("s")] = 1; Object.defineProperty(o, "hidden", {value: 1}); return Object.keys(structuredClone(o))`,
			`["own"]`},
		"getters are read":   {`return structuredClone({get x() { return 5 }})`, `{"x":5}`},
		"getters may throw":  {`structuredClone({get x() { throw new RangeError("g") }})`, "RangeError: g"},
		"__proto__ is a key": {`const c = structuredClone(JSON.parse('{"__proto__": 1}')); return [Object.keys(c), Object.getPrototypeOf(c) === Object.prototype]`, `[["__proto__"],true]`},
		"errors keep class, message, stack and cause": {`const e = new TypeError("m", {cause: {a: 1}}); const c = structuredClone(e); return [c instanceof TypeError, c.message, c.stack === e.stack, c.cause.a, c.cause !== e.cause]`,
			`[true,"m",true,1,true]`},
		"unknown errors become plain": {`class E extends Error { name = "E" } const c = structuredClone(new E("m")); return [c.constructor === Error, c.name, c.message]`, `[true,"Error","m"]`},
		"DOMExceptions":               {`const c = structuredClone(new DOMException("m", "AbortError")); return [c instanceof DOMException, c.name, c.message]`, `[true,"AbortError","m"]`},
		"views share their buffer":    {`const b = new ArrayBuffer(8); const c = structuredClone({x: new Uint8Array(b, 2, 3), y: new DataView(b, 4), z: new BigInt64Array(b)}); return [c.x.buffer === c.y.buffer, c.x.buffer === c.z.buffer, c.x.buffer !== b, c.x.byteOffset, c.x.length, c.y.byteOffset, c.y.byteLength, c.z.constructor.name]`, `[true,true,true,2,3,4,4,"BigInt64Array"]`},
		"clamped arrays stay clamped": {`return structuredClone(new Uint8ClampedArray([300])).constructor.name`, "Uint8ClampedArray"},
		"bytes are copied":            {`const a = new Uint8Array([1]); const c = structuredClone(a); a[0] = 2; return c[0]`, "1"},
		"transfer moves":              {`const u = new Uint8Array([1,2]); const c = structuredClone({u}, {transfer: [u.buffer]}); return [[...c.u], u.length, u.buffer.detached]`, "[[1,2],0,true]"},
		"a failed transfer does not":  {`const b = new ArrayBuffer(8); try { structuredClone([b, () => {}], {transfer: [b]}) } catch (e) { return [e.name, b.byteLength] }`, `["DataCloneError",8]`},
		"nothing moves twice":         {`const b = new ArrayBuffer(1); structuredClone(b, {transfer: [b, b]})`, "DataCloneError: ArrayBuffer occurs in the transfer list more than once."},
		"what is moved is gone":       {`const b = new ArrayBuffer(1); structuredClone(b, {transfer: [b]}); structuredClone(b)`, "DataCloneError: An ArrayBuffer is detached and could not be cloned."},
		"objects are not moved":       {`structuredClone(1, {transfer: [{}]})`, "DataCloneError: Value not transferable: #<Object>."},
		"functions are refused":       {`structuredClone({f: () => 1})`, "DataCloneError: () => 1 could not be cloned."},
		"symbols are refused":         {`structuredClone(Symbol("s"))`, "DataCloneError: Symbol(s) could not be cloned."},
		"the rest is refused": {`const no = [Promise.resolve(), new WeakMap(), new WeakSet(), (function* () {})(), new Proxy({}, {}), Object(Symbol()), new URL("http://a"), new AbortController().signal, [].values(), new WeakRef({}), (function () { return arguments })()];
			return no.filter(v => { try { structuredClone(v); return true } catch (e) { return e.name !== "DataCloneError" || e.code !== 25 } }).length`, "0"},
		"patched prototypes do not mislead": {`structuredClone(1); Map.prototype.forEach = Date.prototype.getTime = () => { throw 1 }; const c = structuredClone([new Map([[1, 2]]), new Date(3)]); return [[...c[0]], +c[1]]`, "[[[1,2]],3]"},
		"too deep is a RangeError":          {`let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; structuredClone(o)`, "RangeError: Maximum call stack size exceeded"},
		"the argument is needed":            {`structuredClone()`, "TypeError: Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': 1 argument required, but only 0 present."},
	})
}

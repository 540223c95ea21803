package webfetch

import (
	"net/http"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

func TestHeaders(t *testing.T) {
	runScripts(t, map[string]script{
		"names are case-insensitive":              {`const h = new Headers({'Content-Type': 'a'}); return [h.get('content-TYPE'), h.has('CONTENT-type')]`, `["a", true]`},
		"get of nothing is null":                  {`return new Headers().get('x')`, `null`},
		"append combines":                         {`const h = new Headers(); h.append('a', '1'); h.append('A', '2'); return h.get('a')`, `"1, 2"`},
		"set replaces all":                        {`const h = new Headers([['a', '1'], ['a', '2']]); h.set('a', '3'); return h.get('a')`, `"3"`},
		"delete removes all":                      {`const h = new Headers([['a', '1'], ['a', '2']]); h.delete('A'); return h.has('a')`, `false`},
		"iteration is sorted and combined":        {`return [...new Headers([['b', '1'], ['A', '2'], ['b', '3']])]`, `[["a", "2"], ["b", "1, 3"]]`},
		"each Set-Cookie is by itself":            {`return [...new Headers([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['a', 'x']])]`, `[["a", "x"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]`},
		"getSetCookie lists":                      {`const h = new Headers([['Set-Cookie', 'a=1'], ['set-cookie', 'b=2']]); return [h.getSetCookie(), h.get('set-cookie'), new Headers().getSetCookie()]`, `[["a=1", "b=2"], "a=1, b=2", []]`},
		"getAll is for Set-Cookie only":           {`const h = new Headers([['Set-Cookie', 'a=1']]); return [h.getAll('Set-Cookie'), thrown(() => h.getAll('x'))]`, `[["a=1"], "TypeError: getAll() can only be used with the header name \"Set-Cookie\"."]`},
		"keys values entries forEach":             {`const h = new Headers({b: '2', a: '1'}), seen = []; h.forEach((v, k, o) => seen.push([k, v, o === h])); return [[...h.keys()], [...h.values()], [...h.entries()], seen]`, `[["a", "b"], ["1", "2"], [["a", "1"], ["b", "2"]], [["a", "1", true], ["b", "2", true]]]`},
		"forEach takes a receiver":                {`let self; new Headers({a: '1'}).forEach(function () { self = this.x }, {x: 5}); return self`, `5`},
		"the iterator sees changes":               {`const h = new Headers({a: '1', c: '3'}), out = []; for (const [k] of h) { out.push(k); if (k === 'a') h.set('b', '2') } return out`, `["a", "b", "c"]`},
		"the iterator has its prototype":          {`const it = new Headers().entries(); return [Object.prototype.toString.call(it), it[Symbol.iterator]() === it, Headers.prototype[Symbol.iterator] === Headers.prototype.entries, kind(() => it.next.call({}))]`, `["[object Headers Iterator]", true, true, "TypeError"]`},
		"a copy is its own":                       {`const a = new Headers({x: '1'}), b = new Headers(a); b.set('x', '2'); return [a.get('x'), b.get('x')]`, `["1", "2"]`},
		"a Map is a sequence of pairs":            {`return [...new Headers(new Map([['a', '1']]))]`, `[["a", "1"]]`},
		"values are trimmed":                      {"return new Headers({a: ' \\t\\n 1 2 \\r\\n'}).get('a')", `"1 2"`},
		"values are made strings":                 {`return [...new Headers({a: 1, b: null, c: undefined})]`, `[["a", "1"], ["b", "null"], ["c", "undefined"]]`},
		"a bad name is refused":                   {`return [thrown(() => new Headers({'a b': '1'})), thrown(() => new Headers().get('')), thrown(() => new Headers().append('é', '1'))]`, `["TypeError: Invalid header name.", "TypeError: Invalid header name.", "TypeError: Invalid header name."]`},
		"a line end inside a value is refused":    {`return [thrown(() => new Headers({a: 'x\ny'})), thrown(() => new Headers().set('a', 'x\0'))]`, `["TypeError: Invalid header value.", "TypeError: Invalid header value."]`},
		"text outside of Latin-1 passes":          {`return new Headers({a: '✓'}).get('a')`, `"✓"`},
		"a pair has two elements":                 {`return [kind(() => new Headers([['a']])), kind(() => new Headers([['a', 'b', 'c']])), kind(() => new Headers(['ab']))]`, `["TypeError", "TypeError", "TypeError"]`},
		"null and primitives are no initializers": {`return [kind(() => new Headers(null)), kind(() => new Headers('a')), kind(() => new Headers(1))]`, `["TypeError", "TypeError", "TypeError"]`},
		"missing arguments are refused":           {`return [kind(() => new Headers().append('a')), kind(() => new Headers().set('a')), kind(() => new Headers().get()), kind(() => new Headers().forEach())]`, `["TypeError", "TypeError", "TypeError", "TypeError"]`},
		"a foreign receiver is refused":           {`return thrown(() => Headers.prototype.get.call({}, 'a'))`, `"TypeError: ` + idl.IllegalInvocation + `"`},
		"the class looks as WebIDL has it":        {`return [Headers.length, Headers.prototype.append.length, Object.keys(Headers.prototype).includes('get'), String(new Headers())]`, `[0, 2, true, "[object Headers]"]`},
	})
}

func TestNewHeadersCopiesGo(t *testing.T) {
	h, a := newHost(t)
	src := http.Header{"X-A": {"1", "2"}}
	_ = h.RT.Set("h", a.NewHeaders(src))
	h.Run(t, `h.set('x-a', '3')`)
	if got := src["X-A"]; len(got) != 2 {
		t.Errorf("the Go header was changed: %v", got)
	}
	if got := h.Run(t, `return h.get('x-a')`); got != "3" {
		t.Errorf("got %v", got)
	}
}

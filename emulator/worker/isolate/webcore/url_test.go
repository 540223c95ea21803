package webcore

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

func TestURL(t *testing.T) {
	run(t, map[string]script{
		"takes apart": {`const u = new URL("https://us%20er:pa@ex.com:8443/a/../b?x=1#h");
			return ["href","origin","protocol","username","password","host","hostname","port","pathname","search","hash"].map(p => u[p]).join(" ")`,
			"https://us%20er:pa@ex.com:8443/b?x=1#h https://ex.com:8443 https: us%20er pa ex.com:8443 ex.com 8443 /b ?x=1 #h"},
		"normalises": {`return ["HTTP://EX.com:80/%7Efoo/./a", "http://0x7f.1/", "http://[::1:0:0:0]/", "http://faß.de/", "http://a/b c?d'e\"#f g", "http:\\\\a\\b", " \thttp://a/\n", "file:///C|/x/..", "http://ａ.com"].map(s => new URL(s).href).join(" ")`,
			"http://ex.com/%7Efoo/a http://127.0.0.1/ http://[::1:0:0:0]/ http://xn--fa-hia.de/ http://a/b%20c?d%27e%22#f%20g http://a/b http://a/ file:///C:/ http://a.com/"},
		"resolves against a base": {`return ["../x", "//h/y", "?q", "#f", "", "g;x=1", "http:z"].map(s => new URL(s, "http://b/c/d?e#f").href).join(" ")`,
			"http://b/x http://h/y http://b/c/d?q http://b/c/d?e#f http://b/c/d?e http://b/c/g;x=1 http://b/c/z"},
		"refuses nonsense":            {`return ["", "x", "http://a b", "http://[::g]", "http://a:99999", "http://256.1.1.1", "//a", "http://%"].filter(s => URL.canParse(s)).length`, "0"},
		"throws Workers' words":       {`new URL("nope")`, "TypeError: Invalid URL string."},
		"throws for the base too":     {`new URL("x", "nope")`, "TypeError: Invalid base URL string."},
		"parse answers null":          {`return [URL.parse("nope"), URL.parse("/a", "http://b").href]`, `[null,"http://b/a"]`},
		"origins":                     {`return ["blob:https://a.com/u", "file:///x", "data:x", "ws://a:81", "mailto:x"].map(s => new URL(s).origin).join()`, "https://a.com,null,null,ws://a:81,null"},
		"setters normalise":           {`const u = new URL("http://a/b"); u.protocol = "https"; u.port = "444x"; u.pathname = "c d"; u.search = "e=f g"; u.hash = "h"; u.username = "u@"; u.host = "z.com:1"; return u.href`, "https://u%40@z.com:1/c%20d?e=f%20g#h"},
		"setters ignore nonsense":     {`const u = new URL("http://a:81/b"); u.port = "x"; u.port = "99999"; u.host = "a b"; u.protocol = "foo"; return u.href`, "http://a:81/b"},
		"href's setter throws":        {`new URL("http://a").href = "b"`, "TypeError: Invalid URL string."},
		"an empty hash goes":          {`const u = new URL("http://a/?b#c"); u.hash = ""; u.search = "?"; return [u.href, u.search]`, `["http://a/?",""]`},
		"text and JSON are the href":  {`const u = new URL("http://a/b"); return [String(u), JSON.stringify({u}), u.toString()]`, `["http://a/b","{\"u\":\"http://a/b\"}","http://a/b"]`},
		"attributes are enumerable":   {`return Object.keys(URL.prototype).sort().join()`, "hash,host,hostname,href,origin,password,pathname,port,protocol,search,searchParams,toJSON,toString,username"},
		"foreign receivers are not":   {`Object.getOwnPropertyDescriptor(URL.prototype, "href").get.call({})`, "TypeError: " + idl.IllegalInvocation},
		"lone surrogates become FFFD": {`return new URL("http://a/\uD800").pathname`, "/%EF%BF%BD"},
	})
}

func TestURLSearchParams(t *testing.T) {
	run(t, map[string]script{
		"parses": {`return [...new URLSearchParams("?a=b+c&d=%2B%26&&e&f=g=h&%zz=%E9")].join("|")`, "a,b c|d,+&|e,|f,g=h|%zz,\uFFFD"},
		"serialises": {`return String(new URLSearchParams({a: "b c", "d&": "é~!*()'-._", e: "\u{1F600}"}))`,
			"a=b+c&d%26=%C3%A9%7E%21*%28%29%27-._&e=%F0%9F%98%80"},
		"takes pairs, maps and itself":  {`return [[["a","1"],["a","2"]], new Map([["b", 3]]), new URLSearchParams("c=4")].map(x => String(new URLSearchParams(x))).join("|")`, "a=1&a=2|b=3|c=4"},
		"takes null as text":            {`return String(new URLSearchParams(null))`, "null="},
		"refuses halves of pairs":       {`new URLSearchParams([["a"]])`, "TypeError: Failed to construct 'URLSearchParams': Sequence initializer must only contain pair elements."},
		"refuses symbols as names":      {`new URLSearchParams({[Symbol("s")]: 1})`, "TypeError: Cannot convert a Symbol value to a string"},
		"looks up":                      {`const p = new URLSearchParams("a=1&a=2&b="); return [p.get("a"), p.get("b"), p.get("c"), p.getAll("a"), p.has("a", "2"), p.has("a", "3"), p.size]`, `["1","",null,["1","2"],true,false,3]`},
		"set keeps the first's place":   {`const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", 9); p.set("c", 4); return String(p)`, "a=9&b=2&c=4"},
		"delete takes a value":          {`const p = new URLSearchParams("a=1&a=2&b=3"); p.delete("a", "1"); p.delete("b"); return String(p)`, "a=2"},
		"sorts stably by UTF-16":        {`const p = new URLSearchParams("\uFB03=1&\u{1F600}=2&b=1&a=2&a=1"); p.sort(); return [...p.keys()].join("") + p.getAll("a")`, "aab\U0001F600\uFB032,1"},
		"is a URL's own":                {`const u = new URL("http://a/?x=1#h"); u.searchParams.append("y", "&="); u.searchParams.delete("x"); return u.href`, "http://a/?y=%26%3D#h"},
		"follows its URL":               {`const u = new URL("http://a/?x=1"); const p = u.searchParams; u.search = "z=2"; const s = String(p); u.href = "http://b/?w"; return [s, String(p), p === u.searchParams]`, `["z=2","w=",true]`},
		"leaves the query alone unread": {`const u = new URL("http://a/?x=a b'"); u.searchParams.get("x"); const before = u.href; u.searchParams.append("y", "1"); return [before, u.href]`, `["http://a/?x=a%20b%27","http://a/?x=a+b%27&y=1"]`},
		"the last one takes the ?":      {`const u = new URL("http://a/?x"); u.searchParams.delete("x"); return u.href`, "http://a/"},
		"iterates while it changes":     {`const p = new URLSearchParams("a=1&b=2&c=3"); const seen = []; for (const [k] of p) { seen.push(k); p.delete("b") } return seen`, `["a","c"]`},
		"iterators are live objects":    {`const i = new URLSearchParams("a=1").entries(); return [String(i), i[Symbol.iterator]() === i, i.next(), i.next()]`, `["[object URLSearchParams Iterator]",true,{"done":false,"value":["a","1"]},{"done":true,"value":null}]`},
		"iterators check receivers":     {`new URLSearchParams("a").keys().next.call({})`, "TypeError: " + idl.IllegalInvocation},
		"forEach passes all":            {`const p = new URLSearchParams("a=1"); let r; p.forEach(function (v, k, o) { r = [v, k, o === p, this.t] }, {t: 1}); return r`, `["1","a",true,1]`},
		"Symbol.iterator is entries":    {`return URLSearchParams.prototype[Symbol.iterator] === URLSearchParams.prototype.entries`, "true"},
	})
}

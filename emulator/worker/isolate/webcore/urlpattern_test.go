package webcore

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// match shows what a component of a pattern matched, or the error.
const patternHelper = `
const show = (...args) => { try { const p = new URLPattern(...args); return ['protocol','username','password','hostname','port','pathname','search','hash'].map(k => p[k]).join(' ') } catch (e) { return e.name } };
const groups = (pattern, input, part = 'pathname') => { const m = new URLPattern(pattern).exec(input); return m && [m[part].input, m[part].groups] };
`

func TestURLPatternParsesItsConstructorStrings(t *testing.T) {
	scripts := map[string]script{}
	for args, want := range map[string]string{
		`"https://example.com:8080/foo?bar#baz"`:                 "https * * example.com 8080 /foo bar baz",
		`"https://example.com/"`:                                 "https * * example.com  / * *",
		`"https://example.com?foo"`:                              "https * * example.com  / foo *",
		`"https://example.com#foo"`:                              "https * * example.com  /  foo",
		`"http{s}?://{*.}?example.com/:product/:id"`:             "http{s}? * * {*.}?example.com  /:product/:id * *",
		`"/foo?bar#baz", "https://example.com:8080"`:             "https * * example.com 8080 /foo bar baz",
		`"?bar", "https://example.com/foo#baz"`:                  "https * * example.com  /foo bar *",
		`"https://example.com/*?foo"`:                            "https * * example.com  /*?foo * *",
		`"https://example.com/*\\?foo"`:                          "https * * example.com  /* foo *",
		`"https://:user::pass@example.com"`:                      "https :user :pass example.com  * * *",
		`"https\\:foo\\:bar@example.com"`:                        "https foo bar example.com  * * *",
		`"data\\:foobar"`:                                        "data * *   foobar * *",
		`"data:foobar"`:                                          "TypeError",
		`"/foo"`:                                                 "TypeError",
		`"/foo", ""`:                                             "TypeError",
		`"https://{sub{.}}example.com/foo"`:                      "TypeError",
		`"http://[\\:\\:AB\\::num]/"`:                            `http * * [\:\:ab\::num]  / * *`,
		`"https://(sub.)?example(.com/)foo"`:                     "https * * (sub.)?example(.com/)foo  * * *",
		`"#foo", "https://example.com/?q=*&v=?&hmm={}&umm=()"`:   `https * * example.com  / q=\*&v=\?&hmm=\{\}&umm=\(\) foo`,
		`{pathname: "b", baseURL: "https://example.com/foo/"}`:   "https * * example.com  /foo/b * *",
		`{pathname: "/foo/../bar"}`:                              "* * * * * /bar * *",
		`{pathname: "var x = 1;"}`:                               "* * * * * var%20x%20=%201; * *",
		`{protocol: "javascript", pathname: "var x = 1;"}`:       "javascript * * * * var x = 1; * *",
		`{protocol: "http", port: "80"}`:                         "http * * *  * * *",
		`{protocol: "http", port: "80 "}`:                        "http * * *  * * *",
		`{protocol: "http{s}?:", search: "?bar", hash: "#baz"}`:  "http{s}? * * * * * bar baz",
		`{hostname: "café.com"}`:                                 "* * * xn--caf-dma.com * * * *",
		`{username: "café"}`:                                     "* caf%C3%A9 * * * * * *",
		`{hostname: "bad hostname"}`:                             "TypeError",
		`{hostname: "bad#hostname"}`:                             "* * * bad * * * *",
		`{hostname: "bad\nhostname"}`:                            "* * * badhostname * * * *",
		`{hostname: "[\\:\\:xY\\::num]"}`:                        "TypeError",
		`{pathname: "(café)"}`:                                   "TypeError",
		`{pathname: "/(\\m)"}`:                                   "TypeError",
		`{pathname: "/:id/:id"}`:                                 "TypeError",
		`{pathname: "/foo"}, "https://example.com"`:              "TypeError",
		`{port: "invalid80"}`:                                    "TypeError",
		`"/foo", {ignoreCase: true}, "https://example.com:8080"`: "TypeError",
	} {
		scripts[args] = script{patternHelper + "return show(" + args + ")", want}
	}
	run(t, scripts)
}

func TestURLPatternNormalisesItsPatterns(t *testing.T) {
	scripts := map[string]script{}
	for pattern, want := range map[string]string{
		`/foo/(.*)`: "/foo/*", `/foo/(.*)?`: "/foo/*?", `/foo/(.*)*`: "/foo/**", `/foo{/bar}`: "/foo/bar", `/foo{/bar}?`: "/foo{/bar}?",
		`{:foo}{(.*)}`: "{:foo}(.*)", `{:foo}{(.*)bar}`: ":foo{*bar}", `{:foo}:bar(.*)`: ":foo:bar(.*)", `{:foo}?(.*)`: ":foo?*",
		`{:foo\\.bar}`: "{:foo.bar}", `:foo\\bar`: "{:foo}bar", `:foo{}(.*)`: "{:foo}(.*)", `:foo{}?bar`: "{:foo}bar", `*{}**?`: "*(.*)?",
		`*\\/*`: "*/{*}", `/:foo\\bar`: "{/:foo}bar", `(foo)?(.*)`: "(foo)?*", `/foo\\{`: "/foo%7B", `{:foo\\bar}`: `{:foo\bar}`,
	} {
		scripts[pattern] = script{"return new URLPattern({pathname: '" + pattern + "'}).pathname", want}
	}
	run(t, scripts)
}

func TestURLPatternMatches(t *testing.T) {
	scripts := map[string]script{}
	for call, want := range map[string]string{
		`{pathname: "/foo/:bar"}, {pathname: "/foo/index.html"}`:                               `["/foo/index.html",{"bar":"index.html"}]`,
		`{pathname: "/foo/:bar"}, {pathname: "/foo/"}`:                                         `null`,
		`{pathname: "/foo/:bar+"}, {pathname: "/foo/bar/baz"}`:                                 `["/foo/bar/baz",{"bar":"bar/baz"}]`,
		`{pathname: "/foo/:bar*"}, {pathname: "/foo/"}`:                                        `null`,
		`{pathname: "/foo{/bar}*"}, {pathname: "/foo/bar/bar"}`:                                `["/foo/bar/bar",{}]`,
		`{pathname: "/foo/([^\\/]+?)"}, {pathname: "/foo/bar"}`:                                `["/foo/bar",{"0":"bar"}]`,
		`{pathname: "{:foo}(.*)"}, {pathname: "foobarbaz"}`:                                    `["foobarbaz",{"0":"oobarbaz","foo":"f"}]`,
		`{pathname: "/(\\d+)-:rest"}, "https://example.com/12-x"`:                              `["/12-x",{"0":"12","rest":"x"}]`,
		`{pathname: "/foo/bar"}, {pathname: "/foo/./bar"}`:                                     `["/foo/bar",{}]`,
		`{pathname: "/:\u2118"}, {pathname: "/foo"}`:                                           `["/foo",{"℘":"foo"}]`,
		`{protocol: "data", pathname: ":number([0-9]+)"}, "data:8675309"`:                      `["8675309",{"number":"8675309"}]`,
		`{pathname: "/*"}, {pathname: "foo", baseURL: "data:x"}`:                               `null`,
		`"https://{*.}?example.com/:p", "https://a.b.example.com/x", "hostname"`:               `["a.b.example.com",{"0":"a.b"}]`,
		`{hostname: "{[\\:\\::num\\:1]}"}, {hostname: "[::ab:1]"}, "hostname"`:                 `["[::ab:1]",{"num":"ab"}]`,
		`{port: "*"}, {port: "invalid80"}, "port"`:                                             `null`,
		`{protocol: "http", port: "80"}, {protocol: "http", port: "80"}, "port"`:               `["",{}]`,
		`"data\\:text/javascript,let x = 100/:tens?5;", "data:text/javascript,let x = 100/5;"`: `["text/javascript,let x = 100/5;",{}]`,
		`{pathname: "/a", baseURL: "https://x.com?q"}, "https://x.com/a?other"`:                `["/a",{}]`,
	} {
		scripts[call] = script{patternHelper + "return JSON.stringify(groups(" + call + "))", want}
	}
	run(t, scripts)
}

func TestURLPattern(t *testing.T) {
	run(t, map[string]script{
		"groups that took no part are undefined": {`const g = new URLPattern({pathname: '/foo/:bar?'}).exec({pathname: '/foo'}).pathname.groups;
			return [Object.keys(g), g.bar === undefined]`, `[["bar"],true]`},
		"the same of a regular expression": {`const g = new URLPattern({hostname: '(sub.)?example.com'}).exec('https://example.com').hostname.groups;
			return [Object.keys(g), g[0] === undefined]`, `[["0"],true]`},
		"case is ignored when asked": {`const p = new URLPattern({pathname: '/foo/(b)', hostname: 'X.com'}, {ignoreCase: true});
			return [p.test('https://x.com/FOO/B'), new URLPattern({pathname: '/foo'}).test({pathname: '/FOO'})]`, `[true,false]`},
		"regular expressions of one's own are known": {`return ['*', ':a', '/(.*)', '([^\\/]+?)', '/(a)', '/:a(b)'].map(pathname => new URLPattern({pathname}).hasRegExpGroups)`,
			`[false,false,false,false,true,true]`},
		"nothing matches all": {`return [new URLPattern().test('https://example.com/'), JSON.stringify(new URLPattern().exec().inputs), new URLPattern().test('no url')]`,
			`[true,"[{}]",false]`},
		"a relative input takes a base": {`const m = new URLPattern({pathname: '/foo/bar'}).exec('./foo/bar', 'https://example.com');
			return [m.inputs, m.hostname.input, new URLPattern({pathname: '*'}).test('foo', 'not|a|valid|url')]`,
			`[["./foo/bar","https://example.com"],"example.com",false]`},
		"a dictionary takes none": {`return new URLPattern().test({}, 'https://example.com')`,
			"TypeError: Failed to execute 'test' on 'URLPattern': a base URL goes with a string only."},
		"inputs are echoed":       {`return JSON.stringify(new URLPattern().exec({pathname: '/a', search: 'b', more: 1}).inputs)`, `[{"pathname":"/a","search":"b"}]`},
		"its methods are guarded": {`return URLPattern.prototype.test.call({})`, "TypeError: " + idl.IllegalInvocation},
		"it can be replaced":      {`globalThis.URLPattern = 7; return URLPattern`, "7"},
		"it is a class":           {`const p = new URLPattern(); return [p instanceof URLPattern, Object.prototype.toString.call(p), URLPattern.length, Object.keys(globalThis).includes('URLPattern')]`, `[true,"[object URLPattern]",0,false]`},
	})
}

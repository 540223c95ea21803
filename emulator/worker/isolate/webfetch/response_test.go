package webfetch

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

func TestResponse(t *testing.T) {
	runScripts(t, map[string]script{
		"defaults":                           {`const r = new Response(); return [r.status, r.statusText, r.ok, r.type, r.url, r.redirected, r.body, [...r.headers], await r.text(), r.bodyUsed]`, `[200, "", true, "default", "", false, null, [], "", false]`},
		"init":                               {`const r = new Response('x', {status: 404, statusText: 'Gone fishing', headers: {a: '1'}}); return [r.status, r.statusText, r.ok, r.headers.get('a'), r.headers.get('content-type')]`, `[404, "Gone fishing", false, "1", "text/plain;charset=UTF-8"]`},
		"no text unless code gives one":      {`return [201, 404].map((status) => new Response(null, {status}).statusText)`, `["", ""]`},
		"a status out of range is refused":   {`return [199, 600, 0, NaN].map((status) => thrown(() => new Response(null, {status})))`, `["RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive."]`},
		"a status text is one line":          {`return kind(() => new Response(null, {statusText: 'a\nb'}))`, `"TypeError"`},
		"null body statuses have no body":    {`return [204, 205, 304].map((status) => [thrown(() => new Response('x', {status})), new Response('', {status}).body, new Response(null, {status}).body])`, `[["TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.", null, null], ["TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.", null, null], ["TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.", null, null]]`},
		"json":                               {`const r = Response.json({a: [1]}, {status: 201, headers: {x: 'y'}}); return [r.status, r.headers.get('content-type'), r.headers.get('x'), await r.json()]`, `[201, "application/json", "y", {"a": [1]}]`},
		"json keeps a declared type":         {`return Response.json(1, {headers: {'content-type': 'a/b'}}).headers.get('content-type')`, `"a/b"`},
		"json of nothing is refused":         {`const loop = {}; loop.loop = loop; return [kind(() => Response.json(undefined)), kind(() => Response.json(Symbol())), kind(() => Response.json(loop)), kind(() => Response.json())]`, `["TypeError", "TypeError", "TypeError", "TypeError"]`},
		"redirect":                           {`const r = Response.redirect('https://a.test/x y', 301); return [r.status, r.headers.get('location'), kind(() => r.headers.set('a', 'b')), Response.redirect('https://a.test').status]`, `[301, "https://a.test/x%20y", "TypeError", 302]`},
		"redirect checks":                    {`return [thrown(() => Response.redirect('/x')), thrown(() => Response.redirect('https://a.test', 200))]`, `["TypeError: Unable to parse URL: /x", "RangeError: 200 is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308."]`},
		"error":                              {`const r = Response.error(); return [r.type, r.status, r.statusText, r.body, r.ok, kind(() => r.headers.set('a', 'b'))]`, `["error", 0, "", null, false, "TypeError"]`},
		"a response is an initializer":       {`const a = new Response('x', {status: 418, headers: {h: '1'}}), b = new Response('y', a); b.headers.set('h', '2'); return [b.status, b.statusText, a.headers.get('h'), await b.text(), await a.text()]`, `[418, "", "1", "y", "x"]`},
		"the body of another":                {`const a = new Response('x'), b = new Response(a.body, {headers: {h: '1'}}); return [await b.text(), a.bodyUsed, b.headers.get('content-type')]`, `["x", true, null]`},
		"clone":                              {`const a = new Response('x', {status: 201, headers: {h: '1'}}), b = a.clone(); b.headers.set('h', '2'); return [b.status, a.headers.get('h'), await a.text(), await b.text()]`, `[201, "1", "x", "x"]`},
		"clone of no body":                   {`return new Response(null).clone().body`, `null`},
		"clone keeps immutable headers":      {`return kind(() => Response.redirect('https://a.test').clone().headers.set('a', 'b'))`, `"TypeError"`},
		"a used response cannot be cloned":   {`const a = new Response('x'); await a.text(); return thrown(() => a.clone())`, `"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."`},
		"encodeBody is checked":              {`return thrown(() => new Response('x', {encodeBody: 'x'}))`, `"TypeError: encodeBody: unexpected value: x"`},
		"webSocket says what is missing":     {`return thrown(() => new Response(null, {webSocket: {}}))`, `"TypeError: This engine cannot answer with a WebSocket yet."`},
		"cf":                                 {`return [new Response(null, {cf: {a: 1}}).cf, new Response().cf === undefined]`, `[{"a": 1}, true]`},
		"the class looks as WebIDL has it":   {`return [Response.length, String(new Response()), Response.json.length, Response.redirect.length]`, `[0, "[object Response]", 1, 1]`},
		"a stream that was read is refused":  {`const s = new ReadableStream({start(c) { c.enqueue(utf8('a')) }}); const r = s.getReader(); const locked = kind(() => new Response(s)); await r.read(); r.releaseLock(); return [locked, kind(() => new Response(s))]`, `["TypeError", "TypeError"]`},
		"an async iterable is a body":        {`const it = {i: 0, [Symbol.asyncIterator]() { return this }, async next() { return this.i++ < 2 ? {value: utf8('x'), done: false} : {done: true} }}; return await new Response(it).text()`, `"xx"`},
		"an object is its string":            {`return [await new Response({}).text(), await new Response(new String('x')).text(), await new Response(5).text()]`, `["[object Object]", "x", "5"]`},
		"an iterable is a stream":            {`return [await new Response([utf8('a'), utf8('b')]).text(), await new Response(new Set([utf8('c')])).text(), await new Response({[Symbol.iterator]: [][Symbol.iterator], toString: () => 'own'}).text()]`, `["ab", "c", "own"]`},
		"a stream of strings is not bytes":   {`return await rejected(new Response(new ReadableStream({start(c) { c.enqueue('x'); c.close() }})).text())`, `"TypeError: This ReadableStream did not return bytes."`},
		"an error of the stream arrives":     {`return await rejected(new Response(new ReadableStream({start(c) { c.error(new RangeError('why')) }})).text())`, `"RangeError: why"`},
		"parts of views are bodies":          {`return [await new Response(utf8('abcd').subarray(1, 3)).text(), await new Response(utf8('ab').buffer).text(), await new Response(new DataView(utf8('abcd').buffer, 1, 2)).text()]`, `["bc", "ab", "bc"]`},
		"a buffer is copied":                 {`const b = utf8('ab'), r = new Response(b); b[0] = 0; return await r.text()`, `"ab"`},
		"URLSearchParams":                    {`const r = new Response(new URLSearchParams({a: '1 2'})); return [r.headers.get('content-type'), await r.text()]`, `["application/x-www-form-urlencoded;charset=UTF-8", "a=1+2"]`},
		"a Blob brings its type":             {`const r = new Response(new Blob(['x'], {type: 'A/B'})), s = new Response(new Blob(['x'])); return [r.headers.get('content-type'), await r.text(), s.headers.get('content-type')]`, `["a/b", "x", null]`},
		"arrayBuffer, bytes and blob":        {`const r = () => new Response('hü', {headers: {'content-type': 'Text/X; Charset="a b"'}}); const b = await r().blob(); return [(await r().arrayBuffer()).byteLength, (await r().bytes()) instanceof Uint8Array, b.size, b.type]`, `[3, true, 3, "text/x;charset=\"a b\""]`},
		"bad UTF-8 becomes U+FFFD by parts":  {`return await new Response(new Uint8Array([0xE2, 0x82, 0x41, 0xFF, 0xF0, 0x9F, 0x98, 0xED, 0xA0])).text()`, `"\ufffdA\ufffd\ufffd\ufffd\ufffd"`},
		"a byte order mark is taken off":     {`return [await new Response('\ufeffa').text(), await new Response(new Uint8Array([0xEF, 0xBB, 0xBF, 0x61])).text()]`, `["a", "a"]`},
		"a lone surrogate becomes U+FFFD":    {`return await new Response('a\ud800b').text()`, `"a\ufffdb"`},
		"bad JSON is a SyntaxError":          {`return await rejectedKind(new Response('{').json())`, `"SyntaxError"`},
		"two readings, one refused":          {`const r = new Response('x'); const p = r.text(); return [await p, r.bodyUsed, await rejected(r.json())]`, `["x", true, "TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."]`},
		"methods reject, not throw":          {`return [await rejected(Response.prototype.text.call({})), await rejectedKind(Response.prototype.json.call(null))]`, `["TypeError: ` + idl.IllegalInvocation + `", "TypeError"]`},
		"body is the same object every time": {`const r = new Response('x'); return r.body === r.body`, `true`},
		"body after use is disturbed":        {`const r = new Response('x'); await r.text(); return [r.body.locked, r.bodyUsed, await rejectedKind(r.body.cancel())]`, `[true, true, "TypeError"]`},
		"cancel uses the body":               {`const r = new Response('x'); await r.body.cancel(); return r.bodyUsed`, `true`},
	})
}

func take(t *testing.T, code string) *http.Response {
	t.Helper()
	h, a := newHost(t)
	v, err := h.RT.RunString("(() => {" + code + "})()")
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.TakeResponse(v)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTakeResponse(t *testing.T) {
	for name, tt := range map[string]struct {
		code, status, body string
		length             int64
		header             map[string]string
	}{
		"text has a length":                    {`return new Response('hü', {status: 201})`, "201 Created", "hü", 3, map[string]string{"Content-Type": "text/plain;charset=UTF-8"}},
		"no body":                              {`return new Response(null, {status: 204, statusText: 'No'})`, "204 No", "", 0, nil},
		"a Content-Length of code is left out": {`return new Response('abc', {headers: {'content-length': '7'}})`, "200 OK", "abc", 3, map[string]string{"Content-Length": ""}},
		"a body that was looked at":            {`const r = new Response('abc'); r.body; return r`, "200 OK", "abc", 3, nil},
		"a clone":                              {`const r = new Response('abc'); r.clone(); return r`, "200 OK", "abc", 3, nil},
		"json":                                 {`return Response.json({a: 1})`, "200 OK", `{"a":1}`, 7, map[string]string{"Content-Type": "application/json"}},
	} {
		t.Run(name, func(t *testing.T) {
			res := take(t, tt.code)
			b, err := io.ReadAll(res.Body)
			if err != nil || string(b) != tt.body || res.Status != tt.status || res.ContentLength != tt.length {
				t.Errorf("got %q %q %d, %v", res.Status, b, res.ContentLength, err)
			}
			for name, want := range tt.header {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: got %q", name, got)
				}
			}
		})
	}
}

func TestHeadLength(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"of no body":            {`new Response(null, {headers: {'content-length': '7'}})`, "7"},
		"of a body":             {`new Response('abc', {headers: {'content-length': '7'}})`, ""},
		"that was not declared": {`new Response(null)`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			v, err := h.RT.RunString(tt.code)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := a.HeadLength(v); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestTakeResponseRefuses(t *testing.T) {
	for name, tt := range map[string]script{
		"what is no response": {`return {status: 200}`, "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'."},
		"nothing":             {`return undefined`, "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'."},
		"a used body":         {`const r = new Response('x'); r.text(); return r`, "TypeError: " + bodyUsedText},
		"a locked body":       {`const r = new Response('x'); r.body.getReader(); return r`, "TypeError: " + lockedText},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			v, err := h.RT.RunString("(() => {" + tt.code + "})()")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.TakeResponse(v); err == nil || err.Error() != tt.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.Bytes()
}

func gunzip(t *testing.T, b []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v: %q", err, b)
	}
	s, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func TestContentEncoding(t *testing.T) {
	coded := gzipped("content")
	for name, tt := range map[string]struct {
		code   string
		header string
		check  func(t *testing.T, b []byte, length int64)
	}{
		"passed on, the bytes stay as they came": {`return up`, "gzip", func(t *testing.T, b []byte, length int64) {
			if !bytes.Equal(b, coded) || length != int64(len(coded)) {
				t.Errorf("got %q, %d", b, length)
			}
		}},
		"the same through another Response": {`return new Response(up.body, up)`, "gzip", func(t *testing.T, b []byte, length int64) {
			if !bytes.Equal(b, coded) {
				t.Errorf("got %q", b)
			}
		}},
		"without the header it is decoded": {`return new Response(up.body)`, "", func(t *testing.T, b []byte, length int64) {
			if string(b) != "content" || length != -1 {
				t.Errorf("got %q, %d", b, length)
			}
		}},
		"a text is encoded as declared": {`return new Response('text', {headers: {'content-encoding': 'gzip'}})`, "gzip", func(t *testing.T, b []byte, length int64) {
			if gunzip(t, b) != "text" || length != -1 {
				t.Errorf("got %q, %d", b, length)
			}
		}},
		"manual bytes are sent as they are": {`return new Response('text', {encodeBody: 'manual', headers: {'content-encoding': 'gzip'}})`, "gzip", func(t *testing.T, b []byte, length int64) {
			if string(b) != "text" || length != 4 {
				t.Errorf("got %q, %d", b, length)
			}
		}},
		"br is encoded too": {`return new Response('text', {headers: {'content-encoding': 'br'}})`, "br", func(t *testing.T, b []byte, length int64) {
			text, err := io.ReadAll(brotli.NewReader(bytes.NewReader(b)))
			if string(text) != "text" || err != nil || length != -1 {
				t.Errorf("got %q, %v, %d", text, err, length)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			_ = h.RT.Set("up", a.NewResponse(&http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {"gzip"}}, ContentLength: int64(len(coded)), Body: io.NopCloser(bytes.NewReader(coded))}))
			v, err := h.RT.RunString("(() => {" + tt.code + "})()")
			if err != nil {
				t.Fatal(err)
			}
			res, err := a.TakeResponse(v)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Header.Get("Content-Encoding"); got != tt.header {
				t.Errorf("Content-Encoding %q", got)
			}
			tt.check(t, b, res.ContentLength)
		})
	}
	t.Run("code reads the content", func(t *testing.T) {
		h, a := newHost(t)
		_ = h.RT.Set("up", a.NewResponse(&http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {"gzip"}}, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(coded))}))
		if got := h.Run(t, `const c = up.clone(); return (await up.text()) + string((await readAll(c.body))[0])`); got != "contentcontent" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("code reads br, and is told when it is broken", func(t *testing.T) {
		h, a := newHost(t)
		for name, body := range map[string]string{"right": "\x0b\x02\x80hello\x03", "broken": "\x0b\x02\x80he", "empty": ""} {
			_ = h.RT.Set(name, a.NewResponse(&http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {"br"}}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}))
		}
		if got := h.Run(t, `return await right.text() + '|' + await empty.text() + '|' + await rejected(broken.text())`); got != "hello||TypeError: unexpected EOF" {
			t.Errorf("got %v", got)
		}
	})
}

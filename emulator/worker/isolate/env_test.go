package isolate_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A script is what a binding shall be asked, and what it answers.
type exchange struct {
	request string // "METHOD target", then header lines, an empty line and the body
	answer  *http.Response
}

// product answers exchanges in order and fails the test on any other request. Header lines that an
// exchange does not name are not compared.
func product(t *testing.T, exchanges ...exchange) http.RoundTripper {
	t.Helper()
	var mu sync.Mutex
	next := 0
	t.Cleanup(func() {
		if next != len(exchanges) {
			t.Errorf("%d requests, want %d", next, len(exchanges))
		}
	})
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if next == len(exchanges) {
			return nil, fmt.Errorf("unexpected request %s %s", r.Method, r.URL.RequestURI())
		}
		want := exchanges[next]
		next++
		head, wantBody, _ := strings.Cut(want.request, "\n\n")
		lines := strings.Split(head, "\n")
		if got := r.Method + " " + r.URL.EscapedPath() + map[bool]string{true: "?" + r.URL.RawQuery}[r.URL.RawQuery != ""]; got != lines[0] {
			t.Errorf("request %d: %s\nwant %s", next, got, lines[0])
		}
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			if got := strings.Join(r.Header.Values(name), "|"); got != value {
				t.Errorf("%s: %s: %s\nwant %s", lines[0], name, got, value)
			}
		}
		if string(body) != wantBody {
			t.Errorf("%s: body %s\nwant %s", lines[0], body, wantBody)
		}
		if r.ContentLength >= 0 && r.ContentLength != int64(len(body)) {
			t.Errorf("%s: content length %d of %d", lines[0], r.ContentLength, len(body))
		}
		return want.answer, nil
	})
}

// use runs a handler with one binding, B, and returns its answer.
func use(t *testing.T, typ string, service http.RoundTripper, body string) string {
	t.Helper()
	b := newBench(handler(`
		const fails = async f => { try { return await f() } catch (e) { return e.name + ": " + e.message + (e.cause ? " <" + e.cause.message + ">" : "") } }
		` + body))
	b.spec.Bindings = []worker.Binding{{Name: "B", Type: typ, Service: service}}
	return get(t, b.load(t), "/")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const (
	queryAll = "POST /query?resultsFormat=ROWS_AND_COLUMNS\nContent-Type: application/json\n"
	execute  = "POST /execute?resultsFormat=NONE\nContent-Type: application/json\n"
)

func TestD1(t *testing.T) {
	const meta = `"meta":{"served_by":"cfemu.db","duration":0.5,"changes":1,"last_row_id":7,"changed_db":true,"size_after":8192,"rows_read":1,"rows_written":1}`
	rows := func(columns, rows string) string {
		return `{"success":true,"results":{"columns":` + columns + `,"rows":` + rows + `},` + meta + `}`
	}
	one := "[" + rows(`["id","id","b"]`, `[[1,2,[1,2,3]]]`) + "]"
	t.Run("all makes objects of rows", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{
			queryAll + "\n" + `{"sql":"SELECT * FROM t WHERE a=? AND b=?2","params":[1,"x"]}`, answer(200, one)}),
			`return Response.json(await env.B.prepare("SELECT * FROM t WHERE a=? AND b=?2").bind(1, "x").all())`),
			`{"success":true,`+meta+`,"results":[{"id":2,"b":[1,2,3]}]}`)
	})
	t.Run("values come through whole", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{queryAll + "\n" + `{"sql":"s","params":[]}`,
			answer(200, "["+rows(`["a","__proto__","é"]`, `[[-1.5e3,null,"\u00e9\ud83d\ude00 \"q\" \\ \n"],[9007199254740993,true,""],[0,-0,"\ud800"]]`)+"]")}),
			`const { results } = await env.B.prepare("s").all()
			return Response.json([results, Object.keys(results[0]), Object.is(results[2].__proto__, -0), results[2]["é"].charCodeAt(0)])`),
			`[[{"a":-1500,"__proto__":null,"é":"é😀 \"q\" \\ \n"},{"a":9007199254740992,"__proto__":true,"é":""},{"a":0,"__proto__":0,"é":"\ud800"}],["a","__proto__","é"],true,55296]`)
	})
	t.Run("raw keeps duplicate columns", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{queryAll + "\n" + `{"sql":"s","params":[]}`, answer(200, one)}, exchange{queryAll + "\n" + `{"sql":"s","params":[]}`, answer(200, one)}),
			`const s = env.B.prepare("s"); return Response.json([await s.raw(), await s.raw({ columnNames: true })])`),
			`[[[1,2,[1,2,3]]],[["id","id","b"],[1,2,[1,2,3]]]]`)
	})
	t.Run("first is a row, a column or null", func(t *testing.T) {
		ask := exchange{request: queryAll + "\n" + `{"sql":"s","params":[]}`}
		exchanges := []exchange{ask, ask, ask, ask}
		for n := range exchanges[:3] {
			exchanges[n].answer = answer(200, one)
		}
		exchanges[3].answer = answer(200, "["+rows(`["id"]`, `[]`)+"]")
		expect(t, use(t, "d1", product(t, exchanges...),
			`const s = env.B.prepare("s")
			return Response.json([await s.first(), await s.first("id"), await fails(() => s.first("nope")), await s.first()])`),
			`[{"id":2,"b":[1,2,3]},2,"Error: D1_COLUMN_NOTFOUND: Column not found (nope) <Column not found>",null]`)
	})
	t.Run("run answers as it comes", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{execute + "\n" + `{"sql":"INSERT","params":[]}`, answer(200, `[{"success":true,"results":[],`+meta+`}]`)}),
			`return Response.json(await env.B.prepare("INSERT").run())`), `{"success":true,`+meta+`,"results":[]}`)
	})
	t.Run("parameters are encoded", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{queryAll + "\n" +
			`{"sql":"X","params":[1.5,"s",1,0,null,[1,255],[3],[1,2],null,null,0,12345678901234568]}`, answer(200, "["+rows(`[]`, `[]`)+"]")}),
			`return Response.json((await env.B.prepare("X").bind(1.5, "s", true, false, null, new Uint8Array([1, 255]), new Uint8Array([3]).buffer, [1, 2], NaN, Infinity, -0, 12345678901234567).all()).results)`),
			`[]`)
	})
	t.Run("a value of no SQL type is refused", func(t *testing.T) {
		expect(t, use(t, "d1", product(t), `const s = env.B.prepare("X")
			return Response.json([await fails(() => s.bind(undefined)), await fails(() => s.bind({})), await fails(() => s.bind(['x'])), await fails(() => s.bind(1n))])`),
			`["Error: D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined' <Type 'undefined' not supported for value 'undefined'>",`+
				`"Error: D1_TYPE_ERROR: Type 'object' not supported for value '[object Object]' <Type 'object' not supported for value '[object Object]'>",`+
				`"Error: D1_TYPE_ERROR: Type 'object' not supported for value 'x' <Type 'object' not supported for value 'x'>",`+
				`"Error: D1_TYPE_ERROR: Type 'bigint' not supported for value '1' <Type 'bigint' not supported for value '1'>"]`)
	})
	t.Run("batch is one request", func(t *testing.T) {
		expect(t, use(t, "d1", product(t, exchange{queryAll + "\n" + `[{"sql":"a","params":[1]},{"sql":"b","params":[]}]`,
			answer(200, "["+rows(`["x"]`, `[[1]]`)+","+rows(`["y"]`, `[["two"]]`)+"]")}),
			`const all = await env.B.batch([env.B.prepare("a").bind(1), env.B.prepare("b")]); return Response.json(all.map(r => r.results))`),
			`[[{"x":1}],[{"y":"two"}]]`)
	})
	t.Run("exec is a query a line", func(t *testing.T) {
		expect(t, use(t, "d1", product(t,
			exchange{execute + "\n" + `[{"sql":"CREATE TABLE a(x);"},{"sql":"INSERT INTO a VALUES (1);"}]`, answer(200, `[{"success":true,`+meta+`},{"success":true,`+meta+`}]`)},
			exchange{execute + "\n" + `[{"sql":"ok"},{"sql":"bad"}]`, answer(200, `{"success":false,"error":"near: SQLITE_ERROR"}`)}),
			`return Response.json([await env.B.exec("CREATE TABLE a(x);\nINSERT INTO a VALUES (1);\n"), await fails(() => env.B.exec("ok\nbad"))])`),
			`[{"count":2,"duration":1},"Error: D1_EXEC_ERROR: Error in line 1: ok: near: SQLITE_ERROR <Error in line 1: ok: near: SQLITE_ERROR>"]`)
	})
	t.Run("errors have production's text", func(t *testing.T) {
		ask := queryAll + "\n" + `{"sql":"s","params":[]}`
		expect(t, use(t, "d1", product(t,
			exchange{ask, answer(200, `{"success":false,"error":"no such table: nope: SQLITE_ERROR"}`)}, exchange{ask, answer(500, `oops`)}),
			`const s = env.B.prepare("s"); return Response.json([await fails(() => s.all()), await fails(() => s.all())])`),
			`["Error: D1_ERROR: no such table: nope: SQLITE_ERROR <no such table: nope: SQLITE_ERROR>",`+
				`"Error: D1_ERROR: Failed to parse body as JSON, got: oops <Failed to parse body as JSON, got: oops>"]`)
	})
	t.Run("a session carries its bookmark", func(t *testing.T) {
		const token = "0000000a-00000001-00000000-abc"
		ask := "\n\n" + `{"sql":"s","params":[]}`
		expect(t, use(t, "d1", product(t,
			exchange{queryAll + "x-cf-d1-session-commit-token: first-unconstrained" + ask, answer(200, one, "x-cf-d1-session-commit-token", token)},
			exchange{queryAll + "x-cf-d1-session-commit-token: " + token + ask, answer(200, one, "x-cf-d1-session-commit-token", "00000001-x")},
			exchange{queryAll + "x-cf-d1-session-commit-token: " + ask, answer(200, one)}),
			`const s = env.B.withSession(); const before = s.getBookmark()
			await s.prepare("s").all(); await s.prepare("s").all(); await env.B.prepare("s").all()
			return Response.json([before, s.getBookmark()])`), `[null,"`+token+`"]`)
	})
}

func TestErrorsOfBindingsShowTheUsersLine(t *testing.T) {
	for typ, body := range map[string]string{
		"d1":           `await env.B.prepare("s").first()`,
		"kv_namespace": `await env.B.put("k", "v")`,
		"r2_bucket":    `await env.B.put("k", "v")`,
		"queue":        `await env.B.send(1)`,
		"ai":           `await env.B.run("m", {})`,
	} {
		b := newBench(handler(body))
		b.spec.Bindings = []worker.Binding{{Name: "B", Type: typ, Service: roundTripper(func(*http.Request) (*http.Response, error) {
			return answer(500, `{"success":false,"error":"x"}`), nil
		})}}
		if ex := thrown(t, b.load(t)); len(ex.Stack) != 1 || ex.Stack[0].Line != 2 || ex.Stack[0].Function != "fetch" {
			t.Errorf("%s: %v at %v", typ, ex, ex.Stack)
		}
	}
}

func TestKV(t *testing.T) {
	t.Run("get asks for the escaped key and gives each type", func(t *testing.T) {
		ask := func(query string) string { return "GET /a%2Fb%20c%3F%C3%A9%252F%2B%26%3D%23?urlencoded=true" + query }
		expect(t, use(t, "kv_namespace", product(t,
			exchange{ask(""), answer(200, "text")}, exchange{ask(""), answer(200, `{"j":1}`)}, exchange{ask("&cache_ttl=60"), answer(200, "bytes")},
			exchange{ask(""), answer(200, "stream")}, exchange{ask(""), answer(404, "")}),
			`const k = "a/b c?é%2F+&=#"
			return Response.json([await env.B.get(k), await env.B.get(k, "json"), (await env.B.get(k, { type: "arrayBuffer", cacheTtl: 60 })).byteLength,
				await new Response(await env.B.get(k, { type: "stream" })).text(), await env.B.get(k)])`), `["text",{"j":1},5,"stream",null]`)
	})
	t.Run("metadata comes with the value", func(t *testing.T) {
		expect(t, use(t, "kv_namespace", product(t,
			exchange{"GET /k?urlencoded=true", answer(200, "v", "CF-KV-Metadata", `{"x":"é","n":1}`)}, exchange{"GET /k?urlencoded=true", answer(404, "")}),
			`return Response.json([await env.B.getWithMetadata("k"), await env.B.getWithMetadata("k")])`),
			`[{"value":"v","metadata":{"x":"é","n":1},"cacheStatus":null},{"value":null,"metadata":null,"cacheStatus":null}]`)
	})
	t.Run("put sends options, metadata and every kind of value", func(t *testing.T) {
		expect(t, use(t, "kv_namespace", product(t,
			exchange{"PUT /k%2F1%20%C3%A9?urlencoded=true&expiration_ttl=60\nContent-Type: text/plain;charset=UTF-8\nCF-KV-Metadata: {\"x\":\"é\",\"n\":1}\n\nv", answer(204, "")},
			exchange{"PUT /n?urlencoded=true&expiration=99\n\n5", answer(200, "")},
			exchange{"PUT /b?urlencoded=true\nContent-Type: \n\nAB", answer(200, "")},
			exchange{"PUT /s?urlencoded=true\n\nstreamed", answer(200, "")}),
			`await env.B.put("k/1 é", "v", { expirationTtl: 60.9, metadata: { x: "é", n: 1 } })
			await env.B.put("n", 5, { expiration: 99 })
			await env.B.put("b", new Uint8Array([65, 66]))
			await env.B.put("s", new Response("streamed").body)
			return new Response(await fails(() => env.B.put("o", {})))`),
			`TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values.`)
	})
	t.Run("delete and list", func(t *testing.T) {
		expect(t, use(t, "kv_namespace", product(t,
			exchange{"DELETE /a%2Fb?urlencoded=true", answer(200, "")},
			exchange{"GET /?key_count_limit=5&prefix=a+b%2F%C3%A9&cursor=Yg%3D%3D", answer(200, `{"keys":[{"name":"a","expiration":1999999999,"metadata":"{\"x\":1}"},{"name":"b"}],"list_complete":false,"cursor":"Yg=="}`)},
			exchange{"GET /", answer(200, `{"keys":[],"list_complete":true}`)}),
			`await env.B.delete("a/b")
			return Response.json([await env.B.list({ limit: 5, prefix: "a b/é", cursor: "Yg==" }), await env.B.list()])`),
			`[{"keys":[{"name":"a","expiration":1999999999,"metadata":{"x":1}},{"name":"b"}],"list_complete":false,"cursor":"Yg==","cacheStatus":null},{"keys":[],"list_complete":true,"cacheStatus":null}]`)
	})
	t.Run("many keys at once", func(t *testing.T) {
		expect(t, use(t, "kv_namespace", product(t,
			exchange{"POST /bulk/get\n\n" + `{"keys":["a","b"],"type":"json","withMetadata":true,"cacheTtl":"60"}`, answer(200, `{"a":{"value":{"n":1},"metadata":null},"b":null}`)}),
			`return Response.json([...await env.B.getWithMetadata(["a", "b"], { type: "json", cacheTtl: 60 })])`),
			`[["a",{"value":{"n":1},"metadata":null}],["b",null]]`)
	})
	t.Run("errors have production's text", func(t *testing.T) {
		refused := answer(413, "")
		refused.Status = "413 Value length of 26214401 exceeds limit of 26214400."
		expect(t, use(t, "kv_namespace", product(t, exchange{"PUT /k?urlencoded=true\n\nv", refused}),
			`return Response.json([await fails(() => env.B.put("k", "v")), await fails(() => env.B.get("")), await fails(() => env.B.get("..")),
				await fails(() => env.B.get("é".repeat(300)))])`),
			`["Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.","TypeError: Key name cannot be empty.",`+
				`"TypeError: \"..\" is not allowed as a key name.","Error: KV GET failed: 414 UTF-8 encoded length of 600 exceeds key length limit of 512."]`)
	})
}

// r2Put is the framing of a write.
func r2Put(meta, value string) string {
	return "PUT /\nCF-R2-Metadata-Size: " + strconv.Itoa(len(meta)) + "\n\n" + meta + value
}

func r2Get(meta string) string { return "GET /\nCF-R2-Request: " + meta }

func r2Answer(status int, meta, body string, header ...string) *http.Response {
	return answer(status, meta+body, append([]string{"CF-R2-Metadata-Size", strconv.Itoa(len(meta))}, header...)...)
}

func r2Error(status, code int, message string) []string {
	text, _ := json.Marshal(map[string]any{"version": 1, "v4code": code, "message": message})
	return []string{"CF-R2-Error", string(text)}
}

func TestR2(t *testing.T) {
	const object = `{"name":"k","version":"v1","size":5,"etag":"5d41","uploaded":"1700000000123","httpFields":{"contentType":"text/plain","cacheExpiry":"1800000000000"},"customFields":[{"k":"a","v":"b"}],"checksums":{"0":"5d41402abc4b2a76b9719d911017c592"},"storageClass":"Standard","range":{"offset":0,"length":5}}`
	t.Run("get gives the object and its body", func(t *testing.T) {
		expect(t, use(t, "r2_bucket", product(t, exchange{
			r2Get(`{"version":1,"method":"get","object":"k","range":{"offset":"0","length":"5"},"onlyIf":{"etagMatches":[{"value":"abc","type":"strong"}],"etagDoesNotMatch":[{"type":"wildcard"}],"uploadedBefore":"1700000000123","uploadedAfter":"1600000000456"}}`),
			r2Answer(200, object, "hello")}),
			`const o = await env.B.get("k", { range: { offset: 0, length: 5 }, onlyIf: { etagMatches: "abc", etagDoesNotMatch: "*", uploadedBefore: new Date(1700000000123), uploadedAfter: new Date(1600000000456) } })
			const h = new Headers(); o.writeHttpMetadata(h)
			const used = o.bodyUsed
			return Response.json([o.key, o.version, o.size, o.etag, o.httpEtag, o.uploaded, o.httpMetadata, o.customMetadata, o.range, o.checksums, o.storageClass,
				[...h], await o.text(), used, o.bodyUsed, await fails(() => o.text())])`),
			`["k","v1",5,"5d41","\"5d41\"","2023-11-14T22:13:20.123Z",{"contentType":"text/plain","cacheExpiry":"2027-01-15T08:00:00.000Z"},{"a":"b"},{"offset":0,"length":5},`+
				`{"md5":"5d41402abc4b2a76b9719d911017c592"},"Standard",[["content-type","text/plain"],["expires","Fri, 15 Jan 2027 08:00:00 GMT"]],"hello",false,true,`+
				`"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."]`)
	})
	t.Run("the body streams into a response", func(t *testing.T) {
		expect(t, use(t, "r2_bucket", product(t, exchange{r2Get(`{"version":1,"method":"get","object":"k"}`), r2Answer(200, object, "hello")}),
			`return new Response((await env.B.get("k")).body)`), `hello`)
	})
	t.Run("missing objects and failed conditions", func(t *testing.T) {
		gone := func() *http.Response {
			return answer(404, "", r2Error(404, 10007, "The specified key does not exist.")...)
		}
		expect(t, use(t, "r2_bucket", product(t,
			exchange{r2Get(`{"version":1,"method":"get","object":"k"}`), gone()},
			exchange{r2Get(`{"version":1,"method":"head","object":"k"}`), gone()},
			exchange{r2Put(`{"version":1,"method":"delete","object":"k"}`, ""), gone()},
			exchange{r2Get(`{"version":1,"method":"get","object":"k","onlyIf":{"etagDoesNotMatch":[{"value":"5d41","type":"strong"}],"secondsGranularity":true}}`),
				r2Answer(412, object, "", r2Error(412, 10031, "At least one of the pre-conditions you specified did not hold.")...)},
			exchange{r2Put(`{"version":1,"method":"put","object":"k","onlyIf":{"etagMatches":[{"value":"x","type":"strong"}]}}`, "v"),
				answer(412, "", r2Error(412, 10031, "At least one of the pre-conditions you specified did not hold.")...)},
			exchange{r2Get(`{"version":1,"method":"head","object":"k"}`), answer(400, "", r2Error(400, 10020, "The specified object name is not valid.")...)}),
			`const cond = await env.B.get("k0".slice(0, 1) , { onlyIf: undefined })
			const head = await env.B.head("k"); await env.B.delete("k")
			const not = await env.B.get("k", { onlyIf: new Headers({ "If-None-Match": '"5d41"' }) })
			const put = await env.B.put("k", "v", { onlyIf: { etagMatches: "x" } })
			return Response.json([cond, head, not.etag, "body" in not, put, await fails(() => env.B.head("k"))])`),
			`[null,null,"5d41",false,null,"Error: head: The specified object name is not valid. (10020)"]`)
	})
	t.Run("put frames metadata before bytes", func(t *testing.T) {
		meta := `{"version":1,"method":"put","object":"k","customFields":[{"k":"a","v":"b"},{"k":"é","v":"ü"}],"httpFields":{"contentType":"text/plain","cacheExpiry":"1800000000000"},"storageClass":"InfrequentAccess","md5":"XUFAKrxLKna5cZ2REBfFkg=="}`
		expect(t, use(t, "r2_bucket", product(t,
			exchange{r2Put(meta, "hello"), answer(200, object)},
			exchange{r2Put(`{"version":1,"method":"put","object":"s"}`, "streamed"), answer(200, object)},
			exchange{r2Put(`{"version":1,"method":"put","object":"e"}`, ""), answer(200, object)}),
			`const o = await env.B.put("k", "hello", { customMetadata: { a: "b", "é": "ü" }, httpMetadata: { contentType: "text/plain", cacheExpiry: new Date(1800000000000) }, md5: "5d41402abc4b2a76b9719d911017c592", storageClass: "InfrequentAccess" })
			await env.B.put("s", new Response("streamed").body); await env.B.put("e", null)
			const unknown = new ReadableStream({ start(c) { c.close() } })
			return Response.json([o.size, o.customMetadata, await fails(() => env.B.put("u", unknown)), await fails(() => env.B.put("u", 5))])`),
			`[5,{"a":"b","é":"ü"},"TypeError: Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)",`+
				`"TypeError: Failed to execute 'put' on 'R2Bucket': parameter 2 is not of type 'JsReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'."]`)
	})
	t.Run("list", func(t *testing.T) {
		list := `{"objects":[` + object + `,{"name":"l","version":"v","size":1,"etag":"e","uploaded":1}],"truncated":true,"cursor":"c","delimitedPrefixes":["d/"]}`
		expect(t, use(t, "r2_bucket", product(t,
			exchange{r2Get(`{"version":1,"method":"list","limit":2,"prefix":"p","delimiter":"/","include":[0,1],"newRuntime":true}`), r2Answer(200, list, "")},
			exchange{r2Get(`{"version":1,"method":"list","newRuntime":true}`), r2Answer(200, `{"objects":[],"truncated":false,"delimitedPrefixes":[]}`, "")}),
			`const page = await env.B.list({ limit: 2, prefix: "p", delimiter: "/", include: ["httpMetadata", "customMetadata"] })
			return Response.json([page.objects.map(o => [o.key, o.customMetadata]), page.truncated, page.cursor, page.delimitedPrefixes, await env.B.list()])`),
			`[[["k",{"a":"b"}],["l",{}]],true,"c",["d/"],{"objects":[],"truncated":false,"delimitedPrefixes":[]}]`)
	})
	t.Run("multipart", func(t *testing.T) {
		expect(t, use(t, "r2_bucket", product(t,
			exchange{r2Put(`{"version":1,"method":"createMultipartUpload","object":"big"}`, ""), answer(200, `{"uploadId":"UP1"}`)},
			exchange{r2Put(`{"version":1,"method":"uploadPart","object":"big","uploadId":"UP1","partNumber":1}`, "part-1-data"), answer(200, `{"etag":"part-etag-1"}`)},
			exchange{r2Put(`{"version":1,"method":"completeMultipartUpload","object":"big","uploadId":"UP1","parts":[{"etag":"part-etag-1","part":1}]}`, ""), answer(200, object)},
			exchange{r2Put(`{"version":1,"method":"abortMultipartUpload","object":"big","uploadId":"UP2"}`, ""), answer(200, "")}),
			`const up = await env.B.createMultipartUpload("big")
			const part = await up.uploadPart(1, "part-1-data")
			const done = await up.complete([part])
			await env.B.resumeMultipartUpload("big", "UP2").abort()
			return Response.json([up, part, done.key])`),
			`[{"uploadId":"UP1","key":"big"},{"partNumber":1,"etag":"part-etag-1"},"k"]`)
	})
	t.Run("delete of many", func(t *testing.T) {
		use(t, "r2_bucket", product(t, exchange{r2Put(`{"version":1,"method":"delete","objects":["a","b"]}`, ""), answer(200, "")}),
			`await env.B.delete(["a", "b"]); return new Response()`)
	})
}

func TestQueueProducer(t *testing.T) {
	const accepted = `{"metadata":{"metrics":{"backlogCount":1,"backlogBytes":2,"oldestMessageTimestamp":1700000000000}}}`
	t.Run("send", func(t *testing.T) {
		expect(t, use(t, "queue", product(t,
			exchange{"POST /message\nContent-Type: application/octet-stream\nX-Msg-Fmt: json\nX-Msg-Delay-Secs: 7\n\n" + `{"a":1}`, answer(200, accepted)},
			exchange{"POST /message\nX-Msg-Fmt: text\nX-Msg-Delay-Secs: \n\nhi", answer(200, accepted)},
			exchange{"POST /message\nX-Msg-Fmt: bytes\n\n\t", answer(200, accepted)}),
			`const first = await env.B.send({ a: 1 }, { delaySeconds: 7 }); await env.B.send("hi", { contentType: "text" }); await env.B.send(new Uint8Array([9]), { contentType: "bytes" })
			return Response.json(first)`),
			`{"metadata":{"metrics":{"backlogCount":1,"backlogBytes":2,"oldestMessageTimestamp":"2023-11-14T22:13:20.000Z"}}}`)
	})
	t.Run("sendBatch", func(t *testing.T) {
		use(t, "queue", product(t,
			exchange{"POST /batch\nContent-Type: application/json\nCF-Queue-Batch-Count: 4\nCF-Queue-Batch-Bytes: 23\nCF-Queue-Largest-Msg: 14\nX-Msg-Delay-Secs: 7\n\n" +
				`{"messages":[{"body":"dA==","contentType":"text"},{"body":"eyJqIjoxfQ==","contentType":"json","delaySecs":3},{"body":"CQ==","contentType":"bytes"},{"body":"eyJkZmx0IjoidsOpIn0=","contentType":"json"}]}`, answer(200, accepted)}),
			`await env.B.sendBatch([{ body: "t", contentType: "text" }, { body: { j: 1 }, delaySeconds: 3 }, { body: new Uint8Array([9]).buffer, contentType: "bytes" }, { body: { dflt: "vé" } }], { delaySeconds: 7 })
			return new Response()`)
	})
	t.Run("errors", func(t *testing.T) {
		expect(t, use(t, "queue", product(t,
			exchange{"POST /message\n\n1", answer(413, "", "CF-Queues-Error-Cause", "message length of 128001 bytes exceeds limit of 128000", "CF-Queues-Error-Code", "10220")},
			exchange{"POST /message\n\n1", answer(500, "")}),
			`const b = env.B
			return Response.json([await fails(() => b.send(1)), await fails(() => b.send(1)), await fails(() => b.send()), await fails(() => b.send(1, { contentType: "x" })),
				await fails(() => b.send(1, { contentType: "text" })), await fails(() => b.sendBatch([])), await fails(() => b.send(1, { contentType: "v8" }))])`),
			`["Error: message length of 128001 bytes exceeds limit of 128000 (10220)","Error: Unknown Internal Error (15000)","TypeError: Message body cannot be undefined",`+
				`"TypeError: Unsupported queue message content type: x","TypeError: Content Type \"text\" requires a value of type string, but received: number",`+
				`"TypeError: sendBatch() requires at least one message","TypeError: The embedded engine cannot send queue messages of content type \"v8\" yet: send them as \"json\", \"text\" or \"bytes\"."]`)
	})
}

func TestAI(t *testing.T) {
	run := "POST /run?version=3\nContent-Type: application/json\ncf-consn-sdk-version: 2.0.0\ncf-consn-model-id: @cf/meta/llama-3.1-8b-instruct\n\n"
	t.Run("run gives the answer", func(t *testing.T) {
		expect(t, use(t, "ai", product(t, exchange{run + `{"inputs":{"prompt":"hi"},"options":{}}`,
			answer(200, `{"response":"there"}`, "Content-Type", "application/json", "cf-ai-req-id", "r1")}),
			`return Response.json([await env.B.run("@cf/meta/llama-3.1-8b-instruct", { prompt: "hi" }), env.B.lastRequestId])`), `[{"response":"there"},"r1"]`)
	})
	t.Run("run streams", func(t *testing.T) {
		const events = "data: {\"response\":\"a\"}\n\ndata: [DONE]\n\n"
		expect(t, use(t, "ai", product(t, exchange{run + `{"inputs":{"prompt":"hi","stream":true},"options":{}}`,
			answer(200, events, "Content-Type", "text/event-stream")}),
			`return new Response(await env.B.run("@cf/meta/llama-3.1-8b-instruct", { prompt: "hi", stream: true }))`), events)
	})
	t.Run("errors have the service's name and code", func(t *testing.T) {
		ask := run + `{"inputs":{},"options":{}}`
		expect(t, use(t, "ai", product(t,
			exchange{ask, answer(400, `{"internalCode":5007,"name":"InferenceUpstreamError","description":"No such model","message":"x"}`)},
			exchange{ask, answer(404, `{"errors":[{"code":7000,"message":"No route"}]}`)},
			exchange{ask, answer(500, `boom`)}),
			`const f = () => fails(() => env.B.run("@cf/meta/llama-3.1-8b-instruct", {})); return Response.json([await f(), await f(), await f()])`),
			`["InferenceUpstreamError: 5007: No such model","InferenceUpstreamError: 7000: No route","InferenceUpstreamError: boom"]`)
	})
}

func TestBindingsSayWhatTheyAre(t *testing.T) {
	const says = `return Response.json([String(env.B), typeof env.B, env.B.constructor.name, Object.keys(env.B)])`
	for kind, want := range map[string]string{
		"assets":       `["[object Fetcher]","object","Fetcher",[]]`,
		"service":      `["[object Fetcher]","object","Fetcher",[]]`,
		"kv_namespace": `["[object KvNamespace]","object","KvNamespace",[]]`,
		"r2_bucket":    `["[object R2Bucket]","object","R2Bucket",[]]`,
		"queue":        `["[object WorkerQueue]","object","WorkerQueue",[]]`,
		"d1":           `["[object WrappedBinding]","object","D1Database",[]]`,
	} {
		t.Run(kind, func(t *testing.T) { expect(t, use(t, kind, product(t), says), want) })
	}
	object := r2Answer(200, `{"name":"k","version":"v","size":5,"etag":"5d41","uploaded":"1700000000123","httpFields":{},"customFields":[],"checksums":{}}`, "hello")
	expect(t, use(t, "r2_bucket", product(t, exchange{r2Get(`{"version":1,"method":"get","object":"k"}`), object}),
		`const o = await env.B.get("k"); return Response.json([o, o.checksums, Object.getPrototypeOf(Object.getPrototypeOf(o))].map(String))`),
		`["[object GetResult]","[object Checksums]","[object HeadResult]"]`)
}

func TestABodyIsReadByTheRequestThatItCameFor(t *testing.T) {
	b := newBench(`const kept = {}
	export default { async fetch(request, env) {
		const say = async f => { try { return await f() } catch (e) { return e.message.slice(0, 52) + e.message.slice(-33) } }
		if (request.url.endsWith("/keep")) {
			Object.assign(kept, { request, clone: request.clone(), response: await env.B.fetch("http://svc/"), streamed: (await env.B.fetch("http://svc/")).body, made: new Response("made") })
			return new Response("kept")
		}
		return Response.json([await say(() => kept.request.text()), await say(() => kept.clone.text()), await say(() => kept.response.text()),
			await say(async () => (await kept.streamed.getReader().read()).done), await say(() => kept.made.text()), await say(() => request.text())])
	} }`)
	b.spec.Bindings = []worker.Binding{{Name: "B", Type: "service", Service: roundTripper(func(*http.Request) (*http.Response, error) { return answer(200, "answer"), nil })}}
	w := b.load(t)
	post := func(path, body string) string {
		res, err := w.RoundTrip(request(t, "POST", "http://worker.test"+path, body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const refused = `"Cannot perform I/O on behalf of a different request. (I/O type: ReadableStreamSource)"`
	expect(t, post("/keep", "one"), "kept")
	expect(t, post("/use", "two"), "["+strings.Repeat(refused+",", 4)+`"made","two"]`)
}

func TestOtherBindings(t *testing.T) {
	t.Run("a service is fetched", func(t *testing.T) {
		expect(t, use(t, "service", product(t, exchange{"POST /p?q=1\nX-A: b\n\nbody", answer(201, "made", "X-R", "s")}),
			`const r = await env.B.fetch(new Request("http://svc/p?q=1", { method: "POST", body: "body", headers: { "x-a": "b" } }))
			return Response.json([r.status, r.headers.get("x-r"), await r.text()])`), `[201,"s","made"]`)
	})
	t.Run("a type that is not known says so when it is used", func(t *testing.T) {
		expect(t, use(t, "vectorize", nil, `return Response.json([typeof env.B, await fails(() => env.B.query([1]))])`),
			`["object","Error: The binding B has type \"vectorize\", which the embedded engine does not support yet."]`)
	})
}

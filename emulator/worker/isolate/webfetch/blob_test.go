package webfetch

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

func TestBlob(t *testing.T) {
	runScripts(t, map[string]script{
		"parts of all kinds":           {`const b = new Blob(['a', utf8('b'), utf8('xcx').subarray(1, 2), utf8('d').buffer, new Blob(['e']), 5, null]); return [await b.text(), b.size]`, `["abcde5null", 10]`},
		"no parts":                     {`return [new Blob().size, new Blob().type, new Blob([]).size]`, `[0, "", 0]`},
		"any iterable":                 {`return await new Blob(new Set(['a', 'b'])).text()`, `"ab"`},
		"a string is no sequence":      {`return [kind(() => new Blob('a')), kind(() => new Blob({})), kind(() => new Blob(null)), kind(() => new Blob([], 1))]`, `["TypeError", "TypeError", "TypeError", "TypeError"]`},
		"the type is lowered":          {`return [new Blob([], {type: 'A/B'}).type, new Blob([], {type: 'a\u00e9'}).type]`, `["a/b", ""]`},
		"endings":                      {`return [await new Blob(['a\r\nb\rc\n'], {endings: 'native'}).text(), await new Blob(['a\r\nb'], {endings: 'transparent'}).text(), kind(() => new Blob([], {endings: 'x'}))]`, `["a\nb\nc\n", "a\r\nb", "TypeError"]`},
		"slices":                       {`const b = new Blob(['abcdef'], {type: 'a/b'}), s = async (...a) => await b.slice(...a).text(); return [await s(1, 3), await s(-2), await s(0, -2), await s(4, 2), await s(2, 100), b.slice(0, 1).type, b.slice(0, 1, 'C/D').type, b.slice(0, 1).size]`, `["bc", "ef", "abcd", "", "cdef", "", "c/d", 1]`},
		"arrayBuffer is a copy":        {`const b = new Blob(['ab']); new Uint8Array(await b.arrayBuffer())[0] = 0; return [await b.text(), [...await b.bytes()]]`, `["ab", [97, 98]]`},
		"stream":                       {`const b = new Blob(['abc']); return [string((await readAll(b.stream()))[0]), (await readAll(new Blob().stream())).length, b.stream() !== b.stream()]`, `["abc", 0, true]`},
		"text keeps no bad bytes":      {`return await new Blob([new Uint8Array([0xFF, 0x61])]).text()`, `"\ufffda"`},
		"methods reject":               {`return await rejected(Blob.prototype.text.call({}))`, `"TypeError: ` + idl.IllegalInvocation + `"`},
		"File":                         {`const f = new File(['a'], 'n.txt', {type: 'A/B', lastModified: 5}); return [f.name, f.type, f.size, f.lastModified, f instanceof Blob, f instanceof File, String(f), await f.text()]`, `["n.txt", "a/b", 1, 5, true, true, "[object File]", "a"]`},
		"File needs two arguments":     {`return [kind(() => new File([])), File.length, typeof new File([], 'x').lastModified]`, `["TypeError", 2, "number"]`},
		"a Blob is no File":            {`return [thrown(() => Reflect.get(File.prototype, 'name', new Blob())), new Blob() instanceof File]`, `["TypeError: ` + idl.IllegalInvocation + `", false]`},
		"a File is cloned":             {`const f = structuredClone({f: new File(['a'], 'n', {type: 'a/b', lastModified: 3})}).f; return [f.name, f.type, f.lastModified, await f.text(), f instanceof File]`, `["n", "a/b", 3, "a", true]`},
		"slices of a File are Blobs":   {`return new File(['abc'], 'n').slice(1) instanceof File`, `false`},
		"a subclass of Blob":           {`class B extends Blob { x() { return this.size } }; return new B(['ab']).x()`, `2`},
		"parts are converted in order": {`const seen = []; new Blob([{toString() { seen.push(1); return '' }}, {toString() { seen.push(2); return '' }}]); return seen`, `[1, 2]`},
	})
}

func TestFormData(t *testing.T) {
	runScripts(t, map[string]script{
		"append, get, getAll, has, delete":    {`const f = new FormData(); f.append('a', '1'); f.append('a', 2); f.append('b', null); const before = [f.get('a'), f.getAll('a'), f.get('b'), f.has('a'), f.get('x'), f.getAll('x')]; f.delete('a'); return [before, f.has('a'), [...f.keys()]]`, `[["1", ["1", "2"], "null", true, null, []], false, ["b"]]`},
		"set replaces in place":               {`const f = new FormData(); f.append('a', '1'); f.append('b', '2'); f.append('a', '3'); f.set('a', '4'); f.set('c', '5'); return [...f]`, `[["a", "4"], ["b", "2"], ["c", "5"]]`},
		"a Blob becomes a File":               {`const f = new FormData(); f.append('a', new Blob(['x'], {type: 'a/b'})); f.append('b', new Blob(['x']), 'n.txt'); return [f.get('a').name, f.get('a').type, f.get('a') instanceof File, f.get('b').name, f.get('a') === f.get('a')]`, `["a", "a/b", true, "n.txt", true]`},
		"a File stays itself":                 {`const f = new FormData(), x = new File(['x'], 'n', {lastModified: 7}); f.append('a', x); f.append('b', x, 'm'); return [f.get('a') === x, f.get('b').name, f.get('b').lastModified]`, `[true, "m", 7]`},
		"a file name needs a Blob":            {`return [kind(() => new FormData().append('a', 'x', 'n')), kind(() => new FormData().append('a')), kind(() => new FormData({}))]`, `["TypeError", "TypeError", "TypeError"]`},
		"iteration":                           {`const f = new FormData(), seen = []; f.append('a', '1'); f.append('b', '2'); f.forEach((v, k) => seen.push([k, v])); return [[...f.entries()], [...f.values()], seen, String(f.entries())]`, `[[["a", "1"], ["b", "2"]], ["1", "2"], [["a", "1"], ["b", "2"]], "[object FormData Iterator]"]`},
		"multipart there and back":            {`const f = new FormData(); f.append('t"e\r\nx', 'v\nw'); f.append('f', new File([new Uint8Array([0, 13, 10, 255, 45, 45])], 'n"ü.bin', {type: 'a/b'})); f.append('e', ''); const r = new Response(f), g = await r.clone().formData(); const x = g.get('f'); return [r.headers.get('content-type').startsWith('multipart/form-data; boundary='), [...g.keys()], g.get('t"e\r\nx'), [...await x.bytes()], x.name, x.type, g.get('e')]`, `[true, ["t\"e\r\nx", "f", "e"], "v\nw", [0, 13, 10, 255, 45, 45], "n\"ü.bin", "a/b", ""]`},
		"an empty form there and back":        {`return [...await new Response(new FormData()).formData()]`, `[]`},
		"a request of another client":         {`const body = 'preamble\r\n--X\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--X \r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--X--\r\nepilogue'; const f = await new Response(body, {headers: {'content-type': 'multipart/form-data; boundary="X"'}}).formData(); return [f.get('a'), f.get('f').name, f.get('f').size, f.get('f').type]`, `["1", "", 0, "text/plain"]`},
		"urlencoded":                          {`const f = await new Response('a=1+2&b=%C3%BC&&c&d=%zz%4', {headers: {'content-type': 'application/x-www-form-urlencoded; charset=utf-8'}}).formData(); return [...f]`, `[["a", "1 2"], ["b", "ü"], ["c", ""], ["d", "%zz%4"]]`},
		"a form needs its type":               {`return [await rejected(new Response(utf8('a')).formData()), (await rejected(new Response('a').formData())).slice(0, 46)]`, `["TypeError: Parsing a Body as FormData requires a Content-Type header.", "TypeError: Unrecognized Content-Type header va"]`},
		"a truncated form is refused":         {`const f = (b) => rejectedKind(new Response(b, {headers: {'content-type': 'multipart/form-data; boundary=X'}}).formData()); return [await f(''), await f('--X'), await f('--X\r\n\r\n'), await f('--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1'), await f('--X\r\nA: b\r\n\r\n1\r\n--X--')]`, `["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"]`},
		"no boundary is refused":              {`return await rejectedKind(new Response('', {headers: {'content-type': 'multipart/form-data'}}).formData())`, `"TypeError"`},
		"names are made well-formed":          {`const f = new FormData(); f.append('\ud800', '\udfff'); return [...f]`, `[["\ufffd", "\ufffd"]]`},
		"a request with a form has its type":  {`const f = new FormData(); f.append('a', 'b'); const r = new Request('https://a.test', {method: 'POST', body: f}); return [/^multipart\/form-data; boundary=[0-9a-f]{32}$/.test(r.headers.get('content-type')), (await r.formData()).get('a')]`, `[true, "b"]`},
		"the form of a used body is refused":  {`const r = new Response(new FormData()); await r.text(); return await rejected(r.formData())`, `"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."`},
		"a form's bytes have a known length":  {`const f = new FormData(); f.append('a', 'b'); return (await new Response(f).text()).endsWith('--\r\n')`, `true`},
		"the class looks as WebIDL has it":    {`return [FormData.length, FormData.prototype.append.length, String(new FormData()), FormData.prototype[Symbol.iterator] === FormData.prototype.entries]`, `[0, 2, "[object FormData]", true]`},
		"a boundary inside a value stays one": {`const body = '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n--X inside\r\n--X--'; return (await new Response(body, {headers: {'content-type': 'multipart/form-data; boundary=X'}}).formData()).get('a')`, `"--X inside"`},
	})
}

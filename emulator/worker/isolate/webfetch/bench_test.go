package webfetch

import (
	"io"
	"net/http"
	"testing"
)

func benchmark(b *testing.B, code string) {
	h, a := newHost(b)
	r, _ := http.NewRequestWithContext(b.Context(), "GET", "https://a.test/x?y=z", nil)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "*/*")
	_ = h.RT.Set("incoming", func() any { return a.NewRequest(r, nil) })
	_ = h.RT.Set("answer", func(v any) {
		res, err := a.TakeResponse(h.RT.ToValue(v))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
	})
	p, err := h.RT.RunString(`(async function (n) { for (let i = 0; i < n; i++) { ` + code + ` } })`)
	if err != nil {
		b.Fatal(err)
	}
	_ = h.RT.Set("f", p)
	b.ReportAllocs()
	b.ResetTimer()
	_ = h.RT.Set("n", b.N)
	h.Run(b, `await f(n)`)
}

func BenchmarkHeadersGet(b *testing.B) {
	benchmark(b, `new Headers({a: '1', b: '2'}).get('a')`)
}

func BenchmarkResponseOfText(b *testing.B) {
	benchmark(b, `new Response('{"a":1}', {headers: {'content-type': 'application/json'}})`)
}
func BenchmarkResponseJSON(b *testing.B) { benchmark(b, `Response.json({a: 1})`) }
func BenchmarkRequest(b *testing.B)      { benchmark(b, `new Request('https://a.test/x?y=z')`) }
func BenchmarkResponseText(b *testing.B) { benchmark(b, `await new Response('abc').text()`) }
func BenchmarkRequestResponse(b *testing.B) {
	h, a := newHost(b)
	f, err := h.RT.RunString(`(function (r) { r.headers.get('content-type'); r.url; r.method; return new Response('{"a":1}', {headers: {'content-type': 'application/json'}}) })`)
	if err != nil {
		b.Fatal(err)
	}
	call := callable(f)
	r, _ := http.NewRequestWithContext(b.Context(), "GET", "https://a.test/x?y=z", nil)
	r.Header.Set("Content-Type", "application/json")
	b.ReportAllocs()
	for b.Loop() {
		v, err := call(nil, a.NewRequest(r, nil))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.TakeResponse(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTransformChunks(b *testing.B) {
	benchmark(b, `const t = new TransformStream(), w = t.writable.getWriter(); (async () => { for (let j = 0; j < 10; j++) await w.write(j); w.close() })(); await readAll(t.readable)`)
}

func BenchmarkInstall(b *testing.B) {
	for b.Loop() {
		newHost(b)
	}
}

func BenchmarkStreamsLoad(b *testing.B) {
	for b.Loop() {
		_, a := newHost(b)
		a.loadStreams()
	}
}

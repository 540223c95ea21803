package webfetch

import (
	"net/http"
	"testing"

	"github.com/dop251/goja"
)

// A promise of ours that is rejected without anybody listening would show up in the user's log.
func TestNoStrayRejections(t *testing.T) {
	for name, code := range map[string]string{
		"a stream in error":                   `const s = new ReadableStream({start(c) { c.error('e') }}); const r = s.getReader(); await r.read().catch(() => {})`,
		"a released reader":                   `const r = new ReadableStream().getReader(); r.releaseLock()`,
		"a released writer":                   `const w = new WritableStream().getWriter(); w.releaseLock()`,
		"a write that fails":                  `const w = new WritableStream({write() { throw 'e' }}).getWriter(); await w.write(1).catch(() => {})`,
		"a sink that aborts":                  `const w = new WritableStream().getWriter(); await w.abort('e')`,
		"a pipe whose source fails":           `await new ReadableStream({pull() { throw 'e' }}).pipeTo(new WritableStream()).catch(() => {})`,
		"a pipe whose destination fails":      `await ReadableStream.from([1, 2]).pipeTo(new WritableStream({write() { throw 'e' }})).catch(() => {})`,
		"a pipe that is aborted":              `const c = new AbortController(); const p = new ReadableStream().pipeTo(new WritableStream(), {signal: c.signal}).catch(() => {}); c.abort('e'); await p`,
		"pipeThrough that fails":              `await readAll(ReadableStream.from([1]).pipeThrough(new TransformStream({transform() { throw 'e' }}))).catch(() => {})`,
		"pipeThrough that is cancelled":       `await ReadableStream.from([1]).pipeThrough(new TransformStream()).cancel('e')`,
		"tee of a stream in error":            `const [a, b] = new ReadableStream({pull() { throw 'e' }}).tee(); await a.getReader().read().catch(() => {})`,
		"tee of a byte stream in error":       `const [a, b] = new ReadableStream({type: 'bytes', pull() { throw 'e' }}).tee(); await a.getReader().read().catch(() => {})`,
		"tee whose branches are cancelled":    `const [a, b] = new ReadableStream({cancel() {}}).tee(); await Promise.all([a.cancel(1), b.cancel(2)])`,
		"a body that is no bytes":             `await new Response(new ReadableStream({start(c) { c.enqueue(1) }, cancel() { throw 'x' }})).text().catch(() => {})`,
		"an identity stream aborted":          `const i = new IdentityTransformStream(); await i.writable.abort('e'); await i.readable.getReader().read().catch(() => {})`,
		"an identity stream cancelled":        `const i = new IdentityTransformStream(), w = i.writable.getWriter(); const p = w.write(utf8('a')).catch(() => {}); await turns(); await i.readable.cancel('e'); await p`,
		"a joined body cancelled":             `const i = new IdentityTransformStream(); const p = new Response('a').body.pipeTo(i.writable).catch(() => {}); await i.readable.cancel('e'); await p`,
		"a fixed length that is not kept":     `const f = new FixedLengthStream(1), w = f.writable.getWriter(); await w.write(utf8('ab')).catch(() => {})`,
		"decompression of nonsense":           `await new Response(new Response('nonsense nonsense').body.pipeThrough(new DecompressionStream('gzip'))).text().catch(() => {})`,
		"a fetch that fails":                  `await fetch('https://a.test', {method: 'POST', body: new ReadableStream({pull() { throw 'e' }})}).catch(() => {})`,
		"a clone of a stream in error":        `const r = new Response(new ReadableStream({pull() { throw 'e' }})), c = r.clone(); await r.text().catch(() => {}); await c.text().catch(() => {})`,
		"an iterator of a stream in error":    `const it = new ReadableStream({start(c) { c.error('e') }}).values(); await it.next().catch(() => {})`,
		"a stream that errors while unlocked": `let c; new ReadableStream({start(k) { c = k }}); c.error('e')`,
		"a writable in error from start":      `const s = new WritableStream({async start() { throw 'e' }}); await turns(); s.getWriter()`,
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := newHost(t)
			h.Transport = transport(func(r *http.Request) (*http.Response, error) {
				defer r.Body.Close()
				_, err := r.Body.Read(make([]byte, 1))
				return nil, err
			})
			stray := map[*goja.Promise]bool{}
			h.RT.SetPromiseRejectionTracker(func(p *goja.Promise, op goja.PromiseRejectionOperation) {
				stray[p] = op == goja.PromiseRejectionReject
			})
			h.Run(t, code+"; await turns(30)")
			for p, unhandled := range stray {
				if unhandled {
					t.Errorf("nobody heard of %v", p.Result())
				}
			}
		})
	}
}

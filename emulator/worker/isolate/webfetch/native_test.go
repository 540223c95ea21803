package webfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/internal/testkit"
)

// put gives code a function put(body) that reads body as a binding would, away from the loop, and
// returns a promise for what read says.
func put(h *hosttest.Host, a *API, read func(rc io.ReadCloser, length int64) (string, error)) {
	_ = h.RT.Set("put", func(call goja.FunctionCall) goja.Value {
		rc, length, _, err := a.BodyOf(call.Argument(0))
		if err != nil {
			a.throw(err)
		}
		p, resolve, reject := h.RT.NewPromise()
		done := h.Hold()
		go func() {
			s, err := read(rc, length)
			done(func() {
				if err != nil {
					_ = reject(a.reason(err))
					return
				}
				_ = resolve(s)
			})
		}()
		return h.RT.ToValue(p)
	})
}

func readText(rc io.ReadCloser, length int64) (string, error) {
	defer rc.Close()
	b, err := io.ReadAll(rc)
	return fmt.Sprintf("%s (%d)", b, length), err
}

func TestBodyOf(t *testing.T) {
	runScripts(t, map[string]script{
		"a string":              {`return await put('hü')`, `"hü (3)"`},
		"bytes":                 {`return await put(utf8('ab'))`, `"ab (2)"`},
		"a view of a part":      {`return await put(utf8('abcd').subarray(1, 3))`, `"bc (2)"`},
		"a buffer":              {`return await put(utf8('ab').buffer)`, `"ab (2)"`},
		"a Blob":                {`return await put(new Blob(['ab']))`, `"ab (2)"`},
		"URLSearchParams":       {`return await put(new URLSearchParams('a=b'))`, `"a=b (3)"`},
		"nothing":               {`return [await put(null), await put(undefined)]`, `[" (0)", " (0)"]`},
		"a text's stream":       {`return await put(new Response('ab').body)`, `"ab (2)"`},
		"a stream of code":      {`return await put(ReadableStream.from(['a', 'b'].map(utf8)))`, `"ab (-1)"`},
		"a byte stream of code": {`return await put(new ReadableStream({type: 'bytes', start(c) { c.enqueue(utf8('a')); c.enqueue(utf8('b')); c.close() }}))`, `"ab (-1)"`},
		"a transformed stream":  {`return await put(new Response('ab').body.pipeThrough(new TransformStream()))`, `"ab (-1)"`},
		"a fixed-length stream that code writes to":  {`const {readable, writable} = new FixedLengthStream(4), p = put(readable), w = writable.getWriter(); await w.write(utf8('ab')); await w.write(utf8('cd')); await w.close(); return await p`, `"abcd (4)"`},
		"a fixed-length stream that is joined after": {`const {readable, writable} = new FixedLengthStream(2), p = put(readable); await new Response('ab').body.pipeTo(writable); return await p`, `"ab (2)"`},
		"a joined stream tells when it is done":      {`const {readable, writable} = new FixedLengthStream(2); let done = false; const q = new Response('ab').body.pipeTo(writable).then(() => { done = true }); await turns(); const before = done; const p = await put(readable); await q; return [before, p, done]`, `[false, "ab (2)", true]`},
		"a stream in part, the rest":                 {`const s = new ReadableStream({type: 'bytes', start(c) { c.enqueue(utf8('a')); c.enqueue(utf8('b')); c.close() }}), r = s.getReader(); await r.read(); r.releaseLock(); return await put(s)`, `"b (-1)"`},
		"a locked stream is refused":                 {`const s = new Response('ab').body; s.getReader(); return thrown(() => put(s))`, `"TypeError: This ReadableStream is locked to a reader, and cannot be used as a body."`},
		"the stream is used afterwards":              {`const r = new Response('ab'); await put(r.body); return [r.bodyUsed, r.body.locked, thrown(() => put(r.body))]`, `[true, true, "TypeError: This ReadableStream is disturbed (has already been read from), and cannot be used as a body."]`},
		"an error of the stream arrives":             {`return await rejected(put(new ReadableStream({pull() { throw new RangeError('mine') }})))`, `"RangeError: mine"`},
		"chunks that are no bytes are refused":       {`let why; const s = new ReadableStream({start(c) { c.enqueue({}) }, cancel(r) { why = r }}); return [await rejected(put(s)), why.message]`, `["TypeError: Draining read encountered a value that cannot be converted to bytes", "Draining read encountered a value that cannot be converted to bytes"]`},
		"empty chunks are passed over":               {`return await put(ReadableStream.from([new Uint8Array(0), utf8('a'), new Uint8Array(0)]))`, `"a (-1)"`},
	}, func(h *hosttest.Host, a *API) { put(h, a, readText) })
}

// zeros reads as n zero bytes, and counts.
type zeros struct {
	left   int64
	read   atomic.Int64
	closed atomic.Bool
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	z.read.Add(n)
	return int(n), nil
}

func (z *zeros) Close() error { z.closed.Store(true); return nil }

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestAGigabytePassesInFlatMemory(t *testing.T) {
	const size = 1 << 30
	for name, tt := range map[string]struct {
		code string
		most uint64 // bytes allocated on the way
	}{
		"a request's body put":            {`return await put(r.body)`, 8 << 20},
		"through a fixed-length stream":   {`const f = new FixedLengthStream(` + fmt.Sprint(size) + `); const p = r.body.pipeTo(f.writable); const n = await put(f.readable); await p; return n`, 8 << 20},
		"as a response's body":            {`return await put(new Response(r.body).body)`, 8 << 20},
		"a clone whose twin is cancelled": {`const c = r.clone(); await c.body.cancel(); return await put(r.body)`, 8 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			put(h, a, func(rc io.ReadCloser, length int64) (string, error) {
				defer rc.Close()
				n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{rc}, make([]byte, 1<<20))
				return fmt.Sprint(n), err
			})
			r, _ := http.NewRequestWithContext(t.Context(), "PUT", "https://a.test", &zeros{left: size})
			r.ContentLength = size
			_ = h.RT.Set("r", a.NewRequest(r, nil))
			before := allocated()
			if got := h.Run(t, tt.code); got != fmt.Sprint(size) {
				t.Errorf("got %v", got)
			}
			if used := allocated() - before; used > tt.most {
				t.Errorf("allocated %d MB for it", used>>20)
			}
		})
	}
}

func TestResponseStreamIsPulledAsItIsRead(t *testing.T) {
	testkit.NoLeaks(t)
	h, a := newHost(t)
	v, err := h.RT.RunString(`let made = 0; new Response(new ReadableStream({pull(c) { made++; c.enqueue(utf8('x'.repeat(10))) }, cancel() { made = 'cancelled' }}))`)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.TakeResponse(v)
	if err != nil {
		t.Fatal(err)
	}
	if res.ContentLength != -1 {
		t.Errorf("length %d", res.ContentLength)
	}
	_ = h.RT.Set("read", func(n int) goja.Value { // n chunks, on another goroutine
		p, resolve, _ := h.RT.NewPromise()
		done := h.Hold()
		go func() {
			_, err := io.ReadFull(res.Body, make([]byte, 10*n))
			done(func() { _ = resolve(err == nil) })
		}()
		return h.RT.ToValue(p)
	})
	got := h.Run(t, `await turns(); const first = made; await read(3); await turns(20); return [first, made].join()`)
	if got != "1,4" { // one waits in the stream, as its high water mark of 1 has it
		t.Errorf("made %v", got)
	}
	_ = h.RT.Set("close", func() goja.Value {
		p, resolve, _ := h.RT.NewPromise()
		done := h.Hold()
		go func() { _ = res.Body.Close(); done(func() { _ = resolve(nil) }) }()
		return h.RT.ToValue(p)
	})
	if got := h.Run(t, `await close(); await turns(); return made`); got != "cancelled" {
		t.Errorf("after Close: %v", got)
	}
	if _, err := res.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body can be read")
	}
}

func TestReadOfAStreamEndsWithTheInvocation(t *testing.T) {
	testkit.NoLeaks(t)
	h, a := newHost(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	h.Ctx = ctx
	v, err := h.RT.RunString(`new Response(new ReadableStream({}))`)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.TakeResponse(v)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := res.Body.Read(make([]byte, 1))
		failed <- err
	}()
	gone := errors.New("the client has gone")
	cancel(gone)
	if err := <-failed; !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestAStreamsErrorIsTheReadersError(t *testing.T) {
	h, a := newHost(t)
	put(h, a, func(rc io.ReadCloser, _ int64) (string, error) {
		_, err := io.ReadAll(rc)
		var se *StreamError
		return fmt.Sprint(errors.As(err, &se), err), nil
	})
	if got := h.Run(t, `return await put(new ReadableStream({pull(c) { c.error(new RangeError('mine')) }}))`); got != "true RangeError: mine" {
		t.Errorf("got %v", got)
	}
}

func TestNewReadableStream(t *testing.T) {
	h, a := newHost(t)
	z := &zeros{left: 200_000}
	_ = h.RT.Set("s", a.NewReadableStream(z))
	got := h.Run(t, `let n = 0, chunks = 0; const r = s.getReader(); for (;;) { const {value, done} = await r.read(); if (done) break; n += value.length; chunks++ } return [s instanceof ReadableStream, n, chunks > 1].join()`)
	if got != "true,200000,true" || !z.closed.Load() {
		t.Errorf("got %v, closed %v", got, z.closed.Load())
	}
	z = &zeros{left: 1 << 40}
	_ = h.RT.Set("s", a.NewReadableStream(z))
	if got := h.Run(t, `const r = s.getReader({mode: 'byob'}); const n = (await r.read(new Uint8Array(7))).value.length; await r.cancel(); return n`); got != int64(7) {
		t.Errorf("got %v", got)
	}
	if !z.closed.Load() || z.read.Load() != 7 {
		t.Errorf("closed %v, read %d", z.closed.Load(), z.read.Load())
	}
}

func TestTeeOfGoReaders(t *testing.T) {
	h, a := newHost(t)
	put(h, a, readText)
	_ = h.RT.Set("up", a.NewResponse(&http.Response{StatusCode: 200, ContentLength: 3, Body: io.NopCloser(io.MultiReader(strings.NewReader("a"), strings.NewReader("bc")))}))
	got := h.Run(t, `const c = up.clone(); const [x, y] = await Promise.all([put(up.body), c.text()]); return x + y`)
	if got != "abc (3)abc" {
		t.Errorf("got %v", got)
	}
}

func TestATooLargeBodyIsRefused(t *testing.T) {
	h, a := newHost(t)
	z := &zeros{left: 1 << 40}
	_ = h.RT.Set("up", a.NewResponse(&http.Response{StatusCode: 200, ContentLength: 1 << 40, Body: z}))
	if got := h.Run(t, `return await rejected(up.text())`); got != "TypeError: Memory limit would be exceeded before EOF." {
		t.Errorf("got %v", got)
	}
	if z.read.Load() != 0 || !z.closed.Load() {
		t.Errorf("%d bytes were read of it, closed %v", z.read.Load(), z.closed.Load())
	}
}

func TestAReadThatWasGivenUpLosesNothing(t *testing.T) {
	for name, code := range map[string]string{
		"before a tee":           `const [a, b] = s.tee(); b.cancel(); return (await readAll(a)).map(string).join('')`,
		"before an identity":     `return (await readAll(s.pipeThrough(new IdentityTransformStream()))).map(string).join('')`,
		"before a second reader": `return (await readAll(s)).map(string).join('')`,
	} {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			_ = h.RT.Set("s", a.NewReadableStream(io.NopCloser(io.MultiReader(strings.NewReader("first "), strings.NewReader("second")))))
			if got := h.Run(t, `const r = s.getReader(); r.read().catch(() => {}); r.releaseLock(); `+code); got != "first second" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAStreamInUseKeepsItsReader(t *testing.T) {
	h, a := newHost(t)
	_ = h.RT.Set("s", a.NewReadableStream(io.NopCloser(strings.NewReader("abc"))))
	got := h.Run(t, `const r = s.getReader(); return [kind(() => s.tee()), await rejectedKind(s.pipeTo(new IdentityTransformStream().writable)), string((await r.read()).value)].join()`)
	if got != "TypeError,TypeError,abc" {
		t.Errorf("got %v", got)
	}
}

package isolate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webfetch"
)

// bind makes the property of env for a binding.
func (i *isolate) bind(b worker.Binding) (goja.Value, error) {
	switch b.Type {
	case "plain_text", "secret_text":
		return i.rt.ToValue(b.Text), nil
	case "json", "version_metadata":
		v, err := i.parseJSON(b.Text)
		if err != nil {
			return nil, fmt.Errorf("binding %s: its text is not JSON: %w", b.Name, err)
		}
		return v, nil
	case "service", "assets":
		if b.Service == nil {
			return nil, fmt.Errorf("binding %s: %s without a service", b.Name, b.Type)
		}
		if b.Type == "service" {
			return i.construct("service", i.rt.ToValue(b.Name), i.fetch.Fetcher(tracking{b.Service}))
		}
		return i.construct("Fetcher", i.fetch.Fetcher(tracking{b.Service}))
	}
	class, known := shimClasses[b.Type]
	if !known {
		return i.construct("unsupported", i.rt.ToValue(b.Name), i.rt.ToValue(b.Type))
	}
	if b.Service == nil {
		return nil, fmt.Errorf("binding %s: %s without a service", b.Name, b.Type)
	}
	return i.construct(class, i.wire(b), i.compat())
}

// shimClasses are the makers in env/index.js of the bindings that speak a product's wire.
var shimClasses = map[string]string{
	"d1": "D1Database", "kv_namespace": "KvNamespace", "r2_bucket": "R2Bucket", "queue": "Queue", "ai": "Ai",
}

// construct calls the maker of that name in env/index.js.
func (i *isolate) construct(name string, args ...goja.Value) (goja.Value, error) {
	makers := i.shims.Get("bindings").(*goja.Object)
	maker, ok := goja.AssertFunction(makers.Get(name))
	if !ok {
		return nil, fmt.Errorf("shims: no %s", name)
	}
	return maker(goja.Undefined(), args...)
}

// compat tells the shims the compatibility date and flags.
func (i *isolate) compat() goja.Value {
	o := i.rt.NewObject()
	i.define(o, "date", i.rt.ToValue(i.spec.Compat.Date))
	i.define(o, "flags", i.rt.ToValue(i.spec.Compat.Flags))
	return o
}

// A wire is what a shim calls its product by.
type wire struct {
	isolate *isolate
	service http.RoundTripper
	name    string
}

// wire makes the shims' fetcher for a binding:
//
//	call(method, target, headers, body, as) → Promise<{status, reason, header(name), body, meta}>
//	put(meta, value) → the same, for R2's framing of metadata before bytes
//
// headers is an array of names and values by turns. as says what body shall be: "none", "text",
// "json", "d1" (rows as objects), "bytes" (an ArrayBuffer), "response" (a Response, so that a body
// passes through as a Go reader) or "r2" (meta parsed and body a Response of what follows it).
func (i *isolate) wire(b worker.Binding) goja.Value {
	w := &wire{isolate: i, service: tracking{b.Service}, name: b.Name}
	o := i.rt.NewObject()
	i.define(o, "call", i.realm.Function("call", 5, w.call))
	i.define(o, "put", i.realm.Function("put", 2, w.put))
	return o
}

func (w *wire) call(call goja.FunctionCall) goja.Value {
	i := w.isolate
	body, length, err := i.wireBody(call.Argument(3))
	if err != nil {
		panic(host.Reason(i.rt, err))
	}
	header := http.Header{}
	if list, ok := call.Argument(2).(*goja.Object); ok {
		var pairs []string
		if err := i.rt.ExportTo(list, &pairs); err != nil {
			panic(err)
		}
		for n := 0; n+1 < len(pairs); n += 2 {
			header.Set(pairs[n], pairs[n+1])
		}
	}
	return w.send(call.Argument(0).String(), call.Argument(1).String(), header, body, length, call.Argument(4).String())
}

// put sends R2's metadata and the bytes of value after it.
func (w *wire) put(call goja.FunctionCall) goja.Value {
	i := w.isolate
	meta := call.Argument(0).String()
	value, length, err := i.wireBody(call.Argument(1))
	if err != nil {
		panic(host.Reason(i.rt, err))
	}
	if length < 0 {
		value.Close()
		// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/r2-bucket.c++
		i.realm.TypeError("Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)")
	}
	header := http.Header{"Cf-R2-Metadata-Size": {strconv.Itoa(len(meta))}}
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(strings.NewReader(meta), value), value}
	return w.send(http.MethodPut, "/", header, body, length+int64(len(meta)), "r2put")
}

// wireBody is a value as a request's body. The length is -1 when it is not known.
func (i *isolate) wireBody(v goja.Value) (io.ReadCloser, int64, error) {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return http.NoBody, 0, nil
	}
	if s, ok := v.(goja.String); ok {
		text := textBytes(s)
		return io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
	}
	if b, ok := i.realm.Bytes(v); ok {
		b = bytes.Clone(b) // code may write to it while it is being sent
		return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
	}
	body, length, _, err := i.fetch.BodyOf(v)
	return body, length, err
}

// textBytes is a string as the runtime writes it: UTF-8, and a surrogate without its other half in the
// three bytes that it would have if it were a character.
func textBytes(s goja.String) string {
	text := s.String()
	if !strings.ContainsRune(text, utf8.RuneError) {
		return text
	}
	var b strings.Builder
	for at := 0; at < s.Length(); at++ {
		unit := rune(s.CharAt(at))
		switch {
		case !utf16.IsSurrogate(unit):
			b.WriteRune(unit)
		case at+1 < s.Length() && utf16.DecodeRune(unit, rune(s.CharAt(at+1))) != utf8.RuneError:
			b.WriteRune(utf16.DecodeRune(unit, rune(s.CharAt(at+1))))
			at++
		default:
			b.Write([]byte{0xe0 | byte(unit>>12), 0x80 | byte(unit>>6)&0x3f, 0x80 | byte(unit)&0x3f})
		}
	}
	return b.String()
}

// A sentBody is a request's body that remembers how reading from it failed: a stream of the user's tells
// its own error to whoever sent it.
type sentBody struct {
	io.ReadCloser
	failure atomic.Pointer[error]
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failure.Store(&err)
	}
	return n, err
}

// thrown is the JavaScript error that the body ended with, nil for none.
func (b *sentBody) thrown() error {
	if err := b.failure.Load(); err != nil {
		return webfetch.ThrownIn(*err)
	}
	return nil
}

func (w *wire) send(method, target string, header http.Header, body io.ReadCloser, length int64, as string) goja.Value {
	i := w.isolate
	return host.Async(i, func(ctx context.Context) func() (any, error) {
		sent := &sentBody{ReadCloser: body}
		r, err := http.NewRequestWithContext(ctx, method, "http://"+wireHost+target, sent)
		if err != nil {
			return func() (any, error) { return nil, err }
		}
		r.Header, r.ContentLength = header, length
		if length == 0 {
			r.Body = http.NoBody
		}
		res, err := w.service.RoundTrip(r)
		if thrown := sent.thrown(); thrown != nil {
			if err == nil {
				res.Body.Close()
			}
			return func() (any, error) { return nil, thrown }
		}
		if err != nil {
			return func() (any, error) { return nil, fmt.Errorf("binding %s: %w", w.name, err) }
		}
		reply := &wireReply{isolate: i, res: res, as: as}
		if err := reply.read(); err != nil {
			return func() (any, error) { return nil, fmt.Errorf("binding %s: %w", w.name, err) }
		}
		return reply.object
	})
}

// wireHost is the host that runtime wires carry, which nobody reads.
const wireHost = "fake-host"

// A wireReply is a product's answer on its way to the shim.
type wireReply struct {
	isolate *isolate
	res     *http.Response
	as      string
	body    []byte
	meta    []byte
}

// maxMeta is the most metadata that an answer of R2 may begin with.
const maxMeta = 1 << 20

// maxKnown is the longest answer that gets its memory at once, on the strength of its length: a value of KV.
const maxKnown = 25 << 20

// read takes in what the shim wants at once. It runs off the loop.
func (p *wireReply) read() error {
	switch p.as {
	case "response":
		return nil
	case "r2":
		text := p.res.Header.Get("CF-R2-Metadata-Size")
		if text == "" {
			break
		}
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 || size > maxMeta {
			p.res.Body.Close()
			return fmt.Errorf("metadata size %q", text)
		}
		p.meta = make([]byte, size)
		if _, err := io.ReadFull(p.res.Body, p.meta); err != nil {
			p.res.Body.Close()
			return fmt.Errorf("read metadata: %w", err)
		}
		if p.res.ContentLength >= size {
			p.res.ContentLength -= size
		}
		return nil
	}
	var err error
	if n := p.res.ContentLength; n > 0 && n <= maxKnown {
		p.body = make([]byte, n)
		_, err = io.ReadFull(p.res.Body, p.body)
	} else {
		p.body, err = io.ReadAll(p.res.Body)
	}
	if cerr := p.res.Body.Close(); err == nil {
		err = cerr
	}
	return err
}

// object is the reply as the shim sees it.
func (p *wireReply) object() (any, error) {
	i := p.isolate
	o := i.rt.NewObject()
	set := func(name string, v any) { setOwn(o, name, i.rt.ToValue(v)) }
	set("status", p.res.StatusCode)
	_, reason, _ := strings.Cut(p.res.Status, " ")
	set("reason", reason)
	header := p.res.Header
	set("header", func(call goja.FunctionCall) goja.Value {
		if v := header.Values(call.Argument(0).String()); len(v) > 0 {
			return i.rt.ToValue(strings.Join(v, ", "))
		}
		return goja.Null()
	})
	switch p.as {
	case "none":
	case "text":
		set("body", webcore.DecodeUTF8(p.body))
	case "bytes":
		set("body", i.realm.ArrayBuffer(p.body))
	case "json", "d1", "r2put":
		v, err := i.readJSON(p.body, p.as == "d1")
		if err == nil {
			set("body", v)
		} else {
			set("text", string(p.body))
		}
	case "r2":
		if p.meta != nil {
			v, err := i.readJSON(p.meta, false)
			if err != nil {
				return nil, err
			}
			set("meta", v)
			set("body", i.fetch.NewResponse(plainResponse(p.res)))
		}
	case "response":
		set("body", i.fetch.NewResponse(p.res))
	}
	return o, nil
}

// plainResponse is res with nothing but its body: what an object's stream comes from.
func plainResponse(res *http.Response) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{},
		Body: res.Body, ContentLength: res.ContentLength, Request: res.Request}
}

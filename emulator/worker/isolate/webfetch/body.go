package webfetch

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// Receipt: workerd src/workerd/api/http.c++, Body::text
const bodyUsedText = "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."

const lockedText = "This ReadableStream is currently locked to a reader."

// A body is the content of a Request or Response, in the form in which it came. It becomes a
// JavaScript stream when code looks at it as one; from then on the stream knows whether it was used.
type body struct {
	buffered bool   // content is text or data, and can be sent again after a redirect
	text     string // content when data is nil
	data     []byte
	src      *source      // content when not buffered
	stream   *goja.Object // content, once code has seen it or if code made it
	used     bool         // while there is no stream
}

func textBody(s string) *body { return &body{buffered: true, text: s} }

func dataBody(b []byte) *body {
	if b == nil {
		b = []byte{}
	}
	return &body{buffered: true, data: b}
}

func sourceBody(s *source) *body { return &body{src: s} }

// bytes is the content of a buffered body.
func (b *body) bytes() []byte {
	if b.data != nil {
		return b.data
	}
	return []byte(b.text)
}

func (b *body) length() int64 {
	switch {
	case b.data != nil:
		return int64(len(b.data))
	case b.buffered:
		return int64(len(b.text))
	case b.src != nil:
		return b.src.size()
	}
	return -1
}

// newSource returns a reader over a buffered body's content.
func (b *body) newSource() *source {
	if b.data != nil {
		return memorySource(b.data)
	}
	return &source{raw: io.NopCloser(strings.NewReader(b.text)), length: int64(len(b.text)), memory: true}
}

func (a *API) bodyUsed(b *body) bool {
	if b == nil {
		return false
	}
	if b.stream != nil {
		return a.streams.disturbed(b.stream)
	}
	return b.used
}

func (a *API) bodyLocked(b *body) bool {
	return b != nil && b.stream != nil && a.streams.locked(b.stream)
}

// bodyStream returns the body as code sees it: a ReadableStream, the same every time.
func (a *API) bodyStream(b *body) goja.Value {
	if b == nil {
		return goja.Null()
	}
	if b.stream == nil {
		s := a.loadStreams()
		src := b.src
		if src == nil {
			src = b.newSource()
		}
		b.stream = s.native(src)
		b.src = nil
		if b.used {
			_, _ = s.take(b.stream)
		}
	}
	return b.stream
}

// takeBody takes the content out of a body, which is used from then on: bytes when it is buffered,
// else a Go reader when there is one, else the stream.
func (a *API) takeBody(b *body) (content *body, err error) {
	if a.bodyUsed(b) {
		return nil, a.typeError(bodyUsedText)
	}
	if a.bodyLocked(b) {
		return nil, a.typeError(lockedText)
	}
	content = &body{buffered: b.buffered, text: b.text, data: b.data, src: b.src}
	if b.stream == nil {
		b.used, b.src = true, nil
		return content, nil
	}
	src, ok := a.streams.take(b.stream)
	switch {
	case ok && !b.buffered:
		content.src = src
	case !ok:
		content = &body{stream: b.stream}
	}
	return content, nil
}

// moveBody makes a new body of b's content and leaves b used, with its stream locked.
func (a *API) moveBody(b *body) (*body, error) {
	content, err := a.takeBody(b)
	if err != nil {
		return nil, err
	}
	if content.stream != nil {
		content.stream = a.streams.move(content.stream)
	}
	return content, nil
}

// cloneBody tees b.
func (a *API) cloneBody(b *body) (*body, error) {
	if b == nil {
		return nil, nil
	}
	content, err := a.takeBody(b)
	if err != nil {
		return nil, err
	}
	other := *content
	switch {
	case content.buffered:
	case content.src != nil:
		content.src, other.src = content.src.tee()
	default:
		content.stream, other.stream = a.streams.tee(content.stream)
	}
	*b = *content
	return &other, nil
}

// A bodyOwner is a Request or a Response.
type bodyOwner interface {
	parts() (*body, *headers)
}

// defineBody gives a class the Body mixin.
func defineBody[T bodyOwner](a *API, c *idl.Class[T]) {
	c.Getter("body", func(o T) goja.Value {
		b, _ := o.parts()
		return a.bodyStream(b)
	})
	c.Getter("bodyUsed", func(o T) goja.Value {
		b, _ := o.parts()
		return a.rt.ToValue(a.bodyUsed(b))
	})
	read := func(name string, as func(o T, content []byte) (goja.Value, error)) {
		c.AsyncMethod(name, 0, func(o T, call goja.FunctionCall) goja.Value {
			b, _ := o.parts()
			return a.consume(b, func(content []byte) (goja.Value, error) { return as(o, content) })
		})
	}
	c.AsyncMethod("text", 0, func(o T, call goja.FunctionCall) goja.Value {
		b, _ := o.parts()
		return a.consumeText(b, func(text string) (goja.Value, error) { return a.rt.ToValue(text), nil })
	})
	c.AsyncMethod("json", 0, func(o T, call goja.FunctionCall) goja.Value {
		b, _ := o.parts()
		return a.consumeText(b, func(text string) (goja.Value, error) { return a.parse(goja.Undefined(), a.rt.ToValue(text)) })
	})
	read("arrayBuffer", func(o T, content []byte) (goja.Value, error) { return a.realm.ArrayBuffer(content), nil })
	read("bytes", func(o T, content []byte) (goja.Value, error) { return a.realm.Uint8Array(content), nil })
	read("blob", func(o T, content []byte) (goja.Value, error) {
		_, h := o.parts()
		contentType, _ := h.get("content-type")
		return a.blobObject(&blob{data: content, contentType: blobType(contentType)}), nil
	})
	c.AsyncMethod("formData", 0, func(o T, call goja.FunctionCall) goja.Value {
		b, h := o.parts()
		if a.bodyUsed(b) {
			panic(a.rt.NewTypeError(bodyUsedText))
		}
		contentType, ok := h.get("content-type")
		if !ok {
			a.realm.TypeError("Parsing a Body as FormData requires a Content-Type header.")
		}
		return a.consume(b, func(content []byte) (goja.Value, error) { return a.parseForm(content, contentType) })
	})
}

// consumeText is consume for text: what came as a string is not turned into bytes and back.
func (a *API) consumeText(b *body, as func(text string) (goja.Value, error)) goja.Value {
	if b != nil && b.stream == nil && b.buffered && b.data == nil && !b.used {
		b.used = true
		return a.settled(as(strings.TrimPrefix(b.text, "\ufeff")))
	}
	return a.consume(b, func(content []byte) (goja.Value, error) { return as(decodeUTF8(content)) })
}

// consume reads the whole body and returns a promise for what as makes of it. The bytes are as's own.
func (a *API) consume(b *body, as func(content []byte) (goja.Value, error)) goja.Value {
	if b == nil {
		return a.settled(as([]byte{}))
	}
	content, err := a.takeBody(b)
	if err != nil {
		return a.settled(nil, err)
	}
	switch {
	case content.buffered:
		return a.settled(as(bytes.Clone(content.bytes())))
	case content.src != nil:
		if err := a.needOwner(content.src); err != nil {
			return a.settled(nil, err)
		}
		return host.Async(a.h, func(ctx context.Context) func() (any, error) {
			data, err := content.src.readAll(ctx)
			return func() (any, error) {
				if err != nil {
					return nil, a.errorOf(err)
				}
				return plain(as(data))
			}
		})
	}
	p, resolve, reject := a.rt.NewPromise()
	a.streams.collect(content.stream, func(data []byte, err error) {
		var v goja.Value
		if err == nil {
			v, err = as(data)
		}
		if err != nil {
			must(reject(a.reason(err)))
			return
		}
		must(resolve(v))
	})
	return a.rt.ToValue(p)
}

// settled is a promise that is settled with what a call has returned.
func (a *API) settled(v goja.Value, err error) goja.Value {
	if err != nil {
		return a.realm.Rejected(a.reason(err))
	}
	return a.realm.Resolved(v)
}

func plain(v goja.Value, err error) (any, error) { return v, err }

// extract makes a body of a BodyInit, and says which Content-Type goes with it.
func (a *API) extract(v goja.Value) (b *body, contentType string, err error) {
	o, ok := v.(*goja.Object)
	if !ok {
		return textBody(a.realm.String(v)), "text/plain;charset=UTF-8", nil
	}
	switch n := a.realm.Native(o).(type) {
	case *blob:
		return dataBody(n.data), n.contentType, nil
	case *formData:
		b, contentType := a.encodeForm(n)
		return b, contentType, nil
	}
	if a.isStream(o) {
		b, err := a.streamBody(o)
		return b, "", err
	}
	if data, ok := a.bufferSource(o); ok {
		return dataBody(bytes.Clone(data)), "", nil
	}
	if a.isA(o, "URLSearchParams") {
		return textBody(o.String()), "application/x-www-form-urlencoded;charset=UTF-8", nil
	}
	if a.h.Enabled(flagIterableBody) && a.iterableBody(o) {
		return &body{stream: a.loadStreams().from(o)}, "", nil
	}
	return textBody(a.realm.String(v)), "text/plain;charset=UTF-8", nil
}

// iterableBody reports whether o is an iterable that is read as a stream. One that can be iterated over
// at once and says what text it is stands for that text.
//
// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#fetch-iterable-body-respects-tostringtoprimitive-overrides
func (a *API) iterableBody(o *goja.Object) bool {
	if !nullish(o.GetSymbol(a.asyncIterator())) {
		return true
	}
	if nullish(o.GetSymbol(goja.SymIterator)) || !nullish(o.GetSymbol(goja.SymToPrimitive)) {
		return false
	}
	text := o.Get("toString")
	for _, class := range []string{"Object", "Array"} {
		proto := a.rt.Get(class).(*goja.Object).Get("prototype").(*goja.Object)
		if text != nil && text.SameAs(proto.Get("toString")) {
			return true
		}
	}
	return false
}

// streamBody makes a body of a ReadableStream that nobody has used.
func (a *API) streamBody(o *goja.Object) (*body, error) {
	if a.streams.disturbed(o) {
		return nil, a.typeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.")
	}
	if a.streams.locked(o) {
		return nil, a.typeError("This ReadableStream is locked to a reader, and cannot be used as a body.")
	}
	return &body{stream: o}, nil
}

// bufferSource returns the bytes of an ArrayBuffer or a view, without copying.
func (a *API) bufferSource(o *goja.Object) ([]byte, bool) {
	if ab, ok := o.Export().(goja.ArrayBuffer); ok {
		return ab.Bytes(), true
	}
	if is, err := a.isView(goja.Undefined(), o); err != nil || !is.ToBoolean() {
		return nil, false
	}
	return a.realm.Bytes(o)
}

// isA reports whether o is an instance of the global class of that name.
func (a *API) isA(o *goja.Object, class string) bool {
	c, ok := a.rt.Get(class).(*goja.Object)
	return ok && a.rt.InstanceOf(o, c)
}

// BodyOf makes a Go reader of a BodyInit, as a binding takes one: length is -1 when unknown,
// contentType empty when there is none. A stream is used from then on.
func (a *API) BodyOf(v goja.Value) (rc io.ReadCloser, length int64, contentType string, err error) {
	if nullish(v) {
		return http.NoBody, 0, "", nil
	}
	var src *source
	ex := a.rt.Try(func() {
		if o, ok := v.(*goja.Object); ok && a.isStream(o) && a.streams.disturbed(o) && !a.streams.locked(o) {
			src = newSource(a.streams.pump(o), -1) // a binding takes what is left of it
			return
		}
		var b *body
		if b, contentType, err = a.extract(v); err == nil {
			src, err = a.readerOf(b)
		}
	})
	if ex != nil {
		return nil, 0, "", ex
	}
	if err != nil {
		return nil, 0, "", err
	}
	if src.encoding == "" {
		return src.raw, src.length, contentType, nil
	}
	return src, -1, contentType, nil
}

// readerOf takes a body's content as a Go reader; a JavaScript stream is pumped through the loop.
func (a *API) readerOf(b *body) (*source, error) {
	content, err := a.takeBody(b)
	if err != nil {
		return nil, err
	}
	switch {
	case content.buffered:
		return content.newSource(), nil
	case content.src != nil:
		return content.src, nil
	}
	return newSource(a.streams.pump(content.stream), a.streams.length(content.stream)), nil
}

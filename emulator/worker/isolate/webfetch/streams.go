package webfetch

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

//go:embed js/*.js
var scripts embed.FS

// parts are the scripts in the order in which they run: they share one function's scope.
var scriptOrder = []string{"base", "readable", "byte", "bytetee", "reader", "writable", "transform", "pipe", "identity", "coding", "native"}

// compiled is the streams' program. It is the same for all isolates and takes milliseconds to make.
var compiled = sync.OnceValue(func() *goja.Program {
	var b strings.Builder
	fmt.Fprintf(&b, "(function (native, global) {'use strict'; const illegalInvocation = %q;", idl.IllegalInvocation)
	for _, name := range scriptOrder {
		src, err := scripts.ReadFile("js/" + name + ".js")
		must(err)
		b.Write(src)
	}
	b.WriteString("\nreturn exported;})")
	return goja.MustCompile("internal:streams.js", b.String(), false)
})

// streamClasses are the globals that the scripts define.
var streamClasses = []string{
	"ReadableStream", "ReadableStreamDefaultReader", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest",
	"ReadableStreamDefaultController", "ReadableByteStreamController",
	"WritableStream", "WritableStreamDefaultWriter", "WritableStreamDefaultController",
	"TransformStream", "TransformStreamDefaultController", "ByteLengthQueuingStrategy", "CountQueuingStrategy",
	"IdentityTransformStream", "FixedLengthStream", "TextEncoderStream", "TextDecoderStream",
	"CompressionStream", "DecompressionStream",
}

// streams is the running scripts, as Go calls them.
type streams struct {
	a       *API
	exports *goja.Object
	calls   map[string]goja.Callable
}

// defineStreams puts a getter on the global object for each class. The first one that code names
// loads them all.
func (a *API) defineStreams() {
	for _, name := range streamClasses {
		a.realm.Lazy(name, goja.FLAG_FALSE, func() goja.Value { return a.loadStreams().exports.Get(name) })
	}
}

func (a *API) loadStreams() *streams {
	if a.streams != nil {
		return a.streams
	}
	v, err := a.rt.RunProgram(compiled())
	must(err)
	exports, err := callable(v)(goja.Undefined(), a.natives(), a.rt.GlobalObject())
	must(err)
	a.streams = &streams{a: a, exports: exports.(*goja.Object), calls: map[string]goja.Callable{}}
	for _, name := range []string{"isReadable", "isLocked", "isDisturbed", "lengthOf", "takeNative", "move", "tee", "fromIterable", "newNative", "collect", "pump"} {
		a.streams.calls[name] = callable(a.streams.exports.Get(name))
	}
	return a.streams
}

// call calls an exported function. What it throws is thrown on.
func (s *streams) call(name string, args ...goja.Value) goja.Value {
	v, err := s.calls[name](goja.Undefined(), args...)
	if err != nil {
		panic(err)
	}
	return v
}

// isStream reports whether o is a ReadableStream. While the scripts have not run there is none.
func (a *API) isStream(o goja.Value) bool {
	return a.streams != nil && a.streams.call("isReadable", o).ToBoolean()
}

func (s *streams) locked(o *goja.Object) bool    { return s.call("isLocked", o).ToBoolean() }
func (s *streams) disturbed(o *goja.Object) bool { return s.call("isDisturbed", o).ToBoolean() }

// length is how many bytes a stream has declared that it will give, -1 when it has not.
func (s *streams) length(o *goja.Object) int64 { return s.call("lengthOf", o).ToInteger() }

// native returns a readable byte stream over src.
func (s *streams) native(src *source) *goja.Object {
	return s.call("newNative", s.a.rt.ToValue(src)).(*goja.Object)
}

// take takes the Go reader out of a stream over one, when nothing that was read from it is waiting
// in the stream. The stream is locked and disturbed from then on.
func (s *streams) take(o *goja.Object) (*source, bool) {
	v := s.call("takeNative", o)
	if nullish(v) {
		return nil, false
	}
	src, ok := v.Export().(*source)
	return src, ok
}

// move makes a new stream of what o was; o is locked and disturbed from then on.
func (s *streams) move(o *goja.Object) *goja.Object { return s.call("move", o).(*goja.Object) }

func (s *streams) tee(o *goja.Object) (left, right *goja.Object) {
	pair := s.call("tee", o).(*goja.Object)
	return pair.Get("0").(*goja.Object), pair.Get("1").(*goja.Object)
}

// from makes a stream of an async iterable.
func (s *streams) from(o *goja.Object) *goja.Object { return s.call("fromIterable", o).(*goja.Object) }

// collect reads a stream of bytes to its end.
func (s *streams) collect(o *goja.Object, done func(content []byte, err error)) {
	var buf bytes.Buffer
	chunk := func(call goja.FunctionCall) goja.Value {
		data, ok := s.a.chunkBytes(call.Argument(0))
		if !ok {
			return s.a.rt.NewTypeError(notBytes)
		}
		if buf.Len()+len(data) > bufferLimit {
			return s.a.rt.NewTypeError(errTooLarge.Error())
		}
		buf.Write(data)
		return goja.Undefined()
	}
	finish := func(call goja.FunctionCall) goja.Value {
		if call.Argument(0).ToBoolean() {
			done(nil, host.Throw(call.Argument(1)))
		} else {
			done(buf.Bytes(), nil)
		}
		return goja.Undefined()
	}
	s.call("collect", o, s.a.rt.ToValue(chunk), s.a.rt.ToValue(finish))
}

// Receipt: workerd src/workerd/api/streams/standard.c++, PumpToReader
const notBytes = "This ReadableStream did not return bytes."

// chunkBytes returns a chunk's bytes, without copying.
func (a *API) chunkBytes(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	return a.bufferSource(o)
}

// NewReadableStream returns a readable byte stream over rc, which is closed when the stream ends.
func (a *API) NewReadableStream(rc io.ReadCloser) *goja.Object {
	return a.loadStreams().native(a.ownSource(rc, -1))
}

// natives are the functions that the scripts call.
func (a *API) natives() *goja.Object {
	o := a.rt.NewObject()
	def := func(name string, f func(call goja.FunctionCall) goja.Value) { must(o.Set(name, f)) }
	def("read", func(call goja.FunctionCall) goja.Value {
		src, _ := call.Argument(0).Export().(*source)
		return a.readChunk(src, int(min(max(call.Argument(1).ToInteger(), 1), chunkSize)))
	})
	def("close", func(call goja.FunctionCall) goja.Value {
		src, _ := call.Argument(0).Export().(*source)
		_ = src.Close() // the stream is over: nobody is left to hear of an error
		return goja.Undefined()
	})
	def("size", func(call goja.FunctionCall) goja.Value {
		src, _ := call.Argument(0).Export().(*source)
		return a.rt.ToValue(src.size())
	})
	def("tee", func(call goja.FunctionCall) goja.Value {
		src, _ := call.Argument(0).Export().(*source)
		left, right := src.tee()
		return a.rt.NewArray(a.rt.ToValue(left), a.rt.ToValue(right))
	})
	def("isSignal", func(call goja.FunctionCall) goja.Value {
		_, ok := a.signalOf(call.Argument(0))
		return a.rt.ToValue(ok)
	})
	def("onAbort", func(call goja.FunctionCall) goja.Value {
		s, _ := a.signalOf(call.Argument(0))
		f := callable(call.Argument(1))
		remove := s.OnAbort(func() {
			if _, err := f(goja.Undefined()); err != nil {
				panic(err)
			}
		})
		return a.rt.ToValue(func(goja.FunctionCall) goja.Value { remove(); return goja.Undefined() })
	})
	def("transfer", func(call goja.FunctionCall) goja.Value {
		ab, ok := call.Argument(0).Export().(goja.ArrayBuffer)
		if !ok || ab.Detached() {
			a.realm.TypeError("The ArrayBuffer has been detached.")
		}
		b := ab.Bytes()
		ab.Detach()
		return a.realm.ArrayBuffer(b)
	})
	def("detached", func(call goja.FunctionCall) goja.Value {
		ab, ok := call.Argument(0).Export().(goja.ArrayBuffer)
		return a.rt.ToValue(ok && ab.Detached())
	})
	def("watch", a.watch)
	a.defineCodingNatives(def)
	return o
}

// readChunk reads up to size bytes: a Uint8Array, or null at the end, or a promise for one of them.
func (a *API) readChunk(src *source, size int) goja.Value {
	read := func(ctx context.Context) ([]byte, error) {
		buf := make([]byte, size)
		for {
			n, err := guarded(ctx, src, buf)
			switch {
			case n > 0:
				return buf[:n:n], nil
			case errors.Is(err, io.EOF):
				_ = src.Close() // all has been read
				return nil, nil
			case err != nil:
				return nil, err
			}
		}
	}
	value := func(data []byte, err error) (any, error) {
		switch {
		case err != nil:
			return nil, a.errorOf(err)
		case data == nil:
			return goja.Null(), nil
		}
		return a.realm.Uint8Array(data), nil
	}
	if src.memory {
		v, err := value(read(context.Background()))
		if err != nil {
			a.throw(err)
		}
		return v.(goja.Value)
	}
	if err := a.needOwner(src); err != nil {
		a.throw(err)
	}
	return host.Async(a.h, func(ctx context.Context) func() (any, error) {
		data, err := read(ctx)
		return func() (any, error) { return value(data, err) }
	})
}

package node

import (
	"bytes"
	"math"
	"reflect"

	"github.com/dop251/goja"
)

// buffers makes Buffers and has their methods. All of them are Go's: one call into Go costs what a
// few steps of JavaScript do.
type buffers struct {
	r     *Registry
	proto *goja.Object // Buffer.prototype
	array goja.Value   // Uint8Array
}

// Buffer returns a Buffer that owns b.
func (r *Registry) Buffer(b []byte) *goja.Object {
	r.Require("buffer")
	return r.buffers.make(b)
}

var bytesType = reflect.TypeFor[[]byte]()

// bytesOf returns the bytes of a Uint8Array, without copying them.
func bytesOf(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok || o.ExportType() != bytesType {
		return nil, false
	}
	// Of an empty view at the end of its buffer goja makes a pointer to what lies behind.
	if n := o.Get("byteLength"); n == nil || n.ToInteger() == 0 {
		return []byte{}, true
	}
	b, ok := o.Export().([]byte)
	return b, ok
}

func (f *buffers) make(b []byte) *goja.Object {
	return f.view(f.r.rt.ToValue(f.r.rt.NewArrayBuffer(b)))
}

// view makes a Buffer with the arguments of Uint8Array.
func (f *buffers) view(args ...goja.Value) *goja.Object {
	o, err := f.r.rt.New(f.array, args...)
	if err != nil {
		panic(err)
	}
	must(o.SetPrototype(f.proto))
	return o
}

// share makes a Buffer of the bytes from start to end of this, in the same memory.
func (f *buffers) share(this *goja.Object, start, end int) *goja.Object {
	offset := this.Get("byteOffset").ToInteger() + int64(start)
	return f.view(this.Get("buffer"), f.r.rt.ToValue(offset), f.r.rt.ToValue(end-start))
}

func bufferNatives(r *Registry, n *natives) {
	f := &r.buffers
	f.r, f.array = r, r.rt.Get("Uint8Array")
	n.function("install", func(call goja.FunctionCall) goja.Value {
		f.proto = call.Argument(0).(*goja.Object)
		f.installText()
		f.installNumbers()
		f.installSearch()
		f.installMemory()
		return goja.Undefined()
	})
	n.function("fromString", func(call goja.FunctionCall) goja.Value {
		return f.make(f.encoding(call.Argument(1)).bytes(call.Argument(0).(goja.String)))
	})
	n.function("encodingName", func(call goja.FunctionCall) goja.Value {
		if e := charsetOf(call.Argument(0).String()); e != charsetUnknown {
			return r.rt.ToValue(e.name())
		}
		return goja.Undefined()
	})
	n.function("byteLength", func(call goja.FunctionCall) goja.Value {
		e := charsetUTF8
		if s, ok := call.Argument(1).(goja.String); ok {
			e = charsetOf(s.String())
		}
		return r.rt.ToValue(e.length(call.Argument(0).(goja.String)))
	})
	n.function("compare", func(call goja.FunctionCall) goja.Value {
		a, _ := bytesOf(call.Argument(0))
		b, _ := bytesOf(call.Argument(1))
		return r.rt.ToValue(bytes.Compare(a, b))
	})
	n.function("make", func(call goja.FunctionCall) goja.Value { return f.view(call.Arguments...) })
	n.function("join", f.join)
	n.function("is", func(call goja.FunctionCall) goja.Value {
		_, ok := bytesOf(call.Argument(0))
		return r.rt.ToValue(ok)
	})
	n.function("transcode", func(call goja.FunctionCall) goja.Value {
		b, _ := bytesOf(call.Argument(0))
		return f.make(transcode(b, charsetOf(call.Argument(1).String()), charsetOf(call.Argument(2).String())))
	})
}

// join is concat after its checks: of an array of Uint8Arrays and a length.
func (f *buffers) join(call goja.FunctionCall) goja.Value {
	list := call.Argument(0).(*goja.Object)
	size := int(call.Argument(1).ToInteger())
	out := make([]byte, 0, size)
	f.r.rt.ForOf(list, func(v goja.Value) bool {
		b, _ := bytesOf(v)
		out = append(out, b[:min(len(b), size-len(out))]...)
		return len(out) < size
	})
	return f.make(out[:size])
}

// transcode writes text in another encoding, with ? for what that cannot say.
func transcode(b []byte, from, to charset) []byte {
	text := from.text(b).(goja.String)
	if to != charsetLatin1 && to != charsetASCII {
		return to.bytes(text)
	}
	limit := rune(0xFF)
	if to == charsetASCII {
		limit = 0x7F
	}
	var out []byte
	for _, c := range text.String() {
		if c > limit {
			c = '?'
		}
		out = append(out, byte(c))
	}
	return out
}

// method defines a method of Buffers under one or more names.
func (f *buffers) method(length int, call func(b []byte, call goja.FunctionCall) goja.Value, names ...string) {
	fn := f.r.i.Realm().Function(names[0], length, func(c goja.FunctionCall) goja.Value {
		b, ok := bytesOf(c.This)
		if !ok {
			f.r.fail("ERR_INVALID_ARG_TYPE", "buffer", []string{"Buffer", "Uint8Array"}, c.This)
		}
		return call(b, c)
	})
	for _, name := range names {
		must(f.proto.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	}
}

// encoding reads an encoding's name; undefined is UTF-8.
func (f *buffers) encoding(v goja.Value) charset {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return charsetUTF8
	}
	e := charsetUnknown
	if s, ok := v.(goja.String); ok {
		e = charsetOf(s.String())
	}
	if e == charsetUnknown {
		f.r.fail("ERR_UNKNOWN_ENCODING", v)
	}
	return e
}

// integer checks an argument as validateInteger does.
func (f *buffers) integer(v goja.Value, name string, low, high int) int {
	x := f.number(v, name)
	if x != math.Trunc(x) || math.IsInf(x, 0) {
		f.r.fail("ERR_OUT_OF_RANGE", name, "an integer", v)
	}
	if x < float64(low) || x > float64(high) {
		f.r.fail("ERR_OUT_OF_RANGE", name, rangeText(low, high), v)
	}
	return int(x)
}

func (f *buffers) number(v goja.Value, name string) float64 {
	if !goja.IsNumber(v) {
		f.r.fail("ERR_INVALID_ARG_TYPE", name, "number", v)
	}
	return v.ToFloat()
}

// clamped is a position that counts from the end when negative, within 0 and length.
func clamped(v goja.Value, fallback, length int) int {
	if goja.IsUndefined(v) {
		return fallback
	}
	x := v.ToFloat()
	if math.IsNaN(x) {
		return 0
	}
	x = math.Trunc(x)
	if x < 0 {
		x += float64(length)
	}
	return int(max(0, min(x, float64(length))))
}

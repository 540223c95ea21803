package node

import (
	"strconv"

	"github.com/dop251/goja"
)

func rangeText(low, high int) string {
	return ">= " + strconv.Itoa(low) + " && <= " + strconv.Itoa(high)
}

// installText defines the methods between bytes and strings.
func (f *buffers) installText() {
	f.method(3, f.toString, "toString", "toLocaleString")
	f.method(4, f.write, "write")
	for _, e := range []charset{charsetUTF8, charsetUTF16, charsetLatin1, charsetASCII, charsetHex, charsetBase64, charsetBase64URL} {
		name := e.name()
		if e == charsetUTF16 {
			name = "ucs2"
		}
		f.method(2, func(b []byte, call goja.FunctionCall) goja.Value {
			start := clamped(call.Argument(0), 0, len(b))
			return e.text(b[start:max(start, clamped(call.Argument(1), len(b), len(b)))])
		}, name+"Slice")
		f.method(3, func(b []byte, call goja.FunctionCall) goja.Value {
			start := clamped(call.Argument(1), 0, len(b))
			b = b[start:]
			return f.r.rt.ToValue(e.write(b[:clamped(call.Argument(2), len(b), len(b))], f.text(call.Argument(0))))
		}, name+"Write")
	}
}

func (f *buffers) toString(b []byte, call goja.FunctionCall) goja.Value {
	if len(call.Arguments) == 0 {
		return charsetUTF8.text(b)
	}
	start, end := 0, len(b)
	if x := call.Argument(1).ToFloat(); x > 0 {
		if x >= float64(len(b)) {
			return stringValue("")
		}
		start = int(x)
	}
	if v := call.Argument(2); !goja.IsUndefined(v) {
		if x := v.ToFloat(); !(x > float64(len(b))) {
			end = int(v.ToInteger())
		}
	}
	e := f.encoding(call.Argument(0))
	if end <= start {
		return stringValue("")
	}
	return e.text(b[start:end])
}

func (f *buffers) text(v goja.Value) goja.String {
	s, ok := v.(goja.String)
	if !ok {
		e := f.r.newError("ERR_INVALID_ARG_TYPE", "argument", "string", v)
		must(e.Set("message", "argument must be a string"))
		panic(e)
	}
	return s
}

// write is write(text, [offset, [length]], [encoding]).
func (f *buffers) write(b []byte, call goja.FunctionCall) goja.Value {
	offset, length, name := call.Argument(1), call.Argument(2), call.Argument(3)
	_, named := offset.(goja.String)
	switch {
	case goja.IsUndefined(offset):
	case goja.IsUndefined(length) && named:
		name = offset
	default:
		b = b[f.integer(offset, "offset", 0, len(b)):]
		if _, named := length.(goja.String); named {
			name = length
		} else if !goja.IsUndefined(length) {
			whole, _ := bytesOf(call.This)
			b = b[:min(len(b), f.integer(length, "length", 0, len(whole)))]
		}
	}
	e := charsetUTF8
	if name.ToBoolean() {
		e = f.encoding(name)
	}
	return f.r.rt.ToValue(e.write(b, f.text(call.Argument(0))))
}

package node

import (
	"bytes"
	"math"

	"github.com/dop251/goja"
)

// installSearch defines indexOf and its like.
func (f *buffers) installSearch() {
	f.method(3, func(b []byte, call goja.FunctionCall) goja.Value {
		return f.r.rt.ToValue(f.index(b, call, true))
	}, "indexOf")
	f.method(3, func(b []byte, call goja.FunctionCall) goja.Value {
		return f.r.rt.ToValue(f.index(b, call, false))
	}, "lastIndexOf")
	f.method(3, func(b []byte, call goja.FunctionCall) goja.Value {
		return f.r.rt.ToValue(f.index(b, call, true) >= 0)
	}, "includes")
}

func (f *buffers) index(b []byte, call goja.FunctionCall, forward bool) int {
	value, from, name := call.Argument(0), call.Argument(1), call.Argument(2)
	if _, named := from.(goja.String); named {
		from, name = goja.Undefined(), from
	}
	needle, step := f.needle(value, name)
	at := startOf(from, len(b), forward)
	if len(needle) == 0 {
		return max(-1, min(at, len(b)))
	}
	if at < 0 || at > len(b) {
		return -1
	}
	if !forward {
		return lastIndex(b[:min(len(b), at+len(needle))], needle, step)
	}
	for at <= len(b)-len(needle) {
		found := bytes.Index(b[at:], needle)
		if found < 0 {
			return -1
		}
		if at += found; at%step == 0 {
			return at
		}
		at++
	}
	return -1
}

func lastIndex(b, needle []byte, step int) int {
	for {
		at := bytes.LastIndex(b, needle)
		if at < 0 || at%step == 0 {
			return at
		}
		b = b[:at+len(needle)-1]
	}
}

// needle is what is looked for, and a divisor of where it may begin.
func (f *buffers) needle(value, name goja.Value) (needle []byte, step int) {
	if goja.IsNumber(value) {
		return []byte{byte(uint32(value.ToInteger()))}, 1
	}
	text, isText := value.(goja.String)
	e := charsetUTF8
	if s, ok := name.(goja.String); ok {
		e = charsetOf(s.String())
	}
	if step = 1; e == charsetUTF16 {
		step = 2
	}
	if isText {
		if e == charsetUnknown {
			f.r.fail("ERR_UNKNOWN_ENCODING", name)
		}
		return e.bytes(text), step
	}
	b, ok := bytesOf(value)
	if !ok {
		f.r.fail("ERR_INVALID_ARG_TYPE", "value", []string{"number", "string", "Buffer", "Uint8Array"}, value)
	}
	return b, step
}

// startOf is where a search begins; -1 when it need not begin.
func startOf(v goja.Value, length int, forward bool) int {
	x := v.ToFloat()
	switch {
	case math.IsNaN(x) && forward:
		return 0
	case math.IsNaN(x):
		return length
	}
	x = math.Trunc(x)
	if x < 0 {
		x += float64(length)
		if x < 0 {
			if forward {
				return 0
			}
			return -1
		}
	}
	if x > float64(length) {
		if forward {
			return length + 1
		}
		return length
	}
	return int(x)
}

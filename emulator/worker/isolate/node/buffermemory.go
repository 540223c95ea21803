package node

import (
	"bytes"
	"math"
	"slices"

	"github.com/dop251/goja"
)

// installMemory defines the methods that copy, cut and compare.
func (f *buffers) installMemory() {
	f.method(2, f.slice, "slice", "subarray")
	f.method(4, f.copy, "copy")
	f.method(4, f.fill, "fill")
	f.method(5, f.compare, "compare")
	f.method(1, func(b []byte, call goja.FunctionCall) goja.Value {
		other := f.need(call.Argument(0), "otherBuffer")
		return f.r.rt.ToValue(bytes.Equal(b, other))
	}, "equals")
	for _, bits := range []int{16, 32, 64} {
		size := bits / 8
		name := map[int]string{16: "swap16", 32: "swap32", 64: "swap64"}[bits]
		f.method(0, func(b []byte, call goja.FunctionCall) goja.Value {
			if len(b)%size != 0 {
				f.r.fail("ERR_INVALID_BUFFER_SIZE", name[len("swap"):]+"-bits")
			}
			for n := 0; n < len(b); n += size {
				slices.Reverse(b[n : n+size])
			}
			return call.This
		}, name)
	}
	f.method(0, func(b []byte, _ goja.FunctionCall) goja.Value {
		data := make([]any, len(b))
		for n, c := range b {
			data[n] = int64(c)
		}
		o := f.r.rt.NewObject()
		must(o.Set("type", "Buffer"))
		must(o.Set("data", f.r.rt.NewArray(data...)))
		return o
	}, "toJSON")
}

// need returns the bytes of an argument that must be a Uint8Array.
func (f *buffers) need(v goja.Value, name string) []byte {
	b, ok := bytesOf(v)
	if !ok {
		f.r.fail("ERR_INVALID_ARG_TYPE", name, []string{"Buffer", "Uint8Array"}, v)
	}
	return b
}

func (f *buffers) slice(b []byte, call goja.FunctionCall) goja.Value {
	start := clamped(call.Argument(0), 0, len(b))
	end := max(start, clamped(call.Argument(1), len(b), len(b)))
	return f.share(call.This.(*goja.Object), start, end)
}

func (f *buffers) copy(b []byte, call goja.FunctionCall) goja.Value {
	target := f.need(call.Argument(0), "target")
	position := func(n int, name, allowed string, fallback, high float64) float64 {
		v := call.Argument(n)
		if goja.IsUndefined(v) {
			return fallback
		}
		x := math.Trunc(v.ToFloat())
		if math.IsNaN(x) {
			x = 0
		}
		if x < 0 || x > high {
			f.r.fail("ERR_OUT_OF_RANGE", name, allowed, v)
		}
		return x
	}
	length := float64(len(b))
	to := position(1, "targetStart", ">= 0", 0, math.Inf(1))
	from := position(2, "sourceStart", rangeText(0, len(b)), 0, length)
	end := min(position(3, "sourceEnd", ">= 0", length, math.Inf(1)), length)
	if to >= float64(len(target)) || from >= end {
		return f.r.rt.ToValue(0)
	}
	return f.r.rt.ToValue(copy(target[int(to):], b[int(from):int(end)]))
}

const maxLength = 0x7fffffff

func (f *buffers) compare(b []byte, call goja.FunctionCall) goja.Value {
	target := f.need(call.Argument(0), "target")
	position := func(n int, name string, fallback, high int) int {
		if v := call.Argument(n); !goja.IsUndefined(v) {
			return f.integer(v, name, 0, high)
		}
		return fallback
	}
	targetStart := position(1, "targetStart", 0, maxLength)
	targetEnd := position(2, "targetEnd", len(target), len(target))
	start := position(3, "sourceStart", 0, maxLength)
	end := position(4, "sourceEnd", len(b), len(b))
	part := func(b []byte, start, end int) []byte {
		if start >= end {
			return nil
		}
		return b[start:end]
	}
	return f.r.rt.ToValue(bytes.Compare(part(b, start, end), part(target, targetStart, targetEnd)))
}

// fill is fill(value, [offset, [end]], [encoding]).
func (f *buffers) fill(b []byte, call goja.FunctionCall) goja.Value {
	value, offset, end, name := call.Argument(0), call.Argument(1), call.Argument(2), call.Argument(3)
	text, isText := value.(goja.String)
	if isText {
		if _, named := offset.(goja.String); named {
			name, offset, end = offset, goja.Undefined(), goja.Undefined()
		} else if _, named := end.(goja.String); named {
			name, end = end, goja.Undefined()
		}
	}
	pattern := f.pattern(value, text, isText, name)
	part := b
	if !goja.IsUndefined(offset) {
		start := f.within(offset, "offset", math.Inf(1))
		stop := float64(len(b))
		if !goja.IsUndefined(end) {
			stop = f.within(end, "end", float64(len(b)))
		}
		if start >= stop {
			return call.This
		}
		part = b[int(start):int(stop)]
	}
	if len(pattern) == 0 && len(part) > 0 {
		f.r.fail("ERR_INVALID_ARG_VALUE", "value", value)
	}
	for n := 0; n < len(part); {
		n += copy(part[n:], pattern)
	}
	return call.This
}

// pattern is what fill repeats.
func (f *buffers) pattern(value goja.Value, text goja.String, isText bool, name goja.Value) []byte {
	if !isText {
		if b, ok := bytesOf(value); ok {
			return b
		}
		return []byte{byte(uint32(int64(value.ToNumber().ToInteger())))}
	}
	e := f.encoding(name)
	if text.Length() == 0 {
		return []byte{0}
	}
	return e.bytes(text)
}

// within checks an argument as validateNumber does, from 0 on.
func (f *buffers) within(v goja.Value, name string, high float64) float64 {
	x := f.number(v, name)
	if !(x >= 0 && x <= high) {
		allowed := ">= 0"
		if !math.IsInf(high, 1) {
			allowed = rangeText(0, int(high))
		}
		f.r.fail("ERR_OUT_OF_RANGE", name, allowed, v)
	}
	return x
}

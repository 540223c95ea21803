package node

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/dop251/goja"
)

// installNumbers defines the readers and writers of numbers.
func (f *buffers) installNumbers() {
	f.integers(1, "8")
	for _, order := range []string{"LE", "BE"} {
		little := order == "LE"
		f.integers(2, "16"+order)
		f.integers(4, "32"+order)
		f.variable(order, little)
		f.bigints(order, little)
		f.floats("Float"+order, 4, little)
		f.floats("Double"+order, 8, little)
	}
}

// integers defines the four functions for integers of one size and order, which the suffix names.
func (f *buffers) integers(size int, suffix string) {
	little := strings.HasSuffix(suffix, "LE")
	for _, signed := range []bool{false, true} {
		names := []string{"UInt" + suffix, "Uint" + suffix}
		if signed {
			names = []string{"Int" + suffix}
		}
		f.method(1, func(b []byte, call goja.FunctionCall) goja.Value {
			at := f.at(b, offsetOf(call, 0), size)
			return f.r.rt.ToValue(readInteger(b[at:at+size], little, signed))
		}, prefixed("read", names)...)
		f.method(2, func(b []byte, call goja.FunctionCall) goja.Value {
			return f.writeInteger(b, call.Argument(0), offsetOf(call, 1), size, little, signed)
		}, prefixed("write", names)...)
	}
}

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for n, name := range names {
		out[n] = prefix + name
	}
	return out
}

// variable defines the functions for integers of one to six bytes.
func (f *buffers) variable(order string, little bool) {
	size := func(v goja.Value) int {
		x := f.number(v, "byteLength")
		if x != math.Trunc(x) {
			f.r.fail("ERR_OUT_OF_RANGE", "byteLength", "an integer", v)
		}
		if x < 1 || x > 6 {
			f.r.fail("ERR_OUT_OF_RANGE", "byteLength", ">= 1 and <= 6", v)
		}
		return int(x)
	}
	for _, signed := range []bool{false, true} {
		names := []string{"UInt" + order, "Uint" + order}
		if signed {
			names = []string{"Int" + order}
		}
		f.method(2, func(b []byte, call goja.FunctionCall) goja.Value {
			if v := call.Argument(0); goja.IsUndefined(v) {
				f.r.fail("ERR_INVALID_ARG_TYPE", "offset", "number", v)
			}
			n := size(call.Argument(1))
			at := f.at(b, call.Argument(0), n)
			return f.r.rt.ToValue(readInteger(b[at:at+n], little, signed))
		}, prefixed("read", names)...)
		f.method(3, func(b []byte, call goja.FunctionCall) goja.Value {
			return f.writeInteger(b, call.Argument(0), call.Argument(1), size(call.Argument(2)), little, signed)
		}, prefixed("write", names)...)
	}
}

// offsetOf is the offset among the arguments, 0 when it is left out.
func offsetOf(call goja.FunctionCall, n int) goja.Value {
	if v := call.Argument(n); !goja.IsUndefined(v) {
		return v
	}
	return zero
}

var zero = (*goja.Runtime)(nil).ToValue(0)

// at is an offset at which size bytes lie.
func (f *buffers) at(b []byte, v goja.Value, size int) int {
	x := f.number(v, "offset")
	last := len(b) - size
	if x >= 0 && x <= float64(last) && x == math.Trunc(x) {
		return int(x)
	}
	if x != math.Trunc(x) || math.IsNaN(x) {
		f.r.fail("ERR_OUT_OF_RANGE", "offset", "an integer", v)
	}
	if last < 0 {
		f.r.fail("ERR_BUFFER_OUT_OF_BOUNDS")
	}
	f.r.fail("ERR_OUT_OF_RANGE", "offset", fmt.Sprintf(">= 0 and <= %d", last), v)
	return 0
}

func readInteger(b []byte, little, signed bool) int64 {
	var x uint64
	for n := range b {
		c := b[n]
		if little {
			c = b[len(b)-1-n]
		}
		x = x<<8 | uint64(c)
	}
	if shift := 64 - 8*len(b); signed {
		return int64(x<<shift) >> shift
	}
	return int64(x)
}

func (f *buffers) writeInteger(b []byte, value, offset goja.Value, size int, little, signed bool) goja.Value {
	x := value.ToFloat()
	low, high := 0.0, math.Pow(2, float64(8*size))-1
	if signed {
		high = math.Pow(2, float64(8*size-1)) - 1
		low = -high - 1
	}
	check := func() {
		if x > high || x < low {
			f.r.fail("ERR_OUT_OF_RANGE", "value", integerRange(low, high, size), value.ToNumber())
		}
	}
	if size == 1 { // of one byte the offset is looked at first
		f.number(offset, "offset")
	}
	check()
	at := f.at(b, offset, size)
	var raw uint64
	if !math.IsNaN(x) {
		raw = uint64(int64(x))
	}
	put(b[at:at+size], raw, little)
	return f.r.rt.ToValue(at + size)
}

func put(b []byte, x uint64, little bool) {
	for n := range b {
		at := len(b) - 1 - n
		if little {
			at = n
		}
		b[at] = byte(x)
		x >>= 8
	}
}

// integerRange says what a writer of integers takes.
func integerRange(low, high float64, size int) string {
	switch {
	case size < 5:
		return fmt.Sprintf(">= %.0f and <= %.0f", low, high)
	case low == 0:
		return fmt.Sprintf(">= 0 and < 2 ** %d", 8*size)
	}
	return fmt.Sprintf(">= -(2 ** %[1]d) and < 2 ** %[1]d", 8*size-1)
}

// bigints defines the functions for integers of eight bytes.
func (f *buffers) bigints(order string, little bool) {
	bits := binary.ByteOrder(binary.BigEndian)
	if little {
		bits = binary.LittleEndian
	}
	for _, signed := range []bool{false, true} {
		names := []string{"BigUInt64" + order, "BigUint64" + order}
		low, high, allowed := big.NewInt(0), new(big.Int).SetUint64(math.MaxUint64), ">= 0n and < 2n ** 64n"
		if signed {
			names = []string{"BigInt64" + order}
			low, high, allowed = big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64), ">= -(2n ** 63n) and < 2n ** 63n"
		}
		f.method(1, func(b []byte, call goja.FunctionCall) goja.Value {
			raw := bits.Uint64(b[f.at(b, offsetOf(call, 0), 8):])
			if signed {
				return f.r.rt.ToValue(big.NewInt(int64(raw)))
			}
			return f.r.rt.ToValue(new(big.Int).SetUint64(raw))
		}, prefixed("read", names)...)
		f.method(2, func(b []byte, call goja.FunctionCall) goja.Value {
			x, ok := call.Argument(0).Export().(*big.Int)
			if !ok {
				f.r.i.Realm().TypeError("Cannot mix BigInt and other types, use explicit conversions")
			}
			if x.Cmp(low) < 0 || x.Cmp(high) > 0 {
				f.r.fail("ERR_OUT_OF_RANGE", "value", allowed, call.Argument(0))
			}
			at := f.at(b, offsetOf(call, 1), 8)
			raw := x.Uint64()
			if x.Sign() < 0 {
				raw = uint64(x.Int64())
			}
			bits.PutUint64(b[at:], raw)
			return f.r.rt.ToValue(at + 8)
		}, prefixed("write", names)...)
	}
}

func (f *buffers) floats(name string, size int, little bool) {
	f.method(1, func(b []byte, call goja.FunctionCall) goja.Value {
		at := f.at(b, offsetOf(call, 0), size)
		raw := uint64(readInteger(b[at:at+size], little, false))
		if size == 4 {
			return f.r.rt.ToValue(float64(math.Float32frombits(uint32(raw))))
		}
		return f.r.rt.ToValue(math.Float64frombits(raw))
	}, "read"+name)
	f.method(2, func(b []byte, call goja.FunctionCall) goja.Value {
		x := call.Argument(0).ToFloat()
		at := f.at(b, offsetOf(call, 1), size)
		if math.IsNaN(x) {
			x = nan
		}
		raw := math.Float64bits(x)
		if size == 4 {
			raw = uint64(math.Float32bits(float32(x)))
		}
		put(b[at:at+size], raw, little)
		return f.r.rt.ToValue(at + size)
	}, "write"+name)
}

// nan is NaN as JavaScript writes it. Go's has another bit set.
var nan = math.Float64frombits(0x7FF8 << 48)

package d1

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Type bytes of packed values, SQLite's own numbers. The same form carries parameters to SQLite and
// rows back (shim.c).
const (
	packedInteger = 1
	packedReal    = 2
	packedText    = 3
	packedBlob    = 4
	packedNull    = 5
)

// Rows is the outcome of a statement. The values stay in one block of bytes, as they came from
// SQLite, so that a face can encode them without a Go value for each.
type Rows struct {
	Columns []string // names as SQLite gives them; the same name may come twice
	n       int
	packed  []byte
}

// Len returns the number of rows.
func (r Rows) Len() int { return r.n }

// Values returns all rows. A value is nil, int64, float64, string or []byte.
func (r Rows) Values() [][]any {
	out := make([][]any, r.n)
	rest := r.packed
	for i := range out {
		out[i] = make([]any, len(r.Columns))
		for j := range out[i] {
			var v value
			v, rest = unpack(rest)
			out[i][j] = v.any()
		}
	}
	return out
}

// A value is one packed value, taken apart. bytes points into the block.
type value struct {
	kind  byte
	bits  uint64 // of an integer or real
	bytes []byte // of text or a blob
}

func unpack(p []byte) (value, []byte) {
	switch kind := p[0]; kind {
	case packedInteger, packedReal:
		return value{kind: kind, bits: binary.NativeEndian.Uint64(p[1:])}, p[9:]
	case packedText, packedBlob:
		n := int(binary.NativeEndian.Uint32(p[1:]))
		return value{kind: kind, bytes: p[5 : 5+n]}, p[5+n:]
	}
	return value{kind: packedNull}, p[1:]
}

func (v value) any() any {
	switch v.kind {
	case packedInteger:
		return int64(v.bits)
	case packedReal:
		return math.Float64frombits(v.bits)
	case packedText:
		return string(v.bytes)
	case packedBlob:
		return append([]byte{}, v.bytes...)
	}
	return nil
}

// packParams packs params behind buf. Numbers of JSON are float64 and are bound as REAL, as D1 does;
// an int64 of a Go caller stays an integer.
func packParams(buf []byte, params []any) ([]byte, error) {
	for i, p := range params {
		switch p := p.(type) {
		case nil:
			buf = append(buf, packedNull)
		case float64:
			buf = binary.NativeEndian.AppendUint64(append(buf, packedReal), math.Float64bits(p))
		case int64:
			buf = binary.NativeEndian.AppendUint64(append(buf, packedInteger), uint64(p))
		case int:
			buf = binary.NativeEndian.AppendUint64(append(buf, packedInteger), uint64(p))
		case bool:
			n := 0.0
			if p {
				n = 1
			}
			buf = binary.NativeEndian.AppendUint64(append(buf, packedReal), math.Float64bits(n))
		case string:
			buf = binary.NativeEndian.AppendUint32(append(buf, packedText), uint32(len(p)))
			buf = append(buf, p...)
		case []byte:
			buf = binary.NativeEndian.AppendUint32(append(buf, packedBlob), uint32(len(p)))
			buf = append(buf, p...)
		default:
			return nil, &Error{Code: CodeInvalid, Message: fmt.Sprintf("parameter %d: a value of type %T cannot be bound", i+1, p)}
		}
	}
	return buf, nil
}

// unsafeString looks at b as a string. b must not change afterwards.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

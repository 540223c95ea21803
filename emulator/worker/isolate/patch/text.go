package patch

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

// goja keeps a string either as ASCII, in a Go string, or as UTF-16 with a mark in front. Other strings
// become one of the two when first looked at. samples has one of each.
type samples struct {
	ascii, wide         goja.Value
	asciiType, wideType reflect.Type
}

// A header is how Go lays out an interface value: what it is and where.
type header struct{ kind, data unsafe.Pointer }

var sampled = sync.OnceValue(func() samples {
	rt := goja.New()
	s := samples{ascii: rt.ToValue("a"), wide: goja.StringFromUTF16([]uint16{0xe9})}
	s.asciiType, s.wideType = reflect.TypeOf(s.ascii), reflect.TypeOf(s.wide)
	if s.asciiType.Kind() != reflect.String || s.wideType != nil && (s.wideType.Kind() != reflect.Slice || s.wideType.Elem().Kind() != reflect.Uint16) {
		panic("goja keeps its strings in another way than it did")
	}
	return s
})

// ASCII returns the Go string behind v, when goja keeps v as one.
func ASCII(v goja.Value) (string, bool) {
	if reflect.TypeOf(v) != sampled().asciiType {
		return "", false
	}
	return *(*string)((*header)(unsafe.Pointer(&v)).data), true
}

// Wide returns the UTF-16 behind v, after goja's mark, when goja keeps v so. It is not to be changed.
func Wide(v goja.Value) ([]uint16, bool) {
	if reflect.TypeOf(v) != sampled().wideType {
		return nil, false
	}
	return *(*[]uint16)((*header)(unsafe.Pointer(&v)).data), true
}

// FromASCII returns the JavaScript string s, which must be ASCII, without looking at it.
func FromASCII(s string) goja.String {
	v := sampled().ascii
	(*header)(unsafe.Pointer(&v)).data = unsafe.Pointer(&s)
	return v.(goja.String)
}

// FromWide returns the JavaScript string that Wide would return units for, without copying them.
func FromWide(units []uint16) goja.String {
	v := sampled().wide
	(*header)(unsafe.Pointer(&v)).data = unsafe.Pointer(&units)
	return v.(goja.String)
}

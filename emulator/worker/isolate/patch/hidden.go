package patch

import (
	"fmt"
	"hash/maphash"
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

// symbols is goja's map of an object's symbol properties, with room behind it for a value of ours. The
// objects whose map is one of these have mark for its hash, which goja's own maps of symbols go without
// because symbols hash by themselves. Code sees nothing of it: the map has the symbols that code gave it.
type symbols struct {
	mark        *maphash.Hash
	table       map[uint64]unsafe.Pointer
	first, last unsafe.Pointer
	size        int

	hidden any
}

// A Hider hangs Go values on ordinary JavaScript objects.
type Hider struct {
	kind
	mark *maphash.Hash
	at   uintptr // where the implementation has its map of symbols
}

// NewHider returns the process's one.
var NewHider = sync.OnceValue(func() *Hider {
	k := kindOf(goja.New().NewObject(), map[string]reflect.Type{"symValues": nil})
	h := &Hider{kind: k, mark: new(maphash.Hash), at: k.fields["symValues"]}
	impl, _ := self(goja.New().NewObject())
	f, _ := impl.Type().FieldByName("symValues")
	if f.Type.Kind() != reflect.Pointer {
		panic(fmt.Sprintf("goja keeps symbols in a %s", f.Type))
	}
	theirs, ours := f.Type.Elem(), reflect.TypeFor[symbols]()
	if theirs.NumField() != ours.NumField()-1 || theirs.Size() != ours.Field(ours.NumField()-1).Offset {
		panic("goja's map of symbols has other fields than it had")
	}
	for n, name := range []string{"hash", "hashTable", "iterFirst", "iterLast", "size"} {
		f, o := theirs.Field(n), ours.Field(n)
		same := f.Type.Kind() == o.Type.Kind() || o.Type.Kind() == reflect.UnsafePointer && f.Type.Kind() == reflect.Pointer
		if f.Name != name || f.Offset != o.Offset || !same {
			panic("goja's map of symbols has another " + name + " than it had")
		}
		if f.Type.Kind() == reflect.Map && (f.Type.Key() != o.Type.Key() || f.Type.Elem().Kind() != reflect.Pointer) {
			panic("goja's map of symbols has other entries than it had")
		}
	}
	return h
})

// Hide hangs v on o, in the place of what hung there. It is false for what is no ordinary object, which
// it leaves alone.
func (h *Hider) Hide(o *goja.Object, v any) bool {
	at, ok := h.of(o)
	if !ok {
		return false
	}
	place := (**symbols)(unsafe.Add(at, h.at))
	now := *place
	switch {
	case now == nil:
		*place = &symbols{mark: h.mark, table: map[uint64]unsafe.Pointer{}, hidden: v}
	case now.mark == h.mark:
		now.hidden = v
	default:
		*place = &symbols{h.mark, now.table, now.first, now.last, now.size, v}
	}
	return true
}

// Hidden returns what hangs on o, nil for nothing. It is false for what is no ordinary object.
func (h *Hider) Hidden(o *goja.Object) (any, bool) {
	at, ok := h.of(o)
	if !ok {
		return nil, false
	}
	if s := *(**symbols)(unsafe.Add(at, h.at)); s != nil && s.mark == h.mark {
		return s.hidden, true
	}
	return nil, true
}

package patch

import (
	"fmt"
	"reflect"
	"regexp"
	"sync"
	"unsafe"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
)

// A kind is one of goja's implementations of objects: how to tell it, and where its fields are.
type kind struct {
	self   uintptr        // where in an object its implementation is
	tag    unsafe.Pointer // what stands there, before the implementation's address
	fields map[string]uintptr
}

// kindOf looks at an object, whose implementation must have the fields, with those types.
func kindOf(o *goja.Object, fields map[string]reflect.Type) kind {
	impl, err := self(o)
	if err != nil {
		panic(err)
	}
	f, _ := reflect.TypeFor[goja.Object]().FieldByName("self")
	k := kind{self: f.Offset, fields: map[string]uintptr{}}
	k.tag = (*header)(unsafe.Add(unsafe.Pointer(o), k.self)).kind
	for name, want := range fields {
		f, ok := impl.Type().FieldByName(name)
		if !ok || want != nil && f.Type != want {
			panic(fmt.Sprintf("goja's %s has no field %s as expected", impl.Type(), name))
		}
		k.fields[name] = f.Offset
	}
	return k
}

// of returns the address of the object's implementation, if it is of this kind.
func (k *kind) of(o *goja.Object) (unsafe.Pointer, bool) {
	h := (*header)(unsafe.Add(unsafe.Pointer(o), k.self))
	return h.data, h.kind == k.tag
}

// list is goja's usual array.
type list struct {
	kind
	elements, length uintptr
}

var lists = sync.OnceValue(func() *list {
	k := kindOf(goja.New().NewArray(1), map[string]reflect.Type{
		"values": reflect.TypeFor[[]goja.Value](), "length": reflect.TypeFor[uint32]()})
	return &list{k, k.fields["values"], k.fields["length"]}
})

// Length returns the length of an array, and false for any other object and for some arrays.
func Length(o *goja.Object) (uint32, bool) {
	l := lists()
	at, ok := l.of(o)
	if !ok {
		return 0, false
	}
	return *(*uint32)(unsafe.Add(at, l.length)), true
}

// Elements returns the elements of an array, nil for a missing one, not to be changed. It is false for
// any other object and for some arrays.
func Elements(o *goja.Object) ([]goja.Value, bool) {
	l := lists()
	at, ok := l.of(o)
	if !ok {
		return nil, false
	}
	return *(*[]goja.Value)(unsafe.Add(at, l.elements)), true
}

// expression is goja's RegExp.
type expression struct {
	kind
	pattern, source                                              uintptr // in the object
	text, global, ignoreCase, multiline, dotAll, sticky, unicode uintptr // in the pattern
	linear, backtracker                                          uintptr // in the pattern
	machine                                                      uintptr // in the backtracker
	backtrackers                                                 reflect.Type
}

var expressions = sync.OnceValue(func() *expression {
	v, err := goja.New().RunString("/a/")
	if err != nil {
		panic(err)
	}
	o := v.(*goja.Object)
	x := &expression{kind: kindOf(o, map[string]reflect.Type{"source": reflect.TypeFor[goja.String](), "pattern": nil})}
	x.pattern, x.source = x.fields["pattern"], x.fields["source"]
	impl, _ := self(o)
	pattern, _ := impl.Type().FieldByName("pattern")
	inner := pattern.Type.Elem()
	for name, at := range map[string]*uintptr{"src": &x.text, "global": &x.global, "ignoreCase": &x.ignoreCase, "multiline": &x.multiline,
		"dotAll": &x.dotAll, "sticky": &x.sticky, "unicode": &x.unicode, "regexpWrapper": &x.linear, "regexp2Wrapper": &x.backtracker} {
		f, ok := inner.FieldByName(name)
		if !ok {
			panic("goja's patterns have no " + name)
		}
		*at = f.Offset
		if name == "regexpWrapper" && (f.Type.Kind() != reflect.Pointer || !f.Type.ConvertibleTo(reflect.TypeFor[*regexp.Regexp]())) {
			panic("goja's patterns have another linear matcher than they had")
		}
		if name == "regexp2Wrapper" {
			x.backtrackers = f.Type.Elem()
		}
	}
	machine, ok := x.backtrackers.FieldByName("rx")
	if !ok || machine.Type != reflect.TypeFor[*regexp2.Regexp]() {
		panic("goja's patterns have another backtracker than they had")
	}
	x.machine = machine.Offset
	return x
})

// SetSource sets what a RegExp says its source is.
func SetSource(rx *goja.Object, source goja.String) error {
	x := expressions()
	at, ok := x.of(rx)
	if !ok {
		return fmt.Errorf("not a RegExp")
	}
	*(*goja.String)(unsafe.Add(at, x.source)) = source
	return nil
}

// Source returns the source of a RegExp as it was given, and false for any other object.
func Source(rx *goja.Object) (goja.String, bool) {
	x := expressions()
	at, ok := x.of(rx)
	if !ok {
		return nil, false
	}
	return *(*goja.String)(unsafe.Add(at, x.source)), true
}

// A Pattern is what a RegExp matches by.
type Pattern struct{ at unsafe.Pointer }

// PatternOf returns the pattern of a RegExp, and false for any other object.
func PatternOf(rx *goja.Object) (Pattern, bool) {
	x := expressions()
	at, ok := x.of(rx)
	if !ok {
		return Pattern{}, false
	}
	return Pattern{*(*unsafe.Pointer)(unsafe.Add(at, x.pattern))}, true
}

func (p Pattern) flag(at uintptr) bool { return *(*bool)(unsafe.Add(p.at, at)) }

// Text is the pattern as goja gives it to the backtracking matcher.
func (p Pattern) Text() string { return *(*string)(unsafe.Add(p.at, expressions().text)) }

// Global, Sticky and Unicode are flags of the RegExp.
func (p Pattern) Global() bool  { return p.flag(expressions().global) }
func (p Pattern) Sticky() bool  { return p.flag(expressions().sticky) }
func (p Pattern) Unicode() bool { return p.flag(expressions().unicode) }

// Options are the flags as the backtracking matcher takes them.
func (p Pattern) Options() regexp2.RegexOptions {
	x := expressions()
	o := regexp2.RegexOptions(regexp2.ECMAScript)
	for at, option := range map[uintptr]regexp2.RegexOptions{x.ignoreCase: regexp2.IgnoreCase, x.multiline: regexp2.Multiline,
		x.dotAll: regexp2.Singleline, x.unicode: regexp2.Unicode} {
		if p.flag(at) {
			o |= option
		}
	}
	return o
}

// MatchesEmpty reports whether the pattern, where goja matches it in linear time, matches an empty text.
func (p Pattern) MatchesEmpty() bool {
	linear := *(**regexp.Regexp)(unsafe.Add(p.at, expressions().linear))
	return linear != nil && linear.MatchString("")
}

// Backtrack leaves the pattern with its backtracking matcher only, which it must have.
func (p Pattern) Backtrack() {
	*(*unsafe.Pointer)(unsafe.Add(p.at, expressions().linear)) = nil
}

// Backtracker is the matcher for what cannot be matched in linear time, nil when goja has not needed it yet.
func (p Pattern) Backtracker() *regexp2.Regexp {
	x := expressions()
	w := *(*unsafe.Pointer)(unsafe.Add(p.at, x.backtracker))
	if w == nil {
		return nil
	}
	return *(**regexp2.Regexp)(unsafe.Add(w, x.machine))
}

// SetBacktracker gives the pattern a matcher before goja makes one of the same text and options.
func (p Pattern) SetBacktracker(m *regexp2.Regexp) {
	x := expressions()
	w := reflect.New(x.backtrackers).UnsafePointer()
	*(**regexp2.Regexp)(unsafe.Add(w, x.machine)) = m
	*(*unsafe.Pointer)(unsafe.Add(p.at, x.backtracker)) = w
}

// failure is goja's Error.
type failure struct {
	kind
	frames, formatted uintptr
}

var failures = sync.OnceValue(func() *failure {
	v, err := goja.New().RunString("new Error()")
	if err != nil {
		panic(err)
	}
	k := kindOf(v.(*goja.Object), map[string]reflect.Type{
		"stack": reflect.TypeFor[[]goja.StackFrame](), "stackPropAdded": reflect.TypeFor[bool]()})
	return &failure{k, k.fields["stack"], k.fields["stackPropAdded"]}
})

// Frames returns where in the code an Error was made, and false for any other object.
func Frames(o *goja.Object) ([]goja.StackFrame, bool) {
	f := failures()
	at, ok := f.of(o)
	if !ok {
		return nil, false
	}
	return *(*[]goja.StackFrame)(unsafe.Add(at, f.frames)), true
}

// SetFrames sets what Frames returns, and keeps goja from giving the Error a stack of its own. It is
// false for what is no Error.
func SetFrames(o *goja.Object, frames []goja.StackFrame) bool {
	f := failures()
	at, ok := f.of(o)
	if !ok {
		return false
	}
	*(*[]goja.StackFrame)(unsafe.Add(at, f.frames)) = frames
	*(*bool)(unsafe.Add(at, f.formatted)) = true
	return true
}

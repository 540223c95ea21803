package isolate

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// A jsonWriter is JSON.stringify without replacer and indentation, for values with D1's rows in them
// that no code has touched: these go from text to text. All else it does as the language's own.
//
// Receipt: https://tc39.es/ecma262/#sec-serializejsonproperty
type jsonWriter struct {
	i     *isolate
	b     []byte
	stack []*goja.Object
}

// jsonPrimordials are what the writer and untouched rows need of the language, fetched once.
type jsonPrimordials struct {
	stringify goja.Callable // JSON.stringify as the runtime has it
	push      goja.Callable // Array.prototype.push
	isArray   goja.Callable // Array.isArray
	reflect   *goja.Object
	// What rows and their array inherit from.
	object, array *goja.Object
}

// installStringify puts a JSON.stringify of ours in place of the runtime's, which it calls whenever there
// are no untouched rows about.
func (i *isolate) installStringify() {
	json := i.rt.Get("JSON").(*goja.Object)
	native, _ := goja.AssertFunction(json.Get("stringify"))
	array := i.rt.Get("Array").(*goja.Object)
	j := &i.json
	j.stringify = native
	j.reflect = i.rt.Get("Reflect").(*goja.Object)
	j.array = array.Get("prototype").(*goja.Object)
	j.object = i.rt.Get("Object").(*goja.Object).Get("prototype").(*goja.Object)
	j.push, _ = goja.AssertFunction(j.array.Get("push"))
	j.isArray, _ = goja.AssertFunction(array.Get("isArray"))
	own := i.realm.Function("stringify", 3, func(call goja.FunctionCall) goja.Value {
		if inv := i.current; inv != nil && inv.lazy > 0 && plainCall(call) {
			w := &jsonWriter{i: i}
			if w.property("", call.Arguments[0]) {
				return i.rt.ToValue(string(w.b))
			}
			return goja.Undefined()
		}
		return i.must(native(json, call.Arguments...))
	})
	if err := json.DefineDataProperty("stringify", own, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err) // on an object of the runtime's own
	}
}

// plainCall reports whether JSON.stringify is called with a value alone.
func plainCall(call goja.FunctionCall) bool {
	for _, v := range call.Arguments[min(1, len(call.Arguments)):] {
		if !goja.IsUndefined(v) && !goja.IsNull(v) {
			return false
		}
	}
	return len(call.Arguments) > 0
}

// property appends v and reports false, having appended nothing, when JSON has no such value.
func (w *jsonWriter) property(key string, v goja.Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case *goja.Object:
		return w.object(key, v)
	case goja.String:
		w.string(v)
		return true
	case *goja.Symbol:
		return false
	}
	if goja.IsUndefined(v) {
		return false
	}
	switch t := v.ExportType(); {
	case goja.IsNull(v):
		w.b = append(w.b, "null"...)
	case t == nil:
		w.native(v)
	case t.Kind() == reflect.Int64:
		w.b = strconv.AppendInt(w.b, v.ToInteger(), 10)
	case t.Kind() == reflect.Float64:
		if f := v.ToFloat(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.b = append(w.b, "null"...)
		} else {
			w.b = append(w.b, v.String()...)
		}
	case t.Kind() == reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.ToBoolean())
	default:
		return w.native(v)
	}
	return true
}

// native has the runtime's own JSON.stringify append a primitive value, or throw.
func (w *jsonWriter) native(v goja.Value) bool {
	text := w.i.must(w.i.json.stringify(goja.Undefined(), v))
	if goja.IsUndefined(text) {
		return false
	}
	w.b = append(w.b, text.String()...)
	return true
}

// object appends an object, or what its toJSON returns.
func (w *jsonWriter) object(key string, o *goja.Object) bool {
	if l := w.i.lazyRowsOf(o); l != nil && !l.filled {
		if b, ok := w.i.appendRows(w.b, l); ok {
			w.b = b
			return true
		}
	}
	if toJSON, ok := goja.AssertFunction(o.Get("toJSON")); ok {
		v := w.i.must(toJSON(o, w.i.rt.ToValue(key)))
		again, ok := v.(*goja.Object)
		if !ok {
			return w.property(key, v)
		}
		o = again
	}
	switch o.ClassName() {
	case "Number", "String", "Boolean", "BigInt":
		return w.native(w.unwrap(o))
	}
	if _, callable := goja.AssertFunction(o); callable {
		return false
	}
	for _, outer := range w.stack {
		if outer == o {
			w.i.realm.TypeError("Converting circular structure to JSON")
		}
	}
	w.stack = append(w.stack, o)
	if w.array(o) {
		w.elements(o)
	} else {
		w.members(o)
	}
	w.stack = w.stack[:len(w.stack)-1]
	return true
}

// unwrap is the primitive value in a Number, String, Boolean or BigInt object, by the conversions that
// JSON.stringify makes.
func (w *jsonWriter) unwrap(o *goja.Object) goja.Value {
	switch o.ClassName() {
	case "Number":
		return o.ToNumber()
	case "String":
		return o.ToString()
	}
	return w.i.rt.ToValue(o.Export())
}

func (w *jsonWriter) array(o *goja.Object) bool {
	switch o.ExportType() {
	case plainObjectType:
		return false
	case plainArrayType:
		return true
	}
	return w.i.must(w.i.json.isArray(goja.Undefined(), o)).ToBoolean()
}

var (
	plainObjectType = reflect.TypeFor[map[string]any]()
	plainArrayType  = reflect.TypeFor[[]any]()
)

func (w *jsonWriter) elements(o *goja.Object) {
	w.b = append(w.b, '[')
	for n, length := 0, o.Get("length").ToInteger(); int64(n) < length; n++ {
		if n > 0 {
			w.b = append(w.b, ',')
		}
		key := strconv.Itoa(n)
		if !w.property(key, o.Get(key)) {
			w.b = append(w.b, "null"...)
		}
	}
	w.b = append(w.b, ']')
}

func (w *jsonWriter) members(o *goja.Object) {
	w.b = append(w.b, '{')
	start := len(w.b)
	for _, key := range o.Keys() {
		before := len(w.b)
		if before > start {
			w.b = append(w.b, ',')
		}
		w.string(w.i.rt.ToValue(key).(goja.String))
		w.b = append(w.b, ':')
		if !w.property(key, o.Get(key)) {
			w.b = w.b[:before]
		}
	}
	w.b = append(w.b, '}')
}

// string appends a string in quotes.
func (w *jsonWriter) string(v goja.String) {
	s := v.String()
	if strings.ContainsRune(s, utf8.RuneError) { // it may have lone surrogates
		w.native(v)
		return
	}
	w.b = appendQuoted(w.b, s)
}

// appendQuoted appends s, which is valid UTF-8, as JSON.stringify quotes it.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for n := 0; n < len(s); n++ {
		c := s[n]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:n]...)
		start = n + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendRows appends untouched rows as objects. It reports false when it cannot: then they are to be
// made into objects first.
func (i *isolate) appendRows(b []byte, l *lazyRows) ([]byte, bool) {
	if !plainColumns(l.columns) || i.hasToJSON() {
		return b, false
	}
	keys := make([][]byte, len(l.columns))
	for n, name := range l.columns {
		if n > 0 {
			keys[n] = append(keys[n], ',')
		}
		keys[n] = append(appendQuoted(keys[n], name), ':')
	}
	r := &jsonReader{text: l.text}
	b = append(b, '[')
	for row := range l.count {
		if row > 0 {
			r.at++ // the comma
			b = append(b, ',')
		}
		b = append(b, '{')
		for _, key := range keys {
			r.at++ // the bracket or comma before the value
			b = append(b, key...)
			start := r.at
			if !r.skipCanonical() {
				return nil, false
			}
			b = append(b, l.text[start:r.at]...)
		}
		r.at++ // the closing bracket
		b = append(b, '}')
	}
	return append(b, ']'), true
}

// plainColumns reports whether an object with these properties has them in this order.
func plainColumns(columns []string) bool {
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if c == "" || '0' <= c[0] && c[0] <= '9' || seen[c] || c == "toJSON" || strings.ContainsRune(c, utf8.RuneError) {
			return false
		}
		seen[c] = true
	}
	return len(columns) > 0
}

// hasToJSON reports whether code has given all objects or arrays a toJSON.
func (i *isolate) hasToJSON() bool {
	for _, o := range [...]*goja.Object{i.json.object, i.json.array} {
		if o.Get("toJSON") != nil {
			return true
		}
	}
	return false
}

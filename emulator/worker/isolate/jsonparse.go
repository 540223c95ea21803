package isolate

import (
	"strconv"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// goja's JSON.parse is Go's encoding/json: it loses lone surrogates, refuses 1e400, and is several
// times slower than jsonReader.

// maxParseDepth bounds recursion in JSON.parse.
const maxParseDepth = 100_000

func (i *isolate) installJSON() error {
	return patch.Call(i.rt.Get("JSON").(*goja.Object).Get("parse"), func(patch.Function) patch.Function { return i.jsonParse })
}

// jsonParse is JSON.parse.
func (i *isolate) jsonParse(call goja.FunctionCall) goja.Value {
	text := i.core.StringOf(call.Argument(0))
	source := webcore.EscapeLone(text) // an escape in a string means the same, elsewhere both are wrong
	r := &jsonReader{rt: i.rt, text: source, deepest: maxParseDepth}
	v, err := r.whole()
	if err != nil {
		units := make([]uint16, text.Length())
		for n := range units {
			units[n] = text.CharAt(n)
		}
		e, err := i.rt.New(i.rt.Get("SyntaxError"), goja.StringFromUTF16(jsonMessage(units)))
		i.must(e, err)
		panic(e)
	}
	reviver, ok := goja.AssertFunction(call.Argument(1))
	if !ok {
		return v
	}
	root := i.rt.NewObject()
	setOwn(root, "", v)
	again := &jsonReader{rt: i.rt, text: source, deepest: maxParseDepth}
	return i.revive(reviver, root, "", again.source())
}

// A jsonSource is the text of a value, for what a reviver is told.
type jsonSource struct {
	value  goja.Value // of a primitive
	text   string
	items  []*jsonSource
	fields map[string]*jsonSource
}

// source reads the texts of a value that is known to be well-formed.
func (r *jsonReader) source() *jsonSource {
	switch r.peek() {
	case '{':
		s := &jsonSource{fields: map[string]*jsonSource{}}
		for r.at++; !r.accept('}'); r.accept(',') {
			key, _ := r.key()
			s.fields[key] = r.source()
		}
		return s
	case '[':
		s := &jsonSource{}
		for r.at++; !r.accept(']'); r.accept(',') {
			s.items = append(s.items, r.source())
		}
		return s
	}
	start := r.at
	v, _ := r.value(0)
	return &jsonSource{value: v, text: r.text[start:r.at]}
}

// revive is InternalizeJSONProperty, with the source of primitives that the reviver has not changed.
func (i *isolate) revive(reviver goja.Callable, holder *goja.Object, key string, s *jsonSource) goja.Value {
	v := holder.Get(key)
	if v == nil {
		v = goja.Undefined()
	}
	context := i.rt.NewObject()
	o, ok := v.(*goja.Object)
	switch {
	case !ok:
		if s != nil && s.value != nil && s.value.SameAs(v) {
			setOwn(context, "source", i.rt.ToValue(s.text))
		}
	case o.ClassName() == "Array":
		length := int(o.Get("length").ToInteger())
		for n := range length {
			var item *jsonSource
			if s != nil && n < len(s.items) {
				item = s.items[n]
			}
			i.reviveMember(reviver, o, strconv.Itoa(n), item)
		}
	default:
		for _, name := range o.Keys() {
			var field *jsonSource
			if s != nil {
				field = s.fields[name]
			}
			i.reviveMember(reviver, o, name, field)
		}
	}
	return i.must(reviver(holder, i.rt.ToValue(key), v, context))
}

// reviveMember puts what the reviver makes of a member in its place. Where the holder does not let it
// be, it stays, as the language has it.
func (i *isolate) reviveMember(reviver goja.Callable, holder *goja.Object, name string, s *jsonSource) {
	v := i.revive(reviver, holder, name, s)
	if goja.IsUndefined(v) {
		_ = holder.Delete(name)
		return
	}
	_ = holder.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
}

package webcore

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

type pair struct{ name, value string }

// searchParams is the state behind a URLSearchParams; url is nil unless it is a URL's own.
type searchParams struct {
	list []pair
	url  *URL
}

// changed writes the list back into the URL that it belongs to.
func (p *searchParams) changed() {
	if p.url != nil {
		p.url.parsed().SetSearch(serializeForm(p.list))
	}
}

func (c *Core) installSearchParams() {
	rt := c.rt
	str := c.realm.String
	class := idl.Define(c.realm, "URLSearchParams", 0, func(call goja.ConstructorCall) *searchParams {
		return &searchParams{list: c.formInit(call.Argument(0))}
	})
	c.params = class
	class.Getter("size", func(p *searchParams) goja.Value { return rt.ToValue(len(p.list)) })
	class.Method("append", 2, func(p *searchParams, call goja.FunctionCall) goja.Value {
		p.list = append(p.list, pair{str(call.Argument(0)), str(call.Argument(1))})
		p.changed()
		return goja.Undefined()
	})
	class.Method("delete", 1, func(p *searchParams, call goja.FunctionCall) goja.Value {
		match := c.pairMatcher(call)
		p.list = slices.DeleteFunc(p.list, match)
		p.changed()
		return goja.Undefined()
	})
	class.Method("get", 1, func(p *searchParams, call goja.FunctionCall) goja.Value {
		name := str(call.Argument(0))
		for _, kv := range p.list {
			if kv.name == name {
				return rt.ToValue(kv.value)
			}
		}
		return goja.Null()
	})
	class.Method("getAll", 1, func(p *searchParams, call goja.FunctionCall) goja.Value {
		name := str(call.Argument(0))
		all := []any{}
		for _, kv := range p.list {
			if kv.name == name {
				all = append(all, kv.value)
			}
		}
		return rt.NewArray(all...)
	})
	class.Method("has", 1, func(p *searchParams, call goja.FunctionCall) goja.Value {
		return rt.ToValue(slices.ContainsFunc(p.list, c.pairMatcher(call)))
	})
	class.Method("set", 2, func(p *searchParams, call goja.FunctionCall) goja.Value {
		p.set(str(call.Argument(0)), str(call.Argument(1)))
		return goja.Undefined()
	})
	class.Method("sort", 0, func(p *searchParams, _ goja.FunctionCall) goja.Value {
		slices.SortStableFunc(p.list, func(a, b pair) int { return compareUTF16(a.name, b.name) })
		p.changed()
		return goja.Undefined()
	})
	class.Method("forEach", 1, c.paramsForEach)
	c.installParamsIteration(class)
	class.Method("toString", 0, func(p *searchParams, _ goja.FunctionCall) goja.Value {
		return rt.ToValue(serializeForm(p.list))
	})
}

func (p *searchParams) set(name, value string) {
	found := false
	p.list = slices.DeleteFunc(p.list, func(kv pair) bool { return kv.name == name && !firstMatch(&found) })
	if !found {
		p.list = append(p.list, pair{name, value})
	} else {
		for i := range p.list {
			if p.list[i].name == name {
				p.list[i].value = value
			}
		}
	}
	p.changed()
}

// firstMatch reports whether it is called for the first time with found.
func firstMatch(found *bool) bool {
	first := !*found
	*found = true
	return first
}

// pairMatcher matches by the name in call's first argument and by the value in its second, if any.
func (c *Core) pairMatcher(call goja.FunctionCall) func(kv pair) bool {
	name := c.realm.String(call.Argument(0))
	if goja.IsUndefined(call.Argument(1)) {
		return func(kv pair) bool { return kv.name == name }
	}
	value := c.realm.String(call.Argument(1))
	return func(kv pair) bool { return kv.name == name && kv.value == value }
}

func (c *Core) paramsForEach(p *searchParams, call goja.FunctionCall) goja.Value {
	f, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		c.typeError("Failed to execute 'forEach' on 'URLSearchParams': parameter 1 is not of type 'function'.")
	}
	for i := 0; i < len(p.list); i++ { // the callback may change the list
		kv := p.list[i]
		if _, err := f(call.Argument(1), c.rt.ToValue(kv.value), c.rt.ToValue(kv.name), call.This); err != nil {
			panic(err)
		}
	}
	return goja.Undefined()
}

// A paramsWalker walks a list that may change under it.
type paramsWalker struct {
	params *searchParams
	next   int
	item   func(kv pair) any
}

func (c *Core) installParamsIteration(class *idl.Class[*searchParams]) {
	rt := c.rt
	iterator := func(name string, item func(kv pair) any) {
		class.Method(name, 0, func(p *searchParams, _ goja.FunctionCall) goja.Value {
			return c.newParamsWalker(&paramsWalker{params: p, item: item})
		})
	}
	iterator("entries", func(kv pair) any { return rt.NewArray(kv.name, kv.value) })
	iterator("keys", func(kv pair) any { return kv.name })
	iterator("values", func(kv pair) any { return kv.value })
	must(class.Prototype.DefineDataPropertySymbol(goja.SymIterator, class.Prototype.Get("entries"),
		goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// walkerKey is where an iterator keeps its paramsWalker.
var walkerKey = goja.NewSymbol("iterator")

func (c *Core) newParamsWalker(w *paramsWalker) goja.Value {
	if c.paramsWalker == nil {
		c.paramsWalker = c.newIteratorPrototype("URLSearchParams Iterator", func(this goja.Value) (any, bool) {
			w, ok := walkerOf(this)
			if !ok {
				c.realm.IllegalInvocation()
			}
			if w.next >= len(w.params.list) {
				return nil, false
			}
			w.next++
			return w.item(w.params.list[w.next-1]), true
		})
	}
	o := c.rt.CreateObject(c.paramsWalker)
	must(o.DefineDataPropertySymbol(walkerKey, c.rt.ToValue(w), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	return o
}

func walkerOf(v goja.Value) (*paramsWalker, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	held := o.GetSymbol(walkerKey)
	if held == nil {
		return nil, false
	}
	w, ok := held.Export().(*paramsWalker)
	return w, ok
}

// newIteratorPrototype makes the prototype object of a kind of iterator.
func (c *Core) newIteratorPrototype(tag string, next func(this goja.Value) (any, bool)) *goja.Object {
	values, _ := goja.AssertFunction(c.rt.NewArray().Get("values"))
	of, err := values(c.rt.NewArray())
	must(err)
	proto := c.rt.CreateObject(of.(*goja.Object).Prototype().Prototype())
	fn := c.realm.Function("next", 0, func(call goja.FunctionCall) goja.Value {
		item, more := next(call.This)
		result := c.rt.NewObject()
		if more {
			must(result.Set("value", item))
		} else {
			must(result.Set("value", goja.Undefined()))
		}
		must(result.Set("done", !more))
		return result
	})
	must(proto.DefineDataProperty("next", fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
	must(proto.DefineDataPropertySymbol(goja.SymToStringTag, c.rt.ToValue(tag), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return proto
}

// formInit is the list that new URLSearchParams(v) starts with.
func (c *Core) formInit(v goja.Value) []pair {
	const context = "Failed to construct 'URLSearchParams'"
	o, ok := v.(*goja.Object)
	if !ok {
		if goja.IsUndefined(v) {
			return nil
		}
		return parseForm(strings.TrimPrefix(c.realm.String(v), "?"))
	}
	var list []pair
	if iterator := o.GetSymbol(goja.SymIterator); iterator != nil && !goja.IsUndefined(iterator) && !goja.IsNull(iterator) {
		c.sequence(o, context, func(v goja.Value) {
			var kv []string
			c.sequence(v, context, func(v goja.Value) { kv = append(kv, c.realm.String(v)) })
			if len(kv) != 2 {
				c.typeError("%s: Sequence initializer must only contain pair elements.", context)
			}
			list = append(list, pair{kv[0], kv[1]})
		})
		return list
	}
	for _, sym := range o.Symbols() {
		if c.isEnumerable(o, sym) {
			c.typeError("Cannot convert a Symbol value to a string")
		}
	}
	at := map[string]int{} // names that become equal only as USVStrings share the first's place
	for _, key := range o.Keys() {
		kv := pair{strings.ToValidUTF8(key, "\uFFFD"), c.realm.String(o.Get(key))}
		if i, ok := at[kv.name]; ok {
			list[i].value = kv.value
			continue
		}
		at[kv.name] = len(list)
		list = append(list, kv)
	}
	return list
}

// parseForm parses application/x-www-form-urlencoded.
func parseForm(s string) []pair {
	var list []pair
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		list = append(list, pair{decodeForm(name), decodeForm(value)})
	}
	return list
}

func decodeForm(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return DecodeUTF8(b)
}

func unhex(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

func serializeForm(list []pair) string {
	var b strings.Builder
	for i, kv := range list {
		if i > 0 {
			b.WriteByte('&')
		}
		encodeForm(&b, kv.name)
		b.WriteByte('=')
		encodeForm(&b, kv.value)
	}
	return b.String()
}

func encodeForm(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case 'a' <= ch && ch <= 'z', 'A' <= ch && ch <= 'Z', '0' <= ch && ch <= '9', ch == '*', ch == '-', ch == '.', ch == '_':
			b.WriteByte(ch)
		case ch == ' ':
			b.WriteByte('+')
		default:
			b.WriteByte('%')
			b.WriteByte(hex[ch>>4])
			b.WriteByte(hex[ch&15])
		}
	}
}

// compareUTF16 orders strings as JavaScript does, by code units.
func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

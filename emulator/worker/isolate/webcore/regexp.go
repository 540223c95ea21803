package webcore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/jsregexp"
	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// regexps is what the RegExp of one runtime needs to take today's regular expressions: those that
// goja lacks something for are rewritten by package jsregexp, all others pass it by.
type regexps struct {
	*Core
	construct patch.Constructor // goja's own
	exec      goja.Callable
	find      *goja.Object // the exec of regular expressions with flag d, or whose groups need a hand
	lowered   map[string]*goja.Object
}

// A regexpState says what code takes a rewritten RegExp for.
type regexpState struct {
	goja.Value // undefined: all that code could see of it
	flags      string
	names      []string // of the groups from 1 on, where goja is not told
	low        jsregexp.Lowered
	indices    *regexp2.Regexp // of flag d, when first needed
}

// regexpKey is where a RegExp keeps its state.
var regexpKey = goja.NewSymbol("regexp")

// maxLowered bounds how many rewritten regular expressions are kept compiled. A literal is compiled
// each time that its line runs, since esbuild makes a call of new RegExp of it.
const maxLowered = 500

func (c *Core) installRegExp() {
	r := &regexps{Core: c, lowered: map[string]*goja.Object{}}
	class := c.rt.Get("RegExp").(*goja.Object)
	proto := class.Get("prototype").(*goja.Object)
	r.exec, _ = goja.AssertFunction(proto.Get("exec"))
	must(patch.Construct(class, func(next patch.Constructor) patch.Constructor {
		r.construct = next
		return r.make
	}))
	must(patch.Call(class, func(next patch.Function) patch.Function {
		return func(call goja.FunctionCall) goja.Value {
			if _, isObject := call.Argument(0).(*goja.Object); isObject && goja.IsUndefined(call.Argument(1)) {
				return next(call) // the very same, it may be
			}
			return r.make(call.Arguments, nil)
		}
	}))
	for name, of := range map[string]func(*regexpState) any{
		"flags":      func(s *regexpState) any { return s.flags },
		"ignoreCase": func(s *regexpState) any { return strings.Contains(s.flags, "i") },
	} {
		must(patch.Call(getter(c.rt, proto, name), func(next patch.Function) patch.Function {
			return func(call goja.FunctionCall) goja.Value {
				if s := stateOf(call.This); s != nil {
					return c.rt.ToValue(of(s))
				}
				return next(call)
			}
		}))
	}
	c.installSource(proto)
	for name, flag := range map[string]string{"hasIndices": "d", "unicodeSets": "v"} {
		get := c.realm.Function("get "+name, 0, func(call goja.FunctionCall) goja.Value {
			o, ok := call.This.(*goja.Object)
			if !ok || o != proto && o.ClassName() != "RegExp" {
				c.typeError("RegExp.prototype.%s getter called on non-RegExp object", name)
			}
			if o == proto {
				return goja.Undefined()
			}
			s := stateOf(o)
			return c.rt.ToValue(s != nil && strings.Contains(s.flags, flag))
		})
		must(proto.DefineAccessorProperty(name, get, nil, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	r.find = c.realm.Function("exec", 1, r.findIn)
	c.regexps = r
}

// RegExp returns a new RegExp, as a literal makes it.
func (c *Core) RegExp(pattern goja.String, flags string) *goja.Object {
	return c.regexps.make([]goja.Value{pattern, c.rt.ToValue(flags)}, nil)
}

// getter returns the getter of an accessor.
func getter(rt *goja.Runtime, o *goja.Object, name string) goja.Value {
	describe, _ := goja.AssertFunction(rt.Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor"))
	d, err := describe(goja.Undefined(), o, rt.ToValue(name))
	must(err)
	return d.(*goja.Object).Get("get")
}

func stateOf(v goja.Value) *regexpState {
	if o, ok := v.(*goja.Object); ok {
		s, _ := o.GetSymbol(regexpKey).(*regexpState)
		return s
	}
	return nil
}

// make is new RegExp.
func (r *regexps) make(args []goja.Value, newTarget *goja.Object) *goja.Object {
	pattern, flags, ok := r.arguments(args)
	if !ok {
		return r.construct(args, newTarget)
	}
	source := EscapeLone(pattern)
	if !jsregexp.Needed(source, flags) {
		return r.construct(args, newTarget)
	}
	key := flags + "/" + source
	template := r.lowered[key]
	if template == nil {
		template = r.lower(pattern, source, flags)
		if len(r.lowered) >= maxLowered {
			clear(r.lowered)
		}
		r.lowered[key] = template
	}
	s := template.GetSymbol(regexpKey).(*regexpState)
	rx := r.construct([]goja.Value{template}, nil)
	if newTarget != nil {
		if proto, ok := newTarget.Get("prototype").(*goja.Object); ok && proto != rx.Prototype() {
			must(rx.SetPrototype(proto))
		}
	}
	must(rx.DefineDataPropertySymbol(regexpKey, s, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	if s.names != nil || strings.Contains(flags, "d") {
		must(rx.DefineDataProperty("exec", r.find, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return rx
}

// arguments returns the pattern and the flags, and false where goja must find out itself what they are.
func (r *regexps) arguments(args []goja.Value) (pattern goja.String, flags string, ok bool) {
	if len(args) == 0 {
		return nil, "", false
	}
	given := len(args) > 1 && !goja.IsUndefined(args[1])
	if given {
		s, isString := args[1].(goja.String)
		if !isString {
			return nil, "", false
		}
		flags = s.String()
	}
	switch v := args[0].(type) {
	case goja.String:
		return v, flags, true
	case *goja.Object:
		s := stateOf(v)
		if v.ClassName() != "RegExp" || !given && s == nil {
			return nil, "", false
		}
		if !given {
			flags = s.flags
		}
		pattern, ok = v.Get("source").(goja.String)
		return pattern, flags, ok
	}
	return nil, "", false
}

// lower compiles the RegExp of which make makes copies.
func (r *regexps) lower(pattern goja.String, source, flags string) *goja.Object {
	for n, f := range flags {
		if !strings.ContainsRune("dgimsuvy", f) || strings.IndexRune(flags, f) != n || f == 'v' && strings.Contains(flags, "u") {
			r.syntaxError("Invalid flags supplied to RegExp constructor '" + flags + "'")
		}
	}
	told := "" // the flags in the order in which they are told
	for _, f := range "dgimsuvy" {
		if strings.ContainsRune(flags, f) {
			told += string(f)
		}
	}
	refuse := func(text string) { r.syntaxError("Invalid regular expression: /" + source + "/" + told + ": " + text) }
	low, err := jsregexp.Lower(source, flags)
	if err != nil {
		refuse(err.Error())
	}
	var template *goja.Object
	if ex := r.rt.Try(func() {
		template = r.construct([]goja.Value{r.rt.ToValue(low.Pattern), r.rt.ToValue(low.Flags)}, nil)
	}); ex != nil {
		text := ex.Error()
		if o, ok := ex.Value().(*goja.Object); ok {
			text = o.Get("message").String()
		}
		refuse(text)
	}
	must(patch.SetSource(template, pattern))
	s := &regexpState{Value: goja.Undefined(), low: low, names: low.Names, flags: told}
	// goja forgets the names where it matches code points in linear time.
	if s.names == nil && strings.Contains(low.Flags, "u") {
		if names := jsregexp.GroupNames(source); slices.ContainsFunc(names, func(n string) bool { return n != "" }) {
			s.names = names
		}
	}
	must(template.DefineDataPropertySymbol(regexpKey, s, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	return template
}

func (c *Core) syntaxError(text string) {
	e, err := c.rt.New(c.rt.Get("SyntaxError"), c.rt.ToValue(text))
	must(err)
	panic(e)
}

// findIn is exec with what goja's result lacks: the names of groups, and indices.
func (r *regexps) findIn(call goja.FunctionCall) goja.Value {
	text := r.StringOf(call.Argument(0))
	v, err := r.exec(call.This, text)
	must(err)
	match, ok := v.(*goja.Object)
	s := stateOf(call.This)
	if !ok || s == nil {
		return v
	}
	if s.names != nil {
		must(match.Set("groups", r.groups(s.names, func(n int) goja.Value { return match.Get(strconv.Itoa(n)) })))
	}
	if strings.Contains(s.flags, "d") {
		must(match.Set("indices", r.indices(s, text, int(match.Get("index").ToInteger()))))
	}
	return match
}

// groups makes the object with the value of every named group.
func (r *regexps) groups(names []string, value func(n int) goja.Value) goja.Value {
	var o *goja.Object
	for n, name := range names {
		if name == "" {
			continue
		}
		if o == nil {
			o = r.rt.CreateObject(nil)
		}
		if v := value(n + 1); o.Get(name) == nil || !goja.IsUndefined(v) {
			must(o.Set(name, v))
		}
	}
	if o == nil {
		return goja.Undefined()
	}
	return o
}

// indices says where the groups of a match that begins at start are. goja keeps it to itself, so the
// match is found once more, by the package that goja has for what RE2 cannot do.
func (r *regexps) indices(s *regexpState, text goja.String, start int) goja.Value {
	unicode := strings.Contains(s.low.Flags, "u")
	if s.indices == nil {
		s.indices = compileIndices(s.low, unicode)
	}
	runes, at, from := units(text, unicode, start)
	m, err := s.indices.FindRunesMatchStartingAt(runes, from)
	if err != nil {
		e, failed := r.rt.New(r.rt.Get("Error"), r.rt.ToValue("the indices of this match take too long to find in cfemu's embedded engine"))
		must(failed)
		panic(e)
	}
	if m == nil {
		return goja.Undefined()
	}
	var pairs []any
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			pairs = append(pairs, goja.Undefined())
			continue
		}
		pairs = append(pairs, r.rt.NewArray(at(g.RuneIndex), at(g.RuneIndex+g.RuneLength)))
	}
	array := r.rt.NewArray(pairs...)
	names := s.names
	if names == nil {
		names = jsregexp.GroupNames(s.low.Pattern)
	}
	must(array.Set("groups", r.groups(names, func(n int) goja.Value { return array.Get(strconv.Itoa(n)) })))
	return array
}

func compileIndices(low jsregexp.Lowered, unicode bool) *regexp2.Regexp {
	options := regexp2.RegexOptions(regexp2.ECMAScript)
	for _, f := range low.Flags {
		switch f {
		case 'm':
			options |= regexp2.Multiline
		case 's':
			options |= regexp2.Singleline
		case 'i':
			options |= regexp2.IgnoreCase
		case 'u':
			options |= regexp2.Unicode
		}
	}
	pattern := low.Pattern
	if !unicode {
		pattern = splitAstral(pattern)
	}
	rx, err := regexp2.Compile(jsregexp.Tell(pattern, unicode), options)
	must(err)
	rx.MatchTimeout = indicesTimeout
	return rx
}

// indicesTimeout bounds the second match of flag d, which backtracks where the first need not have.
const indicesTimeout = 10 * time.Second

// splitAstral writes what lies beyond 16 bits as two units.
func splitAstral(pattern string) string {
	var b strings.Builder
	for _, c := range pattern {
		if c < 0x10000 {
			b.WriteRune(c)
			continue
		}
		hi, lo := utf16.EncodeRune(c)
		fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
	}
	return b.String()
}

// units returns text as it is matched, in code points or in UTF-16 units, how to find a place in it
// as JavaScript counts, and where start is.
func units(text goja.String, unicode bool, start int) (runes []rune, at func(int) int, from int) {
	var places []int
	for i := 0; i < text.Length(); i++ {
		if i == start {
			from = len(runes)
		}
		places = append(places, i)
		u := text.CharAt(i)
		if unicode && isLead(u) && i+1 < text.Length() && isTrail(text.CharAt(i+1)) {
			i++
			runes = append(runes, utf16.DecodeRune(rune(u), rune(text.CharAt(i))))
			continue
		}
		runes = append(runes, rune(u))
	}
	if start == text.Length() {
		from = len(runes)
	}
	places = append(places, text.Length())
	return runes, func(n int) int { return places[n] }, from
}

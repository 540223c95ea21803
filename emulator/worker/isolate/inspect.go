package isolate

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

// inspect writes a value as Workers' and Node's consoles do.
func (i *isolate) inspect(v goja.Value) string { return i.newPrinter().print(v) }

func (i *isolate) newPrinter() *printer { return &printer{isolate: i, options: node.DefaultInspect()} }

// A printer writes one value.
type printer struct {
	isolate  *isolate
	options  node.InspectOptions
	stack    []*goja.Object       // what is being written
	circular map[*goja.Object]int // what was met inside itself, with its number
	indent   int
	depth    int // of the object that was begun last
}

func (p *printer) print(v goja.Value) (text string) {
	if ex := p.isolate.rt.Try(func() { text = p.value(v, 0, false) }); ex != nil {
		return "[" + ex.Error() + "]" // a getter, a proxy or an iterator threw
	}
	return text
}

// nested is print for a value inside another, where strings are quoted.
func (p *printer) nested(v goja.Value, depth int) string { return p.value(v, depth, true) }

func (p *printer) value(v goja.Value, depth int, inner bool) string {
	switch t := v.(type) {
	case nil:
		return p.style("undefined", "undefined")
	case goja.String:
		return p.text(t.String())
	case *goja.Symbol:
		return p.style(symbolText(t), "symbol")
	case *goja.Object:
		return p.object(t, depth)
	}
	switch {
	case goja.IsUndefined(v):
		return p.style("undefined", "undefined")
	case goja.IsNull(v):
		return p.style("null", "null")
	case goja.IsBigInt(v):
		return p.style(p.separated(v.String())+"n", "bigint")
	case goja.IsNumber(v):
		return p.style(p.separated(numberText(v, v.ToFloat())), "number")
	}
	return p.style(v.String(), "boolean")
}

// text writes a string as a literal: a long one a line each, and none longer than may be.
func (p *printer) text(s string) string {
	const shortest = 16 // columns for which no string is broken
	more := ""
	if n := utf16Length(s); n > p.options.MaxStringLength {
		s = utf16Prefix(s, p.options.MaxStringLength)
		left := n - p.options.MaxStringLength
		more = fmt.Sprintf("... %d more character%s", left, plural(left))
	}
	if n := utf16Length(s); n > shortest && n > p.options.BreakLength-p.indent-4 && strings.Contains(s, "\n") {
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, p.style(quote(line), "string"))
		}
		return strings.Join(lines, " +\n"+strings.Repeat(" ", p.indent+2)) + more
	}
	return p.style(quote(s), "string") + more
}

func symbolText(s *goja.Symbol) string { return "Symbol(" + s.String() + ")" }

// parts are what an object is put together from.
type parts struct {
	prefix     string // Map(2), [Foo], Error: …
	open, shut string
	entries    []string
	array      bool
	numeric    bool // all entries are numbers: grouped to the right
	bare       bool // without entries the prefix stands alone
}

func (p *printer) object(o *goja.Object, depth int) string {
	for _, outer := range p.stack {
		if outer == o {
			if p.circular == nil {
				p.circular = map[*goja.Object]int{}
			}
			if p.circular[o] == 0 {
				p.circular[o] = len(p.circular) + 1
			}
			return p.style(fmt.Sprintf("[Circular *%d]", p.circular[o]), "special")
		}
	}
	if text, ok := p.custom(o, depth); ok {
		return text
	}
	name := className(o)
	if depth > p.options.Depth && !flat(o) {
		return p.style("["+p.short(o, name)+"]", "special")
	}
	p.stack = append(p.stack, o)
	p.depth = depth
	made := p.parts(o, name, depth)
	p.stack = p.stack[:len(p.stack)-1]
	text := p.layout(made, depth)
	if n := p.circular[o]; n > 0 {
		text = p.style(fmt.Sprintf("<ref *%d>", n), "special") + " " + text
	}
	return text
}

// flat reports whether o has nothing in it that could lie deeper.
func flat(o *goja.Object) bool {
	switch o.ClassName() {
	case "Date", "RegExp", "Error":
		return true
	}
	if _, callable := goja.AssertFunction(o); callable {
		return true
	}
	if len(o.Keys()) > 0 {
		return false
	}
	t := o.ExportType()
	return o.ClassName() == "Array" || t.Kind() == reflect.Map && o.GetSymbol(goja.SymToStringTag) == nil
}

// short is what stands for an object that lies too deep.
func (p *printer) short(o *goja.Object, name string) string {
	if o.ClassName() == "Array" {
		return "Array"
	}
	if name == "" {
		return "Object: null prototype"
	}
	return name
}

// className is the name of the constructor, "" without one.
func className(o *goja.Object) string {
	for proto := o; proto != nil; proto = proto.Prototype() {
		c, ok := ownValue(proto, "constructor").(*goja.Object)
		if !ok {
			continue
		}
		if name, ok := c.Get("name").(goja.String); ok && name.String() != "" {
			return name.String()
		}
	}
	return ""
}

// ownValue is o's own property, without asking its prototypes.
func ownValue(o *goja.Object, name string) goja.Value {
	for _, own := range o.GetOwnPropertyNames() {
		if own == name {
			return o.Get(name)
		}
	}
	return nil
}

func (p *printer) parts(o *goja.Object, name string, depth int) parts {
	// Export copies what it is given, getters included, so that only its type is asked for first.
	switch o.ExportType() {
	case promiseType:
		return p.promise(o.Export().(*goja.Promise), o, depth)
	case arrayBufferType:
		return p.arrayBuffer(o.Export().(goja.ArrayBuffer))
	case proxyType:
		if s, ok := p.isolate.realm.Native(o).(idl.StandIn); ok {
			s.Target() // complete from now on
		}
		if target := o.Export().(goja.Proxy).Target(); target != nil {
			return p.parts(target, className(target), depth)
		}
		return parts{prefix: "<Revoked Proxy>", bare: true}
	}
	if _, callable := goja.AssertFunction(o); callable {
		return p.withProperties(parts{prefix: p.style(functionText(o), "special"), bare: true}, o, depth)
	}
	switch o.ClassName() {
	case "Array":
		return p.arrayOf(o, name, depth)
	case "Error":
		return p.errorOf(o, depth)
	case "RegExp", "Date":
		return p.withProperties(parts{prefix: p.style(literalText(o), strings.ToLower(o.ClassName())), bare: true}, o, depth)
	case "String", "Number", "Boolean", "Symbol", "BigInt":
		return p.boxedParts(o, depth)
	}
	tag, _ := o.GetSymbol(goja.SymToStringTag).(goja.String)
	switch {
	case tag == nil:
	case o.ExportType() == mapType:
		return p.collection(o, name, "Map", depth)
	case tag.String() == "Set" && property(o, "size") != nil:
		return p.collection(o, name, "Set", depth)
	case tag.String() == "WeakMap", tag.String() == "WeakSet":
		return parts{prefix: tag.String(), open: "{", shut: "}", entries: []string{p.style("<items unknown>", "special")}}
	case bufferViews[tag.String()]:
		return p.typedArray(o, name, depth)
	}
	if p.isolate.realm.Native(o) != nil {
		return p.platform(o, name, depth)
	}
	if _, isError := property(o, "stack").(goja.String); isError && property(o, "message") != nil {
		return p.errorOf(o, depth)
	}
	made := parts{open: "{", shut: "}"}
	switch {
	case name == "":
		made.prefix = "[Object: null prototype]"
	case name != "Object":
		made.prefix = name
	}
	if tag != nil && tag.String() != name && tag.String() != "" {
		made.prefix = strings.TrimSpace(name + " [" + tag.String() + "]")
	}
	return p.withProperties(made, o, depth)
}

var (
	promiseType     = reflect.TypeFor[*goja.Promise]()
	arrayBufferType = reflect.TypeFor[goja.ArrayBuffer]()
	proxyType       = reflect.TypeFor[goja.Proxy]()
	mapType         = reflect.TypeFor[[][2]any]()

	bufferViews = set("DataView", "Uint8Array", "Uint8ClampedArray", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array",
		"Int32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array")
)

// boxedParts writes a wrapper of a primitive, such as new String("x").
func (p *printer) boxedParts(o *goja.Object, depth int) parts {
	valueOf, _ := goja.AssertFunction(o.Get("valueOf"))
	v, err := valueOf(o)
	if err != nil {
		p.isolate.rethrow(err)
	}
	plain := &printer{isolate: p.isolate, options: node.DefaultInspect()}
	class := o.ClassName()
	style := strings.ToLower(class)
	made := parts{prefix: p.style("["+class+": "+plain.value(v, 1, true)+"]", style), bare: true}
	if class == "String" {
		return p.withNamed(made, o, depth)
	}
	return p.withProperties(made, o, depth)
}

func literalText(o *goja.Object) string {
	if o.ClassName() == "Date" {
		if math.IsNaN(o.ToFloat()) {
			return "Invalid Date"
		}
		toISO, _ := goja.AssertFunction(o.Get("toISOString"))
		v, err := toISO(o)
		if err != nil {
			panic(err)
		}
		return v.String()
	}
	return o.String()
}

var classSource = regexp.MustCompile(`^class\b`)

func functionText(o *goja.Object) string {
	name := "(anonymous)"
	if n, ok := o.Get("name").(goja.String); ok && n.String() != "" {
		name = n.String()
	}
	if classSource.MatchString(o.String()) {
		text := "[class " + name
		if parent := o.Prototype(); parent != nil {
			if n, ok := ownValue(parent, "name").(goja.String); ok && n.String() != "" {
				text += " extends " + n.String()
			}
		}
		return text + "]"
	}
	kind := "Function"
	if tag, ok := o.GetSymbol(goja.SymToStringTag).(goja.String); ok {
		kind = tag.String()
	}
	if name == "(anonymous)" {
		return "[" + kind + " " + name + "]"
	}
	return "[" + kind + ": " + name + "]"
}

func (p *printer) promise(promise *goja.Promise, o *goja.Object, depth int) parts {
	made := parts{prefix: "Promise", open: "{", shut: "}"}
	switch promise.State() {
	case goja.PromiseStatePending:
		made.entries = []string{p.style("<pending>", "special")}
	case goja.PromiseStateRejected:
		made.entries = []string{p.style("<rejected>", "special") + " " + p.child(promise.Result(), depth)}
	default:
		made.entries = []string{p.child(promise.Result(), depth)}
	}
	return p.withProperties(made, o, depth)
}

func (p *printer) arrayBuffer(b goja.ArrayBuffer) parts {
	if b.Detached() {
		return parts{prefix: "ArrayBuffer", open: "{", shut: "}", entries: []string{"(detached)", "byteLength: 0"}}
	}
	const shown = 50
	var hex strings.Builder
	for n, c := range b.Bytes() {
		if n == shown {
			fmt.Fprintf(&hex, " ... %d more bytes", len(b.Bytes())-shown)
			break
		}
		if n > 0 {
			hex.WriteByte(' ')
		}
		fmt.Fprintf(&hex, "%02x", c)
	}
	return parts{prefix: "ArrayBuffer", open: "{", shut: "}",
		entries: []string{"[Uint8Contents]: <" + hex.String() + ">", "byteLength: " + strconv.Itoa(len(b.Bytes()))}}
}

// child writes a value one level down.
func (p *printer) child(v goja.Value, depth int) string {
	p.indent += 2
	text := p.value(v, depth+1, true)
	p.indent -= 2
	return text
}

func (p *printer) arrayOf(o *goja.Object, name string, depth int) parts {
	length := int(o.Get("length").ToInteger())
	made := parts{open: "[", shut: "]", array: true, numeric: true}
	if name != "Array" {
		made.prefix = fmt.Sprintf("%s(%d)", name, length)
	}
	holes, n := 0, 0
	flush := func() {
		if holes > 0 {
			made.entries = append(made.entries, p.style(fmt.Sprintf("<%d empty item%s>", holes, plural(holes)), "undefined"))
			holes, made.numeric = 0, false
		}
	}
	for ; n < length && len(made.entries) < p.options.MaxArrayLength; n++ {
		v := o.Get(strconv.Itoa(n))
		if v == nil {
			holes++
			continue
		}
		flush()
		made.numeric = made.numeric && (goja.IsNumber(v) || goja.IsBigInt(v))
		made.entries = append(made.entries, p.child(v, depth))
	}
	flush()
	if n < length {
		made.entries = append(made.entries, fmt.Sprintf("... %d more item%s", length-n, plural(length-n)))
	}
	return p.withNamed(made, o, depth)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (p *printer) typedArray(o *goja.Object, name string, depth int) parts {
	length := o.Get("length")
	if length == nil || goja.IsUndefined(length) { // a DataView
		made := parts{prefix: name, open: "{", shut: "}"}
		for _, key := range []string{"byteLength", "byteOffset", "buffer"} {
			made.entries = append(made.entries, key+": "+p.child(o.Get(key), depth))
		}
		return made
	}
	n := int(length.ToInteger())
	made := parts{prefix: fmt.Sprintf("%s(%d)", name, n), open: "[", shut: "]", array: true, numeric: true}
	for k := range min(n, p.options.MaxArrayLength) {
		made.entries = append(made.entries, p.value(o.Get(strconv.Itoa(k)), depth+1, true))
	}
	if n > p.options.MaxArrayLength {
		made.entries = append(made.entries, fmt.Sprintf("... %d more item%s", n-p.options.MaxArrayLength, plural(n-p.options.MaxArrayLength)))
	}
	return p.withNamed(made, o, depth)
}

func (p *printer) collection(o *goja.Object, name, kind string, depth int) parts {
	size := int(o.Get("size").ToInteger())
	made := parts{prefix: fmt.Sprintf("%s(%d)", name, size), open: "{", shut: "}"}
	p.isolate.rt.ForOf(o, func(item goja.Value) bool {
		if len(made.entries) == p.options.MaxArrayLength {
			made.entries = append(made.entries, fmt.Sprintf("... %d more item%s", size-p.options.MaxArrayLength, plural(size-p.options.MaxArrayLength)))
			return false
		}
		if kind == "Set" {
			made.entries = append(made.entries, p.child(item, depth))
			return true
		}
		pair := item.(*goja.Object)
		made.entries = append(made.entries, p.child(pair.Get("0"), depth)+" => "+p.child(pair.Get("1"), depth))
		return true
	})
	return p.withProperties(made, o, depth)
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

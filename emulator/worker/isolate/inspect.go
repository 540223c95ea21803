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
)

// inspect writes a value as Workers' and Node's consoles do.
func (i *isolate) inspect(v goja.Value) string { return i.newPrinter().print(v) }

const (
	lineWidth = 80  // a value that fits is written on one line
	maxItems  = 100 // of an array, a Map or a Set
	maxText   = 10000
	innermost = 3 // levels that may share a line
)

func (i *isolate) newPrinter() *printer { return &printer{isolate: i, maxDepth: 2} }

// A printer writes one value.
type printer struct {
	isolate  *isolate
	maxDepth int
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
		return "undefined"
	case goja.String:
		s := t.String()
		if !inner && depth == 0 {
			return quote(s)
		}
		if len(s) > maxText {
			s = s[:maxText]
			return quote(s) + "... more characters"
		}
		return quote(s)
	case *goja.Symbol:
		return symbolText(t)
	case *goja.Object:
		return p.object(t, depth)
	}
	if goja.IsBigInt(v) {
		return v.String() + "n"
	}
	if goja.IsNumber(v) {
		return numberText(v, v.ToFloat())
	}
	return v.String()
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
			return fmt.Sprintf("[Circular *%d]", p.circular[o])
		}
	}
	name := className(o)
	if depth > p.maxDepth && !flat(o) {
		return "[" + p.short(o, name) + "]"
	}
	p.stack = append(p.stack, o)
	p.depth = depth
	made := p.parts(o, name, depth)
	p.stack = p.stack[:len(p.stack)-1]
	text := p.layout(made, depth)
	if n := p.circular[o]; n > 0 {
		text = fmt.Sprintf("<ref *%d> %s", n, text)
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
		return p.withProperties(parts{prefix: functionText(o), bare: true}, o, depth)
	}
	switch o.ClassName() {
	case "Array":
		return p.arrayOf(o, name, depth)
	case "Error":
		return p.errorOf(o, depth)
	case "RegExp", "Date":
		return p.withProperties(parts{prefix: literalText(o), bare: true}, o, depth)
	case "String", "Number", "Boolean", "Symbol", "BigInt":
		return parts{prefix: "[" + o.ClassName() + ": " + p.boxed(o) + "]", bare: true}
	}
	tag, _ := o.GetSymbol(goja.SymToStringTag).(goja.String)
	switch {
	case tag == nil:
	case o.ExportType() == mapType:
		return p.collection(o, name, "Map", depth)
	case tag.String() == "Set" && property(o, "size") != nil:
		return p.collection(o, name, "Set", depth)
	case tag.String() == "WeakMap", tag.String() == "WeakSet":
		return parts{prefix: tag.String(), open: "{", shut: "}", entries: []string{"<items unknown>"}}
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

func (p *printer) boxed(o *goja.Object) string {
	valueOf, _ := goja.AssertFunction(o.Get("valueOf"))
	v, err := valueOf(o)
	if err != nil {
		p.isolate.rethrow(err)
	}
	return p.value(v, 1, true)
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
		made.entries = []string{"<pending>"}
	case goja.PromiseStateRejected:
		made.entries = []string{"<rejected> " + p.child(promise.Result(), depth)}
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
			made.entries = append(made.entries, fmt.Sprintf("<%d empty item%s>", holes, plural(holes)))
			holes, made.numeric = 0, false
		}
	}
	for ; n < length && len(made.entries) < maxItems; n++ {
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
	var named []string
	for _, key := range o.Keys() {
		if _, err := strconv.ParseUint(key, 10, 32); err != nil {
			named = append(named, p.entry(o, key, depth))
		}
	}
	made.entries = append(made.entries, named...)
	return made
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
	for k := range min(n, maxItems) {
		made.entries = append(made.entries, p.value(o.Get(strconv.Itoa(k)), depth+1, true))
	}
	if n > maxItems {
		made.entries = append(made.entries, fmt.Sprintf("... %d more item%s", n-maxItems, plural(n-maxItems)))
	}
	return made
}

func (p *printer) collection(o *goja.Object, name, kind string, depth int) parts {
	size := int(o.Get("size").ToInteger())
	made := parts{prefix: fmt.Sprintf("%s(%d)", name, size), open: "{", shut: "}"}
	p.isolate.rt.ForOf(o, func(item goja.Value) bool {
		if len(made.entries) == maxItems {
			made.entries = append(made.entries, fmt.Sprintf("... %d more item%s", size-maxItems, plural(size-maxItems)))
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

// errorOf writes an error with its stack, its cause and what code has hung on it.
func (p *printer) errorOf(o *goja.Object, depth int) parts {
	ex := p.isolate.describe(o, 0)
	var head strings.Builder
	stackText(&head, ex)
	text := head.String()
	if len(ex.Stack) == 0 {
		text = "[" + text + "]"
	}
	made := parts{prefix: strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", p.indent)), open: "{", shut: "}", bare: true}
	for _, key := range o.Keys() {
		if key != "stack" && key != "message" && key != "cause" && key != "name" {
			made.entries = append(made.entries, p.entry(o, key, depth))
		}
	}
	if cause := property(o, "cause"); cause != nil {
		made.entries = append(made.entries, "[cause]: "+p.child(cause, depth))
	}
	if errors, ok := property(o, "errors").(*goja.Object); ok && errors.ClassName() == "Array" {
		made.entries = append(made.entries, "[errors]: "+p.child(errors, depth))
	}
	return made
}

// platform writes an object of the Web API: as a map where it iterates over pairs, else by its attributes.
func (p *printer) platform(o *goja.Object, name string, depth int) parts {
	if _, iterable := goja.AssertFunction(o.GetSymbol(goja.SymIterator)); iterable {
		made := parts{prefix: name, open: "{", shut: "}"}
		p.isolate.rt.ForOf(o, func(item goja.Value) bool {
			if pair, ok := item.(*goja.Object); ok && pair.ClassName() == "Array" {
				made.entries = append(made.entries, p.child(pair.Get("0"), depth)+" => "+p.child(pair.Get("1"), depth))
			} else {
				made.entries = append(made.entries, p.child(item, depth))
			}
			return len(made.entries) < maxItems
		})
		made.prefix = fmt.Sprintf("%s(%d)", name, len(made.entries))
		return made
	}
	made := parts{prefix: name, open: "{", shut: "}"}
	for proto := o.Prototype(); proto != nil; proto = proto.Prototype() {
		for _, key := range proto.Keys() {
			// Reading a body or a signal would make a stream or a signal.
			if key == "body" || key == "signal" {
				continue
			}
			v := o.Get(key)
			if _, method := goja.AssertFunction(v); !method {
				made.entries = append(made.entries, propertyKey(key)+": "+p.child(v, depth))
			}
		}
	}
	return p.withProperties(made, o, depth)
}

// withProperties adds o's own enumerable properties.
func (p *printer) withProperties(made parts, o *goja.Object, depth int) parts {
	if made.open == "" {
		made.open, made.shut = "{", "}"
	}
	for _, key := range o.Keys() {
		made.entries = append(made.entries, p.entry(o, key, depth))
	}
	for _, symbol := range o.Symbols() {
		if p.isolate.realm.IsNative(symbol) || !p.descriptor(o, symbol).enumerable {
			continue
		}
		made.entries = append(made.entries, "["+symbolText(symbol)+"]: "+p.child(o.GetSymbol(symbol), depth))
	}
	return made
}

func (p *printer) entry(o *goja.Object, key string, depth int) string {
	d := p.descriptor(o, p.isolate.rt.ToValue(key))
	var text string
	switch {
	case d.get && d.set:
		text = "[Getter/Setter]"
	case d.get:
		text = "[Getter]"
	case d.set:
		text = "[Setter]"
	default:
		text = p.child(o.Get(key), depth)
	}
	return propertyKey(key) + ": " + text
}

var plainKey = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z_0-9]*$`)

func propertyKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return quote(key)
}

type descriptor struct{ get, set, enumerable bool }

func (p *printer) descriptor(o *goja.Object, key goja.Value) descriptor {
	of, _ := goja.AssertFunction(p.isolate.rt.Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor"))
	v, err := of(goja.Undefined(), o, key)
	if err != nil {
		p.isolate.rethrow(err)
	}
	d, ok := v.(*goja.Object)
	if !ok {
		return descriptor{}
	}
	return descriptor{get: property(d, "get") != nil, set: property(d, "set") != nil, enumerable: d.Get("enumerable").ToBoolean()}
}

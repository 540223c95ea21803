package isolate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

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
			return len(made.entries) < p.options.MaxArrayLength
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
				made.entries = append(made.entries, p.propertyKey(key)+": "+p.child(v, depth))
			}
		}
	}
	return p.withProperties(made, o, depth)
}

// withProperties adds o's own enumerable properties.
func (p *printer) withProperties(made parts, o *goja.Object, depth int) parts {
	return p.addProperties(made, o, depth, func(string) bool { return true })
}

// withNamed adds those whose names are not positions.
func (p *printer) withNamed(made parts, o *goja.Object, depth int) parts {
	return p.addProperties(made, o, depth, func(key string) bool {
		_, err := strconv.ParseUint(key, 10, 32)
		return err != nil
	})
}

func (p *printer) addProperties(made parts, o *goja.Object, depth int, shown func(key string) bool) parts {
	if made.open == "" {
		made.open, made.shut = "{", "}"
	}
	keys := o.Keys()
	if p.options.ShowHidden {
		keys = o.GetOwnPropertyNames()
	}
	from := len(made.entries)
	for _, key := range keys {
		if shown(key) {
			made.entries = append(made.entries, p.entry(o, key, depth))
		}
	}
	for _, symbol := range o.Symbols() {
		if p.isolate.realm.IsNative(symbol) {
			continue
		}
		d := p.descriptor(o, symbol)
		if !d.enumerable && !p.options.ShowHidden {
			continue
		}
		key := "[" + p.style(symbolText(symbol), "symbol") + "]"
		made.entries = append(made.entries, key+": "+p.property(o, d, func() goja.Value { return o.GetSymbol(symbol) }, depth))
	}
	if p.options.Sorted {
		p.sort(made.entries[from:])
	}
	return made
}

func (p *printer) sort(entries []string) {
	rt := p.isolate.rt
	slices.SortStableFunc(entries, func(a, b string) int {
		if p.options.SortBy == nil {
			return strings.Compare(a, b)
		}
		v, err := p.options.SortBy(goja.Undefined(), rt.ToValue(a), rt.ToValue(b))
		if err != nil {
			p.isolate.rethrow(err)
		}
		return int(v.ToInteger())
	})
}

func (p *printer) entry(o *goja.Object, key string, depth int) string {
	d := p.descriptor(o, p.isolate.rt.ToValue(key))
	value := p.property(o, d, func() goja.Value { return o.Get(key) }, depth)
	if !d.enumerable {
		return "[" + key + "]: " + value
	}
	return p.propertyKey(key) + ": " + value
}

// property writes what a property holds; a getter is named, or called when the options say so.
func (p *printer) property(o *goja.Object, d descriptor, get func() goja.Value, depth int) string {
	label := ""
	switch {
	case d.get && d.set:
		label = "Getter/Setter"
	case d.get:
		label = "Getter"
	case d.set:
		return p.style("[Setter]", "special")
	default:
		return p.child(get(), depth)
	}
	called := p.options.Getters
	if called != node.GettersAll && called != node.GettersAlone && called != node.GettersSet ||
		called == node.GettersAlone && d.set || called == node.GettersSet && !d.set {
		return p.style("["+label+"]", "special")
	}
	var text string
	if ex := p.isolate.rt.Try(func() {
		v := get()
		if _, isObject := v.(*goja.Object); isObject {
			text = p.style("["+label+"]", "special") + " " + p.child(v, depth)
			return
		}
		text = p.style("["+label+":", "special") + " " + p.child(v, depth) + p.style("]", "special")
	}); ex != nil {
		return p.style("["+label+": <Inspection threw ("+p.isolate.exception(ex.Value()).Message+")>]", "special")
	}
	return text
}

var plainKey = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z_0-9]*$`)

func (p *printer) propertyKey(key string) string {
	if plainKey.MatchString(key) {
		return p.style(key, "name")
	}
	return p.style(quote(key), "string")
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

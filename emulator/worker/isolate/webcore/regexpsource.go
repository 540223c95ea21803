package webcore

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/patch"
)

// installSource has regular expressions say their source as V8 does. goja writes a slash as an escape
// of another kind, and in classes too.
func (c *Core) installSource(proto *goja.Object) {
	must(patch.Call(getter(c.rt, proto, "source"), func(next patch.Function) patch.Function {
		return func(call goja.FunctionCall) goja.Value {
			if o, ok := call.This.(*goja.Object); ok {
				if source, ok := patch.Source(o); ok {
					return c.escapeSource(source)
				}
			}
			return next(call)
		}
	}))
	must(patch.Call(proto.Get("toString"), func(next patch.Function) patch.Function {
		return func(call goja.FunctionCall) goja.Value {
			o, ok := call.This.(*goja.Object)
			if !ok {
				return next(call)
			}
			slash := c.StringOf(c.rt.ToValue("/"))
			text := slash.Concat(c.StringOf(o.Get("source"))).Concat(slash)
			return text.Concat(c.StringOf(o.Get("flags")))
		}
	}))
}

// escapeSource writes a source so that it can stand between slashes.
//
// Receipt: https://tc39.es/ecma262/#sec-escaperegexppattern
func (c *Core) escapeSource(source goja.String) goja.Value {
	if source.Length() == 0 {
		return c.rt.ToValue("(?:)")
	}
	if text, ok := patch.ASCII(source); ok && !strings.ContainsAny(text, "/\n\r") {
		return source
	}
	var units []uint16
	inClass, changed := false, false
	write := func(text string) {
		for _, c := range []byte(text) {
			units = append(units, uint16(c))
		}
		changed = true
	}
	for n := 0; n < source.Length(); n++ {
		u := source.CharAt(n)
		escaped := u == '\\' && n+1 < source.Length()
		if escaped {
			n++
			units, u = append(units, u), source.CharAt(n)
		}
		ending, ends := lineEndings[u]
		switch {
		case ends && escaped:
			write(ending[1:])
			continue
		case ends:
			write(ending)
			continue
		case u == '/' && !escaped && !inClass:
			write(`\/`)
			continue
		case u == '[' && !escaped:
			inClass = true
		case u == ']' && !escaped:
			inClass = false
		}
		units = append(units, u)
	}
	if !changed {
		return source
	}
	return goja.StringFromUTF16(units)
}

var lineEndings = map[uint16]string{'\n': `\n`, '\r': `\r`, 0x2028: `\u2028`, 0x2029: `\u2029`}

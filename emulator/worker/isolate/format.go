package isolate

import (
	"math"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/node"
)

// format joins the arguments of console.log: the first may hold % placeholders, strings stand as they
// are, all else is inspected.
func (i *isolate) format(args []goja.Value) string { return i.formatWith(args, node.DefaultInspect()) }

func (i *isolate) formatWith(args []goja.Value, o node.InspectOptions) string {
	if len(args) == 0 {
		return ""
	}
	inspect := func(v goja.Value) string {
		p := &printer{isolate: i, options: o}
		return p.print(v)
	}
	var b strings.Builder
	rest := args
	if first, ok := args[0].(goja.String); ok {
		rest = args[1:]
		text := first.String()
		if len(rest) > 0 && strings.Contains(text, "%") {
			rest = i.substitute(&b, text, rest, o)
		} else {
			b.WriteString(text)
		}
	} else {
		b.WriteString(inspect(args[0]))
		rest = args[1:]
	}
	for _, v := range rest {
		b.WriteByte(' ')
		if s, ok := v.(goja.String); ok {
			b.WriteString(s.String())
		} else {
			b.WriteString(inspect(v))
		}
	}
	return b.String()
}

// substitute writes text with its placeholders filled from args and returns the args that are left.
func (i *isolate) substitute(b *strings.Builder, text string, args []goja.Value, o node.InspectOptions) []goja.Value {
	for {
		at := strings.IndexByte(text, '%')
		if at < 0 || at+1 == len(text) {
			b.WriteString(text)
			return args
		}
		b.WriteString(text[:at])
		verb := text[at+1]
		text = text[at+2:]
		switch {
		case verb == '%':
			b.WriteByte('%')
		case len(args) > 0 && strings.IndexByte("sdifjoOc", verb) >= 0:
			b.WriteString(i.placeholder(verb, args[0], o))
			args = args[1:]
		default:
			b.WriteByte('%')
			b.WriteByte(verb)
		}
	}
}

func (i *isolate) placeholder(verb byte, v goja.Value, o node.InspectOptions) string {
	switch verb {
	case 's':
		return i.placeholderString(v)
	case 'd', 'i', 'f':
		return i.placeholderNumber(verb, v)
	case 'j':
		stringify, _ := goja.AssertFunction(i.rt.Get("JSON").(*goja.Object).Get("stringify"))
		text, err := stringify(goja.Undefined(), v)
		if err != nil {
			return "[Circular]"
		}
		return text.String()
	case 'o':
		p := &printer{isolate: i, options: o}
		p.options.Depth, p.options.ShowHidden = 4, true
		return p.print(v)
	case 'O':
		p := &printer{isolate: i, options: o}
		return p.print(v)
	}
	return "" // %c takes a style, which a terminal has no use for
}

func (i *isolate) placeholderString(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		if s, ok := v.(goja.String); ok {
			return s.String()
		}
		return i.inspect(v)
	}
	_, isFunction := goja.AssertFunction(o)
	if _, isError := property(o, "stack").(goja.String); isError || isFunction {
		return i.inspect(v)
	}
	p := i.newPrinter()
	p.options.Depth = 0
	return p.print(v)
}

func (i *isolate) placeholderNumber(verb byte, v goja.Value) string {
	if _, isObject := v.(*goja.Object); isObject {
		return "NaN"
	}
	if _, isSymbol := v.(*goja.Symbol); isSymbol {
		return "NaN"
	}
	if goja.IsBigInt(v) {
		return v.String() + "n"
	}
	f := v.ToFloat()
	if verb == 'd' {
		return numberText(i.rt.ToValue(f), f)
	}
	name := "parseFloat"
	if verb == 'i' {
		name = "parseInt"
	}
	parse, _ := goja.AssertFunction(i.rt.Get(name))
	n, err := parse(goja.Undefined(), v)
	if err != nil {
		return "NaN"
	}
	return numberText(n, n.ToFloat())
}

func numberText(v goja.Value, f float64) string {
	if f == 0 && math.Signbit(f) {
		return "-0"
	}
	return v.String()
}

// quote writes a string as a literal, in the quotes that need the least escaping.
func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") {
		switch {
		case !strings.Contains(s, `"`):
			q = '"'
		case !strings.Contains(s, "`") && !strings.Contains(s, "${"):
			q = '`'
		}
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, c := range s {
		switch {
		case c == rune(q) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\b':
			b.WriteString(`\b`)
		case c == '\f':
			b.WriteString(`\f`)
		case c == '\v':
			b.WriteString(`\v`)
		case c < ' ' || c >= 0x7f && c < 0xa0:
			b.WriteString(`\x` + strings.ToUpper(hex2(c)))
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte(q)
	return b.String()
}

func hex2(c rune) string {
	s := strconv.FormatInt(int64(c), 16)
	if len(s) < 2 {
		s = "0" + s
	}
	return s
}

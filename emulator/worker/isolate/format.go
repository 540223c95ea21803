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

// printTable prints console.table's argument as a box of rows and columns.
func (i *isolate) printTable(call goja.FunctionCall) {
	data, ok := call.Argument(0).(*goja.Object)
	if !ok || i.spec.Console == nil {
		i.print("log", call.Arguments)
		return
	}
	const index, values = "(index)", "Values"
	header := []string{index}
	columns := map[string]int{}
	hasValues := false
	type row struct {
		key   string
		cells map[string]string
		value string
	}
	var rows []row
	for _, key := range data.Keys() {
		r := row{key: key, cells: map[string]string{}}
		item := data.Get(key)
		if o, ok := item.(*goja.Object); ok {
			for _, column := range o.Keys() {
				if _, known := columns[column]; !known {
					columns[column] = len(header)
					header = append(header, column)
				}
				p := i.newPrinter()
				p.options.Depth = 0
				r.cells[column] = p.nested(o.Get(column), 0)
			}
		} else {
			r.value = i.newPrinter().nested(item, 0)
			hasValues = true
		}
		rows = append(rows, r)
	}
	if hasValues {
		header = append(header, values)
	}
	lines := [][]string{header}
	for _, r := range rows {
		line := make([]string, len(header))
		line[0] = r.key
		for column, cell := range r.cells {
			line[columns[column]] = cell
		}
		if hasValues {
			line[len(header)-1] = r.value
		}
		lines = append(lines, line)
	}
	i.consoleLine(i.current, "log", box(lines), i.callSite())
}

// box draws lines, the first of which is the header.
func box(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for n, cell := range line {
			widths[n] = max(widths[n], len([]rune(cell))+2)
		}
	}
	rule := func(left, middle, right string) string {
		parts := make([]string, len(widths))
		for n, w := range widths {
			parts[n] = strings.Repeat("─", w)
		}
		return left + strings.Join(parts, middle) + right
	}
	out := []string{rule("┌", "┬", "┐")}
	for n, line := range lines {
		parts := make([]string, len(line))
		for k, cell := range line {
			parts[k] = " " + cell + strings.Repeat(" ", widths[k]-1-len([]rune(cell)))
		}
		out = append(out, "│"+strings.Join(parts, "│")+"│")
		if n == 0 {
			out = append(out, rule("├", "┼", "┤"))
		}
	}
	return strings.Join(append(out, rule("└", "┴", "┘")), "\n")
}

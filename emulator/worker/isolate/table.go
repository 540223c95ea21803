package isolate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// A table is what console.table draws: rows by index, cells by column.
type table struct {
	index   string
	columns []string
	rows    []tableRow
	values  bool // some row has a value of its own
}

type tableRow struct {
	key   string
	cells map[string]string
	value string
}

// printTable prints console.table's argument as a box of rows and columns; a second argument names the
// columns.
func (i *isolate) printTable(call goja.FunctionCall) {
	data, ok := call.Argument(0).(*goja.Object)
	if !ok || i.spec.Console == nil {
		i.print("log", call.Arguments)
		return
	}
	t := &table{index: "(index)"}
	if names, ok := call.Argument(1).(*goja.Object); ok {
		t.columns = []string{}
		i.rt.ForOf(names, func(v goja.Value) bool {
			t.columns = append(t.columns, v.String())
			return true
		})
	}
	switch {
	case i.isInstance(data, "Map"):
		i.iterationRows(t, data, true)
	case i.isInstance(data, "Set"):
		i.iterationRows(t, data, false)
	default:
		for _, key := range data.Keys() {
			i.tableRow(t, key, data.Get(key), call.Argument(1))
		}
	}
	i.consoleLine(i.current, "log", i.console.indented(box(t.lines())), i.callSite())
}

func (i *isolate) isInstance(o *goja.Object, class string) bool {
	c, ok := i.rt.Get(class).(*goja.Object)
	return ok && i.rt.InstanceOf(o, c)
}

// iterationRows makes the rows of a Map or a Set, whose items have numbers and no properties.
func (i *isolate) iterationRows(t *table, data *goja.Object, pairs bool) {
	t.index, t.values = "(iteration index)", true
	if pairs {
		t.columns = []string{"Key"}
	}
	i.rt.ForOf(data, func(v goja.Value) bool {
		row := tableRow{key: strconv.Itoa(len(t.rows))}
		if pair, ok := v.(*goja.Object); ok && pairs {
			row.cells = map[string]string{"Key": i.newPrinter().nested(pair.Get("0"), 0)}
			v = pair.Get("1")
		}
		row.value = i.newPrinter().nested(v, 0)
		t.rows = append(t.rows, row)
		return true
	})
}

// tableRow makes the row of one item. Columns come from the items unless code has chosen them.
func (i *isolate) tableRow(t *table, key string, item, chosen goja.Value) {
	row := tableRow{key: key, cells: map[string]string{}}
	o, ok := item.(*goja.Object)
	if !ok {
		row.value, t.values = i.newPrinter().nested(item, 0), true
		t.rows = append(t.rows, row)
		return
	}
	names := o.Keys()
	if !goja.IsUndefined(chosen) {
		names = t.columns
	}
	for _, name := range names {
		v := o.Get(name)
		if v == nil {
			continue
		}
		if goja.IsUndefined(chosen) && !slices.Contains(t.columns, name) {
			t.columns = append(t.columns, name)
		}
		p := i.newPrinter()
		p.options.Depth = 0
		row.cells[name] = p.nested(v, 0)
	}
	t.rows = append(t.rows, row)
}

// lines are the table's cells, the header first.
func (t *table) lines() [][]string {
	header := append([]string{t.index}, t.columns...)
	if t.values {
		header = append(header, "Values")
	}
	lines := [][]string{header}
	for _, r := range t.rows {
		line := []string{r.key}
		for _, c := range t.columns {
			line = append(line, r.cells[c])
		}
		if t.values {
			line = append(line, r.value)
		}
		lines = append(lines, line)
	}
	return lines
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

package isolate

import (
	"math"
	"strings"
)

// layout puts an object's entries on one line when they fit and are no more than three levels deep,
// else each on its own.
func (p *printer) layout(made parts, depth int) string {
	prefix := made.prefix
	if len(made.entries) == 0 {
		if made.bare {
			return prefix
		}
		return strings.TrimPrefix(prefix+" "+made.open+made.shut, " ")
	}
	if prefix != "" {
		prefix += " "
	}
	entries := made.entries
	if made.array && len(entries) > 6 && p.options.Compact >= 1 {
		entries = p.group(entries, made.numeric)
	}
	if p.depth-depth < p.options.Compact && len(entries) == len(made.entries) {
		length := len(entries)*2 + p.indent + len(made.open) + p.width(strings.TrimSuffix(prefix, " ")) + 10
		oneLine := !strings.Contains(prefix, "\n")
		for _, e := range entries {
			length += p.width(e)
			oneLine = oneLine && !strings.Contains(e, "\n")
		}
		if oneLine && length <= p.options.BreakLength {
			return prefix + made.open + " " + strings.Join(entries, ", ") + " " + made.shut
		}
	}
	margin := "\n" + strings.Repeat(" ", p.indent)
	return prefix + made.open + margin + "  " + strings.Join(entries, ","+margin+"  ") + margin + made.shut
}

// group lays out many short entries in columns: each result is one row.
func (p *printer) group(entries []string, numeric bool) []string {
	indent := p.indent
	const gap = 2
	count := len(entries)
	more := strings.HasPrefix(entries[count-1], "... ")
	if more {
		count--
	}
	total, widest := 0, 0
	lengths := make([]int, count)
	for n, e := range entries[:count] {
		if strings.Contains(e, "\n") {
			return entries
		}
		lengths[n] = p.width(e)
		total += lengths[n] + gap
		widest = max(widest, lengths[n])
	}
	cell := widest + gap
	if cell*3+indent >= p.options.BreakLength || float64(total)/float64(cell) <= 5 && widest > 6 {
		return entries
	}
	// Columns are chosen so that the block looks square, characters being higher than wide; the more
	// uneven the entries are, the less their widest counts.
	bias := math.Sqrt(float64(cell) - float64(total)/float64(len(entries)))
	width := math.Max(float64(cell)-3-bias, 1)
	columns := min(int(math.Round(math.Sqrt(2.5*width*float64(count))/width)), (p.options.BreakLength-indent)/cell, p.options.Compact*4, 15)
	if columns <= 1 {
		return entries
	}
	widths := make([]int, columns)
	for n, l := range lengths {
		widths[n%columns] = max(widths[n%columns], l+gap)
	}
	var rows []string
	for n := 0; n < count; n += columns {
		var row strings.Builder
		last := min(n+columns, count)
		for k := n; k < last; k++ {
			e := entries[k]
			pad := widths[k-n] - gap - lengths[k]
			if numeric {
				row.WriteString(strings.Repeat(" ", pad))
			}
			row.WriteString(e)
			if k < last-1 {
				row.WriteString(", ")
				if !numeric {
					row.WriteString(strings.Repeat(" ", pad))
				}
			}
		}
		rows = append(rows, row.String())
	}
	if more {
		rows = append(rows, entries[count])
	}
	return rows
}

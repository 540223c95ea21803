package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A series is what was measured again and again.
type series []float64

func (s *series) add(v float64) { *s = append(*s, v) }

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// A figure is one line of the table. An aim in something a second is a share of the bare server's, and
// more is better; any other is in the unit itself, and less is better.
type figure struct {
	name        string
	cfemu, bare series
	ratios      series // of pairs measured one after the other; empty: the medians' ratio
	unit        string
	aim         float64 // 0: none
	yardstick   string  // empty: the bare server doing the same
}

func (f *figure) ratio() float64 {
	if len(f.ratios) > 0 {
		return f.ratios.median()
	}
	return f.cfemu.median() / f.bare.median()
}

// aimed says what the aim was and whether it was reached.
func (f *figure) aimed() string {
	if f.aim == 0 {
		return ""
	}
	text, reached := fmt.Sprintf("%.0f %s", f.aim, f.unit), f.cfemu.median() <= f.aim
	if strings.HasSuffix(f.unit, "/s") {
		text, reached = fmt.Sprintf("ratio %.2f", f.aim), f.ratio() >= f.aim
	}
	if !reached {
		text += ", missed"
	}
	return text
}

// A benchTable is what a run prints at its end.
type benchTable struct {
	figures []figure
	notes   []string
}

func (t *benchTable) add(b *testing.B, f figure) {
	unit := strings.Map(func(r rune) rune {
		if r == ' ' {
			return '-'
		}
		return r
	}, f.name)
	b.ReportMetric(f.cfemu.median(), unit+"-"+f.unit)
	b.ReportMetric(f.ratio(), unit+"-ratio")
	t.figures = append(t.figures, f)
}

func (t *benchTable) note(text string) { t.notes = append(t.notes, text) }

func (t *benchTable) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprint(tw, "\nMedians\tcfemu\t(range)\tyardstick\tratio\taim\tthe yardstick\n")
	for _, f := range t.figures {
		yardstick := f.yardstick
		if yardstick == "" {
			yardstick = "the bare server"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", f.name, show(f.cfemu.median(), f.unit), spread(f.cfemu),
			show(f.bare.median(), f.unit), f.ratio(), f.aimed(), yardstick)
	}
	tw.Flush()
	for _, n := range t.notes {
		fmt.Fprintln(w, n)
	}
	fmt.Fprintln(w)
}

func show(v float64, unit string) string {
	if v < 10 {
		return fmt.Sprintf("%.1f %s", v, unit)
	}
	return fmt.Sprintf("%.0f %s", v, unit)
}

func spread(s series) string {
	if len(s) < 2 {
		return ""
	}
	return fmt.Sprintf("%.0f-%.0f", slices.Min(s), slices.Max(s))
}

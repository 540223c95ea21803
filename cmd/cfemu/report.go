package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/cfemu/cfemu/emulator"
)

func termIsTerminal(fd int) bool { return term.IsTerminal(fd) }

// A reporter shows events, and the start table where it is for people.
type reporter interface {
	emulator.Reporter
	table(*emulator.Emulator)
	// flush returns when all that was reported is written.
	flush()
}

// levels are the values of --log-level, each showing what those after it show and more.
var levels = []string{"info", "warn", "error", "none"}

func newReporter(p process, format, level string) (reporter, error) {
	if !slices.Contains(levels, level) {
		return nil, &exitError{2, fmt.Errorf("--log-level %q: use %s", level, strings.Join(levels, ", "))}
	}
	w := newLineWriter(p.stdout)
	switch format {
	case "text":
		return &textReporter{w: w, level: level, colour: isTerminal(p.stdout) && p.getenv("NO_COLOR") == ""}, nil
	case "json":
		return &jsonReporter{w: w, level: level}, nil
	}
	return nil, &exitError{2, fmt.Errorf("--log-format %q: use text or json", format)}
}

// shows reports whether an event passes a level.
func shows(level string, ev emulator.Event) bool {
	rank := 0
	switch {
	case ev.Type == emulator.EventReady:
		return true
	case ev.Type == emulator.EventError || ev.Error != "" || ev.Type == emulator.EventConsole && ev.Level == "error":
		rank = 2
	case ev.Type == emulator.EventWarning || ev.Type == emulator.EventConsole && ev.Level == "warn":
		rank = 1
	}
	return rank >= slices.Index(levels, level)
}

// A jsonReporter writes one JSON object a line.
type jsonReporter struct {
	mu    sync.Mutex
	w     *lineWriter
	level string
}

func (j *jsonReporter) flush() { j.w.flush() }

func (j *jsonReporter) table(*emulator.Emulator) {}

func (j *jsonReporter) Report(ev emulator.Event) {
	if !shows(j.level, ev) {
		return
	}
	b, err := json.Marshal(ev)
	if err != nil {
		return // an event holds nothing that cannot be JSON
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.w.Write(append(b, '\n'))
}

// A textReporter writes for a person.
type textReporter struct {
	mu     sync.Mutex
	w      io.Writer
	level  string
	colour bool
}

// The colours of the terminal.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
	bold   = "1"
)

func (t *textReporter) paint(colour, s string) string {
	if !t.colour || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// table shows what the bindings reach, and the doors.
func (t *textReporter) table(e *emulator.Emulator) {
	if t.level != "info" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if rows := e.Resources(); len(rows) > 0 {
		tw := tabwriter.NewWriter(t.w, 2, 0, 2, ' ', 0)
		fmt.Fprintln(tw, "Binding\tProduct\tResource\tStored in")
		for _, r := range rows {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.Binding, r.Product, r.Name, r.Where)
		}
		tw.Flush()
		fmt.Fprintln(t.w)
	}
	u := e.URLs()
	fmt.Fprintf(t.w, "Worker   %s\nControl  %s\nS3       %s\n\n", u.Worker, u.Control, u.S3)
}

func (t *textReporter) flush() {
	if w, ok := t.w.(*lineWriter); ok {
		w.flush()
	}
}

func (t *textReporter) Report(ev emulator.Event) {
	if !shows(t.level, ev) {
		return
	}
	line := t.line(ev)
	if ev.Detail != "" {
		line += ev.Detail + "\n"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	io.WriteString(t.w, line)
}

func (t *textReporter) line(ev emulator.Event) string {
	switch ev.Type {
	case emulator.EventReady:
		note := duration(ev.Took)
		if ev.Message != "" {
			note += "; " + ev.Message
		}
		return fmt.Sprintf("%s (%s)\n", t.paint(green, "Ready on "+ev.URLs.Worker), note)
	case emulator.EventRequest:
		status := t.paint(statusColour(ev.Status), fmt.Sprint(ev.Status))
		return t.event(fmt.Sprintf("%s %s %s", ev.Method, ev.Path, status), ev)
	case emulator.EventConsole:
		source := ""
		if ev.Source != "" {
			source = t.paint(dim, "  "+ev.Source)
		}
		return t.paint(levelColour(ev.Level), ev.Level) + " " + ev.Message + source + "\n"
	case emulator.EventQueue:
		what := fmt.Sprintf("queue %s %s", ev.Queue, plural(ev.Messages, "message"))
		if ev.Retried > 0 {
			what += t.paint(yellow, fmt.Sprintf(", %d retried", ev.Retried))
		}
		return t.event(what, ev)
	case emulator.EventScheduled:
		return t.event(fmt.Sprintf("cron %s", ev.Cron), ev)
	case emulator.EventReload:
		return fmt.Sprintf("%s %s (%s)\n", t.paint(cyan, "reloaded"), strings.Join(ev.Changed, ", "), duration(ev.Took))
	case emulator.EventWarning:
		return t.paint(yellow, "warning: ") + ev.Message + "\n"
	case emulator.EventError:
		return t.paint(red, "error: ") + ev.Message + "\n"
	}
	return ev.Message + "\n"
}

// event is the line of an invocation: what it was, how long it took, what it did, what it threw.
func (t *textReporter) event(what string, ev emulator.Event) string {
	line := what + "  " + t.paint(dim, duration(ev.Took))
	if ops := operations(ev.Ops); ops != "" {
		line += "  " + t.paint(dim, ops)
	}
	line += "\n"
	if ev.Error != "" {
		line += t.paint(red, "error: ") + ev.Error + "\n"
	}
	return line
}

func statusColour(status int) string {
	switch {
	case status >= 500:
		return red
	case status >= 400:
		return yellow
	}
	return green
}

func levelColour(level string) string {
	switch level {
	case "error":
		return red
	case "warn":
		return yellow
	}
	return dim
}

// productNames are how a person knows the products.
var productNames = map[string]string{"d1": "D1", "kv": "KV", "r2": "R2", "queues": "queue", "ai": "AI", "assets": "asset"}

// operations is "2 D1 queries, 1 R2 put".
func operations(ops []emulator.OpCount) string {
	parts := make([]string, len(ops))
	for i, o := range ops {
		name := productNames[o.Product]
		if name == "" {
			name = o.Product
		}
		parts[i] = plural(o.Count, name+" "+o.Name)
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// duration rounds as a person reads it.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// A member is a name of a JSON object with its value. Members keep the order they came in.
type member struct {
	name  string
	value json.RawMessage
}

// members takes a JSON object apart.
func members(object json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no JSON object: %s", object)
	}
	var out []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var m member
		m.name, _ = name.(string) // a key of an object is nothing else
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// writeJSON prints JSON as wrangler does, two blanks a level.
func writeJSON(w io.Writer, raw json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// object is the JSON object of members.
func object(ms []member) (json.RawMessage, error) {
	b := bytes.NewBufferString("{")
	for i, m := range ms {
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A table is drawn with rules between its rows, as wrangler draws it.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	if len(t.head) == 0 {
		return nil
	}
	lines := make([][][]string, 0, len(t.rows)+1) // by row and column
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		cells := make([][]string, len(t.head))
		for i := range cells {
			cells[i] = []string{""}
			if i < len(row) {
				cells[i] = strings.Split(printable(row[i]), "\n")
			}
			for _, line := range cells[i] {
				widths[i] = max(widths[i], uniseg.StringWidth(line))
			}
		}
		lines = append(lines, cells)
	}
	var b strings.Builder
	rule(&b, widths, "┌", "┬", "┐")
	for i, cells := range lines {
		if i > 0 {
			rule(&b, widths, "├", "┼", "┤")
		}
		drawRow(&b, cells, widths)
	}
	rule(&b, widths, "└", "┴", "┘")
	_, err := io.WriteString(w, b.String())
	return err
}

func rule(b *strings.Builder, widths []int, left, middle, right string) {
	for i, width := range widths {
		if i == 0 {
			b.WriteString(left)
		} else {
			b.WriteString(middle)
		}
		b.WriteString(strings.Repeat("─", width+2))
	}
	b.WriteString(right + "\n")
}

func drawRow(b *strings.Builder, cells [][]string, widths []int) {
	height := 1
	for _, c := range cells {
		height = max(height, len(c))
	}
	for line := range height {
		for i, c := range cells {
			text := ""
			if line < len(c) {
				text = c[line]
			}
			b.WriteString("│ " + text + strings.Repeat(" ", widths[i]-uniseg.StringWidth(text)+1))
		}
		b.WriteString("│\n")
	}
}

// printable keeps what is stored from steering the terminal: control characters are written out.
func printable(s string) string {
	if strings.IndexFunc(s, steers) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if steers(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func steers(r rune) bool {
	return r < ' ' && r != '\n' || 0x7f <= r && r < 0xa0 || r == '\u2028' || r == '\u2029' || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// maxBlobBytes is how many bytes of a blob a table shows.
const maxBlobBytes = 24

// cell is a value as a table shows it. A blob comes as the list of its bytes.
func cell(value json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(value)
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		shown := make([]string, 0, maxBlobBytes)
		for _, b := range v[:min(len(v), maxBlobBytes)] {
			shown = append(shown, fmt.Sprint(b))
		}
		if len(v) > maxBlobBytes {
			return fmt.Sprintf("[%s, … %d bytes]", strings.Join(shown, ", "), len(v))
		}
		return "[" + strings.Join(shown, ", ") + "]"
	}
	return string(value)
}

// tableOf shows JSON objects, one a row. The names of the first one are the head.
func tableOf(objects []json.RawMessage, show func(json.RawMessage) string) (*table, error) {
	t := &table{}
	var errs []error
	for _, o := range objects {
		ms, err := members(o)
		errs = append(errs, err)
		row := make([]string, 0, len(ms))
		for _, m := range ms {
			if len(t.rows) == 0 {
				t.head = append(t.head, m.name)
			}
			row = append(row, show(m.value))
		}
		t.add(row...)
	}
	return t, errors.Join(errs...)
}

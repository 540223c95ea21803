package isolate

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sort"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A sourceMap is the standard's JSON, version 3.
type sourceMap struct {
	Version        int       `json:"version"`
	Sources        []string  `json:"sources"`
	SourcesContent []*string `json:"sourcesContent,omitempty"`
	Names          []string  `json:"names"`
	Mappings       string    `json:"mappings"`
}

// A mapping is one segment of Mappings: fields is how many of the numbers after the column it has.
type mapping struct {
	column                     int
	source, line, sourceColumn int
	name                       int
	fields                     int // 0, 3 or 4
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// base64Values is the reverse of base64Digits; 255 stands for what is none.
var base64Values = func() (values [256]byte) {
	for c := range values {
		values[c] = byte(strings.IndexByte(base64Digits, byte(c)))
	}
	return values
}()

var errMappings = errors.New("malformed mappings")

// decode returns the segments of every generated line, with absolute numbers.
func (m *sourceMap) decode() ([][]mapping, error) {
	rows := strings.Count(m.Mappings, ";") + 1
	lines := make([][]mapping, 0, rows)
	all := make([]mapping, 0, rows+strings.Count(m.Mappings, ",")) // of one piece, which a line takes its part of
	var last mapping
	for text := range strings.SplitSeq(m.Mappings, ";") {
		last.column = 0
		first := len(all)
		for text != "" {
			var segment string
			segment, text, _ = strings.Cut(text, ",")
			var numbers [5]int
			count := 0
			for segment != "" {
				if count == len(numbers) {
					return nil, errMappings
				}
				n, rest, ok := cutVLQ(segment)
				if !ok {
					return nil, errMappings
				}
				numbers[count], segment = n, rest
				count++
			}
			last.column += numbers[0]
			last.fields = max(count-1, 0)
			if count >= 4 {
				last.source += numbers[1]
				last.line += numbers[2]
				last.sourceColumn += numbers[3]
			}
			if count == 5 {
				last.name += numbers[4]
			}
			all = append(all, last)
		}
		lines = append(lines, all[first:len(all):len(all)])
	}
	return lines, nil
}

// encode is the reverse of decode.
func (m *sourceMap) encode(lines [][]mapping) {
	var b []byte
	var last mapping
	for n, line := range lines {
		if n > 0 {
			b = append(b, ';')
		}
		last.column = 0
		for k, s := range line {
			if k > 0 {
				b = append(b, ',')
			}
			b = appendVLQ(b, s.column-last.column)
			last.column = s.column
			if s.fields >= 3 {
				b = appendVLQ(b, s.source-last.source)
				b = appendVLQ(b, s.line-last.line)
				b = appendVLQ(b, s.sourceColumn-last.sourceColumn)
				last.source, last.line, last.sourceColumn = s.source, s.line, s.sourceColumn
			}
			if s.fields == 4 {
				b = appendVLQ(b, s.name-last.name)
				last.name = s.name
			}
		}
	}
	m.Mappings = string(b)
}

func cutVLQ(s string) (int, string, bool) {
	n, shift := 0, 0
	for k := 0; k < len(s); k++ {
		d := base64Values[s[k]]
		if d == 255 || shift > 30 {
			return 0, "", false
		}
		n |= int(d&31) << shift
		shift += 5
		if d&32 == 0 {
			if n&1 != 0 {
				return -(n >> 1), s[k+1:], true
			}
			return n >> 1, s[k+1:], true
		}
	}
	return 0, "", false
}

func appendVLQ(b []byte, n int) []byte {
	n <<= 1
	if n < 0 {
		n = -n | 1
	}
	for {
		d := n & 31
		n >>= 5
		if n > 0 {
			b = append(b, base64Digits[d|32])
			continue
		}
		return append(b, base64Digits[d])
	}
}

// countFromOne moves every column, in the generated code and in the sources, by one. Columns count
// from 0 in source maps, and goja asks with columns from 1 and reports what it gets.
func countFromOne(mappings string) string {
	out := make([]byte, 0, len(mappings)+len(mappings)/8)
	sources := false
	for mappings != "" {
		var line string
		line, rest, more := strings.Cut(mappings, ";")
		mappings = rest
		if column, after, ok := cutVLQ(line); ok {
			out, line = appendVLQ(out, column+1), after
			if !sources && line != "" && line[0] != ',' {
				source, after, _ := cutVLQ(line)
				row, after, _ := cutVLQ(after)
				column, after, _ := cutVLQ(after)
				out = appendVLQ(appendVLQ(appendVLQ(out, source), row), column+1)
				line, sources = after, true
			}
		}
		out = append(out, line...)
		if more {
			out = append(out, ';')
		}
	}
	return string(out)
}

// shift moves the mappings of code's lines by what edits, none of which spans a line, do to its columns.
func shift(lines [][]mapping, code string, edits []edit) {
	start, n := 0, 0
	for row := 0; row < len(lines) && n < len(edits); row++ {
		end := len(code)
		if at := strings.IndexByte(code[start:], '\n'); at >= 0 {
			end = start + at + 1
		}
		first := n
		for n < len(edits) && edits[n].at < end {
			n++
		}
		if n > first {
			shiftLine(lines[row], code[start:end], start, edits[first:n])
		}
		start = end
	}
}

// shiftLine moves the segments of one line. Their columns count UTF-16 units, edits count bytes.
func shiftLine(segments []mapping, text string, start int, edits []edit) {
	by, n, column, at := 0, 0, 0, 0
	for k := range segments {
		for at < len(text) && column < segments[k].column {
			size, units := runeUnits(text[at:])
			at += size
			column += units
		}
		for n < len(edits) && edits[n].at < start+at {
			by += utf16Length(edits[n].text) - utf16Length(text[edits[n].at-start:edits[n].end-start])
			n++
		}
		segments[k].column = max(segments[k].column+by, 0)
	}
}

func utf16Length(s string) int {
	n := 0
	for s != "" {
		size, units := runeUnits(s)
		s = s[size:]
		n += units
	}
	return n
}

// runeUnits is the size of the first rune of s in bytes and in UTF-16 units.
func runeUnits(s string) (size, units int) {
	switch c := s[0]; {
	case c < 0x80:
		return 1, 1
	case c >= 0xf0:
		return min(4, len(s)), 2
	case c >= 0xe0:
		return min(3, len(s)), 1
	default:
		return min(2, len(s)), 1
	}
}

// originalPosition finds where a position in a module, counted from 1, was before the module was
// bundled, by the inline source map that the module may end with.
func originalPosition(module []byte, line, column int) (worker.Frame, string, bool) {
	const mark = "//# sourceMappingURL=data:application/json"
	at := bytes.LastIndex(module, []byte(mark))
	if at < 0 {
		return worker.Frame{}, "", false
	}
	_, encoded, ok := strings.Cut(string(module[at:]), "base64,")
	if !ok {
		return worker.Frame{}, "", false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return worker.Frame{}, "", false
	}
	var sm sourceMap
	if json.Unmarshal(text, &sm) != nil {
		return worker.Frame{}, "", false
	}
	lines, err := sm.decode()
	if err != nil || line > len(lines) {
		return worker.Frame{}, "", false
	}
	segments := lines[line-1]
	k := sort.Search(len(segments), func(k int) bool { return segments[k].column > column-1 }) - 1
	if k < 0 || segments[k].fields < 3 || segments[k].source >= len(sm.Sources) {
		return worker.Frame{}, "", false
	}
	s := segments[k]
	source := ""
	if s.source < len(sm.SourcesContent) && sm.SourcesContent[s.source] != nil {
		if all := strings.Split(*sm.SourcesContent[s.source], "\n"); s.line < len(all) {
			source = strings.TrimRight(all[s.line], "\r")
		}
	}
	return worker.Frame{File: sm.Sources[s.source], Line: s.line + 1, Column: s.sourceColumn + 1}, source, true
}

package isolate

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// A jsonReader makes JavaScript values of JSON text, several times faster than the runtime's own
// JSON.parse. It is for what bindings answer: D1's rows most of all.
type jsonReader struct {
	rt   *goja.Runtime
	text string
	at   int
	// rows makes objects of D1's {"columns": …, "rows": …} wherever it is the value of "results"; nil:
	// they stay as they are.
	rows *isolate
	// deepest is how deep arrays and objects may nest.
	deepest int
}

var errJSON = errors.New("malformed JSON")

// maxJSONDepth bounds recursion.
const maxJSONDepth = 2000

// readJSON returns the value of text. With rows, D1's results are made into objects.
func (i *isolate) readJSON(text []byte, rows bool) (goja.Value, error) {
	s := string(text)
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	r := &jsonReader{rt: i.rt, text: s, deepest: maxJSONDepth}
	if rows {
		r.rows = i
	}
	return r.whole()
}

// whole reads a value that is all of the text.
func (r *jsonReader) whole() (goja.Value, error) {
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	r.space()
	if r.at < len(r.text) {
		return nil, errJSON
	}
	return v, nil
}

func (r *jsonReader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek is the next byte that is no white space; 0 at the end.
func (r *jsonReader) peek() byte {
	r.space()
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// accept takes c if it comes next.
func (r *jsonReader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *jsonReader) value(depth int) (goja.Value, error) {
	if depth > r.deepest {
		return nil, errJSON
	}
	switch c := r.peek(); c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.string()
	case 't':
		return r.literal("true", r.rt.ToValue(true))
	case 'f':
		return r.literal("false", r.rt.ToValue(false))
	case 'n':
		return r.literal("null", goja.Null())
	default:
		return r.number()
	}
}

func (r *jsonReader) literal(word string, v goja.Value) (goja.Value, error) {
	if !strings.HasPrefix(r.text[r.at:], word) {
		return nil, errJSON
	}
	r.at += len(word)
	return v, nil
}

func (r *jsonReader) object(depth int) (goja.Value, error) {
	r.at++
	o := r.rt.NewObject()
	if r.accept('}') {
		return o, nil
	}
	for {
		key, err := r.key()
		if err != nil {
			return nil, err
		}
		var v goja.Value
		if r.rows != nil && key == "results" && r.peek() == '{' {
			v, err = r.results(depth + 1)
		} else {
			v, err = r.value(depth + 1)
		}
		if err != nil {
			return nil, err
		}
		setOwn(o, key, v)
		if r.accept('}') {
			return o, nil
		}
		if !r.accept(',') {
			return nil, errJSON
		}
	}
}

// setOwn makes v an own property of an object of ours, whatever its name.
func setOwn(o *goja.Object, key string, v goja.Value) {
	// An assignment would set the prototype.
	if key != "__proto__" && o.Set(key, v) == nil {
		return
	}
	// Code may also have frozen Object.prototype, by which assignments fail.
	if err := o.DefineDataProperty(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
		panic(err)
	}
}

func (r *jsonReader) key() (string, error) {
	if r.peek() != '"' {
		return "", errJSON
	}
	key, err := r.string()
	if err != nil {
		return "", err
	}
	if !r.accept(':') {
		return "", errJSON
	}
	return key.String(), nil
}

func (r *jsonReader) list(depth int) ([]any, error) {
	if !r.accept('[') {
		return nil, errJSON
	}
	items := []any{}
	if r.accept(']') {
		return items, nil
	}
	for {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		if r.accept(']') {
			return items, nil
		}
		if !r.accept(',') {
			return nil, errJSON
		}
	}
}

func (r *jsonReader) array(depth int) (goja.Value, error) {
	items, err := r.list(depth)
	if err != nil {
		return nil, err
	}
	return r.rt.NewArray(items...), nil
}

// results reads {"columns": [names], "rows": [[values]]} as an array of objects. Anything else is
// read as it is.
func (r *jsonReader) results(depth int) (goja.Value, error) {
	start := r.at
	columns, ok := r.columns(depth)
	if !ok {
		r.at = start
		rows := r.rows
		r.rows = nil
		defer func() { r.rows = rows }()
		return r.value(depth)
	}
	start = r.at
	count, canonical := r.skipRows(len(columns))
	if canonical && count > fewRows && r.accept('}') {
		return r.rows.newLazyRows(columns, r.text[start:r.at], count), nil
	}
	r.at = start
	rows, err := r.rowObjects(columns)
	if err != nil {
		return nil, err
	}
	if !r.accept('}') {
		return nil, errJSON
	}
	return r.rt.NewArray(asAny(rows)...), nil
}

func asAny(values []goja.Value) []any {
	out := make([]any, len(values))
	for n, v := range values {
		out[n] = v
	}
	return out
}

// rowObjects reads rows up to and with their closing bracket.
func (r *jsonReader) rowObjects(columns []string) ([]goja.Value, error) {
	rows := []goja.Value{}
	for !r.accept(']') {
		if len(rows) > 0 && !r.accept(',') {
			return nil, errJSON
		}
		row, err := r.row(columns)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// skipRows passes over rows of that many values, up to and with their closing bracket, and counts
// them. It reports false when they are not written as JSON.stringify writes: without white space, and
// every value as skipCanonical wants it.
func (r *jsonReader) skipRows(columns int) (count int, canonical bool) {
	for ; !r.at1(']'); count++ {
		if count > 0 && !r.at1(',') || !r.at1('[') {
			return 0, false
		}
		for n := range columns {
			if n > 0 && !r.at1(',') || !r.skipCanonical() {
				return 0, false
			}
		}
		if !r.at1(']') {
			return 0, false
		}
	}
	return count, true
}

// at1 takes c if it is the next byte.
func (r *jsonReader) at1(c byte) bool {
	if r.at == len(r.text) || r.text[r.at] != c {
		return false
	}
	r.at++
	return true
}

// skipCanonical passes over a value as JSON.stringify writes it. Of arrays it knows those of numbers,
// which is what a BLOB is.
func (r *jsonReader) skipCanonical() bool {
	if r.at == len(r.text) {
		return false
	}
	switch c := r.text[r.at]; c {
	case '"':
		return r.skipString()
	case 'n':
		return r.skipWord("null")
	case 't':
		return r.skipWord("true")
	case 'f':
		return r.skipWord("false")
	case '[':
		r.at++
		for first := true; !r.at1(']'); first = false {
			if !first && !r.at1(',') || !r.skipNumber() {
				return false
			}
		}
		return true
	default:
		return r.skipNumber()
	}
}

func (r *jsonReader) skipWord(word string) bool {
	if !strings.HasPrefix(r.text[r.at:], word) {
		return false
	}
	r.at += len(word)
	return true
}

// skipNumber knows whole numbers of up to 15 digits, and others that come out the same when they are
// read and written again.
func (r *jsonReader) skipNumber() bool {
	start := r.at
	r.at1('-')
	digits := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	count := r.at - digits
	if count == 0 || r.text[digits] == '0' && (count > 1 || digits > start && !r.followsPoint()) {
		return false
	}
	if !r.followsNumber() && count <= 15 {
		return true
	}
	for r.followsNumber() {
		r.at++
	}
	text := r.text[start:r.at]
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21 {
		return false
	}
	var buf [32]byte
	return string(strconv.AppendFloat(buf[:0], f, 'f', -1, 64)) == text
}

func (r *jsonReader) followsPoint() bool { return r.at < len(r.text) && r.text[r.at] == '.' }

func (r *jsonReader) followsNumber() bool {
	if r.at == len(r.text) {
		return false
	}
	switch c := r.text[r.at]; c {
	case '.', 'e', 'E', '+', '-':
		return true
	default:
		return '0' <= c && c <= '9'
	}
}

// skipString passes over a string in which nothing is escaped that need not be.
func (r *jsonReader) skipString() bool {
	for r.at++; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			r.at++
			if r.at == len(r.text) || !r.canonicalEscape() {
				return false
			}
		}
	}
	return false
}

// canonicalEscape looks at what follows a backslash, and leaves r at its last byte.
func (r *jsonReader) canonicalEscape() bool {
	switch r.text[r.at] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		if r.at+4 >= len(r.text) {
			return false
		}
		n, err := strconv.ParseUint(r.text[r.at+1:r.at+5], 16, 16)
		hex := r.text[r.at+1 : r.at+5]
		r.at += 4
		if err != nil || n >= ' ' || strings.ToLower(hex) != hex {
			return false
		}
		switch n {
		case '\b', '\f', '\n', '\r', '\t':
			return false
		}
		return true
	}
	return false
}

// columns reads up to the first row.
func (r *jsonReader) columns(depth int) ([]string, bool) {
	r.at++
	if key, err := r.key(); err != nil || key != "columns" {
		return nil, false
	}
	names, err := r.list(depth)
	if err != nil || !r.accept(',') {
		return nil, false
	}
	if key, err := r.key(); err != nil || key != "rows" || !r.accept('[') {
		return nil, false
	}
	columns := make([]string, len(names))
	for n, name := range names {
		columns[n] = name.(goja.Value).String()
	}
	return columns, true
}

func (r *jsonReader) row(columns []string) (goja.Value, error) {
	if !r.accept('[') {
		return nil, errJSON
	}
	o := r.rt.NewObject()
	for n, column := range columns {
		if n > 0 && !r.accept(',') {
			return nil, errJSON
		}
		v, err := r.value(0)
		if err != nil {
			return nil, err
		}
		setOwn(o, column, v)
	}
	if !r.accept(']') {
		return nil, errJSON
	}
	return o, nil
}

func (r *jsonReader) number() (goja.Value, error) {
	start := r.at
	whole := true
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case '0' <= c && c <= '9', c == '-' && r.at == start:
		case c == '.', c == 'e', c == 'E', c == '+', c == '-':
			whole = false
		default:
			c = 0
		}
		if c == 0 {
			break
		}
		r.at++
	}
	text := r.text[start:r.at]
	if !wellFormedNumber(text) {
		return nil, errJSON
	}
	if whole && text != "-0" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && -maxSafe <= n && n <= maxSafe {
			return r.rt.ToValue(n), nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, errJSON
	}
	return r.rt.ToValue(f), nil
}

// maxSafe is the greatest whole number that JavaScript holds exactly.
const maxSafe = 1<<53 - 1

// wellFormedNumber refuses what strconv reads and JSON does not have: 01, 1., .5, +1.
func wellFormedNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	if s == "" || s[0] < '0' || s[0] > '9' || s[len(s)-1] < '0' || s[len(s)-1] > '9' {
		return false
	}
	if s[0] == '0' && len(s) > 1 && '0' <= s[1] && s[1] <= '9' {
		return false
	}
	dot := strings.IndexByte(s, '.')
	return dot < 0 || '0' <= s[dot+1] && s[dot+1] <= '9'
}

func (r *jsonReader) string() (goja.Value, error) {
	r.at++
	start := r.at
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			s := r.text[start:r.at]
			r.at++
			return r.rt.ToValue(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return nil, errJSON
		}
		r.at++
	}
	return nil, errJSON
}

// escaped reads on in a string that has an escape, in UTF-16, since escapes can spell lone surrogates.
func (r *jsonReader) escaped(start int) (goja.Value, error) {
	var units []uint16
	r.at = start
	for r.at < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		r.at += size
		switch {
		case c == '"':
			return goja.StringFromUTF16(units), nil
		case c < ' ':
			return nil, errJSON
		case c != '\\':
			units = appendUnits(units, c)
			continue
		}
		unit, ok := r.escape()
		if !ok {
			return nil, errJSON
		}
		units = append(units, unit)
	}
	return nil, errJSON
}

func appendUnits(units []uint16, c rune) []uint16 {
	if c < 0x10000 {
		return append(units, uint16(c))
	}
	c -= 0x10000
	return append(units, uint16(0xd800+c>>10), uint16(0xdc00+c&0x3ff))
}

// escape reads what follows a backslash.
func (r *jsonReader) escape() (uint16, bool) {
	if r.at == len(r.text) {
		return 0, false
	}
	c := r.text[r.at]
	r.at++
	switch c {
	case '"', '\\', '/':
		return uint16(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		if r.at+4 > len(r.text) {
			return 0, false
		}
		n, err := strconv.ParseUint(r.text[r.at:r.at+4], 16, 16)
		r.at += 4
		return uint16(n), err == nil
	}
	return 0, false
}

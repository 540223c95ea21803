package d1

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
)

// What templates are kept for: scripts with thousands of INSERT statements that differ in nothing but
// their values. To SQLite each is a new program; with the values taken out they are one.
const (
	maxTemplates      = 100 // kept in a transaction
	maxTemplateValues = 100 // SQLite's limit for parameters
	maxTemplateBytes  = 10_000
)

// A template is an INSERT statement with a parameter for each number and text.
type template struct {
	plan *plan // of a statement that it was made from
	stmt *stmt // nil until it is needed for the second time
}

// Templates are those of one transaction, in which nobody else can change the schema.
type templates struct {
	known  map[string]*template
	text   []byte // of the one last looked for
	values []byte // packed
}

func (t *templates) clear() {
	for _, known := range t.known {
		if known.stmt != nil {
			known.stmt.finalize()
		}
	}
	t.known = nil
}

// find returns the template of sql and whether there can be one.
func (t *templates) find(sql string) (known *template, fits bool) {
	if !t.take(sql) {
		return nil, false
	}
	return t.known[string(t.text)], true
}

// learn makes a template of a statement that has run, unless there can be none. A change of the schema
// ends them all.
func (t *templates) learn(st *stmt) {
	if st.plan.ddl || len(t.known) == maxTemplates {
		t.clear()
	}
	if !t.take(st.text[:st.tail]) {
		return
	}
	if t.known == nil {
		t.known = map[string]*template{}
	}
	t.known[string(t.text)] = &template{plan: st.plan}
}

// take splits sql into a text with parameters and their values, and reports whether that can be done
// without a change of meaning: only in an INSERT of values, since elsewhere a value can decide which
// rows are looked at; only what SQLite reads like us; and only where an error ends the statement alone.
func (t *templates) take(sql string) bool {
	t.text, t.values = t.text[:0], t.values[:0]
	if len(sql) > maxTemplateBytes {
		return false
	}
	count, first, values := 0, true, false
	for at := 0; at < len(sql); {
		token, kind := nextToken(sql, at)
		switch {
		case kind == blank:
		case kind == word && isDigit(token[0]):
			number := literalNumber(sql[at:])
			if !values || !t.takeNumber(number) {
				return false
			}
			token, count = number, count+1
		case kind == word:
			begins := strings.EqualFold(token, "INSERT") || strings.EqualFold(token, "REPLACE")
			if first && !begins || isAny(token, "SELECT", "ON", "RETURNING", "ROLLBACK", "FAIL") || strings.EqualFold(token, "X") && strings.HasPrefix(sql[at+1:], "'") {
				return false
			}
			values = values || strings.EqualFold(token, "VALUES")
		case token[0] == '\'':
			text := literalText(sql[at:])
			if !values || text == "" {
				return false
			}
			t.takeText(text[1 : len(text)-1])
			token, count = text, count+1
		case strings.IndexByte("?:@#", token[0]) >= 0 || token[0] == 0, token[0] == '.' && isDigitAt(sql, at+1):
			return false
		}
		at += len(token)
		if kind != blank {
			first = false
		}
		if token[0] == '\'' || isDigit(token[0]) {
			token = "?"
		}
		t.text = append(t.text, token...)
	}
	return values && 0 < count && count <= maxTemplateValues
}

func isAny(word string, keywords ...string) bool {
	for _, k := range keywords {
		if len(k) == len(word) && strings.EqualFold(k, word) {
			return true
		}
	}
	return false
}

// takeNumber takes a number that SQLite's and Go's reading cannot differ on.
func (t *templates) takeNumber(text string) bool {
	if len(text) == 0 || len(text) > 16 {
		return false
	}
	if strings.IndexByte(text, '.') < 0 {
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		t.values = binary.NativeEndian.AppendUint64(append(t.values, packedInteger), uint64(i))
		return true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	t.values = binary.NativeEndian.AppendUint64(append(t.values, packedReal), math.Float64bits(f))
	return true
}

// takeText takes what stands between the quotes.
func (t *templates) takeText(quoted string) {
	t.values = append(t.values, packedText, 0, 0, 0, 0)
	from := len(t.values)
	for {
		i := strings.IndexByte(quoted, '\'')
		if i < 0 {
			break
		}
		t.values = append(t.values, quoted[:i+1]...)
		quoted = quoted[i+2:]
	}
	t.values = append(t.values, quoted...)
	binary.NativeEndian.PutUint32(t.values[from-4:], uint32(len(t.values)-from))
}

// literalNumber returns the digits at the start of s, with a point maybe, and "" when they are followed
// by more of a word or number.
func literalNumber(s string) string {
	n, points := 0, 0
	for n < len(s) && (isDigit(s[n]) || s[n] == '.') {
		if s[n] == '.' {
			points++
		}
		n++
	}
	if points > 1 || n < len(s) && isWordByte(s[n]) {
		return ""
	}
	return s[:n]
}

// literalText returns the text literal at the start of s with its quotes, and "" when it does not end
// or has a NUL, where SQLite would stop to read.
func literalText(s string) string {
	for n := 1; n < len(s); n++ {
		switch {
		case s[n] == 0:
			return ""
		case s[n] != '\'':
		case n+1 < len(s) && s[n+1] == '\'':
			n++
		default:
			return s[:n+1]
		}
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isDigitAt(s string, at int) bool { return at < len(s) && isDigit(s[at]) }

// runTemplate runs sql, a statement of a script, by a template. done says that it did; else the
// statement has had no effect, and has to be run as it is.
func (db *Database) runTemplate(cn *conn, sql string) (_ Result, done bool, err error) {
	known, fits := cn.templates.find(sql)
	if !fits || known == nil {
		return Result{}, false, nil
	}
	if known.stmt == nil {
		st, err := cn.compile(string(cn.templates.text), false, true)
		if err != nil {
			return Result{}, false, nil
		}
		st.plan = known.plan
		known.stmt = st
	}
	meta := Meta{SizeAfter: db.pool.size.Load(), LastRowID: cn.lastRowID()}
	r, err := db.runPacked(cn, known.stmt, cn.templates.values, nil, meta)
	if err == nil {
		return r, true, nil
	}
	known.stmt.reset()
	// The error shall speak of the statement as it was written.
	var failed *sqlError
	if errors.As(err, &failed) && failed.ofStatement() && cn.inTransaction() {
		return Result{}, false, nil
	}
	return Result{}, true, err
}

package d1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A requestStatement is a Statement as JSON has it.
type requestStatement struct {
	SQL    requestText `json:"sql"`
	Params []param     `json:"params"`
}

// A requestText is a string of JSON in which half a surrogate pair stays what it is, three bytes that
// are no UTF-8, as in D1: encoding/json would put U+FFFD there.
type requestText string

func (t *requestText) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case 'n':
		return nil
	case '"':
	default:
		return json.Unmarshal(b, new(string)) // the error that names what it is
	}
	s, err := unquote(b)
	*t = requestText(s)
	return err
}

func unquote(b []byte) (string, error) {
	var s string
	err := json.Unmarshal(b, &s)
	if err != nil || !hasSurrogate(b) {
		return s, err
	}
	out := make([]byte, 0, len(b))
	for at := 1; at < len(b)-1; {
		unit, size := surrogate(b[at:])
		if size == 0 { // everything else, up to the next one, is decoded as it is
			end := at + 1
			if b[at] == '\\' {
				end++
			}
			for end < len(b)-1 && b[end] != '\\' {
				end++
			}
			var part string
			if err := json.Unmarshal(append(append([]byte{'"'}, b[at:end]...), '"'), &part); err != nil {
				return "", err
			}
			out, at = append(out, part...), end
			continue
		}
		at += size
		if next, more := surrogate(b[at:]); more > 0 && utf16.DecodeRune(unit, next) != utf8.RuneError {
			out, at = utf8.AppendRune(out, utf16.DecodeRune(unit, next)), at+more
			continue
		}
		out = append(out, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0xbf, 0x80|byte(unit)&0xbf)
	}
	return string(out), nil
}

// surrogate reads an escape like \ud800 at the start of b; size 0 says that there is none.
func surrogate(b []byte) (unit rune, size int) {
	const length = 6
	if len(b) < length || b[0] != '\\' || b[1] != 'u' || b[2]|0x20 != 'd' || b[3] < '8' {
		return 0, 0
	}
	n, err := strconv.ParseUint(string(b[2:length]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(n), length
}

func hasSurrogate(b []byte) bool {
	return bytes.Contains(b, []byte(`\ud`)) || bytes.Contains(b, []byte(`\uD`))
}

func (r requestStatement) statement() Statement {
	st := Statement{SQL: string(r.SQL)}
	if len(r.Params) > 0 {
		st.Params = make([]any, len(r.Params))
		for i, p := range r.Params {
			st.Params[i] = p.v
		}
	}
	return st
}

// A param is a parameter as JSON has it: a number is a double whatever it looks like, an array of
// bytes is a blob.
type param struct{ v any }

func (p *param) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case 'n':
		p.v = nil
	case 't', 'f':
		p.v = b[0] == 't'
	case '"':
		s, err := unquote(b)
		if err != nil {
			return err
		}
		p.v = s
	case '[':
		return p.blob(b)
	case '{':
		return fmt.Errorf("an object cannot be bound")
	default:
		f, err := strconv.ParseFloat(unsafeString(b), 64)
		if err != nil {
			return err
		}
		p.v = f
	}
	return nil
}

// blob reads [1,2,255] without a Go value for each byte: blobs come in megabytes. A number that is no
// byte is made one as JavaScript's Uint8Array does it.
func (p *param) blob(b []byte) error {
	blob := make([]byte, 0, len(b)/3)
	n, digits := 0, 0
	for i, c := range b[1:] {
		switch {
		case '0' <= c && c <= '9':
			if n, digits = n*10+int(c-'0'), digits+1; n > 255 {
				return p.roundedBlob(b)
			}
		case c == '-' || c == '.' || (c|0x20 == 'e' && '0' <= b[i] && b[i] <= '9'):
			return p.roundedBlob(b)
		case c == ',' || c == ']':
			if digits > 0 {
				blob = append(blob, byte(n))
			}
			n, digits = 0, 0
		case isSpace(c):
		default:
			return fmt.Errorf("an array that is bound must hold bytes")
		}
	}
	p.v = blob
	return nil
}

func (p *param) roundedBlob(b []byte) error {
	var numbers []*float64
	if err := json.Unmarshal(b, &numbers); err != nil {
		return fmt.Errorf("an array that is bound must hold bytes")
	}
	blob := make([]byte, len(numbers))
	for i, f := range numbers {
		if f == nil {
			return fmt.Errorf("an array that is bound must hold bytes")
		}
		blob[i] = byte(int64(math.Mod(math.Trunc(*f), 256)))
	}
	p.v = blob
	return nil
}

// parseStatements reads one statement or an array of them.
func parseStatements(body []byte) ([]Statement, error) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		var many []requestStatement
		if err := json.Unmarshal(body, &many); err != nil {
			return nil, err
		}
		stmts := make([]Statement, len(many))
		for i, r := range many {
			stmts[i] = r.statement()
		}
		return stmts, nil
	}
	var one requestStatement
	if err := json.Unmarshal(body, &one); err != nil {
		return nil, err
	}
	return []Statement{one.statement()}, nil
}

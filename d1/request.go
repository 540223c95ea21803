package d1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// A requestStatement is a Statement as JSON has it.
type requestStatement struct {
	SQL    string  `json:"sql"`
	Params []param `json:"params"`
}

func (r requestStatement) statement() Statement {
	st := Statement{SQL: r.SQL}
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
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
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

// blob reads [1,2,255] without a Go value for each byte: blobs come in megabytes.
func (p *param) blob(b []byte) error {
	blob := make([]byte, 0, len(b)/3)
	n, digits := 0, 0
	for _, c := range b[1:] {
		switch {
		case '0' <= c && c <= '9':
			n, digits = n*10+int(c-'0'), digits+1
			if n > 255 {
				return fmt.Errorf("an array that is bound must hold bytes")
			}
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

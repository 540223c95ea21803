package webcore

import (
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

type jpState int

const (
	jpASCII jpState = iota
	jpRoman
	jpKatakana
	jpLead
	jpTrail
	jpEscapeStart
	jpEscape
)

// An iso2022jpDecoder decodes ISO-2022-JP as the Encoding Standard does, which is stricter about
// escapes than golang.org/x/text and knows JIS X 0201.
type iso2022jpDecoder struct {
	state, output jpState
	lead          byte
	escaped       bool // the last thing was an escape: another one right after it is an error
}

func (d *iso2022jpDecoder) decode(dst, b []byte, flush bool) ([]byte, bool) {
	valid := true
	bad := func() { dst, valid = append(dst, "\uFFFD"...), false }
	for n := 0; n < len(b); n++ {
		c := b[n]
		switch d.state {
		case jpEscapeStart:
			if c == '$' || c == '(' {
				d.lead, d.state = c, jpEscape
				continue
			}
			d.escaped, d.state = false, d.output
			bad()
			n-- // the byte is read again
		case jpEscape:
			if state, ok := jpEscapes[[2]byte{d.lead, c}]; ok {
				if d.escaped {
					bad()
				}
				d.state, d.output, d.escaped = state, state, true
				continue
			}
			// What seemed to be an escape is read again as text.
			d.escaped, d.state = false, d.output
			bad()
			dst, valid = d.again(dst, valid, d.lead)
			n--
		default:
			r, ok := d.text(c)
			switch {
			case !ok:
				bad()
			case r >= 0:
				dst = utf8.AppendRune(dst, r)
			}
		}
	}
	if flush && d.state != d.output { // in the middle of a character or of an escape
		bad()
		if d.state == jpEscape {
			dst, valid = d.again(dst, valid, d.lead)
		}
		*d = iso2022jpDecoder{}
	}
	return dst, valid
}

// again reads one byte as text in the state before the escape that it was taken for a part of.
func (d *iso2022jpDecoder) again(dst []byte, valid bool, c byte) ([]byte, bool) {
	d.state = d.output
	dst, ok := d.decode(dst, []byte{c}, false)
	return dst, valid && ok
}

var jpEscapes = map[[2]byte]jpState{
	{'(', 'B'}: jpASCII, {'(', 'J'}: jpRoman, {'(', 'I'}: jpKatakana, {'$', '@'}: jpLead, {'$', 'B'}: jpLead,
}

// text takes one byte of text. The rune is -1 when there is none yet; ok is false for an error.
func (d *iso2022jpDecoder) text(c byte) (r rune, ok bool) {
	trail := d.state == jpTrail
	if trail {
		d.state = jpLead
	}
	if c == 0x1B {
		d.state = jpEscapeStart
		return -1, !trail
	}
	d.escaped = false
	graphic := 0x21 <= c && c <= 0x7E
	switch {
	case trail:
		return jis0208(d.lead, c)
	case d.state == jpLead:
		if graphic {
			d.lead, d.state = c, jpTrail
		}
		return -1, graphic
	case d.state == jpKatakana:
		return 0xFF61 - 0x21 + rune(c), 0x21 <= c && c <= 0x5F
	case d.state == jpRoman && c == 0x5C:
		return '¥', true
	case d.state == jpRoman && c == 0x7E:
		return '‾', true
	}
	return rune(c), c < utf8.RuneSelf && c != 0x0E && c != 0x0F
}

// jis0208 looks a pair up by way of EUC-JP, which has the same table.
func jis0208(lead, trail byte) (rune, bool) {
	if trail < 0x21 || trail > 0x7E {
		return -1, false
	}
	var out [utf8.UTFMax]byte
	n, _, err := japanese.EUCJP.NewDecoder().Transform(out[:], []byte{lead | 0x80, trail | 0x80}, true)
	r, _ := utf8.DecodeRune(out[:n])
	return r, err == nil && r != utf8.RuneError
}

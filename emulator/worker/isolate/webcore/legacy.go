package webcore

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// encodingName is the Encoding Standard's name, in lower case, for a label.
func encodingName(label string) (string, bool) {
	trimmed := strings.Trim(label, "\t\n\f\r ")
	if trimmed != strings.TrimSpace(trimmed) {
		return "", false // other white space than ASCII's is none
	}
	if name, ok := lateLabels[strings.ToLower(trimmed)]; ok {
		return name, true
	}
	e, err := htmlindex.Get(trimmed)
	if err != nil {
		return "", false
	}
	name, err := htmlindex.Name(e)
	if err != nil || name == "replacement" {
		return "", false
	}
	return name, true
}

// lateLabels have joined the standard since htmlindex was generated.
var lateLabels = map[string]string{
	"unicode11utf8":   "utf-8",
	"unicode20utf8":   "utf-8",
	"x-unicode20utf8": "utf-8",
	"unicodefffe":     "utf-16be",
	"csunicode":       "utf-16le",
	"iso-10646-ucs-2": "utf-16le",
	"ucs-2":           "utf-16le",
	"unicode":         "utf-16le",
	"unicodefeff":     "utf-16le",
}

// newDecoder returns a decoder for the encoding that encodingName has named.
func newDecoder(name string) decoder {
	switch name {
	case "utf-8":
		return &utf8Decoder{}
	case "utf-16le":
		return &utf16Decoder{order: func(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }}
	case "utf-16be":
		return &utf16Decoder{order: func(a, b byte) uint16 { return uint16(b) | uint16(a)<<8 }}
	}
	if name == "iso-2022-jp" {
		return &iso2022jpDecoder{}
	}
	e, err := htmlindex.Get(name)
	must(err)
	if single, ok := e.(*charmap.Charmap); ok {
		return byteDecoder{single}
	}
	// Deviation: in gbk and gb18030 the nineteen two-byte codes that GB18030 defined after 2000 are not known.
	return &legacyDecoder{transformer: e.NewDecoder().Transformer}
}

// byteDecoder decodes encodings of one byte per character.
type byteDecoder struct{ charmap *charmap.Charmap }

func (d byteDecoder) decode(dst, b []byte, _ bool) ([]byte, bool) {
	valid := true
	for _, ch := range b {
		r := d.charmap.DecodeByte(ch)
		switch {
		case ch < utf8.RuneSelf:
			r = rune(ch) // IBM866's tables shuffle some control characters
		case r == utf8.RuneError && ch < 0xA0:
			r = rune(ch) // the standard's indexes have the C1 controls in every gap there
		case r == utf8.RuneError:
			valid = false
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, valid
}

type utf16Decoder struct {
	order func(a, b byte) uint16
	odd   []byte // the first half of a unit
	lead  uint16 // a lead surrogate that waits for its trail; 0: none
}

func (d *utf16Decoder) decode(dst, b []byte, flush bool) ([]byte, bool) {
	if len(d.odd) > 0 {
		b = append(d.odd, b...)
		d.odd = nil
	}
	valid := true
	bad := func() { dst, valid = append(dst, "\uFFFD"...), false }
	for ; len(b) >= 2; b = b[2:] {
		u := d.order(b[0], b[1])
		if d.lead != 0 {
			lead := d.lead
			d.lead = 0
			if r := utf16.DecodeRune(rune(lead), rune(u)); r != utf8.RuneError {
				dst = utf8.AppendRune(dst, r)
				continue
			}
			bad()
		}
		switch {
		case 0xD800 <= u && u < 0xDC00:
			d.lead = u
		case 0xDC00 <= u && u < 0xE000:
			bad()
		default:
			dst = utf8.AppendRune(dst, rune(u))
		}
	}
	if !flush {
		d.odd = append([]byte(nil), b...)
		return dst, valid
	}
	if d.lead != 0 || len(b) > 0 {
		d.lead = 0
		bad()
	}
	return dst, valid
}

// legacyDecoder decodes by a transformer of golang.org/x/text, which puts U+FFFD in the place of
// what is not valid. None of these encodings has a U+FFFD of its own that anybody would write.
type legacyDecoder struct {
	transformer transform.Transformer
	held        []byte
}

func (d *legacyDecoder) decode(dst, b []byte, flush bool) ([]byte, bool) {
	if len(d.held) > 0 {
		b = append(d.held, b...)
		d.held = nil
	}
	valid := true
	var buf [4096]byte
	for {
		n, read, err := d.transformer.Transform(buf[:], b, flush)
		dst = append(dst, buf[:n]...)
		valid = valid && !strings.Contains(string(buf[:n]), "\uFFFD")
		b = b[read:]
		switch {
		case err == nil:
			return dst, valid
		case errors.Is(err, transform.ErrShortDst):
		case errors.Is(err, transform.ErrShortSrc) && !flush:
			d.held = append([]byte(nil), b...)
			return dst, valid
		default:
			return append(dst, "\uFFFD"...), false
		}
	}
}

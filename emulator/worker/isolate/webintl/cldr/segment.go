package cldr

import (
	"unicode"

	"github.com/rivo/uniseg"
)

// A Segment is a piece of a text, in bytes.
type Segment struct {
	Start, End int
	Word       bool // has letters or digits; of words only
}

// Segments splits text by grapheme, word or sentence, by Unicode's UAX 29.
// Deviation: Intl.Segmenter splits by Unicode 15.0 and looks up no words of Thai, Chinese or Japanese in dictionaries.
func Segments(text, granularity string) []Segment {
	var out []Segment
	state, at := -1, 0
	for rest := text; rest != ""; {
		var piece string
		switch granularity {
		case "word":
			piece, rest, state = uniseg.FirstWordInString(rest, state)
		case "sentence":
			piece, rest, state = uniseg.FirstSentenceInString(rest, state)
		default:
			piece, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		}
		s := Segment{Start: at, End: at + len(piece)}
		if granularity == "word" {
			for _, c := range piece {
				s.Word = s.Word || unicode.IsLetter(c) || unicode.IsDigit(c)
			}
		}
		out = append(out, s)
		at = s.End
	}
	return out
}

package ai

import "unicode"

// messageTokens is what the role markers around one chat message are taken to cost.
const messageTokens = 4

// The longest run that makes one piece.
const (
	maxLetters = 6
	maxDigits  = 3
)

// pieces cuts a text into what counts as tokens here; joined they are the text again. A piece is up
// to six letters, up to three digits, one letter of a script without spaces, or one other
// character, each with the white space before it. English comes to some 1.3 pieces a word, as with
// real tokenizers.
func pieces(text string) []string {
	var out []string
	runes := []rune(text)
	for i := 0; i < len(runes); {
		start := i
		for i < len(runes) && unicode.IsSpace(runes[i]) {
			i++
		}
		switch {
		case i == len(runes):
		case unicode.IsDigit(runes[i]):
			i = runEnd(runes, i, maxDigits, unicode.IsDigit)
		case spaced(runes[i]):
			i = runEnd(runes, i, maxLetters, spaced)
		default:
			i++
		}
		out = append(out, string(runes[start:i]))
	}
	return out
}

func runEnd(runes []rune, i, limit int, in func(rune) bool) int {
	end := i
	for end < len(runes) && end-i < limit && in(runes[end]) {
		end++
	}
	return end
}

// spaced reports whether r is a letter of a script that writes spaces between words.
func spaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer)
}

func countTokens(text string) int { return len(pieces(text)) }

package cldr

import "strings"

// The fields of a date, in the order in which patterns are searched and appended.
const (
	fieldEra = iota
	fieldYear
	fieldQuarter
	fieldMonth
	fieldWeekday
	fieldDay
	fieldPeriod
	fieldHour
	fieldMinute
	fieldSecond
	fieldFraction
	fieldZone
	fieldCount
)

const (
	dateFields = 1<<fieldEra | 1<<fieldYear | 1<<fieldQuarter | 1<<fieldMonth | 1<<fieldWeekday | 1<<fieldDay
	timeFields = 1<<fieldPeriod | 1<<fieldHour | 1<<fieldMinute | 1<<fieldSecond | 1<<fieldFraction | 1<<fieldZone
)

// appendNames are what CLDR calls the fields in its append items and field names.
var appendNames = [fieldCount]struct{ item, field string }{
	{"Era", "era"}, {"Year", "year"}, {"Quarter", "quarter"}, {"Month", "month"}, {"Day-Of-Week", "weekday"}, {"Day", "day"},
	{"", "dayperiod"}, {"Hour", "hour"}, {"Minute", "minute"}, {"Second", "second"}, {"", "F14"}, {"Timezone", "zone"},
}

func fieldOf(letter byte) int {
	switch letter {
	case 'G':
		return fieldEra
	case 'y':
		return fieldYear
	case 'Q':
		return fieldQuarter
	case 'M', 'L':
		return fieldMonth
	case 'E', 'c', 'e':
		return fieldWeekday
	case 'd':
		return fieldDay
	case 'a', 'b', 'B':
		return fieldPeriod
	case 'h', 'H', 'k', 'K':
		return fieldHour
	case 'm':
		return fieldMinute
	case 's':
		return fieldSecond
	case 'S':
		return fieldFraction
	case 'z', 'O', 'v':
		return fieldZone
	}
	return -1
}

// kind orders the forms of a field, so that the difference of two is their distance: numbers are
// positive, names negative. The numbers are those of Unicode's UTS 35 matching as ICU does it.
func kind(letter byte, n int) int {
	const narrow, short, long, numeric, delta = -0x101, -0x103, -0x104, 0x100, 0x10
	name := func() int {
		switch {
		case n == 4:
			return long
		case n == 5:
			return narrow
		}
		return short
	}
	switch letter {
	case 'G', 'E':
		return name()
	case 'M':
		if n > 2 {
			return name()
		}
	case 'L':
		if n > 2 {
			return name() - delta
		}
		return numeric + delta + n
	case 'c':
		if n > 2 {
			return name() - 2*delta
		}
		return numeric + 2*delta + n
	case 'a':
		return name()
	case 'b':
		return name() - delta
	case 'B':
		return name() - 3*delta
	case 'H':
		return numeric + 10*delta + n
	case 'k':
		return numeric + 11*delta + n
	case 'K':
		return numeric + delta + n
	case 'z':
		return name()
	case 'v':
		return name() - 2*delta
	case 'O':
		return name() - delta
	}
	return numeric + n
}

// A skeleton is which fields are wanted and in what form.
type skeleton struct {
	letter [fieldCount]byte
	length [fieldCount]int
	kind   [fieldCount]int
	fields int // a bit for each
}

// skeletonOf reads the letters of a skeleton, or of a pattern. A pattern's period of the day goes
// without saying in a skeleton.
func skeletonOf(text string) skeleton {
	var s skeleton
	for _, run := range runsOf(text) {
		f := fieldOf(run.letter)
		if f < 0 || run.letter == 'a' {
			continue
		}
		s.letter[f], s.length[f] = run.letter, len(run.text)
		s.kind[f] = kind(run.letter, len(run.text))
		s.fields |= 1 << f
	}
	// Fractions are those of a second, though it may not have been asked for.
	if s.has(fieldMinute) && s.has(fieldFraction) && !s.has(fieldSecond) {
		s.letter[fieldSecond], s.length[fieldSecond], s.kind[fieldSecond] = 's', 1, kind('s', 1)
		s.fields |= 1 << fieldSecond
	}
	return s
}

// has reports whether the field is there.
func (s *skeleton) has(field int) bool { return s.fields&(1<<field) != 0 }

// distance is how far have is from what is wanted of fields, with the fields that it lacks and whether
// it has more than those.
func (s *skeleton) distance(have *skeleton, fields int) (distance, missing int, extra bool) {
	const extraField, missingField = 0x10000, 0x1000
	for f := range fieldCount {
		want := 0
		if fields&(1<<f) != 0 {
			want = s.kind[f]
		}
		got := have.kind[f]
		switch {
		case want == got:
		case want == 0:
			distance += extraField
			extra = true
		case got == 0:
			distance += missingField
			missing |= 1 << f
		default:
			distance += max(want-got, got-want)
		}
	}
	return distance, missing, extra
}

// A run is the same pattern letter repeated, or literal text (letter 0).
type run struct {
	letter byte
	text   string
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// runsOf splits a pattern; quotes are taken off.
func runsOf(pattern string) []run {
	var out []run
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			out = append(out, run{0, literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			switch {
			case end == 0:
				literal.WriteByte('\'')
			case end < 0:
				end = len(pattern) - i - 1
				fallthrough
			default:
				literal.WriteString(pattern[i+1 : i+1+end])
			}
			i += end + 2
		case isLetter(c):
			flush()
			j := i
			for j < len(pattern) && pattern[j] == c {
				j++
			}
			out = append(out, run{c, pattern[i:j]})
			i = j
		default:
			literal.WriteByte(c)
			i++
		}
	}
	flush()
	return out
}

// pattern is the opposite of runsOf.
func pattern(runs []run) string {
	var b strings.Builder
	for _, r := range runs {
		switch {
		case r.letter != 0 || !strings.ContainsFunc(r.text, func(c rune) bool { return c < 0x80 && (isLetter(byte(c)) || c == '\'') }):
			b.WriteString(r.text)
		default:
			b.WriteString("'" + strings.ReplaceAll(r.text, "'", "''") + "'")
		}
	}
	return b.String()
}

package cldr

import (
	"sort"
	"strings"
	"time"
)

// The differences between two moments, from the greatest, by the letter of CLDR's interval patterns.
const differences = "GyMdahms"

// greatest is the greatest field in which two moments differ; 0 when in none that is ever shown but
// for 'S', a fraction of a second.
func greatest(a, b time.Time) byte {
	era := func(t time.Time) bool { return t.Year() < 1 }
	switch {
	case era(a) != era(b):
		return 'G'
	case a.Year() != b.Year():
		return 'y'
	case a.Month() != b.Month():
		return 'M'
	case a.Day() != b.Day():
		return 'd'
	case a.Hour()/12 != b.Hour()/12:
		return 'a'
	case a.Hour() != b.Hour():
		return 'h'
	case a.Minute() != b.Minute():
		return 'm'
	case a.Second() != b.Second():
		return 's'
	case a.Nanosecond() != b.Nanosecond():
		return 'S'
	}
	return 0
}

// FormatRange returns the text for a range of moments.
func (f *DateFormat) FormatRange(from, until int64) string {
	parts := f.Range(from, until)
	for _, p := range parts {
		if p.Source != "shared" {
			return Join(parts)
		}
	}
	return f.Format(from) // what is no range has a plain space again
}

// Range returns the text for a range of moments in pieces, as ICU's DateIntervalFormat does.
func (f *DateFormat) Range(from, until int64) []Part {
	a, b := f.at(from), f.at(until)
	d := greatest(a, b)
	if d == 0 {
		return f.single(a)
	}
	s := skeletonOf(f.pattern)
	date, clock := s.text(dateFields), s.text(timeFields)
	sameDay := strings.IndexByte(differences, d) > 3 || d == 'S'
	switch {
	case sameDay && clock == "":
		return f.single(a)
	case sameDay && date == "":
		return f.clockRange(clock, d, a, b)
	case sameDay:
		return f.dayRange(date, clock, d, a, b)
	case clock == "":
		return f.dateRange(date, d, a, b)
	case date == "":
		return f.fallback(f.with("yMd"+clock).runs, a, b)
	}
	return f.daysRange(date, clock, d, a, b)
}

// daysRange is a range of times on different days: both whole, with the fields up to the greatest
// difference when that does not show and CLDR knows ranges of such times.
func (f *DateFormat) daysRange(date, clock string, d byte, a, b time.Time) []Part {
	s := skeletonOf(date + clock)
	_, known := f.intervalPattern(clock, 'h')
	switch {
	case known && !s.has(fieldOf(d)):
		for _, c := range []byte("dMy") {
			if strings.IndexByte(differences, d) <= strings.IndexByte(differences, c) && !s.has(fieldOf(c)) {
				date = string(c) + date
			}
		}
	case !known && !s.has(fieldHour) && !s.has(fieldMinute) && !s.has(fieldSecond) &&
		strings.IndexByte(differences, d) > strings.IndexByte(differences, leastDate(&s)):
		return f.single(a)
	}
	return f.fallback(f.with(date+clock).runs, a, b)
}

// leastDate is the least field of a date that shows.
func leastDate(s *skeleton) byte {
	switch {
	case s.has(fieldDay) || s.has(fieldWeekday):
		return 'd'
	case s.has(fieldMonth):
		return 'M'
	case s.has(fieldYear):
		return 'y'
	}
	return 'G'
}

// with is the format for another skeleton.
func (f *DateFormat) with(skeleton string) *DateFormat {
	g := *f
	s := skeletonOf(f.pattern)
	g.pattern = generatorOf(f.locale).best(plainClock(strings.NewReplacer("k", "H", "K", "h").Replace(skeleton)))
	if s.letter[fieldHour] != 0 {
		g.pattern = cycle(g.pattern, map[byte]string{'K': "h11", 'h': "h12", 'H': "h23", 'k': "h24"}[s.letter[fieldHour]])
	}
	g.runs = runsOf(g.pattern)
	return &g
}

// plainClock takes one of two letters: ranges give times the lengths of CLDR's patterns.
func plainClock(skeleton string) string {
	return strings.NewReplacer("HH", "H", "hh", "h", "mm", "m", "ss", "s").Replace(skeleton)
}

// plainDate is a skeleton's date without its numbers' lengths.
func plainDate(skeleton string) string {
	s := skeletonOf(skeleton)
	for _, f := range []int{fieldMonth, fieldDay} {
		if s.length[f] == 2 {
			s.length[f] = 1
		}
	}
	return s.text(dateFields)
}

func (s *skeleton) text(fields int) string {
	var b strings.Builder
	for f := range fieldCount {
		if fields&(1<<f) != 0 && s.has(f) {
			letter := string(s.letter[f])
			switch letter {
			case "L":
				letter = "M"
			case "c":
				letter = "E"
			}
			b.WriteString(strings.Repeat(letter, s.length[f]))
		}
	}
	return b.String()
}

func sourced(parts []Part, source string) []Part {
	for i := range parts {
		parts[i].Source = source
	}
	return parts
}

func (f *DateFormat) single(t time.Time) []Part { return sourced(f.parts(f.runs, t), "shared") }

// fallback is both moments whole.
func (f *DateFormat) fallback(runs []run, a, b time.Time) []Part {
	before, rest, _ := strings.Cut(f.data.Fallback, "{0}")
	between, after, _ := strings.Cut(rest, "{1}")
	g := *f
	g.runs = runs
	var out []Part
	literal := func(text string) {
		if text != "" {
			out = append(out, Part{Type: "literal", Value: text, Source: "shared"})
		}
	}
	literal(before)
	out = append(out, sourced(g.parts(runs, a), "startRange")...)
	literal(between)
	out = append(out, sourced(g.parts(runs, b), "endRange")...)
	literal(after)
	return out
}

// dateRange is a range of days.
func (f *DateFormat) dateRange(skeleton string, d byte, a, b time.Time) []Part {
	s := skeletonOf(skeleton)
	least := leastDate(&s)
	if strings.IndexByte(differences, d) > strings.IndexByte(differences, least) {
		return f.single(a)
	}
	if p, ok := f.intervalPattern(skeleton, d); ok {
		return f.interval(p, a, b)
	}
	// A greater field than those shown comes to them, when CLDR has a pattern with it. Names that stand
	// alone stay so.
	if !strings.ContainsAny(f.pattern, "Lc") {
		for i := strings.IndexByte("dMy", least) + 1; i > 0 && i < 3; i++ {
			if c := "dMy"[i]; !s.has(fieldOf(c)) {
				skeleton = string(c) + skeleton
			}
			if "dMy"[i] != d {
				continue
			}
			if p, ok := f.intervalPattern(skeleton, d); ok {
				return f.interval(p, a, b)
			}
		}
	}
	return f.fallback(f.runs, a, b)
}

// clockRange is a range of times of one day.
func (f *DateFormat) clockRange(skeleton string, d byte, a, b time.Time) []Part {
	s := skeletonOf(skeleton)
	if !f.shows(&s, d) {
		return f.single(a)
	}
	if p, ok := f.intervalPattern(skeleton, d); ok {
		return f.interval(p, a, b)
	}
	return f.fallback(f.runs, a, b)
}

// shows reports whether a skeleton of a time has the field d or a lesser one.
func (f *DateFormat) shows(s *skeleton, d byte) bool {
	switch d {
	case 'a', 'h':
		return s.has(fieldHour) || s.has(fieldMinute) || s.has(fieldSecond) || s.has(fieldFraction) || s.has(fieldPeriod)
	case 'm':
		return s.has(fieldMinute) || s.has(fieldSecond) || s.has(fieldFraction)
	case 's':
		return s.has(fieldSecond) || s.has(fieldFraction)
	}
	return s.has(fieldFraction)
}

// dayRange is a range of times with the date of their day.
func (f *DateFormat) dayRange(date, clock string, d byte, a, b time.Time) []Part {
	s := skeletonOf(clock)
	if !f.shows(&s, d) {
		return f.single(a)
	}
	var clocks []Part
	if p, ok := f.intervalPattern(clock, d); ok {
		clocks = f.interval(p, a, b)
	} else {
		clocks = f.fallback(f.with(clock).runs, a, b)
	}
	day := f.with(plainDate(date))
	_, rest, _ := strings.Cut(f.data.Glue[2], "{1}")
	between, _, _ := strings.Cut(rest, "{0}")
	out := sourced(day.parts(day.runs, a), "shared")
	out = append(out, Part{Type: "literal", Value: between, Source: "shared"})
	return append(out, clocks...)
}

// intervalPattern is CLDR's pattern for a skeleton and the greatest difference.
func (f *DateFormat) intervalPattern(text string, d byte) (string, bool) {
	hours := ""
	want := skeletonOf(text)
	if c := want.letter[fieldHour]; c != 0 {
		hours = string(c)
		text = strings.NewReplacer("k", "H", "K", "h").Replace(text)
	}
	text = strings.Map(func(c rune) rune {
		if c == 'z' || c == 'O' {
			return 'v'
		}
		return c
	}, text)
	plain := skeletonOf(text)
	names := make([]string, 0, len(f.data.Intervals))
	for name := range f.data.Intervals {
		names = append(names, name)
	}
	sort.Strings(names)
	best, least := "", 0x1000
	var have skeleton
	for _, name := range names {
		s := skeletonOf(name)
		if s.fields != plain.fields {
			continue
		}
		distance := 0
		for c := range fieldCount {
			switch {
			case (s.kind[c] > 0) != (plain.kind[c] > 0), s.letter[c] != plain.letter[c]:
				distance += 0x100
			default:
				distance += max(s.length[c]-plain.length[c], plain.length[c]-s.length[c])
			}
		}
		if c := fieldHour; s.letter[c] != plain.letter[c] {
			continue
		}
		if distance < least {
			best, least, have = name, distance, s
		}
	}
	patterns := f.data.Intervals[best]
	if plain.letter[fieldHour] == 'H' && (d == 'a' || d == 'h') {
		d = 'H'
	}
	p, ok := patterns[string(d)]
	if !ok || best == "" {
		return "", false
	}
	return widened(p, &want, &have, hours), true
}

// widened gives the fields of an interval pattern the lengths that are wanted.
func widened(p string, want, have *skeleton, hours string) string {
	runs := runsOf(p)
	for i, r := range runs {
		c := fieldOf(r.letter)
		if c < 0 {
			continue
		}
		switch {
		case c == fieldHour && hours != "":
			runs[i].text = strings.Repeat(hours, len(r.text))
		case c == fieldZone:
			runs[i].text = strings.Repeat(string(want.letter[c]), want.length[c])
		case c == fieldMinute || c == fieldPeriod && r.letter == 'a':
		case (want.length[c] > 2 || c == fieldYear) && want.length[c] != have.length[c] && len(r.text) < want.length[c] && (have.kind[c] > 0) == (want.kind[c] > 0):
			runs[i].text = strings.Repeat(string(r.letter), want.length[c])
		}
	}
	return pattern(runs)
}

// interval plays a pattern whose fields belong to the first moment until one of them comes again.
func (f *DateFormat) interval(p string, a, b time.Time) []Part {
	runs := runsOf(p)
	seen := map[int]bool{}
	split := len(runs)
	for i, r := range runs {
		c := fieldOf(r.letter)
		if c < 0 {
			continue
		}
		if seen[c] {
			split = i
			break
		}
		seen[c] = true
	}
	first, second := runs[:split], runs[split:]
	var out []Part
	out = append(out, f.half(first, second, a, "startRange")...)
	return append(out, f.half(second, first, b, "endRange")...)
}

// half formats one moment's part of an interval. From the first to the last field that the other half
// has too, it belongs to that moment alone.
func (f *DateFormat) half(runs, other []run, t time.Time, source string) []Part {
	both := func(r run) bool {
		for _, o := range other {
			if r.letter != 0 && fieldOf(o.letter) == fieldOf(r.letter) {
				return true
			}
		}
		return false
	}
	first, last := -1, -1
	for i, r := range runs {
		if both(r) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	parts := f.parts(runs, t)
	for i := range parts {
		parts[i].Source = "shared"
		if first >= 0 && first <= i && i <= last {
			parts[i].Source = source
		}
	}
	return parts
}

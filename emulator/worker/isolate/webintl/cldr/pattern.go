package cldr

import (
	"math/bits"
	"sort"
	"strings"
)

// A generator makes a locale's patterns for skeletons, as UTS 35 says in "Matching Skeletons" and
// ICU's DateTimePatternGenerator does.
type generator struct {
	data    *dateData
	entries []entry
}

type entry struct {
	skeleton skeleton
	pattern  string
	given    bool // CLDR names the skeleton; else it is read from the pattern
}

var generatorOf = kept(newGenerator)

func newGenerator(locale string) *generator {
	g := &generator{data: datesOf(locale)}
	seen := map[string]bool{}
	add := func(skeleton, pattern string, given bool) {
		if s := skeletonOf(skeleton); !seen[s.key()] {
			seen[s.key()] = true
			g.entries = append(g.entries, entry{s, pattern, given})
		}
	}
	names := make([]string, 0, len(g.data.Available))
	for name := range g.data.Available {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		add(name, g.data.Available[name], true)
	}
	for _, list := range [][]string{g.data.Date, g.data.Time} {
		for _, p := range list {
			add(p, p, false)
		}
	}
	for _, letter := range []string{"G", "y", "Q", "M", "E", "d", "H", "m", "s", "S", "v"} {
		add(letter, letter, false)
	}
	var period skeleton
	period.letter[fieldPeriod], period.length[fieldPeriod], period.kind[fieldPeriod], period.fields = 'a', 1, kind('a', 1), 1<<fieldPeriod
	g.entries = append(g.entries, entry{skeleton: period, pattern: "a"})
	sort.SliceStable(g.entries, func(i, j int) bool { return g.entries[i].skeleton.key() < g.entries[j].skeleton.key() })
	return g
}

func (s *skeleton) key() string {
	var b strings.Builder
	for f := range fieldCount {
		if s.has(f) {
			b.WriteString(strings.Repeat(string(s.letter[f]), s.length[f]))
		}
	}
	return b.String()
}

// best is the pattern for a skeleton, such as yMMMd. Hours are as long as the skeleton's.
func (g *generator) best(skeleton string) string {
	want := skeletonOf(skeleton)
	e, missing, extra := g.nearest(&want, -1)
	if missing == 0 && !extra {
		return g.adjust(e, &want, false)
	}
	date := g.appended(&want, want.fields&dateFields)
	clock := g.appended(&want, want.fields&timeFields)
	switch {
	case date == "":
		return clock
	case clock == "":
		return date
	}
	glue := strings.ReplaceAll(g.data.GlueAt[glueStyle(&want)], "{1}", date)
	return strings.ReplaceAll(glue, "{0}", clock)
}

// glueStyle is which of full, long, medium and short joins date and time.
func glueStyle(want *skeleton) int {
	switch want.length[fieldMonth] {
	case 4:
		if want.has(fieldWeekday) {
			return 0
		}
		return 1
	case 3:
		return 2
	}
	return 3
}

func (g *generator) nearest(want *skeleton, fields int) (best *entry, missing int, extra bool) {
	least := int(^uint(0) >> 1)
	for i := range g.entries {
		e := &g.entries[i]
		if fields&(1<<fieldHour) != 0 && want.has(fieldHour) && e.skeleton.has(fieldHour) &&
			want.letter[fieldHour] != e.skeleton.letter[fieldHour] {
			continue // the other clock
		}
		d, m, x := want.distance(&e.skeleton, fields)
		if d < least || d == least && m > missing {
			least, best, missing, extra = d, e, m, x
		}
	}
	return best, missing, extra
}

// appended is the pattern for some fields of what is wanted: the nearest, and what it lacks after it.
func (g *generator) appended(want *skeleton, fields int) string {
	if fields == 0 {
		return ""
	}
	e, missing, _ := g.nearest(want, fields)
	result := g.adjust(e, want, false)
	last := 0
	for missing != 0 && missing != last {
		if missing&(1<<fieldSecond|1<<fieldFraction) == 1<<fieldFraction && fields&(1<<fieldSecond) != 0 {
			result = g.adjust(&entry{e.skeleton, result, e.given}, want, true)
			missing &^= 1 << fieldFraction
			continue
		}
		start := missing
		last = missing
		next, left, _ := g.nearest(want, missing)
		found := start &^ left
		missing = left
		if found == 0 {
			break
		}
		top := bits.Len(uint(found)) - 1
		form := g.data.Append[appendNames[top].item]
		if form == "" {
			form = "{0} ├{2}: {1}┤"
		}
		name := "'" + or(g.data.Fields[appendNames[top].field], appendNames[top].field) + "'" // ICU has no name for fractions either
		result = strings.NewReplacer("{0}", result, "{1}", g.adjust(next, want, false), "{2}", name).Replace(form)
	}
	return result
}

// adjust gives a pattern's fields the lengths and letters that are wanted.
func (g *generator) adjust(e *entry, want *skeleton, fraction bool) string {
	runs := runsOf(e.pattern)
	for i, r := range runs {
		f := fieldOf(r.letter)
		if f < 0 {
			continue
		}
		if fraction && f == fieldSecond {
			runs[i].text = r.text + "." + strings.Repeat("S", want.length[fieldFraction])
			continue
		}
		if !want.has(f) {
			continue
		}
		letter, length := want.letter[f], want.length[f]
		switch {
		case f == fieldMinute || f == fieldSecond:
			length = len(r.text)
		case e.given:
			numeric := e.skeleton.kind[f] > 0
			if e.skeleton.length[f] == length || (kind(r.letter, len(r.text)) > 0) != numeric {
				length = len(r.text)
			}
		}
		if f == fieldMonth || f == fieldWeekday || f == fieldYear {
			letter = r.letter
		}
		runs[i] = run{letter, strings.Repeat(string(letter), length)}
	}
	var b strings.Builder
	for _, r := range runs {
		if r.letter != 0 && strings.Contains(r.text, ".") {
			b.WriteString(r.text)
			continue
		}
		b.WriteString(pattern([]run{r}))
	}
	return b.String()
}

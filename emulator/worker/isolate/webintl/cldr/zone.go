package cldr

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // machines without zone files have all zones too
)

// A Zone is a time zone with its canonical name.
type Zone struct {
	Name     string
	location *time.Location
}

var zoneIndex = sync.OnceValue(func() map[string]string {
	index := make(map[string]string, 700)
	for name, z := range zones() {
		index[strings.ToLower(name)] = name
		for _, alias := range z.Aliases {
			index[strings.ToLower(alias)] = name
		}
	}
	return index
})

// LoadZone finds an IANA zone by any of its names, in any case, or an offset such as +05:30.
func LoadZone(name string) (*Zone, bool) {
	if z, ok := offsetZone(name); ok {
		return z, true
	}
	canonical, ok := zoneIndex()[strings.ToLower(name)]
	if !ok {
		return nil, false
	}
	if canonical == "UTC" {
		return &Zone{canonical, time.UTC}, true
	}
	location, err := time.LoadLocation(canonical)
	if err != nil {
		return nil, false
	}
	return &Zone{canonical, location}, true
}

// offsetZone reads ±HH, ±HHMM and ±HH:MM.
func offsetZone(name string) (*Zone, bool) {
	if len(name) < 3 || name[0] != '+' && name[0] != '-' {
		return nil, false
	}
	digits := name[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || len(digits) != 4 || n/100 > 23 || n%100 > 59 {
		return nil, false
	}
	minutes := int(n/100*60 + n%100)
	sign := name[:1]
	if minutes == 0 {
		sign = "+"
	}
	canonical := sign + digits[:2] + ":" + digits[2:]
	if sign == "-" {
		minutes = -minutes
	}
	return &Zone{canonical, time.FixedZone(canonical, minutes*60)}, true
}

// name is the zone's name at t in the form that a pattern's letters ask for.
func (z *Zone) name(locale string, letter byte, width int, t time.Time) string {
	switch {
	case letter == 'O' && width == 4:
		return offsetName(t, true)
	case letter == 'O':
		return offsetName(t, false)
	case letter == 'v':
		return z.generic(locale, t, width == 4)
	}
	long := width == 4
	if z.Name == "UTC" {
		if long {
			return "Coordinated Universal Time"
		}
		return "UTC"
	}
	if name := z.specific(locale, long, t); name != "" {
		return name
	}
	return offsetName(t, long)
}

// generic names come from the table of English; the regions' own differ in few places.
func (z *Zone) generic(locale string, t time.Time, long bool) string {
	at := float64(t.Unix())
	for _, run := range generics()[z.Name] {
		if run.until == nil || at < *run.until {
			if long {
				return run.long
			}
			return z.short(locale, run, t)
		}
	}
	return offsetName(t, long)
}

// short is the abbreviation that a region has of its own, else the zone's place, which is its name
// before metazones begin.
func (z *Zone) short(locale string, run genericRun, t time.Time) string {
	if locale == "en" || locale == "en-US" || strings.HasPrefix(run.short, "GMT") {
		return run.short
	}
	form := 2
	if strings.Contains(run.long, "Standard") {
		form = 0 // no summer near
	}
	if list := (*zoneNamesOf(locale))[z.metazone(t)].Short; len(list) > 0 && list[form] != "" && list[form] != none {
		return list[form]
	}
	return generics()[z.Name][0].short
}

// none is how CLDR says that a region does without a name that its parent has.
const none = "∅∅∅"

// metazone is which zones' names t has, empty before 1970.
func (z *Zone) metazone(t time.Time) string {
	at := float64(t.Unix())
	if at < 0 || at > lastNamed {
		return ""
	}
	for _, run := range zones()[z.Name].Metazones {
		if (run.from == nil || *run.from <= at) && (run.until == nil || at < *run.until) {
			return run.name
		}
	}
	return ""
}

// lastNamed is when ICU's names of zones end, with the year 9999. They begin with 1970.
const lastNamed = 253402300740

func (z *Zone) specific(locale string, long bool, t time.Time) string {
	names := *zoneNamesOf(locale)
	index := 0
	if daylight(t) {
		index = 1
	}
	find := func(key string) string {
		n := names[key]
		list := n.Short
		if long {
			list = n.Long
		}
		if len(list) == 0 || list[index] == none {
			return ""
		}
		return list[index]
	}
	if name := find(z.Name); name != "" {
		return name
	}
	return find(z.metazone(t))
}

// daylight reports whether clocks are ahead of standard time. Where the zone files describe winter
// as the exception, as Ireland's do, the later clock is still the one of summer.
func daylight(t time.Time) bool {
	dst := t.IsDST()
	_, offset := t.Zone()
	start, end := t.ZoneBounds()
	for _, other := range []time.Time{end, start.Add(-time.Second)} {
		if other.IsZero() || start.IsZero() && !other.Equal(end) || other.IsDST() == dst {
			continue
		}
		_, o := other.Zone()
		switch {
		case dst && offset < o:
			return false
		case !dst && offset > o:
			return true
		}
		break
	}
	return dst
}

// offsetName is the distance from GMT: GMT+5:30, or GMT+05:30 when long.
func offsetName(t time.Time, long bool) string {
	_, offset := t.Zone()
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	hours, minutes, seconds := offset/3600, offset/60%60, offset%60
	var b strings.Builder
	b.WriteString("GMT" + sign)
	if long {
		fmt.Fprintf(&b, "%02d:%02d", hours, minutes)
	} else {
		fmt.Fprintf(&b, "%d", hours)
		if minutes != 0 || seconds != 0 {
			fmt.Fprintf(&b, ":%02d", minutes)
		}
	}
	if seconds != 0 {
		fmt.Fprintf(&b, ":%02d", seconds)
	}
	return b.String()
}

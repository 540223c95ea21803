package cldr

import (
	"strconv"
	"strings"
	"time"
)

// DateOptions say what a date format shows. The words are those of Intl.DateTimeFormat; empty means
// not shown.
type DateOptions struct {
	Weekday, Era, Year, Month, Day  string
	DayPeriod, Hour, Minute, Second string
	FractionalSecondDigits          int
	ZoneName                        string
	HourCycle                       string // h11, h12, h23, h24; empty: the locale's
	DateStyle, TimeStyle            string
}

// A DateFormat formats moments. It is immutable.
type DateFormat struct {
	locale  string
	data    *dateData
	zone    *Zone
	pattern string
	runs    []run
	plain   []run // for Format, where V8 writes a plain space for ICU's narrow one
}

// DefaultHourCycle is h12 or h23, whichever the locale's clocks show.
func DefaultHourCycle(locale string) string {
	if strings.Contains(datesOf(locale).Time[3], "H") {
		return "h23"
	}
	return "h12"
}

// NewDateFormat makes the format of a locale that Resolve has named.
func NewDateFormat(locale string, zone *Zone, o DateOptions) *DateFormat {
	f := &DateFormat{locale: locale, data: datesOf(locale), zone: zone}
	if o.DateStyle != "" || o.TimeStyle != "" {
		f.pattern = f.stylePattern(o)
	} else {
		f.pattern = generatorOf(locale).best(o.skeleton(locale))
	}
	f.pattern = cycle(f.pattern, o.HourCycle)
	f.runs = runsOf(f.pattern)
	f.plain = runsOf(strings.ReplaceAll(f.pattern, "\u202f", " "))
	return f
}

// styles are dateStyle and timeStyle in the order of CLDR's tables.
var styles = map[string]int{"full": 0, "long": 1, "medium": 2, "short": 3}

func (f *DateFormat) stylePattern(o DateOptions) string {
	clock := ""
	if o.TimeStyle != "" {
		clock = f.data.Time[styles[o.TimeStyle]]
		if own := DefaultHourCycle(f.locale); o.HourCycle != "" && is24(own) != is24(o.HourCycle) {
			clock = generatorOf(f.locale).best(f.swapped(clock, o.HourCycle))
		}
	}
	if o.DateStyle == "" {
		return clock
	}
	date := f.data.Date[styles[o.DateStyle]]
	if clock == "" {
		return date
	}
	return strings.NewReplacer("{1}", date, "{0}", clock).Replace(f.data.GlueAt[styles[o.DateStyle]])
}

// swapped is the skeleton of a time pattern with the other clock's hours.
func (f *DateFormat) swapped(pattern, hourCycle string) string {
	var b strings.Builder
	for _, r := range runsOf(pattern) {
		switch fieldOf(r.letter) {
		case fieldHour:
			b.WriteString(strings.Repeat(hourLetter(hourCycle), len(r.text)))
		case fieldMinute, fieldSecond, fieldZone:
			b.WriteString(r.text)
		}
	}
	return b.String()
}

func is24(hourCycle string) bool { return hourCycle == "h23" || hourCycle == "h24" }

func hourLetter(hourCycle string) string {
	if is24(hourCycle) {
		return "H"
	}
	return "h"
}

// cycle makes a pattern's hours count as hourCycle says.
func cycle(pattern, hourCycle string) string {
	letter := map[string]string{"h11": "K", "h12": "h", "h23": "H", "h24": "k"}[hourCycle]
	if letter == "" {
		return pattern
	}
	var b strings.Builder
	quoted := false
	for i := range len(pattern) {
		c := pattern[i]
		if c == '\'' {
			quoted = !quoted
		}
		if !quoted && fieldOf(c) == fieldHour {
			b.WriteString(letter)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// skeleton is the skeleton for the options.
func (o DateOptions) skeleton(locale string) string {
	var b strings.Builder
	form := func(value string, letters map[string]string) { b.WriteString(letters[value]) }
	form(o.Weekday, map[string]string{"narrow": "EEEEE", "short": "EEE", "long": "EEEE"})
	form(o.Era, map[string]string{"narrow": "GGGGG", "short": "GGG", "long": "GGGG"})
	form(o.Year, map[string]string{"2-digit": "yy", "numeric": "y"})
	form(o.Month, map[string]string{"2-digit": "MM", "numeric": "M", "narrow": "MMMMM", "short": "MMM", "long": "MMMM"})
	form(o.Day, map[string]string{"2-digit": "dd", "numeric": "d"})
	hourCycle := o.HourCycle
	if hourCycle == "" {
		hourCycle = DefaultHourCycle(locale)
	}
	// A period of the day has a place beside the hours of twelve only.
	if !is24(hourCycle) || o.Hour == "" {
		form(o.DayPeriod, map[string]string{"narrow": "BBBBB", "short": "B", "long": "BBBB"})
	}
	hour := hourLetter(hourCycle)
	form(o.Hour, map[string]string{"2-digit": hour + hour, "numeric": hour})
	form(o.Minute, map[string]string{"2-digit": "mm", "numeric": "m"})
	form(o.Second, map[string]string{"2-digit": "ss", "numeric": "s"})
	b.WriteString(strings.Repeat("S", o.FractionalSecondDigits))
	form(o.ZoneName, map[string]string{"long": "zzzz", "short": "z", "longOffset": "OOOO", "shortOffset": "O", "longGeneric": "vvvv", "shortGeneric": "v"})
	return b.String()
}

// Shown are the options as the pattern shows them, for resolvedOptions.
func (f *DateFormat) Shown() DateOptions {
	var o DateOptions
	text := func(n int) string {
		switch n {
		case 1:
			return "numeric"
		case 2:
			return "2-digit"
		case 4:
			return "long"
		case 5:
			return "narrow"
		}
		return "short"
	}
	name := func(n int) string {
		if n < 3 {
			return "short"
		}
		return text(n)
	}
	for _, r := range f.runs {
		n := len(r.text)
		switch r.letter {
		case 'E', 'c':
			o.Weekday = name(n)
		case 'G':
			o.Era = name(n)
		case 'y':
			o.Year = text(n)
		case 'M', 'L':
			o.Month = text(n)
		case 'd':
			o.Day = text(n)
		case 'B':
			o.DayPeriod = name(n)
		case 'K', 'h', 'H', 'k':
			o.Hour = text(n)
			o.HourCycle = map[byte]string{'K': "h11", 'h': "h12", 'H': "h23", 'k': "h24"}[r.letter]
		case 'm':
			o.Minute = text(n)
		case 's':
			o.Second = text(n)
		case 'S':
			o.FractionalSecondDigits = n
		case 'z', 'O', 'v':
			o.ZoneName = map[bool]string{true: "long", false: "short"}[n == 4] + map[byte]string{'z': "", 'O': "Offset", 'v': "Generic"}[r.letter]
		}
	}
	return o
}

// Format returns the text for t, milliseconds since 1970.
func (f *DateFormat) Format(ms int64) string {
	t := f.at(ms)
	b := make([]byte, 0, 40)
	for _, r := range f.plain {
		b = f.appendField(b, r, t)
	}
	return string(b)
}

func (f *DateFormat) at(ms int64) time.Time { return time.UnixMilli(ms).In(f.zone.location) }

// Parts returns the text for t in pieces.
func (f *DateFormat) Parts(ms int64) []Part { return f.parts(f.runs, f.at(ms)) }

func (f *DateFormat) parts(runs []run, t time.Time) []Part {
	var out []Part
	for _, r := range runs {
		if r.letter == 0 {
			out = append(out, Part{Type: "literal", Value: r.text})
			continue
		}
		out = append(out, Part{Type: partTypes[fieldOf(r.letter)], Value: string(f.appendField(nil, r, t))})
	}
	return out
}

var partTypes = [fieldCount]string{"era", "year", "", "month", "weekday", "day", "dayPeriod", "hour", "minute", "second", "fractionalSecond", "timeZoneName"}

func (f *DateFormat) appendField(b []byte, r run, t time.Time) []byte {
	n := len(r.text)
	switch r.letter {
	case 0:
		return append(b, r.text...)
	case 'G':
		if t.Year() < 1 {
			return append(b, f.data.Eras.of(n)[0]...)
		}
		return append(b, f.data.Eras.of(n)[1]...)
	case 'y':
		year := t.Year()
		if year < 1 {
			year = 1 - year
		}
		if n == 2 {
			return appendNumber(b, year%100, 2)
		}
		return appendNumber(b, year, n)
	case 'M', 'L':
		month := int(t.Month())
		switch {
		case n < 3:
			return appendNumber(b, month, n)
		case r.letter == 'L':
			return append(b, f.data.StandaloneMonths.of(n)[month-1]...)
		}
		return append(b, f.data.Months.of(n)[month-1]...)
	case 'E':
		return append(b, f.data.Weekdays.of(n)[t.Weekday()]...)
	case 'c':
		return append(b, f.data.StandaloneWeekdays.of(n)[t.Weekday()]...)
	case 'd':
		return appendNumber(b, t.Day(), n)
	case 'S':
		text := strconv.Itoa(t.Nanosecond()/1e6 + 1000)
		return append(b, text[1:1+n]...)
	case 'z', 'O', 'v':
		return append(b, f.zone.name(f.locale, r.letter, n, t)...)
	}
	return f.appendClock(b, r.letter, n, t)
}

func (f *DateFormat) appendClock(b []byte, letter byte, n int, t time.Time) []byte {
	hour := t.Hour()
	switch letter {
	case 'a':
		return append(b, f.period(n)[map[bool]string{true: "am", false: "pm"}[hour < 12]]...)
	case 'B':
		return append(b, f.flexible(n, t)...)
	case 'K':
		hour %= 12
	case 'h':
		if hour %= 12; hour == 0 {
			hour = 12
		}
	case 'k':
		if hour == 0 {
			hour = 24
		}
	case 'm':
		hour = t.Minute()
	case 's':
		hour = t.Second()
	}
	return appendNumber(b, hour, n)
}

func (f *DateFormat) period(width int) map[string]string {
	switch width {
	case 4:
		return f.data.Periods.Long
	case 5:
		return f.data.Periods.Narrow
	}
	return f.data.Periods.Short
}

// flexible is the name of the time of the day. Noon has one of its own when the pattern's finest field
// says that it is noon.
func (f *DateFormat) flexible(width int, t time.Time) string {
	hour := t.Hour()
	exact := true
	for _, r := range f.runs {
		switch {
		case r.letter == 'm' && t.Minute() != 0, r.letter == 's' && t.Second() != 0:
			exact = false
		}
	}
	key := "night1"
	switch {
	case hour == 12 && exact:
		key = "noon"
	case hour < 12:
		key = "morning1"
	case 12 <= hour && hour < 18:
		key = "afternoon1"
	case 18 <= hour && hour < 21:
		key = "evening1"
	}
	return f.period(width)[key]
}

func appendNumber(b []byte, v, width int) []byte {
	text := strconv.Itoa(v)
	for range width - len(text) {
		b = append(b, '0')
	}
	return append(b, text...)
}

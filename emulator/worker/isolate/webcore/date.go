package webcore

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// dateStyle is what of Intl.DateTimeFormat's options is understood, for en-US. Empty parts are not shown.
type dateStyle struct {
	weekday, year, month, day string // long, short, narrow, numeric, 2-digit
	hour, minute, second      string // numeric, 2-digit
	zoneName                  string // short
	hour24                    bool
	at                        bool // join date and time by "at" instead of a comma
	zone                      *time.Location
}

// formatDate is toLocaleString and its siblings of dates. Workers' own time zone is UTC.
func (c *Core) formatDate(call goja.FunctionCall) goja.Value {
	style := c.dateStyle(call.Argument(2), call.Argument(1).String())
	ms := call.Argument(0).ToFloat()
	if math.IsNaN(ms) {
		return c.rt.ToValue("Invalid Date")
	}
	return c.rt.ToValue(style.format(time.UnixMilli(int64(ms)).In(style.zone)))
}

// dateParts are the options that name parts, with the values that are understood.
var dateParts = []struct {
	name   string
	values []string
	field  func(s *dateStyle) *string
}{
	{"weekday", []string{"long", "short"}, func(s *dateStyle) *string { return &s.weekday }},
	{"year", []string{"numeric", "2-digit"}, func(s *dateStyle) *string { return &s.year }},
	{"month", []string{"numeric", "2-digit", "long", "short"}, func(s *dateStyle) *string { return &s.month }},
	{"day", []string{"numeric", "2-digit"}, func(s *dateStyle) *string { return &s.day }},
	{"hour", []string{"numeric", "2-digit"}, func(s *dateStyle) *string { return &s.hour }},
	{"minute", []string{"numeric", "2-digit"}, func(s *dateStyle) *string { return &s.minute }},
	{"second", []string{"numeric", "2-digit"}, func(s *dateStyle) *string { return &s.second }},
	{"timeZoneName", []string{"short"}, func(s *dateStyle) *string { return &s.zoneName }},
}

// unsupportedDateOptions are those that exist but are not understood at all.
var unsupportedDateOptions = []string{"era", "dayPeriod", "calendar", "numberingSystem", "fractionalSecondDigits"}

// dateStyle reads options; what says which parts are shown when they name none: any, date or time.
func (c *Core) dateStyle(v goja.Value, what string) dateStyle {
	s := dateStyle{zone: time.UTC}
	o := c.dictionary(v, "toLocaleString")
	text := func(name string) string {
		if o == nil {
			return ""
		}
		if v := o.Get(name); v != nil && !goja.IsUndefined(v) {
			return c.realm.String(v)
		}
		return ""
	}
	for _, name := range unsupportedDateOptions {
		if t := text(name); t != "" {
			c.unsupportedOption(name + ": " + t)
		}
	}
	for _, part := range dateParts {
		t := text(part.name)
		if t != "" && !slices.Contains(part.values, t) {
			c.unsupportedOption(part.name + ": " + t)
		}
		*part.field(&s) = t
	}
	switch cycle := text("hourCycle"); {
	case text("hour12") != "":
		s.hour24 = text("hour12") == "false"
	case cycle == "h23":
		s.hour24 = true
	case cycle != "" && cycle != "h12":
		c.unsupportedOption("hourCycle: " + cycle)
	}
	if name := text("timeZone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			c.rangeError("Invalid time zone specified: " + name)
		}
		s.zone = zone
	}
	if date, clock := text("dateStyle"), text("timeStyle"); date != "" || clock != "" {
		switch {
		case date != "" && what == "time":
			c.typeError("Invalid option : dateStyle")
		case clock != "" && what == "date":
			c.typeError("Invalid option : timeStyle")
		}
		c.wholeStyles(&s, date, clock)
		return s
	}
	s.fill(what)
	return s
}

// fill adds the parts that are shown when the options name none.
func (s *dateStyle) fill(what string) {
	date := s.weekday+s.year+s.month+s.day != ""
	clock := s.hour+s.minute+s.second != ""
	if what == "any" && !date && !clock || what == "date" && !date {
		s.year, s.month, s.day = "numeric", "numeric", "numeric"
	}
	if what == "any" && !date && !clock || what == "time" && !clock {
		s.hour, s.minute, s.second = "numeric", "numeric", "numeric"
	}
	s.at = s.month == "long"
}

// wholeStyles applies dateStyle and timeStyle.
func (c *Core) wholeStyles(s *dateStyle, date, clock string) {
	if s.weekday+s.year+s.month+s.day+s.hour+s.minute+s.second+s.zoneName != "" {
		c.typeError("Can't set option with dateStyle or timeStyle")
	}
	switch date {
	case "":
	case "full":
		s.weekday, s.month, s.day, s.year, s.at = "long", "long", "numeric", "numeric", true
	case "long":
		s.month, s.day, s.year, s.at = "long", "numeric", "numeric", true
	case "medium":
		s.month, s.day, s.year = "short", "numeric", "numeric"
	case "short":
		s.month, s.day, s.year = "numeric", "numeric", "2-digit"
	default:
		c.rangeError("Value " + date + " out of range for Intl.DateTimeFormat options property dateStyle")
	}
	switch clock {
	case "":
	case "long":
		s.hour, s.minute, s.second, s.zoneName = "numeric", "numeric", "numeric", "short"
	case "medium":
		s.hour, s.minute, s.second = "numeric", "numeric", "numeric"
	case "short":
		s.hour, s.minute = "numeric", "numeric"
	default:
		c.unsupportedOption("timeStyle: " + clock)
	}
}

func (s dateStyle) format(t time.Time) string {
	date, clock := s.date(t), s.clock(t)
	if s.zoneName != "" {
		clock = strings.TrimPrefix(clock+" "+zoneName(t), " ")
	}
	switch {
	case date == "":
		return clock
	case clock == "":
		return date
	case s.at:
		return date + " at " + clock
	case s.month+s.day+s.year == "":
		return date + " " + clock // a weekday alone
	}
	return date + ", " + clock
}

func (s dateStyle) date(t time.Time) string {
	year, day := strconv.Itoa(t.Year()), number(s.day, t.Day())
	if s.year == "2-digit" {
		year = pad(t.Year() % 100)
	}
	var parts []string
	if s.month == "long" || s.month == "short" {
		month := t.Month().String()
		if s.month == "short" {
			month = month[:3]
		}
		if s.day != "" {
			month += " " + day
		}
		if s.year != "" {
			separator := ", "
			if s.day == "" {
				separator = " "
			}
			month += separator + year
		}
		parts = append(parts, month)
	} else {
		var numbers []string
		if s.month != "" {
			numbers = append(numbers, number(s.month, int(t.Month())))
		}
		if s.day != "" {
			numbers = append(numbers, day)
		}
		if s.year != "" {
			numbers = append(numbers, year)
		}
		if len(numbers) > 0 {
			parts = append(parts, strings.Join(numbers, "/"))
		}
	}
	if s.weekday != "" {
		weekday := t.Weekday().String()
		if s.weekday == "short" {
			weekday = weekday[:3]
		}
		if s.month+s.day == "" && s.year != "" {
			return year + " " + weekday
		}
		parts = append([]string{weekday}, parts...)
	}
	return strings.Join(parts, ", ")
}

func (s dateStyle) clock(t time.Time) string {
	var parts []string
	if s.hour != "" {
		hour := t.Hour()
		form := s.hour
		if s.hour24 {
			form = "2-digit"
		} else if hour %= 12; hour == 0 {
			hour = 12
		}
		parts = append(parts, number(form, hour))
	}
	if s.minute != "" {
		if s.hour == "" && s.second == "" {
			return strconv.Itoa(t.Minute())
		}
		parts = append(parts, pad(t.Minute()))
	}
	if s.second != "" {
		if len(parts) == 0 {
			return strconv.Itoa(t.Second())
		}
		parts = append(parts, pad(t.Second()))
	}
	text := strings.Join(parts, ":")
	if s.hour != "" && !s.hour24 {
		text += t.Format(" PM")
	}
	return text
}

// zoneName is a zone's abbreviation where en-US has one, else its distance from GMT.
func zoneName(t time.Time) string {
	name, offset := t.Zone()
	if slices.Contains([]string{"UTC", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "HST", "AKST", "AKDT"}, name) {
		return name
	}
	if offset == 0 {
		return "GMT"
	}
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	name = "GMT" + sign + strconv.Itoa(offset/3600)
	if minutes := offset / 60 % 60; minutes != 0 {
		name += ":" + pad(minutes)
	}
	return name
}

func number(form string, n int) string {
	if form == "2-digit" {
		return pad(n)
	}
	return strconv.Itoa(n)
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

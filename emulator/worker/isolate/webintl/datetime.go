package webintl

import (
	"math"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/webintl/cldr"
)

// A dateTimeFormat is the state of an Intl.DateTimeFormat.
type dateTimeFormat struct {
	*cldr.DateFormat
	locale string
	zone   string
	o      cldr.DateOptions
	bound  goja.Value // what the getter format returns, once asked for
}

type dateKey struct {
	locale, zone string
	o            cldr.DateOptions
}

var (
	textForms   = []string{"narrow", "short", "long"}
	numberForms = []string{"2-digit", "numeric"}
	monthForms  = []string{"2-digit", "numeric", "narrow", "short", "long"}
	zoneForms   = []string{"short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"}
	styleForms  = []string{"full", "long", "medium", "short"}
	hourCycles  = []string{"h11", "h12", "h23", "h24"}
	matchers    = []string{"lookup", "best fit"}

	dateKeywords = map[string][]string{"ca": {"gregory"}, "nu": {"latn"}, "hc": hourCycles}
)

// dateField is an option that names a field.
type dateField struct {
	name   string
	values []string
	field  *string
}

func dateFields(o *cldr.DateOptions) []dateField {
	return []dateField{
		{"weekday", textForms, &o.Weekday}, {"era", textForms, &o.Era}, {"year", numberForms, &o.Year}, {"month", monthForms, &o.Month},
		{"day", numberForms, &o.Day}, {"dayPeriod", textForms, &o.DayPeriod}, {"hour", numberForms, &o.Hour},
		{"minute", numberForms, &o.Minute}, {"second", numberForms, &o.Second},
	}
}

// dateTimeFormat reads a call's locales and options. required and defaults say which fields show when
// the options name none: date, time, any or all.
func (a *api) dateTimeFormat(locales, v goja.Value, required, defaults, where string) *dateTimeFormat {
	r := resolve(a.localeList(locales), dateKeywords)
	in := a.coerced(v, where)
	f := &dateTimeFormat{}
	o := &f.o
	in.text("localeMatcher", matchers, "")
	in.keyword("calendar", "gregory")
	in.keyword("numberingSystem", "latn")
	hour12, hour12Given := in.flag("hour12")
	hourCycle := in.text("hourCycle", hourCycles, "")
	zone := in.zone()
	explicit := ""
	for _, field := range dateFields(o) {
		*field.field = in.text(field.name, field.values, "")
		if *field.field != "" && explicit == "" {
			explicit = field.name
		}
	}
	if n, ok := in.count("fractionalSecondDigits", 1, 3); ok {
		o.FractionalSecondDigits = n
		explicit = or(explicit, "fractionalSecondDigits")
	}
	o.ZoneName = in.text("timeZoneName", zoneForms, "")
	explicit = or(explicit, map[bool]string{true: "timeZoneName"}[o.ZoneName != ""])
	in.text("formatMatcher", []string{"basic", "best fit"}, "")
	o.DateStyle = in.text("dateStyle", styleForms, "")
	o.TimeStyle = in.text("timeStyle", styleForms, "")
	a.checkStyles(o, explicit, required)
	if o.DateStyle+o.TimeStyle == "" {
		fill(o, required, defaults)
	}
	if o.Hour != "" || o.TimeStyle != "" {
		o.HourCycle = chooseCycle(&r, hour12, hour12Given, hourCycle)
	} else if hour12Given || hourCycle != "" {
		r.drop("hc", hourCycle)
	}
	f.locale, f.zone = r.name(), zone.Name
	f.DateFormat = a.dates.get(dateKey{r.locale, zone.Name, *o}, func() *cldr.DateFormat {
		return cldr.NewDateFormat(r.locale, zone, *o)
	})
	return f
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// zone reads the time zone. That of Workers is UTC.
func (o options) zone() *cldr.Zone {
	name := o.text("timeZone", nil, "UTC")
	return o.a.zones.get(name, func() *cldr.Zone {
		zone, ok := cldr.LoadZone(name)
		if !ok {
			o.a.rangeError("Invalid time zone specified: %s", name)
		}
		return zone
	})
}

// chooseCycle is the hour cycle, empty for the locale's own. V8 counts from 1 to 24 where hour12 is
// false and the locale's clocks show twelve hours.
func chooseCycle(r *resolution, hour12, given bool, option string) string {
	own := cldr.DefaultHourCycle(r.locale)
	cycle := option
	switch {
	case given && hour12:
		cycle = "h12"
	case given && own == "h12":
		cycle = "h24"
	case given:
		cycle = own
	case option == "":
		return r.keywords["hc"]
	}
	if given {
		delete(r.keywords, "hc")
	}
	r.drop("hc", cycle)
	return cycle
}

func (a *api) checkStyles(o *cldr.DateOptions, explicit, required string) {
	style := ""
	switch {
	case o.DateStyle != "":
		style = "dateStyle"
	case o.TimeStyle != "":
		style = "timeStyle"
	default:
		return
	}
	switch {
	case explicit != "":
		a.typeError("Can't set option %s when %s is used", explicit, style)
	case required == "date" && o.TimeStyle != "":
		a.typeError("Invalid option : timeStyle")
	case required == "time" && o.DateStyle != "":
		a.typeError("Invalid option : dateStyle")
	}
}

// fill adds the fields that show when the options name none.
func fill(o *cldr.DateOptions, required, defaults string) {
	date := o.Weekday+o.Year+o.Month+o.Day != ""
	clock := o.DayPeriod+o.Hour+o.Minute+o.Second != "" || o.FractionalSecondDigits > 0
	if (required == "date" || required == "any") && date || (required == "time" || required == "any") && clock {
		return
	}
	if defaults == "date" || defaults == "all" {
		o.Year, o.Month, o.Day = "numeric", "numeric", "numeric"
	}
	if defaults == "time" || defaults == "all" {
		o.Hour, o.Minute, o.Second = "numeric", "numeric", "numeric"
	}
}

// timeValue is a moment in milliseconds; undefined is now.
func (a *api) timeValue(v goja.Value) int64 {
	if v == nil || goja.IsUndefined(v) {
		now, err := a.now(goja.Undefined())
		must(err)
		return now.ToInteger()
	}
	ms := a.toNumber(v)
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		a.rangeError("Invalid time value")
	}
	return int64(ms)
}

func (a *api) defineDateTimeFormat(intl *goja.Object) {
	s := define(a, intl, "DateTimeFormat", 0, true, func(call goja.ConstructorCall) *dateTimeFormat {
		return a.dateTimeFormat(call.Argument(0), call.Argument(1), "any", "date", "Intl.DateTimeFormat")
	}).supporting(english)
	a.dateTime = s
	s.resolved(func(f *dateTimeFormat, set func(string, any)) { f.resolved(set) })
	s.method("formatToParts", 1, func(f *dateTimeFormat, call goja.FunctionCall) goja.Value {
		return a.parts(f.Parts(a.timeValue(call.Argument(0))))
	})
	s.getter("format", func(f *dateTimeFormat) goja.Value {
		if f.bound == nil {
			f.bound = a.realm.Function("", 1, func(call goja.FunctionCall) goja.Value {
				return a.rt.ToValue(f.Format(a.timeValue(call.Argument(0))))
			})
		}
		return f.bound
	})
	ends := func(call goja.FunctionCall) (from, until int64) {
		if goja.IsUndefined(call.Argument(0)) || goja.IsUndefined(call.Argument(1)) {
			a.typeError("Invalid time value")
		}
		return a.timeValue(call.Argument(0)), a.timeValue(call.Argument(1))
	}
	s.method("formatRange", 2, func(f *dateTimeFormat, call goja.FunctionCall) goja.Value {
		return a.rt.ToValue(f.FormatRange(ends(call)))
	})
	s.method("formatRangeToParts", 2, func(f *dateTimeFormat, call goja.FunctionCall) goja.Value {
		return a.parts(f.Range(ends(call)))
	})
}

// resolved lists the options as the pattern shows them.
func (f *dateTimeFormat) resolved(set func(name string, value any)) {
	set("locale", f.locale)
	set("calendar", "gregory")
	set("numberingSystem", "latn")
	set("timeZone", f.zone)
	shown := f.Shown()
	if shown.HourCycle != "" {
		set("hourCycle", shown.HourCycle)
		set("hour12", shown.HourCycle == "h11" || shown.HourCycle == "h12")
	}
	if f.o.DateStyle+f.o.TimeStyle == "" {
		for _, field := range dateFields(&shown) {
			if *field.field != "" {
				set(field.name, *field.field)
			}
		}
		if shown.FractionalSecondDigits > 0 {
			set("fractionalSecondDigits", shown.FractionalSecondDigits)
		}
		if shown.ZoneName != "" {
			set("timeZoneName", shown.ZoneName)
		}
	}
	if f.o.DateStyle != "" {
		set("dateStyle", f.o.DateStyle)
	}
	if f.o.TimeStyle != "" {
		set("timeStyle", f.o.TimeStyle)
	}
}

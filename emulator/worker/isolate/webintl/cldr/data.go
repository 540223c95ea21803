package cldr

import (
	"embed"
	"encoding/json"
	"sync"
)

//go:embed data/*.json
var files embed.FS

// decode reads a file of data/ into v. What it cannot read is a bug of the build.
func decode(name string, v any) {
	b, err := files.ReadFile("data/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		panic("cldr: " + name + ": " + err.Error())
	}
}

// perLocale reads a file that holds English and what differs from it in its regions, and returns a
// locale's table. Tables are made when they are asked for and kept.
func perLocale[T any](name string) func(locale string) *T {
	raw := sync.OnceValue(func() map[string]json.RawMessage {
		var m map[string]json.RawMessage
		decode(name, &m)
		return m
	})
	made := kept(func(locale string) *T {
		t := new(T)
		text := raw()["en"]
		if own, ok := raw()[locale]; ok && locale != "en" {
			text = merged(text, own)
		}
		if err := json.Unmarshal(text, t); err != nil {
			panic("cldr: " + name + ": " + err.Error())
		}
		return t
	})
	return func(locale string) *T {
		if locale == "en-US" {
			locale = "en"
		}
		return made(locale)
	}
}

// kept makes what a key stands for once, and serves all goroutines.
func kept[T any](make func(key string) T) func(key string) T {
	var made sync.Map
	return func(key string) T {
		v, ok := made.Load(key)
		if !ok {
			v, _ = made.LoadOrStore(key, make(key))
		}
		return v.(T)
	}
}

// merged lays one JSON object over another, at any depth.
func merged(base, over json.RawMessage) json.RawMessage {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(base, &a) != nil || json.Unmarshal(over, &b) != nil {
		return over
	}
	for key, value := range b {
		a[key] = merged(a[key], value)
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic("cldr: " + err.Error())
	}
	return text
}

// widths are names of one thing in three lengths.
type widths struct{ Narrow, Short, Long []string }

func (w widths) of(width int) []string {
	switch width {
	case 4:
		return w.Long
	case 5:
		return w.Narrow
	}
	return w.Short
}

// dateData is a locale's calendar.
type dateData struct {
	Months, Weekdays, StandaloneMonths, StandaloneWeekdays, Eras widths
	Periods                                                      struct{ Narrow, Short, Long map[string]string }
	Date, Time, Glue, GlueAt                                     []string // full, long, medium, short
	Available, Append                                            map[string]string
	Intervals                                                    map[string]map[string]string // by skeleton and greatest difference
	Fallback                                                     string
	Fields                                                       map[string]string
}

// zoneData is a time zone: its other names, and which metazone gives its names from when to when, in
// seconds since 1970.
type zoneData struct {
	Aliases   []string
	Metazones []metazoneRun
}

type metazoneRun struct {
	name        string
	from, until *float64
}

func (m *metazoneRun) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&m.name, &m.from, &m.until})
}

// zoneNames are a metazone's names, or a zone's own: standard, daylight and generic, empty where there
// is none.
type zoneNames struct{ Long, Short []string }

// genericRun are the names of a zone that do not tell summer from winter, until a moment.
type genericRun struct {
	until       *float64
	short, long string
}

func (g *genericRun) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&g.until, &g.short, &g.long})
}

type relativeData struct {
	Words        map[string]string
	Past, Future []string // one, other
}

type numberData struct {
	Decimal, Percent, Currency, Accounting string
	Short, Long                            map[string]string
	Range, Approximately                   string
	Currencies                             map[string][]string // symbol, narrow symbol, name, one, other
}

type nameData struct{ Region, Language, Script, ShortLanguage, ShortRegion map[string]string }

func table[T any](name string) func() T {
	return sync.OnceValue(func() T {
		var v T
		decode(name, &v)
		return v
	})
}

var (
	datesOf     = perLocale[dateData]("dates")
	relativesOf = perLocale[map[string]relativeData]("relative")
	numbersOf   = perLocale[numberData]("numbers")
	unitsOf     = perLocale[map[string][]string]("units")
	namesOf     = perLocale[nameData]("names")
	zoneNamesOf = perLocale[map[string]zoneNames]("zonenames")

	currencyDigits = table[map[string]int]("digits")
	zones          = table[map[string]zoneData]("zones")
	generics       = table[map[string][]genericRun]("generics")
	values         = table[map[string][]string]("values")
)

// Values are the values of Intl.supportedValuesOf, and false for a key that it does not know.
func Values(key string) ([]string, bool) {
	list, ok := values()[key]
	return list, ok
}

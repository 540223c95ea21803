package cldr

import "testing"

func TestScratch(t *testing.T) {
	z, _ := LoadZone("america/new_york")
	for _, l := range []string{"en-US", "en-GB", "en-CA", "en-AU", "en-IN"} {
		for _, o := range []DateOptions{{DateStyle: "full", TimeStyle: "full"}, {Year: "numeric", Month: "numeric", Day: "numeric", Hour: "numeric", Minute: "numeric", Second: "numeric"},
			{Year: "numeric", Month: "long", Day: "numeric", Hour: "numeric"}, {Weekday: "long", Year: "numeric", Month: "numeric", Day: "numeric"}, {Hour: "numeric", DayPeriod: "long"}, {FractionalSecondDigits: 3, Second: "numeric", Minute: "numeric", ZoneName: "shortGeneric"}} {
			f := NewDateFormat(l, z, o)
			t.Log(l, f.pattern, f.Format(1709651045678))
		}
	}
}

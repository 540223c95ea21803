package webintl

import (
	"encoding/json"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

func newHost(t testing.TB) *hosttest.Host {
	h := hosttest.New(t)
	webcore.Install(h)
	Install(h)
	return h
}

func TestIntl(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"is made when asked for":              {`return [typeof Object.getOwnPropertyDescriptor(globalThis, "Intl").get, typeof Intl, Object.getOwnPropertyDescriptor(globalThis, "Intl").value === Intl]`, `["function","object",true]`},
		"can be replaced unseen":              {`Intl = 5; return Intl`, `5`},
		"number formats leave the radix be":   {`return (255).toString(16)`, `"ff"`},
		"other languages get en-US":           {`return [(1234.5).toLocaleString("de-DE"), new Date(0).toLocaleDateString("fr"), new Intl.NumberFormat("de").resolvedOptions().locale, new Intl.DateTimeFormat(["xx", "en-GB"]).resolvedOptions().locale]`, `["1,234.5","1/1/1970","en-US","en-GB"]`},
		"other regions get en":                {`return new Intl.DateTimeFormat("en-JM").resolvedOptions().locale`, `"en"`},
		"offsets are zones":                   {`return ["+05:30", "-0330", "+00", "-00:00"].map(timeZone => { const f = new Intl.DateTimeFormat("en-US", {timeZone, timeStyle: "long"}); return f.format(0) + " " + f.resolvedOptions().timeZone })`, `["5:30:00 AM GMT+5:30 +05:30","8:30:00 PM GMT-3:30 -03:30","12:00:00 AM GMT+0 +00:00","12:00:00 AM GMT+0 +00:00"]`},
		"bad offsets are none":                {`new Date(0).toLocaleString("en", {timeZone: "+24:00"})`, `RangeError: Invalid time zone specified: +24:00`},
		"other calendars are an error":        {`new Intl.DateTimeFormat("en", {calendar: "islamic"})`, `RangeError: Intl.DateTimeFormat: the option calendar: islamic is not supported by cfemu's embedded engine`},
		"other digits are an error":           {`(5).toLocaleString("en", {numberingSystem: "arab"})`, `RangeError: Number.prototype.toLocaleString: the option numberingSystem: arab is not supported by cfemu's embedded engine`},
		"other collations are an error":       {`new Intl.Collator("de", {collation: "phonebk"})`, `RangeError: Intl.Collator: the option collation: phonebk is not supported by cfemu's embedded engine`},
		"names of calendars are an error":     {`new Intl.DisplayNames("en", {type: "calendar"})`, `RangeError: Intl.DisplayNames: the option type: calendar is not supported by cfemu's embedded engine`},
		"an Intl.Locale is a locale":          {`return new Intl.DateTimeFormat(new Intl.Locale("en", {region: "GB", hourCycle: "h12"}), {hour: "numeric"}).resolvedOptions().locale`, `"en-GB-u-hc-h12"`},
		"an element's error goes out":         {`[{toLocaleString() { throw new Error("mine") }}].toLocaleString("en")`, `Error: mine`},
		"elements get the arguments":          {`return [{toLocaleString: (...a) => a.length + a[0] + a[1].x}].toLocaleString("en", {x: 1})`, `"2en1"`},
		"an option's getter may throw":        {`new Intl.NumberFormat("en", {get style() { throw new TypeError("mine") }})`, `TypeError: mine`},
		"a nested array may come twice":       {`const a = [1.5]; return [a, a].toLocaleString()`, `"1.5,1.5"`},
		"lone surrogates stay in segments":    {`const [a, b] = new Intl.Segmenter().segment("\ud800x"); return [a.segment === "\ud800", b.index]`, `[true,1]`},
		"segments are iterable again":         {`const s = new Intl.Segmenter().segment("ab"); return [[...s].length, [...s].length, s[Symbol.iterator]()[Symbol.iterator] !== undefined]`, `[2,2,true]`},
		"format without arguments is now":     {`return new Intl.DateTimeFormat("en-US").format() === new Date().toLocaleDateString("en-US")`, `true`},
		"bound functions belong to one":       {`const f = new Intl.NumberFormat("en", {maximumFractionDigits: 0}), g = new Intl.NumberFormat("en"); return [f.format, g.format].map(h => h(1.5))`, `["2","1.5"]`},
		"subclasses keep their prototype":     {`class F extends Intl.NumberFormat { twice(v) { return this.format(v) + this.format(v) } } return new F("en").twice(1)`, `"11"`},
		"what Intl keeps is hidden":           {`return [Object.keys(new Intl.NumberFormat()), JSON.stringify(new Intl.DateTimeFormat())]`, `[[],"{}"]`},
		"huge exponents do not take the heap": {`return new Intl.NumberFormat("en").format("1e100000000")`, `"∞"`},
		"lithuanian and turkish have letters": {`return ["I".toLocaleLowerCase("tr"), "i".toLocaleUpperCase("az-Latn"), "I".toLocaleLowerCase("en")]`, `["ı","İ","i"]`},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			v, err := newHost(t).Try(t, tt.script)
			if err != nil {
				got = err.Error()
			} else {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				got = string(b)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Isolates run at the same time and share the tables.
func TestRuntimesFormatAtTheSameTime(t *testing.T) {
	for range 4 {
		t.Run("runtime", func(t *testing.T) {
			t.Parallel()
			got := newHost(t).Run(t, `return [new Date(0).toLocaleString("en-IE", {timeZone: "Asia/Tokyo", timeZoneName: "longGeneric"}),
				(1e6).toLocaleString("en-NZ", {style: "currency", currency: "NZD"}), new Intl.DisplayNames("en-CA", {type: "region"}).of("CA")].join("; ")`)
			if want := "1/1/1970, 09:00:00 Japan Standard Time; $1,000,000.00; Canada"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// A loop that formats must not make a formatter each time.
func TestFormattersAreKept(t *testing.T) {
	h := newHost(t)
	a := &api{rt: h.RT, realm: h.Realm()}
	first := a.numberFormat(h.RT.ToValue("en-US"), nil, "test")
	if second := a.numberFormat(h.RT.ToValue("en-US"), nil, "test"); first.NumberFormat != second.NumberFormat {
		t.Error("the same options made two formatters")
	}
	made := 0
	var c cache[int, int]
	for i := range 10 * cacheSize {
		c.get(i, func() int { made++; return i })
	}
	if len(c.kept) > cacheSize || made != 10*cacheSize {
		t.Errorf("%d kept, %d made", len(c.kept), made)
	}
}

func BenchmarkRows(b *testing.B) {
	for name, script := range map[string]string{
		"Number.toLocaleString":            `for (let i = 0; i < 1000; i++) (i * 1234.5).toLocaleString("en-US", {style: "currency", currency: "USD"})`,
		"Date.toLocaleString":              `for (let i = 0; i < 1000; i++) new Date(i * 1e9).toLocaleString("en-US", {timeZone: "America/New_York", dateStyle: "medium", timeStyle: "short"})`,
		"DateTimeFormat.format":            `const f = new Intl.DateTimeFormat("en-US", {timeZone: "America/New_York"}); for (let i = 0; i < 1000; i++) f.format(i * 1e9)`,
		"DateTimeFormat.formatToParts":     `const f = new Intl.DateTimeFormat("en-US", {timeZone: "America/New_York", hour12: false, hour: "numeric", minute: "numeric"}); for (let i = 0; i < 1000; i++) f.formatToParts(i * 1e9)`,
		"String.localeCompare":             `for (let i = 0; i < 1000; i++) ("row " + i).localeCompare("row 500", "en", {numeric: true})`,
		"String.localeCompare, no options": `for (let i = 0; i < 1000; i++) ("row " + i).localeCompare("row 500")`,
	} {
		b.Run(name, func(b *testing.B) {
			h := newHost(b)
			for b.Loop() {
				h.Run(b, script)
			}
		})
	}
}

// What Install adds to the start of an isolate is the difference of the two.
func BenchmarkInstall(b *testing.B) {
	b.Run("without", func(b *testing.B) {
		for b.Loop() {
			webcore.Install(hosttest.New(b))
		}
	})
	b.Run("with", func(b *testing.B) {
		for b.Loop() {
			newHost(b)
		}
	})
}

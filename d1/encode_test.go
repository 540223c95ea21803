package d1

import (
	"encoding/json"
	"math"
	"testing"
)

// The right-hand sides are what JSON.stringify gives.
func TestNumbersAreWrittenAsInJavaScript(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", -1: "-1", 1.5: "1.5", 0.1: "0.1", 100: "100", 1e20: "100000000000000000000", 1e21: "1e+21",
		1.5e300: "1.5e+300", 1e-6: "0.000001", 1e-7: "1e-7", 1.25e-7: "1.25e-7", 1e-10: "1e-10", 5e-324: "5e-324",
		9007199254740991: "9007199254740991", 9007199254740993: "9007199254740992", 123456789012345680000: "123456789012345680000",
		0.30000000000000004: "0.30000000000000004", math.MaxFloat64: "1.7976931348623157e+308", math.Inf(1): "null", math.Inf(-1): "null",
	} {
		if got := string(appendReal(nil, f)); got != want {
			t.Errorf("%v is %s, want %s", f, got, want)
		}
	}
	if got := string(appendReal(nil, math.Copysign(0, -1))); got != "0" {
		t.Errorf("-0 is %s", got)
	}
	if got := string(appendReal(nil, math.NaN())); got != "null" {
		t.Errorf("NaN is %s", got)
	}
	if got := string(appendInteger(nil, math.MinInt64)); got != "-9223372036854776000" {
		t.Errorf("the least integer is %s", got)
	}
}

func FuzzStringsReadBack(f *testing.F) {
	for _, seed := range []string{"", "a", "\"\\\n\r\t\b\f\x00\x1f\x7f", "é😀\u2028", "\xff\xc3", "</script>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if want := string([]rune(s)); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

package d1

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
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
		// How many U+FFFD stand for what is no UTF-8 is TestBrokenTextIsDecodedAsOnTheWeb's.
		const broken = "\ufffd"
		if got, want := strings.ToValidUTF8(got, broken), strings.ToValidUTF8(s, broken); once(got) != once(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// once makes one U+FFFD of several in a row.
func once(s string) string {
	for strings.Contains(s, "\ufffd\ufffd") {
		s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
	}
	return s
}

// The numbers are those of TextDecoder.
func TestBrokenTextIsDecodedAsOnTheWeb(t *testing.T) {
	for s, want := range map[string]int{
		"\xff": 1, "\xc3": 1, "\xc0\x80": 2, "\xe2\x82": 1, "\xe2\x82a": 1, "\xf0\x90\x8d": 1, "\xed\xa0\x80": 3,
		"\xe0\x80\x80": 3, "\xf4\x90\x80\x80": 4, "\xf8\x80\x80\x80\x80": 5, "\xf0\x90a\x8d": 2, "\xe2\x82\xe2\x82\xac": 1,
	} {
		if got := strings.Count(string(appendString(nil, s)), "\ufffd"); got != want {
			t.Errorf("%q: %d times U+FFFD, want %d", s, got, want)
		}
	}
}

func TestParametersOfTheWire(t *testing.T) {
	for body, want := range map[string]any{
		`"a\ud800b"`:       "a\xed\xa0\x80b",
		`"\uDC00\ud800"`:   "\xed\xb0\x80\xed\xa0\x80",
		`"\ud83d\ude00\n"`: "\U0001f600\n",
		`"\\ud800"`:        `\ud800`,
		`[1,255,256,-1]`:   []byte{1, 255, 0, 255},
		`[1.5, 2e2]`:       []byte{1, 200},
		`[]`:               []byte{},
		`true`:             true,
		`1e2`:              100.0,
	} {
		stmts, err := parseStatements([]byte(`{"sql":"x","params":[` + body + `]}`))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		} else if got := stmts[0].Params[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, want %#v", body, got, want)
		}
	}
	for _, body := range []string{`{"sql":1}`, `{"sql":"x","params":[{}]}`, `{"sql":"x","params":[[null]]}`, `{"sql":"x","params":[[[1]]]}`, `{"sql":"x","params":[["a"]]}`} {
		if _, err := parseStatements([]byte(body)); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

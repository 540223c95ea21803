package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
)

func TestTable(t *testing.T) {
	var objects []json.RawMessage
	rows := `[{"id":1,"日本":"two\nlines\tand a tab","blob":[1,2]},
		{"id":12345678901234567,"日本":"\u001b[31mred \u202e\u0007","blob":null},
		{"id":1.5,"日本":"👩‍👩‍👧é","blob":[]}]`
	if err := json.Unmarshal([]byte(rows), &objects); err != nil {
		t.Fatal(err)
	}
	table, err := tableOf(objects, cell)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := table.write(&b); err != nil {
		t.Fatal(err)
	}
	const want = `
┌───────────────────┬──────────────────────┬────────┐
│ id                │ 日本                 │ blob   │
├───────────────────┼──────────────────────┼────────┤
│ 1                 │ two                  │ [1, 2] │
│                   │ lines\tand a tab     │        │
├───────────────────┼──────────────────────┼────────┤
│ 12345678901234567 │ \x1b[31mred \u202e\a │ null   │
├───────────────────┼──────────────────────┼────────┤
│ 1.5               │ 👩‍👩‍👧é                  │ []     │
└───────────────────┴──────────────────────┴────────┘
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("got%swant%s", got, want)
	}
}

func TestObjectsKeepTheirOrder(t *testing.T) {
	const text = `{"z":1,"a":{"y":[1,2],"b":null},"m":"<&>"}`
	ms, err := members(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := object(ms)
	if err != nil || string(got) != text {
		t.Errorf("%s, %v; want %s", got, err, text)
	}
	if _, err := members(json.RawMessage(`[1]`)); err == nil {
		t.Error("a list was taken for an object")
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 4096: "4.1 kB", 8192: "8.19 kB", 20480: "20.5 kB", 999_499: "999 kB", 999_999: "1 MB", 123_456_789: "123 MB", 5 << 30: "5.37 GB"} {
		if got := prettyBytes(n); got != want {
			t.Errorf("%d bytes are %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestTimestamps(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T12:00:00Z":           "2026-01-31T12:00:00Z",
		"2026-01-31T12:00:00.123456789Z": "2026-01-31T12:00:00.123456789Z",
		"2026-01-31T14:00+02:00":         "2026-01-31T12:00:00Z",
		"1769860800":                     "2026-01-31T12:00:00Z",
		"1769860800123":                  "2026-01-31T12:00:00.123Z",
	} {
		got, err := parseTimestamp(text)
		if err != nil || got.UTC().Format("2006-01-02T15:04:05.999999999Z07:00") != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "2026-01-31", "12:00", "1.5"} {
		_, err := parseTimestamp(text)
		if exit, ok := errors.AsType[*exitError](err); !ok || exit.code != 2 {
			t.Errorf("%s: error %v, want a wrong call", text, err)
		}
	}
}

func TestBindingNames(t *testing.T) {
	for name, want := range map[string]string{"shop": "shop", "my-shop": "my_shop", "2nd": "DB", "a.b": "DB"} {
		if got := bindingFor(name); got != want {
			t.Errorf("the binding of %s is %s, want %s", name, got, want)
		}
	}
}

func TestErrorsInFilesShowTheirPlace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "dump.sql")
	long := strings.Repeat("x", maxSourceLine+1)
	text := strings.Repeat("-- line\n", 30000) + "SELECT '日本', nosuch;\n" + long + "\n" + "\tlast" // over several reads
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line, column int
		message      string
		want         []string
	}{
		{30001, 14, "no such column: nosuch", []string{"dump.sql:30001:14: no such column: nosuch\n", "> 30001 | SELECT '日本', nosuch;\n", "       | " + strings.Repeat(" ", 15) + "^", "hint: nothing of the file has been applied"}},
		{30002, 1, "syntax error", []string{"dump.sql:30002:1: syntax error\n\n  hint"}},
		{30003, 2, "UNIQUE", []string{"> 30003 |  last\n"}},
		{40000, 1, "past the end", []string{"dump.sql:40000:1: past the end\n\n  hint"}},
		{1, 1, "To execute a transaction, use … SAVEPOINT", []string{"Take BEGIN TRANSACTION and COMMIT out"}},
	} {
		err := placeInFile("dump.sql", name, &emulator.PlacedError{Line: tt.line, Column: tt.column, Message: tt.message})
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got\n%v\nwant %q in it", err, want)
			}
		}
	}
	if err := placeInFile("dump.sql", name, errors.New("gone")); err.Error() != "dump.sql: gone" {
		t.Errorf("an error without a place became %q", err)
	}
}

func TestWriteFileKeepsWhatWasThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "dump.sql")
	if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := writeFile(name, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return errors.New("broken off")
	})
	if got, _ := os.ReadFile(name); err == nil || string(got) != "before" {
		t.Errorf("the file holds %q after %v", got, err)
	}
	entries, _ := os.ReadDir(filepath.Dir(name))
	if len(entries) != 1 {
		t.Errorf("files are left: %v", entries)
	}
}

package d1

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads a script to its end: the statements, each with the place that an error of it would have.
func readAll(t testing.TB, s *scriptReader) []string {
	t.Helper()
	var all []string
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		var at *ScriptError
		if !errors.As(s.failed(p, errors.New("x")), &at) || at.Statement != p.text {
			t.Fatalf("%q is told as %v", p.text, at)
		}
		all = append(all, fmt.Sprintf("%d:%d %s", at.Line, at.Column, p.text))
	}
}

// smallScript reads through a buffer of n bytes.
func smallScript(r io.Reader, n int) *scriptReader {
	return &scriptReader{src: r, buf: make([]byte, 0, n)}
}

func TestScriptIsTheSameInPieces(t *testing.T) {
	for name, script := range map[string]string{
		"nothing":                          "",
		"blanks and semicolons":            " ;\n;; \t;",
		"statements":                       "select 1;\nselect 'é', 2; select 3",
		"a comment longer than the buffer": "select 1; -- " + strings.Repeat("long ", 100) + ";\n select 2;",
		"such a block":                     "select 1; /* " + strings.Repeat("long\n* ", 100) + "**/ select 2; /**/ /*/ */ select 3;",
		"comments back to back":            strings.Repeat("-- é\n/* é\n */", 200) + "select 1; --" + strings.Repeat("x", 200),
		"a block without an end":           "select 1; /* " + strings.Repeat("*", 200),
		"a trigger":                        "create trigger t after insert on a begin select 1; end; select 2;",
		"a byte order mark":                "\ufeffcreate trigger t after insert on a begin select 1; end;\ufeff select 2;",
		"lines that end as on Windows":     "select 1;\r\nselect\r\n2;\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			want := readAll(t, newTextScript(script))
			for _, size := range []int{160, 200, 1000} {
				if got := readAll(t, smallScript(strings.NewReader(script), size)); !reflect.DeepEqual(got, want) {
					t.Errorf("with %d bytes\ngot  %q\nwant %q", size, got, want)
				}
			}
			if got := readAll(t, newScript(iotest.OneByteReader(strings.NewReader(script)))); !reflect.DeepEqual(got, want) {
				t.Errorf("byte by byte\ngot  %q\nwant %q", got, want)
			}
		})
	}
}

func TestScriptTellsWhyItCannotBeRead(t *testing.T) {
	s := newScript(io.MultiReader(strings.NewReader("select 1; select"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if p, err := s.next(); err != nil || p.text != "select 1;" {
		t.Fatal(p, err)
	}
	if _, err := s.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestShape(t *testing.T) {
	shape := func(sql string) uint64 { return split(sql)[0].shape }
	base := shape(`INSERT INTO "t" ("a") VALUES(1,'x');`)
	for name, tt := range map[string]struct {
		sql  string
		same bool
	}{
		"other values":              {`INSERT INTO "t" ("a") VALUES(2,'y;');`, true},
		"other blanks":              {"INSERT INTO \"t\"  (\"a\")\nVALUES (10 , '') ;", true},
		"another table":             {`INSERT INTO "u" ("a") VALUES(1,'x');`, false},
		"another column":            {`INSERT INTO "t" ("b") VALUES(1,'x');`, false},
		"a table in single quotes":  {`INSERT INTO 't' ("a") VALUES(1,'x');`, false},
		"more values":               {`INSERT INTO "t" ("a") VALUES(1,'x'),(1,'x');`, false},
		"a NULL":                    {`INSERT INTO "t" ("a") VALUES(1,NULL);`, false},
		"a negative number":         {`INSERT INTO "t" ("a") VALUES(-1,'x');`, false},
		"another way of conflict":   {`INSERT OR IGNORE INTO "t" ("a") VALUES(1,'x');`, false},
		"a parameter":               {`INSERT INTO "t" ("a") VALUES(1,?);`, false},
		"a number and not a string": {`INSERT INTO "t" ("a") VALUES(1,2);`, true},
	} {
		if got := shape(tt.sql) == base; got != tt.same {
			t.Errorf("%s: same %v, want %v", name, got, tt.same)
		}
	}
	for _, sql := range []string{"SELECT 1", "INSERT INTO t SELECT 1", "INSERT INTO t VALUES((SELECT 1))", "INSERT INTO t DEFAULT VALUES RETURNING a", "INSERT INTO t VALUES(1) ON CONFLICT DO NOTHING", "UPDATE t SET a = 1", "WITH x AS (VALUES(1)) INSERT INTO t VALUES(1)"} {
		if shape(sql) != 0 {
			t.Errorf("%q has a shape", sql)
		}
	}
}

// FuzzScript checks that a script read in pieces is the same script.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{"", ";", "select 1; -- x\n/* y */ select 2;", "/* *", "--", "é;\ufeff;\xef\xbb", "create trigger a begin b; end;", "'a''b';[c]`d`\"e\""} {
		f.Add(seed, uint8(0))
	}
	f.Fuzz(func(t *testing.T, script string, size uint8) {
		n := 2*len(script) + 8 // a statement may be half of the buffer
		if i := longest(script); i < len(script)/4 {
			n = 2*i + 8 + int(size)
		}
		want := readAll(t, newTextScript(script))
		if got := readAll(t, smallScript(strings.NewReader(script), n)); !sameStatements(got, want) {
			t.Errorf("with %d bytes\ngot  %q\nwant %q", n, got, want)
		}
	})
}

// longest returns the length of the longest statement.
func longest(script string) int {
	n := 0
	for _, p := range split(script) {
		n = max(n, len(p.text))
	}
	return n
}

// sameStatements compares what readAll has read. The column behind a long comment with characters cut
// apart may differ where the comment is not UTF-8.
func sameStatements(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		_, a, _ := strings.Cut(got[i], " ")
		_, b, _ := strings.Cut(want[i], " ")
		line, _, _ := strings.Cut(got[i], ":")
		wantLine, _, _ := strings.Cut(want[i], ":")
		if a != b || line != wantLine {
			return false
		}
	}
	return true
}

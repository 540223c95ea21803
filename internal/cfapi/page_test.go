package cfapi

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	all := []string{"a", "b", "c", "d"}
	for name, tt := range map[string]struct {
		query string
		want  string
		info  PageInfo
	}{
		"without a word, all":              {"", "abcd", PageInfo{1, 20, 4, 4, 1}},
		"a page is as long as asked":       {"page=1&per_page=3", "abc", PageInfo{1, 3, 3, 4, 2}},
		"the last one is short":            {"page=2&per_page=3", "d", PageInfo{2, 3, 1, 4, 2}},
		"behind a full last one is none":   {"page=3&per_page=2", "", PageInfo{3, 2, 0, 4, 2}},
		"and far behind it":                {"page=16777216&per_page=1000", "", PageInfo{16777216, 1000, 0, 4, 1}},
		"no rows make no pages but answer": {"per_page=1000&page=1", "abcd", PageInfo{1, 1000, 4, 4, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			q, _ := url.ParseQuery(tt.query)
			p, err := PageOf(q, Bounds{20, 1, 1000})
			if err != nil {
				t.Fatal(err)
			}
			rows, info := Cut(all, p)
			if strings.Join(rows, "") != tt.want || info != tt.info {
				t.Errorf("got %v %+v", rows, info)
			}
		})
	}
}

func TestNumbersOutOfBounds(t *testing.T) {
	for query, large := range map[string]bool{
		"page=0": false, "page=-1": false, "page=x": false, "page=1.5": false, "per_page=0": false, "per_page=1001": true,
		"page=16777217": true, "per_page=99999999999999999999": true, "per_page=%201": false, "page=0x10": false,
	} {
		q, _ := url.ParseQuery(query)
		_, err := PageOf(q, Bounds{20, 1, 1000})
		bad, ok := errors.AsType[*QueryError](err)
		if !ok || !strings.HasPrefix(query, bad.Name+"=") || bad.TooLarge != large || bad.Fault().Status != 400 {
			t.Errorf("%s: %#v", query, err)
		}
	}
}

// A client that follows cursors sees every row once, whatever was deleted meanwhile.
func TestCursors(t *testing.T) {
	self := func(s string) string { return s }
	for name, tt := range map[string]struct {
		all        string
		cursor     string
		descending bool
		want, next string
	}{
		"the first page":                  {"abcde", "", false, "ab", "b"},
		"the next one":                    {"abcde", "b", false, "cd", "d"},
		"the last one has no cursor":      {"abcde", "d", false, "e", ""},
		"a full last one neither":         {"abcd", "b", false, "cd", ""},
		"the cursor's row may be gone":    {"acde", "b", false, "cd", "d"},
		"behind the end is nothing":       {"abc", "x", false, "", ""},
		"against the order":               {"edcba", "d", true, "cb", "b"},
		"one row left, against the order": {"a", "b", true, "a", ""},
		"one row, passed":                 {"b", "a", true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			all := strings.Split(tt.all, "")
			rows, next := After(all, self, tt.cursor, tt.descending, 2)
			if !slices.Equal(rows, strings.Split(tt.want, "")) || next != tt.next {
				t.Errorf("got %q, next %q", rows, next)
			}
		})
	}
}

func TestSingle(t *testing.T) {
	for n, want := range map[int]PageInfo{0: {1, 20, 0, 0, 0}, 3: {1, 20, 3, 3, 1}, 50: {1, 50, 50, 50, 1}} {
		if got := Single(n); got != want {
			t.Errorf("Single(%d) = %+v", n, got)
		}
	}
}

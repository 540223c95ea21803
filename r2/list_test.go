package r2

import (
	"fmt"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	b := openOne(t, Options{})
	for _, key := range []string{"a", "a/1", "a/2", "a/b/1", "a/b/2", "a0", "b/1", "c", "é/1", "z\xff"} {
		put(t, b, key, "v", PutOptions{})
	}
	for name, tt := range map[string]struct {
		q    ListQuery
		want string // keys and, in brackets, prefixes
	}{
		"all":                                  {ListQuery{}, "a a/1 a/2 a/b/1 a/b/2 a0 b/1 c z\xff é/1"},
		"a prefix":                             {ListQuery{Prefix: "a/"}, "a/1 a/2 a/b/1 a/b/2"},
		"a prefix that is a key":               {ListQuery{Prefix: "a"}, "a a/1 a/2 a/b/1 a/b/2 a0"},
		"a prefix of none":                     {ListQuery{Prefix: "d"}, ""},
		"a delimiter":                          {ListQuery{Delimiter: "/"}, "a [a/] a0 [b/] c z\xff [é/]"},
		"a delimiter below a prefix":           {ListQuery{Delimiter: "/", Prefix: "a/"}, "a/1 a/2 [a/b/]"},
		"a prefix that ends before it":         {ListQuery{Delimiter: "/", Prefix: "a"}, "a [a/] a0"},
		"a delimiter of several bytes":         {ListQuery{Delimiter: "/b"}, "a a/1 a/2 [a/b] a0 b/1 c z\xff é/1"},
		"a delimiter that ends the last byte":  {ListQuery{Delimiter: "\xff"}, "a a/1 a/2 a/b/1 a/b/2 a0 b/1 c [z\xff] é/1"},
		"start after a key":                    {ListQuery{StartAfter: "a/2"}, "a/b/1 a/b/2 a0 b/1 c z\xff é/1"},
		"start after what is no key":           {ListQuery{StartAfter: "a/3"}, "a/b/1 a/b/2 a0 b/1 c z\xff é/1"},
		"start after a key within a group":     {ListQuery{StartAfter: "a/1", Delimiter: "/"}, "[a/] a0 [b/] c z\xff [é/]"},
		"start after the last":                 {ListQuery{StartAfter: "é/1"}, ""},
		"start after, before what is selected": {ListQuery{StartAfter: "a", Prefix: "b"}, "b/1"},
	} {
		for _, limit := range []int{0, 1, 2, 3} {
			t.Run(fmt.Sprintf("%s, pages of %d", name, limit), func(t *testing.T) {
				q := tt.q
				q.Limit = limit
				got := strings.Join(listAll(t, b, q), " ")
				if want := sortRows(tt.want); got != want {
					t.Errorf("got  %q\nwant %q", got, want)
				}
			})
		}
	}
}

// listAll reads all pages and returns their keys and, in brackets, their prefixes.
func listAll(t testing.TB, b *Bucket, q ListQuery) []string {
	t.Helper()
	var keys, prefixes []string
	for {
		page, err := b.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Objects {
			keys = append(keys, o.Key)
		}
		for _, p := range page.Prefixes {
			prefixes = append(prefixes, "["+p+"]")
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return append(keys, prefixes...)
		}
		if n := len(page.Objects) + len(page.Prefixes); n != q.Limit {
			t.Fatalf("a page of %d before the last", n)
		}
	}
}

// sortRows puts the prefixes behind the keys, as listAll does.
func sortRows(s string) string {
	var keys, prefixes []string
	for _, f := range strings.Fields(s) {
		if strings.HasPrefix(f, "[") {
			prefixes = append(prefixes, f)
		} else {
			keys = append(keys, f)
		}
	}
	return strings.Join(append(keys, prefixes...), " ")
}

func TestListLimits(t *testing.T) {
	b := openOne(t, Options{})
	for i := range 120 {
		put(t, b, fmt.Sprintf("%03d", i), "", PutOptions{})
	}
	for name, tt := range map[string]struct {
		q    ListQuery
		want int
		code Code
	}{
		"as many as there are":            {ListQuery{}, 120, 0},
		"a hundred when metadata is too":  {ListQuery{Metadata: true}, 100, 0},
		"fewer when fewer are asked for":  {ListQuery{Metadata: true, Limit: 7}, 7, 0},
		"1000 may be asked for":           {ListQuery{Limit: 1000}, 120, 0},
		"1001 may not":                    {ListQuery{Limit: 1001}, 0, CodeInvalidMaxKeys},
		"nor fewer than one":              {ListQuery{Limit: -1}, 0, CodeInvalidMaxKeys},
		"nor with a cursor of our making": {ListQuery{Cursor: "!"}, 0, CodeInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := b.List(t.Context(), tt.q)
			if code(err) != tt.code || len(page.Objects) != tt.want {
				t.Errorf("%d objects, %v; want %d, %d", len(page.Objects), err, tt.want, tt.code)
			}
		})
	}
}

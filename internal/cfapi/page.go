package cfapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Lists come in four styles, and clients know by the endpoint which one it is:
//
//   - pages: ?page and ?per_page, an array, a PageInfo. The SDKs read on until a page is empty, wrangler
//     until one is shorter than it asked for: both numbers must be honoured exactly.
//   - cursors: ?cursor and ?limit or ?per_page, an array, a CursorInfo. An empty cursor is the end.
//   - wrapped: the array is a field of the result, {"buckets":[…]}, with pages, cursors or neither.
//   - single: all there is, whatever is asked, with the PageInfo of Single.

// Bounds are those of a number in a query, and what it is when the query does not have it.
type Bounds struct{ Default, Min, Max int }

// Number reads the number called name. The error is a *QueryError.
func (b Bounds) Number(q url.Values, name string) (int, error) {
	text := q.Get(name)
	if text == "" {
		return b.Default, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < b.Min || n > b.Max {
		return 0, &QueryError{Name: name, Value: text, Bounds: b, NaN: errors.Is(err, strconv.ErrSyntax), TooLarge: n > b.Max}
	}
	return n, nil
}

// A QueryError is a number in a query that its list does not take. Products say it in their own words.
type QueryError struct {
	Name, Value string
	Bounds      Bounds
	NaN         bool // it is no number
	TooLarge    bool // it is a number, above Bounds.Max
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("Invalid value for %s: %q is not a number from %d to %d", e.Name, e.Value, e.Bounds.Min, e.Bounds.Max)
}

// Fault returns the form for the caller, of the lists that belong to no product. Its number is assumed.
func (e *QueryError) Fault() Fault {
	return Fault{Status: http.StatusBadRequest, Code: 1001, Message: e.Error()}
}

// maxPage bounds the number of a page, so that its product with a page's size stays a number.
const maxPage = 1 << 24

// A Page says which part of a list a client wants.
type Page struct {
	Number int // from 1
	Size   int
}

// PageOf reads page and per_page. The error is a *QueryError.
func PageOf(q url.Values, perPage Bounds) (p Page, err error) {
	if p.Number, err = (Bounds{1, 1, maxPage}).Number(q, "page"); err != nil {
		return p, err
	}
	p.Size, err = perPage.Number(q, "per_page")
	return p, err
}

// Info is the result_info of page p, which has count rows of total.
func (p Page) Info(count, total int) PageInfo {
	return PageInfo{Page: p.Number, PerPage: p.Size, Count: count, TotalCount: total, TotalPages: (total + p.Size - 1) / p.Size}
}

// Cut returns the rows of page p of all, and what to say of them. Past the end there are none.
func Cut[T any](all []T, p Page) ([]T, PageInfo) {
	from := min((p.Number-1)*p.Size, len(all))
	rows := all[from:min(from+p.Size, len(all))]
	return rows, p.Info(len(rows), len(all))
}

// PageInfo is the result_info of a list that is read page by page.
type PageInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// Single is the result_info of a list that comes whole.
func Single(count int) PageInfo {
	return PageInfo{Page: 1, PerPage: max(count, 20), Count: count, TotalCount: count, TotalPages: min(count, 1)}
}

// CursorInfo is the result_info of a list that is read by cursors.
type CursorInfo struct {
	Count  int    `json:"count"`
	Cursor string `json:"cursor"` // empty: there is no more
}

// After returns the rows of all behind the one called cursor, limit at the most, and the cursor of the
// rest, or "". All is in the order of its names, or against it when descending; the row that the cursor
// names may be gone.
func After[T any](all []T, name func(T) string, cursor string, descending bool, limit int) (rows []T, next string) {
	for cursor != "" && len(all) > 0 {
		if n := name(all[0]); n != cursor && (n < cursor) == descending {
			break
		}
		all = all[1:]
	}
	if len(all) <= limit {
		return all, ""
	}
	return all[:limit], name(all[limit-1])
}

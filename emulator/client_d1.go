package emulator

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
)

// A DatabaseRef is a D1 database that was asked for by binding, name or id.
type DatabaseRef struct {
	ID      string
	Name    string
	Binding string // as the configuration calls it, or what it was asked for by
}

// FindDatabase returns the database that the configuration means by a binding, a name or an id, else
// the one of that name or id in the state.
func (c *Client) FindDatabase(ctx context.Context, name string) (*DatabaseRef, error) {
	ask, binding := name, name
	if b := c.configured(name); b != nil {
		ask, binding = c.databaseOf(*b), b.Binding
	}
	var found struct{ UUID, Name string }
	err := c.call(ctx, http.MethodGet, c.database(ask, "?fields=uuid%2Cname"), nil, &found)
	if api, ok := errors.AsType[*APIError](err); ok && api.Status == http.StatusNotFound {
		return nil, c.unknownDatabase(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	return &DatabaseRef{found.UUID, found.Name, binding}, nil
}

// configured is the entry of the configuration that a binding, name or id means, or nil.
func (c *Client) configured(name string) *wrangler.D1Database {
	if c.config == nil {
		return nil
	}
	for i, b := range c.config.D1Databases {
		if name == b.Binding || name == b.DatabaseName || name == b.DatabaseID {
			return &c.config.D1Databases[i]
		}
	}
	return nil
}

// databaseOf is the id of a database of the configuration or, while it has none, its name.
func (c *Client) databaseOf(b wrangler.D1Database) string {
	id, name := identify(b.DatabaseID, b.DatabaseName, c.config.Name, b.Binding, isUUID)
	if id == "" {
		return name
	}
	return id
}

func (c *Client) unknownDatabase(ctx context.Context, name string) error {
	known := map[string]bool{}
	var names []string
	add := func(n string) {
		if n != "" && !known[n] {
			known[n] = true
			names = append(names, n)
		}
	}
	if c.config != nil {
		for _, b := range c.config.D1Databases {
			add(b.Binding)
		}
	}
	list, err := c.Databases(ctx)
	if err != nil {
		return err
	}
	for _, db := range list {
		var one struct{ Name string }
		if err := json.Unmarshal(db, &one); err != nil {
			return err
		}
		add(one.Name)
	}
	there := "There is none yet"
	if len(names) > 0 {
		there = "There are " + strings.Join(names, ", ")
	}
	return fmt.Errorf("there is no D1 database %q, neither by binding nor by name or id. %s; `cfemu d1 create` makes one", name, there)
}

func (c *Client) database(idOrName, rest string) string {
	return c.account("/d1/database/" + url.PathEscape(idOrName) + rest)
}

// databasesPerPage is how many databases are asked for at once.
const databasesPerPage = 100

// Databases lists all databases, each as client/v4 shows it.
func (c *Client) Databases(ctx context.Context) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for page := 1; ; page++ {
		var some []json.RawMessage
		address := c.account(fmt.Sprintf("/d1/database?per_page=%d&page=%d", databasesPerPage, page))
		if err := c.call(ctx, http.MethodGet, address, nil, &some); err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < databasesPerPage {
			return all, nil
		}
	}
}

// DatabaseInfo describes a database as client/v4 does.
func (c *Client) DatabaseInfo(ctx context.Context, id string) (json.RawMessage, error) {
	var info json.RawMessage
	err := c.call(ctx, http.MethodGet, c.database(id, ""), nil, &info)
	return info, err
}

// A DatabaseUsage is what was done to a database.
type DatabaseUsage struct{ ReadQueries, WriteQueries, RowsRead, RowsWritten int64 }

// d1Usage is the query of `wrangler d1 info`.
const d1Usage = `query getD1MetricsOverviewQuery($accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject) {
  viewer { accounts(filter: {accountTag: $accountTag}) { d1AnalyticsAdaptiveGroups(limit: 10000, filter: $filter) {
    sum { readQueries writeQueries rowsRead rowsWritten } dimensions { datetimeHour } } } }
}`

// DatabaseUsage tells what was done to a database in the 24 hours before now.
func (c *Client) DatabaseUsage(ctx context.Context, id string) (DatabaseUsage, error) {
	now := clock.System.Now().UTC()
	const form = "2006-01-02T15:04:05.000Z"
	in := map[string]any{
		"query": d1Usage, "operationName": "getD1MetricsOverviewQuery",
		"variables": map[string]any{"accountTag": AccountID, "filter": map[string]any{"AND": []any{map[string]string{
			"datetimeHour_geq": now.AddDate(0, 0, -1).Format(form), "datetimeHour_leq": now.Format(form), "databaseId": id,
		}}}},
	}
	var total DatabaseUsage
	b, err := json.Marshal(in)
	if err != nil {
		return total, err
	}
	b, err = c.send(ctx, http.MethodPost, c.door+control.Prefix+"/graphql", "application/json", strings.NewReader(string(b)))
	if err != nil {
		return total, err
	}
	var out struct {
		Data *struct {
			Viewer struct {
				Accounts []struct {
					D1AnalyticsAdaptiveGroups []struct{ Sum DatabaseUsage }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return total, fmt.Errorf("graphql: %w", err)
	}
	if out.Data == nil {
		return total, nil
	}
	for _, account := range out.Data.Viewer.Accounts {
		for _, g := range account.D1AnalyticsAdaptiveGroups {
			total.ReadQueries += g.Sum.ReadQueries
			total.WriteQueries += g.Sum.WriteQueries
			total.RowsRead += g.Sum.RowsRead
			total.RowsWritten += g.Sum.RowsWritten
		}
	}
	return total, nil
}

// A NewDatabase is what a database is created from; the name alone will do.
type NewDatabase struct {
	Name         string `json:"name"`
	Location     string `json:"primary_location_hint,omitempty"`
	Jurisdiction string `json:"jurisdiction,omitempty"`
}

// CreatedDatabase is a database that was made. Region may be empty.
type CreatedDatabase struct {
	ID     string `json:"uuid"`
	Name   string `json:"name"`
	Region string `json:"created_in_region"`
}

// CreateDatabase makes an empty database.
func (c *Client) CreateDatabase(ctx context.Context, db NewDatabase) (*CreatedDatabase, error) {
	var made CreatedDatabase
	if err := c.call(ctx, http.MethodPost, c.account("/d1/database"), db, &made); err != nil {
		return nil, err
	}
	return &made, nil
}

// DeleteDatabase removes a database and all that is in it.
func (c *Client) DeleteDatabase(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, c.database(id, ""), nil, nil)
}

// Query runs SQL, one statement or more in one transaction, and returns the array of their results.
func (c *Client) Query(ctx context.Context, id, sql string) (json.RawMessage, error) {
	var results json.RawMessage
	err := c.call(ctx, http.MethodPost, c.database(id, "/query"), map[string]string{"sql": sql}, &results)
	return results, err
}

// A transfer is an answer of the import and export routes, while they work and at the end.
type transfer struct {
	Success  bool            `json:"success"`
	Status   string          `json:"status"` // active, complete or error
	Bookmark string          `json:"at_bookmark"`
	Messages []string        `json:"messages"`
	Error    string          `json:"error"`
	Errors   []string        `json:"errors"`
	Filename string          `json:"filename"`
	Upload   string          `json:"upload_url"`
	Result   json.RawMessage `json:"result"`
}

func (t *transfer) failure() error {
	texts := t.Errors
	if len(texts) == 0 && t.Error != "" {
		texts = []string{t.Error}
	}
	switch {
	case t.Success && t.Status != "error":
		return nil
	case len(texts) == 0:
		return errors.New("it failed, and the answer does not say why")
	}
	text := strings.Join(texts, "\n")
	if m := placeOfImport().FindStringSubmatch(text); m != nil {
		e := &PlacedError{Message: m[1]}
		e.Line, _ = strconv.Atoi(m[2]) // digits
		e.Column, _ = strconv.Atoi(m[3])
		return e
	}
	return errors.New(text)
}

// A PlacedError is what SQLite says of a script, and where: lines and columns count from 1.
type PlacedError struct {
	Line, Column int
	Message      string
}

func (e *PlacedError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// placeOfImport is how the import route tells where a script has failed.
var placeOfImport = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)^(.*)\nat line (\d+), column (\d+): .*$`)
})

// An ImportResult is what a script came to.
type ImportResult struct {
	Queries  int64           `json:"num_queries"`
	Bookmark string          `json:"final_bookmark"`
	Meta     json.RawMessage `json:"meta"`
}

// Import runs a script of any size: all of it or nothing. tell hears of progress.
//
// Receipt: requests of `wrangler d1 execute --file --remote`.
func (c *Client) Import(ctx context.Context, id string, script io.ReadSeeker, tell func(string)) (*ImportResult, error) {
	sum := md5.New()
	size, err := io.Copy(sum, script)
	if err != nil {
		return nil, err
	}
	etag := hex.EncodeToString(sum.Sum(nil))
	route := c.database(id, "/import")
	var t transfer
	if err := c.call(ctx, http.MethodPost, route, map[string]string{"action": "init", "etag": etag}, &t); err != nil {
		return nil, err
	}
	if t.Upload != "" {
		if _, err := script.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		if err := c.upload(ctx, t.Upload, etag, &counted{from: script, size: size, tell: tell}, size); err != nil {
			return nil, err
		}
		in := map[string]string{"action": "ingest", "filename": t.Filename, "etag": etag}
		if t, err = c.transfer(ctx, route, in); err != nil {
			return nil, err
		}
	}
	err = c.follow(ctx, &t, tell, func() (transfer, error) {
		return c.transfer(ctx, route, map[string]string{"action": "poll", "current_bookmark": t.Bookmark})
	})
	if err != nil {
		return nil, err
	}
	var result ImportResult
	if err := json.Unmarshal(t.Result, &result); err != nil {
		return nil, fmt.Errorf("the import's result: %w", err)
	}
	return &result, nil
}

func (c *Client) transfer(ctx context.Context, route string, in any) (transfer, error) {
	var t transfer
	err := c.call(ctx, http.MethodPost, route, in, &t)
	return t, err
}

// follow asks again until t is complete or has failed.
func (c *Client) follow(ctx context.Context, t *transfer, tell func(string), poll func() (transfer, error)) error {
	wait := 10 * time.Millisecond
	for {
		if err := t.failure(); err != nil {
			return err
		}
		for _, m := range t.Messages {
			tell(m)
		}
		if t.Status == "complete" {
			return nil
		}
		if err := clock.Sleep(ctx, clock.System, wait); err != nil {
			return err
		}
		wait = min(2*wait, time.Second)
		next, err := poll()
		if err != nil {
			return err
		}
		*t = next
	}
}

func (c *Client) upload(ctx context.Context, address, etag string, body io.Reader, size int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, io.NopCloser(body))
	if err != nil {
		return err
	}
	req.ContentLength = size
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return asAPIError(res, b)
	case strings.Trim(res.Header.Get("ETag"), `"`) != etag:
		return errors.New("the file has changed while it was uploaded: try again")
	}
	return nil
}

// counted tells how much of a file has been read, every few megabytes.
type counted struct {
	from       io.Reader
	size, read int64
	told       int64
	tell       func(string)
}

const tellEvery = 4 << 20

func (r *counted) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	r.read += int64(n)
	if r.read-r.told >= tellEvery {
		r.told = r.read
		r.tell(fmt.Sprintf("Uploaded %d of %d MB", r.read/1e6, r.size/1e6))
	}
	return n, err
}

// A Dump says what an export holds. The zero value is all of it.
type Dump struct {
	NoSchema      bool     `json:"no_schema"`
	NoData        bool     `json:"no_data"`
	Tables        []string `json:"tables"`
	Compatibility string   `json:"compatibility,omitempty"`
}

// Export writes a database as SQL.
//
// Receipt: requests of `wrangler d1 export --remote`.
func (c *Client) Export(ctx context.Context, id string, dump Dump, w io.Writer, tell func(string)) error {
	if dump.Tables == nil {
		dump.Tables = []string{}
	}
	type request struct {
		Format   string `json:"output_format"`
		Dump     Dump   `json:"dump_options"`
		Bookmark string `json:"current_bookmark,omitempty"`
	}
	route := c.database(id, "/export")
	t, err := c.transfer(ctx, route, request{"polling", dump, ""})
	if err != nil {
		return err
	}
	err = c.follow(ctx, &t, tell, func() (transfer, error) {
		return c.transfer(ctx, route, request{"polling", dump, t.Bookmark})
	})
	if err != nil {
		return err
	}
	var result struct {
		URL string `json:"signed_url"`
	}
	if err := json.Unmarshal(t.Result, &result); err != nil {
		return fmt.Errorf("the export's result: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, result.URL, nil)
	if err != nil {
		return err
	}
	return c.fetch(req, w)
}

// Bookmark returns {bookmark}: the database as it was at a time, or as it is for the zero time.
func (c *Client) Bookmark(ctx context.Context, id string, at time.Time) (json.RawMessage, error) {
	query := ""
	if !at.IsZero() {
		query = "?timestamp=" + url.QueryEscape(at.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	var result json.RawMessage
	err := c.call(ctx, http.MethodGet, c.database(id, "/time_travel/bookmark"+query), nil, &result)
	return result, err
}

// Restore brings a database back to a bookmark: {bookmark, previous_bookmark, message}.
func (c *Client) Restore(ctx context.Context, id, bookmark string) (json.RawMessage, error) {
	var result json.RawMessage
	err := c.call(ctx, http.MethodPost, c.database(id, "/time_travel/restore?bookmark="+url.QueryEscape(bookmark)), nil, &result)
	return result, err
}

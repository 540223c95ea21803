package d1

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GraphQL returns what answers operations of Cloudflare's GraphQL API, by operation name: those that
// wrangler sends for `d1 info` and `d1 insights`. query is the text of the operation, whose limit and order
// count; variables hold its filter. The answer is the data.
//
// Receipt: requests of wrangler 4.164.
func (s *Service) GraphQL() map[string]func(query string, variables json.RawMessage) (any, error) {
	return map[string]func(string, json.RawMessage) (any, error){
		"getD1MetricsOverviewQuery": s.metricsOverview,
		"getD1QueriesOverviewQuery": s.queriesOverview,
	}
}

type graphObject = map[string]any

// viewer wraps the rows of an account.
func viewer(name string, rows []graphObject) graphObject {
	return graphObject{"viewer": graphObject{"accounts": []graphObject{{name: rows}}}}
}

func (s *Service) metricsOverview(query string, variables json.RawMessage) (any, error) {
	f, err := parseInsightFilter(variables)
	if err != nil {
		return nil, err
	}
	limit, err := graphLimit(query)
	if err != nil {
		return nil, err
	}
	rows := []graphObject{}
	for _, m := range s.insights.metrics(f) {
		if len(rows) == limit {
			break
		}
		rows = append(rows, graphObject{
			"sum":        graphObject{"readQueries": m.readQueries, "writeQueries": m.writeQueries, "rowsRead": m.rowsRead, "rowsWritten": m.rowsWritten},
			"dimensions": graphObject{"datetimeHour": m.hour.Format(time.RFC3339)},
		})
	}
	return viewer("d1AnalyticsAdaptiveGroups", rows), nil
}

func (s *Service) queriesOverview(query string, variables json.RawMessage) (any, error) {
	f, err := parseInsightFilter(variables)
	if err != nil {
		return nil, err
	}
	limit, err := graphLimit(query)
	if err != nil {
		return nil, err
	}
	less, err := graphOrder(query)
	if err != nil {
		return nil, err
	}
	found := s.insights.statements(f)
	slices.SortFunc(found, less)
	rows := []graphObject{}
	for _, m := range found[:min(limit, len(found))] {
		n := float64(m.count)
		ms := float64(m.duration.Microseconds()) / 1000
		rows = append(rows, graphObject{
			"sum":        graphObject{"queryDurationMs": ms, "rowsRead": m.rowsRead, "rowsWritten": m.rowsWritten, "rowsReturned": m.rowsReturn},
			"avg":        graphObject{"queryDurationMs": ms / n, "rowsRead": float64(m.rowsRead) / n, "rowsWritten": float64(m.rowsWritten) / n, "rowsReturned": float64(m.rowsReturn) / n},
			"count":      m.count,
			"dimensions": graphObject{"query": m.query, "databaseId": m.database},
		})
	}
	return viewer("d1QueriesAdaptiveGroups", rows), nil
}

// parseInsightFilter reads {"filter":{"AND":[{…}]}}; conditions may also stand beside AND.
func parseInsightFilter(variables json.RawMessage) (insightFilter, error) {
	type condition struct {
		From     *time.Time `json:"datetimeHour_geq"`
		To       *time.Time `json:"datetimeHour_leq"`
		Database string     `json:"databaseId"`
	}
	var v struct {
		Account string `json:"accountTag"`
		Filter  struct {
			condition
			And []condition `json:"AND"`
		} `json:"filter"`
	}
	var f insightFilter
	if len(bytes.TrimSpace(variables)) == 0 {
		return f, nil
	}
	d := json.NewDecoder(bytes.NewReader(variables))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return f, fmt.Errorf("variables: %w; cfemu knows accountTag and a filter of datetimeHour_geq, datetimeHour_leq and databaseId", err)
	}
	for _, c := range append(v.Filter.And, v.Filter.condition) {
		if c.From != nil && c.From.After(f.from) {
			f.from = *c.From
		}
		if c.To != nil && (f.to.IsZero() || c.To.Before(f.to)) {
			f.to = *c.To
		}
		if c.Database != "" {
			f.database = c.Database
		}
	}
	return f, nil
}

var (
	limitArgument = regexp.MustCompile(`\blimit:\s*([^\s,)]*)`)
	orderArgument = regexp.MustCompile(`\borderBy:\s*\[\s*(\w*)\s*\]`)
)

// maxGraphRows is the largest limit of the API: https://developers.cloudflare.com/analytics/graphql-api/limits/
const maxGraphRows = 10_000

func graphLimit(query string) (int, error) {
	m := limitArgument.FindStringSubmatch(query)
	if m == nil {
		return maxGraphRows, nil
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n < 1 || n > maxGraphRows {
		return 0, fmt.Errorf("limit must be positive number and not greater than %d", maxGraphRows)
	}
	return n, nil
}

// graphOrder reads an order such as sum_rowsRead_DESC. Rows that are equal in it are ordered by their text.
func graphOrder(query string) (func(a, b statementRow) int, error) {
	by := func(statementRow) float64 { return 0 }
	sign := 1
	if m := orderArgument.FindStringSubmatch(query); m != nil {
		column, direction := m[1], ""
		if i := strings.LastIndexByte(column, '_'); i >= 0 {
			column, direction = column[:i], column[i+1:]
		}
		switch direction {
		case "ASC":
		case "DESC":
			sign = -1
		default:
			return nil, fmt.Errorf("orderBy: unknown order %q", m[1])
		}
		if by = graphColumn(column); by == nil {
			return nil, fmt.Errorf("orderBy: unknown order %q", m[1])
		}
	}
	return func(a, b statementRow) int {
		return cmp.Or(sign*cmp.Compare(by(a), by(b)), strings.Compare(a.query, b.query), strings.Compare(a.database, b.database))
	}, nil
}

// graphColumn returns the value that a column stands for; nil when there is no such column.
func graphColumn(column string) func(statementRow) float64 {
	if column == "count" {
		return func(r statementRow) float64 { return float64(r.count) }
	}
	kind, field, _ := strings.Cut(column, "_")
	sum := map[string]func(statementRow) float64{
		"queryDurationMs": func(r statementRow) float64 { return float64(r.duration) },
		"rowsRead":        func(r statementRow) float64 { return float64(r.rowsRead) },
		"rowsWritten":     func(r statementRow) float64 { return float64(r.rowsWritten) },
		"rowsReturned":    func(r statementRow) float64 { return float64(r.rowsReturn) },
	}[field]
	switch {
	case sum == nil:
	case kind == "sum":
		return sum
	case kind == "avg":
		return func(r statementRow) float64 { return sum(r) / float64(r.count) }
	}
	return nil
}

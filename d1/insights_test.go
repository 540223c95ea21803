package d1

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// The operations as wrangler 4.164 sends them, but for blanks.
const (
	metricsQuery = `query getD1MetricsOverviewQuery($accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject) {
		viewer { accounts(filter: {accountTag: $accountTag}) { d1AnalyticsAdaptiveGroups(limit: 10000, filter: $filter) {
			sum { readQueries writeQueries rowsRead rowsWritten } dimensions { datetimeHour } } } } }`
	queriesQuery = `query getD1QueriesOverviewQuery($accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject) {
		viewer { accounts(filter: {accountTag: $accountTag}) { d1QueriesAdaptiveGroups(limit: %s, filter: $filter, orderBy: [%s]) {
			sum { queryDurationMs rowsRead rowsWritten rowsReturned } avg { queryDurationMs rowsRead rowsWritten rowsReturned }
			count dimensions { query databaseId } } } } }`
)

// hourly is a service whose clock stands at 10:30, with a database that has done the same at 10:30, 11:30
// and 12:30.
func hourly(t *testing.T) (testService, *Database, *clock.Movable) {
	t.Helper()
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2026, 1, 2, 10, 30, 0, 0, time.UTC))
	s := openAt(t, t.TempDir(), Options{NoSync: true, Clock: c})
	steady(s.Service)
	db, other := s.create(t, "db"), s.create(t, "other")
	run := func(db *Database, stmts ...Statement) {
		t.Helper()
		if _, err := db.Batch(context.Background(), stmts); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if i > 0 {
			c.Advance(time.Hour)
		}
		if _, err := db.Exec(context.Background(), fmt.Sprintf("create table t%d(a); select 1; insert into t%[1]d values (1),(2),(3);", i)); err != nil {
			t.Fatal(err)
		}
		run(db, Statement{SQL: "select * from t0"}, Statement{SQL: " "}, Statement{SQL: "select * from t0 where a > ?", Params: []any{2.0}}, Statement{SQL: "insert into t0 values (4)"})
		run(db, Statement{SQL: "select * from t0"})
		run(other, Statement{SQL: "select 1"})
		if _, err := db.Batch(context.Background(), []Statement{{SQL: "select * from nothing"}}); err == nil {
			t.Fatal("no error")
		}
	}
	return s, db, c
}

// ask sends an operation and returns the rows, each as JSON on a line.
func ask(t *testing.T, s testService, operation, query, variables string) (string, error) {
	t.Helper()
	data, err := s.GraphQL()[operation](query, json.RawMessage(variables))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, rows := range data.(graphObject)["viewer"].(graphObject)["accounts"].([]graphObject)[0] {
		for _, row := range rows.([]graphObject) {
			b, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s\n", b)
		}
	}
	return out.String(), nil
}

func TestMetricsOverview(t *testing.T) {
	s, db, _ := hourly(t)
	hour := func(h, rowsRead, rowsWritten int) string {
		return fmt.Sprintf(`{"dimensions":{"datetimeHour":"2026-01-02T%d:00:00Z"},"sum":{"readQueries":4,"rowsRead":%d,"rowsWritten":%d,"writeQueries":3}}`+"\n", h, rowsRead, rowsWritten)
	}
	for name, tt := range map[string]struct{ filter, want string }{
		"one database, all hours": {fmt.Sprintf(`{"AND":[{"datetimeHour_geq":"2026-01-01T12:30:00.000Z","datetimeHour_leq":"2026-01-02T12:30:00.000Z","databaseId":%q}]}`, db.ID),
			hour(10, 11, 6) + hour(11, 14, 6) + hour(12, 17, 6)},
		"hours that began in the window": {fmt.Sprintf(`{"AND":[{"datetimeHour_geq":"2026-01-02T10:30:00Z","datetimeHour_leq":"2026-01-02T11:59:59Z"}],"databaseId":%q}`, db.ID), hour(11, 14, 6)},
		"a window before":                {`{"AND":[{"datetimeHour_leq":"2026-01-02T09:00:00Z"}]}`, ""},
		"another database":               {`{"databaseId":"x"}`, ""},
	} {
		got, err := ask(t, s, "getD1MetricsOverviewQuery", metricsQuery, `{"accountTag":"a","filter":`+tt.filter+`}`)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v\ngot\n%swant\n%s", name, err, got, tt.want)
		}
	}
}

func TestQueriesOverview(t *testing.T) {
	s, db, _ := hourly(t)
	row := func(query, database string, count int, ms, avgMs, read, avgRead, written, avgWritten, returned, avgReturned float64) string {
		return fmt.Sprintf(`{"avg":{"queryDurationMs":%v,"rowsRead":%v,"rowsReturned":%v,"rowsWritten":%v},"count":%d,"dimensions":{"databaseId":%q,"query":%s},"sum":{"queryDurationMs":%v,"rowsRead":%v,"rowsReturned":%v,"rowsWritten":%v}}`+"\n",
			avgMs, avgRead, avgReturned, avgWritten, count, database, query, ms, read, returned, written)
	}
	all := row(`"select * from t0"`, db.ID, 6, 2.25, 0.375, 27, 4.5, 0, 0, 27, 4.5)
	some := row(`"select * from t0 where a \u003e ?"`, db.ID, 3, 1.5, 0.5, 12, 4, 0, 0, 6, 2)
	insert := row(`"insert into t0 values (4)"`, db.ID, 3, 1.5, 0.5, 0, 0, 3, 1, 0, 0)
	one := row(`"select 1"`, "00000000-0000-4000-8000-000000000002", 3, 0.75, 0.25, 0, 0, 0, 0, 3, 1)
	for name, tt := range map[string]struct{ limit, order, filter, want string }{
		"the most rows read":         {"5", "sum_rowsRead_DESC", `{"databaseId":"` + db.ID + `"}`, all + some + insert},
		"the fewest":                 {"5", "sum_rowsRead_ASC", `{"databaseId":"` + db.ID + `"}`, insert + some + all},
		"by count":                   {"1", "count_DESC", `{}`, all},
		"by average":                 {"2", "avg_queryDurationMs_DESC", `{}`, insert + some},
		"all databases":              {"5", "sum_rowsWritten_DESC", `{}`, insert + all + some + one},
		"nothing outside the window": {"5", "count_DESC", `{"AND":[{"datetimeHour_geq":"2026-01-02T12:30:00Z"}]}`, ""},
		"one hour of three": {"1", "sum_rowsReturned_DESC", `{"AND":[{"datetimeHour_geq":"2026-01-02T10:00:00Z","datetimeHour_leq":"2026-01-02T10:59:00Z"}]}`,
			row(`"select * from t0"`, db.ID, 2, 0.75, 0.375, 7, 3.5, 0, 0, 7, 3.5)},
	} {
		got, err := ask(t, s, "getD1QueriesOverviewQuery", fmt.Sprintf(queriesQuery, tt.limit, tt.order), `{"accountTag":"a","filter":`+tt.filter+`}`)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v\ngot\n%swant\n%s", name, err, got, tt.want)
		}
	}
}

func TestGraphQLRefusesWhatItDoesNotKnow(t *testing.T) {
	s, _, _ := hourly(t)
	for name, tt := range map[string]struct{ query, variables, want string }{
		"a limit of none":     {fmt.Sprintf(queriesQuery, "0", "count_DESC"), `{}`, "limit must be positive number and not greater than 10000"},
		"a limit too large":   {fmt.Sprintf(queriesQuery, "10001", "count_DESC"), `{}`, "limit must be positive number and not greater than 10000"},
		"a limit that is NaN": {fmt.Sprintf(queriesQuery, "NaN", "count_DESC"), `{}`, "limit must be positive number and not greater than 10000"},
		"an unknown order":    {fmt.Sprintf(queriesQuery, "5", "sum_age_DESC"), `{}`, `orderBy: unknown order "sum_age_DESC"`},
		"no direction":        {fmt.Sprintf(queriesQuery, "5", "count"), `{}`, `orderBy: unknown order "count"`},
		"an unknown filter":   {queriesQuery, `{"filter":{"AND":[{"date":"2026-01-02"}]}}`, `unknown field "date"`},
		"a time that is none": {queriesQuery, `{"filter":{"datetimeHour_geq":"now"}}`, "parsing time"},
	} {
		if _, err := ask(t, s, "getD1QueriesOverviewQuery", tt.query, tt.variables); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

func TestInsightsAreBounded(t *testing.T) {
	c := clock.NewMovable()
	c.Freeze()
	in := &insights{clock: c}
	run := func(text string, took time.Duration) {
		in.batch("db", []Statement{{SQL: text}}, []Result{{Meta: Meta{Duration: took, RowsRead: 1}}})
	}
	count := func() int {
		n := 0
		for _, h := range in.hours {
			for _, d := range h.databases {
				n += len(d.statements)
			}
		}
		return n
	}
	for hour := range insightHours + 50 {
		run("long", time.Hour)
		if hour%30 == 0 {
			for i := range insightStatements + 10 {
				run(fmt.Sprintf("%d %s", i, strings.Repeat("x", insightText)), time.Duration(i))
			}
		}
		c.Advance(time.Hour)
	}
	if n := count(); n > insightTotal || n != in.texts {
		t.Errorf("%d statements, counted %d", n, in.texts)
	}
	if n := len(in.hours); n > insightHours+1 {
		t.Errorf("%d hours", n)
	}
	rows := in.statements(insightFilter{from: c.Now().Add(-25 * time.Hour)})
	if i := slices.IndexFunc(rows, func(r statementRow) bool { return r.query == "long" }); i < 0 || rows[i].count < 24 {
		t.Error("the statement that took longest is not there")
	}
	for _, r := range rows {
		if len(r.query) > insightText {
			t.Errorf("a text of %d bytes", len(r.query))
		}
	}
	var sum queryMetrics
	for _, m := range in.metrics(insightFilter{}) {
		sum.add(m.queryMetrics)
	}
	if sum.writeQueries < insightHours+10*insightStatements {
		t.Errorf("the sums have lost queries: %v", sum)
	}
}

package d1

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// Bounds of what is remembered of queries.
const (
	insightHours      = 31 * 24 // as far back as `wrangler d1 insights` can ask
	insightStatements = 1_000   // of one database in one hour; then those that took least are forgotten
	insightTotal      = 20_000  // of all; then those of the oldest hour are
	insightText       = 2_000   // bytes of a statement's text
)

// An insights counts what queries came to, hour by hour, for `d1 info` and `d1 insights`.
//
// Deviation: what `d1 info` and `d1 insights` show counts from the start of the process, and names the
// 1 000 statements of an hour that took longest.
type insights struct {
	clock clock.Clock

	mu    sync.Mutex
	hours []*insightHour // oldest first
	texts int            // statements in all hours
}

type insightHour struct {
	start     time.Time
	databases map[string]*databaseHour // by id
}

// A databaseHour is what one database did in one hour.
type databaseHour struct {
	metrics    queryMetrics
	statements map[string]*statementMetrics // by text
}

type queryMetrics struct{ readQueries, writeQueries, rowsRead, rowsWritten int64 }

func (m *queryMetrics) add(n queryMetrics) {
	m.readQueries += n.readQueries
	m.writeQueries += n.writeQueries
	m.rowsRead += n.rowsRead
	m.rowsWritten += n.rowsWritten
}

type statementMetrics struct {
	count                             int64
	duration                          time.Duration
	rowsRead, rowsWritten, rowsReturn int64
}

func (m *statementMetrics) add(n statementMetrics) {
	m.count += n.count
	m.duration += n.duration
	m.rowsRead += n.rowsRead
	m.rowsWritten += n.rowsWritten
	m.rowsReturn += n.rowsReturn
}

// batch counts the results of a batch of queries.
func (in *insights) batch(database string, stmts []Statement, results []Result) {
	in.mu.Lock()
	defer in.mu.Unlock()
	d := in.now(database)
	i := 0
	for _, r := range results {
		for len(results) != len(stmts) && isDropped(stmts[i].SQL) {
			i++ // it has no result
		}
		d.metrics.rowsRead += r.Meta.RowsRead
		d.metrics.rowsWritten += r.Meta.RowsWritten
		if r.reads {
			d.metrics.readQueries++
		} else {
			d.metrics.writeQueries++
		}
		m := in.statement(d, stmts[i].SQL)
		m.count++
		m.duration += r.Meta.Duration
		m.rowsRead += r.Meta.RowsRead
		m.rowsWritten += r.Meta.RowsWritten
		m.rowsReturn += int64(r.n)
		i++
	}
}

// script counts a script. Its statements are not told apart: those of a dump come once each.
func (in *insights) script(database string, r ExecResult) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.now(database).metrics.add(queryMetrics{
		readQueries: int64(r.reads), writeQueries: int64(r.Count - r.reads),
		rowsRead: r.Meta.RowsRead, rowsWritten: r.Meta.RowsWritten,
	})
}

// now returns the present hour of a database.
func (in *insights) now(database string) *databaseHour {
	start := in.clock.Now().UTC().Truncate(time.Hour)
	var h *insightHour
	if n := len(in.hours); n > 0 && in.hours[n-1].start.Equal(start) {
		h = in.hours[n-1]
	} else {
		h = in.hour(start)
	}
	d := h.databases[database]
	if d == nil {
		d = &databaseHour{statements: map[string]*statementMetrics{}}
		h.databases[database] = d
	}
	return d
}

// hour finds or begins an hour that is not the newest one: the clock can be moved, back too.
func (in *insights) hour(start time.Time) *insightHour {
	i, found := slices.BinarySearchFunc(in.hours, start, func(h *insightHour, t time.Time) int { return h.start.Compare(t) })
	if !found {
		in.hours = slices.Insert(in.hours, i, &insightHour{start: start, databases: map[string]*databaseHour{}})
	}
	h := in.hours[i]
	for len(in.hours) > 1 && in.hours[0] != h && in.hours[0].start.Before(start.Add(-insightHours*time.Hour)) {
		in.forget(in.hours[0])
		in.hours = in.hours[1:]
	}
	return h
}

// forget drops the statements of an hour, and keeps its sums.
func (in *insights) forget(h *insightHour) {
	for _, d := range h.databases {
		in.texts -= len(d.statements)
		clear(d.statements)
	}
}

// statement returns the sums of a statement, which may be new.
func (in *insights) statement(d *databaseHour, text string) *statementMetrics {
	text = text[:min(len(text), insightText)]
	if m := d.statements[text]; m != nil {
		return m
	}
	if len(d.statements) >= insightStatements {
		in.shrink(d)
	}
	for i := 0; in.texts >= insightTotal && i < len(in.hours); i++ {
		in.forget(in.hours[i])
	}
	m := &statementMetrics{}
	d.statements[strings.Clone(text)] = m
	in.texts++
	return m
}

// shrink forgets the half of an hour's statements that took least time.
func (in *insights) shrink(d *databaseHour) {
	texts := make([]string, 0, len(d.statements))
	for text := range d.statements {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(d.statements[a].duration, d.statements[b].duration), strings.Compare(a, b))
	})
	for _, text := range texts[:len(texts)/2] {
		delete(d.statements, text)
		in.texts--
	}
}

// An insightFilter selects hours and databases.
type insightFilter struct {
	from, to time.Time // of the beginning of an hour, both included; zero: open
	database string    // empty: all
}

func (f insightFilter) each(in *insights, do func(start time.Time, database string, d *databaseHour)) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, h := range in.hours {
		if h.start.Before(f.from) || !f.to.IsZero() && h.start.After(f.to) {
			continue
		}
		for id, d := range h.databases {
			if f.database == "" || f.database == id {
				do(h.start, id, d)
			}
		}
	}
}

// A metricsRow is one hour.
type metricsRow struct {
	hour time.Time
	queryMetrics
}

// metrics returns the sums of each hour, oldest first.
func (in *insights) metrics(f insightFilter) []metricsRow {
	var rows []metricsRow
	f.each(in, func(start time.Time, _ string, d *databaseHour) {
		if n := len(rows); n == 0 || !rows[n-1].hour.Equal(start) {
			rows = append(rows, metricsRow{hour: start})
		}
		rows[len(rows)-1].add(d.metrics)
	})
	return rows
}

// A statementRow is one statement on one database.
type statementRow struct {
	query, database string
	statementMetrics
}

// statements returns the sums of each statement, in no order.
func (in *insights) statements(f insightFilter) []statementRow {
	type key struct{ query, database string }
	sums := map[key]*statementMetrics{}
	f.each(in, func(_ time.Time, database string, d *databaseHour) {
		for text, m := range d.statements {
			k := key{text, database}
			if sums[k] == nil {
				sums[k] = &statementMetrics{}
			}
			sums[k].add(*m)
		}
	})
	rows := make([]statementRow, 0, len(sums))
	for k, m := range sums {
		rows = append(rows, statementRow{k.query, k.database, *m})
	}
	return rows
}

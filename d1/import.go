package d1

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
)

// An ExecResult is what a script came to.
type ExecResult struct {
	Count int // statements
	Meta  Meta

	reads int // of Count, those that wrote nothing
}

// Exec runs a script of any number of statements in one transaction. A statement that fails is told
// as a *ScriptError and undoes the whole script.
func (db *Database) Exec(ctx context.Context, script string) (ExecResult, error) {
	if err := db.free(); err != nil {
		return ExecResult{}, err
	}
	return db.runScript(ctx, "exec", newTextScript(script), scriptOptions{})
}

// Import is Exec for a script that is read from r, such as a dump. It may be of any length: no more
// than a piece of it is in memory. The limit of time is for each statement and not for all of them.
func (db *Database) Import(ctx context.Context, r io.Reader) (ExecResult, error) {
	if err := db.free(); err != nil {
		return ExecResult{}, err
	}
	return db.runScript(ctx, "import", newScript(r), scriptOptions{each: db.svc.timeout})
}

// scriptOptions say how a script is run.
type scriptOptions struct {
	each     time.Duration     // the time that a statement may take; 0: the script has that of a request
	progress func(count int)   // is told how many statements have been run, now and then
	also     func(*conn) error // runs behind the script in the same transaction
}

func (db *Database) runScript(ctx context.Context, name string, s *scriptReader, opts scriptOptions) (_ ExecResult, err error) {
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: name, Resource: db.Name})
	if err != nil {
		return ExecResult{}, err
	}
	defer func() { span.End(err) }()

	r, err := db.script(ctx, s, opts)
	span.Count(rowsRead, r.Meta.RowsRead)
	span.Count(rowsWritten, r.Meta.RowsWritten)
	return r, err
}

// script runs the statements of a script in one transaction.
func (db *Database) script(ctx context.Context, s *scriptReader, opts scriptOptions) (ExecResult, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if err := db.usable(); err != nil {
		return ExecResult{}, err
	}
	run := scriptRun{script: s, opts: opts}
	err := db.transaction(ctx, func(cn *conn) error {
		before, id := cn.size(), cn.lastRowID()
		took := db.svc.watch()
		if err := run.all(cn); err != nil {
			return err
		}
		m := &run.result.Meta
		m.Duration = took()
		m.SizeAfter, m.LastRowID = cn.size(), cn.lastRowID()
		m.ChangedDB = m.Changes != 0 || m.SizeAfter != before || m.LastRowID != id
		if opts.also != nil {
			return opts.also(cn)
		}
		return nil
	})
	if err != nil {
		return ExecResult{}, err
	}
	db.pool.size.Store(run.result.Meta.SizeAfter)
	db.svc.insights.script(db.ID, run.result)
	return run.result, nil
}

// A scriptRun runs a script on the writer.
type scriptRun struct {
	script *scriptReader
	opts   scriptOptions
	result ExecResult
	costs  map[uint64]*cost // by the shape of the statement
}

// A cost is what a statement of some shape reads and writes.
type cost struct {
	read, written, changes int64
	settled                bool // two such statements came to the same
}

// maxCosts is how many shapes a script's costs are kept for.
const maxCosts = 256

func (r *scriptRun) all(cn *conn) error {
	for {
		p, err := r.script.next()
		if errors.Is(err, io.EOF) {
			if r.opts.each != 0 {
				cn.deadline(0) // committing takes what it takes
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.one(cn, p); err != nil {
			return r.script.failed(p, err)
		}
		r.result.Count++
		if r.opts.progress != nil && r.result.Count%1024 == 0 {
			r.opts.progress(r.result.Count)
		}
	}
}

// one runs one statement. Most of a dump are INSERTs that differ in their values alone: what two of them
// have read and written holds for all.
func (r *scriptRun) one(cn *conn, p piece) error {
	if c := r.costs[p.shape]; c != nil && c.settled {
		if err := cn.exec(p.text, r.opts.each); err != nil {
			return err
		}
		changes := int64(cn.out.total_changes)
		written := c.written
		if changes != c.changes { // OR IGNORE has left rows out
			written = c.written * changes / max(c.changes, 1)
		}
		r.add(changes, c.read, written)
		return nil
	}
	if r.opts.each != 0 {
		cn.deadline(r.opts.each)
	}
	st, err := cn.compile(p.text, false, false)
	if err != nil {
		return err
	}
	defer cn.release(st)
	switch {
	case !isBlank(p.text[st.tail:]):
		return queryError(textNoStatement, nil) // a NUL, where SQLite stops reading
	case st.params != 0:
		return queryError(textParams, nil)
	}
	rows, err := cn.drain(st)
	if err != nil {
		return err
	}
	m := cn.measured()
	read, written, err := cn.count(st, m, rows)
	if err != nil {
		return err
	}
	r.add(m.totalChanges, read, written)
	r.keep(p.shape, st, cost{read: read, written: written, changes: m.totalChanges})
	if st.readonly {
		r.result.reads++
	}
	return nil
}

func (r *scriptRun) add(changes, read, written int64) {
	r.result.Meta.Changes += changes
	r.result.Meta.RowsRead += read
	r.result.Meta.RowsWritten += written
}

// keep remembers the cost of statements of a shape. Any other statement may change the schema, and with
// it what they cost.
func (r *scriptRun) keep(shape uint64, st *stmt, c cost) {
	switch {
	case shape == 0 && !st.readonly || len(r.costs) >= maxCosts:
		clear(r.costs)
	case shape != 0 && st.meter.steady():
		if r.costs == nil {
			r.costs = map[uint64]*cost{}
		}
		before := r.costs[shape]
		c.settled = before != nil && before.read == c.read && before.written == c.written && before.changes == c.changes
		r.costs[shape] = &c
	}
}

// drain runs st to its end. Of its rows only a single one is kept: the counters may need it.
func (cn *conn) drain(st *stmt) (Rows, error) {
	if st.columns == nil {
		st.columns = []string{}
	}
	var all Rows
	err := cn.each(st, 4<<10, func(rows Rows) error {
		all.n += rows.n
		all.packed = rows.packed
		return nil
	})
	return all, err
}

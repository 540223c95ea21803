package d1

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
)

// A Database is one SQLite database.
type Database struct {
	ID   string
	Name string

	svc  *Service
	rec  record
	pool *pool

	importing atomic.Bool // a file comes in through client/v4

	// Requests hold mu for reading, whatever replaces or removes the file holds it for writing.
	mu    sync.RWMutex
	state state
}

type state int

const (
	stateOpen state = iota
	stateReset
	stateClosed
	stateDeleted
)

func newDatabase(s *Service, id string, r record) *Database {
	path := filepath.Join(s.dir, r.File)
	h := newHistory(path, uint32(s.store.generation), s.opts, s.log)
	return &Database{ID: id, Name: r.Name, svc: s, rec: r, pool: newPool(path, s.opts.NoSync, s.timeout, s.maxSize, h, r.Created)}
}

// Path returns the file of the database.
func (db *Database) Path() string { return db.pool.path }

// Created returns when the database was made.
func (db *Database) Created() time.Time { return db.rec.Created }

// shut closes the connections. Only stateReset leaves a database that can be used.
func (db *Database) shut(next state) error {
	if next == stateReset || next == stateDeleted {
		db.pool.stop()
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.state != stateOpen {
		return nil
	}
	discard := next != stateClosed
	if err := db.pool.close(discard); err != nil {
		return err
	}
	if next != stateReset {
		db.state = next
	}
	if next == stateClosed {
		return nil
	}
	if err := db.pool.history.drop(); err != nil {
		return err
	}
	if next == stateDeleted {
		return removeFiles(db.pool.path)
	}
	db.pool.created = db.svc.clock.Now()
	return empty(db.pool.path, !db.svc.opts.NoSync)
}

// A Statement is SQL with its parameters: nil, float64, int64, string, []byte or bool. The SQL may be
// several statements; parameters and rows are the last one's.
type Statement struct {
	SQL    string
	Params []any
}

// A Result is what a Statement came to.
type Result struct {
	Rows
	Meta Meta

	reads bool // it is of a query that only reads
}

// A Meta is D1's account of a statement.
type Meta struct {
	Duration    time.Duration
	Changes     int64 // rows inserted, updated or deleted, by triggers too
	LastRowID   int64
	ChangedDB   bool
	SizeAfter   int64 // bytes
	RowsRead    int64
	RowsWritten int64
}

// Units as Cloudflare bills them.
const (
	rowsRead    = "rows_read"
	rowsWritten = "rows_written"
)

// Batch runs stmts in order in one transaction: all of them or none.
func (db *Database) Batch(ctx context.Context, stmts []Statement) (_ []Result, err error) {
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "query", Resource: db.Name})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()

	if err := db.free(); err != nil {
		return nil, err
	}
	results, err := db.batch(ctx, stmts)
	for i := range results {
		span.Count(rowsRead, results[i].Meta.RowsRead)
		span.Count(rowsWritten, results[i].Meta.RowsWritten)
	}
	if err == nil {
		db.svc.insights.batch(db.ID, stmts, results)
	}
	return results, err
}

func (db *Database) batch(ctx context.Context, stmts []Statement) ([]Result, error) {
	kept := make([]Statement, 0, len(stmts))
	reads := true
	for _, st := range stmts {
		if isDropped(st.SQL) {
			continue
		}
		kept = append(kept, st)
		reads = reads && looksReadOnly(st.SQL)
	}
	if len(kept) == 0 {
		return nil, queryError(textNoStatements, nil)
	}
	db.mu.RLock()
	defer db.mu.RUnlock()
	if err := db.usable(); err != nil {
		return nil, err
	}
	if reads && !db.pool.sticky.Load() {
		results, err := db.readAll(ctx, kept)
		if !errors.Is(err, errWrites) {
			return results, err
		}
	}
	results, room := make([]Result, 0, len(kept)), db.svc.maxRows
	err := db.transaction(ctx, func(cn *conn) error {
		for _, st := range kept {
			r, err := db.runText(cn, st)
			if err != nil {
				return err
			}
			if room -= len(r.packed); room < 0 {
				return queryError(textMemory, nil)
			}
			results = append(results, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func (db *Database) usable() error {
	switch db.state {
	case stateDeleted:
		return errNotFound(db.ID)
	case stateClosed:
		return fmt.Errorf("d1: %s is closed", db.Name)
	}
	return nil
}

// free reports whether the database serves queries. It does not while a file is imported through
// client/v4.
func (db *Database) free() error {
	if db.importing.Load() {
		return queryError(textImporting, nil)
	}
	return nil
}

// errWrites says that statements which look as if they only read do more than that.
var errWrites = errors.New("statement needs the writer")

// readAll runs statements that only read, on a connection that does not wait for writers.
func (db *Database) readAll(ctx context.Context, stmts []Statement) ([]Result, error) {
	cn, err := db.acquire(ctx, db.pool.read)
	if err != nil {
		return nil, err
	}
	defer db.pool.giveReader(cn)
	defer db.watch(ctx, cn)()

	results, room := make([]Result, 0, len(stmts)), db.svc.maxRows
	if len(stmts) > 1 {
		// One view of the database for all of them.
		if err := cn.begin(false); err != nil {
			return nil, err
		}
		defer cn.rollback()
	}
	for _, s := range stmts {
		st, err := cn.prepare(s.SQL, true)
		if err != nil {
			return nil, err
		}
		if !st.readonly || st.needsWriter || !isBlank(s.SQL[st.tail:]) {
			cn.release(st)
			return nil, errWrites
		}
		r, err := db.runLast(cn, st, s.Params, Meta{LastRowID: db.pool.rowID.Load(), SizeAfter: db.pool.size.Load()})
		cn.release(st)
		if err != nil {
			return nil, err
		}
		if room -= len(r.packed); room < 0 {
			return nil, queryError(textMemory, nil)
		}
		results = append(results, r)
	}
	return results, nil
}

// transaction runs do on the writer between BEGIN and COMMIT; its error rolls back. The caller holds mu.
func (db *Database) transaction(ctx context.Context, do func(*conn) error) (err error) {
	cn, err := db.acquire(ctx, db.pool.write)
	if err != nil {
		return err
	}
	defer db.pool.give(cn)
	defer db.watch(ctx, cn)()

	if err := cn.begin(true); err != nil {
		return err
	}
	if err = do(cn); err == nil {
		err = cn.commit()
	}
	if cn.changedState() {
		db.pool.sticky.Store(true)
	}
	if err != nil {
		if undo := cn.rollback(); undo != nil {
			return errors.Join(err, undo)
		}
		db.pool.rowID.Store(cn.lastRowID()) // what was undone has moved it all the same
		return err
	}
	db.pool.rowID.Store(cn.lastRowID())
	if frames := cn.takeLogFrames(); frames > 0 {
		db.pool.history.committed(cn, frames)
	}
	return nil
}

// acquire takes a connection of the pool.
func (db *Database) acquire(ctx context.Context, take func(context.Context) (*conn, error)) (*conn, error) {
	cn, err := take(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, queryError(textGone, ctx.Err())
		}
		return nil, err
	}
	return cn, nil
}

// watch gives the work on cn its deadline and ends it when ctx ends. The returned func must be called
// when the work is done.
func (db *Database) watch(ctx context.Context, cn *conn) (done func()) {
	cn.arm(db.svc.timeout)
	if ctx.Done() == nil {
		return func() {}
	}
	called := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		cn.cancel(cancelGone)
		close(called)
	})
	return func() {
		if !stop() {
			<-called // or it would cancel the connection's next user
		}
	}
}

// runText runs all statements of st on the writer; the result is the last one's.
func (db *Database) runText(cn *conn, s Statement) (Result, error) {
	var meta Meta
	meta.SizeAfter = db.pool.size.Load()
	meta.LastRowID = cn.lastRowID()
	text := s.SQL
	took := db.svc.watch()
	reads := true // so far
	for {
		st, err := cn.prepare(text, true)
		if err != nil {
			return Result{}, err
		}
		rest := text[st.tail:]
		if isBlank(rest) {
			meta.Duration = took()
			r, err := db.runLast(cn, st, s.Params, meta)
			r.reads = r.reads && reads
			if !reads && st.readonly && err == nil {
				db.settle(cn, &r.Meta)
			}
			cn.release(st)
			return r, err
		}
		reads = reads && st.readonly
		err = db.runEarly(cn, st, &meta)
		cn.release(st)
		if err != nil {
			return Result{}, err
		}
		text = strings.TrimLeft(rest, " \t\r\n\v\f") // offsets of errors count from the statement
	}
}

// runEarly runs a statement that is not the last of its text. Its rows read and written are nobody's: D1
// tells those of the last statement.
func (db *Database) runEarly(cn *conn, st *stmt, meta *Meta) error {
	if st.params > 0 {
		return queryError(textEarlyParams, nil)
	}
	if err := cn.skim(st); err != nil {
		return err
	}
	meta.Changes += cn.measured().totalChanges
	return nil
}

// runLast runs st with its parameters and completes meta, which holds what was before.
func (db *Database) runLast(cn *conn, st *stmt, params []any, meta Meta) (Result, error) {
	if len(params) != st.params {
		return Result{}, queryError(textParams, nil)
	}
	packed, err := packParams(nil, params)
	if err != nil {
		return Result{}, err
	}
	st.most = db.svc.maxRows
	took := db.svc.watch()
	rows, err := cn.run(st, packed)
	if err != nil {
		return Result{}, err
	}
	meta.Duration += took()
	m := cn.measured()
	meta.Changes += m.totalChanges
	read, written, err := cn.count(st, m, rows)
	if err != nil {
		return Result{}, err
	}
	meta.RowsRead += read
	meta.RowsWritten += written
	if !st.readonly {
		db.settle(cn, &meta)
	}
	return Result{Rows: rows, Meta: meta, reads: st.readonly}, nil
}

// settle completes the meta of a text that has written: until now it holds what was before.
func (db *Database) settle(cn *conn, meta *Meta) {
	id, size := cn.lastRowID(), cn.size()
	meta.ChangedDB = meta.Changes != 0 || id != meta.LastRowID || size != meta.SizeAfter
	meta.LastRowID, meta.SizeAfter = id, size
	db.pool.size.Store(size)
}

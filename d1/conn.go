package d1

/*
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"container/list"
	"fmt"
	"time"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // compiles SQLite into the program
)

// A conn is one SQLite connection. It is used by one goroutine at a time; only cancel may be called
// from others.
type conn struct {
	c     *C.d1_conn
	path  string
	cache map[string]*list.Element // of *stmt, by text
	order *list.List               // most recently used first
	out   C.d1_result
	prep  C.d1_prepared
}

// A stmt is a prepared statement. Between runs it is reset.
type stmt struct {
	s           *C.sqlite3_stmt
	text        string
	tail        int // bytes of text that belong to it
	params      int
	readonly    bool
	explain     bool
	needsWriter bool
	cached      bool
	most        int // bytes of rows that may come; 0: any number

	// Known after the first run, and again when SQLite has compiled the statement anew because the
	// schema has changed.
	compiled int
	columns  []string
	meter    *meter
	plan     uint32
	anew     bool // SQLite has compiled it anew in its last run
	failed   bool // a run has ended early: what it has counted stands in the way of the next
}

func openConn(path string, writer, nosync bool, maxSize int64) (*conn, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	cn := &conn{path: path, cache: map[string]*list.Element{}, order: list.New()}
	rc := C.d1_open(cpath, cbool(writer), cbool(nosync), C.int64_t(maxSize), &cn.c)
	if rc == 0 {
		return cn, nil
	}
	failed := &sqlError{code: int(rc), offset: -1, text: "unable to open database file"}
	if cn.c != nil {
		if cn.c.db != nil {
			failed = cn.failure(rc)
		}
		C.d1_close(cn.c, 1)
	}
	return nil, statementError(path, failed)
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// close ends the connection. Unless keepLog is set and when it is the last one, SQLite writes the log
// back into the database and removes it.
func (cn *conn) close(keepLog bool) error {
	for e := cn.order.Front(); e != nil; e = e.Next() {
		C.d1_finalize(e.Value.(*stmt).s)
	}
	if rc := C.d1_close(cn.c, cbool(keepLog)); rc != 0 {
		return fmt.Errorf("close: sqlite error %d", rc)
	}
	return nil
}

// sqliteTooBig is SQLITE_TOOBIG.
const sqliteTooBig = 18

// failure returns what SQLite has to say about the last call.
func (cn *conn) failure(rc C.int) *sqlError {
	code := int(C.d1_errcode(cn.c))
	if code&0xff != int(rc)&0xff {
		code = int(rc)
	}
	offset := int(C.d1_erroffset(cn.c))
	if code&0xff == sqliteTooBig {
		offset = -1 // a statement that is too long is never parsed: the offset is that of the error before
	}
	return &sqlError{code: code, offset: offset, text: C.GoString(C.d1_errmsg(cn.c))}
}

// asError turns a failed call into the error that D1 reports.
func (cn *conn) asError(rc C.int) *Error {
	failed := cn.failure(rc)
	switch {
	case rc&0xff == codeFull && C.d1_full(cn.c) != 0:
		return queryError(textSize, failed)
	case rc&0xff != codeInterrupt:
	case cn.c.expired != 0:
		return queryError(textTimeout, failed)
	case C.d1_cancelled(cn.c) == cancelReset:
		return queryError(textReset, failed)
	default:
		return queryError(textGone, failed)
	}
	return statementError(cn.path, failed)
}

func textPointer(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }

// prepare returns the first statement of text. keep puts it into the cache when it is all of text.
func (cn *conn) prepare(text string, keep bool) (*stmt, error) {
	if e, ok := cn.cache[text]; ok {
		cn.order.MoveToFront(e)
		return e.Value.(*stmt), nil
	}
	st, err := cn.compile(text, false, keep)
	if err != nil || !keep || !isBlank(text[st.tail:]) {
		return st, err
	}
	st.cached = true
	cn.cache[text] = cn.order.PushFront(st)
	if cn.order.Len() > maxStatements {
		oldest := cn.order.Remove(cn.order.Back()).(*stmt)
		delete(cn.cache, oldest.text)
		C.d1_finalize(oldest.s)
	}
	return st, nil
}

func (cn *conn) compile(text string, trusted, persistent bool) (*stmt, error) {
	rc := C.d1_prepare(cn.c, textPointer(text), C.int(len(text)), cbool(trusted), cbool(persistent), &cn.prep)
	if rc != 0 {
		if cn.prep.refused_tx != 0 {
			return nil, queryError(textTransaction, nil)
		}
		return nil, cn.asError(rc)
	}
	if cn.prep.stmt == nil {
		return nil, queryError(textNoStatement, nil)
	}
	if cn.prep.alters != 0 && !trusted && renamesToReserved(text[:cn.prep.tail]) {
		C.d1_finalize(cn.prep.stmt)
		return nil, queryError((&sqlError{code: codeAuth, offset: -1, text: "not authorized"}).message(), nil)
	}
	return &stmt{
		s:           cn.prep.stmt,
		text:        text,
		tail:        int(cn.prep.tail),
		params:      int(cn.prep.params),
		readonly:    cn.prep.readonly != 0,
		explain:     cn.prep.explain != 0,
		needsWriter: cn.prep.needs_writer != 0,
	}, nil
}

// release ends the use of st: a kept statement is reset, any other is gone.
func (cn *conn) release(st *stmt) {
	if st.cached && !st.failed {
		C.d1_reset(st.s)
		return
	}
	if e, kept := cn.cache[st.text]; kept && e.Value.(*stmt) == st {
		cn.order.Remove(e)
		delete(cn.cache, st.text)
	}
	C.d1_finalize(st.s)
}

// maxChunk is how many bytes of rows one call into C may fetch; its lengths are C ints.
const maxChunk = 1 << 30

// run executes st to its end and returns its rows.
func (cn *conn) run(st *stmt, params []byte) (Rows, error) {
	var rows Rows
	var pp *C.char
	if len(params) > 0 {
		pp = (*C.char)(unsafe.Pointer(&params[0]))
	}
	buf := make([]byte, 0, 2048)
	for first := C.int(1); ; first = 0 {
		free := buf[len(buf):min(cap(buf), len(buf)+maxChunk)]
		C.d1_run(cn.c, st.s, pp, C.int(len(params)), first, (*C.char)(unsafe.Pointer(unsafe.SliceData(free))), C.int(len(free)), &cn.out)
		buf = buf[:len(buf)+int(cn.out.used)]
		rows.n += int(cn.out.rows)
		if cn.out.state != C.D1_MORE {
			break
		}
		if st.most > 0 && len(buf)+int(cn.out.need) > st.most {
			C.d1_reset(st.s)
			return Rows{}, queryError(textMemory, nil)
		}
		grown := make([]byte, len(buf), max(2*cap(buf), len(buf)+int(cn.out.need)))
		copy(grown, buf)
		buf = grown
	}
	if cn.out.state == C.D1_ERROR {
		st.failed = true
		return rows, cn.asError(cn.out.rc)
	}
	rows.packed = buf
	cn.learn(st)
	rows.Columns = st.columns
	return rows, nil
}

// skim starts st and leaves its rows alone.
func (cn *conn) skim(st *stmt) error {
	if rc := C.d1_skim(cn.c, st.s, &cn.out); rc != 0 {
		st.failed = true
		return cn.asError(rc)
	}
	cn.learn(st)
	return nil
}

// exec runs text, which must be one statement, and leaves its rows alone. timeout is for it alone; 0 keeps
// the deadline that there is. It may use a statement's text only until it returns.
func (cn *conn) exec(text string, timeout time.Duration) error {
	rc := C.d1_exec(cn.c, textPointer(text), C.int(len(text)), C.int64_t(timeout), &cn.prep, &cn.out)
	switch {
	case cn.prep.refused_tx != 0:
		return queryError(textTransaction, nil)
	case rc != 0:
		return cn.asError(rc)
	case cn.prep.stmt == nil || !isBlank(text[cn.prep.tail:]):
		return queryError(textNoStatement, nil)
	}
	return nil
}

// each runs st and hands its rows over in blocks of size bytes or, where one is longer, a row, so that a
// table of any size needs little memory. A block is valid until do returns, and has no names of columns.
// An error of do ends it.
func (cn *conn) each(st *stmt, size int, do func(Rows) error) error {
	buf := make([]byte, size)
	for first := C.int(1); ; first = 0 {
		C.d1_run(cn.c, st.s, nil, 0, first, (*C.char)(unsafe.Pointer(&buf[0])), C.int(len(buf)), &cn.out)
		if cn.out.state == C.D1_ERROR {
			return cn.asError(cn.out.rc)
		}
		if err := do(Rows{n: int(cn.out.rows), packed: buf[:cn.out.used]}); err != nil {
			return err
		}
		if cn.out.state != C.D1_MORE {
			cn.learn(st)
			return nil
		}
		if int(cn.out.need) > len(buf) {
			buf = make([]byte, cn.out.need)
		}
	}
}

// learn reads what can change only when SQLite compiles the statement anew. It does so after changes
// of the schema, and for some parameters (LIMIT ?) on every run.
func (cn *conn) learn(st *stmt) {
	st.anew = st.compiled != int(cn.out.reprepared)
	if st.columns != nil && !st.anew {
		return
	}
	// What is new is only asked for when there is something new.
	if !st.readonly || st.meter == nil || st.plan != uint32(cn.out.plan) || !st.meter.fits(int(cn.c.ncounts)) {
		st.meter = nil
	}
	st.plan = uint32(cn.out.plan)
	st.compiled = int(cn.out.reprepared)
	if st.columns != nil && cn.sameColumns(st) {
		return
	}
	st.columns = make([]string, cn.out.columns)
	for i := range st.columns {
		st.columns[i] = C.GoString(C.d1_column_name(st.s, C.int(i)))
	}
}

func (cn *conn) sameColumns(st *stmt) bool {
	if len(st.columns) != int(cn.out.columns) {
		return false
	}
	for i, name := range st.columns {
		if !sameText(C.d1_column_name(st.s, C.int(i)), name) {
			return false
		}
	}
	return true
}

// sameText compares without making a Go string.
func sameText(c *C.char, s string) bool {
	b := unsafe.Slice((*byte)(unsafe.Pointer(c)), len(s)+1)
	for i := range len(s) {
		if b[i] != s[i] || b[i] == 0 {
			return false
		}
	}
	return b[len(s)] == 0
}

// query runs a statement of this package, past the authorizer.
func (cn *conn) query(text string, params ...any) (Rows, error) {
	st, err := cn.compile(text, true, false)
	if err != nil {
		return Rows{}, err
	}
	defer C.d1_finalize(st.s)
	packed, err := packParams(nil, params)
	if err != nil {
		return Rows{}, err
	}
	out := cn.out // the counters of the statement that this one is about
	rows, err := cn.run(st, packed)
	cn.out = out
	return rows, err
}

func (cn *conn) begin(write bool) error {
	if rc := C.d1_begin(cn.c, cbool(write)); rc != 0 {
		return cn.asError(rc)
	}
	return nil
}

func (cn *conn) commit() error {
	if rc := C.d1_commit(cn.c); rc != 0 {
		return cn.asError(rc)
	}
	return nil
}

func (cn *conn) rollback() error {
	if rc := C.d1_rollback(cn.c); rc != 0 {
		return cn.asError(rc)
	}
	return nil
}

// takeLogFrames returns how long the log is after a commit, 0 when nothing has been committed since it
// was last asked.
func (cn *conn) takeLogFrames() uint32 { return uint32(C.d1_take_log_frames(cn.c)) }

// logFrames tells how many committed frames the log has and how many are in the database already.
func (cn *conn) logFrames() (frames, done uint32, err error) {
	var f, d C.int
	if rc := C.d1_log_frames(cn.c, &f, &d); rc != 0 {
		return 0, 0, cn.failure(rc)
	}
	return uint32(f), uint32(d), nil
}

// checkpoint writes the log into the database as far as readers let it, and returns what logFrames does.
func (cn *conn) checkpoint() (frames, done uint32, err error) {
	var f, d C.int
	if rc := C.d1_checkpoint(cn.c, &f, &d); rc != 0 {
		return 0, 0, cn.failure(rc)
	}
	return uint32(f), uint32(d), nil
}

// readFile fills buf from the database file, readLog from its log. What is behind their ends is zeros.
func (cn *conn) readFile(buf []byte, offset int64) error { return cn.readAt(0, buf, offset) }
func (cn *conn) readLog(buf []byte, offset int64) error  { return cn.readAt(1, buf, offset) }

func (cn *conn) readAt(log C.int, buf []byte, offset int64) error {
	if rc := C.d1_read(cn.c, log, unsafe.Pointer(unsafe.SliceData(buf)), C.int(len(buf)), C.int64_t(offset)); rc != 0 {
		return fmt.Errorf("read: sqlite error %d", rc)
	}
	return nil
}

func (cn *conn) pageSize() int             { return int(cn.c.page_size) }
func (cn *conn) size() int64               { return int64(C.d1_size(cn.c)) }
func (cn *conn) lastRowID() int64          { return int64(C.d1_last_rowid(cn.c)) }
func (cn *conn) changedState() bool        { return cn.c.changed_state != 0 }
func (cn *conn) arm(timeout time.Duration) { C.d1_arm(cn.c, C.int64_t(timeout)) }

// deadline is for the statements that follow; 0: they have none.
func (cn *conn) deadline(timeout time.Duration) { C.d1_deadline(cn.c, C.int64_t(timeout)) }

// Why work on a connection is cancelled.
const (
	cancelGone  = 1 // nobody waits for it
	cancelReset = 2 // the database goes away
)

// Result codes of SQLite: https://www.sqlite.org/rescode.html
const (
	codeInterrupt = 9 // the progress handler stopped the statement
	codeFull      = 13
	codeAuth      = 23
)

// cancel ends the statement that runs now.
func (cn *conn) cancel(why int) { C.d1_cancel(cn.c, C.int(why)) }

// A measure is what one run of a statement came to.
type measure struct {
	changes, totalChanges int64
	counts                []int64 // how often each instruction ran; good until the next run
}

func (cn *conn) measured() measure {
	return measure{
		changes:      int64(cn.out.changes),
		totalChanges: int64(cn.out.total_changes),
		counts:       unsafe.Slice((*int64)(cn.c.counts), int(cn.c.ncounts)),
	}
}

func compiledWith(option string) bool {
	c := C.CString(option)
	defer C.free(unsafe.Pointer(c))
	return C.d1_compiled(c) != 0
}

// missingFunction names a function of SQLite's that the program lacks, or is "".
func missingFunction() string { return C.GoString(C.d1_missing()) }

func hasScanStatus() bool { return C.d1_has_scanstatus() != 0 }

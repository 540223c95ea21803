package d1

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Code is the number that client/v4 gives an error of D1.
type Code int

// The codes of D1's errors.
const (
	CodeInvalid  Code = 7400 // the request is malformed
	CodeNotFound Code = 7404 // no such database
	CodeLimit    Code = 7406 // too many databases
	CodeQuery    Code = 7500 // SQL failed
	CodeExists   Code = 7502 // the name is taken
)

var statuses = map[Code]int{
	CodeInvalid:  http.StatusBadRequest,
	CodeNotFound: http.StatusNotFound,
	CodeLimit:    http.StatusBadRequest,
	CodeQuery:    http.StatusBadRequest,
	CodeExists:   http.StatusBadRequest,
}

// An Error is an error of D1 as a caller may see it: Message has Cloudflare's wording, Err is the
// cause and for the log only.
type Error struct {
	Code    Code
	Message string
	Err     error
	File    string // the database's file, when that is the trouble and not the request; else empty
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fault is the error as client/v4 shows it.
func (e *Error) Fault() cfapi.Fault {
	return cfapi.Fault{Status: statuses[e.Code], Code: int(e.Code), Message: e.Message}
}

func refuse(format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

func errNotFound(id string) *Error {
	return &Error{Code: CodeNotFound, Message: fmt.Sprintf("The database %s could not be found", id)}
}

// A ScriptError is a statement of a script that failed, with the place: where SQLite points when it
// does, else where the statement begins. Lines and columns count from 1, columns in characters.
type ScriptError struct {
	Line, Column int
	Statement    string // the statement that failed, trimmed
	Err          error  // usually an *Error
}

// Error returns line, column and message.
func (e *ScriptError) Error() string { return fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err) }

// Unwrap returns the statement's own error.
func (e *ScriptError) Unwrap() error { return e.Err }

// A sqlError is what SQLite said.
type sqlError struct {
	code   int // extended
	offset int // in the text given to SQLite; -1 when it does not say
	text   string
}

func (e *sqlError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// message renders e as D1 does.
//
// Receipt: texts of workerd for "no such column: x at offset 7: SQLITE_ERROR" and
// "UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)".
func (e *sqlError) message() string {
	var b strings.Builder
	b.WriteString(e.text)
	if e.offset >= 0 {
		fmt.Fprintf(&b, " at offset %d", e.offset)
	}
	primary := e.code & 0xff
	name, known := primaryNames[primary]
	if !known {
		name = fmt.Sprintf("SQLITE_UNKNOWN_%d", primary)
	}
	b.WriteString(": " + name)
	if extended, known := extendedNames[e.code]; known {
		fmt.Fprintf(&b, " (extended: %s)", extended)
	}
	return b.String()
}

func queryError(message string, cause error) *Error {
	return &Error{Code: CodeQuery, Message: message, Err: cause}
}

// Texts of D1 that SQLite does not know.
//
// Receipt: workerd's D1 and SQL storage; https://developers.cloudflare.com/d1/observability/debug-d1/
const (
	textNoStatements = "No SQL statements detected."
	textNoStatement  = "SQL code did not contain a statement."
	textParams       = "Wrong number of parameter bindings for SQL query."
	textEarlyParams  = "When executing multiple SQL statements in a single call, only the last statement can have parameters."
	textTransaction  = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."
	textTimeout      = "D1 DB storage operation exceeded timeout which caused object to be reset."
	textQueued       = "D1 DB is overloaded. Requests queued for too long."
	textReset        = "Internal error in D1 DB storage caused object to be reset."
	textMemory       = "D1 DB's isolate exceeded its memory limit and was reset."
	textSize         = "Exceeded maximum DB size"
	textGone         = "Can't read from request stream because client disconnected."
	textVirtual      = "D1 Export error: cannot export databases with Virtual Tables (fts5)"
	textImporting    = "Currently processing a long-running import."
	textExporting    = "Currently processing a long-running export. Cannot start a new export until that completes or times out."
	textNotImporting = "Not currently importing anything."
	textNotExporting = "Not currently exporting anything."
	textNoFile       = "Input file %s missing or invalid"
)

var primaryNames = map[int]string{
	1: "SQLITE_ERROR", 2: "SQLITE_INTERNAL", 3: "SQLITE_PERM", 4: "SQLITE_ABORT", 5: "SQLITE_BUSY",
	6: "SQLITE_LOCKED", 7: "SQLITE_NOMEM", 8: "SQLITE_READONLY", 9: "SQLITE_INTERRUPT", 10: "SQLITE_IOERR",
	11: "SQLITE_CORRUPT", 12: "SQLITE_NOTFOUND", 13: "SQLITE_FULL", 14: "SQLITE_CANTOPEN",
	15: "SQLITE_PROTOCOL", 16: "SQLITE_EMPTY", 17: "SQLITE_SCHEMA", 18: "SQLITE_TOOBIG",
	19: "SQLITE_CONSTRAINT", 20: "SQLITE_MISMATCH", 21: "SQLITE_MISUSE", 22: "SQLITE_NOLFS",
	23: "SQLITE_AUTH", 24: "SQLITE_FORMAT", 25: "SQLITE_RANGE", 26: "SQLITE_NOTADB",
}

// https://www.sqlite.org/rescode.html#extrc
var extendedNames = map[int]string{
	1 | 1<<8: "SQLITE_ERROR_MISSING_COLLSEQ", 1 | 2<<8: "SQLITE_ERROR_RETRY", 1 | 3<<8: "SQLITE_ERROR_SNAPSHOT",
	5 | 1<<8: "SQLITE_BUSY_RECOVERY", 5 | 2<<8: "SQLITE_BUSY_SNAPSHOT", 5 | 3<<8: "SQLITE_BUSY_TIMEOUT",
	10 | 1<<8: "SQLITE_IOERR_READ", 10 | 2<<8: "SQLITE_IOERR_SHORT_READ", 10 | 3<<8: "SQLITE_IOERR_WRITE",
	10 | 4<<8: "SQLITE_IOERR_FSYNC", 11 | 1<<8: "SQLITE_CORRUPT_VTAB", 11 | 3<<8: "SQLITE_CORRUPT_INDEX",
	19 | 1<<8: "SQLITE_CONSTRAINT_CHECK", 19 | 2<<8: "SQLITE_CONSTRAINT_COMMITHOOK",
	19 | 3<<8: "SQLITE_CONSTRAINT_FOREIGNKEY", 19 | 4<<8: "SQLITE_CONSTRAINT_FUNCTION",
	19 | 5<<8: "SQLITE_CONSTRAINT_NOTNULL", 19 | 6<<8: "SQLITE_CONSTRAINT_PRIMARYKEY",
	19 | 7<<8: "SQLITE_CONSTRAINT_TRIGGER", 19 | 8<<8: "SQLITE_CONSTRAINT_UNIQUE",
	19 | 9<<8: "SQLITE_CONSTRAINT_VTAB", 19 | 10<<8: "SQLITE_CONSTRAINT_ROWID",
	19 | 11<<8: "SQLITE_CONSTRAINT_PINNED", 19 | 12<<8: "SQLITE_CONSTRAINT_DATATYPE",
}

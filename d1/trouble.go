package d1

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Result codes of SQLite that can be about the file: https://www.sqlite.org/rescode.html
const (
	codeError      = 1
	codeTooBig     = 18
	codeConstraint = 19
	codeMismatch   = 20

	codePerm        = 3
	codeBusy        = 5
	codeReadOnly    = 8
	codeIOErr       = 10
	codeCorrupt     = 11
	codeCantOpen    = 14
	codeProtocol    = 15
	codeNotADB      = 26
	codeCorruptVtab = codeCorrupt | 1<<8 // of a full-text index, which SQL can bring about
)

// statementError is the error of a statement on the database at path. When the statement is not to
// blame, it names the file and says what to do.
func statementError(path string, failed *sqlError) *Error {
	e := queryError(failed.message(), failed)
	if what := trouble(path, failed.code); what != "" {
		return fileError(path, e.Message, what, failed)
	}
	return e
}

// fileError is an error of a database's file. The message begins as D1's own would, since clients
// look for its words.
func fileError(path, message, trouble string, cause error) *Error {
	e := queryError(fmt.Sprintf("%s (cfemu: %s %s)", message, path, trouble), cause)
	e.File = path
	return e
}

const (
	adviceDamaged = "It was left as it is: put a copy back in its place, or delete or reset the database"
	textDamaged   = "database disk image is malformed: SQLITE_CORRUPT"
)

// trouble says what SQLite's code means for the file at path and what to do, and "" when it is an
// error of the statement.
func trouble(path string, code int) string {
	if code == codeCorruptVtab {
		return ""
	}
	switch code & 0xff {
	case codeCorrupt:
		return "is damaged. " + adviceDamaged
	case codeNotADB:
		return "is no SQLite database. " + adviceDamaged
	case codeFull:
		return "has no room left on its disk, and this statement has changed nothing. Make room, and try again"
	case codeIOErr:
		return "could not be read or written, and this statement has changed nothing. Look after its disk, and try again"
	case codeReadOnly, codePerm:
		return "is read-only. Make it and its folder writable for the user that runs cfemu"
	case codeBusy, codeProtocol:
		return "is locked by another program, for example an sqlite3 shell in a transaction. End that, and try again"
	case codeCantOpen:
		return unopenable(path)
	}
	return ""
}

// unopenable says why a database cannot be opened.
func unopenable(path string) string {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing. Put it back, or delete or reset the database"
	case err != nil:
		return "cannot be opened: " + err.Error()
	case !info.Mode().IsRegular():
		return "is no file. Move it away and put the database back"
	}
	return "cannot be opened, or its -wal and -shm files beside it cannot. Make them and their folder writable for the user that runs cfemu"
}

// checkTime bounds how long the first request waits for the look at a database that was not closed.
const checkTime = 300 * time.Millisecond

// checkLog looks at a database whose log was left behind by a process that ended in the middle. SQLite
// cannot tell whether a log belongs to the file beside it, and a strange one (the file was exchanged,
// the log was not) would be written into it. Nothing is written here. What takes longer than checkTime
// is believed.
func checkLog(path string) error {
	log := path + "-wal"
	if !hasBytes(log) {
		return nil
	}
	damaged := "is damaged, or the log " + log + " does not belong to it. Both were left as they are: put a copy back in their place, or move away the one that does not belong"
	if !hasBytes(path) {
		if _, err := os.Stat(path); err != nil {
			return nil // opening it says so
		}
		return fileError(path, textDamaged, damaged, errors.New("the file is empty and its log is not"))
	}
	if cause := quickCheck(path); cause != nil {
		return fileError(path, textDamaged, damaged, cause)
	}
	return nil
}

// quickCheck returns what SQLite's own check finds wrong with the pages of a database. A check that
// fails or takes too long finds nothing.
func quickCheck(path string) error {
	cn, err := openConn(path, false, true, maxDatabaseBytes)
	var rows Rows
	if err == nil {
		cn.arm(checkTime)
		rows, err = cn.query("PRAGMA quick_check(1)")
		if closing := cn.close(true); closing != nil {
			return closing
		}
	}
	var failed *sqlError
	if errors.As(err, &failed) && failed.code&0xff == codeCorrupt && failed.code != codeCorruptVtab {
		return err
	}
	if err != nil || rows.Len() == 0 {
		return nil
	}
	// Rows that break a NOT NULL or a CHECK are reported too, and are no damage.
	text, _ := rows.Values()[0][0].(string)
	if strings.HasPrefix(text, "*** in database") {
		return errors.New(text)
	}
	return nil
}

// hasBytes reports whether there is a file that is not empty.
func hasBytes(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

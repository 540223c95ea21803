package emulator

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/testapi"
	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Replaced is what a database holds after it was made what a file is.
type Replaced struct {
	Tables []TableRows `json:"tables"`
	Left   []string    `json:"left"` // what could not be taken over, and why
}

// TableRows says how many rows of a table were taken over.
type TableRows struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// ReplaceDatabase makes a D1 database hold what an SQLite database file does.
func (e *Emulator) ReplaceDatabase(ctx context.Context, idOrName string, file io.Reader, o testapi.Replace) (any, error) {
	db, err := e.d1.Database(ctx, idOrName)
	if err != nil {
		return nil, err
	}
	done, err := db.Replace(ctx, file, d1.ReplaceOptions(o))
	if notEmpty, ok := errors.AsType[*d1.NotEmptyError](err); ok {
		return nil, cfapi.New(http.StatusConflict, codeNotEmpty, notEmpty.Error())
	}
	if bad, ok := errors.AsType[*d1.FileError](err); ok {
		return nil, cfapi.New(http.StatusBadRequest, 10001, bad.Error())
	}
	if failed, ok := errors.AsType[*d1.Error](err); ok { // with the table that it happened in
		return nil, cfapi.New(failed.Fault().Status, failed.Fault().Code, err.Error())
	}
	if err != nil {
		return nil, err
	}
	out := Replaced{Tables: make([]TableRows, len(done.Tables)), Left: append([]string{}, done.Left...)}
	for i, t := range done.Tables {
		out.Tables[i] = TableRows(t)
	}
	return out, nil
}

// codeNotEmpty is the code of an answer that tells of a database with rows in it.
const codeNotEmpty = 10002

package emulator

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/emulator/testapi"
	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/kv"
	"github.com/cfemu/cfemu/r2"
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
	done, err := db.Replace(ctx, file, d1.ReplaceOptions{Force: o.Force, DryRun: o.DryRun, MigrationsTable: o.MigrationsTable})
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

// codeNotEmpty is the code of an answer that tells of data that would be lost.
const codeNotEmpty = 10002

// ReplaceNamespace makes a KV namespace hold the keys that records have.
func (e *Emulator) ReplaceNamespace(ctx context.Context, idOrTitle string, records io.Reader, o testapi.Replace) (any, error) {
	ns, err := e.kv.Ensure(ctx, idOrTitle, cmp.Or(o.Title, idOrTitle))
	if err != nil {
		return nil, err
	}
	done, err := ns.Replace(ctx, keysOf(records), kv.ReplaceOptions{Force: o.Force, DryRun: o.DryRun})
	if err != nil {
		return nil, notReplaced(err, records)
	}
	return ReplacedNamespace(done), nil
}

// A ReplacedNamespace is what a namespace holds after it was made what records are.
type ReplacedNamespace struct {
	Keys    int   `json:"keys"`
	Bytes   int64 `json:"bytes"`
	Expired int   `json:"expired"` // keys that were left out
}

// keysOf reads records of KV.
func keysOf(records io.Reader) iter.Seq2[kv.Incoming, error] {
	return func(yield func(kv.Incoming, error) bool) {
		for r, err := range readRecords(records) {
			in := kv.Incoming{Key: r.Key, Value: r.body, Metadata: r.Metadata}
			if r.Expires != 0 {
				in.Expires = time.Unix(r.Expires, 0)
			}
			if !yield(in, err) {
				return
			}
		}
	}
}

// ReplaceBucket makes an R2 bucket hold the objects that records have.
func (e *Emulator) ReplaceBucket(ctx context.Context, name string, records io.Reader, o testapi.Replace) (any, error) {
	bucket, err := e.r2.Ensure(ctx, name)
	if err != nil {
		return nil, err
	}
	done, err := bucket.Replace(ctx, objectsOf(records), r2.ReplaceOptions{Force: o.Force, DryRun: o.DryRun})
	if err != nil {
		return nil, notReplaced(err, records)
	}
	return ReplacedBucket(done), nil
}

// A ReplacedBucket is what a bucket holds after it was made what records are.
type ReplacedBucket struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// objectsOf reads records of R2.
func objectsOf(records io.Reader) iter.Seq2[r2.Incoming, error] {
	return func(yield func(r2.Incoming, error) bool) {
		for r, err := range readRecords(records) {
			in := r2.Incoming{
				Key: r.Key, Version: r.Version, ETag: r.ETag, Uploaded: time.UnixMilli(r.Uploaded), HTTP: r.HTTP, Custom: r.Custom,
				Checksums: r.Checksums, Size: r.Size, Parts: r.Parts, Body: r.body,
			}
			if !yield(in, err) {
				return
			}
		}
	}
}

// notReplaced is the answer that an error becomes. When some of the records was read, the rest is read
// too: a client that is still sending would see its connection end and not the answer.
func notReplaced(err error, records io.Reader) error {
	full, ok := errors.AsType[*kv.NotEmptyError](err)
	if ok {
		return cfapi.New(http.StatusConflict, codeNotEmpty, full.Error())
	}
	if full, ok := errors.AsType[*r2.NotEmptyError](err); ok {
		return cfapi.New(http.StatusConflict, codeNotEmpty, full.Error())
	}
	if _, failed := io.Copy(io.Discard, records); failed != nil {
		return failed
	}
	return cfapi.New(http.StatusBadRequest, 10001, err.Error())
}

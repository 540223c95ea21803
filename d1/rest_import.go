package d1

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/cfemu/cfemu/internal/cfapi"
)

var errImportSize = cfapi.New(http.StatusRequestEntityTooLarge, int(CodeInvalid), "An import takes files of up to 5 GB. Split the file into several ones.")

// An importResult is what a finished import tells.
type importResult struct {
	NumQueries    int             `json:"num_queries"`
	FinalBookmark string          `json:"final_bookmark"`
	Meta          json.RawMessage `json:"meta"`
}

// postImport is the import of a file in three steps: init, which answers with an URL for the upload,
// ingest, and poll. A file that is there already is ingested by init.
//
// Receipt: requests of `wrangler d1 execute --remote --file`.
func (s *Service) postImport(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	var body struct {
		Action   string `json:"action"`
		ETag     string `json:"etag"`
		Filename string `json:"filename"`
		Bookmark string `json:"current_bookmark"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	if body.Action == "init" || body.Action == "ingest" {
		if body.ETag, err = parseETag(body.ETag); err != nil {
			return err
		}
	}
	var answer transfer
	switch body.Action {
	case "init":
		answer, err = s.initImport(r, db, body.ETag)
	case "ingest":
		if body.Filename == "" {
			return required("filename")
		}
		answer = s.ingest(r.Context(), db, body.Filename, body.ETag)
	case "poll":
		if body.Bookmark == "" {
			return required("current_bookmark")
		}
		answer = refused(textNotImporting)
		if j := s.jobs.find("import", db, body.Bookmark); j != nil {
			answer = s.poll(r.Context(), db, j)
		}
	default:
		err = invalid("action", "Invalid discriminator value. Expected 'init' | 'ingest' | 'poll'")
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, answer)
}

// invalid is the error for a property of a request, in the form of production.
func invalid(property, problem string) *Error {
	return &Error{Code: CodeInvalid, Message: "Invalid property: " + property + " => " + problem}
}

func required(property string) *Error { return invalid(property, "Required") }

// parseETag checks that an etag is an MD5, and gives it in lower case.
func parseETag(etag string) (string, error) {
	if etag == "" {
		return "", required("etag")
	}
	etag = strings.ToLower(strings.Trim(etag, `"`))
	if b, err := hex.DecodeString(etag); err != nil || len(b) != 16 {
		return "", invalid("etag", "Expected the MD5 of the file, 32 hexadecimal digits")
	}
	return etag, nil
}

// importName names the file with that MD5 that goes into db.
func importName(db *Database, etag string) string { return db.ID + "." + etag[:16] + ".sql" }

func (s *Service) initImport(r *http.Request, db *Database, etag string) (transfer, error) {
	if s.jobs.busy("import", db) {
		return refused(textImporting), nil
	}
	name := importName(db, etag)
	if s.transfers.uploaded(db.ID, name, etag) != nil {
		answer := s.ingest(r.Context(), db, name, etag)
		answer.Filename = name
		return answer, nil
	}
	f := &signedFile{token: s.newToken(), filename: name, database: db.ID, upload: true, etag: etag}
	if err := s.transfers.add(f); err != nil {
		return transfer{}, err
	}
	return transfer{Success: true, Type: "import", Messages: []string{}, Filename: name, UploadURL: signedURLs(r)(f)}, nil
}

// ingest starts the import of an uploaded file and waits a while: most are done by then.
func (s *Service) ingest(ctx context.Context, db *Database, filename, etag string) transfer {
	if s.jobs.busy("import", db) {
		return refused(textImporting)
	}
	f := s.transfers.uploaded(db.ID, filename, etag)
	if f == nil {
		return refused(fmt.Sprintf(textNoFile, filename))
	}
	j, ok := s.jobs.start("import", db, func(ctx context.Context, j *job) (any, error) {
		return s.runImport(ctx, db, j, f)
	})
	if !ok {
		return refused(textImporting)
	}
	return s.poll(ctx, db, j)
}

// runImport is the job of an import. The database serves nothing else meanwhile, as in production.
func (s *Service) runImport(ctx context.Context, db *Database, j *job, f *signedFile) (any, error) {
	j.say("Starting import...")
	file, err := os.Open(f.path)
	if err != nil {
		return nil, queryError(fmt.Sprintf(textNoFile, f.filename), err)
	}
	defer file.Close()
	db.importing.Store(true)
	defer db.importing.Store(false)
	count := func(n int) { j.progress(fmt.Sprintf("Processed %d queries.", n)) }
	result, err := db.runScript(ctx, "import", newScript(file), scriptOptions{each: s.timeout, progress: count})
	if err != nil {
		return nil, err
	}
	count(result.Count)
	return importResult{NumQueries: result.Count, FinalBookmark: db.Bookmark(), Meta: result.Meta.appendJSON(nil)}, nil
}

package d1

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// An exportResult is what a finished export tells.
type exportResult struct {
	Filename  string `json:"filename"`
	SignedURL string `json:"signed_url"`
}

// postExport starts an export and, with current_bookmark, tells how it stands. The SQL is fetched from
// an URL that is good for an hour.
//
// Receipt: requests of `wrangler d1 export --remote`.
//
// Deviation: an export reads a snapshot and the database serves queries meanwhile; in production they are
// refused until the export has ended.
func (s *Service) postExport(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	var body struct {
		Format   string `json:"output_format"`
		Bookmark string `json:"current_bookmark"`
		Options  struct {
			NoSchema      bool     `json:"no_schema"`
			NoData        bool     `json:"no_data"`
			Tables        []string `json:"tables"`
			Compatibility string   `json:"compatibility"`
		} `json:"dump_options"`
	}
	if err := decode(r, &body); err != nil {
		return err
	}
	o := body.Options
	opts := ExportOptions{NoSchema: o.NoSchema, NoData: o.NoData, Tables: o.Tables, Shell: o.Compatibility == "sqlite3_cli_only"}
	switch {
	case body.Format != "polling":
		err = invalid("output_format", `Invalid literal value, expected "polling"`)
	case o.NoSchema && o.NoData:
		err = invalid("dump_options", "no_schema and no_data together leave nothing to export")
	case !opts.Shell && o.Compatibility != "" && o.Compatibility != "d1":
		err = invalid("dump_options.compatibility", "Invalid enum value. Expected 'd1' | 'sqlite3_cli_only'")
	case opts.Shell && (o.NoSchema || o.NoData):
		err = invalid("dump_options", "no_schema and no_data cannot be combined with sqlite3_cli_only")
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, s.export(r, db, body.Bookmark, opts))
}

func (s *Service) export(r *http.Request, db *Database, bookmark string, opts ExportOptions) transfer {
	if bookmark != "" {
		if j := s.jobs.find("export", db, bookmark); j != nil {
			return s.poll(r.Context(), db, j)
		}
		return refused(textNotExporting)
	}
	address := signedURLs(r)
	j, ok := s.jobs.start("export", db, func(ctx context.Context, j *job) (any, error) {
		f := &signedFile{token: s.newToken(), filename: db.ID + "." + j.bookmark + ".sql", database: db.ID}
		if err := s.runExport(ctx, db, f, opts); err != nil {
			return nil, err
		}
		j.say("Uploaded part 1")
		return exportResult{Filename: f.filename, SignedURL: address(f)}, nil
	})
	if !ok {
		return refused(textExporting)
	}
	return s.poll(r.Context(), db, j)
}

// runExport is the job of an export.
func (s *Service) runExport(ctx context.Context, db *Database, f *signedFile, opts ExportOptions) (err error) {
	if err := s.transfers.add(f); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.transfers.remove(f)
		}
	}()
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("d1: export: %w", err)
	}
	hash := md5.New()
	err = db.Export(ctx, io.MultiWriter(file, hash), opts)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	f.etag = hex.EncodeToString(hash.Sum(nil))
	s.transfers.settle(f, signedReady)
	return nil
}

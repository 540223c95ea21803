package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Limits of an upload. The proxy itself has about 110 kB and is not kept.
const (
	maxUploadBytes   = 10 << 20
	maxMetadataBytes = 1 << 20
)

// metadata is the part of an upload that says what the proxy is.
type metadata struct {
	Bindings []Binding `json:"bindings"`
	// Preload is added by the script of this package. An upload without it comes from a wrangler whose
	// calls would find no host, and is refused while there is somebody to read why.
	Preload int `json:"cfemu_preload"`
}

func (s *Service) postUpload(w http.ResponseWriter, r *http.Request) error {
	switch {
	case s.opts.Way == Off:
		return errOff
	case !s.tokens.valid(r.Header.Get("Cf-Preview-Upload-Config-Token")):
		return errTokenExpired
	}
	worker, err := cfapi.Unescape(mux.Vars(r)["script"])
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadBytes)
	m, err := readMetadata(r)
	if err != nil {
		return err
	}
	if s.opts.Way == Preload && m.Preload == 0 {
		return errNoPreload
	}
	return cfapi.WriteResult(w, map[string]string{"preview_token": s.open(r.Context(), worker, m.Bindings)})
}

// readMetadata reads an upload to its end, and of it the metadata.
func readMetadata(r *http.Request) (*metadata, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, invalidUpload("the upload is not multipart/form-data")
	}
	var m *metadata
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) && errors.Unwrap(err) == nil { // one that is wrapped came before the last boundary
			break
		}
		if err != nil {
			return nil, brokenUpload(err)
		}
		if part.FormName() != "metadata" {
			continue
		}
		if m, err = decodeMetadata(part); err != nil {
			return nil, err
		}
	}
	if m == nil {
		return nil, invalidUpload("the upload has no part named metadata")
	}
	return m, nil
}

func decodeMetadata(part *multipart.Part) (*metadata, error) {
	text, err := io.ReadAll(io.LimitReader(part, maxMetadataBytes+1))
	switch {
	case err != nil:
		return nil, brokenUpload(err)
	case len(text) > maxMetadataBytes:
		return nil, invalidUpload(fmt.Sprintf("the part metadata is larger than %d bytes", maxMetadataBytes))
	}
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, invalidUpload("the part metadata is not the JSON of a script's metadata")
	}
	seen := map[string]bool{}
	for _, b := range m.Bindings {
		if b.Name == "" || b.Type == "" {
			return nil, invalidUpload("a binding has no name or no type")
		}
		if seen[b.Name] {
			return nil, invalidUpload(fmt.Sprintf("two bindings are named %q", b.Name))
		}
		seen[b.Name] = true
	}
	return &m, nil
}

func brokenUpload(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return invalidUpload(fmt.Sprintf("the upload is larger than %d bytes", maxUploadBytes))
	}
	return invalidUpload("the upload is broken: " + err.Error())
}

package d1

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
)

// A signed URL is good without a token, for whoever knows it, and for so long. Its path is
// signedPath/{token}/{filename} below the account.
const (
	signedPath = "/d1/signed"
	signedLife = time.Hour
)

// A signedFile is a file that a signed URL stands for: one to come, or one to fetch.
type signedFile struct {
	token    string
	path     string
	filename string
	database string
	upload   bool
	etag     string // MD5 in hexadecimal
	state    signedState
	expiry   clock.Timer
}

type signedState int

const (
	signedEmpty   signedState = iota // an upload is awaited
	signedFilling                    // one is under way
	signedReady
)

// A transfers is a folder of files on their way in or out. Nothing in it outlives the process: what a
// crash has left is swept when the folder is opened.
type transfers struct {
	dir   string
	clock clock.Clock

	mu      sync.Mutex
	byToken map[string]*signedFile
}

func openTransfers(dir string, c clock.Clock) (*transfers, error) {
	t := &transfers{dir: dir, clock: c, byToken: map[string]*signedFile{}}
	return t, os.RemoveAll(dir)
}

// add makes room for a file. It is removed when its time is over.
func (t *transfers) add(f *signedFile) error {
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return fmt.Errorf("d1: transfers: %w", err)
	}
	f.path = filepath.Join(t.dir, f.token)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byToken[f.token] = f
	f.expiry = t.clock.AfterFunc(signedLife, func() { t.remove(f) })
	return nil
}

// remove forgets f. Whoever has it open keeps it, where the system lets a file go that is open; else the
// next start sweeps it.
func (t *transfers) remove(f *signedFile) {
	t.mu.Lock()
	delete(t.byToken, f.token)
	f.expiry.Stop()
	t.mu.Unlock()
	_ = os.Remove(f.path)
}

// uploaded returns the file that has been uploaded for a database. Others of it are removed: one is
// enough.
func (t *transfers) uploaded(database, filename, etag string) *signedFile {
	var found *signedFile
	var stale []*signedFile
	t.mu.Lock()
	for _, f := range t.byToken {
		switch {
		case !f.upload || f.database != database:
		case f.filename == filename && f.etag == etag && f.state == signedReady:
			found = f
		case f.state == signedReady:
			stale = append(stale, f)
		}
	}
	t.mu.Unlock()
	for _, f := range stale {
		t.remove(f)
	}
	return found
}

// take finds the file of a signed URL and moves it from one state to the next.
func (t *transfers) take(token, filename string, upload bool, from, to signedState) (*signedFile, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.byToken[token]
	if f == nil || f.filename != filename || f.upload != upload {
		return nil, errSigned
	}
	if f.state != from {
		return nil, errSignedUsed
	}
	f.state = to
	return f, nil
}

func (t *transfers) settle(f *signedFile, state signedState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.state = state
}

func (t *transfers) close() error {
	t.mu.Lock()
	for _, f := range t.byToken {
		f.expiry.Stop()
	}
	clear(t.byToken)
	t.mu.Unlock()
	return os.RemoveAll(t.dir)
}

// What a signed URL that is none is answered with.
var (
	errSigned     = cfapi.New(http.StatusForbidden, 10000, "This link is unknown or has expired: links of imports and exports are good for one hour and end with the process. Start again.")
	errSignedUsed = cfapi.New(http.StatusConflict, 10000, "This link has been used, or is being used, for an upload: it is good for one. Start the import again.")
)

// signed makes the handler of a signed URL, which needs no token. What an upload may hold is its own affair.
func signed(h cfapi.Handler) http.Handler {
	return cfapi.Endpoint{Handler: h, Signed: true, MaxBody: math.MaxInt64}
}

// signedURLs gives files an address as the client of r reaches this door.
func signedURLs(r *http.Request) func(*signedFile) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := scheme + "://" + r.Host + "/client/v4/accounts/" + mux.Vars(r)["account"] + signedPath + "/"
	return func(f *signedFile) string { return base + f.token + "/" + f.filename }
}

// putSigned takes an upload. It is good when its MD5 is the one that was announced.
func (s *Service) putSigned(w http.ResponseWriter, r *http.Request) error {
	vars := mux.Vars(r)
	f, err := s.transfers.take(vars["token"], vars["filename"], true, signedEmpty, signedFilling)
	if err != nil {
		return err
	}
	if r.ContentLength > s.maxImport {
		s.transfers.settle(f, signedEmpty)
		return errImportSize
	}
	sum, err := s.receive(f, http.MaxBytesReader(w, r.Body, s.maxImport))
	if err == nil && sum != f.etag {
		err = &Error{Code: CodeInvalid, Message: fmt.Sprintf("The MD5 of the uploaded file is %s, and the import was started for %s. Upload that file, or start again.", sum, f.etag)}
	}
	if err != nil {
		_ = os.Remove(f.path)
		s.transfers.settle(f, signedEmpty)
		return err
	}
	s.transfers.settle(f, signedReady)
	w.Header().Set("ETag", `"`+sum+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

// receive writes body to the file of f and returns its MD5.
func (s *Service) receive(f *signedFile, body io.Reader) (string, error) {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("d1: receive import: %w", err)
	}
	hash := md5.New()
	if _, err = io.CopyBuffer(file, io.TeeReader(body, hash), make([]byte, 256<<10)); err != nil {
		var big *http.MaxBytesError
		var disk *os.PathError
		switch {
		case errors.As(err, &big):
			err = errImportSize
		case !errors.As(err, &disk):
			err = &Error{Code: CodeInvalid, Message: textGone, Err: err}
		}
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// getSigned hands out an export.
func (s *Service) getSigned(w http.ResponseWriter, r *http.Request) error {
	vars := mux.Vars(r)
	f, err := s.transfers.take(vars["token"], vars["filename"], false, signedReady, signedReady)
	if err != nil {
		return err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("d1: export: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("d1: export: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/sql")
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	h.Set("Content-Disposition", `attachment; filename="`+f.filename+`"`)
	h.Set("ETag", `"`+f.etag+`"`)
	_, _ = io.Copy(w, file) // an error is the client's: it is gone
	return nil
}

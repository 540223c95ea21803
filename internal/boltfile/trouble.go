package boltfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// ErrDamaged is what to wrap in an error about a record that cannot be read.
var ErrDamaged = bolterrors.ErrInvalid

// A Trouble is a failure that is the file's or its disk's, not the caller's.
type Trouble struct {
	Text string // which file it is, what happened, and what to do next
	Err  error
}

func (t *Trouble) Error() string { return t.Text + ": " + t.Err.Error() }

func (t *Trouble) Unwrap() error { return t.Err }

// Fault returns the form for the caller: an internal error, as it would be in production.
func (t *Trouble) Fault() cfapi.Fault {
	const internal = 10001
	return cfapi.Fault{Status: http.StatusInternalServerError, Code: internal, Message: "internal error (cfemu: " + t.Text + ")"}
}

// Explain makes a *Trouble of an error that a file or its disk has caused. Any other it returns as it is.
func Explain(path string, err error) error {
	var known *Trouble
	if err == nil || errors.As(err, &known) {
		return err
	}
	if text := advice(err); text != "" {
		return &Trouble{Text: fmt.Sprintf(text, path), Err: err}
	}
	return err
}

// advice returns a text about the file %s, empty when the error is not one of a file.
func advice(err error) string {
	var unreadable *json.SyntaxError
	var number syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return "%s is in use by another process: end that, and start again"
	case errors.Is(err, ErrDamaged), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch), errors.As(err, &unreadable):
		return "%s is damaged and was left as it is: put a copy back, or move its whole folder away and start again with nothing"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "%s cannot be written: make it and its folder writable for the user that runs cfemu"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "%s has no room left on its disk, and nothing was changed: make room, and try again"
	case errors.Is(err, fs.ErrNotExist):
		return "%s is missing: put it back"
	case errors.As(err, &number):
		return "%s could not be read or written, and nothing was changed: look after its disk, and try again"
	}
	return ""
}

package s3

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/cfemu/cfemu/r2"
)

func TestErrorsHaveTheirNameAndStatus(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"one of ours":              {notImplemented("GetBucketAcl not implemented"), http.StatusNotImplemented, "NotImplemented"},
		"one of ours, wrapped":     {fmt.Errorf("read: %w", newError(400, "BadDigest", "no")), 400, "BadDigest"},
		"one of R2":                {&r2.Error{Code: r2.CodeNoSuchKey, Message: "gone"}, http.StatusNotFound, "NoSuchKey"},
		"one that nobody expected": {errors.New("disk on fire"), http.StatusInternalServerError, "InternalError"},
	} {
		if got := errorOf(c.err); got.Status != c.status || got.Code != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.Status, got.Code, c.status, c.code)
		}
	}
}

func TestAnErrorDocumentHasNoNamespace(t *testing.T) {
	err := newError(403, "SignatureDoesNotMatch", "It's <not>")
	err.Extra = []Element{{"SignatureProvided", "a&b"}}
	got := err.document()
	want := "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SignatureDoesNotMatch</Code>" +
		"<Message>It&apos;s &lt;not&gt;</Message><SignatureProvided>a&amp;b</SignatureProvided></Error>"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

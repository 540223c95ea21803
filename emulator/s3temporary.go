package emulator

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/r2"
	"github.com/cfemu/cfemu/r2/s3"
)

// s3Routes are what client/v4 has for R2's S3 endpoint.
func (e *Emulator) s3Routes(r *mux.Router) {
	r.Handle("/r2/temp-access-credentials", cfapi.Handler(e.postTemporary)).Methods(http.MethodPost)
}

const (
	maxTemporaryBytes   = 1 << 20
	maxTemporarySeconds = 7 * 24 * 60 * 60
)

// postTemporary makes temporary credentials. Nothing is kept of them: they say themselves what they are
// good for.
//
// Receipt: https://developers.cloudflare.com/api/resources/r2/subresources/temporary_credentials/methods/create/
func (e *Emulator) postTemporary(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Bucket            string   `json:"bucket"`
		ParentAccessKeyID string   `json:"parentAccessKeyId"`
		Permission        string   `json:"permission"`
		TTLSeconds        float64  `json:"ttlSeconds"`
		Objects           []string `json:"objects"`
		Prefixes          []string `json:"prefixes"`
	}
	if err := cfapi.DecodeJSON(r, &req, maxTemporaryBytes); err != nil {
		return wrongTemporary("the body is not what it should be: %v", err)
	}
	if !(req.TTLSeconds >= 1 && req.TTLSeconds <= maxTemporarySeconds) {
		return wrongTemporary("ttlSeconds must be between 1 and %d", maxTemporarySeconds)
	}
	parent, ok := e.s3Keys(req.ParentAccessKeyID)
	if !ok {
		return wrongTemporary("parentAccessKeyId is not known: `cfemu env --for s3` prints the one that is")
	}
	if _, err := e.r2.Get(r.Context(), req.Bucket); err != nil {
		return err
	}
	made, token, ok := parent.Delegate(s3.Delegation{
		Account: AccountID, Bucket: req.Bucket, Permission: req.Permission, Prefixes: req.Prefixes, Objects: req.Objects,
		Ends: e.clock.Now().Add(time.Duration(req.TTLSeconds * float64(time.Second))),
	})
	if !ok {
		return wrongTemporary("permission must be object-read-only, object-read-write, admin-read-only or admin-read-write, for a bucket that parentAccessKeyId is good for")
	}
	return cfapi.WriteResult(w, struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
	}{made.AccessKeyID, made.SecretAccessKey, token})
}

func wrongTemporary(format string, args ...any) error {
	return cfapi.New(http.StatusBadRequest, int(r2.CodeInvalidArgument), fmt.Sprintf(format, args...))
}

package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/cfemu/cfemu/internal/fsx"
	"github.com/cfemu/cfemu/r2/s3"
)

// An S3Access is what a client of R2's S3 endpoint needs beside the endpoint's URL.
type S3Access struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

// openS3 reads the key pair of the state, made if need be. It is as lasting as the state: what a user has
// written into the settings of a client goes on working.
func (e *Emulator) openS3() error {
	name := e.state.path("s3-token")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(rand.Text() + "\n")
		if err = e.writeState(name, b, 0o600); err != nil {
			return fmt.Errorf("keep the token of the S3 endpoint: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("read the token of the S3 endpoint: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return fmt.Errorf("%s is empty: delete it to get a new key pair for the S3 endpoint", name)
	}
	e.s3Access = accessOf(token)
	return nil
}

func (e *Emulator) writeState(name string, b []byte, perm os.FileMode) error {
	if e.opts.Ephemeral { // gone at the end: no fsync
		return os.WriteFile(name, b, perm)
	}
	return fsx.WriteFile(name, b, perm)
}

// accessOf derives a key pair from a token, as Cloudflare does from an API token: the secret is the
// token's SHA-256. The id is that of the token there; here it is made of the token too.
//
// Receipt: https://developers.cloudflare.com/r2/api/tokens/
func accessOf(token string) S3Access {
	id := sha256.Sum256([]byte("id of " + token))
	secret := sha256.Sum256([]byte(token))
	return S3Access{hex.EncodeToString(id[:16]), hex.EncodeToString(secret[:])}
}

// S3Access returns the key pair that is good for all buckets.
func (e *Emulator) S3Access() S3Access { return e.s3Access }

// s3Keys finds a key pair: the state's own, or one of those that the configuration gives to buckets.
func (e *Emulator) s3Keys(id string) (s3.Credentials, bool) {
	if id == e.s3Access.AccessKeyID {
		return s3.Credentials{AccessKeyID: id, SecretAccessKey: e.s3Access.SecretAccessKey}, true
	}
	l := e.current.Load()
	if l == nil || l.wiring == nil {
		return s3.Credentials{}, false
	}
	found := s3.Credentials{AccessKeyID: id, Buckets: []string{}}
	for _, b := range l.config.R2Buckets {
		if b.S3 != nil && b.S3.AccessKeyID == id {
			found.SecretAccessKey = b.S3.SecretAccessKey
			found.Buckets = append(found.Buckets, l.wiring.buckets[b.Binding].Name)
		}
	}
	return found, len(found.Buckets) > 0
}

// s3Handler is the S3 door.
func (e *Emulator) s3Handler() http.Handler {
	return s3.New(s3.Options{Buckets: e.r2, Keys: e.s3Keys, Clock: e.clock, Logger: slog.Default(), Account: AccountID})
}

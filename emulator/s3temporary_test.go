package emulator_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

func TestTemporaryCredentialsOfR2(t *testing.T) {
	h := emulatortest.Start(t, project(`export default { fetch() { return new Response("ok") } }`), emulator.Options{})
	const path = "/client/v4/accounts/" + emulator.AccountID + "/r2/"
	if err := h.Control("POST", path+"buckets", map[string]string{"name": "files"}, nil); err != nil {
		t.Fatal(err)
	}
	parent := h.S3Access().AccessKeyID
	body := func(change string, to any) map[string]any {
		b := map[string]any{"bucket": "files", "parentAccessKeyId": parent, "permission": "object-read-only", "ttlSeconds": 900}
		b[change] = to
		return b
	}
	var made struct {
		Result struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	if err := h.Control("POST", path+"temp-access-credentials", body("prefixes", []string{"a/"}), &made); err != nil {
		t.Fatal(err)
	}
	token, err := base64.StdEncoding.DecodeString(made.Result.SessionToken)
	if made.Result.AccessKeyID != parent || len(made.Result.SecretAccessKey) != 64 || err != nil || !strings.HasPrefix(string(token), "jwt/") {
		t.Errorf("%+v: %q, %v", made.Result, token, err)
	}
	for name, c := range map[string]struct {
		body map[string]any
		want string
	}{
		"an unknown bucket":     {body("bucket", "other"), "The specified bucket does not exist."},
		"an unknown pair":       {body("parentAccessKeyId", "x"), "cfemu env --for s3"},
		"an unknown permission": {body("permission", "all"), "permission must be object-read-only"},
		"no time":               {body("ttlSeconds", 0), "ttlSeconds must be between 1 and 604800"},
		"too much time":         {body("ttlSeconds", 604801), "ttlSeconds must be between 1 and 604800"},
		"a time that is text":   {body("ttlSeconds", "900"), "400 Bad Request"},
	} {
		err := h.Control("POST", path+"temp-access-credentials", c.body, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

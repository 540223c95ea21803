package wrangler

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is wrong with a key pair or beside it, no message shows its secret.
func TestNoMessageShowsASecret(t *testing.T) {
	for name, text := range map[string]string{
		"a string in its place":   `"experimental_s3_credentials": "local:shh"`,
		"on a line of its own":    "\"experimental_s3_credentials\":\n\"local:shh\"",
		"a list":                  `"experimental_s3_credentials": ["local", "shh"]`,
		"a list for the secret":   "\"experimental_s3_credentials\": {\"accessKeyId\": 1,\n\"secretAccessKey\": [\n\"shh\"]}",
		"a number in its place":   `"experimental_s3_credentials": {"accessKeyId": "a", "secretAccessKey": 5405405}`,
		"a key that is not known": `"experimental_s3_credentials": {"accessKeyId": "a", "secret": "shh"}`,
		"a key that is set twice": `"experimental_s3_credentials": {"accessKeyId": "a", "accessKeyId": "b", "secretAccessKey": "shh"}`,
		"no JSON":                 `"experimental_s3_credentials": {"accessKeyId": "a", "secretAccessKey": "shh" "b"}`,
		"no JSON, on its own":     "\"experimental_s3_credentials\": {\"accessKeyId\": \"a\",\n\"secretAccessKey\": \"shh\" \"b\"}",
		"another mistake":         `"experimental_s3_credentials": {"accessKeyId": "a", "secretAccessKey": "shh"}, "x": 1`,
	} {
		file := filepath.Join(t.TempDir(), "wrangler.jsonc")
		write(t, file, `{"name": "w", "main": "a.js", "compatibility_date": "2026-01-31", "r2_buckets": [{"binding": "A", "bucket_name": "aaa", "local_dev": {`+text+`}}]}`)
		cfg, err := Load(file, LoadOptions{})
		var told strings.Builder
		if err != nil {
			told.WriteString(err.Error())
		}
		for _, w := range cfg.Warnings {
			told.WriteString(w.String())
		}
		if told.Len() == 0 || strings.Contains(told.String(), "shh") || strings.Contains(told.String(), "5405405") {
			t.Errorf("%s: told is %q", name, &told)
		}
	}
}

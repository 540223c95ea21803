package emulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/internal/clock"
)

// askS3 sends a signed request without a query to the S3 door.
func askS3(t *testing.T, door string, access emulator.S3Access, method, path, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, door+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	sum := func(text string) string {
		s := sha256.Sum256([]byte(text))
		return hex.EncodeToString(s[:])
	}
	date := clock.System.Now().UTC().Format("20060102T150405Z")
	scope := date[:8] + "/auto/s3/aws4_request"
	canonical := strings.Join([]string{method, r.URL.EscapedPath(), "", "host:" + r.URL.Host, "x-amz-content-sha256:" + sum(body), "x-amz-date:" + date, "", "host;x-amz-content-sha256;x-amz-date", sum(body)}, "\n")
	key := mac(mac(mac(mac([]byte("AWS4"+access.SecretAccessKey), date[:8]), "auto"), "s3"), "aws4_request")
	signature := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+sum(canonical)))
	r.Header.Set("X-Amz-Date", date)
	r.Header.Set("X-Amz-Content-Sha256", sum(body))
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=%s", access.AccessKeyID, scope, signature))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// bucketProject is a Worker that reads and writes a bucket by path.
func bucketProject(more ...string) map[string]string {
	return project(`
export default { async fetch(request, env) {
	const key = decodeURIComponent(new URL(request.url).pathname.slice(1))
	if (request.method === "PUT") {
		await env.BUCKET.put(key, request.body, { httpMetadata: request.headers, customMetadata: { by: "the Worker" } })
		return new Response()
	}
	const o = await env.BUCKET.get(key)
	return o ? Response.json({ text: await o.text(), type: o.httpMetadata.contentType, custom: o.customMetadata, etag: o.etag }) : new Response("none", { status: 404 })
} }`, append([]string{"[[r2_buckets]]", `binding = "BUCKET"`, `bucket_name = "invoices"`}, more...)...)
}

// What a Worker writes S3 clients read, and the other way round.
func TestTheWorkerAndS3ShareABucket(t *testing.T) {
	h := emulatortest.Start(t, bucketProject(), emulator.Options{})
	door, access := h.URLs().S3, h.S3Access()
	if a := h.Ask("PUT", "/a/b", "hello", "Content-Type", "text/x"); a.StatusCode != 200 {
		t.Fatalf("put: %d %s", a.StatusCode, a.Text)
	}
	status, header, body := askS3(t, door, access, "GET", "/invoices/a/b", "")
	if status != 200 || body != "hello" || header.Get("Content-Type") != "text/x" || header.Get("x-amz-meta-by") != "the Worker" {
		t.Errorf("S3 sees %d %q %v", status, body, header)
	}
	if status, _, body := askS3(t, door, access, "PUT", "/invoices/c", "by S3", "Content-Type", "text/y", "x-amz-meta-by", "S3"); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if a := h.Get("/c"); !strings.HasPrefix(a.Text, `{"text":"by S3","type":"text/y","custom":{"by":"S3"},`) {
		t.Errorf("the Worker sees %s", a.Text)
	}
	// A page of another site may show what a presigned URL gives: the answer has none of the control door's hardening.
	for _, name := range []string{"Cross-Origin-Resource-Policy", "Content-Security-Policy"} {
		if header.Get(name) != "" {
			t.Errorf("%s: %s", name, header.Get(name))
		}
	}
}

// The endpoint's own key pair opens all buckets, one of the configuration those that name it, and no other any.
func TestKeyPairsOfTheS3Endpoint(t *testing.T) {
	h := emulatortest.Start(t, bucketProject(
		`[r2_buckets.local_dev.experimental_s3_credentials]`, `accessKeyId = "local"`, `secretAccessKey = "shh"`,
		"[[r2_buckets]]", `binding = "OTHER"`, `bucket_name = "other"`), emulator.Options{})
	door, own := h.URLs().S3, h.S3Access()
	local := emulator.S3Access{AccessKeyID: "local", SecretAccessKey: "shh"}
	for name, c := range map[string]struct {
		access emulator.S3Access
		path   string
		want   int
	}{
		"its own":                    {own, "/invoices", 200},
		"its own for any":            {own, "/other", 200},
		"a configured one":           {local, "/invoices", 200},
		"a configured one elsewhere": {local, "/other", 403},
		"a wrong secret":             {emulator.S3Access{AccessKeyID: own.AccessKeyID, SecretAccessKey: "no"}, "/invoices", 403},
		"an unknown one":             {emulator.S3Access{AccessKeyID: "no", SecretAccessKey: own.SecretAccessKey}, "/invoices", 401},
		"the run's token":            {emulator.S3Access{AccessKeyID: h.Token(), SecretAccessKey: h.Token()}, "/invoices", 401},
	} {
		if status, _, body := askS3(t, door, c.access, "GET", c.path, ""); status != c.want {
			t.Errorf("%s: got %d %s, want %d", name, status, body, c.want)
		}
	}
	if len(own.AccessKeyID) != 32 || len(own.SecretAccessKey) != 64 {
		t.Errorf("the pair is %q, %d characters", own.AccessKeyID, len(own.SecretAccessKey))
	}
}

func TestTheKeyPairIsAsLastingAsTheState(t *testing.T) {
	state := t.TempDir()
	first := emulatortest.Start(t, bucketProject(), emulator.Options{State: state})
	access := first.S3Access()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	if second := emulatortest.Start(t, bucketProject(), emulator.Options{State: state}); second.S3Access() != access {
		t.Error("a restart has changed it")
	}
	if other := emulatortest.Start(t, bucketProject(), emulator.Options{}); other.S3Access() == access {
		t.Error("two states have the same")
	}
}

// A name that is not the endpoint's does not get as far as a signature.
func TestHostsOfTheS3Door(t *testing.T) {
	h := emulatortest.Start(t, bucketProject(), emulator.Options{AllowHosts: []string{"s3.internal"}})
	for host, want := range map[string]int{
		"evil.example": 403, "r2.cloudflarestorage.com.evil.example": 403, "localhost": 400, "invoices.localhost:8701": 400,
		"0123.r2.cloudflarestorage.com": 400, "invoices.0123.eu.r2.cloudflarestorage.com": 400, "s3.internal:8701": 400,
	} {
		status, _, body := raw(t, h.URLs().S3, "GET /invoices HTTP/1.1\nHost: "+host+"\nConnection: close\n\n")
		if status != want || want == 403 && !strings.Contains(body, "--allow-host") || want == 400 && !strings.Contains(body, "<Code>InvalidArgument</Code>") {
			t.Errorf("%s: got %d %s, want %d", host, status, body, want)
		}
	}
}

package s3

import (
	"strings"
	"testing"
)

func TestCopies(t *testing.T) {
	setup := func(e *endpoint) {
		e.must("PUT", "/receipts", "")
		e.must("PUT", "/receipts/a%20%26", "hello", "Content-Type", "text/plain")
		e.must("PUT", "/invoices/there", "x")
	}
	from := func(headers ...string) []string {
		return append([]string{"x-amz-copy-source", "/receipts/a%20%26"}, headers...)
	}
	run(t, setup, map[string]try{
		"tell what they made": {request: "PUT /invoices/b", headers: from(), status: 200, want: []string{
			`<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><LastModified>2026-01-02T03:04:05.600Z</LastModified></CopyObjectResult>`}},
		"have a checksum that is asked for":  {request: "PUT /invoices/b", headers: from("x-amz-checksum-algorithm", "CRC32"), status: 200, want: []string{"<ChecksumCRC32>NhCmhg==</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>"}},
		"have no checksum that is not known": {request: "PUT /invoices/b", headers: from("x-amz-checksum-algorithm", "ROT13"), status: 501, want: []string{"NotImplemented"}},
		"need a source":                      {request: "PUT /invoices/b", headers: []string{"x-amz-copy-source", "/receipts/no"}, status: 404, want: []string{"NoSuchKey"}},
		"need the source's bucket":           {request: "PUT /invoices/b", headers: []string{"x-amz-copy-source", "/letters/a"}, status: 404, want: []string{"NoSuchBucket"}},
		"need the target's bucket":           {request: "PUT /letters/b", headers: from(), status: 404, want: []string{"NoSuchBucket"}},
		"need a key":                         {request: "PUT /invoices/b", headers: []string{"x-amz-copy-source", "/receipts/"}, status: 400, want: []string{"InvalidArgument", "copy source bucket name"}},
		"need an escape":                     {request: "PUT /invoices/b", headers: []string{"x-amz-copy-source", "/receipts/%"}, status: 400, want: []string{"InvalidArgument"}},
		"need no slash":                      {request: "PUT /invoices/b", headers: []string{"x-amz-copy-source", "receipts/a%20%26"}, status: 200},
		"happen when the source matches":     {request: "PUT /invoices/b", headers: from("x-amz-copy-source-if-match", helloETag), status: 200},
		"do not when it does not":            {request: "PUT /invoices/b", headers: from("x-amz-copy-source-if-match", `"no"`), status: 412, want: []string{"PreconditionFailed"}},
		"do not when it must not":            {request: "PUT /invoices/b", headers: from("x-amz-copy-source-if-none-match", helloETag), status: 412, want: []string{"PreconditionFailed"}},
		"do not when it is too new":          {request: "PUT /invoices/b", headers: from("x-amz-copy-source-if-unmodified-since", "Fri, 02 Jan 2026 03:04:04 GMT"), status: 412, want: []string{"PreconditionFailed"}},
		"do not when it is too old":          {request: "PUT /invoices/b", headers: from("x-amz-copy-source-if-modified-since", modified), status: 412, want: []string{"PreconditionFailed"}},
		"do not over another":                {request: "PUT /invoices/there", headers: from("cf-copy-destination-if-none-match", "*"), status: 412, want: []string{"PreconditionFailed"}},
		"do where there is none":             {request: "PUT /invoices/b", headers: from("cf-copy-destination-if-none-match", "*"), status: 200},
		"do over the right one":              {request: "PUT /invoices/there", headers: from("cf-copy-destination-if-match", `"9dd4e461268c8034f5c8564e155c67a6"`), status: 200},
		"have a directive":                   {request: "PUT /invoices/b", headers: from("x-amz-metadata-directive", "KEEP"), status: 400, want: []string{"InvalidArgument", "metadata directive KEEP."}},
		"have no tags":                       {request: "PUT /invoices/b", headers: from("x-amz-tagging-directive", "COPY"), status: 501, want: []string{"NotImplemented"}},
		"have a class":                       {request: "PUT /invoices/b", headers: from("x-amz-storage-class", "STANDARD_IA"), status: 200},
		"have a class of R2":                 {request: "PUT /invoices/b", headers: from("x-amz-storage-class", "GLACIER"), status: 400, want: []string{"InvalidStorageClass"}},
	})
}

func TestDirectivesSayWhatBecomesOfMetadata(t *testing.T) {
	for directive, want := range map[string][3]string{ // content type, a, b
		"": {"text/plain", "1", "2"}, "COPY": {"text/plain", "1", "2"}, "REPLACE": {"text/html", "", "3"}, "MERGE": {"text/html", "1", "3"},
	} {
		e := start(t)
		e.must("PUT", "/invoices/a", "hello", "Content-Type", "text/plain", "x-amz-meta-a", "1", "x-amz-meta-b", "2")
		headers := []string{"x-amz-copy-source", "/invoices/a", "Content-Type", "text/html", "x-amz-meta-b", "3"}
		if directive != "" {
			headers = append(headers, "x-amz-metadata-directive", directive)
		}
		for _, key := range []string{"b", "a"} { // onto itself too
			e.must("PUT", "/invoices/"+key, "", headers...)
			a := e.must("GET", "/invoices/"+key, "")
			got := [3]string{a.Header.Get("Content-Type"), a.Header.Get("x-amz-meta-a"), a.Header.Get("x-amz-meta-b")}
			if got != want || a.Body != "hello" {
				t.Errorf("%q to %s: got %q with %q, want %q", directive, key, a.Body, got, want)
			}
		}
	}
}

// A copy is an object of its own.
func TestACopyOutlivesItsSource(t *testing.T) {
	e := start(t)
	body := strings.Repeat("large enough for a file of its own. ", 1000)
	e.must("PUT", "/invoices/a", body, "x-amz-checksum-sha256", base64SHA256(body))
	e.must("PUT", "/invoices/b", "", "x-amz-copy-source", "/invoices/a")
	e.must("PUT", "/invoices/a", "other")
	e.must("DELETE", "/invoices/a", "")
	a := e.must("GET", "/invoices/b", "", "x-amz-checksum-mode", "ENABLED")
	if a.Body != body || a.Header.Get("x-amz-checksum-sha256") != base64SHA256(body) {
		t.Errorf("%d bytes, %v", len(a.Body), a.Header)
	}
}

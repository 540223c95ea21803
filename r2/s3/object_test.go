package s3

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/r2"
)

const modified = "Fri, 02 Jan 2026 03:04:05 GMT"

const helloETag = `"5d41402abc4b2a76b9719d911017c592"` // MD5 of hello

func TestObjects(t *testing.T) {
	setup := func(e *endpoint) { e.must("PUT", "/invoices/a/hello.txt", "hello") }
	run(t, setup, map[string]try{
		"are read":                           {request: "GET /invoices/a/hello.txt", status: 200, want: []string{"hello"}},
		"are read by their host":             {request: "GET /a/hello.txt", headers: []string{"Host", "invoices.localhost"}, status: 200, want: []string{"hello"}},
		"are read with an escaped slash":     {request: "GET /invoices/a%2Fhello.txt", status: 200, want: []string{"hello"}},
		"are not read when they are not":     {request: "GET /invoices/no", status: 404, want: []string{"NoSuchKey", "<Message>The specified key does not exist.</Message></Error>"}},
		"are not known when they are not":    {request: "HEAD /invoices/no", status: 404},
		"are in buckets":                     {request: "GET /letters/no", status: 404, want: []string{"NoSuchBucket"}},
		"are deleted":                        {request: "DELETE /invoices/a/hello.txt", status: 204},
		"are deleted when they are not":      {request: "DELETE /invoices/no", status: 204},
		"have a part":                        {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=1-2"}, status: 206, want: []string{"el"}},
		"have a rest":                        {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=3-"}, status: 206, want: []string{"lo"}},
		"have an end":                        {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=-3"}, status: 206, want: []string{"llo"}},
		"have no more than they have":        {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=1-99999999999999999999"}, status: 206, want: []string{"ello"}},
		"have nothing behind their end":      {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=5-"}, status: 416, want: []string{"InvalidRange", "The requested range is not satisfiable"}},
		"have no part behind their end":      {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=5-9"}, status: 416, want: []string{"InvalidRange"}},
		"have no such part to know of":       {request: "HEAD /invoices/a/hello.txt", headers: []string{"Range", "bytes=5-9"}, status: 416},
		"have no end of nothing":             {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=-0"}, status: 416, want: []string{"InvalidRange"}},
		"have no part that ends before":      {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=2-1"}, status: 400, want: []string{"InvalidArgument", "range must be positive."}},
		"have one part":                      {request: "GET /invoices/a/hello.txt", headers: []string{"Range", "bytes=0-1,3-4"}, status: 400, want: []string{"InvalidArgument", "range must be in format &apos;bytes=start-end&apos;, &apos;bytes=start-&apos; or &apos;bytes=-suffix&apos;.&apos;"}},
		"have bytes":                         {request: "HEAD /invoices/a/hello.txt", headers: []string{"Range", "lines=0-1"}, status: 400},
		"have no numbered parts":             {request: "GET /invoices/a/hello.txt?partNumber=1", status: 501, want: []string{"NotImplemented", "partNumber not implemented"}},
		"are as they were":                   {request: "GET /invoices/a/hello.txt", headers: []string{"If-None-Match", helloETag}, status: 304},
		"are not others":                     {request: "GET /invoices/a/hello.txt", headers: []string{"If-None-Match", `"no"`}, status: 200, want: []string{"hello"}},
		"are those that match":               {request: "GET /invoices/a/hello.txt", headers: []string{"If-Match", `"no", ` + helloETag}, status: 200, want: []string{"hello"}},
		"are not those that do not":          {request: "GET /invoices/a/hello.txt", headers: []string{"If-Match", `"no"`}, status: 412, want: []string{"PreconditionFailed", "At least one of the pre-conditions you specified did not hold."}},
		"are not newer than they are":        {request: "GET /invoices/a/hello.txt", headers: []string{"If-Modified-Since", modified}, status: 304},
		"are not older than they are":        {request: "GET /invoices/a/hello.txt", headers: []string{"If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:04 GMT"}, status: 412, want: []string{"PreconditionFailed"}},
		"are unchanged":                      {request: "GET /invoices/a/hello.txt", headers: []string{"If-Unmodified-Since", modified}, status: 200, want: []string{"hello"}},
		"are written by POST too":            {request: "POST /invoices/b", body: "x", status: 200},
		"are not written over":               {request: "PUT /invoices/a/hello.txt", headers: []string{"If-None-Match", "*"}, body: "x", status: 412, want: []string{"PreconditionFailed"}},
		"are written when there is none":     {request: "PUT /invoices/b", headers: []string{"If-None-Match", "*"}, body: "x", status: 200},
		"are written over the right one":     {request: "PUT /invoices/a/hello.txt", headers: []string{"If-Match", helloETag}, body: "x", status: 200},
		"are not written over the wrong one": {request: "PUT /invoices/a/hello.txt", headers: []string{"If-Match", `"no"`}, body: "x", status: 412, want: []string{"PreconditionFailed"}},
		"are not written over newer ones":    {request: "PUT /invoices/a/hello.txt", headers: []string{"If-Unmodified-Since", "Fri, 02 Jan 2026 03:04:04 GMT"}, body: "x", status: 412, want: []string{"PreconditionFailed"}},
		"are written over those of a second": {request: "PUT /invoices/a/hello.txt", headers: []string{"If-Unmodified-Since", modified}, body: "x", status: 200},
		"need a bucket":                      {request: "PUT /letters/a", body: "x", status: 404, want: []string{"NoSuchBucket"}},
		"make a bucket when told":            {request: "PUT /letters/a", headers: []string{"cf-create-bucket-if-missing", "true"}, body: "x", status: 200},
		"have a class":                       {request: "PUT /invoices/b", headers: []string{"x-amz-storage-class", "STANDARD_IA"}, body: "x", status: 200},
		"have no class of AWS":               {request: "PUT /invoices/b", headers: []string{"x-amz-storage-class", "GLACIER"}, body: "x", status: 400, want: []string{"InvalidStorageClass", "The storage class specified is not valid."}},
		"have a canned ACL":                  {request: "PUT /invoices/b", headers: []string{"x-amz-acl", "public-read"}, body: "x", status: 200},
		"have no other ACL":                  {request: "PUT /invoices/b", headers: []string{"x-amz-acl", "mine"}, body: "x", status: 501, want: []string{"NotImplemented", "Header &apos;x-amz-acl&apos; with value &apos;mine&apos; not implemented"}},
		"are encrypted":                      {request: "PUT /invoices/b", headers: []string{"x-amz-server-side-encryption", "AES256"}, body: "x", status: 200},
		"are not encrypted by KMS":           {request: "PUT /invoices/b", headers: []string{"x-amz-server-side-encryption", "aws:kms"}, body: "x", status: 501, want: []string{"NotImplemented"}},
		"are not encrypted by a key":         {request: "GET /invoices/a/hello.txt", headers: []string{"x-amz-server-side-encryption-customer-algorithm", "AES256"}, status: 501, want: []string{"NotImplemented"}},
		"have no tags":                       {request: "PUT /invoices/b", headers: []string{"x-amz-tagging", "a=b"}, body: "x", status: 501, want: []string{"NotImplemented", "Header &apos;x-amz-tagging&apos; with value &apos;a=b&apos; not implemented"}},
		"have no tags to read":               {request: "GET /invoices/a/hello.txt?tagging", status: 501, want: []string{"NotImplemented", "GetObjectTagging not implemented"}},
		"have no ACL to read":                {request: "GET /invoices/a/hello.txt?acl", status: 501, want: []string{"NotImplemented", "GetObjectAcl not implemented"}},
		"have no attributes":                 {request: "GET /invoices/a/hello.txt?attributes", status: 501, want: []string{"NotImplemented", "GetObjectAttributes not implemented"}},
		"have keys that are not too long":    {request: "PUT /invoices/" + strings.Repeat("k", 1025), body: "x", status: 400, want: []string{"InvalidObjectName"}},
		"have a bounded description":         {request: "PUT /invoices/b", headers: []string{"x-amz-meta-a", strings.Repeat("v", 8192)}, body: "x", status: 400, want: []string{"MetadataTooLarge"}},
		"are what their hash says":           {request: "PUT /invoices/b", headers: []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, body: "x", status: 400, want: []string{"BadDigest"}},
		"are what their checksum says":       {request: "PUT /invoices/b", headers: []string{"x-amz-checksum-crc32", "AAAAAA=="}, body: "x", status: 400, want: []string{"BadDigest"}},
		"are not patched":                    {request: "PATCH /invoices/a/hello.txt", status: 404, want: []string{"RouteNotFound"}},
	})
}

// A write that is refused leaves no trace.
func TestARefusedWriteChangesNothing(t *testing.T) {
	for name, headers := range map[string][]string{
		"a condition": {"If-None-Match", "*"}, "a hash": {"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, "a checksum": {"x-amz-checksum-crc32", "AAAAAA=="},
		"a header": {"x-amz-tagging", "a=b"}, "a class": {"x-amz-storage-class", "GLACIER"},
	} {
		e := start(t)
		e.must("PUT", "/invoices/a", "before")
		if a := e.ask("PUT", "/invoices/a", "after", headers...); a.Status < 400 {
			t.Errorf("%s: got %d", name, a.Status)
		}
		if a := e.must("GET", "/invoices/a", ""); a.Body != "before" {
			t.Errorf("%s: now it is %q", name, a.Body)
		}
	}
	e := start(t)
	r := e.signed("PUT", "/invoices/a", "what was signed")
	r.Body = io.NopCloser(strings.NewReader("what was sent!!"))
	if a := e.send(r); a.Status != 400 || a.element("Code") != "XAmzContentSHA256Mismatch" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := e.ask("GET", "/invoices/a", ""); a.Status != 404 {
		t.Errorf("what was not signed is stored: %d", a.Status)
	}
}

// What is too large is refused by what it is announced to be.
func TestNothingIsLargerThanR2Takes(t *testing.T) {
	e := start(t)
	id := e.begin("a")
	for _, target := range []string{"/invoices/a", "/invoices/a?partNumber=1&uploadId=" + id} {
		r := e.signed("PUT", target, "x")
		sent := &counted{Reader: r.Body}
		r.Body, r.ContentLength = io.NopCloser(sent), 5<<30-5<<20+1
		if a := e.send(r); a.Status != 400 || a.element("Code") != "EntityTooLarge" || sent.n > 1 {
			t.Errorf("%s: %d %s after %d bytes", target, a.Status, a.Body, sent.n)
		}
		r = e.signed("PUT", target, "x")
		r.ContentLength = -1
		if a := e.send(r); a.Status != 411 || a.element("Code") != "MissingContentLength" {
			t.Errorf("%s of an unknown length: %d %s", target, a.Status, a.Body)
		}
	}
}

// description are headers of a write that come back with the object.
var description = map[string]string{
	"Content-Type": "text/plain", "Content-Language": "de", "Content-Disposition": `attachment; filename="a.txt"`, "Content-Encoding": "gzip",
	"Cache-Control": "max-age=60", "Expires": "Wed, 21 Oct 2026 07:28:00 GMT", "X-Amz-Meta-Customer": "ACME", "X-Amz-Storage-Class": "STANDARD_IA",
}

func TestWhatIsSaidOfAnObjectComesBack(t *testing.T) {
	e := start(t)
	var headers []string
	for name, value := range description {
		headers = append(headers, name, value)
	}
	put := e.must("PUT", "/invoices/a", "hello", headers...)
	for _, method := range []string{"GET", "HEAD"} {
		a := e.must(method, "/invoices/a", "")
		for name, value := range description {
			if a.Header.Get(name) != value {
				t.Errorf("%s: %s is %q, not %q", method, name, a.Header.Get(name), value)
			}
		}
		for name, value := range map[string]string{"ETag": helloETag, "Last-Modified": modified, "Accept-Ranges": "bytes", "Content-Length": "5"} {
			if a.Header.Get(name) != value {
				t.Errorf("%s: %s is %q, not %q", method, name, a.Header.Get(name), value)
			}
		}
	}
	if put.Header.Get("ETag") != helloETag {
		t.Errorf("the write's etag is %s", put.Header.Get("ETag"))
	}
	if a := e.must("GET", "/invoices/a?response-content-type=text/css&response-expires=never", ""); a.Header.Get("Content-Type") != "text/css" || a.Header.Get("Expires") != "never" {
		t.Errorf("a reader's own headers: %v", a.Header)
	}
	if a := e.must("GET", "/invoices/a", "", "Range", "bytes=1-2"); a.Header.Get("Content-Range") != "bytes 1-2/5" || a.Header.Get("Content-Length") != "2" {
		t.Errorf("a part: %v", a.Header)
	}
	e.must("PUT", "/invoices/bare", "")
	if a := e.must("GET", "/invoices/bare", ""); a.Header.Get("Content-Type") != "application/octet-stream" || a.Header.Get("X-Amz-Storage-Class") != "" || a.Header.Get("Content-Length") != "0" {
		t.Errorf("an empty object of which nothing was said: %v", a.Header)
	}
}

// Metadata of any text passes through headers, which have ASCII only.
func TestMetadataIsUnicode(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/a", "x", "x-amz-meta-town", "=?utf-8?B?TcO8bmNoZW4=?= 1", "x-amz-meta-plain", "a b")
	o, err := e.bucket.Head(t.Context(), "a")
	if err != nil || o.Custom["town"] != "München 1" || o.Custom["plain"] != "a b" {
		t.Errorf("the binding sees %q, %v", o.Custom, err)
	}
	custom := map[string]string{"town": "Zürich ☕", "line": "a\r\nSet-Cookie: b", "looks": "=?encoded?=", "edge": " x ", "größe": "L", "with space": "y"}
	if _, err := e.bucket.Put(t.Context(), "b", strings.NewReader("x"), r2.PutOptions{Custom: custom}); err != nil {
		t.Fatal(err)
	}
	a := e.must("HEAD", "/invoices/b", "")
	if a.Header.Get("X-Amz-Missing-Meta") != "2" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("got %v", a.Header)
	}
	back := customMetadata(a.Header)
	for _, name := range []string{"town", "line", "looks", "edge"} {
		if back[name] != custom[name] {
			t.Errorf("%s is %q, sent as %q", name, back[name], a.Header.Get("X-Amz-Meta-"+name))
		}
	}
}

func TestChecksumsAreToldWhenAsked(t *testing.T) {
	e := start(t)
	const crc = "NhCmhg==" // of hello
	put := e.must("PUT", "/invoices/a", "hello", "x-amz-checksum-crc32", crc)
	asked := e.must("HEAD", "/invoices/a", "", "x-amz-checksum-mode", "ENABLED")
	for name, a := range map[string]answer{"put": put, "head": asked, "by the query": e.must("GET", "/invoices/a?x-amz-checksum-mode=ENABLED", "")} {
		if a.Header.Get("x-amz-checksum-crc32") != crc || a.Header.Get("x-amz-checksum-type") != "FULL_OBJECT" {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
	for name, headers := range map[string][]string{"nobody asked": nil, "it is of the whole": {"Range", "bytes=1-2", "x-amz-checksum-mode", "ENABLED"}} {
		if a := e.must("GET", "/invoices/a", "", headers...); a.Header.Get("x-amz-checksum-crc32") != "" {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}

// A client that waits for a word before it sends gets it, or the refusal.
func TestExpectContinue(t *testing.T) {
	e := start(t)
	server := httptest.NewServer(e.handler)
	defer server.Close()
	for path, want := range map[string]int{"/invoices/a": 200, "/letters/a": 404} {
		signed := e.signed("PUT", path, "hello", "Expect", "100-continue")
		sent := &counted{Reader: strings.NewReader("hello")}
		r, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL+path, sent)
		if err != nil {
			t.Fatal(err)
		}
		r.Header, r.Host, r.ContentLength = signed.Header, signed.Host, 5
		client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: 1 << 40}}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || (sent.n > 0) != (want == 200) {
			t.Errorf("%s: %s after %d bytes", path, resp.Status, sent.n)
		}
		client.CloseIdleConnections()
	}
}

// A client that sends all before it listens gets the answer too.
func TestARefusalIsHeardByWhoStillSends(t *testing.T) {
	e := start(t)
	body := strings.Repeat("x", 1<<20)
	r := e.signed("PUT", "/letters/a", body)
	sent := &counted{Reader: r.Body}
	r.Body = io.NopCloser(sent)
	if a := e.send(r); a.Status != 404 || sent.n != len(body) {
		t.Errorf("%d after %d bytes", a.Status, sent.n)
	}
}

// Who has another time learns the emulator's.
func TestAnswersTellTheEmulatorsTime(t *testing.T) {
	e := start(t)
	e.clock.Set(e.clock.Now().Add(48 * time.Hour))
	late := e.ask("GET", "/invoices", "")
	if late.Status != 403 || late.element("Code") != "RequestTimeTooSkewed" || late.Header.Get("Date") != "Sun, 04 Jan 2026 03:04:05 GMT" {
		t.Errorf("%d %s %v", late.Status, late.Body, late.Header)
	}
	e.signer.date = "20260104T030405Z"
	e.must("GET", "/invoices", "")
}

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// All that the binding says of an object S3 says, and the other way round.
func TestTheBindingAndS3SeeTheSame(t *testing.T) {
	e := start(t)
	for _, key := range []string{"plain", "a//b", "ünï/☕", "with space+plus", "per%cent", "..", "?q=1&r#f", "'\"<>&"} {
		e.must("PUT", "/invoices/"+awsEscape(key), "by S3", "Content-Type", "text/x", "x-amz-meta-k", "v")
		o, err := e.bucket.Get(t.Context(), key, r2.GetOptions{})
		if err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		b, _ := io.ReadAll(o.Body)
		o.Body.Close()
		if string(b) != "by S3" || o.HTTP.ContentType != "text/x" || o.Custom["k"] != "v" {
			t.Errorf("%q: the binding sees %s %+v", key, b, o)
		}
		if _, err := e.bucket.Put(t.Context(), key, strings.NewReader("by the binding"), r2.PutOptions{Custom: map[string]string{"k": "w"}}); err != nil {
			t.Fatal(err)
		}
		if a := e.must("GET", "/invoices/"+awsEscape(key), ""); a.Body != "by the binding" || a.Header.Get("x-amz-meta-k") != "w" {
			t.Errorf("%q: S3 sees %s %v", key, a.Body, a.Header)
		}
	}
	keys := e.must("GET", "/invoices?list-type=2", "").elements("Key")
	if len(keys) != 8 || !slices.Contains(keys, "&apos;&quot;&lt;&gt;&amp;") {
		t.Errorf("got %q", keys)
	}
}

// @aws-sdk's presigner moves metadata and the storage class into the query.
func TestAPresignedURLMaySayWhatItPuts(t *testing.T) {
	for name, c := range map[string]struct {
		parameters []string
		signed     []string // headers, sent too
		sent       []string // headers that the signature does not cover
		class      string
		custom     map[string]string
	}{
		"in its query":               {[]string{"x-amz-meta-a=1", "x-amz-meta-b=%3D%3Futf-8%3Fb%3Fw7w%3D%3F%3D", "x-amz-storage-class=STANDARD_IA"}, nil, nil, r2.InfrequentAccess, map[string]string{"a": "1", "b": "ü"}},
		"in other cases":             {[]string{"X-Amz-Storage-Class=STANDARD_IA", "x-amz-meta-A=1"}, nil, nil, r2.InfrequentAccess, map[string]string{"a": "1"}},
		"against what is not signed": {[]string{"x-amz-meta-a=1"}, nil, []string{"x-amz-meta-a", "2", "x-amz-meta-b", "3"}, r2.Standard, map[string]string{"a": "1", "b": "3"}},
		"below a header":             {[]string{"x-amz-meta-a=1"}, []string{"x-amz-meta-a:2"}, nil, r2.Standard, map[string]string{"a": "2"}},
		"but nothing of no name":     {[]string{"x-amz-meta-=1", "x-amz-meta-%20=1"}, nil, nil, r2.Standard, nil},
	} {
		e := start(t)
		headers := c.sent
		for _, line := range c.signed {
			name, value, _ := strings.Cut(line, ":")
			headers = append(headers, name, value)
		}
		url := e.signer.presign("PUT", "127.0.0.1:8701", "/invoices/k", "60", c.signed, c.parameters...)
		r := request("PUT", "http://127.0.0.1:8701"+url, "hello", headers...)
		if a := e.send(r); a.Status != 200 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
			continue
		}
		o, err := e.bucket.Head(t.Context(), "k")
		if err != nil || o.StorageClass != c.class || !maps.Equal(o.Custom, c.custom) {
			t.Errorf("%s: put is %+v, %v", name, o, err)
		}
	}
	e := start(t)
	url := e.signer.presign("PUT", "127.0.0.1:8701", "/invoices/k", "60", nil, "x-amz-meta-a=1")
	if a := e.send(request("PUT", "http://127.0.0.1:8701"+strings.Replace(url, "meta-a=1", "meta-a=2", 1), "hello")); a.Status != 403 {
		t.Errorf("metadata that was not signed: %d %s", a.Status, a.Body)
	}
	if a := e.ask("PUT", "/invoices/k?x-amz-meta-a=1", "hello"); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if o, err := e.bucket.Head(t.Context(), "k"); err != nil || len(o.Custom) != 0 {
		t.Errorf("a query is no header where a header has the signature: %+v, %v", o, err)
	}
}

package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/r2"
)

const partBytes = 5 << 20

func base64SHA256(body string) string {
	sum := sha256.Sum256([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// begin begins an upload of key and returns what follows "uploadId=".
func (e *endpoint) begin(key string, headers ...string) string {
	e.t.Helper()
	return e.must("POST", "/invoices/"+key+"?uploads", "", headers...).element("UploadId")
}

// part uploads a part and returns its etag.
func (e *endpoint) part(key, id string, number int, body string, headers ...string) string {
	e.t.Helper()
	return e.must("PUT", fmt.Sprintf("/invoices/%s?partNumber=%d&uploadId=%s", key, number, id), body, headers...).Header.Get("ETag")
}

// completed is a document that names parts, which are numbered from 1.
func completed(etags ...string) string {
	var b strings.Builder
	for i, etag := range etags {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, strings.ReplaceAll(etag, `"`, "&quot;"))
	}
	return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + b.String() + "</CompleteMultipartUpload>"
}

func TestAMultipartUpload(t *testing.T) {
	e := start(t)
	first, last := strings.Repeat("a", partBytes), "end"
	begun := e.must("POST", "/invoices/big/one?uploads", "", "Content-Type", "text/plain", "x-amz-meta-k", "v", "x-amz-storage-class", "STANDARD_IA")
	id := begun.element("UploadId")
	if begun.element("Bucket") != "invoices" || begun.element("Key") != "big/one" || id == "" {
		t.Fatalf("begun: %s", begun.Body)
	}
	tags := []string{e.part("big/one", id, 1, first), e.part("big/one", id, 2, last)}
	if tags[1] != `"7f021a1415b86f2d013b2618fb31ae53"` {
		t.Errorf("a part's etag is not its MD5 but %s", tags[1])
	}
	done := e.must("POST", "/invoices/big/one?uploadId="+id, completed(tags...))
	if done.element("Key") != "big/one" || !strings.HasSuffix(done.element("ETag"), "-2&quot;") || done.element("Location") != "http://127.0.0.1:8701/invoices/big/one" {
		t.Errorf("completed: %s", done.Body)
	}
	a := e.must("GET", "/invoices/big/one", "")
	if a.Body != first+last || a.Header.Get("Content-Type") != "text/plain" || a.Header.Get("x-amz-meta-k") != "v" || a.Header.Get("x-amz-storage-class") != "STANDARD_IA" {
		t.Errorf("%d bytes, %v", len(a.Body), a.Header)
	}
	if a := e.must("GET", "/invoices/big/one", "", "Range", fmt.Sprintf("bytes=%d-%d", partBytes-1, partBytes)); a.Body != "ae" {
		t.Errorf("across parts: %q", a.Body)
	}
	for _, again := range []answer{
		e.ask("POST", "/invoices/big/one?uploadId="+id, completed(tags...)),
		e.ask("PUT", "/invoices/big/one?partNumber=1&uploadId="+id, "x"),
		e.ask("GET", "/invoices/big/one?uploadId="+id, ""),
	} {
		if again.Status != 404 || again.element("Code") != "NoSuchUpload" {
			t.Errorf("after its end: %d %s", again.Status, again.Body)
		}
	}
	e.must("DELETE", "/invoices/big/one?uploadId="+id, "") // as R2 does
}

// The binding and S3 work at one upload together.
func TestAnUploadOfTheBindingIsOneOfS3(t *testing.T) {
	e := start(t)
	u, err := e.bucket.CreateUpload(t.Context(), "a", r2.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tag := e.part("a", u.ID, 1, strings.Repeat("a", partBytes))
	p, err := e.bucket.UploadPart(t.Context(), *u, 2, strings.NewReader("b"), r2.PartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if a := e.must("GET", "/invoices/a?uploadId="+u.ID, ""); !slices.Equal(a.elements("PartNumber"), []string{"1", "2"}) {
		t.Errorf("parts: %s", a.Body)
	}
	o, err := e.bucket.CompleteUpload(t.Context(), *u, []r2.Part{{Number: 1, ETag: strings.Trim(tag, `"`)}, {Number: 2, ETag: p.ETag}})
	if err != nil || o.Size != partBytes+1 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestMistakesWithUploads(t *testing.T) {
	e := start(t)
	id := e.begin("a")
	small := e.part("a", id, 1, "small")
	other := e.part("a", id, 2, "other")
	e.must("PUT", "/invoices/there", strings.Repeat("x", 100))
	upload := "/invoices/a?uploadId=" + id
	for name, c := range map[string]try{
		"no such upload":         {request: "PUT /invoices/a?partNumber=1&uploadId=no", body: "x", status: 404, want: []string{"NoSuchUpload", "The specified multipart upload does not exist."}},
		"another key's upload":   {request: "PUT /invoices/b?partNumber=1&uploadId=" + id, body: "x", status: 404, want: []string{"NoSuchUpload"}},
		"part 0":                 {request: "PUT " + upload + "&partNumber=0", body: "x", status: 400, want: []string{"InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive."}},
		"part 10001":             {request: "PUT " + upload + "&partNumber=10001", body: "x", status: 400, want: []string{"InvalidArgument"}},
		"part x":                 {request: "PUT " + upload + "&partNumber=x", body: "x", status: 400, want: []string{"InvalidArgument"}},
		"a wrong hash":           {request: "PUT " + upload + "&partNumber=3", headers: []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, body: "x", status: 400, want: []string{"BadDigest"}},
		"a wrong etag":           {request: "POST " + upload, body: completed(`"no"`), status: 400, want: []string{"InvalidPart"}},
		"a part that is small":   {request: "POST " + upload, body: completed(small, other), status: 400, want: []string{"EntityTooSmall"}},
		"no parts":               {request: "POST " + upload, body: completed(), status: 400, want: []string{"MalformedXML"}},
		"no document":            {request: "POST " + upload, status: 400, want: []string{"MalformedXML"}},
		"a part twice":           {request: "POST " + upload, body: "<CompleteMultipartUpload>" + strings.Repeat("<Part><PartNumber>1</PartNumber><ETag>"+strings.Trim(small, `"`)+"</ETag></Part>", 2) + "</CompleteMultipartUpload>", status: 400, want: []string{"InvalidPart"}},
		"no number":              {request: "POST " + upload, body: "<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>", status: 400, want: []string{"MalformedXML"}},
		"complete none":          {request: "POST /invoices/a?uploadId=no", body: completed(small), status: 404, want: []string{"NoSuchUpload"}},
		"abort none":             {request: "DELETE /invoices/a?uploadId=no", status: 404, want: []string{"NoSuchUpload"}},
		"list the parts of none": {request: "GET /invoices/a?uploadId=no", status: 404, want: []string{"NoSuchUpload"}},
		"a negative page":        {request: "GET " + upload + "&max-parts=-1", status: 400, want: []string{"InvalidMaxKeys"}},
		"a marker that is none":  {request: "GET " + upload + "&part-number-marker=x", status: 400, want: []string{"InvalidArgument"}},
		"KMS":                    {request: "POST /invoices/a?uploads", headers: []string{"x-amz-server-side-encryption", "aws:kms"}, status: 501, want: []string{"NotImplemented"}},
		"a checksum of no name":  {request: "POST /invoices/a?uploads", headers: []string{"x-amz-checksum-algorithm", "ROT13"}, status: 501, want: []string{"NotImplemented"}},
		"a checksum of no type":  {request: "POST /invoices/a?uploads", headers: []string{"x-amz-checksum-algorithm", "SHA256", "x-amz-checksum-type", "FULL_OBJECT"}, status: 400, want: []string{"InvalidRequest", "The FULL_OBJECT checksum type cannot be used with the SHA256 checksum algorithm."}},
		"copy nothing":           {request: "PUT " + upload + "&partNumber=3", headers: []string{"x-amz-copy-source", "invoices/no"}, status: 404, want: []string{"NoSuchKey"}},
		"copy on a condition":    {request: "PUT " + upload + "&partNumber=3", headers: []string{"x-amz-copy-source", "invoices/there", "x-amz-copy-source-if-match", "x"}, status: 501, want: []string{"NotImplemented"}},
		"copy no range":          {request: "PUT " + upload + "&partNumber=3", headers: []string{"x-amz-copy-source", "invoices/there", "x-amz-copy-source-range", "bytes=1-"}, status: 400, want: []string{"InvalidArgument", "Invalid x-amz-copy-source-range: bytes=1-"}},
		"copy backwards":         {request: "PUT " + upload + "&partNumber=3", headers: []string{"x-amz-copy-source", "invoices/there", "x-amz-copy-source-range", "bytes=2-1"}, status: 400, want: []string{"InvalidArgument", "x-amz-copy-source-range must be positive."}},
		"copy behind the end":    {request: "PUT " + upload + "&partNumber=3", headers: []string{"x-amz-copy-source", "invoices/there", "x-amz-copy-source-range", "bytes=100-200"}, status: 416, want: []string{"InvalidRange"}},
	} {
		method, target, _ := strings.Cut(c.request, " ")
		a := e.ask(method, target, c.body, c.headers...)
		if a.Status != c.status || a.element("Code") != c.want[0] || !strings.Contains(a.Body, c.want[len(c.want)-1]) {
			t.Errorf("%s: got %d %s, want %d %q", name, a.Status, a.Body, c.status, c.want)
		}
	}
	if a := e.must("GET", upload, ""); len(a.elements("PartNumber")) != 2 {
		t.Errorf("mistakes left parts: %s", a.Body)
	}
}

func TestPartsAreCopied(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/there", strings.Repeat("x", partBytes)+"0123456789")
	id := e.begin("a")
	a := e.must("PUT", "/invoices/a?partNumber=1&uploadId="+id, "", "x-amz-copy-source", "/invoices/there", "x-amz-copy-source-range", fmt.Sprintf("bytes=0-%d", partBytes-1))
	b := e.must("PUT", "/invoices/a?partNumber=2&uploadId="+id, "", "x-amz-copy-source", "/invoices/there", "x-amz-copy-source-range", fmt.Sprintf("bytes=%d-%d", partBytes+2, partBytes+5))
	if b.element("ETag") != "&quot;81b073de9370ea873f548e31b8adc081&quot;" || b.element("LastModified") != "2026-01-02T03:04:05.600Z" {
		t.Errorf("copied: %s", b.Body)
	}
	e.must("POST", "/invoices/a?uploadId="+id, completed(a.element("ETag"), b.element("ETag")))
	e.must("DELETE", "/invoices/there", "")
	if got := e.must("GET", "/invoices/a", ""); got.Body != strings.Repeat("x", partBytes)+"2345" {
		t.Errorf("%d bytes", len(got.Body))
	}
}

// Checksums of parts make one of the object: a composite one, or with CRC64NVME one of the whole.
func TestChecksumsOfMultipartObjects(t *testing.T) {
	first, last := strings.Repeat("a", partBytes), "end"
	crc := func(body string) []byte {
		return slices.Clone(binaryCRC32(body))
	}
	sums := append(crc(first), crc(last)...)
	composite := base64.StdEncoding.EncodeToString(crc(string(sums))) + "-2"
	whole := base64.StdEncoding.EncodeToString(r2.CRC64NVME.Of(r2.ChecksumsOf([]byte(first+last), r2.CRC64NVME)))
	for name, c := range map[string]struct{ header, element, want, kind string }{
		"CRC32": {"x-amz-checksum-crc32", "ChecksumCRC32", composite, "COMPOSITE"}, "CRC64NVME": {"x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", whole, "FULL_OBJECT"},
	} {
		e := start(t)
		algorithm := checksumHeaders[checksumHeader(name)]
		of := func(body string) string {
			return base64.StdEncoding.EncodeToString(algorithm.Of(r2.ChecksumsOf([]byte(body), algorithm)))
		}
		begun := e.must("POST", "/invoices/a?uploads", "", "x-amz-checksum-algorithm", name)
		if begun.Header.Get("x-amz-checksum-type") != c.kind || begun.Header.Get("x-amz-checksum-algorithm") != name {
			t.Errorf("%s: begun with %v", name, begun.Header)
		}
		id := begun.element("UploadId")
		tags := []string{e.part("a", id, 1, first, c.header, of(first)), e.part("a", id, 2, last, c.header, of(last))}
		if a := e.must("GET", "/invoices/a?uploadId="+id, ""); !slices.Equal(a.elements(c.element), []string{of(first), of(last)}) {
			t.Errorf("%s: listed as %s", name, a.Body)
		}
		doc := completed(tags...)
		wrong := strings.ReplaceAll(doc, "</ETag>", "</ETag><"+c.element+">"+of("wrong")+"</"+c.element+">")
		if a := e.ask("POST", "/invoices/a?uploadId="+id, wrong); a.element("Code") != "InvalidPart" {
			t.Errorf("%s: a part of another checksum: %d %s", name, a.Status, a.Body)
		}
		for header, value := range map[string]string{c.header: of("wrong"), "x-amz-mp-object-size": "1"} {
			if a := e.ask("POST", "/invoices/a?uploadId="+id, doc, header, value); a.Status != 400 {
				t.Errorf("%s: an object of another %s: %d %s", name, header, a.Status, a.Body)
			}
		}
		done := e.must("POST", "/invoices/a?uploadId="+id, doc, c.header, c.want, "x-amz-mp-object-size", fmt.Sprint(partBytes+3))
		if done.element(c.element) != c.want || done.element("ChecksumType") != c.kind {
			t.Errorf("%s: got %s, want %s", name, done.Body, c.want)
		}
		if a := e.must("HEAD", "/invoices/a", "", "x-amz-checksum-mode", "ENABLED"); a.Header.Get(c.header) != c.want || a.Header.Get("x-amz-checksum-type") != c.kind {
			t.Errorf("%s: told as %v", name, a.Header)
		}
	}
}

func checksumHeader(algorithm string) string {
	return "X-Amz-Checksum-" + algorithm[:1] + strings.ToLower(algorithm[1:])
}

func binaryCRC32(body string) []byte {
	n := crc32.ChecksumIEEE([]byte(body))
	return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

func TestAnUploadEndsOnConditions(t *testing.T) {
	e := start(t)
	e.must("PUT", "/invoices/a", "before")
	id := e.begin("a")
	doc := completed(e.part("a", id, 1, "after"))
	if a := e.ask("POST", "/invoices/a?uploadId="+id, doc, "If-None-Match", "*"); a.Status != 412 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := e.must("GET", "/invoices/a", ""); a.Body != "before" {
		t.Errorf("now it is %q", a.Body)
	}
	e.must("DELETE", "/invoices/a", "")
	e.must("POST", "/invoices/a?uploadId="+id, doc, "If-None-Match", "*")
}

func TestPartsAndUploadsComeInPages(t *testing.T) {
	e := start(t)
	id := e.begin("a")
	for n := 1; n <= 5; n++ {
		e.part("a", id, n*2, "x")
	}
	var numbers []string
	for marker := ""; ; {
		a := e.must("GET", "/invoices/a?max-parts=2&uploadId="+id+marker, "")
		numbers = append(numbers, a.elements("PartNumber")...)
		if a.element("IsTruncated") != "true" {
			break
		}
		marker = "&part-number-marker=" + a.element("NextPartNumberMarker")
	}
	if strings.Join(numbers, " ") != "2 4 6 8 10" {
		t.Errorf("parts %v", numbers)
	}
	if a := e.must("GET", "/invoices/a?max-parts=0&uploadId="+id, ""); len(a.elements("Part")) != 0 || a.element("IsTruncated") != "true" {
		t.Errorf("a page of nothing: %s", a.Body)
	}

	for _, key := range []string{"dir/x", "dir/y", "b%20c"} {
		e.begin(key)
	}
	second := e.begin("a")
	var keys, ids []string
	for marker := ""; ; {
		a := e.must("GET", "/invoices?uploads&encoding-type=url&max-uploads=2"+marker, "")
		keys, ids = append(keys, a.elements("Key")...), append(ids, a.elements("UploadId")...)
		if a.element("IsTruncated") != "true" {
			break
		}
		marker = "&key-marker=" + a.element("NextKeyMarker") + "&upload-id-marker=" + a.element("NextUploadIdMarker")
	}
	if strings.Join(keys, " ") != "a a b%20c dir/x dir/y" && strings.Join(keys, " ") != "a a b%20c dir%2Fx dir%2Fy" || !slices.Contains(ids[:2], id) || !slices.Contains(ids[:2], second) {
		t.Errorf("uploads %v %v", keys, ids)
	}
	if a := e.must("GET", "/invoices?uploads&delimiter=/&prefix=d", ""); a.element("CommonPrefixes") != "<Prefix>dir/</Prefix>" || len(a.elements("Key")) != 0 {
		t.Errorf("grouped: %s", a.Body)
	}
	e.must("DELETE", "/invoices/a?uploadId="+id, "")
	if a := e.must("GET", "/invoices?uploads&prefix=a", ""); !slices.Equal(a.elements("UploadId"), []string{second}) {
		t.Errorf("after one was aborted: %s", a.Body)
	}
}

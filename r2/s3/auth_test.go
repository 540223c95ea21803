package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cfemu/cfemu/internal/clock"
)

// The key pair and the day of AWS's examples.
const (
	exampleID     = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleDate   = "20130524T000000Z"
	exampleScope  = "Credential=" + exampleID + "/20130524/us-east-1/s3/aws4_request"
)

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func exampleVerifier() *verifier {
	c := clock.NewMovable()
	c.Freeze()
	c.Set(exampleTime)
	return &verifier{clock: c, keys: func(id string) (Credentials, bool) {
		return Credentials{AccessKeyID: exampleID, SecretAccessKey: exampleSecret}, id == exampleID
	}}
}

// request makes a request as a server sees it.
func request(method, url, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func readAll(v *verifier, r *http.Request) (string, error) {
	_, p, err := v.authenticate(r)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(p)
	return string(b), err
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Receipt: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
// sigv4-query-string-auth.html, sigv4-streaming.html and sigv4-streaming-trailers.html
func TestTheExamplesOfAWSAreVerified(t *testing.T) {
	chunked := "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + strings.Repeat("a", 65536) + "\r\n" +
		"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + strings.Repeat("a", 1024) + "\r\n" +
		"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
	signedTrailer := "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" + strings.Repeat("a", 65536) + "\r\n" +
		"400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" + strings.Repeat("a", 1024) + "\r\n" +
		"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	for name, c := range map[string]struct {
		r    *http.Request
		body string
	}{
		"get object": {request("GET", "http://examplebucket.s3.amazonaws.com/test.txt", "",
			"Range", "bytes=0-9", "x-amz-content-sha256", emptyHash, "x-amz-date", exampleDate,
			"Authorization", algorithm+" "+exampleScope+",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"+
				"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"), ""},
		"put object": {request("PUT", "http://examplebucket.s3.amazonaws.com/test%24file.text", "Welcome to Amazon S3.",
			"Date", "Fri, 24 May 2013 00:00:00 GMT", "x-amz-date", exampleDate, "x-amz-storage-class", "REDUCED_REDUNDANCY",
			"x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			"Authorization", algorithm+" "+exampleScope+", SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "+
				"Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"), "Welcome to Amazon S3."},
		"get bucket lifecycle": {request("GET", "http://examplebucket.s3.amazonaws.com/?lifecycle", "",
			"x-amz-content-sha256", emptyHash, "x-amz-date", exampleDate,
			"Authorization", algorithm+" "+exampleScope+",SignedHeaders=host;x-amz-content-sha256;x-amz-date,"+
				"Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"), ""},
		"list objects": {request("GET", "http://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", "",
			"x-amz-content-sha256", emptyHash, "x-amz-date", exampleDate,
			"Authorization", algorithm+" "+exampleScope+",SignedHeaders=host;x-amz-content-sha256;x-amz-date,"+
				"Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"), ""},
		"a presigned URL": {request("GET", "http://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm="+algorithm+
			"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="+exampleDate+
			"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", ""), ""},
		"signed chunks": {request("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", chunked,
			"x-amz-date", exampleDate, "x-amz-storage-class", "REDUCED_REDUNDANCY", "x-amz-content-sha256", streamingSigned,
			"Content-Encoding", "aws-chunked", "x-amz-decoded-content-length", "66560",
			"Authorization", algorithm+" "+exampleScope+",SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"+
				"x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
			strings.Repeat("a", 66560)},
		"signed chunks and trailers": {request("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", signedTrailer,
			"x-amz-date", exampleDate, "x-amz-storage-class", "REDUCED_REDUNDANCY", "x-amz-content-sha256", streamingSignedTrailers,
			"Content-Encoding", "aws-chunked", "x-amz-decoded-content-length", "66560", "x-amz-trailer", "x-amz-checksum-crc32c",
			"Authorization", algorithm+" "+exampleScope+",SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;"+
				"x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
			strings.Repeat("a", 66560)},
	} {
		got, err := readAll(exampleVerifier(), c.r)
		if err != nil || got != c.body {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// A signer signs requests as clients do. It has code of its own: what the verifier gets wrong it must
// not get wrong in the same way.
type signer struct{ id, secret, date string }

func (s signer) headers(r *http.Request, hash string, names ...string) {
	r.Header.Set("X-Amz-Date", s.date)
	r.Header.Set("X-Amz-Content-Sha256", hash)
	names = append(names, "host", "x-amz-content-sha256", "x-amz-date")
	head := ""
	for _, n := range names {
		v := r.Header.Get(n)
		if n == "host" {
			v = r.Host
		}
		head += n + ":" + v + "\n"
	}
	path, q, _ := strings.Cut(r.RequestURI, "?")
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+3:]
		path = path[strings.Index(path, "/"):]
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Method, path, q, head, strings.Join(names, ";"), hash}, "\n")))
	day := s.date[:8]
	key := hmacSHA256(hmacSHA256(hmacSHA256(hmacSHA256([]byte("AWS4"+s.secret), day), "auto"), "s3"), "aws4_request")
	scope := day + "/auto/s3/aws4_request"
	signature := hex.EncodeToString(hmacSHA256(key, algorithm+"\n"+s.date+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm, s.id, scope, strings.Join(names, ";"), signature))
}

var exampleSigner = signer{exampleID, exampleSecret, exampleDate}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func TestWhatIsWrongIsToldInOrder(t *testing.T) {
	sign := func(s signer, edit func(*http.Request)) *http.Request {
		r := request("PUT", "/b/k?x=1", "body")
		s.headers(r, hashOf("body"))
		if edit != nil {
			edit(r)
		}
		return r
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	swap := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), old, with))
		}
	}
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
		text   string
	}{
		"no signature":                  {request("GET", "/b/k", ""), 400, "InvalidArgument", "Authorization"},
		"no hash of the body":           {request("GET", "/b/k", "", "Authorization", "x"), 400, "InvalidRequest", "Missing x-amz-content-sha256"},
		"no date":                       {request("GET", "/b/k", "", "Authorization", "x", "X-Amz-Content-Sha256", "y"), 400, "InvalidArgument", "No date provided in x-amz-date nor date header"},
		"a date that is none":           {sign(exampleSigner, set("X-Amz-Date", "yesterday")), 400, "InvalidArgument", "Date provided in 'x-amz-date' header (yesterday) didn't parse successfully"},
		"a date that is too old":        {sign(signer{exampleID, exampleSecret, "20130523T234459Z"}, nil), 403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."},
		"a date that is to come":        {sign(signer{exampleID, exampleSecret, "20130524T001501Z"}, nil), 403, "RequestTimeTooSkewed", ""},
		"another algorithm":             {sign(exampleSigner, swap(algorithm, "AWS4-ECDSA-P256-SHA256")), 400, "InvalidRequest", "Please use AWS4-HMAC-SHA256"},
		"a credential that is short":    {sign(exampleSigner, swap("/s3/aws4_request", "")), 400, "InvalidArgument", "Credential sigv4 header should have at least 5 slash-separated parts, not 3"},
		"another service":               {sign(exampleSigner, swap("/s3/", "/ec2/")), 400, "InvalidArgument", "Credential service should be s3, not ec2"},
		"another end of the scope":      {sign(exampleSigner, swap("aws4_request", "aws4")), 400, "InvalidArgument", "Credential termination string should be aws4_request, not aws4"},
		"a scope of another day":        {sign(exampleSigner, swap("/20130524/", "/20130525/")), 400, "InvalidArgument", "Credential signed date 20130525 does not match 20130524 from 'x-amz-date' header"},
		"a scope of an empty day":       {sign(exampleSigner, swap("/20130524/", "//")), 400, "InvalidArgument", ""},
		"another region":                {sign(exampleSigner, swap("/auto/", "/eu-west-1/")), 400, "InvalidRegionName", "The region name 'eu-west-1' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto"},
		"an unknown key":                {sign(signer{"nobody", exampleSecret, exampleDate}, nil), 401, "Unauthorized", "Unauthorized"},
		"a host that is not signed":     {sign(exampleSigner, swap("host;", "")), 401, "Unauthorized", "Unauthorized"},
		"another secret":                {sign(signer{exampleID, "guess", exampleDate}, nil), 403, "SignatureDoesNotMatch", ""},
		"a header that was changed":     {sign(exampleSigner, func(r *http.Request) { r.Host = "elsewhere.example" }), 403, "SignatureDoesNotMatch", ""},
		"a session token":               {sign(exampleSigner, set("X-Amz-Security-Token", "x")), 400, "InvalidArgument", "X-Amz-Security-Token"},
		"a body that was changed":       {sign(exampleSigner, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("Body")) }), 400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."},
		"a presigned URL that is short": {request("GET", "/b/k?X-Amz-Credential=x&X-Amz-Date=y&X-Amz-Expires=1&X-Amz-Algorithm=z", ""), 400, "InvalidArgument", "Required search parameters X-Amz-Signature,  X-Amz-SignedHeaders missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(exampleVerifier(), c.r)
			var e *Error
			if !errors.As(err, &e) || e.Status != c.status || e.Code != c.code || c.text != "" && e.Message != c.text {
				t.Errorf("%+v", err)
			}
		})
	}
}

func TestAMismatchShowsWhatWasSigned(t *testing.T) {
	r := request("GET", "/b/a%20b?y=2&x=1", "")
	signer{exampleID, "guess", exampleDate}.headers(r, emptyHash)
	_, err := readAll(exampleVerifier(), r)
	var e *Error
	if !errors.As(err, &e) || len(e.Extra) != 5 {
		t.Fatalf("%+v", err)
	}
	if want := "GET\n/b/a%20b\nx=1&y=2\nhost:example.com\n"; e.Extra[2].Name != "CanonicalRequest" || !strings.HasPrefix(e.Extra[2].Text, want) {
		t.Errorf("%+v", e.Extra[2])
	}
	if e.Extra[3].Text[:11] != "47 45 54 0a" {
		t.Errorf("%+v", e.Extra[3])
	}
}

func presign(method, path string, expires string) string {
	return exampleSigner.presign(method, "example.com", path, expires, nil, "x-id=GetObject")
}

// presign makes a URL that covers headers beside the host, each a name and a value behind a colon. The
// parameters are escaped, and in order.
func (s signer) presign(method, host, path, expires string, headers []string, parameters ...string) string {
	names, head := "host", "host:"+host+"\n"
	for _, line := range headers {
		name, _, _ := strings.Cut(line, ":")
		names += ";" + name
		head += line + "\n"
	}
	scope := s.date[:8] + "/auto/s3/aws4_request"
	q := strings.Join(append([]string{"X-Amz-Algorithm=" + algorithm, "X-Amz-Credential=" + awsEscape(s.id+"/"+scope),
		"X-Amz-Date=" + s.date, "X-Amz-Expires=" + expires, "X-Amz-SignedHeaders=" + awsEscape(names)}, parameters...), "&")
	sum := sha256.Sum256([]byte(strings.Join([]string{method, path, q, head, names, unsignedPayload}, "\n")))
	key := hmacSHA256(hmacSHA256(hmacSHA256(hmacSHA256([]byte("AWS4"+s.secret), s.date[:8]), "auto"), "s3"), "aws4_request")
	return path + "?" + q + "&X-Amz-Signature=" + hex.EncodeToString(hmacSHA256(key, algorithm+"\n"+s.date+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
}

func TestPresignedURLsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		url   string
		after time.Duration
		want  string
	}{
		"in time":                {presign("GET", "/b/k", "60"), time.Minute, ""},
		"too late":               {presign("GET", "/b/k", "60"), time.Minute + time.Second, "ExpiredRequest: Request has expired"},
		"of a week":              {presign("GET", "/b/k", "604800"), 0, ""},
		"of more":                {presign("GET", "/b/k", "604801"), 0, "InvalidArgument: X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"},
		"of no time":             {presign("GET", "/b/k", "0"), 0, "ExpiredRequest: Request has expired"},
		"of a time that is none": {presign("GET", "/b/k", "soon"), 0, "InvalidArgument: X-Amz-Expires should be a number"},
		"for another key":        {strings.Replace(presign("GET", "/b/k", "60"), "/b/k", "/b/l", 1), 0, "SignatureDoesNotMatch"},
	} {
		v := exampleVerifier()
		v.clock.(*clock.Movable).Set(exampleTime.Add(c.after))
		_, err := readAll(v, request("GET", c.url, ""))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changeOne puts another letter or digit at some place of s. It changes no letter's case only: of a
// query's escapes and of a chunk's size that is the same.
func changeOne(t *rapid.T, s string) string {
	i := rapid.IntRange(0, len(s)-1).Draw(t, "place")
	c := rapid.SampledFrom([]string{"0", "1", "a", "b", "x"}).Filter(func(c string) bool {
		return !strings.EqualFold(c, s[i:i+1])
	}).Draw(t, "with")
	return s[:i] + c + s[i+1:]
}

// What was signed passes, and with any byte of it changed it does not.
func TestAnyChangeIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Z0-9 /%+~é.\-]{1,20}`)
		parts := map[string]string{
			"method": rapid.SampledFrom([]string{"GET", "PUT", "DELETE"}).Draw(t, "method"),
			"path":   awsEscape(text.Draw(t, "key")),
			"query":  "list-type=2&x=" + awsEscape(text.Draw(t, "value")),
			"header": rapid.StringMatching(`[a-z]{1,9}( [a-z]{1,9})?`).Draw(t, "header"),
			"body":   text.Draw(t, "body"),
		}
		build := func() (*http.Request, error) {
			r, err := http.NewRequest(parts["method"], "http://example.com/b/"+parts["path"]+"?"+parts["query"], strings.NewReader(parts["body"]))
			if err == nil {
				r.RequestURI = r.URL.RequestURI()
				r.Header.Set("X-Amz-Meta-A", parts["header"])
			}
			return r, err
		}
		r, err := build()
		if err != nil {
			t.Fatal(err)
		}
		exampleSigner.headers(r, hashOf(parts["body"]), "x-amz-meta-a")
		signed := r.Header.Clone()
		if got, err := readAll(exampleVerifier(), r); err != nil || got != parts["body"] {
			t.Fatalf("%q, %v", got, err)
		}
		what := rapid.SampledFrom([]string{"method", "path", "query", "header", "body", "Authorization"}).Draw(t, "what")
		if what == "Authorization" {
			_, signature, _ := strings.Cut(signed.Get(what), "Signature=")
			signed.Set(what, strings.Replace(signed.Get(what), signature, changeOne(t, signature), 1))
		} else {
			parts[what] = changeOne(t, parts[what])
		}
		if r, err = build(); err != nil {
			return // an escape is none any more
		}
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
			r.Header.Set(name, signed.Get(name))
		}
		if _, err := readAll(exampleVerifier(), r); err == nil {
			t.Fatalf("with another %s it is taken: %v", what, parts)
		}
	})
}

// Header values are signed as one line each: trimmed, with single spaces, joined by commas.
func TestHeadersAreSignedFolded(t *testing.T) {
	r := request("PUT", "/b/k", "body")
	r.Header["X-Amz-Meta-A"] = []string{"a b,c"}
	exampleSigner.headers(r, hashOf("body"), "x-amz-meta-a")
	r.Header["X-Amz-Meta-A"] = []string{"  a    b ", "c"}
	if _, err := readAll(exampleVerifier(), r); err != nil {
		t.Error(err)
	}
}

func FuzzCanonicalQuery(f *testing.F) {
	for _, raw := range []string{"", "a", "a=b&a=a", "%zz=+%2B&é", "&&=&x==y", "X-Amz-Signature=1&x=%41"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		once := parseQuery(raw).canonical(false)
		if twice := parseQuery(once).canonical(false); twice != once {
			t.Errorf("%q becomes %q and then %q", raw, once, twice)
		}
		known, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		var all []string
		for name, values := range known {
			for _, v := range values {
				all = append(all, name+"="+v)
			}
		}
		var got []string
		for _, p := range parseQuery(raw) {
			got = append(got, p.name+"="+p.value)
		}
		slices.Sort(all)
		slices.Sort(got)
		if !slices.Equal(all, got) {
			t.Errorf("%q: %q, %q", raw, got, all)
		}
	})
}

func FuzzPresigned(f *testing.F) {
	for _, expires := range []string{"1", "604800", "604801", "0", "-1", "1e3", "0x10", "NaN", "Inf", " 60 ", ""} {
		f.Add("/b/k", expires)
	}
	f.Fuzz(func(t *testing.T, path, expires string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
			return
		}
		u, err := url.Parse("http://example.com" + path)
		if err != nil || u.EscapedPath() != path {
			return
		}
		r, err := http.NewRequest("GET", "http://example.com"+presign("GET", path, awsEscape(expires)), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = exampleVerifier().authenticate(r)
		n, ok := parseNumber(expires)
		if good := ok && n >= 1 && n <= maxExpires; good != (err == nil) {
			t.Errorf("%q for %q: %v", path, expires, err)
		}
		r, err = http.NewRequest("PUT", "http://example.com"+presign("GET", path, awsEscape(expires)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = exampleVerifier().authenticate(r); err == nil {
			t.Error("a URL to read is good for writing")
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	f.Add(algorithm+" "+exampleScope+",SignedHeaders=host,Signature=00", exampleDate, "/b/k?X-Amz-Credential=a/b/c/d/e&%zz=+%", []byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, authorization, date, target string, body []byte) {
		r, err := http.NewRequest("PUT", target, bytes.NewReader(body))
		if err != nil {
			return
		}
		r.Header = http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}, "X-Amz-Content-Sha256": {streamingSigned}}
		if _, err := readAll(exampleVerifier(), r); err == nil {
			t.Error("a signature was guessed")
		}
		r.Header.Del("Authorization")
		if _, err := readAll(exampleVerifier(), r); err == nil {
			t.Error("a signature was guessed")
		}
	})
}

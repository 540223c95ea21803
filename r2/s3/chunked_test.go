package s3

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/cfemu/cfemu/r2"
)

func decode(body string, size int64) (string, http.Header, error) {
	c := newChunkReader(strings.NewReader(body), size)
	b, err := io.ReadAll(c)
	return string(b), c.trailers, err
}

func TestChunks(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		size int64
		want string
		code string
	}{
		"one":                              {"3\r\nabc\r\n0\r\n\r\n", 3, "abc", ""},
		"several":                          {"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", 13, "abc0123456789", ""},
		"none":                             {"0\r\n\r\n", 0, "", ""},
		"trailers":                         {"1\r\na\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 1, "a", ""},
		"no line break at the end":         {"1\r\na\r\n0\r\n", 1, "a", "IncompleteBody"},
		"an extension":                     {"1;chunk-signature=00\r\na\r\n0;chunk-signature=00\r\n\r\n", 1, "a", ""},
		"a size that is none":              {"x\r\na\r\n0\r\n\r\n", 1, "", "InvalidRequest"},
		"a size below nothing":             {"-1\r\na\r\n0\r\n\r\n", 1, "", "InvalidRequest"},
		"a size that is too large":         {"8000000000000000\r\na\r\n0\r\n\r\n", 1, "", "InvalidRequest"},
		"a chunk that is longer":           {"1\r\nab\r\n0\r\n\r\n", 1, "a", "InvalidRequest"},
		"lines without CR":                 {"1\na\n0\n\n", 1, "", "InvalidRequest"},
		"an end inside a chunk":            {"5\r\nabc", 5, "abc", "IncompleteBody"},
		"an end behind a chunk":            {"3\r\nabc", 3, "abc", "IncompleteBody"},
		"an end without the empty chunk":   {"3\r\nabc\r\n", 3, "abc", "IncompleteBody"},
		"an end inside the trailers":       {"3\r\nabc\r\n0\r\nx:y\r\n", 3, "abc", "IncompleteBody"},
		"more than was announced":          {"3\r\nabc\r\n0\r\n\r\n", 2, "", "IncompleteBody"},
		"less than was announced":          {"3\r\nabc\r\n0\r\n\r\n", 4, "abc", "IncompleteBody"},
		"something behind the end":         {"3\r\nabc\r\n0\r\n\r\nGET /", 3, "abc", "InvalidRequest"},
		"a line without end":               {strings.Repeat("0", 1<<20), 1, "", "InvalidRequest"},
		"a line that is too long":          {strings.Repeat("0", 1<<11) + "\r\n", 1, "", "InvalidRequest"},
		"a trailer without colon":          {"0\r\nx\r\n\r\n", 0, "", "InvalidRequest"},
		"trailers without end":             {"0\r\n" + strings.Repeat("a:b\r\n", 1<<13), 0, "", "InvalidRequest"},
		"nothing at all":                   {"", 0, "", "IncompleteBody"},
		"a size with a sign that Go takes": {"+1\r\na\r\n0\r\n\r\n", 1, "", "InvalidRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := decode(c.body, c.size)
			var e *Error
			if got != c.want || (c.code == "") != (err == nil) || c.code != "" && (!errors.As(err, &e) || e.Code != c.code) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// encodeChunks is the inverse, cut where cuts say.
func encodeChunks(body string, cuts []int, trailer string) string {
	out := ""
	for len(body) > 0 {
		n := len(body)
		if len(cuts) > 0 {
			n, cuts = min(n, cuts[0]), cuts[1:]
		}
		out += strconv.FormatInt(int64(n), 16) + "\r\n" + body[:n] + "\r\n"
		body = body[n:]
	}
	return out + "0\r\n" + trailer + "\r\n"
}

func TestChunksRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.String().Draw(t, "body")
		text := encodeChunks(body, rapid.SliceOf(rapid.IntRange(1, 9)).Draw(t, "cuts"), "x-a:b\r\n")
		c := newChunkReader(iotest.OneByteReader(strings.NewReader(text)), int64(len(body)))
		b, err := io.ReadAll(c)
		if err != nil || string(b) != body || c.trailers.Get("X-A") != "b" {
			t.Fatalf("%q, %v, %v", b, c.trailers, err)
		}
		short := text[:rapid.IntRange(0, len(text)-1).Draw(t, "short")]
		if _, _, err := decode(short, int64(len(body))); err == nil {
			t.Fatalf("a body cut to %q is whole", short)
		}
	})
}

func FuzzChunks(f *testing.F) {
	f.Add("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", int64(3))
	f.Fuzz(func(t *testing.T, body string, size int64) {
		got, _, err := decode(body, size)
		if err == nil && int64(len(got)) != size {
			t.Errorf("%d bytes of %d", len(got), size)
		}
		if len(got) > len(body) {
			t.Error("more than there is")
		}
	})
}

func TestChecksumsAreVerified(t *testing.T) {
	sum := crc32.ChecksumIEEE([]byte("abc"))
	crc := base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	md5 := "kAFQmDzST7DWlj99KOF/cg=="
	chunked := func(trailer string) string { return encodeChunks("abc", nil, trailer) }
	for name, c := range map[string]struct {
		body, hash string
		headers    []string
		code       string
	}{
		"none":                      {"abc", unsignedPayload, nil, ""},
		"a header":                  {"abc", unsignedPayload, []string{"x-amz-checksum-crc32", crc}, ""},
		"a header that is wrong":    {"abc", unsignedPayload, []string{"x-amz-checksum-crc32", "AAAAAA=="}, "BadDigest"},
		"a header that is none":     {"abc", unsignedPayload, []string{"x-amz-checksum-crc32", "AAAA"}, "InvalidDigest"},
		"two headers":               {"abc", unsignedPayload, []string{"x-amz-checksum-crc32", crc, "x-amz-checksum-crc32c", crc}, "InvalidRequest"},
		"MD5":                       {"abc", unsignedPayload, []string{"content-md5", md5}, ""},
		"MD5 beside another":        {"abc", unsignedPayload, []string{"content-md5", md5, "x-amz-checksum-crc32", crc}, ""},
		"MD5 that is wrong":         {"abcd", unsignedPayload, []string{"content-md5", md5}, "BadDigest"},
		"MD5 that is none":          {"abc", unsignedPayload, []string{"content-md5", "x"}, "InvalidDigest"},
		"a trailer":                 {chunked("x-amz-checksum-crc32:" + crc + "\r\n"), streamingUnsigned, []string{"x-amz-trailer", "x-amz-checksum-crc32"}, ""},
		"a trailer that is wrong":   {chunked("x-amz-checksum-crc32:AAAAAA==\r\n"), streamingUnsigned, []string{"x-amz-trailer", "x-amz-checksum-crc32"}, "BadDigest"},
		"a trailer that is missing": {chunked(""), streamingUnsigned, []string{"x-amz-trailer", "x-amz-checksum-crc32"}, "InvalidDigest"},
		"a body of another size":    {chunked(""), streamingUnsigned, []string{"x-amz-decoded-content-length", "4"}, "IncompleteBody"},
		"a body of unknown size":    {chunked(""), streamingUnsigned, []string{"x-amz-decoded-content-length", ""}, "MissingContentLength"},
		"another word for the hash": {"abc", "PAYLOAD", nil, "InvalidArgument"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request("PUT", "/b/k", c.body, "x-amz-decoded-content-length", "3")
			for i := 0; i+1 < len(c.headers); i += 2 {
				r.Header.Set(c.headers[i], c.headers[i+1])
			}
			exampleSigner.headers(r, c.hash)
			_, p, err := exampleVerifier().authenticate(r)
			if err == nil {
				var body []byte
				if body, err = io.ReadAll(p); err == nil {
					err = p.verify(sumsOf(p, body))
				}
			}
			if got := codeOf(err); got != c.code {
				t.Errorf("%s: %v", got, err)
			}
		})
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return errorOf(err).Code
}

// sumsOf is what r2 computes.
func sumsOf(p *payload, body []byte) (sums r2.Checksums) {
	for _, a := range append(p.compute(), r2.MD5) {
		h := a.New()
		h.Write(body)
		switch a {
		case r2.MD5:
			sums.MD5 = h.Sum(nil)
		case r2.CRC32:
			sums.CRC32 = h.Sum(nil)
		case r2.CRC32C:
			sums.CRC32C = h.Sum(nil)
		}
	}
	return sums
}

// A chunk that was changed, moved or left out is seen, and so is a changed trailer.
func TestSignedChunksAndTrailers(t *testing.T) {
	sign := func(parts []string, trailers string) *http.Request {
		r := request("PUT", "/b/k", "", "x-amz-trailer", "x-amz-checksum-crc32c", "x-amz-decoded-content-length", strconv.Itoa(len(strings.Join(parts, ""))))
		exampleSigner.headers(r, streamingSignedTrailers)
		_, previous, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		sc := scope{"20130524", "auto", "s3"}
		key := deriveKey(exampleSecret, sc)
		body := ""
		for _, part := range append(parts, "") {
			previous = key.sign(algorithm + "-PAYLOAD\n" + exampleDate + "\n" + sc.String() + "\n" + previous + "\n" + emptyHash + "\n" + hashOf(part))
			body += fmt.Sprintf("%x;chunk-signature=%s\r\n", len(part), previous)
			if part != "" {
				body += part + "\r\n"
			}
		}
		previous = key.sign(algorithm + "-TRAILER\n" + exampleDate + "\n" + sc.String() + "\n" + previous + "\n" + hashOf(trailers))
		body += strings.ReplaceAll(trailers, "\n", "\r\n") + "x-amz-trailer-signature:" + previous + "\r\n\r\n"
		r.Body = io.NopCloser(strings.NewReader(body))
		return r
	}
	parts, trailers := []string{"first", "second"}, "x-amz-checksum-crc32c:AAAAAA==\n"
	if got, err := readAll(exampleVerifier(), sign(parts, trailers)); err != nil || got != "firstsecond" {
		t.Fatalf("%q, %v", got, err)
	}
	for name, edit := range map[string]func(string) string{
		"a chunk":                     func(s string) string { return strings.Replace(s, "second", "secund", 1) },
		"a signature":                 func(s string) string { return strings.Replace(s, "chunk-signature=", "chunk-signature=0", 1) },
		"no signature":                func(s string) string { return strings.Replace(s, ";chunk-signature", ";x", 1) },
		"a trailer":                   func(s string) string { return strings.Replace(s, "AAAAAA==", "AAAAAQ==", 1) },
		"a trailer that was left out": func(s string) string { return strings.Replace(s, "x-amz-checksum-crc32c:AAAAAA==\r\n", "", 1) },
		"the trailers' signature":     func(s string) string { i := strings.Index(s, "x-amz-trailer-signature"); return s[:i] + "\r\n" },
	} {
		r := sign(parts, trailers)
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(edit(string(b))))
		if _, err := readAll(exampleVerifier(), r); err == nil {
			t.Errorf("%s was changed and taken", name)
		}
	}
}

func TestContentEncodingLeavesOutTheRequestsOwn(t *testing.T) {
	for given, want := range map[string]string{"": "", "aws-chunked": "", "gzip": "gzip", "aws-chunked,gzip": "gzip", "gzip, AWS-chunked": "gzip", "a, b": "a, b"} {
		if got := contentEncoding(http.Header{"Content-Encoding": {given}}); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}

// Who reads as many bytes as there are must be told what the end says.
func TestTheLastByteBringsTheEnd(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"a hash that is wrong":        request("PUT", "/b/k", "abcd"),
		"a chunk without its end":     request("PUT", "/b/k", "4\r\nabcd"),
		"a chunk with something else": request("PUT", "/b/k", "4\r\nabcd\r\n1\r\n", "x-amz-decoded-content-length", "4"),
	} {
		kind := hashOf("abce")
		if strings.Contains(name, "chunk") {
			kind = streamingUnsigned
			r.Header.Set("x-amz-decoded-content-length", "4")
		}
		exampleSigner.headers(r, kind)
		_, p, err := exampleVerifier().authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		for left := 4; left > 0 && err == nil; {
			n := 0
			n, err = p.Read(make([]byte, left))
			left -= n
		}
		if err == nil {
			t.Errorf("%s: the body is believed", name)
		}
	}
}

package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AWS's Signature Version 4 in R2's dialect: the path is signed as it was sent.
//
// Receipt: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	dateLayout = "20060102T150405Z"
)

// A scope says what a derived key is good for.
type scope struct{ date, region, service string }

func (s scope) String() string {
	return s.date + "/" + s.region + "/" + s.service + "/" + terminator
}

// scopeRegions are the regions that a scope may have; an empty one and us-east-1 mean auto.
//
// Receipt: the text of R2's error, as https://github.com/iterate-ch/cyberduck/issues/16377 has it;
// https://developers.cloudflare.com/r2/api/s3/api/#bucket-region
var scopeRegions = []string{"wnam", "enam", "weur", "eeur", "apac", "oc", "auto"}

// parseCredential takes a credential apart: an access key's id, which may have slashes, and a scope,
// which must be that of the request's date.
func parseCredential(credential, date string) (id string, s scope, err error) {
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return "", s, invalidArgument(fmt.Sprintf("Credential sigv4 header should have at least 5 slash-separated parts, not %d", len(parts)))
	}
	tail := parts[len(parts)-4:]
	s = scope{date: tail[0], region: tail[1], service: tail[2]}
	switch {
	case s.service != "s3":
		return "", s, invalidArgument("Credential service should be s3, not " + s.service)
	case tail[3] != terminator:
		return "", s, invalidArgument("Credential termination string should be " + terminator + ", not " + tail[3])
	case len(s.date) != 8 || !strings.HasPrefix(date, s.date):
		return "", s, invalidArgument(fmt.Sprintf("Credential signed date %s does not match %.8s from 'x-amz-date' header", s.date, date))
	case !slices.Contains(scopeRegions, strings.ToLower(s.region)) && s.region != "" && s.region != "us-east-1":
		return "", s, newError(http.StatusBadRequest, "InvalidRegionName",
			"The region name '%s' is not valid. Must be one of: %s", s.region, strings.Join(scopeRegions, ", "))
	}
	return strings.Join(parts[:len(parts)-4], "/"), s, nil
}

// parseDate reads a date of the signature. Source says where it stands.
func parseDate(text, source string) (time.Time, error) {
	at, err := time.Parse(dateLayout, text)
	if err != nil || len(text) != len(dateLayout) {
		return time.Time{}, invalidArgument(fmt.Sprintf("Date provided in %s (%s) didn't parse successfully", source, text))
	}
	return at, nil
}

// parseNumber reads a number of seconds, which may have a fraction.
func parseNumber(text string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return n, err == nil && n == n
}

// A signingKey signs for a day, a region and a service.
type signingKey []byte

func deriveKey(secret string, s scope) signingKey {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, terminator} {
		key = hmacSHA256(key, part)
	}
	return key
}

func (k signingKey) sign(text string) string { return hex.EncodeToString(hmacSHA256(k, text)) }

func hmacSHA256(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// canonicalRequest is the text whose hash a request's signature covers.
func canonicalRequest(r *http.Request, q query, s *signed) string {
	var b strings.Builder
	b.WriteString(r.Method)
	b.WriteByte('\n')
	b.WriteString(r.URL.EscapedPath())
	b.WriteByte('\n')
	b.WriteString(q.canonical(s.presigned))
	b.WriteByte('\n')
	for _, name := range s.headers {
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(canonicalHeader(r, name))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(s.headers, ";"))
	b.WriteByte('\n')
	b.WriteString(s.contentHash)
	return b.String()
}

// canonicalHeader is a header's value in a canonical request. Those that net/http takes out of the
// headers are put back.
func canonicalHeader(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && r.ContentLength >= 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case name == "transfer-encoding":
		values = r.TransferEncoding
	}
	folded := make([]string, len(values))
	for i, v := range values {
		folded[i] = foldSpaces(v)
	}
	return strings.Join(folded, ",")
}

// foldSpaces trims a value and makes runs of spaces one.
func foldSpaces(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "  ") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] != ' ' || s[i-1] != ' ' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// canonical is the query as it is signed: escaped AWS's way and sorted. That of a presigned URL lacks
// the signature.
func (q query) canonical(presigned bool) string {
	escaped := make([]parameter, 0, len(q))
	for _, p := range q {
		if presigned && p.name == "X-Amz-Signature" {
			continue
		}
		escaped = append(escaped, parameter{awsEscape(p.name), awsEscape(p.value)})
	}
	slices.SortStableFunc(escaped, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range escaped {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// awsEscape escapes all but letters, digits and "-._~".
func awsEscape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// stringToSign is what the key signs of a canonical request.
func stringToSign(algorithm, date string, s scope, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + date + "\n" + s.String() + "\n" + hex.EncodeToString(sum[:])
}

// byteDump shows a text's bytes.
func byteDump(s string) string { return fmt.Sprintf("% x", s) }

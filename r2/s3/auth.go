package s3

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// Credentials are a key pair that may call the endpoint.
type Credentials struct {
	AccessKeyID, SecretAccessKey string
	Buckets                      []string // that the pair is good for; nil: all

	grant *grant // of temporary credentials
}

// may reports whether the credentials are good for a bucket.
func (c Credentials) may(bucket string) bool {
	return (c.Buckets == nil || slices.Contains(c.Buckets, bucket)) && (c.grant == nil || c.grant.Bucket == bucket)
}

// A verifier finds out who sent a request.
type verifier struct {
	keys  func(accessKeyID string) (Credentials, bool)
	clock clock.Clock
}

// maxSkew is how far a client's clock may be off.
const maxSkew = 15 * time.Minute

// Headers of AWS's signature.
const (
	headerAuthorization = "Authorization"
	headerContentSHA256 = "X-Amz-Content-Sha256"
	headerDate          = "X-Amz-Date"
	headerSecurityToken = "X-Amz-Security-Token"
)

// authenticate verifies a request's signature, in the Authorization header or in a presigned URL, and
// returns who signed it and its body, which is decoded and verified while it is read: an error at its
// end says that what was read is not to be believed. Errors are of type *Error.
//
// Receipt: the order of the checks and their texts are those of the S3 endpoint of Miniflare
// 5.20261117.0, which says that a real bucket gave them.
func (v *verifier) authenticate(r *http.Request) (Credentials, *payload, error) {
	var s *signed
	var err error
	query := parseQuery(r.URL.RawQuery)
	switch _, presigned := query.get("X-Amz-Credential"); {
	case r.Header.Get(headerAuthorization) != "":
		s, err = v.readHeader(r, query)
	case presigned:
		s, err = v.readPresigned(r, query)
	default:
		err = invalidArgument("Authorization")
	}
	if err != nil {
		return Credentials{}, nil, err
	}
	canonical := canonicalRequest(r, query, s)
	toSign := stringToSign(algorithm, s.date, s.scope, canonical)
	if !hmac.Equal([]byte(s.key.sign(toSign)), []byte(s.signature)) {
		return Credentials{}, nil, signatureDoesNotMatch(canonical, toSign, s.signature)
	}
	p, err := newPayload(r, query, s)
	if err != nil {
		return Credentials{}, nil, err
	}
	if s.presigned {
		s.unhoist(r.Header, query)
	}
	return s.credentials, p, nil
}

// unhoist makes headers of what a presigned URL says of the object that it puts: metadata and the storage
// class. A header of the same name counts only when the signature covers it. What R2 does is not known.
//
// Receipt: @aws-sdk/s3-request-presigner 3.1169.0 moves these headers into the query, where S3 honours them
func (s *signed) unhoist(h http.Header, q query) {
	found := http.Header{}
	for _, p := range q {
		name := strings.ToLower(p.name)
		if !strings.HasPrefix(name, strings.ToLower(metadataPrefix)) && name != "x-amz-storage-class" {
			continue
		}
		if isToken(name) && !slices.Contains(s.headers, name) {
			found.Add(name, p.value)
		}
	}
	for name, values := range found {
		h[name] = values
	}
}

// A signed is what a request says of its signature.
type signed struct {
	credentials Credentials
	date        string // as X-Amz-Date has it
	scope       scope
	headers     []string // names, in the order of the signature
	signature   string
	contentHash string // SHA-256 of the body in hex, or one of the words for bodies without it
	presigned   bool
	key         signingKey
}

// readHeader reads the Authorization header.
func (v *verifier) readHeader(r *http.Request, q query) (*signed, error) {
	s := &signed{contentHash: r.Header.Get(headerContentSHA256)}
	if len(r.Header.Values(headerContentSHA256)) == 0 {
		return nil, invalidRequest("Missing x-amz-content-sha256")
	}
	source := "'x-amz-date' header"
	if s.date = r.Header.Get(headerDate); s.date == "" {
		if s.date, source = r.Header.Get("Date"), "'date' header"; s.date == "" {
			return nil, invalidArgument("No date provided in x-amz-date nor date header")
		}
	}
	at, err := parseDate(s.date, source)
	if err != nil {
		return nil, err
	}
	if off := v.clock.Now().Sub(at); off > maxSkew || off < -maxSkew {
		return nil, newError(http.StatusForbidden, "RequestTimeTooSkewed",
			"The difference between the request time and the server's time is too large.")
	}
	fields := authorizationFields(r.Header.Get(headerAuthorization))
	credential, names := fields["Credential"], fields["SignedHeaders"]
	s.signature = fields["Signature"]
	if credential == "" || names == "" || s.signature == "" {
		return nil, invalidRequest("Please use " + algorithm)
	}
	if err := v.identify(s, credential, sessionToken(r, q)); err != nil {
		return nil, err
	}
	return s, s.setHeaders(names)
}

// authorizationFields are the parts of an Authorization header; none when its algorithm is another.
func authorizationFields(header string) map[string]string {
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return fields
	}
	for part := range strings.SplitSeq(rest, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return fields
}

// identify finds the key pair of a credential and derives the key of its scope. A token, if there is
// one, stands for temporary credentials that were made of the pair.
func (v *verifier) identify(s *signed, credential, token string) error {
	id, sc, err := parseCredential(credential, s.date)
	if err != nil {
		return err
	}
	known, ok := v.keys(id)
	if !ok {
		return unauthorized()
	}
	if token != "" {
		if known, err = known.temporary(token, v.clock.Now()); err != nil {
			return err
		}
	}
	s.credentials, s.scope = known, sc
	s.key = deriveKey(known.SecretAccessKey, sc)
	return nil
}

// setHeaders keeps the names of the signed headers. The host must be one of them.
func (s *signed) setHeaders(names string) error {
	s.headers = strings.Split(strings.ToLower(names), ";")
	if !slices.Contains(s.headers, "host") {
		return unauthorized()
	}
	return nil
}

// maxExpires is how many seconds a presigned URL may be good for.
const maxExpires = 7 * 24 * 60 * 60

// presignedParameters are those that a presigned URL has beside X-Amz-Credential.
var presignedParameters = []string{"X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"}

// readPresigned reads the parameters of a presigned URL.
func (v *verifier) readPresigned(r *http.Request, q query) (*signed, error) {
	var missing []string
	for _, name := range presignedParameters {
		if !q.has(name) {
			missing = append(missing, name)
		}
	}
	switch len(missing) {
	case 0:
	case 1:
		return nil, invalidArgument("Required search parameter " + missing[0] + " missing")
	default:
		return nil, invalidArgument("Required search parameters " + strings.Join(missing, ",  ") + " missing")
	}
	if name, _ := q.get("X-Amz-Algorithm"); name != algorithm {
		return nil, invalidRequest("Please use " + algorithm)
	}
	s := &signed{presigned: true, contentHash: unsignedPayload}
	s.date, _ = q.get("X-Amz-Date")
	s.signature, _ = q.get("X-Amz-Signature")
	at, err := parseDate(s.date, "X-Amz-Date")
	if err != nil {
		return nil, err
	}
	credential, _ := q.get("X-Amz-Credential")
	if err := v.identify(s, credential, sessionToken(r, q)); err != nil {
		return nil, err
	}
	text, _ := q.get("X-Amz-Expires")
	seconds, ok := parseNumber(text)
	switch {
	case !ok:
		return nil, invalidArgument("X-Amz-Expires should be a number")
	case seconds > maxExpires:
		return nil, invalidArgument("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	case seconds < 1 || v.clock.Now().After(at.Add(time.Duration(seconds*float64(time.Second)))):
		return nil, expiredRequest()
	}
	// Of a URL that is used before the date it names, R2 is not known to say anything.
	names, _ := q.get("X-Amz-SignedHeaders")
	return s, s.setHeaders(names)
}

func invalidArgument(message string) *Error {
	return newError(http.StatusBadRequest, "InvalidArgument", "%s", message)
}

func invalidRequest(message string) *Error {
	return newError(http.StatusBadRequest, "InvalidRequest", "%s", message)
}

func expiredRequest() *Error {
	return newError(http.StatusForbidden, "ExpiredRequest", "Request has expired")
}

func unauthorized() *Error {
	return newError(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
}

// signatureDoesNotMatch shows what was signed here, so that a client's author can compare.
func signatureDoesNotMatch(canonical, toSign, provided string) *Error {
	e := newError(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.")
	e.Extra = []Element{
		{"StringToSign", toSign}, {"StringToSignBytes", byteDump(toSign)},
		{"CanonicalRequest", canonical}, {"CanonicalRequestBytes", byteDump(canonical)},
		{"SignatureProvided", provided},
	}
	return e
}

// A query is what a URL says behind its question mark, in its order.
type query []parameter

type parameter struct{ name, value string }

// parseQuery reads a query as browsers do: what is no escape stands for itself.
func parseQuery(raw string) query {
	var q query
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		q = append(q, parameter{unescapeLoosely(name), unescapeLoosely(value)})
	}
	return q
}

func unescapeLoosely(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	// A percent sign that begins no escape is the only thing that can be wrong.
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (q query) get(name string) (string, bool) {
	for _, p := range q {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

func (q query) has(name string) bool {
	_, ok := q.get(name)
	return ok
}

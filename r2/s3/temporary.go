package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A grant is what temporary credentials are good for. Whoever has a key pair can make them and asks
// nobody: the session token is a JWT that is signed with the pair's secret, and the temporary secret is
// the JWT's SHA-256.
//
// Receipt: https://developers.cloudflare.com/r2/api/s3/temporary-credentials/ and
// https://developers.cloudflare.com/r2/examples/authenticate-r2-temp-credentials/
type grant struct {
	Account string   `json:"sub"`
	Issuer  string   `json:"iss"` // the id of the key pair
	Expires float64  `json:"exp"` // seconds of Unix time
	Bucket  string   `json:"bucket"`
	Scope   string   `json:"scope"`             // empty: Actions say it all
	Actions []string `json:"actions,omitempty"` // empty: all of the scope
	Paths   paths    `json:"paths"`             // empty: the whole bucket
}

type paths struct {
	Prefixes []string `json:"prefixPaths"`
	Objects  []string `json:"objectPaths"`
}

// A Delegation says what temporary credentials are to be good for.
type Delegation struct {
	Account, Bucket   string
	Permission        string // a scope, as object-read-only
	Prefixes, Objects []string
	Ends              time.Time
}

// Delegate makes temporary credentials of a key pair: their id is that of the pair. Not ok means that the
// permission is none that is known, or that the pair is not good for the bucket itself.
func (c Credentials) Delegate(d Delegation) (made Credentials, sessionToken string, ok bool) {
	g := grant{
		Account: d.Account, Issuer: c.AccessKeyID, Expires: float64(d.Ends.UnixMilli()) / 1000,
		Bucket: d.Bucket, Scope: d.Permission, Paths: paths{d.Prefixes, d.Objects},
	}
	claims, err := json.Marshal(g)
	if err != nil || !g.valid(c.AccessKeyID) || !c.may(d.Bucket) {
		return Credentials{}, "", false
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	jwt := signed + "." + encode(hmacSHA256([]byte(c.SecretAccessKey), signed))
	c.SecretAccessKey, c.grant = secretOf(jwt), &g
	return c, base64.StdEncoding.EncodeToString([]byte("jwt/" + jwt)), true
}

// secretOf is the secret of the temporary credentials that a JWT stands for.
func secretOf(jwt string) string {
	sum := sha256.Sum256([]byte(jwt))
	return hex.EncodeToString(sum[:])
}

// Scopes of temporary credentials.
const (
	scopeObjectRead  = "object-read-only"
	scopeObjectWrite = "object-read-write"
	scopeAdminRead   = "admin-read-only"
	scopeAdminWrite  = "admin-read-write"
)

// objectActions are the actions that a token may name. True are those that write.
var objectActions = map[string]bool{
	"HeadObject": false, "GetObject": false, "GetBucketLocation": false, "ListObjectsV1": false, "ListObjectsV2": false,
	"ListMultipartUploads": false, "ListParts": false,
	"PutObject": true, "DeleteObject": true, "DeleteObjects": true, "CopyObject": true,
	"CreateMultipartUpload": true, "UploadPart": true, "UploadPartCopy": true, "AbortMultipartUpload": true, "CompleteMultipartUpload": true,
}

// sessionToken is the token that a request brings, "" when it has none.
func sessionToken(r *http.Request, q query) string {
	if token := r.Header.Get(headerSecurityToken); token != "" {
		return token
	}
	token, _ := q.get(headerSecurityToken)
	return token
}

// temporary reads a session token that was made of the key pair c. It returns the credentials that it
// stands for.
func (c Credentials) temporary(token string, now time.Time) (Credentials, error) {
	wrong := invalidArgument(headerSecurityToken)
	raw, err := base64.StdEncoding.DecodeString(token)
	jwt, isJWT := strings.CutPrefix(string(raw), "jwt/")
	if err != nil || !isJWT {
		return Credentials{}, wrong
	}
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return Credentials{}, wrong
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, hmacSHA256([]byte(c.SecretAccessKey), parts[0]+"."+parts[1])) {
		return Credentials{}, wrong
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	g := &grant{}
	if !readClaims(parts[0], &head) || head.Algorithm != "HS256" || !readClaims(parts[1], g) || !g.valid(c.AccessKeyID) {
		return Credentials{}, wrong
	}
	if float64(now.UnixMilli()) >= g.Expires*1000 {
		return Credentials{}, expiredRequest()
	}
	c.SecretAccessKey, c.grant = secretOf(jwt), g
	return c, nil
}

func readClaims(part string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, v) == nil
}

// valid reports whether the grant says all that it must, in words that are known.
//
// Deviation: the account and the host that a session token names are not looked at.
func (g *grant) valid(id string) bool {
	switch g.Scope {
	case scopeObjectRead, scopeObjectWrite, scopeAdminRead, scopeAdminWrite:
	case "":
		if len(g.Actions) == 0 {
			return false
		}
	default:
		return false
	}
	for _, action := range g.Actions {
		if _, ok := objectActions[action]; !ok {
			return false
		}
	}
	return g.Issuer == id && g.Bucket != "" && g.Expires > 0
}

// allows reports whether the grant is good for an operation, wherever in the bucket. A nil grant is
// good for all.
func (g *grant) allows(operation string) bool {
	if g == nil {
		return true
	}
	if operation == "ListObjects" {
		operation = "ListObjectsV1"
	}
	if len(g.Actions) > 0 && !slices.Contains(g.Actions, operation) {
		return false
	}
	writes, ofObjects := objectActions[operation]
	switch g.Scope {
	case scopeObjectRead:
		return ofObjects && !writes || operation == "HeadBucket"
	case scopeObjectWrite:
		return ofObjects || operation == "HeadBucket"
	case scopeAdminRead:
		return ofObjects && !writes || strings.HasPrefix(operation, "Get") || operation == "HeadBucket"
	}
	return true // an administrator's, or the actions said it
}

// covers reports whether a key is among those of the grant.
func (g *grant) covers(key string) bool {
	return g == nil || g.coversAll(key) || slices.Contains(g.Paths.Objects, key)
}

// coversAll reports whether all keys are that begin with prefix.
func (g *grant) coversAll(prefix string) bool {
	return g == nil || len(g.Paths.Prefixes) == 0 && len(g.Paths.Objects) == 0 ||
		slices.ContainsFunc(g.Paths.Prefixes, func(p string) bool { return strings.HasPrefix(prefix, p) })
}

// permitted reports whether the credentials of the call are good for the operation. The keys that a
// body or a header names it does not know.
func (c *call) permitted(op operation) bool {
	g := c.credentials.grant
	if c.bucketName == "" {
		return g == nil // a grant is for one bucket
	}
	if !c.credentials.may(c.bucketName) || !g.allows(op.name) {
		return false
	}
	switch op.name {
	case "ListObjects", "ListObjectsV2", "ListMultipartUploads":
		prefix, _ := c.query.get("prefix")
		return g.coversAll(prefix)
	}
	return c.key == "" || g.covers(c.key)
}

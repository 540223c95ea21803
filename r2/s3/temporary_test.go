package s3

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/r2"
)

// tokenOf makes temporary credentials as Cloudflare's example does.
func tokenOf(head, claims, secret string) (token, temporarySecret string) {
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(head)) + "." + enc([]byte(claims))
	jwt := signed + "." + enc(hmacSHA256([]byte(secret), signed))
	return base64.StdEncoding.EncodeToString([]byte("jwt/" + jwt)), hashOf(jwt)
}

const (
	tokenHead = `{"alg":"HS256","typ":"JWT"}`
	// The clock of the tests stands at 1369353600.
	tokenClaims = `"sub":"account","iss":"` + exampleID + `","aud":"127.0.0.1:8701","iat":1369353600,"exp":1369354500`
)

// withToken signs a request with temporary credentials.
func withToken(method, url, body, token, secret string, headers ...string) *http.Request {
	r := request(method, url, body, append(headers, "X-Amz-Security-Token", token)...)
	signer{exampleID, secret, exampleDate}.headers(r, hashOf(body), "x-amz-security-token")
	return r
}

func TestATokenIsVerified(t *testing.T) {
	good := `{` + tokenClaims + `,"bucket":"b","scope":"object-read-only"}`
	for name, c := range map[string]struct{ head, claims, secret, want string }{
		"good":                   {tokenHead, good, exampleSecret, ""},
		"with actions alone":     {tokenHead, `{` + tokenClaims + `,"bucket":"b","actions":["GetObject"]}`, exampleSecret, ""},
		"of another secret":      {tokenHead, good, "guess", "InvalidArgument"},
		"of another algorithm":   {`{"alg":"none"}`, good, exampleSecret, "InvalidArgument"},
		"of another pair":        {tokenHead, strings.Replace(good, exampleID, "other", 1), exampleSecret, "InvalidArgument"},
		"that has ended":         {tokenHead, strings.Replace(good, "1369354500", "1369353600", 1), exampleSecret, "ExpiredRequest"},
		"without an end":         {tokenHead, strings.Replace(good, `"exp"`, `"x"`, 1), exampleSecret, "InvalidArgument"},
		"without a bucket":       {tokenHead, strings.Replace(good, `"bucket"`, `"x"`, 1), exampleSecret, "InvalidArgument"},
		"of an unknown scope":    {tokenHead, strings.Replace(good, "object-read-only", "all", 1), exampleSecret, "InvalidArgument"},
		"with an unknown action": {tokenHead, strings.Replace(good, `"scope"`, `"actions":["Everything"],"scope"`, 1), exampleSecret, "InvalidArgument"},
		"without scope":          {tokenHead, strings.Replace(good, `"scope"`, `"x"`, 1), exampleSecret, "InvalidArgument"},
		"that is no JSON":        {tokenHead, "{", exampleSecret, "InvalidArgument"},
	} {
		token, secret := tokenOf(c.head, c.claims, c.secret)
		_, err := readAll(exampleVerifier(), withToken("GET", "/b/k", "", token, secret))
		if codeOf(err) != c.want {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	token, secret := tokenOf(tokenHead, good, exampleSecret)
	for name, c := range map[string]struct{ token, secret, want string }{
		"the secret of the pair":     {token, exampleSecret, "SignatureDoesNotMatch"},
		"no token":                   {"", secret, "SignatureDoesNotMatch"},
		"a token that is no base64":  {"?", secret, "InvalidArgument"},
		"a token that is no JWT":     {"and0Lw==", secret, "InvalidArgument"},
		"a token that is cut in two": {token[:len(token)/2/4*4], secret, "InvalidArgument"},
	} {
		_, err := readAll(exampleVerifier(), withToken("GET", "/b/k", "", c.token, c.secret))
		if codeOf(err) != c.want {
			t.Errorf("with %s: %v", name, err)
		}
	}
}

func TestTemporaryCredentialsMayDoNoMoreThanTheySay(t *testing.T) {
	v := exampleVerifier()
	buckets, err := r2.Open(t.TempDir(), r2.Options{Clock: v.clock, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer buckets.Close()
	for _, name := range []string{"here", "elsewhere"} {
		if _, err := buckets.Create(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	h := New(Options{Buckets: buckets, Keys: v.keys, Clock: v.clock})
	ask := func(grant, method, url, body string, headers ...string) int {
		token, secret := tokenOf(tokenHead, `{`+tokenClaims+`,"bucket":"here",`+grant+`}`, exampleSecret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, withToken(method, url, body, token, secret, headers...))
		return w.Code
	}
	const (
		read, write, paths = `"scope":"object-read-only"`, `"scope":"object-read-write"`, `,"paths":{"prefixPaths":["a/"],"objectPaths":["k"]}`
		adminRead, admin   = `"scope":"admin-read-only"`, `"scope":"admin-read-write"`
	)
	for _, key := range []string{"k", "a/1", "other"} {
		if code := ask(write, "PUT", "/here/"+key, "body"); code != 200 {
			t.Fatalf("PUT %s: %d", key, code)
		}
	}
	for _, c := range []struct {
		grant, method, url, body, source string
		want                             int
	}{
		{read, "GET", "/here/k", "", "", 200},
		{read, "GET", "/elsewhere/k", "", "", 403},
		{read, "GET", "/", "", "", 403},
		{read, "GET", "/here?list-type=2", "", "", 200},
		{read, "HEAD", "/here", "", "", 200},
		{read, "PUT", "/here/k", "x", "", 403},
		{read, "GET", "/here?encryption=", "", "", 403},
		{write, "DELETE", "/here", "", "", 403},
		{write, "PUT", "/here/copy", "", "here/k", 200},
		{write, "PUT", "/here/copy", "", "elsewhere/k", 403},
		{adminRead, "GET", "/here?encryption=", "", "", 200},
		{adminRead, "PUT", "/here/k", "x", "", 403},
		{admin, "PUT", "/here/k", "x", "", 200},
		{admin, "DELETE", "/elsewhere", "", "", 403},
		{read + paths, "GET", "/here/k", "", "", 200},
		{read + paths, "GET", "/here/a/1", "", "", 200},
		{read + paths, "GET", "/here/other", "", "", 403},
		{read + paths, "GET", "/here?list-type=2", "", "", 403},
		{read + paths, "GET", "/here?list-type=2&prefix=a%2F", "", "", 200},
		{write + paths, "PUT", "/here/a/2", "", "here/other", 403},
		{write + paths, "PUT", "/here/a/2", "", "here/k", 200},
		{write + paths, "POST", "/here?delete=", "<Delete><Object><Key>a/2</Key></Object></Delete>", "", 200},
		{write + paths, "POST", "/here?delete=", "<Delete><Object><Key>a/1</Key></Object><Object><Key>other</Key></Object></Delete>", "", 403},
		{read + `,"actions":["HeadObject"]`, "HEAD", "/here/k", "", "", 200},
		{read + `,"actions":["HeadObject"]`, "GET", "/here/k", "", "", 403},
		{read + `,"actions":["PutObject"]`, "PUT", "/here/k", "x", "", 403},
		{`"actions":["ListObjectsV1"]`, "GET", "/here", "", "", 200},
		{`"actions":["ListObjectsV1"]`, "GET", "/here?list-type=2", "", "", 403},
		{`"actions":["ListObjectsV1"]`, "DELETE", "/here", "", "", 403},
	} {
		var headers []string
		if c.source != "" {
			headers = []string{"X-Amz-Copy-Source", c.source}
		}
		if code := ask(c.grant, c.method, c.url, c.body, headers...); code != c.want {
			t.Errorf("%s %s %s %s: %d instead of %d", c.grant, c.method, c.url, c.source, code, c.want)
		}
	}
	// A bucket is made on the way by those alone who may make buckets.
	for _, c := range []struct {
		grant string
		want  int
	}{{write, 404}, {admin, 200}} {
		if code := ask(c.grant+`,"bucket":"fresh"`, "PUT", "/fresh/k", "x", "Cf-Create-Bucket-If-Missing", "true"); code != c.want {
			t.Errorf("%s: %d instead of %d", c.grant, code, c.want)
		}
	}
}

func TestDelegatedCredentialsAreTaken(t *testing.T) {
	pair := Credentials{AccessKeyID: exampleID, SecretAccessKey: exampleSecret}
	d := Delegation{Account: "account", Bucket: "b", Permission: scopeObjectRead, Prefixes: []string{"a/"}, Ends: exampleTime.Add(time.Minute)}
	made, token, ok := pair.Delegate(d)
	if !ok || made.AccessKeyID != exampleID {
		t.Fatalf("%+v, %t", made, ok)
	}
	v := exampleVerifier()
	known, _, err := v.authenticate(withToken("GET", "/b/a/1", "", token, made.SecretAccessKey))
	if err != nil || known.grant == nil || !known.may("b") || known.may("c") || !known.grant.covers("a/1") || known.grant.covers("b") {
		t.Errorf("%+v, %v", known, err)
	}
	v.clock.(*clock.Movable).Set(d.Ends)
	_, _, err = v.authenticate(withToken("GET", "/b/a/1", "", token, made.SecretAccessKey))
	if codeOf(err) != "ExpiredRequest" {
		t.Errorf("at its end: %v", err)
	}
	d.Permission = "everything"
	if _, _, ok = pair.Delegate(d); ok {
		t.Error("an unknown permission is delegated")
	}
	d.Permission, pair.Buckets = scopeObjectRead, []string{"c"}
	if _, _, ok = pair.Delegate(d); ok {
		t.Error("a bucket that the pair may not see is delegated")
	}
}

package cfapi

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// SameToken compares a token with the one it should be, in a time that tells nothing of either.
func SameToken(got, want string) bool {
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// Bearer is the token of an Authorization header, and whether there is one.
func Bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return token, isToken68(token)
}

// isToken68 says whether s has the form that RFC 7235 gives to tokens.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", c) {
			return false
		}
	}
	return s != ""
}

// hintToken says where the token is to be found.
const hintToken = "this control door asks for the token of the running cfemu: `eval \"$(cfemu env)\"` sets it, and .cfemu/run.json in the project holds it"

// Authorise says why a request may not pass where token is asked for, as the API does: both of its
// ways to identify oneself will do, a bearer token and X-Auth-Key.
//
// Receipt: the answers of Cloudflare's API as its clients' tests and users' reports have them: 9106,
// 6003 with 6111, 10000, and 1000 where a token is to be verified.
func Authorise(r *http.Request, token string) error {
	hint := []Fault{{Message: hintToken}}
	authorization, key := r.Header.Get("Authorization"), r.Header.Get("X-Auth-Key")
	if authorization == "" && key == "" {
		return &Error{Fault{Status: http.StatusBadRequest, Code: 9106,
			Message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers", Chain: hint}}
	}
	got := key
	if authorization != "" {
		var ok bool
		if got, ok = Bearer(r); !ok {
			return &Error{Fault{Status: http.StatusBadRequest, Code: 6003, Message: "Invalid request headers",
				Chain: []Fault{{Code: 6111, Message: "Invalid format for Authorization header"}}}}
		}
	}
	switch {
	case SameToken(got, token):
		return nil
	case strings.HasSuffix(r.URL.Path, "/tokens/verify"):
		return &Error{Fault{Status: http.StatusUnauthorized, Code: 1000, Message: "Invalid API Token", Chain: hint}}
	}
	return &Error{Fault{Status: http.StatusForbidden, Code: 10000, Message: "Authentication error", Chain: hint}}
}

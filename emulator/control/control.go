// Package control is the front desk of the client/v4 API: it knows the account and the user, takes
// any token, and mounts the products' own routes below the account. What no product answers is
// Cloudflare's 404, and is reported, so that one sees what a client asked for in vain.
package control

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Prefix is where the API lives on the control door.
const Prefix = "/client/v4"

// AccountID is the account that exists. Any other id is taken for it.
const AccountID = "cfe00000000000000000000000000001"

// Options of New.
type Options struct {
	Products []func(*mux.Router)       // each mounts its routes below an account
	GraphQL  map[string]Operation      // by operation name
	Unknown  func(method, path string) // called for a request that no route answers; nil: nothing
}

// New returns the handler for everything under Prefix.
func New(o Options) http.Handler {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	account := r.PathPrefix(Prefix + "/accounts/{account}").Subrouter()
	for _, mount := range o.Products {
		mount(account)
	}
	get := func(path string, h cfapi.Handler) { r.Handle(Prefix+path, h).Methods("GET") }
	get("/user/tokens/verify", result(map[string]string{"id": "cfemu", "status": "active"}))
	get("/user", result(map[string]string{"id": "cfemu", "email": "cfemu@localhost"}))
	get("/accounts", one(accountObject()))
	get("/accounts/{account}", result(accountObject()))
	get("/memberships", one(map[string]any{"id": "cfemu", "status": "accepted", "roles": []string{"Administrator"}, "account": accountObject()}))
	r.HandleFunc(Prefix+"/graphql", graphql(o.GraphQL)).Methods("POST")
	notFound := cfapi.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		if o.Unknown != nil {
			o.Unknown(r.Method, r.URL.EscapedPath())
		}
		return cfapi.NotFound(strings.TrimPrefix(r.URL.EscapedPath(), Prefix))
	})
	r.NotFoundHandler, r.MethodNotAllowedHandler = notFound, notFound
	return single(r)
}

// single takes the second slash away that a base URL with a trailing slash makes. Slashes further
// on belong to keys.
func single(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"//") {
			u := *r.URL
			u.Path = Prefix + strings.TrimLeft(u.Path[len(Prefix):], "/")
			u.Path = strings.Replace(u.Path, Prefix, Prefix+"/", 1)
			if u.RawPath != "" {
				u.RawPath = Prefix + "/" + strings.TrimLeft(u.RawPath[len(Prefix):], "/")
			}
			r = r.Clone(r.Context())
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

func accountObject() map[string]any {
	return map[string]any{"id": AccountID, "name": "cfemu", "type": "standard", "settings": map[string]any{}, "created_on": "2026-01-01T00:00:00Z"}
}

func result(v any) cfapi.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error { return cfapi.WriteResult(w, v) }
}

// one is a list of a single row. Clients read pages until one is empty.
func one(v any) cfapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		page, rows := 1, []any{v}
		if p := r.URL.Query().Get("page"); p != "" && p != "1" {
			page, rows = 2, []any{}
		}
		return cfapi.WritePage(w, rows, cfapi.PageInfo{Page: page, PerPage: 20, Count: len(rows), TotalCount: 1, TotalPages: 1})
	}
}

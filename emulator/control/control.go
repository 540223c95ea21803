// Package control is the front desk of the client/v4 API: it knows the account and the user, asks for
// the token when it is told to, and mounts the products' own routes below the account. What no product
// answers is Cloudflare's 404 or 405, and is reported, so that one sees what a client asked for in vain.
package control

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Prefix is where the API lives on the control door.
const Prefix = "/client/v4"

// Options of New.
type Options struct {
	Products []func(*mux.Router)       // each mounts its routes below an account
	GraphQL  map[string]Operation      // by operation name
	Unknown  func(method, path string) // called for a request that no route answers; nil: nothing
	Token    string                    // what every request must carry; empty: any token will do, and none
	Ray      func() string             // makes a Ray ID; nil: answers have none
}

// A Desk is the handler for everything under Prefix.
type Desk struct {
	Options
	router *mux.Router
}

// New returns a Desk.
func New(o Options) *Desk {
	d := &Desk{o, mux.NewRouter().UseEncodedPath().SkipClean(true)}
	account := d.router.PathPrefix(Prefix + "/accounts/{account}").Subrouter()
	for _, mount := range o.Products {
		mount(account)
	}
	for path, h := range people {
		d.router.Handle(Prefix+path, h).Methods(http.MethodGet)
	}
	d.router.Handle(Prefix+"/graphql", graphql(o.GraphQL)).Methods(http.MethodPost)
	d.router.Use(d.authorised)
	d.router.NotFoundHandler = d.authorised(cfapi.Handler(d.unanswered))
	d.router.MethodNotAllowedHandler = d.router.NotFoundHandler
	return d
}

// Walk visits every route, as mux.Router has it.
func (d *Desk) Walk(visit mux.WalkFunc) error { return d.router.Walk(visit) }

// ServeHTTP answers a request. Whoever may GET may ask for the HEAD of it.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.Ray != nil {
		w.Header()["Cf-Ray"] = []string{d.Ray()}
	}
	r = single(r)
	if r.Method == http.MethodHead {
		head := *r
		head.Method = http.MethodGet // net/http leaves the body out by what the client asked
		r = &head
	}
	d.router.ServeHTTP(w, r)
}

// authorised asks for the token, unless the route's URL stands for it.
func (d *Desk) authorised(next http.Handler) http.Handler {
	if d.Token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route := mux.CurrentRoute(r); route != nil {
			if e, ok := route.GetHandler().(cfapi.Endpoint); ok && e.Signed {
				next.ServeHTTP(w, r)
				return
			}
		}
		if err := cfapi.Authorise(r, d.Token); err != nil {
			cfapi.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unanswered tells a path that there is not from one that lacks the method: the router below an
// account keeps that to itself.
func (d *Desk) unanswered(w http.ResponseWriter, r *http.Request) error {
	if d.Unknown != nil {
		d.Unknown(r.Method, r.URL.EscapedPath())
	}
	if methods := d.methods(r); len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return cfapi.MethodNotAllowed(r.Method)
	}
	return notFound(r)
}

func notFound(r *http.Request) error {
	return cfapi.NotFound("/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), Prefix), "/"))
}

// methods are those that the path of r has; none when there is no such path.
func (d *Desk) methods(r *http.Request) []string {
	var found []string
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		other := *r
		other.Method = m
		var match mux.RouteMatch
		if d.router.Match(&other, &match) && match.MatchErr == nil {
			if found = append(found, m); m == http.MethodGet {
				found = append(found, http.MethodHead)
			}
		}
	}
	return found
}

// single takes the second slash away that a base URL with a trailing slash makes. Slashes further
// on belong to keys.
func single(r *http.Request) *http.Request {
	if !strings.HasPrefix(r.URL.Path, Prefix+"//") {
		return r
	}
	less := func(path string) string {
		if path == "" {
			return ""
		}
		return Prefix + "/" + strings.TrimLeft(path[len(Prefix):], "/")
	}
	u, out := *r.URL, *r
	u.Path, u.RawPath = less(u.Path), less(u.RawPath)
	out.URL = &u
	return &out
}

package kv

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Routes adds what client/v4 offers for KV. The router is the one of an account. A key is all that
// follows in the path, as it was sent: some clients escape its slashes and others do not.
func (s *Service) Routes(r *mux.Router) {
	const all = "/storage/kv/namespaces"
	const one = all + "/{namespace}"
	const value = one + "/values/{key:.+}"
	for _, e := range []struct {
		method, path string
		handler      cfapi.Handler
		maxBody      int64
	}{
		{http.MethodPost, all, s.postNamespace, 0},
		{http.MethodGet, all, s.getNamespaces, 0},
		{http.MethodGet, one, s.getNamespace, 0},
		{http.MethodPut, one, s.putNamespace, 0},
		{http.MethodDelete, one, s.deleteNamespace, 0},
		{http.MethodGet, one + "/keys", s.getKeys, 0},
		{http.MethodGet, value, s.getValue, 0},
		{http.MethodPut, value, s.putValue, maxValueBytes + maxRequestBytes},
		{http.MethodDelete, value, s.deleteValue, 0},
		{http.MethodGet, one + "/metadata/{key:.+}", s.getMetadata, 0},
		{http.MethodPut, one + "/bulk", s.putBulk, maxBulkBytes},
		{http.MethodDelete, one + "/bulk", s.deleteBulk, maxBulkBytes},
		{http.MethodPost, one + "/bulk/delete", s.deleteBulk, maxBulkBytes},
		{http.MethodPost, one + "/bulk/get", s.postBulkGet, 0},
	} {
		r.Handle(e.path, cfapi.Endpoint{Handler: e.handler, MaxBody: e.maxBody}).Methods(e.method)
	}
}

type restNamespace struct {
	ID                  string `json:"id"`
	Title               string `json:"title"`
	SupportsURLEncoding bool   `json:"supports_url_encoding"`
}

func restOf(n *Namespace) restNamespace { return restNamespace{n.ID, n.Title, true} }

func (s *Service) postNamespace(w http.ResponseWriter, r *http.Request) error {
	title, err := titleIn(r)
	if err != nil {
		return err
	}
	n, err := s.Create(r.Context(), title)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(n))
}

// titleIn reads the title that a request's body has.
//
// Deviation: a jurisdiction is accepted and ignored.
func titleIn(r *http.Request) (string, error) {
	var req struct {
		Title string `json:"title"`
	}
	if err := cfapi.DecodeJSON(r, &req, maxRequestBytes); err != nil {
		return "", malformedBody(err)
	}
	return req.Title, nil
}

func malformedBody(err error) *Error {
	return &Error{Code: CodeInvalid, Message: "could not unmarshal request body", Err: err}
}

func (s *Service) putNamespace(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	title, err := titleIn(r)
	if err != nil {
		return err
	}
	if n, err = s.Rename(r.Context(), n.ID, title); err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(n))
}

// namespacesPerPage: https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/list/
var namespacesPerPage = cfapi.Bounds{Default: 20, Min: 1, Max: 1000}

// getNamespaces honours page and per_page exactly: clients read on until a page is short, or empty.
func (s *Service) getNamespaces(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page, err := cfapi.PageOf(q, namespacesPerPage)
	if err != nil {
		return &Error{Code: CodeInvalid, Message: err.Error(), Err: err}
	}
	all, err := s.List(r.Context())
	if err != nil {
		return err
	}
	if q.Get("order") == "id" {
		slices.SortFunc(all, func(a, b *Namespace) int { return strings.Compare(a.ID, b.ID) })
	}
	if q.Get("direction") == "desc" {
		slices.Reverse(all)
	}
	namespaces, info := cfapi.Cut(all, page)
	rows := make([]restNamespace, len(namespaces))
	for i, n := range namespaces {
		rows[i] = restOf(n)
	}
	return cfapi.WritePage(w, rows, info)
}

func (s *Service) getNamespace(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(n))
}

func (s *Service) deleteNamespace(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	if err := s.Delete(r.Context(), n.ID); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}

// byID finds the namespace of the route. A title is no address in client/v4.
func (s *Service) byID(r *http.Request) (*Namespace, error) {
	id, err := cfapi.Unescape(mux.Vars(r)["namespace"])
	if err != nil {
		return nil, err
	}
	if !isID(id) {
		return nil, newError(CodeIDInvalid, "could not parse UUID from request's namespace_id: '%s', invalid namespace format", id)
	}
	n, err := s.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if n.ID != id {
		return nil, namespaceNotFound()
	}
	return n, nil
}

package kv

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/gorilla/mux"
)

// Routes adds what client/v4 offers for namespaces. The router is the one of an account.
func (s *Service) Routes(r *mux.Router) {
	const all = "/storage/kv/namespaces"
	const one = all + "/{namespace}"
	r.Handle(all, cfapi.Handler(s.postNamespace)).Methods(http.MethodPost)
	r.Handle(all, cfapi.Handler(s.getNamespaces)).Methods(http.MethodGet)
	r.Handle(one, cfapi.Handler(s.getNamespace)).Methods(http.MethodGet)
	r.Handle(one, cfapi.Handler(s.deleteNamespace)).Methods(http.MethodDelete)
}

type restNamespace struct {
	ID                  string `json:"id"`
	Title               string `json:"title"`
	SupportsURLEncoding bool   `json:"supports_url_encoding"`
}

func restOf(n *Namespace) restNamespace { return restNamespace{n.ID, n.Title, true} }

func (s *Service) postNamespace(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Title string `json:"title"`
	}
	if err := cfapi.DecodeJSON(r, &req, maxRequestBytes); err != nil {
		return &Error{Code: CodeInvalid, Message: "malformed request body", Err: err}
	}
	n, err := s.Create(r.Context(), req.Title)
	if err != nil {
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
	n, err := s.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if n.ID != id {
		return nil, namespaceNotFound()
	}
	return n, nil
}

package r2

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/gorilla/mux"
)

// Routes adds what client/v4 offers for buckets. The router is the one of an account.
func (s *Service) Routes(r *mux.Router) {
	const all = "/r2/buckets"
	const one = all + "/{bucket}"
	r.Handle(all, cfapi.Handler(s.postBucket)).Methods(http.MethodPost)
	r.Handle(all, cfapi.Handler(s.getBuckets)).Methods(http.MethodGet)
	r.Handle(one, cfapi.Handler(s.getBucket)).Methods(http.MethodGet)
	r.Handle(one, cfapi.Handler(s.deleteBucket)).Methods(http.MethodDelete)
}

type restBucket struct {
	Name         string `json:"name"`
	CreationDate string `json:"creation_date"`
	Location     string `json:"location"`
	StorageClass string `json:"storage_class"`
	Jurisdiction string `json:"jurisdiction"`
}

func restOf(b *Bucket) restBucket {
	return restBucket{b.Name, b.Created.UTC().Format(time.RFC3339Nano), b.Location, b.StorageClass, "default"}
}

func (s *Service) postBucket(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Name         string `json:"name"`
		StorageClass string `json:"storageClass"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRequestBytes)).Decode(&req); err != nil {
		return errMetadata(err)
	}
	b, err := s.CreateWith(r.Context(), req.Name, BucketOptions{StorageClass: req.StorageClass})
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(b))
}

// getBuckets answers in the order of names, or against it. The cursor is the name that the page
// before ended with.
func (s *Service) getBuckets(w http.ResponseWriter, r *http.Request) error {
	all, err := s.List(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if q.Get("direction") == "desc" {
		slices.Reverse(all)
	}
	perPage, err := strconv.Atoi(q.Get("per_page"))
	if err != nil || perPage < 1 {
		perPage = 20
	}
	perPage = min(perPage, 1000)
	after := q.Get("cursor")
	if after == "" {
		after = q.Get("start_after")
	}
	rows, cursor := []restBucket{}, ""
	for _, b := range all {
		passed := after == "" || strings.Compare(b.Name, after) > 0
		if q.Get("direction") == "desc" {
			passed = after == "" || strings.Compare(b.Name, after) < 0
		}
		if !passed || !strings.Contains(b.Name, q.Get("name_contains")) {
			continue
		}
		if len(rows) == perPage {
			cursor = rows[perPage-1].Name
			break
		}
		rows = append(rows, restOf(b))
	}
	return cfapi.WritePage(w, struct {
		Buckets []restBucket `json:"buckets"`
	}{rows}, struct {
		PerPage int    `json:"per_page"`
		Cursor  string `json:"cursor,omitempty"`
	}{perPage, cursor})
}

func (s *Service) getBucket(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(b))
}

func (s *Service) deleteBucket(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	if err := s.Delete(r.Context(), b.Name); err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct{}{})
}

func (s *Service) ofRoute(r *http.Request) (*Bucket, error) {
	name, err := cfapi.Unescape(mux.Vars(r)["bucket"])
	if err != nil {
		return nil, err
	}
	return s.Get(r.Context(), name)
}

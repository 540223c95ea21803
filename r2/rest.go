package r2

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/gorilla/mux"
)

// Routes adds what client/v4 offers for buckets. The router is the one of an account. A key is all that
// follows in the path, as it was sent: some clients escape its slashes and others do not.
func (s *Service) Routes(r *mux.Router) {
	const all = "/r2/buckets"
	const one = all + "/{bucket}"
	const object = one + "/objects/{key:.+}"
	for _, e := range []struct {
		method, path string
		handler      cfapi.Handler
		maxBody      int64
	}{
		{http.MethodPost, all, s.postBucket, 0},
		{http.MethodGet, all, s.getBuckets, 0},
		{http.MethodGet, one, s.getBucket, 0},
		{http.MethodPatch, one, s.patchBucket, 0},
		{http.MethodDelete, one, s.deleteBucket, 0},
		{http.MethodGet, one + "/objects", s.getObjects, 0},
		{http.MethodDelete, one + "/objects", s.deleteObjects, 0},
		{http.MethodGet, object, s.getObject, 0},
		{http.MethodHead, object, s.getObject, 0},
		{http.MethodPut, object, s.putObject, maxPutBytes},
		{http.MethodDelete, object, s.deleteObject, 0},
	} {
		r.Handle(e.path, cfapi.Endpoint{Handler: e.handler, MaxBody: e.maxBody}).Methods(e.method)
	}
	s.settingRoutes(r)
}

type restBucket struct {
	Name         string `json:"name"`
	CreationDate string `json:"creation_date"`
	Location     string `json:"location"`
	StorageClass string `json:"storage_class"`
	Jurisdiction string `json:"jurisdiction"`
}

func restOf(b *Bucket) restBucket {
	return restBucket{b.Name, b.Created.UTC().Format(time.RFC3339Nano), b.Location, b.StorageClass, cmp.Or(b.Jurisdiction, defaultJurisdiction)}
}

// Headers of requests.
const (
	headerJurisdiction = "Cf-R2-Jurisdiction"
	headerStorageClass = "Cf-R2-Storage-Class"
)

const defaultJurisdiction = "default"

// jurisdictionOf is the jurisdiction that a request is about, "" for the default one.
func jurisdictionOf(r *http.Request) string {
	if j := r.Header.Get(headerJurisdiction); j != defaultJurisdiction {
		return j
	}
	return ""
}

func (s *Service) postBucket(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Name         string `json:"name"`
		StorageClass string `json:"storageClass"`
		LocationHint string `json:"locationHint"`
	}
	if err := cfapi.DecodeJSON(r, &req, maxRequestBytes); err != nil {
		return malformedJSON(err)
	}
	b, err := s.CreateWith(r.Context(), req.Name, BucketOptions{
		StorageClass: req.StorageClass, LocationHint: req.LocationHint, Jurisdiction: jurisdictionOf(r),
	})
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(b))
}

func (s *Service) patchBucket(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	if b, err = s.SetStorageClass(r.Context(), b.Name, r.Header.Get(headerStorageClass)); err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(b))
}

// bucketsPerPage: https://developers.cloudflare.com/api/resources/r2/subresources/buckets/methods/list/
var bucketsPerPage = cfapi.Bounds{Default: 20, Min: 1, Max: 1000}

// getBuckets answers in the order of names, or against it. The cursor is the name that the page
// before ended with.
func (s *Service) getBuckets(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	perPage, err := bucketsPerPage.Number(q, "per_page")
	if err != nil {
		return &Error{Code: CodeInvalidMaxKeys, Message: faults[CodeInvalidMaxKeys].message, Err: err}
	}
	if err := errors.Join(oneOf(q, "order", "name"), oneOf(q, "direction", "asc", "desc")); err != nil {
		return err
	}
	all, err := s.List(r.Context())
	if err != nil {
		return err
	}
	jurisdiction := jurisdictionOf(r)
	all = slices.DeleteFunc(all, func(b *Bucket) bool {
		return b.Jurisdiction != jurisdiction || !strings.Contains(b.Name, q.Get("name_contains"))
	})
	descending := q.Get("direction") == "desc"
	if descending {
		slices.Reverse(all)
	}
	after := q.Get("cursor")
	if after == "" {
		after = q.Get("start_after")
	}
	buckets, cursor := cfapi.After(all, func(b *Bucket) string { return b.Name }, after, descending, perPage)
	rows := make([]restBucket, len(buckets))
	for i, b := range buckets {
		rows[i] = restOf(b)
	}
	return cfapi.WritePage(w, struct {
		Buckets []restBucket `json:"buckets"`
	}{rows}, struct {
		PerPage int    `json:"per_page"`
		Cursor  string `json:"cursor,omitempty"`
	}{perPage, cursor})
}

// oneOf refuses a parameter that is there and none of few. The text is ours.
func oneOf(q url.Values, name string, allowed ...string) error {
	if value := q.Get(name); value != "" && !slices.Contains(allowed, value) {
		return invalid("The parameter %s cannot be %q: it is one of %s.", name, value, strings.Join(allowed, ", "))
	}
	return nil
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
	b, err := s.Get(r.Context(), name)
	if err != nil {
		return nil, err
	}
	if b.Jurisdiction != jurisdictionOf(r) {
		return nil, newError(CodeNoSuchBucket)
	}
	return b, nil
}

// malformedJSON refuses a body that is not what it should be.
func malformedJSON(err error) *Error {
	e := newError(CodeMalformedJSON)
	e.Err = err
	return e
}

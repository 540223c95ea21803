package r2

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Headers of objects that HTTP has no word for.
const (
	headerCustomMetadata = "Cf-R2-Custom-Metadata"
	headerMetadataOnly   = "Cf-Metadata-Only"
)

// objectOfRoute finds the bucket and the key of the route.
func (s *Service) objectOfRoute(r *http.Request) (*Bucket, string, error) {
	b, err := s.ofRoute(r)
	if err != nil {
		return nil, "", err
	}
	key, err := cfapi.Unescape(mux.Vars(r)["key"])
	return b, key, err
}

// A restObject is an object as client/v4 shows it.
type restObject struct {
	Key          string            `json:"key"`
	ETag         string            `json:"etag"`
	Size         int64             `json:"size"`
	LastModified string            `json:"last_modified"`
	Version      string            `json:"version,omitempty"`
	HTTP         restHTTPMetadata  `json:"http_metadata"`
	Custom       map[string]string `json:"custom_metadata"`
	StorageClass string            `json:"storage_class"`
	SSEC         bool              `json:"ssec"`
}

type restHTTPMetadata struct {
	ContentType        string `json:"contentType,omitempty"`
	ContentLanguage    string `json:"contentLanguage,omitempty"`
	ContentDisposition string `json:"contentDisposition,omitempty"`
	ContentEncoding    string `json:"contentEncoding,omitempty"`
	CacheControl       string `json:"cacheControl,omitempty"`
	CacheExpiry        string `json:"cacheExpiry,omitempty"`
}

const restTime = "2006-01-02T15:04:05.000Z"

func restObjectOf(o *Object) restObject {
	h := restHTTPMetadata{
		ContentType: o.HTTP.ContentType, ContentLanguage: o.HTTP.ContentLanguage, ContentDisposition: o.HTTP.ContentDisposition,
		ContentEncoding: o.HTTP.ContentEncoding, CacheControl: o.HTTP.CacheControl,
	}
	if !o.HTTP.CacheExpiry.IsZero() {
		h.CacheExpiry = o.HTTP.CacheExpiry.UTC().Format(restTime)
	}
	custom := o.Custom
	if custom == nil {
		custom = map[string]string{}
	}
	return restObject{
		Key: o.Key, ETag: o.ETag, Size: o.Size, LastModified: o.Uploaded.UTC().Format(restTime), HTTP: h, Custom: custom, StorageClass: o.StorageClass,
	}
}

// objectsPerPage: https://developers.cloudflare.com/api/resources/r2/
var objectsPerPage = cfapi.Bounds{Default: 20, Min: 1, Max: maxListKeys}

func (s *Service) getObjects(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	perPage, err := objectsPerPage.Number(q, "per_page")
	if err != nil {
		return &Error{Code: CodeInvalidMaxKeys, Message: faults[CodeInvalidMaxKeys].message, Err: err}
	}
	page, err := b.List(r.Context(), ListQuery{
		Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), StartAfter: q.Get("start_after"), Cursor: q.Get("cursor"), Limit: perPage,
	})
	if err != nil {
		return err
	}
	rows := make([]restObject, len(page.Objects))
	for i, o := range page.Objects {
		rows[i] = restObjectOf(o)
	}
	if page.Prefixes == nil {
		page.Prefixes = []string{}
	}
	return cfapi.WritePage(w, rows, struct {
		PerPage     int      `json:"per_page"`
		Cursor      string   `json:"cursor,omitempty"`
		IsTruncated bool     `json:"is_truncated"`
		Delimited   []string `json:"delimited"`
	}{perPage, page.Cursor, page.Cursor != "", page.Prefixes})
}

func (s *Service) deleteObjects(w http.ResponseWriter, r *http.Request) error {
	b, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	var keys []string
	if err := cfapi.DecodeJSON(r, &keys, 8*maxRequestBytes); err != nil {
		return malformedJSON(err)
	}
	if err := b.Delete(r.Context(), keys...); err != nil {
		return err
	}
	type deleted struct {
		Key string `json:"key"`
	}
	rows := make([]deleted, len(keys))
	for i, key := range keys {
		rows[i].Key = key
	}
	return cfapi.WriteResult(w, rows)
}

// getObject answers with the object itself, or with what there is to know of it when that is asked for.
func (s *Service) getObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := s.objectOfRoute(r)
	if err != nil {
		return err
	}
	if r.Header.Get(headerMetadataOnly) == "true" {
		o, err := b.Head(r.Context(), key)
		if err != nil {
			return err
		}
		row := restObjectOf(o)
		row.Version = o.Version
		return cfapi.WriteResult(w, row)
	}
	return b.serve(w, r, key)
}

func (s *Service) putObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := s.objectOfRoute(r)
	if err != nil {
		return err
	}
	o, err := describe(r.Header)
	if err != nil {
		return err
	}
	o.Size = max(r.ContentLength, 0)
	object, err := b.Put(r.Context(), key, r.Body, o)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct {
		Key          string `json:"key"`
		ETag         string `json:"etag"`
		Size         string `json:"size"`
		Version      string `json:"version"`
		Uploaded     string `json:"uploaded"`
		StorageClass string `json:"storage_class"`
	}{object.Key, object.ETag, strconv.FormatInt(object.Size, 10), object.Version, object.Uploaded.UTC().Format(restTime), object.StorageClass})
}

// describe reads what a request says of its object beside the body.
func describe(h http.Header) (o PutOptions, err error) {
	o.HTTP = HTTPMetadata{
		ContentType: h.Get("Content-Type"), ContentLanguage: h.Get("Content-Language"), ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding: h.Get("Content-Encoding"), CacheControl: h.Get("Cache-Control"),
	}
	if text := h.Get("Expires"); text != "" {
		if o.HTTP.CacheExpiry, err = parseExpires(text); err != nil {
			return o, invalid("The Expires header %q is no date.", text)
		}
	}
	o.StorageClass = h.Get(headerStorageClass)
	if text := h.Get(headerCustomMetadata); text != "" {
		if err := json.Unmarshal([]byte(text), &o.Custom); err != nil {
			return o, invalid("The header cf-r2-custom-metadata is no JSON object of strings.")
		}
	}
	return o, nil
}

// parseExpires reads a date as HTTP or as JavaScript writes it.
func parseExpires(text string) (time.Time, error) {
	if t, err := http.ParseTime(text); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, text)
}

func (s *Service) deleteObject(w http.ResponseWriter, r *http.Request) error {
	b, key, err := s.objectOfRoute(r)
	if err != nil {
		return err
	}
	if err := b.Delete(r.Context(), key); err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct {
		Key string `json:"key"`
	}{key})
}

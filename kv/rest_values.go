package kv

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// ofRoute finds the namespace and the key of the route.
func (s *Service) ofRoute(r *http.Request) (*Namespace, string, error) {
	n, err := s.byID(r)
	if err != nil {
		return nil, "", err
	}
	key, err := cfapi.Unescape(mux.Vars(r)["key"])
	return n, key, err
}

var keysPerPage = cfapi.Bounds{Default: maxListKeys, Min: 10, Max: maxListKeys}

// A restKey is a key of a list.
type restKey struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"` // Unix seconds
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

func (s *Service) getKeys(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	limit, err := keysPerPage.Number(q, "limit")
	if err != nil {
		return &Error{Code: CodeInvalid, Message: err.Error(), Err: err}
	}
	page, err := n.List(r.Context(), ListQuery{Prefix: q.Get("prefix"), Limit: limit, Cursor: q.Get("cursor")})
	if err != nil {
		return err
	}
	keys := make([]restKey, len(page.Keys))
	for i, k := range page.Keys {
		keys[i] = restKey{Name: k.Name, Metadata: k.Metadata}
		if !k.Expires.IsZero() {
			keys[i].Expiration = k.Expires.Unix()
		}
	}
	return cfapi.WritePage(w, keys, cfapi.CursorInfo{Count: len(keys), Cursor: page.Cursor})
}

func (s *Service) getValue(w http.ResponseWriter, r *http.Request) error {
	n, key, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	e, err := n.Get(r.Context(), key)
	if err != nil {
		return err
	}
	defer e.Value.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(e.Size, 10))
	if !e.Expires.IsZero() {
		w.Header().Set("Expiration", strconv.FormatInt(e.Expires.Unix(), 10))
	}
	if _, err := io.Copy(w, e.Value); err != nil {
		panic(http.ErrAbortHandler) // the client is gone, or must not take the value for whole
	}
	return nil
}

func (s *Service) getMetadata(w http.ResponseWriter, r *http.Request) error {
	n, key, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	e, err := n.Get(r.Context(), key)
	if err != nil {
		return err
	}
	e.Value.Close() // nothing is held by it
	if e.Metadata == nil {
		return cfapi.WriteResult(w, nil)
	}
	return cfapi.WriteResult(w, e.Metadata)
}

func (s *Service) deleteValue(w http.ResponseWriter, r *http.Request) error {
	n, key, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	if err := n.Delete(r.Context(), key); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}

// putValue takes a value as it is, or a form with the fields value and metadata.
func (s *Service) putValue(w http.ResponseWriter, r *http.Request) error {
	n, key, err := s.ofRoute(r)
	if err != nil {
		return err
	}
	o, err := decodePutOptions(r.URL.Query(), nil, n.service.clock.Now())
	if err != nil {
		return err
	}
	value := io.Reader(r.Body)
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case kind == "multipart/form-data" && params["boundary"] != "":
		if value, o.Metadata, err = readForm(multipart.NewReader(r.Body, params["boundary"])); err != nil {
			return err
		}
	default:
		o.Size = max(r.ContentLength, 0)
	}
	if err := n.Put(r.Context(), key, value, o); err != nil {
		return err
	}
	return cfapi.WriteResult(w, nil)
}

// readForm reads a value, a text or a file, and its metadata. The metadata is JSON in one field, or a
// field metadata[name] for each of its own, as the TypeScript SDK sends it.
func readForm(form *multipart.Reader) (value io.Reader, metadata json.RawMessage, err error) {
	fields, size := map[string]any{}, 0
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, malformedBody(err)
		}
		name := part.FormName()
		switch {
		case name == "value" && value == nil:
			b, err := readValue(part, 0)
			if err != nil {
				return nil, nil, err
			}
			value = bytes.NewReader(b)
		case name == "metadata" || strings.HasPrefix(name, "metadata["):
			b, err := io.ReadAll(part)
			if err != nil {
				return nil, nil, malformedBody(err)
			}
			// Each name and each text is part of the metadata, and none is deeper than it is long.
			if size += len(name) + len(b); size > maxFormMetadata {
				return nil, nil, newError(CodeTooLarge, "Metadata length of %d exceeds limit of %d.", size, maxMetadataBytes)
			}
			if name == "metadata" {
				metadata = b
			} else {
				setField(fields, strings.TrimPrefix(name, "metadata"), string(b))
			}
		}
	}
	if value == nil {
		return nil, nil, newError(CodeInvalid, "the form has no field \"value\"")
	}
	if isNull(metadata) && len(fields) > 0 {
		metadata, err = encodeJSON(fields)
	}
	return value, metadata, err
}

// setField puts a text where brackets say, as [a][b]. Text is all that such a form can say.
func setField(fields map[string]any, path, text string) {
	name, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	if !ok || rest == "" {
		fields[name] = text
		return
	}
	below, ok := fields[name].(map[string]any)
	if !ok {
		below = map[string]any{}
		fields[name] = below
	}
	setField(below, rest, text)
}

// A restPair is an entry of a bulk write.
type restPair struct {
	Key           *string         `json:"key"`
	Value         *string         `json:"value"`
	Base64        bool            `json:"base64"`
	Expiration    int64           `json:"expiration"`     // Unix seconds
	ExpirationTTL int64           `json:"expiration_ttl"` // seconds
	Metadata      json.RawMessage `json:"metadata"`
}

// bulkResult is what became of a bulk write or delete: all of it, since cfemu does all or nothing.
func bulkResult(count int) any {
	return struct {
		Successful   int      `json:"successful_key_count"`
		Unsuccessful []string `json:"unsuccessful_keys"`
	}{count, []string{}}
}

func (s *Service) putBulk(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	var req []restPair
	if err := cfapi.DecodeJSON(r, &req, maxBulkBytes); err != nil {
		return malformedBody(err)
	}
	pairs := make([]Pair, len(req))
	for i, p := range req {
		if pairs[i], err = p.pair(i); err != nil {
			return err
		}
	}
	if err := n.PutMany(r.Context(), pairs); err != nil {
		return err
	}
	return cfapi.WriteResult(w, bulkResult(len(pairs)))
}

func (s *Service) deleteBulk(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	var keys []string
	if err := cfapi.DecodeJSON(r, &keys, maxBulkBytes); err != nil {
		return malformedBody(err)
	}
	if err := n.DeleteMany(r.Context(), keys); err != nil {
		return err
	}
	return cfapi.WriteResult(w, bulkResult(len(keys)))
}

// postBulkGet answers with an object of the keys.
func (s *Service) postBulkGet(w http.ResponseWriter, r *http.Request) error {
	n, err := s.byID(r)
	if err != nil {
		return err
	}
	var req struct {
		Keys         []string `json:"keys"`
		Type         string   `json:"type"`
		WithMetadata bool     `json:"withMetadata"`
	}
	if err := cfapi.DecodeJSON(r, &req, maxRequestBytes); err != nil {
		return malformedBody(err)
	}
	if len(req.Keys) == 0 {
		return newError(CodeNoKeys, "you must request a minimum of 1 key")
	}
	if req.Type != "" && req.Type != "text" && req.Type != "json" {
		return newError(CodeInvalid, `"%s" is not a valid type. Use "json" or "text"`, req.Type)
	}
	entries, err := n.GetMany(r.Context(), req.Keys)
	if err != nil {
		return err
	}
	values := map[string]any{}
	for i, e := range entries {
		if values[req.Keys[i]], err = restValue(e, req.Type == "json", req.WithMetadata); err != nil {
			return err
		}
	}
	return cfapi.WriteResult(w, struct {
		Values map[string]any `json:"values"`
	}{values})
}

// restValue is an entry as a bulk get shows it.
func restValue(e *Entry, parse, withMetadata bool) (any, error) {
	if e == nil {
		return nil, nil
	}
	raw, err := io.ReadAll(e.Value)
	if err != nil {
		return nil, err
	}
	var value any = string(raw)
	if parse {
		if !json.Valid(raw) {
			return nil, newError(CodeInvalid, "At least one of the requested keys corresponds to a non-json value")
		}
		value = json.RawMessage(raw)
	}
	if !withMetadata {
		return value, nil
	}
	shown := struct {
		Value      any             `json:"value"`
		Metadata   json.RawMessage `json:"metadata"`
		Expiration int64           `json:"expiration,omitempty"`
	}{Value: value, Metadata: e.Metadata}
	if !e.Expires.IsZero() {
		shown.Expiration = e.Expires.Unix()
	}
	return shown, nil
}

// pair checks the i-th pair of a bulk write.
func (p restPair) pair(i int) (Pair, error) {
	if p.Key == nil || p.Value == nil {
		return Pair{}, newError(CodeInvalid, "pair %d needs a \"key\" and a \"value\", both strings", i+1)
	}
	out := Pair{Key: *p.Key, Value: []byte(*p.Value)}
	if p.Base64 {
		var err error
		if out.Value, err = base64.StdEncoding.DecodeString(*p.Value); err != nil {
			return out, &Error{Code: CodeInvalid, Message: "pair " + strconv.Itoa(i+1) + ": the value is not base64", Err: err}
		}
	}
	if !isNull(p.Metadata) {
		out.Metadata = p.Metadata
	}
	switch {
	case p.ExpirationTTL != 0:
		if err := checkTTL(p.ExpirationTTL, strconv.FormatInt(p.ExpirationTTL, 10)); err != nil {
			return out, inPair(i, out.Key, err)
		}
		out.TTL = time.Duration(min(p.ExpirationTTL, maxTTLSeconds)) * time.Second
	case p.Expiration != 0:
		out.Expiration = time.Unix(p.Expiration, 0)
	}
	return out, nil
}

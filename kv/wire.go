package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Headers of the runtime wire.
const (
	headerMetadata   = "CF-KV-Metadata"
	headerExpiration = "CF-Expiration"
)

// maxPhraseBytes bounds the reason phrase of a status line.
const maxPhraseBytes = 512

// Wire returns what a binding to the namespace talks to. It speaks the protocol that workerd speaks
// for env.KV. A failure's text is in the reason phrase, where workerd looks for it; http.Response
// carries it in Status.
func (s *Service) Wire(id string) http.RoundTripper { return &wire{service: s, id: id} }

type wire struct {
	service *Service
	id      string
	found   atomic.Pointer[Namespace] // once it was asked for: its verbs see by themselves when it is deleted
}

func (w *wire) namespace(ctx context.Context) (*Namespace, error) {
	if n := w.found.Load(); n != nil {
		return n, nil
	}
	n, err := w.service.Get(ctx, w.id)
	if err == nil {
		w.found.Store(n)
	}
	return n, err
}

// RoundTrip does what the request asks. The error is one of ours only when the request's context
// ended or its body could not be read.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent body
	if r.Body != nil {
		defer r.Body.Close()
		sent.Reader = r.Body
		r = r.WithContext(r.Context())
		r.Body = io.NopCloser(&sent)
	}
	resp, err := w.route(r)
	switch {
	case err == nil:
		return resp, nil
	case sent.failure != nil:
		return nil, sent.failure
	}
	if cause := context.Cause(r.Context()); cause != nil {
		return nil, cause
	}
	return w.failure(r, err), nil
}

// A body is a request's, and how reading from it failed: that is its sender's affair.
type body struct {
	io.Reader
	failure error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failure = err
	}
	return n, err
}

func (w *wire) route(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &Error{Code: CodeInvalid, Message: "malformed query", Err: err}
	}
	n, err := w.namespace(r.Context())
	if err != nil {
		return nil, err
	}
	switch {
	case r.Method == http.MethodGet && path == "":
		return getList(r, n, q)
	case r.Method == http.MethodGet:
		return getKey(r, n, path, q)
	case r.Method == http.MethodPut:
		return putKey(r, n, path, q)
	case r.Method == http.MethodDelete:
		return deleteKey(r, n, path, q)
	case r.Method == http.MethodPost && path == "bulk/get":
		return postBulkGet(r, n)
	}
	return nil, newError(CodeUnknownRoute, "Not Found")
}

func getKey(r *http.Request, n *Namespace, path string, q url.Values) (*http.Response, error) {
	key, err := decodeKey(path, q)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if q.Has("cache_ttl") {
		if err := checkCacheTTL(q.Get("cache_ttl")); err != nil {
			return nil, err
		}
	}
	e, err := n.Get(r.Context(), key)
	if err != nil {
		return nil, err
	}
	resp := respond(r, http.StatusOK, e.Value, e.Size)
	if e.Metadata != nil {
		resp.Header.Set(headerMetadata, string(e.Metadata))
	}
	if !e.Expires.IsZero() {
		resp.Header.Set(headerExpiration, strconv.FormatInt(e.Expires.Unix(), 10))
	}
	return resp, nil
}

func putKey(r *http.Request, n *Namespace, path string, q url.Values) (*http.Response, error) {
	key, err := decodeKey(path, q)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	o, err := decodePutOptions(q, r.Header, n.service.clock.Now())
	if err != nil {
		return nil, err
	}
	value := io.Reader(http.NoBody)
	if r.Body != nil {
		value = r.Body
	}
	o.Size = max(r.ContentLength, 0)
	if err := n.Put(r.Context(), key, value, o); err != nil {
		return nil, err
	}
	return respond(r, http.StatusOK, http.NoBody, 0), nil
}

func deleteKey(r *http.Request, n *Namespace, path string, q url.Values) (*http.Response, error) {
	key, err := decodeKey(path, q)
	if err != nil {
		return nil, err
	}
	if err := n.Delete(r.Context(), key); err != nil {
		return nil, err
	}
	return respond(r, http.StatusOK, http.NoBody, 0), nil
}

// A wireKey is an entry of a list. Its metadata is JSON in a string, since workerd parses it.
type wireKey struct {
	Name       string  `json:"name"`
	Expiration int64   `json:"expiration,omitempty"`
	Metadata   *string `json:"metadata,omitempty"`
}

type wireList struct {
	Keys         []wireKey `json:"keys"`
	ListComplete bool      `json:"list_complete"`
	Cursor       string    `json:"cursor,omitempty"`
	CacheStatus  *string   `json:"cacheStatus"`
}

func getList(r *http.Request, n *Namespace, q url.Values) (*http.Response, error) {
	query := ListQuery{Prefix: q.Get("prefix"), Cursor: q.Get("cursor")}
	if q.Has("key_count_limit") {
		limit, ok := parseInt(q.Get("key_count_limit"))
		if !ok {
			return nil, newError(CodeInvalid, "Invalid key_count_limit of NaN. Please specify an integer greater than 0.")
		}
		if err := checkLimit(int(limit)); err != nil {
			return nil, err
		}
		query.Limit = int(limit)
	}
	page, err := n.List(r.Context(), query)
	if err != nil {
		return nil, err
	}
	list := wireList{Keys: make([]wireKey, len(page.Keys)), ListComplete: page.Cursor == "", Cursor: page.Cursor}
	for i, key := range page.Keys {
		list.Keys[i] = wireKey{Name: key.Name}
		if !key.Expires.IsZero() {
			list.Keys[i].Expiration = key.Expires.Unix()
		}
		if key.Metadata != nil {
			text := string(key.Metadata)
			list.Keys[i].Metadata = &text
		}
	}
	b, err := encodeJSON(list)
	if err != nil {
		return nil, err
	}
	return respondJSON(r, b), nil
}

type wireBulkGet struct {
	Keys         []string `json:"keys"`
	Type         string   `json:"type"`
	WithMetadata bool     `json:"withMetadata"`
	CacheTTL     *string  `json:"cacheTtl"` // a string, although a number is meant
}

func postBulkGet(r *http.Request, n *Namespace) (*http.Response, error) {
	if r.Body == nil {
		return nil, newError(CodeInvalid, "You must request a minimum of 1 key")
	}
	var req wireBulkGet
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRequestBytes)).Decode(&req); err != nil {
		return nil, &Error{Code: CodeInvalid, Message: "malformed bulk get", Err: err}
	}
	switch req.Type {
	case "", "text", "json":
	default:
		return nil, newError(CodeInvalid, `"%s" is not a valid type. Use "json" or "text"`, req.Type)
	}
	if req.CacheTTL != nil {
		if err := checkCacheTTL(*req.CacheTTL); err != nil {
			return nil, err
		}
	}
	entries, err := n.GetMany(r.Context(), req.Keys)
	if err != nil {
		return nil, err
	}
	b, err := encodeBulk(req, entries)
	if err != nil {
		return nil, err
	}
	return respondJSON(r, b), nil
}

// encodeBulk writes an object of the keys in the order they were asked for: the client makes a Map
// of it, and a Map keeps its order. encoding/json would sort them.
func encodeBulk(req wireBulkGet, entries []*Entry) ([]byte, error) {
	var out bytes.Buffer
	seen := map[string]bool{}
	out.WriteByte('{')
	for i, key := range req.Keys {
		if seen[key] {
			continue
		}
		if len(seen) > 0 {
			out.WriteByte(',')
		}
		seen[key] = true
		name, err := encodeJSON(key)
		if err != nil {
			return nil, err
		}
		value, err := encodeBulkValue(req, entries[i])
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func encodeBulkValue(req wireBulkGet, e *Entry) ([]byte, error) {
	if e == nil {
		return []byte("null"), nil
	}
	raw, err := io.ReadAll(e.Value)
	if err != nil {
		return nil, err
	}
	value := json.RawMessage(raw)
	if req.Type == "json" {
		if !json.Valid(raw) {
			return nil, newError(CodeInvalid, "At least one of the requested keys corresponds to a non-json value")
		}
	} else if value, err = encodeJSON(string(raw)); err != nil {
		return nil, err
	}
	if !req.WithMetadata {
		return value, nil
	}
	return encodeJSON(struct {
		Value    json.RawMessage `json:"value"`
		Metadata json.RawMessage `json:"metadata"`
	}{value, e.Metadata})
}

// decodeKey undoes the client's escaping. "+" stands for itself in a path.
func decodeKey(path string, q url.Values) (string, error) {
	if !strings.EqualFold(q.Get("urlencoded"), "true") {
		return path, nil
	}
	key, err := url.PathUnescape(path)
	if err != nil || !utf8.ValidString(key) {
		return "", &Error{Code: CodeInvalid, Message: "Could not URL-decode key name", Err: err}
	}
	return key, nil
}

func decodePutOptions(q url.Values, h http.Header, now time.Time) (PutOptions, error) {
	var o PutOptions
	if q.Has("expiration_ttl") {
		given := q.Get("expiration_ttl")
		seconds, _ := parseInt(given)
		if err := checkTTL(seconds, given); err != nil {
			return o, err
		}
		o.TTL = time.Duration(min(seconds, maxTTLSeconds)) * time.Second
	} else if q.Has("expiration") {
		given := q.Get("expiration")
		at, _ := parseInt(given)
		if err := checkExpiration(at, given, now); err != nil {
			return o, err
		}
		o.Expiration = time.Unix(at, 0)
	}
	if metadata := h.Get(headerMetadata); metadata != "" {
		o.Metadata = json.RawMessage(metadata)
	}
	return o, nil
}

func checkCacheTTL(given string) error {
	seconds, ok := parseInt(given)
	switch {
	case !ok:
		return newError(CodeInvalid, "Invalid cache_ttl of NaN. Cache TTL must be at least %d.", minCacheTTL)
	case seconds < minCacheTTL:
		return newError(CodeInvalid, "Invalid cache_ttl of %d. Cache TTL must be at least %d.", seconds, minCacheTTL)
	}
	return nil
}

// parseInt reads the integer that s begins with, as JavaScript's function of that name does.
func parseInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // n is the nearest number that fits, and that is out of every range here
	}
	return n, err == nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func respondJSON(r *http.Request, b []byte) *http.Response {
	resp := respond(r, http.StatusOK, io.NopCloser(bytes.NewReader(b)), int64(len(b)))
	resp.Header.Set("Content-Type", "application/json")
	return resp
}

func respond(r *http.Request, status int, body io.ReadCloser, size int64) *http.Response {
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Length": {strconv.FormatInt(size, 10)}},
		Body:          body,
		ContentLength: size,
		Request:       r,
	}
}

// failure renders err: its text is the reason phrase and the body.
func (w *wire) failure(r *http.Request, err error) *http.Response {
	status, text := http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)
	if f, ok := errors.AsType[cfapi.Faulter](err); ok {
		fault := f.Fault()
		status, text = fault.Status, fault.Message
		if fault.Code == keyNotFound().Fault().Code {
			text = http.StatusText(http.StatusNotFound)
		} else if fault.Code == namespaceNotFound().Fault().Code {
			// A 404 would make the client believe that the key is missing.
			status = http.StatusBadRequest
		}
	}
	if status == http.StatusInternalServerError {
		w.service.log.Error("kv wire", "namespace", w.id, "method", r.Method, "err", err)
	}
	resp := respond(r, status, io.NopCloser(strings.NewReader(text)), int64(len(text)))
	resp.Status = fmt.Sprintf("%d %s", status, phrase(text))
	resp.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	return resp
}

// phrase makes a text fit for a status line.
func phrase(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxPhraseBytes {
		text = strings.ToValidUTF8(text[:maxPhraseBytes], "")
	}
	return text
}

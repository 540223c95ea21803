package cache

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
)

// The wire: a match is a GET of the key's URL with Cache-Control: only-if-cached; its answer is a hit
// when CF-Cache-Status says so. A put is a PUT whose body is the response as it stands on the wire,
// never chunked; 204, or 413 when it is not cached. A delete is a PURGE; 200, or 404 when there was
// nothing. A named cache is named by CF-Cache-Namespace; CF-Blob holds request.cf as JSON.
//
// Receipt: workerd src/workerd/api/cache.c++
const (
	headerNamespace = "CF-Cache-Namespace"
	headerStatus    = "CF-Cache-Status"
	headerBlob      = "CF-Blob"
	methodPurge     = "PURGE"
)

var _ http.RoundTripper = (*Store)(nil)

// RoundTrip does what the request asks. The error is that of the request's body or context.
func (s *Store) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	switch r.Method {
	case http.MethodGet:
		return s.match(r)
	case http.MethodPut:
		return s.put(r)
	case methodPurge:
		return s.purge(r)
	}
	return answer(r, http.StatusMethodNotAllowed, nil), nil
}

// keyOf is the namespace and the URL, without its fragment, or cf.cacheKey in the URL's place.
func keyOf(r *http.Request) string {
	scheme, host := r.URL.Scheme, r.URL.Host
	if host == "" {
		host = r.Host
	}
	if scheme == "" {
		scheme = r.Header.Get("X-Forwarded-Proto")
	}
	url := scheme + "://" + host + r.URL.RequestURI()
	var cf struct {
		CacheKey string `json:"cacheKey"`
	}
	if blob := r.Header.Get(headerBlob); blob != "" && json.Unmarshal([]byte(blob), &cf) == nil && cf.CacheKey != "" {
		url = cf.CacheKey
	}
	return r.Header.Get(headerNamespace) + "\n" + url
}

func (s *Store) begin(r *http.Request, name string) (*probe.Span, error) {
	resource := r.Header.Get(headerNamespace)
	if resource == "" {
		resource = "default"
	}
	return s.probe.Begin(r.Context(), probe.Op{Product: "cache", Name: name, Resource: resource})
}

func (s *Store) match(r *http.Request) (_ *http.Response, err error) {
	span, err := s.begin(r, "match")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	e, ok := s.find(keyOf(r))
	if !ok {
		return answer(r, http.StatusGatewayTimeout, http.Header{headerStatus: {"MISS"}}), nil
	}
	body, err := e.open()
	if err != nil {
		// It was dropped in between.
		return answer(r, http.StatusGatewayTimeout, http.Header{headerStatus: {"MISS"}}), nil
	}
	return s.hit(r, e, body), nil
}

func (s *Store) put(r *http.Request) (_ *http.Response, err error) {
	span, err := s.begin(r, "put")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if r.Body == nil {
		return answer(r, http.StatusBadRequest, nil), nil
	}
	in := bufio.NewReader(r.Body)
	e, length, err := readHead(in)
	if err != nil {
		return nil, err
	}
	e.key, e.stored = keyOf(r), s.clock.Now()
	life := lifetime(e.status, e.header, e.stored)
	if life <= 0 || length > maxEntryBytes {
		return answer(r, http.StatusRequestEntityTooLarge, nil), nil
	}
	e.expires = e.stored.Add(life)
	for name, values := range e.header {
		e.head += int64(len(name) + len(strings.Join(values, "")))
	}
	err = s.spool(e, in)
	switch {
	case errors.Is(err, errTooLarge):
		return answer(r, http.StatusRequestEntityTooLarge, nil), nil
	case err != nil:
		return nil, err
	case length >= 0 && e.size != length:
		e.discard()
		return nil, fmt.Errorf("put into the cache: %w", io.ErrUnexpectedEOF)
	}
	s.add(e)
	return answer(r, http.StatusNoContent, nil), nil
}

func (s *Store) purge(r *http.Request) (_ *http.Response, err error) {
	span, err := s.begin(r, "delete")
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	if s.remove(keyOf(r)) {
		return answer(r, http.StatusOK, nil), nil
	}
	return answer(r, http.StatusNotFound, nil), nil
}

var errHead = errors.New("put into the cache: the body is not an HTTP response")

// readHead reads the status line and the header of the response in a put. length is -1 when unknown.
func readHead(in *bufio.Reader) (e *entry, length int64, err error) {
	text := textproto.NewReader(in)
	line, err := text.ReadLine()
	if err != nil {
		return nil, 0, err
	}
	_, status, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(status, " ")
	n, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(line, "HTTP/1.") {
		return nil, 0, errHead
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", errHead, err)
	}
	e = &entry{status: n, reason: reason, header: http.Header(header)}
	length = -1
	if v := e.header.Get("Content-Length"); v != "" {
		if length, err = strconv.ParseInt(v, 10, 64); err != nil || length < 0 {
			return nil, 0, errHead
		}
	}
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Connection"} {
		e.header.Del(name)
	}
	return e, length, nil
}

// answer is a response without a body.
func answer(r *http.Request, status int, h http.Header) *http.Response {
	return respond(r, status, http.StatusText(status), h, http.NoBody, 0)
}

func respond(r *http.Request, status int, reason string, h http.Header, body io.ReadCloser, length int64) *http.Response {
	if h == nil {
		h = http.Header{}
	}
	out := http.Header{}
	for name, values := range h {
		out[http.CanonicalHeaderKey(name)] = values
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + reason, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out, Body: body, ContentLength: length, Request: r,
	}
}

// age is the Age header of an entry at that time, in seconds.
func (e *entry) age(now time.Time) string {
	return strconv.FormatInt(max(int64(now.Sub(e.stored)/time.Second), 0)+int64(parseSeconds(e.header.Get("Age"))/time.Second), 10)
}

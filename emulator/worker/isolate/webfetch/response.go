package webfetch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// A response is the state of a Response.
type response struct {
	status     int
	statusText *string // nil: code sees "", the client the usual one
	headers    *headers
	body       *body
	urls       []string // that led here; empty for a response that code made
	manual     bool     // encodeBody: the body is encoded already
	cf         cfProperty
}

func (r *response) parts() (*body, *headers) { return r.body, r.headers }

const nullBodyText = "Response with null body status (101, 204, 205, or 304) cannot have a body."

func nullBodyStatus(status int) bool {
	return status == 101 || status == 204 || status == 205 || status == 304
}

func redirectStatus(status int) bool {
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308
}

func (a *API) defineResponse() {
	rt := a.rt
	c := idl.Define(a.realm, "Response", 0, func(call goja.ConstructorCall) *response {
		r, err := a.makeResponse(call.Argument(0), call.Argument(1))
		if err != nil {
			a.throw(err)
		}
		return r
	})
	a.response = c
	c.Getter("status", func(r *response) goja.Value { return rt.ToValue(r.status) })
	c.Getter("statusText", func(r *response) goja.Value {
		if r.statusText == nil {
			return rt.ToValue("")
		}
		return rt.ToValue(*r.statusText)
	})
	c.Getter("ok", func(r *response) goja.Value { return rt.ToValue(r.status >= 200 && r.status < 300) })
	c.Getter("headers", func(r *response) goja.Value { return a.headersObject(r.headers) })
	c.Getter("redirected", func(r *response) goja.Value { return rt.ToValue(len(r.urls) > 1) })
	c.Getter("url", func(r *response) goja.Value {
		if len(r.urls) == 0 {
			return rt.ToValue("")
		}
		return rt.ToValue(r.urls[len(r.urls)-1])
	})
	c.Getter("type", func(r *response) goja.Value {
		if r.status == 0 {
			return rt.ToValue("error")
		}
		return rt.ToValue("default")
	})
	c.Getter("cf", func(r *response) goja.Value { return a.cfObject(&r.cf) })
	c.Getter("webSocket", func(r *response) goja.Value { return goja.Null() })
	defineBody(a, c)
	c.Method("clone", 0, func(r *response, call goja.FunctionCall) goja.Value {
		clone := *r
		var err error
		if clone.body, err = a.cloneBody(r.body); err != nil {
			a.throw(err)
		}
		clone.headers = r.headers.clone()
		clone.headers.immutable = r.headers.immutable
		clone.cf = a.cloneCF(&r.cf)
		return a.response.New(&clone)
	})
	c.Static("error", 0, func(goja.FunctionCall) goja.Value {
		return c.New(&response{headers: &headers{immutable: true}})
	})
	c.Static("redirect", 1, a.redirect)
	c.Static("json", 1, a.jsonResponse)
}

// text is the reason phrase that the client gets.
func (r *response) text() string {
	if r.statusText != nil {
		return *r.statusText
	}
	return usualText(r.status)
}

// usualText is the reason phrase that the platform puts where code gave none.
//
// Receipt: workerd src/workerd/api/http.c++, defaultStatusText
func usualText(status int) string {
	switch status {
	case 306:
		return "Redirection"
	case 413:
		return "Payload Too Large"
	case 414:
		return "URI Too Long"
	case 416:
		return "Range Not Satisfiable"
	case 425:
		return "Client Error"
	}
	if t := http.StatusText(status); t != "" {
		return t
	}
	switch status / 100 {
	case 2:
		return "Successful"
	case 3:
		return "Redirection"
	case 4:
		return "Client Error"
	case 5:
		return "Server Error"
	}
	return ""
}

// makeResponse is the constructor.
func (a *API) makeResponse(content, init goja.Value) (*response, error) {
	r := &response{status: 200}
	if o, ok := init.(*goja.Object); ok {
		if other, ok := idl.As[*response](a.realm, o); ok {
			r.status, r.statusText, r.manual = other.status, other.statusText, other.manual
			r.headers = other.headers.clone()
			r.cf = a.cloneCF(&other.cf)
		} else if err := a.initResponse(r, o); err != nil {
			return nil, err
		}
	} else if !nullish(init) {
		return nil, a.typeError("Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'.")
	}
	if r.status < 200 || r.status > 599 {
		a.rangeError("Responses may only be constructed with status codes in the range 200 to 599, inclusive.")
	}
	if r.statusText != nil && strings.ContainsFunc(*r.statusText, func(c rune) bool { return c < 0x20 }) {
		return nil, a.typeError("Invalid statusText")
	}
	if r.headers == nil {
		r.headers = &headers{}
	}
	if nullish(content) {
		return r, nil
	}
	b, contentType, err := a.extract(content)
	if err != nil {
		return nil, err
	}
	if nullBodyStatus(r.status) {
		// An empty text is let pass for the sake of old Workers.
		// Receipt: workerd src/workerd/api/http.c++, Response::constructor
		if b.length() != 0 {
			return nil, a.typeError(nullBodyText)
		}
		b = nil
	}
	r.body = b
	r.headers = withContentType(r.headers, contentType)
	return r, nil
}

func (a *API) initResponse(r *response, o *goja.Object) error {
	if v := o.Get("status"); !missing(v) {
		r.status = int(v.ToInteger())
	}
	if v := o.Get("statusText"); !missing(v) {
		text := a.realm.String(v)
		r.statusText = &text
	}
	if v := o.Get("encodeBody"); !missing(v) {
		switch mode := a.realm.String(v); mode {
		case "manual":
			r.manual = true
		case "automatic":
		default:
			return a.typeError("encodeBody: unexpected value: " + mode)
		}
	}
	if v := o.Get("headers"); !missing(v) {
		r.headers = a.headersFrom(v, "InitializerDict")
	}
	if v := o.Get("cf"); !nullish(v) {
		r.cf = a.cloneCF(&cfProperty{object: v})
	}
	if v := o.Get("webSocket"); !nullish(v) {
		return a.typeError("This engine cannot answer with a WebSocket yet.")
	}
	return nil
}

func (a *API) redirect(call goja.FunctionCall) goja.Value {
	a.realm.NeedArguments("Response", "redirect", 1, call)
	href := a.realm.String(call.Argument(0))
	u, err := weburl.Parse(href)
	if err != nil {
		a.realm.TypeError("Unable to parse URL: %s", href)
	}
	status := 302
	if v := call.Argument(1); !goja.IsUndefined(v) {
		status = int(v.ToInteger())
	}
	if !redirectStatus(status) {
		a.rangeError(fmt.Sprintf("%d is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.", status))
	}
	h := &headers{fields: []field{{"location", []string{u.Href(false)}}}, immutable: true}
	return a.response.New(&response{status: status, headers: h})
}

func (a *API) jsonResponse(call goja.FunctionCall) goja.Value {
	a.realm.NeedArguments("Response", "json", 1, call)
	text, err := a.stringify(call.Argument(0))
	if err != nil {
		panic(err)
	}
	if goja.IsUndefined(text) {
		a.realm.TypeError("The data is not JSON serializable")
	}
	r, err := a.makeResponse(goja.Undefined(), call.Argument(1))
	if err != nil {
		a.throw(err)
	}
	r.body = textBody(text.String())
	if nullBodyStatus(r.status) {
		a.realm.TypeError("%s", nullBodyText)
	}
	r.headers = withContentType(r.headers, "application/json")
	return a.response.New(r)
}

// NewResponse returns a Response with res's content; its headers cannot be changed. The body stays
// res's own reader until code looks at it as a stream.
func (a *API) NewResponse(res *http.Response) *goja.Object {
	return a.response.New(a.received(res, nil, false))
}

// received makes a response of one that has come in.
func (a *API) received(res *http.Response, urls []string, manual bool) *response {
	text := strings.TrimPrefix(res.Status, fmt.Sprint(res.StatusCode))
	text = strings.TrimPrefix(text, " ")
	r := &response{status: res.StatusCode, headers: newHeaders(res.Header), urls: urls, manual: manual}
	if text != "" {
		r.statusText = &text
	}
	r.headers.immutable = true
	head := res.Request != nil && res.Request.Method == http.MethodHead
	if nullBodyStatus(res.StatusCode) || head || res.Body == nil {
		if res.Body != nil {
			_ = res.Body.Close() // there is nothing in it
		}
		return r
	}
	src := a.ownSource(res.Body, res.ContentLength)
	if !manual && !res.Uncompressed {
		src.encoding = contentCoding(r.headers)
	}
	r.body = sourceBody(src)
	return r
}

// Receipt: what a Worker whose fetch handler returns nothing logs in production
const notResponseText = "Incorrect type for Promise: the Promise did not resolve to 'Response'."

// TakeResponse turns what a handler has returned into a response to send. A body that is a Go reader
// is handed out as it is; a JavaScript stream is read through the loop as fast as Body is. ContentLength
// is -1 when unknown; the Content-Length that code has set is left out, since the body decides it.
func (a *API) TakeResponse(v goja.Value) (*http.Response, error) {
	r, ok := idl.As[*response](a.realm, v)
	if !ok {
		return nil, a.typeError(notResponseText)
	}
	if r.status == 0 {
		return nil, a.typeError("Response.error() cannot be sent to a client.")
	}
	res := &http.Response{
		StatusCode: r.status,
		Status:     strconv.Itoa(r.status) + " " + r.text(),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     r.headers.http(),
		Body:       http.NoBody,
	}
	delete(res.Header, "Content-Length")
	if r.body == nil {
		return res, nil
	}
	src, err := a.readerOf(r.body)
	if err != nil {
		return nil, err
	}
	a.encode(res, r, src)
	return res, nil
}

// HeadLength is the Content-Length that code has declared for the response v, which has no body: the
// answer to a HEAD request sends it on, no other may.
func (a *API) HeadLength(v goja.Value) (string, bool) {
	r, ok := idl.As[*response](a.realm, v)
	if !ok || r.body != nil {
		return "", false
	}
	return r.headers.get("content-length")
}

// encode puts src into res in the Content-Encoding that its headers declare.
func (a *API) encode(res *http.Response, r *response, src *source) {
	res.Body, res.ContentLength = src.raw, src.length
	declared := ""
	if !r.manual {
		declared = contentCoding(r.headers)
	}
	switch {
	case r.manual || src.encoding == declared: // the bytes are as the headers say
	case declared != "":
		res.Body, res.ContentLength = &encodingReader{src: src, encoding: declared}, -1
	default:
		res.Body, res.ContentLength = src, src.size()
	}
}

// An encodingReader compresses what it reads, chunk by chunk, so that a stream stays one.
type encodingReader struct {
	src      io.ReadCloser
	encoding string // "gzip" or "br"
	out      bytes.Buffer
	w        interface {
		io.WriteCloser
		Flush() error
	}
	in   []byte
	done bool
}

// brotliQuality is for content that is compressed while somebody waits for it.
const brotliQuality = 5

func (e *encodingReader) Read(p []byte) (int, error) {
	if e.w == nil {
		e.in = make([]byte, chunkSize)
		if e.encoding == "br" {
			e.w = brotli.NewWriterLevel(&e.out, brotliQuality)
		} else {
			e.w = gzip.NewWriter(&e.out)
		}
	}
	for e.out.Len() == 0 {
		if e.done {
			return 0, io.EOF
		}
		n, err := e.src.Read(e.in)
		_, _ = e.w.Write(e.in[:n]) // into memory
		switch {
		case errors.Is(err, io.EOF):
			e.done = true
			_ = e.w.Close()
		case err != nil:
			return 0, err
		default:
			_ = e.w.Flush()
		}
	}
	return e.out.Read(p)
}

func (e *encodingReader) Close() error { return e.src.Close() }

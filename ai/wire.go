package ai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Wire is what env.AI speaks: POST /run, with the model in the header cf-consn-model-id.
func (s *Service) Wire() http.RoundTripper { return wire{s} }

type wire struct{ s *Service }

// maxBody bounds what is read of a request. Cloudflare has a limit too, and tells it nowhere.
const maxBody = 32 << 20

// RoundTrip answers every call itself, failures included, since the runtime turns a response into
// the exception that Workers know.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	path := r.URL.EscapedPath()
	if r.Method == http.MethodPost && (path == "/run" || path == "/ai-gateway/run") {
		return w.run(r), nil
	}
	return w.refuseRoute(r), nil
}

// run answers env.AI.run. Through a gateway it is the same run.
//
// Deviation: options.gateway of env.AI.run is accepted and does nothing: no log, no cache, no other provider.
func (w wire) run(r *http.Request) *http.Response {
	model := r.Header.Get("cf-consn-model-id")
	if at := strings.LastIndex(model, ":"); at >= 0 {
		model = model[at+1:] // options.prefix
	}
	answer, id, err := w.call(r, model)
	if err != nil {
		return w.refuse(r, model, err)
	}
	var resp *http.Response
	if answer.Events != nil {
		resp = response(r, http.StatusOK, "text/event-stream", &eventReader{events: answer.Events}, -1)
	} else {
		// The runtime parses the body when the type is exactly this one, without a charset.
		resp = response(r, http.StatusOK, "application/json", bytes.NewReader(answer.JSON), int64(len(answer.JSON)))
	}
	resp.Header.Set("cf-ai-req-id", id)
	return resp
}

func (w wire) call(r *http.Request, model string) (*Answer, string, error) {
	if r.URL.Query().Has("userInputs") {
		return nil, "", notEmulated("a stream as input of " + model)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return nil, "", fmt.Errorf("read request body: %w", err)
		}
	}
	if len(body) > maxBody {
		return nil, "", &Error{Code: CodeTooLarge, Message: "Request is too large"}
	}
	var in struct {
		Inputs  json.RawMessage `json:"inputs"`
		Options struct {
			QueueRequest bool `json:"queueRequest"`
		} `json:"options"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Inputs == nil {
		return nil, "", &Error{Code: CodeIncomplete, Message: "Request is incomplete: the body must be an object with inputs", Err: err}
	}
	if in.Options.QueueRequest {
		return nil, "", notEmulated("the option queueRequest (asynchronous batches)")
	}
	answer, err := w.s.Run(r.Context(), model, in.Inputs)
	return answer, inputID(model, in.Inputs), err
}

// refuse renders err so that the runtime throws "<code>: <message>" under the name AiError.
func (w wire) refuse(r *http.Request, model string, err error) *http.Response {
	fault := cfapi.Fault{Status: http.StatusInternalServerError, Code: 0, Message: "internal error"}
	var f cfapi.Faulter
	if errors.As(err, &f) {
		fault = f.Fault()
	} else {
		w.s.log.Error("ai binding", "model", model, "err", err)
	}
	body, err := json.Marshal(struct {
		Code        int    `json:"internalCode"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Message     string `json:"message"`
	}{fault.Code, "AiError", fault.Message, strconv.Itoa(fault.Code) + ": " + fault.Message})
	if err != nil {
		body = nil // strings and a number always marshal
	}
	return response(r, fault.Status, "application/json", bytes.NewReader(body), int64(len(body)))
}

// refuseRoute answers for the rest of env.AI: models(), toMarkdown(), gateway(), autorag().
func (w wire) refuseRoute(r *http.Request) *http.Response {
	type fault struct {
		Code    Code   `json:"code"`
		Message string `json:"message"`
	}
	text := "No route: cfemu does not emulate " + r.Method + " " + r.URL.EscapedPath() + " of Workers AI yet"
	body, err := json.Marshal(map[string][]fault{"errors": {{CodeNoRoute, text}}})
	if err != nil {
		body = nil // as above
	}
	return response(r, statuses[CodeNoRoute], "application/json", bytes.NewReader(body), int64(len(body)))
}

// An eventReader reads as a stream of server-sent events. Each Read gives one event at most, so
// that whoever copies it can pass events on one by one.
type eventReader struct {
	events []json.RawMessage
	closed bool // [DONE] has been given
	rest   []byte
}

func (e *eventReader) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		switch {
		case len(e.events) > 0:
			e.rest = fmt.Appendf(nil, "data: %s\n\n", e.events[0])
			e.events = e.events[1:]
		case !e.closed:
			e.rest = []byte("data: [DONE]\n\n")
			e.closed = true
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func response(r *http.Request, status int, contentType string, body io.Reader, n int64) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(body),
		ContentLength: n,
		Request:       r,
	}
}

package queues

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Wire is what a producer binding speaks: POST /message, POST /batch and GET /metrics. deliveryDelay
// is the one that the binding's configuration sets. The queue is looked up at every call.
//
// A delay given with a message beats the call's, and that one the configured.
func (s *Service) Wire(name string, deliveryDelay time.Duration) http.RoundTripper {
	return &wire{s: s, queue: name, delay: deliveryDelay}
}

type wire struct {
	s     *Service
	queue string
	delay time.Duration
}

// RoundTrip answers every call itself: a failure of ours is a response too, as the runtime knows
// how to turn one into an exception and nothing else.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	v, err := w.serve(r)
	if err != nil {
		return w.refuse(r, err), nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return w.refuse(r, err), nil
	}
	return response(r, http.StatusOK, "OK", "application/json", string(body)), nil
}

func (w *wire) serve(r *http.Request) (any, error) {
	q, err := w.s.Get(r.Context(), w.queue)
	if err != nil {
		return nil, err
	}
	switch r.Method + " " + r.URL.EscapedPath() {
	case "POST /message":
		return w.message(q, r)
	case "POST /batch":
		return w.batch(q, r)
	case "GET /metrics":
		m, err := q.Metrics(r.Context())
		return wireMetrics(m), err
	}
	return nil, cfapi.NotFound(r.URL.EscapedPath())
}

type metricsJSON struct {
	Count  int64 `json:"backlogCount"`
	Bytes  int64 `json:"backlogBytes"`
	Oldest int64 `json:"oldestMessageTimestamp"` // Unix ms; 0: none, which the runtime shows as undefined
}

func wireMetrics(m Metrics) metricsJSON {
	j := metricsJSON{Count: m.Count, Bytes: m.Bytes}
	if !m.Oldest.IsZero() {
		j.Oldest = m.Oldest.UnixMilli()
	}
	return j
}

func sent(m Metrics) any {
	type metadata struct {
		Metrics metricsJSON `json:"metrics"`
	}
	return struct {
		Metadata metadata `json:"metadata"`
	}{metadata{wireMetrics(m)}}
}

func (w *wire) message(q *Queue, r *http.Request) (any, error) {
	body, n, err := readBody(r, maxMessageBytes)
	if err != nil {
		return nil, err
	}
	if n > maxMessageBytes {
		return nil, messageSize(n)
	}
	delay, err := w.callDelay(r)
	if err != nil {
		return nil, err
	}
	msg := Outgoing{Body: body, ContentType: r.Header.Get("X-Msg-Fmt"), Delay: delay}
	if msg.ContentType == "" {
		msg.ContentType = "v8" // what the runtime sends before compatibility date 2024-03-18, and means by silence
	}
	m, err := q.send(r.Context(), []Outgoing{msg}, checkMessage)
	return sent(m), err
}

// maxBatchJSON is far above what a legal batch can have, so that illegal ones can still be told by
// how much they are.
const maxBatchJSON = 32 << 20

func (w *wire) batch(q *Queue, r *http.Request) (any, error) {
	data, n, err := readBody(r, maxBatchJSON)
	if err != nil {
		return nil, err
	}
	if n > maxBatchJSON {
		return nil, batchSize(n / 4 * 3) // of base64
	}
	var in struct {
		Messages []struct {
			Body        []byte   `json:"body"`
			ContentType *string  `json:"contentType"`
			DelaySecs   *float64 `json:"delaySecs"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		code, text := CodeBodyMalformed, "Request body is not valid JSON"
		if json.Valid(data) {
			code, text = CodeBodySchema, "Request JSON body does not match expected schema"
		}
		return nil, &Error{Code: code, Message: text, Err: err}
	}
	fallback, err := w.callDelay(r)
	if err != nil {
		return nil, err
	}
	msgs := make([]Outgoing, len(in.Messages))
	for i, m := range in.Messages {
		msgs[i] = Outgoing{Body: m.Body, ContentType: "v8", Delay: fallback}
		if m.ContentType != nil {
			msgs[i].ContentType = *m.ContentType
		}
		if m.DelaySecs != nil {
			if msgs[i].Delay, err = seconds(*m.DelaySecs); err != nil {
				return nil, err
			}
		}
	}
	m, err := q.send(r.Context(), msgs, checkBatch)
	return sent(m), err
}

// callDelay is the delay of a call's messages that have none of their own.
func (w *wire) callDelay(r *http.Request) (time.Duration, error) {
	v := r.Header.Get("X-Msg-Delay-Secs")
	if v == "" {
		return w.delay, nil
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return 0, badDelay(v)
	}
	return seconds(f)
}

func seconds(f float64) (time.Duration, error) {
	if f != math.Trunc(f) || f < 0 || f > maxDelay.Seconds() {
		return 0, badDelay(strconv.FormatFloat(f, 'f', -1, 64))
	}
	return time.Duration(f) * time.Second, nil
}

// readBody reads the whole body and returns its first limit bytes, and how long it was.
func readBody(r *http.Request, limit int64) (body []byte, n int64, err error) {
	if r.Body == nil {
		return nil, 0, nil
	}
	var buf bytes.Buffer
	n, err = io.Copy(&buf, io.LimitReader(r.Body, limit))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, r.Body)
		n += rest
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read request body: %w", err)
	}
	return buf.Bytes(), n, nil
}

// refuse renders err both ways in which runtimes read it: from compatibility date 2026-03-12 on
// they throw the headers' cause and code, before it the status line's reason phrase.
//
// Receipt: workerd 6552d99, src/workerd/api/queue.c++.
func (w *wire) refuse(r *http.Request, err error) *http.Response {
	fault := cfapi.Fault{Status: http.StatusInternalServerError, Code: int(CodeInternal), Message: "Unknown Internal Error"}
	var f cfapi.Faulter
	if errors.As(err, &f) {
		fault = f.Fault()
	} else {
		w.s.log.Error("queue binding", "queue", w.queue, "method", r.Method, "path", r.URL.EscapedPath(), "err", err)
	}
	phrase := oneLine(fault.Message)
	resp := response(r, fault.Status, phrase, "text/plain;charset=UTF-8", phrase)
	resp.Header.Set("CF-Queues-Error-Code", strconv.Itoa(fault.Code))
	resp.Header.Set("CF-Queues-Error-Cause", phrase)
	return resp
}

// maxPhrase bounds what a Worker can put into a status line by way of an error's text.
const maxPhrase = 512

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxPhrase {
		s = strings.ToValidUTF8(s[:maxPhrase], "")
	}
	return s
}

func response(r *http.Request, status int, phrase, contentType, body string) *http.Response {
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", status, phrase),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}
}
